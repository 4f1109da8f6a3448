//! Swift for machines that have none: Debian's, with a Debian around it, in a folder of its own.
//!
//! It is installed once, outside of the checkout, and used by every checkout: in `$COMITY_TOOLS`, else in the cache of whoever runs
//! this. What is mounted in it is mounted for one program, in a namespace of that program's: nothing stays when it ends, however it
//! ends, and no deletion goes through a mount.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::setup;
use crate::{Fault, fault};

/// The Debian that has a Swift.
const DEBIAN: &str = "trixie";
/// Where packages come from, if the machine names no mirror of Debian's.
const MIRROR: &str = "http://deb.debian.org/debian";
/// Says that the folder is whole, and by which recipe: another one builds it anew.
const MARKER: (&str, &str) = (".comity-ready", "1\n");
/// `$1` the folder, `$2` the mirror, `$3` the Debian.
const INSTALL: &str = r#"
debootstrap --variant=minbase --include=ca-certificates,libc6-dev,libstdc++-14-dev "$3" "$1" "$2"
mountpoint -q "$1/proc" || mount -t proc proc "$1/proc"
chroot "$1" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends swiftlang
chroot "$1" apt-get clean
"#;

/// `$1` the folder, `$2` the checkout, `$3` the target directory, `$4` where to start; then the program. Both have the same paths in there
/// as outside. The checkout cannot be written to; files for a moment are in memory.
const RUN: &str = r#"
root=$1 checkout=$2 target=$3 start=$4
shift 4
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/shm"
mount -t tmpfs tmpfs "$root/dev/shm"
mkdir -p "$root$checkout"
mount --bind "$checkout" "$root$checkout"
mount -o remount,bind,ro "$root$checkout"
mkdir -p "$root$target"
mount --bind "$target" "$root$target"
exec chroot "$root" sh -ec 'cd "$1"; shift; exec "$@"' sh "$start" "$@"
"#;

/// An installed Swift.
pub(crate) struct Swift {
    root: PathBuf,
    target: PathBuf,
}

impl Swift {
    /// The Swift of this machine, installed if it is not there, and anew if it does not work.
    pub(crate) fn installed() -> Result<Self, Fault> {
        let home = home()?;
        fs::create_dir_all(&home).map_err(|e| fault(&home, &e))?;
        let swift = Self {
            root: home.join(format!("swift-{DEBIAN}")),
            target: cargo::target()?,
        };
        // Whoever comes second waits here, and finds it done.
        let path = home.join(format!("swift-{DEBIAN}.lock"));
        let lock = File::create(&path).map_err(|e| fault(&path, &e))?;
        lock.lock().map_err(|e| fault(&path, &e))?;
        can_mount()?;
        if swift.is_whole() {
            println!("  Swift of Debian {DEBIAN}: there, in {}", swift.root.display());
        } else {
            swift.install()?;
        }
        Ok(swift)
    }

    /// Whether a Swift that works is installed.
    pub(crate) fn is_there() -> bool {
        let place = || Some((home().ok()?, cargo::target().ok()?));
        place().is_some_and(|(home, target)| {
            let root = home.join(format!("swift-{DEBIAN}"));
            can_mount().is_ok() && Self { root, target }.is_whole()
        })
    }

    /// A program in there, started in a folder of the checkout, with variables of its own and none of ours.
    pub(crate) fn command(&self, folder: &str, variables: &[(&str, &OsStr)], program: &Path) -> Command {
        let mut command = private(RUN);
        command.arg(&self.root).arg(cargo::root()).arg(&self.target);
        command.arg(cargo::root().join(folder));
        command.args([
            "env",
            "-i",
            "PATH=/usr/bin:/bin",
            "HOME=/tmp",
            "LANG=C.UTF-8",
            "TMPDIR=/dev/shm",
        ]);
        for (name, value) in variables {
            let mut variable = OsString::from(format!("{name}="));
            variable.push(value);
            command.arg(variable);
        }
        command.arg(program);
        command
    }

    fn is_whole(&self) -> bool {
        let marked = fs::read_to_string(self.root.join(MARKER.0)).is_ok_and(|recipe| recipe == MARKER.1);
        let mut version = self.command("", &[], Path::new("swiftc"));
        version.arg("--version");
        marked && cargo::output(version).is_ok()
    }

    fn install(&self) -> Result<(), Fault> {
        if self.root.exists() {
            println!("  what is in {} does not work, and goes", self.root.display());
            remove(&self.root)?;
        }
        setup::debootstrap()?;
        let mirror = mirror();
        println!(
            "  Swift: Debian {DEBIAN} and its package swiftlang (2.6 GB, two to four minutes) from {mirror} into {}",
            self.root.display()
        );
        let mut install = private(INSTALL);
        install.arg(&self.root).args([&mirror, DEBIAN]);
        if !cargo::build(install)? {
            return Err("Swift cannot be installed".into());
        }
        let marker = self.root.join(MARKER.0);
        fs::write(&marker, MARKER.1).map_err(|e| fault(&marker, &e))?;
        if self.is_whole() {
            Ok(())
        } else {
            Err("Swift is installed and does not work".into())
        }
    }
}

/// A shell whose mounts nobody else sees, and which are gone with it.
fn private(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-ec", script, "sh"]);
    command
}

/// Whether this is a machine on which Swift can be installed, and if not, why.
fn can_mount() -> Result<(), Fault> {
    if !cargo::succeeds("apt-get", &["--version"]) {
        return Err("Swift is installed from Debian's packages: this system has no apt-get".into());
    }
    if cargo::succeeds("unshare", &["--mount", "true"]) {
        return Ok(());
    }
    Err("Swift is installed in a folder that is mounted into: run this as root, in a container with CAP_SYS_ADMIN".into())
}

/// Where what every checkout uses is kept.
fn home() -> Result<PathBuf, Fault> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    variable("COMITY_TOOLS")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("comity")))
        .or_else(|| Some(variable("HOME")?.join(".cache/comity")))
        .ok_or_else(|| "there is no place for tools: set COMITY_TOOLS".to_owned())
}

/// Deletes a folder, and nothing that is mounted in it: what somebody mounted there is unmounted first.
fn remove(root: &Path) -> Result<(), Fault> {
    for mount in mounts_in(root, &mounts()?) {
        cargo::output({
            let mut unmount = Command::new("umount");
            unmount.arg(mount);
            unmount
        })?;
    }
    if let Some(mount) = mounts_in(root, &mounts()?).first() {
        return Err(format!("{} is mounted and will not be deleted", mount.display()));
    }
    cargo::output({
        let mut remove = Command::new("rm");
        remove.args(["-rf", "--one-file-system", "--"]).arg(root);
        remove
    })
    .map(|_| ())
}

fn mounts() -> Result<String, Fault> {
    let path = Path::new("/proc/self/mounts");
    fs::read_to_string(path).map_err(|e| fault(path, &e))
}

/// What is mounted in a folder, the innermost first.
fn mounts_in(root: &Path, mounts: &str) -> Vec<PathBuf> {
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    let mut inside: Vec<PathBuf> = places
        .map(|place| PathBuf::from(place.replace("\\040", " ")))
        .filter(|place| place.starts_with(root))
        .collect();
    inside.reverse();
    inside
}

/// The mirror that the machine uses, so that nothing comes from elsewhere.
fn mirror() -> String {
    let folder = Path::new("/etc/apt/sources.list.d");
    let files = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files.insert(0, PathBuf::from("/etc/apt/sources.list"));
    files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .find_map(|text| mirror_in(&text))
        .unwrap_or_else(|| MIRROR.to_owned())
}

/// The first mirror of Debian itself that a list of apt's names; not that of its security updates, nor another's.
fn mirror_in(list: &str) -> Option<String> {
    let lines = list.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines
        .filter(|line| line.starts_with("deb ") || line.starts_with("URIs:"))
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_end_matches('/'))
        .find(|word| word.starts_with("http") && word.ends_with("/debian"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_debians_and_the_machines() {
        let new = "Types: deb\n# http://snapshot.debian.org/archive/debian/2025\nURIs: http://mirror.example/debian-security\n\n\
                   Types: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm\n";
        assert_eq!(mirror_in(new).as_deref(), Some("http://mirror.example/debian"));
        let old = "deb https://packages.example/apt x main\ndeb [arch=amd64] http://m.example/debian bookworm main\n";
        assert_eq!(mirror_in(old).as_deref(), Some("http://m.example/debian"));
        assert_eq!(
            mirror_in("deb http://archive.ubuntu.com/ubuntu noble main\n"),
            None
        );
    }

    #[test]
    fn what_is_mounted_inside_is_found_innermost_first() {
        let mounts = "proc /proc proc rw 0 0\ntmpfs /c/swift tmpfs rw 0 0\nproc /c/swift/proc proc rw 0 0\nx /c/swift-2/dev x rw 0 0\n\
                      udev /c/swift/my\\040dev devtmpfs rw 0 0\n";
        let inside = mounts_in(Path::new("/c/swift"), mounts);
        assert_eq!(
            inside,
            ["/c/swift/my dev", "/c/swift/proc", "/c/swift"].map(PathBuf::from)
        );
    }
}
