//! What maturin asks for when it builds a wheel: `uniffi-bindgen generate … --out-dir DIR …`. It hands out the code that is committed,
//! which CI compares with what the library says, so that nobody who builds a wheel has to build a generator.

use std::path::Path;
use std::process::ExitCode;

const CODE: &str = include_str!("../../../bindings/python/src/comity/_ffi/comity.py");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == "--out-dir");
    let Some(folder) = at.and_then(|at| arguments.get(at + 1)) else {
        eprintln!("uniffi-bindgen: --out-dir is missing. For the code itself: cargo xtask bindings");
        return ExitCode::from(2);
    };
    match std::fs::write(Path::new(folder).join("comity.py"), CODE) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("uniffi-bindgen: {folder}: {error}");
            ExitCode::FAILURE
        }
    }
}
