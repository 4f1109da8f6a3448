//! What rustdoc says of crates, as JSON. It writes that only where what is unstable is allowed, and so it is, to rustdoc alone: to
//! cargo it would be reason to build everything anew.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const RUSTDOC: &str = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec \"${COMITY_RUSTDOC:-rustdoc}\" \"$@\"\n";

/// Has rustdoc write about some of our packages, and reads it.
pub(crate) fn written(packages: &[&str]) -> Vec<Value> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let target = place.parent().expect("a target directory");
    let mut doc = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    doc.current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["doc", "--locked", "--no-deps", "--lib", "--quiet"])
        .arg("--target-dir")
        .arg(target)
        .args(packages.iter().flat_map(|package| ["-p", package]))
        .env("RUSTDOC", allowed(place))
        .env("RUSTDOCFLAGS", "-Zunstable-options --output-format json");
    if let Some(rustdoc) = std::env::var_os("RUSTDOC") {
        doc.env("COMITY_RUSTDOC", rustdoc);
    }
    let output = doc.output().expect("cargo");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    packages
        .iter()
        .map(|package| {
            let path = target.join(format!("doc/{}.json", package.replace('-', "_")));
            let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            serde_json::from_slice(&text).expect("JSON")
        })
        .collect()
}

/// A rustdoc that may. It is written elsewhere first: two tests may write it at once, and one that is written to does not start.
fn allowed(place: &Path) -> PathBuf {
    let (new, path) = (
        place.join(format!("rustdoc-{}", std::process::id())),
        place.join("rustdoc"),
    );
    fs::write(&new, RUSTDOC).expect("a script");
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).expect("a program");
    fs::rename(&new, &path).expect("in its place");
    path
}
