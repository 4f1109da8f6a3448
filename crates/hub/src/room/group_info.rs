//! GroupInfo, tree and pending proposals for one who wants to join from outside: sealed to the one who asks, signed by the
//! hub.

use comity_mls::CIPHER_SUITE;
use comity_room::{ClientUri, policy};
use comity_wire::{
    CredentialOctets, GroupInfoOctets, GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse,
    GroupInfoStatus, MlsOctets, PendingProposal, RatchetTreeOctets, RatchetTreeOption, SealedGroupInfo,
    Signatory, Wire as _, labelled,
};
use openmls::prelude::{BasicCredential, Credential};
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::signatures::Signer;

use super::group::Loaded;
use super::{Call, Outcome};
use crate::inspect::{Endpoint, read};
use crate::refusal::Refusal;
use crate::rows::{Fault, GroupInfoRow, Part, Pending};
use crate::verdict::{Facts, Verdict};

pub(crate) fn group_info<C: OpenMlsCrypto>(
    call: &Call<'_, C>,
    body: &[u8],
    signer: &impl Signer,
) -> Result<Verdict, Fault> {
    call.settle(Endpoint::GroupInfo, || answer(call, body, signer))
}

fn answer<C: OpenMlsCrypto>(call: &Call<'_, C>, body: &[u8], signer: &impl Signer) -> Outcome<Verdict> {
    let request: GroupInfoRequest = read(call.limits, Endpoint::GroupInfo, body)?;
    let head = call.head()?;
    let client = requester(call, &request)?;
    let room = Loaded::at(call, &head, head.epoch)?;
    may_look(call, &room, &client)?;
    let plaintext = plaintext(call, &room, head.epoch)?;
    let status = seal(call, &request, &plaintext.encode(), signer)?;
    let reply = GroupInfoResponse {
        room: call.rows.room().clone(),
        status,
    }
    .encode();
    let facts = Facts::GroupInfo {
        client,
        epoch: head.epoch,
    };
    Ok(Verdict {
        expects: head.version,
        writes: Vec::new(),
        fanout: Vec::new(),
        reply,
        facts,
    })
}

/// The client that asks: it signed the request with the key that it names, and the caller may speak for it.
fn requester<C: OpenMlsCrypto>(call: &Call<'_, C>, request: &GroupInfoRequest) -> Outcome<ClientUri> {
    if request.cipher_suite != u16::from(CIPHER_SUITE) {
        return Err(Refusal::Malformed("cipher_suite").into());
    }
    let client = client_of(&request.requester)?;
    call.caller.speaks_for_client(&client)?;
    let signed = labelled(GroupInfoRequest::LABEL, &request.to_be_signed());
    let scheme = CIPHER_SUITE.signature_algorithm();
    call.crypto
        .verify_signature(
            scheme,
            &signed,
            &request.requester.signature_key,
            &request.signature,
        )
        .map_err(|_| Refusal::BadSignature)?;
    Ok(client)
}

/// The client URI of a basic credential.
pub(crate) fn client_of(signatory: &Signatory) -> Result<ClientUri, Refusal> {
    let invalid = Refusal::InvalidIdentity("leaf_client_uri");
    let credential: Credential = signatory.credential.parse().map_err(|_| invalid.clone())?;
    let basic = BasicCredential::try_from(credential).map_err(|_| invalid.clone())?;
    let uri = std::str::from_utf8(basic.identity()).map_err(|_| invalid.clone())?;
    ClientUri::parse(uri).map_err(|_| invalid)
}

/// A participant's provider may ask for any client of that participant: the draft's request does not name the user, so the
/// commit that follows is what the room's policy judges.
fn may_look<C: OpenMlsCrypto>(call: &Call<'_, C>, room: &Loaded, client: &ClientUri) -> Outcome<()> {
    let (state, _) = room.roster()?;
    let listed = |user| policy::may(&state.roles, &state.participants, user, policy::Action::Receive);
    let of_provider = state
        .participants
        .iter()
        .map(|p| &p.user)
        .filter(|user| user.provider() == client.provider());
    let allowed = match call.caller.user() {
        Some(user) => listed(user),
        None => of_provider.into_iter().any(listed),
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::NotAParticipant.into())
    }
}

fn plaintext<C: OpenMlsCrypto>(
    call: &Call<'_, C>,
    room: &Loaded,
    epoch: u64,
) -> Outcome<GroupInfoRatchetTreeTbe> {
    let row: GroupInfoRow = call.rows.need(&Part::GroupInfo(epoch))?;
    let group_info = GroupInfoOctets::new(row.octets).map_err(|_| Fault::Damaged("group info"))?;
    let tree =
        RatchetTreeOctets::of(&room.group.export_ratchet_tree()).map_err(|_| Fault::Unencodable("tree"))?;
    let waiting = |pending: &Pending| {
        let proposal = MlsOctets::new(pending.frame.clone()).map_err(|_| Fault::Damaged("proposals"))?;
        Ok(PendingProposal {
            proposal,
            accepted_at: pending.accepted,
        })
    };
    Ok(GroupInfoRatchetTreeTbe {
        group_info,
        ratchet_tree: RatchetTreeOption::Full(tree),
        pending: room.pending.iter().map(waiting).collect::<Result<_, Fault>>()?,
    })
}

fn seal<C: OpenMlsCrypto>(
    call: &Call<'_, C>,
    request: &GroupInfoRequest,
    plaintext: &[u8],
    signer: &impl Signer,
) -> Outcome<GroupInfoStatus> {
    let info = labelled(GroupInfoResponse::SEAL_LABEL, call.rows.room().as_bytes());
    let ciphertext = call
        .crypto
        .hpke_seal(
            CIPHER_SUITE.hpke_config(),
            &request.group_info_public_key,
            &info,
            &[],
            plaintext,
        )
        .map_err(|_| Refusal::Malformed("hpke_public_key"))?;
    let credential: Credential = BasicCredential::new(call.provider.as_bytes().to_vec()).into();
    let credential = CredentialOctets::of(&credential).map_err(|_| Fault::Crypto("credential"))?;
    let hub = Signatory {
        signature_key: call.signature_key.to_vec(),
        credential,
    };
    let sealed = SealedGroupInfo {
        cipher_suite: CIPHER_SUITE.into(),
        hub,
        ciphertext,
        signature: Vec::new(),
    };
    let room = call.rows.room().clone();
    let unsigned = GroupInfoResponse {
        room,
        status: GroupInfoStatus::Success(sealed.clone()),
    };
    let signed = labelled(GroupInfoResponse::LABEL, &unsigned.to_be_signed());
    let signature = signer.sign(&signed).map_err(|_| Fault::Crypto("signature"))?;
    Ok(GroupInfoStatus::Success(SealedGroupInfo { signature, ..sealed }))
}
