//! What is refused, and how it is named.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what does not hold here fails the test"
)]

mod common;

use comity_room::{
    Advertisement, MediaType, ParticipantList, ParticipantUpdate, Requirement, Roles, RoomMetadata, UserUri,
};
use comity_wire::{
    ApplicationFraming, ComponentsList, CreateRoomResponse, GroupInfoOption, GroupInfoResponse,
    KeyMaterialRequest, KeyMaterialResponse, MAX_BODY_LEN, MAX_ENTRIES, MAX_TEXT_LEN, MediaTypeList,
    PublishKeyPackagesResponse, RatchetTreeOption, SafeAad, SubmitMessageResponse, UpdateRoomResponse,
    UpdateVerdict, Wire, WireError,
};

fn refused<T: Wire>(octets: &[u8]) -> (&'static str, usize) {
    match T::decode(octets) {
        Ok(_) => panic!("accepted: {octets:02x?}"),
        Err(error) => (error.code(), error.offset()),
    }
}

/// `opaque<V>` of up to 63 octets.
fn short(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

/// A vector around octets, of any length.
fn vector(octets: &[u8]) -> Vec<u8> {
    let len = u32::try_from(octets.len()).unwrap();
    let header = match octets.len() {
        0..=0x3f => len.to_be_bytes()[3..].to_vec(),
        0x40..=0x3fff => (len | 0x4000).to_be_bytes()[2..].to_vec(),
        _ => (len | 0x8000_0000).to_be_bytes().to_vec(),
    };
    [header, octets.to_vec()].concat()
}

#[test]
fn a_list_has_at_most_a_hundred_thousand_entries() {
    let full = ComponentsList(vec![7; MAX_ENTRIES]);
    assert_eq!(ComponentsList::decode(&full.encode()).unwrap(), full);
    let more = ComponentsList(vec![7; MAX_ENTRIES + 1]);
    assert_eq!(
        refused::<ComponentsList>(&more.encode()),
        ("wire_too_many_entries", 4 + 2 * MAX_ENTRIES)
    );
}

#[test]
fn a_body_has_at_most_64_mebibytes() {
    assert_eq!(
        refused::<UpdateRoomResponse>(&vec![0; MAX_BODY_LEN + 1]),
        ("wire_too_long", 0)
    );
}

#[test]
fn a_declared_length_is_no_reason_to_allocate() {
    assert_eq!(
        refused::<ComponentsList>(&[0xbf, 0xff, 0xff, 0xff, 0]),
        ("wire_too_long", 0)
    );
    assert_eq!(
        refused::<ComponentsList>(&[0x84, 0, 0, 0, 0]),
        ("wire_truncated", 4)
    );
    assert_eq!(
        refused::<RatchetTreeOption>(&[1, 0xbf, 0xff, 0xff, 0xff, 0]),
        ("wire_truncated", 1)
    );
}

#[test]
fn a_list_ends_where_its_length_says() {
    assert_eq!(refused::<ComponentsList>(&[3, 0, 1, 0]), ("wire_truncated", 3));
    assert_eq!(
        refused::<ComponentsList>(&[2, 0, 1, 0]),
        ("wire_trailing_octets", 3)
    );
}

#[test]
fn text_is_utf8_without_nul_and_not_too_long() {
    let response = |description: &[u8]| [vec![2], vector(description)].concat();
    assert!(UpdateRoomResponse::decode(&response("no\n".as_bytes())).is_ok());
    assert_eq!(
        refused::<UpdateRoomResponse>(&response(&[0xff])),
        ("wire_not_text", 1)
    );
    assert_eq!(
        refused::<UpdateRoomResponse>(&response(b"a\0b")),
        ("wire_not_text", 1)
    );
    let with = |len| UpdateRoomResponse {
        verdict: UpdateVerdict::NotAllowed,
        description: "x".repeat(len),
    };
    assert!(UpdateRoomResponse::decode(&with(MAX_TEXT_LEN).encode()).is_ok());
    assert_eq!(
        refused::<UpdateRoomResponse>(&with(MAX_TEXT_LEN + 1).encode()),
        ("wire_too_long", 1)
    );
    assert_eq!(
        refused::<RoomMetadata>(&[1, 0, 0, 0, 0, 0, 0]),
        ("wire_not_text", 0)
    );
}

#[test]
fn a_uri_is_of_its_kind_and_in_normal_form() {
    for uri in [
        "mimi://A.example/u/al",
        "mimi://a.example/r/al",
        "mimi://a.example/u/al/",
        "im:al",
        "",
    ] {
        assert_eq!(refused::<UserUri>(&short(uri)), ("wire_uri", 0), "{uri}");
        let list = vector(&[short(uri), vec![0, 0, 0, 2]].concat());
        assert_eq!(refused::<ParticipantList>(&list), ("wire_uri", 1), "{uri}");
    }
    assert_eq!(refused::<UserUri>(&[1, 0xff]), ("wire_not_text", 0));
}

#[test]
fn safe_aad_names_each_component_once_and_in_order() {
    assert!(SafeAad::decode(&[6, 0, 1, 0, 0, 2, 0]).is_ok());
    assert_eq!(
        refused::<SafeAad>(&[6, 0, 2, 0, 0, 1, 0]),
        ("wire_components_unsorted", 4)
    );
    assert_eq!(
        refused::<SafeAad>(&[6, 0, 1, 0, 0, 1, 0]),
        ("wire_components_unsorted", 4)
    );
}

#[test]
fn values_without_a_meaning_are_refused_where_they_stand() {
    let unknown = |offset| ("wire_unknown_value", offset);
    assert_eq!(refused::<UpdateRoomResponse>(&[4, 0]), unknown(0));
    assert_eq!(refused::<SubmitMessageResponse>(&[1, 3]), unknown(1));
    assert_eq!(refused::<CreateRoomResponse>(&[1, 3]), unknown(1));
    assert_eq!(refused::<PublishKeyPackagesResponse>(&[1, 2]), unknown(1));
    assert_eq!(refused::<GroupInfoOption>(&[0]), unknown(0));
    assert_eq!(refused::<GroupInfoOption>(&[3]), unknown(0));
    assert_eq!(refused::<GroupInfoOption>(&[2, 4, 0, 0]), unknown(1));
    assert_eq!(refused::<RatchetTreeOption>(&[0]), unknown(0));
    assert_eq!(refused::<RatchetTreeOption>(&[5]), unknown(0));
    assert_eq!(refused::<KeyMaterialResponse>(&[1, 8]), unknown(1));
    let room = short("mimi://a.example/r/x");
    let info = |status: u8| [&[1], &room[..], &[status]].concat();
    assert_eq!(refused::<GroupInfoResponse>(&info(0)), unknown(22));
    assert_eq!(refused::<GroupInfoResponse>(&info(4)), unknown(22));
    let user = short("mimi://a.example/u/x");
    let entry = vector(&[vec![3], short("mimi://a.example/d/x")].concat());
    assert_eq!(
        refused::<KeyMaterialResponse>(&[&[1, 1], &user[..], &entry].concat()),
        unknown(24)
    );
}

#[test]
fn presence_is_zero_or_one() {
    let mut accepted = vec![1, 0];
    accepted.extend(1_u64.to_be_bytes());
    accepted.push(2);
    accepted.extend([0; 40]);
    assert_eq!(
        refused::<SubmitMessageResponse>(&accepted),
        ("wire_unknown_value", 10)
    );
}

#[test]
fn no_protocol_but_mls_10_is_read() {
    for protocol in [0, 2, 0xff] {
        let octets = [protocol, 1];
        assert_eq!(
            refused::<SubmitMessageResponse>(&octets),
            ("wire_unknown_value", 0)
        );
        assert_eq!(refused::<CreateRoomResponse>(&octets), ("wire_unknown_value", 0));
        assert_eq!(refused::<KeyMaterialRequest>(&octets), ("wire_unknown_value", 0));
        assert_eq!(refused::<GroupInfoResponse>(&octets), ("wire_unknown_value", 0));
    }
}

#[test]
fn lists_that_must_have_an_entry_are_refused_without() {
    assert_eq!(refused::<MediaTypeList>(&[0]), ("wire_empty_list", 1));
    assert_eq!(refused::<Advertisement>(&[0]), ("wire_empty_list", 1));
    assert_eq!(refused::<Requirement>(&[0]), ("wire_empty_list", 1));
    let request = KeyMaterialRequest {
        cipher_suites: vec![],
        ..common::samples::key_material_request(&common::made())
    };
    assert_eq!(
        refused::<KeyMaterialRequest>(&request.encode()).0,
        "wire_empty_list"
    );
}

#[test]
fn an_odd_entry_is_passed_over_in_an_advertisement_and_refused_in_a_requirement() {
    let plain = [short("text/plain"), vec![0]].concat();
    let odd_ones: [Vec<u8>; 6] = [
        vec![0, 0],
        [short("no type"), vec![0]].concat(),
        [short("*/*"), vec![0]].concat(),
        [vec![2, 0xff, 0xfe], vec![0]].concat(),
        [short("text/plain"), vector(&[short("a"), vec![1, 0xff]].concat())].concat(),
        [
            short("text/plain"),
            vector(&[short("a"), short("b")].concat().repeat(70_000)),
        ]
        .concat(),
    ];
    for odd in odd_ones {
        let list = vector(&[odd.clone(), plain.clone()].concat());
        let read = Advertisement::decode(&list).unwrap();
        assert_eq!(
            read.iter().map(MediaType::to_string).collect::<Vec<_>>(),
            ["text/plain"]
        );
        assert_eq!(refused::<Requirement>(&list).0, "wire_media_type");
        assert_eq!(refused::<Advertisement>(&vector(&odd)).0, "wire_media_type_list");
    }
}

#[test]
fn media_types_are_read_whatever_their_case() {
    let list = vector(
        &[
            short("Text/Plain"),
            vector(&[short("Charset"), short("UTF-8")].concat()),
        ]
        .concat(),
    );
    let requirement = Requirement::decode(&list).unwrap();
    assert_eq!(
        *requirement.first(),
        MediaType::parse("text/plain;charset=utf-8").unwrap()
    );
}

#[test]
fn a_parameter_value_may_need_quotes_in_text_and_has_none_here() {
    let framing = ApplicationFraming {
        media_type: Some(MediaType::parse("text/plain;title=\"a \\\"b\\\"; c\"").unwrap()),
        content: vec![],
    };
    let octets = framing.encode();
    assert!(octets.windows(8).any(|window| window == b"a \"b\"; c"));
    assert_eq!(ApplicationFraming::decode(&octets).unwrap(), framing);
}

#[test]
fn lists_that_break_the_room_s_rules_are_refused() {
    let entry = |role: u8| [short("mimi://a.example/u/al"), vec![0, 0, 0, role]].concat();
    let twice = vector(&[entry(2), entry(3)].concat());
    assert_eq!(refused::<ParticipantList>(&twice), ("wire_participants", 0));
    assert_eq!(
        refused::<ParticipantList>(&vector(&entry(0))),
        ("wire_participants", 0)
    );
    let role = [&[0, 0, 0, 2, 0, 0, 0][..], &[0; 4], &[0], &[0; 4], &[0, 0]].concat();
    assert!(Roles::decode(&vector(&role)).is_ok());
    assert_eq!(refused::<Roles>(&vector(&role.repeat(2))), ("wire_roles", 0));
}

#[test]
fn an_update_of_participants_is_judged_only_when_applied() {
    let octets = [vector(&[0, 0, 0, 9, 0, 0, 0, 2]), vector(&[0, 0, 0, 9]), vec![0]].concat();
    let update = ParticipantUpdate::decode(&octets).unwrap();
    assert_eq!(update.removed, [9]);
    assert!(ParticipantList::default().apply(&[update]).is_err());
}

#[test]
fn an_error_says_what_and_where() {
    let error: WireError = UserUri::decode(&short("im:al")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "URI at offset 0: the URI does not begin with mimi://"
    );
    assert!(std::error::Error::source(&error).is_some());
}
