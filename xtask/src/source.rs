//! A Rust source taken apart just far enough: what is code, what is text in quotes, what is comment, what is test.

use std::ops::Range;

/// A source file. Lines count from 1.
#[derive(Debug)]
pub(crate) struct Source {
    /// The source with comments and the insides of literals blanked; offsets and lines stay.
    pub(crate) code: String,
    pub(crate) literals: Vec<Literal>,
}

/// A string literal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    /// Offset of its first octet in the source.
    pub(crate) at: usize,
    /// What stands between the quotes, escapes as written.
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn parse(text: &str) -> Self {
        let (mut code, mut literals) = (text.as_bytes().to_vec(), Vec::new());
        let mut at = 0;
        while at < text.len() {
            let token = Token::at(text.as_bytes(), at);
            if token.is_literal {
                let text = String::from_utf8_lossy(&text.as_bytes()[token.inside.clone()]).into_owned();
                literals.push(Literal {
                    at: token.inside.start,
                    text,
                });
            }
            blank(&mut code, token.inside);
            at = token.end;
        }
        Self {
            code: String::from_utf8_lossy(&code).into_owned(),
            literals,
        }
    }

    /// The same without modules and items under `#[cfg(test)]`.
    pub(crate) fn without_tests(mut self) -> Self {
        const MARK: &str = "#[cfg(test)]";
        let mut code = std::mem::take(&mut self.code).into_bytes();
        while let Some(start) = find(&code, MARK) {
            let end = end_of_item(&code, start + MARK.len());
            self.literals
                .retain(|literal| !(start..end).contains(&literal.at));
            blank(&mut code, start..end);
        }
        self.code = String::from_utf8_lossy(&code).into_owned();
        self
    }

    /// Every word of the code, with its line.
    pub(crate) fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code
            .lines()
            .zip(1..)
            .flat_map(|(line, number)| words(line).map(move |word| (number, word)))
    }

    /// The modules of `std` that the code names: in paths, and in `use std::{…}`.
    pub(crate) fn std_modules(&self) -> Vec<(usize, &str)> {
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices("std::") {
            if self.code[..at].ends_with(is_word) {
                continue;
            }
            let path = at + "std::".len();
            for start in path_heads(&self.code[path..]) {
                let name = self.code[path + start..]
                    .split(|c: char| !is_word(c))
                    .next()
                    .unwrap_or_default();
                found.push((self.line(path + start), name));
            }
        }
        found
    }

    /// The line of an offset.
    pub(crate) fn line(&self, at: usize) -> usize {
        1 + self.code[..at].matches('\n').count()
    }

    /// The code cut at `;`, `{` and `}`: statements, near enough.
    pub(crate) fn statements(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = 0;
        self.code.split_inclusive([';', '{', '}']).map(move |statement| {
            let range = start..start + statement.len();
            start = range.end;
            range
        })
    }
}

/// The words of a piece of code or text.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty())
}

/// A stretch of source: blank what is inside, go on at the end.
struct Token {
    inside: Range<usize>,
    end: usize,
    is_literal: bool,
}

impl Token {
    fn at(text: &[u8], at: usize) -> Self {
        let rest = &text[at..];
        let starts_word = at == 0 || !is_word(char::from(text[at - 1]));
        if rest.starts_with(b"//") {
            return Self::comment(at, rest.iter().position(|&c| c == b'\n').unwrap_or(rest.len()));
        }
        if rest.starts_with(b"/*") {
            return Self::comment(at, block_comment(rest));
        }
        if rest[0] == b'"' {
            return Self::literal(text, at + 1, quoted(&rest[1..], b'"'), 1);
        }
        if rest[0] == b'\'' {
            return Self::character(rest).map_or_else(|| Self::plain(at), |length| Self::comment(at, length));
        }
        match raw_string(rest) {
            Some((opening, length, closing)) if starts_word => {
                Self::literal(text, at + opening, length, closing)
            }
            _ => Self::plain(at),
        }
    }

    /// One octet of code.
    fn plain(at: usize) -> Self {
        Self {
            inside: at..at,
            end: at + 1,
            is_literal: false,
        }
    }

    fn comment(at: usize, length: usize) -> Self {
        Self {
            inside: at..at + length,
            end: at + length,
            is_literal: false,
        }
    }

    fn literal(text: &[u8], start: usize, length: usize, closing: usize) -> Self {
        let end = start + length;
        Self {
            inside: start..end,
            end: (end + closing).min(text.len()),
            is_literal: true,
        }
    }

    /// The length of a character literal; none for a lifetime.
    fn character(rest: &[u8]) -> Option<usize> {
        if rest.get(1) == Some(&b'\\') {
            return Some(2 + 1 + quoted(rest.get(3..).unwrap_or_default(), b'\'') + 1)
                .map(|n| n.min(rest.len()));
        }
        let character = String::from_utf8_lossy(rest.get(1..rest.len().min(5))?)
            .chars()
            .next()?;
        (rest.get(1 + character.len_utf8()) == Some(&b'\'')).then_some(2 + character.len_utf8())
    }
}

/// Octets up to the closing quote; a backslash takes the next octet with it.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    at.min(rest.len())
}

/// The lengths of opening, inside and closing of a raw string such as `br#"…"#`.
fn raw_string(rest: &[u8]) -> Option<(usize, usize, usize)> {
    let prefix = [&b"br"[..], b"cr", b"r"]
        .into_iter()
        .find(|prefix| rest.starts_with(prefix))?
        .len();
    let hashes = rest[prefix..].iter().take_while(|&&c| c == b'#').count();
    let opening = prefix + hashes + 1;
    if rest.get(opening - 1) != Some(&b'"') {
        return None;
    }
    let closing = format!("\"{}", "#".repeat(hashes));
    let length = find(&rest[opening..], &closing).unwrap_or(rest.len() - opening);
    Some((opening, length, closing.len()))
}

/// The length of a comment in which comments may nest.
fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Where the item that begins at `from` ends: at its closing brace, or at `;`.
fn end_of_item(code: &[u8], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, &c) in code.iter().enumerate().skip(from) {
        match c {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return at + 1,
            b'}' => depth -= 1,
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// Offsets of the first names of a path: one, or one for each member of `{…}`.
fn path_heads(path: &str) -> Vec<usize> {
    if !path.starts_with('{') {
        return vec![0];
    }
    let (mut heads, mut depth, mut expected) = (Vec::new(), 0_usize, false);
    for (at, c) in path.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            _ if expected && is_word(c) => heads.push(at),
            _ => {}
        }
        expected = depth == 1 && (matches!(c, '{' | ',') || expected && c.is_whitespace());
    }
    heads
}

fn blank(code: &mut [u8], range: Range<usize>) {
    code[range]
        .iter_mut()
        .filter(|c| **c != b'\n')
        .for_each(|c| *c = b' ');
}

/// Where something stands first in octets.
pub(crate) fn find(text: &[u8], what: &str) -> Option<usize> {
    text.windows(what.len())
        .position(|window| window == what.as_bytes())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        Source::parse(text)
            .words()
            .map(|(_, word)| word.to_owned())
            .collect()
    }

    #[test]
    fn octets_are_found_wherever_they_stand() {
        let found = [&b"abc"[..], b"xabc", b"abcx"].map(|octets| find(octets, "abc"));
        assert_eq!(found, [Some(0), Some(1), Some(0)]);
        assert_eq!(
            [&b"ab"[..], b"acb", b""].map(|octets| find(octets, "abc")),
            [None; 3]
        );
    }

    #[test]
    fn comments_and_quoted_text_are_no_code() {
        let text =
            "a // b\n/* c /* d */ e */ f(\"g \\\" h\", r#\"i \" j\"#, b\"k\", 'l', '\\'', '\\u{6d}') 'n";
        assert_eq!(words(text), ["a", "f", "r", "b", "n"]);
    }

    #[test]
    fn literals_keep_their_text_and_place() {
        let source = Source::parse("x(\"SELECT 1\");\ny(r#\"a\"b\"#)");
        let texts: Vec<_> = source
            .literals
            .iter()
            .map(|l| (source.line(l.at), l.text.as_str()))
            .collect();
        assert_eq!(texts, [(1, "SELECT 1"), (2, "a\"b")]);
    }

    #[test]
    fn a_source_cut_short_anywhere_is_read() {
        let text =
            "fn f<'a>() { g(\"h\\\"\", r##\"i\"##, '\\n', 'é') } // j\n/* k */ #[cfg(test)] mod l { m }";
        for (end, _) in text.char_indices() {
            let source = Source::parse(&text[..end]).without_tests();
            assert_eq!(source.code.len(), end);
        }
    }

    #[test]
    fn modules_under_cfg_test_fall_away() {
        let text = "a();\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\n#[allow(x)]\nmod inner {\n fn f() { g() }\n s(\"t\") }\nb();";
        let source = Source::parse(text).without_tests();
        assert_eq!(source.words().collect::<Vec<_>>(), [(1, "a"), (9, "b")]);
        assert_eq!(source.literals, []);
    }

    #[test]
    fn modules_of_std_are_found_in_paths_and_groups() {
        let text = "use std::fs;\nuse std::{\n    collections::{BTreeMap, hash_map},\n    net::TcpStream, thread,\n};\nstd::env::var();\nmystd::fs();";
        let found = Source::parse(text);
        let found: Vec<_> = found.std_modules().into_iter().collect();
        assert_eq!(
            found,
            [
                (1, "fs"),
                (3, "collections"),
                (4, "net"),
                (4, "thread"),
                (6, "env")
            ]
        );
    }
}
