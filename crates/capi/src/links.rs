//! Links of a Markdown text: where each leads, whether it says so, and who is mentioned.

use std::ffi::c_char;

use comity::content::markdown::{self, Agreement, Link, LinkKind, Mention};

use crate::fault::comity_error;
use crate::guard::guard;
use crate::output::{self, Keep, Shown};
use crate::values::{comity_status, comity_text};

/// What a link leads to.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_link_kind {
    /// Anything that is none of the others.
    Other = 0,
    /// A user: if in the room, this is a mention.
    User = 1,
    /// A room.
    Room = 2,
    /// Another part of the same message: `part`.
    Part = 3,
    /// A page of the web.
    Web = 4,
}

/// Whether what a reader sees of a link is where it leads.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_agreement {
    /// The text is the target, or another way to write it. No warning is needed.
    Agrees = 1,
    /// The text is words and claims no target.
    Silent = 2,
    /// The text is an address, and the link leads to another one. Warn.
    Differs = 3,
    /// The text says `https` and the link leads to the same place by `http`. Warn.
    Downgrade = 4,
}

/// A link in a Markdown text.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_link {
    /// What the reader sees, without formatting. Cut where links are nested very deep.
    pub text: comity_text,
    /// Where it leads, entities and escapes resolved.
    pub target: comity_text,
    /// What that is.
    pub kind: comity_link_kind,
    /// Whether the text says so.
    pub agreement: comity_agreement,
    /// It is an image: following it is what showing it does.
    pub is_image: bool,
    /// For COMITY_LINK_KIND_PART: which part.
    pub part: u16,
}

/// Links, in the order in which they end. Free it with `comity_links_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_links {
    /// The links.
    pub items: *const *const comity_link,
    /// How many.
    pub len: usize,
}

/// A link to somebody in the room.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_mention {
    /// Who is mentioned.
    pub user: *const c_char,
    /// What the sender calls them. Only a hint: show the name that you know.
    pub hint: comity_text,
}

/// Mentions, in order, each user as often as mentioned. Free it with `comity_mentions_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_mentions {
    /// The mentions.
    pub items: *const *const comity_mention,
    /// How many.
    pub len: usize,
}

impl Shown for comity_links {}
impl Shown for comity_mentions {}

/// Every link and image of a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_markdown_links(
    markdown: *const c_char,
    markdown_len: usize,
    links: *mut *mut comity_links,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(links)?;
        let found = markdown::links(call.text(markdown, markdown_len)?);
        let mut keep = Keep::new();
        let shown: Vec<_> = found.iter().map(|link| shown(link, &mut keep)).collect();
        let len = shown.len();
        let items = keep.pointers(shown);
        out.give(comity_links { items, len }, keep)
    })
}

/// Frees links. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_links_free(links: *mut comity_links) {
    output::free(links);
}

/// Who is mentioned in a text. `users`: the URIs of those who are in the room, `users_len` of them; links to others are ordinary links.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_markdown_mentions(
    markdown: *const c_char,
    markdown_len: usize,
    users: *const *const c_char,
    users_len: usize,
    mentions: *mut *mut comity_mentions,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(mentions)?;
        let text = call.text(markdown, markdown_len)?;
        let users = call.users(users, users_len)?;
        let mut keep = Keep::new();
        let shown: Vec<_> = markdown::mentions(text, |user| users.contains(user))
            .iter()
            .map(|mention| mentioned(mention, &mut keep))
            .collect();
        let len = shown.len();
        let items = keep.pointers(shown);
        out.give(comity_mentions { items, len }, keep)
    })
}

/// Frees mentions. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_mentions_free(mentions: *mut comity_mentions) {
    output::free(mentions);
}

fn shown(link: &Link, keep: &mut Keep) -> comity_link {
    let (kind, part) = match link.kind() {
        LinkKind::User(_) => (comity_link_kind::User, 0),
        LinkKind::Room(_) => (comity_link_kind::Room, 0),
        LinkKind::Part(index) => (comity_link_kind::Part, index.0),
        LinkKind::Web => (comity_link_kind::Web, 0),
        LinkKind::Other => (comity_link_kind::Other, 0),
        _ => (comity_link_kind::Other, 0),
    };
    comity_link {
        text: keep.text(&link.text),
        target: keep.text(&link.target),
        kind,
        agreement: match link.agreement() {
            Agreement::Agrees => comity_agreement::Agrees,
            Agreement::Silent => comity_agreement::Silent,
            Agreement::Differs => comity_agreement::Differs,
            Agreement::Downgrade => comity_agreement::Downgrade,
        },
        is_image: link.is_image,
        part,
    }
}

fn mentioned(mention: &Mention, keep: &mut Keep) -> comity_mention {
    comity_mention {
        user: keep.word(mention.user.as_ref()),
        hint: keep.text(&mention.hint),
    }
}
