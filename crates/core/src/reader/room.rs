//! Rooms: who is in them, what they require, what we may do there.

use comity_room::policy::Action;
use comity_room::{
    Advertisement, ClientUri, MediaType, Requirement, RoleIndex, RoomMetadata, RoomUri, Timestamp, UserUri,
    missing,
};

use super::Reader;
use crate::change;
use crate::error::{Blocked, Error, Misuse};
use crate::step::{Change, TaskId};
use crate::store::room::{MemberRow, Phase, Position, RoomRow, RoomView};
use crate::store::{StorageError, Store, room};

/// A room, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSummary {
    /// Its URI.
    pub uri: RoomUri,
    /// Its name; may be empty.
    pub name: String,
    /// Where we stand in it.
    pub phase: Phase,
    /// Who invited us, if we were.
    pub inviter: Option<UserUri>,
    /// How many messages of others have not been read.
    pub unread: u32,
    /// Up to where it was read.
    pub read_up_to: Position,
    /// The latest time that the hub has told us.
    pub hub_time: Timestamp,
    /// The epoch of its group.
    pub epoch: u64,
    /// Whether the hub is ahead of us.
    pub behind: bool,
}

/// A room in full, except its members.
#[derive(Clone, Debug)]
pub struct Room {
    /// What a list shows.
    pub summary: RoomSummary,
    /// Name, subject and so on.
    pub metadata: RoomMetadata,
    /// The users in it, with their roles.
    pub participants: Vec<(UserUri, RoleIndex)>,
    /// What every member must be able to read.
    pub requirement: Requirement,
    /// Changes that have not taken effect yet.
    pub tasks: Vec<TaskId>,
}

/// One client in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The client.
    pub client: ClientUri,
    /// Its user.
    pub user: UserUri,
    /// What it says it can receive.
    pub advertisement: Advertisement,
    /// What it lacks of the room's requirement.
    pub lacks: Vec<MediaType>,
}

/// One conversation's honest verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posture {
    /// The number of the cipher suite.
    pub cipher_suite: u16,
    /// Whether its secrecy withstands a quantum computer.
    pub post_quantum: bool,
    /// How many clients are in the group.
    pub clients: u32,
    /// How many users are in the room with at least one client.
    pub users: u32,
    /// Clients that cannot read what the room requires.
    pub cannot_read_required: Vec<ClientUri>,
    /// For each media type that somebody can read beyond the requirement: how many clients can.
    pub readable: Vec<(MediaType, u32)>,
    /// Whether our copy can follow the room.
    pub stalled: bool,
    /// Whether the hub is ahead of us.
    pub behind: bool,
}

impl Reader {
    /// The rooms, in the order in which we came to know them.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn rooms(&self, _now: Timestamp) -> Result<Vec<RoomSummary>, Error> {
        self.ask(|store| {
            room::all(store)?
                .into_iter()
                .map(|row| summary(store, row))
                .collect()
        })
    }

    /// One room in full.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`], [`Error::Storage`].
    pub fn room(&self, uri: &RoomUri) -> Result<Room, Error> {
        let found = self.ask_room(uri, |store, row| {
            let view = room::view(store, row.id)?;
            let tasks = row.tasks.clone();
            Ok((view, tasks, summary(store, row)?))
        })?;
        let (view, tasks, summary) = found;
        let view = view.ok_or(Blocked::NotJoined)?;
        Ok(Room {
            participants: view
                .participants
                .iter()
                .map(|p| (p.user.clone(), p.role))
                .collect(),
            metadata: view.metadata,
            requirement: view.requirement,
            tasks,
            summary,
        })
    }

    /// The clients in a room, from a place in the list on.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`], [`Error::Storage`].
    pub fn members(&self, uri: &RoomUri, from: usize, limit: usize) -> Result<Vec<Member>, Error> {
        let (row, view) = self.room_and_view(uri)?;
        let page = view.members.iter().skip(from).take(limit);
        Ok(page
            .filter_map(|member| {
                let advertisement = row.classes.get(member.class)?.clone();
                Some(Member {
                    client: member.client.clone(),
                    user: member.user.clone(),
                    lacks: missing(&advertisement, &view.requirement),
                    advertisement,
                })
            })
            .collect())
    }

    /// Whether a change would be allowed now, before anybody taps.
    ///
    /// # Errors
    /// What [`Client::change`](crate::Client::change) would say: [`Blocked::NotAllowed`], `CannotRead`, `NotJoined` or
    /// `Stalled`; [`Misuse::Changes`], [`Misuse::NoSuchRoom`]; [`Error::Storage`].
    pub fn can(&self, uri: &RoomUri, change: &Change) -> Result<(), Error> {
        let (row, view) = self.room_and_view(uri)?;
        match row.phase {
            Phase::Joined | Phase::Creating => {}
            Phase::Stalled => return Err(Blocked::Stalled.into()),
            _ => return Err(Blocked::NotJoined.into()),
        }
        change::build::permitted(&row, &view, (&self.user, &self.client), change)
    }

    /// Whether we may do something with messages in a room.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`], [`Error::Storage`].
    pub fn may(&self, uri: &RoomUri, action: Action) -> Result<bool, Error> {
        let (row, view) = self.room_and_view(uri)?;
        Ok(row.phase == Phase::Joined && view.may(&self.user, action))
    }

    /// The room's posture.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`], [`Error::Storage`].
    pub fn posture(&self, uri: &RoomUri) -> Result<Posture, Error> {
        let (row, view) = self.room_and_view(uri)?;
        Ok(posture(&row, &view))
    }

    pub(super) fn room_and_view(&self, uri: &RoomUri) -> Result<(RoomRow, RoomView), Error> {
        self.ask_room(uri, |store, row| {
            let view = room::view(store, row.id)?;
            Ok((row, view))
        })
        .and_then(|(row, view)| Ok((row, view.ok_or(Blocked::NotJoined)?)))
    }

    pub(super) fn ask_room<R>(
        &self,
        uri: &RoomUri,
        query: impl FnOnce(&Store, RoomRow) -> Result<R, StorageError>,
    ) -> Result<R, Error> {
        let found = self.ask(|store| match room::by_uri(store, uri)? {
            Some(row) => query(store, row).map(Some),
            None => Ok(None),
        })?;
        Ok(found.ok_or(Misuse::NoSuchRoom)?)
    }
}

fn summary(store: &Store, row: RoomRow) -> Result<RoomSummary, StorageError> {
    Ok(RoomSummary {
        unread: room::unread(store, &row)?,
        hub_time: room::hub_time(store, &row)?,
        uri: row.uri,
        name: row.name,
        phase: row.phase,
        inviter: row.inviter,
        read_up_to: row.read_up_to,
        epoch: row.epoch,
        behind: row.behind,
    })
}

fn posture(row: &RoomRow, view: &RoomView) -> Posture {
    let count = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
    let mut users: Vec<&UserUri> = view.members.iter().map(|member| &member.user).collect();
    users.sort();
    users.dedup();
    let class = |member: &MemberRow| row.classes.get(member.class);
    let cannot = view.members.iter().filter(|member| {
        class(member).is_none_or(|advertisement| !missing(advertisement, &view.requirement).is_empty())
    });
    let mut types: Vec<&MediaType> = row.classes.iter().flat_map(Advertisement::iter).collect();
    types.sort();
    types.dedup();
    let readers = |media: &MediaType| {
        view.members
            .iter()
            .filter(|member| class(member).is_some_and(|a| a.can_read(media)))
            .count()
    };
    Posture {
        cipher_suite: comity_mls::CIPHER_SUITE.into(),
        post_quantum: false,
        clients: count(view.members.len()),
        users: count(users.len()),
        cannot_read_required: cannot.map(|member| member.client.clone()).collect(),
        readable: types
            .into_iter()
            .filter(|media| !view.requirement.iter().any(|required| required == *media))
            .map(|media| (media.clone(), count(readers(media))))
            .collect(),
        stalled: row.phase == Phase::Stalled,
        behind: row.behind,
    }
}
