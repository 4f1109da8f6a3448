/*
 * How long a `send` takes in C, turn by turn: `sends --folder DIR`, driven by `cargo xtask bench faces`. The lines that come and go are
 * those of crates/ffi-test/src/bin/sends.rs.
 */
#define _POSIX_C_SOURCE 200809L
#include <comity.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "comity_test.h"

#define NOW 1790000000000U
#define ALICE "mimi://a.example/u/alice"
#define PHONE "mimi://a.example/d/alice-phone"
#define LUNCH "mimi://a.example/r/lunch"

/* The things that are measured, and how they are called. */
enum { SEND, TEXT, CALL, FREE, QUERY, THINGS };
static const char *const names[THINGS] = {"send", "text", "call", "free", "query"};

/* A client alone in its room. */
struct lunch {
    comity_test_network *network;
    comity_client *client;
    comity_reader *reader;
};

static void must_at(comity_status status, comity_error *error, int line)
{
    if (status != COMITY_OK) {
        fprintf(stderr, "sends.c:%d: %d %s\n", line, status, error ? error->message : "?");
        exit(1);
    }
}
#define must(call) must_at((call), error, __LINE__)

static uint64_t nanos(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

/* Posts the requests of a step, and what follows from the answers. */
static void post(struct lunch *lunch, const comity_step *step)
{
    comity_error *error = NULL;
    for (size_t i = 0; i < step->requests_len; i++) {
        const comity_request *request = step->requests[i];
        const uint8_t *body;
        size_t body_len;
        comity_step *next;
        if (comity_test_network_post(lunch->network, NOW, ALICE, PHONE, request->to, request->lane, request->kind,
                                     request->id.octets, request->body.data, request->body.len, &body, &body_len) != 0) {
            fprintf(stderr, "sends.c: nobody answered\n");
            exit(1);
        }
        must(comity_client_answer(lunch->client, NOW, &request->id, body, body_len, &next, &error));
        post(lunch, next);
        comity_step_free(next);
    }
}

static void open_lunch(struct lunch *lunch, const char *folder)
{
    comity_error *error = NULL;
    comity_opening *opening;
    comity_new_room *room;
    comity_step *step;
    char path[4096];
    uint8_t key[32];
    const uint8_t *hub_key;
    size_t hub_key_len;
    snprintf(path, sizeof path, "%s/alice.comity", folder);
    memset(key, 7, sizeof key);
    lunch->network = comity_test_network_new();
    comity_test_network_register(lunch->network, ALICE, PHONE);
    must(comity_opening_app(path, key, sizeof key, &opening, &error));
    must(comity_client_create(NOW, opening, ALICE, PHONE, &lunch->client, &error));
    must(comity_client_reader(lunch->client, &lunch->reader, &error));
    comity_opening_free(opening);
    comity_test_network_hub_key(lunch->network, "mimi://a.example", &hub_key, &hub_key_len);
    must(comity_new_room_new(hub_key, hub_key_len, &room, &error));
    must(comity_client_create_room(lunch->client, NOW, LUNCH, room, &step, &error));
    comity_new_room_free(room);
    post(lunch, step);
    comity_step_free(step);
}

/* Sends, and has it accepted. */
static void send_text(struct lunch *lunch, const char *text, size_t len, uint64_t took[THINGS])
{
    comity_error *error = NULL;
    comity_outgoing *outgoing;
    comity_step *step;
    uint64_t begun = nanos();
    must(comity_outgoing_text(text, len, &outgoing, &error));
    uint64_t made = nanos();
    must(comity_client_send(lunch->client, NOW, LUNCH, outgoing, COMITY_ALLOW_NOTHING, &step, &error));
    uint64_t sent = nanos();
    post(lunch, step);
    uint64_t posted = nanos();
    comity_step_free(step);
    comity_outgoing_free(outgoing);
    took[FREE] = nanos() - posted;
    took[SEND] = sent - begun;
    took[TEXT] = made - begun;
    took[CALL] = sent - made;
}

static uint64_t ask_nothing(const struct lunch *lunch)
{
    comity_error *error = NULL;
    comity_task_id id = {{0}};
    comity_task *task;
    uint64_t begun = nanos();
    must(comity_reader_task(lunch->reader, &id, &task, &error));
    uint64_t took = nanos() - begun;
    if (task != NULL) {
        fprintf(stderr, "sends.c: nobody made such a task\n");
        exit(1);
    }
    return took;
}

static int ascending(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

/* Prints the middle one of each. */
static void take_turn(struct lunch *lunch, size_t octets, size_t times)
{
    char *text = malloc(octets + 1);
    uint64_t *all = calloc(times * THINGS, sizeof *all);
    if (text == NULL || all == NULL) {
        exit(1);
    }
    memset(text, 'x', octets);
    for (size_t i = 0; i < times; i++) {
        uint64_t took[THINGS];
        send_text(lunch, text, octets, took);
        took[QUERY] = ask_nothing(lunch);
        for (size_t thing = 0; thing < THINGS; thing++) {
            all[thing * times + i] = took[thing];
        }
    }
    for (size_t thing = 0; thing < THINGS; thing++) {
        qsort(all + thing * times, times, sizeof *all, ascending);
        printf("%s\"%s\":%llu", thing == 0 ? "{" : ",", names[thing], (unsigned long long)all[thing * times + times / 2]);
    }
    puts("}");
    fflush(stdout);
    free(all);
    free(text);
}

int main(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[1], "--folder") != 0) {
        fprintf(stderr, "sends --folder DIR\n");
        return 2;
    }
    struct lunch lunch;
    open_lunch(&lunch, argv[2]);
    unsigned long octets, times;
    while (scanf("%lu %lu", &octets, &times) == 2 && times > 0) {
        take_turn(&lunch, octets, times);
    }
    return 0;
}
