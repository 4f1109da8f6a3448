//! A member's commit, delimited without being parsed: the octets that OpenMLS's own parser ends up with, and nothing else is one.

#![allow(clippy::unwrap_used, reason = "what does not hold here fails the test")]

mod common;

use comity_room::Timestamp;
use comity_wire::{FanoutMessage, MemberCommit, MlsOctets};
use common::made;
use openmls::prelude::{MlsMessageBodyIn, MlsMessageIn};
use tls_codec::{Deserialize, Serialize, VLBytes};

/// As a hub fans a message out: the time, the message, and behind it a list without entries.
fn fanned_out(message: &MlsOctets) -> Vec<u8> {
    [&1_700_000_000_000_u64.to_be_bytes(), message.as_slice(), &[0]].concat()
}

#[test]
fn the_parts_of_a_commit_are_where_openmls_finds_them() {
    let made = made();
    let octets = fanned_out(&made.commit);
    let found = MemberCommit::find(&octets).unwrap();
    let tag = VLBytes::from(found.membership_tag.to_vec())
        .tls_serialize_detached()
        .unwrap();
    assert_eq!([found.content, found.auth, &tag].concat(), made.commit.as_slice());
    assert_eq!(found.membership_tag.len(), 32);
    // signature<V> of 64 octets and confirmation_tag<V> of 32.
    assert_eq!(
        (found.auth.len(), &found.auth[..2], found.auth[66]),
        (99, &[0x40, 64][..], 32)
    );
    let parsed = MlsMessageIn::tls_deserialize_exact(made.commit.as_slice()).unwrap();
    let MlsMessageBodyIn::PublicMessage(parsed) = parsed.extract() else {
        panic!("a commit travels as a PublicMessage")
    };
    assert_eq!(found.group_id, parsed.group_id().as_slice());
    assert_eq!(found.epoch, parsed.epoch().as_u64());
    assert_eq!(found.accepted_at, Timestamp::from_millis(1_700_000_000_000));
}

#[test]
fn only_a_commit_by_a_member_is_one() {
    let made = made();
    for other in [
        &made.external_commit,
        &made.application,
        &made.proposal,
        &made.self_remove,
        &made.private_proposal,
        &made.welcome_message,
        &made.group_info_message,
        &made.key_package_message,
    ] {
        assert!(MemberCommit::find(&fanned_out(other)).is_none());
    }
}

#[test]
fn a_commit_cut_short_is_none() {
    let commit = fanned_out(&made().commit);
    for length in 0..commit.len() - 1 {
        assert!(MemberCommit::find(&commit[..length]).is_none(), "{length}");
    }
}

/// Whatever octet is another: if it still decodes as a commit by a member, it is the same parts that are found.
#[test]
fn one_octet_changed_anywhere_never_moves_the_parts_of_what_still_decodes() {
    let commit = fanned_out(&made().commit);
    let (mut decoded, mut found) = (0, 0);
    for place in 0..commit.len() {
        for change in [1, 0x40, 0xff] {
            let mut changed = commit.clone();
            changed[place] ^= change;
            let parts = MemberCommit::find(&changed);
            found += usize::from(parts.is_some());
            let Ok((message, Some(_))) = FanoutMessage::decode_with_message(&changed) else {
                continue;
            };
            decoded += 1;
            let Some(parts) = parts else { continue };
            let length = parts.content.len() + parts.auth.len() + 1 + parts.membership_tag.len();
            assert_eq!(length, message.message.as_slice().len(), "{place} {change}");
        }
    }
    assert!(
        found > commit.len() && decoded > commit.len(),
        "{found}, {decoded}"
    );
}
