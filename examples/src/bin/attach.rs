//! Encrypts a file as an attachment, and restores it: what a host does around an upload and a download.
//!
//! `attach encrypt FILE OUT` writes what is to be uploaded to OUT, and prints the part of the message that goes with it as one
//! JSON object on one line, octets in hex. `attach decrypt OUT PART.json FILE2` restores the file, if every octet of OUT is as
//! it was: FILE2 is there as a whole or not at all, and never in the place of another file. Files of any size take the same
//! memory. Exits with 1 and a reason on stderr if that cannot be done, and with 2 if it was not called rightly.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use comity::attachment::{self, Algorithm, StreamError};
use comity_content::{ContentKey, ExternalPart};
use comity_examples::Fault;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

const USAGE: &str = "usage: attach encrypt FILE OUT\n       attach decrypt OUT PART.json FILE2";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["encrypt", file, out] => encrypt(Path::new(file), Path::new(out)),
        ["decrypt", out, part, file] => decrypt(Path::new(out), Path::new(part), Path::new(file)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("attach: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// The part of a message that goes with an upload.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartFile {
    enc_alg: u16,
    key: String,
    nonce: String,
    aad: String,
    hash_alg: u8,
    content_hash: String,
    size: u64,
    content_type: String,
    filename: String,
}

impl PartFile {
    fn of(part: &ExternalPart) -> Self {
        Self {
            enc_alg: part.encryption_algorithm,
            key: hex::encode(part.key.octets()),
            nonce: hex::encode(&part.nonce),
            aad: hex::encode(&part.aad),
            hash_alg: part.hash_algorithm,
            content_hash: hex::encode(&part.content_hash),
            size: part.size,
            content_type: part.media_type.clone(),
            filename: part.filename.clone(),
        }
    }

    fn part(self) -> Result<ExternalPart, Fault> {
        let octets = |name: &str, digits: &str| hex::decode(digits).map_err(|e| format!("{name}: {e}"));
        Ok(ExternalPart {
            encryption_algorithm: self.enc_alg,
            key: ContentKey::new(octets("key", &self.key)?),
            nonce: octets("nonce", &self.nonce)?,
            aad: octets("aad", &self.aad)?,
            hash_algorithm: self.hash_alg,
            content_hash: octets("content_hash", &self.content_hash)?,
            size: self.size,
            media_type: self.content_type,
            filename: self.filename,
            ..ExternalPart::default()
        })
    }
}

fn encrypt(file: &Path, out: &Path) -> Result<(), Fault> {
    let source = File::open(file).map_err(|e| named(file, &e))?;
    let mut sink = NamedTempFile::new_in(directory(out)).map_err(|e| named(out, &e))?;
    let sealed = attachment::seal_to(
        attachment::sealer(Algorithm::Aes128Gcm)?,
        source,
        sink.as_file_mut(),
    );
    let part = ExternalPart {
        media_type: media_type(file).into(),
        filename: file
            .file_name()
            .and_then(|name| attachment::safe_file_name(&name.to_string_lossy()))
            .unwrap_or_default(),
        ..sealed.map_err(|e| format!("{}: {e}", file.display()))?
    };
    sink.persist(out).map_err(|e| named(out, &e.error))?;
    let line = serde_json::to_string(&PartFile::of(&part))?;
    writeln!(io::stdout(), "{line}")?;
    Ok(())
}

fn decrypt(out: &Path, part: &Path, file: &Path) -> Result<(), Fault> {
    if file.symlink_metadata().is_ok() {
        return Err(format!("{}: there is something already", file.display()).into());
    }
    let json = std::fs::read(part).map_err(|e| named(part, &e))?;
    let read: PartFile = serde_json::from_slice(&json).map_err(|e| format!("{}: {e}", part.display()))?;
    let stated = read.part().map_err(|e| format!("{}: {e}", part.display()))?;
    let fetched = File::open(out).map_err(|e| named(out, &e))?;
    // Other messengers may leave these out, or count the size without the tag. What is read here, `encrypt` wrote.
    let octets = fetched.metadata().map_err(|e| named(out, &e))?.len();
    if octets != stated.size || stated.hash_algorithm != comity_content::attachment::SHA_256 {
        return Err(format!(
            "{}: not the {} octets that were hashed",
            out.display(),
            stated.size
        )
        .into());
    }
    if stated.encryption_algorithm == comity_content::attachment::NOT_ENCRYPTED {
        return Err(format!("{}: says that nothing is encrypted", part.display()).into());
    }
    // The file is made once everything has been verified, beside its place, and vanishes if that is not the end of it.
    let sink = |_: &attachment::Verified| NamedTempFile::new_in(directory(file));
    let restored = attachment::open_to(&stated, u64::MAX, fetched, sink).map_err(|e| match e {
        StreamError::Io(e) => named(out, &e),
        reason => format!("{}: {reason}", out.display()).into(),
    })?;
    restored.as_file().sync_all().map_err(|e| named(file, &e))?;
    restored
        .persist_noclobber(file)
        .map_err(|e| named(file, &e.error))?;
    Ok(())
}

fn named(path: &Path, fault: &io::Error) -> Fault {
    format!("{}: {fault}", path.display()).into()
}

fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A few that people send; a real host asks its system.
fn media_type(file: &Path) -> &'static str {
    let extension = file
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("mp4") => "video/mp4",
        Some("mp3") => "audio/mpeg",
        Some("ogg" | "opus") => "audio/ogg",
        Some("pdf") => "application/pdf",
        Some("txt") => "text/plain;charset=utf-8",
        Some("md") => "text/markdown;variant=GFM-MIMI",
        _ => "application/octet-stream",
    }
}
