//! Markdown against every example of the CommonMark and GFM specifications.
//!
//! The examples are in `spec/`, with their source and licence.

#[path = "../../../../fuzz/src/only_ours.rs"]
mod only_ours;

use comity_content::markdown::{links, mentions, to_html, to_plain_text, without_html};
use only_ours::assert_only_ours;
use pulldown_cmark::{Event, Options, Parser};
use serde_json::Value as Json;

struct Example {
    number: u64,
    section: String,
    markdown: String,
    html: String,
}

fn examples(lines: &str) -> Vec<Example> {
    let text = |json: &Json, name: &str| json[name].as_str().unwrap().to_owned();
    lines
        .lines()
        .map(|line| {
            let json: Json = serde_json::from_str(line).unwrap();
            Example {
                number: json["number"].as_u64().unwrap(),
                section: text(&json, "section"),
                markdown: text(&json, "markdown"),
                html: text(&json, "html"),
            }
        })
        .collect()
}

fn common_mark() -> Vec<Example> {
    examples(include_str!("../spec/commonmark-0.31.2.jsonl"))
}

fn gfm() -> Vec<Example> {
    examples(include_str!("../spec/gfm-0.29.jsonl"))
}

fn all() -> Vec<Example> {
    common_mark().into_iter().chain(gfm()).collect()
}

/// Whether an example is without HTML: then our output has to be the specification's.
fn is_free_of_html(example: &Example) -> bool {
    without_html(&example.markdown) == example.markdown
}

/// GFM's examples of what MIMI leaves out: addresses become links without being marked as such.
const AUTOLINKS: std::ops::RangeInclusive<u64> = 622..=635;

#[test]
fn c_058_c_059_examples_without_html_are_rendered_as_the_specifications_render_them() {
    let mut compared = 0;
    for example in common_mark().iter().filter(|example| is_free_of_html(example)) {
        assert_eq!(
            to_html(&example.markdown),
            example.html,
            "CommonMark {}",
            example.number
        );
        compared += 1;
    }
    for example in gfm().iter().filter(|example| is_free_of_html(example)) {
        let is_autolink = AUTOLINKS.contains(&example.number);
        assert_eq!(is_autolink, example.section.contains("Autolinks (extension)"));
        let same = to_html(&example.markdown) == example.html;
        assert_eq!(
            same, !is_autolink,
            "GFM {}: {:?}",
            example.number, example.markdown
        );
        if is_autolink {
            assert_eq!(links(&example.markdown), [], "an address is text");
        }
        compared += 1;
    }
    println!("{compared} of {} examples are without HTML", all().len());
    assert!(compared > 1150, "{compared}");
}

#[test]
fn c_060_c_061_no_example_lets_html_out() {
    let mut with_html = 0;
    for example in all() {
        let sent = without_html(&example.markdown);
        assert_eq!(without_html(&sent), sent, "example {}", example.number);
        assert_eq!(
            to_html(&example.markdown),
            to_html(&sent),
            "what is received is read as if its sender had escaped it: {}",
            example.number
        );
        assert_eq!(to_plain_text(&example.markdown), to_plain_text(&sent));
        assert_only_ours(&to_html(&example.markdown));
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
        let is_html = |event| matches!(event, Event::Html(_) | Event::InlineHtml(_));
        assert!(
            !Parser::new_ext(&sent, options).any(is_html),
            "example {}",
            example.number
        );
        with_html += usize::from(sent != example.markdown);
    }
    println!("{with_html} examples hold HTML");
    assert!(with_html > 100, "{with_html}");
}

/// The words between the tags of a reference, tag by tag.
fn text_nodes(html: &str) -> Vec<String> {
    let mut nodes = Vec::new();
    for piece in format!(">{html}").split('<') {
        let text = piece.split_once('>').map_or("", |(_, text)| text);
        let text = text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"");
        nodes.extend(
            text.replace("&amp;", "&")
                .lines()
                .map(squeezed)
                .filter(|line| !line.is_empty()),
        );
    }
    nodes
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn c_062_every_text_of_the_references_is_in_the_plain_text() {
    let mut nodes = 0;
    for example in all() {
        let plain = squeezed(&to_plain_text(&example.markdown));
        for node in text_nodes(&example.html) {
            nodes += 1;
            if is_free_of_html(&example) {
                assert!(plain.contains(&node), "{}: {node:?} in {plain:?}", example.number);
            } else {
                // Where there is no HTML, what would be inside it is Markdown: its words are there, its marks are not.
                let missing: Vec<_> = words(&node).filter(|word| !plain.contains(word)).collect();
                let is_code_language = missing == ["c"] && node == "``` c";
                assert!(
                    missing.is_empty() || is_code_language,
                    "{}: {missing:?}",
                    example.number
                );
            }
        }
    }
    println!("{nodes} texts");
    assert!(nodes > 2000, "{nodes}");
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

#[test]
fn no_example_makes_anything_panic_however_it_is_cut() {
    for example in all() {
        for (at, _) in example.markdown.char_indices() {
            let (start, end) = example.markdown.split_at(at);
            for text in [start, end] {
                let sent = without_html(text);
                assert_eq!(without_html(&sent), sent);
                let _ = (to_html(text), to_plain_text(text), mentions(text, |_| true));
            }
        }
    }
}
