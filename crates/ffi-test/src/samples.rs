//! Every value that an event can have, and what the network needs of the values of the faces.

use comity::{
    Advice, ClientChange, ClientUri, EventKind, MessageChange, Refusal, Rejection, RoomChange, RoomUri, Seq,
    TaskChange, TaskId, UserChange, UserUri,
};
use comity_uniffi::{Answer, Event, Frame, FrameKind, Octets, Reason, Request, RequestKind};

/// Every reason there is.
pub(crate) fn reasons() -> Vec<Reason> {
    let rejections = rejections().into_iter().map(Into::into);
    rejections.chain(refusals().into_iter().map(Into::into)).collect()
}

/// An event of every kind.
pub(crate) fn events() -> Vec<Event> {
    let numbered = |(at, kind)| Event::from(comity::Event { seq: Seq(at), kind });
    (1..).zip(kinds()).map(numbered).collect()
}

fn kinds() -> Vec<EventKind> {
    let room = RoomUri::parse("mimi://a.example/r/lunch").expect("a room's URI");
    let user = UserUri::parse("mimi://a.example/u/alice").expect("a user's URI");
    let client = ClientUri::parse("mimi://a.example/d/alice-phone").expect("a client's URI");
    let message = comity::MessageId::from_octets([1; 32]).expect("a message's id");
    let task = TaskId([2; 16]);
    let lacks = vec![comity::room::media_types::html()];
    let refusal = Refusal::NotAllowed("planted".to_owned());
    let messages = [
        MessageChange::Received,
        MessageChange::Sending,
        MessageChange::Accepted,
        MessageChange::Refused(refusal.clone()),
        MessageChange::Undeliverable,
        MessageChange::Edited,
        MessageChange::Deleted,
        MessageChange::Reactions,
        MessageChange::Unauthorized,
        MessageChange::Expired,
        MessageChange::Withdrawn,
    ];
    let rooms = [
        RoomChange::Created,
        RoomChange::Refused(refusal.clone()),
        RoomChange::Invited { by: user.clone() },
        RoomChange::Joined,
        RoomChange::Left,
        RoomChange::Removed,
        RoomChange::Participants,
        RoomChange::Metadata,
        RoomChange::Requirement,
        RoomChange::Capability {
            client: client.clone(),
            lacks,
        },
        RoomChange::Behind,
        RoomChange::Stalled,
        RoomChange::Read,
    ];
    let users = [
        UserChange::ClientAdded(client.clone()),
        UserChange::KeyChanged(client),
    ];
    let clients = [
        ClientChange::ClockSuspect { offset_ms: -1 },
        ClientChange::KeyPackagesPublished { held: 7 },
        ClientChange::KeyPackagesRefused(refusal),
        ClientChange::Restored,
    ];
    let room_of = || room.clone();
    let mut kinds: Vec<EventKind> = messages
        .map(|change| EventKind::Message {
            room: room_of(),
            message,
            change,
        })
        .into();
    kinds.extend(rooms.map(|change| EventKind::Room {
        room: room_of(),
        change,
    }));
    kinds.extend(users.map(|change| EventKind::User {
        user: user.clone(),
        change,
    }));
    kinds.extend([TaskChange::Progress, TaskChange::Finished].map(|change| EventKind::Task { task, change }));
    kinds.extend([None, Some(room_of())].map(|room| EventKind::Frame {
        room,
        reason: Rejection::Undecryptable,
        advice: Advice::AskResend,
    }));
    kinds.extend(clients.map(|change| EventKind::Client {
        change,
        advice: Advice::Wait,
    }));
    kinds
}

fn rejections() -> Vec<Rejection> {
    vec![
        Rejection::Malformed,
        Rejection::TooLarge,
        Rejection::Unsupported,
        Rejection::NotAFrame,
        Rejection::UnknownRoom,
        Rejection::WrongRoom,
        Rejection::ForeignHub,
        Rejection::EpochTooOld,
        Rejection::EpochNeverCame,
        Rejection::Duplicate,
        Rejection::GenerationTooOld,
        Rejection::GenerationTooFar,
        Rejection::Undecryptable,
        Rejection::BadSignature,
        Rejection::NotFromMember,
        Rejection::MissingProposal,
        Rejection::Forked,
        Rejection::OwnCommitLost,
        Rejection::ExpiredLeaf,
        Rejection::Stalled,
        Rejection::Evicted,
        Rejection::WrongWireFormat,
        Rejection::InvalidCommit,
        Rejection::InvalidProposal,
        Rejection::Violation("planted".to_owned()),
        Rejection::WelcomeForNobody,
        Rejection::InvalidWelcome,
        Rejection::AlreadyJoined,
        Rejection::BadFraming,
        Rejection::BadContent("planted".to_owned()),
        Rejection::ContentContradicts,
        Rejection::BadTimestamp,
    ]
}

fn refusals() -> Vec<Refusal> {
    vec![
        Refusal::WrongEpoch,
        Refusal::EpochTooOld,
        Refusal::NotAllowed("planted".to_owned()),
        Refusal::InvalidProposal,
        Refusal::Undeliverable,
        Refusal::BadAnswer,
    ]
}

/// A request that came back from another language.
pub(crate) fn posted(request: Request) -> comity::Request {
    let Request {
        id,
        to,
        lane,
        kind,
        body,
        attempt,
        urgent,
    } = request;
    comity::Request {
        id,
        to,
        lane,
        kind: match kind {
            RequestKind::CreateRoom => comity::RequestKind::CreateRoom,
            RequestKind::UpdateRoom => comity::RequestKind::UpdateRoom,
            RequestKind::SubmitMessage => comity::RequestKind::SubmitMessage,
            RequestKind::FetchKeyMaterial => comity::RequestKind::FetchKeyMaterial,
            RequestKind::FetchGroupInfo => comity::RequestKind::FetchGroupInfo,
            RequestKind::PublishKeyPackages | RequestKind::Other => comity::RequestKind::PublishKeyPackages,
        },
        body: body.into(),
        attempt,
        urgent,
    }
}

/// What the network answers.
pub(crate) fn answered(answer: comity::Answer) -> Answer {
    match answer {
        comity::Answer::Body(octets) => Answer::Body {
            octets: Octets(octets),
        },
        comity::Answer::Unreachable { retry_after } => Answer::Unreachable { retry_after },
        _ => Answer::Undeliverable,
    }
}

/// A frame from a mailbox.
pub(crate) fn delivered(frame: comity::Frame) -> Frame {
    let comity::Frame {
        room,
        from,
        kind: _,
        bytes,
    } = frame;
    Frame {
        room,
        provider: from,
        kind: FrameKind::Fanout,
        bytes: Octets(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_number_of_a_reason_is_there_once() {
        let told: Vec<i32> = reasons().iter().map(|reason| reason.code.number()).collect();
        let listed: BTreeSet<i32> = comity::code::CODES
            .iter()
            .flat_map(|family| family.iter().map(|(number, _)| *number))
            .filter(|number| (2000..4000).contains(number))
            .collect();
        assert_eq!(told.iter().copied().collect::<BTreeSet<_>>(), listed);
        assert_eq!(told.len(), listed.len());
    }
}
