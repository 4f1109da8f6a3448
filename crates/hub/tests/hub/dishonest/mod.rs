//! One dishonest request for each refusal, beside its honest original.

mod accompaniment;
mod bodies;
mod changes;
mod commits;
mod creations;
mod leaves;
mod messages;
mod paths;
mod proposals;
mod questions;

use comity_hub::Refusal;
use comity_wire::{UpdateRoomResponse, Wire as _};

use crate::support::*;

/// Posts the dishonest bundle, expects the code, then posts the honest one.
#[track_caller]
fn beside(world: &mut World, who: usize, dishonest: &Bundle, code: &str, honest: &Bundle) {
    let verdict = world.posts(who, dishonest);
    assert_eq!(refused(&verdict), code);
    let response = UpdateRoomResponse::decode(&verdict.reply).unwrap();
    assert_eq!(response.description, code);
    accepted(&world.posts(who, honest));
}

/// Builds both, one after the other, from plans.
#[track_caller]
fn planned(world: &mut World, who: usize, dishonest: Plan, code: &str, honest: Plan) {
    let dishonest = world.device(who).commit(dishonest);
    let honest = world.device(who).commit(honest);
    beside(world, who, &dishonest, code, &honest);
}

/// The bundle with some octets of its commit exchanged.
fn patched(bundle: &Bundle, patch: impl FnOnce(&mut Vec<u8>)) -> Bundle {
    let mut octets = bundle.commit.as_slice().to_vec();
    patch(&mut octets);
    Bundle {
        commit: comity_wire::MlsOctets::new(octets).unwrap(),
        ..bundle.clone()
    }
}

#[test]
fn every_code_is_its_own() {
    let refusals = [
        Refusal::UnknownRoom,
        Refusal::RoomExists,
        Refusal::ForeignGroup,
        Refusal::Undone,
        Refusal::NoPreviousEpoch,
        Refusal::NotAParticipant,
        Refusal::NotActive,
        Refusal::ForeignProvider,
        Refusal::ForeignClient,
        Refusal::UnknownUser,
        Refusal::NoConsent,
        Refusal::BadSignature,
        Refusal::NotAMember,
        Refusal::NotPublic,
        Refusal::NotPrivate,
        Refusal::MissingPath,
        Refusal::MissingGroupInfo,
        Refusal::TreeMismatch,
        Refusal::MissingWelcome,
        Refusal::UnexpectedWelcome,
        Refusal::WelcomeMismatch,
        Refusal::IdentityChanged,
        Refusal::SignatureKeyTwin,
        Refusal::MissingMediaTypes,
        Refusal::KeyPackageExpiring,
        Refusal::Malformed(""),
        Refusal::TooLarge(""),
        Refusal::NotANewRoom(""),
        Refusal::InvalidContext(""),
        Refusal::RoleDenied(""),
        Refusal::UnsupportedProposal(""),
        Refusal::InvalidCommit(String::new()),
        Refusal::GroupInfoMismatch(""),
        Refusal::InvalidIdentity(""),
        Refusal::InvalidKeyPackage(""),
        Refusal::InvalidAppData(""),
        Refusal::PolicyDenied(""),
        Refusal::WrongEpoch { current: 0 },
        Refusal::EpochTooOld { current: 0 },
        Refusal::EpochAhead { current: 0 },
        Refusal::PendingSelfRemoveIgnored { missing: vec![] },
    ];
    let codes: std::collections::BTreeSet<_> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), refusals.len());
}
