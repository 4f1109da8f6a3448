//! What records print: languages write a record's fields when they print it, unless they are told otherwise. Those that hold what
//! people say, or octets without end, print what their `Debug` shows.

use crate::attachment::{Opened, Sealed, SealedEnd};
use crate::content::{Content, Extension};
use crate::fault::Fault;
use crate::inbound::{Cursor, Frame};
use crate::markdown::{Link, Mention};
use crate::message::{Message, Preview, Reacted};
use crate::opening::Witnesses;
use crate::outgoing::{Outgoing, Plan};
use crate::part::{ExternalPart, Part, SinglePart};
use crate::request::Request;
use crate::room::Description;
use crate::select::{Alternative, Chosen, PassedOver, Selection};
use crate::timeline::{Entry, Reaction, Stored, Timeline, Version};

/// Prints as `Debug` does.
macro_rules! prints_as_debug {
    ($($record:ident,)+) => {
        $(
            impl std::fmt::Display for $record {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    std::fmt::Debug::fmt(self, f)
                }
            }
        )+
    };
}

prints_as_debug! {
    Alternative,
    Chosen,
    Content,
    Cursor,
    Description,
    Entry,
    Extension,
    ExternalPart,
    Fault,
    Frame,
    Link,
    Mention,
    Message,
    Opened,
    Outgoing,
    Part,
    PassedOver,
    Plan,
    Preview,
    Reacted,
    Reaction,
    Request,
    Sealed,
    SealedEnd,
    Selection,
    SinglePart,
    Stored,
    Timeline,
    Version,
    Witnesses,
}
