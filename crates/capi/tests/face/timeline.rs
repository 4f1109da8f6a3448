//! Folding through C comes to what it comes to in Rust.

use std::ffi::{CStr, CString};
use std::ptr::null_mut;

use comity::content::{Content, Expiration, MessageId, Part, Salt, Stored, fold};
use comity::{RoomUri, UserUri};
use comity_capi::*;

const ALICE: &str = "mimi://a.example/u/alice";
const BOB: &str = "mimi://b.example/u/bob";

fn id(octet: u8) -> MessageId {
    let mut octets = [octet; 32];
    octets[0] = 1;
    MessageId::from_octets(octets).expect("an id")
}

#[expect(clippy::disallowed_methods, reason = "salts of tests are known beforehand")]
fn message(octet: u8, sender: &str, accepted: u64, change: impl FnOnce(&mut Content)) -> Stored {
    let sender = UserUri::parse(sender).expect("a user");
    let room = RoomUri::parse("mimi://a.example/r/lunch").expect("a room");
    let salt = Salt::draw(|salt| salt.fill(octet));
    let mut content = Content::new(salt, &sender, &room, Part::text(&format!("text {octet}")));
    change(&mut content);
    Stored {
        id: id(octet),
        sender,
        accepted: comity::Timestamp::from_millis(accepted),
        content,
    }
}

/// A message, its edit, a reply to it, somebody else's edit of it, and an edit of nothing.
fn room() -> Vec<Stored> {
    vec![
        message(2, ALICE, 20, |content| {
            content.expires = Some(Expiration::Relative(60))
        }),
        message(3, ALICE, 30, |content| content.replaces = Some(id(2))),
        message(4, BOB, 40, |content| content.in_reply_to = Some(id(2))),
        message(5, BOB, 50, |content| content.replaces = Some(id(2))),
        message(6, BOB, 60, |content| content.replaces = Some(id(99))),
    ]
}

#[test]
#[expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a host's calls one after the other, and what they gave: each stands on the same promise"
)]
fn a_fold_in_c_is_the_fold_in_rust() {
    let expected = fold(room(), |_, _, _| true);
    assert_eq!((expected.entries.len(), expected.refused.len()), (2, 1));
    let (mut folding, mut timeline) = (null_mut(), null_mut());
    // SAFETY: everything here is live, and freed once; null is allowed for the error.
    unsafe {
        assert_eq!(comity_fold_new(&mut folding, null_mut()), COMITY_OK);
        for message in room().into_iter().rev() {
            let sender = CString::new(message.sender.as_str()).expect("no null");
            let octets = message.content.encode().expect("content encodes");
            let added = comity_fold_add(
                folding,
                &message.id.into(),
                sender.as_ptr(),
                message.accepted.as_millis(),
                octets.as_ptr(),
                octets.len(),
                u64::MAX,
                null_mut(),
            );
            assert_eq!(added, COMITY_OK);
        }
        assert_eq!(
            comity_fold_timeline(folding, &mut timeline, null_mut()),
            COMITY_OK
        );
        comity_fold_free(folding);
        let shown = &*timeline;
        assert_eq!(shown.entries_len, expected.entries.len());
        for (at, wanted) in expected.entries.iter().enumerate() {
            let entry = &**shown.entries.add(at);
            assert_eq!(entry.id.octets, comity_message_id::from(wanted.id).octets);
            assert_eq!(CStr::from_ptr(entry.sender).to_str(), Ok(wanted.sender.as_str()));
            assert_eq!(entry.versions_len, wanted.versions.len());
            assert_eq!(entry.in_reply_to.is_null(), wanted.in_reply_to.is_none());
            assert_eq!(entry.deleted.is_null(), wanted.deleted.is_none());
        }
        let (first, reply) = (&**shown.entries, &**shown.entries.add(1));
        assert_eq!(
            (first.expires, first.expires_seconds),
            (comity_expires::AfterRead, 60)
        );
        assert!((*reply.in_reply_to).is_outdated && !(*reply.in_reply_to).loops);
        assert_eq!(shown.waiting_len, 1);
        assert_eq!((*shown.waiting).octets, comity_message_id::from(id(6)).octets);
        assert_eq!(shown.refused_len, 1);
        assert_eq!((**shown.refused).because, comity_refused_because::Unauthorized);
        comity_timeline_free(timeline);
    }
}
