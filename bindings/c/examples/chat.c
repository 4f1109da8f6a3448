/*
 * A terminal chat: comity.h, libcurl, and the relay of docs/relay.md, which says what the arguments are.
 *   cc chat.c $(pkg-config --cflags --libs comity libcurl) -o chat
 */
#define _POSIX_C_SOURCE 200809L
#include <comity.h>
#include <curl/curl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char **arguments, *reply, user[500], me[500], provider[500], room[700];
static size_t reply_len, seen, accepted;
static bool may_speak;
static uint64_t wake_at;
static comity_client *client;
static comity_reader *reader;
static comity_error *error; /* The program ends with the first one. */
static CURL *http;

static uint64_t now(void) { return (uint64_t)time(NULL) * 1000; }
static void stop(const char *why, const char *more) { fprintf(stderr, "chat: %s %s\n", why, more), exit(EXIT_FAILURE); }
static void must(comity_status status) { if (status != COMITY_OK) stop(error->name, error->message); }
static const char *option(const char *of, size_t nth) {
    for (char **at = arguments; at[0] != NULL && at[1] != NULL; at += 2)
        if (strcmp(at[0], of) == 0 && nth-- == 0) return at[1];
    return NULL;
}
/* The URI of `alice`, or of `alice@a.example`; kind is "/u/" or "/d/", or "" for the provider. */
static void uri(char out[500], const char *kind, const char *name) {
    size_t len = strcspn(name, "@");
    const char *domain = name[len] != 0 ? name + len + 1 : "relay.example";
    snprintf(out, 500, "mimi://%s%s%.*s", domain, kind, *kind != 0 ? (int)len : 0, name);
}
/* The transport: one call of docs/relay.md, with names and values of headers, and NULL. */
static long call(const char *what, const comity_bytes *body, ...) {
    char line[1000];
    long status = 0; struct curl_slist *list = NULL; va_list headers;
    va_start(headers, body);
    for (const char *name; (name = va_arg(headers, const char *)) != NULL;) {
        snprintf(line, sizeof line, "%s: %s", name, va_arg(headers, const char *));
        list = curl_slist_append(list, line);
    }
    va_end(headers);
    free(reply);
    FILE *sink = open_memstream(&reply, &reply_len);
    snprintf(line, sizeof line, "%s/%s", option("--relay", 0), what);
    curl_easy_reset(http);
    curl_easy_setopt(http, CURLOPT_URL, line);
    curl_easy_setopt(http, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(http, CURLOPT_WRITEDATA, sink);
    if (body != NULL) curl_easy_setopt(http, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
    if (body != NULL) curl_easy_setopt(http, CURLOPT_POSTFIELDS, body->len > 0 ? (const char *)body->data : "");
    if (curl_easy_perform(http) == CURLE_OK) curl_easy_getinfo(http, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(list);
    fclose(sink);
    return status;
}
/* Posts a request, and tells the client what came back: which is a step again. */
static comity_step *post(const comity_request *request) {
    comity_step *step;
    char id[33], kind[12];
    for (int i = 0; i < 16; i++) snprintf(id + 2 * i, 3, "%02x", request->id.octets[i]);
    snprintf(kind, sizeof kind, "%u", (unsigned)request->kind);
    long status = call("request", &request->body, "Comity-From", me, "Comity-Id", id, "Comity-Kind", kind, "Comity-To", request->to,
                       request->lane != NULL ? "Comity-Lane" : NULL, request->lane, NULL);
    must(status == 200   ? comity_client_answer(client, now(), &request->id, (const uint8_t *)reply, reply_len, &step, &error)
         : status == 404 ? comity_client_answer_undeliverable(client, now(), &request->id, &step, &error)
                         : comity_client_answer_unreachable(client, now(), &request->id, 0, &step, &error));
    return step;
}
static void show(const comity_message_id *id) {
    comity_messages *found;
    must(comity_reader_message(reader, now(), id, &found, &error));
    const comity_part *part = found->len > 0 && found->items[0]->content != NULL ? found->items[0]->content->part : NULL;
    /* An app asks comity_select which part it is to show. This one is sent plain text, for it advertises nothing more. */
    if (part != NULL) printf("%s: %.*s\n", found->items[0]->sender, (int)part->content.len, (const char *)part->content.data);
    fflush(stdout);
    comity_messages_free(found);
}
/* Does what a step asks for. That leads to further steps: they wait for their turn, so that requests go out in their order. */
static void take(comity_step *step) {
    static comity_step *queue[256];
    static uint8_t first, last; /* Of 256 places, so that they go round by themselves. */
    for (queue[last++] = step; first != last; comity_step_free(step)) {
        step = queue[first++];
        wake_at = step->has_wake_at ? step->wake_at : UINT64_MAX;
        for (size_t i = 0; i < step->requests_len; i++) queue[last++] = post(step->requests[i]);
        for (size_t i = 0; i < step->events_len; i++) {
            const comity_event *event = step->events[i];
            comity_event_kind kind = event->kind;
            if (kind == COMITY_EVENT_KIND_ROOM_INVITED)
                must(comity_client_respond(client, now(), event->room, COMITY_RESPONSE_ACCEPT, &queue[last++], &error));
            if (kind == COMITY_EVENT_KIND_ROOM_JOINED) snprintf(room, sizeof room, "%s", event->room);
            if (kind == COMITY_EVENT_KIND_ROOM_JOINED || kind == COMITY_EVENT_KIND_TASK_FINISHED) may_speak = true;
            if (kind == COMITY_EVENT_KIND_MESSAGE_RECEIVED) seen++, show(event->message);
            if (kind == COMITY_EVENT_KIND_MESSAGE_ACCEPTED) accepted++, show(event->message);
            if (kind == COMITY_EVENT_KIND_MESSAGE_REFUSED) stop("a message was refused:", event->reason_name);
        }
    }
}
static void open_file(const char *path) {
    comity_opening *opening; comity_media_types *types; comity_supported *supported; comity_step *step; comity_rooms *rooms;
    comity_requests *requests;
    bool is_new = access(path, F_OK) != 0;
    /* An app draws 32 random octets once and keeps them in the device's keystore: not in the program, and not beside the file. */
    const uint8_t key[32] = "only an example may do it so...";
    must(comity_opening_app(path, key, sizeof key, &opening, &error));
    must(is_new ? comity_client_create(now(), opening, user, me, &client, &error)
                : comity_client_open(now(), opening, &client, &error));
    comity_opening_free(opening);
    must(comity_client_reader(client, &reader, &error));
    if (call("login", &(comity_bytes){0}, "Comity-From", me, "Comity-User", user, NULL) != 204) stop("no login:", reply);
    must(comity_media_types_baseline(&types, &error));
    must(comity_supported_new(types, &supported, &error));
    if (is_new) must(comity_client_advertise(client, now(), supported, &step, &error)), take(step);
    comity_supported_free(supported), comity_media_types_free(types);
    must(comity_reader_outstanding(reader, NULL, 1000, &requests, &error));
    for (size_t i = 0; i < requests->len; i++) take(post(requests->items[i]));
    comity_requests_free(requests);
    must(comity_reader_rooms(reader, now(), &rooms, &error));
    for (size_t i = 0; i < rooms->len; i++)
        if ((may_speak = rooms->items[i]->phase == COMITY_PHASE_JOINED)) snprintf(room, sizeof room, "%s", rooms->items[i]->uri);
    comity_rooms_free(rooms);
}
static void open_room(void) {
    comity_new_room *new_room; comity_changes *changes; comity_step *step;
    char guest[500], line[502];
    must(comity_changes_new(&changes, &error));
    for (size_t i = 0; option("--with", i) != NULL; i++) {
        uri(guest, "/u/", option("--with", i));
        snprintf(line, sizeof line, "%s\n", guest);
        while (call("users", NULL, NULL) != 200 || strstr(reply, line) == NULL) poll(NULL, 0, 200); /* Not there yet. */
        must(comity_changes_invite(changes, guest, 0, &error));
    }
    if (call("hub-key", NULL, "Comity-To", provider, NULL) != 200) stop("no key of the hub:", reply);
    must(comity_new_room_new((const uint8_t *)reply, reply_len, &new_room, &error));
    snprintf(room, sizeof room, "%s/r/chat-%llu", provider, (unsigned long long)now());
    must(comity_client_create_room(client, now(), room, new_room, &step, &error));
    take(step);
    must(comity_client_change(client, now(), room, changes, &step, &error));
    take(step);
    comity_new_room_free(new_room);
    comity_changes_free(changes);
}
static void speak(const char *text) {
    comity_outgoing *outgoing; comity_step *step;
    must(comity_outgoing_text(text, strlen(text), &outgoing, &error));
    must(comity_client_send(client, now(), room, outgoing, COMITY_ALLOW_NOTHING, &step, &error));
    comity_outgoing_free(outgoing);
    take(step);
}
static const char *header(const char *name) {
    struct curl_header *found;
    return curl_easy_header(http, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : "";
}
/* Takes the next frame of the mailbox, if there is one. Where the mailbox stands is kept in the file, beside what it brought. */
static bool take_frame(const char *seconds) {
    comity_cursor *cursor; comity_batch *batch; comity_step *step;
    char after[32] = "0";
    must(comity_reader_cursor(reader, "relay", &cursor, &error));
    if (cursor != NULL) snprintf(after, sizeof after, "%.*s", (int)cursor->position.len, (const char *)cursor->position.data);
    comity_cursor_free(cursor);
    if (call("frame", NULL, "Comity-From", me, "Comity-After", after, "Comity-Wait", seconds, NULL) != 200) return false;
    const char *from = header("Comity-Hub"), *at = header("Comity-Cursor");
    must(comity_batch_new(&batch, &error));
    must(comity_batch_add(batch, header("Comity-Room"), from, COMITY_FRAME_KIND_FANOUT, (const uint8_t *)reply, reply_len, &error));
    must(comity_batch_set_cursor(batch, "relay", (const uint8_t *)at, strlen(at), &error));
    must(comity_client_receive(client, now(), batch, &step, &error));
    comity_batch_free(batch);
    take(step);
    return true;
}
int main(int argc, char **argv) {
    arguments = argv + 1;
    const char *name = option("--user", 0), *path = option("--file", 0), *until = option("--until-seen", 0), *quit, *say;
    if (argc % 2 == 0 || name == NULL || path == NULL || option("--relay", 0) == NULL) stop("docs/relay.md", "tells the arguments");
    if ((quit = option("--quit-after", 0)) != NULL) alarm((unsigned)strtoul(quit, NULL, 10));
    uri(user, "/u/", name), uri(me, "/d/", name), uri(provider, "", name);
    http = curl_easy_init();
    open_file(path);
    if (option("--with", 0) != NULL) open_room();
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char line[4000];
    for (size_t said = 0; until == NULL || seen < strtoul(until, NULL, 10) || option("--say", accepted) != NULL;) {
        comity_step *step;
        while (may_speak && (say = option("--say", said)) != NULL) speak(say), said++;
        if (now() >= wake_at) must(comity_client_wake(client, now(), &step, &error)), take(step);
        if (take_frame(input.fd < 0 ? "1" : "0") || !may_speak || poll(&input, 1, 200) <= 0) continue;
        if (fgets(line, sizeof line, stdin) == NULL) input.fd = -1; /* Nobody types any more. */
        else if (strtok(line, "\n") != NULL) speak(line);
    }
    comity_reader_free(reader), must(comity_client_close(client, &error));
    curl_easy_cleanup(http), free(reply);
}
