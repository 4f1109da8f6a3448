//! Every way in which a frame can be unusable: its code, its advice, and that a genuine frame is read afterwards.

mod content;
mod epochs;
mod forged;
mod form;
mod handshakes;
mod makers;
mod welcomes;

use std::collections::BTreeSet;
use std::time::Duration;

use comity::content::{Content, Disposition, Part, Salt};
use comity::room::{Participant, ParticipantUpdate, RoleCapability, RoleIndex, Roles, media_types};
use comity::{
    Advice, Answer, Change, EventKind, FrameKind, FrameOutcome, HeldUntil, MessageChange, PLAIN_TEXT, Phase,
    Rejection, RequestKind, RoomChange,
};
use comity_wire::components::{PARTICIPANT_LIST, ROOM_METADATA};
use comity_wire::{
    ApplicationFraming, FanoutMessage, FanoutTail, HandshakeBundle, MlsOctets, RatchetTreeOption, Wire as _,
};
use openmls::component::ComponentData;
use openmls::prelude::{LeafNodeIndex, LeafNodeParameters, Lifetime};
use openmls_basic_credential::SignatureKeyPair;

use crate::support::*;

/// The MLSMessage of a frame with some octets exchanged, in a frame of its own.
fn patched(scene: &Scene, message: &MlsOctets, patch: impl FnOnce(&mut Vec<u8>)) -> comity::Frame {
    let mut octets = message.as_slice().to_vec();
    patch(&mut octets);
    let mut bytes = scene.place.tick().as_millis().to_be_bytes().to_vec();
    bytes.append(&mut octets);
    bytes.push(0); // no frank
    scene.place.raw(bytes)
}

/// Taken, and nobody is told.
fn in_silence() -> FrameOutcome {
    FrameOutcome::Done {
        message: None,
        notify: false,
    }
}

#[test]
fn every_code_is_its_own_and_every_advice_is_meant() {
    let all = [
        (Rejection::Malformed, Advice::None),
        (Rejection::TooLarge, Advice::None),
        (Rejection::Unsupported, Advice::UpdateApp),
        (Rejection::NotAFrame, Advice::None),
        (Rejection::UnknownRoom, Advice::None),
        (Rejection::WrongRoom, Advice::FixProgram),
        (Rejection::ForeignHub, Advice::None),
        (Rejection::EpochTooOld, Advice::AskResend),
        (Rejection::EpochNeverCame, Advice::Fetch),
        (Rejection::Duplicate, Advice::None),
        (Rejection::GenerationTooOld, Advice::AskResend),
        (Rejection::GenerationTooFar, Advice::AskResend),
        (Rejection::Undecryptable, Advice::AskResend),
        (Rejection::BadSignature, Advice::None),
        (Rejection::NotFromMember, Advice::None),
        (Rejection::MissingProposal, Advice::Fetch),
        (Rejection::Forked, Advice::Rejoin),
        (Rejection::OwnCommitLost, Advice::Rejoin),
        (Rejection::ExpiredLeaf, Advice::Rejoin),
        (Rejection::Evicted, Advice::None),
        (Rejection::WrongWireFormat, Advice::None),
        (Rejection::InvalidCommit, Advice::Wait),
        (Rejection::InvalidProposal, Advice::None),
        (Rejection::Violation("identity_changed".into()), Advice::Wait),
        (Rejection::WelcomeForNobody, Advice::None),
        (Rejection::InvalidWelcome, Advice::None),
        (Rejection::AlreadyJoined, Advice::None),
        (Rejection::BadFraming, Advice::None),
        (Rejection::BadContent("content_truncated".into()), Advice::None),
        (Rejection::ContentContradicts, Advice::None),
        (Rejection::BadTimestamp, Advice::None),
        (Rejection::Stalled, Advice::Rejoin),
    ];
    let codes: BTreeSet<&str> = all.iter().map(|(reason, _)| reason.code()).collect();
    assert_eq!(codes.len(), all.len());
    for (reason, advice) in &all {
        assert_eq!(reason.advice(), *advice, "{}", reason.code());
        let is_code = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(reason.code().chars().all(is_code), "{}", reason.code());
    }
}
