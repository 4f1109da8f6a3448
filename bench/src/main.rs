//! Measures Comity beside other MLS libraries with their own storage: see the library of this package.

fn main() -> std::process::ExitCode {
    comity_bench::main()
}
