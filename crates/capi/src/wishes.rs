//! What a local policy wants of the parts of a message, before it is chosen what to show; and which part links to which.

use std::collections::BTreeMap;
use std::ffi::c_char;

use comity::content::{Content, Part, PartIndex, Wish, cid, select_by};

use crate::content::{comity_part, comity_selection, give_selection};
use crate::fault::comity_error;
use crate::guard::guard;
use crate::handle::{self, Handle};
use crate::input::invalid;
use crate::media::comity_supported;
use crate::output::{self, Keep, Shown};
use crate::values::comity_status;
use crate::words::{comity_string, give};

/// What is wanted of the parts of a message, by their place: depth first from 0, multiparts counted as well. One thread at a time; free
/// it with `comity_wishes_free`.
pub struct comity_wishes(BTreeMap<PartIndex, Wish>);

impl Handle for comity_wishes {}

/// No wishes yet: every part has rank 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_wishes_new(
    wishes: *mut *mut comity_wishes,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.out(wishes)?.give_handle(comity_wishes(BTreeMap::new()))
    })
}

/// Says how much a part is wanted: of two to choose from, the one with the lower rank is shown; at the same rank, language decides. Such as
/// for who would rather hear than read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_wishes_rank(
    wishes: *mut comity_wishes,
    index: u16,
    rank: u8,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.builder(wishes)?.0.insert(PartIndex(index), Wish::Rank(rank));
        Ok(())
    })
}

/// Says that a part is not to be shown, even if nothing else is left: such as what would be fetched from the sender's server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_wishes_never(
    wishes: *mut comity_wishes,
    index: u16,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.builder(wishes)?.0.insert(PartIndex(index), Wish::Never);
        Ok(())
    })
}

/// Frees wishes. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_wishes_free(wishes: *mut comity_wishes) {
    handle::free(wishes);
}

/// Chooses what to show as `comity_select` does, where a local policy has a say: it looks at the parts first, with `comity_content_decode`,
/// and says what it wants of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_select_by(
    octets: *const u8,
    octets_len: usize,
    supported: *const comity_supported,
    wishes: *const comity_wishes,
    selection: *mut *mut comity_selection,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(selection)?;
        let supported = call.object(supported)?.value()?;
        let wishes = &call.object(wishes)?.0;
        let content =
            Content::decode(call.octets(octets, octets_len)?).map_err(|error| invalid(error.code()))?;
        let wish = |asked: &Part| {
            let mut places = content.part.walk();
            let place = places.find(|(_, part)| std::ptr::eq(*part, asked));
            let wish = place.and_then(|(index, _)| wishes.get(&index));
            wish.copied().unwrap_or(Wish::Rank(0))
        };
        give_selection(out, &select_by(&content, &supported, wish))
    })
}

/// Places of parts. Free it with `comity_indexes_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_indexes {
    /// The places: depth first from 0, multiparts counted as well.
    pub items: *const u16,
    /// How many.
    pub len: usize,
}

impl Shown for comity_indexes {}

/// The link to a part of the same message, such as `cid:2@local.invalid`, for HTML or Markdown beside it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_part_link(
    index: u16,
    link: *mut *mut comity_string,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(link)?;
        give(out, &cid::link(PartIndex(index)))
    })
}

/// The place of the part of the same message that a link leads to, if it is such a link.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_linked_part(
    link: *const c_char,
    is_link: *mut bool,
    index: *mut u16,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.put(is_link, false)?;
        call.put(index, 0)?;
        if let Some(linked) = cid::linked(call.word(link)?) {
            call.put(is_link, true)?;
            call.put(index, linked.0)?;
        }
        Ok(())
    })
}

/// The places of the parts that a part links to, in the order of their first mention; none unless it is of a type that can link, such as
/// HTML.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_linked_parts(
    part: *const comity_part,
    indexes: *mut *mut comity_indexes,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(indexes)?;
        let links: Vec<u16> = cid::links(&call.part(part)?)
            .into_iter()
            .map(|index| index.0)
            .collect();
        let (len, mut keep) = (links.len(), Keep::new());
        let items = keep.list(links);
        out.give(comity_indexes { items, len }, keep)
    })
}

/// Frees places. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_indexes_free(indexes: *mut comity_indexes) {
    output::free(indexes);
}
