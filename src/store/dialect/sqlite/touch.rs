//! How a changed row raises the version of the resource it belongs to.
//!
//! SQLite has no procedures; a view with an INSTEAD OF trigger is one: `INSERT INTO gw_touch (type, id, plan, row, live)`. Its
//! last column is ignored: with it, what a table's [`ownership`] view answers goes in as it is.

use super::{literal, name};
use crate::shape::{GroupOf, Owner, Root};

/// The view and its trigger. What it does not know it leaves to the gateway (`gw_stale`): the rows of the generated index stay until
/// they are made anew, because labels that withhold a resource are among them; compartments beyond the columns end at once. Every step looks before it inserts, because a statement's own conflict clause
/// (`INSERT OR IGNORE`) replaces the one of every statement that its triggers run.
pub const PROCEDURE: &[&str] = &[
    "CREATE VIEW gw_touch (type, id, plan, row, live, of) AS SELECT '', '', '', 0, 0, 0 WHERE 0",
    "CREATE TRIGGER gw_touch__insert INSTEAD OF INSERT ON gw_touch WHEN NEW.id IS NOT NULL BEGIN
SELECT RAISE(ABORT, 'gateway: a resource of this type with this id stands in another table')
 WHERE NEW.live AND EXISTS (SELECT 1 FROM gw_resources r WHERE r.type = NEW.type AND r.id = NEW.id AND r.deleted = 0 AND r.plan <> NEW.plan);
INSERT INTO gw_versions (type, id, version, at, op, tx, outside, actor, client)
 SELECT NEW.type, NEW.id, coalesce(r.version, 0) + 1, max(c.at, coalesce(r.at, c.at)),
  CASE WHEN NOT NEW.live THEN 'delete' WHEN r.rid IS NULL OR r.deleted THEN 'create' ELSE 'update' END,
  c.tx, 1 - c.own, c.actor, c.client
 FROM gw_context c LEFT JOIN gw_resources r ON r.type = NEW.type AND r.id = NEW.id
 WHERE r.tx IS NOT c.tx AND (NEW.live OR (r.deleted = 0 AND r.plan = NEW.plan));
UPDATE gw_versions SET op = CASE WHEN NOT NEW.live THEN 'delete'
  WHEN EXISTS (SELECT 1 FROM gw_versions p WHERE p.type = NEW.type AND p.id = NEW.id AND p.version = gw_versions.version - 1 AND p.op <> 'delete')
  THEN 'update' ELSE 'create' END
 WHERE type = NEW.type AND id = NEW.id AND version = (SELECT r.version FROM gw_resources r, gw_context c
  WHERE r.type = NEW.type AND r.id = NEW.id AND r.tx = c.tx AND r.deleted = NEW.live AND (NEW.live OR r.plan = NEW.plan));
UPDATE gw_resources SET plan = NEW.plan, row = NEW.row, deleted = NOT NEW.live,
  (version, seq, at, tx) = (SELECT v.version, v.seq, v.at, v.tx FROM gw_versions v WHERE v.type = NEW.type AND v.id = NEW.id ORDER BY v.version DESC LIMIT 1)
 WHERE type = NEW.type AND id = NEW.id AND (NEW.live OR (deleted = 0 AND plan = NEW.plan));
INSERT INTO gw_resources (type, id, plan, row, version, seq, at, deleted, tx)
 SELECT v.type, v.id, NEW.plan, NEW.row, v.version, v.seq, v.at, 0, v.tx FROM gw_versions v
 WHERE NEW.live AND v.type = NEW.type AND v.id = NEW.id
  AND NOT EXISTS (SELECT 1 FROM gw_resources r WHERE r.type = NEW.type AND r.id = NEW.id)
 ORDER BY v.version DESC LIMIT 1;
DELETE FROM gw_rendered WHERE rid = (SELECT rid FROM gw_resources WHERE type = NEW.type AND id = NEW.id);
DELETE FROM gw_index WHERE rid = (SELECT rid FROM gw_resources WHERE type = NEW.type AND id = NEW.id AND deleted = 1);
DELETE FROM gw_compartment WHERE rid = (SELECT rid FROM gw_resources WHERE type = NEW.type AND id = NEW.id);
DELETE FROM gw_unresolved WHERE rid = (SELECT rid FROM gw_resources WHERE type = NEW.type AND id = NEW.id AND deleted = 1);
DELETE FROM gw_stale WHERE rid = (SELECT rid FROM gw_resources WHERE type = NEW.type AND id = NEW.id);
INSERT INTO gw_stale SELECT rid, tx FROM gw_resources WHERE type = NEW.type AND id = NEW.id AND deleted = 0;
END",
    // A version is raised before its compartments are made anew, so that those of an older one end at its number. What is made
    // anew within one version leaves nothing behind.
    "CREATE TRIGGER gw_t_compartment AFTER DELETE ON gw_compartment BEGIN
INSERT INTO gw_h_gw_compartment (rid, patient, gw_from, gw_to)
 SELECT OLD.rid, OLD.patient, OLD.gw_from, r.seq FROM gw_resources r WHERE r.rid = OLD.rid AND OLD.gw_from < r.seq;
END",
];

/// Whether a resource lives after the change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Life {
    /// Its row is there.
    Live,
    /// Its row is gone.
    Dead,
}

/// The conditions of a filter on the row `alias`.
pub fn filter(alias: &str, filter: &[(String, String)]) -> Vec<String> {
    filter.iter().map(|(column, value)| format!("{alias}.{} IS {value}", name(column))).collect()
}

/// The resource of the row `alias` of an owner's table: what it is, the tables on the way to it, and the conditions.
fn way(owner: &Owner, alias: &str, filtered: bool, life: Life) -> (String, Vec<String>, Vec<String>) {
    let (mut tables, mut wheres) = (Vec::new(), Vec::new());
    let mut top = alias.to_owned();
    for (depth, (on, table)) in owner.up.iter().enumerate() {
        let above = format!("u{depth}");
        tables.push(format!("{} {above}", name(table)));
        wheres.push(format!("{above}.id = {top}.{}", name(on)));
        top = above;
    }
    if filtered {
        wheres.extend(filter(&top, &owner.filter));
    }
    let live = if life == Life::Live { "1" } else { "0" };
    let plan = literal(&owner.plan);
    let resource = literal(&owner.resource);
    let answer = match &owner.root {
        Root::Row { id } => format!("{resource}, {top}.{}, {plan}, {top}.id, {live}", name(id)),
        Root::Document => format!("{top}.type, {top}.public_id, 'documents/' || {top}.type, {top}.id, {live}"),
        Root::Group { gathered, column, table, id } => {
            tables.push(format!("{} g", name(table)));
            wheres.push(format!("g.id = {top}.{}", name(column)));
            format!("{resource}, g.{}, {plan}, g.id, {}", name(id), gathered_rows(gathered, column, &owner.filter))
        }
    };
    (answer, tables, wheres)
}

/// The view that says whose each row of a table is, as one of its owners has it; `of` is the row's number.
pub fn ownership(view: &str, table: &str, owner: &Owner) -> String {
    let (answer, tables, wheres) = way(owner, "t", true, Life::Live);
    let tables: String = tables.iter().map(|table| format!(", {table}")).collect();
    let wheres = if wheres.is_empty() { String::new() } else { format!(" WHERE {}", wheres.join(" AND ")) };
    format!("CREATE VIEW {} (type, id, plan, row, live, of) AS SELECT {answer}, t.id FROM {} t{tables}{wheres}", name(view), name(table))
}

/// The statement that touches the resource of the row `alias` of an owner's table, which `from` brings in.
pub fn touch(owner: &Owner, alias: &str, from: &str, conditions: &[String], life: Life) -> String {
    // A gathered row that leaves the filter changes its group all the same.
    let (answer, tables, mut wheres) = way(owner, alias, !gathers(owner), life);
    wheres.extend_from_slice(conditions);
    let tables: String = tables.iter().map(|table| format!(", {table}")).collect();
    let wheres = if wheres.is_empty() { String::new() } else { format!(" WHERE {}", wheres.join(" AND ")) };
    format!("INSERT INTO gw_touch SELECT {answer}, 0 FROM {from}{tables}{wheres};\n")
}

/// The statement that touches the resources of the rows that `rows` answers, by their table's [`ownership`] view.
pub fn touch_by(view: &str, rows: &str) -> String {
    format!("INSERT INTO gw_touch SELECT * FROM {} WHERE of IN ({rows});\n", name(view))
}

/// Whether the row itself is one that is gathered.
pub fn gathers(owner: &Owner) -> bool {
    owner.up.is_empty() && matches!(owner.root, Root::Group { .. })
}

/// Whether any row is gathered under `g.id`.
fn gathered_rows(table: &str, column: &str, rows: &[(String, String)]) -> String {
    let mut wheres = vec![format!("e.{} = g.id", name(column))];
    wheres.extend(filter("e", rows));
    format!("EXISTS (SELECT 1 FROM {} e WHERE {})", name(table), wheres.join(" AND "))
}

/// The statement that touches the group whose id is in the row `alias` of `from`: to its end, or where whether any row is
/// gathered under it is not what is known of it.
pub fn touch_group(group: &GroupOf, alias: &str, from: &str, conditions: &[String], life: Life) -> String {
    let (resource, id) = (literal(&group.resource), name(&group.id));
    let mut rows = vec![format!("e.{} = {alias}.id", name(&group.column))];
    rows.extend(filter("e", &group.filter));
    let exists = format!("EXISTS (SELECT 1 FROM {} e WHERE {})", name(&group.table), rows.join(" AND "));
    let known = format!("EXISTS (SELECT 1 FROM gw_resources r WHERE r.type = {resource} AND r.id = {alias}.{id} AND r.deleted = 0)");
    let mut wheres = conditions.to_vec();
    let live = match life {
        Life::Dead => "0".to_owned(),
        Life::Live => {
            wheres.push(format!("{exists} <> {known}"));
            exists
        }
    };
    format!(
        "INSERT INTO gw_touch SELECT {resource}, {alias}.{id}, {}, {alias}.id, {live}, 0 FROM {from} WHERE {};\n",
        literal(&group.plan),
        wheres.join(" AND ")
    )
}
