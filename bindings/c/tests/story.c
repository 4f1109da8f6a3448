/*
 * The story that every language tells; see crates/ffi-test/src/story.rs. `story --seed N --names a,b` prints its facts.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

/* A message that is read in two ways, and one that somebody could not read. */
static comity_message_id talk(struct app *alice, struct app *bob)
{
    comity_error *error = NULL;
    comity_step *step;

    tell("talk");
    comity_outgoing *hello = html_of("<p>Hello, <b>you</b>!</p>", "Hello, you!");
    app_plan(alice, ROOM, hello);
    comity_message_id id = app_send(alice, ROOM, hello);
    app_take_mail(bob);
    app_read(bob, ROOM, 0);

    comity_outgoing *only = html_of("<p>Only for some</p>", NULL);
    check(comity_client_send(alice->client, alice->world->now, ROOM, only, COMITY_ALLOW_NOTHING, &step, &error)
          == COMITY_CODE_CANNOT_READ);
    check(step == NULL);
    comity_outgoing_free(only);
    tell_error(error);
    return id;
}

static comity_messages *latest(struct app *app)
{
    comity_error *error = NULL;
    comity_messages *messages;
    must(comity_reader_timeline(app->reader, app->world->now, ROOM, 1, &messages, &error));
    check(messages->len == 1);
    return messages;
}

/* A file that lies elsewhere; one that was changed on the way. */
static void attach(struct app *alice, struct app *bob)
{
    comity_error *error = NULL;
    comity_sealed *sealed;
    comity_part *part;
    comity_outgoing *outgoing;
    comity_opened *opened;
    size_t film_len = 100000;
    uint8_t *film = malloc(film_len);

    tell("attach");
    check(film != NULL);
    for (size_t i = 0; i < film_len; i++) {
        film[i] = (uint8_t)i;
    }
    must(comity_seal(film, film_len, &sealed, &error));
    must(comity_part_attachment(sealed->part, COMITY_DISPOSITION_ATTACHMENT, "video/mp4", "https://a.example/film", 0, "film.mp4",
                                NULL, &part, &error));
    must(comity_outgoing_new(&outgoing, &error));
    must(comity_outgoing_add(outgoing, part, &error));
    comity_part_free(part);
    app_send(alice, ROOM, outgoing);
    app_take_mail(bob);

    comity_messages *messages = latest(bob);
    const comity_part *there = messages->items[0]->content->part;
    check(there->kind == COMITY_PART_KIND_EXTERNAL);
    must(comity_open(there, sealed->ciphertext.data, sealed->ciphertext.len, &opened, &error));
    int same = opened->plaintext.len == film_len && memcmp(opened->plaintext.data, film, film_len) == 0;
    tell("opened %zu octets, same %s, hash checked %s", opened->plaintext.len, same ? "true" : "false",
         opened->hash_checked ? "true" : "false");
    comity_opened_free(opened);

    uint8_t *changed = malloc(sealed->ciphertext.len);
    check(changed != NULL);
    memcpy(changed, sealed->ciphertext.data, sealed->ciphertext.len);
    changed[5] ^= 1;
    check(comity_open(there, changed, sealed->ciphertext.len, &opened, &error) != COMITY_OK);
    check(opened == NULL);
    tell("not opened: %s", error->name);
    comity_error_free(error);
    free(changed);
    comity_messages_free(messages);
    comity_sealed_free(sealed);
    free(film);
}

static void edit_and_react(struct app *alice, struct app *bob, const comity_message_id *first)
{
    comity_error *error = NULL;
    comity_outgoing *outgoing;
    comity_messages *messages;
    const char pizza[] = "\xF0\x9F\x8D\x95";

    tell("edit");
    outgoing = text_of("Hello again!");
    must(comity_outgoing_editing(outgoing, first, &error));
    app_send(alice, ROOM, outgoing);
    app_take_mail(bob);
    must(comity_outgoing_reaction(first, pizza, sizeof pizza - 1, &outgoing, &error));
    app_send(bob, ROOM, outgoing);
    app_take_mail(alice);
    must(comity_reader_message(alice->reader, alice->world->now, first, &messages, &error));
    check(messages->len == 1);
    for (size_t i = 0; i < messages->items[0]->reactions_len; i++) {
        const comity_reaction *reaction = messages->items[0]->reactions[i];
        check(reaction->texts_len == 1);
        tell("reaction %s by %s", reaction->texts[0].data, reaction->by);
    }
    comity_messages_free(messages);
    app_read(bob, ROOM, 0);
}

static void tell_whether_there(struct app *app, const comity_message_id *id)
{
    comity_error *error = NULL;
    comity_messages *messages;
    must(comity_reader_message(app->reader, app->world->now, id, &messages, &error));
    tell("there: %s", messages->len == 1 ? "true" : "false");
    comity_messages_free(messages);
}

/* A message that vanishes a minute after it was read. */
static void vanish(struct app *alice, struct app *bob)
{
    comity_error *error = NULL;
    comity_step *step;
    comity_outgoing *secret = text_of("Burn this");

    tell("vanish");
    must(comity_outgoing_expiring(secret, COMITY_EXPIRES_AFTER_READ, 60, &error));
    comity_message_id id = app_send(alice, ROOM, secret);
    app_take_mail(bob);
    comity_messages *messages = latest(bob);
    comity_position position = messages->items[0]->position;
    comity_messages_free(messages);
    must(comity_client_read(bob->client, bob->world->now, ROOM, &position, &step, &error));
    app_take(bob, step);
    tell_whether_there(bob, &id);
    bob->world->now += 61000;
    tell_whether_there(bob, &id);
    must(comity_client_wake(bob->client, bob->world->now, &step, &error));
    app_take(bob, step);
}

/* Bob's app learns to show HTML. */
static void upgrade(struct app *alice, struct app *bob)
{
    tell("upgrade");
    app_advertise(bob, 1);
    app_take_mail(alice);
    comity_outgoing *hello = html_of("<p>See?</p>", "See?");
    app_plan(alice, ROOM, hello);
    app_send(alice, ROOM, hello);
    app_take_mail(bob);
    app_read(bob, ROOM, 1);
}

/* A frame with one flipped bit, then the frame itself. */
static void tamper(struct app *alice, struct app *bob)
{
    comity_error *error = NULL;
    comity_batch *batch;

    tell("tamper");
    app_send(alice, ROOM, text_of("Still me"));
    must(comity_batch_new(&batch, &error));
    app_add_mail(bob, batch, bob->taken, 200);
    app_receive(bob, batch);
    app_take_mail(bob);
}

/* The process ends between a step and its requests, and is started again. */
static void restart(struct app *alice, struct app *bob)
{
    comity_error *error = NULL;
    comity_step *step;
    comity_client *client;
    comity_requests *requests;
    comity_batch *batch;
    comity_health *health;

    tell("restart");
    comity_outgoing *before = text_of("Before the restart");
    must(comity_client_send(alice->client, alice->world->now, ROOM, before, COMITY_ALLOW_NOTHING, &step, &error));
    comity_outgoing_free(before);
    app_tell_step(alice, step);
    comity_step_free(step);
    app_close(alice);

    check(app_open(alice, 8, &client, &error) == COMITY_CODE_STORAGE_WRONG_KEY);
    check(client == NULL);
    tell_error(error);
    must(app_open(alice, 7, &alice->client, &error));
    must(comity_client_reader(alice->client, &alice->reader, &error));
    must(comity_reader_outstanding(alice->reader, NULL, 100, &requests, &error));
    tell("outstanding %zu", requests->len);
    app_post(alice, requests->items, requests->len);
    comity_requests_free(requests);

    app_take_mail(bob);
    must(comity_batch_new(&batch, &error));
    app_add_mail(bob, batch, bob->taken - 1, -1);
    app_receive(bob, batch);
    app_read(bob, ROOM, 1);
    must(comity_reader_health(bob->reader, &health, &error));
    tell("messages %llu, damage %s", (unsigned long long)health->messages, health->damage ? health->damage : "none");
    comity_health_free(health);
}

static const char *argument(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    return otherwise;
}

int main(int argc, char **argv)
{
    char names[128];
    struct pair pair;

    setenv("COMITY_SEED", argument(argc, argv, "--seed", "1"), 1);
    snprintf(names, sizeof names, "%s", argument(argc, argv, "--names", "alice,bob"));
    char *second = strchr(names, ',');
    check(second != NULL);
    *second++ = '\0';

    pair_meet(&pair, names, second);
    comity_message_id first = talk(&pair.alice, &pair.bob);
    attach(&pair.alice, &pair.bob);
    edit_and_react(&pair.alice, &pair.bob, &first);
    vanish(&pair.alice, &pair.bob);
    upgrade(&pair.alice, &pair.bob);
    tamper(&pair.alice, &pair.bob);
    restart(&pair.alice, &pair.bob);
    pair_part(&pair);
    return 0;
}
