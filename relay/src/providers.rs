//! The servers of all providers: what a gatekeeper writes around the hub crate.
//!
//! Every provider is three things at once: the **hub** of the rooms that carry its name; a **follower** of all other rooms, which passes
//! the hub's frames on to its own clients; and the **directory** of its own clients' key packages. Each request is one transaction, fan-out
//! included, so that nobody sees half of one.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use comity_hub::{
    Caller, Consent, Delivery, Directory, Endpoint, Facts, Hub, Inbound, KeyPackageRow, Part, RosterChange,
    Shelf, Target, Verdict, amend_roster, follow,
};
use comity_room::{ClientUri, ProviderUri, RoomUri, Timestamp, UserUri};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::RustCrypto;
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};
use tls_codec::{Deserialize as _, Serialize as _};

use crate::store::{self, DirectoryFault, Work};

/// All providers that clients have logged in at.
pub struct Providers {
    db: Mutex<Connection>,
    /// Told whenever there are new frames.
    mail: Condvar,
}

/// A request, as its client posts it to its own provider.
#[derive(Clone, Copy, Debug)]
pub struct Posted<'a> {
    /// The idempotency key.
    pub id: &'a [u8; 16],
    /// For whom it is.
    pub to: &'a ProviderUri,
    /// The room that it is about.
    pub lane: Option<&'a RoomUri>,
    /// What it asks for.
    pub endpoint: Endpoint,
    /// Its octets.
    pub body: &'a [u8],
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered, with this body.
    Answer(Vec<u8>),
    /// There is no such provider.
    Undeliverable,
}

/// One frame of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its place: ascending, and never given twice.
    pub cursor: u64,
    /// Its room.
    pub room: RoomUri,
    /// Its octets.
    pub frame: Vec<u8>,
}

/// Why nothing happened.
#[derive(Debug)]
pub enum Fault {
    /// The client has not logged in.
    Stranger,
    /// What was asked makes no sense; why.
    Senseless(&'static str),
    /// The database, or rows in it that the hub crate did not write.
    Damage(String),
}

impl Providers {
    /// Opens the file in which everything is, or makes it.
    ///
    /// # Errors
    /// [`Fault::Damage`] if it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        Ok(Self {
            db: Mutex::new(store::open(path)?),
            mail: Condvar::new(),
        })
    }

    /// Lets a client log in. Its provider exists from then on.
    ///
    /// # Errors
    /// [`Fault::Senseless`] if the user is another provider's, or not the one that this client was.
    pub fn login(&self, user: &UserUri, client: &ClientUri) -> Result<(), Fault> {
        if user.provider() != client.provider() {
            return Err(Fault::Senseless("a client of another provider than its user's"));
        }
        self.work(|work| {
            if work.keys(&client.provider())?.is_none() {
                let keys = SignatureKeyPair::new(comity_mls::CIPHER_SUITE.signature_algorithm())
                    .map_err(damage)?
                    .tls_serialize_detached()
                    .map_err(damage)?;
                work.add_provider(&client.provider(), &keys)?;
            }
            match work.user_of(client)? {
                None => Ok(work.add_client(client, user)?),
                Some(known) if known == user.as_str() => Ok(()),
                Some(_) => Err(Fault::Senseless("this client is another user's")),
            }
        })
    }

    /// The users who left key packages, so that they can be invited.
    ///
    /// # Errors
    /// [`Fault::Damage`].
    pub fn users(&self) -> Result<Vec<String>, Fault> {
        self.work(|work| Ok(work.users()?))
    }

    /// The public key of a provider's hub; none if there is no such provider.
    ///
    /// # Errors
    /// [`Fault::Damage`].
    pub fn hub_key(&self, provider: &ProviderUri) -> Result<Option<Vec<u8>>, Fault> {
        self.work(|work| Ok(keys(work, provider)?.map(|keys| keys.to_public_vec())))
    }

    /// A client posts a request to its own provider, which forwards it. What follows from it for others is in their mailboxes when this
    /// returns. The same octets under the same id get the first answer again.
    ///
    /// # Errors
    /// [`Fault`]; then nothing has happened.
    pub fn post(&self, now: Timestamp, from: &ClientUri, posted: Posted<'_>) -> Result<Outcome, Fault> {
        let digest = Sha256::digest(posted.body);
        let outcome = self.work(|work| {
            let user = user_of(work, from)?;
            if let Some(kept) = work.reply(from, posted.id, &digest)? {
                return Ok(Outcome::Answer(kept));
            }
            let answer = Call {
                work,
                now,
                from,
                user,
            }
            .answer(posted)?;
            let Some(answer) = answer else {
                return Ok(Outcome::Undeliverable);
            };
            work.keep_reply(from, posted.id, &digest, &answer)?;
            Ok(Outcome::Answer(answer))
        })?;
        self.mail.notify_all();
        Ok(outcome)
    }

    /// The first frame of a client's mailbox behind a cursor. Waits for one so long if there is none.
    ///
    /// # Errors
    /// [`Fault::Stranger`] or [`Fault::Damage`].
    #[expect(clippy::disallowed_methods, reason = "a server has a clock")]
    pub fn frame(&self, client: &ClientUri, after: u64, wait: Duration) -> Result<Option<Mail>, Fault> {
        let start = Instant::now();
        let mut db = self.lock();
        loop {
            let mail = next_frame(&mut db, client, after)?;
            let left = wait.saturating_sub(start.elapsed());
            if mail.is_some() || left.is_zero() {
                return Ok(mail);
            }
            // Other clients' frames end this as well.
            let woken = self.mail.wait_timeout(db, left);
            (db, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// One transaction: all of it, or nothing.
    fn work<T>(&self, job: impl FnOnce(&Work<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut db = self.lock();
        let work = Work::begin(&mut db)?;
        let done = job(&work)?;
        work.commit()?;
        Ok(done)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A thread that panicked has dropped its transaction, which rolled it back.
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn next_frame(db: &mut Connection, client: &ClientUri, after: u64) -> Result<Option<Mail>, Fault> {
    let work = Work::begin(db)?;
    user_of(&work, client)?;
    let Some((cursor, room, frame)) = work.frame(client, after)? else {
        return Ok(None);
    };
    let room = RoomUri::parse(&room).map_err(damage)?;
    Ok(Some(Mail { cursor, room, frame }))
}

/// One request's way through the providers.
struct Call<'a> {
    work: &'a Work<'a>,
    now: Timestamp,
    from: &'a ClientUri,
    user: UserUri,
}

impl Call<'_> {
    /// The answer's body; none if there is no such provider.
    fn answer(&self, posted: Posted<'_>) -> Result<Option<Vec<u8>>, Fault> {
        let Some(keys) = keys(self.work, posted.to)? else {
            return Ok(None);
        };
        match posted.endpoint {
            Endpoint::PublishKeyPackages => self.publish(posted).map(Some),
            Endpoint::KeyMaterial => self.key_material(posted, &keys),
            _ => self.at_hub(posted, &keys).map(Some),
        }
    }

    /// Who asks. Another provider's hub knows a provider by its name alone, and believes what it says of its clients; so that provider
    /// sees to it that each of them speaks for itself. Here they are one, and the hub is asked in the client's name.
    fn caller(&self) -> Caller {
        Caller::client(self.user.clone(), self.from.clone())
    }

    /// What is asked of a room's hub.
    fn at_hub(&self, posted: Posted<'_>, keys: &SignatureKeyPair) -> Result<Vec<u8>, Fault> {
        let room = posted
            .lane
            .ok_or(Fault::Senseless("a request about a room names no room"))?;
        let verdict = self.judge(posted, room, keys)?;
        self.work.write(posted.to, room, &verdict.writes)?;
        if let Facts::Created { .. } = verdict.facts {
            self.amend(room)?;
        }
        for delivery in &verdict.fanout {
            self.deliver(delivery)?;
        }
        Ok(verdict.reply)
    }

    fn judge(&self, posted: Posted<'_>, room: &RoomUri, keys: &SignatureKeyPair) -> Result<Verdict, Fault> {
        let (hub, caller, body) = (hub(posted.to, keys), self.caller(), posted.body);
        let seen = match hub.inspect(posted.endpoint, body) {
            Ok(seen) => seen,
            Err(refusal) => {
                return Ok(Verdict {
                    expects: comity_hub::Version::ABSENT,
                    writes: Vec::new(),
                    fanout: Vec::new(),
                    reply: hub.refuse(posted.endpoint, room, &refusal),
                    facts: Facts::Refused(refusal),
                });
            }
        };
        let head = self.work.row(posted.to, room, &Part::Head)?;
        let mut parts = seen.parts(head.as_deref()).map_err(damage)?;
        parts.push(Part::Head);
        let rows = self.work.rows(posted.to, room, &parts)?;
        // The version that the verdict expects is the one just read: nobody else writes during a transaction.
        match posted.endpoint {
            Endpoint::CreateRoom => hub.create(self.now, &caller, &rows, body),
            Endpoint::SubmitMessage => hub.submit(self.now, &caller, &rows, body),
            Endpoint::UpdateRoom => hub.update(self.now, &caller, &rows, body),
            Endpoint::GroupInfo => hub.group_info(self.now, &caller, &rows, body, keys),
            _ => return Err(Fault::Senseless("no endpoint of a hub")),
        }
        .map_err(damage)
    }

    /// No frame tells the creator's provider that its client is in the room.
    fn amend(&self, room: &RoomUri) -> Result<(), Fault> {
        let home = self.from.provider();
        let rows = self.work.rows(&home, room, &[Part::Roster])?;
        let joined = RosterChange {
            joined: vec![self.from.clone()],
            left: Vec::new(),
        };
        let writes = amend_roster(&home, &rows, &joined).map_err(damage)?;
        Ok(self.work.write(&home, room, &writes)?)
    }

    /// A frame reaches a provider, which puts it into its clients' mailboxes.
    fn deliver(&self, delivery: &Delivery) -> Result<(), Fault> {
        let (provider, room) = (&delivery.provider, &delivery.room);
        let rows = self.work.rows(provider, room, &[Part::Roster])?;
        let inbound = Inbound {
            from: &room.provider(),
            frame: &delivery.frame,
            roster: &delivery.roster,
        };
        let owner = |reference: &[u8]| {
            let row = self.work.key_package(reference).ok()??;
            KeyPackageRow::decode(&row).ok().map(|row| row.client)
        };
        let followed = follow(provider, &rows, inbound, owner).map_err(damage)?;
        self.work.write(provider, room, &followed.writes)?;
        for local in followed.deliveries {
            for client in &local.clients {
                self.work.deliver(client, room, &local.frame)?;
            }
        }
        Ok(())
    }

    fn publish(&self, posted: Posted<'_>) -> Result<Vec<u8>, Fault> {
        let held = held(self.work, self.from.as_str())?;
        let publication = directory(posted.to).publish(self.now, &self.caller(), &held, posted.body);
        self.work.write_directory(&publication.writes)?;
        Ok(publication.reply)
    }

    /// The hub of the room passes the request on to the user's provider.
    fn key_material(&self, posted: Posted<'_>, keys: &SignatureKeyPair) -> Result<Option<Vec<u8>>, Fault> {
        let hub = hub(posted.to, keys);
        let user = match hub.pass_on(&self.caller(), posted.body) {
            Ok(user) => user,
            Err(refused) => return Ok(Some(refused.reply)),
        };
        let target = user.provider();
        if self.work.keys(&target)?.is_none() {
            return Ok(None);
        }
        let caller = if target == *posted.to {
            self.caller()
        } else {
            Caller::provider(posted.to.clone())
        };
        let shelves = self.shelves(&user)?;
        let known = match shelves.as_slice() {
            [] => Target::Unknown,
            shelves => Target::Known(Consent::Given, shelves),
        };
        let selection = directory(&target).choose(self.now, &caller, &known, None, posted.body);
        self.work.write_directory(&selection.writes)?;
        Ok(Some(selection.reply))
    }

    fn shelves(&self, user: &UserUri) -> Result<Vec<Shelf>, Fault> {
        let clients = self.work.clients_of(user)?;
        clients
            .iter()
            .map(|client| {
                Ok(Shelf {
                    client: ClientUri::parse(client).map_err(damage)?,
                    key_packages: held(self.work, client)?,
                })
            })
            .collect()
    }
}

fn hub(provider: &ProviderUri, keys: &SignatureKeyPair) -> Hub<RustCrypto> {
    Hub::new(RustCrypto::default(), provider.clone(), keys.to_public_vec())
}

fn directory(provider: &ProviderUri) -> Directory<RustCrypto> {
    Directory::new(RustCrypto::default(), provider.clone())
}

fn keys(work: &Work<'_>, provider: &ProviderUri) -> Result<Option<SignatureKeyPair>, Fault> {
    let Some(octets) = work.keys(provider)? else {
        return Ok(None);
    };
    SignatureKeyPair::tls_deserialize(&mut octets.as_slice())
        .map(Some)
        .map_err(damage)
}

fn user_of(work: &Work<'_>, client: &ClientUri) -> Result<UserUri, Fault> {
    let user = work.user_of(client)?.ok_or(Fault::Stranger)?;
    UserUri::parse(&user).map_err(damage)
}

fn held(work: &Work<'_>, client: &str) -> Result<Vec<KeyPackageRow>, Fault> {
    let rows = work.key_packages(client)?;
    rows.iter()
        .map(|row| KeyPackageRow::decode(row).map_err(damage))
        .collect()
}

fn damage(why: impl std::fmt::Display) -> Fault {
    Fault::Damage(why.to_string())
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        damage(error)
    }
}

impl From<DirectoryFault> for Fault {
    fn from(fault: DirectoryFault) -> Self {
        match fault {
            DirectoryFault::Store(error) => damage(error),
            DirectoryFault::Row(fault) => damage(fault),
            DirectoryFault::Contradiction => Self::Damage("a key package was handed out twice".to_owned()),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stranger => f.write_str("this client has not logged in"),
            Self::Senseless(why) => f.write_str(why),
            Self::Damage(why) => write!(f, "the relay's file: {why}"),
        }
    }
}

impl std::error::Error for Fault {}
