/*
 * Messages: every way to make, send, look at and take back one that the story does not have, and what the other side sees.
 */
#include <string.h>

#include "app.h"

static comity_messages *message_of(const struct app *app, const comity_message_id *id)
{
    comity_error *error = NULL;
    comity_messages *found;
    must(comity_reader_message(app->reader, app->world->now, id, &found, &error));
    return found;
}

static comity_part *text_in(const char *text, const char *language)
{
    comity_error *error = NULL;
    comity_part *part, *spoken;
    must(comity_part_text(text, strlen(text), &part, &error));
    must(comity_part_in_language(part, language, &spoken, &error));
    check(reads(part->language, "") && reads(spoken->language, language) && holds(spoken->content, text));
    comity_part_free(part);
    return spoken;
}

/* A message in German and French. The one that is chosen is what a person's languages say. */
static void languages_choose(struct pair *pair)
{
    comity_error *error = NULL;
    comity_outgoing *outgoing;
    comity_selection *selection;
    comity_part *german = text_in("Guten Appetit", "de"), *french = text_in("Bon app\xC3\xA9tit", "fr"), *both;
    comity_parts *parts;

    must(comity_parts_new(&parts, &error));
    must(comity_parts_add(parts, german, &error));
    must(comity_parts_add(parts, french, &error));
    must(comity_part_multi(COMITY_DISPOSITION_RENDER, COMITY_SEMANTICS_CHOOSE_ONE, parts, &both, &error));
    comity_parts_free(parts);
    must(comity_outgoing_new(&outgoing, &error));
    must(comity_outgoing_add(outgoing, both, &error));
    comity_part_free(both);
    comity_message_id id = app_send(&pair->alice, ROOM, outgoing);
    app_take_mail(&pair->bob);
    comity_messages *there = message_of(&pair->bob, &id);
    check(there->len == 1);
    for (int i = 0; i < 2; i++) {
        comity_supported *supported = supports(0);
        must(comity_supported_add_language(supported, i == 0 ? "de" : "fr", &error));
        must(comity_select(there->items[0]->octets.data, there->items[0]->octets.len, supported, &selection, &error));
        check(selection->chosen_len == 1);
        check(reads(selection->chosen[0]->part->language, i == 0 ? "de" : "fr"));
        comity_selection_free(selection);
        comity_supported_free(supported);
    }
    comity_messages_free(there);
    comity_part_free(german);
    comity_part_free(french);
}

static void check_page(comity_messages *page, size_t len, const comity_message_id *first)
{
    check(page->len == len);
    check(len == 0 || same(&page->items[0]->id, first));
    comity_messages_free(page);
}

/* The one before, and the one behind; the second of three is a reply, of a topic, that ends. */
static void a_message_tells_everything_about_itself(struct pair *pair)
{
    static const char markdown[] = "*Hello*";
    comity_error *error = NULL;
    comity_outgoing *outgoing;
    comity_content *decoded;
    comity_messages *page;
    struct app *alice = &pair->alice, *bob = &pair->bob;
    uint32_t ends = (uint32_t)(pair->world.now / 1000) + 3600;

    must(comity_outgoing_markdown(markdown, strlen(markdown), &outgoing, &error));
    comity_message_id first = app_send(alice, ROOM, outgoing);
    app_take_mail(bob);
    outgoing = text_of("Hi");
    must(comity_outgoing_in_reply_to(outgoing, &first, &error));
    must(comity_outgoing_in_topic(outgoing, (const uint8_t *)"greetings", 9, &error));
    must(comity_outgoing_expiring(outgoing, COMITY_EXPIRES_AT, ends, &error));
    comity_message_id second = app_send(bob, ROOM, outgoing);
    app_take_mail(alice);
    comity_message_id third = app_send(alice, ROOM, text_of("How are you?"));
    app_take_mail(bob);

    comity_messages *there = message_of(alice, &second);
    check(there->len == 1);
    const comity_message *message = there->items[0];
    check(same(&message->id, &second) && strcmp(message->sender, bob->user) == 0);
    check(strcmp(message->client, bob->client_uri) == 0 && message->has_accepted && message->epoch > 0);
    check(message->delivery == COMITY_DELIVERY_RECEIVED && !message->deleted && !message->read);
    check(message->has_expires && message->expires == (uint64_t)ends * 1000);
    must(comity_content_decode(message->octets.data, message->octets.len, &decoded, &error));
    for (int i = 0; i < 2; i++) {
        const comity_content *content = i == 0 ? message->content : decoded;
        check(same(content->in_reply_to, &first) && content->replaces == NULL && holds(content->topic, "greetings"));
        check(content->expires == COMITY_EXPIRES_AT && content->expires_seconds == ends);
        check(holds(content->part->content, "Hi"));
    }
    comity_content_free(decoded);

    must(comity_reader_timeline_before(alice->reader, pair->world.now, ROOM, &message->position, 1, &page, &error));
    check_page(page, 1, &first);
    must(comity_reader_timeline_after(alice->reader, pair->world.now, ROOM, &message->position, 10, &page, &error));
    check_page(page, 1, &third);
    must(comity_reader_timeline_after(alice->reader, pair->world.now, ROOM, &message->position, 0, &page, &error));
    check_page(page, 0, NULL);
    comity_messages_free(there);

    there = message_of(bob, &first);
    check(there->len == 1 && reads(there->items[0]->content->part->media_type, "text/markdown;variant=GFM-MIMI"));
    check(holds(there->items[0]->content->part->content, markdown));
    comity_messages_free(there);
}

static void a_deleted_message_is_gone_for_everybody(struct pair *pair)
{
    static const char markdown[] = "~~never~~ mind";
    comity_error *error = NULL;
    comity_outgoing *outgoing;
    comity_part *part;

    must(comity_part_markdown(markdown, strlen(markdown), &part, &error));
    must(comity_outgoing_new(&outgoing, &error));
    must(comity_outgoing_add(outgoing, part, &error));
    comity_part_free(part);
    comity_message_id id = app_send(&pair->alice, ROOM, outgoing);
    app_take_mail(&pair->bob);
    comity_messages *there = message_of(&pair->bob, &id);
    check(there->len == 1 && !there->items[0]->deleted && holds(there->items[0]->content->part->content, markdown));
    comity_messages_free(there);

    must(comity_outgoing_deletion(&id, &outgoing, &error));
    app_send(&pair->alice, ROOM, outgoing);
    app_take_mail(&pair->bob);
    there = message_of(&pair->bob, &id);
    check(there->len == 1 && there->items[0]->deleted);
    check(there->items[0]->content == NULL && there->items[0]->octets.len == 0);
    comity_messages_free(there);
}

static void a_preview_shows_what_a_frame_holds_and_takes_nothing(struct pair *pair)
{
    comity_error *error = NULL;
    comity_preview *preview;
    const char *room, *from;
    const uint8_t *frame;
    size_t frame_len;
    struct app *bob = &pair->bob;

    comity_message_id id = app_send(&pair->alice, ROOM, text_of("Look"));
    comity_test_network_mail(pair->world.network, bob->client_uri, bob->taken, &room, &from, &frame, &frame_len);
    must(comity_reader_preview(bob->reader, pair->world.now, room, from, COMITY_FRAME_KIND_FANOUT, frame, frame_len, &preview, &error));
    check(preview != NULL && strcmp(preview->room, ROOM) == 0 && same(&preview->message, &id) && preview->notify);
    check(strcmp(preview->sender, pair->alice.user) == 0 && strcmp(preview->client, pair->alice.client_uri) == 0);
    check(preview->accepted > 0 && holds(preview->content->part->content, "Look"));
    comity_preview_free(preview);
    comity_messages *there = message_of(bob, &id);
    check(there->len == 0);
    comity_messages_free(there);
    app_take_mail(bob);
    there = message_of(bob, &id);
    check(there->len == 1);
    comity_messages_free(there);
}

/* Sends what cannot be delivered, and says which request that was. */
static comity_request_id send_in_vain(struct app *alice, comity_message_id *id)
{
    comity_error *error = NULL;
    comity_step *step;
    comity_outgoing *outgoing = text_of("x");
    must(comity_client_send(alice->client, alice->world->now, ROOM, outgoing, COMITY_ALLOW_NOTHING, &step, &error));
    comity_outgoing_free(outgoing);
    check(step->made_message != NULL && step->requests_len == 1);
    *id = *step->made_message;
    comity_request_id request = step->requests[0]->id;
    comity_step_free(step);
    return request;
}

static void what_could_not_be_sent_is_sent_again_or_withdrawn(struct pair *pair)
{
    comity_error *error = NULL;
    comity_step *step;
    comity_message_id id;
    struct app *alice = &pair->alice;

    comity_request_id request = send_in_vain(alice, &id);
    must(comity_client_answer_undeliverable(alice->client, pair->world.now, &request, &step, &error));
    comity_step_free(step);
    comity_messages *there = message_of(alice, &id);
    check(there->len == 1 && there->items[0]->delivery == COMITY_DELIVERY_UNDELIVERABLE);
    comity_messages_free(there);
    must(comity_client_resolve(alice->client, pair->world.now, &id, COMITY_RESOLUTION_RETRY, &step, &error));
    check(step->requests_len == 1);
    request = step->requests[0]->id;
    comity_step_free(step);
    must(comity_client_answer_undeliverable(alice->client, pair->world.now, &request, &step, &error));
    comity_step_free(step);
    must(comity_client_resolve(alice->client, pair->world.now, &id, COMITY_RESOLUTION_WITHDRAW, &step, &error));
    comity_step_free(step);
    there = message_of(alice, &id);
    check(there->len == 0);
    comity_messages_free(there);
}

static void nobody_answers_and_the_request_is_handed_out_again(struct pair *pair)
{
    comity_error *error = NULL;
    comity_step *step;
    comity_message_id id;
    bool is_set = false;
    uint64_t wake_at = 0;
    struct app *alice = &pair->alice;

    comity_request_id request = send_in_vain(alice, &id);
    must(comity_client_answer_unreachable(alice->client, pair->world.now, &request, 90000, &step, &error));
    check(step->has_wake_at && step->wake_at >= pair->world.now + 90000);
    must(comity_reader_wake_at(alice->reader, &is_set, &wake_at, &error));
    check(is_set && wake_at == step->wake_at);
    comity_step_free(step);
    must(comity_client_wake(alice->client, wake_at, &step, &error));
    check(step->requests_len == 1 && step->requests[0]->attempt == 1 && strcmp(step->requests[0]->lane, ROOM) == 0);
    check(memcmp(&step->requests[0]->id, &request, sizeof request) == 0);
    app_take(alice, step);
}

static void the_log_is_read_and_forgotten_and_a_queue_has_its_place(struct pair *pair)
{
    comity_error *error = NULL;
    comity_events *events;
    comity_step *step;
    comity_batch *batch;
    comity_cursor *cursor;
    struct app *alice = &pair->alice;

    must(comity_reader_events(alice->reader, 0, 1000, &events, &error));
    check(events->len > 4 && events->items[0]->seq == 1);
    comity_events_free(events);
    must(comity_client_forget(alice->client, pair->world.now, 3, &step, &error));
    comity_step_free(step);
    must(comity_reader_events(alice->reader, 0, 1, &events, &error));
    check(events->len == 1 && events->items[0]->seq == 4);
    comity_events_free(events);

    must(comity_reader_cursor(alice->reader, "push", &cursor, &error));
    check(cursor == NULL);
    must(comity_batch_new(&batch, &error));
    must(comity_batch_set_cursor(batch, "push", (const uint8_t *)"\0\xff", 2, &error));
    must(comity_client_receive(alice->client, pair->world.now, batch, &step, &error));
    comity_batch_free(batch);
    comity_step_free(step);
    must(comity_reader_cursor(alice->reader, "push", &cursor, &error));
    check(cursor != NULL && strcmp(cursor->queue, "push") == 0);
    check(cursor->position.len == 2 && memcmp(cursor->position.data, "\0\xff", 2) == 0);
    comity_cursor_free(cursor);
}

int main(void)
{
    struct pair pair;

    pair_meet(&pair, "alice", "bob");
    languages_choose(&pair);
    a_message_tells_everything_about_itself(&pair);
    a_deleted_message_is_gone_for_everybody(&pair);
    a_preview_shows_what_a_frame_holds_and_takes_nothing(&pair);
    what_could_not_be_sent_is_sent_again_or_withdrawn(&pair);
    nobody_answers_and_the_request_is_handed_out_again(&pair);
    the_log_is_read_and_forgotten_and_a_queue_has_its_place(&pair);
    pair_part(&pair);
    return 0;
}
