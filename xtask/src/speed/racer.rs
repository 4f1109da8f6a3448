//! A program that sends when it is told to, and says how long it took.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Fault;

/// What one turn came to: the nanoseconds of each thing that the program measures, by name.
pub(super) type Turn = BTreeMap<String, f64>;

/// A program that runs until this is dropped.
pub(super) struct Racer {
    name: &'static str,
    child: Child,
    /// None once it is told to end.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Racer {
    /// Starts it anew, with a folder for its files.
    pub(super) fn start(name: &'static str, program: &Command, folder: &Path) -> Result<Self, Fault> {
        let fault = |e: std::io::Error| format!("{name}: {e}");
        let mut child = again(program)
            .envs(super::ALLOCATOR)
            .arg("--folder")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(fault)?;
        let orders = child.stdin.take();
        let answers = child.stdout.take().ok_or("a program without output")?;
        Ok(Self {
            name,
            child,
            orders,
            answers: BufReader::new(answers),
        })
    }

    /// Lets it send so many texts of so many octets.
    pub(super) fn turn(&mut self, octets: usize, times: usize) -> Result<Turn, Fault> {
        let fault = |e: std::io::Error| format!("{}: {e}", self.name);
        let orders = self.orders.as_mut().ok_or("a program without input")?;
        writeln!(orders, "{octets} {times}").map_err(fault)?;
        orders.flush().map_err(fault)?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(fault)?;
        parse(line.trim()).ok_or_else(|| format!("{} says `{}`", self.name, line.trim()))
    }
}

impl Drop for Racer {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.child.wait();
    }
}

/// The same program once more.
fn again(program: &Command) -> Command {
    let mut again = Command::new(program.get_program());
    again.args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => again.env(name, value),
            None => again.env_remove(name),
        };
    }
    again
}

/// Reads an object of numbers, such as `{"send":61000,"query":2100}`.
fn parse(line: &str) -> Option<Turn> {
    let fields = line.strip_prefix('{')?.strip_suffix('}')?;
    let field = |field: &str| {
        let (name, nanos) = field.split_once(':')?;
        let name = name.trim().strip_prefix('"')?.strip_suffix('"')?;
        Some((name.to_owned(), f64::from(nanos.trim().parse::<u32>().ok()?)))
    };
    fields.split(',').map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_numbers_is_read_and_nothing_else() {
        let turn = parse(r#"{"send": 61000, "query":2100}"#).unwrap();
        assert_eq!(turn.into_values().collect::<Vec<_>>(), [2100.0, 61000.0]);
        for line in ["", "{}", r#"{"send":fast}"#, r#"{"send":1"#, "{send:1}"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_program_answers_as_often_as_it_is_told_to() {
        let mut program = Command::new("sh");
        let script = r#"while read octets times; do echo "{\"send\":$octets,\"call\":$times}"; done"#;
        program.args(["-c", script, "sh"]);
        let mut racer = Racer::start("sh", &program, Path::new("/nowhere")).unwrap();
        for octets in [100, 200] {
            assert_eq!(
                racer.turn(octets, 3).unwrap().get("send"),
                Some(&f64::from(u32::try_from(octets).unwrap()))
            );
        }
    }

    #[test]
    fn a_program_that_ends_is_a_fault() {
        let mut racer = Racer::start("true", &Command::new("true"), Path::new("/nowhere")).unwrap();
        assert!(racer.turn(1, 1).is_err());
    }
}
