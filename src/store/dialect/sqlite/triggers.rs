//! The triggers that keep history, whoever writes: two for each of insert, update and delete on every mapped table, and
//! beside them two procedures (views with an INSTEAD OF trigger) that hold what the six have in common, because every
//! connection parses all of this text.
//!
//! **One version a statement.** A BEFORE trigger decides (`gw_begin`) whether a new foreign statement has begun:
//! `julianday('now')` is constant within a statement, and `total_changes()` stands where the last trigger left it, because a
//! statement's own rows are counted only at its end. So every trigger ends by noting the total. AFTER triggers never decide:
//! their BEFORE trigger ran in the same statement. While `hold` is set, a row is being written that may replace others, whose
//! children the engine may be deleting: deletes then belong to the same statement whatever the total.
//!
//! **Superseded rows.** A BEFORE trigger copies the row (`gw_k_<table>`), and the rows that `OR REPLACE` may remove, which fires
//! no delete trigger by default, to the shadow table as *pending* (`gw_to IS NULL`); the AFTER trigger finishes them with the
//! sequence number from which they no longer held, the next trigger drops leftovers. A row changed twice in one transaction
//! leaves one.
//!
//! **Versions.** An AFTER trigger raises (`gw_e_<table>`) those of the resources whose rows they were and are. The gateway's
//! writer (`claim = 1`) numbers rows and raises versions itself; the triggers then only keep superseded rows.
//!
//! **Known limits.** `INSERT OR REPLACE` counts as a change though it put the same values back. A statement over several rows of
//! one resource makes more than one version where other triggers or cascades write tables that no mapping names in between.
//! Rows replaced by way of a unique index on expressions are not seen going. A sealed, searched value that was changed from
//! outside loses its marks until the gateway has made them anew (`gw_stale`). A program that writes needs SQLite 3.38 (JSON, generated columns).

use super::fold::beyond_ascii;
use super::touch::{Life, filter, gathers, touch, touch_group};
use super::{list, name, shadow};
use crate::shape::{Owner, Root, Table};

const SYNC: &str = "UPDATE gw_context SET total = total_changes() + 1 WHERE own = 0;\n";
const RELEASE: &str = "UPDATE gw_context SET total = total_changes() + 1, hold = 0 WHERE own = 0;\n";
const UNCLAIMED: &str = "(SELECT claim FROM gw_context) = 0";

/// Begins a new foreign transaction number unless the statement is the one already known; a delete (1) honours `hold`.
pub const BEGIN: &[&str] = &[
    "CREATE VIEW gw_begin (deletes) AS SELECT 0 WHERE 0",
    "CREATE TRIGGER gw_begin__insert INSTEAD OF INSERT ON gw_begin BEGIN
UPDATE gw_context SET tx = tx + 1, base = (SELECT coalesce(max(seq), 0) + 1 FROM gw_versions),
 at = CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER), actor = NULL, client = NULL,
 stamp = julianday('now'), hold = 0, total = total_changes() + 1
 WHERE own = 0 AND NOT (stamp IS julianday('now') AND (total IS total_changes() OR (NEW.deletes AND hold = 1)));
END",
];

fn columns(table: &Table) -> Vec<String> {
    std::iter::once("id".to_owned()).chain(table.columns.iter().cloned()).collect()
}

fn listed(columns: &[String], alias: &str) -> String {
    columns.iter().map(|column| format!("{alias}{}", name(column))).collect::<Vec<_>>().join(", ")
}

/// Some of the columns changed.
fn differs(columns: &[String]) -> String {
    match columns {
        [] => "0".to_owned(),
        [one] => format!("NEW.{0} IS NOT OLD.{0}", name(one)),
        many => format!("({}) IS NOT ({})", listed(many, "NEW."), listed(many, "OLD.")),
    }
}

/// The name of a procedure of a table's, quoted.
fn procedure(kind: &str, table: &Table) -> String {
    name(&format!("gw_{kind}_{}", table.name))
}

/// Copies a row to the shadow table, pending.
fn keep(table: &Table) -> [String; 2] {
    let (view, shadow, all) = (procedure("k", table), shadow(&table.name), columns(table));
    [
        format!("CREATE VIEW {view} (id) AS SELECT 0 WHERE 0"),
        format!(
            "CREATE TRIGGER {trigger} INSTEAD OF INSERT ON {view} BEGIN
DELETE FROM {shadow} WHERE gw_to IS NULL AND id = NEW.id;
INSERT INTO {shadow} ({cols}, gw_from) SELECT {cols}, gw_seq FROM {own} WHERE id = NEW.id;
END",
            trigger = name(&format!("gw_t_{}__keep", table.name)),
            cols = listed(&all, ""),
            own = name(&table.name)
        ),
    ]
}

/// Raises what the pending rows and the row `id` (NULL after a delete) belong to, where `touch` says that it matters; then numbers
/// the row and fills its search columns. Runs for writers other than the gateway's.
fn end(table: &Table) -> [String; 2] {
    let (view, shadow, own) = (procedure("e", table), shadow(&table.name), name(&table.name));
    // After a delete nothing is compared with NEW.id: rows of a statement at work may be pending beside the one that is gone.
    let mut body = format!("DELETE FROM {shadow} WHERE gw_to IS NULL AND id <> NEW.id AND EXISTS (SELECT 1 FROM {own} t WHERE t.id = {shadow}.id);\n");
    for (child, on) in &table.cascades {
        body.push_str(&format!("DELETE FROM {} WHERE {} IN (SELECT id FROM {shadow} WHERE gw_to IS NULL AND id <> NEW.id);\n", name(child), name(on)));
    }
    // What ends before what begins, so that a row moving from one plan to another is one change.
    let was = format!("{shadow} h");
    for owner in &table.owners {
        let mut conditions = vec!["NEW.touch AND h.gw_to IS NULL".to_owned()];
        let life = match (owner.up.first(), &owner.root) {
            (None, Root::Row { .. } | Root::Document) => {
                conditions.push(not_living(owner, &own));
                Life::Dead
            }
            (None, Root::Group { .. }) => {
                conditions.extend(gathered(owner, "h"));
                Life::Live
            }
            (Some((on, _)), _) => {
                conditions.push(format!("h.{0} IS NOT (SELECT t.{0} FROM {own} t WHERE t.id = NEW.id)", name(on)));
                Life::Live
            }
        };
        body.push_str(&touch(owner, "h", Some(&was), &conditions, life));
    }
    for group in &table.groups {
        let id = name(&group.id);
        let gone = ["h.gw_to IS NULL".to_owned(), format!("NOT EXISTS (SELECT 1 FROM {own} t WHERE t.{id} = h.{id})")];
        body.push_str(&touch_group(group, "h", &was, &gone, Life::Dead));
    }
    let is = format!("{own} n");
    for owner in &table.owners {
        let conditions: Vec<String> = std::iter::once("NEW.touch AND n.id = NEW.id".to_owned()).chain(gathered(owner, "n")).collect();
        body.push_str(&touch(owner, "n", Some(&is), &conditions, Life::Live));
    }
    for group in &table.groups {
        body.push_str(&touch_group(group, "n", &is, &["n.id = NEW.id".to_owned()], Life::Live));
    }
    for referrer in &table.referrers {
        let rows = format!(
            "n.{} IN (SELECT h.id FROM {shadow} h WHERE h.gw_to IS NULL AND NOT EXISTS (SELECT 1 FROM {own} t WHERE t.id = h.id AND t.{id} IS h.{id}))",
            name(&referrer.column),
            id = name(&referrer.public_id)
        );
        body.push_str(&touch(&referrer.owner, "n", Some(&format!("{} n", name(&referrer.table))), &[rows], Life::Live));
    }
    fill(table, &own, &shadow, &mut body);
    [
        format!("CREATE VIEW {view} (id, touch) AS SELECT 0, 0 WHERE 0"),
        format!("CREATE TRIGGER {} INSTEAD OF INSERT ON {view} BEGIN\n{body}END", name(&format!("gw_t_{}__end", table.name))),
    ]
}

/// The condition that a gathered row is one that counts.
fn gathered(owner: &Owner, alias: &str) -> Vec<String> {
    if gathers(owner) { filter(alias, &owner.filter) } else { Vec::new() }
}

/// No row bears the resource of the pending row `h` any more.
fn not_living(owner: &Owner, own: &str) -> String {
    let mut same = match &owner.root {
        Root::Row { id } => vec![format!("t.{0} = h.{0}", name(id))],
        _ => vec!["t.type = h.type AND t.public_id = h.public_id".to_owned()],
    };
    same.extend(filter("t", &owner.filter));
    format!("NOT EXISTS (SELECT 1 FROM {own} t WHERE {})", same.join(" AND "))
}

/// The row's number, and the search columns that no generated column can give.
fn fill(table: &Table, own: &str, shadow: &str, body: &mut String) {
    let folds: String = table.folds.iter().map(|column| format!(", {} = lower({})", name(&format!("{column}__fold")), name(column))).collect();
    body.push_str(&format!("UPDATE {own} SET gw_seq = (SELECT base FROM gw_context){folds} WHERE id = NEW.id;\n"));
    for column in &table.folds {
        let (text, fold) = (name(column), name(&format!("{column}__fold")));
        let beyond = beyond_ascii(&text);
        body.push_str(&format!("INSERT INTO gw_fold SELECT {text} FROM {own} WHERE id = NEW.id AND {beyond};\n"));
        body.push_str(&format!("UPDATE {own} SET {fold} = (SELECT text FROM gw_folded) WHERE id = NEW.id AND {beyond};\n"));
    }
    for column in &table.lists {
        let (text, aux) = (name(&column.column), list(&table.name, &column.column));
        body.push_str(&format!("DELETE FROM {aux} WHERE row = NEW.id OR row IN (SELECT id FROM {shadow} WHERE gw_to IS NULL);\n"));
        let mut value = format!("n.{text}");
        if column.folded {
            body.push_str(&format!("INSERT INTO gw_fold SELECT {text} FROM {own} WHERE id = NEW.id AND {text} IS NOT NULL;\n"));
            value = "(SELECT text FROM gw_folded)".to_owned();
        }
        body.push_str(&format!(
            "INSERT INTO {aux} SELECT n.id, j.value FROM {own} n, json_each(CASE WHEN json_valid({value}) THEN {value} ELSE '[]' END) j WHERE n.id = NEW.id AND n.{text} IS NOT NULL AND j.type = 'text';\n"
        ));
    }
    for blind in &table.blinds {
        // Only the gateway holds the key: a value changed from outside is not found until the gateway marks it (`gw_stale`). A changed system takes
        // the mark of both with it; the value's own mark stays true.
        let read = std::iter::once((&blind.value, true)).chain(blind.system.iter().map(|system| (system, false)));
        for (changed, of_value) in read {
            let mark = if of_value { format!("{} = NULL, ", name(&format!("{}__blind", blind.value))) } else { String::new() };
            body.push_str(&format!(
                "UPDATE {own} SET {mark}{} = NULL WHERE id = NEW.id AND (SELECT own FROM gw_context) = 0 AND EXISTS (SELECT 1 FROM {shadow} h WHERE h.gw_to IS NULL AND h.id = NEW.id AND h.{changed} IS NOT {own}.{changed});\n",
                name(&format!("{}__sblind", blind.value)),
                changed = name(changed)
            ));
        }
    }
}

/// A trigger's text.
fn trigger(table: &Table, when: &str, of: &str, condition: &str, body: &str) -> String {
    let suffix = when.to_lowercase().replace(' ', "_");
    let condition = if condition.is_empty() { String::new() } else { format!(" WHEN {condition}") };
    format!("CREATE TRIGGER {} {when}{of} ON {}{condition} BEGIN\n{body}END", name(&format!("gw_t_{}__{suffix}", table.name)), name(&table.name))
}

/// The condition of the rows that the new row conflicts with.
fn conflicting(table: &Table) -> String {
    let mut keys = vec!["id = NEW.id".to_owned()];
    for unique in &table.uniques {
        keys.push(unique.iter().map(|column| format!("{0} = NEW.{0}", name(column))).collect::<Vec<_>>().join(" AND "));
    }
    keys.join(" OR ")
}

/// Gives the pending rows that hold no more their end; `rows` says which.
fn finish(table: &Table, rows: &str) -> String {
    let shadow = shadow(&table.name);
    format!(
        "DELETE FROM {shadow} WHERE gw_to IS NULL{rows} AND gw_from >= (SELECT base FROM gw_context);\nUPDATE {shadow} SET gw_to = (SELECT base FROM gw_context) WHERE gw_to IS NULL{rows};\n"
    )
}

fn insert(table: &Table) -> [String; 2] {
    let (shadow, own) = (shadow(&table.name), name(&table.name));
    let before = format!(
        "INSERT INTO gw_begin VALUES (0);
DELETE FROM {shadow} WHERE gw_to IS NULL;
INSERT INTO {} SELECT id FROM {own} WHERE {};
UPDATE gw_context SET hold = EXISTS (SELECT 1 FROM {shadow} WHERE gw_to IS NULL), total = total_changes() + 1 WHERE own = 0;\n",
        procedure("k", table),
        conflicting(table)
    );
    let after = format!("INSERT INTO {} VALUES (NEW.id, 1);\n{}{RELEASE}", procedure("e", table), finish(table, ""));
    [trigger(table, "BEFORE INSERT", "", UNCLAIMED, &before), trigger(table, "AFTER INSERT", "", UNCLAIMED, &after)]
}

fn update(table: &Table) -> [String; 2] {
    let all = columns(table);
    let (shadow, own) = (shadow(&table.name), name(&table.name));
    let of = format!(" OF {}", listed(&all, ""));
    let before = format!(
        "INSERT INTO gw_begin VALUES (0);
DELETE FROM {shadow} WHERE gw_to IS NULL;
INSERT INTO {} SELECT id FROM {own} WHERE {} OR id = OLD.id;
UPDATE gw_context SET hold = EXISTS (SELECT 1 FROM {shadow} WHERE gw_to IS NULL AND id <> OLD.id), total = total_changes() + 1 WHERE own = 0;\n",
        procedure("k", table),
        conflicting(table)
    );
    let after = format!(
        "INSERT INTO {} SELECT NEW.id, {} OR EXISTS (SELECT 1 FROM {shadow} WHERE gw_to IS NULL AND id <> OLD.id) WHERE {UNCLAIMED};\n{}{RELEASE}",
        procedure("e", table),
        matters(table, &all),
        finish(table, "")
    );
    [trigger(table, "BEFORE UPDATE", &of, "", &before), trigger(table, "AFTER UPDATE", &of, &differs(&all), &after)]
}

/// Whether a change is one of columns that some resource shows.
fn matters(table: &Table, all: &[String]) -> String {
    let mut read: Vec<String> = Vec::new();
    for owner in &table.owners {
        let Some(reads) = &owner.reads else { return "1".to_owned() };
        read.extend(reads.iter().cloned());
    }
    // Of a table that only others show, its public ids.
    read.extend(table.referrers.iter().map(|referrer| referrer.public_id.clone()));
    let read: Vec<String> = all.iter().filter(|column| read.contains(column)).cloned().collect();
    if read.len() == all.len() { "1".to_owned() } else { differs(&read) }
}

fn delete(table: &Table) -> [String; 2] {
    let mut before = format!("INSERT INTO gw_begin VALUES (1);\nINSERT INTO {} VALUES (OLD.id);\n", procedure("k", table));
    for (child, on) in &table.cascades {
        before.push_str(SYNC);
        before.push_str(&format!("DELETE FROM {} WHERE {} = OLD.id;\n", name(child), name(on)));
    }
    before.push_str(SYNC);
    let mut after = format!("INSERT INTO {} SELECT NULL, 1 WHERE {UNCLAIMED};\n{}", procedure("e", table), finish(table, " AND id = OLD.id"));
    for column in &table.lists {
        after.push_str(&format!("DELETE FROM {} WHERE row = OLD.id;\n", list(&table.name, &column.column)));
    }
    after.push_str(SYNC);
    [trigger(table, "BEFORE DELETE", "", "", &before), trigger(table, "AFTER DELETE", "", "", &after)]
}

/// All views and triggers of a table, in an order in which they can be made.
pub fn triggers(table: &Table) -> Vec<String> {
    [keep(table), end(table), insert(table), update(table), delete(table)].concat()
}
