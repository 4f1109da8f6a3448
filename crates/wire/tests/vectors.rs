//! Octets worked out by hand from the drafts, to compare with other implementations.

#![allow(clippy::unwrap_used, reason = "what does not hold here fails the test")]

mod common;

use comity_room::{
    MediaType, Participant, ParticipantList, ParticipantUpdate, Requirement, Role, RoleIndex, Roles, UserUri,
};
use comity_wire::{
    ApplicationFraming, ComponentsList, Frank, MediaTypeList, RatchetTreeOption, SafeAad,
    SubmitMessageResponse, UpdateRoomResponse, UpdateVerdict, Wire, components, labelled,
};
use common::samples;

/// The first example of *mimi-content*, 193 octets.
const ORIGINAL: &str = "87505eed9406c2545547ab6f09f20a18b003f640f6f6a20178206d696d693a2f2f6578616d706c652e636f6d2f752f616c6963652d736d6974680278256d696d693a2f2f6578616d706c652e636f6d2f722f656e67696e656572696e675f7465616d85016001781e746578742f6d61726b646f776e3b76617269616e743d47464d2d4d494d49583948692065766572796f6e652c207765206a75737420736869707065642072656c6561736520322e302e205f5f476f6f642020776f726b5f5f21";
/// Its franking tag in framed form.
const TAG: &str = "cac50818a758d500a44109d35073e0ce59d35c81f68eaf911c5b930d014034d0";
const MIMI_CONTENT: &str = "186170706c69636174696f6e2f6d696d692d636f6e74656e7400";

fn octets(hex: &str) -> Vec<u8> {
    hex::decode(hex).unwrap()
}

#[test]
fn framing_writes_the_type_before_the_content() {
    let content = octets(ORIGINAL);
    let framing = ApplicationFraming {
        media_type: Some(MediaType::parse("application/mimi-content").unwrap()),
        content: content.clone(),
    };
    let framed = framing.encode();
    assert_eq!(framed.len(), 221);
    assert_eq!(framed, [octets(MIMI_CONTENT), octets("40c1"), content].concat());
    assert_eq!(ApplicationFraming::decode(&framed).unwrap(), framing);
}

#[test]
fn framing_without_a_type_is_two_zero_octets_and_the_content() {
    let content = octets(ORIGINAL);
    let framed = [octets("000040c1"), content.clone()].concat();
    assert_eq!(framed.len(), 197);
    let framing = ApplicationFraming {
        media_type: None,
        content,
    };
    assert_eq!(framing.encode(), framed);
    assert_eq!(ApplicationFraming::decode(&framed).unwrap(), framing);
}

#[test]
fn framing_without_a_type_but_with_parameters_is_refused() {
    let error = ApplicationFraming::decode(&octets("0004016101620161")).unwrap_err();
    assert_eq!(error.code(), "wire_media_type");
}

#[test]
fn a_franking_tag_in_safe_aad_is_36_octets() {
    let tag: [u8; 32] = octets(TAG).try_into().unwrap();
    let aad = SafeAad::with_franking_tag(tag);
    assert_eq!(aad.encode(), octets(&format!("23002020{TAG}")));
    assert_eq!(SafeAad::decode(&aad.encode()).unwrap().franking_tag(), Some(tag));
}

#[test]
fn an_empty_safe_aad_is_one_zero_octet() {
    assert_eq!(SafeAad::default().encode(), [0]);
    assert_eq!(SafeAad::decode(&[0]).unwrap(), SafeAad::default());
    assert_eq!(SafeAad::decode(&[]).unwrap_err().code(), "wire_truncated");
    assert_eq!(
        SafeAad::decode(&[0, 0]).unwrap_err().code(),
        "wire_trailing_octets"
    );
}

#[test]
fn a_franking_tag_of_another_length_is_none() {
    let aad = SafeAad::decode(&octets("0400200100")).unwrap();
    assert_eq!(aad.items.len(), 1);
    assert_eq!(aad.franking_tag(), None);
}

#[test]
fn the_three_types_every_client_reads_are_86_octets() {
    let expected = octets(&format!(
        "4054{MIMI_CONTENT}0a746578742f706c61696e0e0763686172736574057574662d380d746578742f6d61726b646f776e110776617269616e740847464d2d4d494d49"
    ));
    assert_eq!(expected.len(), 86);
    assert_eq!(MediaTypeList(samples::mimi_types().into()).encode(), expected);
    let requirement = Requirement::decode(&expected).unwrap();
    assert_eq!(requirement, Requirement::new(samples::mimi_types()).unwrap());
    assert_eq!(requirement.encode(), expected);
}

#[test]
fn mimi_content_alone_is_27_octets() {
    let list = MediaTypeList(vec![MediaType::parse("application/mimi-content").unwrap()]);
    assert_eq!(list.encode(), octets(&format!("1a{MIMI_CONTENT}")));
}

#[test]
fn app_components_is_a_list_of_component_ids() {
    let list = ComponentsList(vec![
        components::APP_COMPONENTS,
        components::SAFE_AAD,
        components::CONTENT_MEDIA_TYPES,
    ]);
    assert_eq!(list.encode(), octets("06000100020003"));
}

#[test]
fn component_ids_are_those_of_the_drafts() {
    let ids = [
        components::LAST_RESORT,
        components::FRANK_AAD,
        components::FRANKING_AGENT,
        components::PARTICIPANT_LIST,
        components::ROOM_METADATA,
        components::ROLES_LIST,
        components::USER_URI,
    ];
    assert_eq!(ids, [0x0004, 0x0020, 0x0021, 0x0022, 0x0023, 0x0025, 0x8001]);
}

#[test]
fn a_participant_list_is_users_with_the_index_of_their_role() {
    let user = UserUri::parse("mimi://a.example/u/al").unwrap();
    let list = ParticipantList::new(vec![Participant {
        user,
        role: RoleIndex(3),
    }])
    .unwrap();
    let uri = hex::encode("mimi://a.example/u/al");
    assert_eq!(list.encode(), octets(&format!("1a15{uri}00000003")));
}

#[test]
fn a_participant_update_is_changes_then_removals_then_additions() {
    let user = UserUri::parse("mimi://a.example/u/al").unwrap();
    let update = ParticipantUpdate {
        changed: vec![(1, RoleIndex(2))],
        removed: vec![5],
        added: vec![Participant {
            user,
            role: RoleIndex(3),
        }],
    };
    let uri = hex::encode("mimi://a.example/u/al");
    assert_eq!(
        update.encode(),
        octets(&format!("080000000100000002 0400000005 1a15{uri}00000003").replace(' ', ""))
    );
}

#[test]
fn a_role_has_its_fields_in_the_drafts_order() {
    let role = Role {
        description: "d".into(),
        capabilities: [0x0000.into(), 0x000f.into()].into(),
        min_participants: 1,
        max_participants: Some(9),
        min_active: 2,
        max_active: None,
        role_changes: vec![(RoleIndex(0), vec![RoleIndex(2)])],
        ..Role::new(RoleIndex(3), "admin")
    };
    let expected =
        "00000003 0561646d696e 0164 040000000f 00000001 0100000009 00000002 00 0900000000 0400000002";
    let expected = octets(&expected.replace(' ', ""));
    let roles = Roles::new(vec![role]).unwrap();
    assert_eq!(
        roles.encode(),
        [&[u8::try_from(expected.len()).unwrap()], &expected[..]].concat()
    );
}

#[test]
fn a_room_s_metadata_has_its_fields_in_the_drafts_order() {
    let metadata = comity_room::RoomMetadata {
        room_uri: "r".into(),
        name: "n".into(),
        description: vec![comity_room::RichDescription {
            media_type: String::new(),
            language_tag: "en".into(),
            content: b"d".to_vec(),
        }],
        avatar: "a".into(),
        subject: "s".into(),
        mood: "m".into(),
    };
    assert_eq!(
        metadata.encode(),
        octets(&"0172 016e 06 00 02656e 0164 0161 0173 016d".replace(' ', ""))
    );
}

#[test]
fn an_accepted_update_names_time_and_hash() {
    let verdict = UpdateVerdict::Success {
        accepted_at: comity_room::Timestamp::from_millis(1_644_387_225_019),
        accepted: [0xab; 32],
    };
    let response = UpdateRoomResponse {
        verdict,
        description: "ok".into(),
    };
    assert_eq!(
        response.encode(),
        octets(&format!("00026f6b0000017edd1dcdbb{}", "ab".repeat(32)))
    );
}

#[test]
fn an_accepted_message_names_time_frank_and_hash() {
    let response = SubmitMessageResponse::Accepted {
        accepted_at: comity_room::Timestamp::from_millis(1_644_387_225_019),
        frank: Some(Frank {
            server_frank: [0x11; 32],
            cipher_suite: 1,
            integrity_signature: vec![0x22, 0x33],
        }),
        accepted: [0xab; 32],
    };
    let expected = format!(
        "01000000017edd1dcdbb01{}0001022233{}",
        "11".repeat(32),
        "ab".repeat(32)
    );
    assert_eq!(response.encode(), octets(&expected));
}

#[test]
fn a_tree_kept_by_the_hub_is_one_octet() {
    assert_eq!(RatchetTreeOption::DistributionService.encode(), [4]);
}

#[test]
fn a_label_is_signed_behind_the_protocol_s_name() {
    let expected = [&b"\x15MLS 1.0 FrankingLabel"[..], b"\x02hi"].concat();
    assert_eq!(labelled("FrankingLabel", b"hi"), expected);
}
