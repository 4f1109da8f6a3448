//! Our `publishKeyPackages` endpoint: a client leaves key packages at its own provider.
//!
//! MIMI leaves this to each provider, because client and provider belong together. We give it a form, so that a library and
//! a hub crate can meet.

use comity_room::{ClientUri, UserUri};

use crate::codec::{Codec, Reader, Writer};
use crate::frame::KeyPackageOctets;
use crate::{WireError, wire};

/// The body of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishKeyPackages {
    /// The user of the client.
    pub user: UserUri,
    /// The client that publishes.
    pub client: ClientUri,
    /// Whether the provider forgets those it holds for this client.
    pub replace: bool,
    /// The key packages.
    pub key_packages: Vec<KeyPackageOctets>,
}

/// The provider's answer to a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishKeyPackagesResponse {
    /// All are stored.
    Accepted {
        /// How many key packages the provider holds for the client now, last resort included.
        held: u32,
    },
    /// None is stored.
    Refused {
        /// A stable code, such as `key_package_expires_too_soon`.
        code: String,
        /// Words for a log, not for a user. May be empty.
        description: String,
    },
}

wire!(PublishKeyPackages, PublishKeyPackagesResponse);

impl Codec for PublishKeyPackages {
    fn write(&self, out: &mut Writer) {
        let Self {
            user,
            client,
            replace,
            key_packages,
        } = self;
        out.protocol();
        out.write(user);
        out.write(client);
        out.u8((*replace).into());
        out.list(key_packages);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.protocol()?;
        Ok(Self {
            user: input.read()?,
            client: input.read()?,
            replace: input.flag("replace")?,
            key_packages: input.list()?,
        })
    }
}

impl Codec for PublishKeyPackagesResponse {
    fn write(&self, out: &mut Writer) {
        out.protocol();
        match self {
            Self::Accepted { held } => {
                out.u8(0);
                out.write(held);
            }
            Self::Refused { code, description } => {
                out.u8(1);
                out.text(code);
                out.text(description);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.protocol()?;
        match input.u8()? {
            0 => Ok(Self::Accepted { held: input.read()? }),
            1 => Ok(Self::Refused {
                code: input.text("code")?,
                description: input.text("description")?,
            }),
            other => Err(input.unknown("PublishKeyPackagesResponse", other)),
        }
    }
}
