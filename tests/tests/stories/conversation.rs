//! What people do with messages, in calm weather.

use crate::support::Cast;

#[test]
fn a_message_reaches_everybody_once() {
    let cast = Cast::three(1);
    cast.alice.says("hi");
    cast.world.settle();
    for actor in cast.everybody() {
        actor.sees(["alice: hi"]);
    }
    cast.agrees();
}

#[test]
fn replies_reactions_edits_and_deletions_look_the_same_to_everybody() {
    let cast = Cast::three(1);
    let hi = cast.alice.says("hi");
    cast.world.settle();
    let reply = cast.bob.replies(hi, "hello");
    cast.carol.reacts(hi, "👍");
    cast.world.settle();
    cast.alice.edits(hi, "hi there");
    cast.bob.deletes(reply);
    cast.world.settle();
    for actor in cast.everybody() {
        actor.sees(["alice: hi there [edited] [👍 carol]", "bob: [deleted]"]);
    }
    cast.agrees();
}
