//! Providers, their hubs and their mailboxes, in one process and without a socket.

use std::collections::BTreeMap;

use comity::{Answer, ClientUri, Frame, Identity, ProviderUri, Request, Timestamp};
use comity_hub::Limits;
use comity_testkit::{Server, Servers, deliver_all, post};

/// All providers there are; each exists from the first time that it is named.
#[derive(Default)]
pub struct Network {
    providers: Servers,
    mailboxes: BTreeMap<ClientUri, Vec<Frame>>,
}

impl Network {
    /// The key of a provider's hub, by which clients know it.
    pub fn hub_key(&mut self, provider: &ProviderUri) -> Vec<u8> {
        self.provider(provider).hub.signature_key()
    }

    /// Lets a client log in at its provider.
    pub fn register(&mut self, who: &Identity) {
        self.provider(&who.client.provider()).register(who);
    }

    /// A client posts a request. What follows from it for others is in their mailboxes when this returns.
    pub fn post(&mut self, now: Timestamp, who: &Identity, request: &Request) -> Answer {
        let answer = post(&mut self.providers, now, who, request).answer;
        for (frame, clients) in deliver_all(&mut self.providers) {
            for client in clients {
                self.mailboxes.entry(client).or_default().push(frame.clone());
            }
        }
        answer
    }

    /// All frames that a client ever got.
    pub fn mail(&self, client: &ClientUri) -> &[Frame] {
        self.mailboxes.get(client).map_or(&[], Vec::as_slice)
    }

    fn provider(&mut self, uri: &ProviderUri) -> &mut Server {
        let new = || Server::new(uri.clone(), &Limits::default());
        self.providers.entry(uri.clone()).or_insert_with(new)
    }
}
