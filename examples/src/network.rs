//! What stands between clients, in one process and without a socket: providers, their hubs and their mailboxes.
//!
//! Every provider is three things at once. It is the **hub** of the rooms that carry its name; a **follower** of all other
//! rooms, which passes the hub's frames on to its own clients; and the **directory** of its own clients' key packages. None
//! of the three can read a message.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use comity::{
    Answer, ClientUri, Frame, FrameKind, Identity, ProviderUri, Request, RequestKind, RoomUri, Timestamp,
};
use comity_hub::{
    Caller, Delivery, Endpoint, Facts, Inbound, Limits, Part, RosterChange, Rows, Write, amend_roster, follow,
};
use comity_testkit::{HubHost, Shelves};
use comity_wire::{KeyMaterialRequest, Wire as _};

use crate::Fault;

/// All providers, the clock that they share, and a store for attachments.
pub struct Network {
    now: Timestamp,
    providers: BTreeMap<ProviderUri, Provider>,
    assets: BTreeMap<String, Vec<u8>>,
    delivered: Vec<Delivered>,
    losing: Option<RequestKind>,
    lost: u32,
}

/// A frame that was put into at least one mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The kind of the request that caused it.
    pub cause: RequestKind,
    /// The frame, as each client gets it.
    pub frame: Frame,
}

struct Provider {
    hub: HubHost,
    directory: Shelves,
    /// For each room, which of the own clients are in it: the rows of the hub crate's follower.
    rosters: BTreeMap<RoomUri, BTreeMap<Part, Vec<u8>>>,
    mailboxes: BTreeMap<ClientUri, Vec<Frame>>,
}

impl Network {
    /// A network without providers; each exists from the first time that it is named.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            providers: BTreeMap::new(),
            assets: BTreeMap::new(),
            delivered: Vec::new(),
            losing: None,
            lost: 0,
        }
    }

    /// What every clock says.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    /// The key of a provider's hub, by which clients know it: an app has it from the provider's directory.
    pub fn hub_key(&mut self, provider: &ProviderUri) -> Vec<u8> {
        self.provider(provider).hub.signature_key()
    }

    /// Lets a client log in at its provider.
    pub fn register(&mut self, who: &Identity) {
        let provider = self.provider(&who.client.provider());
        provider.directory.register(&who.user, &who.client);
        provider.mailboxes.entry(who.client.clone()).or_default();
    }

    /// A client posts a request to its own provider, which forwards it to the provider that it is for.
    ///
    /// # Errors
    /// If a hub or a follower makes nothing of what reaches it, which does not happen.
    pub fn post(&mut self, who: &Identity, request: &Request) -> Result<Answer, Fault> {
        let home = who.client.provider();
        let caller = if request.to == home {
            Caller::client(who.user.clone(), who.client.clone())
        } else {
            Caller::provider(home)
        };
        let body = match request.kind {
            RequestKind::PublishKeyPackages => {
                let now = self.now;
                let directory = &mut self.provider(&request.to).directory;
                directory.publish(now, &caller, &who.client, &request.body).reply
            }
            RequestKind::FetchKeyMaterial => self.key_material(&caller, request)?,
            RequestKind::CreateRoom => self.at_hub(&caller, Endpoint::CreateRoom, request)?,
            RequestKind::UpdateRoom => self.at_hub(&caller, Endpoint::UpdateRoom, request)?,
            RequestKind::SubmitMessage => self.at_hub(&caller, Endpoint::SubmitMessage, request)?,
            RequestKind::FetchGroupInfo => self.at_hub(&caller, Endpoint::GroupInfo, request)?,
            kind => return Err(format!("no provider here serves {kind:?}").into()),
        };
        if self.losing.take_if(|kind| *kind == request.kind).is_some() {
            self.lost += 1;
            return Ok(Answer::Unreachable { retry_after: None });
        }
        Ok(Answer::Body(body))
    }

    /// The frames in a client's mailbox from a position on.
    #[must_use]
    pub fn mail(&self, client: &ClientUri, from: usize) -> Vec<Frame> {
        let provider = self.providers.get(&client.provider());
        let mailbox = provider.and_then(|provider| provider.mailboxes.get(client));
        mailbox
            .and_then(|frames| frames.get(from..))
            .unwrap_or_default()
            .to_vec()
    }

    /// The frames that were delivered since this was last asked.
    pub fn take_delivered(&mut self) -> Vec<Delivered> {
        std::mem::take(&mut self.delivered)
    }

    /// The next request of a kind is served, and its answer is lost.
    pub fn lose_next_answer(&mut self, to: RequestKind) {
        self.losing = Some(to);
    }

    /// How many answers were lost so far.
    #[must_use]
    pub fn lost_answers(&self) -> u32 {
        self.lost
    }

    /// Stores octets at a URL, where anybody can fetch them.
    pub fn upload(&mut self, url: &str, octets: Vec<u8>) {
        self.assets.insert(url.to_owned(), octets);
    }

    /// What lies at a URL.
    #[must_use]
    pub fn fetch(&self, url: &str) -> Option<&[u8]> {
        self.assets.get(url).map(Vec::as_slice)
    }

    fn provider(&mut self, uri: &ProviderUri) -> &mut Provider {
        self.providers.entry(uri.clone()).or_insert_with(|| Provider {
            hub: HubHost::new(uri.clone(), Limits::default()),
            directory: Shelves::new(uri.clone(), Limits::default()),
            rosters: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
        })
    }

    /// The room's hub decides, and what it accepts goes to every provider in the room at once.
    fn at_hub(&mut self, caller: &Caller, endpoint: Endpoint, request: &Request) -> Result<Vec<u8>, Fault> {
        let room = request.lane.as_ref().ok_or("a request about a room names it")?;
        let now = self.now;
        let hub = &mut self.provider(&request.to).hub;
        let verdict = hub.post(now, room, caller, endpoint, &request.body);
        if let Facts::Created { room, creator } = verdict.facts {
            self.provider(&creator.provider()).has_created(&room, creator)?;
        }
        for delivery in &verdict.fanout {
            for frame in self.provider(&delivery.provider).follow(delivery, &request.to)? {
                let cause = request.kind;
                self.delivered.push(Delivered { cause, frame });
            }
        }
        Ok(verdict.reply)
    }

    /// The room's hub passes the request on to the provider of the user whose key packages are wanted.
    fn key_material(&mut self, caller: &Caller, request: &Request) -> Result<Vec<u8>, Fault> {
        let wanted = KeyMaterialRequest::decode(&request.body)?.target_user;
        let from_hub = Caller::provider(request.to.clone());
        let caller = if wanted.provider() == request.to {
            caller
        } else {
            &from_hub
        };
        let now = self.now;
        let directory = &mut self.provider(&wanted.provider()).directory;
        Ok(directory.choose(now, caller, &wanted, &request.body).reply)
    }
}

impl Provider {
    /// No frame tells a provider that its client is in the room that it has created: it learns it from the answer that it
    /// passes on.
    fn has_created(&mut self, room: &RoomUri, creator: ClientUri) -> Result<(), Fault> {
        let roster = self.rosters.entry(room.clone()).or_default();
        let own = creator.provider();
        let change = RosterChange {
            joined: vec![creator],
            left: Vec::new(),
        };
        write(roster, amend_roster(&own, &rows(room, roster)?, &change)?);
        Ok(())
    }

    /// Puts what a hub delivers into the mailboxes of the clients that it is for, and returns it.
    fn follow(&mut self, delivery: &Delivery, from: &ProviderUri) -> Result<Vec<Frame>, Fault> {
        let roster = self.rosters.entry(delivery.room.clone()).or_default();
        let inbound = Inbound {
            from,
            frame: &delivery.frame,
            roster: &delivery.roster,
        };
        let owner = |reference: &[u8]| self.directory.owner(reference);
        let followed = follow(&delivery.provider, &rows(&delivery.room, roster)?, inbound, owner)?;
        if let Some(refusal) = followed.refusal {
            return Err(format!("a follower refuses what the hub delivers: {refusal}").into());
        }
        write(roster, followed.writes);
        let mut frames = Vec::new();
        for local in followed.deliveries {
            let frame = Frame {
                room: Some(delivery.room.clone()),
                from: from.clone(),
                kind: FrameKind::Fanout,
                bytes: local.frame,
            };
            for client in &local.clients {
                let mailbox = self.mailboxes.entry(client.clone()).or_default();
                mailbox.push(frame.clone());
            }
            if !local.clients.is_empty() {
                frames.push(frame);
            }
        }
        Ok(frames)
    }
}

/// What a follower has of a room, as the hub crate wants it.
fn rows(room: &RoomUri, roster: &BTreeMap<Part, Vec<u8>>) -> Result<Rows, Fault> {
    let read = |part: &Part| Ok::<_, Infallible>(roster.get(part).cloned());
    Ok(Rows::of(room.clone()).load(&[Part::Roster], read)?)
}

fn write(roster: &mut BTreeMap<Part, Vec<u8>>, writes: Vec<Write>) {
    for write in writes {
        match write {
            Write::Put { part, value } => drop(roster.insert(part, value)),
            Write::Delete { part } => drop(roster.remove(&part)),
            // A hub's, not a follower's.
            Write::ForgetReplies { .. } => {}
        }
    }
}
