//! The one table that a run ends with.

use std::collections::BTreeMap;
use std::fmt;

/// What became of the resources of one type. Everything read is in exactly one of the other
/// counts but `dangling`, which counts references.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypeSummary {
    /// Resources read.
    pub read: u64,
    /// New ones.
    pub created: u64,
    /// New versions.
    pub updated: u64,
    /// The store held the same already, or the one that a conditional create asks for.
    pub unchanged: u64,
    /// Came again later in the run under the same id: the last one counts.
    pub repeated: u64,
    /// Not taken.
    pub refused: u64,
    /// References that lead nowhere.
    pub dangling: u64,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// By resource type.
    pub types: BTreeMap<&'static str, TypeSummary>,
    /// Lines, files and bundles refused before their type was known.
    pub unreadable: u64,
    /// Files of folders that were left out because they hold no FHIR JSON.
    pub left_out: Vec<String>,
    /// References that lead nowhere, each text once, with how often it came; the first hundred.
    pub dangling: BTreeMap<String, u64>,
}

/// Texts of dangling references that a summary keeps.
const MOST_DANGLING: usize = 100;

impl Summary {
    pub(crate) fn of(&mut self, type_name: &'static str) -> &mut TypeSummary {
        self.types.entry(type_name).or_default()
    }

    pub(crate) fn add_dangling(&mut self, type_name: &'static str, reference: &str) {
        self.of(type_name).dangling += 1;
        if let Some(count) = self.dangling.get_mut(reference) {
            *count += 1;
        } else if self.dangling.len() < MOST_DANGLING {
            self.dangling.insert(reference.to_owned(), 1);
        }
    }

    /// All types together.
    pub fn total(&self) -> TypeSummary {
        let mut total = TypeSummary::default();
        for one in self.types.values() {
            total.read += one.read;
            total.created += one.created;
            total.updated += one.updated;
            total.unchanged += one.unchanged;
            total.repeated += one.repeated;
            total.refused += one.refused;
            total.dangling += one.dangling;
        }
        total
    }

    /// How many lines, entries, bundles and files were refused: 0 means that all was taken.
    pub fn refused(&self) -> u64 {
        self.total().refused + self.unreadable
    }
}

impl fmt::Display for Summary {
    /// The table as aligned plain text, numbers to the right; then what leads nowhere, how often.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEAD: [&str; 8] = ["type", "read", "created", "updated", "unchanged", "repeated", "refused", "dangling"];
        let row = |name: &str, of: &TypeSummary| {
            let counts = [of.read, of.created, of.updated, of.unchanged, of.repeated, of.refused, of.dangling];
            let mut cells = vec![name.to_owned()];
            cells.extend(counts.iter().map(u64::to_string));
            cells
        };
        let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
        rows.extend(self.types.iter().map(|(name, of)| row(name, of)));
        let mut total = self.total();
        if self.unreadable > 0 {
            let unreadable = TypeSummary { read: self.unreadable, refused: self.unreadable, ..TypeSummary::default() };
            rows.push(row("(unreadable)", &unreadable));
            total.read += self.unreadable;
            total.refused += self.unreadable;
        }
        rows.push(row("total", &total));
        let widths: Vec<usize> = (0..HEAD.len()).map(|at| rows.iter().map(|row| row[at].len()).max().unwrap_or(0)).collect();
        for (number, row) in rows.iter().enumerate() {
            if number + 1 == rows.len() {
                writeln!(f, "{}", "-".repeat(widths.iter().sum::<usize>() + 2 * (HEAD.len() - 1)))?;
            }
            write!(f, "{:<1$}", row[0], widths[0])?;
            for (cell, width) in row.iter().zip(&widths).skip(1) {
                write!(f, "  {cell:>width$}")?;
            }
            writeln!(f)?;
        }
        if !self.dangling.is_empty() {
            writeln!(f, "references that lead nowhere, kept as they came:")?;
        }
        for (reference, count) in &self.dangling {
            writeln!(f, "  {reference}  {count}")?;
        }
        let listed: u64 = self.dangling.values().sum();
        if listed < total.dangling {
            writeln!(f, "  and {} more", total.dangling - listed)?;
        }
        Ok(())
    }
}
