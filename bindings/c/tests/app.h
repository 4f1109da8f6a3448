/*
 * A host around one client, and two of them in a room, as the tests need it: it posts what steps ask for until nothing is left, and prints what happens. The
 * lines are those of crates/ffi-test/src/story.rs.
 */
#ifndef APP_H
#define APP_H

#include <comity.h>

#include "comity_test.h"

#define ROOM "mimi://a.example/r/lunch"
#define HTML "text/html;charset=utf-8"

struct world {
    comity_test_network *network;
    uint64_t now;
};

struct app {
    struct world *world;
    const char *name;
    char user[128];
    char client_uri[128];
    char path[512];
    comity_client *client;
    comity_reader *reader;
    size_t taken;
};

/* Two providers, a client at each, and a folder for their files. */
struct pair {
    struct world world;
    struct app alice, bob;
    char dir[32];
};

/* The present, in milliseconds since 1970. */
uint64_t present(void);

/* Ends the test unless a call did what was asked. Takes the error. */
void must_at(comity_status status, comity_error **error, const char *file, int line);
#define must(call) must_at((call), &error, __FILE__, __LINE__)
/* Ends the test unless something holds. */
void check_at(int holds, const char *what, const char *file, int line);
#define check(holds) check_at((holds), #holds, __FILE__, __LINE__)

/* Ends the test unless a call failed with a code, and told so. Frees the error. */
void fails_at(comity_status status, comity_status wanted, comity_error **error, const char *file, int line);
#define fails(code, call) fails_at((call), (code), &error, __FILE__, __LINE__)

int reads(comity_text text, const char *wanted);
int holds(comity_bytes octets, const char *wanted);
int same(const comity_message_id *one, const comity_message_id *other);

/* Prints a fact on a line of its own. */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints an error as a fact, and frees it. */
void tell_error(comity_error *error);
/* A message id as 64 hex digits. The result is one of four buffers, used in turn. */
const char *hex(const comity_message_id *id);

/* What MIMI requires of every client and films; with `html`, that too. */
comity_supported *supports(int html);

void app_create(struct app *app, struct world *world, const char *dir, const char *provider, const char *name);
void app_close(struct app *app);
/* Opens the app's file with a key of equal octets. */
comity_status app_open(struct app *app, uint8_t key, comity_client **client, comity_error **error);

/* Says what the app's person can see, in all rooms. */
void app_advertise(struct app *app, int html);

/* Prints a step, posts its requests and feeds the answers back until nothing is left. Frees it. */
void app_take(struct app *app, comity_step *step);
/* Prints a step as facts, without posting anything. */
void app_tell_step(const struct app *app, const comity_step *step);
/* Posts requests, and what follows from them. */
void app_post(struct app *app, const comity_request *const *requests, size_t len);

/* Takes the frames that were not taken yet. */
void app_take_mail(struct app *app);
/* Adds a frame of the mailbox to a batch; one bit of the octet at `flip` is flipped, if that is not negative. */
void app_add_mail(const struct app *app, comity_batch *batch, size_t index, long flip);
/* Receives a batch, and frees it. */
void app_receive(struct app *app, comity_batch *batch);

/* Sends, prints the id, frees the message. */
comity_message_id app_send(struct app *app, const char *room, comity_outgoing *outgoing);
comity_outgoing *text_of(const char *text);
/* Two alternatives: HTML, and plain text unless that is NULL. */
comity_outgoing *html_of(const char *html, const char *text);
/* Prints who would see what. */
void app_plan(const struct app *app, const char *room, const comity_outgoing *outgoing);
/* Prints everything that the person sees. */
void app_read(const struct app *app, const char *room, int html);

/* Key packages, a room, an invitation: both are in ROOM then. Alice sees HTML. */
void pair_meet(struct pair *pair, const char *alice, const char *bob);
/* Closes both, and leaves nothing behind. */
void pair_part(struct pair *pair);

#endif
