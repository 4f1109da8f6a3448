//! What all rounds came to: two tables, as Markdown writes them.

use std::collections::BTreeMap;

use super::face::Face;
use super::racer::Turn;

/// Turns by size, round by round: in each round one of each face, in their order.
pub(super) struct Figures<'a> {
    faces: Vec<&'a Face>,
    rounds: BTreeMap<usize, Vec<Vec<Turn>>>,
}

/// Where the caller of a `send` may be, and what that is called by the programs.
const SITUATIONS: [(&str, &str); 2] = [("in place", "send"), ("from another thread", "away")];

const TIMES: [&str; 7] = [
    "work",
    "face",
    "ns per call",
    "beside Rust",
    "target",
    "met",
    "beside Rust in place",
];
const PARTS: [&str; 9] = [
    "send",
    "face",
    "ns per call",
    "+ making the message",
    "+ through the bridge",
    "+ the client's turn",
    "+ another thread and back",
    "a call that does nothing: in place · from another thread",
    "freeing",
];

impl<'a> Figures<'a> {
    pub(super) fn new(faces: &[&'a Face]) -> Self {
        Self {
            faces: faces.to_vec(),
            rounds: BTreeMap::new(),
        }
    }

    /// Adds a round: a turn of each face.
    pub(super) fn add(&mut self, octets: usize, turns: Vec<Turn>) {
        self.rounds.entry(octets).or_default().push(turns);
    }

    pub(super) fn print(&self) {
        println!("{}", table(&TIMES, self.times()));
        println!(
            "Where the time of a `send` goes, in nanoseconds:\n\n{}",
            table(&PARTS, self.parts())
        );
    }

    /// A row for each face and work: nanoseconds, ratio to Rust, whether the target is met.
    fn times(&self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for octets in self.rounds.keys().copied() {
            for (situation, what) in SITUATIONS {
                let work = format!("send {}, {situation}", spoken(octets));
                for (at, face) in self.faces.iter().enumerate() {
                    rows.extend(self.row(&work, octets, at, face.target, what));
                }
            }
        }
        let smallest = self.rounds.keys().copied().next().unwrap_or_default();
        rows.extend(
            (0..self.faces.len()).filter_map(|at| self.row("empty query", smallest, at, None, "query")),
        );
        rows
    }

    /// None if the face's program does not measure it.
    fn row(
        &self,
        work: &str,
        octets: usize,
        at: usize,
        target: Option<u32>,
        what: &str,
    ) -> Option<Vec<String>> {
        let name = self.faces.get(at).map_or("?", |face| face.name);
        let nanos = self.median(octets, |turns| value(turns, at, what))?;
        let beside = |rusts| {
            self.median(octets, |turns| {
                Some(value(turns, at, what)? / value(turns, 0, rusts)?)
            })
        };
        let ratio = beside(what);
        let mut row = vec![
            work.to_owned(),
            name.to_owned(),
            number(Some(nanos)),
            times(ratio),
        ];
        row.extend(judged(ratio, target));
        row.push(times(beside("send").filter(|_| what == "away")));
        Some(row)
    }

    /// A row for each face and size: what it takes beyond Rust, and where.
    fn parts(&self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for octets in self.rounds.keys().copied() {
            for (at, face) in self.faces.iter().enumerate() {
                let median = |what| number(self.median(octets, |turns| value(turns, at, what)));
                let beyond = |what| {
                    let more = |turns: &[Turn]| Some(value(turns, at, what)? - value(turns, 0, what)?);
                    number(self.median(octets, more))
                };
                let turn = |turns: &[Turn]| {
                    Some(value(turns, at, "send")? - value(turns, at, "text")? - value(turns, at, "call")?)
                };
                let way = |turns: &[Turn]| Some(value(turns, at, "away")? - value(turns, at, "send")?);
                rows.push(vec![
                    spoken(octets),
                    face.name.to_owned(),
                    median("send"),
                    beyond("text"),
                    beyond("call"),
                    number(self.median(octets, turn)),
                    number(self.median(octets, way)),
                    format!("{} · {}", median("nothing"), median("reach")),
                    median("free"),
                ]);
            }
        }
        rows
    }

    /// The median of what is made of each round.
    fn median(&self, octets: usize, of: impl Fn(&[Turn]) -> Option<f64>) -> Option<f64> {
        let rounds = self.rounds.get(&octets)?;
        middle(rounds.iter().filter_map(|turns| of(turns)).collect())
    }
}

fn value(turns: &[Turn], face: usize, what: &str) -> Option<f64> {
    turns.get(face)?.get(what).copied()
}

/// The middle one; of an even number, the mean of the two in the middle.
fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    let lower = values.len().checked_sub(1)? / 2;
    Some((values.get(lower)? + values.get(upper)?) / 2.0)
}

/// The target, and whether a ratio is within it.
fn judged(ratio: Option<f64>, target: Option<u32>) -> [String; 2] {
    let (Some(ratio), Some(target)) = (ratio, target.map(|target| f64::from(target) / 100.0)) else {
        return ["–", "–"].map(str::to_owned);
    };
    let met = if ratio <= target { "yes" } else { "no" };
    [format!("≤ {target} ×"), met.to_owned()]
}

fn number(nanos: Option<f64>) -> String {
    nanos.map_or_else(|| "–".to_owned(), |nanos| format!("{nanos:.0}"))
}

fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2} ×"))
}

fn spoken(octets: usize) -> String {
    if octets.is_multiple_of(1024) {
        format!("{} KiB", octets / 1024)
    } else {
        format!("{octets} B")
    }
}

/// A table whose columns line up.
fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut all = vec![head.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()];
    all.extend(rows);
    let width = |column: usize| {
        let cells = all.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    all.insert(1, widths.iter().map(|width| "-".repeat(*width)).collect());
    let mut text = String::new();
    for row in all {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:<width$}"))
            .collect();
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speed::face::FACES;

    fn turn(send: f64) -> Turn {
        let parts = [("send", send), ("text", 1.0), ("call", 8.0), ("query", 2.0)];
        parts.map(|(name, nanos)| (name.to_owned(), nanos)).into()
    }

    /// The same of a face whose caller may be on another thread.
    fn threaded(send: f64, away: f64) -> Turn {
        let mut turn = turn(send);
        turn.extend([("away".to_owned(), away), ("reach".to_owned(), away - send)]);
        turn
    }

    fn figures(rounds: &[[f64; 2]]) -> Figures<'static> {
        let mut figures = Figures::new(&FACES.iter().take(2).collect::<Vec<_>>());
        for round in rounds {
            figures.add(100, round.map(turn).into());
        }
        figures
    }

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        // The machine was four times as slow in the second round, for both.
        let rows = figures(&[[10.0, 12.0], [40.0, 42.0], [10.0, 10.5]]).times();
        assert_eq!(
            rows[1],
            [
                "send 100 B, in place",
                "C",
                "12",
                "1.05 ×",
                "≤ 1.05 ×",
                "yes",
                "–"
            ]
        );
        assert_eq!(rows[3][..3], ["empty query", "C", "2"]);
    }

    #[test]
    fn a_caller_on_another_thread_is_judged_beside_rusts_and_told_beside_rust_in_place() {
        let mut figures = Figures::new(&FACES.iter().collect::<Vec<_>>());
        let turns = [threaded(10.0, 20.0), turn(10.0), threaded(11.0, 24.0)];
        figures.add(100, turns.into());
        let work = "send 100 B, from another thread";
        let rows = figures.times();
        let rows: Vec<&Vec<String>> = rows.iter().filter(|row| row[0] == work).collect();
        assert_eq!(rows.len(), 2, "C has no such caller");
        assert_eq!(rows[1][1..], ["Swift", "24", "1.20 ×", "≤ 1.1 ×", "no", "2.40 ×"]);
    }

    #[test]
    fn a_target_that_is_missed_is_told() {
        assert_eq!(
            figures(&[[10.0, 11.0]]).times()[1][3..6],
            ["1.10 ×", "≤ 1.05 ×", "no"]
        );
        assert_eq!(figures(&[[10.0, 10.0]]).times()[0][4..6], ["–", "–"]);
    }

    #[test]
    fn the_parts_are_what_is_beyond_rust_and_beyond_the_call() {
        let row = figures(&[[10.0, 12.0]]).parts().pop().unwrap();
        assert_eq!(row, ["100 B", "C", "12", "0", "0", "3", "–", "– · –", "–"]);
        let mut figures = Figures::new(&FACES.iter().take(1).collect::<Vec<_>>());
        figures.add(100, vec![threaded(10.0, 24.0)]);
        assert_eq!(figures.parts()[0][6..8], ["14", "– · 14"]);
    }

    #[test]
    fn what_was_not_measured_is_a_dash() {
        assert_eq!((number(None), times(None)), ("–".to_owned(), "–".to_owned()));
        assert_eq!((spoken(100), spoken(65_536)), ("100 B".into(), "64 KiB".into()));
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["1,000".to_owned(), "×".to_owned()]];
        assert_eq!(
            table(&["a", "step"], rows),
            "| a     | step |\n| ----- | ---- |\n| 1,000 | ×    |\n"
        );
    }
}
