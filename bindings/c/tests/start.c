/*
 * A client, from nothing to its first requests: what docs/c.md shows. Prints how many there are.
 */
#include <comity.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now(void)
{
    return (uint64_t)time(NULL) * 1000;
}

/* ANCHOR: done */
static void done(comity_status status, comity_error *error)
{
    if (status != COMITY_OK) {
        fprintf(stderr, "comity: %s: %s\n", error->name, error->message);
        comity_error_free(error);
        exit(EXIT_FAILURE);
    }
}
/* ANCHOR_END: done */

/* ANCHOR: take */
/* Here an app posts each request to its server, and hands the reply to comity_client_answer. */
static void take(comity_step *step)
{
    for (size_t i = 0; i < step->requests_len; i++) {
        const comity_request *request = step->requests[i];
        printf("to %s: %zu octets\n", request->to, request->body.len);
    }
    comity_step_free(step);
}
/* ANCHOR_END: take */

int main(void)
{
    comity_error *error = NULL;
    comity_opening *opening;
    comity_client *client;
    comity_media_types *types;
    comity_supported *supported;
    comity_step *step;
    const char *path = "start.comity";
    uint8_t key[32];

    /* ANCHOR: create */
    memset(key, 7, sizeof key); /* An app draws it, and keeps it in the device's keystore. */
    done(comity_opening_app(path, key, sizeof key, &opening, &error), error);
    done(comity_client_create(now(), opening, "mimi://a.example/u/alice", "mimi://a.example/d/alice-desktop", &client, &error),
         error);
    comity_opening_free(opening);
    /* ANCHOR_END: create */

    /* ANCHOR: advertise */
    /* Say what this app can show: what every MIMI client can, and HTML. */
    done(comity_media_types_baseline(&types, &error), error);
    done(comity_media_types_add(types, "text/html;charset=utf-8", &error), error);
    done(comity_supported_new(types, &supported, &error), error);
    done(comity_client_advertise(client, now(), supported, &step, &error), error);
    comity_supported_free(supported);
    comity_media_types_free(types);
    take(step);
    /* ANCHOR_END: advertise */

    done(comity_client_close(client, &error), error);
    done(comity_client_wipe(path, &error), error);
    return EXIT_SUCCESS;
}
