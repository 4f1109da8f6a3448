//! Who made a frame.

use super::*;

#[test]
fn a_ciphertext_with_a_bit_flipped_does_not_decrypt() {
    let mut scene = Scene::new();
    let genuine = scene.mallory.says(&scene.place.uri, "whole");
    let frame = patched(&scene, &genuine, |octets| *octets.last_mut().unwrap() ^= 1);
    scene.rejects(&frame, "undecryptable", Advice::AskResend);
    let frame = scene.place.message(&genuine);
    scene.reads(&frame, "whole");
}

#[test]
fn a_message_that_an_insider_signs_with_another_key_has_a_bad_signature() {
    let mut scene = Scene::new();
    let uri = scene.uri();
    let content = scene.mallory.content(&uri, "forged");
    let framed = ApplicationFraming {
        media_type: Some(media_types::mimi_content()),
        content,
    };
    let eves = scene.eve.shared_keys();
    let forged = scene.mallory.encrypts_signed_by(&eves, &framed.encode());
    let frame = scene.place.message(&forged);
    scene.rejects(&frame, "bad_signature", Advice::None);
    scene.still_reads();
}

#[test]
fn a_commit_that_an_insider_signs_with_another_key_has_a_bad_signature() {
    let mut scene = Scene::new();
    let genuine = scene.mallory.shared_keys();
    scene.mallory.keys = scene.eve.shared_keys();
    let forged = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.keys = genuine;
    scene.mallory.forgets();
    let frame = scene.place.commit(&forged);
    scene.rejects(&frame, "bad_signature", Advice::None);
    scene.still_reads();
    scene.everybody_follows(Plan::default());
}

#[test]
fn a_commit_without_the_members_tag_is_not_from_a_member() {
    let mut scene = Scene::new();
    let commit = scene.mallory.commits(Plan::default()).commit;
    let mut octets = commit.as_slice().to_vec();
    *octets.last_mut().unwrap() ^= 1;
    let forged = scene.place.commit(&MlsOctets::new(octets).unwrap());
    scene.rejects(&forged, "not_from_member", Advice::None);
    scene.still_reads();
    scene.mallory.merges();
    let frame = scene.place.commit(&commit);
    assert_eq!(scene.alice.receives(&frame), in_silence());
    scene.still_reads();
}

#[test]
fn a_message_of_one_who_may_not_send_is_told_and_never_shown_as_read() {
    let silent = RoleIndex(7);
    let mut place =
        Place::new(room("h.example", "den"), &users()).with_role(&user("e.example", "eve"), silent);
    let mut roles: Vec<_> = place.roles.iter().cloned().collect();
    let mut role = roles
        .iter()
        .find(|role| role.index == Roles::MEMBER)
        .unwrap()
        .clone();
    role.index = silent;
    role.name = "silent".into();
    role.capabilities.remove(&RoleCapability::SendMessage);
    roles.push(role);
    place.roles = Roles::new(roles).unwrap();
    let mut scene = Scene::at(place);
    let message = scene.eve.says(&scene.place.uri, "unheard");
    let frame = scene.place.message(&message);
    let step = scene.alice.steps(&[frame]);
    let unauthorized = |event: &comity::Event| {
        matches!(
            event.kind,
            EventKind::Message {
                change: MessageChange::Unauthorized,
                ..
            }
        )
    };
    match &step.frames[0] {
        FrameOutcome::Rejected { reason, .. } => assert_eq!(reason.code(), "sender_not_allowed"),
        FrameOutcome::Done { notify, .. } => {
            assert!(!notify && step.events.iter().any(unauthorized), "{step:?}")
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        scene.alice.texts(&scene.uri()),
        Vec::<String>::new(),
        "nobody is shown what could not be sent"
    );
    assert_eq!(scene.alice.reader().room(&scene.uri()).unwrap().summary.unread, 0);
    scene.still_reads();
}
