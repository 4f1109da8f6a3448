/*
 * A client's file: who may open it for what, with which key, and what is in it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"

static const uint8_t KEY[32] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};

static comity_opening *extension_of(const struct app *app)
{
    comity_error *error = NULL;
    comity_opening *opening;
    must(comity_opening_extension(app->path, KEY, sizeof KEY, &opening, &error));
    return opening;
}

/* An extension takes what is pushed, as much as its budget allows, and leaves the rest to the app. */
static void an_extension_takes_frames_and_may_no_more(struct pair *pair)
{
    comity_error *error = NULL;
    comity_opening *opening = extension_of(&pair->bob);
    comity_client *client, *created;
    comity_step *step;
    comity_batch *batch;
    comity_supported *supported = supports(0);
    size_t left;
    struct app *bob = &pair->bob;

    app_send(&pair->alice, ROOM, text_of("one"));
    app_send(&pair->alice, ROOM, text_of("two"));
    app_close(bob);
    fails(COMITY_CODE_EXTENSION_MAY_NOT,
          comity_client_create(pair->world.now, opening, bob->user, bob->client_uri, &created, &error));
    must(comity_opening_set_budget(opening, 1, SIZE_MAX, 16 << 20, &error));
    must(comity_client_open(pair->world.now, opening, &client, &error));
    must(comity_batch_new(&batch, &error));
    app_add_mail(bob, batch, bob->taken, -1);
    app_add_mail(bob, batch, bob->taken + 1, -1);
    must(comity_client_receive(client, pair->world.now, batch, &step, &error));
    check(step->frames_len == 1 && step->frames[0]->kind == COMITY_OUTCOME_DONE && step->frames[0]->notify);
    comity_step_free(step);
    bob->taken++;
    must(comity_batch_drop_first(batch, 1, &error));
    must(comity_batch_len(batch, &left, &error));
    check(left == 1);
    comity_batch_free(batch);
    fails(COMITY_CODE_EXTENSION_MAY_NOT, comity_client_advertise(client, pair->world.now, supported, &step, &error));
    comity_supported_free(supported);
    fails(COMITY_CODE_EXTENSION_MAY_NOT, comity_client_restock(client, pair->world.now, 0, &step, &error));
    must(comity_client_close(client, &error));
    comity_opening_free(opening);
    must(app_open(bob, 7, &bob->client, &error));
    must(comity_client_reader(bob->client, &bob->reader, &error));
    app_take_mail(bob);
}

/* A badge is counted by a process that does nothing else. */
static void a_reader_alone_counts_what_is_unread(const struct pair *pair)
{
    comity_error *error = NULL;
    comity_opening *opening = extension_of(&pair->bob);
    comity_reader *reader;
    comity_rooms *rooms;
    const char *user, *client;

    must(comity_reader_open(opening, &reader, &error));
    comity_opening_free(opening);
    must(comity_reader_identity(reader, &user, &client, &error));
    check(strcmp(user, pair->bob.user) == 0 && strcmp(client, pair->bob.client_uri) == 0);
    must(comity_reader_rooms(reader, pair->world.now, &rooms, &error));
    check(rooms->len == 1 && rooms->items[0]->unread == 2);
    comity_rooms_free(rooms);
    comity_reader_free(reader);
}

static void keys_are_renewed(struct pair *pair)
{
    comity_error *error = NULL;
    comity_client *client;
    uint8_t fresh[32];
    struct app *alice = &pair->alice;

    memset(fresh, 9, sizeof fresh);
    must(comity_client_rekey(alice->client, fresh, sizeof fresh, &error));
    app_close(alice);
    fails(COMITY_CODE_STORAGE_WRONG_KEY, app_open(alice, 7, &client, &error));
    check(client == NULL);
    must(app_open(alice, 9, &alice->client, &error));
    must(comity_client_reader(alice->client, &alice->reader, &error));
    app_send(alice, ROOM, text_of("still me"));
    app_take_mail(&pair->bob);
}

static void key_packages_are_restocked(struct pair *pair)
{
    comity_error *error = NULL;
    comity_step *step;

    must(comity_client_restock(pair->alice.client, pair->world.now, 1000, &step, &error));
    check(step->requests_len == 0);
    comity_step_free(step);
    must(comity_client_restock(pair->alice.client, pair->world.now, 0, &step, &error));
    check(step->requests_len == 1 && step->requests[0]->kind == COMITY_REQUEST_KIND_PUBLISH_KEY_PACKAGES);
    check(strcmp(step->requests[0]->to, "mimi://a.example") == 0);
    app_take(&pair->alice, step);
}

/* A daemon leaves the folder in which it was started. */
static void a_relative_path_leads_where_it_led(const struct pair *pair)
{
    comity_error *error = NULL;
    comity_opening *opening;
    comity_client *client;
    comity_reader *reader;
    comity_rooms *rooms;
    char start[4096];

    check(getcwd(start, sizeof start) != NULL && chdir(pair->dir) == 0);
    must(comity_opening_app("carol.comity", KEY, sizeof KEY, &opening, &error));
    must(comity_client_create(pair->world.now, opening, "mimi://a.example/u/carol", "mimi://a.example/d/carol", &client, &error));
    comity_opening_free(opening);
    check(chdir("/") == 0);
    must(comity_client_pause(client, &error));
    must(comity_client_resume(client, &error));
    must(comity_client_reader(client, &reader, &error));
    must(comity_reader_rooms(reader, pair->world.now, &rooms, &error));
    comity_rooms_free(rooms);
    comity_reader_free(reader);
    must(comity_client_close(client, &error));
    check(chdir(pair->dir) == 0);
    must(comity_client_wipe("carol.comity", &error));
    check(chdir(start) == 0);
}

int main(void)
{
    struct pair pair;
    int major, minor, patch;

    check(sscanf(comity_version(), "%d.%d.%d", &major, &minor, &patch) == 3);
    pair_meet(&pair, "alice", "bob");
    an_extension_takes_frames_and_may_no_more(&pair);
    a_reader_alone_counts_what_is_unread(&pair);
    keys_are_renewed(&pair);
    key_packages_are_restocked(&pair);
    a_relative_path_leads_where_it_led(&pair);
    pair_part(&pair);
    return 0;
}
