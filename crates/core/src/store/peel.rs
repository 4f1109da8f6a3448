//! Takes OpenMLS's message secrets apart, so that a message writes what it has changed.
//!
//! OpenMLS stores the secrets of the present epoch, of every past one that is kept, and the GroupContext of each, as one
//! entity, and writes all of it whenever a message is sent or received. A message of the present epoch changes the
//! present ratchets only.
//!
//! **Owns** the names under which OpenMLS 0.9.2 serialises that entity. If they are others, nothing is taken apart and
//! the entity is stored as one.
//! **Knows nothing of** what is in the parts.

use serde::ser::{Error as _, Impossible, Serialize, SerializeStruct, Serializer};
use serde::{Deserialize, de::DeserializeOwned};

use super::{StorageError, codec};

/// What every message changes.
#[derive(serde::Serialize, Deserialize)]
pub(super) struct Present {
    /// How many fields of the store, and they, as MessagePack of names and values.
    store: (u32, serde_bytes::ByteBuf),
    /// The same of the present epoch's secrets.
    secrets: (u32, serde_bytes::ByteBuf),
}

/// What changes with the epoch, and with messages of past ones: the values, as MessagePack.
#[derive(serde::Serialize, Deserialize)]
pub(super) struct Settled {
    past: serde_bytes::ByteBuf,
    context: serde_bytes::ByteBuf,
}

const STORE: &str = "MessageSecretsStore";
const SECRETS: &str = "MessageSecrets";
const IN_STORE: &str = "message_secrets";
const PAST: &str = "past_epoch_trees";
const CONTEXT: &str = "serialized_context";

#[cfg(test)]
thread_local! {
    /// Whether this thread takes nothing apart, as if the names were others.
    pub(super) static AS_ONE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Takes the entity apart. `None` if it is not of the shape that we know.
pub(super) fn apart<T: Serialize + ?Sized>(entity: &T) -> Option<(Present, Settled)> {
    let mut parts = Parts::default();
    entity.serialize(Outer(&mut parts)).ok()?;
    let settled = Settled {
        past: parts.past.take()?.into(),
        context: parts.context.take()?.into(),
    };
    Some((parts.present()?, settled))
}

/// Only what a message of the present epoch changes. `None` as for [`apart`].
pub(super) fn present<T: Serialize + ?Sized>(entity: &T) -> Option<Present> {
    let mut parts = Parts {
        present_only: true,
        ..Parts::default()
    };
    entity.serialize(Outer(&mut parts)).ok()?;
    parts.present()
}

/// Puts the entity together again.
pub(super) fn together<T: DeserializeOwned>(present: &Present, settled: &Settled) -> Result<T, StorageError> {
    let mut whole = Vec::new();
    let (fields, octets) = &present.store;
    map(&mut whole, fields.saturating_add(2));
    whole.extend_from_slice(octets);
    named(&mut whole, PAST)?;
    whole.extend_from_slice(&settled.past);
    named(&mut whole, IN_STORE)?;
    let (fields, octets) = &present.secrets;
    map(&mut whole, fields.saturating_add(1));
    whole.extend_from_slice(octets);
    named(&mut whole, CONTEXT)?;
    whole.extend_from_slice(&settled.context);
    codec::decode_bare(&whole)
}

/// The head of a map with its number of fields in 32 bits (MessagePack, "map 32").
fn map(octets: &mut Vec<u8>, fields: u32) {
    octets.push(0xdf);
    octets.extend_from_slice(&fields.to_be_bytes());
}

fn named(octets: &mut Vec<u8>, name: &str) -> Result<(), StorageError> {
    codec::encode_bare(octets, name)
}

#[derive(Default)]
struct Parts {
    present_only: bool,
    store: (u32, Vec<u8>),
    secrets: Option<(u32, Vec<u8>)>,
    past: Option<Vec<u8>>,
    context: Option<Vec<u8>>,
    /// Whether the fields were there, even if they were passed over.
    met_past: bool,
    met_context: bool,
}

impl Parts {
    fn present(self) -> Option<Present> {
        if !(self.met_past && self.met_context) {
            return None;
        }
        let (store_fields, store) = self.store;
        let (secrets_fields, secrets) = self.secrets?;
        Some(Present {
            store: (store_fields, store.into()),
            secrets: (secrets_fields, secrets.into()),
        })
    }
}

type Unknown = rmp_serde::encode::Error;

fn unknown<T>() -> Result<T, Unknown> {
    Err(Unknown::custom("another shape"))
}

fn value<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Unknown> {
    let mut octets = Vec::new();
    codec::encode_bare(&mut octets, value).or_else(|_| unknown())?;
    Ok(octets)
}

fn field<T: Serialize + ?Sized>(
    (fields, octets): &mut (u32, Vec<u8>),
    name: &'static str,
    value: &T,
) -> Result<(), Unknown> {
    *fields = fields.saturating_add(1);
    codec::encode_bare(octets, name).or_else(|_| unknown())?;
    codec::encode_bare(octets, value).or_else(|_| unknown())
}

/// Sees the store of all message secrets.
struct Outer<'a>(&'a mut Parts);

impl SerializeStruct for Outer<'_> {
    type Ok = ();
    type Error = Unknown;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, it: &T) -> Result<(), Unknown> {
        match name {
            PAST => {
                self.0.met_past = true;
                if !self.0.present_only {
                    self.0.past = Some(value(it)?);
                }
                Ok(())
            }
            IN_STORE => it.serialize(Inner(self.0)),
            _ => field(&mut self.0.store, name, it),
        }
    }

    fn end(self) -> Result<(), Unknown> {
        Ok(())
    }
}

/// Sees the secrets of the present epoch.
struct Inner<'a>(&'a mut Parts);

impl SerializeStruct for Inner<'_> {
    type Ok = ();
    type Error = Unknown;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, it: &T) -> Result<(), Unknown> {
        if name == CONTEXT {
            self.0.met_context = true;
            if !self.0.present_only {
                self.0.context = Some(value(it)?);
            }
            return Ok(());
        }
        field(self.0.secrets.get_or_insert_default(), name, it)
    }

    fn end(self) -> Result<(), Unknown> {
        Ok(())
    }
}

/// A serializer that takes one struct, and nothing else.
macro_rules! one_struct {
    ($Sees:ident, $name:expr) => {
        impl Serializer for $Sees<'_> {
            type Ok = ();
            type Error = Unknown;
            type SerializeSeq = Impossible<(), Unknown>;
            type SerializeTuple = Impossible<(), Unknown>;
            type SerializeTupleStruct = Impossible<(), Unknown>;
            type SerializeTupleVariant = Impossible<(), Unknown>;
            type SerializeMap = Impossible<(), Unknown>;
            type SerializeStruct = Self;
            type SerializeStructVariant = Impossible<(), Unknown>;

            fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self, Unknown> {
                #[cfg(test)]
                if AS_ONE.get() {
                    return unknown();
                }
                if name == $name { Ok(self) } else { unknown() }
            }

            one_struct!(scalars: serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
                serialize_i64 i64, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
                serialize_f32 f32, serialize_f64 f64, serialize_char char, serialize_str &str,
                serialize_bytes &[u8], serialize_unit_struct &'static str);

            fn serialize_none(self) -> Result<(), Unknown> {
                unknown()
            }

            fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Unknown> {
                unknown()
            }

            fn serialize_unit(self) -> Result<(), Unknown> {
                unknown()
            }

            fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Unknown> {
                unknown()
            }

            fn serialize_newtype_struct<T: Serialize + ?Sized>(
                self,
                _: &'static str,
                _: &T,
            ) -> Result<(), Unknown> {
                unknown()
            }

            fn serialize_newtype_variant<T: Serialize + ?Sized>(
                self,
                _: &'static str,
                _: u32,
                _: &'static str,
                _: &T,
            ) -> Result<(), Unknown> {
                unknown()
            }

            fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Unknown> {
                unknown()
            }

            fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unknown> {
                unknown()
            }

            fn serialize_tuple_struct(
                self,
                _: &'static str,
                _: usize,
            ) -> Result<Self::SerializeTupleStruct, Unknown> {
                unknown()
            }

            fn serialize_tuple_variant(
                self,
                _: &'static str,
                _: u32,
                _: &'static str,
                _: usize,
            ) -> Result<Self::SerializeTupleVariant, Unknown> {
                unknown()
            }

            fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unknown> {
                unknown()
            }

            fn serialize_struct_variant(
                self,
                _: &'static str,
                _: u32,
                _: &'static str,
                _: usize,
            ) -> Result<Self::SerializeStructVariant, Unknown> {
                unknown()
            }
        }
    };
    (scalars: $($method:ident $Type:ty),*) => {
        $(fn $method(self, _: $Type) -> Result<(), Unknown> {
            unknown()
        })*
    };
}

one_struct!(Outer, STORE);
one_struct!(Inner, SECRETS);

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct MessageSecretsStore {
        max_epochs: usize,
        past_epoch_trees: Vec<String>,
        message_secrets: MessageSecrets,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct MessageSecrets {
        membership_key: Vec<u8>,
        serialized_context: Vec<u8>,
        added_at: Option<u64>,
    }

    fn sample() -> MessageSecretsStore {
        MessageSecretsStore {
            max_epochs: 5,
            past_epoch_trees: vec!["past".repeat(500)],
            message_secrets: MessageSecrets {
                membership_key: vec![7; 32],
                serialized_context: vec![9; 3000],
                added_at: Some(1),
            },
        }
    }

    #[test]
    fn what_was_taken_apart_is_put_together_again() {
        let (present, settled) = apart(&sample()).unwrap();
        assert_eq!(
            together::<MessageSecretsStore>(&present, &settled).unwrap(),
            sample()
        );
    }

    #[test]
    fn a_message_leaves_the_past_and_the_context_alone() {
        let (_, settled) = apart(&sample()).unwrap();
        let mut later = sample();
        later.message_secrets.membership_key = vec![8; 32];
        let present = present(&later).unwrap();
        assert!(codec::encode(&present).unwrap().len() < 200);
        assert_eq!(
            together::<MessageSecretsStore>(&present, &settled).unwrap(),
            later
        );
    }

    #[test]
    fn an_entity_of_another_shape_is_not_taken_apart() {
        #[derive(Serialize)]
        struct MessageSecretsStore {
            message_secrets: u8,
            past_epoch_trees: u8,
        }
        #[derive(Serialize)]
        struct Other {
            past_epoch_trees: u8,
        }
        let renamed = MessageSecretsStore {
            message_secrets: 1,
            past_epoch_trees: 2,
        };
        assert!(apart(&renamed).is_none() && present(&renamed).is_none());
        assert!(apart(&Other { past_epoch_trees: 1 }).is_none());
        assert!(apart(&[1, 2]).is_none());
        assert!(apart("text").is_none());
    }
}
