//! Parts that C makes, and back from what C holds to what the engine takes.

use std::ffi::c_char;

use comity::content::{
    Body, ContentKey, Disposition, ExternalPart, Part, PartIndex, PartSemantics, SinglePart, readable,
};

use crate::content::{comity_part, comity_part_kind, shown_part};
use crate::fault::{Fault, comity_error};
use crate::guard::{Call, guard};
use crate::handle::{self, Handle};
use crate::input::invalid;
use crate::media::{add, comity_media_types};
use crate::output::{self, Keep, Out, Shown};
use crate::values::{comity_bytes, comity_status, comity_text};

impl Shown for comity_part {}

/// Parts that are to become one. One thread at a time; free it with `comity_parts_free`.
pub struct comity_parts(Vec<Part>);

impl Handle for comity_parts {}

const NULL: u32 = comity_part_kind::Null as u32;
const SINGLE: u32 = comity_part_kind::Single as u32;
const EXTERNAL: u32 = comity_part_kind::External as u32;
const MULTI: u32 = comity_part_kind::Multi as u32;

/// The most parts of a message.
const MOST_PARTS: usize = 1024;
/// How deep parts are nested at most.
const MOST_LEVELS: usize = 4;

/// Plain text. Everybody reads it. Free the part with `comity_part_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_part_text(
    text: *const c_char,
    text_len: usize,
    part: *mut *mut comity_part,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(part)?;
        give(out, &Part::text(call.text(text, text_len)?))
    })
}

/// MIMI's Markdown, GFM-MIMI. Everybody reads it, if only as plain text. HTML tags in it are sent as text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_part_markdown(
    markdown: *const c_char,
    markdown_len: usize,
    part: *mut *mut comity_part,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(part)?;
        give(out, &Part::markdown(call.text(markdown, markdown_len)?))
    })
}

/// HTML, as it is. Not everybody reads it: send it beside a basic form.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_part_html(
    html: *const c_char,
    html_len: usize,
    part: *mut *mut comity_part,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(part)?;
        give(out, &Part::html(call.text(html, html_len)?))
    })
}

/// Octets of any media type, with a disposition (a comity_disposition). Others may not read an app's own media type: send it
/// beside a basic form.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_part_single(
    disposition: u8,
    media_type: *const c_char,
    content: *const u8,
    content_len: usize,
    part: *mut *mut comity_part,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(part)?;
        call.media_type(media_type)?;
        let content = call.octets(content, content_len)?;
        let disposition = Disposition::from_value(disposition);
        give(out, &Part::single(disposition, call.word(media_type)?, content))
    })
}

/// An attachment that was sealed and uploaded: the part that sealing gave, with what only the host knows. `disposition`:
/// COMITY_DISPOSITION_ATTACHMENT, or COMITY_DISPOSITION_INLINE for what is shown in place. `url_expires`: seconds since 1970, or 0.
/// `filename` and `description` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_part_attachment(
    sealed: *const comity_part,
    disposition: u8,
    media_type: *const c_char,
    url: *const c_char,
    url_expires: u32,
    filename: *const c_char,
    description: *const c_char,
    part: *mut *mut comity_part,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(part)?;
        let Body::External(sealed) = call.part(sealed)?.body else {
            return Err(invalid("not_an_external_part"));
        };
        call.media_type(media_type)?;
        let external = ExternalPart {
            media_type: call.word(media_type)?.to_owned(),
            url: call.word(url)?.to_owned(),
            expires: url_expires,
            filename: call.optional_word(filename)?.unwrap_or_default().to_owned(),
            description: call.optional_word(description)?.unwrap_or_default().to_owned(),
            ..*sealed
        };
        comity::attachment::check_outgoing(&external)?;
        give(
            out,
            &Part::external(Disposition::from_value(disposition), external),
        )
    })
}

/// The same part, said to be in a language: RFC 5646 tags, separated by commas.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_part_in_language(
    part: *const comity_part,
    language: *const c_char,
    spoken: *mut *mut comity_part,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(spoken)?;
        let part = call.part(part)?.in_language(call.word(language)?);
        give(out, &part.map_err(|error| invalid(error.code()))?)
    })
}

/// An empty list of parts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_parts_new(
    parts: *mut *mut comity_parts,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.out(parts)?.give_handle(comity_parts(Vec::new()))
    })
}

/// Adds a copy of a part to a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_parts_add(
    parts: *mut comity_parts,
    part: *const comity_part,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let part = call.part(part)?;
        add(&mut call.builder(parts)?.0, part)
    })
}

/// Frees a list of parts. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_parts_free(parts: *mut comity_parts) {
    handle::free(parts);
}

/// Several parts as one. `semantics`: a comity_semantics.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_part_multi(
    disposition: u8,
    semantics: u32,
    parts: *const comity_parts,
    part: *mut *mut comity_part,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(part)?;
        let semantics = semantics_from(semantics)?;
        let parts = call.object(parts)?.0.clone();
        let multi = Part::multi(Disposition::from_value(disposition), semantics, parts);
        give(out, &multi.map_err(|error| invalid(error.code()))?)
    })
}

/// Whether a reader of these media types can read a part: a sender asks beforehand by the rule by which receivers choose.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_part_readable(
    part: *const comity_part,
    media_types: *const comity_media_types,
    is_readable: *mut bool,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.put(is_readable, false)?;
        let part = call.part(part)?;
        let media = call.object(media_types)?.advertisement()?;
        call.put(is_readable, readable(&part, &media))
    })
}

/// Frees a part that a function has given by itself. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_part_free(part: *mut comity_part) {
    output::free(part);
}

pub(crate) fn give(out: Out<comity_part>, part: &Part) -> Result<(), Fault> {
    let mut keep = Keep::new();
    let shown = shown_part(part, PartIndex::ROOT, &mut keep);
    out.give(shown, keep)
}

fn semantics_from(number: u32) -> Result<PartSemantics, Fault> {
    match number {
        0 => Ok(PartSemantics::ChooseOne),
        1 => Ok(PartSemantics::SingleUnit),
        2 => Ok(PartSemantics::ProcessAll),
        _ => Err(invalid("unknown_semantics")),
    }
}

impl Call {
    /// A part that C holds, as the engine takes it.
    pub(crate) fn part(&self, at: *const comity_part) -> Result<Part, Fault> {
        self.nested_part(at, MOST_LEVELS)
    }

    fn nested_part(&self, at: *const comity_part, levels: usize) -> Result<Part, Fault> {
        let part = self.object(at)?;
        let body = match part.kind {
            NULL => Body::Null,
            SINGLE => Body::Single(SinglePart {
                media_type: self.kept_text(part.media_type)?,
                content: self.kept_bytes(part.content)?,
            }),
            EXTERNAL => Body::External(Box::new(self.external(part)?)),
            MULTI => return self.multi(part, levels),
            _ => return Err(invalid("unknown_part_kind")),
        };
        Ok(Part {
            disposition: Disposition::from_value(part.disposition),
            language: self.kept_text(part.language)?,
            body,
        })
    }

    fn multi(&self, part: &comity_part, levels: usize) -> Result<Part, Fault> {
        let deeper = levels.checked_sub(1).ok_or_else(|| invalid("part_too_deep"))?;
        if part.parts_len > MOST_PARTS {
            return Err(invalid("part_too_many_parts"));
        }
        let parts = (0..part.parts_len)
            .map(|at| {
                let pointer = *self.object(part.parts.wrapping_add(at))?;
                self.nested_part(pointer, deeper)
            })
            .collect::<Result<Vec<_>, Fault>>()?;
        let semantics = semantics_from(part.semantics)?;
        let multi = Part::multi(Disposition::from_value(part.disposition), semantics, parts);
        let multi = multi.map_err(|error| invalid(error.code()))?;
        Ok(Part {
            language: self.kept_text(part.language)?,
            ..multi
        })
    }

    fn external(&self, part: &comity_part) -> Result<ExternalPart, Fault> {
        Ok(ExternalPart {
            media_type: self.kept_text(part.media_type)?,
            url: self.kept_text(part.url)?,
            expires: part.url_expires,
            size: part.size,
            encryption_algorithm: part.encryption_algorithm,
            key: ContentKey::new(self.kept_bytes(part.key)?),
            nonce: self.kept_bytes(part.nonce)?,
            aad: self.kept_bytes(part.aad)?,
            hash_algorithm: part.hash_algorithm,
            content_hash: self.kept_bytes(part.content_hash)?,
            description: self.kept_text(part.description)?,
            filename: self.kept_text(part.filename)?,
        })
    }

    fn kept_bytes(&self, bytes: comity_bytes) -> Result<Vec<u8>, Fault> {
        Ok(self.octets(bytes.data, bytes.len)?.to_vec())
    }

    fn kept_text(&self, text: comity_text) -> Result<String, Fault> {
        Ok(self.text(text.data, text.len)?.to_owned())
    }
}
