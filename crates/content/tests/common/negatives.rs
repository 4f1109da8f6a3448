//! Octets that are no message, each with the reason and the octet where it shows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

pub(crate) struct Negative {
    pub(crate) name: &'static str,
    pub(crate) octets: Vec<u8>,
    pub(crate) code: &'static str,
    pub(crate) offset: usize,
}

/// The fields of the smallest message, in hex. They begin at octets 1, 18, 19, 20, 21, 22 and 23.
const SALT: &str = "5000000000000000000000000000000000";
const NULL: &str = "f6";
const NO_TOPIC: &str = "40";
const NO_EXTENSIONS: &str = "a0";
const NULL_PART: &str = "83006000";

struct Fields([String; 7]);

impl Fields {
    fn smallest() -> Self {
        Self([SALT, NULL, NO_TOPIC, NULL, NULL, NO_EXTENSIONS, NULL_PART].map(str::to_owned))
    }

    fn with(mut self, field: usize, hex: impl Into<String>) -> Self {
        self.0[field] = hex.into();
        self
    }

    fn octets(&self) -> Vec<u8> {
        let hex: String = self.0.concat();
        hex::decode(format!("87{hex}")).unwrap()
    }
}

/// The smallest message.
pub(crate) fn smallest() -> Vec<u8> {
    Fields::smallest().octets()
}

/// The smallest message with another part.
pub(crate) fn with_part(hex: &str) -> Vec<u8> {
    Fields::smallest().with(6, hex).octets()
}

/// The smallest message with other extensions.
pub(crate) fn with_extensions(hex: &str) -> Vec<u8> {
    Fields::smallest().with(5, hex).octets()
}

/// The smallest message with another of the first five fields.
pub(crate) fn with_field(field: usize, hex: &str) -> Vec<u8> {
    Fields::smallest().with(field, hex).octets()
}

/// A multipart of `n` smallest parts, in hex.
pub(crate) fn parts(n: u16) -> String {
    format!("8500600302{}{}", head(4, n), NULL_PART.repeat(n.into()))
}

/// A CBOR head of this major type, in hex.
pub(crate) fn head(major: u8, n: u16) -> String {
    match n {
        0..=23 => format!("{:02x}", u16::from(major) << 5 | n),
        24..=255 => format!("{:02x}{n:02x}", major << 5 | 24),
        _ => format!("{:02x}{n:04x}", major << 5 | 25),
    }
}

/// A chain of multiparts in which the deepest part is on level `levels`, in hex.
pub(crate) fn nested(levels: usize) -> String {
    (1..levels).fold(NULL_PART.to_owned(), |inner, _| {
        format!("850060030082{NULL_PART}{inner}")
    })
}

pub(crate) fn negatives() -> Vec<Negative> {
    let mut all = Vec::new();
    let mut add = |name, octets, code, offset| {
        all.push(Negative {
            name,
            octets,
            code,
            offset,
        })
    };

    let mut indefinite = smallest();
    indefinite[0] = 0x9f;
    indefinite.push(0xff);
    add(
        "indefinite-outer-array",
        indefinite,
        "content_not_deterministic_indefinite_length",
        0,
    );
    let long_salt = with_field(0, &SALT.replacen("50", "5810", 1));
    add(
        "non-minimal-salt-length",
        long_salt,
        "content_not_deterministic_long_form",
        1,
    );

    add(
        "extension-keys-out-of-order",
        with_extensions("a2026162016161"),
        "content_not_deterministic_key_order",
        26,
    );
    add(
        "extension-keys-duplicated",
        with_extensions("a2016161016162"),
        "content_duplicate_key",
        26,
    );
    add(
        "extension-keys-length-first",
        with_extensions("a220f6190100f6"),
        "content_not_deterministic_key_order",
        25,
    );

    add(
        "salt-15",
        with_field(0, &format!("4f{}", "00".repeat(15))),
        "content_salt_length",
        1,
    );
    add(
        "salt-17",
        with_field(0, &format!("51{}", "00".repeat(17))),
        "content_salt_length",
        1,
    );
    add(
        "replaces-31",
        with_field(1, &format!("581f{}", "01".repeat(31))),
        "content_message_id_length",
        18,
    );
    add(
        "replaces-33",
        with_field(1, &format!("5821{}", "01".repeat(33))),
        "content_message_id_length",
        18,
    );
    add("topic-null", with_field(2, NULL), "content_wrong_type", 19);
    add(
        "expires-one-item",
        with_field(3, "81f5"),
        "content_expiration_length",
        20,
    );
    add(
        "expires-three-items",
        with_field(3, "83f50000"),
        "content_expiration_length",
        20,
    );
    add(
        "expires-float",
        with_field(3, "82f5f90000"),
        "content_wrong_type",
        22,
    );
    add(
        "disposition-float",
        with_part("83f900006000"),
        "content_wrong_type",
        24,
    );
    add(
        "extension-float-not-shortest",
        with_extensions("a103fa3f800000"),
        "content_not_deterministic_long_form",
        24,
    );

    let tagged_url = "8f00600260d8206000000040404000406060";
    add("tag-on-url", with_part(tagged_url), "content_wrong_type", 28);
    add(
        "multipart-of-one",
        with_part(&parts(1)),
        "content_too_few_parts",
        28,
    );
    add(
        "multipart-of-none",
        with_part(&parts(0)),
        "content_too_few_parts",
        28,
    );
    add(
        "part-semantics-3",
        with_part(&parts(2).replacen("8500600302", "8500600303", 1)),
        "content_unknown_part_semantics",
        27,
    );
    add(
        "cardinality-4",
        with_part("83006004"),
        "content_unknown_cardinality",
        26,
    );
    // Levels 1 to 4 take six octets of head and a sibling of four each.
    add(
        "nesting-5",
        with_part(&nested(5)),
        "content_parts_too_deep",
        23 + 3 * 10 + 6,
    );
    // The root counts as well.
    add(
        "parts-1025",
        with_part(&parts(1024)),
        "content_too_many_parts",
        28,
    );
    let topic = format!("{}{}", head(2, 4097), "61".repeat(4097));
    add("topic-4097", with_field(2, &topic), "content_topic_too_long", 19);
    let mut trailing = smallest();
    trailing.push(0);
    add("trailing-octets", trailing, "content_trailing_octets", 27);
    add(
        "language-not-utf8",
        with_part("830061ff00"),
        "content_not_utf8",
        25,
    );

    add(
        "extension-key-empty",
        with_extensions("a160f6"),
        "content_extension_key_length",
        23,
    );
    let long_key = format!("a1{}{}f6", head(3, 256), "61".repeat(256));
    add(
        "extension-key-256",
        with_extensions(&long_key),
        "content_extension_key_length",
        23,
    );
    add(
        "extension-key-float",
        with_extensions("a1f90000f6"),
        "content_extension_key_type",
        23,
    );
    add(
        "extension-key-bool",
        with_extensions("a1f5f6"),
        "content_extension_key_type",
        23,
    );
    add(
        "extension-key-2-to-53",
        with_extensions("a11b0020000000000000f6"),
        "content_key_too_large",
        23,
    );
    all
}
