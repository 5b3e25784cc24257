//! Tables for people: aligned on standard output as they come, and as Markdown in the end.

use std::fmt::Write as _;
use std::time::Duration;

/// Everything that was measured.
#[derive(Default)]
pub struct Report {
    markdown: String,
}

/// One table.
pub struct Table {
    title: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty one.
    pub fn new(title: impl Into<String>, columns: &[&'static str]) -> Self {
        Self { title: title.into(), columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl Report {
    /// Prints a table and keeps it, unless it is empty.
    pub fn add(&mut self, table: &Table) {
        if table.rows.is_empty() {
            return;
        }
        let widths: Vec<usize> = (0..table.columns.len())
            .map(|at| table.rows.iter().map(|r| r[at].chars().count()).chain([table.columns[at].chars().count()]).max().unwrap_or_default())
            .collect();
        let line = |cells: &[String], out: &mut String, edge: &str| {
            let padded: Vec<String> =
                cells.iter().zip(&widths).map(|(cell, width)| if is_number(cell) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }).collect();
            let _ = writeln!(out, "{edge}{}{edge}", padded.join(if edge.is_empty() { "  " } else { " | " }));
        };
        let head: Vec<String> = table.columns.iter().map(|c| (*c).to_owned()).collect();
        let (mut plain, mut markdown) = (format!("\n{}\n\n", table.title), format!("\n### {}\n\n", table.title));
        line(&head, &mut plain, "");
        line(&head, &mut markdown, "|");
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat((*width).max(3))).collect();
        let _ = writeln!(markdown, "|{}|", rule.join("|"));
        for row in &table.rows {
            line(row, &mut plain, "");
            line(row, &mut markdown, "|");
        }
        print!("{plain}");
        self.markdown.push_str(&markdown);
    }

    /// Prints a paragraph and keeps it.
    pub fn say(&mut self, text: &str) {
        println!("{text}");
        let _ = writeln!(self.markdown, "\n{text}");
    }

    /// All of it as Markdown.
    pub fn markdown(&self) -> &str {
        self.markdown.trim_start()
    }
}

fn is_number(cell: &str) -> bool {
    cell.starts_with(|c: char| c.is_ascii_digit())
}

/// A number with its thousands apart.
pub fn thousands(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0));
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A duration in ms.
pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// A duration in µs.
pub fn micros(time: Duration) -> String {
    format!("{:.0} µs", time.as_secs_f64() * 1e6)
}

/// A ratio.
pub fn ratio(part: f64, whole: f64) -> String {
    if whole > 0.0 { format!("{:.2}", part / whole) } else { "-".to_owned() }
}

/// kB as MB.
pub fn mb(kilobytes: u64) -> String {
    format!("{:.0} MB", kilobytes as f64 / 1e3 * 1.024)
}
