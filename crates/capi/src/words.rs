//! Texts: MIMI's Markdown as plain text, as HTML that is safe to show, and a file name that is safe to use.

use std::ffi::c_char;

use comity::content::markdown;

use crate::fault::{Fault, comity_error};
use crate::guard::guard;
use crate::output::{self, Keep, Out, Shown};
use crate::values::{comity_status, comity_text};

/// A text. Free it with `comity_string_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_string {
    /// The text.
    pub text: comity_text,
}

impl Shown for comity_string {}

/// Frees a text that a function has given by itself. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_string_free(string: *mut comity_string) {
    output::free(string);
}

/// What markdown says, as plain text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_markdown_to_plain_text(
    markdown: *const c_char,
    markdown_len: usize,
    plain: *mut *mut comity_string,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(plain)?;
        give(out, &markdown::to_plain_text(call.text(markdown, markdown_len)?))
    })
}

/// Markdown as HTML that is safe to show: no scripts, no images that would be fetched, no HTML of the sender's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_markdown_to_html(
    markdown: *const c_char,
    markdown_len: usize,
    html: *mut *mut comity_string,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(html)?;
        give(out, &markdown::to_html(call.text(markdown, markdown_len)?))
    })
}

/// Markdown with the HTML in it as text, as MIMI's profile wants it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_markdown_without_html(
    markdown: *const c_char,
    markdown_len: usize,
    safe: *mut *mut comity_string,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(safe)?;
        give(out, &markdown::without_html(call.text(markdown, markdown_len)?))
    })
}

/// What HTML says, as markdown: a basic form to send beside it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_html_to_markdown(
    html: *const c_char,
    html_len: usize,
    markdown: *mut *mut comity_string,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(markdown)?;
        give(
            out,
            &comity::content::derive::html_to_markdown(call.text(html, html_len)?),
        )
    })
}

/// A file name made of one that a sender suggests, without folders or anything else that means something to a file system.
/// `*safe` is NULL if nothing is left of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_safe_file_name(
    suggested: *const c_char,
    suggested_len: usize,
    safe: *mut *mut comity_string,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(safe)?;
        match comity::attachment::safe_file_name(call.text(suggested, suggested_len)?) {
            Some(name) => give(out, &name),
            None => Ok(()),
        }
    })
}

pub(crate) fn give(out: Out<comity_string>, text: &str) -> Result<(), Fault> {
    let mut keep = Keep::new();
    let text = keep.text(text);
    out.give(comity_string { text }, keep)
}
