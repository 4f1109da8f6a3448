//! Whether a member of the room can have made a commit, told before it is parsed.
//!
//! **Owns** RFC 9420's `membership_tag`, checking only, and no more than a hint: OpenMLS checks the same again of every commit that
//! passes. One that does not pass is forged, whatever is in it: the key is known to members alone.

use comity_wire::MemberCommit;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Whether the tag was made with the epoch's `membership_key` over the epoch's GroupContext.
///
/// The MAC is HMAC-SHA-256, as in cipher suite 1, the only one of MIMI's rooms.
pub(crate) fn is_of_a_member(commit: &MemberCommit<'_>, key: &[u8], context: &[u8]) -> bool {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return false;
    };
    mac.chain_update(commit.content)
        .chain_update(context)
        .chain_update(commit.auth)
        .verify_slice(commit.membership_tag)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // "message-protection" of github.com/mlswg/mls-implementations, cipher suite 1.
    const GROUP_ID: &str = "42e4c3a73738d838cb4f9dc550cb81406206943f9e6870ee150f2000ae8aa780";
    const EPOCH: u64 = 1184274;
    const TREE_HASH: &str = "a257a326c7b632ce7ccdea8d3a3b5c3c2daa53a21029b3673ee05e9a3cea5934";
    const TRANSCRIPT_HASH: &str = "59b10f7a137e853c4ef7ce43d2fe0a481bb80652f648c5efab11c3141a1ba60c";
    const MEMBERSHIP_KEY: &str = "1f338b39337d019ab52c797bc836875998387e88fe711287df2258bc8f9967fb";
    const COMMIT: &str = "000100012042e4c3a73738d838cb4f9dc550cb81406206943f9e6870ee150f2000ae8aa780000000000012121201000000010003404601000401205ff3e28b8183cba127d0b74459b5d8a81286c299ba02d68c7d62f6101c3782dc20e0fbf69e4e80c4b2b8d43ffac9c0863a25300d0a6880aa9287d3916c467ae3ab0040403fe4fb435c134950173cf4244a899e3a3fedb6d77dde1279b8a1b03a507109661d82e6e08f9a476ebad8983ce83a1218dbf4df0b538e88d3d8ffb0cbc5fffb0120b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad2096f30e3de73f8f49037897e7e2ff6964857d7e662c6823cea2b5c4b78c3b03a2";

    fn octets(hex: &str) -> Vec<u8> {
        hex::decode(hex).unwrap()
    }

    /// `GroupContext`, without extensions.
    fn context() -> Vec<u8> {
        let mut octets_of = vec![0, 1, 0, 1];
        octets_of.push(32);
        octets_of.extend(octets(GROUP_ID));
        octets_of.extend(EPOCH.to_be_bytes());
        for hash in [TREE_HASH, TRANSCRIPT_HASH] {
            octets_of.push(32);
            octets_of.extend(octets(hash));
        }
        octets_of.push(0);
        octets_of
    }

    /// As a hub fans it out.
    fn fanned_out() -> Vec<u8> {
        [&[0; 8][..], &octets(COMMIT), &[0]].concat()
    }

    fn accepted(fanout: &[u8], key: &[u8], context: &[u8]) -> bool {
        let commit = MemberCommit::find(fanout).unwrap();
        assert_eq!((commit.group_id, commit.epoch), (&*octets(GROUP_ID), EPOCH));
        is_of_a_member(&commit, key, context)
    }

    #[test]
    fn the_published_commit_is_of_a_member() {
        assert!(accepted(&fanned_out(), &octets(MEMBERSHIP_KEY), &context()));
    }

    #[test]
    fn with_any_octet_changed_in_commit_key_or_context_it_is_not() {
        let (fanout, key, context) = (fanned_out(), octets(MEMBERSHIP_KEY), context());
        let flipped = |octets: &[u8], place: usize| {
            let mut octets = octets.to_vec();
            octets[place] ^= 1;
            octets
        };
        for place in 0..key.len() {
            assert!(!accepted(&fanout, &flipped(&key, place), &context), "key {place}");
        }
        for place in 0..context.len() {
            assert!(
                !accepted(&fanout, &key, &flipped(&context, place)),
                "context {place}"
            );
        }
        for place in 8..fanout.len() - 1 {
            if let Some(commit) = MemberCommit::find(&flipped(&fanout, place)) {
                assert!(!is_of_a_member(&commit, &key, &context), "commit {place}");
            }
        }
    }

    #[test]
    fn the_mac_is_that_of_our_cipher_suite() {
        use openmls_traits::types::HashType;
        assert_eq!(comity_mls::CIPHER_SUITE.hash_algorithm(), HashType::Sha2_256);
    }
}
