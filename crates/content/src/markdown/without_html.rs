//! Tags as text: the profile's "No HTML", with the help of a parser.
//!
//! A `<` that would open a tag becomes `&lt;`; one in code, in an autolink or before a space stays. A regular expression could
//! not tell: `` `Vec<T>` `` holds no tag, and an entity in code is shown as it is written.
//!
//! Escaping a tag may turn what follows into other Markdown, with other tags, so the text is parsed again until there is
//! none. Most texts are parsed once.

use std::borrow::Cow;

use pulldown_cmark::{Event, Parser};

use super::excess::is_excessive;
use super::{GFM_MIMI, escape};

/// Most times that a text is parsed. What is still HTML then was built to be, and loses every `<` that could begin a tag.
const PASSES: usize = 24;

/// The same Markdown without HTML: every tag is written so that it is shown as text.
///
/// What a sender does before sending and, since not every sender does, a receiver before showing. A second time changes
/// nothing. Of a text that was built to take a parser minutes, nothing is formatting.
///
/// ```
/// use comity_content::markdown::without_html;
/// assert_eq!(without_html("<b>bold</b> and `Vec<T>`"), "&lt;b>bold&lt;/b> and `Vec<T>`");
/// assert_eq!(without_html("1 < 2, see <https://a.example>"), "1 < 2, see <https://a.example>");
/// ```
#[must_use]
pub fn without_html(markdown: &str) -> Cow<'_, str> {
    if is_excessive(markdown) {
        return Cow::Owned(escape(markdown));
    }
    let mut text = Cow::Borrowed(markdown);
    if !may_hold_tags(markdown) {
        return text;
    }
    for _ in 0..PASSES {
        let tags = tags(&text);
        if tags.is_empty() {
            return text;
        }
        text = Cow::Owned(escaped(&text, &tags));
    }
    let every: Vec<_> = openings(&text, 0).collect();
    Cow::Owned(escaped(&text, &every))
}

fn may_hold_tags(text: &str) -> bool {
    openings(text, 0).next().is_some()
}

/// Where a `<` stands that may open a tag: before a letter, `/`, `!` or `?`.
fn openings(text: &str, offset: usize) -> impl Iterator<Item = usize> {
    let octets = text.as_bytes();
    text.match_indices('<')
        .filter(|(at, _)| {
            let next = octets.get(at + 1).copied().unwrap_or_default();
            next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?')
        })
        .map(move |(at, _)| offset + at)
}

/// Where the tags of a text begin, ascending, as far as one look tells.
fn tags(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut block = None;
    for (event, range) in Parser::new_ext(text, GFM_MIMI).into_offset_iter() {
        match event {
            Event::InlineHtml(_) => found.push(range.start),
            // The lines of one block follow each other.
            Event::Html(_) => match &mut block {
                None => block = Some(range),
                Some(open) => open.end = range.end,
            },
            _ => found.extend(
                block
                    .take()
                    .into_iter()
                    .flat_map(|block| tags_of_block(text, block)),
            ),
        }
    }
    found.extend(block.into_iter().flat_map(|block| tags_of_block(text, block)));
    found.retain(|at| text.as_bytes().get(*at) == Some(&b'<'));
    found
}

/// The tags of an HTML block. If something in it may be code once it is no longer HTML, only the first: the next look tells.
fn tags_of_block(text: &str, range: std::ops::Range<usize>) -> Vec<usize> {
    let block = text.get(range.clone()).unwrap_or_default();
    let first = openings(block, range.start).next();
    let may_hold_code = ["`", "~~~", "\t", "     ", "\n\n"]
        .iter()
        .any(|mark| block.contains(mark));
    if may_hold_code {
        return first.into_iter().collect();
    }
    let is_tag = |at: &usize| Some(*at) == first || !is_autolink(text.get(at + 1..).unwrap_or_default());
    openings(block, range.start).filter(is_tag).collect()
}

/// Whether an autolink goes on behind its `<`: a scheme or a mailbox, and a `>` before any space.
fn is_autolink(behind: &str) -> bool {
    let end = behind.find(|c: char| c == '>' || c == '<' || c.is_ascii_whitespace() || c.is_control());
    let Some((inside, rest)) = end.and_then(|end| behind.split_at_checked(end)) else {
        return false;
    };
    let scheme = inside.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme = (2..=32).contains(&scheme.len())
        && scheme
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.'));
    rest.starts_with('>') && (is_scheme || inside.contains('@'))
}

fn escaped(text: &str, tags: &[usize]) -> String {
    let mut escaped = String::with_capacity(text.len() + 3 * tags.len());
    let mut written = 0;
    for at in tags {
        escaped.push_str(text.get(written..*at).unwrap_or_default());
        escaped.push_str("&lt;");
        written = at + 1;
    }
    escaped.push_str(text.get(written..).unwrap_or_default());
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markdown: &str, expected: &str) {
        let once = without_html(markdown);
        assert_eq!(once, expected, "{markdown:?}");
        assert_eq!(without_html(&once), once, "a second time changes nothing");
    }

    #[test]
    fn every_kind_of_tag_is_text() {
        check("a <b class='x'>b</b>", "a &lt;b class='x'>b&lt;/b>");
        check("x <!-- note --> y", "x &lt;!-- note --> y");
        check(
            "x <?php ?> y <!DOCTYPE a> <![CDATA[z]]>",
            "x &lt;?php ?> y &lt;!DOCTYPE a> &lt;![CDATA[z]]>",
        );
        check("<div\n", "&lt;div\n");
        check(
            "<script>\nalert(1)\n</script>",
            "&lt;script>\nalert(1)\n&lt;/script>",
        );
    }

    #[test]
    fn what_is_no_tag_stays() {
        for text in [
            "1 < 2 > 0 <3",
            "`Vec<T>` and ``a <b> c``",
            "```html\n<b>\n```",
            "    <b>indented</b>",
            "<https://a.example/?a=1&b=2>",
            "<mimi://example.com/u/alice> <a@b.example>",
            "[x](<a b> \"<i>\")",
            r"\<b>",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn what_a_block_of_html_held_is_markdown_again() {
        check(
            "<div>\n*a* <https://a.example>\n</div>",
            "&lt;div>\n*a* <https://a.example>\n&lt;/div>",
        );
        check("<div>\n```\n<b>\n```\n<i>", "&lt;div>\n```\n<b>\n```\n&lt;i>");
        check("- <p>\n  <b>\n> <p>`<b>`", "- &lt;p>\n  &lt;b>\n> &lt;p>`<b>`");
    }

    #[test]
    fn a_text_built_to_need_many_looks_is_still_without_html() {
        let hostile = "<div>`\n".repeat(200);
        let text = without_html(&hostile).into_owned();
        let is_html = |event| matches!(event, Event::Html(_) | Event::InlineHtml(_));
        assert!(!Parser::new_ext(&text, GFM_MIMI).any(is_html), "{text}");
        assert_eq!(without_html(&text), text);
    }
}
