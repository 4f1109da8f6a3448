//! A client of ours in a real file, driven by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use comity::{
    Batch, Client, Error, Event, Frame, FrameOutcome, Identity, Key32, Message, Opening, Page, Phase,
    Position, Reader, Request, RequestKind, RoomUri, Seq, Step, Timestamp,
};
use comity_wire::{PublishKeyPackages, Wire as _};
use openmls::prelude::{KeyPackage, ProtocolVersion};
use openmls_rust_crypto::RustCrypto;
use tempfile::TempDir;

/// A client of ours.
pub(crate) struct Phone {
    pub(crate) client: Client,
    pub(crate) identity: Identity,
    pub(crate) now: Timestamp,
    /// Its published key packages that nobody has used, the last resort at the end.
    pub(crate) key_packages: Vec<KeyPackage>,
    path: PathBuf,
    /// Deleted when the test is over.
    dir: TempDir,
}

/// What a room looks like from outside: all that a rejected frame must leave as it was.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Snapshot {
    phase: Option<Phase>,
    epoch: u64,
    members: Vec<String>,
    participants: Vec<String>,
    name: String,
    texts: Vec<String>,
    unread: u32,
}

pub(crate) const KEY: Key32 = Key32::new([7; 32]);

impl Phone {
    /// A new client, whose key packages are published.
    pub(crate) fn new(domain: &str, name: &str, device: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("client.comity");
        let identity = Identity {
            user: super::user(domain, name),
            client: super::client(domain, device),
        };
        let now = super::present();
        let client = Client::create(now, &Opening::app(&path, KEY), identity.clone()).unwrap();
        let mut phone = Self {
            client,
            identity,
            now,
            key_packages: Vec::new(),
            path,
            dir,
        };
        let step = phone
            .client
            .advertise(now, &comity_testkit::supports::basic())
            .unwrap();
        phone.learn(&step.requests);
        phone
    }

    /// Takes the key packages out of requests to publish them.
    pub(crate) fn learn(&mut self, requests: &[Request]) {
        for request in requests
            .iter()
            .filter(|r| r.kind == RequestKind::PublishKeyPackages)
        {
            let body = PublishKeyPackages::decode(&request.body).unwrap();
            if body.replace {
                self.key_packages.clear();
            }
            self.key_packages.extend(body.key_packages.iter().map(|octets| {
                let parsed = octets.parse().unwrap();
                parsed
                    .validate(&RustCrypto::default(), ProtocolVersion::Mls10)
                    .unwrap()
            }));
        }
    }

    /// A key package that nobody has used.
    pub(crate) fn key_package(&mut self) -> KeyPackage {
        self.key_packages.remove(0)
    }

    pub(crate) fn opening(&self) -> Opening {
        Opening::app(&self.path, KEY)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A client on a copy of the file as it is: what a restored backup would be.
    pub(crate) fn copied(&mut self) -> Self {
        self.client.pause().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("client.comity");
        std::fs::copy(&self.path, &path).unwrap();
        self.client.resume().unwrap();
        let client = Client::open(self.now, &Opening::app(&path, KEY)).unwrap();
        Self {
            client,
            identity: self.identity.clone(),
            now: self.now,
            key_packages: Vec::new(),
            path,
            dir,
        }
    }

    /// The process ends and starts again.
    pub(crate) fn restarts(self) -> Self {
        let Self {
            client,
            identity,
            now,
            key_packages,
            path,
            dir,
        } = self;
        client.close().unwrap();
        let client = Client::open(now, &Opening::app(&path, KEY)).unwrap();
        Self {
            client,
            identity,
            now,
            key_packages,
            path,
            dir,
        }
    }

    /// Takes frames in one step, which must take all of them.
    #[track_caller]
    pub(crate) fn steps(&mut self, frames: &[Frame]) -> Step {
        let batch = Batch {
            frames: frames.to_vec(),
            cursor: None,
            more: false,
        };
        let step = self.client.receive(self.now, &batch).unwrap();
        assert_eq!(step.frames.len(), frames.len(), "every frame has an outcome");
        step
    }

    /// Takes one frame.
    #[track_caller]
    pub(crate) fn receives(&mut self, frame: &Frame) -> FrameOutcome {
        self.steps(std::slice::from_ref(frame)).frames.remove(0)
    }

    pub(crate) fn reader(&self) -> Reader {
        self.client.reader().unwrap()
    }

    pub(crate) fn phase(&self, room: &RoomUri) -> Option<Phase> {
        let rooms = self.reader().rooms(self.now).unwrap();
        rooms
            .into_iter()
            .find(|summary| summary.uri == *room)
            .map(|summary| summary.phase)
    }

    pub(crate) fn epoch(&self, room: &RoomUri) -> u64 {
        self.reader().room(room).unwrap().summary.epoch
    }

    pub(crate) fn messages(&self, room: &RoomUri) -> Vec<Message> {
        let page = Page::After(Position::default(), 1_000);
        match self.reader().timeline(self.now, room, page) {
            Ok(messages) => messages,
            Err(Error::Misuse(comity::Misuse::NoSuchRoom)) => Vec::new(),
            Err(error) => panic!("{error}"),
        }
    }

    /// The texts of its timeline.
    pub(crate) fn texts(&self, room: &RoomUri) -> Vec<String> {
        self.messages(room).iter().map(text).collect()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.reader().events(Seq::default(), 1_000).unwrap()
    }

    /// The last event of the log.
    pub(crate) fn last_seq(&self) -> Seq {
        let mut last = Seq::default();
        loop {
            let page = self.reader().events(last, 1_000).unwrap();
            let Some(event) = page.last() else { return last };
            last = event.seq;
        }
    }

    pub(crate) fn snapshot(&self, room: &RoomUri) -> Snapshot {
        let reader = self.reader();
        let summary = reader
            .rooms(self.now)
            .unwrap()
            .into_iter()
            .find(|one| one.uri == *room);
        let members = reader.members(room, 0, usize::MAX).unwrap_or_default();
        let user = reader
            .room(room)
            .map(|room| room.participants)
            .unwrap_or_default();
        let keys = |member: &comity::Member| {
            let known = reader.user(&member.user).unwrap();
            known
                .clients
                .into_iter()
                .find(|(client, _)| *client == member.client)
                .map(|(_, key)| key)
        };
        Snapshot {
            phase: summary.as_ref().map(|one| one.phase),
            epoch: summary.as_ref().map_or(0, |one| one.epoch),
            unread: summary.as_ref().map_or(0, |one| one.unread),
            name: summary.map(|one| one.name).unwrap_or_default(),
            members: members
                .iter()
                .map(|member| format!("{member:?} {:?}", keys(member)))
                .collect(),
            participants: user.iter().map(|listed| format!("{listed:?}")).collect(),
            texts: self.texts(room),
        }
    }

    /// Every row of the file, but those that say that something came: the log and the frames that are held.
    pub(crate) fn rows(&self) -> Rows {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let file = rusqlite::Connection::open_with_flags(&self.path, flags).unwrap();
        let mut names = file
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .unwrap();
        let names: Vec<String> = names
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let mut tables = BTreeMap::new();
        for name in names {
            if ["event", "held"].contains(&name.as_str()) || name.starts_with("sqlite_") {
                continue;
            }
            let mut rows = file.prepare(&format!("SELECT * FROM {name}")).unwrap();
            let width = rows.column_count();
            let read =
                |row: &rusqlite::Row<'_>| (0..width).map(|column| row.get(column)).collect::<Result<_, _>>();
            let rows = rows.query_map([], read).unwrap().map(Result::unwrap).collect();
            tables.insert(name, rows);
        }
        tables
    }
}

/// The rows of a file, by table.
pub(crate) type Rows = BTreeMap<String, Vec<Vec<rusqlite::types::Value>>>;

/// Not one row was written.
#[track_caller]
pub(crate) fn same_rows(before: &Rows, after: &Rows) {
    for (table, rows) in before {
        let differ = rows
            .iter()
            .zip(&after[table])
            .filter(|(one, other)| one != other)
            .count();
        let (was, is) = (rows.len(), after[table].len());
        assert!(
            differ == 0 && was == is,
            "{table}: {differ} rows differ, {was} were there, {is} are"
        );
    }
}

/// The text of a message.
pub(crate) fn text(message: &Message) -> String {
    let Some(content) = &message.content else {
        return String::new();
    };
    match &content.part.body {
        comity::content::Body::Single(single) => String::from_utf8_lossy(&single.content).into_owned(),
        body => format!("{body:?}"),
    }
}
