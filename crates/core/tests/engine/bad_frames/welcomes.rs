//! Welcomes that cannot be used.

use super::*;

#[test]
fn a_welcome_that_cannot_be_used_uses_nothing_up() {
    let mut scene = Scene::new();
    let place = Place::new(room("h.example", "attic"), &users());
    let mut host = Rogue::new("m.example", "mallory", "mallory-pc");
    host.creates(&place.state());
    let old_tree = host.tree();
    let welcome = host.adds(vec![scene.alice.key_package()]);
    let tree = host.tree();
    let nobody = {
        let mut other = Rogue::new("m.example", "mallory", "mallory-pc");
        other.creates(&place.state());
        let carol = Rogue::new("c.example", "carol", "carol-pc").key_package();
        let welcome = other.adds(vec![carol]);
        place.welcome(&welcome, other.tree())
    };
    scene.rejects(&nobody, "welcome_for_nobody", Advice::None);
    let wrong_tree = place.welcome(&welcome, old_tree);
    scene.rejects(&wrong_tree, "invalid_welcome", Advice::None);
    let no_tree = FanoutTail::Welcome {
        ratchet_tree: RatchetTreeOption::DistributionService,
    };
    let no_tree = place.frame(&welcome, no_tree);
    scene.rejects(&no_tree, "invalid_welcome", Advice::None);
    let genuine = place.welcome(&welcome, tree);
    let mut foreign = genuine.clone();
    foreign.from = provider("m.example");
    scene.rejects(&foreign, "foreign_hub", Advice::None);
    let mut elsewhere = genuine.clone();
    elsewhere.room = Some(scene.uri());
    scene.rejects(&elsewhere, "wrong_room", Advice::FixProgram);
    assert_eq!(scene.alice.phase(&place.uri), None);
    let outcome = scene.alice.receives(&genuine);
    assert_eq!(
        outcome,
        FrameOutcome::Done {
            message: None,
            notify: true
        },
        "the key package is still there"
    );
    assert_eq!(scene.alice.phase(&place.uri), Some(Phase::Invited));
    scene.still_reads();
}

#[test]
fn a_welcome_to_a_second_group_of_a_room_that_we_are_in_changes_nothing() {
    let mut scene = Scene::new();
    let mut second = Rogue::new("m.example", "mallory", "mallory-pc");
    second.creates(&scene.place.state());
    let welcome = second.adds(vec![scene.alice.key_package()]);
    let frame = scene.place.welcome(&welcome, second.tree());
    scene.rejects(&frame, "already_joined", Advice::None);
    scene.still_reads();
}

/// Whoever makes a group chooses its id. That of another room's, or of one that is yet to be joined, is nobody else's to have.
#[test]
fn a_welcome_to_a_group_that_has_the_id_of_another_rooms_changes_nothing() {
    let mut scene = Scene::new();
    let place = Place::new(room("m.example", "trap"), &users());
    let taken = scene.mallory.group().group_id().to_vec();
    let to_be_joined = [b"unknown ", room("h.example", "attic").as_bytes()].concat();
    for id in [taken, to_be_joined] {
        let mut host = Rogue::new("m.example", "mallory", "mallory-pc");
        host.creates_as(&place.state(), &id);
        let welcome = host.adds(vec![scene.alice.key_package()]);
        let frame = place.welcome(&welcome, host.tree());
        scene.rejects(&frame, "invalid_welcome", Advice::None);
        assert_eq!(scene.alice.phase(&place.uri), None);
    }
    scene.still_reads();
}
