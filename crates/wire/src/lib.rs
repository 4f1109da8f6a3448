//! MIMI protocol structs to octets and back. No state.
//!
//! **Owns** the form in which requests, answers, fan-out, components and authenticated data travel: one file per endpoint or
//! component, each a public struct first and its two directions below. Every struct has [`Wire::encode`] and [`Wire::decode`].
//! **Keeps** embedded MLS structs as the octets that came, in [`MlsOctets`]: what is hashed, remembered and signed is what
//! travelled.
//! **Knows nothing of** groups, keys, clocks or policy, and never looks into content.
//!
//! Where the drafts contradict themselves or are silent, the struct's documentation says how we read them. What is ours and not
//! MIMI's says so too: [`CreateRoom`], [`PublishKeyPackages`], the hash in accept answers, and
//! [`components::USER_URI`].
//!
//! See *mimi-protocol*, *mls-extensions* and *mimi-room-policy*.

mod codec;
pub mod components;
mod create;
mod error;
mod fanout;
mod frame;
mod framing;
mod group_info;
mod group_state;
mod key_material;
mod media_types;
mod member_commit;
mod publish;
mod safe_aad;
mod signing;
mod submit;
mod update;
mod uri;

pub(crate) use codec::wire;
pub use codec::{MAX_BODY_LEN, MAX_ENTRIES, MAX_MLS_LEN, MAX_TEXT_LEN, Wire};
pub use components::ComponentsList;
pub use create::{CreateRoom, CreateRoomResponse};
pub use error::WireError;
pub use fanout::{FanoutMessage, FanoutTail};
pub use frame::{
    CapabilitiesOctets, CredentialOctets, GroupInfoOctets, KeyPackageOctets, MessageKind, MlsOctets,
    MlsStruct, RatchetTreeOctets, RequiredCapabilitiesOctets, WelcomeOctets,
};
pub use framing::ApplicationFraming;
pub use group_info::{
    GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse, GroupInfoStatus, PendingProposal,
    SealedGroupInfo,
};
pub use group_state::{Extension, GroupInfoOption, PartialGroupInfo, RatchetTreeOption, RatchetTreePresence};
pub use key_material::{
    ClientKeyMaterial, ClientMaterial, KeyMaterialRequest, KeyMaterialResponse, KeyMaterialUserCode,
};
pub use media_types::MediaTypeList;
pub use member_commit::MemberCommit;
pub use publish::{PublishKeyPackages, PublishKeyPackagesResponse};
pub use safe_aad::SafeAad;
pub use signing::{Signatory, labelled};
pub use submit::{Frank, SubmitMessageRequest, SubmitMessageResponse};
pub use update::{HandshakeBundle, UpdateRoomResponse, UpdateVerdict};
