//! The repository as the rules see it: its files, and what each of our crates links.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::Fault;
use crate::cargo;
use crate::source::Source;

/// What the rules judge. Tests plant one in memory.
#[derive(Debug, Default)]
pub(crate) struct Repo {
    /// Every file that git tracks or would track, by path.
    pub(crate) files: Vec<File>,
    /// Our crates that others may link, by name.
    pub(crate) shipped: BTreeMap<String, Links>,
}

/// A file of the repository.
#[derive(Debug)]
pub(crate) struct File {
    /// From the root, with `/`.
    pub(crate) path: String,
    /// Octets that are no UTF-8 are replaced.
    pub(crate) text: String,
}

/// What a crate links: its normal dependencies and theirs, on every target, build scripts and tests left out.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// Names of crates, itself among them.
    pub(crate) crates: BTreeSet<String>,
    /// `crate/feature` for every feature that is on.
    pub(crate) features: BTreeSet<String>,
}

impl Repo {
    /// Reads the repository that this program was built from.
    pub(crate) fn load() -> Result<Self, Fault> {
        let mut git = Command::new("git");
        git.current_dir(cargo::root())
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let listed = cargo::output(git)?;
        let files: Vec<File> = listed
            .split('\0')
            .filter(|path| !path.is_empty())
            .filter_map(File::read)
            .collect();
        let shipped = shipped_packages(&files)
            .map(|package| Ok((package.clone(), Links::load(&package)?)))
            .collect::<Result<_, Fault>>()?;
        Ok(Self { files, shipped })
    }

    /// The Rust sources whose path begins with one of these.
    pub(crate) fn rust<'a>(&'a self, under: &'a [&str]) -> impl Iterator<Item = (&'a str, Source)> {
        self.under(under)
            .filter(|file| file.path.ends_with(".rs"))
            .map(|file| (file.path.as_str(), file.source()))
    }

    /// The files whose path begins with one of these.
    pub(crate) fn under<'a>(&'a self, under: &'a [&str]) -> impl Iterator<Item = &'a File> {
        self.files
            .iter()
            .filter(|file| under.iter().any(|start| file.path.starts_with(start)))
    }
}

impl File {
    /// None for what git still lists and is gone, and for what is no file.
    fn read(path: &str) -> Option<Self> {
        let octets = std::fs::read(cargo::root().join(path)).ok()?;
        Some(Self {
            path: path.to_owned(),
            text: String::from_utf8_lossy(&octets).into_owned(),
        })
    }

    fn source(&self) -> Source {
        Source::parse(&self.text)
    }
}

impl Links {
    fn load(package: &str) -> Result<Self, Fault> {
        let mut tree = cargo::quiet_cargo();
        tree.args([
            "tree", "--locked", "--prefix", "none", "--format", "{p}|{f}", "--target", "all",
        ]);
        tree.args(["--edges", "normal", "--package", package]);
        Ok(Self::parse(&cargo::output(tree)?))
    }

    /// From lines such as `openmls v0.9.2|extensions-draft,std (*)`.
    fn parse(tree: &str) -> Self {
        let mut links = Self::default();
        for line in tree.lines() {
            let (package, features) = line
                .trim_end_matches(" (*)")
                .split_once('|')
                .unwrap_or((line, ""));
            let Some(name) = package.split(' ').next().filter(|name| !name.is_empty()) else {
                continue;
            };
            let features = features.split(',').filter(|feature| !feature.is_empty());
            links
                .features
                .extend(features.map(|feature| format!("{name}/{feature}")));
            links.crates.insert(name.to_owned());
        }
        links
    }
}

/// Packages under `crates/` that are for tests alone.
const NEVER_SHIPPED: &[&str] = &["comity-faultfs", "comity-ffi-test", "comity-testkit"];

/// The packages under `crates/`, but for those that are never shipped.
fn shipped_packages(files: &[File]) -> impl Iterator<Item = String> {
    files
        .iter()
        .filter(|file| file.path.starts_with("crates/") && file.path.ends_with("/Cargo.toml"))
        .filter_map(|file| file.text.split_once("name = \"")?.1.split('"').next())
        .filter(|name| !NEVER_SHIPPED.contains(name))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_and_their_features_are_read_from_a_tree() {
        let links = Links::parse(
            "comity-room v0.1.0 (/w/crates/room)|\nserde v1.0.229|default,std\nserde_derive v1.0.229 (proc-macro)|\nserde v1.0.229|default,std (*)\n",
        );
        assert_eq!(
            links.crates.into_iter().collect::<Vec<_>>(),
            ["comity-room", "serde", "serde_derive"]
        );
        assert_eq!(
            links.features.into_iter().collect::<Vec<_>>(),
            ["serde/default", "serde/std"]
        );
    }

    #[test]
    fn what_is_for_tests_is_not_shipped() {
        let manifest = |path: &str, name: &str| File {
            path: path.into(),
            text: format!("[package]\nname = \"{name}\"\n"),
        };
        let files = [
            manifest("crates/core/Cargo.toml", "comity"),
            manifest("crates/faultfs/Cargo.toml", "comity-faultfs"),
            manifest("crates/testkit/Cargo.toml", "comity-testkit"),
            manifest("examples/Cargo.toml", "comity-examples"),
        ];
        assert_eq!(shipped_packages(&files).collect::<Vec<_>>(), ["comity"]);
    }
}
