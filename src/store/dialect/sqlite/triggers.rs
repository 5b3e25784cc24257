//! The triggers that keep history, whoever writes: two for each of insert, update and delete on every mapped table. Every connection
//! parses all of this text and keeps it, so what tables have in common stands once: in procedures of the database (views with an
//! INSTEAD OF trigger: `gw_begin`, `gw_sync`, `gw_touch`) and in one view of each table, `gw_v_<table>`, which names its columns once
//! and is its procedure, too.
//!
//! **One version a statement.** A BEFORE trigger decides (`gw_begin`) whether a new foreign statement has begun:
//! `julianday('now')` is constant within a statement, and `total_changes()` stands where the last trigger left it, because a
//! statement's own rows are counted only at its end. So every trigger ends by noting the total (`gw_sync`). AFTER triggers never
//! decide: their BEFORE trigger ran in the same statement. While `hold` is set, a row is being written that may replace others, whose
//! children the engine may be deleting: deletes then belong to the same statement whatever the total.
//!
//! **Superseded rows.** `gw_v_<table>` answers the rows as they would be superseded now, but for those that this transaction wrote.
//! A BEFORE trigger copies the row, and the rows that `OR REPLACE` may remove, which fires no delete trigger by default, to the shadow
//! table: the gateway's own write ends them at once, any other leaves them *pending* (`gw_to IS NULL`) until the AFTER trigger
//! ends them with the sequence number from which they no longer held. What was copied already is the truer image: a trigger of the
//! clinic's may change the same row within the statement. What stays pending is the row as it is, and waits for its next change.
//!
//! **Versions.** An AFTER trigger ends a row's change (`INSERT INTO gw_v_<table> (id)`): that raises the versions of the resources
//! whose row it was and is. The gateway's writer (`claim = 1`) numbers rows and raises versions itself.
//!
//! **Sealed values** are bound to the public id of the resource they stand in, those of a child table to the row's number as well: a
//! change of either, or of the row above, that would leave them unreadable is refused.
//!
//! **Known limits.** `INSERT OR REPLACE` counts as a change though it put the same values back. A statement over several rows of
//! one resource makes more than one version where other triggers or cascades write tables that no mapping names in between.
//! Rows replaced by way of a unique index on expressions are not seen going. A sealed, searched value that was changed from
//! outside loses its marks until the gateway has made them anew (`gw_stale`). A program that writes needs SQLite 3.38 (JSON, generated columns).

use super::touch::{Life, filter, gathers, ownership, touch, touch_by, touch_group};
use super::{list, name, shadow};
use crate::shape::{Owner, Root, Table};
use std::collections::BTreeMap;

const SYNC: &str = "INSERT INTO gw_sync VALUES (NULL);\n";
const BASE: &str = "(SELECT base FROM gw_context)";
const UNCLAIMED: &str = "(SELECT claim FROM gw_context) = 0";

/// What all tables share. `gw_begin` begins a new foreign transaction number unless the statement is the one already known; a delete
/// (1) honours `hold`. `gw_sync` notes the number of changes, and `hold` where it is given.
pub const PROCEDURES: &[&str] = &[
    "CREATE VIEW gw_begin (deletes) AS SELECT 0 WHERE 0",
    "CREATE TRIGGER gw_begin__insert INSTEAD OF INSERT ON gw_begin BEGIN
UPDATE gw_context SET tx = tx + 1, base = (SELECT coalesce(max(seq), 0) + 1 FROM gw_versions),
 at = CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER), actor = NULL, client = NULL,
 stamp = julianday('now'), hold = 0, total = total_changes() + 1
 WHERE own = 0 AND NOT (stamp IS julianday('now') AND (total IS total_changes() OR (NEW.deletes AND hold = 1)));
END",
    "CREATE VIEW gw_sync (hold) AS SELECT 0 WHERE 0",
    "CREATE TRIGGER gw_sync__insert INSTEAD OF INSERT ON gw_sync BEGIN
UPDATE gw_context SET total = total_changes() + 1, hold = coalesce(NEW.hold, hold) WHERE own = 0;
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

/// The name of the table's view, quoted.
fn view(table: &Table) -> String {
    name(&format!("gw_v_{}", table.name))
}

/// The rows as the shadow table would hold them.
fn rows(table: &Table) -> String {
    let column = |column: &String| match column.as_str() {
        "gw_from" => "gw_seq AS gw_from".to_owned(),
        "gw_to" => "(SELECT base FROM gw_context WHERE claim) AS gw_to".to_owned(),
        known if known == "id" || table.columns.contains(column) => name(known),
        // A column that the table lost.
        lost => format!("NULL AS {}", name(lost)),
    };
    let columns: Vec<String> = table.shadow.iter().map(column).collect();
    format!("CREATE VIEW {} AS SELECT {} FROM {} WHERE gw_seq < {BASE}", view(table), columns.join(", "), name(&table.name))
}

/// The procedures of a table's view, told apart by what is inserted as `gw_to`: 0 or 1 before a row is written or deleted, 2 to take
/// its children along, nothing to end its change.
fn procedure(table: &Table, suffix: &str, condition: &str, body: &str) -> String {
    format!("CREATE TRIGGER {} INSTEAD OF INSERT ON {} WHEN {condition} BEGIN\n{body}END", name(&format!("gw_t_{}__{suffix}", table.name)), view(table))
}

/// Copies a row to the shadow table.
fn keep(table: &Table) -> String {
    let (shadow, view) = (shadow(&table.name), view(table));
    let body = format!(
        "INSERT INTO gw_begin VALUES (NEW.gw_to);\nINSERT INTO {shadow} SELECT * FROM {view} WHERE id = NEW.id ON CONFLICT DO UPDATE SET gw_to = excluded.gw_to;\n{SYNC}"
    );
    procedure(table, "keep", "NEW.gw_to < 2", &body)
}

/// Takes along the children of a row that goes, also where foreign keys are off.
fn cascade(table: &Table) -> Option<String> {
    let children: String = table.cascades.iter().map(|(child, on)| format!("DELETE FROM {} WHERE {} = NEW.id;\n{SYNC}", name(child), name(on))).collect();
    (!children.is_empty()).then(|| procedure(table, "cascade", "NEW.gw_to = 2", &children))
}

/// Ends the change of the row `NEW.id`, which is there or gone: raises what it belonged and belongs to, numbers it and fills its
/// search columns, and ends what is pending of it.
fn end(table: &Table) -> String {
    let (shadow, own) = (shadow(&table.name), name(&table.name));
    let (was, is) = (format!("{shadow} h"), format!("{own} n"));
    let pending = ["h.id = NEW.id".to_owned(), "h.gw_to IS NULL".to_owned()];
    let mut body = String::new();
    // What ends before what begins, so that a row moving from one plan to another is one change.
    for owner in &table.owners {
        let mut conditions = pending.to_vec();
        let life = match (owner.up.first(), &owner.root) {
            (None, Root::Row { .. } | Root::Document) => {
                conditions.push(not_living(owner, &own));
                Life::Dead
            }
            (None, Root::Group { .. }) => {
                conditions.extend(gathered(owner, "h"));
                Life::Live
            }
            (Some(_), _) if owner.above.is_some() => continue,
            (Some((on, _)), _) => {
                conditions.push(format!("h.{0} IS NOT (SELECT t.{0} FROM {own} t WHERE t.id = NEW.id)", name(on)));
                Life::Live
            }
        };
        body.push_str(&touch(owner, "h", &was, &conditions, life));
    }
    for group in &table.groups {
        let id = name(&group.id);
        let gone = [pending.to_vec(), vec![format!("NOT EXISTS (SELECT 1 FROM {own} t WHERE t.{id} = h.{id})")]].concat();
        body.push_str(&touch_group(group, "h", &was, &gone, Life::Dead));
    }
    let here = ["n.id = NEW.id".to_owned()];
    for owner in &table.owners {
        match (&owner.above, owner.up.first()) {
            (Some(above), Some((on, _))) => {
                let on = name(on);
                let rows = format!("SELECT {on} FROM {own} WHERE id = NEW.id UNION ALL SELECT {on} FROM {shadow} WHERE id = NEW.id AND gw_to IS NULL");
                body.push_str(&touch_by(above, &rows));
            }
            _ => body.push_str(&touch(owner, "n", &is, &[&here[..], &gathered(owner, "n")].concat(), Life::Live)),
        }
    }
    for group in &table.groups {
        body.push_str(&touch_group(group, "n", &is, &here, Life::Live));
    }
    fill(table, &own, &shadow, &mut body);
    body.push_str(&format!("UPDATE {shadow} SET gw_to = {BASE} WHERE id = NEW.id AND gw_to IS NULL;\n{SYNC}"));
    procedure(table, "end", "NEW.gw_to IS NULL", &body)
}

/// Raises the resources that show the public id of a row that has another now, or is gone. Made after [`end`], and so run before it:
/// the newest trigger is the first.
fn refer(table: &Table) -> Vec<String> {
    let mut ids: Vec<&String> = table.referrers.iter().map(|referrer| &referrer.public_id).collect();
    ids.sort();
    ids.dedup();
    let mut made = Vec::new();
    for id in ids {
        let mut body = String::new();
        for referrer in table.referrers.iter().filter(|referrer| referrer.public_id == *id) {
            let (from, column, owner) = (name(&referrer.table), name(&referrer.column), &referrer.owner);
            body.push_str(&match (&owner.above, owner.up.first()) {
                (Some(above), Some((on, _))) => touch_by(above, &format!("SELECT {} FROM {from} WHERE {column} = NEW.id", name(on))),
                _ => touch(owner, "n", &format!("{from} n"), &[format!("n.{column} = NEW.id")], Life::Live),
            });
        }
        let column = name(id);
        let (shadow, own) = (shadow(&table.name), name(&table.name));
        let gone = format!(
            "NEW.gw_to IS NULL AND EXISTS (SELECT 1 FROM {shadow} h WHERE h.id = NEW.id AND h.gw_to IS NULL AND NOT EXISTS (SELECT 1 FROM {own} t WHERE t.id = h.id AND t.{column} IS h.{column}))"
        );
        made.push(procedure(table, &format!("refer_{id}"), &gone, &body));
    }
    made
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
    if table.folds.is_empty() {
        body.push_str(&format!("UPDATE {own} SET gw_seq = {BASE} WHERE id = NEW.id;\n"));
    } else {
        // All of a row's texts are folded as one.
        body.push_str(&format!("INSERT INTO gw_fold SELECT json_array({}) FROM {own} WHERE id = NEW.id;\n", listed(&table.folds, "")));
        let fold = |(at, column): (usize, &String)| format!(", {} = f.text ->> {at}", name(&format!("{column}__fold")));
        let folds: String = table.folds.iter().enumerate().map(fold).collect();
        body.push_str(&format!("UPDATE {own} SET gw_seq = {BASE}{folds} FROM gw_folded f WHERE id = NEW.id;\n"));
    }
    for column in &table.lists {
        let (text, aux) = (name(&column.column), list(&table.name, &column.column));
        body.push_str(&format!("DELETE FROM {aux} WHERE row = NEW.id;\n"));
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

/// Notes whether rows are about to be replaced whose children go with them.
fn hold(table: &Table, besides: &str) -> String {
    if table.cascades.is_empty() {
        return String::new();
    }
    format!("INSERT INTO gw_sync VALUES (EXISTS (SELECT 1 FROM {} WHERE ({}){besides}));\n", name(&table.name), conflicting(table))
}

fn release(table: &Table) -> &'static str {
    if table.cascades.is_empty() { "" } else { "INSERT INTO gw_sync VALUES (0);\n" }
}

/// The rows that were replaced: pending, and not there.
fn replaced(table: &Table) -> String {
    let (shadow, own) = (shadow(&table.name), name(&table.name));
    format!("FROM {shadow} h WHERE gw_to IS NULL AND NOT EXISTS (SELECT 1 FROM {own} t WHERE t.id = h.id)")
}

/// Ends what the new row replaced, then the row itself.
fn end_rows(table: &Table, rows: &str) -> String {
    let view = view(table);
    let mut body = String::new();
    if !table.uniques.is_empty() {
        let replaced = replaced(table);
        if !table.cascades.is_empty() {
            body.push_str(&format!("INSERT INTO {view} (id, gw_to) SELECT id, 2 {replaced};\n"));
        }
        body.push_str(&format!("INSERT INTO {view} (id) SELECT id {replaced};\n"));
    }
    format!("{body}INSERT INTO {view} (id) {rows};\n{}", release(table))
}

fn insert(table: &Table) -> [String; 2] {
    let own = name(&table.name);
    let rows = if table.uniques.is_empty() {
        "VALUES (NEW.id, 0)".to_owned()
    } else {
        format!("SELECT NEW.id, 0 UNION SELECT id, 0 FROM {own} WHERE {}", conflicting(table))
    };
    let before = format!("INSERT INTO {} (id, gw_to) {rows};\n{}", view(table), hold(table, ""));
    [trigger(table, "BEFORE INSERT", "", UNCLAIMED, &before), trigger(table, "AFTER INSERT", "", UNCLAIMED, &end_rows(table, "VALUES (NEW.id)"))]
}

fn update(table: &Table) -> [String; 2] {
    let all = columns(table);
    let of = format!(" OF {}", listed(&all, ""));
    let before = format!(
        "INSERT INTO {} (id, gw_to) SELECT id, 0 FROM {} WHERE {} OR id = OLD.id;\n{}",
        view(table),
        name(&table.name),
        conflicting(table),
        hold(table, " AND id <> OLD.id")
    );
    let condition = format!("{UNCLAIMED} AND {}", changed(table, &all));
    [trigger(table, "BEFORE UPDATE", &of, "", &before), trigger(table, "AFTER UPDATE", &of, &condition, &end_rows(table, "SELECT OLD.id UNION SELECT NEW.id"))]
}

/// Whether a change is one of columns that some resource shows, or pushed other rows away.
fn changed(table: &Table, all: &[String]) -> String {
    let read = read(table, all);
    if read.len() == all.len() {
        // Nothing of it is as it was kept.
        let (view, shadow) = (view(table), shadow(&table.name));
        return format!("NOT EXISTS (SELECT * FROM {view} WHERE id = NEW.id INTERSECT SELECT * FROM {shadow} WHERE id = OLD.id AND gw_from = OLD.gw_seq)");
    }
    let differs = differs(&read);
    if table.uniques.is_empty() { differs } else { format!("({differs} OR EXISTS (SELECT 1 {}))", replaced(table)) }
}

/// The columns that some resource shows.
fn read(table: &Table, all: &[String]) -> Vec<String> {
    let mut read: Vec<&String> = Vec::new();
    for owner in &table.owners {
        let Some(reads) = &owner.reads else { return all.to_vec() };
        read.extend(reads);
    }
    // Of a table that only others show, its public ids.
    read.extend(table.referrers.iter().map(|referrer| &referrer.public_id));
    read.extend(table.folds.iter().chain(table.lists.iter().map(|list| &list.column)));
    all.iter().filter(|column| read.contains(column)).cloned().collect()
}

fn delete(table: &Table) -> [String; 2] {
    let view = view(table);
    let mut before = format!("INSERT INTO {view} (id, gw_to) VALUES (OLD.id, 1);\n");
    if !table.cascades.is_empty() {
        before.push_str(&format!("INSERT INTO {view} (id, gw_to) VALUES (OLD.id, 2);\n"));
    }
    let end = format!("INSERT INTO {view} (id) ");
    let after = if table.lists.is_empty() {
        trigger(table, "AFTER DELETE", "", UNCLAIMED, &format!("{end}VALUES (OLD.id);\n"))
    } else {
        let lists: String = table.lists.iter().map(|column| format!("DELETE FROM {} WHERE row = OLD.id;\n", list(&table.name, &column.column))).collect();
        trigger(table, "AFTER DELETE", "", "", &format!("{end}SELECT OLD.id WHERE {UNCLAIMED};\n{lists}{SYNC}"))
    };
    [trigger(table, "BEFORE DELETE", "", "", &before), after]
}

/// Refuses what would take sealed values from the resource that they are bound to: another public id for a row in which, or below
/// which, something is sealed; another resource, or another number, for such a row of a child table.
fn bound(table: &Table, tables: &BTreeMap<String, Table>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let (mut rows, mut moves): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let whole = table.owners.iter().any(|owner| owner.up.is_empty());
    for owner in &table.owners {
        match (owner.up.first(), &owner.root) {
            (None, Root::Row { id }) => ids.push(id.clone()),
            (None, Root::Document) => ids.extend(["type".to_owned(), "public_id".to_owned()]),
            // Its own rows, not those that an expression reads.
            (Some((on, _)), Root::Row { id }) if !whole && owner.reads.as_ref().is_none_or(|reads| reads.iter().any(|read| read == "gw_unmapped")) => {
                rows.extend(["id".to_owned(), on.clone()]);
                moves.extend([differs(&["id".to_owned()]), format!("{} <> {}", public_id(owner, id, "NEW"), public_id(owner, id, "OLD"))]);
            }
            _ => {}
        }
    }
    for list in [&mut ids, &mut rows, &mut moves] {
        list.sort_unstable();
        list.dedup();
    }
    let (columns, changed, said) = match (ids.is_empty(), rows.is_empty()) {
        (false, _) => (&ids, differs(&ids), "this resource are bound to its public id"),
        (true, false) => (&rows, format!("({})", moves.join(" OR ")), "this row are bound to its number and to the resource it belongs to"),
        (true, true) => return Vec::new(),
    };
    let below = tables.iter().flat_map(|(below, shape)| sealed_below(table, below, shape));
    let sealed: Vec<String> = std::iter::once(holds_sealed("OLD", table)).chain(below).collect();
    vec![format!(
        "CREATE TRIGGER {} BEFORE UPDATE OF {} ON {} WHEN {changed} AND ({}) BEGIN\nSELECT RAISE(ABORT, 'gateway: sealed values of {said}, which cannot change');\nEND",
        name(&format!("gw_t_{}__bound", table.name)),
        listed(columns, ""),
        name(&table.name),
        sealed.join(" OR ")
    )]
}

/// The public id of the resource at the top of the way up from the row `alias`; NULL where a row on the way is missing.
fn public_id(owner: &Owner, id: &str, alias: &str) -> String {
    let (mut tables, mut wheres, mut at) = (Vec::new(), Vec::new(), alias.to_owned());
    for (depth, (on, above)) in owner.up.iter().enumerate() {
        tables.push(format!("{} u{depth}", name(above)));
        wheres.push(format!("u{depth}.id = {at}.{}", name(on)));
        at = format!("u{depth}");
    }
    format!("(SELECT {at}.{} FROM {} WHERE {})", name(id), tables.join(", "), wheres.join(" AND "))
}

/// Whether any row of the table `below` that stands under the row OLD holds a sealed value: a condition for each way up.
fn sealed_below(table: &Table, below: &str, shape: &Table) -> Vec<String> {
    // What is a resource itself is bound to its own id.
    if shape.owners.iter().any(|owner| owner.up.is_empty()) {
        return Vec::new();
    }
    let to = |owner: &Owner| owner.up.iter().position(|(_, above)| *above == table.name).map(|at| owner.up[..=at].to_vec());
    let mut ways: Vec<Vec<(String, String)>> = shape.owners.iter().filter_map(to).collect();
    ways.sort();
    ways.dedup();
    let condition = |way: Vec<(String, String)>| {
        let (mut tables, mut wheres, mut at) = (format!("{} c", name(below)), holds_sealed("c", shape), "c".to_owned());
        for (depth, (on, above)) in way.iter().enumerate() {
            if depth + 1 == way.len() {
                wheres = format!("{at}.{} = OLD.id AND {wheres}", name(on));
            } else {
                tables.push_str(&format!(", {} u{depth}", name(above)));
                wheres = format!("u{depth}.id = {at}.{} AND {wheres}", name(on));
                at = format!("u{depth}");
            }
        }
        format!("EXISTS (SELECT 1 FROM {tables} WHERE {wheres})")
    };
    ways.into_iter().map(condition).collect()
}

/// Whether the row `alias` holds a sealed value.
fn holds_sealed(alias: &str, table: &Table) -> String {
    let columns: Vec<String> = std::iter::once("gw_unmapped".to_owned()).chain(table.sealed.iter().cloned()).collect();
    match columns.as_slice() {
        [one] => format!("{alias}.{} IS NOT NULL", name(one)),
        many => format!("coalesce({}) IS NOT NULL", listed(many, &format!("{alias}."))),
    }
}

/// All views and triggers of a table, in an order in which they can be made.
pub fn triggers(table: &Table, tables: &BTreeMap<String, Table>) -> Vec<String> {
    let mut made = vec![rows(table), keep(table), end(table)];
    made.extend(cascade(table));
    made.extend(table.owners.iter().filter_map(|owner| Some(ownership(owner.view.as_deref()?, &table.name, owner))));
    made.extend(refer(table));
    made.extend(insert(table));
    made.extend(update(table));
    made.extend(delete(table));
    made.extend(bound(table, tables));
    made
}
