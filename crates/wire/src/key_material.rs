//! The `keyMaterial` endpoint: a client asks for key packages of all clients of a user.
//!
//! See *mimi-protocol*, "Fetch Key Material".

use comity_room::{ClientUri, RoomUri, UserUri};

use crate::codec::{Codec, Reader, Writer};
use crate::frame::{CapabilitiesOctets, KeyPackageOctets, RequiredCapabilitiesOctets};
use crate::signing::Signatory;
use crate::{WireError, wire};

/// The body of a request for key material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMaterialRequest {
    /// Who asks.
    pub requesting_user: UserUri,
    /// Whose clients are to be added.
    pub target_user: UserUri,
    /// The room to add them to; material is for this room only. `None` is a zero-length `roomId`.
    pub room: Option<RoomUri>,
    /// The numbers of the cipher suites that will do. Not empty.
    pub cipher_suites: Vec<u16>,
    /// The capabilities that a client must have.
    pub required_capabilities: RequiredCapabilitiesOctets,
    /// Who signs this request.
    pub requester: Signatory,
    /// [`SignWithLabel`](crate::labelled) of [`to_be_signed`](Self::to_be_signed) under [`LABEL`](Self::LABEL).
    pub signature: Vec<u8>,
}

impl KeyMaterialRequest {
    /// The label of the signature.
    pub const LABEL: &str = "KeyMaterialRequestTBS";

    /// `KeyMaterialRequestTBS`: everything but the signature.
    #[must_use]
    pub fn to_be_signed(&self) -> Vec<u8> {
        let mut out = Writer::default();
        self.write_unsigned(&mut out);
        out.into_octets()
    }

    fn write_unsigned(&self, out: &mut Writer) {
        let Self {
            requesting_user,
            target_user,
            room,
            cipher_suites,
            required_capabilities,
            requester,
            signature: _,
        } = self;
        out.protocol();
        out.write(requesting_user);
        out.write(target_user);
        out.text(room.as_ref().map_or("", |room| room.as_str()));
        out.list(cipher_suites);
        out.write(required_capabilities);
        out.write(requester);
    }
}

/// The answer to a request for key material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMaterialResponse {
    /// How the request fared as a whole.
    pub status: KeyMaterialUserCode,
    /// The user asked for.
    pub user: UserUri,
    /// One entry per client; none unless the status is `Success`, `PartialSuccess` or `NoCompatibleMaterial`.
    pub clients: Vec<ClientKeyMaterial>,
}

/// How a request for key material fared as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyMaterialUserCode {
    /// There is material for every client of the user.
    Success,
    /// There is material for at least one client of the user.
    PartialSuccess,
    /// The provider or the clients do not speak the protocol asked for.
    IncompatibleProtocol,
    /// No client has material that fits the requirements.
    NoCompatibleMaterial,
    /// The provider does not know the user, or does not say.
    UserUnknown,
    /// The user has not consented, or the provider does not say why.
    NoConsent,
    /// The user has not consented to this room.
    NoConsentForThisRoom,
    /// The user is gone.
    UserDeleted,
}

/// What there is for one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKeyMaterial {
    /// The client.
    pub client: ClientUri,
    /// Its material, or why there is none.
    pub material: ClientMaterial,
}

/// A client's key material, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientMaterial {
    /// A key package, for one use in one room.
    Success(KeyPackageOctets),
    /// There is none left.
    Exhausted,
    /// None fits the requirements.
    NothingCompatible {
        /// What the client is capable of, if the provider tells.
        capabilities: Option<CapabilitiesOctets>,
    },
}

wire!(KeyMaterialRequest, KeyMaterialResponse);

impl Codec for KeyMaterialRequest {
    fn write(&self, out: &mut Writer) {
        self.write_unsigned(out);
        out.write(&self.signature);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.protocol()?;
        Ok(Self {
            requesting_user: input.read()?,
            target_user: input.read()?,
            room: read_room(input)?,
            cipher_suites: input.some("acceptableCiphersuites")?,
            required_capabilities: input.read()?,
            requester: input.read()?,
            signature: input.read()?,
        })
    }
}

/// The draft has no `optional` here: a request that is not for a room has an empty URI.
fn read_room(input: &mut Reader<'_>) -> Result<Option<RoomUri>, WireError> {
    if input.rest().first() == Some(&0) {
        input.u8()?;
        return Ok(None);
    }
    input.read().map(Some)
}

impl Codec for KeyMaterialResponse {
    fn write(&self, out: &mut Writer) {
        let Self {
            status,
            user,
            clients,
        } = self;
        out.protocol();
        out.write(status);
        out.write(user);
        out.list(clients);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.protocol()?;
        Ok(Self {
            status: input.read()?,
            user: input.read()?,
            clients: input.list()?,
        })
    }
}

impl Codec for KeyMaterialUserCode {
    fn write(&self, out: &mut Writer) {
        out.u8(match self {
            Self::Success => 0,
            Self::PartialSuccess => 1,
            Self::IncompatibleProtocol => 2,
            Self::NoCompatibleMaterial => 3,
            Self::UserUnknown => 4,
            Self::NoConsent => 5,
            Self::NoConsentForThisRoom => 6,
            Self::UserDeleted => 7,
        });
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match input.u8()? {
            0 => Self::Success,
            1 => Self::PartialSuccess,
            2 => Self::IncompatibleProtocol,
            3 => Self::NoCompatibleMaterial,
            4 => Self::UserUnknown,
            5 => Self::NoConsent,
            6 => Self::NoConsentForThisRoom,
            7 => Self::UserDeleted,
            other => return Err(input.unknown("KeyMaterialUserCode", other)),
        })
    }
}

impl Codec for ClientKeyMaterial {
    fn write(&self, out: &mut Writer) {
        let Self { client, material } = self;
        out.u8(match material {
            ClientMaterial::Success(_) => 0,
            ClientMaterial::Exhausted => 1,
            ClientMaterial::NothingCompatible { .. } => 2,
        });
        out.write(client);
        match material {
            ClientMaterial::Success(key_package) => out.write(key_package),
            ClientMaterial::Exhausted => {}
            ClientMaterial::NothingCompatible { capabilities } => out.optional(capabilities.as_ref()),
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let code = input.u8()?;
        let unknown = input.unknown("KeyMaterialClientCode", code);
        let client = input.read()?;
        let material = match code {
            0 => ClientMaterial::Success(input.read()?),
            1 => ClientMaterial::Exhausted,
            2 => ClientMaterial::NothingCompatible {
                capabilities: input.optional()?,
            },
            _ => return Err(unknown),
        };
        Ok(Self { client, material })
    }
}
