//! The triggers that keep history, whoever writes: two for each of insert, update and delete on every mapped table.
//!
//! **One version a statement.** A BEFORE trigger decides whether a new foreign statement has begun: `julianday('now')` is
//! constant within a statement, and `total_changes()` stands where the last trigger left it, because a statement's own rows
//! are counted only at its end. So every trigger ends by noting the total. AFTER triggers never decide: their BEFORE
//! trigger ran in the same statement. While `hold` is set, a row is being inserted that may replace others, whose children
//! the engine may be deleting: deletes then belong to the same statement whatever the total.
//!
//! **Superseded rows** go to the shadow table with the sequence numbers between which they were live; a row changed twice
//! in one transaction leaves one. Rows that `OR REPLACE` may remove, which fires no delete trigger by default, are kept
//! beforehand as *pending* (`gw_to IS NULL`); the AFTER trigger finishes them, the next trigger drops leftovers.
//!
//! **The gateway's writer** (`claim = 1`) numbers rows and raises versions itself; the triggers then only keep shadow rows.

use super::fold::beyond_ascii;
use super::touch::{Life, filter, gathers, touch, touch_group};
use super::{list, name, shadow};
use crate::shape::{Owner, Root, Table};

const NOW_MS: &str = "CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)";
const SYNC: &str = "UPDATE gw_context SET total = total_changes() + 1 WHERE own = 0;\n";
const RELEASE: &str = "UPDATE gw_context SET total = total_changes() + 1, hold = 0 WHERE own = 0;\n";
const UNCLAIMED: &str = "(SELECT claim FROM gw_context) = 0";

/// Begins a new foreign transaction number unless the statement is the one already known.
fn decide(honour_hold: bool) -> String {
    let same = if honour_hold { "(total IS total_changes() OR hold = 1)" } else { "total IS total_changes()" };
    format!(
        "UPDATE gw_context SET tx = tx + 1, base = (SELECT coalesce(max(seq), 0) + 1 FROM gw_versions), at = {NOW_MS}, actor = NULL, client = NULL,
 stamp = julianday('now'), hold = 0, total = total_changes() + 1
 WHERE own = 0 AND NOT (stamp IS julianday('now') AND {same});\n"
    )
}

fn columns(table: &Table) -> Vec<String> {
    std::iter::once("id".to_owned()).chain(table.columns.iter().cloned()).collect()
}

fn listed(columns: &[String], alias: &str) -> String {
    columns.iter().map(|column| format!("{alias}{}", name(column))).collect::<Vec<_>>().join(", ")
}

fn differs(columns: &[String]) -> String {
    let terms: Vec<String> = columns.iter().map(|column| format!("NEW.{0} IS NOT OLD.{0}", name(column))).collect();
    // Balanced, because a parser's stack is not deep enough for a hundred terms in brackets, and a flat OR needs none.
    format!("({})", terms.join(" OR "))
}

/// Copies rows that the new row conflicts with.
fn keep_pending(table: &Table, beside: &str) -> String {
    let all = columns(table);
    let mut keys = vec!["id = NEW.id".to_owned()];
    for unique in &table.uniques {
        keys.push(format!("({})", unique.iter().map(|column| format!("{0} = NEW.{0}", name(column))).collect::<Vec<_>>().join(" AND ")));
    }
    format!(
        "INSERT INTO {shadow} ({cols}, gw_from, gw_to) SELECT {cols}, gw_seq, NULL FROM {table} WHERE ({keys}){beside};\n",
        shadow = shadow(&table.name), cols = listed(&all, ""), table = name(&table.name), keys = keys.join(" OR ")
    )
}

/// Finishes pending rows: those still there were not replaced.
fn finish_pending(table: &Table) -> String {
    let (shadow, own) = (shadow(&table.name), name(&table.name));
    let unclaimed = [UNCLAIMED.to_owned()];
    let mut text = format!("DELETE FROM {shadow} WHERE gw_to IS NULL AND id IS NOT NEW.id AND EXISTS (SELECT 1 FROM {own} t WHERE t.id = {shadow}.id);\n");
    for (child, on) in &table.cascades {
        text.push_str(&format!("DELETE FROM {} WHERE {} IN (SELECT id FROM {shadow} WHERE gw_to IS NULL AND id IS NOT NEW.id);\n", name(child), name(on)));
    }
    let from = format!("{shadow} h");
    for owner in &table.owners {
        let mut conditions = vec!["h.gw_to IS NULL".to_owned(), UNCLAIMED.to_owned()];
        match (owner.up.is_empty(), &owner.root) {
            (true, Root::Row { .. } | Root::Document) => {
                conditions.push(unless_same(owner, "h"));
                text.push_str(&touch(owner, "h", Some(&from), &conditions, Life::Dead));
            }
            _ => {
                conditions.extend(gathered(owner, &["h"]));
                text.push_str(&touch(owner, "h", Some(&from), &conditions, Life::Live));
            }
        }
    }
    for group in &table.groups {
        let id = name(&group.id);
        let gone = ["h.gw_to IS NULL".to_owned(), format!("h.{id} IS NOT NEW.{id}"), UNCLAIMED.to_owned()];
        text.push_str(&touch_group(group, "h", Some(&from), &gone, Life::Dead));
        text.push_str(&touch_group(group, "NEW", None, &[format!("EXISTS (SELECT 1 FROM {shadow} WHERE gw_to IS NULL)"), UNCLAIMED.to_owned()], Life::Live));
    }
    for referrer in &table.referrers {
        let id = name(&referrer.public_id);
        let rows = format!("n.{} IN (SELECT id FROM {shadow} h WHERE h.gw_to IS NULL AND (h.{id} IS NOT NEW.{id} OR h.id IS NOT NEW.id))", name(&referrer.column));
        let conditions = [&[rows][..], &unclaimed[..]].concat();
        text.push_str(&touch(&referrer.owner, "n", Some(&format!("{} n", name(&referrer.table))), &conditions, Life::Live));
    }
    for column in &table.lists {
        text.push_str(&format!("DELETE FROM {} WHERE row IN (SELECT id FROM {shadow} WHERE gw_to IS NULL);\n", list(&table.name, &column.column)));
    }
    text.push_str(&format!("DELETE FROM {shadow} WHERE gw_to IS NULL AND gw_from >= (SELECT base FROM gw_context);\n"));
    text.push_str(&format!("UPDATE {shadow} SET gw_to = (SELECT base FROM gw_context) WHERE gw_to IS NULL;\n"));
    text
}

/// The condition that a gathered row is, or was, one that counts.
fn gathered(owner: &Owner, aliases: &[&str]) -> Option<String> {
    let counts = |alias: &&str| format!("({})", filter(alias, &owner.filter).join(" AND "));
    (gathers(owner) && !owner.filter.is_empty()).then(|| format!("({})", aliases.iter().map(counts).collect::<Vec<_>>().join(" OR ")))
}

/// Not where the resource lives on in the new row.
fn unless_same(owner: &Owner, old: &str) -> String {
    let mut same = match &owner.root {
        Root::Row { id } => vec![format!("{old}.{0} IS NEW.{0}", name(id))],
        Root::Document => vec![format!("{old}.type IS NEW.type AND {old}.public_id IS NEW.public_id")],
        Root::Group { .. } => return "1".to_owned(),
    };
    same.extend(filter("NEW", &owner.filter));
    format!("NOT ({})", same.join(" AND "))
}

/// The search columns of the new row that no generated column can give.
fn fill_search(table: &Table, changed_only: bool) -> String {
    let mut text = String::new();
    let own = name(&table.name);
    for column in &table.folds {
        let (new, fold) = (format!("NEW.{}", name(column)), name(&format!("{column}__fold")));
        let when = if changed_only { format!(" AND {UNCLAIMED} AND {new} IS NOT OLD.{}", name(column)) } else { String::new() };
        let beyond = beyond_ascii(&new);
        text.push_str(&format!("UPDATE {own} SET {fold} = lower({new}) WHERE id = NEW.id{when};\n"));
        text.push_str(&format!("INSERT INTO gw_fold (text) SELECT {new} WHERE {beyond}{when};\n"));
        text.push_str(&format!("UPDATE {own} SET {fold} = (SELECT text FROM gw_folded) WHERE id = NEW.id AND {beyond}{when};\n"));
    }
    for column in &table.lists {
        let (new, old) = (format!("NEW.{}", name(&column.column)), format!("OLD.{}", name(&column.column)));
        let aux = list(&table.name, &column.column);
        let when = if changed_only {
            let when = format!("{UNCLAIMED} AND ({new} IS NOT {old} OR NEW.id IS NOT OLD.id)");
            text.push_str(&format!("DELETE FROM {aux} WHERE row IN (OLD.id, NEW.id) AND {when};\n"));
            format!(" AND {when}")
        } else {
            String::new()
        };
        if column.folded {
            text.push_str(&format!("INSERT INTO gw_fold (text) SELECT {new} WHERE {new} IS NOT NULL{when};\n"));
        }
        let value = if column.folded { "(SELECT text FROM gw_folded)".to_owned() } else { new.clone() };
        text.push_str(&format!(
            "INSERT INTO {aux} (row, value) SELECT NEW.id, j.value FROM json_each(CASE WHEN json_valid({value}) THEN {value} ELSE '[]' END) j WHERE j.type = 'text' AND {new} IS NOT NULL{when};\n"
        ));
    }
    if changed_only {
        for blind in &table.blinds {
            let mut read = vec![blind.value.clone()];
            read.extend(blind.system.clone());
            // Only the gateway holds the key: a value changed from outside is not found until it is indexed again.
            text.push_str(&format!(
                "UPDATE {own} SET {} = NULL, {} = NULL WHERE id = NEW.id AND (SELECT own FROM gw_context) = 0 AND {};\n",
                name(&format!("{}__blind", blind.value)), name(&format!("{}__sblind", blind.value)), differs(&read)
            ));
        }
    }
    text
}

/// A trigger's text.
fn trigger(table: &Table, when: &str, of: &str, condition: &str, body: &str) -> String {
    let suffix = when.to_lowercase().replace(' ', "_");
    let condition = if condition.is_empty() { String::new() } else { format!(" WHEN {condition}") };
    format!("CREATE TRIGGER {} {when}{of} ON {}{condition} BEGIN\n{body}END", name(&format!("gw_t_{}__{suffix}", table.name)), name(&table.name))
}

fn insert(table: &Table) -> [String; 2] {
    let shadow = shadow(&table.name);
    let before = format!(
        "{}DELETE FROM {shadow} WHERE gw_to IS NULL;\n{}UPDATE gw_context SET hold = EXISTS (SELECT 1 FROM {shadow} WHERE gw_to IS NULL), total = total_changes() + 1 WHERE own = 0;\n",
        decide(false), keep_pending(table, "")
    );
    let mut after = format!("UPDATE {} SET gw_seq = (SELECT base FROM gw_context) WHERE id = NEW.id;\n", name(&table.name));
    after.push_str(&finish_pending(table));
    for owner in &table.owners {
        let conditions: Vec<String> = gathered(owner, &["NEW"]).into_iter().collect();
        after.push_str(&touch(owner, "NEW", None, &conditions, Life::Live));
    }
    after.push_str(&fill_search(table, false));
    after.push_str(RELEASE);
    [trigger(table, "BEFORE INSERT", "", UNCLAIMED, &before), trigger(table, "AFTER INSERT", "", UNCLAIMED, &after)]
}

fn update(table: &Table) -> [String; 2] {
    let all = columns(table);
    let shadow = shadow(&table.name);
    let changed = differs(&all);
    let of = format!(" OF {}", listed(&all, ""));
    let before = format!(
        "{}DELETE FROM {shadow} WHERE gw_to IS NULL;\n{}UPDATE gw_context SET hold = EXISTS (SELECT 1 FROM {shadow} WHERE gw_to IS NULL), total = total_changes() + 1 WHERE own = 0;\n",
        decide(false), keep_pending(table, " AND id IS NOT OLD.id")
    );
    let mut after = finish_pending(table);
    after.push_str(&format!(
        "INSERT INTO {shadow} ({}, gw_from, gw_to) SELECT {}, OLD.gw_seq, c.base FROM gw_context c WHERE OLD.gw_seq < c.base;\n",
        listed(&all, ""), listed(&all, "OLD.")
    ));
    after.push_str(&format!("UPDATE {} SET gw_seq = (SELECT base FROM gw_context) WHERE id = NEW.id AND {UNCLAIMED};\n", name(&table.name)));
    // What ends before what begins, so that a row moving from one plan to another is one change.
    for owner in &table.owners {
        match (owner.up.first(), &owner.root) {
            (None, Root::Row { .. } | Root::Document) => after.push_str(&touch(owner, "OLD", None, &[unless_same(owner, "OLD"), UNCLAIMED.to_owned()], Life::Dead)),
            (None, Root::Group { column, .. }) | (Some((column, _)), _) => {
                let mut conditions = vec![differs(std::slice::from_ref(column)), UNCLAIMED.to_owned()];
                conditions.extend(gathered(owner, &["OLD"]));
                after.push_str(&touch(owner, "OLD", None, &conditions, Life::Live));
            }
        }
    }
    for owner in &table.owners {
        let mut conditions = vec![UNCLAIMED.to_owned()];
        if let Some(reads) = &owner.reads {
            conditions.push(differs(reads));
        }
        conditions.extend(gathered(owner, &["OLD", "NEW"]));
        after.push_str(&touch(owner, "NEW", None, &conditions, Life::Live));
    }
    for group in &table.groups {
        let id = std::slice::from_ref(&group.id);
        after.push_str(&touch_group(group, "OLD", None, &[differs(id), UNCLAIMED.to_owned()], Life::Dead));
        after.push_str(&touch_group(group, "NEW", None, &[differs(id), UNCLAIMED.to_owned()], Life::Live));
    }
    for referrer in &table.referrers {
        let rows = format!("n.{} IN (OLD.id, NEW.id)", name(&referrer.column));
        let conditions = [rows, differs(&["id".to_owned(), referrer.public_id.clone()]), UNCLAIMED.to_owned()];
        after.push_str(&touch(&referrer.owner, "n", Some(&format!("{} n", name(&referrer.table))), &conditions, Life::Live));
    }
    after.push_str(&fill_search(table, true));
    after.push_str(RELEASE);
    let before_when = format!("{changed} AND {UNCLAIMED}");
    [trigger(table, "BEFORE UPDATE", &of, &before_when, &before), trigger(table, "AFTER UPDATE", &of, &changed, &after)]
}

fn delete(table: &Table) -> [String; 2] {
    let all = columns(table);
    let shadow = shadow(&table.name);
    let mut before = decide(true);
    for (child, on) in &table.cascades {
        before.push_str(SYNC);
        before.push_str(&format!("DELETE FROM {} WHERE {} = OLD.id;\n", name(child), name(on)));
    }
    before.push_str(SYNC);
    let mut after = format!("DELETE FROM {shadow} WHERE gw_to IS NULL AND id = OLD.id;\n");
    after.push_str(&format!(
        "INSERT INTO {shadow} ({}, gw_from, gw_to) SELECT {}, OLD.gw_seq, c.base FROM gw_context c WHERE OLD.gw_seq < c.base;\n",
        listed(&all, ""), listed(&all, "OLD.")
    ));
    for owner in &table.owners {
        let life = if owner.up.is_empty() { Life::Dead } else { Life::Live };
        let conditions: Vec<String> = std::iter::once(UNCLAIMED.to_owned()).chain(gathered(owner, &["OLD"])).collect();
        after.push_str(&touch(owner, "OLD", None, &conditions, life));
    }
    for group in &table.groups {
        after.push_str(&touch_group(group, "OLD", None, &[UNCLAIMED.to_owned()], Life::Dead));
    }
    for referrer in &table.referrers {
        let conditions = [format!("n.{} = OLD.id", name(&referrer.column)), UNCLAIMED.to_owned()];
        after.push_str(&touch(&referrer.owner, "n", Some(&format!("{} n", name(&referrer.table))), &conditions, Life::Live));
    }
    for column in &table.lists {
        after.push_str(&format!("DELETE FROM {} WHERE row = OLD.id;\n", list(&table.name, &column.column)));
    }
    after.push_str(SYNC);
    [trigger(table, "BEFORE DELETE", "", "", &before), trigger(table, "AFTER DELETE", "", "", &after)]
}

/// All triggers of a table.
pub fn triggers(table: &Table) -> Vec<String> {
    [insert(table), update(table), delete(table)].concat()
}
