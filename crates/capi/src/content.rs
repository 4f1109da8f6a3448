//! What a message says: its content, a tree of parts, and which of them a reader sees.

use std::ptr;

use comity::content::{
    Body, Chosen, Content, Expiration, ExternalPart, MultiPart, Part, PartIndex, PartSemantics, PassedOver,
    PassedOverBecause, Selection, SinglePart, select,
};

use crate::fault::{Fault, comity_error};
use crate::guard::guard;
use crate::input::invalid;
use crate::media::comity_supported;
use crate::output::{self, Keep, Out, Shown};
use crate::step::optional_id;
use crate::values::{comity_bytes, comity_message_id, comity_status, comity_text};

/// What a part is.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_part_kind {
    /// Nothing: the body of a deletion.
    Null = 0,
    /// Octets of a media type.
    Single = 1,
    /// Content that lies elsewhere.
    External = 2,
    /// Several parts.
    Multi = 3,
}

/// How the parts of a multipart belong together.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_semantics {
    /// The receiver processes exactly one.
    ChooseOne = 0,
    /// The receiver processes all or none.
    SingleUnit = 1,
    /// The receiver processes as many as it can.
    ProcessAll = 2,
}

/// What a part is for. Unknown numbers are to be treated as COMITY_DISPOSITION_RENDER.
#[repr(u8)]
#[derive(Clone, Copy, Debug)]
pub enum comity_disposition {
    /// Not said.
    Unspecified = 0,
    /// To be shown.
    Render = 1,
    /// A reaction to another message.
    Reaction = 2,
    /// A profile.
    Profile = 3,
    /// To be shown in place.
    Inline = 4,
    /// An icon.
    Icon = 5,
    /// To be kept rather than shown.
    Attachment = 6,
    /// To join a session, such as a call.
    Session = 7,
    /// A preview.
    Preview = 8,
}

/// A part of a message, as the library shows it. Fields of another kind of part are empty.
///
/// Only the library makes parts: those inside results, and those of the functions that give one.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_part {
    /// What it is: a comity_part_kind.
    pub kind: u32,
    /// For several parts: how they belong together, a comity_semantics.
    pub semantics: u32,
    /// Its place in the message: depth first from 0, multiparts counted as well.
    pub index: u16,
    /// What it is for, a comity_disposition or a number that nobody knows yet.
    pub disposition: u8,
    /// The number of the hash algorithm: 0 none, 1 SHA-256.
    pub hash_algorithm: u8,
    /// Language tags, separated by commas; may be empty.
    pub language: comity_text,
    /// The media type as written; may be empty.
    pub media_type: comity_text,
    /// For a single part: its octets.
    pub content: comity_bytes,
    /// For several parts: the parts, in the sender's order.
    pub parts: *const *const Self,
    /// How many.
    pub parts_len: usize,
    /// For an external part: where it is.
    pub url: comity_text,
    /// When it ceases to be there, in seconds since 1970; 0 for never.
    pub url_expires: u32,
    /// The number of the AEAD algorithm, a comity_algorithm; 0 for none.
    pub encryption_algorithm: u16,
    /// Its size in octets as the sender states it; 0 for unknown.
    pub size: u64,
    /// The key. Overwritten when the result is freed.
    pub key: comity_bytes,
    /// The nonce.
    pub nonce: comity_bytes,
    /// The additional authenticated data.
    pub aad: comity_bytes,
    /// The hash of the octets at the URL.
    pub content_hash: comity_bytes,
    /// What it is, in words.
    pub description: comity_text,
    /// A file name that the sender suggests, not to be trusted: see `comity_safe_file_name`.
    pub filename: comity_text,
}

/// When a message vanishes.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_expires {
    /// Never.
    Never = 0,
    /// So many seconds after it was read.
    AfterRead = 1,
    /// At so many seconds since 1970, read or not.
    At = 2,
}

/// What a message says. Free it with `comity_content_free` if you asked for it by itself; inside another result it is that
/// result's.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_content {
    /// The part tree.
    pub part: *const comity_part,
    /// The message that this edits or deletes, or NULL.
    pub replaces: *const comity_message_id,
    /// The version of a message that this replies or reacts to, or NULL.
    pub in_reply_to: *const comity_message_id,
    /// The topic; empty for none.
    pub topic: comity_bytes,
    /// When it vanishes.
    pub expires: comity_expires,
    /// The seconds of that.
    pub expires_seconds: u32,
}

impl Shown for comity_content {}

/// Decodes the octets of a message: exactly these octets, in deterministic encoding, of at most 1 MiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_content_decode(
    octets: *const u8,
    octets_len: usize,
    content: *mut *mut comity_content,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(content)?;
        let decoded =
            Content::decode(call.octets(octets, octets_len)?).map_err(|error| invalid(error.code()))?;
        let mut keep = Keep::new();
        let shown = shown(&decoded, &mut keep);
        out.give(shown, keep)
    })
}

/// Frees a content that was asked for by itself. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_content_free(content: *mut comity_content) {
    output::free(content);
}

/// Why a part that could have been shown is not.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_passed_over {
    /// It is not passed over.
    No = 0,
    /// Another part of the same choice suits the reader better.
    AnotherSuitsBetter = 1,
    /// Another part of the same choice was taken, and this one cannot be read.
    CannotBeRead = 2,
    /// It belongs to a unit of which another part cannot be read.
    UnitIncomplete = 3,
    /// The local policy does not want it.
    NotWanted = 4,
    /// A reason that this header does not know.
    Other = 99,
}

/// A part of a message, and why it is not shown, if it is not.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_choice {
    /// The part, with all that is nested in it.
    pub part: *const comity_part,
    /// Why another version is shown instead.
    pub because: comity_passed_over,
}

/// The parts of a message, sorted by what a receiver does with them. Free it with `comity_selection_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_selection {
    /// To be shown, in order. Empty when nothing can be read: then `unsupported` says what there was.
    pub chosen: *const *const comity_choice,
    /// How many.
    pub chosen_len: usize,
    /// Shown inside one of the chosen, which links to them; not to be shown again.
    pub embedded: *const *const comity_choice,
    /// How many.
    pub embedded_len: usize,
    /// The other versions.
    pub passed_over: *const *const comity_choice,
    /// How many.
    pub passed_over_len: usize,
    /// Parts that were to be shown but cannot be read.
    pub unsupported: *const *const comity_choice,
    /// How many.
    pub unsupported_len: usize,
}

impl Shown for comity_selection {}

/// Chooses what to show of a message for a reader who supports this. `octets`: the message as it travelled, such as
/// `comity_message.octets`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_select(
    octets: *const u8,
    octets_len: usize,
    supported: *const comity_supported,
    selection: *mut *mut comity_selection,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(selection)?;
        let supported = call.object(supported)?.value()?;
        let content =
            Content::decode(call.octets(octets, octets_len)?).map_err(|error| invalid(error.code()))?;
        give_selection(out, &select(&content, &supported))
    })
}

pub(crate) fn give_selection(out: Out<comity_selection>, selection: &Selection<'_>) -> Result<(), Fault> {
    let Selection {
        chosen,
        embedded,
        passed_over,
        unsupported,
    } = selection;
    let mut keep = Keep::new();
    let (chosen, chosen_len) = choices(chosen, &mut keep);
    let (embedded, embedded_len) = choices(embedded, &mut keep);
    let (unsupported, unsupported_len) = choices(unsupported, &mut keep);
    let passed: Vec<_> = passed_over
        .iter()
        .map(|one| passed_over_shown(one, &mut keep))
        .collect();
    let shown = comity_selection {
        chosen,
        chosen_len,
        embedded,
        embedded_len,
        passed_over_len: passed.len(),
        passed_over: keep.pointers(passed),
        unsupported,
        unsupported_len,
    };
    out.give(shown, keep)
}

/// Frees a selection. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_selection_free(selection: *mut comity_selection) {
    output::free(selection);
}

fn choices(chosen: &[Chosen<'_>], keep: &mut Keep) -> (*const *const comity_choice, usize) {
    let shown: Vec<_> = chosen
        .iter()
        .map(|Chosen { index, part }| comity_choice {
            part: kept_part(part, *index, keep),
            because: comity_passed_over::No,
        })
        .collect();
    let len = shown.len();
    (keep.pointers(shown), len)
}

fn passed_over_shown(passed: &PassedOver<'_>, keep: &mut Keep) -> comity_choice {
    let PassedOver { index, part, because } = passed;
    comity_choice {
        part: kept_part(part, *index, keep),
        because: match because {
            PassedOverBecause::AnotherSuitsBetter => comity_passed_over::AnotherSuitsBetter,
            PassedOverBecause::CannotBeRead => comity_passed_over::CannotBeRead,
            PassedOverBecause::UnitIncomplete => comity_passed_over::UnitIncomplete,
            PassedOverBecause::NotWanted => comity_passed_over::NotWanted,
            _ => comity_passed_over::Other,
        },
    }
}

pub(crate) fn shown(content: &Content, keep: &mut Keep) -> comity_content {
    let (expires, expires_seconds) = expiration(content.expires);
    comity_content {
        part: kept_part(&content.part, PartIndex::ROOT, keep),
        replaces: optional_id(content.replaces, keep),
        in_reply_to: optional_id(content.in_reply_to, keep),
        topic: keep.bytes(content.topic.clone()),
        expires,
        expires_seconds,
    }
}

pub(crate) fn expiration(expires: Option<Expiration>) -> (comity_expires, u32) {
    match expires {
        None => (comity_expires::Never, 0),
        Some(Expiration::Relative(seconds)) => (comity_expires::AfterRead, seconds),
        Some(Expiration::Absolute(seconds)) => (comity_expires::At, seconds),
    }
}

pub(crate) fn kept(content: &Content, keep: &mut Keep) -> *const comity_content {
    let shown = shown(content, keep);
    keep.one(shown)
}

pub(crate) fn kept_part(part: &Part, at: PartIndex, keep: &mut Keep) -> *const comity_part {
    let shown = shown_part(part, at, keep);
    keep.one(shown)
}

/// A part as C reads it; parts are nested four levels deep at most.
pub(crate) fn shown_part(part: &Part, at: PartIndex, keep: &mut Keep) -> comity_part {
    let Part {
        disposition,
        language,
        body,
    } = part;
    let mut shown = empty_part(keep);
    shown.index = at.0;
    shown.disposition = disposition.value();
    shown.language = keep.text(language);
    match body {
        Body::Null => {}
        Body::Single(SinglePart { media_type, content }) => {
            shown.kind = comity_part_kind::Single as u32;
            shown.media_type = keep.text(media_type);
            shown.content = keep.bytes(content.clone());
        }
        Body::External(external) => external_part(external, &mut shown, keep),
        Body::Multi(multi) => several_parts(multi, at, &mut shown, keep),
    }
    shown
}

fn several_parts(multi: &MultiPart, at: PartIndex, shown: &mut comity_part, keep: &mut Keep) {
    let mut next = at.0.saturating_add(1);
    let parts: Vec<_> = multi
        .parts()
        .iter()
        .map(|part| {
            let here = PartIndex(next);
            next = next.saturating_add(u16::try_from(part.count()).unwrap_or(u16::MAX));
            shown_part(part, here, keep)
        })
        .collect();
    shown.kind = comity_part_kind::Multi as u32;
    shown.semantics = match multi.semantics() {
        PartSemantics::ChooseOne => comity_semantics::ChooseOne,
        PartSemantics::SingleUnit => comity_semantics::SingleUnit,
        PartSemantics::ProcessAll => comity_semantics::ProcessAll,
    } as u32;
    shown.parts_len = parts.len();
    shown.parts = keep.pointers(parts);
}

fn external_part(external: &ExternalPart, shown: &mut comity_part, keep: &mut Keep) {
    let ExternalPart {
        media_type,
        url,
        expires,
        size,
        encryption_algorithm,
        key,
        nonce,
        aad,
        hash_algorithm,
        content_hash,
        description,
        filename,
    } = external;
    shown.kind = comity_part_kind::External as u32;
    shown.media_type = keep.text(media_type);
    shown.url = keep.text(url);
    shown.url_expires = *expires;
    shown.size = *size;
    shown.encryption_algorithm = *encryption_algorithm;
    shown.key = keep.secret(key.octets());
    shown.nonce = keep.bytes(nonce.clone());
    shown.aad = keep.bytes(aad.clone());
    shown.hash_algorithm = *hash_algorithm;
    shown.content_hash = keep.bytes(content_hash.clone());
    shown.description = keep.text(description);
    shown.filename = keep.text(filename);
}

fn empty_part(keep: &mut Keep) -> comity_part {
    let text = keep.text("");
    let bytes = comity_bytes {
        data: ptr::null(),
        len: 0,
    };
    comity_part {
        kind: comity_part_kind::Null as u32,
        semantics: comity_semantics::ChooseOne as u32,
        index: 0,
        disposition: 0,
        hash_algorithm: 0,
        language: text,
        media_type: text,
        content: bytes,
        parts: ptr::null(),
        parts_len: 0,
        url: text,
        url_expires: 0,
        encryption_algorithm: 0,
        size: 0,
        key: bytes,
        nonce: bytes,
        aad: bytes,
        content_hash: bytes,
        description: text,
        filename: text,
    }
}
