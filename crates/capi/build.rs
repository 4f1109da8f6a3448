//! Gives the shared library its name: programs look for `libcomity.so.0`, where 0 changes with `COMITY_ABI_VERSION`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if ["linux", "android"].contains(&system.as_str()) {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libcomity.so.0");
    }
}
