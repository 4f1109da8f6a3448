/*
 * Rooms and the people in them: every query about them and every change of them, made once, and what the others then see.
 */
#include <string.h>

#include "app.h"

static comity_room *room_of(const struct app *app, const char *uri)
{
    comity_error *error = NULL;
    comity_room *room;
    must(comity_reader_room(app->reader, uri, &room, &error));
    check(room != NULL && strcmp(room->summary->uri, uri) == 0);
    return room;
}

/* As the list of rooms says it, in which those stand too that one is not in. */
static comity_phase phase_of(const struct app *app, const char *uri)
{
    comity_error *error = NULL;
    comity_rooms *rooms;
    comity_phase phase = COMITY_PHASE_OTHER;
    must(comity_reader_rooms(app->reader, app->world->now, &rooms, &error));
    for (size_t i = 0; i < rooms->len; i++) {
        if (strcmp(rooms->items[i]->uri, uri) == 0) {
            phase = rooms->items[i]->phase;
        }
    }
    comity_rooms_free(rooms);
    return phase;
}

static comity_changes *no_changes(void)
{
    comity_error *error = NULL;
    comity_changes *changes;
    must(comity_changes_new(&changes, &error));
    return changes;
}

/* Alice makes changes, and Bob sees them. Frees the changes. Whoever commits again and again lets others go first now and then. */
static comity_task_id change(struct pair *pair, comity_changes *changes)
{
    comity_error *error = NULL;
    comity_step *step;
    pair->world.now += 61000;
    must(comity_client_change(pair->alice.client, pair->world.now, ROOM, changes, &step, &error));
    comity_changes_free(changes);
    check(step->made_task != NULL);
    comity_task_id id = *step->made_task;
    app_take(&pair->alice, step);
    app_take_mail(&pair->bob);
    return id;
}

static void check_done(const struct app *app, const comity_task_id *id, size_t invites)
{
    comity_error *error = NULL;
    comity_task *task;
    must(comity_reader_task(app->reader, id, &task, &error));
    check(task != NULL && strcmp(task->room, ROOM) == 0);
    check(task->state == COMITY_TASK_STATE_DONE && task->reason == 0 && task->reason_name == NULL);
    check(task->invites_len == invites);
    comity_task_free(task);
}

static int names(const char *const *list, size_t len, const char *name)
{
    for (size_t i = 0; i < len; i++) {
        if (strcmp(list[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

static uint32_t role_of(const comity_room *room, const char *user)
{
    for (size_t i = 0; i < room->participants_len; i++) {
        if (strcmp(room->participants[i]->user, user) == 0) {
            return room->participants[i]->role;
        }
    }
    return 0;
}

static void a_room_tells_who_is_in_it(struct pair *pair)
{
    comity_error *error = NULL;
    comity_rooms *rooms;
    comity_members *members, *last;
    comity_room *room = room_of(&pair->alice, ROOM);

    check(reads(room->name, "Lunch") && reads(room->summary->name, "Lunch") && room->summary->phase == COMITY_PHASE_JOINED);
    check(room->participants_len == 2 && role_of(room, pair->alice.user) == COMITY_ROLE_ADMIN);
    check(role_of(room, pair->bob.user) == COMITY_ROLE_MEMBER);
    check(names(room->requirement, room->requirement_len, "application/mimi-content"));
    check(!names(room->requirement, room->requirement_len, "video/mp4"));
    comity_room_free(room);
    fails(COMITY_CODE_NO_SUCH_ROOM, comity_reader_room(pair->alice.reader, "mimi://a.example/r/none", &room, &error));
    check(room == NULL);

    must(comity_reader_rooms(pair->bob.reader, pair->world.now, &rooms, &error));
    check(rooms->len == 1 && strcmp(rooms->items[0]->uri, ROOM) == 0);
    check(rooms->items[0]->inviter != NULL && strcmp(rooms->items[0]->inviter, pair->alice.user) == 0);
    comity_rooms_free(rooms);

    must(comity_reader_members(pair->alice.reader, ROOM, 0, 10, &members, &error));
    check(members->len == 2);
    for (size_t i = 0; i < members->len; i++) {
        const comity_member *member = members->items[i];
        int is_alice = strcmp(member->user, pair->alice.user) == 0;
        check(strcmp(member->client, is_alice ? pair->alice.client_uri : pair->bob.client_uri) == 0);
        check(names(member->advertisement, member->advertisement_len, HTML) == is_alice);
        check(names(member->advertisement, member->advertisement_len, "video/mp4") && member->lacks_len == 0);
    }
    must(comity_reader_members(pair->alice.reader, ROOM, 1, 10, &last, &error));
    check(last->len == 1 && strcmp(last->items[0]->client, members->items[1]->client) == 0);
    comity_members_free(last);
    comity_members_free(members);
}

static void a_posture_is_told(const struct pair *pair)
{
    comity_error *error = NULL;
    comity_posture *posture;
    uint32_t videos = 0, html = 0;

    must(comity_reader_posture(pair->alice.reader, ROOM, &posture, &error));
    check(posture->cipher_suite == 1 && !posture->post_quantum && !posture->stalled && !posture->behind);
    check(posture->clients == 2 && posture->users == 2 && posture->cannot_read_required_len == 0);
    for (size_t i = 0; i < posture->readable_len; i++) {
        const comity_readable *readable = posture->readable[i];
        videos += strcmp(readable->media_type, "video/mp4") == 0 ? readable->clients : 0;
        html += strcmp(readable->media_type, HTML) == 0 ? readable->clients : 0;
    }
    check(videos == 2 && html == 1);
    comity_posture_free(posture);
}

static void what_may_be_done_is_told_before_anybody_taps(const struct pair *pair)
{
    comity_error *error = NULL;
    bool allowed = false;
    comity_changes *changes = no_changes();

    must(comity_reader_may(pair->bob.reader, ROOM, COMITY_ACTION_SEND, &allowed, &error));
    check(allowed);
    must(comity_reader_may(pair->bob.reader, ROOM, COMITY_ACTION_DELETE_OTHER, &allowed, &error));
    check(!allowed);
    must(comity_changes_remove_user(changes, pair->bob.user, &error));
    must(comity_reader_can(pair->alice.reader, ROOM, changes, &error));
    comity_changes_free(changes);
    changes = no_changes();
    must(comity_changes_remove_user(changes, pair->alice.user, &error));
    check(comity_reader_can(pair->bob.reader, ROOM, changes, &error) == COMITY_CODE_NOT_ALLOWED);
    check(error != NULL && error->detail != NULL && strlen(error->detail) > 0);
    comity_error_free(error);
    comity_changes_free(changes);
}

static void people_are_known(const struct pair *pair)
{
    comity_error *error = NULL;
    comity_user *user;
    const char *uri, *client;

    must(comity_reader_identity(pair->alice.reader, &uri, &client, &error));
    check(strcmp(uri, pair->alice.user) == 0 && strcmp(client, pair->alice.client_uri) == 0);
    must(comity_reader_user(pair->alice.reader, pair->bob.user, &user, &error));
    check(user != NULL && strcmp(user->uri, pair->bob.user) == 0 && user->clients_len == 1);
    check(strcmp(user->clients[0]->client, pair->bob.client_uri) == 0 && user->clients[0]->key.len == 32);
    comity_user_free(user);
    must(comity_reader_user(pair->alice.reader, "mimi://z.example/u/zoe", &user, &error));
    check(user->clients_len == 0);
    comity_user_free(user);
}

static void the_invitation_became_a_task(const struct pair *pair)
{
    comity_error *error = NULL;
    comity_events *events;
    comity_task *task;
    comity_task_id none = {{0}};
    const comity_task_id *id = NULL;

    must(comity_reader_events(pair->alice.reader, 0, 100, &events, &error));
    for (size_t i = 0; i < events->len && id == NULL; i++) {
        id = events->items[i]->task;
    }
    check(id != NULL);
    check_done(&pair->alice, id, 1);
    must(comity_reader_task(pair->alice.reader, id, &task, &error));
    check(memcmp(&task->id, id, sizeof *id) == 0);
    check(strcmp(task->invites[0]->user, pair->bob.user) == 0 && task->invites[0]->failed == NULL);
    check(task->invites[0]->clients_len == 1 && task->invites[0]->clients[0]->state == COMITY_INVITED_STATE_ADDED);
    check(strcmp(task->invites[0]->clients[0]->client, pair->bob.client_uri) == 0);
    comity_task_free(task);
    comity_events_free(events);
    must(comity_reader_task(pair->alice.reader, &none, &task, &error));
    check(task == NULL);
}

static void metadata_is_replaced(struct pair *pair)
{
    comity_error *error = NULL;
    comity_metadata *about;
    comity_changes *changes = no_changes();

    must(comity_metadata_new(ROOM, "Dinner", 6, &about, &error));
    must(comity_metadata_set_subject(about, "Pizza", 5, &error));
    must(comity_metadata_set_avatar(about, "https://a.example/p.png", &error));
    must(comity_metadata_add_description(about, "", "en", (const uint8_t *)"The tall one", 12, &error));
    must(comity_changes_metadata(changes, about, &error));
    comity_metadata_free(about);
    comity_task_id task = change(pair, changes);
    check_done(&pair->alice, &task, 0);
    comity_room *room = room_of(&pair->bob, ROOM);
    check(reads(room->metadata_uri, ROOM) && reads(room->name, "Dinner") && reads(room->subject, "Pizza"));
    check(reads(room->avatar, "https://a.example/p.png") && room->descriptions_len == 1);
    check(reads(room->descriptions[0]->media_type, "") && reads(room->descriptions[0]->language, "en"));
    check(holds(room->descriptions[0]->content, "The tall one"));
    comity_room_free(room);
}

static comity_media_types *baseline_and(const char *media_type)
{
    comity_error *error = NULL;
    comity_media_types *types;
    must(comity_media_types_baseline(&types, &error));
    must(comity_media_types_add(types, media_type, &error));
    return types;
}

static void roles_keys_and_requirements_are_changed(struct pair *pair)
{
    comity_error *error = NULL;
    comity_room *before = room_of(&pair->bob, ROOM), *after;
    comity_changes *changes = no_changes();

    must(comity_changes_set_role(changes, pair->bob.user, COMITY_ROLE_ADMIN, &error));
    change(pair, changes);
    changes = no_changes();
    must(comity_changes_rotate(changes, &error));
    comity_task_id task = change(pair, changes);
    check_done(&pair->alice, &task, 0);
    changes = no_changes();
    comity_media_types *films = baseline_and("video/mp4");
    must(comity_changes_require(changes, films, &error));
    comity_media_types_free(films);
    change(pair, changes);

    after = room_of(&pair->bob, ROOM);
    check(role_of(before, pair->bob.user) == COMITY_ROLE_MEMBER && role_of(after, pair->bob.user) == COMITY_ROLE_ADMIN);
    check(after->summary->epoch == before->summary->epoch + 3);
    check(!names(before->requirement, before->requirement_len, "video/mp4"));
    check(names(after->requirement, after->requirement_len, "video/mp4"));
    check(after->requirement_len == before->requirement_len + 1);
    comity_room_free(before);
    comity_room_free(after);
}

/* A room that requires, type by type, what the first one does. */
static void a_room_is_created_with_a_requirement(struct pair *pair)
{
    static const char uri[] = "mimi://a.example/r/films";
    comity_error *error = NULL;
    comity_media_types *types;
    comity_new_room *films;
    comity_step *step;
    const uint8_t *key;
    size_t key_len;
    comity_room *lunch = room_of(&pair->alice, ROOM), *made;

    must(comity_media_types_new(&types, &error));
    for (size_t i = 0; i < lunch->requirement_len; i++) {
        must(comity_media_types_add(types, lunch->requirement[i], &error));
    }
    comity_test_network_hub_key(pair->world.network, "mimi://a.example", &key, &key_len);
    must(comity_new_room_new(key, key_len, &films, &error));
    must(comity_new_room_set_requirement(films, types, &error));
    comity_media_types_free(types);
    must(comity_client_create_room(pair->alice.client, pair->world.now, uri, films, &step, &error));
    comity_new_room_free(films);
    check(step->made_room != NULL && strcmp(step->made_room, uri) == 0);
    app_take(&pair->alice, step);
    made = room_of(&pair->alice, uri);
    check(made->summary->phase == COMITY_PHASE_JOINED && made->requirement_len == lunch->requirement_len);
    for (size_t i = 0; i < lunch->requirement_len; i++) {
        check(names(made->requirement, made->requirement_len, lunch->requirement[i]));
    }
    comity_room_free(made);
    comity_room_free(lunch);
}

static void a_client_is_removed(struct pair *pair)
{
    comity_error *error = NULL;
    comity_changes *changes = no_changes();
    must(comity_changes_remove_client(changes, pair->bob.client_uri, &error));
    change(pair, changes);
    check(phase_of(&pair->bob, ROOM) == COMITY_PHASE_REMOVED);
    check(phase_of(&pair->alice, ROOM) == COMITY_PHASE_JOINED);
}

static void a_room_is_joined_from_outside(struct pair *pair)
{
    static const uint8_t code[2000] = "code";
    comity_error *error = NULL;
    comity_step *step;

    must(comity_client_join(pair->alice.client, pair->world.now, "mimi://b.example/r/other", code, 4, &step, &error));
    check(step->requests_len == 1 && step->requests[0]->kind == COMITY_REQUEST_KIND_FETCH_GROUP_INFO);
    check(strcmp(step->requests[0]->lane, "mimi://b.example/r/other") == 0);
    comity_step_free(step);
    check(phase_of(&pair->alice, "mimi://b.example/r/other") == COMITY_PHASE_JOINING);
    fails(COMITY_CODE_TOO_LONG, comity_client_join(pair->alice.client, pair->world.now, "mimi://b.example/r/third", code,
                                                   sizeof code, &step, &error));
}

/* Somebody leaves, and another one commits it, after a while and when nothing more follows. */
static void a_room_is_left(struct pair *pair)
{
    comity_error *error = NULL;
    comity_step *step;
    comity_batch *batch;
    comity_changes *changes = no_changes();
    struct app *alice = &pair->alice;

    must(comity_changes_leave(changes, &error));
    must(comity_client_change(pair->bob.client, pair->world.now, ROOM, changes, &step, &error));
    comity_changes_free(changes);
    app_take(&pair->bob, step);
    check(phase_of(&pair->bob, ROOM) == COMITY_PHASE_LEAVING);

    must(comity_batch_new(&batch, &error));
    app_add_mail(alice, batch, alice->taken, -1);
    must(comity_batch_set_more(batch, true, &error));
    must(comity_client_receive(alice->client, pair->world.now, batch, &step, &error));
    check(step->frames_len == 1 && step->frames[0]->kind == COMITY_OUTCOME_DONE && step->requests_len == 0);
    comity_step_free(step);
    must(comity_batch_drop_first(batch, 1, &error));
    pair->world.now += 61000;
    must(comity_client_receive(alice->client, pair->world.now, batch, &step, &error));
    check(step->requests_len == 0);
    comity_step_free(step);
    must(comity_batch_set_more(batch, false, &error));
    must(comity_client_receive(alice->client, pair->world.now, batch, &step, &error));
    check(step->requests_len == 1 && step->requests[0]->kind == COMITY_REQUEST_KIND_UPDATE_ROOM);
    comity_batch_free(batch);
    app_take(alice, step);
    app_take_mail(&pair->bob);
    check(phase_of(&pair->bob, ROOM) == COMITY_PHASE_LEFT);
}

int main(void)
{
    struct pair pair;

    pair_meet(&pair, "alice", "bob");
    a_room_tells_who_is_in_it(&pair);
    a_posture_is_told(&pair);
    what_may_be_done_is_told_before_anybody_taps(&pair);
    people_are_known(&pair);
    the_invitation_became_a_task(&pair);
    metadata_is_replaced(&pair);
    roles_keys_and_requirements_are_changed(&pair);
    a_room_is_created_with_a_requirement(&pair);
    a_client_is_removed(&pair);
    pair_part(&pair);

    pair_meet(&pair, "anna", "ben");
    a_room_is_left(&pair);
    a_room_is_joined_from_outside(&pair);
    pair_part(&pair);
    return 0;
}
