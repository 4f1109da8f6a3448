/*
 * What needs no client: messages folded, links and mentions of Markdown, what is said of files that lie elsewhere. Prints nothing.
 */
#include <comity.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define check(holds) check_at((holds), #holds, __LINE__)
#define must(call) check_at((call) == COMITY_OK, #call, __LINE__)

static const char ALICE[] = "mimi://a.example/u/alice";
static const char BOB[] = "mimi://b.example/u/bob";

static void check_at(int holds, const char *what, int line)
{
    if (!holds) {
        fprintf(stderr, "pure.c:%d: it does not hold that %s\n", line, what);
        exit(1);
    }
}

static comity_message_id id_of(uint8_t octet)
{
    comity_message_id id;
    memset(id.octets, octet, sizeof id.octets);
    id.octets[0] = 1; /* SHA-256. */
    return id;
}

static int same(const comity_message_id *one, const comity_message_id *other)
{
    return memcmp(one->octets, other->octets, sizeof one->octets) == 0;
}

static size_t put(uint8_t *at, const void *octets, size_t len)
{
    memcpy(at, octets, len);
    return len;
}

static size_t put_id(uint8_t *at, uint8_t octet)
{
    comity_message_id id = id_of(octet);
    if (octet == 0) {
        return put(at, "\xf6", 1);
    }
    return put(at, "\x58\x20", 2) + put(at + 2, id.octets, sizeof id.octets);
}

/* Adds the message `octet`, which says "text"; 0 for no other message. `reacts`: with the disposition of a reaction. */
static comity_status add(comity_fold *fold, uint8_t octet, const char *sender, uint8_t replaces, uint8_t in_reply_to, int reacts,
                         uint64_t may)
{
    uint8_t content[256];
    size_t len = put(content, "\x87\x50", 2);
    comity_message_id id = id_of(octet);
    memset(content + len, octet, 16); /* The salt. */
    len += 16;
    len += put_id(content + len, replaces);
    len += put(content + len, "\x40\xf6", 2); /* No topic, no end. */
    len += put_id(content + len, in_reply_to);
    len += put(content + len, "\xa0\x85", 2); /* No extensions. */
    content[len++] = reacts ? COMITY_DISPOSITION_REACTION : COMITY_DISPOSITION_RENDER;
    len += put(content + len, "\x60\x01\x78\x18text/plain;charset=utf-8\x44text", 33);
    return comity_fold_add(fold, &id, sender, octet, content, len, may, NULL);
}

static void folding(void)
{
    comity_fold *fold;
    comity_timeline *timeline;
    comity_message_id first = id_of(2), edit = id_of(3), reaction = id_of(6), lost = id_of(7), stranger = id_of(5), late = id_of(8);

    must(comity_fold_new(&fold, NULL));
    must(add(fold, 8, ALICE, 4, 0, 0, UINT64_C(1) << COMITY_ACTION_SEND)); /* May not edit. */
    must(add(fold, 7, BOB, 99, 0, 0, UINT64_MAX));                         /* Edits what nobody has. */
    must(add(fold, 6, BOB, 0, 2, 1, UINT64_C(1) << COMITY_ACTION_REACT));
    must(add(fold, 5, BOB, 2, 0, 0, UINT64_MAX)); /* Edits what another one said. */
    must(add(fold, 4, ALICE, 0, 2, 0, 0));        /* A reply. */
    must(add(fold, 3, ALICE, 2, 0, 0, UINT64_C(1) << COMITY_ACTION_EDIT_OWN));
    must(add(fold, 2, ALICE, 0, 0, 0, 0));
    check(comity_fold_add(fold, &first, "nobody", 1, NULL, 0, 0, NULL) == COMITY_CODE_INVALID_ARGUMENT);
    check(comity_fold_add(fold, &first, ALICE, 1, (const uint8_t *)"garbage", 7, 0, NULL) == COMITY_CODE_INVALID_ARGUMENT);
    check(comity_fold_add(fold, NULL, ALICE, 1, NULL, 0, 0, NULL) == COMITY_CODE_NULL_ARGUMENT);
    must(comity_fold_timeline(fold, &timeline, NULL));
    comity_fold_free(fold);

    check(timeline->entries_len == 2);
    const comity_entry *said = timeline->entries[0], *reply = timeline->entries[1];
    check(same(&said->id, &first) && strcmp(said->sender, ALICE) == 0 && said->accepted == 2);
    check(said->versions_len == 2 && same(&said->versions[1]->id, &edit) && said->deleted == NULL);
    check(said->versions[1]->part->content.len == 4 && memcmp(said->versions[1]->part->content.data, "text", 4) == 0);
    check(said->expires == COMITY_EXPIRES_NEVER && said->in_reply_to == NULL);
    check(said->reactions_len == 1 && same(&said->reactions[0]->id, &reaction) && strcmp(said->reactions[0]->sender, BOB) == 0);
    check(same(said->reactions[0]->target.root, &first));
    check(reply->versions_len == 1 && same(&reply->in_reply_to->version, &first) && reply->in_reply_to->is_outdated);
    check(!reply->in_reply_to->loops);
    check(timeline->waiting_len == 1 && same(&timeline->waiting[0], &lost));
    check(timeline->refused_len == 2);
    check(same(&timeline->refused[0]->id, &stranger) && timeline->refused[0]->because == COMITY_REFUSED_BECAUSE_UNAUTHORIZED);
    check(same(&timeline->refused[1]->id, &late) && timeline->refused[1]->because == COMITY_REFUSED_BECAUSE_UNAUTHORIZED);
    comity_timeline_free(timeline);

    must(comity_fold_new(&fold, NULL));
    must(comity_fold_timeline(fold, &timeline, NULL));
    check(timeline->entries_len == 0 && timeline->waiting_len == 0 && timeline->refused_len == 0);
    comity_timeline_free(timeline);
    comity_fold_free(fold);
}

static int is(comity_text text, const char *wanted)
{
    return text.len == strlen(wanted) && memcmp(text.data, wanted, text.len) == 0;
}

static void linking(void)
{
    static const char text[] = "Hi [Bob](mimi://b.example/u/bob), [Zoe](mimi://z.example/u/zoe): [https://a.example](http://a.example) "
                               "![cat](https://evil.example/cat.png) [https://a.example](https://b.example)";
    const char *users[] = {ALICE, BOB}, *wrong[] = {ALICE, "bob"}, *nulls[] = {NULL};
    comity_links *links;
    comity_mentions *mentions;

    must(comity_markdown_links(text, strlen(text), &links, NULL));
    check(links->len == 5);
    check(is(links->items[0]->text, "Bob") && is(links->items[0]->target, BOB));
    check(links->items[0]->kind == COMITY_LINK_KIND_USER && links->items[0]->agreement == COMITY_AGREEMENT_SILENT);
    check(links->items[2]->kind == COMITY_LINK_KIND_WEB && links->items[2]->agreement == COMITY_AGREEMENT_DOWNGRADE);
    check(links->items[3]->is_image && !links->items[2]->is_image);
    check(links->items[4]->agreement == COMITY_AGREEMENT_DIFFERS);
    comity_links_free(links);

    must(comity_markdown_mentions(text, strlen(text), users, 2, &mentions, NULL));
    check(mentions->len == 1 && strcmp(mentions->items[0]->user, BOB) == 0 && is(mentions->items[0]->hint, "Bob"));
    comity_mentions_free(mentions);
    must(comity_markdown_mentions(text, strlen(text), NULL, 0, &mentions, NULL));
    check(mentions->len == 0);
    comity_mentions_free(mentions);

    check(comity_markdown_mentions(text, strlen(text), wrong, 2, &mentions, NULL) == COMITY_CODE_INVALID_ARGUMENT);
    check(comity_markdown_mentions(text, strlen(text), nulls, 1, &mentions, NULL) == COMITY_CODE_NULL_ARGUMENT);
    check(comity_markdown_mentions(text, strlen(text), NULL, 1, &mentions, NULL) == COMITY_CODE_NULL_ARGUMENT);
    check(comity_markdown_mentions(text, strlen(text), users, SIZE_MAX, &mentions, NULL) == COMITY_CODE_TOO_LONG);
    check(mentions == NULL);
    check(comity_markdown_links("\xff", 1, &links, NULL) == COMITY_CODE_INVALID_UTF8 && links == NULL);
}

/* A message of three texts, of which a reader may take as many as it can. */
static void wishing(void)
{
    static const char one[] = "\x85\x01\x60\x01\x78\x18text/plain;charset=utf-8\x44text";
    uint8_t content[256];
    size_t len = put(content, "\x87\x50", 2);
    comity_media_types *types;
    comity_supported *supported;
    comity_wishes *wishes;
    comity_selection *all, *without;

    memset(content + len, 9, 16); /* The salt. */
    len += 16;
    len += put(content + len, "\xf6\x40\xf6\xf6\xa0\x85\x01\x60\x03\x02\x83", 11); /* No reply; three parts, all of them. */
    for (int i = 0; i < 3; i++) {
        len += put(content + len, one, sizeof one - 1);
    }
    must(comity_media_types_baseline(&types, NULL));
    must(comity_supported_new(types, &supported, NULL));
    must(comity_select(content, len, supported, &all, NULL));
    check(all->chosen_len == 3 && all->chosen[1]->part->index == 2 && all->passed_over_len == 0);
    must(comity_wishes_new(&wishes, NULL));
    must(comity_wishes_rank(wishes, 1, 7, NULL));
    must(comity_wishes_never(wishes, 2, NULL));
    must(comity_wishes_never(wishes, 99, NULL)); /* There is no such part. */
    must(comity_select_by(content, len, supported, wishes, &without, NULL));
    check(without->chosen_len == 2 && without->chosen[0]->part->index == 1 && without->chosen[1]->part->index == 3);
    check(without->passed_over_len == 1 && without->passed_over[0]->because == COMITY_PASSED_OVER_NOT_WANTED);
    comity_selection_free(without);
    check(comity_select_by(content, len - 1, supported, wishes, &without, NULL) == COMITY_CODE_INVALID_ARGUMENT && !without);
    check(comity_select_by(content, len, supported, NULL, &without, NULL) == COMITY_CODE_NULL_ARGUMENT);
    comity_selection_free(all);
    comity_wishes_free(wishes);
    comity_supported_free(supported);
    comity_media_types_free(types);
}

static void linking_parts(void)
{
    static const char html[] = "<img src=\"cid:5@local.invalid\"> <a href=\"cid:2@local.invalid\">";
    comity_string *link;
    comity_part *part;
    comity_indexes *linked;
    bool is_link;
    uint16_t index;

    must(comity_part_link(5, &link, NULL));
    check(is(link->text, "cid:5@local.invalid"));
    must(comity_linked_part(link->text.data, &is_link, &index, NULL));
    check(is_link && index == 5);
    comity_string_free(link);
    must(comity_linked_part("https://a.example/5", &is_link, &index, NULL));
    check(!is_link && index == 0);
    must(comity_part_html(html, strlen(html), &part, NULL));
    must(comity_linked_parts(part, &linked, NULL));
    check(linked->len == 2 && linked->items[0] == 5 && linked->items[1] == 2);
    comity_indexes_free(linked);
    comity_part_free(part);
    must(comity_part_text(html, strlen(html), &part, NULL));
    must(comity_linked_parts(part, &linked, NULL));
    check(linked->len == 0);
    comity_indexes_free(linked);
    comity_part_free(part);
}

static void replying(void)
{
    comity_message_id ids[3] = {id_of(1), id_of(2), id_of(3)}, none;
    comity_replies *replies;
    comity_reply_chain *chain;

    memset(&none, 0, sizeof none);
    must(comity_replies_new(&replies, NULL));
    must(comity_replies_add(replies, &ids[2], &ids[1], NULL));
    must(comity_replies_add(replies, &ids[1], &ids[0], NULL));
    check(comity_replies_add(replies, &ids[0], &none, NULL) == COMITY_CODE_INVALID_ARGUMENT);
    must(comity_replies_chain(replies, &ids[2], &chain, NULL));
    check(chain->messages_len == 3 && same(&chain->messages[0], &ids[2]) && same(&chain->messages[2], &ids[0]));
    check(chain->end == COMITY_CHAIN_END_BEGINS);
    comity_reply_chain_free(chain);
    must(comity_replies_add(replies, &ids[0], &ids[2], NULL));
    must(comity_replies_chain(replies, &ids[0], &chain, NULL));
    check(chain->messages_len == 3 && chain->end == COMITY_CHAIN_END_LOOPS);
    comity_reply_chain_free(chain);
    comity_replies_free(replies);
}

static void rewriting(void)
{
    static const char markdown[] = "a <b>c</b>", html[] = "<p>a <b>b</b></p>";
    comity_string *safe, *shown, *back;

    must(comity_markdown_without_html(markdown, strlen(markdown), &safe, NULL));
    check(is(safe->text, "a &lt;b>c&lt;/b>"));
    comity_string_free(safe);
    must(comity_markdown_to_html(markdown, strlen(markdown), &shown, NULL));
    check(strstr(shown->text.data, "&lt;b&gt;c") != NULL && strstr(shown->text.data, "<b>") == NULL);
    comity_string_free(shown);
    must(comity_html_to_markdown(html, strlen(html), &back, NULL));
    check(strncmp(back->text.data, "a **b**", 7) == 0);
    comity_string_free(back);
}

/* What a sender says of a file that lies elsewhere: how large it is, and until when it is there. */
static void fetching(void)
{
    comity_sealed *sealed;
    comity_part *part;
    uint64_t limit;
    bool available;

    must(comity_seal((const uint8_t *)"film", 4, &sealed, NULL));
    must(comity_part_attachment(sealed->part, COMITY_DISPOSITION_ATTACHMENT, "video/mp4", "https://a.example/f", 10, "../f.mp4",
                                "a film", &part, NULL));
    check(is(part->url, "https://a.example/f") && part->url_expires == 10 && is(part->description, "a film"));
    must(comity_fetch_limit(part, UINT64_C(1) << 30, &limit, NULL));
    check(limit == sealed->ciphertext.len + 16);
    must(comity_is_available(part, 9999, &available, NULL));
    check(available);
    must(comity_is_available(part, 10000, &available, NULL));
    check(!available);
    comity_part_free(part);
    check(comity_part_attachment(sealed->part, COMITY_DISPOSITION_ATTACHMENT, "video/mp4", "file:///etc/passwd", 0, NULL, NULL, &part,
                                 NULL)
          == COMITY_CODE_ATTACHMENT_URL);
    comity_sealed_free(sealed);
}

int main(void)
{
    folding();
    linking();
    rewriting();
    fetching();
    wishing();
    linking_parts();
    replying();
    return 0;
}
