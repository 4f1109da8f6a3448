//! A provider's server: hub of its own rooms, follower of all others, directory and mailboxes of its own clients.

use std::collections::BTreeMap;

use comity::{Answer, Frame, FrameKind, Identity, Request, RequestId, RequestKind};
use comity_hub::{
    Caller, Delivery, Endpoint, Facts, Inbound, Limits, LocalDelivery, Part, RosterChange, Selection,
    amend_roster, follow, local_clients,
};
use comity_room::{ClientUri, ProviderUri, RoomUri, Timestamp};
use comity_wire::{CreateRoomResponse, Wire as _};

use crate::hub_host::{HubHost, RoomRows, apply, load};
use crate::mailbox::Mailbox;
use crate::shelves::Shelves;

/// One provider.
pub struct Server {
    /// Its name.
    pub provider: ProviderUri,
    /// Its hub.
    pub hub: HubHost,
    /// Its directory.
    pub shelves: Shelves,
    rosters: BTreeMap<RoomUri, RoomRows>,
    pub(crate) mailboxes: BTreeMap<ClientUri, Mailbox>,
    pub(crate) down: bool,
    /// What was answered to which publication: a late copy of an old one must not undo a newer one.
    published: BTreeMap<RequestId, Vec<u8>>,
}

/// What a server made of a request.
pub struct Response {
    /// The answer.
    pub answer: Answer,
    /// What happened, in words.
    pub word: String,
}

impl Server {
    /// A provider without clients and rooms.
    pub fn new(provider: ProviderUri, limits: &Limits) -> Self {
        Self {
            hub: HubHost::new(provider.clone(), limits.clone()),
            shelves: Shelves::new(provider.clone(), limits.clone()),
            provider,
            rosters: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            down: false,
            published: BTreeMap::new(),
        }
    }

    /// Lets a client log in.
    pub fn register(&mut self, login: &Identity) {
        self.shelves.register(&login.user, &login.client);
        self.mailboxes.entry(login.client.clone()).or_default();
    }

    /// Takes a frame from a room's hub, and says what to put into which mailboxes.
    pub(crate) fn take(&mut self, delivery: &Delivery, from: &ProviderUri) -> Vec<LocalDelivery> {
        let rows = load(&delivery.room, self.rosters.get(&delivery.room), &[Part::Roster]);
        let inbound = Inbound {
            from,
            frame: &delivery.frame,
            roster: &delivery.roster,
        };
        let owner = |reference: &[u8]| self.shelves.owner(reference);
        let followed =
            follow(&self.provider, &rows, inbound, owner).expect("a roster that the hub crate wrote");
        assert_eq!(followed.refusal, None, "a follower refuses what the hub sent");
        apply(
            self.rosters.entry(delivery.room.clone()).or_default(),
            &followed.writes,
        );
        followed.deliveries
    }

    /// Notes clients of this provider that come into a room or leave it without a frame that says so.
    pub fn amend(&mut self, room: &RoomUri, change: &RosterChange) {
        let rows = load(room, self.rosters.get(room), &[Part::Roster]);
        let writes = amend_roster(&self.provider, &rows, change).expect("a roster that the hub crate wrote");
        apply(self.rosters.entry(room.clone()).or_default(), &writes);
    }

    /// This provider's clients in a room, as it knows.
    pub fn local_clients(&self, room: &RoomUri) -> Vec<ClientUri> {
        let rows = load(room, self.rosters.get(room), &[Part::Roster]);
        local_clients(&rows).expect("a roster that the hub crate wrote")
    }

    /// The frame as a client of this provider gets it.
    pub(crate) fn frame(delivery: &Delivery, local: &LocalDelivery) -> Frame {
        Frame {
            room: Some(delivery.room.clone()),
            from: delivery.room.provider(),
            kind: FrameKind::Fanout,
            bytes: local.frame.clone(),
        }
    }
}

/// All providers there are.
pub type Servers = BTreeMap<ProviderUri, Server>;

/// Lets everything that hubs have to fan out reach the providers at once, over a link that loses nothing. Says which frame is
/// for which clients.
pub fn deliver_all(servers: &mut Servers) -> Vec<(Frame, Vec<ClientUri>)> {
    let hubs: Vec<ProviderUri> = servers.keys().cloned().collect();
    let mut frames = Vec::new();
    for hub in hubs {
        let waiting = servers
            .get_mut(&hub)
            .map_or_else(Vec::new, |server| server.hub.take_waiting());
        for delivery in waiting {
            let provider = servers
                .get_mut(&delivery.provider)
                .expect("a provider of somebody in the room");
            let locals = provider.take(&delivery, &hub);
            frames.extend(
                locals
                    .into_iter()
                    .map(|local| (Server::frame(&delivery, &local), local.clients)),
            );
        }
    }
    frames
}

/// What becomes of a request that a client has posted to its own provider, which forwards it to `request.to`.
pub fn post(servers: &mut Servers, now: Timestamp, login: &Identity, request: &Request) -> Response {
    let home = login.client.provider();
    if servers.get(&home).is_none_or(|server| server.down) {
        return unreachable("own provider is down");
    }
    match servers.get(&request.to) {
        None => {
            return Response {
                answer: Answer::Undeliverable,
                word: "no such provider".into(),
            };
        }
        Some(server) if server.down => return unreachable("hub is down"),
        Some(_) => {}
    }
    let caller = if request.to == home {
        Caller::client(login.user.clone(), login.client.clone())
    } else {
        Caller::provider(home)
    };
    match request.kind {
        RequestKind::PublishKeyPackages => publish(servers, now, login, &caller, request),
        RequestKind::FetchKeyMaterial => key_material(servers, now, &caller, request),
        RequestKind::CreateRoom => create_room(servers, now, login, &caller, request),
        RequestKind::UpdateRoom => at_hub(servers, now, &caller, Endpoint::UpdateRoom, request),
        RequestKind::SubmitMessage => at_hub(servers, now, &caller, Endpoint::SubmitMessage, request),
        RequestKind::FetchGroupInfo => at_hub(servers, now, &caller, Endpoint::GroupInfo, request),
        kind => panic!("a request that this provider does not know: {kind:?}"),
    }
}

fn at_hub(
    servers: &mut Servers,
    now: Timestamp,
    caller: &Caller,
    endpoint: Endpoint,
    request: &Request,
) -> Response {
    let Some(room) = &request.lane else {
        panic!("a request about a room is in the room's lane: {request:?}")
    };
    let server = servers.get_mut(&request.to).expect("looked up before");
    let verdict = server.hub.post(now, room, caller, endpoint, &request.body);
    let word = match &verdict.facts {
        Facts::Refused(refusal) => format!("refused: {refusal}"),
        Facts::Commit(commit) => format!("commit accepted, epoch {}", commit.epoch),
        Facts::Message { .. } => "message accepted".to_owned(),
        Facts::Created { .. } => "room created".to_owned(),
        Facts::Proposals { pending, .. } => format!("proposal accepted, {pending} pending"),
        Facts::GroupInfo { epoch, .. } => format!("group info of epoch {epoch}"),
        Facts::Repeated => "repeated: the first answer again".to_owned(),
        facts => format!("{facts:?}"),
    };
    Response {
        answer: Answer::Body(verdict.reply),
        word,
    }
}

/// No frame tells the creator's provider that its client is in the room, so it learns it from the answer that it passes on.
fn create_room(
    servers: &mut Servers,
    now: Timestamp,
    login: &Identity,
    caller: &Caller,
    request: &Request,
) -> Response {
    let response = at_hub(servers, now, caller, Endpoint::CreateRoom, request);
    if let (Answer::Body(body), Some(room)) = (&response.answer, &request.lane)
        && let Ok(CreateRoomResponse::Accepted { .. }) = CreateRoomResponse::decode(body)
    {
        let home = servers
            .get_mut(&login.client.provider())
            .expect("looked up before");
        let joined = RosterChange {
            joined: vec![login.client.clone()],
            left: Vec::new(),
        };
        home.amend(room, &joined);
    }
    response
}

fn publish(
    servers: &mut Servers,
    now: Timestamp,
    login: &Identity,
    caller: &Caller,
    request: &Request,
) -> Response {
    let server = servers.get_mut(&request.to).expect("looked up before");
    if let Some(reply) = server.published.get(&request.id) {
        return Response {
            answer: Answer::Body(reply.clone()),
            word: "published before: the first answer again".to_owned(),
        };
    }
    let publication = server.shelves.publish(now, caller, &login.client, &request.body);
    let word = match publication.refusal {
        Some(refusal) => format!("key packages refused: {refusal}"),
        None => format!(
            "{} single-use key packages held",
            server.shelves.left(&login.client)
        ),
    };
    server.published.insert(request.id, publication.reply.clone());
    Response {
        answer: Answer::Body(publication.reply),
        word,
    }
}

/// The hub of the room passes the request on to the user's provider.
fn key_material(servers: &mut Servers, now: Timestamp, caller: &Caller, request: &Request) -> Response {
    let hub = &servers.get(&request.to).expect("looked up before").hub;
    let user = match hub.pass_on(caller, &request.body) {
        Ok(user) => user,
        Err(refused) => return chosen(refused),
    };
    let target = user.provider();
    let from_hub = Caller::provider(request.to.clone());
    let caller = if target == request.to { caller } else { &from_hub };
    let Some(server) = servers.get_mut(&target) else {
        return Response {
            answer: Answer::Undeliverable,
            word: format!("no provider {target}"),
        };
    };
    if server.down {
        return unreachable("the user's provider is down");
    }
    chosen(server.shelves.choose(now, caller, &user, &request.body))
}

fn chosen(selection: Selection) -> Response {
    let word = match &selection.refusal {
        Some(refusal) => format!("no key material: {refusal}"),
        None => {
            let found = selection
                .chosen
                .iter()
                .filter(|chosen| chosen.reference.is_some())
                .count();
            format!("key packages for {found} of {} clients", selection.chosen.len())
        }
    };
    Response {
        answer: Answer::Body(selection.reply),
        word,
    }
}

fn unreachable(word: &str) -> Response {
    Response {
        answer: Answer::Unreachable { retry_after: None },
        word: word.to_owned(),
    }
}
