//! Everything that a person does, row by row of the checklist.

mod bodies;

use comity_content::attachment::{Algorithm, AttachmentError, Sealer};
use comity_content::compose::{Author, ComposeError, Saying, Target};
use comity_content::{
    Class, Content, Disposition, Expiration, ExternalPart, MessageId, Part, PartError, Salt, Status,
    StatusReport, Stored, check_outgoing, classify, fold,
};
use comity_room::Timestamp;

use crate::common::{ALICE, room, salt, user};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Lets Alice do something.
fn alice<T>(deed: impl FnOnce(Author<'_>) -> T) -> T {
    deed(Author::new(&user(ALICE), &room()))
}

fn said(n: u8, part: Part) -> (Content, MessageId) {
    let content = alice(|me| me.says(salt(n), part).content());
    let id = id_of(&content);
    (content, id)
}

fn id_of(content: &Content) -> MessageId {
    MessageId::compute(&user(ALICE), &room(), &content.encode().unwrap(), &content.salt)
}

fn stored(content: Content, millis: u64) -> Stored {
    Stored {
        id: id_of(&content),
        sender: user(ALICE),
        accepted: Timestamp::from_millis(millis),
        content,
    }
}

fn file(media_type: &str) -> ExternalPart {
    let mut sealer = Sealer::new(Algorithm::Aes128Gcm, &[1; 16], &[2; 12]).unwrap();
    sealer.update(&mut [0; 64]).unwrap();
    ExternalPart {
        media_type: media_type.into(),
        url: "https://example.com/x".into(),
        filename: "IMG 1.jpg".into(),
        size: 1_500_000,
        ..sealer.finish().1
    }
}

/// What is composed asserts its sender and room, can be sent, and comes back as it went.
#[track_caller]
fn check(content: &Content, class: Class) {
    assert_eq!(classify(content), class);
    assert!(content.asserts_sender_and_room());
    assert_eq!(check_outgoing(content), Ok(()));
    assert_eq!(Content::decode(&content.encode().unwrap()).as_ref(), Ok(content));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "this test is a random source")]
fn c_002_a_message_is_composed_with_the_salt_that_was_drawn_for_it() {
    let drawn = Salt::draw(|octets| octets.fill(42));
    let content = alice(|me| me.says(drawn, Part::text("x")).content());
    assert_eq!(content.salt.octets(), &[42; 16]);
}

#[test]
fn c_065_a_reply_or_reaction_names_the_newest_version_and_an_edit_the_first() {
    let (original, root) = said(1, Part::text("Piza?"));
    let edit = alice(|me| me.edits(salt(2), &Target::said(root), Part::text("Pizza?"))).unwrap();
    check(&edit, Class::Edit { target: root });
    let newest = id_of(&edit);
    let timeline = fold([stored(original, 1), stored(edit, 2)], |_, _, _| true);
    let target = Target::from(timeline.find(root).unwrap());
    assert_eq!((target.root(), target.newest()), (root, newest));

    let reply = alice(|me| {
        me.says(salt(3), Part::text("Yes!"))
            .in_reply_to(&target)
            .content()
    });
    assert_eq!(reply.in_reply_to, Some(newest));
    let reaction = alice(|me| me.reacts(salt(4), &target, "🍕")).unwrap();
    check(&reaction, Class::Reaction { target: newest });
}

#[test]
fn c_066_nobody_replies_to_a_loop() {
    let id = |n: u8| id_of(&said(n, Part::text("x")).0);
    let reply = |replies_to: fn(MessageId) -> Option<MessageId>| {
        let target = Target::said(id_of(&said(1, Part::text("x")).0));
        let saying: Saying = alice(|me| me.says(salt(9), Part::text("y")));
        saying.in_reply_to_known(&target, replies_to).map(Saying::content)
    };
    assert_eq!(
        reply(Some),
        Err(ComposeError::ReplyLoop),
        "a message that replies to itself"
    );
    assert_eq!(reply(|_| None).unwrap().in_reply_to, Some(id(1)));
}

#[test]
fn c_069_several_reactions_have_a_part_each() {
    let target = Target::said(said(1, Part::text("x")).1);
    let several = ComposeError::Part(PartError::SeveralReactions);
    assert_eq!(
        alice(|me| me.reacts(salt(2), &target, "❤🥳")).unwrap_err(),
        several
    );
    let both = Part::reactions(["❤", "🥳"]).unwrap();
    let reaction = alice(|me| me.reacts_with(salt(2), &target, both)).unwrap();
    check(
        &reaction,
        Class::Reaction {
            target: target.root(),
        },
    );
    let word = alice(|me| me.reacts_with(salt(2), &target, Part::text("x"))).unwrap_err();
    assert_eq!(word, ComposeError::NotAReaction);
    let image = Part::external(Disposition::REACTION, file("image/gif"));
    check(
        &alice(|me| me.reacts_with(salt(2), &target, image)).unwrap(),
        Class::Reaction {
            target: target.root(),
        },
    );
}

#[test]
fn c_071_taking_a_reaction_back_is_an_unlike() {
    let reaction = Target::reaction(said(1, Part::text("x")).1);
    let unlike = alice(|me| me.deletes(salt(2), &reaction));
    check(
        &unlike,
        Class::Unlike {
            target: reaction.root(),
        },
    );
    let on_it = alice(|me| me.reacts(salt(2), &reaction, "❤")).unwrap_err();
    assert_eq!(on_it, ComposeError::ReactionToReaction);
    let another = Part::reaction("🥳").unwrap();
    check(
        &alice(|me| me.edits(salt(2), &reaction, another)).unwrap(),
        Class::Edit {
            target: reaction.root(),
        },
    );
    let words = alice(|me| me.edits(salt(2), &reaction, Part::text("x"))).unwrap_err();
    assert_eq!(words, ComposeError::ClassChanged);
}

#[test]
fn c_072_every_edit_names_the_first_version() {
    let (root, newest) = (said(1, Part::text("a")).1, said(2, Part::text("b")).1);
    let target = Target::edited(root, newest);
    let edit = alice(|me| me.edits(salt(3), &target, Part::text("c"))).unwrap();
    assert_eq!(edit.replaces, Some(root));
    let nothing = alice(|me| me.edits(salt(3), &target, Part::null(Disposition::RENDER))).unwrap_err();
    assert_eq!(nothing, ComposeError::EmptyEdit);
}

#[test]
fn c_078_a_deletion_names_the_first_version_and_has_no_body() {
    let target = Target::edited(said(1, Part::text("a")).1, said(2, Part::text("b")).1);
    let deletion = alice(|me| me.deletes(salt(3), &target));
    check(
        &deletion,
        Class::Delete {
            target: target.root(),
        },
    );
    assert_eq!(deletion.part, Part::null(Disposition::RENDER));
}

#[test]
fn c_086_an_expiration_that_receivers_would_discard_is_not_composed() {
    let seconds = u32::try_from(NOW.as_millis() / 1000).unwrap();
    let year = 365 * 24 * 3600;
    let expiring =
        |expires| alice(|me| me.says(salt(1), Part::text("x")).expiring(expires, NOW)).map(Saying::content);
    for good in [
        Expiration::Relative(0),
        Expiration::Relative(year),
        Expiration::Absolute(seconds + 1),
        Expiration::Absolute(seconds + year),
    ] {
        assert_eq!(expiring(good).unwrap().expires, Some(good));
    }
    for bad in [
        Expiration::Relative(year + 1),
        Expiration::Absolute(seconds + year + 1),
        Expiration::Absolute(seconds),
        Expiration::Absolute(0),
    ] {
        assert_eq!(expiring(bad), Err(ComposeError::ExpirationImplausible), "{bad:?}");
    }
}

#[test]
fn c_088_a_topic_is_repeated_by_whoever_writes_in_it() {
    let on =
        |topic: Vec<u8>| alice(|me| me.says(salt(1), Part::text("x")).on_topic(topic)).map(Saying::content);
    assert_eq!(on(b"Foo 118".to_vec()).unwrap().topic, b"Foo 118");
    assert_eq!(on(vec![0; 4096]).unwrap().topic.len(), 4096);
    assert_eq!(on(vec![0; 4097]), Err(ComposeError::TopicTooLong));
}

#[test]
fn c_090_a_report_is_composed_with_no_target_and_no_disposition() {
    let about = said(1, Part::text("x")).1;
    let report = StatusReport::of(Status::READ, [about]);
    let content = alice(|me| me.reports(salt(2), &report)).unwrap();
    check(&content, Class::Report);
    assert_eq!(content.part.disposition, Disposition::UNSPECIFIED);
    assert_eq!((content.replaces, content.in_reply_to), (None, None));
    assert_eq!(StatusReport::of_content(&content), Some(Ok(report)));
    let empty = alice(|me| me.reports(salt(2), &StatusReport::default())).unwrap_err();
    assert_eq!(empty, ComposeError::EmptyReport);
}

#[test]
fn every_reason_has_a_name_of_its_own() {
    use std::collections::BTreeSet;
    let reasons = [
        ComposeError::MediaType,
        ComposeError::TopicTooLong,
        ComposeError::ExpirationImplausible,
        ComposeError::ReplyLoop,
        ComposeError::ReactionToReaction,
        ComposeError::NotAReaction,
        ComposeError::ClassChanged,
        ComposeError::EmptyEdit,
        ComposeError::EmptyReport,
        ComposeError::NotAMember,
        ComposeError::PreviewTooLarge,
        ComposeError::NotAPlace,
        ComposeError::EmptyContact,
        PartError::Language.into(),
        AttachmentError::Url.into(),
    ];
    assert_eq!(
        reasons
            .iter()
            .map(ComposeError::code)
            .collect::<BTreeSet<_>>()
            .len(),
        reasons.len()
    );
}
