//! An application message: stamp it and pass it on. One row of the room besides the head, whatever its size.

use comity_wire::{FanoutMessage, FanoutTail, SubmitMessageRequest, SubmitMessageResponse, Wire as _};
use openmls_traits::crypto::OpenMlsCrypto;

use super::fanout::to_all;
use super::{Call, Outcome, in_this_group};
use crate::inspect::{Endpoint, Frame, read};
use crate::refusal::Refusal;
use crate::rows::{Fault, Head, Part, ParticipantRow};
use crate::verdict::{Facts, Verdict};

pub(crate) fn submit<C: OpenMlsCrypto>(call: &Call<'_, C>, body: &[u8]) -> Result<Verdict, Fault> {
    call.settle(Endpoint::SubmitMessage, || accept(call, body))
}

fn accept<C: OpenMlsCrypto>(call: &Call<'_, C>, body: &[u8]) -> Outcome<Verdict> {
    let request: SubmitMessageRequest = read(call.limits, Endpoint::SubmitMessage, body)?;
    let frame = Frame::of(&request.message)?;
    let head = call.head()?;
    let hash = request.message.sha256();
    let part = Part::Reply {
        epoch: frame.epoch,
        message: hash,
    };
    if let Some(first) = call.repeated(&head, &part)? {
        return Ok(first);
    }
    call.caller.speaks_for_user(&request.sender)?;
    in_this_group(&head, &frame)?;
    still_accepted(&head, &frame, call.limits.epoch_tolerance)?;
    let sender: Option<ParticipantRow> = call.rows.find(&Part::Participant(request.sender.clone()))?;
    may_send(sender.as_ref())?;

    let expects = head.version;
    let (head, accepted_at, mut writes) = call.advance(head)?;
    let reply = SubmitMessageResponse::Accepted {
        accepted_at,
        frank: None,
        accepted: hash,
    }
    .encode();
    writes.push(call.remember(part, &reply)?);
    let tail = FanoutTail::Application { frank: None };
    let message = FanoutMessage {
        accepted_at,
        message: request.message,
        tail,
    };
    Ok(Verdict {
        expects,
        writes,
        fanout: to_all(&head.providers, call.rows.room(), &message.encode(), true),
        reply,
        facts: Facts::Message {
            sender: request.sender,
            accepted: accepted_at,
        },
    })
}

fn still_accepted(head: &Head, frame: &Frame, tolerance: u64) -> Result<(), Refusal> {
    let current = head.epoch;
    match current.checked_sub(frame.epoch) {
        None => Err(Refusal::EpochAhead { current }),
        Some(behind) if behind > tolerance => Err(Refusal::EpochTooOld { current }),
        Some(_) => Ok(()),
    }
}

fn may_send(sender: Option<&ParticipantRow>) -> Result<(), Refusal> {
    match sender {
        None => Err(Refusal::NotAParticipant),
        Some(row) if row.clients == 0 => Err(Refusal::NotActive),
        Some(row) if !row.may_send => Err(Refusal::RoleDenied("send_message")),
        Some(_) => Ok(()),
    }
}
