//! One value of every struct and variant that has a wire form of its own.

use std::collections::BTreeMap;
use std::fmt::Debug;

use comity_room::{
    Advertisement, ClientUri, MediaType, Participant, ParticipantList, ParticipantUpdate, Requirement,
    RichDescription, Role, RoleCapability, RoleIndex, Roles, RoomMetadata, RoomUri, Timestamp, UserUri,
};
use comity_wire::*;

use super::Made;

/// What a test does with each of the samples.
pub trait Check {
    fn check<T: Wire + PartialEq + Debug>(&mut self, name: &str, value: &T);
}

pub fn user(name: &str) -> UserUri {
    UserUri::parse(&format!("mimi://example.com/u/{name}")).unwrap()
}

pub fn client(name: &str) -> ClientUri {
    ClientUri::parse(&format!("mimi://example.com/d/{name}/0003")).unwrap()
}

pub fn room() -> RoomUri {
    RoomUri::parse("mimi://example.com/r/engineering_team").unwrap()
}

pub fn media_type(text: &str) -> MediaType {
    MediaType::parse(text).unwrap()
}

pub fn mimi_types() -> [MediaType; 3] {
    [
        "application/mimi-content",
        "text/plain;charset=utf-8",
        "text/markdown;variant=GFM-MIMI",
    ]
    .map(media_type)
}

pub fn frank() -> Frank {
    Frank {
        server_frank: [7; 32],
        cipher_suite: 1,
        integrity_signature: vec![9; 64],
    }
}

pub fn signatory(made: &Made) -> Signatory {
    Signatory {
        signature_key: vec![3; 32],
        credential: made.credential.clone(),
    }
}

pub fn key_material_request(made: &Made) -> KeyMaterialRequest {
    KeyMaterialRequest {
        requesting_user: user("alice-smith"),
        target_user: user("bob-jones"),
        room: Some(room()),
        cipher_suites: vec![1, 2, 0xf042],
        required_capabilities: made.required_capabilities.clone(),
        requester: signatory(made),
        signature: vec![5; 64],
    }
}

pub fn group_info_request(made: &Made) -> GroupInfoRequest {
    GroupInfoRequest {
        cipher_suite: 1,
        requester: signatory(made),
        group_info_public_key: vec![4; 32],
        joining_code: Some(b"let me in".to_vec()),
        signature: vec![5; 64],
    }
}

pub fn sealed(made: &Made) -> GroupInfoResponse {
    let status = GroupInfoStatus::Success(SealedGroupInfo {
        cipher_suite: 1,
        hub: signatory(made),
        ciphertext: openmls::prelude::HpkeCiphertext {
            kem_output: vec![1; 32].into(),
            ciphertext: vec![2; 70].into(),
        },
        signature: vec![5; 64],
    });
    GroupInfoResponse { room: room(), status }
}

pub fn roles() -> Roles {
    let banned = Role::new(RoleIndex::BANNED, "banned");
    let admin = Role {
        index: RoleIndex(3),
        name: "admin".into(),
        description: "looks after the room".into(),
        capabilities: [
            RoleCapability::from(0x0000),
            RoleCapability::from(0x000a),
            RoleCapability::from(0xf00f),
        ]
        .into(),
        min_participants: 1,
        max_participants: Some(5),
        min_active: 0,
        max_active: Some(0),
        role_changes: vec![
            (RoleIndex(0), vec![RoleIndex(2), RoleIndex(3)]),
            (RoleIndex(2), vec![]),
        ],
    };
    Roles::new(vec![banned, admin]).unwrap()
}

pub fn participants() -> ParticipantList {
    let entry = |name, role| Participant {
        user: user(name),
        role: RoleIndex(role),
    };
    ParticipantList::new(vec![
        entry("alice-smith", 3),
        entry("bob-jones", 2),
        entry("mallory", 1),
    ])
    .unwrap()
}

pub fn metadata() -> RoomMetadata {
    RoomMetadata {
        room_uri: room().as_str().to_owned(),
        name: "Engineering Team".into(),
        description: vec![
            RichDescription {
                media_type: String::new(),
                language_tag: "en".into(),
                content: b"us".to_vec(),
            },
            RichDescription {
                media_type: "text/markdown;variant=GFM-MIMI".into(),
                language_tag: String::new(),
                content: b"**us**".to_vec(),
            },
        ],
        avatar: "https://example.com/a.png".into(),
        subject: "release 2.0".into(),
        mood: String::new(),
    }
}

/// Shows every sample to `check`.
pub fn each(made: &Made, check: &mut impl Check) {
    each_component(made, check);
    each_group_state(made, check);
    each_update(made, check);
    each_submission(made, check);
    each_fanout(made, check);
    each_room_endpoint(made, check);
    each_key_endpoint(made, check);
}

fn each_component(made: &Made, check: &mut impl Check) {
    let framed = |media_type| ApplicationFraming {
        media_type,
        content: vec![0xff; 200],
    };
    check.check(
        "ApplicationFraming",
        &framed(Some(media_type("text/plain;charset=utf-8;x=\"a b\""))),
    );
    check.check("ApplicationFraming without type", &framed(None));
    check.check("MediaTypeList", &MediaTypeList(mimi_types().into()));
    check.check("Advertisement", &Advertisement::new(mimi_types()).unwrap());
    check.check("Requirement", &Requirement::new(mimi_types()).unwrap());
    check.check("SafeAad", &SafeAad::with_franking_tag([8; 32]));
    check.check(
        "SafeAad of several",
        &SafeAad {
            items: BTreeMap::from([(1, vec![]), (0x8001, vec![1; 70])]),
        },
    );
    check.check("SafeAad of none", &SafeAad::default());
    check.check(
        "ComponentsList",
        &ComponentsList(vec![1, 2, 3, components::USER_URI]),
    );
    check.check("ComponentsList of none", &ComponentsList::default());
    check.check("UserUri", &user("alice-smith"));
    check.check("Signatory", &signatory(made));
    check.check("ParticipantList", &participants());
    check.check("ParticipantList of none", &ParticipantList::default());
    let update = ParticipantUpdate {
        changed: vec![(0, RoleIndex(2))],
        removed: vec![1, 2],
        added: vec![Participant {
            user: user("cathy-washington"),
            role: RoleIndex(2),
        }],
    };
    check.check("ParticipantUpdate", &update);
    check.check("ParticipantUpdate of nothing", &ParticipantUpdate::default());
    check.check("RoomMetadata", &metadata());
    check.check("Roles", &roles());
}

fn each_group_state(made: &Made, check: &mut impl Check) {
    check.check(
        "GroupInfoOption full",
        &GroupInfoOption::Full(made.group_info.clone()),
    );
    for (name, presence) in [
        ("GroupInfoOption none", RatchetTreePresence::None),
        ("GroupInfoOption present", RatchetTreePresence::Present),
        ("GroupInfoOption removed", RatchetTreePresence::Removed),
        ("GroupInfoOption added", RatchetTreePresence::Added),
    ] {
        check.check(name, &GroupInfoOption::Partial(partial(presence)));
    }
    for (name, option) in tree_options(made) {
        check.check(name, &option);
    }
}

fn partial(ratchet_tree: RatchetTreePresence) -> PartialGroupInfo {
    let extensions = vec![Extension {
        extension_type: 4,
        data: vec![1; 33],
    }];
    PartialGroupInfo {
        ratchet_tree,
        extensions,
        signature: vec![2; 64],
    }
}

fn tree_options(made: &Made) -> [(&'static str, RatchetTreeOption); 4] {
    let uri = "https://hub.example/tree/42".to_owned();
    [
        (
            "RatchetTreeOption full",
            RatchetTreeOption::Full(made.tree.clone()),
        ),
        (
            "RatchetTreeOption httpsUri",
            RatchetTreeOption::HttpsUri {
                uri,
                tree_signature: vec![1; 64],
            },
        ),
        (
            "RatchetTreeOption outOfBand",
            RatchetTreeOption::OutOfBand {
                tree_signature: vec![1; 64],
            },
        ),
        (
            "RatchetTreeOption distributionService",
            RatchetTreeOption::DistributionService,
        ),
    ]
}

fn each_update(made: &Made, check: &mut impl Check) {
    let commit = HandshakeBundle::Commit {
        commit: made.commit.clone(),
        welcome: Some(made.welcome.clone()),
        group_info: GroupInfoOption::Full(made.group_info.clone()),
        ratchet_tree: RatchetTreeOption::Full(made.tree.clone()),
    };
    check.check("HandshakeBundle commit", &commit);
    let external = HandshakeBundle::Commit {
        commit: made.external_commit.clone(),
        welcome: None,
        group_info: GroupInfoOption::Partial(partial(RatchetTreePresence::None)),
        ratchet_tree: RatchetTreeOption::DistributionService,
    };
    check.check("HandshakeBundle external commit", &external);
    let proposals = HandshakeBundle::Proposals {
        proposal: made.self_remove.clone(),
        more: vec![made.proposal.clone()],
    };
    check.check("HandshakeBundle proposals", &proposals);
    let single = HandshakeBundle::Proposals {
        proposal: made.proposal.clone(),
        more: vec![],
    };
    check.check("HandshakeBundle proposal", &single);

    let accepted_at = Timestamp::from_millis(1_644_387_225_019);
    for (name, verdict) in [
        (
            "UpdateRoomResponse success",
            UpdateVerdict::Success {
                accepted_at,
                accepted: [1; 32],
            },
        ),
        (
            "UpdateRoomResponse wrongEpoch",
            UpdateVerdict::WrongEpoch {
                current_epoch: u64::MAX,
            },
        ),
        ("UpdateRoomResponse notAllowed", UpdateVerdict::NotAllowed),
        (
            "UpdateRoomResponse invalidProposal",
            UpdateVerdict::InvalidProposal {
                proposals: vec![vec![1; 32], vec![2; 32]],
            },
        ),
    ] {
        check.check(
            name,
            &UpdateRoomResponse {
                verdict,
                description: "wörds".into(),
            },
        );
    }
}

fn each_submission(made: &Made, check: &mut impl Check) {
    let request = SubmitMessageRequest {
        message: made.application.clone(),
        sender: user("alice-smith"),
    };
    check.check("SubmitMessageRequest", &request);
    let accepted = |frank| SubmitMessageResponse::Accepted {
        accepted_at: Timestamp::from_millis(1_644_387_225_019),
        frank,
        accepted: made.application.sha256(),
    };
    check.check("SubmitMessageResponse accepted", &accepted(None));
    check.check("SubmitMessageResponse franked", &accepted(Some(frank())));
    check.check(
        "SubmitMessageResponse notAllowed",
        &SubmitMessageResponse::NotAllowed,
    );
    check.check(
        "SubmitMessageResponse epochTooOld",
        &SubmitMessageResponse::EpochTooOld { current_epoch: 7 },
    );
    check.check("Frank", &frank());
}

fn each_fanout(made: &Made, check: &mut impl Check) {
    for (name, message) in fanouts(made) {
        check.check(name, &message);
    }
}

/// One fan-out of each kind.
pub fn fanouts(made: &Made) -> Vec<(&'static str, FanoutMessage)> {
    let fanout = |message: &MlsOctets, tail| FanoutMessage {
        accepted_at: Timestamp::from_millis(1_644_387_225_019),
        message: message.clone(),
        tail,
    };
    vec![
        (
            "Fanout application",
            fanout(&made.application, FanoutTail::Application { frank: None }),
        ),
        (
            "Fanout franked",
            fanout(
                &made.application,
                FanoutTail::Application { frank: Some(frank()) },
            ),
        ),
        (
            "Fanout welcome",
            fanout(
                &made.welcome_message,
                FanoutTail::Welcome {
                    ratchet_tree: RatchetTreeOption::Full(made.tree.clone()),
                },
            ),
        ),
        (
            "Fanout proposal",
            fanout(
                &made.self_remove,
                FanoutTail::Proposal {
                    more: vec![made.proposal.clone()],
                },
            ),
        ),
        (
            "Fanout commit",
            fanout(&made.commit, FanoutTail::Commit { external: vec![] }),
        ),
        (
            "Fanout external commit",
            fanout(
                &made.external_commit,
                FanoutTail::Commit {
                    external: vec![made.proposal.clone()],
                },
            ),
        ),
    ]
}

fn each_room_endpoint(made: &Made, check: &mut impl Check) {
    let create = CreateRoom {
        room: room(),
        user: user("alice-smith"),
        client: client("3b52249d"),
        group_info: made.group_info.clone(),
        ratchet_tree: RatchetTreeOption::Full(made.tree.clone()),
    };
    check.check("CreateRoom", &create);
    let accepted = CreateRoomResponse::Accepted {
        accepted_at: Timestamp::from_millis(1),
        accepted: made.group_info.sha256(),
    };
    check.check("CreateRoomResponse accepted", &accepted);
    check.check(
        "CreateRoomResponse alreadyExists",
        &CreateRoomResponse::AlreadyExists,
    );
    let refused = CreateRoomResponse::NotAllowed {
        description: "no".into(),
    };
    check.check("CreateRoomResponse notAllowed", &refused);

    check.check("GroupInfoRequest", &group_info_request(made));
    let uncoded = GroupInfoRequest {
        joining_code: None,
        ..group_info_request(made)
    };
    check.check("GroupInfoRequest without code", &uncoded);
    check.check("GroupInfoResponse success", &sealed(made));
    for (name, status) in [
        ("GroupInfoResponse notAuthorized", GroupInfoStatus::NotAuthorized),
        ("GroupInfoResponse noSuchRoom", GroupInfoStatus::NoSuchRoom),
    ] {
        check.check(name, &GroupInfoResponse { room: room(), status });
    }
    let pending = PendingProposal {
        proposal: made.self_remove.clone(),
        accepted_at: Timestamp::from_millis(1_644_387_225_019),
    };
    let opened = GroupInfoRatchetTreeTbe {
        group_info: made.group_info.clone(),
        ratchet_tree: RatchetTreeOption::Full(made.tree.clone()),
        pending: vec![pending.clone(), pending],
    };
    check.check("GroupInfoRatchetTreeTbe", &opened);
}

fn each_key_endpoint(made: &Made, check: &mut impl Check) {
    check.check("KeyMaterialRequest", &key_material_request(made));
    let roomless = KeyMaterialRequest {
        room: None,
        ..key_material_request(made)
    };
    check.check("KeyMaterialRequest without room", &roomless);
    let material = |name, material| ClientKeyMaterial {
        client: client(name),
        material,
    };
    let response = KeyMaterialResponse {
        status: KeyMaterialUserCode::PartialSuccess,
        user: user("bob-jones"),
        clients: vec![
            material("phone", ClientMaterial::Success(made.key_package.clone())),
            material("watch", ClientMaterial::Exhausted),
            material(
                "tablet",
                ClientMaterial::NothingCompatible {
                    capabilities: Some(made.capabilities.clone()),
                },
            ),
            material("fridge", ClientMaterial::NothingCompatible { capabilities: None }),
        ],
    };
    check.check("KeyMaterialResponse", &response);
    for status in [
        KeyMaterialUserCode::Success,
        KeyMaterialUserCode::IncompatibleProtocol,
        KeyMaterialUserCode::NoCompatibleMaterial,
        KeyMaterialUserCode::UserUnknown,
        KeyMaterialUserCode::NoConsent,
        KeyMaterialUserCode::NoConsentForThisRoom,
        KeyMaterialUserCode::UserDeleted,
    ] {
        let failed = KeyMaterialResponse {
            status,
            user: user("bob-jones"),
            clients: vec![],
        };
        check.check(&format!("KeyMaterialResponse {status:?}"), &failed);
    }
    let publish = PublishKeyPackages {
        user: user("bob-jones"),
        client: client("phone"),
        replace: true,
        key_packages: vec![made.key_package.clone(), made.key_package.clone()],
    };
    check.check("PublishKeyPackages", &publish);
    check.check(
        "PublishKeyPackagesResponse accepted",
        &PublishKeyPackagesResponse::Accepted { held: 101 },
    );
    let refused = PublishKeyPackagesResponse::Refused {
        code: "key_package_expires_too_soon".into(),
        description: String::new(),
    };
    check.check("PublishKeyPackagesResponse refused", &refused);
}
