//! What type checkers are told of the Python that uniffi writes. There the cases of an enumeration become what they are, cases of it, at
//! run time, where no type checker looks; here they are so from the beginning.

use std::fmt::Write as _;

use crate::Fault;

const HEAD: &str = "\
# What type checkers read. Written by `cargo xtask bindings` from comity.py beside it.

import builtins
import datetime
import enum
import typing

from typing_extensions import Self
";

/// What is added by hand to every error: see `__init__.py`.
const OF_ERRORS: &str = "    \
    fault: Fault
    @property
    def code(self) -> Code: ...
    @property
    def name(self) -> str: ...
    @property
    def detail(self) -> str | None: ...
    @property
    def advice(self) -> Advice: ...
    @property
    def users(self) -> list[UserUri]: ...
    @property
    def rooms(self) -> list[RoomUri]: ...
";

/// The stub of a module.
pub(super) fn stub(module: &str) -> Result<String, Fault> {
    let mut text = HEAD.to_owned();
    for block in blocks(module) {
        text.push_str(&declared(&block)?);
    }
    Ok(text)
}

/// A declaration at the left margin, with what is indented below it.
struct Block<'m> {
    head: &'m str,
    body: Vec<&'m str>,
}

fn blocks(module: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut quoted = false;
    for line in module.lines() {
        let was_quoted = quoted;
        if line.matches("\"\"\"").count() % 2 == 1 {
            quoted = !quoted;
        }
        if was_quoted || quoted || line.is_empty() {
            continue; // Texts reach the left margin.
        }
        if line.starts_with([' ', ']', ')']) {
            if let Some(block) = blocks.last_mut() {
                block.body.push(line);
            }
        } else {
            blocks.push(Block {
                head: line,
                body: Vec::new(),
            });
        }
    }
    blocks
}

/// What a block declares, if it is anybody's business.
fn declared(block: &Block<'_>) -> Result<String, Fault> {
    let head = block.head;
    if let Some((name, alias)) = head.split_once(" = ").filter(|(name, _)| is_public(name)) {
        return Ok(match alias {
            "str" | "int" | "datetime.timedelta" => format!("\n{name}: typing.TypeAlias = {alias}\n"),
            _ => String::new(),
        });
    }
    if head.starts_with("__all__ = [") {
        return Ok(format!("\n{head}\n{}\n", block.body.join("\n")));
    }
    if head.starts_with("def ") {
        return function(head, "");
    }
    let Some((name, base)) = class(head) else {
        return Ok(String::new());
    };
    match (name, base) {
        ("ComityError", "Exception") => Ok(String::new()), // The other one has the cases.
        ("ComityError", _) => Ok(errors(block)),
        (_, "enum.Enum") => Ok(format!("\nclass {name}(enum.Enum):\n{}", members(block))),
        (_, "")
            if block
                .body
                .iter()
                .any(|line| line.contains("cannot be instantiated directly")) =>
        {
            cases(name, block)
        }
        (_, "") => record(name, "", &block.body, "    "),
        (_, "Exception") => Ok(format!("\nclass {name}(Exception): ...\n")),
        _ => object(name, base, block),
    }
}

fn is_public(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Name and base of a class that apps see.
fn class(head: &str) -> Option<(&str, &str)> {
    let declaration = head.trim_start().strip_prefix("class ")?;
    let (declaration, _) = declaration.split_once(':')?;
    let (name, base) = declaration.split_once('(').unwrap_or((declaration, ""));
    is_name(name).then(|| (name, base.trim_end_matches(')')))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
}

/// `X = 1` of an enumeration of numbers.
fn members(block: &Block<'_>) -> String {
    let members = block.body.iter().filter(|line| line.contains(" = "));
    members.map(|line| format!("{line}\n")).collect()
}

/// An enumeration whose cases carry something: each case is a class of its own, and a case of it.
fn cases(name: &str, block: &Block<'_>) -> Result<String, Fault> {
    let (mut head, mut text) = (format!("\nclass {name}:\n"), String::new());
    let lines = &block.body;
    for (at, line) in lines.iter().enumerate() {
        if let Some((case, _)) = class(line).filter(|_| indent(line) == 4) {
            let _ = writeln!(head, "    {case}: typing.TypeAlias = _{name}_{case}");
            let inner = lines.iter().skip(at + 1).take_while(|line| indent(line) > 4);
            let inner: Vec<&str> = inner.copied().collect();
            text.push_str(&record(&format!("_{name}_{case}"), name, &inner, "        ")?);
        } else if line.starts_with("    def is_") {
            head.push_str(&function(line, "    ")?);
        }
    }
    Ok(head + &text)
}

/// A class of values: its fields are what it is made of.
fn record(name: &str, base: &str, body: &[&str], margin: &str) -> Result<String, Fault> {
    let start = format!("{margin}def __init__(");
    let init = body
        .iter()
        .find(|line| line.starts_with(&start))
        .ok_or_else(|| format!("{name} is not made of anything"))?;
    let base = if base.is_empty() {
        String::new()
    } else {
        format!("({base})")
    };
    let mut text = format!("\nclass {name}{base}:\n");
    for (field, of, _) in signature(init)?.0 {
        if let Some(of) = of {
            let _ = writeln!(text, "    {field}: {}", built_in(of));
        }
    }
    Ok(text + &function(init, "    ")?)
}

/// A class with methods.
fn object(name: &str, base: &str, block: &Block<'_>) -> Result<String, Fault> {
    let mut text = format!("\nclass {name}({base}):\n");
    let mut of_class = false;
    for line in block.body.iter().filter(|line| indent(line) == 4) {
        let method = line.trim_start().strip_prefix("def ");
        if method.is_some_and(is_told) {
            if of_class {
                text.push_str("    @classmethod\n");
            }
            let mut told = function(line, "    ")?;
            if of_class {
                told = told.replace(&format!(" -> {name}:"), " -> Self:");
            }
            text.push_str(&told);
        }
        of_class = line.trim() == "@classmethod";
    }
    Ok(text)
}

/// Whether a method is an app's business. What takes anything at all only says that there is no constructor.
fn is_told(method: &str) -> bool {
    (!method.starts_with('_') || method.starts_with("__init__(")) && !method.contains("*args")
}

fn errors(block: &Block<'_>) -> String {
    let cases: Vec<&str> = block
        .body
        .iter()
        .filter(|line| indent(line) == 4)
        .filter_map(|line| class(line))
        .map(|(case, _)| case)
        .collect();
    let mut text = format!("\nclass ComityError(Exception):\n{OF_ERRORS}");
    for case in &cases {
        let _ = writeln!(text, "    {case}: typing.TypeAlias = _ComityError_{case}");
    }
    for case in &cases {
        let _ = writeln!(text, "\nclass _ComityError_{case}(ComityError): ...");
    }
    text
}

/// A function without what it does, if it is anybody's business.
fn function(line: &str, margin: &str) -> Result<String, Fault> {
    let name = line.trim_start().trim_start_matches("def ");
    let name = name.split('(').next().unwrap_or_default();
    if name.starts_with('_') && name != "__init__" {
        return Ok(String::new());
    }
    let (parameters, returns) = signature(line)?;
    let told: Vec<String> = parameters
        .iter()
        .map(|(name, of, has_default)| {
            let of = of.map_or(String::new(), |of| format!(": {}", built_in(of)));
            format!("{name}{of}{}", if *has_default { " = ..." } else { "" })
        })
        .collect();
    let gap = if margin.is_empty() { "\n" } else { "" };
    Ok(format!(
        "{gap}{margin}def {name}({}) -> {}: ...\n",
        told.join(", "),
        built_in(returns)
    ))
}

/// A parameter: its name, its type, whether it may be left out.
type Parameter<'l> = (&'l str, Option<&'l str>, bool);

/// The parameters of a function, and what it returns.
fn signature(line: &str) -> Result<(Vec<Parameter<'_>>, &str), Fault> {
    let fault = || format!("what Python is this? {line}");
    let (_, rest) = line.split_once('(').ok_or_else(fault)?;
    let (inside, after) = rest.rsplit_once(')').ok_or_else(fault)?;
    let returns = match after.trim().strip_prefix("->") {
        Some(returns) => returns.trim().trim_end_matches(':'),
        None => "None",
    };
    let parameters = at_commas(inside).into_iter().map(|parameter| {
        let (declared, default) = parameter
            .split_once('=')
            .map_or((parameter, false), |(declared, _)| (declared, true));
        match declared.split_once(':') {
            Some((name, of)) => (name.trim(), Some(of.trim()), default),
            None => (declared.trim(), None, default),
        }
    });
    Ok((parameters.collect(), returns))
}

/// What stands between commas that are in no bracket.
fn at_commas(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    text.split(|c: char| {
        depth += match c {
            '[' | '(' => 1,
            ']' | ')' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
    .collect()
}

/// A type by a name that nothing else has: a frame has a field that is called `bytes`.
fn built_in(of: &str) -> String {
    of.replace("bytes", "builtins.bytes")
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(module: &str) -> String {
        let stub = stub(module).unwrap();
        stub.strip_prefix(HEAD).unwrap().to_owned()
    }

    #[test]
    fn cases_of_an_enumeration_are_cases_of_it() {
        let module = "class Answer:\n    \"\"\"\n    What came\nback.\n\"\"\"\n    def __init__(self):\n        raise RuntimeError(\"Answer cannot be instantiated directly\")\n    @dataclass\n    class BODY:\n        def __init__(self, octets:bytes, more:typing.Optional[int] = _DEFAULT):\n            self.octets = octets\n    def is_BODY(self) -> bool:\n        return True\n";
        assert_eq!(
            told(module),
            "\nclass Answer:\n    BODY: typing.TypeAlias = _Answer_BODY\n    def is_BODY(self) -> bool: ...\n\nclass _Answer_BODY(Answer):\n    octets: builtins.bytes\n    more: typing.Optional[int]\n    def __init__(self, octets: builtins.bytes, more: typing.Optional[int] = ...) -> None: ...\n"
        );
    }

    #[test]
    fn records_objects_and_functions_are_told_and_machinery_is_not() {
        let module = "import os\nUserUri = str\n_UniffiX = int\nclass _UniffiA:\n    def read(buf):\n        pass\n@dataclass\nclass Allow:\n    def __init__(self, *, a:bool = False):\n        self.a = a\nclass Client(ClientProtocol):\n    _handle: int\n    @classmethod\n    def open(cls, now: Timestamp,opening: Opening) -> Client:\n        return 1\n    def __init__(self, *args, **kwargs):\n        raise ValueError()\n    def _uniffi_clone(self):\n        pass\n    def close_file(self, ) -> None:\n        pass\ndef seal(plaintext: bytes) -> Sealed:\n    pass\n";
        assert_eq!(
            told(module),
            "\nUserUri: typing.TypeAlias = str\n\nclass Allow:\n    a: bool\n    def __init__(self, *, a: bool = ...) -> None: ...\n\nclass Client(ClientProtocol):\n    @classmethod\n    def open(cls, now: Timestamp, opening: Opening) -> Self: ...\n    def close_file(self) -> None: ...\n\ndef seal(plaintext: builtins.bytes) -> Sealed: ...\n"
        );
    }

    #[test]
    fn numbers_and_errors_are_told() {
        let told = told(
            "class Code(enum.Enum):\n    A = 1\n    B = 2\nclass ComityError(Exception):\n    pass\nclass ComityError:  # type: ignore\n    class Busy(_T):\n        def __init__(self, fault):\n            pass\n",
        );
        assert!(
            told.starts_with("\nclass Code(enum.Enum):\n    A = 1\n    B = 2\n"),
            "{told}"
        );
        assert_eq!(
            told.matches("class ComityError(Exception):\n    fault: Fault\n")
                .count(),
            1,
            "{told}"
        );
        assert!(told.ends_with("    Busy: typing.TypeAlias = _ComityError_Busy\n\nclass _ComityError_Busy(ComityError): ...\n"), "{told}");
    }
}
