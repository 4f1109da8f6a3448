//! MLS structs inside MIMI structs, kept as the octets that travelled.
//!
//! Each is parsed once, to find where it ends and that it is what it should be, and then kept as it came: hashes, remembered
//! verdicts and franks are over what travelled, and nothing is ever encoded again.
//!
//! See RFC 9420, "MLSMessage" and *mimi-protocol*, "Update Room State".

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use openmls::prelude::group_info::VerifiableGroupInfo;
use openmls::prelude::{
    Capabilities, ContentType, Credential, KeyPackageIn, MlsMessageBodyIn, MlsMessageIn, ProtocolMessage,
    RatchetTreeIn, RequiredCapabilitiesExtension, Welcome,
};
use sha2::{Digest, Sha256};
use tls_codec::Deserialize;

use crate::WireError;
use crate::codec::{Codec, MAX_MLS_LEN, Reader, Writer};

/// The octets of one MLS struct: by default an `MLSMessage`.
///
/// `T` is the OpenMLS type that reads them, so that a Welcome cannot stand where a GroupInfo should.
pub struct MlsOctets<T = MlsMessageIn> {
    octets: Vec<u8>,
    what: PhantomData<fn() -> T>,
}

/// The octets of a `GroupInfo`, without the `MLSMessage` around it.
pub type GroupInfoOctets = MlsOctets<VerifiableGroupInfo>;
/// The octets of a `Welcome`, without the `MLSMessage` around it.
pub type WelcomeOctets = MlsOctets<Welcome>;
/// The octets of a `KeyPackage`, without the `MLSMessage` around it.
pub type KeyPackageOctets = MlsOctets<KeyPackageIn>;
/// The octets of a ratchet tree, as the `ratchet_tree` extension has them: `optional<Node> ratchet_tree<V>`.
pub type RatchetTreeOctets = MlsOctets<RatchetTreeIn>;
/// The octets of a `Credential`.
pub type CredentialOctets = MlsOctets<Credential>;
/// The octets of a leaf's `Capabilities`.
pub type CapabilitiesOctets = MlsOctets<Capabilities>;
/// The octets of `RequiredCapabilities`.
pub type RequiredCapabilitiesOctets = MlsOctets<RequiredCapabilitiesExtension>;

/// An MLS struct that [`MlsOctets`] can hold. Implemented for the OpenMLS types that its aliases name.
pub trait MlsStruct: Deserialize {
    /// RFC 9420's name of the struct.
    const NAME: &'static str;
}

macro_rules! mls_struct {
    ($($name:ty => $text:literal),+ $(,)?) => {$(
        impl MlsStruct for $name {
            const NAME: &'static str = $text;
        }
    )+};
}

mls_struct! {
    MlsMessageIn => "MLSMessage",
    VerifiableGroupInfo => "GroupInfo",
    Welcome => "Welcome",
    KeyPackageIn => "KeyPackage",
    RatchetTreeIn => "ratchet_tree",
    Credential => "Credential",
    Capabilities => "Capabilities",
    RequiredCapabilitiesExtension => "RequiredCapabilities",
}

impl<T: MlsStruct> MlsOctets<T> {
    /// Takes octets that are exactly one such struct.
    ///
    /// # Errors
    /// [`WireError`] if they are not.
    pub fn new(octets: Vec<u8>) -> Result<Self, WireError> {
        let mut input = Reader::new(&octets)?;
        delimit::<T>(&mut input)?;
        input.finish()?;
        Ok(Self {
            octets,
            what: PhantomData,
        })
    }

    /// Takes an OpenMLS struct of the sending side, such as `MlsMessageOut` or `GroupInfo`.
    ///
    /// # Errors
    /// [`WireError`] if it does not serialise to what the receiving side parses.
    pub fn of(made: &impl tls_codec::Serialize) -> Result<Self, WireError> {
        let octets = made.tls_serialize_detached().map_err(|_| WireError::Mls {
            offset: 0,
            what: T::NAME,
        })?;
        Self::new(octets)
    }

    /// Reads the struct, for OpenMLS to work with.
    ///
    /// # Errors
    /// None in practice: these octets were parsed when they came.
    pub fn parse(&self) -> Result<T, WireError> {
        delimit::<T>(&mut Reader::new(&self.octets)?)
    }
}

impl<T> MlsOctets<T> {
    /// The octets as they travelled.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.octets
    }

    /// The octets as they travelled.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.octets
    }

    /// SHA-256 of the octets: what a hub remembers its verdict by, and what an accept answer names.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.octets).into()
    }
}

impl MlsOctets {
    /// What kind of message this is, as far as its cleartext tells.
    ///
    /// # Errors
    /// None in practice, as for [`parse`](Self::parse).
    pub fn kind(&self) -> Result<MessageKind, WireError> {
        self.parse().map(MessageKind::of)
    }
}

impl From<&WelcomeOctets> for MlsOctets {
    /// The `MLSMessage` that carries this Welcome, as a hub fans it out.
    fn from(welcome: &WelcomeOctets) -> Self {
        const HEADER: [u8; 4] = [0, 1, 0, 3]; // version mls10, wire format mls_welcome
        Self {
            octets: [&HEADER, welcome.as_slice()].concat(),
            what: PhantomData,
        }
    }
}

impl<T: MlsStruct> Codec for MlsOctets<T> {
    fn write(&self, out: &mut Writer) {
        out.raw(&self.octets);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        read_octets(input).map(|(octets, _)| octets)
    }
}

/// Reads one struct, as octets and parsed.
fn read_octets<T: MlsStruct>(input: &mut Reader<'_>) -> Result<(MlsOctets<T>, T), WireError> {
    let (start, rest) = (input.offset(), input.rest());
    let parsed = delimit(input)?;
    let octets = rest.get(..input.offset() - start).unwrap_or_default().to_vec();
    Ok((
        MlsOctets {
            octets,
            what: PhantomData,
        },
        parsed,
    ))
}

/// Parses one struct and moves the cursor behind it.
///
/// Through `Deserialize`: in debug builds tls_codec's `DeserializeBytes` panics on a vector cut short.
fn delimit<T: MlsStruct>(input: &mut Reader<'_>) -> Result<T, WireError> {
    let offset = input.offset();
    let all = input.rest();
    let bounded = all.get(..MAX_MLS_LEN).unwrap_or(all);
    let mut rest = bounded;
    let parsed = T::tls_deserialize(&mut rest).map_err(|error| match error {
        tls_codec::Error::EndOfStream if bounded.len() == all.len() => WireError::Truncated { offset },
        tls_codec::Error::EndOfStream => WireError::TooLong {
            offset,
            octets: all.len() as u64,
            limit: MAX_MLS_LEN,
        },
        _ => WireError::Mls {
            offset,
            what: T::NAME,
        },
    })?;
    input.take(bounded.len() - rest.len())?;
    Ok(parsed)
}

/// What an `MLSMessage` is, as far as its cleartext tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageKind {
    /// A PrivateMessage that says it is an application message.
    Application,
    /// A PublicMessage with a proposal, of a member or from outside.
    Proposal,
    /// A PublicMessage with a commit, of a member or from outside.
    Commit,
    /// A PrivateMessage that says it is a proposal or commit, or a PublicMessage with application data: MIMI has neither.
    Misplaced,
    /// A Welcome.
    Welcome,
    /// A GroupInfo.
    GroupInfo,
    /// A KeyPackage.
    KeyPackage,
}

impl MessageKind {
    /// The kind of a parsed message.
    #[must_use]
    pub fn of(message: MlsMessageIn) -> Self {
        Self::and_message(message).0
    }

    /// The kind of a parsed message, and it, if it is one of a group.
    fn and_message(message: MlsMessageIn) -> (Self, Option<ProtocolMessage>) {
        let message = match message.extract() {
            MlsMessageBodyIn::PrivateMessage(private) => ProtocolMessage::from(private),
            MlsMessageBodyIn::PublicMessage(public) => ProtocolMessage::from(public),
            MlsMessageBodyIn::Welcome(_) => return (Self::Welcome, None),
            MlsMessageBodyIn::GroupInfo(_) => return (Self::GroupInfo, None),
            MlsMessageBodyIn::KeyPackage(_) => return (Self::KeyPackage, None),
        };
        let private = matches!(message, ProtocolMessage::PrivateMessage(_));
        let kind = match (message.content_type(), private) {
            (ContentType::Application, true) => Self::Application,
            (ContentType::Proposal, false) => Self::Proposal,
            (ContentType::Commit, false) => Self::Commit,
            _ => Self::Misplaced,
        };
        (kind, Some(message))
    }
}

/// Reads an `MLSMessage` and says what it is: the fields that follow depend on it.
pub(crate) fn read_message(input: &mut Reader<'_>) -> Result<(MlsOctets, MessageKind), WireError> {
    read_octets(input).map(|(octets, parsed)| (octets, MessageKind::of(parsed)))
}

/// As [`read_message`], with the message for OpenMLS to work with, if it is one of a group.
pub(crate) fn read_parsed(
    input: &mut Reader<'_>,
) -> Result<(MlsOctets, MessageKind, Option<ProtocolMessage>), WireError> {
    let (octets, parsed) = read_octets(input)?;
    let (kind, message) = MessageKind::and_message(parsed);
    Ok((octets, kind, message))
}

/// Reads a list of messages that must all be proposals.
pub(crate) fn read_proposals(input: &mut Reader<'_>) -> Result<Vec<MlsOctets>, WireError> {
    input
        .list::<ProposalMessage>()
        .map(|list| list.into_iter().map(|entry| entry.0).collect())
}

struct ProposalMessage(MlsOctets);

impl Codec for ProposalMessage {
    fn write(&self, out: &mut Writer) {
        self.0.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let offset = input.offset();
        match read_message(input)? {
            (message, MessageKind::Proposal) => Ok(Self(message)),
            (_, found) => Err(WireError::Message { offset, found }),
        }
    }
}

// Written out because `T` needs none of these itself.

impl<T> Clone for MlsOctets<T> {
    fn clone(&self) -> Self {
        Self {
            octets: self.octets.clone(),
            what: PhantomData,
        }
    }
}

impl<T> PartialEq for MlsOctets<T> {
    fn eq(&self, other: &Self) -> bool {
        self.octets == other.octets
    }
}

impl<T> Eq for MlsOctets<T> {}

impl<T> Hash for MlsOctets<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.octets.hash(state);
    }
}

impl<T> AsRef<[u8]> for MlsOctets<T> {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

impl<T> fmt::Debug for MlsOctets<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlsOctets({} octets)", self.octets.len())
    }
}
