//! Somebody's card: a vCard for the address book, and in words.
//!
//! vCard 4.0 (RFC 6350) with the few properties that every address book reads.

use std::fmt;

use comity_room::UserUri;

use crate::compose::ComposeError;
use crate::disposition::Disposition;
use crate::media;
use crate::part::Part;

/// A contact to be passed on. `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contact {
    /// The name, as it is to be shown.
    pub name: String,
    /// Telephone numbers, best in the form `+41 44 668 18 00`.
    pub phones: Vec<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// Where the person can be reached by MIMI.
    pub users: Vec<UserUri>,
}

impl Contact {
    /// A contact that is known by its name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// The contact in alternatives, richest first: vCard, plain text.
    ///
    /// # Errors
    /// [`ComposeError::EmptyContact`] when there is nothing in it.
    pub fn alternatives(&self) -> Result<Vec<Part>, ComposeError> {
        let lines = self.lines();
        if lines.is_empty() {
            return Err(ComposeError::EmptyContact);
        }
        Ok(vec![
            Part::single(Disposition::RENDER, media::VCARD, self.vcard()),
            Part::text(&lines.join("\n")),
        ])
    }

    fn lines(&self) -> Vec<&str> {
        let Self {
            name,
            phones,
            emails,
            users,
        } = self;
        let words = [name].into_iter().chain(phones).chain(emails).map(String::as_str);
        let all = words.chain(users.iter().map(UserUri::as_str));
        all.map(str::trim).filter(|line| !line.is_empty()).collect()
    }

    fn vcard(&self) -> String {
        let mut card = "BEGIN:VCARD\r\nVERSION:4.0\r\n".to_owned();
        // A vCard has a name; who has none is called by the first thing known.
        let name = self.lines().first().copied().unwrap_or_default();
        property(&mut card, "FN", &text(name));
        for phone in &self.phones {
            property(&mut card, "TEL", &text(phone));
        }
        for email in &self.emails {
            property(&mut card, "EMAIL", &text(email));
        }
        for user in &self.users {
            property(&mut card, "IMPP", user.as_str());
        }
        card.push_str("END:VCARD\r\n");
        card
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name: _,
            phones: _,
            emails: _,
            users: _,
        } = self;
        f.write_str("Contact(..)")
    }
}

/// RFC 6350 §3.4: a TEXT value.
fn text(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.trim().chars() {
        match c {
            '\\' | ',' | ';' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// RFC 6350 §3.2: a line has at most 75 octets; what is longer goes on behind a space.
fn property(card: &mut String, name: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    let mut octets = name.len() + 1;
    card.push_str(name);
    card.push(':');
    for c in value.chars() {
        if octets + c.len_utf8() > 75 {
            card.push_str("\r\n ");
            octets = 1;
        }
        card.push(c);
        octets += c.len_utf8();
    }
    card.push_str("\r\n");
}
