//! Cargo and other programs as child processes.

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::Fault;

/// How long a program may go on before we say where it is.
const PATIENCE: Duration = Duration::from_secs(20);

/// The cargo that started us. Run it in the caller's directory, so that file arguments mean what they say.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The same, in the root of the workspace and without colours, for output that is read here.
pub(crate) fn quiet_cargo() -> Command {
    let mut command = cargo();
    command.current_dir(root()).env("CARGO_TERM_COLOR", "never");
    command
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Where cargo keeps the sources of other packages.
pub(crate) fn home() -> Result<PathBuf, Fault> {
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    named
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .ok_or_else(|| "nobody says where cargo is at home: set CARGO_HOME".into())
}

/// The target directory, in which this program was built.
pub(crate) fn target() -> Result<PathBuf, Fault> {
    let program =
        std::env::current_exe().map_err(|e| format!("this program does not know where it is: {e}"))?;
    Ok(program.ancestors().nth(2).unwrap_or_else(|| root()).to_owned())
}

/// A directory of ours beside what cargo built: `xtask` in the target directory.
pub(crate) fn scratch() -> Result<PathBuf, Fault> {
    let scratch = target()?.join("xtask");
    std::fs::create_dir_all(&scratch).map_err(|e| format!("no place for what belongs to xtask: {e}"))?;
    Ok(scratch)
}

/// Runs a program and hands over each line as it comes, output and errors in the order written; says now and then where it is.
/// True if it succeeded.
pub(crate) fn stream(mut command: Command, mut line: impl FnMut(&str)) -> Result<bool, Fault> {
    let name = command_name(&command);
    let fault = |e: io::Error| format!("{name}: {e}");
    let (reader, writer) = io::pipe().map_err(fault)?;
    let twin = writer.try_clone().map_err(fault)?;
    command.stdin(Stdio::null()).stdout(twin).stderr(writer);
    let mut child = command.spawn().map_err(fault)?;
    drop(command); // It holds the writing ends; reading ends when the child's are the last ones.
    let lines = lines_of(reader);
    let (start, mut said, mut last) = (Instant::now(), Instant::now(), String::new());
    loop {
        match lines.recv_timeout(PATIENCE.saturating_sub(said.elapsed())) {
            Ok(read) => {
                line(&read);
                if is_for_people(&read) {
                    last = read;
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if said.elapsed() >= PATIENCE {
            println!("    … {} s: {}", start.elapsed().as_secs(), last.trim());
            said = Instant::now();
        }
    }
    child.wait().map(|status| status.success()).map_err(fault)
}

/// Runs a build. Its output is printed only if it fails. True if it succeeded.
pub(crate) fn build(command: Command) -> Result<bool, Fault> {
    build_and_see(command, |_| false)
}

/// As [`build`]; lines that `taken` takes are no output.
pub(crate) fn build_and_see(command: Command, mut taken: impl FnMut(&str) -> bool) -> Result<bool, Fault> {
    let mut output = Vec::new();
    let succeeded = stream(command, |line| {
        if !taken(line) && !is_progress(line) {
            output.push(line.to_owned());
        }
    })?;
    if !succeeded {
        output.iter().for_each(|line| println!("{line}"));
    }
    Ok(succeeded)
}

/// The lines of a stream, read on a thread, so that whoever waits for them need not be silent.
fn lines_of(stream: impl io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut octets = Vec::new();
        while stream.read_until(b'\n', &mut octets).is_ok_and(|read| read > 0) {
            let line = String::from_utf8_lossy(&octets);
            if sender
                .send(line.trim_end_matches(['\n', '\r']).to_owned())
                .is_err()
            {
                return;
            }
            octets.clear();
        }
    });
    lines
}

/// What a program prints, or everything it printed as the fault.
pub(crate) fn output(mut command: Command) -> Result<String, Fault> {
    let name = command_name(&command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{name} does not start: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!(
        "{name} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// Whether a program is there and succeeds, whatever it prints.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Not one of cargo's messages for programs.
fn is_for_people(line: &str) -> bool {
    !line.is_empty() && !line.starts_with('{')
}

fn is_progress(line: &str) -> bool {
    let word = line.trim_start().split(' ').next().unwrap_or_default();
    matches!(
        word,
        "Compiling" | "Checking" | "Documenting" | "Downloaded" | "Downloading"
    )
}

fn command_name(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .take(3)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (bool, Vec<String>) {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut lines = Vec::new();
        let succeeded = stream(command, |line| lines.push(line.to_owned())).unwrap();
        (succeeded, lines)
    }

    #[test]
    fn output_and_errors_come_in_the_order_written() {
        let (succeeded, lines) = shell("echo a; echo b >&2; echo c; printf d >&2");
        assert!(succeeded);
        assert_eq!(lines, ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_program_that_fails_or_dies_did_not_succeed() {
        assert_eq!(shell("echo a; exit 3"), (false, vec!["a".to_owned()]));
        assert_eq!(shell("kill -9 $$"), (false, Vec::new()));
    }
}
