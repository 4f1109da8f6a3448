//! One client in its file, and the whole host around it.
//!
//! Between two visits a device has nothing in memory: its file is closed, and whatever it knows is in there.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use comity::{
    Batch, Client, ClientUri, Cursor, Error, Frame, FrameOutcome, Identity, Key32, Made, Opening, Reader,
    Request, Step, Supported, Timestamp, UserUri,
};
use comity_examples::{Fault, Network};
use sha2::{Digest, Sha256};

/// The queue of frames, as the cursors in the file call it.
const MAIL: &str = "mail";
/// How many frames are taken at a time.
const PAGE: usize = 100;
/// After how many calls a visit is thought never to end.
const BOUND: usize = 1_000;

/// A client, as the host knows it while its file is closed.
pub(crate) struct Device {
    /// `ada-phone`.
    pub(crate) name: &'static str,
    pub(crate) who: Identity,
    /// What the app on it can show.
    pub(crate) supported: Supported,
    opening: Opening,
}

/// What happened while the file was open.
#[derive(Default)]
pub(crate) struct Visit {
    /// What the verb made.
    pub(crate) made: Option<Made>,
    /// Whether anything was posted, taken or due.
    pub(crate) busy: bool,
}

impl Device {
    /// Creates the client in a new file below `dir`.
    pub(crate) fn create(
        network: &mut Network,
        dir: &Path,
        name: &'static str,
        user: &str,
        supported: Supported,
    ) -> Result<Self, Fault> {
        let user = UserUri::parse(user)?;
        let client = ClientUri::parse(&format!("{}/d/{name}", user.provider()))?;
        let who = Identity { user, client };
        // An app draws the key, and keeps it in the device's keystore.
        let key = Sha256::digest(format!("the keystore of {name}"));
        let opening = Opening::app(dir.join(format!("{name}.comity")), Key32::new(key.into()));
        Client::create(network.now(), &opening, who.clone())
            .map_err(|e| format!("{}: {e}", opening.path.display()))?
            .close()?;
        network.register(&who);
        Ok(Self {
            name,
            who,
            supported,
            opening,
        })
    }

    pub(crate) fn path(&self) -> &PathBuf {
        &self.opening.path
    }

    /// Opens the file, calls a verb, does all that a host has to do, and closes the file.
    pub(crate) fn visit(
        &self,
        network: &mut Network,
        verb: impl FnOnce(&mut Client, Timestamp) -> Result<Step, Error>,
    ) -> Result<Visit, Fault> {
        self.open_for(network, |session, now| {
            let step = verb(&mut session.client, now)?;
            session.visit.made.clone_from(&step.made);
            session.take(step);
            Ok(())
        })
    }

    /// Opens the file, does all that a host has to do, and closes the file.
    pub(crate) fn look(&self, network: &mut Network) -> Result<Visit, Fault> {
        self.open_for(network, |_, _| Ok(()))
    }

    /// Opens the file, asks it, and closes it.
    pub(crate) fn ask<T>(
        &self,
        now: Timestamp,
        query: impl FnOnce(&Reader) -> Result<T, Error>,
    ) -> Result<T, Fault> {
        let client = Client::open(now, &self.opening)?;
        let reader = client.reader()?;
        let answer = query(&reader)?;
        drop(reader);
        client.close()?;
        Ok(answer)
    }

    /// Hands it frames that its provider never delivered to it, and says what became of each.
    pub(crate) fn is_given(&self, now: Timestamp, frames: &[Frame]) -> Result<Vec<FrameOutcome>, Fault> {
        let mut client = Client::open(now, &self.opening)?;
        let step = client.receive(
            now,
            &Batch {
                frames: frames.to_vec(),
                cursor: None,
                more: true,
            },
        )?;
        client.close()?;
        Ok(step.frames)
    }

    fn open_for(
        &self,
        network: &mut Network,
        begin: impl FnOnce(&mut Session<'_>, Timestamp) -> Result<(), Fault>,
    ) -> Result<Visit, Fault> {
        let now = network.now();
        let mut session = Session::open(self, now)?;
        begin(&mut session, now)?;
        session.run(network, now)?;
        let Session {
            client,
            reader,
            visit,
            ..
        } = session;
        drop(reader);
        client.close()?;
        Ok(visit)
    }
}

/// A device while its file is open: the host loop.
struct Session<'d> {
    who: &'d Identity,
    reader: Reader,
    client: Client,
    requests: VecDeque<Request>,
    wake_at: Option<Timestamp>,
    visit: Visit,
}

impl<'d> Session<'d> {
    /// What has not been answered is posted again, and the timer is set: both are in the file.
    fn open(device: &'d Device, now: Timestamp) -> Result<Self, Fault> {
        let client = Client::open(now, &device.opening)?;
        let reader = client.reader()?;
        Ok(Self {
            who: &device.who,
            requests: reader.outstanding(None, 100)?.into(),
            wake_at: reader.wake_at()?,
            reader,
            client,
            visit: Visit::default(),
        })
    }

    /// Timer, requests, mail, until there is nothing to do now.
    ///
    /// One request is on its way at a time. An app posts different lanes in parallel.
    fn run(&mut self, network: &mut Network, now: Timestamp) -> Result<(), Fault> {
        for _ in 0..BOUND {
            if self.wake_at.is_some_and(|at| at <= now) {
                let step = self.client.wake(now)?;
                self.take(step);
            } else if let Some(request) = self.requests.pop_front() {
                let answer = network.post(self.who, &request);
                let step = self.client.answer(now, request.id, answer)?;
                self.take(step);
            } else if !self.fetch_mail(network, now)? {
                return Ok(());
            }
            self.visit.busy = true;
        }
        Err(format!("{} does not come to rest", self.who.client).into())
    }

    /// Takes a page of mail. Where it stands in the mailbox is in the file as well.
    fn fetch_mail(&mut self, network: &Network, now: Timestamp) -> Result<bool, Fault> {
        let position = match self.reader.cursor(MAIL)? {
            Some(cursor) => String::from_utf8(cursor.position)?.parse()?,
            None => 0,
        };
        let mut frames = network.mail(&self.who.client, position);
        frames.truncate(PAGE);
        let any = !frames.is_empty();
        let position = position.saturating_add(frames.len()).to_string().into_bytes();
        let cursor = Some(Cursor {
            queue: MAIL.to_owned(),
            position,
        });
        let mut batch = Batch {
            frames,
            cursor,
            more: false,
        };
        while !batch.frames.is_empty() {
            let step = self.client.receive(now, &batch)?;
            batch.frames = batch.frames.split_off(step.frames.len());
            self.take(step);
        }
        Ok(any)
    }

    fn take(&mut self, step: Step) {
        self.wake_at = step.wake_at;
        for request in step.requests {
            if self.requests.iter().all(|queued| queued.id != request.id) {
                self.requests.push_back(request);
            }
        }
    }
}

/// The last segment of a URI: what its owner is called.
pub(crate) fn short(uri: &str) -> &str {
    uri.rsplit('/').next().unwrap_or(uri)
}
