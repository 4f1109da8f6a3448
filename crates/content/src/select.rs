//! Which parts of a message a receiver shows.
//!
//! **Owns** the one rule by which a tree of parts can be read — by a reader of a received message as by a sender who asks
//! beforehand who will read it — and the choice between what can be read.
//! **Knows nothing of** errors: a type that nobody here knows is passed over and named, never refused.
//!
//! A leaf can be read when its media type can. A `chooseOne` and a `processAll` can be read when one of their parts can, a
//! `singleUnit` when all can. Among the readable parts of a `chooseOne` the local policy decides, then the reader's languages,
//! then how much of a part can be read, then the sender's order.
//!
//! See *mimi-content*, "Message Bodies".

use comity_room::{Advertisement, MediaType};

use crate::cid;
use crate::language::{self, LanguageRank};
use crate::message::Content;
use crate::part::{Body, MultiPart, Part, PartIndex, PartSemantics};

/// What a receiver can show.
#[derive(Clone, Debug)]
pub struct Supported {
    /// The media types it can read.
    pub media: Advertisement,
    /// RFC 4647 language ranges, best first: `fr-CA`, `en`. May be empty.
    pub languages: Vec<String>,
}

/// A part and its place in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen<'c> {
    /// Its index in the whole message.
    pub index: PartIndex,
    /// The part.
    pub part: &'c Part,
}

/// Why a part that could have been shown is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassedOverBecause {
    /// Another part of the same `chooseOne` suits the reader better.
    AnotherSuitsBetter,
    /// Another part of the same `chooseOne` was taken, and this one cannot be read.
    CannotBeRead,
    /// It belongs to a `singleUnit` of which another part cannot be read.
    UnitIncomplete,
    /// The local policy does not want it.
    NotWanted,
}

/// What the local policy says about a part that could be shown: the user saves data, blocks what would be fetched from the
/// sender's server, or would rather hear than read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wish {
    /// Show it. Of two parts to choose from, the one with the lower rank; at the same rank, language decides.
    Rank(u8),
    /// Do not show it, even if nothing else is left.
    Never,
}

/// A part that is not shown, so that an app can say: this message has other versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassedOver<'c> {
    /// Its index in the whole message.
    pub index: PartIndex,
    /// The part, with all that is nested in it.
    pub part: &'c Part,
    /// Why.
    pub because: PassedOverBecause,
}

/// The parts of a message, sorted by what a receiver does with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection<'c> {
    /// To be shown, in order. Empty when nothing can be read: then `unsupported` says what there was.
    pub chosen: Vec<Chosen<'c>>,
    /// Shown inside one of the chosen, which links to them; not to be shown again.
    pub embedded: Vec<Chosen<'c>>,
    /// The other versions.
    pub passed_over: Vec<PassedOver<'c>>,
    /// Leaves that were to be shown but cannot be read.
    pub unsupported: Vec<Chosen<'c>>,
}

impl<'c> Selection<'c> {
    /// The media types of the unsupported parts, as written.
    pub fn unsupported_types(&self) -> impl Iterator<Item = &'c str> {
        self.unsupported.iter().filter_map(|leaf| leaf.part.media_type())
    }
}

/// Chooses what to show of a message.
#[must_use]
pub fn select<'c>(content: &'c Content, supported: &Supported) -> Selection<'c> {
    select_by(content, supported, |_| Wish::Rank(0))
}

/// Chooses what to show of a message where a local policy has a say, which is asked about each leaf that can be read.
///
/// ```
/// use comity_content::{Body, Content, Part, PassedOverBecause, Salt, Supported, Wish, select_by};
/// # use comity_room::media_types;
/// # let body = Part::process_all([Part::text("Look!"), Part::session("https://meet.example/x", "", 0)?])?;
/// # let content = Content::unasserted(Salt::draw(|_| ()), body);
/// # let supported = Supported { media: media_types::baseline(), languages: vec![] };
/// let offline = |part: &Part| match part.body {
///     Body::External(_) => Wish::Never,
///     _ => Wish::Rank(0),
/// };
/// let selection = select_by(&content, &supported, offline);
/// assert_eq!(selection.chosen.len(), 1);
/// assert_eq!(selection.passed_over[0].because, PassedOverBecause::NotWanted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn select_by<'c>(
    content: &'c Content,
    supported: &Supported,
    mut policy: impl FnMut(&Part) -> Wish,
) -> Selection<'c> {
    let mut assessed = Vec::with_capacity(content.part.count());
    assess(&content.part, supported, &mut policy, &mut assessed);
    let mut choice = Choice {
        assessed,
        selection: Selection::default(),
    };
    choice.visit(PartIndex::ROOT, &content.part);
    let mut selection = choice.selection;
    take_out_embedded(&mut selection);
    selection
}

/// Whether a reader of these media types sees anything of `part`: what a sender asks of each member's advertisement.
#[must_use]
pub fn readable(part: &Part, media: &Advertisement) -> bool {
    match &part.body {
        Body::Multi(multi) => {
            multi_is_readable(multi.semantics(), multi.parts(), |part| readable(part, media))
        }
        _ => leaf_is_readable(part, media),
    }
}

/// The media types of a part and all that is nested in it, as written and in order, empty ones left out.
pub fn leaf_media_types(part: &Part) -> impl Iterator<Item = &str> {
    part.walk()
        .filter_map(|(_, part)| part.media_type())
        .filter(|media_type| !media_type.is_empty())
}

fn multi_is_readable<T>(semantics: PartSemantics, parts: &[T], readable: impl Fn(&T) -> bool) -> bool {
    match semantics {
        PartSemantics::SingleUnit => parts.iter().all(readable),
        PartSemantics::ChooseOne | PartSemantics::ProcessAll => parts.iter().any(readable),
    }
}

fn leaf_is_readable(part: &Part, media: &Advertisement) -> bool {
    match &part.body {
        // Nothing is easily read. A session or another external part without a type is a link.
        Body::Null => true,
        Body::External(external) if external.media_type.is_empty() => true,
        _ => part
            .media_type()
            .and_then(|media_type| MediaType::parse(media_type).ok())
            .is_some_and(|media_type| media.can_read(&media_type)),
    }
}

/// What a reader can do with a part. Less is better, apart from `readable`.
#[derive(Clone, Copy)]
struct Assessment {
    readable: bool,
    /// A leaf that could be read, were it wanted.
    unwanted: bool,
    preference: Preference,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Preference {
    is_null: bool,
    wish: u8,
    language: LanguageRank,
    is_partial: bool,
}

/// Assesses the tree below `part`; the result stands at the index of each part.
fn assess(
    part: &Part,
    supported: &Supported,
    policy: &mut impl FnMut(&Part) -> Wish,
    assessed: &mut Vec<Assessment>,
) -> Assessment {
    let at = assessed.len();
    let stated = language::rank(&part.language, &supported.languages);
    let is_null = matches!(part.body, Body::Null);
    let preference = Preference {
        is_null,
        wish: 0,
        language: stated,
        is_partial: false,
    };
    let own = match &part.body {
        Body::Multi(multi) => {
            assessed.push(Assessment {
                readable: false,
                unwanted: false,
                preference,
            });
            let parts: Vec<_> = multi
                .parts()
                .iter()
                .map(|part| assess(part, supported, policy, assessed))
                .collect();
            combine(multi.semantics(), stated, &parts)
        }
        _ => {
            let readable = leaf_is_readable(part, &supported.media);
            let wish = if readable { policy(part) } else { Wish::Rank(0) };
            let own = Assessment {
                readable: readable && wish != Wish::Never,
                unwanted: wish == Wish::Never,
                preference: match wish {
                    Wish::Rank(wish) => Preference { wish, ..preference },
                    Wish::Never => preference,
                },
            };
            assessed.push(own);
            own
        }
    };
    if let Some(slot) = assessed.get_mut(at) {
        *slot = own;
    }
    own
}

fn combine(semantics: PartSemantics, stated: LanguageRank, parts: &[Assessment]) -> Assessment {
    let can_be_read = parts
        .iter()
        .filter(|part| part.readable)
        .map(|part| part.preference);
    // One of a choice is as welcome as the best of it, all of a group as the least welcome.
    let wishes = can_be_read.clone().map(|part| part.wish);
    let wish = match semantics {
        PartSemantics::ChooseOne => can_be_read.clone().min().map(|best| best.wish),
        PartSemantics::SingleUnit | PartSemantics::ProcessAll => wishes.max(),
    };
    let (nested, is_partial) = match semantics {
        PartSemantics::ChooseOne => {
            let best = can_be_read.min();
            (
                best.map(|best| best.language),
                best.is_some_and(|best| best.is_partial),
            )
        }
        PartSemantics::SingleUnit | PartSemantics::ProcessAll => {
            let spoken = can_be_read
                .clone()
                .map(|part| part.language)
                .filter(|l| *l != LanguageRank::Unstated);
            let whole = parts
                .iter()
                .all(|part| part.readable && !part.preference.is_partial);
            (spoken.min(), !whole)
        }
    };
    let language = if stated == LanguageRank::Unstated {
        nested.unwrap_or(stated)
    } else {
        stated
    };
    Assessment {
        readable: multi_is_readable(semantics, parts, |part| part.readable),
        unwanted: false,
        preference: Preference {
            is_null: false,
            wish: wish.unwrap_or_default(),
            language,
            is_partial,
        },
    }
}

struct Choice<'c> {
    assessed: Vec<Assessment>,
    selection: Selection<'c>,
}

impl<'c> Choice<'c> {
    fn visit(&mut self, index: PartIndex, part: &'c Part) {
        match &part.body {
            Body::Multi(multi) => match multi.semantics() {
                PartSemantics::ChooseOne => self.choose(index, multi),
                PartSemantics::SingleUnit if !self.is_readable(index) => self.pass_over_unit(index, multi),
                PartSemantics::SingleUnit | PartSemantics::ProcessAll => {
                    children(index, multi).for_each(|(index, part)| self.visit(index, part));
                }
            },
            _ if self.is_readable(index) => self.selection.chosen.push(Chosen { index, part }),
            _ => self.name_unreadable(index, part),
        }
    }

    fn choose(&mut self, index: PartIndex, multi: &'c MultiPart) {
        let best = children(index, multi)
            .filter(|(index, _)| self.is_readable(*index))
            .min_by_key(|(index, _)| self.preference(*index))
            .map(|(index, _)| index);
        let Some(best) = best else {
            children(index, multi).for_each(|(index, part)| self.name_unreadable(index, part));
            return;
        };
        for (index, part) in children(index, multi) {
            if index == best {
                self.visit(index, part);
            } else {
                let because = match self.assessed.get(usize::from(index.0)) {
                    Some(assessed) if assessed.readable => PassedOverBecause::AnotherSuitsBetter,
                    Some(assessed) if assessed.unwanted => PassedOverBecause::NotWanted,
                    _ => PassedOverBecause::CannotBeRead,
                };
                self.pass_over(index, part, because);
            }
        }
    }

    fn pass_over_unit(&mut self, index: PartIndex, multi: &'c MultiPart) {
        for (index, part) in children(index, multi) {
            if self.is_readable(index) {
                self.pass_over(index, part, PassedOverBecause::UnitIncomplete);
            } else {
                self.name_unreadable(index, part);
            }
        }
    }

    fn name_unreadable(&mut self, index: PartIndex, part: &'c Part) {
        match &part.body {
            // What can be read of it belongs to a unit that cannot.
            Body::Multi(multi) => self.pass_over_unit(index, multi),
            _ if self.is_unwanted(index) => self.pass_over(index, part, PassedOverBecause::NotWanted),
            _ => self.selection.unsupported.push(Chosen { index, part }),
        }
    }

    fn pass_over(&mut self, index: PartIndex, part: &'c Part, because: PassedOverBecause) {
        self.selection
            .passed_over
            .push(PassedOver { index, part, because });
    }

    fn is_unwanted(&self, index: PartIndex) -> bool {
        self.assessed
            .get(usize::from(index.0))
            .is_some_and(|assessed| assessed.unwanted)
    }

    fn is_readable(&self, index: PartIndex) -> bool {
        self.assessed
            .get(usize::from(index.0))
            .is_some_and(|assessed| assessed.readable)
    }

    fn preference(&self, index: PartIndex) -> Option<Preference> {
        self.assessed
            .get(usize::from(index.0))
            .map(|assessed| assessed.preference)
    }
}

/// The parts of the multipart at `index`, with their indices in the whole message.
fn children(index: PartIndex, multi: &MultiPart) -> impl Iterator<Item = (PartIndex, &Part)> {
    multi.parts().iter().scan(index.plus(1), |next, part| {
        let index = *next;
        *next = next.plus(part.count());
        Some((index, part))
    })
}

/// Moves the parts that an earlier one shows inside itself.
fn take_out_embedded(selection: &mut Selection<'_>) {
    let mut linked = Vec::new();
    let (embedded, chosen) = std::mem::take(&mut selection.chosen)
        .into_iter()
        .partition(|chosen| {
            let is_linked = linked.contains(&chosen.index);
            linked.extend(cid::links(chosen.part));
            is_linked
        });
    (selection.embedded, selection.chosen) = (embedded, chosen);
}
