//! What a hub does with each body: one file per endpoint, and what they share.
//!
//! Every endpoint reads top-down: decode, look at the head, authorize, decide, write. Whatever stops a call is a
//! [`Refusal`], which becomes an ordinary verdict, or a [`Fault`] of the host's rows.

mod accept;
mod commit;
mod create;
mod fanout;
mod group;
mod group_info;
mod proposals;
mod standing;
mod step_back;
mod submit;

use comity_room::{ProviderUri, RoomUri, Timestamp};
use comity_wire::{
    CreateRoomResponse, GroupInfoResponse, GroupInfoStatus, HandshakeBundle, PublishKeyPackagesResponse,
    SubmitMessageResponse, UpdateRoomResponse, UpdateVerdict, Wire as _,
};
use openmls_traits::crypto::OpenMlsCrypto;

pub(crate) use create::create;
pub(crate) use group_info::{client_of, group_info};
pub(crate) use step_back::step_back;
pub(crate) use submit::submit;

use crate::caller::Caller;
use crate::inspect::{Endpoint, Frame, read};
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::rows::{Fault, Head, Part, ReplyRow, Rows, Version};
use crate::verdict::{Facts, Verdict};

/// One call: who asks what, when, and the rows it may look at.
pub(crate) struct Call<'a, C> {
    pub(crate) crypto: &'a C,
    /// This hub's provider.
    pub(crate) provider: &'a ProviderUri,
    /// This hub's signature public key.
    pub(crate) signature_key: &'a [u8],
    pub(crate) limits: &'a Limits,
    pub(crate) now: Timestamp,
    pub(crate) caller: &'a Caller,
    pub(crate) rows: &'a Rows,
}

/// What ends a call early.
pub(crate) enum Stop {
    Refused(Refusal),
    Fault(Fault),
}

pub(crate) type Outcome<T> = Result<T, Stop>;

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

pub(crate) fn update<C: OpenMlsCrypto>(call: &Call<'_, C>, body: &[u8]) -> Result<Verdict, Fault> {
    call.settle(Endpoint::UpdateRoom, || {
        let bundle: HandshakeBundle = read(call.limits, Endpoint::UpdateRoom, body)?;
        match bundle {
            HandshakeBundle::Proposals { proposal, more } => proposals::accept(call, &proposal, &more),
            HandshakeBundle::Commit {
                commit,
                welcome,
                group_info,
                ratchet_tree,
            } => {
                let bundle = commit::Bundle {
                    commit,
                    welcome,
                    group_info,
                    ratchet_tree,
                };
                commit::accept(call, &bundle)
            }
            _ => Err(Refusal::Malformed("handshake_bundle").into()),
        }
    })
}

impl<C: OpenMlsCrypto> Call<'_, C> {
    /// Turns a refusal into a verdict that writes nothing.
    fn settle(
        &self,
        endpoint: Endpoint,
        decide: impl FnOnce() -> Outcome<Verdict>,
    ) -> Result<Verdict, Fault> {
        let refusal = match decide() {
            Ok(verdict) => return Ok(verdict),
            Err(Stop::Fault(fault)) => return Err(fault),
            Err(Stop::Refused(refusal)) => refusal,
        };
        let expects = self.rows.head()?.map_or(Version::ABSENT, |head| head.version);
        let reply = refusal_reply(endpoint, self.rows.room(), &refusal);
        Ok(Verdict {
            expects,
            writes: Vec::new(),
            fanout: Vec::new(),
            reply,
            facts: Facts::Refused(refusal),
        })
    }

    fn head(&self) -> Outcome<Head> {
        Ok(self.rows.head()?.ok_or(Refusal::UnknownRoom)?)
    }

    /// The first verdict again, if these octets were accepted from this caller before.
    fn repeated(&self, head: &Head, reply: &Part) -> Outcome<Option<Verdict>> {
        let Some(row) = self.rows.find::<ReplyRow>(reply)? else {
            return Ok(None);
        };
        let reply = row.reply.ok_or(Refusal::Undone)?;
        if row.from != *self.caller.provider_uri() {
            return Err(Refusal::ForeignProvider.into());
        }
        Ok(Some(Verdict {
            expects: head.version,
            writes: Vec::new(),
            fanout: Vec::new(),
            reply: reply.into_vec(),
            facts: Facts::Repeated,
        }))
    }
}

fn in_this_group(head: &Head, frame: &Frame) -> Result<(), Refusal> {
    if frame.group_id == head.group_id {
        Ok(())
    } else {
        Err(Refusal::ForeignGroup)
    }
}

fn at_this_epoch(head: &Head, frame: &Frame) -> Result<(), Refusal> {
    if frame.epoch == head.epoch {
        Ok(())
    } else {
        Err(Refusal::WrongEpoch { current: head.epoch })
    }
}

/// The answer that carries a refusal.
pub(crate) fn refusal_reply(endpoint: Endpoint, room: &RoomUri, refusal: &Refusal) -> Vec<u8> {
    let description = refusal.code().to_owned();
    match endpoint {
        Endpoint::CreateRoom if *refusal == Refusal::RoomExists => CreateRoomResponse::AlreadyExists.encode(),
        Endpoint::CreateRoom => CreateRoomResponse::NotAllowed { description }.encode(),
        Endpoint::UpdateRoom => UpdateRoomResponse {
            verdict: update_verdict(refusal),
            description,
        }
        .encode(),
        Endpoint::SubmitMessage => match refusal {
            Refusal::EpochTooOld { current } => SubmitMessageResponse::EpochTooOld {
                current_epoch: *current,
            },
            _ => SubmitMessageResponse::NotAllowed,
        }
        .encode(),
        Endpoint::GroupInfo => {
            let status = match refusal {
                Refusal::UnknownRoom => GroupInfoStatus::NoSuchRoom,
                _ => GroupInfoStatus::NotAuthorized,
            };
            GroupInfoResponse {
                room: room.clone(),
                status,
            }
            .encode()
        }
        // A KeyMaterialResponse names the user, so `Directory` builds its own.
        Endpoint::KeyMaterial => Vec::new(),
        Endpoint::PublishKeyPackages => PublishKeyPackagesResponse::Refused {
            code: description,
            description: refusal.to_string(),
        }
        .encode(),
    }
}

fn update_verdict(refusal: &Refusal) -> UpdateVerdict {
    match refusal {
        Refusal::WrongEpoch { current } => UpdateVerdict::WrongEpoch {
            current_epoch: *current,
        },
        Refusal::PendingSelfRemoveIgnored { missing } => UpdateVerdict::InvalidProposal {
            proposals: missing.clone(),
        },
        _ => UpdateVerdict::NotAllowed,
    }
}
