//! `fold` against a model written from the draft, sentence by sentence and without a thought for speed.
//!
//! A thousand histories, each told in a shuffled order. The counters say that what is hard did happen.

use std::collections::BTreeMap;

use crate::common::{ALICE, BOB, CATHY, content, text, user};
use comity_content::{Content, Disposition, MessageId, Part, Status, StatusReport, Stored, Timeline, fold};
use comity_room::Timestamp;
use comity_room::policy::Action;

const PEOPLE: [&str; 3] = [ALICE, BOB, CATHY];
const HISTORIES: u64 = 1000;

/// SplitMix64: the same numbers from the same seed on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for n in (1..all.len()).rev() {
            all.swap(n, self.roll(n + 1));
        }
    }
}

fn id(n: usize) -> MessageId {
    let mut octets = [u8::try_from(n).unwrap(); 32];
    octets[0] = 1;
    MessageId::from_octets(octets).unwrap()
}

/// A history of up to 16 messages. Targets may be anything: later messages, themselves, or nothing that there is.
fn history(dice: &mut Dice) -> Vec<Stored> {
    let length = 2 + dice.roll(15);
    (0..length)
        .map(|n| {
            let target = id(dice.roll(length + 1));
            let salted = u8::try_from(n).unwrap();
            let words = |words: &str| content(salted, text(&format!("{words} {n}")));
            let null = |disposition| content(salted, Part::null(disposition)).replacing(target);
            let heart = || content(salted, Part::reaction("❤").unwrap());
            let content = match dice.roll(18) {
                0..4 => words("said"),
                4..7 => words("replied").in_reply_to(target),
                7..9 => heart().in_reply_to(target),
                9..13 => words("edited").replacing(target),
                13 => heart().replacing(target),
                14..16 => null(Disposition::RENDER),
                16 => null(Disposition::REACTION),
                _ => content(salted, Part::status(&StatusReport::of(Status::READ, [target]))),
            };
            Stored {
                id: id(n),
                sender: user(PEOPLE[dice.roll(PEOPLE.len())]),
                accepted: Timestamp::from_millis(dice.roll(6) as u64),
                content,
            }
        })
        .collect()
}

/// Everybody does what they please with what is theirs, and Cathy deletes what others said.
fn may(actor: &Stored, action: Action, _: &Stored) -> bool {
    match action {
        Action::DeleteOther | Action::DeleteOtherReaction => actor.sender == user(CATHY),
        _ => true,
    }
}

// The model.

fn is_null(content: &Content) -> bool {
    content.part == Part::null(content.part.disposition)
}

fn is_reaction_part(message: &Stored) -> bool {
    message.content.part.disposition == Disposition::REACTION
}

fn is_report(message: &Stored) -> bool {
    message.content.part.media_type() == Some("application/mimi-message-status")
}

/// "A reaction is a reply with the disposition reaction."
fn is_reaction(message: &Stored) -> bool {
    message.content.replaces.is_none()
        && message.content.in_reply_to.is_some()
        && is_reaction_part(message)
        && !is_null(&message.content)
}

/// The first version of what a message is a version of, however many versions lie between.
fn first_version(of: MessageId, all: &[Stored]) -> Option<&Stored> {
    let mut at = of;
    for _ in 0..=all.len() {
        let message = all.iter().find(|message| message.id == at)?;
        match message.content.replaces {
            None => return Some(message),
            Some(target) => at = target,
        }
    }
    None
}

/// The messages that change `first`, in the hub's order, the lowest id first at the same time.
fn changes<'m>(first: &Stored, all: &'m [Stored]) -> Vec<&'m Stored> {
    let mut changes: Vec<_> = all
        .iter()
        .filter(|message| message.content.replaces.is_some())
        .filter(|message| first_version(message.id, all).is_some_and(|root| root.id == first.id))
        .collect();
    changes.sort_by_key(|message| (message.accepted, message.id));
    changes
}

/// "Only the original sender edits", and an edit makes no reaction of a message nor the other way round.
fn edits<'m>(first: &Stored, all: &'m [Stored]) -> Vec<&'m Stored> {
    let mut edits = changes(first, all);
    edits.retain(|change| {
        !is_null(&change.content)
            && change.sender == first.sender
            && is_reaction_part(change) == is_reaction_part(first)
    });
    edits
}

fn is_deleted(first: &Stored, all: &[Stored]) -> bool {
    changes(first, all).iter().any(|change| {
        is_null(&change.content) && (change.sender == first.sender || change.sender == user(CATHY))
    })
}

/// What is shown: for each message its version, and for each of its reactions the version of that.
type Shown = BTreeMap<MessageId, (Option<MessageId>, Vec<MessageId>)>;

fn model(all: &[Stored]) -> (Vec<MessageId>, Shown) {
    let is_message = |m: &&Stored| m.content.replaces.is_none() && !is_reaction(m) && !is_report(m);
    let mut messages: Vec<_> = all.iter().filter(is_message).collect();
    messages.sort_by_key(|message| (message.accepted, message.id));
    let newest = |first: &Stored| edits(first, all).last().map_or(first.id, |edit| edit.id);
    let shown = messages.iter().map(|message| {
        if is_deleted(message, all) {
            return (message.id, (None, Vec::new()));
        }
        let is_on_it = |r: &&Stored| {
            let target = r
                .content
                .in_reply_to
                .and_then(|target| first_version(target, all));
            is_reaction(r) && target.is_some_and(|target| target.id == message.id) && !is_deleted(r, all)
        };
        let mut reactions: Vec<_> = all.iter().filter(is_on_it).collect();
        reactions.sort_by_key(|reaction| (reaction.accepted, reaction.id));
        let reactions = reactions.into_iter().map(newest).collect();
        (message.id, (Some(newest(message)), reactions))
    });
    let shown = shown.collect();
    (messages.iter().map(|message| message.id).collect(), shown)
}

fn seen(timeline: &Timeline, all: &[Stored]) -> (Vec<MessageId>, Shown) {
    let version_of = |part: &Part, candidates: Vec<&Stored>| {
        let found = candidates
            .iter()
            .rev()
            .find(|candidate| candidate.content.part == *part);
        found.unwrap().id
    };
    let shown = timeline.entries.iter().map(|entry| {
        let reactions = entry.reactions.iter().map(|reaction| {
            let first = all.iter().find(|message| message.id == reaction.id).unwrap();
            let versions: Vec<_> = [first].into_iter().chain(edits(first, all)).collect();
            version_of(&reaction.part, versions)
        });
        (
            entry.id,
            (entry.shown().map(|version| version.id), reactions.collect()),
        )
    });
    (
        timeline.entries.iter().map(|entry| entry.id).collect(),
        shown.collect(),
    )
}

// What happened.

type Counters = BTreeMap<&'static str, u32>;

fn count(arrived: &[Stored], counters: &mut Counters) {
    let mut add = |what, happened: bool| *counters.entry(what).or_default() += u32::from(happened);
    let at = |id: MessageId| arrived.iter().position(|message| message.id == id);
    for (arrival, message) in arrived.iter().enumerate() {
        let replaced = message.content.replaces;
        let first = replaced.and_then(|_| first_version(message.id, arrived));
        let is_edit = replaced.is_some() && !is_null(&message.content);
        let early = replaced.is_some_and(|target| at(target).is_some_and(|target| target > arrival));
        add("an edit before its original", is_edit && early);
        add(
            "a stranger's edit",
            is_edit && first.is_some_and(|first| first.sender != message.sender),
        );
        add(
            "an edit of an edit",
            is_edit && replaced != first.map(|first| first.id) && first.is_some(),
        );
        add(
            "something changed that never came",
            replaced.is_some_and(|target| at(target).is_none()),
        );
        let goes_round = replaced.is_some_and(|target| at(target).is_some()) && first.is_none();
        add("changes in a loop, or of what is lost", goes_round);
        add("a report", is_report(message));
        add("a reaction", is_reaction(message));
        let same_time = |other: &&Stored| other.id != message.id && other.accepted == message.accepted;
        add("equal times", arrived.iter().any(|other| same_time(&other)));
        if let Some(first) = first {
            let siblings = edits(first, arrived);
            let rivals = siblings
                .iter()
                .filter(|other| other.accepted == message.accepted)
                .count();
            add("concurrent edits", is_edit && rivals > 1);
            let deleted = changes(first, arrived)
                .into_iter()
                .find(|change| is_null(&change.content));
            let late = deleted.is_some_and(|deleted| deleted.accepted < message.accepted);
            add(
                "a delete, then an edit",
                is_edit && message.sender == first.sender && late,
            );
        }
    }
}

#[test]
fn c_074_a_thousand_shuffled_histories_fold_to_what_the_draft_says() {
    let mut counters = Counters::new();
    for seed in 0..HISTORIES {
        let mut dice = Dice(seed);
        let told = history(&mut dice);
        let mut arrived = told.clone();
        dice.shuffle(&mut arrived);
        let timeline = fold(arrived.clone(), may);
        assert_eq!(
            timeline,
            fold(told.clone(), may),
            "seed {seed}: the order of arrival makes no difference"
        );
        assert_eq!(seen(&timeline, &told), model(&told), "seed {seed}");
        let looping = |entry: &&comity_content::Entry| entry.in_reply_to.is_some_and(|reply| reply.loops);
        let outdated = |entry: &&comity_content::Entry| entry.reactions.iter().any(|r| r.target.is_outdated);
        let mut add = |what, n: usize| *counters.entry(what).or_default() += u32::try_from(n).unwrap();
        add(
            "replies in a loop",
            timeline.entries.iter().filter(looping).count(),
        );
        add(
            "a reaction to an older version",
            timeline.entries.iter().filter(outdated).count(),
        );
        add("refused", timeline.refused.len());
        add("waiting", timeline.waiting.len());
        count(&arrived, &mut counters);
    }
    for (what, times) in &counters {
        println!("{times:6} × {what}");
    }
    assert_eq!(counters.len(), 14);
    assert!(counters.values().all(|times| *times > 0), "{counters:?}");
}
