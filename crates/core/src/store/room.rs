//! Rooms: what the engine keeps of each beside its MLS group.
//!
//! [`RoomRow`] is small and read at every step of the room; [`RoomView`], who is in it, is as large as the room and
//! rewritten only when the epoch changes.

use std::collections::HashMap;

use comity_room::policy::Action;
use comity_room::{
    Advertisement, ClientUri, ParticipantList, ProviderUri, Requirement, RoleIndex, Roles, RoomMetadata,
    RoomUri, Timestamp, UserUri,
};
use serde::{Deserialize, Serialize};

use super::seal::Index;
use super::{Col, RowAt, Scope, StorageError, Store, Table, message, small};
use crate::step::{RequestId, TaskId};

pub(super) const ROOM: Table = Table::new(16, 1)
    .with_due()
    .covered(
        "SELECT id, uri, mls_group, due, sealed FROM room",
        "SELECT id, uri, mls_group, due, sealed FROM room WHERE id = ?1",
    )
    .indexed(&[
        Index {
            all: "SELECT uri, id FROM room INDEXED BY sqlite_autoindex_room_1",
            columns: &[1, 0],
        },
        Index {
            all: "SELECT mls_group, id FROM room INDEXED BY sqlite_autoindex_room_2",
            columns: &[2, 0],
        },
        Index {
            all: "SELECT due, id FROM room INDEXED BY room_due WHERE due IS NOT NULL",
            columns: &[3, 0],
        },
    ]);
pub(super) const VIEW: Table = Table::new(17, 1).covered(
    "SELECT room, sealed FROM room_view",
    "SELECT room, sealed FROM room_view WHERE room = ?1",
);
const SCOPE: Scope = Scope::Client;

/// Where we stand in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Phase {
    /// Created here; the hub has not answered.
    Creating,
    /// In the group, but the person has not accepted.
    Invited,
    /// On the way in by an external commit.
    Joining,
    /// In the room.
    Joined,
    /// In the room, and on the way out.
    Leaving,
    /// Out, by our own wish.
    Left,
    /// Out, by another's.
    Removed,
    /// Our copy cannot follow; `join` heals it.
    Stalled,
    /// The hub refused to create it, or to let us in.
    Refused,
}

/// What the engine keeps of a room.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RoomRow {
    #[serde(skip)]
    pub(crate) id: i64,
    /// The scope of its MLS group's rows: another one each time that we join, and 0 while there is none.
    pub(crate) scope: i64,
    pub(crate) uri: RoomUri,
    #[serde(with = "serde_bytes")]
    pub(crate) group: Vec<u8>,
    pub(crate) hub: ProviderUri,
    #[serde(with = "serde_bytes")]
    pub(crate) hub_key: Vec<u8>,
    pub(crate) phase: Phase,
    pub(crate) epoch: u64,
    /// The first epoch in which we are: earlier frames are not for us.
    pub(crate) joined_epoch: u64,
    pub(crate) inviter: Option<UserUri>,
    /// Our commit that waits for the hub.
    pub(crate) pending: Option<PendingCommit>,
    /// Proposals of this epoch, as frames.
    pub(crate) proposals: Vec<HeldProposal>,
    /// Changes that wait for their turn.
    pub(crate) tasks: Vec<TaskId>,
    /// The distinct advertisements of the members: all that `plan` needs to choose.
    pub(crate) classes: Vec<Advertisement>,
    /// The advertisement that our leaf carries, by its number.
    pub(crate) leaf_advertises: u64,
    /// When our leaf must be renewed at the latest, if it must.
    pub(crate) leaf_due: Option<Timestamp>,
    /// When the proposals are to be committed by us, if nobody else has.
    pub(crate) commit_due: Option<Timestamp>,
    /// The hub seems to be ahead of us, since the present epoch began.
    pub(crate) behind: bool,
    /// Until when we make no commit, because the hub seems to be ahead.
    pub(crate) quiet: Option<Timestamp>,
    /// The epoch that our latest commit ended.
    pub(crate) ended_by_us: Option<u64>,
    /// How many commits of ours are in force whose frames have not come back.
    #[serde(default)]
    pub(crate) unheard: u32,
    /// Something waits to be done as soon as errands are run, and no later than this.
    pub(crate) errand: Option<Timestamp>,
    /// The code to join by, and how often we have tried.
    pub(crate) joining: Option<Joining>,
    /// How many messages have come before the one that they change: no fewer, and 0 if there never were any.
    #[serde(default)]
    pub(crate) orphans: u32,
    /// The position up to which the person has read.
    pub(crate) read_up_to: Position,
    /// The latest time that the hub has told us, but for messages; see [`hub_time`].
    pub(crate) hub_time: Timestamp,
    pub(crate) name: String,
}

/// A commit of ours that waits for the hub.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PendingCommit {
    pub(crate) request: RequestId,
    /// SHA-256 of the commit's octets.
    #[serde(with = "serde_bytes")]
    pub(crate) hash: Vec<u8>,
    /// The task that it is for, unless it is housekeeping.
    pub(crate) task: Option<TaskId>,
    /// The number of the advertisement that its leaf carries.
    pub(crate) advertises: u64,
    /// How many proposals it takes up.
    #[serde(default)]
    pub(crate) proposals: usize,
    /// The hub refused it: the next commit of ours may overwrite it, and nothing else ends it early.
    pub(crate) refused: bool,
}

/// An attempt to join from outside.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Joining {
    #[serde(with = "serde_bytes")]
    pub(crate) code: Option<Vec<u8>>,
    pub(crate) tries: u32,
}

impl std::fmt::Debug for Joining {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code: _, tries } = self;
        f.debug_struct("Joining")
            .field("tries", tries)
            .finish_non_exhaustive()
    }
}

/// A proposal that waits to be committed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HeldProposal {
    #[serde(with = "serde_bytes")]
    pub(crate) frame: Vec<u8>,
    pub(crate) client: ClientUri,
    pub(crate) user: UserUri,
    /// Whether it is a proposal to leave.
    pub(crate) leaves: bool,
}

/// Where a message stands in a timeline: the hub's time in milliseconds, then the first octets of its frame's hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    pub(crate) at: i64,
    pub(crate) tie: i64,
}

impl Position {
    /// Where messages stand that the hub has not accepted yet: behind all others, in the order of writing.
    pub(crate) const UNACCEPTED: i64 = i64::MAX;

    /// Behind everything.
    pub(crate) const BEYOND: Self = Self {
        at: i64::MAX,
        tie: i64::MAX,
    };

    /// As two numbers, for a language face or an app's own database. They sort as positions do, the first one first.
    #[must_use]
    pub const fn numbers(self) -> (i64, i64) {
        (self.at, self.tie)
    }

    /// From what [`Position::numbers`] gave.
    #[must_use]
    pub const fn from_numbers(at: i64, tie: i64) -> Self {
        Self { at, tie }
    }
}

/// Who is in a room, in its present epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoomView {
    pub(crate) participants: ParticipantList,
    pub(crate) roles: Roles,
    pub(crate) metadata: RoomMetadata,
    pub(crate) requirement: Requirement,
    pub(crate) members: Vec<MemberRow>,
    /// Clients that went in the epochs whose late messages can still be read.
    pub(crate) former: Vec<Former>,
}

/// A client that went, whose late messages can still be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Former {
    /// The epoch in which it was gone.
    pub(crate) since: u64,
    pub(crate) client: ClientUri,
    pub(crate) user: UserUri,
    /// Its user's role when it went, by which its late messages are judged.
    pub(crate) role: RoleIndex,
}

/// One client in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MemberRow {
    pub(crate) client: ClientUri,
    pub(crate) user: UserUri,
    #[serde(with = "serde_bytes")]
    pub(crate) key: Vec<u8>,
    pub(crate) index: u32,
    /// Its advertisement, by its place in the room's classes.
    pub(crate) class: usize,
}

impl RoomRow {
    /// A room of which nothing is known but its URI.
    pub(crate) fn blank(uri: RoomUri) -> Self {
        Self {
            id: 0,
            scope: 0,
            group: Vec::new(),
            hub: uri.provider(),
            uri,
            hub_key: Vec::new(),
            phase: Phase::Creating,
            epoch: 0,
            joined_epoch: 0,
            inviter: None,
            pending: None,
            proposals: Vec::new(),
            tasks: Vec::new(),
            classes: Vec::new(),
            leaf_advertises: 0,
            leaf_due: None,
            commit_due: None,
            behind: false,
            quiet: None,
            ended_by_us: None,
            unheard: 0,
            errand: None,
            joining: None,
            orphans: 0,
            read_up_to: Position::default(),
            hub_time: Timestamp::default(),
            name: String::new(),
        }
    }

    /// Whether we are in the group, whatever the person has said.
    pub(crate) fn is_member(&self) -> bool {
        matches!(
            self.phase,
            Phase::Creating | Phase::Invited | Phase::Joined | Phase::Leaving
        )
    }
}

impl RoomView {
    /// The user of a client that is, or lately was, in the room.
    pub(crate) fn user_of(&self, client: &ClientUri) -> Option<&UserUri> {
        let member = self
            .members
            .iter()
            .find(|member| member.client == *client)
            .map(|member| &member.user);
        member.or_else(|| {
            self.former
                .iter()
                .rev()
                .find(|former| former.client == *client)
                .map(|former| &former.user)
        })
    }

    /// Whether a user may do something with messages; one who went, whether they might when they went.
    pub(crate) fn may(&self, user: &UserUri, action: Action) -> bool {
        let present = self
            .participants
            .find(user)
            .map(|(_, participant)| participant.role);
        let role = present.or_else(|| {
            self.former
                .iter()
                .rev()
                .find(|former| former.user == *user)
                .map(|former| former.role)
        });
        role.and_then(|role| self.roles.find(role))
            .is_some_and(|role| role.can(action.capability()))
    }
}

/// The id of the next room, and of the next scope: larger than any before.
pub(crate) fn next_id(store: &Store) -> Result<i64, StorageError> {
    let next = small::setting(store, NUMBERS)?
        .unwrap_or(0_i64)
        .checked_add(1)
        .ok_or(StorageError::Corrupt)?;
    small::put_setting(store, NUMBERS, &next)?;
    Ok(next)
}

const NUMBERS: &str = "numbers";

/// Rooms that the open transaction, or one before it, has read or written, while nobody else writes.
#[derive(Default)]
pub(super) struct Cache(HashMap<i64, RoomRow>);

/// How many rooms are remembered.
const REMEMBERED: usize = 32;

impl Cache {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn keep(&mut self, row: RoomRow) {
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(row.id, row);
    }

    fn find(&self, is: impl Fn(&RoomRow) -> bool) -> Option<RoomRow> {
        self.0.values().find(|row| is(row)).cloned()
    }
}

/// The latest time that the room's hub has told us.
pub(crate) fn hub_time(store: &Store, row: &RoomRow) -> Result<Timestamp, StorageError> {
    let latest = message::latest(store, row.id)?.map(timestamp).unwrap_or_default();
    Ok(row.hub_time.max(latest))
}

/// How many messages of others are unread.
pub(crate) fn unread(store: &Store, row: &RoomRow) -> Result<u32, StorageError> {
    message::unread(store, row.id, row.read_up_to)
}

pub(crate) fn put(store: &Store, row: &RoomRow) -> Result<(), StorageError> {
    write(store, row)?;
    store.rooms.borrow_mut().keep(row.clone());
    Ok(())
}

fn write(store: &Store, row: &RoomRow) -> Result<(), StorageError> {
    let uri = store.lookup(ROOM, row.uri.as_bytes());
    let group = store.lookup(ROOM, &row.group);
    let key = [Col::Int(row.id)];
    let clear = [
        Col::from(&uri),
        Col::from(&group),
        Col::from(due(row).map(millis)),
    ];
    let at = RowAt {
        table: ROOM,
        key: &key,
        clear: &clear,
    };
    // A room keeps its URI and, until it is joined anew, its group: naming them in the update would write their indexes.
    if store.put_sealed_if(
        "UPDATE room SET due = ?4, sealed = ?5 WHERE id = ?1 AND uri = ?2 AND mls_group = ?3",
        SCOPE,
        &at,
        row,
    )? {
        return Ok(());
    }
    store.put_sealed(
        "INSERT INTO room (id, uri, mls_group, due, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET uri = ?2, mls_group = ?3, due = ?4, sealed = ?5",
        SCOPE,
        &at,
        row,
    )
}

pub(crate) fn by_uri(store: &Store, uri: &RoomUri) -> Result<Option<RoomRow>, StorageError> {
    remembered(
        store,
        |row| row.uri == *uri,
        || {
            store.one_sealed(
                "SELECT id, uri, mls_group, due, sealed FROM room WHERE uri = ?1",
                [store.lookup(ROOM, uri.as_bytes())],
                SCOPE,
                ROOM,
                with_id,
            )
        },
    )
}

fn remembered(
    store: &Store,
    is: impl Fn(&RoomRow) -> bool,
    read: impl FnOnce() -> Result<Option<RoomRow>, StorageError>,
) -> Result<Option<RoomRow>, StorageError> {
    if !store.writing.get() {
        return read();
    }
    let known = store.rooms.borrow().find(is);
    if known.is_some() {
        return Ok(known);
    }
    let row = read()?;
    if let Some(row) = &row {
        store.rooms.borrow_mut().keep(row.clone());
    }
    Ok(row)
}

pub(crate) fn by_group(store: &Store, group: &[u8]) -> Result<Option<RoomRow>, StorageError> {
    remembered(
        store,
        |row| row.group == group,
        || {
            store.one_sealed(
                "SELECT id, uri, mls_group, due, sealed FROM room WHERE mls_group = ?1",
                [store.lookup(ROOM, group)],
                SCOPE,
                ROOM,
                with_id,
            )
        },
    )
}

pub(crate) fn by_id(store: &Store, id: i64) -> Result<Option<RoomRow>, StorageError> {
    remembered(
        store,
        |row| row.id == id,
        || {
            store.one_sealed(
                "SELECT id, uri, mls_group, due, sealed FROM room WHERE id = ?1",
                [id],
                SCOPE,
                ROOM,
                with_id,
            )
        },
    )
}

pub(crate) fn all(store: &Store) -> Result<Vec<RoomRow>, StorageError> {
    store.all_sealed(
        "SELECT id, uri, mls_group, due, sealed FROM room ORDER BY id",
        [],
        SCOPE,
        ROOM,
        with_id,
    )
}

/// The rooms with errands that are due.
pub(crate) fn due_by(store: &Store, now: Timestamp) -> Result<Vec<RoomRow>, StorageError> {
    store.all_sealed(
        "SELECT id, uri, mls_group, due, sealed FROM room WHERE due <= ?1 ORDER BY due",
        [millis(now)],
        SCOPE,
        ROOM,
        with_id,
    )
}

pub(crate) fn view(store: &Store, id: i64) -> Result<Option<RoomView>, StorageError> {
    store.get_sealed(
        "SELECT room, sealed FROM room_view WHERE room = ?1",
        [id],
        SCOPE,
        VIEW,
    )
}

/// How the value of a room's view begins: otherwise whenever it was written again.
pub(crate) fn view_begins(store: &Store, id: i64) -> Result<Option<[u8; 16]>, StorageError> {
    store.one(
        "SELECT substr(sealed, 1, 16) FROM room_view WHERE room = ?1",
        [id],
        |row| row.get(0),
    )
}

pub(crate) fn put_view(store: &Store, id: i64, view: &RoomView) -> Result<(), StorageError> {
    let key = [Col::Int(id)];
    store.put_sealed(
        "INSERT OR REPLACE INTO room_view (room, sealed) VALUES (?1, ?2)",
        SCOPE,
        &RowAt {
            table: VIEW,
            key: &key,
            clear: &[],
        },
        view,
    )
}

fn with_id(row: &rusqlite::Row<'_>, mut value: RoomRow) -> rusqlite::Result<RoomRow> {
    value.id = row.get(0)?;
    Ok(value)
}

/// When the room's next errand is due. What could not be run yet is not due: whatever ends that rewrites the row.
fn due(row: &RoomRow) -> Option<Timestamp> {
    let busy = row.pending.as_ref().is_some_and(|pending| !pending.refused);
    if row.phase != Phase::Joined || busy {
        return row.errand;
    }
    let later = |at: Timestamp| row.quiet.map_or(at, |until| at.max(until));
    let waits = (!row.tasks.is_empty()).then_some(row.quiet).flatten();
    row.errand
        .into_iter()
        .chain(waits)
        .chain(row.leaf_due.map(later))
        .chain(row.commit_due.map(later))
        .min()
}

/// A timestamp as a column.
pub(crate) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

/// A column as a timestamp.
pub(crate) fn timestamp(column: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(column).unwrap_or(0))
}
