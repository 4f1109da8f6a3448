//! What signatures and encryptions with a label cover, and who signs.
//!
//! See RFC 9420, "Signing" and "Public Key Encryption", and *mimi-protocol*, "Message Franking".

use crate::codec::{Codec, Reader, Writer};
use crate::frame::CredentialOctets;
use crate::{WireError, wire};

/// A signature key and the credential that vouches for it: RFC 9420's `ExternalSender`, and MIMI's `FrankingAgentData`
/// ([`FRANKING_AGENT`](crate::components::FRANKING_AGENT)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatory {
    /// The public signature key, as the signature scheme encodes it.
    pub signature_key: Vec<u8>,
    /// The credential.
    pub credential: CredentialOctets,
}

/// The octets that `SignWithLabel` signs (`SignContent`), and the `info` that `EncryptWithLabel` encrypts with
/// (`EncryptContext`): both are the label, behind `MLS 1.0 `, and the content.
#[must_use]
pub fn labelled(label: &str, content: &[u8]) -> Vec<u8> {
    let mut out = Writer::default();
    out.text(&format!("MLS 1.0 {label}"));
    out.opaque(content);
    out.into_octets()
}

wire!(Signatory);

impl Codec for Signatory {
    fn write(&self, out: &mut Writer) {
        let Self {
            signature_key,
            credential,
        } = self;
        out.write(signature_key);
        out.write(credential);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            signature_key: input.read()?,
            credential: input.read()?,
        })
    }
}
