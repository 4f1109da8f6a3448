/*
 * Every error that a call can come to, one by one, and a panic. Prints nothing but what the panic says of itself.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <comity.h>

#include "comity_test.h"

static const struct {
    comity_status code;
    const char *name;
    comity_advice advice;
} ERRORS[] = {
    {COMITY_CODE_NO_SUCH_ROOM, "no_such_room", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_NO_SUCH_MESSAGE, "no_such_message", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_ROOM_EXISTS, "room_exists", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_OUTGOING_MALFORMED, "outgoing_malformed", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_OUTGOING_PART, "outgoing_language", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_CHANGES_CONTRADICT, "changes_contradict", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_NOT_INVITED, "not_invited", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_NOT_RESOLVABLE, "not_resolvable", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_FOREIGN_IDENTITY, "foreign_identity", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_TOO_LONG, "too_long", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_EXTENSION_MAY_NOT, "extension_may_not", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_HUB_KEY_MALFORMED, "hub_key_malformed", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_CANNOT_READ, "cannot_read", COMITY_ADVICE_NONE},
    {COMITY_CODE_TRUST_BROKEN, "trust_broken", COMITY_ADVICE_VERIFY},
    {COMITY_CODE_NOT_ALLOWED, "not_allowed", COMITY_ADVICE_NONE},
    {COMITY_CODE_NOT_JOINED, "not_joined", COMITY_ADVICE_NONE},
    {COMITY_CODE_STALLED, "stalled", COMITY_ADVICE_REJOIN},
    {COMITY_CODE_ROOMS_REQUIRE, "rooms_require", COMITY_ADVICE_NONE},
    {COMITY_CODE_BUSY, "busy", COMITY_ADVICE_RETRY},
    {COMITY_CODE_PAUSED, "paused", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_STORAGE_FULL, "storage_full", COMITY_ADVICE_FREE_SPACE},
    {COMITY_CODE_STORAGE_LOCKED, "storage_locked", COMITY_ADVICE_RETRY},
    {COMITY_CODE_STORAGE_WRONG_KEY, "storage_wrong_key", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_STORAGE_CORRUPT, "storage_corrupt", COMITY_ADVICE_RELINK},
    {COMITY_CODE_STORAGE_FROM_THE_FUTURE, "storage_from_the_future", COMITY_ADVICE_UPDATE_APP},
    {COMITY_CODE_STORAGE_NEEDS_APP, "storage_needs_app", COMITY_ADVICE_OPEN_APP},
    {COMITY_CODE_STORAGE_NOT_A_DATABASE, "storage_not_a_database", COMITY_ADVICE_RELINK},
    {COMITY_CODE_STORAGE_FOREIGN, "storage_foreign", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_STORAGE_MISSING, "storage_missing", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_STORAGE_EXISTS, "storage_exists", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_STORAGE_IO, "storage_io", COMITY_ADVICE_RETRY},
    {COMITY_CODE_STORAGE_INTERRUPTED, "storage_interrupted", COMITY_ADVICE_RETRY},
    {COMITY_CODE_STORAGE_POISONED, "storage_poisoned", COMITY_ADVICE_RETRY},
    {COMITY_CODE_STORAGE_ALTERED, "storage_altered", COMITY_ADVICE_RELINK},
    {COMITY_CODE_STORAGE_BUG, "storage_bug", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_BUG, "bug", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_NULL_ARGUMENT, "null_argument", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_INVALID_UTF8, "invalid_utf8", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_INVALID_ARGUMENT, "invalid_argument", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_CONCURRENT_USE, "concurrent_use", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_PANICKED, "panicked", COMITY_ADVICE_FIX_PROGRAM},
    {COMITY_CODE_ATTACHMENT_TOO_LARGE, "attachment_too_large", COMITY_ADVICE_NONE},
    {COMITY_CODE_ATTACHMENT_OVER_LIMIT, "attachment_over_limit", COMITY_ADVICE_NONE},
    {COMITY_CODE_ATTACHMENT_URL, "attachment_url", COMITY_ADVICE_NONE},
    {COMITY_CODE_ATTACHMENT_CHANGED, "attachment_changed", COMITY_ADVICE_NONE},
    {COMITY_CODE_ATTACHMENT_UNKNOWN_ENCRYPTION, "attachment_unknown_encryption", COMITY_ADVICE_NONE},
    {COMITY_CODE_ATTACHMENT_KEY_WITHOUT_ENCRYPTION, "attachment_key_without_encryption", COMITY_ADVICE_NONE},
    {COMITY_CODE_ATTACHMENT_KEY_LENGTH, "attachment_key_length", COMITY_ADVICE_NONE},
    {COMITY_CODE_ATTACHMENT_NONCE_LENGTH, "attachment_nonce_length", COMITY_ADVICE_NONE},
    {COMITY_CODE_ATTACHMENT_SIZE_MISMATCH, "attachment_size_mismatch", COMITY_ADVICE_NONE},
    {COMITY_CODE_ATTACHMENT_HASH_MISMATCH, "attachment_hash_mismatch", COMITY_ADVICE_NONE},
    {COMITY_CODE_ATTACHMENT_TAG_MISMATCH, "attachment_tag_mismatch", COMITY_ADVICE_NONE},
};

#define ERRORS_LEN (sizeof ERRORS / sizeof ERRORS[0])
#define check(holds) check_at((holds), #holds, __LINE__)

static void check_at(int holds, const char *what, int line)
{
    if (!holds) {
        fprintf(stderr, "errors.c:%d: it does not hold that %s\n", line, what);
        exit(1);
    }
}

static void every_error(void)
{
    check(comity_test_failures() == ERRORS_LEN);
    for (size_t i = 0; i < ERRORS_LEN; i++) {
        comity_error *error = NULL;
        check(comity_test_fail(ERRORS[i].code, &error) == ERRORS[i].code);
        check(error != NULL && error->code == ERRORS[i].code);
        check(strcmp(error->name, ERRORS[i].name) == 0);
        check(error->advice == ERRORS[i].advice);
        check(strlen(error->message) > 0);
        int names_users = error->code == COMITY_CODE_CANNOT_READ || error->code == COMITY_CODE_TRUST_BROKEN;
        check(error->users_len == (names_users ? 2u : 0u));
        check(!names_users || strcmp(error->users[1], "mimi://a.example/u/bob") == 0);
        check(error->rooms_len == (error->code == COMITY_CODE_ROOMS_REQUIRE ? 1u : 0u));
        check((error->detail != NULL)
              == (error->code == COMITY_CODE_NOT_ALLOWED || error->code == COMITY_CODE_INVALID_ARGUMENT));
        comity_error_free(error);
        check(comity_test_fail(ERRORS[i].code, NULL) == ERRORS[i].code);
    }
}

/* A panic ends at the border; the client is unusable, and its file is as it was. */
static void a_panic(void)
{
    char dir[] = "/tmp/comity-errors-XXXXXX", path[64];
    uint8_t key[32] = {7};
    comity_opening *opening;
    comity_client *client;
    comity_reader *reader;
    comity_rooms *rooms;
    comity_step *step;
    comity_error *error;

    check(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/client", dir);
    check(comity_opening_app(path, key, sizeof key, &opening, NULL) == COMITY_OK);
    check(comity_client_create(1, opening, "mimi://a.example/u/a", "mimi://a.example/d/a", &client, NULL) == COMITY_OK);
    check(comity_client_reader(client, &reader, NULL) == COMITY_OK);

    check(comity_test_panic(client, &error) == COMITY_CODE_PANICKED);
    check(error != NULL && error->code == COMITY_CODE_PANICKED);
    comity_error_free(error);
    check(comity_client_wake(client, 1, &step, NULL) == COMITY_CODE_PANICKED && step == NULL);
    check(comity_reader_rooms(reader, 1, &rooms, NULL) == COMITY_OK);
    comity_rooms_free(rooms);
    comity_reader_free(reader);
    check(comity_client_close(client, NULL) == COMITY_CODE_PANICKED);

    check(comity_client_open(1, opening, &client, NULL) == COMITY_OK);
    check(comity_client_wake(client, 1, &step, NULL) == COMITY_OK);
    comity_step_free(step);
    check(comity_client_close(client, NULL) == COMITY_OK);
    comity_opening_free(opening);
    check(comity_client_wipe(path, NULL) == COMITY_OK && rmdir(dir) == 0);
}

int main(void)
{
    every_error();
    a_panic();
    return 0;
}
