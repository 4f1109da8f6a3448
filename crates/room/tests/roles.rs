//! Role tables: what makes one, and what the standard one allows with messages.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows tests by #[test], but not what helps them"
)]

use std::collections::BTreeSet;

use comity_room::policy::{Action, may};
use comity_room::{
    MetadataError, Participant, ParticipantList, RichDescription, Role, RoleCapability, RoleIndex, Roles,
    RolesError, RoomMetadata, UserUri, media_types,
};

fn user(name: &str) -> UserUri {
    UserUri::parse(&format!("mimi://a.example/u/{name}")).unwrap()
}

#[test]
fn a_role_table_is_refused_if_it_is_ambiguous_or_opens_a_listed_role() {
    let role = |index| Role::new(RoleIndex(index), "x");
    let opening = |index| Role {
        capabilities: [RoleCapability::OpenJoin].into(),
        ..role(index)
    };
    assert!(Roles::new(vec![role(7), role(2), opening(0)]).is_ok());
    assert_eq!(
        Roles::new(vec![role(2), role(7), role(2)]),
        Err(RolesError::DuplicateIndex)
    );
    assert_eq!(Roles::new(vec![role(0), opening(2)]), Err(RolesError::OpenJoin));
    assert!(Roles::new((0..1024).map(role).collect()).is_ok());
    assert_eq!(
        Roles::new((0..1025).map(role).collect()),
        Err(RolesError::TooMany)
    );
}

#[test]
fn users_can_be_banned_only_where_role_1_is_named_so() {
    let named = |index, name| Roles::new(vec![Role::new(RoleIndex(index), name)]).unwrap();
    assert!(named(1, "banned").have_banned());
    assert!(!named(1, "Banned").have_banned());
    assert!(!named(2, "banned").have_banned());
    assert!(named(1, "banned").is_banned(RoleIndex::BANNED));
    assert!(!named(1, "banned").is_banned(RoleIndex(2)));
}

#[test]
fn the_standard_table_is_sound_and_comes_back_from_storage() {
    let standard = Roles::standard();
    assert_eq!(
        Roles::new(standard.iter().cloned().collect()),
        Ok(standard.clone())
    );
    assert_eq!(
        standard.iter().map(|role| role.index.0).collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    assert!(standard.have_banned());
    let json = serde_json::to_string(&standard).unwrap();
    assert_eq!(serde_json::from_str::<Roles>(&json).unwrap(), standard);
    let twice = format!("{},{}]", json.trim_end_matches(']'), json.trim_start_matches('['));
    assert!(serde_json::from_str::<Roles>(&twice).is_err());
}

#[test]
fn unknown_capabilities_survive_storage() {
    let role = Role {
        capabilities: [RoleCapability::Unknown(0xf123), RoleCapability::Ban].into(),
        ..Role::new(RoleIndex(4), "x")
    };
    let json = serde_json::to_string(&role).unwrap();
    assert!(json.contains("[10,61731]"), "{json}");
    assert_eq!(serde_json::from_str::<Role>(&json).unwrap(), role);
}

#[test]
fn an_admin_may_whatever_a_member_may() {
    let standard = Roles::standard();
    let capabilities = |index| &standard.find(index).unwrap().capabilities;
    assert!(capabilities(Roles::ADMIN).is_superset(capabilities(Roles::MEMBER)));
    assert!(standard.find(RoleIndex::NONE).unwrap().capabilities.is_empty());
    assert!(standard.find(RoleIndex::BANNED).unwrap().capabilities.is_empty());
}

#[test]
fn members_mind_their_own_messages_and_admins_everybodys() {
    let list = ParticipantList::new(vec![
        Participant {
            user: user("alice"),
            role: Roles::ADMIN,
        },
        Participant {
            user: user("bob"),
            role: Roles::MEMBER,
        },
        Participant {
            user: user("mallory"),
            role: RoleIndex::BANNED,
        },
        Participant {
            user: user("lost"),
            role: RoleIndex(9),
        },
    ])
    .unwrap();
    let may = |name, action| may(&Roles::standard(), &list, &user(name), action);
    let only_admins = [
        Action::DeleteOther,
        Action::DeleteOtherReaction,
        Action::EditOtherTopic,
    ];
    for action in ALL_ACTIONS {
        assert!(may("alice", action), "alice {action:?}");
        assert_eq!(
            may("bob", action),
            !only_admins.contains(&action),
            "bob {action:?}"
        );
        for stranger in ["mallory", "lost", "eve"] {
            assert!(!may(stranger, action), "{stranger} {action:?}");
        }
    }
}

#[test]
fn every_action_has_a_capability_of_its_own() {
    let capabilities: BTreeSet<_> = ALL_ACTIONS.iter().map(|action| action.capability()).collect();
    assert_eq!(capabilities.len(), ALL_ACTIONS.len());
    for action in ALL_ACTIONS {
        let role = Role {
            capabilities: [action.capability()].into(),
            ..Role::new(RoleIndex(2), "x")
        };
        let roles = Roles::new(vec![role]).unwrap();
        let list = ParticipantList::new(vec![Participant {
            user: user("bob"),
            role: RoleIndex(2),
        }])
        .unwrap();
        for other in ALL_ACTIONS {
            assert_eq!(
                may(&roles, &list, &user("bob"), other),
                other == action,
                "{action:?} {other:?}"
            );
        }
    }
}

#[test]
fn metadata_is_sound_without_nul_and_with_an_https_avatar() {
    let described = |media_type: &str, language_tag: &str, content: &[u8]| RoomMetadata {
        description: vec![RichDescription {
            media_type: media_type.to_owned(),
            language_tag: language_tag.to_owned(),
            content: content.to_vec(),
        }],
        ..RoomMetadata::default()
    };
    let table = [
        (RoomMetadata::default(), Ok(())),
        (
            RoomMetadata {
                name: "Club\0".to_owned(),
                ..Default::default()
            },
            Err(MetadataError::Nul),
        ),
        (
            RoomMetadata {
                subject: "\0".to_owned(),
                ..Default::default()
            },
            Err(MetadataError::Nul),
        ),
        (
            RoomMetadata {
                mood: "\0".to_owned(),
                ..Default::default()
            },
            Err(MetadataError::Nul),
        ),
        (
            RoomMetadata {
                room_uri: "\0".to_owned(),
                ..Default::default()
            },
            Err(MetadataError::Nul),
        ),
        (
            RoomMetadata {
                avatar: "https://a/\0".to_owned(),
                ..Default::default()
            },
            Err(MetadataError::Nul),
        ),
        (
            RoomMetadata {
                avatar: "https://a/1".to_owned(),
                ..Default::default()
            },
            Ok(()),
        ),
        (
            RoomMetadata {
                avatar: "http://a/1".to_owned(),
                ..Default::default()
            },
            Err(MetadataError::Avatar),
        ),
        (described("image/png", "", b"\0\0"), Ok(())),
        (described("text/plain\0", "", b""), Err(MetadataError::Nul)),
        (described("", "e\0", b""), Err(MetadataError::Nul)),
    ];
    for (metadata, verdict) in table {
        assert_eq!(metadata.check(), verdict, "{metadata:?}");
    }
    let media_type = |text| described(text, "", b"").description[0].parsed_media_type();
    assert_eq!(media_type(""), Ok(media_types::text_plain()));
    assert_eq!(
        media_type("text/markdown;variant=GFM-MIMI"),
        Ok(media_types::markdown())
    );
    assert!(media_type("text").is_err());
}

const ALL_ACTIONS: [Action; 28] = [
    Action::Send,
    Action::Receive,
    Action::Copy,
    Action::ReportAbuse,
    Action::Reply,
    Action::React,
    Action::EditReaction,
    Action::DeleteOwnReaction,
    Action::DeleteOtherReaction,
    Action::EditOwn,
    Action::DeleteOwn,
    Action::DeleteOther,
    Action::StartTopic,
    Action::ReplyInTopic,
    Action::EditOwnTopic,
    Action::EditOtherTopic,
    Action::UploadImage,
    Action::UploadAudio,
    Action::UploadVideo,
    Action::UploadAttachment,
    Action::DownloadImage,
    Action::DownloadAudio,
    Action::DownloadVideo,
    Action::DownloadAttachment,
    Action::SendLink,
    Action::SendLinkPreview,
    Action::FollowLink,
    Action::CopyLink,
];
