//! Who this client is: its identity, its signature key, and what it says it can receive.

use comity_room::{Advertisement, ClientUri, ProviderUri, UserUri};
use openmls::prelude::{CredentialWithKey, Extensions, LeafNode};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::Error;
use crate::provider::LeafSigner;
use crate::store::{Store, small};

/// The identity of a new client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user: UserUri,
    /// The client, of the same provider.
    pub client: ClientUri,
}

/// This client, in memory.
pub(crate) struct Me {
    pub(crate) user: UserUri,
    pub(crate) client: ClientUri,
    pub(crate) signer: LeafSigner,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    user: UserUri,
    client: ClientUri,
    #[serde(with = "serde_bytes")]
    seed: Vec<u8>,
}

/// What this client says it can receive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Advertised {
    /// Counts advertisements; a leaf that carries an older number is to be renewed.
    pub(crate) number: u64,
    pub(crate) media: Advertisement,
    pub(crate) languages: Vec<String>,
}

const ME: &str = "me";
const ADVERTISED: &str = "advertised";

impl Me {
    /// Draws a signature key and stores the identity.
    pub(crate) fn create(store: &Store, identity: Identity) -> Result<Self, Error> {
        let signer = LeafSigner::generate()?;
        let mut stored = Stored {
            user: identity.user,
            client: identity.client,
            seed: signer.octets().to_vec(),
        };
        let written = small::put_setting(store, ME, &stored);
        stored.seed.zeroize();
        written?;
        Ok(Self {
            user: stored.user,
            client: stored.client,
            signer,
        })
    }

    /// Whose client it is.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            user: self.user.clone(),
            client: self.client.clone(),
        }
    }

    /// Reads the identity.
    pub(crate) fn load(store: &Store) -> Result<Self, Error> {
        let stored: Stored = small::setting(store, ME)?.ok_or(crate::store::StorageError::Corrupt)?;
        let seed = Zeroizing::new(stored.seed);
        let octets: &[u8; 32] = seed
            .as_slice()
            .try_into()
            .map_err(|_| crate::store::StorageError::Corrupt)?;
        Ok(Self {
            user: stored.user,
            client: stored.client,
            signer: LeafSigner::from_octets(octets),
        })
    }

    pub(crate) fn provider(&self) -> ProviderUri {
        self.user.provider()
    }

    /// The credential that our leaves present.
    pub(crate) fn credential(&self) -> CredentialWithKey {
        comity_mls::leaf::credential(&self.client, &self.signer.public())
    }

    /// The extensions of our leaves.
    pub(crate) fn leaf(&self, advertised: &Advertised) -> Extensions<LeafNode> {
        comity_mls::leaf_extensions(&self.user, &advertised.media)
    }
}

impl Advertised {
    /// What was advertised last; before the first time, what MIMI requires of every client.
    pub(crate) fn load(store: &Store) -> Result<Self, Error> {
        let stored = small::setting(store, ADVERTISED)?;
        Ok(stored.unwrap_or_else(|| Self {
            number: 0,
            media: comity_room::media_types::baseline(),
            languages: Vec::new(),
        }))
    }

    pub(crate) fn store(&self, store: &Store) -> Result<(), Error> {
        Ok(small::put_setting(store, ADVERTISED, self)?)
    }
}
