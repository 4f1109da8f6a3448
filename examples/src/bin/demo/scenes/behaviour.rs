//! Messages that refer to others, and one that does not stay.

use std::time::Duration;

use comity::content::Expiration;
use comity::{EventKind, MessageChange, MessageId, Outgoing, Page, Seq, UserUri};
use comity_examples::Fault;

use super::FIRST_FOUR;
use crate::cast::{ADA_PHONE, BEN_PHONE, CLEO, CLEO_PHONE};
use crate::stage::{Said, Stage};

/// How long after it was read the message vanishes that does not stay.
const SHORT_LIFE: Duration = Duration::from_secs(300);

pub(super) fn a_reply(stage: &mut Stage, to: MessageId) -> Result<Said, Fault> {
    let reply = stage.says(
        BEN_PHONE,
        "Ben replies to the text",
        &Outgoing::text("Only if it rains.").in_reply_to(to),
    )?;
    let now = stage.now();
    let refers = stage.everywhere(|reader, _| {
        let content = reader.message(now, reply.id)?.and_then(|message| message.content);
        Ok(content.is_some_and(|content| content.in_reply_to == Some(to)))
    })?;
    stage.claim("everybody sees what it replies to", refers)?;
    Ok(reply)
}

pub(super) fn a_reaction(stage: &mut Stage, to: MessageId) -> Result<(), Fault> {
    let reaction = stage.says(
        CLEO_PHONE,
        "Cleo reacts to the note from her phone",
        &Outgoing::reaction(to, "👍"),
    )?;
    let now = stage.now();
    let reacted = stage.everywhere(|reader, _| {
        let reactions = reader
            .message(now, to)?
            .map(|message| message.reactions)
            .unwrap_or_default();
        let one = |by: &UserUri, text: &[String]| by.as_str() == CLEO.uri && text == ["👍"];
        Ok(matches!(reactions.as_slice(), [only] if only.id == reaction.id && one(&only.by, &only.text)))
    })?;
    stage.claim("everybody sees it at the note, her laptop as well", reacted)
}

pub(super) fn an_edit(stage: &mut Stage, of: MessageId) -> Result<(), Fault> {
    let better = "Shall we go to the lake on Saturday?";
    let edit = stage.says(
        ADA_PHONE,
        "Ada edits her text",
        &Outgoing::text(better).editing(of),
    )?;
    let now = stage.now();
    let edited =
        stage.everywhere(|reader, _| Ok(reader.message(now, of)?.is_some_and(|it| it.edits == [edit.id])))?;
    let sights = stage.sights(of)?;
    let shown = sights.len() == FIRST_FOUR.len()
        && sights
            .iter()
            .all(|sight| sight.shown.as_deref() == Some(better.as_bytes()));
    stage.claim("everybody shows the new text, marked as edited", edited && shown)
}

pub(super) fn a_deletion(stage: &mut Stage, of: MessageId) -> Result<(), Fault> {
    stage.says(BEN_PHONE, "Ben deletes his reply", &Outgoing::deletion(of))?;
    let now = stage.now();
    let deleted = stage.everywhere(|reader, _| {
        let message = reader.message(now, of)?;
        Ok(message
            .is_some_and(|message| message.deleted && message.content.is_none() && message.octets.is_none()))
    })?;
    stage.claim(
        "everybody shows that there was something, and nothing of it",
        deleted,
    )
}

/// Relative expiry: the clock runs from reading on, and for the sender from sending on.
pub(super) fn a_message_that_vanishes(stage: &mut Stage) -> Result<(), Fault> {
    let seconds = u32::try_from(SHORT_LIFE.as_secs())?;
    let outgoing = Outgoing::text("The key is under the mat.").expiring(Expiration::Relative(seconds));
    let said = stage.says(
        ADA_PHONE,
        "Ada sends a text that vanishes five minutes after it is read",
        &outgoing,
    )?;
    let (room, read_at) = (stage.room.clone(), stage.now());
    for name in FIRST_FOUR {
        let message = stage.ask(name, |reader| reader.message(read_at, said.id))?;
        let position = message.ok_or("a message is gone before it was read")?.position;
        stage.does(name, |client, now| client.read(now, &room, position))?;
    }
    let ends = read_at.plus(SHORT_LIFE);
    let ticking = stage.everywhere(|reader, _| {
        Ok(reader
            .message(read_at, said.id)?
            .is_some_and(|message| message.expires == Some(ends)))
    })?;
    stage.claim("everybody has read it, and the clock runs", ticking)?;

    stage.network.pass(SHORT_LIFE);
    let now = stage.now();
    let hidden = stage.everywhere(|reader, _| {
        let shown = reader
            .timeline(now, &room, Page::Latest(1_000))?
            .iter()
            .any(|message| message.id == said.id);
        Ok(!shown && reader.message(now, said.id)?.is_none())
    })?;
    // Whoever asks as of a minute ago still finds it, until the hub's time has confirmed that it is over.
    let kept = stage.everywhere(|reader, _| Ok(reader.message(read_at, said.id)?.is_some()))?;
    stage.says(
        BEN_PHONE,
        "Ben writes later, so the hub's clock confirms the time",
        &Outgoing::text("What key?"),
    )?;
    stage.passes(Duration::from_secs(4_000))?;

    stage.looks_back("An hour later, Ada's text has vanished", said.id)?;
    stage.claim("the moment its time was over, nobody showed it any more", hidden)?;
    let erased = stage.everywhere(|reader, _| {
        let expired = |kind: &EventKind| {
            matches!(kind, EventKind::Message { message, change: MessageChange::Expired, .. } if *message == said.id)
        };
        let told = reader.events(Seq::default(), 1_000)?.iter().any(|event| expired(&event.kind));
        Ok(told && reader.message(read_at, said.id)?.is_none())
    })?;
    stage.claim(
        "it was in every file until then, and has been erased from every file",
        kept && erased,
    )
}
