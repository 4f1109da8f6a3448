//! What the demo prints, for people or as JSON, and the count of its claims.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use comity::RoomUri;
use serde::Serialize;

use crate::device::{Device, short};

/// Prints steps and claims as they come.
pub(crate) struct Report {
    json: bool,
    step: u32,
    claims: u32,
    failed: Vec<String>,
}

/// One step of the conversation. As JSON it is printed as it stands here.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    /// Counted by the report.
    pub(crate) step: u32,
    pub(crate) what: &'a str,
    pub(crate) room: &'a str,
    pub(crate) epoch: u64,
    /// In hex.
    pub(crate) message_id: Option<String>,
    pub(crate) sent: Option<Sent>,
    pub(crate) sees: Sees,
}

/// For each user, by their URI, the media type of the alternative that all their clients show.
pub(crate) type Sees = BTreeMap<String, Option<String>>;

/// What travelled.
#[derive(Serialize)]
pub(crate) struct Sent {
    pub(crate) alternatives: Vec<String>,
    /// Octets of the content.
    pub(crate) octets: usize,
}

#[derive(Serialize)]
struct Done {
    done: bool,
    claims: u32,
    held: u32,
}

impl<'a> Line<'a> {
    /// A step without a message.
    pub(crate) fn new(what: &'a str, room: &'a RoomUri, epoch: u64) -> Self {
        Self {
            step: 0,
            what,
            room: room.as_str(),
            epoch,
            message_id: None,
            sent: None,
            sees: Sees::new(),
        }
    }
}

impl Report {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            step: 0,
            claims: 0,
            failed: Vec::new(),
        }
    }

    /// The number of the step that was told last.
    pub(crate) fn steps(&self) -> u32 {
        self.step
    }

    /// Where the files are. As JSON nothing but steps is printed, so it goes to the other output.
    pub(crate) fn files(&self, dir: &str, kept: bool) -> io::Result<()> {
        let fate = if kept {
            "kept"
        } else {
            "deleted at the end; --keep DIR keeps them"
        };
        let line = format!("Clients' files: {dir} ({fate})");
        if self.json {
            return writeln!(io::stderr(), "{line}");
        }
        writeln!(io::stdout(), "Two messengers, one encrypted room.\n{line}\n")
    }

    /// Somebody enters the stage.
    pub(crate) fn enters(&self, device: &Device) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let reads: Vec<&str> = device
            .supported
            .media
            .iter()
            .map(|media| media.essence())
            .collect();
        if self.step > 0 {
            writeln!(io::stdout())?;
        }
        let (name, client, file) = (device.name, &device.who.client, device.path().display());
        writeln!(
            io::stdout(),
            "  {name:12} {client}\n{:15}reads {}\n{:15}file  {file}",
            "",
            reads.join(", "),
            ""
        )
    }

    /// Tells a step.
    pub(crate) fn tell(&mut self, mut line: Line<'_>) -> io::Result<()> {
        self.step = self.step.saturating_add(1);
        line.step = self.step;
        let mut out = io::stdout().lock();
        if self.json {
            return writeln!(out, "{}", serde_json::to_string(&line)?);
        }
        writeln!(out, "\n{:2}  {}", line.step, line.what)?;
        if let Some(sent) = &line.sent {
            let alternatives = if sent.alternatives.is_empty() {
                "an empty body".to_owned()
            } else {
                sent.alternatives.join(" | ")
            };
            writeln!(out, "    sent     {alternatives}, {} octets", sent.octets)?;
        }
        for (user, media_type) in &line.sees {
            let name = short(user);
            writeln!(
                out,
                "    {name:8} sees {}",
                media_type.as_deref().unwrap_or("nothing")
            )?;
        }
        match &line.message_id {
            Some(id) if line.sent.is_some() => writeln!(out, "    message  {id} in epoch {}", line.epoch),
            Some(id) => writeln!(out, "    message  {id}\n    epoch    {}", line.epoch),
            None => writeln!(out, "    epoch    {}", line.epoch),
        }
    }

    /// Says that something happened, and whether the clients' files agree.
    pub(crate) fn claim(&mut self, what: &str, holds: bool) -> io::Result<()> {
        self.claims = self.claims.saturating_add(1);
        if !holds {
            self.failed.push(format!("step {}: {what}", self.step));
        }
        if self.json {
            return Ok(());
        }
        writeln!(
            io::stdout(),
            "    {} {what}",
            if holds { "✓" } else { "✗ NOT SO:" }
        )
    }

    /// The last words. Whether every claim held.
    pub(crate) fn close(&self) -> io::Result<bool> {
        let held = self
            .claims
            .saturating_sub(u32::try_from(self.failed.len()).unwrap_or(u32::MAX));
        if self.json {
            let done = Done {
                done: true,
                claims: self.claims,
                held,
            };
            writeln!(io::stdout(), "{}", serde_json::to_string(&done)?)?;
        } else {
            writeln!(io::stdout(), "\n{} claims, {held} held.", self.claims)?;
        }
        for failed in &self.failed {
            writeln!(io::stderr(), "demo: did not happen: {failed}")?;
        }
        Ok(self.failed.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_claim_that_does_not_hold_is_enough() {
        let mut report = Report::new(true);
        report.claim("this is so", true).unwrap();
        assert!(report.close().unwrap());
        report.claim("this is not", false).unwrap();
        assert!(!report.close().unwrap());
    }
}
