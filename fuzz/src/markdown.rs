//! Text from anybody, taken for Markdown, for HTML, and for a report.

#![allow(unreachable_pub, reason = "tests include this file as a private module")]

#[path = "only_ours.rs"]
mod only_ours;

use comity_content::derive::{alternatives, html_to_markdown, is_basic};
use comity_content::markdown::{escape, links, mentions, to_html, to_plain_text, without_html};
use comity_content::{Part, StatusReport};
use only_ours::assert_only_ours;

/// Reads Markdown in every way there is.
pub fn markdown(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    let sent = without_html(text);
    assert_eq!(without_html(&sent), sent, "a second time changes nothing");
    let html = to_html(text);
    assert_eq!(html, to_html(&sent), "sender and receiver read alike");
    assert_only_ours(&html);
    let plain = to_plain_text(text);
    assert!(
        plain.len() <= 64 + 24 * text.len(),
        "the text does not grow without end"
    );
    let found = links(text);
    assert!(mentions(text, |_| true).len() <= found.len());
    for link in &found {
        let _ = (link.kind(), link.agreement());
    }
    assert_eq!(links(&escape(text)), [], "what is escaped is no formatting");
}

/// Takes the words out of HTML.
pub fn html(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    let markdown = html_to_markdown(text);
    assert_eq!(without_html(&markdown), markdown, "no tag is left");
    let forms = alternatives(Part::html(text));
    assert!(
        forms.last().is_some_and(|last| is_basic(&last.part)),
        "everybody can read something"
    );
}

/// Decodes a report.
pub fn report(octets: &[u8]) {
    match StatusReport::decode(octets) {
        Ok(report) => assert_eq!(report.encode(), octets, "a report has one encoding"),
        Err(error) => assert!(error.offset <= octets.len(), "the offset is one of the octets"),
    }
}
