//! On what was measured: said once, before the tables.

use std::path::{Path, PathBuf};

use crate::Fault;
use crate::arguments::Arguments;
use crate::modes::Mode;

/// Prints the machine's kind, the file system, and the settings.
pub(crate) fn print(arguments: &Arguments) -> Result<(), Fault> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("## synchronous={}\n", Mode::BUILT.name());
    println!(
        "{cores} cores, {}, {}; files on {}; SQLite {}; {} rounds of {} steps, the libraries in turn.\n",
        std::env::consts::ARCH,
        std::env::consts::OS,
        file_system(&arguments.dir)?,
        rusqlite::version(),
        arguments.rounds,
        arguments.steps,
    );
    if cfg!(debug_assertions) {
        println!("**A debug build: these numbers say nothing.**\n");
    }
    Ok(())
}

/// The type of the file system on which a directory lies, such as `ext4`.
fn file_system(dir: &Path) -> Result<String, Fault> {
    let dir = dir
        .canonicalize()
        .map_err(|e| format!("{}: {e}", dir.display()))?;
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    Ok(type_of(&dir, &mounts)
        .unwrap_or("an unknown file system")
        .to_owned())
}

/// The type of the innermost mount that holds a directory; of several at one place, the last.
fn type_of<'a>(dir: &Path, mounts: &'a str) -> Option<&'a str> {
    let mount = |line: &'a str| {
        let mut words = line.split(' ').skip(1);
        let (place, kind) = (words.next()?.replace("\\040", " "), words.next()?);
        dir.starts_with(&place)
            .then(|| (PathBuf::from(place).components().count(), kind))
    };
    mounts
        .lines()
        .filter_map(mount)
        .max_by_key(|(depth, _)| *depth)
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "proc /proc proc rw 0 0\n/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\nx /tmp/a\\040b xfs rw 0 0\n";

    #[test]
    fn the_innermost_mount_counts() {
        for (dir, kind) in [
            ("/var/x", "ext4"),
            ("/tmp/y", "tmpfs"),
            ("/tmp/a b/c", "xfs"),
            ("/tmpfile", "ext4"),
        ] {
            assert_eq!(type_of(Path::new(dir), MOUNTS), Some(kind), "{dir}");
        }
        assert_eq!(type_of(Path::new("/x"), ""), None);
    }
}
