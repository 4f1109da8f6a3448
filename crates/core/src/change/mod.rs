//! Changing a room: an intent is stored as a task, and becomes a commit when it is its turn.
//!
//! One commit of ours at a time. When another commit takes the epoch, the intent is built again for the new one.

pub(crate) mod build;
pub(crate) mod create;
pub(crate) mod invite;
pub(crate) mod leave;

use comity_room::RoomUri;

use crate::errands;
use crate::error::{Blocked, Error, Misuse};
use crate::group::{StageFault, Staged};
use crate::rejection::Refusal;
use crate::step::{Change, EventKind, Made, RequestKind, TaskChange, TaskId};
use crate::store::outbox::Errand;
use crate::store::room::{PendingCommit, Phase, RoomRow};
use crate::store::{outbox, room, small};
use crate::task::{ClientOutcome, TaskRow, TaskState};
use crate::tx::{NewRequest, Tx};
use comity_wire::{GroupInfoOption, HandshakeBundle, MlsOctets, RatchetTreeOption, Wire as _};

/// How many changes one commit may hold.
const MOST_CHANGES: usize = 1_000;
/// How often an intent is built again before we say that it cannot be done.
const MOST_REBUILDS: u32 = 100;

/// Changes a room.
pub(crate) fn change(tx: &mut Tx<'_>, uri: &RoomUri, changes: &[Change]) -> Result<Option<Made>, Error> {
    let mut row = tx.room(uri)?;
    match row.phase {
        Phase::Joined | Phase::Creating => {}
        Phase::Stalled => return Err(Blocked::Stalled.into()),
        _ => return Err(Blocked::NotJoined.into()),
    }
    if changes.is_empty() || changes.len() > MOST_CHANGES {
        return Err(Misuse::Changes.into());
    }
    if changes.contains(&Change::Leave) {
        if changes.len() > 1 {
            return Err(Misuse::Changes.into());
        }
        leave::propose(tx, &mut row)?;
        return Ok(None);
    }
    if build::contradict(changes) {
        return Err(Misuse::Changes.into());
    }
    let (view, me) = (tx.view(&row)?, (&tx.me.user, &tx.me.client));
    changes
        .iter()
        .try_for_each(|change| build::permitted(&row, &view, me, change))?;
    let task = TaskRow {
        id: tx.new_task()?,
        room: row.uri.clone(),
        changes: changes.to_vec(),
        invites: invite::rows(changes),
        state: TaskState::Waiting,
        rebuilt: 0,
    };
    invite::fetch(tx, &row, &task)?;
    small::put_task(tx.store, &task)?;
    row.tasks.push(task.id);
    room::put(tx.store, &row)?;
    errands::drive(tx, &mut row)?;
    Ok(Some(Made::Task(task.id)))
}

/// Builds the commit of the first task that is ready. Says whether one was staged.
pub(crate) fn next_task(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<bool, Error> {
    for id in row.tasks.clone() {
        let Some(mut task) = small::task(tx.store, id)? else {
            row.tasks.retain(|other| *other != id);
            continue;
        };
        if task.is_fetching() {
            continue;
        }
        let plan = build::plan(tx, row, &mut task)?;
        small::put_task(tx.store, &task)?;
        let Some(plan) = plan else {
            finish(tx, row, &mut task)?;
            continue;
        };
        match stage(tx, row, plan, Some(id))? {
            Ok(()) => return Ok(true),
            Err(code) => fail(tx, row, &mut task, TaskState::Refused(code.to_owned()))?,
        }
    }
    Ok(false)
}

/// Stages a commit and asks the hub for it. `Ok(Err(code))` if the room or MLS does not allow it.
pub(crate) fn stage(
    tx: &mut Tx<'_>,
    row: &mut RoomRow,
    plan: crate::group::CommitPlan,
    task: Option<TaskId>,
) -> Result<Result<(), &'static str>, Error> {
    let advertised = tx.advertised()?;
    let plan = crate::group::CommitPlan {
        leaf: (row.leaf_advertises != advertised.number).then(|| tx.me.leaf(&advertised)),
        ..plan
    };
    let held: Vec<Vec<u8>> = row
        .proposals
        .iter()
        .map(|proposal| proposal.frame.clone())
        .collect();
    let provider = tx.provider(row);
    let me = tx.me;
    tx.savepoint()?;
    let staged = tx.group(row)?.stage(&provider, &me.signer, plan, &held);
    let staged = match staged {
        Ok(staged) => staged,
        Err(StageFault::Failed(error)) => return Err(error),
        Err(StageFault::Refused(code)) => {
            tx.undo()?;
            tx.drop_group(row.id);
            return match tx.store.take_hidden() {
                Some(error) => Err(error.into()),
                None => Ok(Err(code)),
            };
        }
    };
    tx.store.release()?;
    request(tx, row, staged, task, advertised.number)?;
    Ok(Ok(()))
}

fn request(
    tx: &mut Tx<'_>,
    row: &mut RoomRow,
    staged: Staged,
    task: Option<TaskId>,
    advertises: u64,
) -> Result<(), Error> {
    let (body, hash) = bundle(staged)?;
    let id = tx.request(NewRequest {
        to: row.hub.clone(),
        lane: Some(row.uri.clone()),
        kind: RequestKind::UpdateRoom,
        body,
        urgent: task.is_some() || !row.proposals.is_empty(),
        errand: Errand::Commit { hash },
    })?;
    if let Some(old) = row.pending.take() {
        outbox::delete(tx.store, old.request)?;
    }
    row.pending = Some(PendingCommit {
        request: id,
        hash: hash.to_vec(),
        task,
        advertises,
        proposals: row.proposals.len(),
        refused: false,
    });
    row.commit_due = None;
    room::put(tx.store, row)?;
    Ok(())
}

/// The body of an update with a commit, and the hash of the commit's octets.
pub(crate) fn bundle(staged: Staged) -> Result<(Vec<u8>, [u8; 32]), Error> {
    let own = Error::Bug("own commit octets");
    let commit = MlsOctets::new(staged.commit).map_err(|_| own.clone())?;
    let hash = commit.sha256();
    let welcome = staged.welcome.map(crate::group::bare_welcome).transpose()?;
    let body = HandshakeBundle::Commit {
        commit,
        welcome,
        group_info: GroupInfoOption::Full(MlsOctets::new(staged.group_info).map_err(|_| own)?),
        ratchet_tree: RatchetTreeOption::DistributionService,
    }
    .encode();
    Ok((body, hash))
}

/// Our staged commit is in force: what its task learns.
pub(crate) fn in_force(tx: &mut Tx<'_>, row: &mut RoomRow, pending: &PendingCommit) -> Result<(), Error> {
    outbox::delete(tx.store, pending.request)?;
    let hash: [u8; 32] = pending
        .hash
        .as_slice()
        .try_into()
        .map_err(|_| Error::Bug("hash of a commit"))?;
    small::put_taken(tx.store, &hash)?;
    row.leaf_advertises = pending.advertises;
    row.leaf_due = None;
    if let Some(id) = pending.task
        && let Some(mut task) = small::task(tx.store, id)?
    {
        for (_, outcome) in task.invites.iter_mut().flat_map(|invite| &mut invite.clients) {
            if *outcome == ClientOutcome::Adding {
                *outcome = ClientOutcome::Added;
            }
        }
        finish(tx, row, &mut task)?;
    }
    Ok(())
}

/// Another commit took the epoch: our intent is built again when its turn comes.
pub(crate) fn overtaken(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    let Some(pending) = row.pending.take() else {
        return Ok(());
    };
    outbox::delete(tx.store, pending.request)?;
    rebuild(tx, row, pending.task, Refusal::WrongEpoch)
}

/// The hub holds a proposal that our commit leaves out: somebody asks to leave, and we had not heard of it. Our intent is
/// built again when we have.
pub(crate) fn incomplete(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    let Some(pending) = &mut row.pending else {
        return Ok(());
    };
    pending.refused = true;
    let (request, task, known) = (pending.request, pending.task.take(), pending.proposals);
    outbox::delete(tx.store, request)?;
    if row.proposals.len() <= known {
        row.quiet = Some(tx.now.plus(errands::BEHIND));
    }
    if !row.proposals.is_empty() {
        row.commit_due = Some(tx.now);
    }
    room::put(tx.store, row)?;
    rebuild(tx, row, task, Refusal::InvalidProposal)?;
    errands::drive(tx, row)
}

/// Notes that a task's commit has to be built once more, unless it was too often.
fn rebuild(tx: &mut Tx<'_>, row: &mut RoomRow, task: Option<TaskId>, refusal: Refusal) -> Result<(), Error> {
    if let Some(id) = task
        && let Some(mut task) = small::task(tx.store, id)?
    {
        if row.phase == Phase::Leaving {
            return fail(tx, row, &mut task, TaskState::Refused("left_room".to_owned()));
        }
        task.rebuilt = task.rebuilt.saturating_add(1);
        if task.rebuilt > MOST_REBUILDS {
            return fail(tx, row, &mut task, TaskState::NotTaken(refusal));
        }
        small::put_task(tx.store, &task)?;
    }
    Ok(())
}

/// The hub refused our commit. It stays staged until the next one of ours overwrites it or another takes the epoch: if
/// the hub lied, it still merges when it comes back.
pub(crate) fn refused(tx: &mut Tx<'_>, row: &mut RoomRow, refusal: Refusal) -> Result<(), Error> {
    let Some(pending) = &mut row.pending else {
        return Ok(());
    };
    pending.refused = true;
    let (request, task) = (pending.request, pending.task.take());
    outbox::delete(tx.store, request)?;
    if task.is_none() {
        row.leaf_due = row.leaf_due.map(|_| tx.now.plus(errands::RENEW_WITHIN));
    }
    row.commit_due = (!row.proposals.is_empty()).then(|| tx.now.plus(errands::BEHIND));
    room::put(tx.store, row)?;
    if let Some(id) = task
        && let Some(mut task) = small::task(tx.store, id)?
    {
        fail(tx, row, &mut task, TaskState::NotTaken(refusal))?;
    }
    Ok(())
}

fn finish(tx: &mut Tx<'_>, row: &mut RoomRow, task: &mut TaskRow) -> Result<(), Error> {
    task.state = task.outcome();
    end(tx, row, task)
}

fn fail(tx: &mut Tx<'_>, row: &mut RoomRow, task: &mut TaskRow, state: TaskState) -> Result<(), Error> {
    task.state = state;
    end(tx, row, task)
}

fn end(tx: &mut Tx<'_>, row: &mut RoomRow, task: &TaskRow) -> Result<(), Error> {
    small::put_task(tx.store, task)?;
    row.tasks.retain(|other| *other != task.id);
    room::put(tx.store, row)?;
    tx.tell(EventKind::Task {
        task: task.id,
        change: TaskChange::Finished,
    })
}

/// Ends every task of a room that we are no longer in.
pub(crate) fn abandon_tasks(tx: &mut Tx<'_>, row: &mut RoomRow, code: &str) -> Result<(), Error> {
    for id in std::mem::take(&mut row.tasks) {
        if let Some(mut task) = small::task(tx.store, id)?
            && !task.is_over()
        {
            invite::call_off(tx, id)?;
            fail(tx, row, &mut task, TaskState::Refused(code.to_owned()))?;
        }
    }
    Ok(())
}
