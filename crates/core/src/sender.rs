//! Who sent a message, read before it is opened: so that of a large room no more than that member's leaf has to be loaded.
//!
//! **Owns** RFC 9420, "Sender Data Encryption", reading only. What it says is a hint, and nothing is decided by it: OpenMLS reads
//! the same again, and then checks the signature by the leaf.

use openmls_traits::crypto::OpenMlsCrypto as _;
use tls_codec::{
    Deserialize as _, Serialize as _, TlsDeserialize, TlsSerialize, TlsSize, VLByteSlice, VLBytes,
};

use crate::crypto::Crypto;

const SUITE: openmls_traits::types::Ciphersuite = comity_mls::CIPHER_SUITE;

/// `MLSMessage` with a `PrivateMessage`.
#[derive(TlsDeserialize, TlsSize)]
struct Message {
    _version: u16,
    wire_format: u16,
    group_id: VLBytes,
    epoch: u64,
    content_type: u8,
    _authenticated_data: VLBytes,
    encrypted_sender_data: VLBytes,
    ciphertext: VLBytes,
}

/// `WireFormat`, "IANA Considerations".
const PRIVATE_MESSAGE: u16 = 2;

/// `SenderDataAAD`.
#[derive(TlsSerialize, TlsSize)]
struct Beside<'a> {
    group_id: VLByteSlice<'a>,
    epoch: u64,
    content_type: u8,
}

/// `SenderData`.
#[derive(TlsDeserialize, TlsSize)]
struct SenderData {
    leaf_index: u32,
    _generation: u32,
    _reuse_guard: [u8; 4],
}

/// `KDFLabel`.
#[derive(TlsSerialize, TlsSize)]
struct KdfLabel<'a> {
    length: u16,
    label: VLByteSlice<'a>,
    context: VLByteSlice<'a>,
}

/// The leaf of the member who says to have sent this. `None` if it is no private message of the epoch whose
/// `sender_data_secret` this is.
pub(crate) fn leaf(crypto: &Crypto, secret: &[u8], message: &[u8]) -> Option<u32> {
    let message = Message::tls_deserialize_exact(message).ok()?;
    if message.wire_format != PRIVATE_MESSAGE {
        return None;
    }
    let ciphertext = message.ciphertext.as_slice();
    let sample = ciphertext.get(..SUITE.hash_length()).unwrap_or(ciphertext);
    let derive = |label: &[u8], length: usize| {
        let label = KdfLabel {
            length: u16::try_from(length).ok()?,
            label: VLByteSlice(label),
            context: VLByteSlice(sample),
        };
        let info = label.tls_serialize_detached().ok()?;
        crypto
            .hkdf_expand(SUITE.hash_algorithm(), secret, &info, length)
            .ok()
    };
    let key = derive(b"MLS 1.0 key", SUITE.aead_key_length())?;
    let nonce = derive(b"MLS 1.0 nonce", SUITE.aead_nonce_length())?;
    let beside = Beside {
        group_id: VLByteSlice(message.group_id.as_slice()),
        epoch: message.epoch,
        content_type: message.content_type,
    };
    let opened = crypto.aead_decrypt(
        SUITE.aead_algorithm(),
        key.as_slice(),
        message.encrypted_sender_data.as_slice(),
        nonce.as_slice(),
        &beside.tls_serialize_detached().ok()?,
    );
    let data = SenderData::tls_deserialize_exact(opened.ok()?).ok()?;
    Some(data.leaf_index)
}
