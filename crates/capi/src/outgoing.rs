//! What is about to be sent, and who would see what of it.

use std::ffi::c_char;

use comity::content::{Expiration, PartIndex};
use comity::{Outgoing, Plan, Reach};

use crate::content::{comity_expires, comity_part, kept_part};
use crate::fault::{Fault, comity_error};
use crate::guard::{Call, guard};
use crate::handle::{self, Handle};
use crate::input::invalid;
use crate::media::add;
use crate::output::{self, Keep, Shown};
use crate::reader::comity_reader;
use crate::values::{comity_message_id, comity_status};

/// A message that is about to be sent: alternatives that say the same thing, richest first, and how they behave. The last one is
/// the basic one, which everybody should be able to read. One thread at a time; free it with `comity_outgoing_free`. It may be
/// sent more than once.
pub struct comity_outgoing(pub(crate) Outgoing);

impl Handle for comity_outgoing {}

/// A message without alternatives yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_outgoing_new(
    outgoing: *mut *mut comity_outgoing,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.out(outgoing)?
            .give_handle(comity_outgoing(Outgoing::new(Vec::new())))
    })
}

/// Adds a copy of a part as the next alternative. The richest goes first. Of two that the same clients can read, the first alone
/// travels: the same in several languages is one alternative, a part of which one is chosen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_outgoing_add(
    outgoing: *mut comity_outgoing,
    alternative: *const comity_part,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let part = call.part(alternative)?;
        add(&mut call.builder(outgoing)?.0.alternatives, part)
    })
}

/// Plain text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_outgoing_text(
    text: *const c_char,
    text_len: usize,
    outgoing: *mut *mut comity_outgoing,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(outgoing)?;
        out.give_handle(comity_outgoing(Outgoing::text(call.text(text, text_len)?)))
    })
}

/// GFM-MIMI markdown, with its plain form as the basic alternative. HTML in it is sent as text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_outgoing_markdown(
    markdown: *const c_char,
    markdown_len: usize,
    outgoing: *mut *mut comity_outgoing,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(outgoing)?;
        let markdown = call.text(markdown, markdown_len)?;
        out.give_handle(comity_outgoing(Outgoing::markdown(markdown)))
    })
}

/// One reaction to a message, such as an emoji.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_outgoing_reaction(
    message: *const comity_message_id,
    reaction: *const c_char,
    reaction_len: usize,
    outgoing: *mut *mut comity_outgoing,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(outgoing)?;
        let reaction = Outgoing::reaction(call.message(message)?, call.text(reaction, reaction_len)?);
        out.give_handle(comity_outgoing(reaction))
    })
}

/// Takes back the reaction, or deletes the message, with the given id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_outgoing_deletion(
    message: *const comity_message_id,
    outgoing: *mut *mut comity_outgoing,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(outgoing)?;
        out.give_handle(comity_outgoing(Outgoing::deletion(call.message(message)?)))
    })
}

/// Makes it a reply to a version of a message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_outgoing_in_reply_to(
    outgoing: *mut comity_outgoing,
    message: *const comity_message_id,
    error: *mut *mut comity_error,
) -> comity_status {
    change(outgoing, error, |call, outgoing| {
        outgoing.in_reply_to = Some(call.message(message)?);
        Ok(())
    })
}

/// Makes it an edit of a message, which must be our own unless the room allows more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_outgoing_editing(
    outgoing: *mut comity_outgoing,
    message: *const comity_message_id,
    error: *mut *mut comity_error,
) -> comity_status {
    change(outgoing, error, |call, outgoing| {
        outgoing.replaces = Some(call.message(message)?);
        Ok(())
    })
}

/// Puts it in a topic: at most 4,096 octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_outgoing_in_topic(
    outgoing: *mut comity_outgoing,
    topic: *const u8,
    topic_len: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    change(outgoing, error, |call, outgoing| {
        outgoing.topic = call.octets(topic, topic_len)?.to_vec();
        Ok(())
    })
}

/// Lets it vanish. `expires`: a comity_expires.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_outgoing_expiring(
    outgoing: *mut comity_outgoing,
    expires: u32,
    seconds: u32,
    error: *mut *mut comity_error,
) -> comity_status {
    const NEVER: u32 = comity_expires::Never as u32;
    const AFTER_READ: u32 = comity_expires::AfterRead as u32;
    const AT: u32 = comity_expires::At as u32;
    change(outgoing, error, |_, outgoing| {
        outgoing.expires = match expires {
            NEVER => None,
            AFTER_READ => Some(Expiration::Relative(seconds)),
            AT => Some(Expiration::Absolute(seconds)),
            _ => return Err(invalid("unknown_expires")),
        };
        Ok(())
    })
}

/// Frees an outgoing message. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_outgoing_free(outgoing: *mut comity_outgoing) {
    handle::free(outgoing);
}

fn change(
    outgoing: *mut comity_outgoing,
    error: *mut *mut comity_error,
    work: impl FnOnce(&Call, &mut Outgoing) -> Result<(), Fault>,
) -> comity_status {
    guard(error, |call| work(call, &mut call.builder(outgoing)?.0))
}

/// What one client will see.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_reach {
    /// The participant.
    pub user: *const c_char,
    /// Their client.
    pub client: *const c_char,
    /// Whether it can read any of the alternatives.
    pub sees_any: bool,
    /// Which one it will see: its place in the outgoing message.
    pub sees: usize,
}

/// What will be sent, and who will see what. Free it with `comity_plan_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_plan {
    /// Which alternatives travel, by their place in the outgoing message, richest first.
    pub sends: *const usize,
    /// How many.
    pub sends_len: usize,
    /// For every client in the room, the alternative that it will see.
    pub reach: *const *const comity_reach,
    /// How many.
    pub reach_len: usize,
    /// The participants that have a client which can read none of the alternatives.
    pub unreadable_by: *const *const c_char,
    /// How many.
    pub unreadable_by_len: usize,
    /// The part tree that will be sent.
    pub part: *const comity_part,
}

impl Shown for comity_plan {}

/// What `comity_client_send` would send, and who would see which alternative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_plan(
    reader: *const comity_reader,
    room: *const c_char,
    outgoing: *const comity_outgoing,
    plan: *mut *mut comity_plan,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(plan)?;
        let plan = call
            .reader(reader)?
            .plan(&call.room(room)?, &call.object(outgoing)?.0)?;
        let (shown, keep) = planned(&plan);
        out.give(shown, keep)
    })
}

/// Frees a plan. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_plan_free(plan: *mut comity_plan) {
    output::free(plan);
}

fn planned(plan: &Plan) -> (comity_plan, Keep) {
    let mut keep = Keep::new();
    let reach: Vec<_> = plan
        .reach
        .iter()
        .map(|Reach { user, client, sees }| comity_reach {
            user: keep.word(user.as_ref()),
            client: keep.word(client.as_ref()),
            sees_any: sees.is_some(),
            sees: sees.unwrap_or_default(),
        })
        .collect();
    let (unreadable_by, unreadable_by_len) = keep.words(plan.unreadable_by());
    let shown = comity_plan {
        sends_len: plan.sends.len(),
        sends: keep.list(plan.sends.clone()),
        reach_len: reach.len(),
        reach: keep.pointers(reach),
        unreadable_by,
        unreadable_by_len,
        part: kept_part(plan.part(), PartIndex::ROOT, &mut keep),
    };
    (shown, keep)
}
