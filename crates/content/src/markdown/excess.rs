//! Texts that were built to take a parser minutes, or a reader's memory.
//!
//! What two kinds of text cost grows with their square. Each line of a paragraph asks every quote and list that is open whether it
//! goes on, and there may be as many of these as lines. And a table fills the rows that are too short with cells that nobody wrote:
//! of a thousand octets, a quarter of a million. Nobody writes either by hand, so we look for them first, once and from left to
//! right, and rather count too much than too little.

use super::lines;

/// Most quotes and lists inside each other.
const LEVELS: usize = 100;
/// Most cells that a short text leaves to be filled in; a longer one, as many as it has octets.
const FILLED_CELLS: usize = 1024;

/// Whether a parser is to be spared this text.
pub(super) fn is_excessive(text: &str) -> bool {
    levels(text) > LEVELS || filled_cells(text) > text.len().max(FILLED_CELLS)
}

/// How many quotes and lists may be inside each other, at most.
fn levels(text: &str) -> usize {
    let (mut deepest, mut open_items) = (0, 0);
    for line in lines(text) {
        let Margin {
            quotes,
            items,
            columns,
        } = Margin::of(line);
        // An item goes on where a line is indented by as much as its mark takes, which is two columns or more.
        let items = items + open_items.min(columns / 2);
        deepest = deepest.max(quotes + items);
        open_items = open_items.max(items);
    }
    deepest
}

/// What stands before the words of a line: marks of quotes and items, and the columns of the spaces between them.
#[derive(Default)]
struct Margin {
    quotes: usize,
    items: usize,
    columns: usize,
}

impl Margin {
    fn of(line: &str) -> Self {
        let mut margin = Self::default();
        let mut rest = without_rule(line).as_bytes();
        while let [first, behind @ ..] = rest {
            rest = match first {
                b' ' => {
                    margin.columns += 1;
                    behind
                }
                b'\t' => {
                    margin.columns += 4;
                    behind
                }
                b'>' => {
                    margin.quotes += 1;
                    behind
                }
                _ => match behind_mark(rest) {
                    Some(behind) => {
                        margin.items += 1;
                        behind
                    }
                    None => break,
                },
            };
        }
        margin
    }
}

/// A line without the rule at its end: `- - -` is a list in no list.
fn without_rule(line: &str) -> &str {
    let is_blank = |c| matches!(c, ' ' | '\t');
    for mark in ['-', '*'] {
        let before = line.trim_end_matches(|c| c == mark || is_blank(c));
        let rule = line.get(before.len()..).unwrap_or_default();
        if rule.matches(mark).count() >= 3 {
            return before;
        }
    }
    line
}

/// What stands behind the mark of an item, if a line begins with one.
fn behind_mark(line: &[u8]) -> Option<&[u8]> {
    let digits = line.iter().take(10).take_while(|octet| octet.is_ascii_digit());
    let (number, behind) = line.split_at_checked(digits.count())?;
    let (mark, behind) = behind.split_first()?;
    let is_mark = match number {
        [] => matches!(mark, b'-' | b'+' | b'*'),
        _ => matches!(mark, b'.' | b')'),
    };
    let ends = behind.first().is_none_or(|next| matches!(next, b' ' | b'\t'));
    (is_mark && ends).then_some(behind)
}

/// How many cells may have to be filled in, at most.
fn filled_cells(text: &str) -> usize {
    let (mut filled, mut columns) = (0_usize, 0);
    for line in lines(text) {
        if line.trim_matches([' ', '\t']).is_empty() {
            columns = 0;
        } else if let Some(named) = columns_named(line) {
            columns = named.max(columns);
        }
        filled = filled.saturating_add(usize::saturating_sub(columns, cells(line)));
    }
    filled
}

/// The columns of the table whose second line this may be.
fn columns_named(line: &str) -> Option<usize> {
    let is_margin = |c: char| c.is_ascii_digit() || " \t>*+-.):".contains(c);
    let names = line.contains('|')
        && line
            .trim_start_matches(is_margin)
            .bytes()
            .all(|octet| b"|:- \t".contains(&octet));
    names.then(|| line.split('|').filter(|column| column.contains('-')).count())
}

/// The cells that stand in a line, at least.
fn cells(line: &str) -> usize {
    let line = line.trim_matches([' ', '\t']);
    let octets = line.as_bytes();
    let is_bar = |at: usize| octets.get(at) == Some(&b'|') && (at == 0 || octets.get(at - 1) != Some(&b'\\'));
    let bars = (0..octets.len()).filter(|at| is_bar(*at)).count();
    let edges = usize::from(is_bar(0)) + usize::from(is_bar(octets.len().saturating_sub(1)));
    (bars + 1).saturating_sub(edges)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Parser, Tag, TagEnd};

    use super::*;
    use crate::markdown::{GFM_MIMI, escape, links, to_html, to_plain_text, without_html};

    /// Were they parsed as they are, the first would not end soon, and what comes out of the second would be many times as long.
    #[test]
    fn a_text_that_grows_with_its_square_is_shown_as_it_is_written() {
        let lines = |n| "a\n".repeat(n);
        let quotes = format!("{}{}", ">".repeat(250_000), lines(250_000));
        let items = format!("{}{}", "- ".repeat(150_000), lines(250_000));
        let table = format!("{}\n{}\n{}\n", "|a".repeat(300), "|-".repeat(300), lines(700));
        let tables = table.repeat(400);
        for text in [&quotes, &items, &tables] {
            let html = to_html(text);
            assert!(
                html.starts_with("<p>") && html.len() < 8 * text.len(),
                "{} octets",
                html.len()
            );
            assert!(to_plain_text(text).len() <= text.len());
            assert_eq!(links(text), []);
            assert_eq!(without_html(text), escape(text));
        }
    }

    #[test]
    fn a_small_table_does_not_grow_much_either() {
        let table = format!("{}\n{}\n{}", "|a".repeat(64), "|-".repeat(64), "x\n".repeat(64));
        assert!(to_plain_text(&table).len() <= 24 * table.len());
        assert!(to_html(&table).len() <= 24 * table.len());
    }

    #[test]
    fn what_people_write_is_not_excessive() {
        let quoted = format!("{} said\n{} said\n", "> ".repeat(30), ">".repeat(60));
        let nested: String = (0..40).map(|n| format!("{}- item\n", "  ".repeat(n))).collect();
        let code = format!("- a\n\n```\n{}x\n```\n", " ".repeat(400));
        let rules = format!("{}\n\n> {}\n", "* ".repeat(200), "- ".repeat(200));
        let table = format!(
            "| a | b | c |\n|---|---|---|\n{}",
            "| 1 | 2 | 3 |\n".repeat(5_000)
        );
        let sparse = format!("a | b | c\n:-: | - | -\n{}", "x\n".repeat(1_000));
        for text in [&quoted, &nested, &code, &rules, &table, &sparse] {
            assert!(!is_excessive(text), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn never_too_little_is_counted(
            text in "(>|> |- |-|\\* |\\*|\\+ |1\\. |12\\) | |    |\t|\n|\n|\r|a|\\||\\|-|-\\|-|\\\\|`|- - -|:|```\n|\\|a\\|b\n\\|-\\|-\n){0,40}"
        ) {
            let (mut level, mut deepest, mut shown) = (0_usize, 0, 0);
            for event in Parser::new_ext(&text, GFM_MIMI) {
                match event {
                    Event::Start(Tag::Item | Tag::BlockQuote(_)) => level += 1,
                    Event::End(TagEnd::Item | TagEnd::BlockQuote(_)) => level -= 1,
                    Event::Start(Tag::TableCell) => shown += 1,
                    _ => {}
                }
                deepest = deepest.max(level);
            }
            prop_assert!(deepest <= levels(&text));
            let written = text.matches('|').count() + lines(&text).count();
            prop_assert!(shown <= written + filled_cells(&text));
            prop_assert!(!is_excessive(&escape(&text)));
        }
    }
}
