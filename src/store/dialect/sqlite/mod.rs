//! SQLite: the gateway's tables, generated columns, triggers and the as-of form of a statement.
//!
//! Knows table shapes as text and gives SQL text. Must not know plans, rows or connections.
//! The text is read by every program that opens the file, so it keeps to what SQLite 3.38 understands
//! and to a parser stack of 100 (no more than twenty nested calls).

pub mod as_of;
pub mod columns;
pub mod fold;
pub mod tables;
pub mod touch;
pub mod triggers;

/// An identifier, quoted.
pub fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A text literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The shadow table of a table, quoted.
pub fn shadow(table: &str) -> String {
    name(&format!("gw_h_{table}"))
}

/// The auxiliary table of a searched list, quoted.
pub fn list(table: &str, column: &str) -> String {
    name(&format!("gw_list_{table}_{column}"))
}
