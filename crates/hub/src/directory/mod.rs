//! Key packages: which ones a provider keeps for its clients, and which ones it hands out.
//!
//! **Owns** both decisions, as pure functions over the rows of one user. That a key package is claimed once is the host's
//! row lock: a [`DirectoryWrite::Retire`] that does not hit exactly one row means that somebody else was faster, and the
//! host calls again.
//! **Knows nothing of** rooms, but for the room URI that a request names.

mod choose;
mod publish;

pub(crate) use choose::pass_on;

use comity_mls::{CheckedKeyPackage, KeyPackageFault, check_key_package};
use comity_room::{ClientUri, ProviderUri, Requirement, Timestamp, UserUri};
use openmls_traits::crypto::OpenMlsCrypto;
use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::rows::{Fault, Row, decode, encode};

/// A provider's directory of key packages.
#[derive(Clone, Debug)]
pub struct Directory<C> {
    crypto: C,
    provider: ProviderUri,
    limits: Limits,
}

/// One key package that a client left here. Its fields are meant as columns; [`KeyPackageRow::encode`] serves a host that
/// keeps blobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPackageRow {
    /// Whose.
    pub user: UserUri,
    /// Which client's.
    pub client: ClientUri,
    /// Its KeyPackageRef, by which a Welcome names it. The key of the row.
    #[serde(with = "serde_bytes")]
    pub reference: Vec<u8>,
    /// When it expires. The row may be deleted then, and not before: a Welcome may still come.
    pub not_after: Timestamp,
    /// Whether it may be handed out more than once, when nothing else is left.
    pub last_resort: bool,
    /// The octets of the `KeyPackage`.
    #[serde(with = "serde_bytes")]
    pub octets: Vec<u8>,
}

/// The key packages of one client of a user that can still be handed out; empty if there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// The client.
    pub client: ClientUri,
    /// What it left here and was not retired.
    pub key_packages: Vec<KeyPackageRow>,
}

/// One change to the directory's rows. Exhaustive on purpose: a host that does not know one must not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryWrite {
    /// Inserts a row. A row with that key that is there already, retired or not, stays as it is: a late copy of an old
    /// publication must not put what was handed out back on the shelf.
    Insert(KeyPackageRow),
    /// Never hands the row out again. It must change exactly one row that was not retired; otherwise roll back and call again.
    /// The row itself stays until it expires, because a Welcome names it.
    Retire {
        /// The row's key.
        reference: Vec<u8>,
    },
}

/// Whether the user asked for agrees to be added, as the host knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Yes.
    Given,
    /// No, or not asked.
    Missing,
    /// Yes, but not for this room.
    MissingForThisRoom,
}

/// Whose key packages are asked for, as the host knows the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A user of this provider, with a shelf for each of its clients.
    Known(Consent, &'a [Shelf]),
    /// Nobody here.
    Unknown,
}

/// What became of a PublishKeyPackages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing has happened until the host commits the writes"]
pub struct Publication {
    /// The rows to write, in one transaction.
    pub writes: Vec<DirectoryWrite>,
    /// The answer's body.
    pub reply: Vec<u8>,
    /// Why nothing was stored, if nothing was.
    pub refusal: Option<Refusal>,
}

/// What became of a KeyMaterialRequest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing has happened until the host commits the writes"]
pub struct Selection {
    /// The rows to write, in one transaction.
    pub writes: Vec<DirectoryWrite>,
    /// The answer's body.
    pub reply: Vec<u8>,
    /// What each client got handed out; empty if the request was refused.
    pub chosen: Vec<Chosen>,
    /// Why the request was refused, if it was. The answer says less than this.
    pub refusal: Option<Refusal>,
}

/// What was handed out for one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The client.
    pub client: ClientUri,
    /// The key package, if there was one.
    pub reference: Option<Vec<u8>>,
    /// How many single-use key packages are left; time to tell the client to restock.
    pub left: usize,
}

impl<C: OpenMlsCrypto> Directory<C> {
    /// The directory of `provider`.
    pub fn new(crypto: C, provider: ProviderUri) -> Self {
        Self {
            crypto,
            provider,
            limits: Limits::default(),
        }
    }

    /// With other limits than the default ones.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Checks one key package, the octets of a `KeyPackage` or of an `MLSMessage` with one.
    ///
    /// # Errors
    /// [`Refusal::KeyPackageExpiring`] or [`Refusal::InvalidKeyPackage`].
    pub fn check_key_package(&self, now: Timestamp, octets: &[u8]) -> Result<CheckedKeyPackage, Refusal> {
        check_key_package(&self.crypto, octets, now).map_err(|fault| match fault {
            KeyPackageFault::ExpiresSoon => Refusal::KeyPackageExpiring,
            fault => Refusal::InvalidKeyPackage(fault.code()),
        })
    }

    /// A PublishKeyPackages of one of this provider's clients. `held` are the client's rows that are not retired.
    ///
    /// All or nothing: one bad key package and none is stored. A new last-resort package retires the old one.
    ///
    /// Networks repeat and reorder. Keep each reply beside the id of the request that it answers, and answer a request that
    /// comes again with the reply that is kept, without asking here: an old publication that comes again behind a newer one
    /// that replaced it would otherwise retire the newer one's key packages.
    pub fn publish(
        &self,
        now: Timestamp,
        caller: &Caller,
        held: &[KeyPackageRow],
        body: &[u8],
    ) -> Publication {
        publish::publish(self, now, caller, held, body)
    }

    /// A KeyMaterialRequest for a user of this provider.
    ///
    /// Each client gets one single-use key package that fits — the one that expires first — or its last resort if there is
    /// none. None is handed out with less than 29 days left, so that its commit is accepted a day later still.
    /// `requirement` is what the room requires, if this provider knows it.
    pub fn choose(
        &self,
        now: Timestamp,
        caller: &Caller,
        target: &Target<'_>,
        requirement: Option<&Requirement>,
        body: &[u8],
    ) -> Selection {
        choose::choose(self, now, caller, target, requirement, body)
    }
}

impl KeyPackageRow {
    /// The row as octets.
    ///
    /// # Errors
    /// [`Fault::Unencodable`], which does not happen.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        encode(self)
    }

    /// The row from its octets.
    ///
    /// # Errors
    /// [`Fault::Damaged`] or [`Fault::FromTheFuture`].
    pub fn decode(octets: &[u8]) -> Result<Self, Fault> {
        decode(octets)
    }
}

impl Row for KeyPackageRow {
    const NAME: &'static str = "key package";
}
