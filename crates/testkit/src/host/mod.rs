//! The whole host loop around one client, written once: what every app that embeds Comity writes.
//!
//! ```text
//! on frames  => take(client.receive(now, batch))        on reply   => take(client.answer(now, id, reply))
//! on timer   => take(client.wake(now))                  on command => take(client.send(now, …))
//! at start   => open; post outstanding(); set the timer to wake_at()
//! ```
//! A lane posts its head and feeds the reply back; requests of one lane go one at a time, in order. The host owns no
//! retry timers. It can be killed at any point: what it knew is gone, and the file says the rest.

mod process;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use comity::{
    Answer, Batch, Budget, Client, Cursor, Error, Event, EventKind, Frame, FrameOutcome, Identity, Made,
    Reader, Request, RequestId, RequestKind, Role, RoomChange, Seq, Step, Witnesses,
};
use comity_room::{RoomUri, Timestamp};

pub use process::Copy;

/// The name of the queue of frames, in cursors.
const QUEUE: &str = "mailbox";

/// How many requests or events are asked for at a time.
const PAGE: u32 = 100;

/// One client, its file, and the loop around it.
pub struct Host {
    identity: Identity,
    dir: PathBuf,
    key: [u8; 32],
    budget: Budget,
    /// How often the process was killed: the file is in another directory each time.
    deaths: u32,
    /// How often the process was started.
    life: u32,
    /// The next step is never seen: the process is killed as soon as it is on disk.
    doomed: bool,
    running: Option<Running>,
    /// The events that were told by steps, in all lives.
    told: Vec<Event>,
    /// What became of the frames that were received, in all lives.
    outcomes: Vec<FrameOutcome>,
    /// The first epoch of each room that this client could read, as its log told.
    joined: BTreeMap<RoomUri, u64>,
    invited: BTreeSet<RoomUri>,
    learned: Seq,
    /// What is kept outside of the file; `None` for a host that keeps nothing.
    keychain: Option<Witnesses>,
    /// The next time that the file is opened, the process is killed before the twin is kept.
    forgetful: bool,
}

/// What a running process knows, and a killed one has lost.
struct Running {
    // Before the client, so that its connection closes first.
    reader: Reader,
    client: Client,
    lanes: BTreeMap<Lane, VecDeque<Request>>,
    posted: BTreeMap<RequestId, Lane>,
    wake_at: Option<Timestamp>,
    position: usize,
    last: Seq,
}

/// Requests of one lane wait for each other; a request without a lane waits for none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Room(RoomUri),
    Alone(RequestId),
}

impl Host {
    /// Creates the client in a file below `dir`.
    pub fn create(now: Timestamp, identity: Identity, dir: PathBuf, key: [u8; 32]) -> Self {
        let budget = Budget::default();
        let mut host = Self {
            identity,
            dir,
            key,
            budget,
            deaths: 0,
            life: 0,
            doomed: false,
            running: None,
            told: Vec::new(),
            outcomes: Vec::new(),
            joined: BTreeMap::new(),
            invited: BTreeSet::new(),
            learned: Seq::default(),
            keychain: Some(Witnesses::default()),
            forgetful: false,
        };
        let opening = host.opening(Role::App);
        std::fs::create_dir_all(opening.path.parent().expect("a directory")).expect("a directory");
        let client = Client::create(now, &opening, host.identity.clone()).expect("the client is created");
        host.start(client);
        host
    }

    /// The client's identity.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether the process runs.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Which life this is, counted from 1: replies to requests of an earlier one are nobody's.
    pub fn life(&self) -> u32 {
        self.life
    }

    /// How much one `receive` takes at most, from the next start on.
    pub fn set_budget(&mut self, budget: Budget) {
        self.budget = budget;
    }

    /// Calls a verb, and takes its step.
    ///
    /// # Errors
    /// The verb's own: nothing has happened then.
    pub fn act(
        &mut self,
        verb: impl FnOnce(&mut Client) -> Result<Step, Error>,
    ) -> Result<Option<Made>, Error> {
        let step = verb(&mut self.running().client)?;
        let made = step.made.clone();
        self.take(step);
        Ok(made)
    }

    /// The process is killed when the next step is on disk, before anybody sees it.
    pub fn doom(&mut self) {
        self.doomed = true;
    }

    /// A page of frames has come: takes all of it, in as many steps as the budget makes of it.
    pub fn receive(
        &mut self,
        now: Timestamp,
        frames: Vec<Frame>,
        position: usize,
        more: bool,
    ) -> Vec<FrameOutcome> {
        let outcomes = self.receive_all(now, frames, Some(cursor_at(position)), more);
        if self.is_running() {
            self.running().position = position;
            assert_eq!(
                self.stored_position(),
                position,
                "the cursor is stored once the whole page is taken"
            );
        }
        outcomes
    }

    /// One frame was pushed, beside the queue.
    pub fn pushed(&mut self, now: Timestamp, frame: Frame) -> Vec<FrameOutcome> {
        self.receive_all(now, vec![frame], None, true)
    }

    fn receive_all(
        &mut self,
        now: Timestamp,
        frames: Vec<Frame>,
        cursor: Option<Cursor>,
        more: bool,
    ) -> Vec<FrameOutcome> {
        let mut batch = Batch { frames, cursor, more };
        let mut outcomes = Vec::new();
        loop {
            let step = self
                .running()
                .client
                .receive(now, &batch)
                .expect("a batch is received");
            let taken = step.frames.len();
            outcomes.extend(step.frames.iter().cloned());
            self.take(step);
            assert!(
                taken > 0 || batch.frames.is_empty(),
                "at least one frame is taken"
            );
            batch.frames.drain(..taken);
            if batch.frames.is_empty() || !self.is_running() {
                break;
            }
        }
        self.outcomes.extend(outcomes.iter().cloned());
        outcomes
    }

    /// A reply has come back, or nobody answered.
    pub fn reply(&mut self, now: Timestamp, id: RequestId, answer: Answer) {
        if let (Some(keychain), Answer::Body(_)) = (&mut self.keychain, &answer) {
            keychain.last_request = Some(id);
        }
        let running = self.running();
        if let Some(lane) = running.posted.remove(&id)
            && let Some(queue) = running.lanes.get_mut(&lane)
        {
            queue.retain(|request| request.id != id);
            if queue.is_empty() {
                running.lanes.remove(&lane);
            }
        }
        let step = running
            .client
            .answer(now, id, answer)
            .expect("an answer is taken");
        self.take(step);
    }

    /// The timer has gone off.
    pub fn wake(&mut self, now: Timestamp) {
        let running = self.running();
        running.wake_at = None;
        let step = running.client.wake(now).expect("the client wakes");
        assert!(
            step.wake_at.is_none_or(|at| at > now),
            "having woken at {now}, it is to be woken at {:?}",
            step.wake_at
        );
        self.take(step);
    }

    /// When the timer goes off, by the client's clock.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.running.as_ref()?.wake_at
    }

    /// The requests that can be posted now: the head of every lane that waits for no reply.
    pub fn ready(&mut self) -> Vec<Request> {
        let Some(running) = &mut self.running else {
            return Vec::new();
        };
        let mut ready = Vec::new();
        for (lane, queue) in &running.lanes {
            let waits = queue
                .iter()
                .any(|request| running.posted.contains_key(&request.id));
            if let Some(head) = queue.front().filter(|_| !waits) {
                running.posted.insert(head.id, lane.clone());
                ready.push(head.clone());
            }
        }
        ready
    }

    /// Whether a request of this kind is queued or posted.
    pub fn is_asking(&self, kind: RequestKind) -> bool {
        let queued = self
            .running
            .iter()
            .flat_map(|running| running.lanes.values().flatten());
        queued.into_iter().any(|request| request.kind == kind)
    }

    /// The place in the mailbox up to which frames have been taken.
    pub fn position(&self) -> usize {
        self.running.as_ref().map_or(0, |running| running.position)
    }

    /// One frame was pushed to the notification extension. It posts nothing: the app finds what is to be posted.
    pub fn pushed_to_extension(&mut self, now: Timestamp, budget: Budget, frame: Frame) -> Vec<FrameOutcome> {
        let batch = Batch {
            frames: vec![frame],
            cursor: None,
            more: true,
        };
        let step = self
            .as_extension(now, budget, |extension| extension.receive(now, &batch))
            .expect("a frame is received");
        self.outcomes.extend(step.frames.iter().cloned());
        step.frames
    }

    /// What the client's own reader says.
    pub fn reader(&self) -> &Reader {
        &self.running.as_ref().expect("the process runs").reader
    }

    /// Every event in the client's log.
    pub fn events(&self) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        loop {
            let after = events.last().map(|event| event.seq).unwrap_or_default();
            let page = self.reader().events(after, PAGE).expect("events");
            if page.is_empty() {
                return events;
            }
            events.extend(page);
        }
    }

    /// The events that steps told, in all lives, of which a killed process may have missed some.
    pub fn told(&self) -> &[Event] {
        &self.told
    }

    /// What became of every frame that was received, in all lives.
    pub fn outcomes(&self) -> &[FrameOutcome] {
        &self.outcomes
    }

    /// The first epoch of a room that this client could read.
    pub fn first_epoch(&self, room: &RoomUri) -> Option<u64> {
        self.joined.get(room).copied()
    }

    /// Every request that has not been answered.
    pub fn outstanding(&self) -> Vec<Request> {
        let mut requests: Vec<Request> = Vec::new();
        loop {
            let after = requests.last().map(|request| request.id);
            let page = self
                .reader()
                .outstanding(after, PAGE)
                .expect("outstanding requests");
            if page.is_empty() {
                return requests;
            }
            requests.extend(page);
        }
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("the process runs")
    }

    fn start(&mut self, client: Client) {
        self.life += 1;
        if let (Some(keychain), false) = (&mut self.keychain, self.forgetful) {
            keychain.twin = client.twin();
        }
        let reader = client.reader().expect("a reader");
        let (lanes, posted) = (BTreeMap::new(), BTreeMap::new());
        self.running = Some(Running {
            reader,
            client,
            lanes,
            posted,
            wake_at: None,
            position: 0,
            last: Seq::default(),
        });
        self.look();
    }

    /// Looks into the file: at the start, and after another process has had it.
    fn look(&mut self) {
        let wake_at = match self.reader().wake_at() {
            // A paused client's reader is paused with it; `resume` is followed by a look of its own.
            Err(Error::Paused) => return,
            wake_at => wake_at.expect("the timer"),
        };
        let position = self.stored_position();
        let last = self.events().last().map(|event| event.seq).unwrap_or_default();
        let running = self.running();
        (running.wake_at, running.position, running.last) = (wake_at, position, last);
        for request in self.outstanding() {
            self.queue(request);
        }
        self.learn();
    }

    /// Reads in the log since when this client has been in which room.
    fn learn(&mut self) {
        let events = self.reader().events(self.learned, u32::MAX).expect("events");
        self.learned = events.last().map_or(self.learned, |event| event.seq);
        for event in events {
            let EventKind::Room { room, change } = event.kind else {
                continue;
            };
            let enters = match change {
                RoomChange::Created => true,
                RoomChange::Invited { .. } => {
                    self.invited.insert(room.clone());
                    true
                }
                RoomChange::Joined => !self.invited.remove(&room),
                _ => false,
            };
            if enters && let Ok(found) = self.reader().room(&room) {
                self.joined.insert(room, found.summary.epoch);
            }
        }
    }

    /// `take` of the host loop: lanes, timer, screen.
    fn take(&mut self, step: Step) {
        if std::mem::take(&mut self.doomed) {
            return self.kill();
        }
        for request in step.requests {
            self.queue(request);
        }
        let running = self.running();
        running.wake_at = step.wake_at;
        let logged = running.reader.events(running.last, u32::MAX).expect("events");
        assert_eq!(
            logged, step.events,
            "a step tells exactly what the log has since the step before"
        );
        running.last = step.events.last().map_or(running.last, |event| event.seq);
        self.told.extend(step.events);
        self.learn();
    }

    fn queue(&mut self, request: Request) {
        if let (RequestKind::FetchGroupInfo, Some(room)) = (request.kind, &request.lane) {
            // Whoever comes in from outside has not accepted an invitation, even if there was one.
            self.invited.remove(room);
        }
        let lane = match &request.lane {
            Some(room) => Lane::Room(room.clone()),
            None => Lane::Alone(request.id),
        };
        let queue = self.running().lanes.entry(lane).or_default();
        // After a start a request may be outstanding and due again.
        if queue.iter().all(|queued| queued.id != request.id) {
            queue.push_back(request);
        }
    }

    fn stored_position(&self) -> usize {
        let cursor = self.reader().cursor(QUEUE).expect("the cursor");
        cursor.map_or(0, |cursor| {
            let octets = cursor.position.try_into().expect("the octets that were stored");
            usize::try_from(u64::from_be_bytes(octets)).expect("a position")
        })
    }
}

/// The cursor that says up to where the mailbox was taken.
pub(crate) fn cursor_at(position: usize) -> Cursor {
    Cursor {
        queue: QUEUE.to_owned(),
        position: (position as u64).to_be_bytes().to_vec(),
    }
}
