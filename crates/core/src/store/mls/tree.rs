//! The rows of a group's ratchet tree: a commit changes a leaf and the path above it, and writes the chunks in which these lie.
//!
//! **Owns** the names under which OpenMLS 0.9.2 serialises the tree. If they are others, or the group is small, the tree is one row.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::peel::{Fields, array, map, named};
use super::pending::At;
use super::probe::{Look, Unknown, show, unknown};
use super::slot::Slot;
use super::{Kind, MlsStore, Reads, Writes, codec};
use crate::store::{Scope, StorageError};

/// How many nodes are one row.
const GRAIN: usize = if cfg!(test) { 2 } else { 32 };
/// The most leaves of a tree that is one row.
const SMALL: usize = GRAIN * 2;

const TREE: &str = "TreeSync";
const NODES: &str = "ABinaryTree";
const IN_TREE: &str = "tree";
const LEAVES: &str = "leaf_nodes";
const PARENTS: &str = "parent_nodes";
/// A blank node, leaf or parent: `{"node": nil}`.
const BLANK: &[u8] = b"\x81\xa4node\xc0";

/// What of a tree is no node.
#[derive(Serialize, Deserialize)]
struct Trunk {
    /// How many fields of the tree, and they, as MessagePack of names and values.
    tree: (u32, ByteBuf),
    /// The same of the nodes' struct.
    nodes: (u32, ByteBuf),
    leaves: usize,
    parents: usize,
    grain: usize,
}

impl Trunk {
    /// The chunks in which these leaves are.
    fn chunks_of<'a>(&self, leaves: impl Iterator<Item = &'a u32>) -> Vec<(Kind, usize)> {
        let number = |leaf: &u32| usize::try_from(*leaf).ok()?.checked_div(self.grain);
        leaves
            .filter_map(number)
            .map(|number| (Kind::TreeLeaves, number))
            .collect()
    }

    /// The nodes of a chunk, of so many in all.
    fn nodes_of(&self, number: usize, nodes: usize) -> std::ops::Range<usize> {
        let begin = number.saturating_mul(self.grain);
        begin..begin.saturating_add(self.grain).min(nodes)
    }

    fn chunks(&self) -> impl Iterator<Item = (Kind, usize)> {
        let of =
            |kind, nodes: usize| (0..nodes.div_ceil(self.grain.max(1))).map(move |number| (kind, number));
        of(Kind::TreeLeaves, self.leaves).chain(of(Kind::TreeParents, self.parents))
    }
}

impl MlsStore<'_> {
    pub(super) fn put_tree<T: Serialize>(&self, tree: &T) -> Result<(), StorageError> {
        if self.writes == Writes::Nothing {
            return Ok(());
        }
        if matches!(self.reads, Reads::Leaves(_)) {
            return Err(StorageError::Bug("a tree of which only a part was read"));
        }
        let before: Option<Trunk> = self.trunk().read()?;
        let parts = apart(tree).filter(|parts| parts.leaves.count > SMALL);
        let Some(Parts {
            tree: outer,
            nodes,
            leaves,
            parents,
        }) = parts
        else {
            self.forget_chunks(before.as_ref(), None)?;
            self.trunk().delete()?;
            return self.tree_as_one().put(tree);
        };
        let trunk = Trunk {
            tree: outer.packed(),
            nodes: nodes.packed(),
            leaves: leaves.count,
            parents: parents.count,
            grain: GRAIN,
        };
        for (kind, chunks) in [
            (Kind::TreeLeaves, leaves.chunks),
            (Kind::TreeParents, parents.chunks),
        ] {
            for (number, chunk) in chunks.into_iter().enumerate() {
                self.chunk(kind, number)?.put_if_other(&ByteBuf::from(chunk))?;
            }
        }
        self.forget_chunks(before.as_ref(), Some(&trunk))?;
        self.trunk().put(&trunk)?;
        self.tree_as_one().delete()
    }

    /// `own` is where our own leaf's index is.
    pub(super) fn take_tree<T: DeserializeOwned>(&self, own: &Slot<'_>) -> Result<Option<T>, StorageError> {
        let Some(trunk) = self.trunk().read::<Trunk>()? else {
            return self.tree_as_one().read();
        };
        let wanted = match self.reads {
            Reads::All | Reads::Present => None,
            Reads::Leaves(leaves) => {
                let own: u32 = own.read()?.ok_or(StorageError::Corrupt)?;
                Some(trunk.chunks_of(leaves.iter().chain([&own])))
            }
        };
        let mut whole = Vec::new();
        let (fields, octets) = &trunk.tree;
        map(&mut whole, fields.saturating_add(1));
        whole.extend_from_slice(octets);
        named(&mut whole, IN_TREE)?;
        let (fields, octets) = &trunk.nodes;
        map(&mut whole, fields.saturating_add(2));
        whole.extend_from_slice(octets);
        for (name, kind, nodes) in [
            (LEAVES, Kind::TreeLeaves, trunk.leaves),
            (PARENTS, Kind::TreeParents, trunk.parents),
        ] {
            named(&mut whole, name)?;
            array(&mut whole, nodes)?;
            for (_, number) in trunk.chunks().filter(|(of, _)| *of == kind) {
                let reads = wanted
                    .as_ref()
                    .is_none_or(|chunks| chunks.contains(&(kind, number)));
                if reads {
                    let chunk: Option<ByteBuf> = self.chunk(kind, number)?.read()?;
                    whole.extend_from_slice(&chunk.ok_or(StorageError::Corrupt)?);
                } else {
                    for _ in trunk.nodes_of(number, nodes) {
                        whole.extend_from_slice(BLANK);
                    }
                }
            }
        }
        codec::decode_bare(&whole).map(Some)
    }

    /// Whether the tree is so large that [`Reads::Leaves`] leaves some of it out.
    pub(crate) fn has_large_tree(&self) -> Result<bool, StorageError> {
        self.trunk().exists()
    }

    pub(super) fn forget_tree(&self) -> Result<(), StorageError> {
        if self.writes == Writes::Nothing {
            return Ok(());
        }
        self.forget_chunks(self.trunk().read()?.as_ref(), None)?;
        self.trunk().delete()?;
        self.tree_as_one().delete()
    }

    /// Deletes the chunks of an older tree that are none of the newer one.
    fn forget_chunks(&self, before: Option<&Trunk>, now: Option<&Trunk>) -> Result<(), StorageError> {
        let kept: Vec<(Kind, usize)> = now.into_iter().flat_map(Trunk::chunks).collect();
        for (kind, number) in before.into_iter().flat_map(Trunk::chunks) {
            if !kept.contains(&(kind, number)) {
                self.chunk(kind, number)?.delete()?;
            }
        }
        Ok(())
    }

    fn tree_as_one(&self) -> Slot<'_> {
        self.of_tree(Kind::Tree, [0; 16])
    }

    fn trunk(&self) -> Slot<'_> {
        self.of_tree(Kind::TreeTrunk, [0; 16])
    }

    fn chunk(&self, kind: Kind, number: usize) -> Result<Slot<'_>, StorageError> {
        let number = u128::try_from(number).map_err(|_| StorageError::Bug("a tree is too large"))?;
        Ok(self.of_tree(kind, number.to_be_bytes()))
    }

    fn of_tree(&self, kind: Kind, key: [u8; 16]) -> Slot<'_> {
        let room = self.room;
        Slot::at(self.store, Scope::Mls(room), At { room, kind, key })
    }
}

/// A tree, taken apart.
struct Parts {
    tree: Fields,
    nodes: Fields,
    leaves: Nodes,
    parents: Nodes,
}

/// Takes a tree apart. `None` if it is not of the shape that we know.
fn apart<T: Serialize>(tree: &T) -> Option<Parts> {
    #[cfg(test)]
    if super::peel::AS_ONE.get() {
        return None;
    }
    let mut seen = Seen::default();
    show(tree, &mut seen).ok()?;
    let inner = seen.inner?;
    Some(Parts {
        tree: seen.fields,
        nodes: inner.fields,
        leaves: inner.leaves?,
        parents: inner.parents?,
    })
}

#[derive(Default)]
struct Seen {
    fields: Fields,
    inner: Option<SeenNodes>,
}

impl Look for Seen {
    fn structure(&mut self, name: &'static str) -> Result<(), Unknown> {
        if name == TREE { Ok(()) } else { unknown() }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, it: &T) -> Result<(), Unknown> {
        if name == IN_TREE {
            show(it, self.inner.insert(SeenNodes::default()))
        } else {
            self.fields.add(name, it)
        }
    }
}

#[derive(Default)]
struct SeenNodes {
    fields: Fields,
    leaves: Option<Nodes>,
    parents: Option<Nodes>,
}

impl Look for SeenNodes {
    fn structure(&mut self, name: &'static str) -> Result<(), Unknown> {
        if name == NODES { Ok(()) } else { unknown() }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, it: &T) -> Result<(), Unknown> {
        match name {
            LEAVES => show(it, self.leaves.insert(Nodes::default())),
            PARENTS => show(it, self.parents.insert(Nodes::default())),
            _ => self.fields.add(name, it),
        }
    }
}

/// Nodes, as MessagePack one behind the other, so many in each chunk.
#[derive(Default)]
struct Nodes {
    count: usize,
    chunks: Vec<Vec<u8>>,
}

impl Look for Nodes {
    fn list(&mut self) -> Result<(), Unknown> {
        Ok(())
    }

    fn element<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), Unknown> {
        if self.count.is_multiple_of(GRAIN) {
            self.chunks.push(Vec::new());
        }
        self.count = self.count.saturating_add(1);
        let Some(chunk) = self.chunks.last_mut() else {
            return unknown();
        };
        codec::encode_bare(chunk, it).or_else(|_| unknown())
    }
}
