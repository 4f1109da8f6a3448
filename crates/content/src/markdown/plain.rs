//! The plain text of a Markdown text: the basic form beside an enhanced one.
//!
//! **Owns** what is left when there is no formatting: lists and quotes keep their marks, links their addresses, tables
//! their columns. HTML stays as it was written, since GFM-MIMI has none.
//! **Knows nothing of** rendering Markdown.
//!
use pulldown_cmark::{Event, LinkType, Tag, TagEnd};

use super::read;

/// Turns Markdown into plain text of the same words.
///
/// The result has about as many octets as `markdown`, whatever that is: marks of quotes and lists are written for eight
/// levels and no more.
#[must_use]
pub fn to_plain_text(markdown: &str) -> String {
    let mut plain = Plain {
        out: String::with_capacity(markdown.len()),
        ..Plain::default()
    };
    read(markdown, |event| plain.event(event));
    plain.out.truncate(plain.out.trim_end().len());
    plain.out
}

/// Marks of quotes and lists that stand before a line, at most.
const MARGINS: usize = 8;
/// Images inside each other whose words are compared with their addresses, at most.
const NESTED: usize = 8;

#[derive(Default)]
struct Plain {
    out: String,
    /// What stands before the next line, outermost first.
    margins: Vec<Margin>,
    /// The number of the next item for each open list; `None` if it has no numbers.
    lists: Vec<Option<u64>>,
    links: Vec<Link>,
    /// Nothing has been written yet to the innermost quote or item.
    opened: bool,
    /// The line has text.
    in_line: bool,
    in_row: bool,
}

/// What stands before the lines of a quote or an item.
struct Margin {
    first: Option<String>,
    rest: String,
}

struct Link {
    address: String,
    /// Where its text begins.
    start: usize,
    /// Its text is its address.
    is_bare: bool,
}

impl Plain {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.write(&text);
            }
            Event::SoftBreak | Event::HardBreak => self.end_line(),
            Event::Rule => {
                self.begin_block();
                self.write("---");
            }
            Event::TaskListMarker(true) => self.write("[x] "),
            Event::TaskListMarker(false) => self.write("[ ] "),
            // Not enabled.
            Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::Table(_) => {
                self.begin_block();
            }
            Tag::BlockQuote(_) => {
                self.begin_block();
                self.open(Margin {
                    first: None,
                    rest: "> ".into(),
                });
            }
            Tag::List(number) => {
                if self.lists.is_empty() {
                    self.begin_block();
                }
                self.lists.push(number);
            }
            Tag::Item => self.begin_item(),
            Tag::TableRow | Tag::TableHead => self.end_line(),
            Tag::TableCell if self.in_row => self.write(" | "),
            Tag::TableCell => self.in_row = true,
            Tag::Link {
                link_type, dest_url, ..
            } => {
                let is_bare = matches!(link_type, LinkType::Autolink | LinkType::Email);
                self.links.push(Link {
                    address: dest_url.into_string(),
                    start: self.out.len(),
                    is_bare,
                });
            }
            Tag::Image { dest_url, .. } => {
                self.links.push(Link {
                    address: dest_url.into_string(),
                    start: self.out.len(),
                    is_bare: false,
                });
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::BlockQuote(_) | TagEnd::Item => self.close(),
            TagEnd::List(_) => drop(self.lists.pop()),
            TagEnd::TableRow | TagEnd::TableHead => self.in_row = false,
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    fn begin_item(&mut self) {
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number = number.saturating_add(1);
                mark
            }
            _ => "- ".into(),
        };
        self.end_line();
        self.open(Margin {
            rest: " ".repeat(mark.len()),
            first: Some(mark),
        });
    }

    fn end_link(&mut self) {
        let Some(link) = self.links.pop() else { return };
        // Of many images inside each other only the outermost are compared, or spaces would be looked through again and again.
        let is_written = self.links.len() < NESTED
            && self
                .out
                .get(link.start..)
                .is_some_and(|text| text.trim() == link.address);
        let is_inside = link.address.is_empty() || crate::cid::linked(&link.address).is_some();
        if !(link.is_bare || is_written || is_inside) {
            let before = if self.out.len() == link.start { "" } else { " " };
            self.write(&format!("{before}({})", link.address));
        }
    }

    fn open(&mut self, margin: Margin) {
        self.margins.push(margin);
        self.opened = true;
    }

    fn close(&mut self) {
        // An empty quote or item still shows its mark.
        if self.opened {
            self.write("");
        }
        self.margins.pop();
        self.opened = false;
        self.end_line();
    }

    /// Leaves an empty line between this block and the one before, unless it is the first of its quote or item.
    fn begin_block(&mut self) {
        if !std::mem::take(&mut self.opened) && !self.out.is_empty() {
            self.end_line();
            if !self.out.ends_with("\n\n") {
                self.begin_line();
                self.in_line = true;
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.in_line) {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.out.push('\n');
        }
    }

    fn begin_line(&mut self) {
        for margin in self.margins.iter_mut().take(MARGINS) {
            let first = margin.first.take();
            self.out.push_str(first.as_ref().unwrap_or(&margin.rest));
        }
    }

    fn write(&mut self, text: &str) {
        for (n, line) in text.split('\n').enumerate() {
            if n > 0 {
                self.in_line = true;
                self.end_line();
            }
            // The end of a code block's last line begins no other.
            if n > 0 && line.is_empty() {
                continue;
            }
            if !std::mem::replace(&mut self.in_line, true) {
                self.begin_line();
            }
            self.out.push_str(line);
        }
        self.opened = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markdown: &str, plain: &str) {
        assert_eq!(to_plain_text(markdown), plain, "{markdown:?}");
    }

    #[test]
    fn c_062_words_stay_and_marks_of_emphasis_go() {
        check("# Welcome!", "Welcome!");
        check("We *just* __shipped__ ~~1.9~~ `2.0`.", "We just shipped 1.9 2.0.");
        check(
            "first\nsecond  \nthird\n\nnew paragraph",
            "first\nsecond\nthird\n\nnew paragraph",
        );
        check("\\*not emphasised\\* &amp; &lt;b&gt;", "*not emphasised* & <b>");
        check("above\n\n---\n\nbelow", "above\n\n---\n\nbelow");
        check("", "");
    }

    #[test]
    fn links_keep_their_addresses_once() {
        check(
            "Kudos to [@Alice](mimi://example.com/u/alice)!",
            "Kudos to @Alice (mimi://example.com/u/alice)!",
        );
        check("see <https://a.example/x>", "see https://a.example/x");
        check("[https://a.example](https://a.example)", "https://a.example");
        check(
            "![a cat](https://a.example/cat.png)",
            "a cat (https://a.example/cat.png)",
        );
        check("![a cat](cid:5@local.invalid)", "a cat");
        check("www.a.example stays", "www.a.example stays");
    }

    #[test]
    fn lists_keep_their_marks() {
        check(
            "- one\n- two\n  - inner\n- three",
            "- one\n- two\n  - inner\n- three",
        );
        check("3. three\n4. four", "3. three\n4. four");
        check("- [ ] open\n- [x] done", "- [ ] open\n- [x] done");
        check("- a\n\n  b\n- c", "- a\n\n  b\n- c");
        check("before\n\n- one\n-\n\nafter", "before\n\n- one\n-\n\nafter");
    }

    #[test]
    fn quotes_and_code_keep_their_lines() {
        check("> said\n> before\n\nnow", "> said\n> before\n\nnow");
        check("> a\n>\n> - b", "> a\n>\n> - b");
        check(
            "```rust\nfn main() {}\n\nVec<T>\n```\nend",
            "fn main() {}\n\nVec<T>\n\nend",
        );
        check("- x\n\n      code\n      more", "- x\n\n  code\n  more");
    }

    #[test]
    fn tables_keep_their_columns() {
        check(
            "| a | b |\n|---|---|\n| 1 | **2** |\n| 3 | |",
            "a | b\n1 | 2\n3 |",
        );
    }

    #[test]
    fn html_is_text_and_what_gfm_mimi_lacks_is_not_understood() {
        check("a <b>bold</b> word", "a <b>bold</b> word");
        check("<div>\nblock\n</div>", "<div>\nblock\n</div>");
        check("note[^1]\n\n[^1]: two words", "note[^1]\n\n[^1]: two words");
        check("$x$ and :smile:", "$x$ and :smile:");
    }

    #[test]
    fn hostile_nesting_does_not_multiply_the_text() {
        let deep = format!("{}{}", ">".repeat(5_000), "a\n".repeat(5_000));
        assert!(to_plain_text(&deep).len() < 20 * deep.len());
        let lists = "- ".repeat(5_000);
        assert!(to_plain_text(&lists).len() < 20 * lists.len());
    }

    /// Were the spaces looked through at the end of every image, this would take minutes.
    #[test]
    fn images_inside_each_other_are_looked_through_a_few_times() {
        const N: usize = 60_000;
        let spaces = "\u{a0}".repeat(2 * N);
        let images = format!("{}{spaces}a{}", "![".repeat(N), "]()".repeat(N));
        assert_eq!(to_plain_text(&images), format!("{spaces}a"));
        check("![![c](c)](c)", "c");
    }
}
