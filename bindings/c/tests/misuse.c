/*
 * What a program should not do, through the face of the library: an error with a code, never a crash. What was freed and is used
 * again is undefined, as the header says, and not tried here. Prints nothing.
 */
#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <comity.h>

#define check(holds) check_at((holds), #holds, __LINE__)
#define fails(code, call) fails_at((call), (code), #code, &error, __LINE__)
#define must(call) fails_at((call), COMITY_OK, "", &error, __LINE__)

static const char ROOM[] = "mimi://a.example/r/lunch";
static const uint8_t KEY[32] = {7};

static void check_at(int holds, const char *what, int line)
{
    if (!holds) {
        fprintf(stderr, "misuse.c:%d: it does not hold that %s\n", line, what);
        exit(1);
    }
}

/* Whether a number such as COMITY_CODE_TOO_LONG is the code "too_long". */
static int named(const char *number, const char *code)
{
    const char *name = number + strlen("COMITY_CODE_");
    for (; *name != '\0' && *code != '\0'; name++, code++) {
        if (tolower((unsigned char)*name) != *code) {
            return 0;
        }
    }
    return *name == *code;
}

/* Whether a call came to what it should, with an error that says the same. Frees the error. */
static void fails_at(comity_status status, comity_status wanted, const char *code, comity_error **error, int line)
{
    if (status != wanted) {
        fprintf(stderr, "misuse.c:%d: %d instead of %d\n", line, status, wanted);
        exit(1);
    }
    check_at((status == COMITY_OK) == (*error == NULL), "there is an error if and only if the call failed", line);
    if (*error != NULL) {
        check_at((*error)->code == status, "the error has the code that was returned", line);
        check_at(named(code, (*error)->name), "the code in words is the name of the number", line);
        check_at(strlen((*error)->message) > 0, "the error has a sentence", line);
        comity_error_free(*error);
        *error = NULL;
    }
}

static uint64_t now(void)
{
    return UINT64_C(1800000000000);
}

static void openings(const char *path)
{
    comity_error *error = NULL;
    comity_opening *opening = (comity_opening *)&error;
    comity_client *client;
    comity_reader *reader;

    fails(COMITY_CODE_NULL_ARGUMENT, comity_opening_app(NULL, KEY, 32, &opening, &error));
    check(opening == NULL);
    fails(COMITY_CODE_NULL_ARGUMENT, comity_opening_app(path, KEY, 32, NULL, &error));
    fails(COMITY_CODE_NULL_ARGUMENT, comity_opening_app(path, NULL, 32, &opening, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_opening_app(path, KEY, 31, &opening, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_opening_app(path, NULL, 0, &opening, &error));
    fails(COMITY_CODE_TOO_LONG, comity_opening_app(path, KEY, SIZE_MAX, &opening, &error));
    fails(COMITY_CODE_INVALID_UTF8, comity_opening_app("/tmp/\xff\xfe", KEY, 32, &opening, &error));
    check(comity_opening_app(NULL, KEY, 32, &opening, NULL) == COMITY_CODE_NULL_ARGUMENT);

    must(comity_opening_app("/nowhere/at/all", KEY, 32, &opening, &error));
    fails(COMITY_CODE_STORAGE_MISSING, comity_client_open(now(), opening, &client, &error));
    check(client == NULL);
    fails(COMITY_CODE_STORAGE_MISSING, comity_reader_open(opening, &reader, &error));
    check(reader == NULL);
    comity_opening_free(opening);
    comity_opening_free(NULL);
}

/* A text without its end: not one octet behind it is read. */
static void endless_texts(void)
{
    comity_error *error = NULL;
    comity_changes *changes;
    size_t len = 17 * 1024;
    char *endless = malloc(len);

    check(endless != NULL);
    memset(endless, 'a', len);
    must(comity_changes_new(&changes, &error));
    fails(COMITY_CODE_TOO_LONG, comity_changes_remove_user(changes, endless, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_changes_remove_user(changes, "alice", &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_changes_remove_user(changes, "", &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_changes_remove_user(changes, ROOM, &error));
    fails(COMITY_CODE_INVALID_UTF8, comity_changes_remove_user(changes, "mimi://a.example/u/\xc3\x28", &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_changes_add_key_package(changes, KEY, 32, &error));
    comity_changes_free(changes);
    free(endless);
}

static void words(void)
{
    comity_error *error = NULL;
    comity_string *string;
    comity_outgoing *outgoing;
    comity_message_id id = {{2}};

    fails(COMITY_CODE_INVALID_UTF8, comity_markdown_to_plain_text("\xc0\x80", 2, &string, &error));
    check(string == NULL);
    fails(COMITY_CODE_TOO_LONG, comity_markdown_to_plain_text("x", SIZE_MAX / 2, &string, &error));
    fails(COMITY_CODE_NULL_ARGUMENT, comity_markdown_to_html(NULL, 1, &string, &error));
    must(comity_markdown_to_html(NULL, 0, &string, &error));
    check(string->text.len == 0 && string->text.data[0] == '\0');
    comity_string_free(string);
    must(comity_markdown_to_plain_text("*a*\0b", 5, &string, &error));
    check(string->text.data[string->text.len] == '\0');
    comity_string_free(string);
    must(comity_safe_file_name("..", 2, &string, &error));
    comity_string_free(string);
    must(comity_safe_file_name("../../a.txt", 11, &string, &error));
    check(string != NULL && strchr(string->text.data, '/') == NULL);
    comity_string_free(string);

    fails(COMITY_CODE_INVALID_ARGUMENT, comity_outgoing_reaction(&id, "+", 1, &outgoing, &error));
    must(comity_outgoing_text("hi", 2, &outgoing, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_outgoing_expiring(outgoing, 7, 1, &error));
    fails(COMITY_CODE_NULL_ARGUMENT, comity_outgoing_add(outgoing, NULL, &error));
    comity_outgoing_free(outgoing);
}

static void parts(void)
{
    comity_error *error = NULL;
    comity_part *text, *part;
    comity_parts *list;
    comity_opened *opened;
    comity_media_types *types;
    bool readable = true;

    must(comity_part_text("hi", 2, &text, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_part_single(1, "no type", KEY, 1, &part, &error));
    check(part == NULL);
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_open(text, KEY, 32, &opened, &error));
    must(comity_parts_new(&list, &error));
    must(comity_parts_add(list, text, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_part_multi(1, COMITY_SEMANTICS_CHOOSE_ONE, list, &part, &error));
    must(comity_parts_add(list, text, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_part_multi(1, 3, list, &part, &error));
    must(comity_part_multi(COMITY_DISPOSITION_RENDER, COMITY_SEMANTICS_CHOOSE_ONE, list, &part, &error));
    check(part->parts_len == 2 && part->parts[1]->index == 2);
    comity_parts_free(list);

    /* What the library made and somebody changed: nested in itself, of no kind, of a size that nothing has. */
    const comity_part *self = part;
    comity_part forged = *part;
    forged.parts = &self;
    forged.parts_len = SIZE_MAX;
    must(comity_media_types_baseline(&types, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_part_readable(&forged, types, &readable, &error));
    check(!readable);
    const comity_part *loop = &forged;
    forged.parts = &loop;
    forged.parts_len = 1;
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_part_readable(&forged, types, &readable, &error));
    forged.kind = 77;
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_part_readable(&forged, types, &readable, &error));
    must(comity_part_readable(part, types, &readable, &error));
    check(readable);
    comity_media_types_free(types);
    comity_part_free(part);
    comity_part_free(text);
}

static void streams(void)
{
    comity_error *error = NULL;
    comity_sealer *sealer;
    comity_verifier *verifier;
    comity_opener *opener;
    comity_part *part, *again;
    uint8_t octets[64] = {1, 2, 3}, tag[COMITY_TAG_OCTETS];
    size_t plain;
    bool hash_checked = true;
    uint64_t plaintext_octets = 7;

    fails(COMITY_CODE_INVALID_ARGUMENT, comity_sealer_new(3, &sealer, &error));
    must(comity_sealer_new(COMITY_ALGORITHM_CHACHA20_POLY1305, &sealer, &error));
    must(comity_sealer_update(sealer, octets, sizeof octets - sizeof tag, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_sealer_finish(sealer, tag, 15, &part, &error));
    must(comity_sealer_finish(sealer, tag, sizeof tag, &part, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_sealer_finish(sealer, tag, sizeof tag, &again, &error));
    check(again == NULL);
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_sealer_update(sealer, octets, 1, &error));
    comity_sealer_free(sealer);
    memcpy(octets + sizeof octets - sizeof tag, tag, sizeof tag);

    must(comity_verifier_new(part, 10, &verifier, &error));
    fails(COMITY_CODE_ATTACHMENT_OVER_LIMIT, comity_verifier_update(verifier, octets, sizeof octets, &error));
    comity_verifier_free(verifier);
    must(comity_verifier_new(part, 1 << 20, &verifier, &error));
    must(comity_verifier_update(verifier, octets, 20, &error));
    fails(COMITY_CODE_ATTACHMENT_SIZE_MISMATCH,
          comity_verifier_finish(verifier, &opener, &hash_checked, &plaintext_octets, &error));
    check(opener == NULL && !hash_checked && plaintext_octets == 0);
    comity_verifier_free(verifier);

    must(comity_verifier_new(part, 1 << 20, &verifier, &error));
    must(comity_verifier_update(verifier, octets, sizeof octets, &error));
    must(comity_verifier_finish(verifier, &opener, NULL, NULL, &error));
    comity_verifier_free(verifier);
    octets[0] ^= 1;
    must(comity_opener_update(opener, octets, sizeof octets, &plain, &error));
    check(plain == sizeof octets - sizeof tag);
    fails(COMITY_CODE_ATTACHMENT_CHANGED, comity_opener_finish(opener, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_opener_finish(opener, &error));
    comity_opener_free(opener);
    comity_part_free(part);
}

static void frames(comity_client *client)
{
    comity_error *error = NULL;
    comity_batch *batch;
    comity_step *step;
    comity_preview *preview;
    comity_reader *reader;
    uint8_t garbage[1000];

    memset(garbage, 0xa5, sizeof garbage);
    must(comity_batch_new(&batch, &error));
    fails(COMITY_CODE_NULL_ARGUMENT, comity_batch_add(batch, NULL, NULL, 1, garbage, sizeof garbage, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_batch_add(batch, NULL, "mimi://a.example", 0, garbage, sizeof garbage, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_batch_add(batch, "x", "mimi://a.example", 1, garbage, sizeof garbage, &error));
    fails(COMITY_CODE_TOO_LONG, comity_batch_add(batch, NULL, "mimi://a.example", 1, garbage, ((size_t)1 << 30) + 1, &error));
    must(comity_batch_add(batch, NULL, "mimi://a.example", COMITY_FRAME_KIND_FANOUT, garbage, sizeof garbage, &error));
    must(comity_batch_add(batch, ROOM, "mimi://a.example", COMITY_FRAME_KIND_FANOUT, NULL, 0, &error));
    must(comity_client_receive(client, now(), batch, &step, &error));
    check(step->frames_len == 2);
    for (size_t i = 0; i < step->frames_len; i++) {
        check(step->frames[i]->kind == COMITY_OUTCOME_REJECTED);
        check(step->frames[i]->reason == COMITY_CODE_FRAME_MALFORMED);
        check(strcmp(step->frames[i]->reason_name, "frame_malformed") == 0);
    }
    comity_step_free(step);
    size_t len;
    must(comity_batch_drop_first(batch, SIZE_MAX, &error));
    must(comity_batch_len(batch, &len, &error));
    check(len == 0);
    comity_batch_free(batch);

    must(comity_client_reader(client, &reader, &error));
    must(comity_reader_preview(reader, now(), NULL, "mimi://a.example", 1, garbage, sizeof garbage, &preview, &error));
    check(preview == NULL);
    comity_reader_free(reader);
}

/* More than any frame has: it is told by its length, and finished. */
static void huge_frames(comity_client *client)
{
    comity_error *error = NULL;
    comity_batch *batch;
    comity_step *step;
    comity_preview *preview;
    comity_reader *reader;
    size_t len = (size_t)8 << 20;
    uint8_t *huge = calloc(len, 1);

    check(huge != NULL);
    must(comity_batch_new(&batch, &error));
    must(comity_batch_add(batch, ROOM, "mimi://a.example", COMITY_FRAME_KIND_FANOUT, huge, len, &error));
    must(comity_client_receive(client, now(), batch, &step, &error));
    check(step->frames_len == 1 && step->frames[0]->kind == COMITY_OUTCOME_REJECTED);
    check(step->frames[0]->reason == COMITY_CODE_FRAME_TOO_LARGE && step->requests_len == 0);
    comity_step_free(step);
    comity_batch_free(batch);
    must(comity_client_reader(client, &reader, &error));
    must(comity_reader_preview(reader, now(), ROOM, "mimi://a.example", 1, huge, len, &preview, &error));
    check(preview == NULL);
    comity_reader_free(reader);
    free(huge);
}

static void verbs(comity_client *client)
{
    comity_error *error = NULL;
    comity_step *step = (comity_step *)&error;
    comity_outgoing *outgoing;
    comity_request_id request = {{0}};
    comity_message_id id = {{1}};

    must(comity_outgoing_text("hi", 2, &outgoing, &error));
    fails(COMITY_CODE_NO_SUCH_ROOM, comity_client_send(client, now(), ROOM, outgoing, 0, &step, &error));
    check(step == NULL);
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_client_send(client, now(), ROOM, outgoing, 4, &step, &error));
    fails(COMITY_CODE_NULL_ARGUMENT, comity_client_send(NULL, now(), ROOM, outgoing, 0, &step, &error));
    fails(COMITY_CODE_NULL_ARGUMENT, comity_client_send(client, now(), ROOM, NULL, 0, &step, &error));
    fails(COMITY_CODE_NULL_ARGUMENT, comity_client_send(client, now(), ROOM, outgoing, 0, NULL, &error));
    comity_outgoing_free(outgoing);
    fails(COMITY_CODE_NO_SUCH_MESSAGE, comity_client_resolve(client, now(), &id, COMITY_RESOLUTION_RETRY, &step, &error));
    fails(COMITY_CODE_INVALID_ARGUMENT, comity_client_resolve(client, now(), &id, 0, &step, &error));
    fails(COMITY_CODE_NO_SUCH_ROOM, comity_client_respond(client, now(), ROOM, COMITY_RESPONSE_ACCEPT, &step, &error));
    must(comity_client_answer(client, now(), &request, NULL, 0, &step, &error));
    check(step->requests_len == 0);
    comity_step_free(step);
    must(comity_client_wake(client, UINT64_MAX, &step, &error));
    comity_step_free(step);
    must(comity_client_wake(client, 0, &step, &error));
    comity_step_free(step);
}

static void pauses(comity_client *client)
{
    comity_error *error = NULL;
    comity_step *step;
    comity_reader *reader;
    comity_rooms *rooms;

    must(comity_client_reader(client, &reader, &error));
    must(comity_client_pause(client, &error));
    fails(COMITY_CODE_PAUSED, comity_client_wake(client, now(), &step, &error));
    fails(COMITY_CODE_PAUSED, comity_reader_rooms(reader, now(), &rooms, &error));
    check(rooms == NULL);
    must(comity_client_resume(client, &error));
    must(comity_reader_rooms(reader, now(), &rooms, &error));
    check(rooms->len == 0 && rooms->items == NULL);
    comity_rooms_free(rooms);
    /* A reader outlives its client. */
    must(comity_client_close(client, &error));
    comity_status status = comity_reader_rooms(reader, now(), &rooms, &error);
    check(status == COMITY_OK || status == COMITY_CODE_PAUSED);
    comity_error_free(error);
    comity_rooms_free(rooms);
    comity_reader_free(reader);
}

/* A copy of a file, opened as if it were the file: it is noticed. */
static void copies(const char *path)
{
    comity_error *error = NULL;
    comity_opening *opening;
    comity_client *client;
    comity_twin twin = {{1}};
    bool is_set = false, restored = true;
    char copy[80];

    snprintf(copy, sizeof copy, "%s-copy", path);
    must(comity_opening_app(path, KEY, 32, &opening, &error));
    must(comity_opening_set_witnesses(opening, NULL, NULL, &error));
    must(comity_client_create(now(), opening, "mimi://a.example/u/a", "mimi://a.example/d/a", &client, &error));
    must(comity_client_twin(client, &is_set, &twin, &error));
    check(is_set);
    must(comity_client_restored(client, &restored, &error));
    check(!restored);
    must(comity_client_backup_to(client, copy, &error));
    fails(COMITY_CODE_STORAGE_EXISTS, comity_client_backup_to(client, copy, &error));
    must(comity_client_close(client, &error));
    comity_opening_free(opening);

    must(comity_opening_app(copy, KEY, 32, &opening, &error));
    must(comity_opening_set_witnesses(opening, &twin, NULL, &error));
    must(comity_client_open(now(), opening, &client, &error));
    must(comity_client_restored(client, &restored, &error));
    check(restored);
    comity_opening_free(opening);
    must(comity_client_close(client, &error));
    must(comity_client_wipe(copy, &error));
    must(comity_client_wipe(path, &error));
}

int main(void)
{
    comity_error *error = NULL;
    comity_opening *opening;
    comity_client *client, *second;
    char dir[] = "/tmp/comity-misuse-XXXXXX", path[64];

    check(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/client", dir);
    openings(path);
    endless_texts();
    words();
    parts();
    streams();

    copies(path);

    must(comity_opening_app(path, KEY, 32, &opening, &error));
    fails(COMITY_CODE_FOREIGN_IDENTITY,
          comity_client_create(now(), opening, "mimi://a.example/u/a", "mimi://b.example/d/a", &client, &error));
    must(comity_client_create(now(), opening, "mimi://a.example/u/a", "mimi://a.example/d/a", &client, &error));
    fails(COMITY_CODE_STORAGE_EXISTS,
          comity_client_create(now(), opening, "mimi://a.example/u/a", "mimi://a.example/d/a", &second, &error));
    comity_opening_free(opening);
    frames(client);
    huge_frames(client);
    verbs(client);
    pauses(client);
    must(comity_client_close(NULL, &error));
    comity_client_free(NULL);
    comity_step_free(NULL);
    comity_error_free(NULL);
    must(comity_client_wipe(path, &error));
    check(rmdir(dir) == 0);
    return 0;
}
