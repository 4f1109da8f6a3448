//! A room and its hub, as far as members see it: it stamps frames, and lets everything through.

use std::cell::Cell;

use comity::room::{Participant, ParticipantList, Requirement, RoleIndex, Roles, RoomMetadata, media_types};
use comity::{Frame, FrameKind, RoomUri, Timestamp, UserUri};
use comity_mls::{CIPHER_SUITE, Hub, RoomState};
use comity_wire::{
    CredentialOctets, FanoutMessage, FanoutTail, GroupInfoRatchetTreeTbe, GroupInfoRequest,
    GroupInfoResponse, GroupInfoStatus, MlsOctets, RatchetTreeOctets, RatchetTreeOption, SealedGroupInfo,
    Signatory, Wire as _, labelled,
};
use openmls::prelude::{BasicCredential, Credential, OpenMlsCrypto as _};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::signatures::Signer as _;

/// A room.
pub(crate) struct Place {
    pub(crate) uri: RoomUri,
    pub(crate) roles: Roles,
    participants: Vec<Participant>,
    keys: SignatureKeyPair,
    clock: Cell<u64>,
}

impl Place {
    /// A room with the given users in it; the first is its administrator.
    pub(crate) fn new(uri: RoomUri, users: &[UserUri]) -> Self {
        let role = |n: usize| if n == 0 { Roles::ADMIN } else { Roles::MEMBER };
        let listed = users.iter().cloned().enumerate();
        Self {
            uri,
            roles: Roles::standard(),
            participants: listed
                .map(|(n, user)| Participant { user, role: role(n) })
                .collect(),
            keys: SignatureKeyPair::new(CIPHER_SUITE.signature_algorithm()).unwrap(),
            clock: Cell::new(super::present().as_millis() - 60_000),
        }
    }

    /// The same with a user in another role.
    pub(crate) fn with_role(mut self, user: &UserUri, role: RoleIndex) -> Self {
        self.participants
            .iter_mut()
            .filter(|listed| listed.user == *user)
            .for_each(|listed| listed.role = role);
        self
    }

    pub(crate) fn state(&self) -> RoomState {
        RoomState {
            room: self.uri.clone(),
            hub: Hub {
                provider: self.uri.provider(),
                signature_key: self.keys.to_public_vec(),
            },
            participants: ParticipantList::new(self.participants.clone()).unwrap(),
            roles: self.roles.clone(),
            metadata: RoomMetadata {
                room_uri: self.uri.as_str().to_owned(),
                ..RoomMetadata::default()
            },
            requirement: Requirement::new([
                media_types::mimi_content(),
                media_types::text_plain(),
                media_types::markdown(),
            ])
            .unwrap(),
        }
    }

    /// The hub's time, which rises with each call.
    pub(crate) fn tick(&self) -> Timestamp {
        self.clock.set(self.clock.get() + 1);
        Timestamp::from_millis(self.clock.get())
    }

    /// A frame as the hub sends it.
    pub(crate) fn frame(&self, message: &MlsOctets, tail: FanoutTail) -> Frame {
        let fanout = FanoutMessage {
            accepted_at: self.tick(),
            message: message.clone(),
            tail,
        };
        self.raw(fanout.encode())
    }

    /// Any octets as a frame from the hub.
    pub(crate) fn raw(&self, bytes: Vec<u8>) -> Frame {
        Frame {
            room: Some(self.uri.clone()),
            from: self.uri.provider(),
            kind: FrameKind::Fanout,
            bytes,
        }
    }

    pub(crate) fn message(&self, message: &MlsOctets) -> Frame {
        self.frame(message, FanoutTail::Application { frank: None })
    }

    pub(crate) fn commit(&self, commit: &MlsOctets) -> Frame {
        self.frame(commit, FanoutTail::Commit { external: Vec::new() })
    }

    pub(crate) fn proposal(&self, proposal: &MlsOctets) -> Frame {
        self.frame(proposal, FanoutTail::Proposal { more: Vec::new() })
    }

    pub(crate) fn welcome(&self, welcome: &MlsOctets, tree: RatchetTreeOctets) -> Frame {
        let ratchet_tree = RatchetTreeOption::Full(tree);
        self.frame(welcome, FanoutTail::Welcome { ratchet_tree })
    }

    /// The hub's answer to a request for the GroupInfo, sealed and signed.
    pub(crate) fn entrance(&self, request: &[u8], inside: &GroupInfoRatchetTreeTbe) -> Vec<u8> {
        let request = GroupInfoRequest::decode(request).unwrap();
        let info = labelled(GroupInfoResponse::SEAL_LABEL, self.uri.as_bytes());
        let key = &request.group_info_public_key;
        let suite = CIPHER_SUITE.hpke_config();
        let ciphertext = RustCrypto::default()
            .hpke_seal(suite, key, &info, &[], &inside.encode())
            .unwrap();
        let credential: Credential =
            BasicCredential::new(self.uri.provider().as_str().as_bytes().to_vec()).into();
        let sealed = SealedGroupInfo {
            cipher_suite: CIPHER_SUITE.into(),
            hub: Signatory {
                signature_key: self.keys.to_public_vec(),
                credential: CredentialOctets::of(&credential).unwrap(),
            },
            ciphertext,
            signature: Vec::new(),
        };
        let mut response = GroupInfoResponse {
            room: self.uri.clone(),
            status: GroupInfoStatus::Success(sealed.clone()),
        };
        let signed = labelled(GroupInfoResponse::LABEL, &response.to_be_signed());
        let signature = self.keys.sign(&signed).unwrap();
        response.status = GroupInfoStatus::Success(SealedGroupInfo { signature, ..sealed });
        response.encode()
    }
}
