//! MIMI's Markdown: GFM-MIMI, sent and received.
//!
//! **Owns** what GFM-MIMI is: CommonMark with tables, strikethrough and task lists, and without HTML. A tag is text, on sending
//! as on receiving: [`without_html`] writes it as text, and every function here reads Markdown through it.
//! **Knows nothing of** fonts: an app that draws text natively takes [`to_html`]'s few elements, or [`to_plain_text`].
//!
//! Nothing here fails, and nothing takes more than a small multiple of the input's size: a text with more than a hundred quotes and
//! lists inside each other, or with tables of which most cells are not written, is taken for plain text.
//!
//! See *mimi-content*, "Specifics of Github Flavored Markdown in MIMI".

mod excess;
mod html;
mod links;
mod plain;
mod without_html;

use std::borrow::Cow;

use pulldown_cmark::{Event, Options, Parser};

pub use html::to_html;
pub use links::{Agreement, Link, LinkKind, Mention, links, mentions};
pub use plain::to_plain_text;
pub use without_html::without_html;

/// Exactly what GFM-MIMI adds to CommonMark.
const GFM_MIMI: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS);

/// Hands every event of a text to `each`. There is no HTML among them.
fn read<'m>(markdown: &'m str, each: impl FnMut(Event<'_>)) {
    let source: Cow<'m, str> = without_html(markdown);
    Parser::new_ext(&source, GFM_MIMI).for_each(each);
}

/// The lines of a text, whichever way they end.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let line = |line| str::strip_suffix(line, '\r').unwrap_or(line);
    text.split('\n').flat_map(move |ended| line(ended).split('\r'))
}

/// A text as Markdown that shows exactly it: nothing in it is formatting.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    let mut lines = lines(text)
        .map(|line| line.trim_start_matches([' ', '\t', '\u{b}', '\u{c}']))
        .peekable();
    while let Some(line) = lines.next() {
        escape_line(line, &mut escaped);
        match lines.peek() {
            // A line that ends is one that ends for the reader, too; at the end of a paragraph, all do.
            Some(next) if !line.is_empty() && !next.is_empty() => escaped.push_str("\\\n"),
            Some(_) => escaped.push('\n'),
            None => {}
        }
    }
    escaped
}

fn escape_line(line: &str, escaped: &mut String) {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    for (at, c) in line.char_indices() {
        let is_mark = match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '&' | '|' | '~' => true,
            // Before a link it would make an image of it.
            '!' => at + 1 == line.len(),
            // They mean something at the start of a line only.
            '#' | '>' | '+' | '-' | '=' | ':' => at == 0,
            '.' | ')' => {
                at > 0 && at == digits && matches!(line.as_bytes().get(at + 1), None | Some(b' ' | b'\t'))
            }
            _ => false,
        };
        if is_mark {
            escaped.push('\\');
        }
        escaped.push(c);
    }
}

/// Words of HTML as Markdown: nothing is formatting, and references to characters stay.
pub(crate) fn escape_inline(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    for (n, piece) in words.split('&').enumerate() {
        if n > 0 {
            escaped.push('&');
        }
        let line = &mut String::new();
        escape_line(piece, line);
        escaped.push_str(line);
    }
    escaped
}

/// A link in Markdown. Neither the text nor the URL can end it early.
#[must_use]
pub fn link(text: &str, url: &str) -> String {
    let text = escape(&text.replace(['\n', '\r'], " "));
    let mut link = format!("[{text}](");
    let is_plain = !url.is_empty()
        && url
            .bytes()
            .all(|octet| octet.is_ascii_graphic() && !b"()<>\\&*_`[]".contains(&octet));
    if is_plain {
        link.push_str(url);
    } else {
        link.push('<');
        for c in url.chars().filter(|c| !c.is_control()) {
            if matches!(c, '<' | '>' | '\\' | '&') {
                link.push('\\');
            }
            link.push(c);
        }
        link.push('>');
    }
    link.push(')');
    link
}
