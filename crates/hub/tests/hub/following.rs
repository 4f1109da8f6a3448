//! What a provider does with the frames of a room that is another's, or its own.

use comity_hub::{Endpoint, Facts, Fault, Followed, Part, RosterChange, amend_roster, local_clients};
use comity_room::{ClientUri, ParticipantUpdate};
use comity_wire::{FanoutMessage, Wire as _};
use openmls::prelude::{LeafNodeIndex, OpenMlsProvider as _};

use crate::support::*;

/// A world with the servers of b.example and c.example.
struct Federation {
    world: World,
    followers: [Follower; 2],
}

impl Federation {
    /// Alice's room, with the key packages of the others known to their own providers.
    fn new() -> Self {
        Self {
            world: World::new(),
            followers: [Follower::new("b.example"), Follower::new("c.example")],
        }
    }

    fn invites(&mut self, whom: usize) -> Vec<(usize, Followed)> {
        let device = &self.world.devices[whom];
        let plan = device.invitation(&self.world.devices[ALICE]);
        let reference = plan.adds[0]
            .hash_ref(device.mls.crypto())
            .unwrap()
            .as_slice()
            .to_vec();
        let owner = device.uri.clone();
        let follower = self
            .followers
            .iter_mut()
            .find(|f| f.provider == owner.provider())
            .unwrap();
        follower.owners.insert(reference, owner);
        let verdict = self.world.commits(ALICE, plan);
        self.route(&verdict)
    }

    /// Every delivery for one of the two, with what it made of it.
    fn route(&mut self, verdict: &comity_hub::Verdict) -> Vec<(usize, Followed)> {
        let hub = self.world.host.hub.provider().clone();
        let mut routed = Vec::new();
        for delivery in &verdict.fanout {
            for (n, follower) in self.followers.iter_mut().enumerate() {
                if follower.provider == delivery.provider {
                    routed.push((
                        n,
                        follower.takes(&delivery.room, &hub, &delivery.frame, &delivery.roster),
                    ));
                }
            }
        }
        routed
    }

    fn local(&self, n: usize) -> Vec<ClientUri> {
        local_clients(&self.followers[n].rows(&self.world.room)).unwrap()
    }
}

fn to(followed: &Followed) -> Vec<&[ClientUri]> {
    followed
        .deliveries
        .iter()
        .map(|delivery| &delivery.clients[..])
        .collect()
}

#[test]
fn a_welcome_goes_to_the_owner_of_the_key_package_that_it_names() {
    let mut federation = Federation::new();
    let bob = client("b.example", "bob-phone");
    let routed = federation.invites(BOB);
    let [(0, followed)] = &routed[..] else {
        panic!("{routed:?}")
    };
    assert_eq!(to(followed), [[bob.clone()]]);
    assert!(followed.deliveries[0].urgent);
    assert_eq!(federation.local(0), std::slice::from_ref(&bob));

    // Bob gets the commit that adds Carol, and Carol her Welcome, and not the commit.
    let routed = federation.invites(CAROL);
    let [(0, to_bob), (1, to_carol)] = &routed[..] else {
        panic!("{routed:?}")
    };
    assert_eq!(to(to_bob), [[bob.clone()]]);
    assert!(!to_bob.deliveries[0].urgent);
    assert_eq!(to(to_carol), [[client("c.example", "carol-phone")]]);
    assert_eq!(federation.local(0), [bob]);
}

#[test]
fn messages_go_to_all_own_clients_in_the_room() {
    let mut federation = Federation::new();
    federation.invites(BOB);
    let mut tablet = Device::new("b.example", "bob", "bob-tablet");
    federation
        .world
        .devices
        .push(Device::new("b.example", "bob", "unused"));
    std::mem::swap(&mut federation.world.devices[3], &mut tablet);
    federation.invites(3);
    let verdict = federation.world.says(ALICE, "hi");
    let routed = federation.route(&verdict);
    let both = [
        client("b.example", "bob-phone"),
        client("b.example", "bob-tablet"),
    ];
    assert_eq!(to(&routed[0].1), [&both[..]]);
    assert!(routed[0].1.writes.is_empty());
    assert_eq!(routed[0].1.deliveries[0].frame, verdict.fanout[1].frame);
}

#[test]
fn a_removed_client_gets_the_commit_that_removes_it_and_nothing_after() {
    let mut federation = Federation::new();
    federation.invites(BOB);
    federation.invites(CAROL);
    let alice = federation.world.device(ALICE);
    let (index, _) = alice
        .state()
        .participants
        .find(&user("b.example", "bob"))
        .unwrap();
    let update = ParticipantUpdate {
        removed: vec![index],
        ..ParticipantUpdate::default()
    };
    let plan = Plan {
        removes: vec![LeafNodeIndex::new(1)],
        ..Plan::default()
    }
    .participants(&update);
    let verdict = federation.world.commits(ALICE, plan);
    let routed = federation.route(&verdict);
    assert_eq!(to(&routed[0].1), [[client("b.example", "bob-phone")]]);
    assert!(federation.local(0).is_empty());
    assert!(!federation.followers[0].rows.contains_key(&Part::Roster));

    // A straggler reaches nobody.
    let frame = verdict.fanout[1].frame.clone();
    let hub = provider("a.example");
    let here = federation.world.room.clone();
    let late = federation.followers[0].takes(&here, &hub, &frame, &RosterChange::default());
    assert_eq!(to(&late), [&[][..]]);
}

#[test]
fn a_client_that_joins_from_outside_gets_its_own_commit_and_what_follows() {
    let mut federation = Federation::new();
    federation.invites(BOB);
    let mut tablet = Device::new("b.example", "bob", "bob-tablet");
    let (request, pair) = tablet.group_info_request();
    let here = federation.world.room.clone();
    let verdict = federation
        .world
        .host
        .post(&here, &tablet.caller(), Endpoint::GroupInfo, &request.encode());
    let key = federation.world.host.identity().signature_key;
    let bundle = tablet.join(&tablet.open(&key, &pair, &verdict.reply).unwrap());
    let verdict = federation
        .world
        .host
        .post(&here, &tablet.caller(), Endpoint::UpdateRoom, &bundle.encode());
    assert!(matches!(verdict.facts, Facts::Commit(_)));
    let routed = federation.route(&verdict);
    let both = [
        client("b.example", "bob-phone"),
        client("b.example", "bob-tablet"),
    ];
    assert_eq!(to(&routed[0].1), [&both[..]]);
    assert_eq!(federation.local(0), both);
}

#[test]
fn frames_come_from_the_hub_of_the_room() {
    let mut federation = Federation::new();
    federation.invites(BOB);
    let verdict = federation.world.says(ALICE, "hi");
    let frame = &verdict.fanout[1].frame;
    let here = federation.world.room.clone();
    let nothing = RosterChange::default();
    let before = federation.followers[0].rows.clone();
    let forged = federation.followers[0].takes(&here, &provider("c.example"), frame, &nothing);
    assert_eq!(
        forged.refusal.as_ref().map(|refusal| refusal.code()),
        Some("foreign_provider")
    );
    let broken = federation.followers[0].takes(&here, &provider("a.example"), &frame[1..], &nothing);
    assert_eq!(
        broken.refusal.as_ref().map(|refusal| refusal.code()),
        Some("malformed")
    );
    assert!(forged.deliveries.is_empty() && broken.deliveries.is_empty());
    assert_eq!(federation.followers[0].rows, before);
    let genuine = federation.followers[0].takes(&here, &provider("a.example"), frame, &nothing);
    assert_eq!(to(&genuine), [[client("b.example", "bob-phone")]]);
}

#[test]
fn frames_that_come_together_are_routed_one_by_one() {
    let mut federation = Federation::new();
    federation.invites(BOB);
    let tablet = Device::new("b.example", "bob", "bob-tablet");
    let plan = tablet.invitation(&federation.world.devices[ALICE]);
    let reference = plan.adds[0]
        .hash_ref(tablet.mls.crypto())
        .unwrap()
        .as_slice()
        .to_vec();
    federation.followers[0].owners.insert(reference, tablet.uri);
    let verdict = federation.world.commits(ALICE, plan);
    let frames: Vec<u8> = verdict
        .fanout
        .iter()
        .filter(|d| d.provider == provider("b.example"))
        .flat_map(|d| d.frame.clone())
        .collect();
    assert_eq!(FanoutMessage::decode_all(&frames).unwrap().len(), 2);
    let here = federation.world.room.clone();
    let followed =
        federation.followers[0].takes(&here, &provider("a.example"), &frames, &RosterChange::default());
    assert_eq!(
        to(&followed),
        [
            [client("b.example", "bob-phone")],
            [client("b.example", "bob-tablet")]
        ]
    );
}

#[test]
fn nobody_elses_clients_get_onto_a_roster() {
    let mut follower = Follower::new("b.example");
    let here = room("a.example", "clubhouse");
    let strangers = RosterChange {
        joined: vec![client("c.example", "carol-phone")],
        left: vec![],
    };
    assert_eq!(
        amend_roster(&follower.provider, &follower.rows(&here), &strangers),
        Ok(vec![])
    );
    let own = RosterChange {
        joined: vec![client("b.example", "bob-phone")],
        left: vec![],
    };
    let writes = amend_roster(&follower.provider, &follower.rows(&here), &own).unwrap();
    apply(&mut follower.rows, &writes);
    assert_eq!(local_clients(&follower.rows(&here)), Ok(own.joined));
    follower.rows.insert(Part::Roster, vec![1, 0xc1]);
    assert_eq!(
        local_clients(&follower.rows(&here)),
        Err(Fault::Damaged("roster"))
    );
}
