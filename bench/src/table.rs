//! Tables, as Markdown writes them, with columns that line up.

/// A table that is printed as a whole.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()],
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn print(&self) {
        println!("{}", self.text());
    }

    fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
        };
        let widths: Vec<usize> = (0..columns).filter_map(width).collect();
        let mut lines: Vec<String> = self.rows.iter().map(|row| line(row, &widths)).collect();
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        lines.insert(1, line(&rule, &widths));
        lines.push(String::new());
        lines.join("\n")
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let cells: Vec<String> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:<width$}"))
        .collect();
    format!("| {} |", cells.join(" | "))
}

/// A time in microseconds, or in milliseconds where that reads better.
pub(crate) fn micros(time: Option<f64>) -> String {
    match time {
        None => "–".to_owned(),
        Some(time) if time >= 10_000.0 => format!("{:.1} ms", time / 1_000.0),
        Some(time) => format!("{time:.1}"),
    }
}

/// A ratio.
pub(crate) fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2} ×"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["a", "step"]);
        table.row(["1,000".to_owned(), "µs".to_owned()]);
        assert_eq!(
            table.text(),
            "| a     | step |\n| ----- | ---- |\n| 1,000 | µs   |\n"
        );
    }

    #[test]
    fn what_was_not_measured_is_a_dash() {
        assert_eq!((micros(None), times(None)), ("–".to_owned(), "–".to_owned()));
        assert_eq!(
            (micros(Some(41.26)), micros(Some(12_340.0))),
            ("41.3".to_owned(), "12.3 ms".to_owned())
        );
        assert_eq!(times(Some(1.054)), "1.05 ×");
    }
}
