//! Providers, their hubs and their mailboxes, in one process and without a socket: a network on which nothing is lost.
//!
//! Every provider is three things at once. It is the **hub** of the rooms that carry its name; a **follower** of all other
//! rooms, which passes the hub's frames on to its own clients; and the **directory** of its own clients' key packages. None
//! of the three can read a message.

use std::collections::BTreeMap;

use comity::{Answer, ClientUri, Frame, Identity, ProviderUri, Request, Timestamp};
use comity_hub::Limits;

use crate::{Server, Servers, deliver_all, post};

/// All providers, each of which exists from the first time that it is named, and the mailboxes of their clients.
#[derive(Default)]
pub struct Network {
    providers: Servers,
    mailboxes: BTreeMap<ClientUri, Vec<Frame>>,
}

/// What became of a request.
#[derive(Debug)]
pub struct Posted {
    /// What came back.
    pub answer: Answer,
    /// The frames that followed from it and were put into at least one mailbox.
    pub delivered: Vec<Frame>,
}

impl Network {
    /// The key of a provider's hub, by which clients know it: an app has it from the provider's directory.
    pub fn hub_key(&mut self, provider: &ProviderUri) -> Vec<u8> {
        self.provider(provider).hub.signature_key()
    }

    /// Lets a client log in at its provider.
    pub fn register(&mut self, who: &Identity) {
        self.provider(&who.client.provider()).register(who);
    }

    /// A client posts a request to its own provider, which forwards it to the provider that it is for. What follows from it
    /// for others is in their mailboxes when this returns.
    pub fn post(&mut self, now: Timestamp, who: &Identity, request: &Request) -> Posted {
        let answer = post(&mut self.providers, now, who, request).answer;
        let mut delivered = Vec::new();
        for (frame, clients) in deliver_all(&mut self.providers) {
            if clients.is_empty() {
                continue;
            }
            for client in clients {
                self.mailboxes.entry(client).or_default().push(frame.clone());
            }
            delivered.push(frame);
        }
        Posted { answer, delivered }
    }

    /// All frames that a client ever got.
    #[must_use]
    pub fn mail(&self, client: &ClientUri) -> &[Frame] {
        self.mailboxes.get(client).map_or(&[], Vec::as_slice)
    }

    fn provider(&mut self, uri: &ProviderUri) -> &mut Server {
        let new = || Server::new(uri.clone(), &Limits::default());
        self.providers.entry(uri.clone()).or_insert_with(new)
    }
}
