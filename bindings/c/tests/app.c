#define _POSIX_C_SOURCE 200809L
#include "app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t present(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

void must_at(comity_status status, comity_error **error, const char *file, int line)
{
    if (status == COMITY_OK) {
        return;
    }
    fprintf(stderr, "%s:%d: %d %s: %s\n", file, line, status, *error ? (*error)->name : "?",
            *error ? (*error)->message : "?");
    exit(1);
}

void check_at(int holds, const char *what, const char *file, int line)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: it does not hold that %s\n", file, line, what);
        exit(1);
    }
}

void fails_at(comity_status status, comity_status wanted, comity_error **error, const char *file, int line)
{
    if (status != wanted) {
        fprintf(stderr, "%s:%d: %d instead of %d\n", file, line, status, wanted);
        exit(1);
    }
    check_at(*error != NULL && (*error)->code == wanted, "the error has the code that was returned", file, line);
    comity_error_free(*error);
    *error = NULL;
}

int reads(comity_text text, const char *wanted)
{
    return text.len == strlen(wanted) && memcmp(text.data, wanted, text.len) == 0;
}

int holds(comity_bytes octets, const char *wanted)
{
    return octets.len == strlen(wanted) && memcmp(octets.data, wanted, octets.len) == 0;
}

int same(const comity_message_id *one, const comity_message_id *other)
{
    return memcmp(one->octets, other->octets, sizeof one->octets) == 0;
}

void tell(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

void tell_error(comity_error *error)
{
    check(error != NULL);
    tell("error %d %s, advice %d", error->code, error->name, (int)error->advice);
    for (size_t i = 0; i < error->users_len; i++) {
        tell("error user %s", error->users[i]);
    }
    comity_error_free(error);
}

const char *hex(const comity_message_id *id)
{
    static char buffers[4][65];
    static int turn;
    char *buffer = buffers[turn++ % 4];
    for (size_t i = 0; i < sizeof id->octets; i++) {
        snprintf(buffer + 2 * i, 3, "%02x", id->octets[i]);
    }
    return buffer;
}

comity_supported *supports(int html)
{
    comity_error *error = NULL;
    comity_media_types *types;
    comity_supported *supported;
    must(comity_media_types_baseline(&types, &error));
    must(comity_media_types_add(types, "video/mp4", &error));
    if (html) {
        must(comity_media_types_add(types, "text/html;charset=utf-8", &error));
    }
    must(comity_supported_new(types, &supported, &error));
    comity_media_types_free(types);
    return supported;
}

static comity_opening *opening(const struct app *app, uint8_t octet)
{
    comity_error *error = NULL;
    comity_opening *opening;
    uint8_t key[32];
    memset(key, octet, sizeof key);
    must(comity_opening_app(app->path, key, sizeof key, &opening, &error));
    return opening;
}

void app_create(struct app *app, struct world *world, const char *dir, const char *provider, const char *name)
{
    comity_error *error = NULL;
    *app = (struct app){.world = world, .name = name};
    snprintf(app->user, sizeof app->user, "mimi://%s/u/%s", provider, name);
    snprintf(app->client_uri, sizeof app->client_uri, "mimi://%s/d/%s-phone", provider, name);
    snprintf(app->path, sizeof app->path, "%s/%s.comity", dir, provider);
    comity_opening *how = opening(app, 7);
    must(comity_client_create(world->now, how, app->user, app->client_uri, &app->client, &error));
    comity_opening_free(how);
    must(comity_client_reader(app->client, &app->reader, &error));
    comity_test_network_register(world->network, app->user, app->client_uri);
    tell("created %s", app->client_uri);
}

void app_close(struct app *app)
{
    comity_error *error = NULL;
    comity_reader_free(app->reader);
    must(comity_client_close(app->client, &error));
    app->reader = NULL;
    app->client = NULL;
}

comity_status app_open(struct app *app, uint8_t key, comity_client **client, comity_error **error)
{
    comity_opening *how = opening(app, key);
    comity_status status = comity_client_open(app->world->now, how, client, error);
    comity_opening_free(how);
    return status;
}

static const char *event_name(comity_event_kind kind)
{
    switch (kind) {
    case COMITY_EVENT_KIND_MESSAGE_RECEIVED: return "message_received";
    case COMITY_EVENT_KIND_MESSAGE_SENDING: return "message_sending";
    case COMITY_EVENT_KIND_MESSAGE_ACCEPTED: return "message_accepted";
    case COMITY_EVENT_KIND_MESSAGE_REFUSED: return "message_refused";
    case COMITY_EVENT_KIND_MESSAGE_UNDELIVERABLE: return "message_undeliverable";
    case COMITY_EVENT_KIND_MESSAGE_EDITED: return "message_edited";
    case COMITY_EVENT_KIND_MESSAGE_DELETED: return "message_deleted";
    case COMITY_EVENT_KIND_MESSAGE_REACTIONS: return "message_reactions";
    case COMITY_EVENT_KIND_MESSAGE_UNAUTHORIZED: return "message_unauthorized";
    case COMITY_EVENT_KIND_MESSAGE_EXPIRED: return "message_expired";
    case COMITY_EVENT_KIND_MESSAGE_WITHDRAWN: return "message_withdrawn";
    case COMITY_EVENT_KIND_ROOM_CREATED: return "room_created";
    case COMITY_EVENT_KIND_ROOM_REFUSED: return "room_refused";
    case COMITY_EVENT_KIND_ROOM_INVITED: return "room_invited";
    case COMITY_EVENT_KIND_ROOM_JOINED: return "room_joined";
    case COMITY_EVENT_KIND_ROOM_LEFT: return "room_left";
    case COMITY_EVENT_KIND_ROOM_REMOVED: return "room_removed";
    case COMITY_EVENT_KIND_ROOM_PARTICIPANTS: return "room_participants";
    case COMITY_EVENT_KIND_ROOM_METADATA: return "room_metadata";
    case COMITY_EVENT_KIND_ROOM_REQUIREMENT: return "room_requirement";
    case COMITY_EVENT_KIND_ROOM_CAPABILITY: return "room_capability";
    case COMITY_EVENT_KIND_ROOM_BEHIND: return "room_behind";
    case COMITY_EVENT_KIND_ROOM_STALLED: return "room_stalled";
    case COMITY_EVENT_KIND_ROOM_READ: return "room_read";
    case COMITY_EVENT_KIND_USER_CLIENT_ADDED: return "user_client_added";
    case COMITY_EVENT_KIND_USER_KEY_CHANGED: return "user_key_changed";
    case COMITY_EVENT_KIND_TASK_PROGRESS: return "task_progress";
    case COMITY_EVENT_KIND_TASK_FINISHED: return "task_finished";
    case COMITY_EVENT_KIND_FRAME_REJECTED: return "frame_rejected";
    case COMITY_EVENT_KIND_CLIENT_CLOCK_SUSPECT: return "client_clock_suspect";
    case COMITY_EVENT_KIND_CLIENT_KEY_PACKAGES_PUBLISHED: return "client_key_packages_published";
    case COMITY_EVENT_KIND_CLIENT_KEY_PACKAGES_REFUSED: return "client_key_packages_refused";
    case COMITY_EVENT_KIND_CLIENT_RESTORED: return "client_restored";
    default: return "other";
    }
}

static void tell_outcome(const char *name, const comity_frame_outcome *outcome)
{
    switch (outcome->kind) {
    case COMITY_OUTCOME_DONE:
        tell("%s frame done, notify %s", name, outcome->notify ? "true" : "false");
        break;
    case COMITY_OUTCOME_KNOWN:
        tell("%s frame known, notify %s", name, outcome->notify ? "true" : "false");
        break;
    case COMITY_OUTCOME_HELD:
        tell("%s frame held", name);
        break;
    case COMITY_OUTCOME_REJECTED:
        tell("%s frame rejected %d %s, advice %d", name, outcome->reason, outcome->reason_name, (int)outcome->advice);
        break;
    default:
        tell("%s frame ?", name);
    }
}

void app_tell_step(const struct app *app, const comity_step *step)
{
    for (size_t i = 0; i < step->events_len; i++) {
        const comity_event *event = step->events[i];
        int is_message = event->kind >= 100 && event->kind < 200;
        tell("%s event %llu %s%s%s", app->name, (unsigned long long)event->seq, event_name(event->kind),
             is_message ? " " : "", is_message ? hex(event->message) : "");
    }
    for (size_t i = 0; i < step->frames_len; i++) {
        tell_outcome(app->name, step->frames[i]);
    }
    tell("%s requests %zu", app->name, step->requests_len);
}

/* Posts one request and tells what the answer led to. */
static comity_step *post(struct app *app, const comity_request *request)
{
    comity_error *error = NULL;
    comity_step *step;
    const uint8_t *body;
    size_t body_len;
    struct world *world = app->world;
    uint32_t became = comity_test_network_post(world->network, world->now, app->user, app->client_uri, request->to,
                                               request->lane, request->kind, request->id.octets, request->body.data,
                                               request->body.len, &body, &body_len);
    switch (became) {
    case 0:
        tell("answered");
        must(comity_client_answer(app->client, world->now, &request->id, body, body_len, &step, &error));
        break;
    case 1:
        tell("unreachable");
        must(comity_client_answer_unreachable(app->client, world->now, &request->id, 0, &step, &error));
        break;
    default:
        tell("undeliverable");
        must(comity_client_answer_undeliverable(app->client, world->now, &request->id, &step, &error));
    }
    app_tell_step(app, step);
    return step;
}

void app_post(struct app *app, const comity_request *const *requests, size_t len)
{
    /* Requests belong to their steps, so the steps are kept until everything is posted. */
    comity_step *steps[64];
    size_t steps_len = 0;
    const comity_request *queue[256];
    size_t head = 0, tail = 0;
    check(len <= 256);
    for (size_t i = 0; i < len; i++) {
        queue[tail++] = requests[i];
    }
    while (head < tail) {
        check(steps_len < 64);
        comity_step *step = post(app, queue[head++]);
        steps[steps_len++] = step;
        check(tail + step->requests_len <= 256);
        for (size_t i = 0; i < step->requests_len; i++) {
            queue[tail++] = step->requests[i];
        }
    }
    while (steps_len > 0) {
        comity_step_free(steps[--steps_len]);
    }
}

void app_take(struct app *app, comity_step *step)
{
    app_tell_step(app, step);
    app_post(app, step->requests, step->requests_len);
    comity_step_free(step);
}

void app_add_mail(const struct app *app, comity_batch *batch, size_t index, long flip)
{
    comity_error *error = NULL;
    const char *room, *from;
    const uint8_t *frame;
    size_t frame_len;
    comity_test_network_mail(app->world->network, app->client_uri, index, &room, &from, &frame, &frame_len);
    uint8_t *copy = malloc(frame_len);
    check(copy != NULL);
    memcpy(copy, frame, frame_len);
    if (flip >= 0 && (size_t)flip < frame_len) {
        copy[flip] ^= 1;
    }
    must(comity_batch_add(batch, room, from, COMITY_FRAME_KIND_FANOUT, copy, frame_len, &error));
    free(copy);
}

void app_receive(struct app *app, comity_batch *batch)
{
    comity_error *error = NULL;
    comity_step *step;
    must(comity_client_receive(app->client, app->world->now, batch, &step, &error));
    comity_batch_free(batch);
    app_take(app, step);
}

void app_take_mail(struct app *app)
{
    comity_error *error = NULL;
    comity_batch *batch;
    must(comity_batch_new(&batch, &error));
    size_t len = comity_test_network_mail_len(app->world->network, app->client_uri);
    while (app->taken < len) {
        app_add_mail(app, batch, app->taken++, -1);
    }
    app_receive(app, batch);
}

comity_message_id app_send(struct app *app, const char *room, comity_outgoing *outgoing)
{
    comity_error *error = NULL;
    comity_step *step;
    must(comity_client_send(app->client, app->world->now, room, outgoing, COMITY_ALLOW_NOTHING, &step, &error));
    comity_outgoing_free(outgoing);
    check(step->made_message != NULL);
    comity_message_id id = *step->made_message;
    tell("message %s", hex(&id));
    app_take(app, step);
    return id;
}

comity_outgoing *text_of(const char *text)
{
    comity_error *error = NULL;
    comity_outgoing *outgoing;
    must(comity_outgoing_text(text, strlen(text), &outgoing, &error));
    return outgoing;
}

comity_outgoing *html_of(const char *html, const char *text)
{
    comity_error *error = NULL;
    comity_outgoing *outgoing;
    comity_part *part;
    must(comity_outgoing_new(&outgoing, &error));
    must(comity_part_html(html, strlen(html), &part, &error));
    must(comity_outgoing_add(outgoing, part, &error));
    comity_part_free(part);
    if (text != NULL) {
        must(comity_part_text(text, strlen(text), &part, &error));
        must(comity_outgoing_add(outgoing, part, &error));
        comity_part_free(part);
    }
    return outgoing;
}

void app_plan(const struct app *app, const char *room, const comity_outgoing *outgoing)
{
    comity_error *error = NULL;
    comity_plan *plan;
    must(comity_reader_plan(app->reader, room, outgoing, &plan, &error));
    tell("sends %zu alternatives", plan->sends_len);
    for (size_t i = 0; i < plan->reach_len; i++) {
        const comity_reach *reach = plan->reach[i];
        if (reach->sees_any) {
            tell("reach %s %zu", reach->client, reach->sees);
        } else {
            tell("reach %s none", reach->client);
        }
    }
    comity_plan_free(plan);
}

static void tell_choice(const struct app *app, const comity_choice *choice, int edited, size_t others)
{
    const comity_part *part = choice->part;
    const char *marked = edited ? " (edited)" : "";
    switch (part->kind) {
    case COMITY_PART_KIND_SINGLE:
        tell("%s sees %.*s%s, %zu others", app->name, (int)part->content.len, (const char *)part->content.data, marked, others);
        break;
    case COMITY_PART_KIND_EXTERNAL:
        tell("%s sees [%s]%s, %zu others", app->name, part->filename.data, marked, others);
        break;
    default:
        tell("%s sees ?%s, %zu others", app->name, marked, others);
    }
}

void app_read(const struct app *app, const char *room, int html)
{
    comity_error *error = NULL;
    comity_messages *messages;
    comity_supported *supported = supports(html);
    must(comity_reader_timeline(app->reader, app->world->now, room, 100, &messages, &error));
    for (size_t i = 0; i < messages->len; i++) {
        const comity_message *message = messages->items[i];
        comity_selection *selection;
        if (message->content == NULL) {
            continue;
        }
        must(comity_select(message->octets.data, message->octets.len, supported, &selection, &error));
        for (size_t j = 0; j < selection->chosen_len; j++) {
            tell_choice(app, selection->chosen[j], message->edits_len > 0, selection->passed_over_len);
        }
        for (size_t j = 0; j < selection->unsupported_len; j++) {
            tell("%s cannot see part %u", app->name, selection->unsupported[j]->part->index);
        }
        comity_selection_free(selection);
    }
    comity_messages_free(messages);
    comity_supported_free(supported);
}

void app_advertise(struct app *app, int html)
{
    comity_error *error = NULL;
    comity_step *step;
    comity_supported *supported = supports(html);
    must(comity_client_advertise(app->client, app->world->now, supported, &step, &error));
    comity_supported_free(supported);
    app_take(app, step);
}

/* Key packages, a room, an invitation. */
static void meet(struct app *alice, struct app *bob)
{
    comity_error *error = NULL;
    comity_step *step;
    comity_new_room *lunch;
    comity_changes *changes;
    const uint8_t *key;
    size_t key_len;
    struct world *world = alice->world;

    tell("meet");
    app_advertise(alice, 1);
    app_advertise(bob, 0);
    comity_test_network_hub_key(world->network, "mimi://a.example", &key, &key_len);
    must(comity_new_room_new(key, key_len, &lunch, &error));
    must(comity_new_room_set_name(lunch, "Lunch", 5, &error));
    must(comity_client_create_room(alice->client, world->now, ROOM, lunch, &step, &error));
    comity_new_room_free(lunch);
    app_take(alice, step);

    must(comity_changes_new(&changes, &error));
    must(comity_changes_invite(changes, bob->user, 0, &error));
    must(comity_client_change(alice->client, world->now, ROOM, changes, &step, &error));
    comity_changes_free(changes);
    app_take(alice, step);

    app_take_mail(bob);
    must(comity_client_respond(bob->client, world->now, ROOM, COMITY_RESPONSE_ACCEPT, &step, &error));
    app_take(bob, step);
    app_take_mail(alice);
}

void pair_meet(struct pair *pair, const char *first, const char *second)
{
    *pair = (struct pair){.world = {.network = comity_test_network_new(), .now = present()}, .dir = "/tmp/comity-pair-XXXXXX"};
    check(comity_abi_version() == COMITY_ABI_VERSION);
    check(mkdtemp(pair->dir) != NULL);
    app_create(&pair->alice, &pair->world, pair->dir, "a.example", first);
    app_create(&pair->bob, &pair->world, pair->dir, "b.example", second);
    meet(&pair->alice, &pair->bob);
}

void pair_part(struct pair *pair)
{
    comity_error *error = NULL;
    app_close(&pair->alice);
    app_close(&pair->bob);
    comity_test_network_free(pair->world.network);
    must(comity_client_wipe(pair->alice.path, &error));
    must(comity_client_wipe(pair->bob.path, &error));
    check(rmdir(pair->dir) == 0);
}
