//! How often a step waits for the disk: counted by `strace` around this program, which marks where its steps begin and end.
//!
//! A mark is a question for a file that does not exist, so that it stands in the trace between the system calls of the steps.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Fault;
use crate::arguments::Arguments;
use crate::pair::LIBRARIES;
use crate::rounds::{Seat, text};

/// Messages that are traced in each room: enough for checkpoints to show.
const TRACED: usize = 200;
const MARK: &str = "comity-bench-mark";
const END: &str = "end";
const CALLS: &str = "trace=fsync,fdatasync,?statx,?newfstatat,?stat";

/// What was counted.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Counted {
    /// For each kind of step: how many there were, and how often they waited.
    steps: HashMap<String, (u32, u32)>,
}

impl Counted {
    /// How often such a step waits, on average.
    pub(crate) fn of(&self, members: usize, library: &str, step: &str) -> Option<f64> {
        let (steps, waits) = self.steps.get(&kind(members, library, step))?;
        (*steps > 0).then(|| f64::from(*waits) / f64::from(*steps))
    }
}

/// Starts this program again under `strace`. `None` if it is not here or may not trace.
pub(crate) fn count(arguments: &Arguments) -> Result<Option<Counted>, Fault> {
    eprintln!("… fsyncs");
    let dir = tempfile::tempdir()?;
    let trace = dir.path().join("trace");
    let status = Command::new("strace")
        .args(["-f", "--seccomp-bpf", "-qq", "-e", CALLS, "-o"])
        .arg(&trace)
        .arg(std::env::current_exe()?)
        .args(&arguments.given)
        .arg("--count-fsyncs")
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(Some(read(&std::fs::read_to_string(&trace)?))),
        _ => Ok(None),
    }
}

/// What runs under `strace`: the same steps, with marks around them.
pub(crate) fn be_counted(arguments: &Arguments) -> Result<(), Fault> {
    for members in &arguments.members {
        for library in &LIBRARIES {
            let mut seat = Seat::new(library, arguments, *members)?;
            seat.pass_unmeasured(1)?;
            for number in 0..TRACED {
                let kind = |step| kind(*members, library.name, step);
                let text = text(number);
                marked(&kind("send"), || seat.pair.send(&text))?;
                let frame = seat.pair.carry()?;
                marked(&kind("answer"), || seat.pair.record_answer())?;
                marked(&kind("receive"), || seat.pair.receive(frame))?;
            }
        }
    }
    Ok(())
}

fn kind(members: usize, library: &str, step: &str) -> String {
    format!("{members}/{library}/{step}")
}

fn marked<R>(kind: &str, step: impl FnOnce() -> R) -> R {
    mark(kind);
    let result = step();
    mark(END);
    result
}

/// Whether there is such a file does not matter.
fn mark(kind: &str) {
    let _ = Path::new(MARK).join(kind).try_exists();
}

fn read(trace: &str) -> Counted {
    let mut counted = Counted::default();
    let mut inside: Option<String> = None;
    for line in trace.lines() {
        if let Some(kind) = marked_in(line) {
            inside = (kind != END).then_some(kind);
            if let Some(kind) = &inside {
                counted.steps.entry(kind.clone()).or_default().0 += 1;
            }
        } else if let Some(kind) = &inside
            && (line.contains("fsync(") || line.contains("fdatasync("))
        {
            counted.steps.entry(kind.clone()).or_default().1 += 1;
        }
    }
    counted
}

/// The kind of step that a line of the trace marks.
fn marked_in(line: &str) -> Option<String> {
    let quoted = PathBuf::from(line.split('"').nth(1)?);
    let kind = quoted.strip_prefix(MARK).ok()?;
    Some(kind.to_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = r#"7 fsync(3) = 0
7 statx(AT_FDCWD, "comity-bench-mark/2/Comity/send", AT_STATX_SYNC_AS_STAT, STATX_ALL, 0x7ff) = -1 ENOENT (No such file or directory)
7 newfstatat(AT_FDCWD, "/tmp/comity-alice-journal", 0x7ff, 0) = -1 ENOENT
7 fdatasync(4 <unfinished ...>
8 fsync(9) = 0
7 <... fdatasync resumed>) = 0
7 statx(AT_FDCWD, "comity-bench-mark/end", AT_STATX_SYNC_AS_STAT, STATX_ALL, 0x7ff) = -1 ENOENT (No such file or directory)
7 fdatasync(4) = 0
7 statx(AT_FDCWD, "comity-bench-mark/2/Comity/send", 0, STATX_ALL, 0x7ff) = -1 ENOENT (No such file or directory)
7 fdatasync(4) = 0
7 statx(AT_FDCWD, "comity-bench-mark/end", 0, STATX_ALL, 0x7ff) = -1 ENOENT (No such file or directory)
"#;

    #[test]
    fn only_waits_between_marks_count() {
        let counted = read(TRACE);
        assert_eq!(counted.of(2, "Comity", "send"), Some(1.5));
        assert_eq!(counted.of(2, "Comity", "receive"), None);
        assert_eq!(read(""), Counted::default());
    }
}
