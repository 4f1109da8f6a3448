//! Times, round by round, and what is said of them.

use std::time::Duration;

/// The times of one kind of step of one library.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    /// In microseconds.
    rounds: Vec<Vec<f64>>,
}

impl Samples {
    /// Begins a round.
    pub(crate) fn begin_round(&mut self) {
        self.rounds.push(Vec::new());
    }

    /// Adds one step to the round that was begun last.
    pub(crate) fn add(&mut self, time: Duration) {
        if let Some(round) = self.rounds.last_mut() {
            round.push(time.as_secs_f64() * 1e6);
        }
    }

    /// The median of the rounds' medians, in microseconds. `None` if nothing was measured.
    pub(crate) fn median(&self) -> Option<f64> {
        median(self.medians())
    }

    /// The mean of all steps, in microseconds: what the median leaves out, such as checkpoints, is in it.
    pub(crate) fn mean(&self) -> Option<f64> {
        let (sum, count) = self
            .rounds
            .iter()
            .flatten()
            .fold((0.0, 0.0), |(sum, count), time| (sum + time, count + 1.0));
        (count > 0.0).then(|| sum / count)
    }

    /// How many times a step of `peer` ours takes: the median of the rounds' ratios, because a round and its neighbour were disturbed
    /// alike.
    pub(crate) fn ratio_to(&self, peer: &Self) -> Option<f64> {
        median(
            self.medians()
                .zip(peer.medians())
                .map(|(ours, theirs)| ours / theirs),
        )
    }

    fn medians(&self) -> impl Iterator<Item = f64> + '_ {
        self.rounds
            .iter()
            .filter_map(|round| median(round.iter().copied()))
    }
}

/// The middle one; of an even number, the mean of the two in the middle.
fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.len() / 2;
    let lower = sorted.len().checked_sub(1)? / 2;
    Some((sorted.get(lower)? + sorted.get(upper)?) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(rounds: &[&[u64]]) -> Samples {
        let mut samples = Samples::default();
        for round in rounds {
            samples.begin_round();
            round
                .iter()
                .for_each(|micros| samples.add(Duration::from_micros(*micros)));
        }
        samples
    }

    #[test]
    fn the_median_is_that_of_the_rounds_and_no_outlier_moves_it() {
        assert_eq!(samples(&[&[1, 2, 900], &[4, 4], &[6, 5, 7]]).median(), Some(4.0));
        assert_eq!(samples(&[&[1, 2], &[]]).median(), Some(1.5));
        assert_eq!(samples(&[]).median(), None);
    }

    #[test]
    fn the_mean_counts_every_step() {
        assert_eq!(samples(&[&[1, 2, 9], &[4]]).mean(), Some(4.0));
        assert_eq!(samples(&[&[]]).mean(), None);
    }

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        // The machine was four times as slow in the second round, for both.
        let (ours, theirs) = (samples(&[&[2], &[8], &[2]]), samples(&[&[1], &[4], &[1]]));
        assert_eq!(ours.ratio_to(&theirs), Some(2.0));
        assert_eq!(ours.ratio_to(&samples(&[])), None);
    }
}
