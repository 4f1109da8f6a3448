//! Messages that OpenMLS made, inside our structs: recovered to the octet, and only where they belong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what does not hold here fails the test"
)]

mod common;

use comity_room::Timestamp;
use comity_wire::{
    CreateRoom, FanoutMessage, FanoutTail, GroupInfoOctets, GroupInfoOption, HandshakeBundle,
    KeyPackageOctets, MessageKind, MlsOctets, PublishKeyPackages, RatchetTreeOption, SubmitMessageRequest,
    WelcomeOctets, Wire, labelled,
};
use common::samples::{Check, client, each, group_info_request, key_material_request, room, sealed, user};
use common::{Made, made};
use openmls::prelude::{OpenMlsCrypto, ProtocolVersion, SignatureScheme};
use sha2::{Digest, Sha256};

#[test]
fn a_commit_with_all_that_belongs_to_it_is_recovered_to_the_octet() {
    let made = made();
    let sent = HandshakeBundle::Commit {
        commit: made.commit.clone(),
        welcome: Some(made.welcome.clone()),
        group_info: GroupInfoOption::Full(made.group_info.clone()),
        ratchet_tree: RatchetTreeOption::Full(made.tree.clone()),
    };
    let octets = sent.encode();
    let parts = [
        made.commit.as_slice(),
        &[1],
        made.welcome.as_slice(),
        &[1],
        made.group_info.as_slice(),
        &[1],
        made.tree.as_slice(),
    ];
    assert_eq!(octets, parts.concat());
    let back = HandshakeBundle::decode(&octets).unwrap();
    assert_eq!(back, sent);
    assert_eq!(
        back.message().sha256(),
        <[u8; 32]>::from(Sha256::digest(made.commit.as_slice()))
    );
}

#[test]
fn proposals_are_recovered_to_the_octet_and_in_order() {
    let made = made();
    let sent = HandshakeBundle::Proposals {
        proposal: made.self_remove.clone(),
        more: vec![made.proposal.clone(), made.self_remove.clone()],
    };
    let HandshakeBundle::Proposals { proposal, more } = HandshakeBundle::decode(&sent.encode()).unwrap()
    else {
        panic!("not proposals")
    };
    assert_eq!(proposal, made.self_remove);
    assert_eq!(more, [made.proposal, made.self_remove]);
}

#[test]
fn an_application_message_is_recovered_to_the_octet() {
    let made = made();
    let sent = SubmitMessageRequest {
        message: made.application.clone(),
        sender: user("alice-smith"),
    };
    let back = SubmitMessageRequest::decode(&sent.encode()).unwrap();
    assert_eq!(back.message.as_slice(), made.application.as_slice());
    assert_eq!(back.sender, sent.sender);
}

#[test]
fn a_room_and_its_key_packages_are_recovered_to_the_octet() {
    let made = made();
    let create = CreateRoom {
        room: room(),
        user: user("alice-smith"),
        client: client("phone"),
        group_info: made.group_info.clone(),
        ratchet_tree: RatchetTreeOption::Full(made.tree.clone()),
    };
    let back = CreateRoom::decode(&create.encode()).unwrap();
    assert_eq!(back.group_info.as_slice(), made.group_info.as_slice());
    assert_eq!(back.ratchet_tree, RatchetTreeOption::Full(made.tree.clone()));
    let publish = PublishKeyPackages {
        user: user("bob-jones"),
        client: client("phone"),
        replace: false,
        key_packages: vec![made.key_package.clone(); 3],
    };
    let back = PublishKeyPackages::decode(&publish.encode()).unwrap();
    assert_eq!(back.key_packages, vec![made.key_package; 3]);
}

#[test]
fn a_bare_welcome_becomes_the_message_that_openmls_made() {
    let made = made();
    let message = MlsOctets::from(&made.welcome);
    assert_eq!(message, made.welcome_message);
    assert_eq!(message.kind().unwrap(), MessageKind::Welcome);
}

#[test]
fn the_kind_of_a_message_is_told_by_its_cleartext() {
    let made = made();
    let kinds: Vec<MessageKind> = every_message(&made)
        .iter()
        .map(|(message, _)| message.kind().unwrap())
        .collect();
    let expected: Vec<MessageKind> = every_message(&made).iter().map(|(_, kind)| *kind).collect();
    assert_eq!(kinds, expected);
}

#[test]
fn octets_of_one_struct_are_not_taken_for_another() {
    let made = made();
    assert!(GroupInfoOctets::new(made.group_info_message.into_vec()).is_err());
    assert!(GroupInfoOctets::new(made.welcome.as_slice().to_vec()).is_err());
    assert!(WelcomeOctets::new(made.welcome_message.into_vec()).is_err());
    assert!(KeyPackageOctets::new(made.key_package_message.into_vec()).is_err());
    assert!(<MlsOctets>::new(made.group_info.into_vec()).is_err());
}

#[test]
fn octets_parse_to_what_openmls_made() {
    let made = made();
    let group_info = made.group_info.parse().unwrap();
    assert_eq!(group_info.epoch().as_u64(), 1);
    let message = made
        .application
        .parse()
        .unwrap()
        .try_into_protocol_message()
        .unwrap();
    assert_eq!(message.group_id(), group_info.group_id());
    assert_eq!(message.epoch().as_u64(), 1);
}

#[test]
fn octets_behind_a_message_are_refused() {
    let mut octets = made().commit.into_vec();
    octets.push(0);
    assert_eq!(
        <MlsOctets>::new(octets).unwrap_err().code(),
        "wire_trailing_octets"
    );
}

#[test]
fn an_update_takes_only_commits_and_proposals() {
    let made = made();
    for (message, kind) in every_message(&made) {
        let mut commit = message.as_slice().to_vec();
        commit.extend([0, 2, 0, 0, 0, 4]); // no Welcome, an empty PartialGroupInfo, the tree is the hub's
        let mut proposals = message.as_slice().to_vec();
        proposals.push(0);
        match kind {
            MessageKind::Commit => assert!(HandshakeBundle::decode(&commit).is_ok()),
            MessageKind::Proposal => assert!(HandshakeBundle::decode(&proposals).is_ok()),
            _ => {
                for octets in [commit, proposals] {
                    let error = HandshakeBundle::decode(&octets).unwrap_err();
                    assert_eq!(
                        (error.code(), error.offset()),
                        ("wire_unexpected_message", 0),
                        "{kind:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn only_application_messages_are_submitted() {
    let made = made();
    for (message, kind) in every_message(&made) {
        let octets = SubmitMessageRequest {
            message,
            sender: user("alice-smith"),
        }
        .encode();
        match SubmitMessageRequest::decode(&octets) {
            Ok(_) => assert_eq!(kind, MessageKind::Application),
            Err(error) => {
                assert_ne!(kind, MessageKind::Application);
                assert_eq!(
                    (error.code(), error.offset()),
                    ("wire_unexpected_message", 1),
                    "{kind:?}"
                );
            }
        }
    }
}

#[test]
fn only_proposals_travel_beside_proposals_and_commits() {
    let made = made();
    for (message, kind) in every_message(&made) {
        let beside = [message];
        let bundle = HandshakeBundle::Proposals {
            proposal: made.proposal.clone(),
            more: beside.to_vec(),
        };
        let fanout = FanoutMessage {
            accepted_at: Timestamp::from_millis(1),
            message: made.commit.clone(),
            tail: FanoutTail::Commit {
                external: beside.to_vec(),
            },
        };
        let codes = [
            HandshakeBundle::decode(&bundle.encode())
                .err()
                .map(|error| error.code()),
            FanoutMessage::decode(&fanout.encode())
                .err()
                .map(|error| error.code()),
        ];
        let expected = if kind == MessageKind::Proposal {
            None
        } else {
            Some("wire_unexpected_message")
        };
        assert_eq!(codes, [expected; 2], "{kind:?}");
    }
}

#[test]
fn a_hub_fans_out_application_messages_proposals_commits_and_welcomes_only() {
    let made = made();
    for (message, kind) in every_message(&made) {
        let tails = [vec![0], vec![4]]; // no frank or no proposals; a tree that the hub keeps
        let read = tails.map(|tail| {
            FanoutMessage::decode(&[&1_u64.to_be_bytes()[..], message.as_slice(), &tail].concat())
        });
        let fans_out = matches!(
            kind,
            MessageKind::Application | MessageKind::Proposal | MessageKind::Commit | MessageKind::Welcome
        );
        assert_eq!(read.iter().any(Result::is_ok), fans_out, "{kind:?}");
        if !fans_out {
            assert!(
                read.iter()
                    .all(|one| matches!(one, Err(error) if error.code() == "wire_unexpected_message"))
            );
        }
    }
}

#[test]
fn what_is_signed_is_everything_but_the_signature() {
    let made = made();
    let signature = [&[0x40, 0x40][..], &[5; 64]].concat();
    let request = key_material_request(&made);
    assert_eq!(
        request.encode(),
        [request.to_be_signed(), signature.clone()].concat()
    );
    let request = group_info_request(&made);
    assert_eq!(
        request.encode(),
        [request.to_be_signed(), signature.clone()].concat()
    );
    let response = sealed(&made);
    assert_eq!(response.encode(), [response.to_be_signed(), signature].concat());
}

#[test]
fn a_request_for_key_material_has_its_fields_in_the_drafts_order() {
    let made = made();
    let uri = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let parts = [
        vec![1],
        uri("mimi://example.com/u/alice-smith"),
        uri("mimi://example.com/u/bob-jones"),
        uri("mimi://example.com/r/engineering_team"),
        vec![6, 0, 1, 0, 2, 0xf0, 0x42],
        vec![2, 0, 6, 4, 0, 8, 0, 10, 2, 0, 1],
        [&[32][..], &[3; 32]].concat(),
        [&[0, 1][..], &uri("alice")].concat(),
    ];
    assert_eq!(key_material_request(&made).to_be_signed(), parts.concat());
}

#[test]
fn the_other_endpoints_have_their_fields_in_the_drafts_order() {
    struct Layout(Vec<(&'static str, Vec<Vec<u8>>)>, usize);
    impl Check for Layout {
        fn check<T: Wire + PartialEq + std::fmt::Debug>(&mut self, name: &str, value: &T) {
            if let Some((_, parts)) = self.0.iter().find(|(known, _)| *known == name) {
                assert_eq!(value.encode(), parts.concat(), "{name}");
                self.1 += 1;
            }
        }
    }
    let made = made();
    let mut layout = Layout(layouts(&made), 0);
    each(&made, &mut layout);
    assert_eq!(layout.1, layout.0.len());
}

fn layouts(made: &Made) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let uri = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let (alice, bob) = (
        uri("mimi://example.com/u/alice-smith"),
        uri("mimi://example.com/u/bob-jones"),
    );
    let (room, phone) = (
        uri("mimi://example.com/r/engineering_team"),
        uri("mimi://example.com/d/phone/0003"),
    );
    let list = |entries: &[&[u8]]| {
        let octets = entries.concat();
        [
            (u16::try_from(octets.len()).unwrap() | 0x4000)
                .to_be_bytes()
                .to_vec(),
            octets,
        ]
        .concat()
    };
    let filled = |value: u8, len: u8| [vec![len], vec![value; len.into()]].concat();
    let signature = [&[0x40, 0x40][..], &[5; 64]].concat();
    let signatory = [filled(3, 32), vec![0, 1], uri("alice")].concat();
    let (group_info, tree) = (
        made.group_info.as_slice().to_vec(),
        [&[1], made.tree.as_slice()].concat(),
    );
    let time = 1_644_387_225_019_u64.to_be_bytes().to_vec();
    let proposals = list(&[made.proposal.as_slice()]);
    let pending = [made.self_remove.as_slice(), &time].concat();
    let key_package = made.key_package.as_slice();
    let clients = list(&[
        &[&[0], &phone[..], key_package].concat(),
        &[&[1], &uri("mimi://example.com/d/watch/0003")[..]].concat(),
        &[
            &[2],
            &uri("mimi://example.com/d/tablet/0003")[..],
            &[1],
            made.capabilities.as_slice(),
        ]
        .concat(),
        &[&[2], &uri("mimi://example.com/d/fridge/0003")[..], &[0]].concat(),
    ]);
    let frank = [vec![1], vec![7; 32], vec![0, 1, 0x40, 0x40], vec![9; 64]].concat();
    let suite = vec![0, 1];
    vec![
        (
            "SubmitMessageRequest",
            vec![vec![1], made.application.as_slice().to_vec(), alice.clone()],
        ),
        (
            "Fanout franked",
            vec![time.clone(), made.application.as_slice().to_vec(), frank],
        ),
        (
            "Fanout welcome",
            vec![
                time.clone(),
                made.welcome_message.as_slice().to_vec(),
                tree.clone(),
            ],
        ),
        (
            "Fanout proposal",
            vec![
                time.clone(),
                made.self_remove.as_slice().to_vec(),
                proposals.clone(),
            ],
        ),
        (
            "Fanout external commit",
            vec![time, made.external_commit.as_slice().to_vec(), proposals],
        ),
        (
            "CreateRoom",
            vec![
                vec![1],
                room.clone(),
                alice,
                uri("mimi://example.com/d/3b52249d/0003"),
                group_info.clone(),
                tree.clone(),
            ],
        ),
        (
            "GroupInfoRequest",
            vec![
                vec![1],
                suite.clone(),
                signatory.clone(),
                filled(4, 32),
                vec![1],
                uri("let me in"),
                signature.clone(),
            ],
        ),
        (
            "GroupInfoResponse success",
            vec![
                vec![1],
                room.clone(),
                vec![1],
                suite,
                signatory,
                filled(1, 32),
                [&[0x40, 70][..], &[2; 70]].concat(),
                signature,
            ],
        ),
        ("GroupInfoResponse noSuchRoom", vec![vec![1], room, vec![3]]),
        (
            "GroupInfoRatchetTreeTbe",
            vec![group_info, tree, list(&[&pending, &pending])],
        ),
        ("KeyMaterialResponse", vec![vec![1, 1], bob.clone(), clients]),
        (
            "PublishKeyPackages",
            vec![vec![1], bob, phone, vec![1], list(&[key_package, key_package])],
        ),
    ]
}

#[test]
fn a_label_is_signed_as_openmls_signs_it() {
    let made = made();
    let octets = made.key_package.as_slice();
    let (signed, signature) = octets.split_at(octets.len() - 64);
    let signed = signed.strip_suffix(&[0x40, 0x40]).unwrap(); // the signature's length
    let key_package = made
        .key_package
        .parse()
        .unwrap()
        .validate(&crypto(), ProtocolVersion::Mls10)
        .unwrap();
    let key = key_package.leaf_node().signature_key().as_slice();
    let verify =
        |content: &[u8]| crypto().verify_signature(SignatureScheme::ED25519, content, key, signature);
    assert!(verify(&labelled("KeyPackageTBS", signed)).is_ok());
    assert!(verify(&labelled("KeyPackage", signed)).is_err());
}

fn crypto() -> openmls_rust_crypto::RustCrypto {
    openmls_rust_crypto::RustCrypto::default()
}

#[test]
fn debug_shows_no_octets_of_messages_or_content() {
    let made = made();
    let shown = format!("{:?} {:?}", made.application, made.key_package);
    assert_eq!(
        shown,
        format!(
            "MlsOctets({} octets) MlsOctets({} octets)",
            made.application.as_slice().len(),
            made.key_package.as_slice().len()
        )
    );
    let framing = comity_wire::ApplicationFraming {
        media_type: None,
        content: b"between us".to_vec(),
    };
    assert!(!format!("{framing:?}").contains("98"), "{framing:?}");
    let request = group_info_request(&made);
    assert!(!format!("{request:?}").contains("108, 101, 116"), "{request:?}");
}

fn every_message(made: &Made) -> Vec<(MlsOctets, MessageKind)> {
    vec![
        (made.commit.clone(), MessageKind::Commit),
        (made.external_commit.clone(), MessageKind::Commit),
        (made.proposal.clone(), MessageKind::Proposal),
        (made.self_remove.clone(), MessageKind::Proposal),
        (made.private_proposal.clone(), MessageKind::Misplaced),
        (made.application.clone(), MessageKind::Application),
        (made.welcome_message.clone(), MessageKind::Welcome),
        (made.group_info_message.clone(), MessageKind::GroupInfo),
        (made.key_package_message.clone(), MessageKind::KeyPackage),
    ]
}

#[test]
fn a_frame_is_decoded_with_the_message_that_openmls_would_parse_from_its_octets() {
    let made = made();
    for (what, fanout) in common::samples::fanouts(&made) {
        let octets = fanout.encode();
        let (decoded, message) = FanoutMessage::decode_with_message(&octets).unwrap();
        assert_eq!(decoded, fanout, "{what}");
        let parsed = fanout.message.parse().unwrap().try_into_protocol_message().ok();
        assert_eq!(
            message.is_some(),
            !matches!(fanout.tail, FanoutTail::Welcome { .. }),
            "{what}"
        );
        assert_eq!(format!("{message:?}"), format!("{parsed:?}"), "{what}");
        for len in 0..octets.len() {
            let cut = octets.get(..len).unwrap();
            let refused = FanoutMessage::decode_with_message(cut).unwrap_err().code();
            assert_eq!(
                refused,
                FanoutMessage::decode(cut).unwrap_err().code(),
                "{what}, {len}"
            );
        }
    }
}
