//! The generated part of the schema: what the mappings want beside the clinic's tables.

use crate::Error;
use crate::derive;
use crate::dialect::sqlite::{columns, fold, name, tables, touch, triggers};
use crate::introspect::{self, Found};
use crate::migrate::digest;
use crate::shape::{Root, Table};
use hearthgate_mapping::source::FOLDS;
use hearthgate_mapping::{Mappings, Plan, PlanKind};
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeMap, HashSet};

/// Raised when what is generated changes in a way that its text does not show.
const GENERATION: i64 = 2;

fn meta(conn: &Connection, key: &str) -> Result<Option<String>, Error> {
    Ok(conn.query_row("SELECT value FROM gw_meta WHERE key = ?1", [key], |row| row.get(0)).optional()?)
}

fn set_meta(conn: &Connection, key: &str, value: &str) -> Result<(), Error> {
    conn.execute("INSERT INTO gw_meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))?;
    Ok(())
}

/// Drops triggers and procedures, and forgets that they stood.
pub(crate) fn drop_generated(conn: &Connection) -> Result<(), Error> {
    let mut found = conn.prepare("SELECT type, name FROM main.sqlite_schema WHERE (type = 'trigger' AND (name GLOB 'gw_t_*' OR name IN ('gw_touch__insert', 'gw_fold__insert', 'gw_begin__insert', 'gw_sync__insert'))) OR (type = 'view' AND (name IN ('gw_touch', 'gw_fold', 'gw_begin', 'gw_sync') OR name GLOB 'gw_[keov]_*')) ORDER BY type")?;
    let found: Vec<(String, String)> = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (kind, object) in found {
        conn.execute_batch(&format!("DROP {kind} IF EXISTS {}", name(&object)))?;
    }
    // Not what it says until it is generated again.
    conn.execute("DELETE FROM gw_meta WHERE key = 'generated'", [])?;
    Ok(())
}

/// The generated part of the tables that were found; answers whether it wrote, and the tables that there are then.
pub(crate) fn generate(conn: &Connection, plans: &[Plan], mut found: BTreeMap<String, Found>, at_ms: i64) -> Result<(bool, BTreeMap<String, Found>), Error> {
    if let Some(stored) = meta(conn, "generation")?
        && stored.parse::<i64>().map_or(true, |stored| stored > GENERATION)
    {
        return Err(Error::Schema("the database was made by a newer program".to_owned()));
    }
    let made = own_tables(conn, &found)?;
    if made {
        found = introspect::tables(conn)?;
    }
    let shapes = derive::shapes(plans, &found);
    let wanted = wanted(plans, &shapes);
    let digest = digest(wanted.iter().map(String::as_str));
    if meta(conn, "generated")?.as_deref() == Some(digest.as_str()) && all_there(conn, &shapes)? {
        return Ok((made, found));
    }
    drop_generated(conn)?;
    let added = add_columns(conn, &shapes, &found)?;
    for shape in shapes.values().filter(|shape| found.contains_key(&shape.name)) {
        beside(conn, shape, &found)?;
    }
    // Of what stands folded already an earlier program may have folded less.
    let folding = crate::migrate::digest(fold::procedure(FOLDS).iter().map(String::as_str));
    let refold = meta(conn, "folds")?.as_deref() != Some(folding.as_str());
    for (table, column) in shapes.values().flat_map(|shape| shape.folds.iter().map(|column| (&shape.name, column))) {
        if refold || added.iter().any(|(to, made)| to == table && made.strip_suffix("__fold") == Some(column)) {
            fill_fold(conn, table, column)?;
        }
    }
    set_meta(conn, "folds", &folding)?;
    remake_indexes(conn, &shapes)?;
    for statement in procedures() {
        conn.execute_batch(&statement)?;
    }
    for statement in shapes.values().flat_map(|shape| triggers::triggers(shape, &shapes)) {
        conn.execute_batch(&statement).map_err(|e| Error::Schema(format!("{e}: {statement}")))?;
    }
    last_in_line(conn, &shapes)?;
    first_versions(conn, plans, &found, at_ms)?;
    set_meta(conn, "generated", &digest)?;
    set_meta(conn, "generation", &GENERATION.to_string())?;
    Ok((true, introspect::tables(conn)?))
}

/// What search finds beyond the columns depends on: if any of it is another than when it was found, all of it is to be made anew.
pub(crate) fn found_by(mappings: &Mappings) -> String {
    let folds = fold::procedure(FOLDS);
    digest([mappings.digest.as_str(), &crate::index::FORM.to_string()].into_iter().chain(folds.iter().map(String::as_str)))
}

/// Makes the gateway's own tables, indexes and columns that are missing; answers whether any were.
fn own_tables(conn: &Connection, found: &BTreeMap<String, Found>) -> Result<bool, Error> {
    let mut indexes = conn.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'index'")?;
    let indexes: HashSet<String> = indexes.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut made = false;
    for statement in tables::TABLES {
        let mut words = statement.split_whitespace();
        let (verb, kind, named) = (words.next(), words.next(), words.next().unwrap_or_default());
        let there = match (verb, kind) {
            (_, Some("INDEX")) => indexes.contains(named),
            _ => found.contains_key(named),
        };
        if !there {
            conn.execute_batch(statement)?;
            made = true;
        }
    }
    for (table, column, rest) in tables::LATER {
        if found.get(*table).is_some_and(|known| !known.has(column)) {
            conn.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column} {rest}"))?;
            made = true;
        }
    }
    Ok(made)
}

fn procedures() -> Vec<String> {
    touch::PROCEDURE.iter().chain(triggers::PROCEDURES).map(|text| (*text).to_owned()).chain(fold::procedure(FOLDS)).collect()
}

/// Whether every trigger stands as it was made: one that someone dropped would leave changes without a version.
fn all_there(conn: &Connection, shapes: &BTreeMap<String, Table>) -> Result<bool, Error> {
    let mut there = conn.prepare("SELECT sql FROM main.sqlite_schema WHERE type IN ('trigger', 'view')")?;
    let there: HashSet<String> = there.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(procedures().iter().chain(&shapes.values().flat_map(|shape| triggers::triggers(shape, shapes)).collect::<Vec<_>>()).all(|text| there.contains(text)))
}

/// Everything that depends on the mappings and the tables, as text.
fn wanted(plans: &[Plan], shapes: &BTreeMap<String, Table>) -> Vec<String> {
    let mut wanted = procedures();
    wanted.push(GENERATION.to_string());
    wanted.extend(plans.iter().filter(|plan| plan.kind != PlanKind::Document).map(|plan| format!("{} {}", plan.name, plan.resource)));
    for shape in shapes.values() {
        wanted.extend(columns::added(shape).into_iter().map(|(column, text)| format!("{column} {text}")));
        wanted.push(columns::shadow_table(shape));
        wanted.extend(columns::indexes(shape).into_iter().map(|(_, text)| text));
        wanted.extend(columns::list_tables(shape).into_iter().flat_map(|(_, text)| text));
        wanted.extend(triggers::triggers(shape, shapes));
    }
    wanted
}

/// Adds the columns that are missing; answers them.
///
/// `ALTER TABLE` reads the whole schema anew for every column, which for a thousand of them takes longer than everything else.
/// So each table is altered alone in memory, and the text that comes out is put in place in one go, as
/// <https://www.sqlite.org/lang_altertable.html#otheralter> describes: columns added at the end change nothing on disk.
fn add_columns(conn: &Connection, shapes: &BTreeMap<String, Table>, found: &BTreeMap<String, Found>) -> Result<Vec<(String, String)>, Error> {
    let mut added = Vec::new();
    let mut texts = Vec::new();
    for shape in shapes.values() {
        let Some(table) = found.get(&shape.name) else { continue };
        let find = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        let text: String = conn.prepare_cached(find)?.query_row([&shape.name], |row| row.get(0))?;
        // A generated column is stored nowhere: one that says it otherwise is put anew.
        let stale = |column: &str, as_it_is: &str| as_it_is.ends_with("VIRTUAL") && !text.contains(&format!("{} {as_it_is}", name(column)));
        let missing: Vec<(String, String)> = columns::added(shape).into_iter().filter(|(column, text)| !table.has(column) || stale(column, text)).collect();
        if missing.is_empty() {
            continue;
        }
        let alone = Connection::open_in_memory()?;
        alone.execute_batch(&text)?;
        // The last first: it may be made of those before.
        for (column, _) in missing.iter().rev().filter(|(column, _)| table.has(column)) {
            alone.execute_batch(&format!("ALTER TABLE {} DROP COLUMN {}", name(&shape.name), name(column)))?;
        }
        for (column, text) in missing {
            alone.execute_batch(&format!("ALTER TABLE {} ADD COLUMN {} {text}", name(&shape.name), name(&column)))?;
            added.push((shape.name.clone(), column));
        }
        texts.push((shape.name.clone(), alone.query_row(find, [&shape.name], |row| row.get::<_, String>(0))?));
    }
    if !texts.is_empty() {
        conn.execute_batch("PRAGMA writable_schema = ON")?;
        let put = texts.iter().try_for_each(|(table, text)| {
            conn.prepare_cached("UPDATE sqlite_schema SET sql = ?2 WHERE type = 'table' AND name = ?1")?.execute((table, text)).map(drop)
        });
        let version: i64 = conn.query_row("PRAGMA schema_version", [], |row| row.get(0))?;
        conn.execute_batch(&format!("PRAGMA schema_version = {}; PRAGMA writable_schema = RESET", version + 1))?;
        put?;
    }
    Ok(added)
}

/// Shadow and auxiliary tables of one table.
fn beside(conn: &Connection, shape: &Table, found: &BTreeMap<String, Found>) -> Result<(), Error> {
    let shadow = crate::dialect::sqlite::shadow(&shape.name);
    match found.get(&format!("gw_h_{}", shape.name)) {
        None => conn.execute_batch(&columns::shadow_table(shape))?,
        Some(known) if derive::is_shadow(known) => {
            for column in shape.shadow.iter().filter(|column| !known.has(column)) {
                conn.execute_batch(&format!("ALTER TABLE {shadow} ADD COLUMN {}", name(column)))?;
            }
        }
        Some(known) => {
            // Laid out as an earlier program did. What was pending never ended, and a change that was none leaves nothing.
            let old = name(&format!("gw_old_{}", shape.name));
            let same: Vec<String> = shape.shadow.iter().filter(|column| known.has(column)).map(|column| name(column)).collect();
            let (same, made) = (same.join(", "), columns::shadow_table(shape));
            let (before, after) = match is_empty(conn, &format!("gw_h_{}", shape.name))? {
                true => (String::new(), String::new()),
                // Renaming reads the whole schema anew.
                false => (
                    format!("CREATE TABLE {old} AS SELECT {same} FROM {shadow} WHERE gw_to > gw_from;"),
                    format!("INSERT OR IGNORE INTO {shadow} ({same}) SELECT {same} FROM {old} ORDER BY id, gw_from, gw_to; DROP TABLE {old};"),
                ),
            };
            conn.execute_batch(&format!("{before} DROP TABLE {shadow}; {made}; {after}"))?;
        }
    }
    for (aux, statements) in columns::list_tables(shape) {
        if found.contains_key(&aux) {
            continue;
        }
        for statement in statements {
            conn.execute_batch(&statement)?;
        }
    }
    for list in &shape.lists {
        fill_list(conn, &shape.name, &list.column, list.folded)?;
    }
    Ok(())
}

fn is_empty(conn: &Connection, table: &str) -> Result<bool, Error> {
    Ok(conn.query_row(&format!("SELECT NOT EXISTS (SELECT 1 FROM {})", name(table)), [], |row| row.get(0))?)
}

/// Folds what is there already, in the same steps as the triggers.
fn fill_fold(conn: &Connection, table: &str, column: &str) -> Result<(), Error> {
    if is_empty(conn, table)? {
        return Ok(());
    }
    let (own, column, fold) = (name(table), name(column), name(&format!("{column}__fold")));
    conn.execute_batch(&format!("UPDATE {own} SET {fold} = lower({column}) WHERE {column} IS NOT NULL"))?;
    for chain in fold::chains(FOLDS, &fold) {
        conn.execute_batch(&format!("UPDATE {own} SET {fold} = {chain} WHERE {}", fold::beyond_ascii(&fold)))?;
    }
    Ok(())
}

fn fill_list(conn: &Connection, table: &str, column: &str, folded: bool) -> Result<(), Error> {
    if is_empty(conn, table)? {
        return Ok(());
    }
    let aux = crate::dialect::sqlite::list(table, column);
    let (own, column) = (name(table), name(column));
    let value = if folded { "lower(j.value)" } else { "j.value" };
    conn.execute_batch(&format!(
        "DELETE FROM {aux}; INSERT INTO {aux} (row, value) SELECT t.id, {value} FROM {own} t, json_each(CASE WHEN json_valid(t.{column}) THEN t.{column} ELSE '[]' END) j WHERE j.type = 'text'"
    ))?;
    if folded {
        for chain in fold::chains(FOLDS, "value") {
            conn.execute_batch(&format!("UPDATE {aux} SET value = {chain} WHERE {}", fold::beyond_ascii("value")))?;
        }
    }
    Ok(())
}

fn remake_indexes(conn: &Connection, shapes: &BTreeMap<String, Table>) -> Result<(), Error> {
    let mut there = conn.prepare("SELECT name, sql FROM main.sqlite_schema WHERE type = 'index' AND name GLOB 'gw_i_*'")?;
    let mut there: BTreeMap<String, String> = there.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (index, text) in shapes.values().flat_map(columns::indexes) {
        match there.remove(&index) {
            Some(known) if known == text => {}
            Some(_) => conn.execute_batch(&format!("DROP INDEX {}; {text}", name(&index)))?,
            None => conn.execute_batch(&text).map_err(|e| Error::Schema(format!("{e}: {text}")))?,
        }
    }
    for index in there.keys() {
        conn.execute_batch(&format!("DROP INDEX {}", name(index)))?;
    }
    Ok(())
}

/// Makes the clinic's own triggers on mapped tables anew: SQLite runs the newest trigger first, and ours must note the
/// number of changes after theirs.
fn last_in_line(conn: &Connection, shapes: &BTreeMap<String, Table>) -> Result<(), Error> {
    let mut own = conn.prepare("SELECT name, sql, tbl_name FROM main.sqlite_schema WHERE type = 'trigger' AND name NOT GLOB 'gw_*' ORDER BY rowid")?;
    let own: Vec<(String, String, String)> = own.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
    for (trigger, text, _) in own.iter().filter(|(_, _, table)| shapes.contains_key(table)) {
        conn.execute_batch(&format!("DROP TRIGGER {}; {text}", name(trigger)))?;
    }
    Ok(())
}

/// Version 1 for every row of a table mapped for the first time, as from outside. Their rows keep sequence number 0: they were always so.
fn first_versions(conn: &Connection, plans: &[Plan], found: &BTreeMap<String, Found>, at_ms: i64) -> Result<(), Error> {
    conn.execute(
        "UPDATE gw_context SET own = 0, claim = 0, tx = tx + 1, base = (SELECT coalesce(max(seq), 0) + 1 FROM gw_versions), at = ?1, actor = NULL, client = NULL",
        [at_ms],
    )?;
    for plan in plans {
        let table = &plan.table.table;
        if plan.kind == PlanKind::Document || !found.get(table).is_some_and(|t| t.has("id")) {
            continue;
        }
        let filter: Vec<(String, String)> = plan.table.filter.iter().map(|(column, value)| (column.clone(), derive::sql_literal(value))).collect();
        let root = match &plan.kind {
            PlanKind::Group { column, table: to } => {
                Root::Group { gathered: table.clone(), column: column.clone(), table: to.clone(), id: plan.id_column.clone() }
            }
            _ => Root::Row { id: plan.id_column.clone() },
        };
        let mut rows = touch::filter("r", &filter);
        let (id, from) = match &root {
            Root::Group { column, table: to, id, .. } => {
                let some = std::iter::once(format!("r.{} = t.id", name(column))).chain(rows.drain(..)).collect::<Vec<_>>().join(" AND ");
                rows.push(format!("EXISTS (SELECT 1 FROM {} r WHERE {some})", name(table)));
                (id.clone(), format!("{} t", name(to)))
            }
            _ => {
                rows = touch::filter("t", &filter);
                (plan.id_column.clone(), format!("{} t", name(table)))
            }
        };
        rows.push("1".to_owned());
        // A renamed plan keeps its resources.
        conn.execute(
            &format!(
                "UPDATE gw_resources SET plan = ?1 WHERE type = ?2 AND plan <> ?1 AND deleted = 0 AND id IN (SELECT t.{} FROM {from} WHERE {})",
                name(&id),
                rows.join(" AND ")
            ),
            (&plan.name, plan.resource),
        )?;
        conn.execute(
            &format!(
                "INSERT INTO gw_touch (type, id, plan, row, live) SELECT ?1, t.{id}, ?2, t.id, 1 FROM {from} WHERE {} AND NOT EXISTS (SELECT 1 FROM gw_resources o WHERE o.type = ?1 AND o.id = t.{id} AND o.deleted = 0) ORDER BY t.id",
                rows.join(" AND "),
                id = name(&id)
            ),
            (plan.resource, &plan.name),
        )?;
    }
    conn.execute("UPDATE gw_context SET stamp = NULL", [])?;
    Ok(())
}
