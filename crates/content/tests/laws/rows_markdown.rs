//! Media types and Markdown, row by row of the checklist; the specifications' examples are in `markdown_spec.rs`.

use crate::common::{ALICE, BOB, EXAMPLES, HTML, MARKDOWN, PLAIN, content, example, user};
use comity_content::derive::html_to_markdown;
use comity_content::markdown::{
    Agreement, Link, LinkKind, escape, link, links, mentions, to_html, to_plain_text, without_html,
};
use comity_content::{Content, Part, Received, Supported, select};
use comity_room::{MediaType, UserUri, media_types};
use proptest::prelude::*;

fn words_of(example: &str) -> String {
    let content = Content::decode(self::example(example).octets).unwrap();
    match content.part.body {
        comity_content::Body::Single(single) => String::from_utf8(single.content).unwrap(),
        _ => panic!("a single part"),
    }
}

#[test]
fn c_055_the_required_types_are_advertised_and_read() {
    let baseline = media_types::baseline();
    for required in ["application/mimi-content", PLAIN, MARKDOWN] {
        assert!(
            baseline.can_read(&MediaType::parse(required).unwrap()),
            "{required}"
        );
    }
    let supported = Supported {
        media: baseline,
        languages: vec![],
    };
    for part in [Part::text("words"), Part::markdown("*words*")] {
        let message = content(1, part);
        let received = Received::decode(message.encode().unwrap()).unwrap();
        assert_eq!(select(received.content(), &supported).chosen.len(), 1);
    }
}

#[test]
fn c_056_the_recommended_types_are_read_by_whoever_offers_them() {
    let recommended = [
        media_types::common_mark(),
        media_types::html(),
        media_types::jpeg(),
        media_types::png(),
    ];
    let offered = comity_room::Advertisement::new(recommended.clone()).unwrap();
    for media_type in recommended {
        let part = Part::vendor(&media_type.to_string(), "x").unwrap();
        assert!(comity_content::readable(&part, &offered), "{media_type}");
        assert!(
            !comity_content::readable(&part, &media_types::baseline()),
            "{media_type}"
        );
    }
}

#[test]
fn c_058_nothing_but_tables_tasks_and_strikethrough_is_added() {
    assert_eq!(
        to_html("| a |\n|---|\n| b |\n\n- [x] ~~c~~"),
        "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>b</td>\n</tr>\n</tbody>\n</table>\n\
         <ul>\n<li><input checked=\"\" disabled=\"\" type=\"checkbox\"> <del>c</del></li>\n</ul>\n"
    );
    for (literal, shown) in [
        (
            "a[^1]\n\n[^1]: two words",
            "<p>a[^1]</p>\n<p>[^1]: two words</p>\n",
        ),
        ("$x$", "<p>$x$</p>\n"),
        (":smile:", "<p>:smile:</p>\n"),
        ("a\n: b", "<p>a\n: b</p>\n"),
        (
            "> [!NOTE]\n> a",
            "<blockquote>\n<p>[!NOTE]\na</p>\n</blockquote>\n",
        ),
        ("\"quoted\" -- ...", "<p>&quot;quoted&quot; -- ...</p>\n"),
        ("# a {#b}", "<h1>a {#b}</h1>\n"),
        ("[[wiki]]", "<p>[[wiki]]</p>\n"),
    ] {
        assert_eq!(to_html(literal), shown);
    }
}

#[test]
fn c_059_an_address_is_text_and_one_in_angle_brackets_is_a_link() {
    for text in ["www.a.example", "http://a.example", "a@b.example"] {
        assert_eq!(links(text), [], "{text}");
    }
    for (text, target) in [
        (
            "<mimi://example.com/u/alice-smith>",
            "mimi://example.com/u/alice-smith",
        ),
        ("<https://a.example>", "https://a.example"),
        ("<a@b.example>", "mailto:a@b.example"),
    ] {
        let found = links(text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(
            (found[0].target.as_str(), found[0].agreement()),
            (
                target,
                match target {
                    "mailto:a@b.example" => Agreement::Agrees,
                    _ => Agreement::Agrees,
                }
            )
        );
    }
}

#[test]
fn c_060_a_sender_escapes_tags_and_leaves_code_alone() {
    let text = |part: Part| match part.body {
        comity_content::Body::Single(single) => String::from_utf8(single.content).unwrap(),
        _ => panic!("a single part"),
    };
    assert_eq!(text(Part::markdown("<b>x</b>")), "&lt;b>x&lt;/b>");
    assert_eq!(text(Part::markdown("`Vec<T>`")), "`Vec<T>`");
    assert_eq!(to_html("`Vec<T>`"), "<p><code>Vec&lt;T&gt;</code></p>\n");
    for example in EXAMPLES {
        let content = Content::decode(example.octets).unwrap();
        for (_, part) in content.part.walk() {
            if let comity_content::Body::Single(single) = &part.body
                && single.media_type == MARKDOWN
            {
                let text = std::str::from_utf8(&single.content).unwrap();
                assert_eq!(without_html(text), text, "the published examples hold no HTML");
            }
        }
    }
}

#[test]
fn c_061_whatever_somebody_sends_no_element_of_theirs_is_shown() {
    for (attack, shown) in [
        (
            "<script>alert(1)</script>",
            "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n",
        ),
        ("<div\n", "<p>&lt;div</p>\n"),
        (
            "a <img src=x onerror=alert(1)>",
            "<p>a &lt;img src=x onerror=alert(1)&gt;</p>\n",
        ),
        ("<!-- c -->", "<p>&lt;!-- c --&gt;</p>\n"),
        ("<?php x ?>", "<p>&lt;?php x ?&gt;</p>\n"),
        ("<![CDATA[x]]>", "<p>&lt;![CDATA[x]]&gt;</p>\n"),
        ("<!DOCTYPE html>", "<p>&lt;!DOCTYPE html&gt;</p>\n"),
        ("<svg/onload=alert(1)>", "<p>&lt;svg/onload=alert(1)&gt;</p>\n"),
        ("\\<b>", "<p>&lt;b&gt;</p>\n"),
        ("&lt;b&gt;", "<p>&lt;b&gt;</p>\n"),
        ("<a\nhref=x>", "<p>&lt;a\nhref=x&gt;</p>\n"),
        (
            "| <b> |\n|---|",
            "<table>\n<thead>\n<tr>\n<th>&lt;b&gt;</th>\n</tr>\n</thead>\n</table>\n",
        ),
        ("![<b>](x)", "<p><img src=\"x\" alt=\"&lt;b&gt;\" /></p>\n"),
        (
            "[x](y \"<b>\")",
            "<p><a href=\"y\" title=\"&lt;b&gt;\">x</a></p>\n",
        ),
        (
            "```<b>\nx\n```",
            "<pre><code class=\"language-&lt;b&gt;\">x\n</code></pre>\n",
        ),
        (
            "[x](\"onmouseover=alert(1))",
            "<p><a href=\"%22onmouseover=alert(1)\">x</a></p>\n",
        ),
    ] {
        assert_eq!(to_html(attack), shown);
    }
}

#[test]
fn c_063_html_is_never_rendered_only_its_words_are_taken() {
    for (html, markdown) in [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br>b", "a\\\nb"),
        ("<script>alert('<p>')</script>x<style>p{}</style>", "x"),
        (
            "<img src=https://t.example/x.png alt='a [b]'>",
            "![a \\[b\\]](https://t.example/x.png)",
        ),
        ("<b>bold <i>both</b></i> *", "**bold *both*** \\*"),
        ("1 < 2 &amp; &eacute;", "1 &lt; 2 &amp; &eacute;"),
        ("<ol><li>a<ul><li>b</ul><li>c</ol>", "1. a\n   - b\n\n2. c"),
        ("<blockquote>a<p>b</blockquote>c", "> a\n>\n> b\n\nc"),
        ("<pre>a\n  &lt;b&gt;</pre>", "```\na\n  <b>\n```"),
        ("<h2>T</h2>x", "## T\n\nx"),
        ("<!-- <b>no</b> -->yes<b", "yes&lt;b"),
        ("<a href='javascript:x'>y</a>", "[y](javascript:x)"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
    ] {
        let converted = html_to_markdown(html);
        assert_eq!(converted, markdown, "{html}");
        assert_eq!(without_html(&converted), converted);
    }
    assert_eq!(
        to_html(&html_to_markdown("<a href='javascript:x'>y</a>")),
        "<p><a href=\"\">y</a></p>\n"
    );
}

#[test]
fn c_080_a_mention_is_a_link_to_a_user_who_is_there() {
    let is_member = |uri: &UserUri| *uri == user(ALICE);
    let published = words_of("mention");
    let mentioned = mentions(&published, is_member);
    assert_eq!(mentioned.len(), 1, "{published}");
    assert_eq!(mentioned[0].user, user(ALICE));
    assert_eq!(
        mentions(&published, |_| false),
        [],
        "a link to somebody else is only a link"
    );
    assert_eq!(links(&published)[0].kind(), LinkKind::User(user(ALICE)));
    let html = html_to_markdown(&words_of("mention-html"));
    assert_eq!(mentions(&html, is_member), mentioned, "{html}");
    for none in [
        format!("`<{ALICE}>`"),
        format!("![x]({ALICE})"),
        ALICE.to_owned(),
        format!("<{BOB}>"),
    ] {
        assert_eq!(mentions(&none, is_member), [], "{none}");
    }
    let room = links("[all](mimi://example.com/r/engineering_team)")[0].kind();
    assert!(matches!(room, LinkKind::Room(_)));
}

#[test]
fn c_081_what_a_sender_calls_somebody_is_told_apart_from_who_it_is() {
    let mention = mentions(&format!("[*The* `boss`]({ALICE})"), |_| true).remove(0);
    assert_eq!((mention.hint.as_str(), mention.user), ("The boss", user(ALICE)));
}

fn agreement(text: &str, target: &str) -> Agreement {
    let mut links = links(&format!("[{text}](<{target}>)"));
    links.remove(0).agreement()
}

#[test]
fn c_082_a_link_that_says_something_else_than_where_it_leads_is_told() {
    for (text, target, expected) in [
        ("the menu", "https://a.example/menu", Agreement::Silent),
        (
            "https://a.example/menu",
            "https://a.example/menu",
            Agreement::Agrees,
        ),
        ("https://a.example", "https://b.example", Agreement::Differs),
        (
            "https://bank.example",
            "https://bank.example.evil.example",
            Agreement::Differs,
        ),
        (
            "https://bank.example",
            "https://bank.example@evil.example/",
            Agreement::Differs,
        ),
        ("https://a.example/x", "http://a.example/x", Agreement::Downgrade),
        ("http://a.example/x", "https://a.example/x", Agreement::Differs),
        ("www.a.example", "https://www.a.example/", Agreement::Agrees),
        ("a.example/x", "http://a.example/x", Agreement::Agrees),
        ("a.example", "https://b.example", Agreement::Differs),
        ("https://a.example", "javascript:alert(1)", Agreement::Differs),
        ("a@b.example", "mailto:a@b.example", Agreement::Agrees),
        ("a@b.example", "mailto:c@b.example", Agreement::Differs),
        ("version 2.0", "https://a.example", Agreement::Silent),
        ("2.0", "https://a.example", Agreement::Silent),
        ("@Alice", "mimi://example.com/u/alice", Agreement::Silent),
    ] {
        assert_eq!(agreement(text, target), expected, "[{text}]({target})");
    }
}

#[test]
fn c_082_an_address_among_words_claims_a_target_as_well() {
    for (text, target, expected) in [
        (
            "see https://bank.example now",
            "https://evil.example",
            Agreement::Differs,
        ),
        (
            "see (https://bank.example).",
            "https://evil.example",
            Agreement::Differs,
        ),
        (
            "log in: www.bank.example",
            "https://evil.example",
            Agreement::Differs,
        ),
        (
            "see https://bank.example, now",
            "https://bank.example/",
            Agreement::Agrees,
        ),
        (
            "see https://bank.example",
            "http://bank.example",
            Agreement::Downgrade,
        ),
        (
            "https://bank.example or https://b.example",
            "https://bank.example",
            Agreement::Differs,
        ),
        ("//bank.example", "https://evil.example", Agreement::Differs),
        ("bank.example.", "https://evil.example", Agreement::Differs),
        ("bank.example.", "https://bank.example/", Agreement::Agrees),
        (
            "see the menu of 2.0, e.g. this",
            "https://a.example",
            Agreement::Silent,
        ),
        ("either/or: that is it.", "https://a.example", Agreement::Silent),
    ] {
        assert_eq!(agreement(text, target), expected, "[{text}]({target})");
    }
}

#[test]
fn c_083_two_ways_to_write_one_address_agree() {
    for (text, target) in [
        ("https://a.example", "https://a.example:443/"),
        ("http://a.example:80/x", "http://a.example/x"),
        ("HTTPS://A.EXAMPLE/x", "https://a.example/x"),
        ("https://a.example/%7Eme", "https://a.example/~me"),
        ("https://a.example/%c3%a9", "https://a.example/%C3%A9"),
    ] {
        assert_eq!(agreement(text, target), Agreement::Agrees, "[{text}]({target})");
    }
    assert_eq!(
        agreement("https://a.example/x", "https://a.example/X"),
        Agreement::Differs
    );
    assert_eq!(
        agreement("https://a.example", "https://a.example:8443"),
        Agreement::Differs
    );
}

#[test]
fn images_are_told_apart_from_links() {
    let found: Vec<Link> =
        links("![a](https://a.example/x.png) [![b](cid:3@local.invalid)](https://b.example)");
    let told: Vec<_> = found
        .iter()
        .map(|link| (link.is_image, link.text.as_str()))
        .collect();
    assert_eq!(told, [(true, "a"), (true, "b"), (false, "b")]);
    assert!(matches!(found[1].kind(), LinkKind::Part(index) if index.0 == 3));
    assert!(
        !format!("{found:?}").contains("example"),
        "what is said is not in Debug"
    );
}

#[test]
fn a_line_may_end_as_on_any_machine_and_nothing_behind_is_formatting() {
    for (text, shown) in [
        ("\r> a", "> a"),
        ("a\r\r# b", "a\n\n# b"),
        ("\r---", "---"),
        ("a\r1. b\r\n- c\n\r+ d", "a\n1. b\n- c\n\n+ d"),
        ("a\rb", "a\nb"),
        ("a\n\nb\n", "a\n\nb"),
        ("a\n \u{c}\nb", "a\n\nb"),
    ] {
        assert_eq!(to_plain_text(&escape(text)), shown, "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_escaped_text_shows_exactly_itself(text in "[ -~äé😀\n]{0,60}") {
        // Spaces at the edges of lines and empty lines at those of texts are nothing to Markdown, and many empty lines are one.
        let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.dedup_by(|next, line| next.is_empty() && line.is_empty());
        let text = lines.join("\n").trim().to_owned();
        prop_assert_eq!(&to_plain_text(&escape(&text)), &text);
        prop_assert_eq!(links(&escape(&text)), []);
    }

    #[test]
    fn a_link_has_the_text_and_the_target_that_it_is_given(
        text in "[ -~ä]{0,30}",
        target in "(https://a\\.example/[!-~]{0,30}|mimi://a\\.example/u/[a-z]{1,9})",
    ) {
        let found = links(&format!("a {} b", link(&text, &target)));
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(found[0].text.split_whitespace().collect::<String>(), text.split_whitespace().collect::<String>());
        prop_assert_eq!(&found[0].target, &target);
    }

    #[test]
    fn whatever_is_received_has_no_html_and_no_end_of_growth(text in "([<>/!?a-z`~*_ \\-\n\t&;:]|<div>|<!--|-->|```\n|    |> |- ){0,80}") {
        let sent = without_html(&text);
        prop_assert_eq!(without_html(&sent), sent.clone());
        prop_assert!(sent.len() <= 4 * text.len());
        prop_assert_eq!(to_html(&text), to_html(&sent));
        let is_html = |event| matches!(event, pulldown_cmark::Event::Html(_) | pulldown_cmark::Event::InlineHtml(_));
        let options = pulldown_cmark::Options::ENABLE_TABLES
            | pulldown_cmark::Options::ENABLE_STRIKETHROUGH
            | pulldown_cmark::Options::ENABLE_TASKLISTS;
        prop_assert!(!pulldown_cmark::Parser::new_ext(&sent, options).any(is_html));
    }

    #[test]
    fn html_of_any_kind_becomes_markdown_without_html(
        html in "([<>/a-z\"'= \n&;]|<p>|</p>|<b>|</b>|<ul>|<li>|</ul>|<a href='x'>|</a>|<pre>|</pre>|<blockquote>|<script>|<!--|-->|&lt;){0,60}"
    ) {
        let markdown = html_to_markdown(&html);
        prop_assert_eq!(without_html(&markdown), markdown.clone());
        let _ = (to_html(&markdown), HTML);
    }
}
