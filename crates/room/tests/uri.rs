//! MIMI URIs: one text per name, and nothing else is read.

use comity_room::{ClientUri, GroupUri, ProviderUri, RoomUri, UriError, UserUri};
use proptest::prelude::*;

#[test]
fn the_drafts_examples_are_read_and_name_their_provider() {
    let provider = ProviderUri::parse("mimi://a.example").unwrap();
    assert_eq!(provider.domain(), "a.example");
    assert_eq!(provider.provider(), provider);
    assert_eq!(
        UserUri::parse("mimi://a.example/u/alice").unwrap().provider(),
        provider
    );
    assert_eq!(
        ClientUri::parse("mimi://a.example/d/ClientA1")
            .unwrap()
            .provider(),
        provider
    );
    assert_eq!(
        RoomUri::parse("mimi://a.example/r/clubhouse").unwrap().provider(),
        provider
    );
    assert_eq!(
        GroupUri::parse("mimi://a.example/g/clubhouse")
            .unwrap()
            .provider(),
        provider
    );
}

#[test]
fn only_clients_have_more_than_one_segment() {
    assert!(ClientUri::parse("mimi://a.example/d/alice/phone/2").is_ok());
    assert_eq!(
        UserUri::parse("mimi://a.example/u/alice/phone"),
        Err(UriError::Segment)
    );
    assert_eq!(
        RoomUri::parse("mimi://a.example/r/club/house"),
        Err(UriError::Segment)
    );
    assert_eq!(
        GroupUri::parse("mimi://a.example/g/club/house"),
        Err(UriError::Segment)
    );
}

#[test]
fn one_kind_is_not_read_as_another() {
    let user = "mimi://a.example/u/alice";
    assert_eq!(ProviderUri::parse(user), Err(UriError::Kind));
    assert_eq!(ClientUri::parse(user), Err(UriError::Kind));
    assert_eq!(RoomUri::parse(user), Err(UriError::Kind));
    assert_eq!(GroupUri::parse(user), Err(UriError::Kind));
    assert_eq!(UserUri::parse("mimi://a.example"), Err(UriError::Kind));
    assert_eq!(UserUri::parse("mimi://a.example/u"), Err(UriError::Kind));
    assert_eq!(UserUri::parse("mimi://a.example/U/alice"), Err(UriError::Kind));
}

#[test]
fn names_in_normal_form_are_read() {
    let long_label = format!("mimi://{}.example/u/a", "a".repeat(63));
    let long_domain = format!("mimi://{}/u/a", ["a"; 127].join("."));
    let longest = format!(
        "mimi://a.example/u/{}",
        "a".repeat(1024 - "mimi://a.example/u/".len())
    );
    assert_eq!(longest.len(), 1024);
    let names = [
        "mimi://localhost/u/alice",
        "mimi://192.0.2.7/u/alice",
        "mimi://xn--bcher-kva.example/u/alice",
        "mimi://a.example/u/Alice",
        "mimi://a.example/u/...",
        "mimi://a.example/u/-._~!$&'()*+,;=:@",
        "mimi://a.example/u/J%C3%BCrgen%20%2F%25",
        &long_label,
        &long_domain,
        &longest,
    ];
    for name in names {
        assert_eq!(
            UserUri::parse(name).map(|uri| uri.to_string()),
            Ok(name.to_owned())
        );
    }
}

#[test]
fn every_other_form_of_a_name_is_refused() {
    let long_label = format!("mimi://{}.example/u/a", "a".repeat(64));
    let long_domain = format!("mimi://{}/u/a", ["a"; 128].join("."));
    let too_long = format!(
        "mimi://a.example/u/{}",
        "a".repeat(1025 - "mimi://a.example/u/".len())
    );
    let table = [
        ("", UriError::Scheme),
        ("a.example/u/alice", UriError::Scheme),
        ("im://a.example/u/alice", UriError::Scheme),
        ("MIMI://a.example/u/alice", UriError::Scheme),
        (" mimi://a.example/u/alice", UriError::Scheme),
        ("mimi:///u/alice", UriError::Authority),
        ("mimi://A.example/u/alice", UriError::Authority),
        ("mimi://a.example./u/alice", UriError::Authority),
        ("mimi://.example/u/alice", UriError::Authority),
        ("mimi://a..example/u/alice", UriError::Authority),
        ("mimi://-a.example/u/alice", UriError::Authority),
        ("mimi://a-.example/u/alice", UriError::Authority),
        ("mimi://a_b.example/u/alice", UriError::Authority),
        ("mimi://bücher.example/u/alice", UriError::Authority),
        ("mimi://a%2eexample/u/alice", UriError::Authority),
        ("mimi://a.example:443/u/alice", UriError::Authority),
        ("mimi://alice@a.example/u/alice", UriError::Authority),
        ("mimi://[::1]/u/alice", UriError::Authority),
        ("mimi://a.example?x", UriError::Authority),
        ("mimi://a.example/u/", UriError::Segment),
        ("mimi://a.example/u/alice/", UriError::Segment),
        ("mimi://a.example/u//alice", UriError::Segment),
        ("mimi://a.example/u/.", UriError::Segment),
        ("mimi://a.example/u/..", UriError::Segment),
        ("mimi://a.example/u/alice?x=1", UriError::Character),
        ("mimi://a.example/u/alice#x", UriError::Character),
        ("mimi://a.example/u/al ice", UriError::Character),
        ("mimi://a.example/u/alice\0", UriError::Character),
        ("mimi://a.example/u/Jürgen", UriError::Character),
        ("mimi://a.example/u/%61lice", UriError::Encoding),
        ("mimi://a.example/u/%21", UriError::Encoding),
        ("mimi://a.example/u/%2f", UriError::Encoding),
        ("mimi://a.example/u/%C3%bc", UriError::Encoding),
        ("mimi://a.example/u/%", UriError::Encoding),
        ("mimi://a.example/u/%2", UriError::Encoding),
        ("mimi://a.example/u/%GG", UriError::Encoding),
        (&long_label, UriError::Authority),
        (&long_domain, UriError::Authority),
        (&too_long, UriError::TooLong),
    ];
    for (text, error) in table {
        assert_eq!(UserUri::parse(text), Err(error), "{text}");
    }
    assert_eq!(ProviderUri::parse("mimi://a.example/"), Err(UriError::Segment));
}

#[test]
fn every_error_has_its_own_code() {
    use UriError::{Authority, Character, Encoding, Kind, Scheme, Segment, TooLong};
    let all = [TooLong, Scheme, Authority, Kind, Segment, Character, Encoding];
    let codes: std::collections::BTreeSet<_> = all.iter().map(UriError::code).collect();
    assert_eq!(codes.len(), all.len());
    assert!(codes.iter().all(|code| code.starts_with("uri_")));
}

#[test]
fn a_stored_uri_is_checked_again_when_it_is_read() {
    let user = UserUri::parse("mimi://a.example/u/alice").unwrap();
    let json = serde_json::to_string(&user).unwrap();
    assert_eq!(json, "\"mimi://a.example/u/alice\"");
    assert_eq!(serde_json::from_str::<UserUri>(&json).unwrap(), user);
    assert!(serde_json::from_str::<UserUri>("\"mimi://A.example/u/alice\"").is_err());
    assert!(serde_json::from_str::<RoomUri>(&json).is_err());
    assert!(serde_json::from_str::<UserUri>("7").is_err());
}

/// Encodes any octets as one path segment in normal form, by the rule that the documentation states.
fn segment(octets: &[u8]) -> String {
    let bare = b"-._~!$&'()*+,;=:@";
    let encode = |octet: &u8| match octet {
        octet if octet.is_ascii_alphanumeric() || bare.contains(octet) => char::from(*octet).to_string(),
        octet => format!("%{octet:02X}"),
    };
    octets.iter().map(encode).collect()
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_as_it_was(text in "(mimi://)?[a-zA-Z0-9.%:@/?# -]{0,40}") {
        for written in [
            ProviderUri::parse(&text).map(|uri| uri.to_string()),
            UserUri::parse(&text).map(|uri| uri.to_string()),
            ClientUri::parse(&text).map(|uri| uri.to_string()),
            RoomUri::parse(&text).map(|uri| uri.to_string()),
            GroupUri::parse(&text).map(|uri| uri.to_string()),
        ].into_iter().flatten() {
            prop_assert_eq!(&written, &text);
        }
    }

    #[test]
    fn any_octets_have_exactly_one_spelling_as_a_name(
        octets in prop::collection::vec(any::<u8>(), 1..40),
        at in any::<prop::sample::Index>(),
    ) {
        let name = segment(&octets);
        prop_assume!(!matches!(name.as_str(), "." | ".."));
        let text = format!("mimi://a.example/u/{name}");
        let uri = UserUri::parse(&text).unwrap();
        prop_assert_eq!(uri.as_str(), &text);
        prop_assert_eq!(uri.as_bytes(), text.as_bytes());
        prop_assert_eq!(uri.provider(), ProviderUri::parse("mimi://a.example").unwrap());
        prop_assert_eq!(text.parse::<UserUri>(), Ok(uri));

        // Spell one octet the other way: percent-encoded where it stood bare, or with hex digits in lower
        // case.
        let at = at.index(octets.len());
        let own = segment(&octets[at..=at]);
        let other = if own.starts_with('%') { own.to_lowercase() } else { format!("%{:02X}", octets[at]) };
        prop_assume!(other != own);
        let (head, tail) = (segment(&octets[..at]), segment(&octets[at + 1..]));
        let misspelt = format!("mimi://a.example/u/{head}{other}{tail}");
        prop_assert_eq!(UserUri::parse(&misspelt), Err(UriError::Encoding));
    }

    #[test]
    fn no_text_makes_parsing_panic(text in any::<String>()) {
        let _ = ClientUri::parse(&text);
        let _ = ClientUri::parse(&format!("mimi://a.example/d/{text}"));
    }
}
