//! Back to the previous epoch, when members cannot process the commit that ended it.
//!
//! A public group has none of the group's secrets. A commit with a forged membership tag, wrong path secrets, or made from
//! a forged `external_pub` looks right to a hub and leaves every honest member one epoch behind, for ever.

use openmls_traits::crypto::OpenMlsCrypto;

use super::accept::put;
use super::group::Loaded;
use super::standing::Standing;
use super::{Call, Outcome, Stop, fanout};
use crate::refusal::Refusal;
use crate::rows::{Fault, GroupInfoRow, Head, Part, ReplyRow, Version};
use crate::verdict::{Facts, SteppedBack, Verdict, Write};

pub(crate) fn step_back<C: OpenMlsCrypto>(call: &Call<'_, C>) -> Result<Verdict, Fault> {
    match undo(call) {
        Ok(verdict) => Ok(verdict),
        Err(Stop::Fault(fault)) => Err(fault),
        Err(Stop::Refused(refusal)) => {
            let expects = call.rows.head()?.map_or(Version::ABSENT, |head| head.version);
            let facts = Facts::Refused(refusal);
            Ok(Verdict {
                expects,
                writes: Vec::new(),
                fanout: Vec::new(),
                reply: Vec::new(),
                facts,
            })
        }
    }
}

fn undo<C: OpenMlsCrypto>(call: &Call<'_, C>) -> Outcome<Verdict> {
    let head = call.head()?;
    let (expects, bad) = (head.version, head.epoch);
    let Some(good) = bad.checked_sub(1).filter(|_| head.may_step_back) else {
        return Err(Refusal::NoPreviousEpoch.into());
    };
    let undone = Loaded::at(call, &head, bad)?;
    let kept = Loaded::at(call, &head, good)?;
    let begun_by = undone.begun_by.clone().ok_or(Fault::Damaged("group"))?;
    let (undone_state, undone_leaves) = undone.roster()?;
    let (kept_state, kept_leaves) = kept.roster()?;
    let standing = Standing::of(&kept_state, &kept_leaves);

    let head = Head {
        epoch: good,
        providers: standing.providers.clone(),
        may_step_back: false,
        ..head
    };
    let (_, _, mut writes) = call.advance(head)?;
    writes.extend(standing.changes_since(&Standing::of(&undone_state, &undone_leaves))?);
    let dead = [
        Part::Group(bad),
        Part::Tree(bad),
        Part::GroupInfo(bad),
        Part::Proposals(bad),
    ];
    writes.extend(dead.map(|part| Write::Delete { part }));
    let never_again = ReplyRow {
        from: begun_by.committer.provider(),
        reply: None,
    };
    writes.push(put(
        Part::Reply {
            epoch: good,
            message: begun_by.commit,
        },
        &never_again,
    )?);

    let clients = |leaves: &[comity_mls::LeafFacts]| -> Vec<_> {
        leaves.iter().map(|l| l.identity.client.clone()).collect()
    };
    let (was, is) = (clients(&undone_leaves), clients(&kept_leaves));
    let back: Vec<_> = is
        .iter()
        .filter(|client| !was.contains(client))
        .cloned()
        .collect();
    let gone: Vec<_> = was
        .iter()
        .filter(|client| !is.contains(client))
        .cloned()
        .collect();
    let signer = call.rows.need::<GroupInfoRow>(&Part::GroupInfo(good))?.signer;
    let facts = Facts::SteppedBack(SteppedBack {
        epoch: good,
        commit: begun_by.commit,
        committer: begun_by.committer,
        group_info_signer: begun_by.external.then_some(signer),
        rosters: fanout::by_provider(&back, &gone).into_iter().collect(),
    });
    Ok(Verdict {
        expects,
        writes,
        fanout: Vec::new(),
        reply: Vec::new(),
        facts,
    })
}
