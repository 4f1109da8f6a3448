//! Sending: the intent is stored beside the ciphertext, so that an epoch change costs nobody a message.

use comity_content::{
    Class, Content, DecodeErrorKind, Disposition, EncodeError, MessageId, Part, Received, Salt,
    check_outgoing,
};
use comity_room::policy::Action;
use comity_room::{RoomUri, UserUri};
use comity_wire::{ApplicationFraming, MlsOctets, SubmitMessageRequest, Wire as _};

use crate::error::{Blocked, Error, Misuse};
use crate::inbound::application::{Arrival, new_row, tell};
use crate::outgoing::Outgoing;
use crate::plan;
use crate::step::{Allow, Made, MessageChange, RequestKind, Resolution};
use crate::store::message::{Delivery, MessageRow, Told};
use crate::store::outbox::Errand;
use crate::store::room::{Phase, RoomRow, RoomView};
use crate::store::small::SeenRow;
use crate::store::{StorageError, message, outbox, room, small};
use crate::tx::{NewRequest, Tx, random};
use crate::{errands, timeline};

/// Sends a message.
pub(crate) fn send(
    tx: &mut Tx<'_>,
    uri: &RoomUri,
    outgoing: &Outgoing,
    allow: Allow,
) -> Result<Option<Made>, Error> {
    let mut row = tx.room(uri)?;
    if let Some(id) = outgoing.replaces {
        let target = message::by_id(tx.store, id)?.filter(|target| target.room == row.id);
        target.ok_or(Misuse::NoSuchMessage)?;
    }
    may_send(tx, &row, outgoing)?;
    if row.classes.is_empty() {
        return Err(Blocked::NotJoined.into());
    }
    let choice = plan::choose(outgoing, &row.classes)?;
    if !allow.unreadable_by && choice.sees.iter().any(Option::is_none) {
        return Err(Blocked::CannotRead(unreadable_by(&*tx.view(&row)?, &choice.sees)).into());
    }
    let content = compose(tx, &row, outgoing, choice.part)?;
    check_outgoing(&content).map_err(Misuse::Part)?;
    let octets = content.encode().map_err(|error| match error {
        EncodeError::TopicTooLong => Misuse::TooLong,
        _ => Misuse::Outgoing,
    })?;
    let received = Received::decode(octets).map_err(|error| match error.kind {
        DecodeErrorKind::TooLarge { .. } => Misuse::TooLong,
        _ => Misuse::Outgoing,
    })?;
    let id = received
        .message_id(&tx.me.user, &row.uri)
        .map_err(|_| Error::Bug("own content contradicts"))?;
    let (octets, content) = received.into_parts();
    let arrival = Arrival {
        id,
        user: tx.me.user.clone(),
        client: tx.me.client.clone(),
        epoch: row.epoch,
        accepted: None,
    };
    let mut message = new_row(tx, &row, arrival, &content, Delivery::Waiting);
    message.read = true;
    message.order = message::next_order(tx.store, row.id)?;
    message.told = Some(Told::Sending);
    if ready(&row) {
        submit(tx, &row, &mut message, &octets)?;
    }
    timeline::place(tx, &mut row, message, &octets)?;
    if !row.proposals.is_empty() {
        errands::commit_now(tx, &mut row)?;
    }
    Ok(Some(Made::Message(id)))
}

/// The participants that have a client which sees nothing, sorted.
fn unreadable_by(view: &RoomView, sees: &[Option<usize>]) -> Vec<UserUri> {
    let blind = |class: usize| sees.get(class).is_none_or(Option::is_none);
    let mut users: Vec<UserUri> = view
        .members
        .iter()
        .filter(|member| blind(member.class))
        .map(|member| member.user.clone())
        .collect();
    users.sort();
    users.dedup();
    users
}

/// Whether messages can be encrypted now. With a proposal pending the commit goes first (RFC 9420, "Proposal List
/// Creation"); the message waits for the new epoch.
fn ready(row: &RoomRow) -> bool {
    row.phase == Phase::Joined && row.proposals.is_empty()
}

fn may_send(tx: &Tx<'_>, row: &RoomRow, outgoing: &Outgoing) -> Result<(), Error> {
    match row.phase {
        Phase::Joined | Phase::Creating | Phase::Joining => {}
        Phase::Stalled => return Err(Blocked::Stalled.into()),
        _ => return Err(Blocked::NotJoined.into()),
    }
    if row.phase == Phase::Joining {
        return Ok(());
    }
    let view = tx.view(row)?;
    let can = |action| view.may(&tx.me.user, action);
    let reacts = outgoing
        .alternatives
        .first()
        .is_some_and(|part| part.disposition == Disposition::REACTION);
    let target = match outgoing.replaces {
        Some(id) => Some(message::by_id(tx.store, id)?.ok_or(Misuse::NoSuchMessage)?),
        None => None,
    };
    let allowed = match (&target, outgoing.alternatives.is_empty()) {
        (Some(target), deletes) => {
            let own = target.sender == tx.me.user;
            match (deletes, own, target.is_reaction) {
                (true, true, true) => can(Action::DeleteOwnReaction),
                (true, true, false) => can(Action::DeleteOwn),
                (true, false, true) => can(Action::DeleteOtherReaction),
                (true, false, false) => can(Action::DeleteOther),
                (false, true, true) => can(Action::EditReaction),
                (false, own, _) => own && can(Action::EditOwn),
            }
        }
        (None, _) if reacts => can(Action::React),
        (None, _) if outgoing.in_reply_to.is_some() => can(Action::Send) && can(Action::Reply),
        (None, _) => can(Action::Send),
    };
    if allowed {
        Ok(())
    } else {
        Err(Blocked::NotAllowed("role_lacks_capability").into())
    }
}

/// An edit or a deletion names the first version; a reply the version that it was written for.
fn compose(tx: &Tx<'_>, row: &RoomRow, outgoing: &Outgoing, part: Part) -> Result<Content, Error> {
    let target = match outgoing.replaces {
        Some(id) => message::by_id(tx.store, id)?,
        None => None,
    };
    let takes_back_reaction =
        outgoing.alternatives.is_empty() && target.as_ref().is_some_and(|t| t.is_reaction);
    let part = if takes_back_reaction {
        Part::null(Disposition::REACTION)
    } else {
        part
    };
    let seed = random::<16>()?;
    #[expect(clippy::disallowed_methods, reason = "this is the engine's random source")]
    let salt = Salt::draw(|octets| octets.copy_from_slice(&seed));
    let mut content = Content::new(salt, &tx.me.user, &row.uri, part);
    content.in_reply_to = outgoing.in_reply_to;
    content.topic.clone_from(&outgoing.topic);
    content.expires = outgoing.expires;
    if outgoing
        .expires
        .is_some_and(|expires| !expires.is_plausible(tx.now))
    {
        return Err(Misuse::Outgoing.into());
    }
    content.replaces = match target.map(|target| target.class) {
        Some(Class::Edit { target }) => Some(target),
        _ => outgoing.replaces,
    };
    Ok(content)
}

/// Encrypts a message's octets and asks for its submission.
fn submit(tx: &mut Tx<'_>, row: &RoomRow, message: &mut MessageRow, octets: &[u8]) -> Result<(), Error> {
    let framed = ApplicationFraming {
        media_type: Some(comity_room::media_types::mimi_content()),
        content: octets.to_vec(),
    }
    .encode();
    let provider = tx.message_provider(row);
    let me = tx.me;
    let frame = tx.message_group(row)?.encrypt(&provider, &me.signer, &framed)?;
    let frame = MlsOctets::new(frame).map_err(|_| Error::Bug("own frame"))?;
    let hash = frame.sha256();
    message.tie = message::tie_of(&hash);
    if let Some(earlier) = message.frame.replace(small::frame_key(tx.store, &hash)) {
        // Should the hub have accepted it after all, it is known when it comes back.
        let row = SeenRow {
            message: Some(message.id),
            notify: false,
        };
        small::put_seen(tx.store, earlier, &row)?;
    }
    let body = SubmitMessageRequest {
        message: frame,
        sender: tx.me.user.clone(),
    }
    .encode();
    message.delivery = Delivery::Sending;
    message.epoch = row.epoch;
    tx.request(NewRequest {
        to: row.hub.clone(),
        lane: Some(row.uri.clone()),
        kind: RequestKind::SubmitMessage,
        body,
        urgent: true,
        errand: Errand::Message { id: message.id, hash },
    })?;
    Ok(())
}

/// Sends what waits, now that it can be encrypted: the same octets, under the same id.
pub(crate) fn send_waiting(tx: &mut Tx<'_>, row: &RoomRow) -> Result<(), Error> {
    if !ready(row) {
        return Ok(());
    }
    for mut message in message::waiting(tx.store, row.id)? {
        let octets = message::content(tx.store, message.id)?.ok_or(StorageError::Corrupt)?;
        submit(tx, row, &mut message, &octets)?;
        message::put(tx.store, &message)?;
    }
    Ok(())
}

/// What was not accepted before we went: a person may `resolve` it.
pub(crate) fn give_up_waiting(tx: &mut Tx<'_>, row: &RoomRow) -> Result<(), Error> {
    for mut message in message::waiting(tx.store, row.id)? {
        message.delivery = Delivery::Undeliverable;
        message::put(tx.store, &message)?;
        tell(tx, row, message.id, MessageChange::Undeliverable)?;
    }
    Ok(())
}

/// Sends again, or withdraws, what the hub has not accepted.
pub(crate) fn resolve(tx: &mut Tx<'_>, id: MessageId, how: Resolution) -> Result<Option<Made>, Error> {
    let mut message = message::by_id(tx.store, id)?.ok_or(Misuse::NoSuchMessage)?;
    if !is_open(tx, &message) {
        return Err(Misuse::NotResolvable.into());
    }
    let row = room::by_id(tx.store, message.room)?.ok_or(Misuse::NoSuchRoom)?;
    match how {
        Resolution::Retry => {
            message.delivery = Delivery::Waiting;
            message::put(tx.store, &message)?;
            send_waiting(tx, &row)?;
            tell(tx, &row, id, MessageChange::Sending)?;
        }
        Resolution::Withdraw => {
            withdraw(tx, &row, &message)?;
            if message.root == id {
                // What we said of it would tell what it said.
                for about in message::by_root(tx.store, row.id, id)? {
                    if is_open(tx, &about) {
                        withdraw(tx, &row, &about)?;
                    }
                }
            } else {
                timeline::moved(tx, &row, message.root)?;
            }
        }
    }
    Ok(None)
}

/// Whether it is ours, and a person may say what becomes of it.
fn is_open(tx: &Tx<'_>, message: &MessageRow) -> bool {
    let unsent = matches!(
        message.delivery,
        Delivery::Undeliverable | Delivery::Refused(_) | Delivery::Waiting
    );
    unsent && !message.erased && message.sender == tx.me.user
}

fn withdraw(tx: &mut Tx<'_>, row: &RoomRow, message: &MessageRow) -> Result<(), Error> {
    message::delete(tx.store, message)?;
    tell(tx, row, message.id, MessageChange::Withdrawn)
}

/// Takes back the requests for a message: it came back before its answer, or its time is over.
pub(crate) fn call_off(tx: &Tx<'_>, id: MessageId) -> Result<(), Error> {
    for request in outbox::after(tx.store, None, u32::MAX)? {
        if matches!(request.errand, Errand::Message { id: other, .. } if other == id) {
            outbox::delete(tx.store, request.id)?;
        }
    }
    Ok(())
}

/// Takes a request for a message back into waiting.
pub(crate) fn wait_again(tx: &Tx<'_>, request: crate::step::RequestId, id: MessageId) -> Result<(), Error> {
    outbox::delete(tx.store, request)?;
    if let Some(mut message) = message::by_id(tx.store, id)?
        && message.delivery == Delivery::Sending
    {
        message.delivery = Delivery::Waiting;
        message::put(tx.store, &message)?;
    }
    Ok(())
}
