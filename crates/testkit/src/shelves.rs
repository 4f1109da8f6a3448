//! A provider's directory of its own users' key packages, as rows of octets.

use std::collections::{BTreeMap, BTreeSet};

use comity_hub::{
    Caller, Consent, Directory, DirectoryWrite, KeyPackageRow, Limits, Publication, Selection, Shelf, Target,
};
use comity_room::{ClientUri, ProviderUri, Timestamp, UserUri};
use openmls_rust_crypto::RustCrypto;

/// The directory of one provider, in memory.
pub struct Shelves {
    directory: Directory<RustCrypto>,
    /// Every client that ever logged in, and its user.
    clients: BTreeMap<ClientUri, UserUri>,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    retired: BTreeSet<Vec<u8>>,
    refusing: BTreeSet<UserUri>,
}

impl Shelves {
    /// An empty directory.
    pub fn new(provider: ProviderUri, limits: Limits) -> Self {
        Self {
            directory: Directory::new(RustCrypto::default(), provider).with_limits(limits),
            clients: BTreeMap::new(),
            rows: BTreeMap::new(),
            retired: BTreeSet::new(),
            refusing: BTreeSet::new(),
        }
    }

    /// Lets a client log in.
    pub fn register(&mut self, user: &UserUri, client: &ClientUri) {
        self.clients.insert(client.clone(), user.clone());
    }

    /// From now on the user does not agree to be added to rooms.
    pub fn withdraw_consent(&mut self, user: &UserUri) {
        self.refusing.insert(user.clone());
    }

    /// A client leaves key packages.
    pub fn publish(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        client: &ClientUri,
        body: &[u8],
    ) -> Publication {
        let held = self.held(client);
        let publication = self.directory.publish(now, caller, &held, body);
        self.commit(&publication.writes);
        publication
    }

    /// Somebody wants to add a user.
    pub fn choose(&mut self, now: Timestamp, caller: &Caller, user: &UserUri, body: &[u8]) -> Selection {
        let shelves = self.shelves(user);
        let target = match self.consent(user) {
            _ if shelves.is_empty() => Target::Unknown,
            consent => Target::Known(consent, &shelves),
        };
        let selection = self.directory.choose(now, caller, &target, None, body);
        self.commit(&selection.writes);
        selection
    }

    /// Whose key package a Welcome names.
    pub fn owner(&self, reference: &[u8]) -> Option<ClientUri> {
        let row = self.rows.get(reference)?;
        Some(
            KeyPackageRow::decode(row)
                .expect("a row that the directory wrote")
                .client,
        )
    }

    /// How many single-use key packages a client has left.
    pub fn left(&self, client: &ClientUri) -> usize {
        self.held(client).iter().filter(|row| !row.last_resort).count()
    }

    fn consent(&self, user: &UserUri) -> Consent {
        if self.refusing.contains(user) {
            Consent::Missing
        } else {
            Consent::Given
        }
    }

    fn shelves(&self, user: &UserUri) -> Vec<Shelf> {
        let own = self.clients.iter().filter(|(_, owner)| *owner == user);
        own.map(|(client, _)| Shelf {
            client: client.clone(),
            key_packages: self.held(client),
        })
        .collect()
    }

    fn held(&self, client: &ClientUri) -> Vec<KeyPackageRow> {
        let rows = self
            .rows
            .iter()
            .filter(|(reference, _)| !self.retired.contains(*reference));
        let rows = rows.map(|(_, row)| KeyPackageRow::decode(row).expect("a row that the directory wrote"));
        rows.filter(|row| row.client == *client).collect()
    }

    fn commit(&mut self, writes: &[DirectoryWrite]) {
        for write in writes {
            match write {
                DirectoryWrite::Insert(row) => {
                    let octets = row.encode().expect("a row encodes");
                    self.rows.entry(row.reference.clone()).or_insert(octets);
                }
                DirectoryWrite::Retire { reference } => {
                    assert!(
                        self.rows.contains_key(reference),
                        "a key package that is not there was retired"
                    );
                    assert!(
                        self.retired.insert(reference.clone()),
                        "a key package was handed out twice"
                    );
                }
            }
        }
    }
}
