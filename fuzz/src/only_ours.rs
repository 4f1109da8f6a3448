//! The elements that HTML of ours may have.

#![allow(unreachable_pub, reason = "tests include this file as a private module")]

const OURS: &[&str] = &[
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "pre",
    "code",
    "ol",
    "ul",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "em",
    "strong",
    "del",
    "a",
    "img",
    "br",
    "hr",
    "input",
];

/// Panics if there is any other.
pub fn assert_only_ours(html: &str) {
    for tag in html.split('<').skip(1) {
        let name = tag
            .trim_start_matches('/')
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next();
        assert!(name.is_some_and(|name| OURS.contains(&name)), "<{tag} in {html}");
    }
}
