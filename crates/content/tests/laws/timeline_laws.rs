//! Whatever is sent and in whatever order it arrives, everybody comes to the same timeline.

use std::collections::BTreeMap;

use crate::common::{ALICE, BOB, CATHY, salt, text, user};
use comity_content::{
    Class, Content, Disposition, Entry, Folded, MessageId, Part, Stored, Timeline, classify, fold, needed,
};
use comity_room::policy::Action;
use comity_room::{Timestamp, UserUri};
use proptest::prelude::*;

/// What one message does. Targets are numbers of other messages, which may come later, or never.
#[derive(Clone, Debug)]
enum Deed {
    Say,
    Reply(u8),
    React(u8),
    Edit(u8),
    EditToReaction(u8),
    Delete(u8),
    Unlike(u8),
}

const PEOPLE: [&str; 3] = [ALICE, BOB, CATHY];

fn id(n: u8) -> MessageId {
    let mut octets = [n; 32];
    octets[0] = 1;
    MessageId::from_octets(octets).unwrap()
}

fn message(n: u8, (sender, millis, deed): &(usize, u64, Deed)) -> Stored {
    let content = |part| Content::unasserted(salt(n), part);
    let heart = || Part::reaction(&format!("reaction {n}")).unwrap();
    let content = match deed {
        Deed::Say => content(text("said")),
        Deed::Reply(to) => content(text("replied")).in_reply_to(id(*to)),
        Deed::React(to) => content(heart()).in_reply_to(id(*to)),
        Deed::Edit(of) => content(text("edited")).replacing(id(*of)),
        Deed::EditToReaction(of) => content(heart()).replacing(id(*of)),
        Deed::Delete(of) => content(Part::null(Disposition::RENDER)).replacing(id(*of)),
        Deed::Unlike(of) => content(Part::null(Disposition::REACTION)).replacing(id(*of)),
    };
    Stored {
        id: id(n),
        sender: user(PEOPLE[*sender]),
        accepted: Timestamp::from_millis(*millis),
        content,
    }
}

fn deeds() -> impl Strategy<Value = Vec<Stored>> {
    let target = 0..16_u8;
    let deed = prop_oneof![
        3 => Just(Deed::Say),
        2 => target.clone().prop_map(Deed::Reply),
        3 => target.clone().prop_map(Deed::React),
        4 => target.clone().prop_map(Deed::Edit),
        3 => target.clone().prop_map(Deed::EditToReaction),
        1 => target.clone().prop_map(Deed::Delete),
        1 => target.prop_map(Deed::Unlike),
    ];
    prop::collection::vec((0..PEOPLE.len(), 0..4_u64, deed), 1..20)
        .prop_map(|deeds| (0..).zip(&deeds).map(|(n, deed)| message(n, deed)).collect())
}

/// Which of the actions are allowed, as bits; moderators may do more to Alice's messages than to others.
fn policy(bits: u16) -> impl Fn(&UserUri, Action, &UserUri) -> bool {
    move |actor, action, author| {
        let number = match action {
            Action::React => 0,
            Action::EditOwn => 1,
            Action::EditReaction => 2,
            Action::DeleteOwn => 3,
            Action::DeleteOwnReaction => 4,
            Action::DeleteOther => 5,
            Action::DeleteOtherReaction => 6,
            _ => return true,
        };
        bits >> number & 1 == 1 && (number < 5 || *actor == user(CATHY) || *author == user(ALICE))
    }
}

/// A store as an engine has it: it sees messages one by one, keeps a [`Folded`] for each and lets what has no target
/// wait for it.
#[derive(Default)]
struct Store {
    known: BTreeMap<MessageId, Stored>,
    roots: BTreeMap<MessageId, MessageId>,
    folded: BTreeMap<MessageId, Folded>,
    waiting: BTreeMap<MessageId, Vec<MessageId>>,
}

impl Store {
    fn receive(&mut self, message: Stored, may: &impl Fn(&UserUri, Action, &UserUri) -> bool) {
        let id = message.id;
        if self.known.insert(id, message).is_none() {
            self.place(id, may);
        }
    }

    fn place(&mut self, id: MessageId, may: &impl Fn(&UserUri, Action, &UserUri) -> bool) {
        let message = self.known[&id].clone();
        let root = match message.content.replaces {
            None => Some(id),
            Some(target) => self.roots.get(&target).copied(),
        };
        let Some(root) = root else {
            self.waiting
                .entry(message.content.replaces.unwrap())
                .or_default()
                .push(id);
            return;
        };
        self.roots.insert(id, root);
        let first = &self.known[&root];
        let is_reaction = first.content.part.disposition == Disposition::REACTION;
        let allowed = id == root
            || needed(&message, &first.sender, is_reaction)
                .is_some_and(|action| may(&message.sender, action, &first.sender));
        self.folded
            .entry(root)
            .or_insert_with(|| Folded::new(root))
            .apply(&message, allowed);
        for waiting in self.waiting.remove(&id).unwrap_or_default() {
            self.place(waiting, may);
        }
    }

    /// The reactions to the message `root` that are to be shown, each with the version that is.
    fn reactions(
        &self,
        root: MessageId,
        may: &impl Fn(&UserUri, Action, &UserUri) -> bool,
    ) -> Vec<(MessageId, MessageId)> {
        let author = &self.known[&root].sender;
        let mut reactions: Vec<_> = self.known.values().collect();
        reactions.sort_by_key(|reaction| reaction.place());
        let on_root = |reaction: &&Stored| match classify(&reaction.content) {
            Class::Reaction { target } => self.roots.get(&target) == Some(&root),
            _ => false,
        };
        let allowed = reactions
            .into_iter()
            .filter(on_root)
            .filter(|r| may(&r.sender, Action::React, author));
        allowed
            .filter_map(|reaction| Some((reaction.id, self.folded[&reaction.id].shown()?)))
            .collect()
    }
}

fn seen_by_fold(messages: Vec<Stored>, may: &impl Fn(&UserUri, Action, &UserUri) -> bool) -> Timeline {
    fold(messages, |actor, action, target| {
        may(&actor.sender, action, &target.sender)
    })
}

fn check_entry(entry: &Entry, store: &Store, may: &impl Fn(&UserUri, Action, &UserUri) -> bool) {
    let folded = &store.folded[&entry.id];
    assert_eq!(folded.shown(), entry.shown().map(|version| version.id));
    assert_eq!(folded.deleted(), entry.deleted);
    if entry.deleted.is_none() {
        assert_eq!(folded.is_edited(), entry.is_edited());
        let reactions: Vec<_> = entry.reactions.iter().map(|r| (r.id, r.part.clone())).collect();
        let stored = store.reactions(entry.id, may);
        let stored: Vec<_> = stored
            .into_iter()
            .map(|(id, shown)| (id, store.known[&shown].content.part.clone()))
            .collect();
        assert_eq!(stored, reactions);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn folding_does_not_depend_on_the_order_of_arrival(
        (messages, shuffled) in deeds().prop_flat_map(|m| (Just(m.clone()), Just(m).prop_shuffle())),
        bits: u16,
    ) {
        let may = policy(bits);
        prop_assert_eq!(seen_by_fold(messages, &may), seen_by_fold(shuffled, &may));
    }

    #[test]
    fn a_store_that_folds_one_by_one_comes_to_what_fold_sees_at_once(
        (messages, arriving) in deeds().prop_flat_map(|m| {
            let twice: Vec<_> = m.iter().chain(&m).cloned().collect();
            (Just(m), Just(twice).prop_shuffle())
        }),
        bits: u16,
    ) {
        let may = policy(bits);
        let timeline = seen_by_fold(messages, &may);
        let mut store = Store::default();
        for message in arriving {
            store.receive(message, &may);
        }
        for entry in &timeline.entries {
            check_entry(entry, &store, &may);
        }
        let shown = store.known.values().filter(|m| classify(&m.content) == Class::Message).count();
        prop_assert_eq!(shown, timeline.entries.len());
    }

    #[test]
    fn a_message_is_folded_alike_whether_its_first_version_comes_first_or_last(
        messages in deeds(),
        order in Just((0..20_usize).collect::<Vec<_>>()).prop_shuffle(),
        bits: u16,
    ) {
        // All changes of message 0, whatever they say they replace, in two orders.
        let apply = |folded: &mut Folded, n: usize| {
            if let Some(message) = messages.get(n) {
                folded.apply(message, bits >> (n % 16) & 1 == 1);
            }
        };
        let (mut straight, mut mixed) = (Folded::new(id(0)), Folded::new(id(0)));
        (0..20).for_each(|n| apply(&mut straight, n));
        order.iter().chain(&order).for_each(|n| apply(&mut mixed, *n));
        prop_assert_eq!(straight, mixed);
    }
}
