//! What every endpoint refuses.

use comity_hub::{Endpoint, Limits};
use comity_wire::{GroupInfoResponse, GroupInfoStatus, Wire as _};

use crate::support::*;

#[test]
fn an_octet_too_many_is_malformed_at_every_endpoint() {
    let mut world = World::with_bob();
    let (room, caller) = (world.room.clone(), world.caller(BOB));
    let bundle = world.device(BOB).commit(Plan::default()).encode();
    let message = world.device(BOB).message("hi").encode();
    let (question, _) = world.device(BOB).group_info_request();
    let bodies = [
        (Endpoint::SubmitMessage, message),
        (Endpoint::GroupInfo, question.encode()),
        (Endpoint::UpdateRoom, bundle),
    ];
    for (endpoint, honest) in bodies {
        let mut dishonest = honest.clone();
        dishonest.push(0);
        assert_eq!(
            refused(&world.host.post(&room, &caller, endpoint, &dishonest)),
            "malformed",
            "{endpoint:?}"
        );
        let empty = world.host.post(&room, &caller, endpoint, &[]);
        assert_eq!(refused(&empty), "malformed", "{endpoint:?}");
        let verdict = world.host.post(&room, &caller, endpoint, &honest);
        assert_eq!(verdict.refusal(), None, "{endpoint:?}");
    }
}

#[test]
fn every_body_has_its_limit() {
    let mut world = World::with_bob();
    let (room, caller) = (world.room.clone(), world.caller(BOB));
    let message = world.device(BOB).message("hi").encode();
    let commit = world.device(BOB).commit(Plan::default()).encode();
    for (endpoint, body) in [(Endpoint::SubmitMessage, message), (Endpoint::UpdateRoom, commit)] {
        let limits = |octets| Limits {
            message: octets,
            handshake: octets,
            ..Limits::default()
        };
        world.host.set_limits(limits(body.len() - 1));
        assert_eq!(
            refused(&world.host.post(&room, &caller, endpoint, &body)),
            "too_large"
        );
        world.host.set_limits(limits(body.len()));
        accepted(&world.host.post(&room, &caller, endpoint, &body));
    }
}

#[test]
fn a_room_that_is_not_here_is_unknown() {
    let mut world = World::with_bob();
    let (here, caller) = (world.room.clone(), world.caller(BOB));
    let nowhere = room("a.example", "nowhere");
    let message = world.device(BOB).message("hi").encode();
    let commit = world.device(BOB).commit(Plan::default()).encode();
    let (question, _) = world.device(BOB).group_info_request();
    let question = question.encode();
    let bodies = [
        (Endpoint::SubmitMessage, message),
        (Endpoint::GroupInfo, question),
        (Endpoint::UpdateRoom, commit),
    ];
    for (endpoint, body) in bodies {
        let verdict = world.host.post(&nowhere, &caller, endpoint, &body);
        assert_eq!(refused(&verdict), "unknown_room");
        if endpoint == Endpoint::GroupInfo {
            let status = GroupInfoResponse::decode(&verdict.reply).unwrap().status;
            assert_eq!(status, GroupInfoStatus::NoSuchRoom);
        }
        assert_eq!(world.host.post(&here, &caller, endpoint, &body).refusal(), None);
    }
}
