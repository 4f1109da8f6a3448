//! What a client shows of a message: read back from its file, and from nothing else.

use comity::content::{Body, Content, ExternalPart, Part, PartSemantics, Received, select};
use comity::{ClientUri, MessageId, RoomUri, UserUri, attachment};
use comity_examples::{Fault, Network};

use crate::device::Device;

/// The most that a client of the demo fetches for an attachment, in octets.
const LARGEST_ATTACHMENT: u64 = 256 << 20;

/// One message on one client.
pub(crate) struct Sight {
    pub(crate) user: UserUri,
    pub(crate) client: ClientUri,
    /// The epoch in which the message was encrypted.
    pub(crate) epoch: u64,
    /// The content as it travelled.
    pub(crate) octets: Vec<u8>,
    /// The id that sender, room and octets hash to.
    pub(crate) hashes_to: Option<MessageId>,
    /// The media types of the alternatives that travelled; none in a deletion.
    pub(crate) alternatives: Vec<String>,
    /// The media type of the alternative that the client shows; `None` if it shows none.
    pub(crate) media_type: Option<String>,
    /// The octets that it shows, fetched and decrypted if they lay elsewhere.
    pub(crate) shown: Option<Vec<u8>>,
}

impl Sight {
    /// What a device has of a message; `None` if it has nothing.
    pub(crate) fn of(
        device: &Device,
        network: &Network,
        room: &RoomUri,
        id: MessageId,
    ) -> Result<Option<Self>, Fault> {
        let now = network.now();
        let Some(message) = device.ask(now, |reader| reader.message(now, id))? else {
            return Ok(None);
        };
        let (Some(content), Some(octets)) = (message.content, message.octets) else {
            return Ok(None);
        };
        let selection = select(&content, &device.supported);
        let part = selection.chosen.first().map(|chosen| chosen.part);
        let hashes_to = Received::decode(octets.clone())?
            .message_id(&message.sender, room)
            .ok();
        Ok(Some(Self {
            user: device.who.user.clone(),
            client: device.who.client.clone(),
            epoch: message.epoch,
            hashes_to,
            octets,
            alternatives: alternatives(&content),
            media_type: part.and_then(Part::media_type).map(str::to_owned),
            shown: part.and_then(|part| body(part, network)),
        }))
    }
}

/// One where everybody is sent the same.
fn alternatives(content: &Content) -> Vec<String> {
    let parts = match &content.part.body {
        Body::Multi(multi) if multi.semantics() == PartSemantics::ChooseOne => multi.parts(),
        _ => std::slice::from_ref(&content.part),
    };
    parts
        .iter()
        .filter_map(Part::media_type)
        .map(str::to_owned)
        .collect()
}

fn body(part: &Part, network: &Network) -> Option<Vec<u8>> {
    match &part.body {
        Body::Single(single) => Some(single.content.clone()),
        Body::External(external) => fetch(external, network),
        Body::Null | Body::Multi(_) => None,
    }
}

/// Fetches an attachment, verifies and decrypts it. `None` if any of that fails: then nothing is shown.
fn fetch(part: &ExternalPart, network: &Network) -> Option<Vec<u8>> {
    let limit = attachment::fetch_limit(part, LARGEST_ATTACHMENT);
    let available = attachment::is_available(part, network.now());
    let fetched = network
        .fetch(&part.url)
        .filter(|octets| available && octets.len() as u64 <= limit)?;
    let opened = attachment::open(part, fetched)
        .ok()
        .filter(|opened| opened.hash_checked)?;
    Some(opened.plaintext.to_vec())
}
