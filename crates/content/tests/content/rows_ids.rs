//! Message ids and derived values, row by row of the checklist.

use crate::common::negatives::{smallest, with_field};
use crate::common::{ALICE, BOB, EXAMPLES, ROOM, content, example, room, salt, stored_example, text, user};
use comity_content::{
    Content, Contradiction, DerivedValues, Disposition, ImplausibleTime, MessageId, MessageIdError, Part,
    Received, check_accepted, fold,
};
use comity_room::{ClientUri, Timestamp};
use sha2::{Digest, Sha256};

#[test]
fn c_031_message_ids_are_the_published_ones_of_draft_08() {
    for example in EXAMPLES {
        let received = Received::decode(example.octets.to_vec()).unwrap();
        let id = received.message_id(&user(example.sender), &room()).unwrap();
        assert_eq!(id.to_string(), example.id, "{}", example.name);
    }
    let stale = "01b0084467273cc43d6f0ebeac13eb84229c4fffe8f6c3594c905f47779e5a79";
    assert_ne!(
        example("original").id,
        stale,
        "without lengths in the hash, as drafts before -08 had it"
    );
}

#[test]
fn c_032_lengths_count_octets_of_utf_8() {
    let octets = smallest();
    let salt = Content::decode(&octets).unwrap().salt;
    let id = |sender| {
        MessageId::compute_as_written(sender, ROOM, &octets, &salt)
            .unwrap()
            .to_string()
    };
    assert_eq!(
        id(ALICE),
        "01f8f91931336ded0d226bd6e1542ee7afc9b776736efbeef772627bb2feb873"
    );
    assert_eq!(
        id("mimi://example.com/u/zoë"),
        "01de886ac621133e9a8d64e3423cbe018a28991b939606d01e3946a57128d1d0"
    );
    assert_eq!(
        id(ALICE),
        MessageId::compute(&user(ALICE), &room(), &octets, &salt).to_string()
    );
}

#[test]
fn c_033_the_id_is_of_the_content_as_transmitted_without_its_framing() {
    // ApplicationFraming of application/mimi-content: type, no parameters, length, content.
    let prefix = hex::decode("186170706c69636174696f6e2f6d696d692d636f6e74656e740040c1").unwrap();
    let example = example("original");
    let framed = [prefix.as_slice(), example.octets].concat();
    assert_eq!(framed.len(), 221);
    assert!(Content::decode(&framed).is_err(), "a frame is no message");
    let id = |octets: &[u8]| {
        Received::decode(octets.to_vec())
            .unwrap()
            .message_id(&user(ALICE), &room())
            .unwrap()
            .to_string()
    };
    assert_eq!(id(&framed[prefix.len()..]), example.id);

    // As transmitted: octets that mean the same give another id.
    let long = with_field(0, "581000000000000000000000000000000000");
    let lenient = Received::decode_lenient(long.clone(), comity_content::Limits::default()).unwrap();
    assert_eq!(lenient.octets(), long);
    assert_ne!(
        lenient.message_id(&user(ALICE), &room()).unwrap().to_string(),
        id(&smallest())
    );
}

#[test]
fn c_034_the_hash_is_sha_256_and_nothing_else_has_a_part_in_it() {
    let Content { salt, .. } = Content::decode(&smallest()).unwrap();
    let id = MessageId::compute(&user(ALICE), &room(), &smallest(), &salt);
    let length = |uri: &str| u16::try_from(uri.len()).unwrap().to_be_bytes();
    let input = [
        &length(ALICE)[..],
        ALICE.as_bytes(),
        &length(ROOM),
        ROOM.as_bytes(),
        &smallest(),
        &[0; 16],
    ]
    .concat();
    assert_eq!(id.octets()[0], 1);
    assert_eq!(id.octets()[1..], Sha256::digest(input)[..31]);
}

#[test]
fn c_035_a_name_too_long_for_its_length_is_an_error() {
    let id = |octets| MessageId::compute_as_written(&"a".repeat(octets), ROOM, b"", &salt(0));
    assert!(id(65_535).is_ok());
    assert_eq!(id(65_536), Err(MessageIdError::NameTooLong));
    assert_eq!(
        MessageId::compute_as_written(ROOM, &"a".repeat(65_536), b"", &salt(0)),
        Err(MessageIdError::NameTooLong)
    );
}

#[test]
fn c_037_references_with_an_unknown_hash_algorithm_are_refused() {
    for field in [1, 4] {
        for algorithm in ["00", "02", "ff"] {
            let octets = with_field(field, &format!("5820{algorithm}{}", "01".repeat(31)));
            assert_eq!(
                Content::decode(&octets).unwrap_err().code(),
                "content_message_id_hash"
            );
        }
    }
    assert_eq!(MessageId::from_octets([2; 32]), Err(MessageIdError::UnknownHash));
    assert_eq!(
        MessageId::parse(&"02".repeat(32)),
        Err(MessageIdError::UnknownHash)
    );
}

#[test]
fn c_038_sender_and_receiver_compute_the_same_id() {
    let sent = content(1, text("hello"));
    let octets = sent.encode().unwrap();
    let ours = MessageId::compute(&user(ALICE), &room(), &octets, &sent.salt);
    let theirs = Received::decode(octets)
        .unwrap()
        .message_id(&user(ALICE), &room());
    assert_eq!(theirs, Ok(ours));
    let again = content(2, text("hello")).encode().unwrap();
    assert_ne!(
        MessageId::compute(&user(ALICE), &room(), &again, &salt(2)),
        ours,
        "another salt, another id"
    );
}

#[test]
fn c_039_the_hubs_timestamp_reaches_the_reader() {
    let timeline = fold([stored_example("original", 1_644_387_225_019)], |_, _, _| true);
    assert_eq!(
        timeline.entries[0].accepted,
        Timestamp::from_millis(1_644_387_225_019)
    );
}

#[test]
fn c_040_all_seven_derived_values_are_there() {
    let original = stored_example("original", 1_644_387_225_019);
    let group_id = hex::decode("eeee0d12a7b5b5b78115ad1a1ddb13811c83fd7387c43e66799a594beeda26bf").unwrap();
    let client = "mimi://example.com/d/3b52249d-68f9-45ce-8bf5-c799f3cad7ec/0003";
    let derived = DerivedValues {
        message_id: original.id,
        accepted: original.accepted,
        group_id: group_id.clone(),
        leaf_index: 4,
        client: ClientUri::parse(client).unwrap(),
        sender: original.sender,
        room: room(),
    };
    // implied-original.edn; the published .cbor has the id of an older draft.
    let mut decoder = minicbor::Decoder::new(&[]);
    let octets = derived.encode();
    decoder.clone_from(&minicbor::Decoder::new(&octets));
    assert_eq!(octets.len(), 216);
    assert_eq!(decoder.array().unwrap(), Some(7));
    assert_eq!(hex::encode(decoder.bytes().unwrap()), example("original").id);
    assert_eq!(decoder.u64().unwrap(), 1_644_387_225_019);
    assert_eq!(decoder.bytes().unwrap(), group_id);
    assert_eq!(decoder.u32().unwrap(), 4);
    assert_eq!(decoder.str().unwrap(), client);
    assert_eq!(decoder.str().unwrap(), ALICE);
    assert_eq!(decoder.str().unwrap(), ROOM);
}

#[test]
fn c_041_timestamps_that_make_no_sense_are_told() {
    let at = Timestamp::from_millis;
    const NOW: u64 = 1_800_000_000_000;
    const FORMAT: u64 = 1_688_169_600_000;
    let check = |accepted, created: Option<u64>| check_accepted(at(accepted), at(NOW), created.map(at));
    assert_eq!(check(NOW + 300_000, None), Ok(()));
    assert_eq!(check(NOW + 300_001, None), Err(ImplausibleTime::Future));
    assert_eq!(check(FORMAT, None), Ok(()));
    assert_eq!(check(FORMAT - 1, None), Err(ImplausibleTime::BeforeFormat));
    assert_eq!(check(NOW - 10, Some(NOW - 10)), Ok(()));
    assert_eq!(check(NOW - 11, Some(NOW - 10)), Err(ImplausibleTime::BeforeRoom));
}

#[test]
fn c_043_a_message_is_of_the_member_it_came_from_and_of_no_other() {
    // That the sender is a member, MLS proves; that the message does not say otherwise, is checked here.
    let received = Received::decode(example("original").octets.to_vec()).unwrap();
    let contradiction = received.message_id(&user(BOB), &room()).unwrap_err();
    assert_eq!(contradiction, Contradiction::Sender { offset: 24 });
    assert_eq!(contradiction.code(), "content_sender_contradicted");
}

#[test]
fn a_message_that_asserts_another_sender_or_room_is_refused_at_that_octet() {
    for example in EXAMPLES {
        let received = Received::decode(example.octets.to_vec()).unwrap();
        let offset_of = |text: &str| {
            example
                .octets
                .windows(text.len())
                .position(|window| window == text.as_bytes())
                .unwrap()
                - 2
        };
        let nobody = user("mimi://example.com/u/nobody");
        let elsewhere = comity_room::RoomUri::parse("mimi://example.com/r/elsewhere").unwrap();
        let offset = offset_of(example.sender);
        assert_eq!(
            received.message_id(&nobody, &room()),
            Err(Contradiction::Sender { offset })
        );
        let offset = offset_of(ROOM);
        assert_eq!(
            received.message_id(&user(example.sender), &elsewhere),
            Err(Contradiction::Room { offset })
        );
    }
}

#[test]
fn a_message_that_asserts_nothing_has_an_id_and_says_so() {
    let unasserted = Content::unasserted(salt(1), Part::null(Disposition::RENDER));
    assert!(!unasserted.asserts_sender_and_room());
    let received = Received::decode(unasserted.encode().unwrap()).unwrap();
    let id = received.message_id(&user(ALICE), &room()).unwrap();
    assert_eq!(
        id,
        MessageId::compute(&user(ALICE), &room(), received.octets(), &salt(1))
    );
    assert!(content(1, text("a")).asserts_sender_and_room());
}

#[test]
fn an_id_is_written_and_read_in_hex() {
    let id: MessageId = example("original").id.parse().unwrap();
    assert_eq!(id.to_string(), example("original").id);
    assert_eq!(MessageId::parse(&example("original").id.to_uppercase()), Ok(id));
    assert_eq!(MessageId::from_octets(*id.octets()), Ok(id));
    for bad in ["", "01", &"0g".repeat(32), &"01".repeat(33), &format!("{id}0")] {
        assert_eq!(MessageId::parse(bad), Err(MessageIdError::NotHex), "{bad}");
    }
}
