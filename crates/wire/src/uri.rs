//! `IdentifierUri`: the room crate's URIs inside structs.
//!
//! See *mimi-protocol*, "Fetch Key Material".

use comity_room::{ClientUri, RoomUri, Timestamp, UserUri};

use crate::codec::{Codec, MAX_TEXT_LEN, Reader, Writer};
use crate::{WireError, wire};

macro_rules! identifier_uri {
    ($($name:ty),+) => {$(
        impl Codec for $name {
            fn write(&self, out: &mut Writer) {
                out.text(self.as_str());
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
                let offset = input.offset();
                let text = std::str::from_utf8(input.opaque(MAX_TEXT_LEN)?)
                    .map_err(|_| WireError::Text { offset, field: "uri" })?;
                Self::parse(text).map_err(|source| WireError::Uri { offset, source })
            }
        }
    )+};
}

identifier_uri!(UserUri, ClientUri, RoomUri);
wire!(UserUri);

impl Codec for Timestamp {
    fn write(&self, out: &mut Writer) {
        out.u64(self.as_millis());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.u64().map(Self::from_millis)
    }
}
