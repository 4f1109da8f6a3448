/*
 * A client, from nothing to a room with a message in it: what docs/c.md shows. Nobody answers here, so it also shows what waits.
 */
#include <comity.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROOM "mimi://a.example/r/lunch"

static comity_error *error;
static comity_client *client;
static comity_reader *reader;
static comity_supported *supported;

static uint64_t now(void)
{
    return (uint64_t)time(NULL) * 1000;
}

/* ANCHOR: done */
/* The error's address, and not the error: C may look at arguments in any order, so at the error before the call has filled it. */
static void done(comity_status status, comity_error **failure)
{
    if (status != COMITY_OK) {
        fprintf(stderr, "comity: %s: %s\n", (*failure)->name, (*failure)->message);
        comity_error_free(*failure);
        exit(EXIT_FAILURE);
    }
}
/* ANCHOR_END: done */

/* ANCHOR: show */
/* Of a message's alternatives those that this app can show, and is meant to. */
static void show(const comity_message_id *id)
{
    comity_messages *found;
    comity_selection *selection;

    done(comity_reader_message(reader, now(), id, &found, &error), &error);
    if (found->len == 1 && found->items[0]->content != NULL) {
        const comity_message *message = found->items[0];
        done(comity_select(message->octets.data, message->octets.len, supported, &selection, &error), &error);
        for (size_t i = 0; i < selection->chosen_len; i++) {
            const comity_part *part = selection->chosen[i]->part;
            printf("%s: %.*s\n", message->sender, (int)part->content.len, (const char *)part->content.data);
        }
        comity_selection_free(selection);
    }
    comity_messages_free(found);
}
/* ANCHOR_END: show */

/* ANCHOR: take */
/* What a step asks for. Here an app posts each request to its server, and hands the reply to comity_client_answer: a step again. */
static void take(comity_step *step)
{
    comity_step *next;

    for (size_t i = 0; i < step->requests_len; i++) {
        const comity_request *request = step->requests[i];
        printf("to %s: %zu octets\n", request->to, request->body.len);
    }
    for (size_t i = 0; i < step->events_len; i++) {
        const comity_event *event = step->events[i];
        if (event->kind == COMITY_EVENT_KIND_ROOM_INVITED) {
            done(comity_client_respond(client, now(), event->room, COMITY_RESPONSE_ACCEPT, &next, &error), &error);
            take(next);
        } else if (event->message != NULL) {
            show(event->message); /* Received, sent, edited, expired: the reader knows what it is now. */
        }
    }
    comity_step_free(step);
}
/* ANCHOR_END: take */

/* ANCHOR: arrived */
/* `from`: the provider from whose hub the frame came, as the app's server has authenticated it. */
static void arrived(const char *from, const uint8_t *frame, size_t frame_len)
{
    comity_batch *batch;
    comity_step *step;
    size_t left = 1;

    done(comity_batch_new(&batch, &error), &error);
    done(comity_batch_add(batch, NULL, from, COMITY_FRAME_KIND_FANOUT, frame, frame_len, &error), &error);
    while (left > 0) {
        done(comity_client_receive(client, now(), batch, &step, &error), &error);
        done(comity_batch_drop_first(batch, step->frames_len, &error), &error);
        done(comity_batch_len(batch, &left, &error), &error);
        take(step);
    }
    comity_batch_free(batch);
}
/* ANCHOR_END: arrived */

int main(void)
{
    comity_opening *opening;
    comity_media_types *types;
    comity_new_room *new_room;
    comity_changes *changes;
    comity_outgoing *outgoing;
    comity_part *rich, *basic;
    comity_step *step;
    const char *path = "start.comity";
    const uint8_t hub_key[32] = {1};
    uint8_t key[32];

    /* ANCHOR: create */
    memset(key, 7, sizeof key); /* An app draws it, and keeps it in the device's keystore. */
    done(comity_opening_app(path, key, sizeof key, &opening, &error), &error);
    done(comity_client_create(now(), opening, "mimi://a.example/u/alice", "mimi://a.example/d/alice-desktop", &client, &error),
         &error);
    comity_opening_free(opening);
    done(comity_client_reader(client, &reader, &error), &error);
    /* ANCHOR_END: create */

    /* ANCHOR: advertise */
    /* Say what this app can show: what every MIMI client can, and HTML. */
    done(comity_media_types_baseline(&types, &error), &error);
    done(comity_media_types_add(types, "text/html;charset=utf-8", &error), &error);
    done(comity_supported_new(types, &supported, &error), &error);
    comity_media_types_free(types);
    done(comity_client_advertise(client, now(), supported, &step, &error), &error);
    take(step);
    /* ANCHOR_END: advertise */

    /* ANCHOR: room */
    /* The hub's key is in its provider's directory. */
    done(comity_new_room_new(hub_key, sizeof hub_key, &new_room, &error), &error);
    done(comity_new_room_set_name(new_room, "Lunch", strlen("Lunch"), &error), &error);
    done(comity_client_create_room(client, now(), ROOM, new_room, &step, &error), &error);
    comity_new_room_free(new_room);
    take(step);
    /* Bob's key packages are fetched, and he is added, as the hub answers. */
    done(comity_changes_new(&changes, &error), &error);
    done(comity_changes_invite(changes, "mimi://b.example/u/bob", 0, &error), &error);
    done(comity_client_change(client, now(), ROOM, changes, &step, &error), &error);
    comity_changes_free(changes);
    take(step);
    /* ANCHOR_END: room */

    /* ANCHOR: send */
    /* The same thing twice, the richest form first: each client is sent what it can show. */
    done(comity_part_html("<b>Lunch</b>?", strlen("<b>Lunch</b>?"), &rich, &error), &error);
    done(comity_part_markdown("**Lunch**?", strlen("**Lunch**?"), &basic, &error), &error);
    done(comity_outgoing_new(&outgoing, &error), &error);
    done(comity_outgoing_add(outgoing, rich, &error), &error);
    done(comity_outgoing_add(outgoing, basic, &error), &error);
    comity_part_free(rich);
    comity_part_free(basic);
    done(comity_client_send(client, now(), ROOM, outgoing, COMITY_ALLOW_NOTHING, &step, &error), &error);
    comity_outgoing_free(outgoing);
    take(step);
    /* ANCHOR_END: send */

    arrived("mimi://b.example", (const uint8_t *)"no frame", strlen("no frame"));
    comity_supported_free(supported);
    comity_reader_free(reader);
    done(comity_client_close(client, &error), &error);
    done(comity_client_wipe(path, &error), &error);
    return EXIT_SUCCESS;
}
