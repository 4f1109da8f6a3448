//! How a value becomes the octets that are sealed in a row, and back.
//!
//! **Owns** the envelope: one version octet, then MessagePack with structs as maps and octet vectors as byte strings.
//! **Knows nothing of** keys or SQL.
//!
//! The encoding has to describe itself: OpenMLS deserialises `PastEpochDeletionPolicy` through an untagged enum, so
//! positional formats (bincode, postcard) write a group happily and then cannot load it again. Field names also let a
//! later version add a field with `#[serde(default)]`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StorageError;

/// The only envelope there is so far.
const MESSAGE_PACK: u8 = 1;

/// A value in its envelope.
///
/// # Errors
/// [`StorageError::Bug`]: every type we store can be encoded.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, StorageError> {
    let mut octets = Vec::new();
    encode_into(&mut octets, value)?;
    Ok(octets)
}

/// As [`encode`], behind what `octets` already holds.
pub(crate) fn encode_into<T: Serialize + ?Sized>(
    octets: &mut Vec<u8>,
    value: &T,
) -> Result<(), StorageError> {
    octets.push(MESSAGE_PACK);
    let mut serializer = rmp_serde::Serializer::new(octets)
        .with_struct_map()
        .with_bytes(rmp_serde::config::BytesMode::ForceAll);
    value
        .serialize(&mut serializer)
        .map_err(|_| StorageError::Bug("a value cannot be encoded"))
}

/// The value in an envelope. Octets behind it are ignored: what is decoded has passed its seal, so we wrote it.
///
/// # Errors
/// [`StorageError::FromTheFuture`] if the envelope has another version, [`StorageError::Corrupt`] if the octets are no
/// value of this type.
pub(crate) fn decode<T: DeserializeOwned>(octets: &[u8]) -> Result<T, StorageError> {
    let (version, packed) = octets.split_first().ok_or(StorageError::Corrupt)?;
    if *version != MESSAGE_PACK {
        return Err(StorageError::FromTheFuture);
    }
    rmp_serde::from_slice(packed).map_err(|_| StorageError::Corrupt)
}
