//! Cargo and other programs as child processes.

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Fault;

/// How long a build may be silent before it says where it is.
const SILENCE: Duration = Duration::from_secs(15);

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

/// A directory of ours beside what cargo built: `xtask` in the target directory.
pub(crate) fn scratch() -> Result<PathBuf, Fault> {
    let fault = |e: io::Error| format!("no place for what belongs to xtask: {e}");
    let program = std::env::current_exe().map_err(fault)?;
    let target = program.ancestors().nth(2).unwrap_or_else(|| root());
    let scratch = target.join("xtask");
    std::fs::create_dir_all(&scratch).map_err(fault)?;
    Ok(scratch)
}

/// Runs a program and hands over each line as it comes, output and errors in the order written. True if it succeeded.
pub(crate) fn stream(mut command: Command, mut line: impl FnMut(&str)) -> Result<bool, Fault> {
    let fault = |e: io::Error| format!("{}: {e}", command_name(&command));
    let (reader, writer) = io::pipe().map_err(fault)?;
    let twin = writer.try_clone().map_err(fault)?;
    command.stdin(Stdio::null()).stdout(twin).stderr(writer);
    let name = command_name(&command);
    let mut child = command
        .spawn()
        .map_err(|e| format!("{name} does not start: {e}"))?;
    drop(command); // It holds the writing ends; reading ends when the child's are the last ones.
    let mut reader = BufReader::new(reader);
    let mut octets = Vec::new();
    while reader
        .read_until(b'\n', &mut octets)
        .map_err(|e| format!("{name}: {e}"))?
        > 0
    {
        line(String::from_utf8_lossy(&octets).trim_end_matches(['\n', '\r']));
        octets.clear();
    }
    child
        .wait()
        .map(|status| status.success())
        .map_err(|e| format!("{name}: {e}"))
}

/// Runs a build and shows where it is. Its output is printed only if it fails. True if it succeeded.
pub(crate) fn build(command: Command) -> Result<bool, Fault> {
    build_and_see(command, |_| false)
}

/// As [`build`]; lines that `taken` takes are no output.
pub(crate) fn build_and_see(command: Command, mut taken: impl FnMut(&str) -> bool) -> Result<bool, Fault> {
    let (start, mut said) = (Instant::now(), Instant::now());
    let (mut crates, mut output) = (0_u32, Vec::new());
    let succeeded = stream(command, |line| {
        if taken(line) {
            return;
        }
        if is_progress(line) {
            crates += 1;
            if said.elapsed() >= SILENCE {
                let seconds = start.elapsed().as_secs();
                println!("    … {seconds} s: crate {crates}, {}", line.trim());
                said = Instant::now();
            }
        } else {
            output.push(line.to_owned());
        }
    })?;
    if !succeeded {
        output.iter().for_each(|line| println!("{line}"));
    }
    Ok(succeeded)
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
