//! Media types: what a client can receive, what a room requires.

use std::ffi::c_char;

use comity::Supported;
use comity::room::{Advertisement, MediaType, Requirement, media_types};

use crate::fault::{Fault, comity_error};
use crate::guard::guard;
use crate::handle::{self, Handle};
use crate::input::invalid;
use crate::values::comity_status;

/// A list of media types. One thread at a time; free it with `comity_media_types_free`.
pub struct comity_media_types(Vec<MediaType>);

impl Handle for comity_media_types {}

/// More than any list may have: the list itself says how many it takes.
const MOST: usize = 4096;

impl comity_media_types {
    pub(crate) fn advertisement(&self) -> Result<Advertisement, Fault> {
        Advertisement::new(self.0.iter().cloned()).map_err(|error| invalid(error.code()))
    }

    pub(crate) fn requirement(&self) -> Result<Requirement, Fault> {
        Requirement::new(self.0.iter().cloned()).map_err(|error| invalid(error.code()))
    }
}

/// An empty list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_media_types_new(
    media_types: *mut *mut comity_media_types,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.out(media_types)?.give_handle(comity_media_types(Vec::new()))
    })
}

/// The list of what MIMI requires of every client: MIMI content, plain text, Markdown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_media_types_baseline(
    media_types: *mut *mut comity_media_types,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let all = media_types::baseline().iter().cloned().collect();
        call.out(media_types)?.give_handle(comity_media_types(all))
    })
}

/// Adds a media type, such as "text/html;charset=utf-8".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_media_types_add(
    media_types: *mut comity_media_types,
    media_type: *const c_char,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let media_type = call.media_type(media_type)?;
        add(&mut call.builder(media_types)?.0, media_type)
    })
}

/// Frees a list of media types. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_media_types_free(media_types: *mut comity_media_types) {
    handle::free(media_types);
}

/// What a receiver can show. One thread at a time; free it with `comity_supported_free`.
pub struct comity_supported {
    media: Vec<MediaType>,
    languages: Vec<String>,
}

impl Handle for comity_supported {}

impl comity_supported {
    pub(crate) fn value(&self) -> Result<Supported, Fault> {
        Ok(Supported {
            media: Advertisement::new(self.media.iter().cloned()).map_err(|error| invalid(error.code()))?,
            languages: self.languages.clone(),
        })
    }
}

/// A receiver of these media types, which are copied, in no particular language.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_supported_new(
    media_types: *const comity_media_types,
    supported: *mut *mut comity_supported,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(supported)?;
        out.give_handle(comity_supported {
            media: call.object(media_types)?.0.clone(),
            languages: Vec::new(),
        })
    })
}

/// Adds an RFC 4647 language range, such as "fr-CA". Best first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_supported_add_language(
    supported: *mut comity_supported,
    language: *const c_char,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let language = call.word(language)?.to_owned();
        add(&mut call.builder(supported)?.languages, language)
    })
}

/// Frees what a receiver supports. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_supported_free(supported: *mut comity_supported) {
    handle::free(supported);
}

pub(crate) fn add<T>(list: &mut Vec<T>, item: T) -> Result<(), Fault> {
    if list.len() == MOST {
        return Err(comity::Misuse::TooLong.into());
    }
    list.push(item);
    Ok(())
}
