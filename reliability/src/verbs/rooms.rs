//! Rooms: creating, changing, joining, leaving.

use comity::{Change, Phase, RoomUri};
use comity_room::{Roles, RoomMetadata};

use super::{Prepared, Verb};
use crate::call::Call;
use crate::scene::Scene;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "create_room",
        prepare: create_room,
    },
    Verb {
        name: "change: invite",
        prepare: invite,
    },
    Verb {
        name: "change: remove",
        prepare: remove,
    },
    Verb {
        name: "change: rotate",
        prepare: rotate,
    },
    Verb {
        name: "change: require, metadata",
        prepare: require,
    },
    Verb {
        name: "change: role",
        prepare: role,
    },
    Verb {
        name: "change: leave",
        prepare: leave,
    },
    Verb {
        name: "respond: accept",
        prepare: accept,
    },
    Verb {
        name: "respond: decline",
        prepare: decline,
    },
    Verb {
        name: "join",
        prepare: join,
    },
];

fn create_room(scene: &Scene) -> Prepared {
    let room = scene.fresh_room("a.example");
    let hub_key = scene
        .world
        .provider("a.example", |server| server.hub.signature_key());
    let call = Call::CreateRoom {
        room: room.clone(),
        hub_key,
    };
    Prepared::of_sam(scene, call, move |scene, surely| {
        let phase = scene.sam.within(&room).phase();
        assert!(
            phase == Some(Phase::Joined) || (phase.is_none() && !surely),
            "{phase:?} in the new room"
        );
        let epoch = scene
            .world
            .provider("a.example", |server| server.hub.epoch(&room));
        assert_eq!(epoch.is_some(), phase.is_some(), "the hub knows it as well");
    })
}

fn change(scene: &Scene, changes: Vec<Change>, judge: impl Fn(&Scene, bool) + 'static) -> Prepared {
    let room = scene.hall.clone();
    Prepared::of_sam(scene, Call::Change { room, changes }, judge)
}

fn invite(scene: &Scene) -> Prepared {
    scene.quinn_goes();
    let invite = Change::Invite {
        user: scene.quinn.user(),
        role: None,
        key_packages: Vec::new(),
    };
    change(scene, vec![invite], |scene, surely| {
        let phase = scene.quinn.within(&scene.hall).phase();
        let invited = phase == Some(Phase::Invited);
        assert!(invited || !surely, "Quinn is {phase:?}");
        if invited {
            scene.quinn.within(&scene.hall).accepts();
            scene.world.settle();
        }
    })
}

fn remove(scene: &Scene) -> Prepared {
    scene.quinn_comes();
    let remove = Change::RemoveUser(scene.quinn.user());
    change(scene, vec![remove], |scene, surely| {
        let phase = scene.quinn.within(&scene.hall).phase();
        assert!(
            phase == Some(Phase::Removed) || (phase == Some(Phase::Joined) && !surely),
            "Quinn is {phase:?}"
        );
    })
}

fn rotate(scene: &Scene) -> Prepared {
    let epoch = scene.sam.within(&scene.hall).epoch();
    change(scene, vec![Change::Rotate], move |scene, surely| {
        let now = scene.sam.within(&scene.hall).epoch();
        assert!(now > epoch || !surely, "epoch {now} after {epoch}");
    })
}

fn require(scene: &Scene) -> Prepared {
    let name = scene.fresh("the hall");
    let hall = scene.hall.clone();
    let room = scene.sam.asks(|reader| reader.room(&hall)).expect("the room");
    let metadata = RoomMetadata {
        name: name.clone(),
        ..room.metadata
    };
    let requirement = room.requirement;
    let changes = vec![Change::Metadata(metadata), Change::Require(requirement)];
    change(scene, changes, move |scene, surely| {
        let of = |actor: &comity_testkit::Actor| {
            let hall = scene.hall.clone();
            actor
                .asks(|reader| reader.room(&hall))
                .expect("the room")
                .metadata
                .name
        };
        assert_eq!(of(&scene.sam), of(&scene.pat));
        assert!(
            of(&scene.sam) == name || !surely,
            "the name is {:?}",
            of(&scene.sam)
        );
    })
}

fn role(scene: &Scene) -> Prepared {
    let pat = scene.pats_user();
    let of = |scene: &Scene| {
        let participants = scene.sam.within(&scene.hall).participants();
        let found = participants
            .into_iter()
            .find(|(user, _)| *user == scene.pats_user());
        found.expect("Pat is there").1
    };
    let wanted = if of(scene) == Roles::ADMIN {
        Roles::MEMBER
    } else {
        Roles::ADMIN
    };
    change(scene, vec![Change::SetRole(pat, wanted)], move |scene, surely| {
        assert!(of(scene) == wanted || !surely, "Pat is {:?}", of(scene));
    })
}

fn leave(scene: &Scene) -> Prepared {
    let room = scene.invited_by_pat(true);
    let call = Call::Change {
        room: room.clone(),
        changes: vec![Change::Leave],
    };
    Prepared::of_sam(scene, call, move |scene, surely| is_out(scene, &room, surely))
}

fn is_out(scene: &Scene, room: &RoomUri, surely: bool) {
    let phase = scene.sam.within(room).phase();
    let out = matches!(phase, None | Some(Phase::Left));
    assert!(out || !surely, "Sam is {phase:?}");
    let there = scene.pat.within(room).members();
    let there = there.iter().any(|member| member.client == scene.sam.client());
    assert_eq!(there, !out, "Pat sees it as well");
}

fn accept(scene: &Scene) -> Prepared {
    let room = scene.invited_by_pat(false);
    let call = Call::Respond {
        room: room.clone(),
        accept: true,
    };
    Prepared::of_sam(scene, call, move |scene, surely| {
        let phase = scene.sam.within(&room).phase();
        assert!(
            phase == Some(Phase::Joined) || (phase == Some(Phase::Invited) && !surely),
            "Sam is {phase:?}"
        );
        scene
            .world
            .agrees(&room, &[&scene.sam, &scene.tablet, &scene.pat]);
    })
}

fn decline(scene: &Scene) -> Prepared {
    let room = scene.invited_by_pat(false);
    let call = Call::Respond {
        room: room.clone(),
        accept: false,
    };
    Prepared::of_sam(scene, call, move |scene, surely| is_out(scene, &room, surely))
}

fn join(scene: &Scene) -> Prepared {
    let room = scene.room_of(&scene.tablet);
    let call = Call::Join { room: room.clone() };
    Prepared::of_sam(scene, call, move |scene, surely| {
        let phase = scene.sam.within(&room).phase();
        assert!(
            phase == Some(Phase::Joined) || (phase.is_none() && !surely),
            "Sam is {phase:?}"
        );
        scene.world.agrees(&room, &[&scene.sam, &scene.tablet]);
    })
}
