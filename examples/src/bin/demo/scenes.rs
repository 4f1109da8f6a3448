//! The conversation, scene by scene.

mod alternatives;
mod behaviour;
mod room;

use comity::{MessageId, Outgoing, PLAIN_TEXT, Page, Posture, Reader};
use comity_examples::Fault;

use crate::cast::{ADA_PHONE, BEN_PHONE, CLEO_LAPTOP, CLEO_PHONE, DORA_PHONE};
use crate::material::Material;
use crate::stage::{Said, Stage};

/// Everybody who is in the room from the first message on.
const FIRST_FOUR: [&str; 4] = [ADA_PHONE, BEN_PHONE, CLEO_PHONE, CLEO_LAPTOP];
/// Everybody who is in the room at the end.
const LAST_THREE: [&str; 3] = [ADA_PHONE, BEN_PHONE, DORA_PHONE];

/// Plays everything.
pub(crate) fn play(stage: &mut Stage, material: &Material) -> Result<(), Fault> {
    room::is_created(stage)?;
    room::friends_are_invited(stage)?;

    let text = a_text(stage)?;
    let note = alternatives::a_note(stage, material)?;
    alternatives::a_card(stage)?;
    alternatives::a_photo(stage, material)?;

    let reply = behaviour::a_reply(stage, text.id)?;
    behaviour::a_reaction(stage, note.id)?;
    behaviour::an_edit(stage, text.id)?;
    behaviour::a_deletion(stage, reply.id)?;
    behaviour::a_message_that_vanishes(stage)?;

    room::dora_joins(stage, text.id)?;
    room::cleo_is_removed(stage)?;
    alternatives::basalt_is_upgraded(stage, material)?;
    room::answers_are_lost(stage)?;
    the_end(stage)
}

fn a_text(stage: &mut Stage) -> Result<Said, Fault> {
    let text = stage.says(
        ADA_PHONE,
        "Ada writes a text",
        &Outgoing::text("Shall we go to the lake?"),
    )?;
    stage.claim(
        "everybody shows it as plain text",
        shows(&text, PLAIN_TEXT, &FIRST_FOUR),
    )?;
    Ok(text)
}

fn the_end(stage: &mut Stage) -> Result<(), Fault> {
    let room = stage.room.clone();
    let posture = stage.ask(ADA_PHONE, |reader| reader.posture(&room))?;
    stage.room_changed(&in_words(&posture))?;
    let agreed = stage.everywhere(|reader, _| Ok(reader.posture(&room)? == posture))?;
    stage.claim("every client in the room says so", agreed)?;
    let alike = timeline(stage, ADA_PHONE)? == timeline(stage, BEN_PHONE)?;
    stage.claim(
        "Aurora and Basalt have the same conversation, in the same order",
        alike,
    )?;
    let idle = stage.everywhere(|reader, _| Ok(reader.outstanding(None, 1)?.is_empty()))?;
    stage.claim("nothing is left to send", idle)
}

fn in_words(posture: &Posture) -> String {
    let Posture {
        cipher_suite,
        post_quantum,
        clients,
        users,
        cannot_read_required,
        readable,
        stalled,
        behind,
    } = posture;
    let quantum = if *post_quantum {
        "post-quantum"
    } else {
        "not post-quantum"
    };
    let required = match cannot_read_required.len() {
        0 => "everybody reads what the room requires".to_owned(),
        lacking => format!("{lacking} cannot read what the room requires"),
    };
    let readable: Vec<String> = readable
        .iter()
        .map(|(media, count)| format!("{count} read {media}"))
        .collect();
    let health = if *stalled || *behind {
        "out of step with the hub"
    } else {
        "in step with the hub"
    };
    format!(
        "Posture: MLS cipher suite {cipher_suite:#06x}, {quantum}; {clients} clients of {users} users; {required}; {}; {health}",
        readable.join(", ")
    )
}

fn timeline(stage: &Stage, name: &str) -> Result<Vec<MessageId>, Fault> {
    let ids = |reader: &Reader| {
        let page = reader.timeline(stage.now(), &stage.room, Page::Latest(1_000))?;
        Ok(page.iter().map(|message| message.id).collect())
    };
    stage.ask(name, ids)
}

fn shows(said: &Said, media_type: &str, names: &[&str]) -> bool {
    names.iter().all(|name| said.seen_by(name) == Some(media_type))
}
