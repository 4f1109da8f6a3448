//! The MLS rules that clients and hubs share.
//!
//! OpenMLS checks structure and signatures; it never checks who somebody is, whether a leaf stays the same person, or
//! what a MIMI room allows. Those rules live here, as functions over OpenMLS's public types, so that a client and a
//! hub cannot differ: both call the same code.
//!
//! * [`leaf`]: what a leaf states and the one function that turns it into an identity;
//! * [`context`]: the room's shared state as the GroupContext carries it;
//! * [`mod@resolve`]: what an AppDataUpdate proposal does to that state;
//! * [`choke`]: every leaf that a commit brings or changes, before anything is merged;
//! * [`commit`]: the verdict on a whole commit;
//! * [`key_package`]: what OpenMLS lets through in a key package;
//! * [`group_info`]: whether a GroupInfo belongs to a commit.
//!
//! **Knows nothing of** storage, private keys, clocks or content.
#![deny(missing_docs)]

pub mod choke;
pub mod commit;
pub mod context;
pub mod group_info;
pub mod key_package;
pub mod leaf;
pub mod resolve;

pub use commit::{CommitFacts, Violation, check_commit, check_leaving, check_roster};
pub use context::{ContextFault, Hub, RoomState, room_context, room_state};
pub use group_info::{GroupInfoFault, check_group_info};
pub use key_package::{CheckedKeyPackage, KeyPackageFault, check_key_package};
pub use leaf::{LeafFacts, LeafFault, LeafIdentity, capabilities, identify, leaf_extensions, leaf_facts};
pub use resolve::{AppDataFault, resolve};

use openmls::prelude::Ciphersuite;

/// The one cipher suite of a room today: MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519 (RFC 9420, mandatory to implement).
pub const CIPHER_SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
