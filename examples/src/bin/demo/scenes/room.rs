//! What happens to the room: it is created, people come and go, answers are lost.

use std::time::Duration;

use comity::room::RoomMetadata;
use comity::{
    Change, ClientChange, ClientOutcome, Delivery, EventKind, Frame, FrameOutcome, Made, MessageId, NewRoom,
    Outgoing, PLAIN_TEXT, Page, Phase, RequestKind, Response, Seq, TaskId, TaskState, UserUri,
};
use comity_examples::Fault;

use super::{FIRST_FOUR, LAST_THREE, shows, timeline};
use crate::cast::{ADA, ADA_PHONE, BEN, BEN_PHONE, CLEO, DORA, DORA_PHONE, User, aurora, basalt, pictures};
use crate::stage::Stage;

pub(super) fn is_created(stage: &mut Stage) -> Result<(), Fault> {
    stage.enters(&ADA, &aurora()?)?;
    stage.enters(&BEN, &basalt()?)?;
    stage.enters(&CLEO, &pictures()?)?;
    let room = stage.room.clone();
    let hub_key = stage.network.hub_key(&room.provider());
    let new = NewRoom {
        hub_key,
        name: "The lake".to_owned(),
        requirement: None,
    };
    stage.does(ADA_PHONE, |client, now| client.create_room(now, &room, &new))?;
    stage.settles()?;

    stage.room_changed("Ada creates the room at hub.example")?;
    let published = FIRST_FOUR.iter().try_fold(true, |all, name| {
        let events = stage.ask(name, |reader| reader.events(Seq::default(), 1_000))?;
        let published = |kind: &EventKind| {
            matches!(
                kind,
                EventKind::Client {
                    change: ClientChange::KeyPackagesPublished { held: 1.. },
                    ..
                }
            )
        };
        Ok::<_, Fault>(all && events.iter().any(|event| published(&event.kind)))
    })?;
    stage.claim("every client has key packages at its provider", published)
}

pub(super) fn friends_are_invited(stage: &mut Stage) -> Result<(), Fault> {
    let task = invite(stage, &[&BEN, &CLEO])?;
    let asked = phase_is(stage, &FIRST_FOUR[1..], Phase::Invited)?;
    accept(stage, &FIRST_FOUR[1..])?;

    stage.room_changed("Ada invites Ben, and Cleo with both her clients")?;
    stage.claim(
        "they were found by key packages, fetched through the hub",
        all_added(stage, task, 3)?,
    )?;
    let joined = phase_is(stage, &FIRST_FOUR, Phase::Joined)?;
    stage.claim("each was asked before it joined", asked && joined)
}

pub(super) fn dora_joins(stage: &mut Stage, text: MessageId) -> Result<(), Fault> {
    stage.enters(&DORA, &aurora()?)?;
    let task = invite(stage, &[&DORA])?;
    accept(stage, DORA.clients)?;
    stage.room_changed("Ada invites Dora")?;
    stage.claim("she was found and has joined", all_added(stage, task, 1)?)?;

    stage.looks_back("Dora looks for what was said before she came", text)?;
    stage.claim(
        "there is nothing in her file",
        timeline(stage, DORA_PHONE)?.is_empty(),
    )?;
    let frames: Vec<Frame> = stage
        .past()
        .iter()
        .flat_map(|(_, frames)| frames.clone())
        .collect();
    let of_no_use = is_given_in_vain(stage, DORA_PHONE, &frames)?;
    let mut readable = false;
    for (id, _) in stage.past() {
        readable |= stage
            .sights(*id)?
            .iter()
            .any(|sight| sight.user.as_str() == DORA.uri);
    }
    let what = format!(
        "even handed all {} frames of the past, she reads none",
        frames.len()
    );
    stage.claim(&what, of_no_use && !readable)?;

    let hello = stage.says(
        DORA_PHONE,
        "Dora says hello",
        &Outgoing::text("Hello! Which lake?"),
    )?;
    let everybody = shows(&hello, PLAIN_TEXT, &FIRST_FOUR) && shows(&hello, PLAIN_TEXT, DORA.clients);
    stage.claim("everybody shows it", everybody)
}

pub(super) fn cleo_is_removed(stage: &mut Stage) -> Result<(), Fault> {
    change(stage, &[Change::RemoveUser(UserUri::parse(CLEO.uri)?)])?;
    stage.settles()?;
    stage.room_changed("Ada removes Cleo")?;
    stage.claim(
        "both her clients know that they are out",
        phase_is(stage, CLEO.clients, Phase::Removed)?,
    )?;

    let said = stage.says(
        BEN_PHONE,
        "Ben writes, without Cleo",
        &Outgoing::text("Let us surprise her!"),
    )?;
    stage.claim(
        "those who are left show it",
        shows(&said, PLAIN_TEXT, &LAST_THREE),
    )?;
    let mut of_no_use = true;
    for name in CLEO.clients {
        of_no_use &= is_given_in_vain(stage, name, &said.frames)?;
    }
    let unread = stage
        .sights(said.id)?
        .iter()
        .all(|sight| sight.user.as_str() != CLEO.uri);
    stage.claim(
        "even handed its frame, Cleo's clients do not read it",
        of_no_use && unread,
    )
}

pub(super) fn answers_are_lost(stage: &mut Stage) -> Result<(), Fault> {
    let room = stage.room.clone();
    let (before, lost) = (stage.epoch()?, stage.network.lost_answers());
    let metadata = stage.ask(ADA_PHONE, |reader| Ok(reader.room(&room)?.metadata))?;
    let metadata = RoomMetadata {
        name: "Seeham, Saturday".to_owned(),
        ..metadata
    };
    stage.network.lose_next_answer(RequestKind::UpdateRoom);
    let task = change(stage, &[Change::Metadata(metadata.clone())])?;
    stage.settles()?;
    stage.room_changed("Ada renames the room; the hub accepts, and its answer is lost")?;
    let renamed = stage.everywhere(|reader, _| Ok(reader.room(&room)?.metadata.name == metadata.name))?;
    let done = stage
        .ask(ADA_PHONE, |reader| reader.task(task))?
        .is_some_and(|task| task.state == TaskState::Done);
    let in_force = renamed && done && stage.epoch()? > before;
    stage.claim("the change is in force for everybody, Ada included", in_force)?;

    stage.network.lose_next_answer(RequestKind::SubmitMessage);
    let what = "Ada writes; the hub accepts, and its answer is lost";
    let said = stage.says(ADA_PHONE, what, &Outgoing::text("See you on Saturday!"))?;
    let now = stage.now();
    let once = stage.everywhere(|reader, _| {
        let timeline = reader.timeline(now, &room, Page::Latest(1_000))?;
        Ok(timeline.iter().filter(|message| message.id == said.id).count() == 1)
    })?;
    let message = stage.ask(ADA_PHONE, |reader| reader.message(now, said.id))?;
    let accepted = message.is_some_and(|message| message.delivery == Delivery::Accepted);
    stage.claim(
        "everybody shows it once, and Ada knows that it was accepted",
        once && accepted,
    )?;
    if stage.network.lost_answers() != lost + 2 {
        return Err("the answers that were to be lost have arrived".into());
    }
    let answer = stage.says(BEN_PHONE, "Ben answers", &Outgoing::text("I bring the canoe."))?;
    stage.claim("the room lives on", shows(&answer, PLAIN_TEXT, &LAST_THREE))
}

fn invite(stage: &mut Stage, users: &[&User]) -> Result<TaskId, Fault> {
    let mut changes = Vec::new();
    for user in users {
        changes.push(Change::Invite {
            user: UserUri::parse(user.uri)?,
            role: None,
            key_packages: Vec::new(),
        });
    }
    let task = change(stage, &changes)?;
    stage.settles()?;
    Ok(task)
}

/// Ada changes the room, in one commit.
fn change(stage: &mut Stage, changes: &[Change]) -> Result<TaskId, Fault> {
    stage.network.pass(Duration::from_secs(20));
    let room = stage.room.clone();
    match stage.does(ADA_PHONE, |client, now| client.change(now, &room, changes))? {
        Some(Made::Task(task)) => Ok(task),
        _ => Err("a change is a task".into()),
    }
}

fn accept(stage: &mut Stage, names: &[&str]) -> Result<(), Fault> {
    let room = stage.room.clone();
    for name in names {
        stage.does(name, |client, now| client.respond(now, &room, Response::Accept))?;
    }
    stage.settles()
}

/// Whether Ada's task is done, and has added so many clients.
fn all_added(stage: &Stage, task: TaskId, count: usize) -> Result<bool, Fault> {
    let task = stage
        .ask(ADA_PHONE, |reader| reader.task(task))?
        .ok_or("a task is forgotten")?;
    let mut clients = task.invites.iter().flat_map(|invited| &invited.clients);
    let added =
        clients.clone().count() == count && clients.all(|(_, outcome)| *outcome == ClientOutcome::Added);
    Ok(added && task.state == TaskState::Done)
}

fn phase_is(stage: &Stage, names: &[&str], phase: Phase) -> Result<bool, Fault> {
    for name in names {
        let rooms = stage.ask(name, |reader| reader.rooms(stage.now()))?;
        if !rooms
            .iter()
            .any(|room| room.uri == stage.room && room.phase == phase)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Hands a client frames that its provider never delivered to it; whether each is finished and brings no message.
fn is_given_in_vain(stage: &Stage, name: &str, frames: &[Frame]) -> Result<bool, Fault> {
    let outcomes = stage.device(name)?.is_given(stage.now(), frames)?;
    let brings_nothing = |outcome: &FrameOutcome| {
        matches!(
            outcome,
            FrameOutcome::Rejected { .. }
                | FrameOutcome::Done { message: None, .. }
                | FrameOutcome::Known { message: None, .. }
        )
    };
    Ok(!frames.is_empty() && outcomes.len() == frames.len() && outcomes.iter().all(brings_nothing))
}
