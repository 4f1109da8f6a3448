/*
 * Two threads on one client: one is told COMITY_CODE_CONCURRENT_USE, and nothing else happens. Readers and interrupters on any
 * thread. Prints nothing.
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <comity.h>

#define CALLS 20000

static comity_client *client;
static comity_reader *reader;
static comity_interrupter *interrupter;

/* Tells whether the process goes on to hold. */
static void check(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "threads.c: it does not hold that %s\n", what);
        exit(1);
    }
}

/* Wakes the client until it has met the other thread, which happens soon. */
static void *wake(void *met)
{
    size_t *concurrent = met;
    for (int i = 0; i < CALLS && *concurrent < 3; i++) {
        comity_step *step;
        comity_error *error;
        comity_status status = comity_client_wake(client, 1, &step, &error);
        check(status == COMITY_OK || status == COMITY_CODE_CONCURRENT_USE, "a call is made, or told of the other");
        check((status == COMITY_OK) == (step != NULL), "a step comes of a call that was made");
        *concurrent += status == COMITY_CODE_CONCURRENT_USE;
        comity_step_free(step);
        comity_error_free(error);
    }
    return NULL;
}

static void *ask(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++) {
        comity_events *events;
        check(comity_reader_events(reader, 0, 10, &events, NULL) == COMITY_OK, "a reader answers on any thread");
        comity_events_free(events);
        check(comity_interrupter_interrupt(interrupter, NULL) == COMITY_OK, "an interrupter works on any thread");
    }
    return NULL;
}

int main(void)
{
    char dir[] = "/tmp/comity-threads-XXXXXX", path[64];
    uint8_t key[32] = {7};
    comity_opening *opening;
    size_t met[2] = {0, 0};
    pthread_t threads[4];

    check(mkdtemp(dir) != NULL, "there is a directory");
    snprintf(path, sizeof path, "%s/client", dir);
    check(comity_opening_app(path, key, sizeof key, &opening, NULL) == COMITY_OK, "there is an opening");
    check(comity_client_create(1, opening, "mimi://a.example/u/a", "mimi://a.example/d/a", &client, NULL) == COMITY_OK,
          "there is a client");
    check(comity_client_reader(client, &reader, NULL) == COMITY_OK, "there is a reader");
    check(comity_client_interrupter(client, &interrupter, NULL) == COMITY_OK, "there is an interrupter");
    comity_opening_free(opening);

    pthread_create(&threads[0], NULL, wake, &met[0]);
    pthread_create(&threads[1], NULL, wake, &met[1]);
    pthread_create(&threads[2], NULL, ask, NULL);
    pthread_create(&threads[3], NULL, ask, NULL);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    check(met[0] + met[1] > 0, "two threads met at least once");

    check(comity_client_close(client, NULL) == COMITY_OK, "the client closes");
    check(comity_interrupter_interrupt(interrupter, NULL) == COMITY_OK, "an interrupter outlives its client");
    comity_interrupter_free(interrupter);
    comity_reader_free(reader);
    check(comity_client_wipe(path, NULL) == COMITY_OK && rmdir(dir) == 0, "nothing is left behind");
    return 0;
}
