//! A notification extension has 24 MB, for everything.

use std::path::Path;

use comity::Budget;
use comity_reliability::memory::{self, Deed};

const PROGRAM: &str = env!("CARGO_BIN_EXE_extension-memory");
const MEMBERS: usize = 300;
/// In octets, code included. That of a debug build is larger, and how much of it is in memory differs from run to run.
const MOST: u64 = if cfg!(debug_assertions) {
    20_000_000
} else {
    16_000_000
};

#[test]
fn an_extension_takes_whatever_comes_in_a_room_of_300_within_its_memory() {
    let row = memory::measure(Path::new(PROGRAM), MEMBERS, Budget::EXTENSION.memory);
    for (deed, used) in Deed::ALL.into_iter().zip(&row.deeds) {
        let expected = match deed {
            Deed::Open => "1 rooms",
            Deed::Preview => "shown",
            Deed::Message | Deed::Commit | Deed::Welcome => "taken",
        };
        assert_eq!(used.outcome, expected, "{deed:?}");
        assert!(used.octets < MOST, "{deed:?}: {used:?}");
    }
}

#[test]
fn what_it_holds_for_the_app_it_does_not_load() {
    let row = memory::measure(Path::new(PROGRAM), MEMBERS, 0);
    let outcomes: Vec<_> = row.deeds.iter().map(|used| used.outcome.as_str()).collect();
    let held = "held: MainApp";
    assert_eq!(outcomes, ["1 rooms", "nothing", held, held, held]);
    let least = row.deeds[0].octets;
    for used in &row.deeds {
        assert!(used.octets < least + 2_000_000, "{used:?} after {least}");
    }
}
