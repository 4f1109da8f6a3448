//! The programs a newcomer runs: cargo builds them, everything else is theirs.
//!
//! Cargo reports on stderr, so stdout carries what the program prints and nothing else.

use crate::Fault;
use crate::cargo;
use crate::speed;

/// The main job, told by `examples/src/bin/demo/main.rs`.
pub(crate) fn demo(arguments: &[String]) -> Result<u8, Fault> {
    run(&["-p", "comity-examples", "--bin", "demo"], arguments)
}

/// Decodes MIMI content files.
pub(crate) fn inspect(arguments: &[String]) -> Result<u8, Fault> {
    run(&["-p", "comity-examples", "--bin", "inspect"], arguments)
}

/// What stands between the example chats.
pub(crate) fn relay(arguments: &[String]) -> Result<u8, Fault> {
    run(&["-p", "comity-relay"], arguments)
}

/// Measures speed. `content` measures messages as octets alone, and counts what decoding allocates: with an allocator that
/// counts, so in a program of its own. `store` measures what the store costs in large rooms, `faces` what each language adds.
pub(crate) fn bench(arguments: &[String]) -> Result<u8, Fault> {
    if let Some(rest) = arguments.strip_prefix(&["store".to_owned()]) {
        let only = ["--only", "store"].map(str::to_owned);
        return run(&["-p", "comity-bench"], &[&only[..], rest].concat());
    }
    if let Some(rest) = arguments.strip_prefix(&["faces".to_owned()]) {
        return speed::command(rest);
    }
    let Some(rest) = arguments.strip_prefix(&["content".to_owned()]) else {
        return run(&["-p", "comity-bench"], arguments);
    };
    let only = ["--only", "content", "--mode", "full"].map(str::to_owned);
    match run(&["-p", "comity-bench"], &[&only[..], rest].concat())? {
        0 => run(&["-p", "comity-bench", "--bin", "comity-bench-allocations"], &[]),
        failed => Ok(failed),
    }
}

/// Kills clients at every change they make to the disk, and fails the disk there.
pub(crate) fn crash_matrix(arguments: &[String]) -> Result<u8, Fault> {
    run(&["-p", "comity-reliability", "--bin", "crash-matrix"], arguments)
}

/// Cuts the power at every change, and loses what was not synced.
pub(crate) fn lost_tail(arguments: &[String]) -> Result<u8, Fault> {
    run(&["-p", "comity-reliability", "--bin", "lost-tail"], arguments)
}

/// An app and its extension on one file.
pub(crate) fn two_processes(arguments: &[String]) -> Result<u8, Fault> {
    run(&["-p", "comity-reliability", "--bin", "two-processes"], arguments)
}

/// What an extension needs for a frame of a large room.
pub(crate) fn extension_memory(arguments: &[String]) -> Result<u8, Fault> {
    run(
        &["-p", "comity-reliability", "--bin", "extension-memory"],
        arguments,
    )
}

/// The exit code of the program, or cargo's where it could not be built.
pub(crate) fn run(which: &[&str], arguments: &[String]) -> Result<u8, Fault> {
    let mut command = cargo::cargo();
    command
        .args(["run", "--release"])
        .args(which)
        .arg("--")
        .args(arguments);
    let status = command
        .status()
        .map_err(|e| format!("cargo does not start: {e}"))?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1))
}
