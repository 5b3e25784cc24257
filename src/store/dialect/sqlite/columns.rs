//! What stands beside a mapped table: the columns `migrate` adds, generated columns, auxiliary and shadow tables, indexes.

use super::{list, name, shadow};
use crate::shape::Table;

/// A column to be there: its name and the text after it in `ALTER TABLE … ADD COLUMN`.
pub fn added(table: &Table) -> Vec<(String, String)> {
    let mut added =
        vec![("gw_seq".to_owned(), "INTEGER NOT NULL DEFAULT 0".to_owned()), ("gw_unmapped".to_owned(), "TEXT CHECK (gw_unmapped GLOB 'hg1.*')".to_owned())];
    for column in &table.folds {
        added.push((format!("{column}__fold"), "TEXT".to_owned()));
    }
    for blind in &table.blinds {
        added.push((format!("{}__blind", blind.value), "TEXT".to_owned()));
        added.push((format!("{}__sblind", blind.value), "TEXT".to_owned()));
    }
    for column in &table.dates {
        added.push((format!("{column}__lo"), format!("INTEGER AS ({}) VIRTUAL", date_lo(column))));
        added.push((format!("{column}__hi"), format!("INTEGER AS ({}) VIRTUAL", date_hi(column))));
    }
    for column in &table.decimals {
        added.push((format!("{column}__num"), format!("REAL AS (CAST({} AS REAL)) VIRTUAL", name(column))));
    }
    added
}

/// Whether a column is one that `migrate` adds for search, so that history need not keep it.
pub fn is_search_column(column: &str) -> bool {
    ["__fold", "__blind", "__sblind", "__lo", "__hi", "__num"].iter().any(|end| column.ends_with(end))
}

const DAY: &str = "86400000";

/// Milliseconds from 1970 to the start of what a strftime argument says.
fn ms(argument: &str) -> String {
    format!("(CAST(strftime('%s', {argument}) AS INTEGER) * 1000)")
}

/// A calendar day that exists ('+0 days' makes SQLite normalise 30 February away).
fn real_day(column: &str) -> String {
    format!("strftime('%Y-%m-%d', substr({column}, 1, 10), '+0 days') = substr({column}, 1, 10)")
}

/// Where the offset begins, counted from 1: one past the end where there is none.
fn offset_at(c: &str) -> String {
    format!("CASE WHEN {c} GLOB '*Z' THEN length({c}) WHEN {c} GLOB '*[-+][0-9][0-9]:[0-9][0-9]' THEN length({c}) - 5 ELSE length({c}) + 1 END")
}

fn time_lo(c: &str) -> String {
    let offset = format!(
        "CASE WHEN {c} GLOB '*[-+][0-9][0-9]:[0-9][0-9]' THEN (CASE substr({c}, -6, 1) WHEN '-' THEN -1 ELSE 1 END) * (substr({c}, -5, 2) * 60 + substr({c}, -2, 2)) * 60000 ELSE 0 END"
    );
    let seconds = format!("CASE WHEN substr({c}, 17, 1) = ':' THEN substr({c}, 18, 2) * 1000 ELSE 0 END");
    let fraction =
        format!("CASE WHEN substr({c}, 20, 1) = '.' THEN CAST(substr(substr({c}, 21, ({}) - 21) || '00', 1, 3) AS INTEGER) ELSE 0 END", offset_at(c));
    format!("{} + ({seconds}) + ({fraction}) - ({offset})", ms(&format!("substr({c}, 1, 16)")))
}

fn time_width(c: &str) -> String {
    format!(
        "CASE WHEN substr({c}, 17, 1) <> ':' THEN 60000 WHEN substr({c}, 20, 1) <> '.' THEN 1000 ELSE CASE ({}) - 21 WHEN 1 THEN 100 WHEN 2 THEN 10 ELSE 1 END END",
        offset_at(c)
    )
}

const TIME: &str = "'[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]*'";

/// The first millisecond (UTC) of the FHIR date in a column, NULL where it is none.
pub fn date_lo(column: &str) -> String {
    let c = name(column);
    format!(
        "CASE WHEN length({c}) = 4 THEN {year} WHEN length({c}) = 7 THEN {month} WHEN length({c}) = 10 AND {real} THEN {day} WHEN {c} GLOB {TIME} AND {real} THEN {time} END",
        year = ms(&format!("{c} || '-01-01'")),
        month = ms(&format!("{c} || '-01'")),
        day = ms(&c),
        real = real_day(&c),
        time = time_lo(&c)
    )
}

/// The first millisecond (UTC) after the FHIR date in a column; `__lo` stands beside it, and is NULL where it is no date.
pub fn date_hi(column: &str) -> String {
    let (c, lo) = (name(column), name(&format!("{column}__lo")));
    format!(
        "CASE WHEN length({c}) = 4 THEN {year} + {DAY} WHEN {c} = '9999-12' THEN 253402300800000 WHEN length({c}) = 7 THEN {month} WHEN length({c}) = 10 THEN {lo} + {DAY} ELSE {lo} + {width} END",
        year = ms(&format!("{c} || '-12-31'")),
        month = ms(&format!("{c} || '-01', '+1 month'")),
        width = time_width(&c)
    )
}

/// Makes the shadow table: no constraints, so that whatever was stored can be kept. A row's content bears the number since which it
/// held: there is one of each.
pub fn shadow_table(table: &Table) -> String {
    format!("CREATE TABLE {} ({}, PRIMARY KEY (id, gw_from)) WITHOUT ROWID", shadow(&table.name), listed(&table.shadow))
}

/// The auxiliary table of each searched list, and what fills it from the rows that are there: (table name, statements).
pub fn list_tables(table: &Table) -> Vec<(String, Vec<String>)> {
    table
        .lists
        .iter()
        .map(|column| {
            let aux = list(&table.name, &column.column);
            let made = vec![
                format!("CREATE TABLE {aux} (row INTEGER NOT NULL, value TEXT NOT NULL) STRICT"),
                format!("CREATE INDEX {} ON {aux} (value, row)", name(&format!("gw_list_{}_{}__value", table.name, column.column))),
                format!("CREATE INDEX {} ON {aux} (row)", name(&format!("gw_list_{}_{}__row", table.name, column.column))),
            ];
            (format!("gw_list_{}_{}", table.name, column.column), made)
        })
        .collect()
}

/// The indexes of a table and its shadow: (index name, statement). Made where missing, dropped where no longer named.
pub fn indexes(table: &Table) -> Vec<(String, String)> {
    let mut made = Vec::new();
    let shadow = shadow(&table.name);
    for columns in &table.indexes {
        let index = format!("gw_i_{}__{}", table.name, columns.join("__"));
        made.push((index.clone(), format!("CREATE INDEX {} ON {} ({})", name(&index), name(&table.name), listed(columns))));
    }
    if !table.uniques.is_empty() {
        let pending = format!("gw_i_h_{}__pending", table.name);
        made.push((pending.clone(), format!("CREATE INDEX {} ON {shadow} (id) WHERE gw_to IS NULL", name(&pending))));
    }
    for key in &table.keys {
        let index = format!("gw_i_h_{}__{key}", table.name);
        made.push((index.clone(), format!("CREATE INDEX {} ON {shadow} ({}, gw_to)", name(&index), name(key))));
    }
    made
}

fn listed(columns: &[String]) -> String {
    columns.iter().map(|column| name(column)).collect::<Vec<_>>().join(", ")
}
