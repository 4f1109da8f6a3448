//! What a person would see on the screen, in one line per message.

use comity::content::{Body, Content, Part, PartSemantics, Supported, select};
use comity::{Delivery, Message};

use crate::names::short;

/// One message as a line: `alice: hi`, with what became of it in brackets behind.
///
/// `[edited]`, `[deleted]`, reactions as `[👍 bob]`, sorted; for own messages that the hub has not accepted `[sending]`,
/// `[waiting]` and the like.
pub fn line(message: &Message, supported: &Supported) -> String {
    let mut line = format!("{}: ", short(message.sender.as_str()));
    match &message.content {
        Some(content) => line.push_str(&text(content, supported)),
        None => line.push_str("[deleted]"),
    }
    if !message.edits.is_empty() && !message.deleted {
        line.push_str(" [edited]");
    }
    let mut reactions: Vec<String> = message
        .reactions
        .iter()
        .map(|reaction| format!(" [{} {}]", reaction.text.join(""), short(reaction.by.as_str())))
        .collect();
    reactions.sort();
    line.extend(reactions);
    line.push_str(match &message.delivery {
        Delivery::Received | Delivery::Accepted => "",
        Delivery::Waiting => " [waiting]",
        Delivery::Sending => " [sending]",
        Delivery::Refused(_) => " [refused]",
        Delivery::Undeliverable => " [undeliverable]",
        _ => " [?]",
    });
    line
}

/// The text of what a client with these abilities shows; of a part that is not text, its media type.
pub fn text(content: &Content, supported: &Supported) -> String {
    let selection = select(content, supported);
    let shown: Vec<String> = selection
        .chosen
        .iter()
        .map(|chosen| part_text(chosen.part))
        .collect();
    if shown.is_empty() {
        "[cannot be shown]".to_owned()
    } else {
        shown.join(" ")
    }
}

/// The media types of the alternatives that travelled, in order: one where everybody reads the same.
pub fn alternatives(content: &Content) -> Vec<String> {
    let media_type = |part: &Part| part.media_type().unwrap_or("none").to_owned();
    match &content.part.body {
        Body::Multi(multi) if multi.semantics() == PartSemantics::ChooseOne => {
            multi.parts().iter().map(media_type).collect()
        }
        _ => vec![media_type(&content.part)],
    }
}

fn part_text(part: &Part) -> String {
    match &part.body {
        Body::Single(single) if single.media_type.starts_with("text/") => {
            String::from_utf8_lossy(&single.content).into_owned()
        }
        _ => format!("<{}>", part.media_type().unwrap_or("nothing")),
    }
}
