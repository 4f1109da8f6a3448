//! What a part is for.
//!
//! See *mimi-content*, "MIMI Content Disposition registry".

use std::fmt;

/// The intended use of a part: one octet, of which the draft names nine values.
///
/// An unnamed value is kept as it is and handled as [`RENDER`](Self::RENDER).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Disposition(u8);

impl Disposition {
    /// No statement.
    pub const UNSPECIFIED: Self = Self(0);
    /// Show it according to local policy.
    pub const RENDER: Self = Self(1);
    /// A single reaction to another message.
    pub const REACTION: Self = Self(2);
    /// About the sender's profile.
    pub const PROFILE: Self = Self(3);
    /// Show it directly in the chat.
    pub const INLINE: Self = Self(4);
    /// An icon.
    pub const ICON: Self = Self(5);
    /// To be downloaded rather than shown.
    pub const ATTACHMENT: Self = Self(6);
    /// A multimedia session or a URI to join one.
    pub const SESSION: Self = Self(7);
    /// The sender's preview of something, such as what a link leads to.
    pub const PREVIEW: Self = Self(8);

    /// The disposition with this registry value.
    pub const fn from_value(value: u8) -> Self {
        Self(value)
    }

    /// The registry value.
    pub const fn value(self) -> u8 {
        self.0
    }

    /// How a receiver treats it: itself when the draft names it, else [`RENDER`](Self::RENDER).
    pub const fn handled_as(self) -> Self {
        if self.0 <= Self::PREVIEW.0 {
            self
        } else {
            Self::RENDER
        }
    }

    /// The registered name, or `None` for an unassigned value.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "unspecified",
            1 => "render",
            2 => "reaction",
            3 => "profile",
            4 => "inline",
            5 => "icon",
            6 => "attachment",
            7 => "session",
            8 => "preview",
            _ => return None,
        })
    }
}

impl fmt::Debug for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "unknown({})", self.0),
        }
    }
}
