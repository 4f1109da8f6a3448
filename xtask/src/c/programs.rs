//! The programs in `bindings/c/tests/`: compiled in every way in which a host would, run under every tool that finds what a run does
//! not show.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::native;
use crate::report::Report;
use crate::stages::check;
use crate::story;
use crate::{Fault, fault};

use super::install::source;
use super::symbols;

const WARNINGS: &[&str] = &["-Wall", "-Wextra", "-Werror", "-pedantic"];
const C: &[&str] = &[
    "-std=c11",
    "-Wconversion",
    "-Wshadow",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-g",
];
const SANITIZERS: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// The programs that tell by their exit whether all is well, and what each shows.
const JUDGES: [(&str, &str); 6] = [
    ("misuse", "misuse is told"),
    ("pure", "what needs no client"),
    ("errors", "every error, and a panic"),
    ("rooms", "every query and change of rooms"),
    ("messages", "messages, made, looked at and taken back"),
    ("files", "files, for the app and its extension"),
];
/// The programs that stand on the host in `tests/app.c`.
const HOSTED: [&str; 4] = ["story", "rooms", "messages", "files"];

/// Where things are, and where programs go.
struct Workshop {
    /// What was installed, as it ships.
    prefix: PathBuf,
    /// The library with the network and with chance from a seed.
    testing: PathBuf,
    programs: PathBuf,
}

/// Compiles and runs everything, and adds each check to the report.
pub(super) fn run(report: &mut Report, prefix: &Path) -> Result<(), Fault> {
    let shop = Workshop::open(prefix)?;
    check(
        report,
        "c: what never ships is known by words that the library of the tests has",
        || symbols::words_are_of_tests(&shop.testing.join("libcomity_ffi_test.so")),
    )?;
    for compiler in ["gcc", "clang"] {
        check(report, &format!("c: the header is C11 ({compiler})"), || {
            shop.header(compiler, "c11", "c")
        })?;
    }
    for compiler in ["g++", "clang++"] {
        check(report, &format!("c: the header is C++17 ({compiler})"), || {
            shop.header(compiler, "c++17", "c++")
        })?;
    }
    for compiler in ["gcc", "clang"] {
        check(
            report,
            &format!("c: the story is Rust's, octet for octet ({compiler})"),
            || shop.stories(compiler),
        )?;
        for (name, shows) in JUDGES {
            check(report, &format!("c: {shows} ({compiler})"), || {
                shop.plain(compiler, name)
            })?;
        }
    }
    check(report, "c: two threads at once are told", || {
        shop.plain("gcc", "threads")
    })?;
    let judges = || JUDGES.into_iter().map(|(name, _)| name);
    for name in judges().chain(["story", "threads"]) {
        check(
            report,
            &format!("c: {name} under AddressSanitizer and UBSan"),
            || shop.sanitized(name),
        )?;
    }
    for name in judges().chain(["story"]) {
        check(
            report,
            &format!("c: {name} under valgrind: no leak, no error"),
            || shop.valgrind(name),
        )?;
    }
    for library in [Library::Shared, Library::Static] {
        let name = library.name();
        check(
            report,
            &format!("c: the story with the library that ships ({name})"),
            || shop.shipped_story(library),
        )?;
        check(
            report,
            &format!("c: a host keeps its own SQLite ({name})"),
            || shop.own_sqlite(library),
        )?;
    }
    check(
        report,
        "c: the shared library goes by the number that it tells",
        || shop.soname(),
    )?;
    check(
        report,
        "c: the shared library stays when a host closes it",
        || shop.plugin(),
    )?;
    check(report, "c: pkg-config finds the library", || shop.pkg_config())?;
    check(
        report,
        "c: pkg-config finds the static library alone, for programs that are static as well",
        || shop.pkg_config_static(),
    )?;
    check(report, "c: the guide's program says why it ends", || {
        shop.guide_fails()
    })?;
    check(report, "c: CMake finds the library", || shop.cmake())
}

/// Compiles the example chat as its first lines say, but with every warning, and says where the program is.
pub(super) fn chat(prefix: &Path) -> Result<PathBuf, Fault> {
    let mut ask = Command::new("pkg-config");
    ask.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    ask.args(["--cflags", "--libs", "comity", "libcurl"]);
    let flags = cargo::output(ask)?;
    let program = cargo::scratch()?.join("c-chat");
    let mut compile = Command::new("gcc");
    compile.args(C).args(WARNINGS).arg(source("examples/chat.c"));
    compile.args(flags.split_whitespace()).arg("-o").arg(&program);
    compile.arg(format!("-Wl,-rpath,{}", prefix.join("lib").display()));
    if succeeds(&mut compile)? {
        Ok(program)
    } else {
        Err("the chat in C does not compile".into())
    }
}

/// Compiles the program that `cargo xtask bench faces` measures C by, with the library in a folder, and says how it is started.
pub(crate) fn sends(library: &Path) -> Result<Command, Fault> {
    let program = library.join("sends-c");
    let mut compile = Command::new("gcc");
    compile.args(C).args(WARNINGS).arg("-O2").arg("-I");
    compile.arg(source("include")).arg(source("tests/sends.c"));
    compile
        .arg("-o")
        .arg(&program)
        .arg(format!("-L{}", library.display()));
    compile
        .arg("-lcomity_ffi_test")
        .arg(format!("-Wl,-rpath,{}", library.display()));
    if !succeeds(&mut compile)? {
        return Err("the program in C does not compile".into());
    }
    let mut sends = Command::new(program);
    // Cargo names its own folders to whatever it runs, where the library may lie as tests build it.
    sends.env("LD_LIBRARY_PATH", library);
    Ok(sends)
}

/// One of the two that ship.
#[derive(Clone, Copy)]
enum Library {
    Shared,
    Static,
}

impl Library {
    fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Static => "static",
        }
    }
}

impl Workshop {
    fn open(prefix: &Path) -> Result<Self, Fault> {
        let testing = story::library()?;
        let programs = cargo::scratch()?.join("c-programs");
        fs::create_dir_all(&programs).map_err(|e| fault(&programs, &e))?;
        Ok(Self {
            prefix: prefix.to_owned(),
            testing,
            programs,
        })
    }

    /// Compiles the header alone, as its own program.
    fn header(&self, compiler: &str, standard: &str, language: &str) -> Result<bool, Fault> {
        let mut compile = Command::new(compiler);
        compile.arg(format!("-std={standard}")).args(WARNINGS).args([
            "-fsyntax-only",
            "-x",
            language,
            "-include",
        ]);
        succeeds(compile.arg(self.prefix.join("include/comity.h")).arg("/dev/null"))
    }

    /// A program of ours, with the network and with chance from a seed.
    fn compile(&self, compiler: &str, name: &str, how: &[&str]) -> Result<Option<PathBuf>, Fault> {
        let mut link = vec![
            format!("-L{}", self.testing.display()),
            "-lcomity_ffi_test".to_owned(),
        ];
        link.push(format!("-Wl,-rpath,{}", self.testing.display()));
        self.compile_with(compiler, name, how, &link)
    }

    fn compile_with(
        &self,
        compiler: &str,
        name: &str,
        how: &[&str],
        link: &[String],
    ) -> Result<Option<PathBuf>, Fault> {
        let program = self.programs.join(name);
        let mut compile = Command::new(compiler);
        compile
            .args(C)
            .args(WARNINGS)
            .args(how)
            .arg("-I")
            .arg(self.prefix.join("include"));
        compile.arg(source(&format!("tests/{name}.c")));
        if HOSTED.contains(&name) {
            compile.arg(source("tests/app.c"));
        }
        compile.args(["-pthread", "-o"]).arg(&program).args(link);
        Ok(succeeds(&mut compile)?.then_some(program))
    }

    /// For each seed the facts are those of the Rust story, and another seed gives other facts.
    fn stories(&self, compiler: &str) -> Result<bool, Fault> {
        let Some(program) = self.compile(compiler, "story", &[])? else {
            return Ok(false);
        };
        story::is_told(|| Ok(Command::new(&program)))
    }

    fn plain(&self, compiler: &str, name: &str) -> Result<bool, Fault> {
        match self.compile(compiler, name, &[])? {
            Some(program) => succeeds(&mut Command::new(program)),
            None => Ok(false),
        }
    }

    fn sanitized(&self, name: &str) -> Result<bool, Fault> {
        match self.compile("gcc", name, SANITIZERS)? {
            Some(program) => succeeds(&mut Command::new(program)),
            None => Ok(false),
        }
    }

    fn valgrind(&self, name: &str) -> Result<bool, Fault> {
        let Some(program) = self.compile("gcc", name, &[])? else {
            return Ok(false);
        };
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--quiet", "--leak-check=full", "--error-exitcode=9"]);
        valgrind.args([
            "--show-leak-kinds=definite,indirect,possible",
            "--errors-for-leak-kinds=definite,indirect,possible",
        ]);
        valgrind.arg(format!(
            "--suppressions={}",
            source("tests/valgrind.supp").display()
        ));
        succeeds(valgrind.arg(program))
    }

    /// How to link a library that ships; `own` goes before it, as a host's own libraries do.
    fn shipped(&self, library: Library) -> Vec<String> {
        let lib = self.prefix.join("lib");
        match library {
            Library::Shared => vec![
                format!("-L{}", lib.display()),
                "-lcomity".to_owned(),
                format!("-Wl,-rpath,{}", lib.display()),
            ],
            Library::Static => {
                let archive = lib.join("libcomity.a").display().to_string();
                [archive]
                    .into_iter()
                    .chain(native::SYSTEM_LIBRARIES.iter().map(|&name| name.to_owned()))
                    .collect()
            }
        }
    }

    /// The same story; ids differ, because what ships takes no seed.
    fn shipped_story(&self, library: Library) -> Result<bool, Fault> {
        let mut link = self.shipped(library);
        link.extend([
            format!("-L{}", self.testing.display()),
            "-lcomity_ffi_test".to_owned(),
        ]);
        link.push(format!("-Wl,-rpath,{}", self.testing.display()));
        let Some(program) = self.compile_with("gcc", "story", &[], &link)? else {
            return Ok(false);
        };
        story::is_told_by_what_ships(Command::new(program))
    }

    fn own_sqlite(&self, library: Library) -> Result<bool, Fault> {
        // Ours first: what it exported would win.
        let mut link = self.shipped(library);
        link.push("-lsqlite3".to_owned());
        match self.compile_with("gcc", "own_sqlite", &[], &link)? {
            Some(program) => succeeds(&mut Command::new(program)),
            None => Ok(false),
        }
    }

    fn soname(&self) -> Result<bool, Fault> {
        match self.compile_with("gcc", "soname", &[], &self.shipped(Library::Shared))? {
            Some(program) => succeeds(&mut Command::new(program)),
            None => Ok(false),
        }
    }

    /// It is given the library's path, and linked without it.
    fn plugin(&self) -> Result<bool, Fault> {
        let library = self.prefix.join("lib/libcomity.so");
        match self.compile_with("gcc", "plugin", &[], &["-ldl".to_owned()])? {
            Some(program) => succeeds(Command::new(program).arg(library)),
            None => Ok(false),
        }
    }

    /// Where a file is in its way, the guide's program tells so by its exit and in words, however the compiler orders arguments.
    fn guide_fails(&self) -> Result<bool, Fault> {
        let Some(program) = self.compile_with("gcc", "start", &[], &self.shipped(Library::Shared))? else {
            return Ok(false);
        };
        let folder = self.programs.join("occupied");
        let file = folder.join("start.comity");
        fs::create_dir_all(&folder).map_err(|e| fault(&folder, &e))?;
        fs::write(&file, "something else").map_err(|e| fault(&file, &e))?;
        let output = Command::new(&program)
            .current_dir(&folder)
            .output()
            .map_err(|e| fault(&program, &e))?;
        let said = String::from_utf8_lossy(&output.stderr);
        println!("    start: {}: {}", output.status, said.trim());
        Ok(output.status.code() == Some(1) && said.contains("storage_exists"))
    }

    /// In a folder with the static library and no other, with and without `-static`.
    fn pkg_config_static(&self) -> Result<bool, Fault> {
        let alone = self.programs.join("static-alone");
        for name in ["lib/libcomity.a", "lib/pkgconfig/comity.pc", "include/comity.h"] {
            let (from, to) = (self.prefix.join(name), alone.join(name));
            let folder = to.parent().unwrap_or(&alone);
            fs::create_dir_all(folder).map_err(|e| fault(folder, &e))?;
            fs::copy(&from, &to).map_err(|e| fault(&from, &e))?;
        }
        let mut ask = Command::new("pkg-config");
        ask.env("PKG_CONFIG_PATH", alone.join("lib/pkgconfig"));
        ask.args(["--cflags", "--libs", "--static", "comity"]);
        let flags = cargo::output(ask)?;
        for how in [&[][..], &["-static"]] {
            let program = self.programs.join("start-static");
            let mut compile = Command::new("gcc");
            compile
                .args(C)
                .args(WARNINGS)
                .args(how)
                .arg(source("tests/start.c"));
            compile.args(flags.split_whitespace()).arg("-o").arg(&program);
            let mut run = Command::new(&program);
            if !succeeds(&mut compile)? || !succeeds(run.current_dir(&self.programs))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn pkg_config(&self) -> Result<bool, Fault> {
        let ask = |more: &[&str]| {
            let mut ask = Command::new("pkg-config");
            ask.env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig"));
            cargo::output({
                ask.args(["--cflags", "--libs"]).args(more).arg("comity");
                ask
            })
        };
        for flags in [ask(&[])?, ask(&["--static"])?] {
            let program = self.programs.join("start-pkg-config");
            let mut compile = Command::new("gcc");
            compile
                .args(C)
                .args(WARNINGS)
                .arg(source("tests/start.c"))
                .arg("-o")
                .arg(&program);
            compile.args(flags.split_whitespace());
            let library = self.prefix.join("lib");
            let mut run = Command::new(&program);
            run.current_dir(&self.programs).env("LD_LIBRARY_PATH", library);
            if !succeeds(&mut compile)? || !succeeds(&mut run)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn cmake(&self) -> Result<bool, Fault> {
        let build = self.programs.join("cmake");
        let mut configure = Command::new("cmake");
        configure
            .arg("-S")
            .arg(source("tests/consumer"))
            .arg("-B")
            .arg(&build);
        configure.arg(format!("-DCMAKE_PREFIX_PATH={}", self.prefix.display()));
        let mut make = Command::new("cmake");
        make.arg("--build").arg(&build);
        let mut test = Command::new("ctest");
        test.arg("--test-dir")
            .arg(&build)
            .arg("--output-on-failure")
            .arg("--no-tests=error");
        Ok(succeeds(&mut configure)? && succeeds(&mut make)? && succeeds(&mut test)?)
    }
}

/// Runs a program; what it says is printed if it fails.
fn succeeds(command: &mut Command) -> Result<bool, Fault> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|e| format!("{name} does not start: {e}"))?;
    if !output.status.success() {
        println!("    {name}: {}", output.status);
        for text in [&output.stdout, &output.stderr] {
            String::from_utf8_lossy(text)
                .lines()
                .for_each(|line| println!("    {line}"));
        }
    }
    Ok(output.status.success())
}
