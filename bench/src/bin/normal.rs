//! The same as `comity-bench`, built so that every file opens with `synchronous=NORMAL`.

fn main() -> std::process::ExitCode {
    comity_bench::main()
}
