//! Markdown as HTML that is safe to show: only elements and attributes written here, and no scheme that runs code.
//!
//! The output is that of the CommonMark and GFM specifications, to the octet, for texts without HTML in them.

use std::fmt::Write;

use pulldown_cmark::{Alignment, CodeBlockKind, Event, LinkType, Tag, TagEnd};

use super::read;

/// Renders Markdown. Tags in the text are shown as text. Nothing is loaded, but by the images that the text names: a viewer
/// that must not fetch them blocks them.
#[must_use]
pub fn to_html(markdown: &str) -> String {
    let mut html = Html {
        out: String::with_capacity(markdown.len() + markdown.len() / 2),
        ..Html::default()
    };
    read(markdown, |event| html.event(event));
    html.out
}

#[derive(Default)]
struct Html {
    out: String,
    /// The columns of the table that is open, and which is next.
    columns: Vec<Alignment>,
    column: usize,
    in_head: bool,
    has_rows: bool,
    /// Images inside which we are: only text is written there.
    images: Vec<String>,
}

impl Html {
    fn event(&mut self, event: Event<'_>) {
        if !self.images.is_empty() {
            return self.in_image(event);
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Code(code) => {
                self.out.push_str("<code>");
                text(&code, &mut self.out);
                self.out.push_str("</code>");
            }
            Event::SoftBreak => self.out.push('\n'),
            Event::HardBreak => self.out.push_str("<br />\n"),
            Event::Rule => self.block("<hr />\n"),
            Event::TaskListMarker(true) => {
                self.out
                    .push_str("<input checked=\"\" disabled=\"\" type=\"checkbox\"> ");
            }
            Event::TaskListMarker(false) => {
                self.out.push_str("<input disabled=\"\" type=\"checkbox\"> ");
            }
            // No HTML comes here, and the others are not enabled; should one come, it is text.
            Event::Text(words)
            | Event::Html(words)
            | Event::InlineHtml(words)
            | Event::FootnoteReference(words)
            | Event::InlineMath(words)
            | Event::DisplayMath(words) => text(&words, &mut self.out),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.block("<p>"),
            Tag::Heading { level, .. } => self.block(&format!("<{level}>")),
            Tag::BlockQuote(_) => self.block("<blockquote>\n"),
            Tag::CodeBlock(kind) => self.start_code(&kind),
            Tag::List(Some(1)) => self.block("<ol>\n"),
            Tag::List(Some(first)) => self.block(&format!("<ol start=\"{first}\">\n")),
            Tag::List(None) => self.block("<ul>\n"),
            Tag::Item => self.block("<li>"),
            Tag::Table(columns) => {
                self.block("<table>\n");
                self.columns = columns;
                self.has_rows = false;
            }
            Tag::TableHead => {
                self.out.push_str("<thead>\n<tr>\n");
                (self.in_head, self.column) = (true, 0);
            }
            Tag::TableRow => {
                self.out.push_str(if self.has_rows {
                    "<tr>\n"
                } else {
                    "<tbody>\n<tr>\n"
                });
                (self.has_rows, self.column) = (true, 0);
            }
            Tag::TableCell => self.start_cell(),
            Tag::Emphasis => self.out.push_str("<em>"),
            Tag::Strong => self.out.push_str("<strong>"),
            Tag::Strikethrough => self.out.push_str("<del>"),
            Tag::Link {
                link_type,
                dest_url,
                title,
                ..
            } => {
                self.out.push_str("<a href=\"");
                if link_type == LinkType::Email {
                    self.out.push_str("mailto:");
                }
                url(&dest_url, &mut self.out);
                self.end_attributes(&title, ">");
            }
            Tag::Image { dest_url, title, .. } => {
                self.out.push_str("<img src=\"");
                url(&dest_url, &mut self.out);
                self.out.push_str("\" alt=\"");
                self.images.push(title.into_string());
            }
            // Not enabled, or without an element of its own.
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.out.push_str("</p>\n"),
            TagEnd::Heading(level) => drop(writeln!(self.out, "</{level}>")),
            TagEnd::BlockQuote(_) => self.block("</blockquote>\n"),
            TagEnd::CodeBlock => self.out.push_str("</code></pre>\n"),
            TagEnd::List(true) => self.out.push_str("</ol>\n"),
            TagEnd::List(false) => self.out.push_str("</ul>\n"),
            TagEnd::Item => self.out.push_str("</li>\n"),
            TagEnd::Table if self.has_rows => self.out.push_str("</tbody>\n</table>\n"),
            TagEnd::Table => self.out.push_str("</table>\n"),
            TagEnd::TableHead => {
                self.out.push_str("</tr>\n</thead>\n");
                self.in_head = false;
            }
            TagEnd::TableRow => self.out.push_str("</tr>\n"),
            TagEnd::TableCell => self
                .out
                .push_str(if self.in_head { "</th>\n" } else { "</td>\n" }),
            TagEnd::Emphasis => self.out.push_str("</em>"),
            TagEnd::Strong => self.out.push_str("</strong>"),
            TagEnd::Strikethrough => self.out.push_str("</del>"),
            TagEnd::Link => self.out.push_str("</a>"),
            _ => {}
        }
    }

    /// The alternative text of an image: its words, without formatting.
    fn in_image(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Image { .. }) => self.images.push(String::new()),
            Event::End(TagEnd::Image) => {
                let title = self.images.pop().unwrap_or_default();
                if self.images.is_empty() {
                    self.end_attributes(&title, " />");
                }
            }
            Event::Text(words) | Event::Code(words) => text(&words, &mut self.out),
            Event::SoftBreak | Event::HardBreak => self.out.push(' '),
            _ => {}
        }
    }

    fn start_code(&mut self, kind: &CodeBlockKind<'_>) {
        let language = match kind {
            CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or_default(),
            CodeBlockKind::Indented => "",
        };
        if language.is_empty() {
            return self.block("<pre><code>");
        }
        self.block("<pre><code class=\"language-");
        text(language, &mut self.out);
        self.out.push_str("\">");
    }

    fn start_cell(&mut self) {
        self.out.push_str(if self.in_head { "<th" } else { "<td" });
        self.out.push_str(match self.columns.get(self.column) {
            Some(Alignment::Left) => " align=\"left\">",
            Some(Alignment::Center) => " align=\"center\">",
            Some(Alignment::Right) => " align=\"right\">",
            Some(Alignment::None) | None => ">",
        });
        self.column = self.column.saturating_add(1);
    }

    fn end_attributes(&mut self, title: &str, end: &str) {
        if !title.is_empty() {
            self.out.push_str("\" title=\"");
            text(title, &mut self.out);
        }
        self.out.push('"');
        self.out.push_str(end);
    }

    /// Writes what begins on a line of its own.
    fn block(&mut self, tag: &str) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.out.push_str(tag);
    }
}

fn text(words: &str, out: &mut String) {
    for c in words.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

/// Writes a URL, or nothing for one of a scheme that runs code or shows what lies on the reader's disk.
fn url(url: &str, out: &mut String) {
    if is_dangerous(url) {
        return;
    }
    for octet in url.bytes() {
        match octet {
            b'&' => out.push_str("&amp;"),
            b'\'' => out.push_str("&#x27;"),
            _ if octet.is_ascii_alphanumeric() || b"-_.+!*(),%#@?=;:/$~".contains(&octet) => {
                out.push(char::from(octet));
            }
            _ => drop(write!(out, "%{octet:02X}")),
        }
    }
}

/// Browsers skip spaces and control characters before and inside a scheme.
fn is_dangerous(url: &str) -> bool {
    let mut letters = url.chars().filter(|c| !c.is_whitespace() && !c.is_control());
    let scheme: String = letters.by_ref().take_while(|c| *c != ':').take(16).collect();
    ["javascript", "vbscript", "data", "file"]
        .iter()
        .any(|dangerous| scheme.eq_ignore_ascii_case(dangerous))
        && url.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_061_no_scheme_that_runs_code_is_linked() {
        for url in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "&#106;avascript:alert(1)",
            "java\u{1}script:x",
            "vbscript:x",
            "data:text/html,x",
            "file:///etc/passwd",
        ] {
            let html = to_html(&format!("[a](<{url}>) ![b](<{url}>) <{url}>"));
            assert!(
                html.contains("<a href=\"\">a</a> <img src=\"\" alt=\"b\" />"),
                "{html}"
            );
        }
        assert_eq!(to_html("[a](data)"), "<p><a href=\"data\">a</a></p>\n");
        assert_eq!(to_html("[a](x/data:y)"), "<p><a href=\"x/data:y\">a</a></p>\n");
    }

    #[test]
    fn an_image_has_its_words_as_alternative_text() {
        assert_eq!(
            to_html("![a *b* ![c](d) `e`\nf](/g \"h\\\"\")"),
            "<p><img src=\"/g\" alt=\"a b c e f\" title=\"h&quot;\" /></p>\n"
        );
    }
}
