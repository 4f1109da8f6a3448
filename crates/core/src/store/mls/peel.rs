//! Takes OpenMLS's message secrets apart, so that each step writes what it has changed.
//!
//! OpenMLS stores the secrets of the present epoch, of every past one that is kept, and the GroupContext of each, as one
//! entity, and writes all of it whenever a message is sent or received. A message of the present epoch changes the
//! present ratchets only; a late one those of its epoch.
//!
//! **Owns** the names under which OpenMLS 0.9.2 serialises that entity. If they are others, nothing is taken apart and
//! the entity is stored as one.
//! **Knows nothing of** what is in the parts.

use serde::ser::{Error as _, Serialize};
use serde::{Deserialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use super::codec;
use super::probe::{Look, Unknown, show, unknown};
use crate::store::StorageError;

/// What every message changes.
#[derive(serde::Serialize, Deserialize)]
pub(super) struct Present {
    /// How many fields of the store, and they, as MessagePack of names and values.
    store: (u32, serde_bytes::ByteBuf),
    /// The same of the present epoch's secrets.
    secrets: (u32, serde_bytes::ByteBuf),
    /// The same of the secret tree in them.
    tree: (u32, serde_bytes::ByteBuf),
    /// The lists in the tree. They have an element for each member, and hardly any has a value.
    lists: Vec<(String, Sparse)>,
}

/// A list of values of which most are missing.
#[derive(Default, serde::Serialize, Deserialize)]
struct Sparse {
    /// While it is looked at: whether the list has begun.
    #[serde(skip)]
    begun: bool,
    elements: u32,
    /// The place of each value, and where it ends.
    values: Vec<(u32, usize)>,
    /// The values, as MessagePack one behind the other.
    octets: serde_bytes::ByteBuf,
}

/// The secrets of a past epoch.
pub(super) struct Past {
    pub(super) epoch: u64,
    /// The value, as MessagePack.
    pub(super) octets: Zeroizing<Vec<u8>>,
}

/// Everything.
pub(super) struct Apart {
    pub(super) present: Present,
    /// The GroupContext of the present epoch, as MessagePack.
    pub(super) context: Vec<u8>,
    /// In the order in which OpenMLS keeps them.
    pub(super) past: Vec<Past>,
}

const STORE: &str = "MessageSecretsStore";
const SECRETS: &str = "MessageSecrets";
const IN_STORE: &str = "message_secrets";
const PAST: &str = "past_epoch_trees";
const CONTEXT: &str = "serialized_context";
const PAST_EPOCH: &str = "EpochTree";
const EPOCH: &str = "epoch";
const SECRET_TREE: &str = "SecretTree";
const IN_SECRETS: &str = "secret_tree";
/// MessagePack for a value that is missing.
const NIL: u8 = 0xc0;

#[cfg(test)]
thread_local! {
    /// Whether this thread takes nothing apart, as if the names were others.
    pub(in crate::store) static AS_ONE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Which of the parts are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    Present,
    /// The present, and one past epoch.
    Past(u64),
}

/// Takes the entity apart. `None` if it is not of the shape that we know.
pub(super) fn apart<T: Serialize + ?Sized>(entity: &T) -> Option<Apart> {
    let parts = Parts::of(entity, Wanted::All)?;
    Some(Apart {
        present: parts.present,
        context: parts.context?,
        past: parts.past,
    })
}

/// Only what a message of the present epoch changes. `None` as for [`apart`].
pub(super) fn present<T: Serialize + ?Sized>(entity: &T) -> Option<Present> {
    Parts::of(entity, Wanted::Present).map(|parts| parts.present)
}

/// Only what a late message changes: the secrets of its epoch; and the present. `None` as for [`apart`], or if there are none.
pub(super) fn past<T: Serialize + ?Sized>(entity: &T, epoch: u64) -> Option<(Present, Past)> {
    let mut parts = Parts::of(entity, Wanted::Past(epoch))?;
    Some((parts.present, parts.past.pop()?))
}

/// Puts the entity together again, with the past epochs given, as MessagePack each.
pub(super) fn together<T: DeserializeOwned>(
    present: &Present,
    context: &[u8],
    past: &[impl AsRef<[u8]>],
) -> Result<T, StorageError> {
    let mut whole = Zeroizing::new(Vec::new());
    let (fields, octets) = &present.store;
    map(&mut whole, fields.saturating_add(2));
    whole.extend_from_slice(octets);
    named(&mut whole, PAST)?;
    array(&mut whole, past.len())?;
    for epoch in past {
        whole.extend_from_slice(epoch.as_ref());
    }
    named(&mut whole, IN_STORE)?;
    let (fields, octets) = &present.secrets;
    map(&mut whole, fields.saturating_add(2));
    whole.extend_from_slice(octets);
    named(&mut whole, CONTEXT)?;
    whole.extend_from_slice(context);
    named(&mut whole, IN_SECRETS)?;
    let (fields, octets) = &present.tree;
    let lists = u32::try_from(present.lists.len()).map_err(|_| StorageError::Corrupt)?;
    map(&mut whole, fields.saturating_add(lists));
    whole.extend_from_slice(octets);
    for (name, list) in &present.lists {
        named(&mut whole, name)?;
        list.write(&mut whole)?;
    }
    codec::decode_bare(&whole)
}

impl Present {
    /// The present epoch's secrets without what is kept apart of them, as MessagePack.
    pub(super) fn secrets(&self) -> Zeroizing<Vec<u8>> {
        let (fields, octets) = &self.secrets;
        let mut whole = Zeroizing::new(Vec::with_capacity(octets.len().saturating_add(5)));
        map(&mut whole, *fields);
        whole.extend_from_slice(octets);
        whole
    }
}

impl Sparse {
    /// The list as MessagePack.
    fn write(&self, octets: &mut Vec<u8>) -> Result<(), StorageError> {
        octets.push(0xdd);
        octets.extend_from_slice(&self.elements.to_be_bytes());
        let (mut next, mut begin) = (0, 0);
        for (place, end) in &self.values {
            let missing = place.checked_sub(next).ok_or(StorageError::Corrupt)?;
            nil(octets, missing)?;
            octets.extend_from_slice(self.octets.get(begin..*end).ok_or(StorageError::Corrupt)?);
            (next, begin) = (place.saturating_add(1), *end);
        }
        nil(
            octets,
            self.elements.checked_sub(next).ok_or(StorageError::Corrupt)?,
        )
    }
}

fn nil(octets: &mut Vec<u8>, times: u32) -> Result<(), StorageError> {
    let times = usize::try_from(times).map_err(|_| StorageError::Corrupt)?;
    octets.resize(octets.len().saturating_add(times), NIL);
    Ok(())
}

/// The head of a map with its number of fields in 32 bits (MessagePack, "map 32").
pub(super) fn map(octets: &mut Vec<u8>, fields: u32) {
    octets.push(0xdf);
    octets.extend_from_slice(&fields.to_be_bytes());
}

/// The head of an array with its number of elements in 32 bits (MessagePack, "array 32").
pub(super) fn array(octets: &mut Vec<u8>, elements: usize) -> Result<(), StorageError> {
    let elements = u32::try_from(elements).map_err(|_| StorageError::Bug("a list is too long"))?;
    octets.push(0xdd);
    octets.extend_from_slice(&elements.to_be_bytes());
    Ok(())
}

pub(super) fn named(octets: &mut Vec<u8>, name: &str) -> Result<(), StorageError> {
    codec::encode_bare(octets, name)
}

struct Parts {
    present: Present,
    context: Option<Vec<u8>>,
    past: Vec<Past>,
}

impl Parts {
    fn of<T: Serialize + ?Sized>(entity: &T, wanted: Wanted) -> Option<Self> {
        #[cfg(test)]
        if AS_ONE.get() {
            return None;
        }
        let mut seen = Seen::new(wanted);
        show(entity, &mut seen).ok()?;
        let Seen {
            store,
            inner,
            past: Some(past),
            ..
        } = seen
        else {
            return None;
        };
        let Inner {
            fields: Some(secrets),
            met_context: true,
            context,
            tree: Some(tree),
            ..
        } = inner
        else {
            return None;
        };
        Some(Self {
            present: Present {
                store: store.packed(),
                secrets: secrets.packed(),
                tree: tree.fields.packed(),
                lists: tree.lists,
            },
            context,
            past,
        })
    }
}

/// As much as the fields of most structs need, so that their buffer never moves.
const USUAL: usize = 512;

/// Fields of a struct, as MessagePack of names and values.
#[derive(Default)]
pub(super) struct Fields {
    count: u32,
    octets: Vec<u8>,
}

impl Fields {
    pub(super) fn add<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Unknown> {
        self.count = self.count.saturating_add(1);
        if self.octets.is_empty() {
            self.octets.reserve(USUAL);
        }
        codec::encode_bare(&mut self.octets, name).or_else(|_| unknown())?;
        codec::encode_bare(&mut self.octets, value).or_else(|_| unknown())
    }

    pub(super) fn packed(self) -> (u32, serde_bytes::ByteBuf) {
        (self.count, self.octets.into())
    }
}

pub(super) fn value<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Unknown> {
    let mut octets = Vec::new();
    codec::encode_bare(&mut octets, value).or_else(|_| unknown())?;
    Ok(octets)
}

/// What was seen of the store of all message secrets.
struct Seen {
    wanted: Wanted,
    store: Fields,
    inner: Inner,
    past: Option<Vec<Past>>,
}

impl Seen {
    fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            store: Fields::default(),
            inner: Inner {
                wants_context: wanted == Wanted::All,
                met_context: false,
                context: None,
                fields: None,
                tree: None,
            },
            past: None,
        }
    }
}

impl Look for Seen {
    fn structure(&mut self, name: &'static str) -> Result<(), Unknown> {
        if name == STORE { Ok(()) } else { unknown() }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, it: &T) -> Result<(), Unknown> {
        match name {
            PAST => {
                let mut epochs = Epochs {
                    wanted: self.wanted,
                    past: Vec::new(),
                };
                if self.wanted != Wanted::Present {
                    show(it, &mut epochs)?;
                }
                self.past = Some(epochs.past);
                Ok(())
            }
            IN_STORE => show(it, &mut self.inner),
            _ => self.store.add(name, it),
        }
    }
}

/// What was seen of the secrets of the present epoch.
struct Inner {
    wants_context: bool,
    met_context: bool,
    context: Option<Vec<u8>>,
    fields: Option<Fields>,
    tree: Option<SeenTree>,
}

impl Look for Inner {
    fn structure(&mut self, name: &'static str) -> Result<(), Unknown> {
        if name != SECRETS {
            return unknown();
        }
        self.fields = Some(Fields::default());
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, it: &T) -> Result<(), Unknown> {
        if name == CONTEXT {
            self.met_context = true;
            if self.wants_context {
                self.context = Some(value(it)?);
            }
            return Ok(());
        }
        if name == IN_SECRETS {
            return show(it, self.tree.insert(SeenTree::default()));
        }
        self.fields.get_or_insert_default().add(name, it)
    }
}

/// What was seen of the secret tree.
#[derive(Default)]
struct SeenTree {
    fields: Fields,
    lists: Vec<(String, Sparse)>,
}

impl Look for SeenTree {
    fn structure(&mut self, name: &'static str) -> Result<(), Unknown> {
        if name == SECRET_TREE { Ok(()) } else { unknown() }
    }

    /// A field is a list of values that may be missing, or anything else.
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, it: &T) -> Result<(), Unknown> {
        let mut list = Sparse::default();
        if show(it, &mut list).is_ok() {
            self.lists.push((name.to_owned(), list));
            Ok(())
        } else {
            self.fields.add(name, it)
        }
    }
}

impl Sparse {
    fn expect(&self, begun: bool) -> Result<(), Unknown> {
        if self.begun == begun { Ok(()) } else { unknown() }
    }
}

impl Look for Sparse {
    fn list(&mut self) -> Result<(), Unknown> {
        self.expect(false)?;
        self.begun = true;
        Ok(())
    }

    fn element<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), Unknown> {
        show(it, self)?;
        self.elements = self.elements.checked_add(1).ok_or_else(too_many)?;
        Ok(())
    }

    fn nothing(&mut self) -> Result<(), Unknown> {
        self.expect(true)
    }

    fn something<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), Unknown> {
        self.expect(true)?;
        codec::encode_bare(&mut self.octets, it).or_else(|_| unknown())?;
        self.values.push((self.elements, self.octets.len()));
        Ok(())
    }
}

fn too_many() -> Unknown {
    Unknown::custom("too many elements")
}

/// What was seen of the list of past epochs.
struct Epochs {
    wanted: Wanted,
    past: Vec<Past>,
}

impl Look for Epochs {
    fn list(&mut self) -> Result<(), Unknown> {
        Ok(())
    }

    fn element<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), Unknown> {
        let mut number = Number::default();
        show(it, &mut number)?;
        let Some(epoch) = number.value else {
            return unknown();
        };
        if self.wanted == Wanted::All || self.wanted == Wanted::Past(epoch) {
            self.past.push(Past {
                epoch,
                octets: Zeroizing::new(value(it)?),
            });
        }
        Ok(())
    }
}

/// The number of a past epoch, and nothing else of it.
#[derive(Default)]
struct Number {
    value: Option<u64>,
}

impl Look for Number {
    fn structure(&mut self, name: &'static str) -> Result<(), Unknown> {
        if name == PAST_EPOCH { Ok(()) } else { unknown() }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, it: &T) -> Result<(), Unknown> {
        if name == EPOCH { show(it, self) } else { Ok(()) }
    }

    fn number(&mut self, number: u64) -> Result<(), Unknown> {
        self.value = Some(number);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct MessageSecretsStore {
        max_epochs: usize,
        past_epoch_trees: Vec<EpochTree>,
        message_secrets: MessageSecrets,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct EpochTree {
        epoch: u64,
        leaves: String,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct MessageSecrets {
        membership_key: Vec<u8>,
        serialized_context: Vec<u8>,
        secret_tree: SecretTree,
        added_at: Option<u64>,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct SecretTree {
        own_index: u32,
        leaf_nodes: Vec<Option<String>>,
        parent_nodes: Vec<Option<String>>,
        size: Option<u32>,
    }

    fn sample() -> MessageSecretsStore {
        let past = |epoch| EpochTree {
            epoch,
            leaves: "past".repeat(500),
        };
        let mut leaves = vec![None; 4_000];
        leaves[17] = Some("mine".to_owned());
        MessageSecretsStore {
            max_epochs: 5,
            past_epoch_trees: vec![past(7), past(8), past(1 << 40)],
            message_secrets: MessageSecrets {
                membership_key: vec![7; 32],
                serialized_context: vec![9; 3000],
                secret_tree: SecretTree {
                    own_index: 4,
                    leaf_nodes: leaves,
                    parent_nodes: vec![Some("first".to_owned()), None, None, Some("last".to_owned())],
                    size: Some(9),
                },
                added_at: Some(1),
            },
        }
    }

    fn joined(present: &Present, parts: &Apart) -> MessageSecretsStore {
        let past: Vec<&[u8]> = parts.past.iter().map(|past| past.octets.as_slice()).collect();
        together(present, &parts.context, &past).unwrap()
    }

    #[test]
    fn what_was_taken_apart_is_put_together_again() {
        let parts = apart(&sample()).unwrap();
        let epochs: Vec<u64> = parts.past.iter().map(|past| past.epoch).collect();
        assert_eq!(epochs, [7, 8, 1 << 40]);
        assert_eq!(joined(&parts.present, &parts), sample());
        let none: [&[u8]; 0] = [];
        let alone: MessageSecretsStore = together(&parts.present, &parts.context, &none).unwrap();
        assert_eq!(alone.message_secrets, sample().message_secrets);
        assert!(alone.past_epoch_trees.is_empty());
    }

    #[test]
    fn a_message_leaves_the_past_and_the_context_alone() {
        let parts = apart(&sample()).unwrap();
        let mut later = sample();
        later.message_secrets.membership_key = vec![8; 32];
        let present = present(&later).unwrap();
        assert!(codec::encode(&present).unwrap().len() < 300);
        assert_eq!(joined(&present, &parts), later);
    }

    #[test]
    fn a_late_message_takes_its_epoch_alone() {
        let mut later = sample();
        later.past_epoch_trees[1].leaves = "other".to_owned();
        let mut parts = apart(&sample()).unwrap();
        parts.past[1] = past(&later, 8).unwrap().1;
        assert_eq!(parts.past[1].epoch, 8);
        assert_eq!(joined(&parts.present, &parts), later);
        assert!(past(&later, 9).is_none());
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
