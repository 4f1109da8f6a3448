//! `cargo xtask relay [--port PORT] [--file PATH]`: see `docs/relay.md`.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use comity_relay::{Providers, serve};

type Fault = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(never) => match never {},
        Err(fault) => {
            eprintln!("relay: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<std::convert::Infallible, Fault> {
    let (mut port, mut file) = (8787, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("`{argument}` is unknown or lacks its value"))?;
        match argument.as_str() {
            "--port" => port = value.parse().map_err(|_| "--port takes a number up to 65535")?,
            "--file" => file = Some(PathBuf::from(value)),
            _ => {
                return Err(format!("`{argument}` is unknown; there are --port PORT and --file PATH").into());
            }
        }
    }
    let path = match file {
        Some(path) => path,
        None => tempfile::Builder::new()
            .prefix("comity-relay-")
            .tempdir()?
            .keep()
            .join("relay.sqlite"),
    };
    let providers = Providers::open(&path)?;
    // Never another address: whoever can connect can be anybody.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|e| format!("port {port}: {e}"))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "relay on http://{}", listener.local_addr()?)?;
    writeln!(out, "database {}", path.display())?;
    out.flush()?;
    drop(out);
    serve(&listener, providers)
}
