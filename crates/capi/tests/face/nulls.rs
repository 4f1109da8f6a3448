//! Every function of the header, called with nothing but nulls and zeros: it tells so, and nothing else happens.

use std::ptr::{null, null_mut};

use comity::code::Boundary;
use comity_capi::*;

/// A null, a zero or a false.
trait Nothing {
    fn nothing() -> Self;
}

impl<T> Nothing for *const T {
    fn nothing() -> Self {
        null()
    }
}

impl<T> Nothing for *mut T {
    fn nothing() -> Self {
        null_mut()
    }
}

macro_rules! zeros {
    ($($number:ty)+) => {
        $(impl Nothing for $number {
            fn nothing() -> Self {
                Self::default()
            }
        })+
    };
}

zeros! { bool u8 u16 u32 u64 usize }

fn nothing<T: Nothing>() -> T {
    T::nothing()
}

/// Names of functions, and what each came to.
macro_rules! called {
    ($($function:ident($($argument:tt),+))+) => {
        vec![$((
            stringify!($function),
            // SAFETY: every function checks for null before it follows a pointer: that is what is tested.
            unsafe { $function($(called!(@ $argument)),+) },
        )),+]
    };
    (@ _) => {
        nothing()
    };
}

/// Functions for which nothing is something that can be done.
const DONE: [&str; 1] = ["comity_client_close"];

#[test]
fn every_function_tells_of_null() {
    let outcomes = telling();
    let wrong: Vec<_> = outcomes
        .iter()
        .filter(|(name, status)| {
            let wanted = if DONE.contains(name) {
                COMITY_OK
            } else {
                Boundary::NullArgument.number()
            };
            *status != wanted
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn freeing_null_does_nothing() {
    assert!(!freeing().is_empty());
}

#[test]
fn every_function_of_the_header_is_called() {
    let header = include_str!("../../../../bindings/c/include/comity.h");
    let mut declared: Vec<&str> = header
        .lines()
        .filter_map(|line| {
            line.strip_prefix("comity_status ")
                .or_else(|| line.strip_prefix("void "))
        })
        .filter_map(|line| line.split('(').next())
        .collect();
    let telling = telling();
    let freeing = freeing();
    let mut called: Vec<&str> = telling.iter().map(|(name, _)| *name).collect();
    called.extend(freeing.iter().map(|(name, ())| *name));
    declared.sort_unstable();
    called.sort_unstable();
    assert_eq!(called, declared);
}

fn telling() -> Vec<(&'static str, comity_status)> {
    called! {
        comity_opening_app(_, _, _, _, _)
        comity_opening_extension(_, _, _, _, _)
        comity_opening_set_budget(_, _, _, _, _)
        comity_opening_set_witnesses(_, _, _, _)
        comity_client_create(_, _, _, _, _, _)
        comity_client_open(_, _, _, _)
        comity_client_twin(_, _, _, _)
        comity_client_restored(_, _, _)
        comity_client_pause(_, _)
        comity_client_resume(_, _)
        comity_client_rekey(_, _, _, _)
        comity_client_close(_, _)
        comity_client_backup_to(_, _, _)
        comity_client_wipe(_, _)
        comity_client_reader(_, _, _)
        comity_client_interrupter(_, _, _)
        comity_interrupter_interrupt(_, _)
        comity_batch_new(_, _)
        comity_batch_add(_, _, _, _, _, _, _)
        comity_batch_set_cursor(_, _, _, _, _)
        comity_batch_set_more(_, _, _)
        comity_batch_drop_first(_, _, _)
        comity_batch_len(_, _, _)
        comity_client_receive(_, _, _, _, _)
        comity_client_answer(_, _, _, _, _, _, _)
        comity_client_answer_unreachable(_, _, _, _, _, _)
        comity_client_answer_undeliverable(_, _, _, _, _)
        comity_client_wake(_, _, _, _)
        comity_client_send(_, _, _, _, _, _, _)
        comity_client_resolve(_, _, _, _, _, _)
        comity_client_read(_, _, _, _, _, _)
        comity_client_create_room(_, _, _, _, _, _)
        comity_client_change(_, _, _, _, _, _)
        comity_client_respond(_, _, _, _, _, _)
        comity_client_join(_, _, _, _, _, _, _)
        comity_client_advertise(_, _, _, _, _)
        comity_client_restock(_, _, _, _, _)
        comity_client_forget(_, _, _, _, _)
        comity_reader_open(_, _, _)
        comity_reader_identity(_, _, _, _)
        comity_reader_events(_, _, _, _, _)
        comity_reader_outstanding(_, _, _, _, _)
        comity_reader_wake_at(_, _, _, _)
        comity_reader_cursor(_, _, _, _)
        comity_reader_health(_, _, _)
        comity_reader_rooms(_, _, _, _)
        comity_reader_room(_, _, _, _)
        comity_reader_members(_, _, _, _, _, _)
        comity_reader_can(_, _, _, _)
        comity_reader_may(_, _, _, _, _)
        comity_reader_posture(_, _, _, _)
        comity_reader_timeline(_, _, _, _, _, _)
        comity_reader_timeline_before(_, _, _, _, _, _, _)
        comity_reader_timeline_after(_, _, _, _, _, _, _)
        comity_reader_message(_, _, _, _, _)
        comity_reader_preview(_, _, _, _, _, _, _, _, _)
        comity_content_decode(_, _, _, _)
        comity_select(_, _, _, _, _)
        comity_select_by(_, _, _, _, _, _)
        comity_wishes_new(_, _)
        comity_wishes_rank(_, _, _, _)
        comity_wishes_never(_, _, _)
        comity_part_link(_, _, _)
        comity_linked_part(_, _, _, _)
        comity_linked_parts(_, _, _)
        comity_replies_new(_, _)
        comity_replies_add(_, _, _, _)
        comity_replies_chain(_, _, _, _)
        comity_fold_new(_, _)
        comity_fold_add(_, _, _, _, _, _, _, _)
        comity_fold_timeline(_, _, _)
        comity_part_text(_, _, _, _)
        comity_part_markdown(_, _, _, _)
        comity_part_html(_, _, _, _)
        comity_part_single(_, _, _, _, _, _)
        comity_part_attachment(_, _, _, _, _, _, _, _, _)
        comity_part_in_language(_, _, _, _)
        comity_parts_new(_, _)
        comity_parts_add(_, _, _)
        comity_part_multi(_, _, _, _, _)
        comity_part_readable(_, _, _, _)
        comity_outgoing_new(_, _)
        comity_outgoing_add(_, _, _)
        comity_outgoing_text(_, _, _, _)
        comity_outgoing_markdown(_, _, _, _)
        comity_outgoing_reaction(_, _, _, _, _)
        comity_outgoing_deletion(_, _, _)
        comity_outgoing_in_reply_to(_, _, _)
        comity_outgoing_editing(_, _, _)
        comity_outgoing_in_topic(_, _, _, _)
        comity_outgoing_expiring(_, _, _, _)
        comity_reader_plan(_, _, _, _, _)
        comity_new_room_new(_, _, _, _)
        comity_new_room_set_name(_, _, _, _)
        comity_new_room_set_requirement(_, _, _)
        comity_metadata_new(_, _, _, _, _)
        comity_metadata_set_subject(_, _, _, _)
        comity_metadata_set_avatar(_, _, _)
        comity_metadata_add_description(_, _, _, _, _, _)
        comity_changes_new(_, _)
        comity_changes_invite(_, _, _, _)
        comity_changes_add_key_package(_, _, _, _)
        comity_changes_remove_user(_, _, _)
        comity_changes_remove_client(_, _, _)
        comity_changes_set_role(_, _, _, _)
        comity_changes_metadata(_, _, _)
        comity_changes_require(_, _, _)
        comity_changes_rotate(_, _)
        comity_changes_leave(_, _)
        comity_media_types_new(_, _)
        comity_media_types_baseline(_, _)
        comity_media_types_add(_, _, _)
        comity_supported_new(_, _, _)
        comity_supported_add_language(_, _, _)
        comity_reader_user(_, _, _, _)
        comity_reader_task(_, _, _, _)
        comity_markdown_to_plain_text(_, _, _, _)
        comity_markdown_to_html(_, _, _, _)
        comity_markdown_without_html(_, _, _, _)
        comity_html_to_markdown(_, _, _, _)
        comity_safe_file_name(_, _, _, _)
        comity_markdown_links(_, _, _, _)
        comity_markdown_mentions(_, _, _, _, _, _)
        comity_seal(_, _, _, _)
        comity_open(_, _, _, _, _)
        comity_fetch_limit(_, _, _, _)
        comity_is_available(_, _, _, _)
        comity_sealer_new(_, _, _)
        comity_sealer_update(_, _, _, _)
        comity_sealer_finish(_, _, _, _, _)
        comity_verifier_new(_, _, _, _)
        comity_verifier_update(_, _, _, _)
        comity_verifier_finish(_, _, _, _, _)
        comity_opener_update(_, _, _, _, _)
        comity_opener_finish(_, _)
    }
}

fn freeing() -> Vec<(&'static str, ())> {
    called! {
        comity_error_free(_)
        comity_opening_free(_)
        comity_client_free(_)
        comity_interrupter_free(_)
        comity_batch_free(_)
        comity_step_free(_)
        comity_requests_free(_)
        comity_events_free(_)
        comity_reader_free(_)
        comity_cursor_free(_)
        comity_health_free(_)
        comity_rooms_free(_)
        comity_room_free(_)
        comity_members_free(_)
        comity_posture_free(_)
        comity_messages_free(_)
        comity_preview_free(_)
        comity_content_free(_)
        comity_selection_free(_)
        comity_wishes_free(_)
        comity_indexes_free(_)
        comity_replies_free(_)
        comity_reply_chain_free(_)
        comity_fold_free(_)
        comity_timeline_free(_)
        comity_parts_free(_)
        comity_part_free(_)
        comity_outgoing_free(_)
        comity_plan_free(_)
        comity_new_room_free(_)
        comity_metadata_free(_)
        comity_changes_free(_)
        comity_media_types_free(_)
        comity_supported_free(_)
        comity_user_free(_)
        comity_task_free(_)
        comity_string_free(_)
        comity_links_free(_)
        comity_mentions_free(_)
        comity_sealed_free(_)
        comity_opened_free(_)
        comity_sealer_free(_)
        comity_verifier_free(_)
        comity_opener_free(_)
    }
}
