//! How to open a client's file.

use std::sync::Arc;

use comity::{Key32, RequestId, Twin};
use zeroize::Zeroizing;

use crate::fault::{ComityError, invalid};
use crate::guard::contained;
use crate::octets::Octets;

/// How to open a client's file. It holds the key, and prints nothing.
#[derive(uniffi::Object)]
pub struct Opening(pub(crate) comity::Opening);

#[uniffi::export]
impl Opening {
    /// Opens as the main app, with the default budget.
    ///
    /// `path`: the file; beside it stand its log and its locks. `key`: 32 uniformly random octets that the host keeps, for instance in
    /// the device's keystore; not a password. The library keeps a copy for as long as the opening and its clients are there.
    #[uniffi::constructor]
    pub fn app(path: String, key: &[u8]) -> Result<Arc<Self>, ComityError> {
        contained(|| Ok(Arc::new(Self(comity::Opening::app(path, key_of(key)?)))))
    }

    /// Opens as a notification extension, with a small budget: it never advertises, never creates, and keeps no group in memory.
    #[uniffi::constructor]
    pub fn extension(path: String, key: &[u8]) -> Result<Arc<Self>, ComityError> {
        contained(|| Ok(Arc::new(Self(comity::Opening::extension(path, key_of(key)?)))))
    }

    /// The same with another budget.
    pub fn budgeted(&self, budget: Budget) -> Arc<Self> {
        Arc::new(Self(comity::Opening {
            budget: budget.into(),
            ..self.0.clone()
        }))
    }

    /// The same, by a host that keeps witnesses, to notice that the file is an older copy. Without witnesses an older copy is not
    /// noticed; keys are used twice then, and members of a room see different histories for ever.
    ///
    /// A host that keeps witnesses passes them from the creation of the client on, with whatever it finds. In this order, at each
    /// opening: read the twin; open; write the client's `twin` to where the twin is kept; only then post a request. If the file is a
    /// copy, the event `Restored` stands in the log, and an extension is told `StorageNeedsApp`.
    pub fn witnessed(&self, witnesses: Witnesses) -> Result<Arc<Self>, ComityError> {
        let Witnesses { twin, last_request } = witnesses;
        contained(|| {
            let twin = twin.map(twin_of).transpose()?;
            let witnesses = comity::Witnesses { twin, last_request };
            Ok(Arc::new(Self(self.0.clone().witnessed(witnesses))))
        })
    }
}

/// How much one `receive` may take, and how much memory groups may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Budget {
    /// Frames.
    pub frames: u64,
    /// Octets of frames. At least one frame is taken, whatever its size.
    pub octets: u64,
    /// Octets of memory, about. In the main app: what groups may take together between two steps. In an extension: what one frame may
    /// need while it is taken; frames that need more are held for the main app.
    pub memory: u64,
}

/// What is right for a main app on a phone.
#[uniffi::export]
#[must_use]
pub fn budget_of_app() -> Budget {
    comity::Budget::APP.into()
}

/// What is right for a notification extension that may use 24 MB in all.
#[uniffi::export]
#[must_use]
pub fn budget_of_extension() -> Budget {
    comity::Budget::EXTENSION.into()
}

/// What the host keeps of a client's file outside of it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Witnesses {
    /// The latest `twin` of the client, 16 octets, from a place that stays on this device and is in no backup; none if nothing is
    /// there.
    pub twin: Option<Octets>,
    /// The last request of this client that its server took, as the server says, if it does.
    pub last_request: Option<RequestId>,
}

pub(crate) fn key_of(octets: &[u8]) -> Result<Key32, ComityError> {
    let key: Zeroizing<[u8; 32]> = octets
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| invalid("key_length"))?;
    Ok(Key32::new(*key))
}

fn twin_of(octets: Octets) -> Result<Twin, ComityError> {
    let octets = octets.0.try_into().map_err(|_| invalid("twin_length"))?;
    Ok(Twin::new(octets))
}

impl From<comity::Budget> for Budget {
    fn from(budget: comity::Budget) -> Self {
        let comity::Budget {
            frames,
            octets,
            memory,
        } = budget;
        let wide = |of: usize| u64::try_from(of).unwrap_or(u64::MAX);
        Self {
            frames: wide(frames),
            octets: wide(octets),
            memory: wide(memory),
        }
    }
}

impl From<Budget> for comity::Budget {
    fn from(budget: Budget) -> Self {
        let Budget {
            frames,
            octets,
            memory,
        } = budget;
        Self {
            frames: narrow(frames),
            octets: narrow(octets),
            memory: narrow(memory),
        }
    }
}

/// As much as fits.
pub(crate) fn narrow(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
