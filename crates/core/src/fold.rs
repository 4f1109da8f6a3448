//! What edits, deletions and reactions make of a message, from rows. Pure.
//!
//! The rows of one root are folded anew whenever one of them arrives, so the order of arrival cannot matter. The rules
//! are those of the content crate's timeline, which is the specification and the tests' oracle.

use comity_content::{Class, MessageId};
use comity_room::policy::Action;

use crate::store::message::{Folded, MessageRow, Reacted};
use crate::store::room::RoomView;

/// Decides, for rows whose target is among `rows`, whether their senders were allowed. A verdict once reached stays.
pub(crate) fn judge(rows: &mut [MessageRow], view: &RoomView) {
    let verdicts: Vec<Option<bool>> = rows
        .iter()
        .map(|row| row.allowed.or_else(|| verdict(row, rows, view)))
        .collect();
    for (row, verdict) in rows.iter_mut().zip(verdicts) {
        row.allowed = verdict;
    }
}

/// Folds the rows of one root, in timeline order, the root among them.
pub(crate) fn fold(root: MessageId, rows: &[MessageRow]) -> Folded {
    let mut folded = Folded::default();
    let Some(root_row) = rows.iter().find(|row| row.id == root) else {
        return folded;
    };
    folded.unauthorized = rows
        .iter()
        .filter(|row| row.id != root && row.allowed == Some(false))
        .map(|row| row.id)
        .collect();
    let allowed = || {
        rows.iter()
            .filter(|row| row.allowed == Some(true) && row.id != root)
    };
    let targets_root = |target: MessageId| {
        target == root
            || rows
                .iter()
                .any(|row| row.id == target && matches!(row.class, Class::Edit { .. }))
    };
    for row in allowed() {
        match row.class {
            Class::Edit { target } if targets_root(target) && row.is_reaction == root_row.is_reaction => {
                folded.versions.push(row.id);
            }
            Class::Delete { target } | Class::Unlike { target } if targets_root(target) => {
                folded.deleted = true
            }
            Class::Reaction { target } => folded.reactions.extend(reaction(row, target, rows)),
            _ => {}
        }
    }
    folded.edit = folded.versions.last().copied();
    folded
}

/// A reaction as it stands: its latest allowed edit, unless it was taken back.
fn reaction(row: &MessageRow, to: MessageId, rows: &[MessageRow]) -> Option<Reacted> {
    let about_it = || rows.iter().filter(|other| other.allowed == Some(true));
    let taken_back = about_it().any(|other| match other.class {
        Class::Delete { target } | Class::Unlike { target } => target == row.id,
        _ => false,
    });
    if taken_back {
        return None;
    }
    let mut edits =
        about_it().filter(|other| matches!(other.class, Class::Edit { target } if target == row.id));
    let text = edits
        .rfind(|edit| edit.is_reaction)
        .map_or(&row.reaction, |edit| &edit.reaction);
    Some(Reacted {
        by: row.sender.clone(),
        id: row.id,
        text: text.clone(),
        to,
    })
}

fn verdict(row: &MessageRow, rows: &[MessageRow], view: &RoomView) -> Option<bool> {
    let can = |action| view.may(&row.sender, action);
    let target = |id: MessageId| rows.iter().find(|other| other.id == id);
    match row.class {
        Class::Message => Some(can(Action::Send)),
        Class::Reaction { .. } => Some(can(Action::React)),
        Class::Edit { target: id } => target(id).map(|target| {
            let action = if target.is_reaction {
                Action::EditReaction
            } else {
                Action::EditOwn
            };
            target.sender == row.sender && target.is_reaction == row.is_reaction && can(action)
        }),
        Class::Delete { target: id } | Class::Unlike { target: id } => target(id).map(|target| {
            can(match (target.sender == row.sender, target.is_reaction) {
                (true, true) => Action::DeleteOwnReaction,
                (false, true) => Action::DeleteOtherReaction,
                (true, false) => Action::DeleteOwn,
                (false, false) => Action::DeleteOther,
            })
        }),
        _ => Some(false),
    }
}
