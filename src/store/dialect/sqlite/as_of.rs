//! Reading the clinic's tables as they were: each table is shadowed by a common table expression of its own name.

use super::{name, shadow};
use crate::shape::Table;

/// The statement with `tables` read as they were after the sequence number in parameter `number`.
/// A statement that begins with WITH keeps its own expressions.
pub fn as_of(sql: &str, tables: &[&Table], number: usize) -> String {
    if tables.is_empty() {
        return sql.to_owned();
    }
    let shadowed: Vec<String> = tables.iter().map(|table| shadowed(table, number)).collect();
    let rest = sql.trim_start();
    let with = rest.get(..5).filter(|start| start.eq_ignore_ascii_case("with ")).map(|_| rest[5..].trim_start());
    match with {
        Some(rest) => format!("WITH {}, {rest}", shadowed.join(", ")),
        None => format!("WITH {} {rest}", shadowed.join(", ")),
    }
}

fn shadowed(table: &Table, number: usize) -> String {
    let columns: Vec<String> = std::iter::once("id").chain(table.columns.iter().map(String::as_str)).map(name).collect();
    let columns = columns.join(", ");
    format!(
        "{own} AS (SELECT {columns} FROM main.{own} WHERE gw_seq <= ?{number} UNION ALL SELECT {columns} FROM main.{shadow} WHERE gw_from <= ?{number} AND gw_to > ?{number})",
        own = name(&table.name),
        shadow = shadow(&table.name)
    )
}
