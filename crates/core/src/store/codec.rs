//! How a value becomes the octets that are sealed in a row, and back.
//!
//! **Owns** the envelope: one version octet, then MessagePack with structs as maps and octet vectors as
//! byte strings.
//! **Knows nothing of** keys or SQL.
//!
//! The encoding has to describe itself: OpenMLS deserialises `PastEpochDeletionPolicy` through an untagged
//! enum, so positional formats (bincode, postcard) write a group happily and then cannot load it again.
//! Field names also let a later version add a field with `#[serde(default)]`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StorageError;

/// As much as most values need, so that their buffer never moves.
const USUAL: usize = 1024;
/// The only envelope there is so far.
const MESSAGE_PACK: u8 = 1;

/// A value in its envelope.
///
/// # Errors
/// [`StorageError::Bug`]: every type we store can be encoded.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, StorageError> {
    let mut octets = Vec::with_capacity(USUAL);
    encode_into(&mut octets, value)?;
    Ok(octets)
}

/// As [`encode`], behind what `octets` already holds.
pub(crate) fn encode_into<T: Serialize + ?Sized>(
    octets: &mut Vec<u8>,
    value: &T,
) -> Result<(), StorageError> {
    octets.push(MESSAGE_PACK);
    encode_bare(octets, value)
}

/// As [`encode_into`], without the envelope.
pub(super) fn encode_bare<T: Serialize + ?Sized>(
    octets: &mut Vec<u8>,
    value: &T,
) -> Result<(), StorageError> {
    let mut serializer = rmp_serde::Serializer::new(octets)
        .with_struct_map()
        .with_bytes(rmp_serde::config::BytesMode::ForceAll);
    value
        .serialize(&mut serializer)
        .map_err(|_| StorageError::Bug("a value cannot be encoded"))
}

/// The value in an envelope. Octets behind it are ignored: what is decoded has passed its seal, so we wrote
/// it.
///
/// # Errors
/// [`StorageError::FromTheFuture`] if the envelope has another version, [`StorageError::Corrupt`] if the
/// octets are no value of this type.
pub(crate) fn decode<T: DeserializeOwned>(octets: &[u8]) -> Result<T, StorageError> {
    let (version, packed) = octets.split_first().ok_or(StorageError::Corrupt)?;
    if *version != MESSAGE_PACK {
        return Err(StorageError::FromTheFuture);
    }
    decode_bare(packed)
}

/// As [`decode`], without the envelope.
pub(super) fn decode_bare<T: DeserializeOwned>(octets: &[u8]) -> Result<T, StorageError> {
    rmp_serde::from_slice(octets).map_err(|_| StorageError::Corrupt)
}

#[cfg(test)]
mod tests {
    use openmls::group::{MlsGroupJoinConfig, PastEpochDeletionPolicy};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        name: String,
        octets: Vec<u8>,
        number: Option<u64>,
    }

    fn sample() -> Sample {
        Sample {
            name: "a".into(),
            octets: vec![7; 3],
            number: None,
        }
    }

    #[test]
    fn the_encoding_of_a_struct_is_the_one_files_already_hold() {
        let octets = encode(&sample()).unwrap();
        assert_eq!(
            hex::encode(&octets),
            "0183a46e616d65a161a66f6374657473c403070707a66e756d626572c0"
        );
        assert_eq!(decode::<Sample>(&octets).unwrap(), sample());
    }

    #[test]
    fn a_field_added_later_may_be_absent_in_an_older_value() {
        #[derive(Deserialize)]
        struct Later {
            name: String,
            #[serde(default)]
            added: u32,
        }
        let later: Later = decode(&encode(&sample()).unwrap()).unwrap();
        assert_eq!((later.name.as_str(), later.added), ("a", 0));
    }

    #[test]
    fn a_join_config_comes_back_with_its_policy_behind_an_untagged_enum() {
        for policy in [
            PastEpochDeletionPolicy::MaxEpochs(5),
            PastEpochDeletionPolicy::KeepAll,
        ] {
            let config = MlsGroupJoinConfig::builder()
                .set_past_epoch_deletion_policy(policy)
                .build();
            let back: MlsGroupJoinConfig = decode(&encode(&config).unwrap()).unwrap();
            assert_eq!(format!("{back:?}"), format!("{config:?}"));
        }
    }

    #[test]
    fn what_is_no_envelope_of_ours_is_refused() {
        let mut octets = encode(&sample()).unwrap();
        assert_eq!(decode::<Sample>(&[]), Err(StorageError::Corrupt));
        assert_eq!(
            decode::<Sample>(octets.get(..octets.len() - 1).unwrap()),
            Err(StorageError::Corrupt)
        );
        assert_eq!(decode::<u64>(&octets), Err(StorageError::Corrupt));
        *octets.first_mut().unwrap() = 2;
        assert_eq!(decode::<Sample>(&octets), Err(StorageError::FromTheFuture));
    }
}
