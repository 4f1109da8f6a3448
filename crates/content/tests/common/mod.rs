//! What several tests need: people, a room, and messages with chosen salts.

#![allow(dead_code, reason = "each test uses some of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

pub(crate) mod negatives;
pub(crate) mod reference;
pub(crate) mod strategies;

use comity_content::{Content, Disposition, MessageId, Part, Received, Salt, Stored};
use comity_room::{RoomUri, Timestamp, UserUri};

pub(crate) const ALICE: &str = "mimi://example.com/u/alice-smith";
pub(crate) const BOB: &str = "mimi://example.com/u/bob-jones";
pub(crate) const CATHY: &str = "mimi://example.com/u/cathy-washington";
pub(crate) const ROOM: &str = "mimi://example.com/r/engineering_team";

pub(crate) const MARKDOWN: &str = "text/markdown;variant=GFM-MIMI";
pub(crate) const PLAIN: &str = "text/plain;charset=utf-8";
pub(crate) const HTML: &str = "text/html;charset=utf-8";

/// A published example and its message id as of draft -08.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) name: &'static str,
    pub(crate) octets: &'static [u8],
    pub(crate) sender: &'static str,
    pub(crate) id: &'static str,
}

macro_rules! examples {
    ($($name:literal $sender:ident $id:literal;)*) => {
        /// The fourteen published examples.
        pub(crate) const EXAMPLES: &[Example] = &[$(Example {
            name: $name,
            octets: include_bytes!(concat!("../vectors/", $name, ".cbor")),
            sender: $sender,
            id: $id,
        }),*];
    };
}

examples! {
    "original" ALICE "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4";
    "reply" BOB "015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27";
    "reaction" CATHY "0158c4288911e50a8f6be3f47746b6682f10fd91bc8c05557aa589a3157aff68";
    "mention" CATHY "018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af";
    "mention-html" CATHY "01967ff8e9a66819738ad5cf26d2e0388a3b81d86b0f61d129c077d043ee2a4e";
    "edit" BOB "014028c0deddbdea56bec26172f6ede953d11024cb82b8192b5e2aea62d7fb47";
    "delete" BOB "011d9efc78d04d4dcf4d82b07d5199bbef37011c1f0c7e004b6111c6dda504b4";
    "unlike" CATHY "013aadbb8f313253c8930f4e93c6ca54b2ed06d258185bdcec3870534c8a4ec4";
    "expiring" ALICE "01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03";
    "attachment" BOB "0176180c7d19a925021fe446d241134d05c38e0d999cdc0f39c391d2377ed9d1";
    "conferencing" ALICE "01496d15a8dba28d7397f9868b70768e4a67f765d5b5b1ae9e03848c5fdeb0ba";
    "multipart-1" ALICE "01da5a515ec5db42cc4dcc19b90c3c31245d8a1cfcce11318f24eb11dce0990e";
    "multipart-2" ALICE "01d65918c6c51c8e76546337276ae6f4bfd873d867d5cb57c76bcdca3d999dd7";
    "multipart-3" ALICE "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f";
}

pub(crate) fn example(name: &str) -> &'static Example {
    EXAMPLES.iter().find(|example| example.name == name).unwrap()
}

/// A published example as it would be stored, accepted `millis` after the Unix epoch.
pub(crate) fn stored_example(name: &str, millis: u64) -> Stored {
    let example = example(name);
    let sender = user(example.sender);
    let received = Received::decode(example.octets.to_vec()).unwrap();
    let id = received.message_id(&sender, &room()).unwrap();
    Stored {
        id,
        sender,
        accepted: Timestamp::from_millis(millis),
        content: received.into_parts().1,
    }
}

pub(crate) fn user(uri: &str) -> UserUri {
    UserUri::parse(uri).unwrap()
}

pub(crate) fn room() -> RoomUri {
    RoomUri::parse(ROOM).unwrap()
}

pub(crate) fn salt(n: u8) -> Salt {
    Salt::from_octets([n; 16])
}

/// A message of Alice.
pub(crate) fn content(n: u8, part: Part) -> Content {
    Content::new(salt(n), &user(ALICE), &room(), part)
}

pub(crate) fn text(text: &str) -> Part {
    Part::single(Disposition::RENDER, PLAIN, text)
}

/// A message that `sender` sends, told apart by `n`, accepted at `millis`.
pub(crate) fn stored(
    sender: &str,
    n: u8,
    millis: u64,
    shape: impl FnOnce(Content) -> Content,
    part: Part,
) -> Stored {
    let sender = user(sender);
    let content = shape(Content::new(salt(n), &sender, &room(), part));
    let octets = content.encode().unwrap();
    let id = MessageId::compute(&sender, &room(), &octets, &content.salt);
    Stored {
        id,
        sender,
        accepted: Timestamp::from_millis(millis),
        content,
    }
}

#[track_caller]
pub(crate) fn refused(octets: &[u8], code: &str) {
    let error = Content::decode(octets).expect_err("refused");
    assert_eq!(error.code(), code, "{error}");
}

/// Decodes octets that have to be a message, and to be its encoding.
#[track_caller]
pub(crate) fn accepted(octets: &[u8]) -> Content {
    let content = Content::decode(octets).unwrap_or_else(|e| panic!("{e}: {}", hex::encode(octets)));
    assert_eq!(
        content.encode().unwrap(),
        octets,
        "and encoded to the same octets"
    );
    content
}
