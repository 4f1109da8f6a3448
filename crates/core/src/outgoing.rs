//! What is about to be sent: alternatives, richest first, and how they behave.

use comity_content::{Disposition, Expiration, MessageId, Part};

pub use comity_content::media::{MARKDOWN, PLAIN_TEXT};

/// A message that is about to be sent.
///
/// The alternatives say the same thing in different media types, richest first. The last one is the basic one: its
/// media types should be in the room's requirement, so that everybody can read it. Of two that the same clients can read,
/// the first alone travels: the same in several languages is one alternative, [`Part::in_languages`]. `Debug` shows
/// nothing of what it says.
#[derive(Clone)]
pub struct Outgoing {
    /// The alternatives, richest first. Empty only for a deletion.
    pub alternatives: Vec<Part>,
    /// The version of a message that this replies or reacts to.
    pub in_reply_to: Option<MessageId>,
    /// The message that this edits or deletes.
    pub replaces: Option<MessageId>,
    /// The topic; empty for none. At most 4,096 octets.
    pub topic: Vec<u8>,
    /// When it is to vanish.
    pub expires: Option<Expiration>,
}

impl Outgoing {
    /// A message that is said in the given alternatives, richest first.
    pub fn new(alternatives: Vec<Part>) -> Self {
        Self {
            alternatives,
            in_reply_to: None,
            replaces: None,
            topic: Vec::new(),
            expires: None,
        }
    }

    /// Plain text.
    pub fn text(text: &str) -> Self {
        Self::new(vec![Part::text(text)])
    }

    /// GFM-MIMI markdown, with its plain form as the basic alternative. HTML in it is sent as text, as the profile asks.
    ///
    /// Every MIMI client must be able to receive both, so a room that requires markdown is sent the markdown alone.
    pub fn markdown(markdown: &str) -> Self {
        Self::new(vec![
            Part::markdown(markdown),
            Part::text(&comity_content::to_plain_text(markdown)),
        ])
    }

    /// One reaction to `message`.
    pub fn reaction(message: MessageId, reaction: &str) -> Self {
        let part = Part::single(Disposition::REACTION, PLAIN_TEXT, reaction);
        Self::new(vec![part]).in_reply_to(message)
    }

    /// Takes back the reaction, or deletes the message, with the given id.
    pub fn deletion(message: MessageId) -> Self {
        Self {
            replaces: Some(message),
            ..Self::new(Vec::new())
        }
    }

    /// Makes it a reply to a version of a message.
    #[must_use]
    pub fn in_reply_to(mut self, message: MessageId) -> Self {
        self.in_reply_to = Some(message);
        self
    }

    /// Makes it an edit of a message, which must be our own unless the room allows more.
    #[must_use]
    pub fn editing(mut self, message: MessageId) -> Self {
        self.replaces = Some(message);
        self
    }

    /// Puts it in a topic.
    #[must_use]
    pub fn in_topic(mut self, topic: Vec<u8>) -> Self {
        self.topic = topic;
        self
    }

    /// Lets it vanish.
    #[must_use]
    pub fn expiring(mut self, expires: Expiration) -> Self {
        self.expires = Some(expires);
        self
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            alternatives,
            in_reply_to,
            replaces,
            topic,
            expires,
        } = self;
        f.debug_struct("Outgoing")
            .field("alternatives", alternatives)
            .field("in_reply_to", in_reply_to)
            .field("replaces", replaces)
            .field("topic", &format_args!("({} octets)", topic.len()))
            .field("expires", expires)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_travels_without_html_and_with_its_words_in_plain_text() {
        let outgoing = Outgoing::markdown("*a* <b>c</b> `<d>`");
        let texts = ["*a* &lt;b>c&lt;/b> `<d>`", "a <b>c</b> <d>"];
        let expected = [(MARKDOWN, texts[0]), (PLAIN_TEXT, texts[1])]
            .map(|(media_type, text)| Part::single(Disposition::RENDER, media_type, text));
        assert_eq!(outgoing.alternatives, expected);
    }
}
