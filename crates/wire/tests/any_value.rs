//! Random values come back as they went; random octets are refused or read, never more.

#![allow(clippy::unwrap_used, reason = "what does not hold here fails the test")]

use std::fmt::Debug;

use comity_room::{
    Advertisement, MediaType, Participant, ParticipantList, ParticipantUpdate, Requirement, RichDescription,
    Role, RoleCapability, RoleIndex, Roles, RoomMetadata, Timestamp, UserUri,
};
use comity_wire::*;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

fn comes_back<T: Wire + PartialEq + Debug>(value: &T) -> Result<(), TestCaseError> {
    let octets = value.encode();
    let back = T::decode(&octets).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(&back, value);
    prop_assert_eq!(back.encode(), octets);
    Ok(())
}

/// Whatever is accepted has exactly one encoding.
fn is_refused_or_unique<T: Wire>(octets: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(value) = T::decode(octets) {
        prop_assert_eq!(value.encode(), octets);
    }
    Ok(())
}

fn text() -> impl Strategy<Value = String> {
    "[^\\x00]{0,40}"
}

fn media_type() -> impl Strategy<Value = MediaType> {
    let parameters = btree_map("[a-z]{1,8}", "[ -~é]{0,70}", 0..4);
    ("(text|image|application)/[a-z0-9.+-]{1,20}", parameters).prop_filter_map(
        "a media type",
        |(essence, parameters)| {
            let parameters = parameters
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            MediaType::from_parts(&essence, parameters).ok()
        },
    )
}

fn participants() -> impl Strategy<Value = Vec<Participant>> {
    btree_map("[a-z0-9]{1,12}", 1_u32.., 0..30).prop_map(|users| {
        let participant = |(name, role)| Participant {
            user: UserUri::parse(&format!("mimi://a.example/u/{name}")).unwrap(),
            role: RoleIndex(role),
        };
        users.into_iter().map(participant).collect()
    })
}

fn role() -> impl Strategy<Value = Role> {
    let capabilities = btree_set(any::<u16>().prop_map(RoleCapability::from), 0..20)
        .prop_filter("canOpenJoin is for role 0 only", |capabilities| {
            !capabilities.contains(&RoleCapability::OpenJoin)
        });
    let changes = vec(
        (
            any::<u32>().prop_map(RoleIndex),
            vec(any::<u32>().prop_map(RoleIndex), 0..4),
        ),
        0..4,
    );
    let numbers = any::<(u32, Option<u32>, u32, Option<u32>)>();
    (text(), text(), capabilities, numbers, changes).prop_map(
        |(name, description, capabilities, numbers, role_changes)| Role {
            index: RoleIndex(0),
            name,
            description,
            capabilities,
            min_participants: numbers.0,
            max_participants: numbers.1,
            min_active: numbers.2,
            max_active: numbers.3,
            role_changes,
        },
    )
}

fn roles() -> impl Strategy<Value = Roles> {
    btree_map(any::<u32>().prop_map(RoleIndex), role(), 0..6).prop_map(|roles| {
        let role = |(index, role)| Role { index, ..role };
        Roles::new(roles.into_iter().map(role).collect()).unwrap()
    })
}

proptest! {
    #[test]
    fn framing_comes_back(media_type in proptest::option::of(media_type()), content in vec(any::<u8>(), 0..20_000)) {
        comes_back(&ApplicationFraming { media_type, content })?;
    }

    #[test]
    fn lists_of_media_types_come_back(types in vec(media_type(), 1..20)) {
        comes_back(&Advertisement::new(types.clone()).unwrap())?;
        comes_back(&Requirement::new(types.clone()).unwrap())?;
        comes_back(&MediaTypeList(types))?;
    }

    #[test]
    fn safe_aad_comes_back(items in btree_map(any::<u16>(), vec(any::<u8>(), 0..100), 0..20)) {
        comes_back(&SafeAad { items })?;
    }

    #[test]
    fn component_lists_come_back(ids in vec(any::<u16>(), 0..200)) {
        comes_back(&ComponentsList(ids))?;
    }

    #[test]
    fn participants_come_back(list in participants(), changed in vec(any::<(u32, u32)>(), 0..20), removed in vec(any::<u32>(), 0..20)) {
        let changed = changed.into_iter().map(|(index, role)| (index, RoleIndex(role))).collect();
        comes_back(&ParticipantUpdate { changed, removed, added: list.clone() })?;
        comes_back(&ParticipantList::new(list).unwrap())?;
    }

    #[test]
    fn role_lists_come_back(roles in roles()) {
        comes_back(&roles)?;
    }

    #[test]
    fn metadata_comes_back(texts in [text(), text(), text(), text(), text()], descriptions in vec((text(), text(), vec(any::<u8>(), 0..100)), 0..5)) {
        let [room_uri, name, avatar, subject, mood] = texts;
        let description = descriptions
            .into_iter()
            .map(|(media_type, language_tag, content)| RichDescription { media_type, language_tag, content })
            .collect();
        comes_back(&RoomMetadata { room_uri, name, description, avatar, subject, mood })?;
    }

    #[test]
    fn answers_come_back(millis in any::<u64>(), accepted in any::<[u8; 32]>(), signature in vec(any::<u8>(), 0..300), description in text()) {
        let accepted_at = Timestamp::from_millis(millis);
        let verdict = UpdateVerdict::Success { accepted_at, accepted };
        comes_back(&UpdateRoomResponse { verdict, description: description.clone() })?;
        let verdict = UpdateVerdict::InvalidProposal { proposals: vec![signature.clone(), vec![]] };
        comes_back(&UpdateRoomResponse { verdict, description: description.clone() })?;
        let frank = Frank { server_frank: accepted, cipher_suite: 7, integrity_signature: signature };
        comes_back(&SubmitMessageResponse::Accepted { accepted_at, frank: Some(frank), accepted })?;
        comes_back(&CreateRoomResponse::Accepted { accepted_at, accepted })?;
        comes_back(&PublishKeyPackagesResponse::Refused { code: description.clone(), description })?;
    }

    #[test]
    fn random_octets_are_refused_or_mean_one_thing(octets in vec(prop_oneof![Just(0_u8), Just(1), Just(2), any::<u8>()], 0..200)) {
        is_refused_or_unique::<SafeAad>(&octets)?;
        is_refused_or_unique::<ComponentsList>(&octets)?;
        is_refused_or_unique::<ParticipantList>(&octets)?;
        is_refused_or_unique::<ParticipantUpdate>(&octets)?;
        is_refused_or_unique::<RoomMetadata>(&octets)?;
        is_refused_or_unique::<Signatory>(&octets)?;
        is_refused_or_unique::<GroupInfoOption>(&octets)?;
        is_refused_or_unique::<RatchetTreeOption>(&octets)?;
        is_refused_or_unique::<HandshakeBundle>(&octets)?;
        is_refused_or_unique::<UpdateRoomResponse>(&octets)?;
        is_refused_or_unique::<SubmitMessageRequest>(&octets)?;
        is_refused_or_unique::<SubmitMessageResponse>(&octets)?;
        is_refused_or_unique::<FanoutMessage>(&octets)?;
        is_refused_or_unique::<CreateRoom>(&octets)?;
        is_refused_or_unique::<CreateRoomResponse>(&octets)?;
        is_refused_or_unique::<KeyMaterialRequest>(&octets)?;
        is_refused_or_unique::<KeyMaterialResponse>(&octets)?;
        is_refused_or_unique::<GroupInfoRequest>(&octets)?;
        is_refused_or_unique::<GroupInfoResponse>(&octets)?;
        is_refused_or_unique::<GroupInfoRatchetTreeTbe>(&octets)?;
        is_refused_or_unique::<PublishKeyPackages>(&octets)?;
        is_refused_or_unique::<PublishKeyPackagesResponse>(&octets)?;
        let _ = (Advertisement::decode(&octets), Requirement::decode(&octets), Roles::decode(&octets));
        let _ = (ApplicationFraming::decode(&octets), FanoutMessage::decode_all(&octets));
    }
}
