//! What stands between clients, in one process and without a socket: providers, their hubs and their mailboxes, one clock for all, and a store for
//! attachments.

use std::collections::BTreeMap;
use std::time::Duration;

use comity::{Answer, ClientUri, Frame, Identity, ProviderUri, Request, RequestKind, Timestamp};
use comity_testkit as testkit;

/// All providers, the clock that they share, mailboxes, and a store for attachments.
pub struct Network {
    now: Timestamp,
    providers: testkit::Network,
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

impl Network {
    /// A network without providers; each exists from the first time that it is named.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            providers: testkit::Network::default(),
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
        self.providers.hub_key(provider)
    }

    /// Lets a client log in at its provider.
    pub fn register(&mut self, who: &Identity) {
        self.providers.register(who);
    }

    /// A client posts a request to its own provider, which forwards it to the provider that it is for. What follows from it
    /// for others is in their mailboxes when this returns.
    pub fn post(&mut self, who: &Identity, request: &Request) -> Answer {
        let posted = self.providers.post(self.now, who, request);
        let delivered = posted.delivered.into_iter().map(|frame| Delivered {
            cause: request.kind,
            frame,
        });
        self.delivered.extend(delivered);
        if self.losing.take_if(|kind| *kind == request.kind).is_some() {
            self.lost += 1;
            return Answer::Unreachable { retry_after: None };
        }
        posted.answer
    }

    /// The frames in a client's mailbox from a position on.
    #[must_use]
    pub fn mail(&self, client: &ClientUri, from: usize) -> Vec<Frame> {
        let frames = self.providers.mail(client).get(from..);
        frames.unwrap_or_default().to_vec()
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
}
