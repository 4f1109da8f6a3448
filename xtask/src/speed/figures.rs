//! What all rounds came to: two tables, as Markdown writes them.

use std::collections::BTreeMap;

use super::face::Face;
use super::racer::Turn;

/// Turns by size, round by round: in each round one of each face, in their order.
pub(super) struct Figures<'a> {
    faces: Vec<&'a Face>,
    rounds: BTreeMap<usize, Vec<Vec<Turn>>>,
}

const TIMES: [&str; 6] = ["work", "face", "ns per call", "beside Rust", "target", "met"];
const PARTS: [&str; 8] = [
    "send",
    "face",
    "ns per call",
    "Rust's",
    "+ making the message",
    "+ through the bridge",
    "+ thread and back",
    "beside it: a call that does nothing · freeing",
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
            let work = format!("send {}", spoken(octets));
            for (at, face) in self.faces.iter().enumerate() {
                rows.push(self.row(&work, octets, at, face.target, send));
                if face.has_a_thread {
                    let here = format!("{work}, on the caller's thread");
                    rows.push(self.row(&here, octets, at, face.target, here_alone));
                }
            }
        }
        let smallest = self.rounds.keys().copied().next().unwrap_or_default();
        let query = |turns: &[Turn], at| value(turns, at, "query");
        rows.extend((0..self.faces.len()).map(|at| self.row("empty query", smallest, at, None, query)));
        rows
    }

    fn row(
        &self,
        work: &str,
        octets: usize,
        at: usize,
        target: Option<u32>,
        of: fn(&[Turn], usize) -> Option<f64>,
    ) -> Vec<String> {
        let name = self.faces.get(at).map_or("?", |face| face.name);
        let nanos = self.median(octets, |turns| of(turns, at));
        let ratio = self.median(octets, |turns| Some(of(turns, at)? / of(turns, 0)?));
        let mut row = vec![work.to_owned(), name.to_owned(), number(nanos), times(ratio)];
        row.extend(judged(ratio, target));
        row
    }

    /// A row for each face and size: what it takes beyond Rust, and where.
    fn parts(&self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for octets in self.rounds.keys().copied() {
            for (at, face) in self.faces.iter().enumerate() {
                let of = |what| move |turns: &[Turn]| value(turns, at, what);
                let beyond = |what: &'static str| {
                    move |turns: &[Turn]| Some(value(turns, at, what)? - value(turns, 0, what)?)
                };
                let wrapped = |turns: &[Turn]| {
                    Some(value(turns, at, "send")? - value(turns, at, "text")? - value(turns, at, "call")?)
                };
                let (nothing, free) = (
                    self.median(octets, of("nothing")),
                    self.median(octets, of("free")),
                );
                rows.push(vec![
                    spoken(octets),
                    face.name.to_owned(),
                    number(self.median(octets, of("send"))),
                    number(self.median(octets, |turns| value(turns, 0, "send"))),
                    number(self.median(octets, beyond("text"))),
                    number(self.median(octets, beyond("call"))),
                    number(self.median(octets, wrapped)),
                    format!("{} · {}", number(nothing), number(free)),
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

/// What an app waits for.
fn send(turns: &[Turn], face: usize) -> Option<f64> {
    value(turns, face, "send")
}

/// The same without another thread that does it.
fn here_alone(turns: &[Turn], face: usize) -> Option<f64> {
    Some(value(turns, face, "text")? + value(turns, face, "call")?)
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
        assert_eq!(rows[1], ["send 100 B", "C", "12", "1.05 ×", "≤ 1.05 ×", "yes"]);
        assert_eq!(rows[3][..3], ["empty query", "C", "2"]);
    }

    #[test]
    fn a_face_with_a_thread_is_told_without_it_as_well() {
        let swift: Vec<&Face> = FACES.iter().step_by(2).take(2).collect();
        let mut figures = Figures::new(&swift);
        figures.add(100, [9.0, 20.0].map(turn).into());
        let rows = figures.times();
        assert_eq!(rows[1][..4], ["send 100 B", "Swift", "20", "2.22 ×"]);
        assert_eq!(
            rows[2],
            [
                "send 100 B, on the caller's thread",
                "Swift",
                "9",
                "1.00 ×",
                "≤ 1.1 ×",
                "yes"
            ]
        );
    }

    #[test]
    fn a_target_that_is_missed_is_told() {
        assert_eq!(
            figures(&[[10.0, 11.0]]).times()[1][3..],
            ["1.10 ×", "≤ 1.05 ×", "no"]
        );
        assert_eq!(figures(&[[10.0, 10.0]]).times()[0][4..], ["–", "–"]);
    }

    #[test]
    fn the_parts_are_what_is_beyond_rust() {
        let row = figures(&[[10.0, 12.0]]).parts().pop().unwrap();
        assert_eq!(row, ["100 B", "C", "12", "10", "0", "0", "3", "– · –"]);
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
