//! Coming into a room from outside: asking, opening the answer, committing.

use comity_mls::{CIPHER_SUITE, capabilities};
use comity_wire::{
    GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse, GroupInfoStatus, MlsOctets,
    RatchetTreeOption, Wire as _, labelled,
};
use openmls::prelude::{
    HpkeKeyPair, LeafNodeParameters, MlsGroup, MlsMessageBodyIn, OpenMlsCrypto as _, OpenMlsProvider as _,
    PublicMessageIn,
};
use openmls_traits::random::OpenMlsRand as _;

use super::device::{Bundle, Device, bundle_of, join_config};

impl Device {
    /// A request for what an external commit needs, and the key to open the answer.
    pub(crate) fn group_info_request(&self) -> (GroupInfoRequest, HpkeKeyPair) {
        let random = self.mls.rand().random_vec(32).unwrap();
        let pair = self
            .mls
            .crypto()
            .derive_hpke_keypair(CIPHER_SUITE.hpke_config(), &random)
            .unwrap();
        let mut request = GroupInfoRequest {
            cipher_suite: CIPHER_SUITE.into(),
            requester: self.signatory(),
            group_info_public_key: pair.public.clone(),
            joining_code: None,
            signature: Vec::new(),
        };
        request.signature = self.sign(GroupInfoRequest::LABEL, &request.to_be_signed());
        (request, pair)
    }

    /// Opens the hub's answer as a joiner does: signature, then seal.
    pub(crate) fn open(
        &self,
        hub_key: &[u8],
        pair: &HpkeKeyPair,
        reply: &[u8],
    ) -> Option<GroupInfoRatchetTreeTbe> {
        let response = GroupInfoResponse::decode(reply).unwrap();
        let GroupInfoStatus::Success(sealed) = &response.status else {
            return None;
        };
        let signed = labelled(GroupInfoResponse::LABEL, &response.to_be_signed());
        let crypto = self.mls.crypto();
        crypto
            .verify_signature(
                CIPHER_SUITE.signature_algorithm(),
                &signed,
                hub_key,
                &sealed.signature,
            )
            .unwrap();
        assert_eq!(sealed.hub.signature_key, hub_key);
        let info = labelled(GroupInfoResponse::SEAL_LABEL, response.room.as_bytes());
        let opened = crypto
            .hpke_open(
                CIPHER_SUITE.hpke_config(),
                &sealed.ciphertext,
                &pair.private,
                &info,
                &[],
            )
            .unwrap();
        Some(GroupInfoRatchetTreeTbe::decode(&opened).unwrap())
    }

    /// Joins from outside; OpenMLS merges at once.
    pub(crate) fn join(&mut self, entrance: &GroupInfoRatchetTreeTbe) -> Bundle {
        let removes = entrance
            .pending
            .iter()
            .map(|pending| public(&pending.proposal))
            .collect();
        self.join_with(entrance, removes)
    }

    pub(crate) fn join_with(
        &mut self,
        entrance: &GroupInfoRatchetTreeTbe,
        removes: Vec<PublicMessageIn>,
    ) -> Bundle {
        let RatchetTreeOption::Full(tree) = &entrance.ratchet_tree else {
            unreachable!()
        };
        let leaf = LeafNodeParameters::builder()
            .with_capabilities(capabilities())
            .with_extensions(self.leaf())
            .build();
        let mut builder = MlsGroup::external_commit_builder()
            .with_ratchet_tree(tree.parse().unwrap())
            .with_proposals(removes)
            .with_config(join_config())
            .skip_lifetime_validation()
            .build_group(&self.mls, entrance.group_info.parse().unwrap(), self.who())
            .unwrap()
            .leaf_node_parameters(leaf)
            .load_psks(self.mls.storage())
            .unwrap()
            .create_group_info(true)
            .use_ratchet_tree_extension(false);
        builder.with_app_data_dictionary_updates(None);
        let complete = builder
            .build(self.mls.rand(), self.mls.crypto(), &self.keys, |_| true)
            .unwrap();
        let (group, bundle) = complete.finalize(&self.mls).unwrap();
        self.group = Some(group);
        bundle_of(bundle)
    }
}

fn public(message: &MlsOctets) -> PublicMessageIn {
    let MlsMessageBodyIn::PublicMessage(message) = message.parse().unwrap().extract() else {
        unreachable!()
    };
    message
}
