//! A file that was in use, and what an app would do next with it.

use std::path::PathBuf;

use comity::content::Expiration;
use comity::{
    Allow, Batch, Change, Client, Error, Frame, FrameOutcome, Opening, Outgoing, Page, Position, Reader,
    RoomUri, Seq, StorageError, Timestamp,
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::*;

/// A file that was in use, closed, and what an app would do next with it.
pub(super) struct Victim {
    dir: TempDir,
    pub(super) path: PathBuf,
    /// Its octets some time ago, and now.
    pub(super) old: Vec<u8>,
    pub(super) now: Vec<u8>,
    at: Timestamp,
    room: RoomUri,
    /// A message that has not come yet.
    next: Frame,
    /// One of whose epoch only a past ratchet remains, and a commit.
    late: Frame,
    commit: Frame,
}

/// What one gets to see: everything, as text.
pub(super) type Seen = Result<Vec<String>, StorageError>;

impl Victim {
    pub(super) fn new() -> Self {
        let mut scene = Scene::new();
        let uri = scene.uri();
        let at = scene.alice.now;
        scene.still_reads();
        let late = scene.saying("late");
        for _ in 0..2 {
            scene.everybody_follows(Plan::default());
        }
        says(&mut scene, "mine");
        scene.alice.client.pause().unwrap();
        let old = std::fs::read(scene.alice.path()).unwrap();
        scene.alice.client.resume().unwrap();
        scene.everybody_follows(Plan::default());
        scene.still_reads();
        says(&mut scene, &"a long one ".repeat(400));
        let tomorrow = u32::try_from(at.as_millis() / 1_000 + 86_400).unwrap();
        let expiring = Outgoing::text("gone soon").expiring(Expiration::Absolute(tomorrow));
        drop(scene.alice.client.send(at, &uri, &expiring, Allow::default()));
        let early = scene.mallory.says(&uri, "of an epoch to come");
        let mut frame = scene.place.message(&early);
        frame.bytes[8 + 4 + 1] ^= 0x40;
        drop(scene.alice.steps(std::slice::from_ref(&frame)));
        drop(scene.alice.client.change(at, &uri, &[Change::Rotate]).unwrap());
        let batch = Batch {
            frames: Vec::new(),
            cursor: Some(comity::Cursor {
                queue: "mailbox".to_owned(),
                position: vec![1, 2, 3],
            }),
            more: true,
        };
        drop(scene.alice.client.receive(at, &batch).unwrap());
        let next = scene.saying("next");
        let commit = scene.mallory.commits(Plan::default()).commit;
        let commit = scene.place.commit(&commit);
        scene.alice.client.pause().unwrap();
        let now = std::fs::read(scene.alice.path()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        Self {
            path: dir.path().join("client.comity"),
            dir,
            old,
            now,
            at,
            room: uri,
            next,
            late,
            commit,
        }
    }

    /// Puts these octets under the app, with nothing beside them.
    pub(super) fn lay(&self, octets: &[u8]) {
        for entry in std::fs::read_dir(self.dir.path()).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        std::fs::write(&self.path, octets).unwrap();
    }

    /// Does something to the file with SQLite.
    pub(super) fn tamper<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
        self.lay(&self.now);
        let file = Connection::open(&self.path).unwrap();
        let done = work(&file).unwrap();
        drop(file);
        done
    }

    /// Reads everything and goes on.
    pub(super) fn seen(&self) -> Seen {
        match self.try_everything() {
            Ok(seen) => Ok(seen),
            Err(Error::Storage(error)) => Err(error),
            Err(error) => panic!("{error:?}"),
        }
    }

    fn try_everything(&self) -> Result<Vec<String>, Error> {
        let mut client = Client::open(self.at, &Opening::app(&self.path, KEY))?;
        let reader = client.reader()?;
        let mut seen = self.everything(&reader)?;
        let batch = Batch {
            frames: vec![self.next.clone(), self.late.clone(), self.commit.clone()],
            cursor: None,
            more: false,
        };
        let step = client.receive(self.at, &batch)?;
        let done = step.frames.iter();
        seen.extend(done.map(|outcome| matches!(outcome, FrameOutcome::Done { .. }).to_string()));
        let sent = client.send(self.at, &self.room, &Outgoing::text("sent"), Allow::default())?;
        seen.push(format!("{:?}", sent.requests.len()));
        let _: comity::Step = client.wake(self.at.plus(std::time::Duration::from_secs(90_000)))?;
        client.close()?;
        Ok(seen)
    }

    /// Whether the file says that something is wrong with it.
    pub(super) fn is_ill(&self, octets: &[u8]) -> bool {
        self.lay(octets);
        let reader = Reader::open(&Opening::app(&self.path, KEY)).unwrap();
        reader.health().is_ok_and(|health| health.damage.is_some())
    }

    fn everything(&self, reader: &Reader) -> Result<Vec<String>, Error> {
        let (at, room) = (self.at, &self.room);
        let mut seen = vec![
            format!("{:?}", reader.identity()),
            format!("{:?}", reader.rooms(at)?),
            format!("{:?}", reader.room(room)?),
            format!("{:?}", reader.members(room, 0, 100)?),
            format!("{:?}", reader.outstanding(None, 100)?),
            format!("{:?}", reader.cursor("mailbox")?),
            format!("{:?}", reader.wake_at()?),
            format!("{:?}", reader.posture(room)?),
        ];
        for task in reader.room(room)?.tasks {
            seen.push(format!("{:?}", reader.task(task)?));
        }
        for user in users() {
            seen.push(format!("{:?}", reader.user(&user)?));
        }
        for event in reader.events(Seq(0), 1_000)? {
            if let comity::EventKind::Message { message, .. } = event.kind {
                seen.push(format!("{:?}", reader.message(at, message)?.map(|it| it.octets)));
            }
            seen.push(format!("{event:?}"));
        }
        for message in reader.timeline(at, room, Page::After(Position::default(), 100))? {
            seen.push(format!("{message:?} {:?}", message.octets));
        }
        Ok(seen)
    }
}

fn says(scene: &mut Scene, text: &str) {
    let (now, uri) = (scene.alice.now, scene.uri());
    let step = scene
        .alice
        .client
        .send(now, &uri, &Outgoing::text(text), Allow::default());
    drop(step.unwrap());
}
