//! `SafeAAD`: the authenticated data of every message of a room whose group context has `safe_aad`.
//!
//! Draft-10 of *mls-extensions* says both that authenticated data *is* one `SafeAAD` and that it *starts with* one. We read it
//! as exactly one: octets behind it are refused.
//!
//! See *mls-extensions*, "Safe Additional Authenticated Data (AAD)".

use std::collections::BTreeMap;

use crate::codec::{Codec, MAX_ENTRIES, MAX_MLS_LEN, Reader, Writer};
use crate::components::FRANK_AAD;
use crate::{WireError, wire};

/// What components say beside a message, in the open but authenticated. Empty by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SafeAad {
    /// The items by component id: at most one each, in increasing order, as the draft wants them.
    pub items: BTreeMap<u16, Vec<u8>>,
}

impl SafeAad {
    /// With one item, the sender's commitment to content, sender and room: HMAC-SHA-256 over the application data.
    #[must_use]
    pub fn with_franking_tag(tag: [u8; 32]) -> Self {
        Self {
            items: BTreeMap::from([(FRANK_AAD, tag.to_vec())]),
        }
    }

    /// The sender's franking tag, if there is one of the right length.
    #[must_use]
    pub fn franking_tag(&self) -> Option<[u8; 32]> {
        self.items.get(&FRANK_AAD)?.as_slice().try_into().ok()
    }
}

wire!(SafeAad);

impl Codec for SafeAad {
    fn write(&self, out: &mut Writer) {
        out.vector(|out| {
            for (id, data) in &self.items {
                out.write(id);
                out.write(data);
            }
        });
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut entries = input.vector(MAX_MLS_LEN)?;
        let mut items = BTreeMap::new();
        while !entries.is_empty() {
            let offset = entries.offset();
            if items.len() == MAX_ENTRIES {
                return Err(WireError::TooMany { offset });
            }
            let id: u16 = entries.read()?;
            if items.last_key_value().is_some_and(|(last, _)| *last >= id) {
                return Err(WireError::Unsorted { offset, id });
            }
            items.insert(id, entries.read()?);
        }
        Ok(Self { items })
    }
}
