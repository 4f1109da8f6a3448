//! Rules 4 and 7: what key packages are, and when others learn what we can receive.

use super::*;

#[test]
fn rule_04_key_packages_are_back_dated_and_live_as_long_as_peers_allow() {
    let phone = Phone::new("a.example", "alice", "alice-phone");
    let now = seconds(phone.now);
    assert!(phone.key_packages.len() > 10);
    for key_package in &phone.key_packages {
        let lifetime: &Lifetime = key_package.life_time();
        assert!(lifetime.not_before() + 14 * 86_400 <= now, "weeks back");
        assert!(
            lifetime.not_after() - lifetime.not_before() <= 84 * 86_400 + 3_600,
            "84 days and an hour at most"
        );
        assert!(
            lifetime.not_after() >= now + 56 * 86_400,
            "28 days for the directory, 28 for whoever is offline"
        );
        assert!(lifetime.has_acceptable_range());
    }
}

#[test]
fn rule_04_key_packages_say_what_the_client_is_and_receives() {
    let phone = Phone::new("a.example", "alice", "alice-phone");
    let (last, others) = phone.key_packages.split_last().unwrap();
    for key_package in &phone.key_packages {
        let leaf = key_package.leaf_node();
        let facts = comity_mls::leaf_facts(leaf).unwrap();
        assert_eq!(facts.identity.client, phone.identity.client);
        assert_eq!(facts.identity.user, phone.identity.user);
        assert_eq!(facts.advertisement, Some(media_types::baseline()));
        assert!(
            leaf.capabilities()
                .extensions()
                .contains(&ExtensionType::AppDataDictionary)
        );
        for proposal in [ProposalType::AppDataUpdate, ProposalType::SelfRemove] {
            assert!(leaf.capabilities().proposals().contains(&proposal));
        }
        let dictionary = leaf.extensions().app_data_dictionary().unwrap().dictionary();
        let components = dictionary.get(&comity_wire::components::APP_COMPONENTS).unwrap();
        let components = <comity_wire::ComponentsList as comity_wire::Wire>::decode(components).unwrap();
        for id in [0x0001, 0x0003, 0x0022, 0x0023, 0x0025, 0x8001] {
            assert!(components.contains(id), "{id:#06x}");
        }
    }
    assert!(last.last_resort(), "the extension that OpenMLS looks at");
    let marked = |key_package: &openmls::prelude::KeyPackage| {
        let dictionary = key_package.extensions().app_data_dictionary();
        dictionary.is_some_and(|dictionary| {
            dictionary
                .dictionary()
                .get(&comity_wire::components::LAST_RESORT)
                .is_some()
        })
    };
    assert!(marked(last), "and the component that the draft asks for");
    assert!(
        others.iter().all(|other| !other.last_resort() && !marked(other)),
        "one of them is the last resort"
    );
}

#[test]
fn rule_04_the_last_resort_is_there_after_it_was_used_and_the_others_are_not() {
    let mut phone = Phone::new("a.example", "alice", "alice-phone");
    let (last, once) = (phone.key_packages.pop().unwrap(), phone.key_package());
    let mut welcomed = |name: &str, key_package: &openmls::prelude::KeyPackage| {
        let place = Place::new(room("h.example", name), &users());
        let mut host = Rogue::new("m.example", "mallory", "mallory-pc");
        host.creates(&place.state());
        let welcome = host.adds(vec![key_package.clone()]);
        phone.receives(&place.welcome(&welcome, host.tree()))
    };
    for name in ["one", "two", "three"] {
        let outcome = welcomed(name, &last);
        assert!(
            matches!(outcome, FrameOutcome::Done { .. }),
            "{name}: {outcome:?}"
        );
    }
    assert!(matches!(welcomed("four", &once), FrameOutcome::Done { .. }));
    assert_eq!(code_of(&welcomed("five", &once)), "welcome_for_nobody");
}

#[test]
fn rule_07_an_extension_may_not_advertise_and_opening_advertises_nothing() {
    let mut scene = Scene::new();
    scene.alice.client.pause().unwrap();
    let now = scene.alice.now;
    let mut extension = comity::Client::open(now, &Opening::extension(scene.alice.path(), KEY)).unwrap();
    assert_eq!(
        extension.advertise(now, &cards()).unwrap_err().code(),
        "extension_may_not"
    );
    assert_eq!(extension.restock(now, 0).unwrap_err().code(), "extension_may_not");
    assert_eq!(kinds(&extension.wake(now).unwrap()), []);
    extension.close().unwrap();
    scene.alice.client.resume().unwrap();
    assert_eq!(kinds(&scene.alice.client.wake(now).unwrap()), []);
}

#[test]
fn rule_07_in_a_small_room_key_packages_and_leaf_follow_at_once() {
    let mut scene = Scene::new();
    let now = scene.alice.now;
    let step = scene.alice.client.advertise(now, &cards()).unwrap();
    assert_eq!(
        kinds(&step),
        [RequestKind::PublishKeyPackages, RequestKind::UpdateRoom]
    );
    scene.serves(step.requests);
    let facts = comity_mls::leaf_facts(scene.alice.key_packages[0].leaf_node()).unwrap();
    assert_eq!(facts.advertisement.as_ref(), Some(&cards().media));
    let members = scene.alice.reader().members(&scene.uri(), 0, 10).unwrap();
    let own = members
        .iter()
        .find(|member| member.client == scene.alice.identity.client)
        .unwrap();
    assert_eq!(own.advertisement, cards().media);
    scene.still_reads();
}

#[test]
fn rule_07_in_a_large_room_the_leaf_follows_within_a_day_or_on_the_next_commit() {
    let mut scene = Scene::new();
    let adds = (0..30)
        .map(|n| Rogue::new("c.example", "carol", &format!("carol-{n}")).key_package())
        .collect();
    scene.everybody_follows(Plan {
        adds,
        ..Plan::default()
    });
    let now = scene.alice.now;
    let step = scene.alice.client.advertise(now, &cards()).unwrap();
    assert_eq!(
        kinds(&step),
        [RequestKind::PublishKeyPackages],
        "33 members: not all of them at once"
    );
    assert!(step.wake_at.is_some_and(|at| at <= now.plus(days(1))));
    let mut asked = Vec::new();
    let later = scene.alice.client.wake(now.plus(days(1))).unwrap();
    asked.extend(
        later
            .requests
            .into_iter()
            .filter(|request| request.kind == RequestKind::UpdateRoom),
    );
    assert_eq!(asked.len(), 1, "within a day");
    scene.serves(asked);
    let members = scene.alice.reader().members(&scene.uri(), 0, 100).unwrap();
    let own = members
        .iter()
        .find(|member| member.client == scene.alice.identity.client)
        .unwrap();
    assert_eq!(own.advertisement, cards().media);
}

#[test]
fn rule_07_what_a_room_requires_cannot_be_dropped() {
    let mut scene = Scene::new();
    let less = Supported {
        media: comity::room::Advertisement::new([media_types::png()]).unwrap(),
        languages: Vec::new(),
    };
    let error = scene.alice.client.advertise(scene.alice.now, &less).unwrap_err();
    assert_eq!(
        error,
        Error::Blocked(comity::Blocked::RoomsRequire(vec![scene.uri()]))
    );
}
