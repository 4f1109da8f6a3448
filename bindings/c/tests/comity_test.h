/*
 * Providers with hubs, in one process, and every error at will: what tests need besides the library. From crates/ffi-test, which never ships. Whatever goes
 * wrong in it ends the process. One thread at a time; what it hands out lives until the next call on the same network.
 */
#ifndef COMITY_TEST_H
#define COMITY_TEST_H

#include <comity.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct comity_test_network comity_test_network;

/* A network without providers; each exists from the first time that it is named. */
comity_test_network *comity_test_network_new(void);
void comity_test_network_free(comity_test_network *network);

/* Lets a client log in at its provider. */
void comity_test_network_register(comity_test_network *network, const char *user, const char *client);

/* The key of a provider's hub. */
void comity_test_network_hub_key(comity_test_network *network, const char *provider, const uint8_t **key, size_t *key_len);

/* Posts a request for a client. 0: `answer` holds the body of the answer; 1: nobody answered; 2: it will never be delivered. */
uint32_t comity_test_network_post(comity_test_network *network, uint64_t now, const char *user, const char *client,
                                  const char *to, const char *lane, uint32_t kind, const uint8_t id[16], const uint8_t *body,
                                  size_t body_len, const uint8_t **answer, size_t *answer_len);

/* How many frames a client ever got, and one of them. */
size_t comity_test_network_mail_len(comity_test_network *network, const char *client);
void comity_test_network_mail(comity_test_network *network, const char *client, size_t index, const char **room,
                              const char **from, const uint8_t **frame, size_t *frame_len);

/* Fails with a number of comity_code; 0 if no call can fail with it. How many numbers that knows. */
comity_status comity_test_fail(int32_t number, comity_error **error);
size_t comity_test_failures(void);

/* Panics in the middle of a call on a client. */
comity_status comity_test_panic(comity_client *client, comity_error **error);

#ifdef __cplusplus
}
#endif
#endif
