//! What the compiler must know of a database: its tables, columns and foreign keys, as the store reads them.

use std::collections::BTreeMap;

/// The tables of a database.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// By name.
    pub tables: BTreeMap<String, Table>,
}

/// One table or view.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// It is a view: read-only.
    pub view: bool,
    /// Columns in their order: name and declared type in upper case.
    pub columns: Vec<(String, String)>,
    /// Single-column foreign keys: column, table, column there.
    pub foreign_keys: Vec<(String, String, String)>,
    /// Columns that are alone in a unique index or primary key.
    pub unique: Vec<String>,
}

impl Table {
    /// The declared type of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&str> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, t)| t.as_str())
    }

    /// Where a column's foreign key points: table and column there.
    #[must_use]
    pub fn foreign_key(&self, column: &str) -> Option<(&str, &str)> {
        self.foreign_keys.iter().find(|(c, _, _)| c == column).map(|(_, t, to)| (t.as_str(), to.as_str()))
    }
}
