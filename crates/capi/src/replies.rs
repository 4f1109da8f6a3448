//! Following replies, for a host that keeps messages by itself.

use std::collections::BTreeMap;

use comity::content::{ChainEnd, MessageId, reply_chain};

use crate::fault::comity_error;
use crate::guard::guard;
use crate::handle::{self, Handle};
use crate::output::{self, Keep, Shown};
use crate::values::{comity_message_id, comity_status};

/// What messages reply to. One thread at a time; free it with `comity_replies_free`.
pub struct comity_replies(BTreeMap<MessageId, MessageId>);

impl Handle for comity_replies {}

/// More replies than are followed at once.
const MOST: usize = 1 << 20;

/// How a chain of replies ends.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_chain_end {
    /// At a message that replies to nothing, or to something that is not known.
    Begins = 0,
    /// At a message that the chain has been to: whoever sent it did what the draft forbids. Do not reply to it.
    Loops = 1,
    /// After 1,024 messages, looked at no further.
    TooLong = 2,
    /// In a way that this header does not know.
    Other = 99,
}

/// A message, what it replies to, what that replies to, and so on. Free it with `comity_reply_chain_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_reply_chain {
    /// The messages, the one that was asked about first.
    pub messages: *const comity_message_id,
    /// How many.
    pub messages_len: usize,
    /// How it ends.
    pub end: comity_chain_end,
}

impl Shown for comity_reply_chain {}

/// No replies yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_replies_new(
    replies: *mut *mut comity_replies,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.out(replies)?.give_handle(comity_replies(BTreeMap::new()))
    })
}

/// Says what a message replies to. What is said of the same message later counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_replies_add(
    replies: *mut comity_replies,
    message: *const comity_message_id,
    in_reply_to: *const comity_message_id,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let (message, in_reply_to) = (call.message(message)?, call.message(in_reply_to)?);
        let replies = &mut call.builder(replies)?.0;
        if replies.len() == MOST {
            return Err(comity::Misuse::TooLong.into());
        }
        replies.insert(message, in_reply_to);
        Ok(())
    })
}

/// Follows replies from a message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_replies_chain(
    replies: *const comity_replies,
    from: *const comity_message_id,
    chain: *mut *mut comity_reply_chain,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(chain)?;
        let replies = &call.object(replies)?.0;
        let (messages, end) = reply_chain(call.message(from)?, |message| replies.get(&message).copied());
        let messages: Vec<comity_message_id> = messages.into_iter().map(Into::into).collect();
        let (messages_len, mut keep) = (messages.len(), Keep::new());
        let messages = keep.list(messages);
        let end = match end {
            ChainEnd::Begins => comity_chain_end::Begins,
            ChainEnd::Loops => comity_chain_end::Loops,
            ChainEnd::TooLong => comity_chain_end::TooLong,
            _ => comity_chain_end::Other,
        };
        let shown = comity_reply_chain {
            messages,
            messages_len,
            end,
        };
        out.give(shown, keep)
    })
}

/// Frees what messages reply to. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_replies_free(replies: *mut comity_replies) {
    handle::free(replies);
}

/// Frees a chain. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reply_chain_free(chain: *mut comity_reply_chain) {
    output::free(chain);
}
