//! What every server of a room but its hub does with a frame; the hub's server does it too, for its own clients.
//!
//! A follower has no tree. It knows which of its own clients are in the room, by the Welcomes that it routed and by what
//! the hub says beside the frames. A Welcome goes to the owners of the key packages that it names; everything else to all
//! its clients in the room. A client that a commit removes still gets that commit, or it would never learn.

use std::collections::BTreeSet;

use comity_room::{ClientUri, ProviderUri};
use comity_wire::{FanoutMessage, FanoutTail, Wire as _};
use openmls::prelude::MlsMessageBodyIn;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::rows::{Fault, Part, Row, Rows, encode};
use crate::verdict::{RosterChange, Write};

/// A frame as it reached this provider.
#[derive(Clone, Copy, Debug)]
pub struct Inbound<'a> {
    /// Who sent it, as the host authenticated it.
    pub from: &'a ProviderUri,
    /// One `FanoutMessage`, or several one behind the other.
    pub frame: &'a [u8],
    /// What the hub said beside it; empty if nothing.
    pub roster: &'a RosterChange,
}

/// What to do with a frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "nothing has happened until the host commits the writes"]
pub struct Followed {
    /// The rows of the room to write, in one transaction with the deliveries.
    pub writes: Vec<Write>,
    /// What to queue, in this order.
    pub deliveries: Vec<LocalDelivery>,
    /// Why the frame was not taken, if it was not. Answer so that the hub does not send it again.
    pub refusal: Option<Refusal>,
}

/// One frame for own clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalDelivery {
    /// To whom; empty if no own client is concerned.
    pub clients: Vec<ClientUri>,
    /// The octets of one `FanoutMessage`.
    pub frame: Vec<u8>,
    /// Whether devices should be woken for it.
    pub urgent: bool,
}

/// Routes a frame to the clients of `own`.
///
/// `rows` holds the room's [`Part::Roster`], if there is one. `owner` says whose key package a KeyPackageRef names, handed
/// out or not.
///
/// # Errors
/// [`Fault`] if the roster row is damaged.
pub fn follow(
    own: &ProviderUri,
    rows: &Rows,
    inbound: Inbound<'_>,
    owner: impl Fn(&[u8]) -> Option<ClientUri>,
) -> Result<Followed, Fault> {
    let messages = match admit(rows, inbound) {
        Ok(messages) => messages,
        Err(refusal) => {
            return Ok(Followed {
                refusal: Some(refusal),
                ..Followed::default()
            });
        }
    };
    let before: Roster = rows.find(&Part::Roster)?.unwrap_or_default();
    let mut roster = before.clone();
    let mut deliveries = Vec::new();
    for message in messages {
        let mut clients = match &message.tail {
            FanoutTail::Welcome { .. } => {
                let invited = invited(&message, &owner);
                roster
                    .clients
                    .extend(invited.iter().filter(|client| client.provider() == *own).cloned());
                invited
            }
            // Whoever joins from outside gets its own commit back: the answer may have been lost.
            FanoutTail::Commit { .. } => roster
                .clients
                .iter()
                .chain(&inbound.roster.joined)
                .cloned()
                .collect(),
            _ => roster.clients.clone(),
        };
        clients.retain(|client| client.provider() == *own);
        let urgent = matches!(
            message.tail,
            FanoutTail::Welcome { .. } | FanoutTail::Application { .. }
        );
        deliveries.push(LocalDelivery {
            clients: clients.into_iter().collect(),
            frame: message.encode(),
            urgent,
        });
    }
    roster.change(own, inbound.roster);
    let writes = roster.written_since(&before)?;
    Ok(Followed {
        writes,
        deliveries,
        refusal: None,
    })
}

/// Applies a change of the roster that no frame brings: the hub stepped back, a client left this provider, or a client of
/// this provider created a room. Of that last one no frame tells either: learn it from the answer to its CreateRoom as it
/// passes by (`CreateRoomResponse::Accepted`), or nothing of the room will reach its creator.
///
/// # Errors
/// [`Fault`] if the roster row is damaged.
pub fn amend_roster(own: &ProviderUri, rows: &Rows, change: &RosterChange) -> Result<Vec<Write>, Fault> {
    let before: Roster = rows.find(&Part::Roster)?.unwrap_or_default();
    let mut roster = before.clone();
    roster.change(own, change);
    roster.written_since(&before)
}

/// The clients of this provider in the room, by its [`Part::Roster`].
///
/// # Errors
/// [`Fault`] if the roster row is damaged.
pub fn local_clients(rows: &Rows) -> Result<Vec<ClientUri>, Fault> {
    Ok(rows
        .find::<Roster>(&Part::Roster)?
        .unwrap_or_default()
        .clients
        .into_iter()
        .collect())
}

/// A room's frames come from its hub, and decode.
fn admit(rows: &Rows, inbound: Inbound<'_>) -> Result<Vec<FanoutMessage>, Refusal> {
    if rows.room().provider() != *inbound.from {
        return Err(Refusal::ForeignProvider);
    }
    FanoutMessage::decode_all(inbound.frame).map_err(|error| Refusal::Malformed(error.code()))
}

/// The owners of the key packages that a Welcome names.
fn invited(message: &FanoutMessage, owner: impl Fn(&[u8]) -> Option<ClientUri>) -> BTreeSet<ClientUri> {
    let Ok(MlsMessageBodyIn::Welcome(welcome)) = message.message.parse().map(|message| message.extract())
    else {
        return BTreeSet::new();
    };
    welcome
        .secrets()
        .iter()
        .filter_map(|secret| owner(secret.new_member().as_slice()))
        .collect()
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Roster {
    clients: BTreeSet<ClientUri>,
}

impl Row for Roster {
    const NAME: &'static str = "roster";
}

impl Roster {
    fn change(&mut self, own: &ProviderUri, change: &RosterChange) {
        self.clients.retain(|client| !change.left.contains(client));
        self.clients.extend(
            change
                .joined
                .iter()
                .filter(|client| client.provider() == *own)
                .cloned(),
        );
    }

    fn written_since(&self, before: &Self) -> Result<Vec<Write>, Fault> {
        Ok(match self {
            same if same == before => Vec::new(),
            empty if empty.clients.is_empty() => vec![Write::Delete { part: Part::Roster }],
            changed => vec![Write::Put {
                part: Part::Roster,
                value: encode(changed)?,
            }],
        })
    }
}
