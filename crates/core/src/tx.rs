//! One call, one transaction: what a verb has in hand while it works.
//!
//! A [`Step`] is made here and nowhere else, by committing. Groups stay in memory between steps only while nobody else
//! has written; every rollback drops those it touched, because memory must never run ahead of disk.

use std::sync::Arc;
use std::time::Duration;

use comity_room::{ProviderUri, RoomUri, Timestamp};
use comity_wire::MemberCommit;
use zeroize::Zeroizing;

use crate::crypto::Crypto;
use crate::error::{Error, Misuse};
use crate::group::Group;
use crate::me::{Advertised, Me};
use crate::membership;
use crate::opening::{Opening, Role};
use crate::provider::Provider;
use crate::step::{
    Event, EventKind, FrameOutcome, Made, Request, RequestId, RequestKind, RoomChange, Step, TaskId,
};
use crate::store::outbox::{Errand, OutboxRow, WITH_HOST};
use crate::store::room::{RoomRow, RoomView};
use crate::store::{MlsStore, Reads, StorageError, Store, due, event, outbox, room};
use crate::warm::{Extent, Warm, WarmGroup};

/// One call's work in progress.
pub(crate) struct Tx<'a> {
    pub(crate) now: Timestamp,
    pub(crate) store: &'a Store,
    pub(crate) crypto: &'a Crypto,
    pub(crate) me: &'a Me,
    pub(crate) opening: &'a Opening,
    warm: &'a mut Warm,
    /// The groups in memory whose ratchets are ahead of their rows: the room and where the rows are.
    ahead: Vec<(i64, i64)>,
    /// How many frames the step takes, as far as it is known.
    to_take: usize,
    /// The groups whose held frames are to be taken, while some are.
    released: Option<Vec<Vec<u8>>>,
    requests: Vec<Request>,
    events: Vec<Event>,
    frames: Vec<FrameOutcome>,
}

/// Proof that a transaction was committed. Only this file can make one, so only it can make a [`Step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt(());

/// A request that is about to be made.
pub(crate) struct NewRequest {
    pub(crate) to: ProviderUri,
    pub(crate) lane: Option<RoomUri>,
    pub(crate) kind: RequestKind,
    pub(crate) body: Vec<u8>,
    pub(crate) urgent: bool,
    pub(crate) errand: Errand,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(
        now: Timestamp,
        store: &'a Store,
        crypto: &'a Crypto,
        me: &'a Me,
        opening: &'a Opening,
        warm: &'a mut Warm,
    ) -> Self {
        Self {
            now,
            store,
            crypto,
            me,
            opening,
            warm,
            ahead: Vec::new(),
            to_take: 0,
            released: None,
            requests: Vec::new(),
            events: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// Whose step it is.
    pub(crate) fn role(&self) -> Role {
        self.opening.role
    }

    /// Commits; only now does a step exist.
    pub(crate) fn commit(mut self, made: Option<Made>) -> Result<Step, Error> {
        self.write_ratchets()?;
        let wake_at = due::next(self.store)?;
        self.store.commit()?;
        Ok(Step {
            made,
            requests: self.requests,
            events: self.events,
            frames: self.frames,
            wake_at,
            receipt: Receipt(()),
        })
    }

    /// Whether the step has anything to tell.
    pub(crate) fn tells(&self) -> bool {
        !(self.requests.is_empty() && self.events.is_empty() && self.frames.is_empty())
    }

    /// Appends an event to the log and to this step's tail.
    pub(crate) fn tell(&mut self, kind: EventKind) -> Result<(), Error> {
        let event = event::append(self.store, kind)?;
        self.events.push(event);
        Ok(())
    }

    /// Puts an event of the log, which a message's own row holds, at this step's tail.
    pub(crate) fn told(&mut self, event: Event) {
        self.events.push(event);
    }

    /// The same for a change of a room.
    pub(crate) fn tell_room(&mut self, room: &RoomUri, change: RoomChange) -> Result<(), Error> {
        self.tell(EventKind::Room {
            room: room.clone(),
            change,
        })
    }

    pub(crate) fn note_outcome(&mut self, outcome: FrameOutcome) {
        self.frames.push(outcome);
    }

    /// Where events and requests stand, to be able to return there.
    pub(crate) fn mark(&self) -> (usize, usize) {
        (self.events.len(), self.requests.len())
    }

    /// Forgets everything since a mark, which was set together with the latest savepoint.
    pub(crate) fn return_to(&mut self, (events, requests): (usize, usize)) -> Result<(), Error> {
        self.undo()?;
        self.events.truncate(events);
        self.requests.truncate(requests);
        Ok(())
    }

    /// Marks a point to which [`Tx::undo`] returns, before groups are changed that may have to be dropped.
    pub(crate) fn savepoint(&mut self) -> Result<(), Error> {
        self.write_ratchets()?;
        Ok(self.store.savepoint()?)
    }

    /// Undoes what was written since the latest savepoint.
    pub(crate) fn undo(&mut self) -> Result<(), Error> {
        if self.store.rollback_to()? {
            self.warm.clear();
        }
        Ok(())
    }

    /// Makes a request: it is in the outbox until answered.
    pub(crate) fn request(&mut self, new: NewRequest) -> Result<RequestId, Error> {
        let id = outbox::next(self.store)?;
        let row = OutboxRow {
            id,
            to: new.to,
            lane: new.lane,
            kind: new.kind,
            body: new.body,
            attempt: 0,
            urgent: new.urgent,
            due: WITH_HOST,
            errand: new.errand,
        };
        outbox::append(self.store, &row)?;
        self.requests.push(row.request());
        Ok(id)
    }

    /// Hands out again a request that is due.
    pub(crate) fn hand_out(&mut self, request: Request) {
        self.requests.push(request);
    }

    /// The row of a room.
    pub(crate) fn room(&self, uri: &RoomUri) -> Result<RoomRow, Error> {
        Ok(room::by_uri(self.store, uri)?.ok_or(Misuse::NoSuchRoom)?)
    }

    /// What OpenMLS works with, for a room's group.
    pub(crate) fn provider(&self, room: &RoomRow) -> Provider<'a> {
        Provider::for_room(self.crypto, self.store, room.scope)
    }

    /// The same, to send a message, or to take one of the present epoch.
    pub(crate) fn message_provider(&self, room: &RoomRow) -> Provider<'a> {
        Provider::for_message(self.crypto, self.store, room.scope, Reads::Present)
    }

    /// So many frames more are about to be taken.
    pub(crate) fn takes(&mut self, frames: usize) {
        self.to_take = self.to_take.saturating_add(frames);
    }

    /// Notes that the held frames of a group are to be taken. `false` if others are being taken: these have their turn behind them.
    pub(crate) fn begins_release(&mut self, group: &[u8]) -> bool {
        let begins = self.released.is_none();
        let released = self.released.get_or_insert_default();
        if !released.iter().any(|known| known == group) {
            released.push(group.to_vec());
        }
        begins
    }

    /// The next group whose held frames are to be taken. Whoever began goes on until there is none.
    pub(crate) fn next_release(&mut self) -> Option<Vec<u8>> {
        let next = self.released.as_mut()?.pop();
        if next.is_none() {
            self.released = None;
        }
        next
    }

    /// Whether the ratchets of a message are written with it, before its row is: that row tells of them then, and no page is
    /// written for it (see store/head.rs). Of many frames they are written once, after the last.
    pub(crate) fn writes_ratchets_at_once(&self) -> bool {
        self.to_take == 1
    }

    /// The same, to take one message of a batch, whose ratchets are written once: see [`Tx::ran_ahead`].
    pub(crate) fn batch_provider(&self, room: &RoomRow) -> Provider<'a> {
        Provider::for_one_of_many(self.crypto, self.store, room.scope)
    }

    /// The same, to take a message of a past epoch.
    pub(crate) fn late_provider(&self, room: &RoomRow, epoch: u64) -> Provider<'a> {
        Provider::for_late_message(self.crypto, self.store, room.scope, epoch)
    }

    /// What OpenMLS works with, for key packages.
    pub(crate) fn client_provider(&self) -> Provider<'a> {
        Provider::for_client(self.crypto, self.store)
    }

    /// The room's group, from memory or from the file.
    pub(crate) fn group(&mut self, row: &RoomRow) -> Result<&mut Group, Error> {
        let whole = |warm: &WarmGroup| warm.has_group() && *warm.extent() == Extent::All;
        if !self.warm.get(row.id).is_some_and(whole) {
            self.load_group(row, Extent::All)?;
        }
        self.group_in_memory(row)
    }

    /// The same, maybe without its past epochs and most of its leaves: for [`Tx::message_provider`] and nothing else.
    pub(crate) fn message_group(&mut self, row: &RoomRow) -> Result<&mut Group, Error> {
        if !self.warm.get(row.id).is_some_and(WarmGroup::has_group) {
            let extent = self.extent_known(row);
            self.load_group(row, extent)?;
        }
        self.group_in_memory(row)
    }

    /// Reads another leaf of the group for [`Tx::message_group`]. `false` if it has that leaf already.
    pub(crate) fn add_leaf(&mut self, row: &RoomRow, leaf: u32) -> Result<bool, Error> {
        let Some(extent) = self.extent_known(row).with(leaf) else {
            return Ok(false);
        };
        self.load_group(row, extent)?;
        Ok(true)
    }

    /// Whether the group in memory lacks leaves. `None` if there is none.
    pub(crate) fn lacks_leaves(&self, row: &RoomRow) -> Option<bool> {
        let warm = self.warm.get(row.id).filter(|warm| warm.has_group())?;
        Some(matches!(warm.extent(), Extent::Leaves(_)))
    }

    /// How much of the group is in memory, or was before another process changed it.
    fn extent_known(&self, row: &RoomRow) -> Extent {
        let none = Extent::Leaves(Vec::new());
        self.warm.get(row.id).map_or(none, |warm| warm.extent().clone())
    }

    /// Who is in the room.
    pub(crate) fn view(&self, row: &RoomRow) -> Result<Arc<RoomView>, Error> {
        if let Some(warm) = self.warm.get(row.id) {
            return Ok(Arc::clone(warm.view().0));
        }
        Ok(Arc::new(self.read_view(row)?))
    }

    fn read_view(&self, row: &RoomRow) -> Result<RoomView, Error> {
        Ok(room::view(self.store, row.id)?.ok_or(StorageError::Corrupt)?)
    }

    /// Keeps a group that was created or joined in this step, or whose members changed.
    pub(crate) fn keep_group(&mut self, row: &RoomRow, group: Group, view: RoomView) -> Result<(), Error> {
        room::put_view(self.store, row.id, &view)?;
        let begins = room::view_begins(self.store, row.id)?;
        let warm = WarmGroup::new(group, Extent::All, Arc::new(view), begins, row.scope);
        self.warm.put(row.id, warm);
        Ok(())
    }

    /// Writes who is in the room, unless nobody and nothing there has changed.
    pub(crate) fn put_view(&mut self, row: &RoomRow, view: RoomView) -> Result<(), Error> {
        if *self.view(row)? == view {
            return Ok(());
        }
        room::put_view(self.store, row.id, &view)?;
        let begins = room::view_begins(self.store, row.id)?;
        self.warm.set_view(row.id, view, begins);
        Ok(())
    }

    /// Forgets a group in memory; the next use reads it from the file.
    pub(crate) fn drop_group(&mut self, room: i64) {
        self.warm.remove(room);
        self.ahead.retain(|(ahead, _)| *ahead != room);
    }

    /// Forgets groups in memory beyond the bound: between two frames.
    pub(crate) fn trim(&mut self) -> Result<(), Error> {
        if self.warm.is_full() {
            self.write_ratchets()?;
            self.warm.trim();
        }
        Ok(())
    }

    /// A message was taken with [`Tx::batch_provider`]: the group in memory is ahead of its rows. They are written before the
    /// group is dropped, before a savepoint that others than messages of the present epoch need, and before the step ends.
    pub(crate) fn ran_ahead(&mut self, row: &RoomRow) {
        let group = (row.id, row.scope);
        if !self.ahead.contains(&group) {
            self.ahead.push(group);
        }
    }

    /// Writes the ratchets of every group that ran ahead of its rows.
    pub(crate) fn write_ratchets(&mut self) -> Result<(), Error> {
        for (room, scope) in std::mem::take(&mut self.ahead) {
            self.write_ratchets_of(room, scope)?;
        }
        Ok(())
    }

    fn write_ratchets_of(&mut self, room: i64, scope: i64) -> Result<(), Error> {
        let provider = Provider::for_message(self.crypto, self.store, scope, Reads::Present);
        let group = self.warm.get_mut(room).and_then(WarmGroup::group);
        group
            .ok_or(Error::Bug("a group was dropped before its ratchets were written"))?
            .write_ratchets(&provider)
    }

    /// How many octets the group's rows take in the file; nothing if we are in no group.
    pub(crate) fn stored(&self, row: &RoomRow) -> Result<usize, Error> {
        if row.scope == 0 {
            return Ok(0);
        }
        Ok(MlsStore::for_room(self.store, row.scope).stored()?)
    }

    /// What tells whose message one of the group's present epoch is. `None` if the file does not have it apart.
    pub(crate) fn sender_data_secret(&self, row: &RoomRow) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        Ok(MlsStore::for_room(self.store, row.scope).sender_data_secret()?)
    }

    /// Whether a member of the room can have made a commit that says to be of the present epoch. `None` if that is not known without
    /// reading the group from the file.
    pub(crate) fn is_of_a_member(
        &mut self,
        row: &RoomRow,
        commit: &MemberCommit<'_>,
    ) -> Result<Option<bool>, Error> {
        let Some(warm) = self.warm.get_mut(row.id).filter(|warm| warm.has_group()) else {
            return Ok(None);
        };
        if warm.membership_key(row.epoch).is_none() {
            match MlsStore::for_room(self.store, row.scope).membership_key()? {
                Some(key) => warm.note_membership_key(row.epoch, key),
                None => return Ok(None),
            }
        }
        let context = warm.group().map(|group| group.context()).transpose()?;
        let known = warm.membership_key(row.epoch).zip(context);
        Ok(known.map(|(key, context)| membership::is_of_a_member(commit, key, &context)))
    }

    /// Deletes the room's group, in memory and in the file, with the key under which its rows are sealed.
    pub(crate) fn delete_group(&mut self, row: &mut RoomRow) -> Result<(), Error> {
        self.drop_group(row.id);
        let scope = std::mem::take(&mut row.scope);
        if scope != 0 {
            MlsStore::for_room(self.store, scope).delete_scope()?;
        }
        Ok(())
    }

    /// Deletes the key under which the secrets of the room's last epoch lay.
    pub(crate) fn turn_epoch(&self, row: &RoomRow) -> Result<(), Error> {
        Ok(MlsStore::for_room(self.store, row.scope).turn_epoch()?)
    }

    /// Reads so much of the room's group from the file.
    fn load_group(&mut self, row: &RoomRow, extent: Extent) -> Result<(), Error> {
        if self.ahead.contains(&(row.id, row.scope)) {
            // It stays on the list: if this is undone, what is read now is ahead of the rows again.
            self.write_ratchets_of(row.id, row.scope)?;
        }
        self.warm.forget_group(row.id);
        let group = {
            let provider = match &extent {
                Extent::All => self.provider(row),
                part => Provider::for_message(self.crypto, self.store, row.scope, part.reads()),
            };
            Group::load(&provider, &row.group)?.ok_or(StorageError::Corrupt)?
        };
        let in_parts = matches!(extent, Extent::Leaves(_))
            && MlsStore::for_room(self.store, row.scope).has_large_tree()?;
        let extent = match extent {
            Extent::Leaves(_) if !in_parts => Extent::Present,
            other => other,
        };
        let (view, begins) = match self.warm.get(row.id).map(WarmGroup::view) {
            Some((view, begins)) => (Arc::clone(view), begins),
            None => (
                Arc::new(self.read_view(row)?),
                room::view_begins(self.store, row.id)?,
            ),
        };
        let warm = WarmGroup::new(group, extent, view, begins, row.scope);
        self.warm.put(row.id, warm);
        Ok(())
    }

    fn group_in_memory(&mut self, row: &RoomRow) -> Result<&mut Group, Error> {
        let warm = self.warm.get_mut(row.id);
        warm.and_then(WarmGroup::group)
            .ok_or(Error::Bug("group vanished"))
    }

    /// What we say we can receive.
    pub(crate) fn advertised(&self) -> Result<Advertised, Error> {
        Advertised::load(self.store)
    }

    /// A random time within `span` from now.
    pub(crate) fn sometime_within(&self, span: Duration) -> Result<Timestamp, Error> {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1);
        let draw = u64::from_be_bytes(random()?) % millis;
        Ok(self.now.plus(Duration::from_millis(draw)))
    }

    pub(crate) fn new_task(&self) -> Result<TaskId, Error> {
        Ok(TaskId(random()?))
    }
}

/// Octets from the operating system's randomness.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut octets = [0; N];
    #[cfg(feature = "seeded")]
    if crate::seeded::fill(&mut octets) {
        return Ok(octets);
    }
    getrandom::fill(&mut octets).map_err(|_| Error::Storage(StorageError::Io))?;
    Ok(octets)
}
