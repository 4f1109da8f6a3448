//! Links: who is mentioned, and whether a link says where it leads.
//!
//! **Owns** the comparison of a link's text with its target. **Knows nothing of** members and names: the caller says who is in
//! the room, and shows the name that it knows.
//!
//! See *mimi-content*, "Mention".

use comity_room::{RoomUri, UserUri};
use pulldown_cmark::{Event, LinkType, Tag, TagEnd};

use super::read;
use crate::cid;
use crate::part::PartIndex;

/// A link in a Markdown text. `Debug` shows its kind only.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// What the reader sees, without formatting. Cut where links are nested very deep.
    pub text: String,
    /// Where it leads, entities and escapes resolved.
    pub target: String,
    /// It is an image: following it is what showing it does.
    pub is_image: bool,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            text: _,
            target: _,
            is_image,
        } = self;
        f.debug_struct("Link")
            .field("is_image", is_image)
            .finish_non_exhaustive()
    }
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkKind {
    /// A user: if in the room, this is a mention.
    User(UserUri),
    /// A room.
    Room(RoomUri),
    /// Another part of the same message.
    Part(PartIndex),
    /// A page of the web.
    Web,
    /// Anything else.
    Other,
}

/// Whether what a reader sees of a link is where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Agreement {
    /// The text is the target, or another way to write it. No warning is needed.
    Agrees,
    /// The text is words and claims no target.
    Silent,
    /// The text is an address, and the link leads to another one. Warn.
    Differs,
    /// The text says `https` and the link leads to the same place by `http`. Warn.
    Downgrade,
}

impl Link {
    /// What it leads to.
    #[must_use]
    pub fn kind(&self) -> LinkKind {
        if let Ok(user) = UserUri::parse(&self.target) {
            return LinkKind::User(user);
        }
        if let Ok(room) = RoomUri::parse(&self.target) {
            return LinkKind::Room(room);
        }
        if let Some(index) = cid::linked(&self.target) {
            return LinkKind::Part(index);
        }
        match Address::parse(&self.target) {
            Some(address) if address.scheme == "http" || address.scheme == "https" => LinkKind::Web,
            _ => LinkKind::Other,
        }
    }

    /// Whether its text is where it leads, or each address with a scheme or a `www.` that stands among its words.
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        let text = self.text.trim();
        if text == self.target {
            return Agreement::Agrees;
        }
        let target = Address::parse(&self.target);
        if !text.contains(char::is_whitespace) {
            return agreement_of(text, target.as_ref());
        }
        let claims = text
            .split_whitespace()
            .map(|word| word.trim_start_matches(BEFORE).trim_end_matches(BEHIND))
            .filter(|word| word.contains("://") || word.starts_with("www."));
        // Of several, the one that is to be warned of.
        claims
            .map(|word| agreement_of(word, target.as_ref()))
            .max_by_key(|agreement| match agreement {
                Agreement::Silent => 0,
                Agreement::Agrees => 1,
                Agreement::Downgrade => 2,
                Agreement::Differs => 3,
            })
            .unwrap_or(Agreement::Silent)
    }
}

/// What stands before and behind an address in a sentence.
const BEFORE: [char; 5] = ['(', '[', '<', '"', '\''];
const BEHIND: [char; 11] = ['.', ',', ';', ':', '!', '?', ')', ']', '>', '"', '\''];

/// Whether a word, which may be an address, is where a link leads.
fn agreement_of(word: &str, target: Option<&Address>) -> Agreement {
    let (claimed, has_scheme) = match Address::parse(word) {
        Some(claimed) => (claimed, true),
        None => match bare_address(word) {
            Some(claimed) => (claimed, false),
            None => return Agreement::Silent,
        },
    };
    let Some(target) = target else {
        return Agreement::Differs;
    };
    let same_place = (&claimed.authority, &claimed.rest) == (&target.authority, &target.rest);
    match (claimed.scheme.as_str(), target.scheme.as_str()) {
        _ if !same_place => Agreement::Differs,
        (claimed, target) if claimed == target => Agreement::Agrees,
        ("https", "http") if has_scheme => Agreement::Downgrade,
        // Without a scheme, nothing is said about how.
        ("https", "http") => Agreement::Agrees,
        _ => Agreement::Differs,
    }
}

/// A link to somebody in the room.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mention {
    /// Who is mentioned.
    pub user: UserUri,
    /// What the sender calls them. Only a hint: show the name that you know.
    pub hint: String,
}

impl std::fmt::Debug for Mention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { user, hint: _ } = self;
        f.debug_struct("Mention")
            .field("user", user)
            .finish_non_exhaustive()
    }
}

/// Every link and image of a text, in the order in which they end.
#[must_use]
pub fn links(markdown: &str) -> Vec<Link> {
    let mut collector = Collector::default();
    read(markdown, |event| collector.event(event));
    collector.found
}

/// Who is mentioned in a text, in order and each as often as mentioned. Links to users who are not in the room are ordinary
/// links.
#[must_use]
pub fn mentions(markdown: &str, mut is_member: impl FnMut(&UserUri) -> bool) -> Vec<Mention> {
    let mentioned = links(markdown).into_iter().filter(|link| !link.is_image);
    mentioned
        .filter_map(|link| match link.kind() {
            LinkKind::User(user) if is_member(&user) => Some(Mention {
                user,
                hint: link.text,
            }),
            _ => None,
        })
        .collect()
}

#[derive(Default)]
struct Collector {
    found: Vec<Link>,
    open: Vec<Link>,
}

/// Links and images inside each other to which a word is added, at most.
const NESTED: usize = 8;

impl Collector {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Link {
                link_type, dest_url, ..
            }) => {
                let target = match link_type {
                    LinkType::Email => format!("mailto:{dest_url}"),
                    _ => dest_url.into_string(),
                };
                self.begin(target, false);
            }
            Event::Start(Tag::Image { dest_url, .. }) => self.begin(dest_url.into_string(), true),
            Event::End(TagEnd::Link | TagEnd::Image) => self.found.extend(self.open.pop()),
            Event::Text(words) | Event::Code(words) => self.write(&words),
            Event::SoftBreak | Event::HardBreak => self.write(" "),
            _ => {}
        }
    }

    fn begin(&mut self, target: String, is_image: bool) {
        self.open.push(Link {
            text: String::new(),
            target,
            is_image,
        });
    }

    fn write(&mut self, words: &str) {
        for link in self.open.iter_mut().rev().take(NESTED) {
            link.text.push_str(words);
        }
    }
}

/// A URI in the form in which two are compared (RFC 3986 §6.2.2 and §6.2.3).
#[derive(Debug, PartialEq, Eq)]
struct Address {
    scheme: String,
    authority: String,
    rest: String,
}

impl Address {
    /// A URI with a scheme that has more than one letter, and without spaces.
    fn parse(uri: &str) -> Option<Self> {
        let (scheme, behind) = uri.split_once(':')?;
        let is_scheme = scheme.len() > 1
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet));
        if !is_scheme || behind.is_empty() || uri.contains(char::is_whitespace) {
            return None;
        }
        // "host.example:8443" is no scheme and a path.
        if !behind.starts_with("//") && scheme.contains('.') {
            return None;
        }
        Some(Self::new(&scheme.to_ascii_lowercase(), behind))
    }

    fn new(scheme: &str, behind: &str) -> Self {
        let Some(behind) = behind.strip_prefix("//") else {
            return Self {
                scheme: scheme.to_owned(),
                authority: String::new(),
                rest: normal(behind),
            };
        };
        let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
        let (authority, rest) = behind.split_at(end);
        let authority = authority.to_lowercase();
        let default = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => "",
        };
        let authority = authority.strip_suffix(default).unwrap_or(&authority);
        let authority = authority.strip_suffix(':').unwrap_or(authority);
        // The dot of the root of all names.
        let authority = authority.strip_suffix('.').unwrap_or(authority).to_owned();
        let rest = if rest.starts_with('/') {
            normal(rest)
        } else {
            format!("/{}", normal(rest))
        };
        Self {
            scheme: scheme.to_owned(),
            authority,
            rest,
        }
    }
}

/// What reads as the address of a web page or a mailbox without a scheme: `www.a.example/x`, `a@b.example`.
fn bare_address(text: &str) -> Option<Address> {
    if text.contains(char::is_whitespace) {
        return None;
    }
    let text = text.strip_prefix("//").unwrap_or(text);
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some((mailbox, domain)) = host.split_once('@') {
        let is_mail = host == text && !mailbox.is_empty() && is_domain(domain);
        return is_mail.then(|| Address::new("mailto", text));
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|octet| octet.is_ascii_digit()) => name,
        Some(_) => return None,
        None => host,
    };
    is_domain(name.strip_suffix('.').unwrap_or(name)).then(|| Address::new("https", &format!("//{text}")))
}

/// Labels with dots between them, the last one of letters: a name, and no version number or sentence.
fn is_domain(name: &str) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    let is_label = |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let is_last = |label: &&str| label.chars().count() >= 2 && !label.chars().any(char::is_numeric);
    labels.len() >= 2 && labels.iter().all(is_label) && labels.last().is_some_and(is_last)
}

/// Percent-encoding of characters that need none is undone; the digits of the rest are upper case.
fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        normal.push_str(before);
        let digits = behind
            .get(..2)
            .filter(|digits| digits.bytes().all(|d| d.is_ascii_hexdigit()));
        let octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (octet, digits) {
            (Some(octet), Some(_)) if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) => {
                normal.push(char::from(octet));
            }
            (_, Some(digits)) => {
                normal.push('%');
                normal.push_str(&digits.to_ascii_uppercase());
            }
            (_, None) => normal.push('%'),
        }
        rest = behind.get(digits.map_or(0, str::len)..).unwrap_or_default();
    }
    normal.push_str(rest);
    normal
}
