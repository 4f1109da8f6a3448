//! One message in several forms: who sees which.

use comity::{Allow, Blocked, Error, MARKDOWN, Outgoing, PLAIN_TEXT, UserUri};
use comity_examples::Fault;

use super::{FIRST_FOUR, LAST_THREE, shows, timeline};
use crate::cast::{ADA_PHONE, BEN, BEN_PHONE, CLEO, CLEO_LAPTOP, CLEO_PHONE, aurora};
use crate::material::{CARD, Material, card, card_alone};
use crate::stage::{Said, Stage};

pub(super) fn a_note(stage: &mut Stage, material: &Material) -> Result<Said, Fault> {
    let outgoing = Outgoing::markdown(&material.note);
    let note = stage.says(
        ADA_PHONE,
        "Ada sends a note in Markdown, with its plain form as basic",
        &outgoing,
    )?;
    let alone = note.alternatives == [MARKDOWN];
    stage.claim(
        "all read Markdown, as MIMI requires, so the plain form has been left out",
        alone,
    )?;
    let to_the_octet = FIRST_FOUR
        .iter()
        .all(|name| note.shown_by(name) == Some(material.note.as_bytes()));
    stage.claim("everybody shows the note to the octet", to_the_octet)?;
    Ok(note)
}

pub(super) fn a_card(stage: &mut Stage) -> Result<(), Fault> {
    let before = timeline(stage, BEN_PHONE)?;
    let named = who_could_not_read(stage, &card_alone("Lake", "Moosbach"))?;
    stage.settles()?;
    let nothing_came = FIRST_FOUR.iter().try_fold(true, |all, name| {
        Ok::<_, Fault>(all && timeline(stage, name)? == before)
    })?;

    let what = "Ada sends a card that only Aurora shows, with Markdown as basic";
    let card = stage.says(ADA_PHONE, what, &card("Lake", "Moosbach"))?;
    stage.claim(
        "the card alone was not sent: Ben and Cleo could not have read it",
        nothing_came && named == [BEN.uri, CLEO.uri],
    )?;
    stage.claim("both forms travel", card.alternatives == [CARD, MARKDOWN])?;
    stage.claim("Aurora shows the card", shows(&card, CARD, &[ADA_PHONE]))?;
    stage.claim(
        "the others show Markdown",
        shows(&card, MARKDOWN, &FIRST_FOUR[1..]),
    )
}

/// The users for whose sake a message is not sent; empty if it is.
fn who_could_not_read(stage: &mut Stage, outgoing: &Outgoing) -> Result<Vec<String>, Fault> {
    let room = stage.room.clone();
    let sent = stage.does(ADA_PHONE, |client, now| {
        client.send(now, &room, outgoing, Allow::default())
    });
    let Err(fault) = sent else { return Ok(Vec::new()) };
    match fault.downcast_ref() {
        Some(Error::Blocked(Blocked::CannotRead(users))) => {
            Ok(users.iter().map(UserUri::to_string).collect())
        }
        _ => Err(fault),
    }
}

pub(super) fn a_photo(stage: &mut Stage, material: &Material) -> Result<(), Fault> {
    let photo = &material.photo;
    let outgoing = photo.upload(&mut stage.network)?;
    let what = "Ada sends a photo, encrypted beside the message, with a description as basic";
    let said = stage.says(ADA_PHONE, what, &outgoing)?;
    stage.claim(
        "both forms travel",
        said.alternatives == [photo.media_type, PLAIN_TEXT],
    )?;
    let seen = [ADA_PHONE, CLEO_PHONE, CLEO_LAPTOP];
    let whole = shows(&said, photo.media_type, &seen)
        && seen
            .iter()
            .all(|name| said.shown_by(name) == Some(photo.octets.as_slice()));
    let octets = photo.octets.len();
    stage.claim(
        &format!("Aurora and both of Cleo's fetched, verified and decrypted its {octets} octets"),
        whole,
    )?;
    stage.claim(
        "Basalt shows the description",
        shows(&said, PLAIN_TEXT, &[BEN_PHONE]),
    )
}

pub(super) fn basalt_is_upgraded(stage: &mut Stage, material: &Material) -> Result<(), Fault> {
    stage.upgrades(BEN_PHONE, aurora()?)?;
    stage.room_changed("Ben upgrades Basalt: it shows pictures and cards now, and says so")?;
    let card_type = comity::room::MediaType::parse(CARD)?;
    let room = stage.room.clone();
    let known = stage.everywhere(|reader, _| {
        let members = reader.members(&room, 0, usize::MAX)?;
        Ok(members
            .iter()
            .any(|it| it.user.as_str() == BEN.uri && it.advertisement.can_read(&card_type)))
    })?;
    stage.claim("everybody knows", known)?;

    let again = stage.says(
        ADA_PHONE,
        "Ada sends a card again, with Markdown as basic",
        &card("Lake", "Seeham"),
    )?;
    stage.claim("only the card travels", again.alternatives == [CARD])?;
    stage.claim("everybody shows the card", shows(&again, CARD, &LAST_THREE))?;

    let photo = &material.photo;
    let outgoing = photo.upload(&mut stage.network)?;
    let back = stage.says(
        BEN_PHONE,
        "Ben sends a photo, with a description as basic",
        &outgoing,
    )?;
    stage.claim("only the photo travels", back.alternatives == [photo.media_type])?;
    let whole = LAST_THREE
        .iter()
        .all(|name| back.shown_by(name) == Some(photo.octets.as_slice()));
    stage.claim("everybody shows it, byte for byte", whole)
}
