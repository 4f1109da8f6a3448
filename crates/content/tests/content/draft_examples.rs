//! The published examples of the draft: our builders, given the published salt, make the published octets and ids.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use comity_content::{
    Body, Content, ContentKey, Disposition, Expiration, ExternalPart, MessageId, Part, PartSemantics,
    Received, Salt,
};
use comity_room::{RoomUri, UserUri};

const ALICE: &str = "mimi://example.com/u/alice-smith";
const BOB: &str = "mimi://example.com/u/bob-jones";
const CATHY: &str = "mimi://example.com/u/cathy-washington";
const ROOM: &str = "mimi://example.com/r/engineering_team";

const MARKDOWN: &str = "text/markdown;variant=GFM-MIMI";
const HTML: &str = "text/html;charset=utf-8";

const ORIGINAL: &str = "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4";
const REPLY: &str = "015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27";
const REACTION: &str = "0158c4288911e50a8f6be3f47746b6682f10fd91bc8c05557aa589a3157aff68";

struct Example {
    published: &'static [u8],
    id: &'static str,
    sender: &'static str,
    built: Content,
}

impl Example {
    fn check(self) {
        let Self {
            published,
            id,
            sender,
            built,
        } = self;
        let (sender, room) = (user(sender), RoomUri::parse(ROOM).unwrap());
        let octets = built.encode().unwrap();
        assert_eq!(
            hex::encode(&octets),
            hex::encode(published),
            "our octets are the published ones"
        );
        assert_eq!(
            MessageId::compute(&sender, &room, &octets, &built.salt).to_string(),
            id
        );

        let received = Received::decode(published.to_vec()).unwrap();
        assert_eq!(received.content(), &built, "decoding gives back what was built");
        assert_eq!(
            received.content().encode().unwrap(),
            published,
            "and encoding that gives back the octets"
        );
        assert_eq!(received.message_id(&sender, &room), Ok(id.parse().unwrap()));
    }
}

fn user(uri: &str) -> UserUri {
    UserUri::parse(uri).unwrap()
}

fn id(hex: &str) -> MessageId {
    hex.parse().unwrap()
}

fn message(salt: &str, sender: &str, part: Part) -> Content {
    let salt = Salt::from_octets(hex::decode(salt).unwrap().try_into().unwrap());
    Content::new(salt, &user(sender), &RoomUri::parse(ROOM).unwrap(), part)
}

fn render(media_type: &str, text: &str) -> Part {
    Part::single(Disposition::RENDER, media_type, text)
}

#[test]
fn original_is_rebuilt() {
    Example {
        published: include_bytes!("../vectors/original.cbor"),
        id: ORIGINAL,
        sender: ALICE,
        built: message(
            "5eed9406c2545547ab6f09f20a18b003",
            ALICE,
            render(
                MARKDOWN,
                "Hi everyone, we just shipped release 2.0. __Good  work__!",
            ),
        ),
    }
    .check();
}

#[test]
fn reply_is_rebuilt() {
    Example {
        published: include_bytes!("../vectors/reply.cbor"),
        id: REPLY,
        sender: BOB,
        built: message(
            "11a458c73b8dd2cf404db4b378b8fe4d",
            BOB,
            render(MARKDOWN, "Right on! _Congratulations_ 'all!"),
        )
        .in_reply_to(id(ORIGINAL)),
    }
    .check();
}

#[test]
fn reaction_is_rebuilt() {
    Example {
        published: include_bytes!("../vectors/reaction.cbor"),
        id: REACTION,
        sender: CATHY,
        built: message(
            "d37bc0e6a8b4f04e9e6382375f587bf6",
            CATHY,
            Part::reaction("❤").unwrap(),
        )
        .in_reply_to(id(ORIGINAL)),
    }
    .check();
}

#[test]
fn mention_is_rebuilt() {
    Example {
        published: include_bytes!("../vectors/mention.cbor"),
        id: "018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af",
        sender: CATHY,
        built: message(
            "04f290e215d0f82d1750bfa8b7dc089d",
            CATHY,
            render(
                MARKDOWN,
                "Kudos to [@Alice Smith](mimi://example.com/u/alice-smith) for making the release happen!",
            ),
        )
        .in_reply_to(id(ORIGINAL)),
    }
    .check();
}

#[test]
fn mention_html_is_rebuilt() {
    Example {
        published: include_bytes!("../vectors/mention-html.cbor"),
        id: "01967ff8e9a66819738ad5cf26d2e0388a3b81d86b0f61d129c077d043ee2a4e",
        sender: CATHY,
        built: message(
            "15d9705fd5bf5e02b0af47c85f8b98fe",
            CATHY,
            render(
                HTML,
                "<p>Kudos to <a href=\"mimi://example.com/u/alice-smith\">@Alice Smith</a> for making the release happen!</p>",
            ),
        )
        .in_reply_to(id(ORIGINAL)),
    }
    .check();
}

#[test]
fn edit_is_rebuilt() {
    Example {
        published: include_bytes!("../vectors/edit.cbor"),
        id: "014028c0deddbdea56bec26172f6ede953d11024cb82b8192b5e2aea62d7fb47",
        sender: BOB,
        built: message(
            "b8c2e6d8800ecf45df39be6c45f4c042",
            BOB,
            render(MARKDOWN, "Right on! _Congratulations_ y'all!"),
        )
        .replacing(id(REPLY))
        .in_reply_to(id(ORIGINAL)),
    }
    .check();
}

#[test]
fn delete_is_rebuilt() {
    Example {
        published: include_bytes!("../vectors/delete.cbor"),
        id: "011d9efc78d04d4dcf4d82b07d5199bbef37011c1f0c7e004b6111c6dda504b4",
        sender: BOB,
        built: message(
            "0a590d73b2c7761c39168be5ebf7f2e6",
            BOB,
            Part::null(Disposition::RENDER),
        )
        .replacing(id(REPLY))
        .in_reply_to(id(ORIGINAL)),
    }
    .check();
}

#[test]
fn unlike_is_rebuilt() {
    Example {
        published: include_bytes!("../vectors/unlike.cbor"),
        id: "013aadbb8f313253c8930f4e93c6ca54b2ed06d258185bdcec3870534c8a4ec4",
        sender: CATHY,
        built: message(
            "c5ba86dc9fd272e58ca52ec805b79199",
            CATHY,
            Part::null(Disposition::REACTION),
        )
        .replacing(id(REACTION))
        .in_reply_to(id(ORIGINAL)),
    }
    .check();
}

#[test]
fn expiring_is_rebuilt() {
    Example {
        published: include_bytes!("../vectors/expiring.cbor"),
        id: "01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03",
        sender: ALICE,
        built: message(
            "33be993eb39f418f9295afc2ae160d2d",
            ALICE,
            render(
                MARKDOWN,
                "__*VPN GOING DOWN*__ I'm rebooting the VPN in ten minutes unless anyone objects.",
            ),
        )
        .expiring(Expiration::Absolute(1_644_390_004)),
    }
    .check();
}

#[test]
fn attachment_is_rebuilt() {
    let octets = |text: &str| hex::decode(text).unwrap();
    let video = ExternalPart {
        media_type: "video/mp4".into(),
        url: "https://example.com/storage/8ksB4bSrrRE.mp4".into(),
        expires: 0,
        size: 708_234_961,
        encryption_algorithm: 1,
        key: ContentKey::new(octets("21399320958a6f4c745dde670d95e0d8")),
        nonce: octets("c86cf2c33f21527d1dd76f5b"),
        aad: Vec::new(),
        hash_algorithm: 1,
        content_hash: octets("9ab17a8cf0890baaae7ee016c7312fcc080ba46498389458ee44f0276e783163"),
        description: "2 hours of key signing video".into(),
        filename: "bigfile.mp4".into(),
    };
    let part = Part::external(Disposition::ATTACHMENT, video)
        .in_language("en")
        .unwrap();
    Example {
        published: include_bytes!("../vectors/attachment.cbor"),
        id: "0176180c7d19a925021fe446d241134d05c38e0d999cdc0f39c391d2377ed9d1",
        sender: BOB,
        built: message("18fac6371e4e53f1aeaf8a013155c166", BOB, part),
    }
    .check();
}

#[test]
fn conferencing_is_rebuilt() {
    let session = ExternalPart {
        url: "https://example.com/join/12345".into(),
        description: "Join the Foo 118 conference".into(),
        ..ExternalPart::default()
    };
    Example {
        published: include_bytes!("../vectors/conferencing.cbor"),
        id: "01496d15a8dba28d7397f9868b70768e4a67f765d5b5b1ae9e03848c5fdeb0ba",
        sender: ALICE,
        built: message(
            "678ac6cd54de049c3e9665cd212470fa",
            ALICE,
            Part::external(Disposition::SESSION, session),
        )
        .on_topic("Foo 118"),
    }
    .check();
}

#[test]
fn multipart_1_is_rebuilt() {
    let fancy = Part::single(
        Disposition::RENDER,
        "application/vnd.examplevendor-fancy-im-message",
        hex::decode("dc861ebaa718fd7c3ca159f71a2001").unwrap(),
    );
    Example {
        published: include_bytes!("../vectors/multipart-1.cbor"),
        id: "01da5a515ec5db42cc4dcc19b90c3c31245d8a1cfcce11318f24eb11dce0990e",
        sender: ALICE,
        built: message(
            "261c953e178af653fe3d42641b91d814",
            ALICE,
            choose_one([render(MARKDOWN, "# Welcome!"), fancy]),
        ),
    }
    .check();
}

#[test]
fn multipart_2_is_rebuilt() {
    Example {
        published: include_bytes!("../vectors/multipart-2.cbor"),
        id: "01d65918c6c51c8e76546337276ae6f4bfd873d867d5cb57c76bcdca3d999dd7",
        sender: ALICE,
        built: message(
            "8528dc2d92e4f1944d62042907ab94d0",
            ALICE,
            Part::reactions(["❤", "🥳", "🤞"]).unwrap(),
        ),
    }
    .check();
}

#[test]
fn multipart_3_is_rebuilt() {
    let page = |language: &str, title: &str, alt: &str, image: u8| {
        let html = format!(
            "<html><body><h1>{title}</h1>\n<img src=\"cid:{image}@local.invalid\" alt=\"{alt}\"/>\n</body></html>"
        );
        render(HTML, &html).in_language(language).unwrap()
    };
    let version = |image_index, media_type: &str, image: &str| {
        let image = Part::single(Disposition::INLINE, media_type, hex::decode(image).unwrap());
        let pages = choose_one([
            page("en", "Welcome!", "Welcome image", image_index),
            page("fr", "Bienvenue!", "Image bienvenue", image_index),
        ]);
        Part::multi(Disposition::RENDER, PartSemantics::ProcessAll, vec![pages, image]).unwrap()
    };
    let built = message(
        "b8362793168d18c049b882d4642a2274",
        ALICE,
        choose_one([
            version(5, "image/gif", "dc861ebaa718fd7c3ca159f71a2001a7"),
            version(10, "image/png", "fa444237451a05a72bb0f67037cc1669"),
        ]),
    );
    assert_eq!((built.part.count(), built.part.levels()), (11, 4));
    assert!(matches!(built.part.body, Body::Multi(_)));
    Example {
        published: include_bytes!("../vectors/multipart-3.cbor"),
        id: "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f",
        sender: ALICE,
        built,
    }
    .check();
}

fn choose_one<const N: usize>(parts: [Part; N]) -> Part {
    Part::multi(Disposition::RENDER, PartSemantics::ChooseOne, parts.into()).unwrap()
}
