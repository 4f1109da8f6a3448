//! What an auditor needs: `messages.jsonl`, and beside it contents, frames, and what each client showed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use comity::{Frame, MessageId, RoomUri, UserUri};
use serde::Serialize;

use crate::device::short;
use crate::sight::Sight;

/// A directory that is being written.
pub(crate) struct Export {
    dir: PathBuf,
    index: File,
}

/// One message, as it goes into the index. Files are named relative to the directory.
#[derive(Serialize)]
struct Entry<'a> {
    message_id: String,
    sender: &'a str,
    room: &'a str,
    content: String,
    frames: Vec<String>,
    shown: BTreeMap<&'a str, Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    media_type: &'a str,
    file: String,
}

impl Export {
    pub(crate) fn create(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self {
            index: File::create(dir.join("messages.jsonl"))?,
            dir: dir.to_owned(),
        })
    }

    /// Writes one message: its content as the sender's file holds it, the frames as they were delivered, and what each
    /// client shows.
    pub(crate) fn message(
        &mut self,
        step: u32,
        id: MessageId,
        (sender, room): (&UserUri, &RoomUri),
        content: &[u8],
        frames: &[Frame],
        sights: &[Sight],
    ) -> io::Result<()> {
        let content = self.file(&format!("{step:02}-content.cbor"), content)?;
        let frames = frames
            .iter()
            .enumerate()
            .map(|(at, frame)| self.file(&format!("{step:02}-frame-{at}.fanout"), &frame.bytes))
            .collect::<io::Result<_>>()?;
        let mut shown = BTreeMap::new();
        for sight in sights {
            let (Some(media_type), Some(octets)) = (&sight.media_type, &sight.shown) else {
                continue;
            };
            let name = format!(
                "{step:02}-{}.{}",
                short(sight.client.as_str()),
                ending(media_type)
            );
            let file = self.file(&name, octets)?;
            shown.insert(sight.client.as_str(), Shown { media_type, file });
        }
        let (sender, room) = (sender.as_str(), room.as_str());
        let entry = Entry {
            message_id: id.to_string(),
            sender,
            room,
            content,
            frames,
            shown,
        };
        writeln!(self.index, "{}", serde_json::to_string(&entry)?)
    }

    fn file(&self, name: &str, octets: &[u8]) -> io::Result<String> {
        fs::write(self.dir.join(name), octets)?;
        Ok(name.to_owned())
    }
}

fn ending(media_type: &str) -> &'static str {
    match media_type.split(';').next().unwrap_or_default() {
        "text/plain" => "txt",
        "text/markdown" => "md",
        "image/png" => "png",
        "image/jpeg" => "jpeg",
        "application/vnd.aurora.card+json" => "json",
        _ => "bin",
    }
}
