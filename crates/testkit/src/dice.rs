//! Chance from a seed: the same seed, the same throws.

/// A seeded source of chance (SplitMix64). Not for secrets.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Dice that throw what `seed` says.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A number below `sides`; 0 if there are no sides.
    pub fn below(&mut self, sides: u64) -> u64 {
        self.draw().checked_rem(sides).unwrap_or(0)
    }

    /// True in `percent` of a hundred throws.
    pub fn chance(&mut self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// One of `choices`; `None` if there is none.
    pub fn pick<'t, T>(&mut self, choices: &'t [T]) -> Option<&'t T> {
        let at = self.below(choices.len() as u64);
        choices.get(usize::try_from(at).unwrap_or(0))
    }

    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same() {
        let throws = |seed| {
            let mut dice = Dice::new(seed);
            (0..100).map(|_| dice.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn a_chance_of_nothing_never_comes_and_one_of_a_hundred_always() {
        let mut dice = Dice::new(1);
        assert!((0..1_000).all(|_| !dice.chance(0) && dice.chance(100)));
        let quarter = (0..10_000).filter(|_| dice.chance(25)).count();
        assert!((2_200..2_800).contains(&quarter), "{quarter}");
    }
}
