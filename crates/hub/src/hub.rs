//! The calls of the server that is the hub of a room.
//!
//! Each call takes `now` as the host's clock says, the caller as the host authenticated it, the rows that
//! [`Inspected::parts`](crate::Inspected::parts) named, and the body as it came. Each returns a [`Verdict`]; a refusal is
//! a verdict too. `Err` means that the host's rows are not what this crate wrote.

use comity_room::{ProviderUri, RoomUri, Timestamp, UserUri};
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::signatures::Signer;

use crate::caller::Caller;
use crate::directory::{self, Selection};
use crate::inspect::{Endpoint, Inspected, inspect};
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::room::{self, Call};
use crate::rows::{Fault, Rows};
use crate::verdict::Verdict;

/// A hub: what is the same for all its rooms. It holds no room's state and no private key.
#[derive(Clone, Debug)]
pub struct Hub<C> {
    crypto: C,
    provider: ProviderUri,
    signature_key: Vec<u8>,
    limits: Limits,
}

impl<C: OpenMlsCrypto> Hub<C> {
    /// The hub of `provider`, which signs with the private part of `signature_key` (Ed25519, 32 octets). Every room names
    /// that key as its external sender.
    pub fn new(crypto: C, provider: ProviderUri, signature_key: Vec<u8>) -> Self {
        Self {
            crypto,
            provider,
            signature_key,
            limits: Limits::default(),
        }
    }

    /// With other limits than the default ones.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// This hub's provider.
    pub fn provider(&self) -> &ProviderUri {
        &self.provider
    }

    /// Class, size and key of a body, before any row is read: enough to limit rates and to find a stored reply.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] or [`Refusal::TooLarge`]; answer with [`Hub::refuse`].
    pub fn inspect(&self, endpoint: Endpoint, body: &[u8]) -> Result<Inspected, Refusal> {
        inspect(&self.limits, endpoint, body)
    }

    /// The answer to a body that was refused before any call, or that the host itself refuses.
    pub fn refuse(&self, endpoint: Endpoint, room: &RoomUri, refusal: &Refusal) -> Vec<u8> {
        room::refusal_reply(endpoint, room, refusal)
    }

    /// A CreateRoom: the first GroupInfo and tree of a room of this hub. Nothing is fanned out; the provider of the creator
    /// notes its client with [`amend_roster`](crate::amend_roster) when it passes the answer on.
    ///
    /// # Errors
    /// [`Fault`] if the rows are damaged.
    pub fn create(
        &self,
        now: Timestamp,
        caller: &Caller,
        rows: &Rows,
        body: &[u8],
    ) -> Result<Verdict, Fault> {
        room::create(&self.call(now, caller, rows), body)
    }

    /// A SubmitMessageRequest: one application message.
    ///
    /// Reads head and the sender's participant row, whatever the room's size.
    ///
    /// # Trust
    /// The hub cannot see which client encrypted a PrivateMessage. It checks the user in whose name the provider submits
    /// it; that the user is the sender, receivers check.
    ///
    /// # Errors
    /// [`Fault`] if the rows are damaged.
    pub fn submit(
        &self,
        now: Timestamp,
        caller: &Caller,
        rows: &Rows,
        body: &[u8],
    ) -> Result<Verdict, Fault> {
        room::submit(&self.call(now, caller, rows), body)
    }

    /// A HandshakeBundle: a commit, or proposals that wait for one.
    ///
    /// Exactly one commit per epoch is accepted. A byte-identical commit gets its first verdict again.
    ///
    /// # Trust
    /// A hub has none of the group's secrets, so it cannot check membership tags, path secrets or `external_pub`. A commit
    /// that is accepted and that members cannot process is undone with [`Hub::step_back`].
    ///
    /// # Errors
    /// [`Fault`] if the rows are damaged.
    pub fn update(
        &self,
        now: Timestamp,
        caller: &Caller,
        rows: &Rows,
        body: &[u8],
    ) -> Result<Verdict, Fault> {
        room::update(&self.call(now, caller, rows), body)
    }

    /// A GroupInfoRequest: GroupInfo, tree and pending proposals, sealed to the one who asks and signed with `signer`, the
    /// private part of this hub's key.
    ///
    /// # Errors
    /// [`Fault`] if the rows are damaged or the crypto provider fails.
    pub fn group_info(
        &self,
        now: Timestamp,
        caller: &Caller,
        rows: &Rows,
        body: &[u8],
        signer: &impl Signer,
    ) -> Result<Verdict, Fault> {
        room::group_info(&self.call(now, caller, rows), body, signer)
    }

    /// A KeyMaterialRequest about a room of this hub: whose key packages are asked for. Pass the body on to that user's provider,
    /// unchanged, in this provider's name.
    ///
    /// That provider believes the hub who is asking. So nothing is passed on for anybody but the caller; what is refused is
    /// answered here, with the `reply` of the [`Selection`].
    ///
    /// # Errors
    /// The answer, if the request is refused. Nothing is chosen in it, and nothing written.
    pub fn pass_on(&self, caller: &Caller, body: &[u8]) -> Result<UserUri, Selection> {
        directory::pass_on(&self.crypto, &self.limits, &self.provider, caller, body)
    }

    /// Puts the previous epoch back in force, because members report that they cannot process the commit that ended it.
    ///
    /// Whose reports to believe is the host's decision. It undoes one epoch, once; the undone commit is remembered and
    /// never accepted again. Members that merged it, its committer for one, join again from outside.
    /// `rows` holds what [`Inspected::parts_to_step_back`] names.
    ///
    /// # Errors
    /// [`Fault`] if the rows are damaged.
    pub fn step_back(&self, now: Timestamp, rows: &Rows) -> Result<Verdict, Fault> {
        let nobody = Caller::provider(self.provider.clone());
        room::step_back(&self.call(now, &nobody, rows))
    }

    fn call<'a>(&'a self, now: Timestamp, caller: &'a Caller, rows: &'a Rows) -> Call<'a, C> {
        Call {
            crypto: &self.crypto,
            provider: &self.provider,
            signature_key: &self.signature_key,
            limits: &self.limits,
            now,
            caller,
            rows,
        }
    }
}
