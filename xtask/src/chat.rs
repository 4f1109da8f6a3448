//! `cargo xtask chat-demo`: the example chats of all languages, each a process of its own, in one room over the local relay.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use crate::c;
use crate::cargo;
use crate::faces;
use crate::report::Report;
use crate::source::find;
use crate::stages::check;
use crate::{Fault, fault};

/// One who takes part. The first one opens the room and invites the others. Another language is another entry.
struct Client {
    language: &'static str,
    /// The name of the user, as `docs/relay.md` has it typed.
    user: &'static str,
    /// The chat, from the root of the repository.
    source: &'static str,
    /// What it may import: the published package, and what comes with the language or is named in the guide. With a dot at its end, all
    /// that is in there.
    imports: &'static [&'static str],
    /// Installs what it needs, builds it, and says how it is started: its arguments, those of `docs/relay.md`, are added.
    build: fn() -> Result<Command, Fault>,
}

/// The library, libcurl, and what POSIX has.
const IN_C: &[&str] = &[
    "comity.h",
    "curl/curl.h",
    "poll.h",
    "stdarg.h",
    "stdio.h",
    "stdlib.h",
    "string.h",
    "time.h",
    "unistd.h",
];

const CLIENTS: &[Client] = &[
    Client {
        language: "C",
        user: "alice",
        source: "bindings/c/examples/chat.c",
        imports: IN_C,
        build: c::chat,
    },
    Client {
        language: "C",
        user: "bob@b.example",
        source: "bindings/c/examples/chat.c",
        imports: IN_C,
        build: c::chat,
    },
    Client {
        language: "Swift",
        user: "dora@d.example",
        source: "bindings/swift/Examples/Chat/Chat.swift",
        imports: &["Comity", "Foundation", "FoundationNetworking"],
        build: faces::swift_chat,
    },
    Client {
        language: "Kotlin",
        user: "carol@c.example",
        source: "bindings/kotlin/examples/chat/src/main/kotlin/Chat.kt",
        imports: &["org.comity.", "kotlin.", "kotlinx.coroutines.", "java."],
        build: faces::kotlin_chat,
    },
];

/// Lines that an example must stay under.
const LINES: usize = 200;
/// How long a conversation may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// `cargo xtask chat-demo`.
pub(crate) fn demo(arguments: &[String]) -> Result<u8, Fault> {
    if !arguments.is_empty() {
        return Err("cargo xtask chat-demo takes nothing".into());
    }
    Ok(if converse()? { 0 } else { 1 })
}

/// The stage of `cargo xtask test`.
pub(crate) fn run(report: &mut Report, packages: &[String]) -> Result<(), Fault> {
    const OURS: [&str; 3] = ["comity-capi", "comity-relay", "comity-uniffi"];
    if !packages.is_empty() && !packages.iter().any(|package| OURS.contains(&package.as_str())) {
        println!("    nothing of it is in the packages that were asked for");
        return Ok(());
    }
    check(
        report,
        "chat: every example is one file of under 200 lines, upon what is published",
        examples_hide_nothing,
    )?;
    check(
        report,
        "chat: clients of all languages talk, and the relay reads nothing",
        converse,
    )
}

fn examples_hide_nothing() -> Result<bool, Fault> {
    let mut held = true;
    for client in CLIENTS {
        let path = cargo::root().join(client.source);
        let text = String::from_utf8(read(&path)?).map_err(|e| format!("{}: {e}", path.display()))?;
        let lines = text.lines().count();
        if lines >= LINES {
            println!("    {} has {lines} lines", client.source);
            held = false;
        }
        for import in imports(&text).filter(|import| !is_allowed(import, client.imports)) {
            println!("    {} imports {import}", client.source);
            held = false;
        }
        let folder = path.parent().unwrap_or(&path);
        let files = fs::read_dir(folder).map_err(|e| fault(folder, &e))?.count();
        if files != 1 {
            println!("    {} has {files} files", folder.display());
            held = false;
        }
    }
    Ok(held)
}

/// What a program in one of the languages imports.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("@testable ").unwrap_or(line);
        let name = line
            .strip_prefix("#include ")
            .or_else(|| line.strip_prefix("import "))?;
        Some(name.trim_matches(['<', '>', '"', ' ']))
    })
}

fn is_allowed(import: &str, allowed: &[&str]) -> bool {
    allowed
        .iter()
        .any(|name| *name == import || name.ends_with('.') && import.starts_with(name))
}

/// Everybody says a line in one room. True if each line was read by everybody else, under its sender's URI, and by nobody besides.
fn converse() -> Result<bool, Fault> {
    let mut programs = Vec::new();
    for client in CLIENTS {
        println!("    {} is in {}", client.user, client.language);
        programs.push((client.build)()?);
    }
    let dir = cargo::scratch()?.join("chat");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let relay = Relay::start(&dir)?;
    let said: Vec<String> = CLIENTS.iter().map(line_of).collect::<Result<_, _>>()?;
    let mut chats = Vec::new();
    for ((client, program), line) in CLIENTS.iter().zip(programs).zip(&said) {
        chats.push(Chat::start(client, program, line, &relay.url, &dir)?);
    }
    let ended = Chat::wait(&mut chats)?;
    drop(relay);
    let expected: Vec<String> = CLIENTS
        .iter()
        .zip(&said)
        .map(|(client, line)| format!("{}: {line}", uri(client.user)))
        .collect();
    let told = chats.iter().map(|chat| chat.tells(&expected));
    let all_told = told.collect::<Result<Vec<_>, _>>()?.iter().all(|told| *told);
    let unread = nobody_reads(&dir, &said)?;
    println!("    what was said:");
    expected.iter().for_each(|line| println!("      {line}"));
    Ok(ended && all_told && unread)
}

/// What a client says: words that stand nowhere else.
fn line_of(client: &Client) -> Result<String, Fault> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = since.map_err(|_| "the clock stands before 1970")?.as_nanos();
    Ok(format!("Hello from {}! ({nanos:x})", client.language))
}

/// The URI of a user whose name was typed.
fn uri(user: &str) -> String {
    let (name, domain) = user.split_once('@').unwrap_or((user, "relay.example"));
    format!("mimi://{domain}/u/{name}")
}

/// One client at work.
struct Chat {
    who: String,
    process: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Chat {
    fn start(
        client: &Client,
        mut program: Command,
        line: &str,
        relay: &str,
        dir: &Path,
    ) -> Result<Self, Fault> {
        let name = client.user.split('@').next().unwrap_or(client.user);
        let (out, err) = (dir.join(format!("{name}.out")), dir.join(format!("{name}.err")));
        let create = |path: &Path| File::create(path).map_err(|e| format!("{}: {e}", path.display()));
        program.args(["--relay", relay, "--user", client.user, "--say", line]);
        program.arg("--file").arg(dir.join(format!("{name}.comity")));
        program.args(["--until-seen", &(CLIENTS.len() - 1).to_string()]);
        program.args(["--quit-after", &PATIENCE.as_secs().to_string()]);
        if CLIENTS.first().is_some_and(|first| first.user == client.user) {
            for guest in CLIENTS.iter().skip(1) {
                program.args(["--with", guest.user]);
            }
        }
        program
            .stdin(Stdio::null())
            .stdout(create(&out)?)
            .stderr(create(&err)?);
        let process = program
            .spawn()
            .map_err(|e| format!("the chat in {} does not start: {e}", client.language))?;
        Ok(Self {
            who: format!("{} ({})", client.user, client.language),
            process,
            out,
            err,
        })
    }

    /// Waits for all of them. True if each one ended well and in time.
    fn wait(chats: &mut [Self]) -> Result<bool, Fault> {
        let start = Instant::now();
        let mut held = true;
        for chat in chats {
            loop {
                let status = chat.process.try_wait();
                match status.map_err(|e| format!("{}: {e}", chat.who))? {
                    Some(status) if status.success() => break,
                    Some(status) => {
                        held = false;
                        println!("    {}: {status}", chat.who);
                        break;
                    }
                    None if start.elapsed() > PATIENCE => {
                        held = false;
                        println!("    {} does not come to an end", chat.who);
                        break;
                    }
                    None => std::thread::sleep(Duration::from_millis(20)),
                }
            }
        }
        Ok(held)
    }

    /// Whether it printed these lines, in any order, and nothing else.
    fn tells(&self, expected: &[String]) -> Result<bool, Fault> {
        let octets = read(&self.out)?;
        let out = String::from_utf8_lossy(&octets);
        let (mut told, mut expected): (Vec<&str>, Vec<&str>) = (
            out.lines().collect(),
            expected.iter().map(String::as_str).collect(),
        );
        told.sort_unstable();
        expected.sort_unstable();
        if told == expected {
            println!("    {} read all {} lines", self.who, told.len());
            return Ok(true);
        }
        println!("    {} printed:", self.who);
        for octets in [octets, read(&self.err)?] {
            let text = String::from_utf8_lossy(&octets);
            text.lines().for_each(|line| println!("      {line}"));
        }
        Ok(false)
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        // It has ended, but for one that did not come to an end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The relay at work, until it is dropped.
struct Relay {
    process: Child,
    url: String,
    /// Kept open: it must have somebody to speak to.
    _out: BufReader<ChildStdout>,
}

impl Relay {
    fn start(dir: &Path) -> Result<Self, Fault> {
        let mut build = cargo::quiet_cargo();
        build.args(["build", "--locked", "-p", "comity-relay"]);
        if !cargo::build(build)? {
            return Err("comity-relay does not build".into());
        }
        let mut relay = Command::new(cargo::target()?.join("debug/comity-relay"));
        relay
            .args(["--port", "0", "--file"])
            .arg(dir.join("relay.sqlite"));
        let mut process = relay
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("the relay does not start: {e}"))?;
        let out = process.stdout.take().ok_or("the relay has no voice")?;
        let (mut out, mut line) = (BufReader::new(out), String::new());
        let read = out.read_line(&mut line);
        match line.trim_end().strip_prefix("relay on ") {
            Some(url) if read.is_ok() => Ok(Self {
                process,
                url: url.to_owned(),
                _out: out,
            }),
            _ => Err(format!("the relay says `{}`", line.trim_end())),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether what was said stands in no file of the relay's, log included, nor in any of the clients'. What is known to be there is
/// looked for as well, in the same way.
fn nobody_reads(dir: &Path, said: &[String]) -> Result<bool, Fault> {
    let (mut held, mut found, mut octets) = (true, false, 0);
    let entries = fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        if path.extension().is_some_and(|end| end == "out" || end == "err") {
            continue;
        }
        let content = read(&path)?;
        octets += content.len();
        found |= find(&content, "mimi://relay.example/u/alice").is_some();
        for line in said.iter().filter(|line| find(&content, line).is_some()) {
            println!("    {} holds `{line}`", path.display());
            held = false;
        }
    }
    if !found {
        println!("    nothing was looked at: the relay knows no alice");
    }
    println!("    looked for it in {octets} octets of the relay's and the clients' files");
    Ok(held && found)
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_name_is_a_user_of_its_domain_or_of_the_relays() {
        assert_eq!(uri("alice"), "mimi://relay.example/u/alice");
        assert_eq!(uri("bob@b.example"), "mimi://b.example/u/bob");
    }

    #[test]
    fn what_a_program_imports_is_found_and_judged() {
        let text = "#include <comity.h>\n  #include \"app.h\"\nimport org.comity.*\n@testable import Comity\n// import x\nimportant()\n";
        let found: Vec<&str> = imports(text).collect();
        assert_eq!(found, ["comity.h", "app.h", "org.comity.*", "Comity"]);
        let allowed = ["comity.h", "org.comity."];
        let foreign: Vec<&str> = found
            .into_iter()
            .filter(|import| !is_allowed(import, &allowed))
            .collect();
        assert_eq!(foreign, ["app.h", "Comity"]);
        assert!(!is_allowed("org.comityhelpers", &allowed));
    }
}
