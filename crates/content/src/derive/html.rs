//! HTML as Markdown: the words, and what of their form Markdown has.
//!
//! For what our own user wrote in an HTML editor, and good enough for what others sent: whatever the octets, the result is
//! Markdown without HTML. Scripts, styles and comments are left out, unknown elements lose their tags, entities stay as they
//! are, because Markdown has the same.

use crate::markdown;

/// Turns HTML into GFM-MIMI.
///
/// ```
/// use comity_content::derive::html_to_markdown;
/// let html = r#"<p>Kudos to <a href="mimi://a.example/u/alice">@Alice</a> for <b>2.0</b>!</p><ul><li>fast<li>safe</ul>"#;
/// assert_eq!(
///     html_to_markdown(html),
///     "Kudos to [@Alice](mimi://a.example/u/alice) for **2.0**\\!\n\n- fast\n- safe"
/// );
/// ```
#[must_use]
pub fn html_to_markdown(html: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        writer.text(text);
        rest = writer.markup(tag);
    }
    writer.text(rest);
    writer.finish()
}

#[derive(Default)]
struct Writer {
    out: String,
    /// What stands before each line, by list and quote; at most [`DEPTH`].
    prefixes: Vec<Prefix>,
    /// Marks and links that are open, with where they began.
    open: Vec<(String, Mark, usize)>,
    /// Lines to begin before the next word.
    breaks: usize,
    /// A space to write before the next word.
    space: bool,
    /// Inside `pre`: what it holds so far.
    preformatted: Option<String>,
}

enum Prefix {
    Quote,
    Bullets,
    Numbers(u32),
}

enum Mark {
    /// Written before and after.
    Around(&'static str),
    /// A link to this.
    Link(String),
}

/// Lists and quotes inside each other, at most.
const DEPTH: usize = 8;

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 22] = [
    "address",
    "article",
    "aside",
    "body",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "head",
    "header",
    "html",
    "main",
    "nav",
    "p",
    "section",
    "table",
    "title",
];

/// Elements whose content is no text.
const SILENT: [&str; 6] = ["script", "style", "template", "textarea", "iframe", "noscript"];

impl Writer {
    /// Takes in a tag, a comment or a lone `<`, and returns what stands behind.
    fn markup<'h>(&mut self, html: &'h str) -> &'h str {
        if let Some(comment) = html.strip_prefix("<!--") {
            return comment.split_once("-->").map_or("", |(_, behind)| behind);
        }
        if html.starts_with("<!") || html.starts_with("<?") {
            return html.split_once('>').map_or("", |(_, behind)| behind);
        }
        let Some(tag) = Tag::parse(html) else {
            self.text("&lt;");
            return html.get(1..).unwrap_or_default();
        };
        let behind = html.get(tag.octets..).unwrap_or_default();
        if !tag.is_end && SILENT.contains(&tag.name.as_str()) {
            return behind_end(behind, &tag.name);
        }
        self.tag(&tag);
        behind
    }

    fn tag(&mut self, tag: &Tag<'_>) {
        match (tag.name.as_str(), tag.is_end) {
            ("br", _) => self.hard_break(),
            ("hr", _) => {
                self.block();
                self.write("---");
                self.block();
            }
            ("b" | "strong", is_end) => self.mark(&tag.name, "**", is_end),
            ("i" | "em" | "cite" | "var", is_end) => self.mark(&tag.name, "*", is_end),
            ("s" | "del" | "strike", is_end) => self.mark(&tag.name, "~~", is_end),
            ("a", false) => self.begin_link(tag),
            ("a", true) => self.close("a"),
            ("img", false) => self.image(tag),
            ("pre", false) => {
                self.block();
                self.preformatted = Some(String::new());
            }
            ("pre", true) => self.end_preformatted(),
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", false) => {
                self.block();
                let level = tag
                    .name
                    .bytes()
                    .last()
                    .map_or(1, |digit| usize::from(digit.wrapping_sub(b'0')));
                self.write(&"#".repeat(level));
                self.space = true;
            }
            ("blockquote", false) => self.enter(Prefix::Quote),
            ("ul" | "menu", false) => self.enter(Prefix::Bullets),
            ("ol", false) => self.enter(Prefix::Numbers(1)),
            ("blockquote" | "ul" | "menu" | "ol", true) => self.leave(),
            ("li", false) => self.item(),
            ("li", true) => self.close_all(),
            ("tr", _) => self.line(),
            ("td" | "th", false) => {
                self.close_all();
                self.space = true;
            }
            (name, _) if BLOCKS.contains(&name) || name.starts_with('h') && name.len() == 2 => self.block(),
            _ => {}
        }
    }

    /// Words between tags. Entities stay.
    fn text(&mut self, text: &str) {
        if let Some(preformatted) = &mut self.preformatted {
            preformatted.push_str(&decoded(text));
            return;
        }
        for (n, word) in text.split(|c: char| c.is_ascii_whitespace()).enumerate() {
            self.space |= n > 0;
            if !word.is_empty() {
                // A reference is one in Markdown, too; what is none must not become one.
                self.write(&markdown::escape_inline(word));
            }
        }
    }

    fn write(&mut self, words: &str) {
        if self.breaks > 0 {
            self.begin_line();
        } else if std::mem::take(&mut self.space) && !self.out.is_empty() && !self.out.ends_with([' ', '\n'])
        {
            self.out.push(' ');
        }
        self.space = false;
        self.out.push_str(words);
    }

    fn begin_line(&mut self) {
        let breaks = std::mem::take(&mut self.breaks);
        if self.out.is_empty() {
            self.out.push_str(&self.margin());
            return;
        }
        for n in 0..breaks {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.out.push('\n');
            let margin = self.margin();
            let margin = if n + 1 < breaks {
                margin.trim_end()
            } else {
                &margin
            };
            self.out.push_str(margin);
        }
    }

    fn margin(&self) -> String {
        let marks = self.prefixes.iter().take(DEPTH).map(|prefix| match prefix {
            Prefix::Quote => "> ",
            Prefix::Bullets => "  ",
            Prefix::Numbers(_) => "   ",
        });
        marks.collect()
    }

    fn line(&mut self) {
        self.close_all();
        self.breaks = self.breaks.max(1);
        self.space = false;
    }

    fn block(&mut self) {
        self.close_all();
        self.breaks = 2;
        self.space = false;
    }

    fn hard_break(&mut self) {
        if self.preformatted.is_some() {
            return self.text("\n");
        }
        if self.breaks == 0 && !self.out.is_empty() {
            self.out.push('\\');
            self.breaks = 1;
            self.space = false;
        }
    }

    fn enter(&mut self, prefix: Prefix) {
        let is_nested_list = !matches!(prefix, Prefix::Quote) && !self.prefixes.is_empty();
        if is_nested_list {
            self.line()
        } else {
            self.block()
        }
        self.prefixes.push(prefix);
    }

    fn leave(&mut self) {
        self.close_all();
        self.prefixes.pop();
        self.block();
    }

    fn item(&mut self) {
        self.line();
        let Some(list) = self.prefixes.last_mut() else {
            return;
        };
        let mark = match list {
            Prefix::Numbers(n) => {
                let mark = format!("{n}. ");
                *n = n.saturating_add(1);
                mark
            }
            _ => "- ".to_owned(),
        };
        // The mark stands where later lines have spaces.
        let own = self.prefixes.pop();
        self.write("");
        self.prefixes.extend(own);
        self.out.push_str(&mark);
    }

    fn mark(&mut self, name: &str, mark: &'static str, is_end: bool) {
        if is_end {
            self.close(name);
        } else if self.preformatted.is_none() && !self.open.iter().any(|(open, ..)| open == name) {
            self.write("");
            self.open
                .push((name.to_owned(), Mark::Around(mark), self.out.len()));
            self.out.push_str(mark);
        }
    }

    fn begin_link(&mut self, tag: &Tag<'_>) {
        self.close("a");
        let Some(target) = tag.attribute("href").filter(|_| self.preformatted.is_none()) else {
            return;
        };
        self.write("");
        self.open
            .push(("a".to_owned(), Mark::Link(decoded(&target)), self.out.len()));
        self.out.push('[');
    }

    fn image(&mut self, tag: &Tag<'_>) {
        let alternative = decoded(&tag.attribute("alt").unwrap_or_default());
        if let Some(source) = tag.attribute("src").filter(|_| self.preformatted.is_none()) {
            self.write(&format!("!{}", markdown::link(&alternative, &decoded(&source))));
        }
    }

    /// Closes the innermost open element of this name, and whatever was opened inside it.
    fn close(&mut self, name: &str) {
        if self.open.iter().any(|(open, ..)| open == name) {
            while let Some((open, mark, start)) = self.open.pop() {
                let is_it = open == name;
                self.end(&mark, start);
                if is_it {
                    break;
                }
            }
        }
    }

    fn close_all(&mut self) {
        while let Some((_, mark, start)) = self.open.pop() {
            self.end(&mark, start);
        }
    }

    fn end(&mut self, mark: &Mark, start: usize) {
        let opening = match mark {
            Mark::Around(mark) => mark.len(),
            Mark::Link(_) => 1,
        };
        // Nothing inside: nothing to mark.
        if self.out.len() == start + opening {
            self.out.truncate(start);
            return;
        }
        match mark {
            Mark::Around(mark) => self.out.push_str(mark),
            Mark::Link(target) => {
                let link = markdown::link("", target);
                self.out.push_str(link.get(1..).unwrap_or_default());
            }
        }
    }

    fn end_preformatted(&mut self) {
        let Some(code) = self.preformatted.take() else {
            return;
        };
        let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        self.write(&fence);
        for line in code.trim_matches('\n').split('\n') {
            self.breaks = 1;
            self.write(line);
        }
        self.breaks = 1;
        self.write(&fence);
        self.block();
    }

    fn finish(mut self) -> String {
        if self.preformatted.is_some() {
            self.end_preformatted();
        }
        self.close_all();
        let end = self.out.trim_end_matches([' ', '\n', '\\']).len();
        self.out.truncate(end);
        markdown::without_html(&self.out).into_owned()
    }
}

/// What stands behind the end tag of an element without text.
fn behind_end<'h>(html: &'h str, name: &str) -> &'h str {
    let ends = html.match_indices("</").filter(|(at, _)| {
        let found = html.get(at + 2..at + 2 + name.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(name))
    });
    let behind = ends.map(|(at, _)| html.get(at..).unwrap_or_default()).next();
    behind
        .and_then(|end| end.split_once('>'))
        .map_or("", |(_, behind)| behind)
}

/// The references that matter in code and addresses; the rest stays as it is written.
fn decoded(text: &str) -> String {
    let mut decoded = text.to_owned();
    for (reference, c) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ] {
        if decoded.contains(reference) {
            decoded = decoded.replace(reference, c);
        }
    }
    decoded
}

/// A tag, from its `<` to its `>`.
struct Tag<'h> {
    name: String,
    is_end: bool,
    attributes: &'h str,
    octets: usize,
}

impl<'h> Tag<'h> {
    fn parse(html: &'h str) -> Option<Self> {
        let behind = html.strip_prefix('<')?;
        let is_end = behind.starts_with('/');
        let behind = behind.strip_prefix('/').unwrap_or(behind);
        if !behind.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let end = end_of_tag(behind)?;
        let inside = behind.get(..end)?;
        let name_end = inside
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .unwrap_or(inside.len());
        let (name, attributes) = inside.split_at(name_end);
        Some(Self {
            name: name.to_ascii_lowercase(),
            is_end,
            attributes,
            octets: 1 + usize::from(is_end) + end + 1,
        })
    }

    /// The value of an attribute, entities as they are.
    fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if rest.is_empty() {
                return None;
            }
            let end = rest
                .find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/')
                .unwrap_or(rest.len());
            // Something that is no name must not stop us.
            let (name, behind) = rest.split_at(end.max(rest.chars().next().map_or(1, char::len_utf8)));
            let behind = behind.trim_start_matches(|c: char| c.is_ascii_whitespace());
            let (value, behind) = match behind.strip_prefix('=') {
                Some(value) => value_of(value.trim_start_matches(|c: char| c.is_ascii_whitespace())),
                None => ("", behind),
            };
            if name.eq_ignore_ascii_case(wanted) {
                return Some(value.to_owned());
            }
            rest = behind;
        }
    }
}

fn value_of(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len());
    text.split_at(end)
}

/// The `>` that ends a tag, past those in quotes. There is none when another tag begins before, so that nothing is looked through
/// again and again.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, octet) in text.bytes().enumerate() {
        match (quote, octet) {
            (None, b'>') => return Some(at),
            (None, b'<') => return None,
            (None, b'"' | b'\'') => quote = Some(octet),
            (Some(open), _) if open == octet => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_never_end_are_looked_at_once() {
        for unit in [
            "<a href=", "<b", "<a \"", "<a '", "<!--", "<script>", "<p", "&lt;<b",
        ] {
            let html = unit.repeat(20_000);
            let markdown = html_to_markdown(&html);
            assert!(markdown.len() <= 6 * html.len(), "{unit}");
        }
    }

    #[test]
    fn what_is_nested_very_deep_does_not_multiply() {
        for unit in ["<ul><li>a", "<blockquote>a", "<ol><li>"] {
            let html = unit.repeat(4_000);
            assert!(html_to_markdown(&html).len() <= 8 * html.len(), "{unit}");
        }
    }
}
