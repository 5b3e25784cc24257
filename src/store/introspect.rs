//! What a database has: its tables, columns, keys.

use hearthgate_mapping::Schema;
use hearthgate_mapping::schema;
use rusqlite::Connection;
use std::collections::BTreeMap;

/// A table as it stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// It is a view.
    pub view: bool,
    /// Columns in order.
    pub columns: Vec<FoundColumn>,
    /// Column sets that are unique, of columns alone.
    pub uniques: Vec<Vec<String>>,
    /// The columns of every index, in order; `None` for an expression.
    pub indexes: Vec<Vec<Option<String>>>,
    /// Single-column foreign keys: column, table, column there, deletes with it.
    pub foreign_keys: Vec<(String, String, String, bool)>,
}

/// A column as it stands.
#[derive(Clone, Debug)]
pub(crate) struct FoundColumn {
    pub name: String,
    pub kind: String,
    pub generated: bool,
}

impl Found {
    pub(crate) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|c| c.name == column)
    }
}

/// Everything but SQLite's own tables.
pub(crate) fn tables(conn: &Connection) -> rusqlite::Result<BTreeMap<String, Found>> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let mut names =
        conn.prepare("SELECT name, type = 'view' FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'")?;
    let names: Vec<(String, bool)> = names.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (name, view) in names {
        let table = table(conn, &name, view)?;
        found.insert(name, table);
    }
    Ok(found)
}

fn table(conn: &Connection, name: &str, view: bool) -> rusqlite::Result<Found> {
    let mut found = Found { view, ..Found::default() };
    let mut columns = conn.prepare_cached("SELECT name, upper(type), hidden FROM pragma_table_xinfo(?1)")?;
    found.columns = columns
        .query_map([name], |row| Ok(FoundColumn { name: row.get(0)?, kind: row.get(1)?, generated: row.get::<_, i64>(2)? > 1 }))?
        .collect::<Result<_, _>>()?;
    let mut indexes = conn.prepare_cached("SELECT name, \"unique\" FROM pragma_index_list(?1) WHERE name NOT GLOB 'gw_i_*'")?;
    let indexes: Vec<(String, bool)> = indexes.query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (index, unique) in indexes {
        let mut columns = conn.prepare_cached("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
        let columns: Vec<Option<String>> = columns.query_map([index], |row| row.get(0))?.collect::<Result<_, _>>()?;
        if unique && let Some(columns) = columns.iter().cloned().collect::<Option<Vec<String>>>() {
            found.uniques.push(columns);
        }
        found.indexes.push(columns);
    }
    let mut keys = conn.prepare_cached("SELECT id, \"from\", \"table\", coalesce(\"to\", 'id'), on_delete FROM pragma_foreign_key_list(?1)")?;
    let keys: Vec<(i64, String, String, String, String)> =
        keys.query_map([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?.collect::<Result<_, _>>()?;
    for (id, from, to_table, to, on_delete) in &keys {
        if keys.iter().filter(|key| key.0 == *id).count() == 1 {
            found.foreign_keys.push((from.clone(), to_table.clone(), to.clone(), on_delete == "CASCADE"));
        }
    }
    Ok(found)
}

/// The same as the mapping compiler reads it. Columns that `migrate` adds are left out.
pub(crate) fn schema(tables: &BTreeMap<String, Found>) -> Schema {
    let mut out = Schema::default();
    for (name, found) in tables {
        let unique = found.uniques.iter().filter(|columns| columns.len() == 1).flatten().cloned();
        let table = schema::Table {
            view: found.view,
            columns: found
                .columns
                .iter()
                .filter(|c| !crate::dialect::sqlite::columns::is_search_column(&c.name))
                .map(|c| (c.name.clone(), c.kind.clone()))
                .collect(),
            foreign_keys: found.foreign_keys.iter().map(|(from, table, to, _)| (from.clone(), table.clone(), to.clone())).collect(),
            unique: std::iter::once("id".to_owned()).chain(unique).collect(),
        };
        out.tables.insert(name.clone(), table);
    }
    out
}
