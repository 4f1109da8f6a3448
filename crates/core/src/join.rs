//! Joining from outside by an external commit: a new client of a user in the room, or the way back for one that stalled.
//!
//! OpenMLS merges an external commit at once, so the group is in the new epoch before the hub has answered. Until the
//! hub accepts, or the commit comes back, the room is `Joining`; if another commit went first, the group is deleted and
//! everything begins again.

use comity_room::RoomUri;
use comity_wire::{
    GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse, GroupInfoStatus, RatchetTreeOption,
    Wire as _,
};
use openmls::framing::ContentType;
use openmls_traits::crypto::OpenMlsCrypto as _;

use crate::error::{Error, Misuse};
use crate::group::{Entrance, Group, StageFault, join_from_outside};
use crate::inbound::commit::{meet, view_of};
use crate::inbound::{self, Opened};
use crate::provider::Provider;
use crate::rejection::{Refusal, Rejection};
use crate::step::{FrameOutcome, HeldUntil, Made, RequestKind, RoomChange};
use crate::store::outbox::Errand;
use crate::store::room::{Joining, PendingCommit, Phase, RoomRow};
use crate::store::{room, small};
use crate::tx::{NewRequest, Tx, random};
use crate::unprocessed::Unprocessed;
use crate::{change, errands, outbound, sign};

/// The longest joining code, in octets.
const LONGEST_CODE: usize = 1_024;
/// How often another commit may go first.
const MOST_TRIES: u32 = 50;

/// Asks the hub for what an external commit needs. Harmless for a room that we are in, unless we are behind its hub or on
/// the way out: whoever joins again has changed their mind.
pub(crate) fn join(tx: &mut Tx<'_>, uri: &RoomUri, code: Option<&[u8]>) -> Result<Option<Made>, Error> {
    if code.is_some_and(|code| code.len() > LONGEST_CODE) {
        return Err(Misuse::TooLong.into());
    }
    let mut row = match room::by_uri(tx.store, uri)? {
        Some(row) if is_settled(&row) => return Ok(None),
        Some(row) => row,
        None => {
            let group = [room::NO_GROUP, uri.as_bytes()].concat();
            RoomRow {
                id: room::next_id(tx.store)?,
                group,
                ..RoomRow::blank(uri.clone())
            }
        }
    };
    errands::unsend(tx, &mut row)?;
    row.phase = Phase::Joining;
    row.declined = false;
    row.joining = Some(Joining {
        code: code.map(<[u8]>::to_vec),
        tries: 0,
    });
    row.pending = None;
    fetch(tx, &row)?;
    Ok(Some(Made::Room(uri.clone())))
}

fn is_settled(row: &RoomRow) -> bool {
    match row.phase {
        Phase::Joining => true,
        Phase::Leaving => false,
        _ => row.is_member() && !row.behind,
    }
}

fn fetch(tx: &mut Tx<'_>, row: &RoomRow) -> Result<(), Error> {
    let seed = random::<32>()?;
    let pair = tx
        .crypto
        .derive_hpke_keypair(comity_mls::CIPHER_SUITE.hpke_config(), &seed)
        .map_err(|_| Error::Bug("hpke key pair"))?;
    let mut request = GroupInfoRequest {
        cipher_suite: comity_mls::CIPHER_SUITE.into(),
        requester: sign::signatory(tx.me)?,
        group_info_public_key: pair.public,
        joining_code: row.joining.as_ref().and_then(|joining| joining.code.clone()),
        signature: Vec::new(),
    };
    request.signature = sign::with_label(tx.me, GroupInfoRequest::LABEL, &request.to_be_signed())?;
    room::put(tx.store, row)?;
    tx.request(NewRequest {
        to: row.hub.clone(),
        lane: Some(row.uri.clone()),
        kind: RequestKind::FetchGroupInfo,
        body: request.encode(),
        urgent: true,
        errand: Errand::GroupInfo {
            private_key: pair.private.to_vec(),
        },
    })?;
    Ok(())
}

/// The hub's answer has come: builds the external commit, or gives up.
pub(crate) fn entrance(
    tx: &mut Tx<'_>,
    mut row: RoomRow,
    response: GroupInfoResponse,
    private_key: &[u8],
) -> Result<(), Error> {
    if row.phase != Phase::Joining {
        return Ok(());
    }
    match open(tx, &row, &response, private_key) {
        Ok((inside, hub_key)) => {
            tx.savepoint()?;
            match enter(tx, &mut row, &inside, &hub_key) {
                Ok(()) => Ok(tx.store.release()?),
                Err(StageFault::Refused(code)) => {
                    tx.undo()?;
                    tx.drop_group(row.id);
                    if let Some(error) = tx.store.take_hidden() {
                        return Err(error.into());
                    }
                    let mut row = room::by_id(tx.store, row.id)?.ok_or(Error::Bug("room vanished"))?;
                    refused(tx, &mut row, Refusal::NotAllowed(code.to_owned()))
                }
                Err(StageFault::Failed(error)) => Err(error),
            }
        }
        Err(refusal) => refused(tx, &mut row, refusal),
    }
}

/// Opens the hub's answer: signed by the room's hub, for this room, sealed to us.
fn open(
    tx: &Tx<'_>,
    row: &RoomRow,
    response: &GroupInfoResponse,
    private_key: &[u8],
) -> Result<(GroupInfoRatchetTreeTbe, Vec<u8>), Refusal> {
    if response.room != row.uri {
        return Err(Refusal::BadAnswer);
    }
    let sealed = match &response.status {
        GroupInfoStatus::Success(sealed) => sealed,
        GroupInfoStatus::NoSuchRoom => return Err(Refusal::NotAllowed("no_such_room".to_owned())),
        _ => return Err(Refusal::NotAllowed("not_authorized".to_owned())),
    };
    let key = &sealed.hub.signature_key;
    let known = row.hub_key.is_empty() || row.hub_key == *key;
    let signed = sign::verify(
        tx,
        key,
        GroupInfoResponse::LABEL,
        &response.to_be_signed(),
        &sealed.signature,
    );
    if !known || !signed || sealed.cipher_suite != u16::from(comity_mls::CIPHER_SUITE) {
        return Err(Refusal::BadAnswer);
    }
    let plain = sign::open(
        tx,
        private_key,
        GroupInfoResponse::SEAL_LABEL,
        row.uri.as_bytes(),
        &sealed.ciphertext,
    )
    .ok_or(Refusal::BadAnswer)?;
    let inside = GroupInfoRatchetTreeTbe::decode(&plain).map_err(|_| Refusal::BadAnswer)?;
    Ok((inside, key.clone()))
}

fn enter(
    tx: &mut Tx<'_>,
    row: &mut RoomRow,
    inside: &GroupInfoRatchetTreeTbe,
    hub_key: &[u8],
) -> Result<(), StageFault> {
    let RatchetTreeOption::Full(tree) = &inside.ratchet_tree else {
        return Err(StageFault::Refused("no_ratchet_tree"));
    };
    let advertised = tx.advertised()?;
    let old = row.scope;
    // Whoever joins again has changed their mind about leaving, and the commit takes out the old leaf anyway.
    let own = row.proposals.iter().filter(|held| held.client == tx.me.client);
    let ours: Vec<Vec<u8>> = own.map(|held| held.frame.clone()).collect();
    row.scope = room::next_id(tx.store).map_err(Error::from)?;
    let provider = Provider::for_room(tx.crypto, tx.store, row.scope);
    let entrance = Entrance {
        group_info: inside.group_info.as_slice(),
        tree: tree.as_slice(),
        self_removes: inside
            .pending
            .iter()
            .map(|pending| pending.proposal.as_slice().to_vec())
            .filter(|frame| !ours.contains(frame))
            .collect(),
        who: tx.me.credential(),
        leaf: tx.me.leaf(&advertised),
    };
    let (group, staged) = join_from_outside(&provider, &tx.me.signer, entrance)?;
    let (state, leaves) = group
        .roster()
        .map_err(|violation| StageFault::Refused(violation.code()))?;
    if state.room != row.uri || state.hub.signature_key != hub_key {
        return Err(StageFault::Refused("group_info_of_another_room"));
    }
    if !room::may_have(tx.store, &row.uri, group.id()).map_err(Error::from)? {
        return Err(StageFault::Refused("group_info_of_another_room"));
    }
    tx.drop_group(row.id);
    if old != 0 {
        crate::store::MlsStore::for_room(tx.store, old)
            .delete_scope()
            .map_err(Error::from)?;
    }
    row.group = group.id().to_vec();
    row.hub_key = hub_key.to_vec();
    row.epoch = group.epoch();
    row.joined_epoch = group.epoch();
    row.proposals.clear();
    row.ended_by_us = None;
    row.unheard = 0;
    row.behind = false;
    row.quiet = None;
    let (body, hash) = change::bundle(staged)?;
    let request = tx.request(NewRequest {
        to: row.hub.clone(),
        lane: Some(row.uri.clone()),
        kind: RequestKind::UpdateRoom,
        body,
        urgent: true,
        errand: Errand::Commit { hash },
    })?;
    row.pending = Some(PendingCommit {
        request,
        hash: hash.to_vec(),
        task: None,
        advertises: advertised.number,
        proposals: 0,
        refused: false,
    });
    keep(tx, row, group, state, leaves)?;
    Ok(())
}

fn keep(
    tx: &mut Tx<'_>,
    row: &mut RoomRow,
    group: Group,
    state: comity_mls::RoomState,
    leaves: Vec<(openmls::prelude::LeafNodeIndex, comity_mls::LeafFacts)>,
) -> Result<(), Error> {
    let view = view_of(row, state, leaves, Vec::new());
    room::put(tx.store, row)?;
    tx.keep_group(row, group, view)
}

/// The hub has accepted our external commit.
pub(crate) fn arrived(tx: &mut Tx<'_>, mut row: RoomRow, pending: &PendingCommit) -> Result<(), Error> {
    change::in_force(tx, &mut row, pending)?;
    row.phase = Phase::Joined;
    row.joining = None;
    row.behind = false;
    room::put(tx.store, &row)?;
    let (_, leaves) = tx
        .group(&row)?
        .roster()
        .map_err(|_| Error::Bug("joined a roster that is not sound"))?;
    let facts: Vec<_> = leaves.into_iter().map(|(_, facts)| facts).collect();
    meet(tx, facts.iter())?;
    tx.tell_room(&row.uri, RoomChange::Joined)?;
    inbound::release(tx, &row.group)?;
    let mut row = room::by_id(tx.store, row.id)?.ok_or(Error::Bug("room vanished"))?;
    errands::drive(tx, &mut row)
}

/// Another commit went first: everything again.
pub(crate) fn fetch_again(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    discard(tx, row)?;
    let joining = row.joining.get_or_insert_with(Joining::default);
    joining.tries = joining.tries.saturating_add(1);
    if joining.tries > MOST_TRIES {
        return refused(tx, row, Refusal::WrongEpoch);
    }
    fetch(tx, row)
}

/// The hub does not let us in. Harmless if we are not on the way in.
pub(crate) fn refused(tx: &mut Tx<'_>, row: &mut RoomRow, refusal: Refusal) -> Result<(), Error> {
    if row.phase != Phase::Joining {
        return Ok(());
    }
    discard(tx, row)?;
    row.phase = Phase::Refused;
    row.joining = None;
    change::abandon_tasks(tx, row, "room_not_joined")?;
    outbound::give_up_waiting(tx, row)?;
    room::put(tx.store, row)?;
    tx.tell_room(&row.uri.clone(), RoomChange::Refused(refusal))?;
    inbound::release(tx, &row.group.clone())
}

/// Deletes the group that the hub did not accept.
fn discard(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    tx.delete_group(row)?;
    row.pending = None;
    Ok(room::put(tx.store, row)?)
}

/// A frame of a room that we are on the way into. `None`: process it.
pub(crate) fn frame_while_joining(
    tx: &mut Tx<'_>,
    row: &mut RoomRow,
    opened: &Opened,
    theirs: u64,
    content: ContentType,
) -> Result<Option<FrameOutcome>, Unprocessed> {
    let handshake = content != ContentType::Application;
    let Some(pending) = row.pending.clone() else {
        // Until we enter, what our old copy of the room can read is read.
        let readable = !handshake && row.scope != 0 && theirs <= row.epoch;
        return if readable {
            Ok(None)
        } else {
            Err(Unprocessed::Held(HeldUntil::Commit))
        };
    };
    let done = |message| FrameOutcome::Done {
        message,
        notify: false,
    };
    if handshake && pending.hash == opened.hash {
        let accepted = opened.message.accepted_at;
        crate::answer::commit_accepted(tx, row.clone(), accepted)?;
        return Ok(Some(done(None)));
    }
    if theirs >= row.epoch {
        return Err(Unprocessed::Held(HeldUntil::Commit));
    }
    if !handshake {
        return Err(Rejection::EpochTooOld.into());
    }
    small::put_taken(tx.store, &opened.hash)?;
    // A proposal takes nobody's epoch: if ours leaves it out, the hub says so.
    if content == ContentType::Commit && theirs.saturating_add(1) == row.epoch {
        crate::store::outbox::delete(tx.store, pending.request)?;
        fetch_again(tx, row)?;
    }
    Ok(Some(done(None)))
}
