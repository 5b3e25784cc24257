//! The clinic's own triggers, as far as the writer must know of them.
//!
//! Whoever writes the tables of a resource that have none that write knows of every row that changes. Where there are some, others may
//! change with it: then the triggers that keep history see to all of it, as for a program outside.

use crate::Error;
use crate::migrate::MIGRATIONS;
use rusqlite::Connection;
use std::collections::HashSet;

/// The tables with a trigger that writes and is not the schema's own: what those of `migrations/` do, the writer knows.
pub(super) fn triggered(conn: &Connection) -> Result<HashSet<String>, Error> {
    let mut find = conn.prepare("SELECT tbl_name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND name NOT GLOB 'gw_*'")?;
    let found = find.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut tables = HashSet::new();
    for row in found {
        let (table, text) = row?;
        if writes(&text) && !MIGRATIONS.iter().any(|(_, migration)| migration.contains(&text)) {
            tables.insert(table);
        }
    }
    Ok(tables)
}

/// How many triggers keep what other programs write.
pub(super) fn keeping_history(conn: &Connection) -> Result<i64, Error> {
    let count = "SELECT count(*) FROM main.sqlite_schema WHERE type = 'trigger' AND name GLOB 'gw_*' AND tbl_name NOT GLOB 'gw_*'";
    Ok(conn.query_row(count, [], |row| row.get(0))?)
}

/// Whether a trigger's body holds a word that writing needs.
fn writes(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is = |word: &str, one: &str| word.eq_ignore_ascii_case(one);
    // `INSTEAD OF UPDATE` and the like stand before the body.
    words.any(|word| is(word, "BEGIN")) && words.any(|word| ["INSERT", "UPDATE", "DELETE", "REPLACE"].iter().any(|verb| is(word, verb)))
}
