//! From FHIR JSON to rows: the plan's tree walked backwards. What no column takes becomes the overlay.

use crate::overlay;
use crate::plan::{ColumnKind, Field, Form, Leaf, Member, Node, Plan, Row, Sql, TableNode};
use crate::render::{self, is_list, is_number};
use crate::same::{Cursor, unescaped};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hearthgate_fhir::{Object, Value, id::Id};
use serde_json::json;

/// Whether a local resource exists, so that a foreign key can point to it.
pub type Exists<'e> = &'e dyn Fn(&str, &str) -> bool;

/// Takes a resource apart. `read(write(r)) = r`: rendering the row gives the resource back, apart from id, version and time.
#[must_use]
pub fn take(plan: &Plan, resource: &Value, exists: Exists<'_>) -> Row {
    let mut row = blank(&plan.table);
    let none = Object::new();
    let resource = resource.as_object().unwrap_or(&none);
    let meta = resource.get("meta").and_then(meta_content).map(Value::Object);
    let content = || resource.iter().filter_map(|(name, value)| said(name, value, meta.as_ref()).map(|value| (name, value)));
    let mut taker = Taker { exists, cells: 0 };
    let mut rest = Object::new();
    for (name, value) in content() {
        match plan.fields.iter().find(|f| f.name == *name) {
            Some(field) => drop(taker.node(&field.node, value, &mut row, &plan.table).map(|left| rest.insert(name.clone(), left))),
            None => drop(rest.insert(overlay::name(name), overlay::keep(value))),
        }
    }
    let missing = |f: &&Field| always(&f.node) && !content().any(|(name, _)| *name == f.name);
    let none: Vec<Value> = plan.fields.iter().filter(missing).map(|f| Value::from(f.name.clone())).collect();
    if !none.is_empty() {
        rest.insert("$none".to_owned(), Value::Array(none));
    }
    // One order, so that what is read and written again is kept letter for letter.
    rest.sort_keys();
    row.unmapped = overlay::text(&rest);
    amend(plan, &|name| resource.get(name).and_then(|value| said(name, value, meta.as_ref())), content(), &mut row, rest);
    row
}

/// `meta` without version and time, if it has one of them.
fn meta_content(meta: &Value) -> Option<Object> {
    let meta = meta.as_object()?;
    let stamped = |name: &str| matches!(name, "versionId" | "lastUpdated");
    meta.keys().any(|name| stamped(name)).then(|| meta.iter().filter(|(name, _)| !stamped(name)).map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// What a resource says at a key of its own, not its type, id, version or time.
fn said<'v>(name: &str, value: &'v Value, meta: Option<&'v Value>) -> Option<&'v Value> {
    match name {
        "resourceType" | "id" => None,
        "meta" => match meta {
            Some(Value::Object(meta)) if meta.is_empty() => None,
            Some(meta) => Some(meta),
            None => Some(value),
        },
        _ => Some(value),
    }
}

/// The row gives the content back by how it is made. Should it once not, the overlay says it outright, for nothing may be lost.
fn amend<'v>(plan: &Plan, said: &dyn Fn(&str) -> Option<&'v Value>, content: impl Iterator<Item = (&'v String, &'v Value)>, row: &mut Row, mut rest: Object) {
    let content: Vec<_> = content.collect();
    if gives(&render::content_bytes(plan, row), said, content.len()) {
        return;
    }
    let Value::Object(mut back) = render::content(plan, row) else { return };
    for (name, value) in content {
        if back.shift_remove(name).as_ref() != Some(value) {
            rest.insert(overlay::name(name), overlay::form("$as", overlay::keep(value)));
        }
    }
    let more: Vec<Value> = back.keys().filter(|n| *n != "resourceType").map(|n| Value::from(n.clone())).collect();
    if !more.is_empty() {
        match rest.entry("$none").or_insert_with(|| Value::Array(Vec::new())) {
            Value::Array(none) => none.extend(more),
            other => *other = Value::Array(more),
        }
    }
    rest.sort_keys();
    row.unmapped = overlay::text(&rest);
}

/// Whether a resource's text says these things, so many of them, and no other.
fn gives<'v>(text: &[u8], said: &dyn Fn(&str) -> Option<&'v Value>, count: usize) -> bool {
    let mut cursor = Cursor::new(text);
    let mut found = 0;
    if !cursor.pass(b'{') {
        return false;
    }
    loop {
        if cursor.peek() != b'"' {
            return false;
        }
        let Some(name) = unescaped(cursor.string()) else { return false };
        if !cursor.pass(b':') {
            return false;
        }
        if name == "resourceType" {
            cursor.string();
        } else if said(&name).is_some_and(|value| cursor.is(value)) {
            found += 1;
        } else {
            return false;
        }
        if !cursor.pass(b',') {
            return cursor.pass(b'}') && found == count;
        }
    }
}

/// How often a row's overlays say something outright, where its columns could not be believed: none is the aim.
#[must_use]
pub fn outright(row: &Row) -> usize {
    let own = overlay::parse(row.unmapped.as_deref()).map_or(0, |o| overlay::outright(&Value::Object(o)));
    own + row.children.iter().flatten().map(outright).sum::<usize>()
}

/// An empty row of a table, with its child tables.
#[must_use]
pub fn blank(table: &TableNode) -> Row {
    Row { id: 0, values: vec![Sql::Null; table.columns.len()], unmapped: None, children: vec![Vec::new(); table.children.len()] }
}

struct Taker<'e> {
    exists: Exists<'e>,
    /// Counts what went into columns.
    cells: usize,
}

impl Taker<'_> {
    /// Takes what fits; gives back what is left, as the overlay has it.
    fn node(&mut self, node: &Node, value: &Value, row: &mut Row, table: &TableNode) -> Option<Value> {
        match node {
            Node::Leaf(leaf) => match self.cell(leaf, value, table) {
                Some(sql) if row.values[leaf.column] == Sql::Null => {
                    row.values[leaf.column] = sql;
                    self.cells += 1;
                    None
                }
                Some(sql) if row.values[leaf.column] == sql => None,
                Some(_) => Some(overlay::form("$as", overlay::keep(value))),
                None => Some(overlay::keep(value)),
            },
            Node::Constant(constant) => (constant != value).then(|| whole(node, value)),
            Node::Object(fields) => match value {
                Value::Object(object) => match self.object(fields, object, row, table) {
                    Left::Nothing => None,
                    Left::Some(rest) => Some(overlay::form("$o", Value::Object(rest))),
                    Left::All => Some(whole(node, value)),
                },
                _ => Some(whole(node, value)),
            },
            Node::List(members) => match value {
                Value::Array(items) if !items.is_empty() => self.list(members, items, row, table),
                _ => Some(whole(node, value)),
            },
        }
    }

    fn object(&mut self, fields: &[Field], object: &Object, row: &mut Row, table: &TableNode) -> Left {
        if !fits(fields, object) {
            return Left::All;
        }
        let before = self.cells;
        let mut rest = Object::new();
        for (name, value) in object {
            match fields.iter().find(|f| f.name == *name) {
                Some(field) => drop(self.node(&field.node, value, row, table).map(|left| rest.insert(name.clone(), left))),
                None => drop(rest.insert(overlay::name(name), overlay::keep(value))),
            }
        }
        if self.cells == before && has_columns(fields) {
            return Left::All;
        }
        if rest.is_empty() {
            return Left::Nothing;
        }
        rest.sort_keys();
        Left::Some(rest)
    }

    /// One member of a list, or nothing if it does not belong there; then no column has changed.
    fn item(&mut self, node: &Node, item: &Value, row: &mut Row, table: &TableNode) -> Option<Option<Object>> {
        match (node, item) {
            (Node::Object(fields), Value::Object(object)) => match self.object(fields, object, row, table) {
                Left::Nothing => Some(None),
                Left::Some(rest) => Some(Some(rest)),
                Left::All => None,
            },
            (Node::Object(_), _) => None,
            (node, item) => self.node(node, item, row, table).is_none().then_some(None),
        }
    }

    fn list(&mut self, members: &[Member], items: &[Value], row: &mut Row, table: &TableNode) -> Option<Value> {
        let mut taken = vec![false; members.len()];
        let mut slots: Vec<Option<(usize, usize, Option<Object>)>> = Vec::with_capacity(items.len());
        for item in items {
            let slot = members.iter().enumerate().find_map(|(index, member)| match member {
                Member::One { types, node, .. } if !taken[index] && refer(types, item) => {
                    let left = self.item(node, item, row, table)?;
                    taken[index] = true;
                    Some((index, 0, left))
                }
                Member::Each { child, types, node } if refer(types, item) => {
                    let below = table.children.get(*child)?;
                    let mut new = blank(below);
                    // A row keeps its own overlay.
                    new.unmapped = self.item(node, item, &mut new, below)?.as_ref().and_then(overlay::text);
                    let rows = row.children.get_mut(*child)?;
                    rows.push(new);
                    self.cells += 1;
                    Some((index, rows.len() - 1, None))
                }
                _ => None,
            });
            slots.push(slot);
        }
        let not: Vec<usize> =
            members.iter().enumerate().filter(|(i, m)| !taken[*i] && matches!(m, Member::One { node, .. } if always(node))).map(|(i, _)| i).collect();
        let as_it_is = slots.iter().all(|slot| matches!(slot, Some((_, _, None))))
            && slots.is_sorted_by_key(|slot| slot.as_ref().map(|(member, ordinal, _)| (*member, *ordinal)));
        if not.is_empty() && as_it_is {
            return None;
        }
        let entries = slots.into_iter().zip(items).map(|(slot, item)| match slot {
            Some((member, ordinal, left)) => {
                let mut entry = overlay::form("$s", json!([member, ordinal]));
                if let (Some(left), Value::Object(entry)) = (left, &mut entry) {
                    entry.insert("$o".to_owned(), Value::Object(left));
                }
                entry
            }
            None => overlay::form("$v", overlay::keep(item)),
        });
        let entries: Vec<Value> = entries.chain(not.into_iter().map(|member| json!({ "$not": member }))).collect();
        Some(overlay::form("$l", Value::Array(entries)))
    }

    fn cell(&self, leaf: &Leaf, value: &Value, table: &TableNode) -> Option<Sql> {
        let column = &table.columns[leaf.column];
        if column.expression.is_some() {
            return None;
        }
        match (&leaf.form, value) {
            (Form::Boolean, Value::Bool(flag)) => Some(Sql::Integer(i64::from(*flag))),
            (Form::Integer, Value::Number(number)) => {
                let text = number.to_string();
                text.parse::<i64>().ok().filter(|n| n.to_string() == text).map(Sql::Integer)
            }
            (Form::Decimal, Value::Number(number)) => Some(number.to_string()).filter(|t| is_number(t)).map(Sql::Text),
            (Form::List, Value::Array(list)) => is_list(list).then(|| Sql::Text(value.to_string())),
            (Form::Base64, Value::String(text)) => {
                let bytes = STANDARD.decode(text).ok().filter(|b| STANDARD.encode(b) == *text)?;
                Some(String::from_utf8(bytes).map_or_else(|e| Sql::Blob(e.into_bytes()), Sql::Text))
            }
            (Form::Text, Value::String(text)) => match &leaf.codes {
                None => Some(Sql::Text(text.clone())),
                Some(codes) => codes.local(text).map(|local| Sql::Text(local.to_owned())),
            },
            (Form::Foreign(resource), Value::String(text)) => {
                let (found, id) = local(text)?;
                (found == *resource && matches!(column.kind, ColumnKind::Foreign { .. }) && (self.exists)(found, id)).then(|| Sql::Text(id.to_owned()))
            }
            (Form::Reference(types), Value::String(text)) if !text.starts_with('#') => match local(text) {
                Some((found, _)) => (types.is_empty() || types.contains(&found)).then(|| Sql::Text(text.clone())),
                None => Some(Sql::Text(text.clone())),
            },
            _ => None,
        }
    }
}

/// `Type/id` and nothing else.
pub(crate) fn local(text: &str) -> Option<(&str, &str)> {
    let (resource, id) = text.split_once('/')?;
    (hearthgate_fhir::r4::is_resource_type(resource) && Id::parse(id).is_some()).then_some((resource, id))
}

/// What an object leaves.
enum Left {
    Nothing,
    /// What has no column; the rest has.
    Some(Object),
    /// It does not belong there, or nothing of it has a column; no column has changed.
    All,
}

/// A value as a whole, past what the mapping writes there without being asked.
fn whole(node: &Node, value: &Value) -> Value {
    let value = overlay::keep(value);
    if always(node) { overlay::form("$as", value) } else { value }
}

/// Whether a place is written though no column has a value for it: constants alone.
fn always(node: &Node) -> bool {
    match node {
        Node::Leaf(_) => false,
        Node::Constant(_) => true,
        Node::Object(fields) => !fields.is_empty() && fields.iter().all(|f| always(&f.node)),
        Node::List(members) => members.iter().any(|m| matches!(m, Member::One { node, .. } if always(node))),
    }
}

/// The constants of an object, and of the objects in it, stand in the written one.
fn fits(fields: &[Field], object: &Object) -> bool {
    fields.iter().all(|field| match (&field.node, object.get(&field.name)) {
        (Node::Constant(constant), found) => found == Some(constant),
        (Node::Object(inner), Some(Value::Object(below))) => fits(inner, below),
        // Missing where constants alone would stand.
        (node, None) => !always(node),
        (node, Some(_)) => !matches!(node, Node::Object(_)) || !always(node),
    })
}

fn has_columns(fields: &[Field]) -> bool {
    fields.iter().any(|f| node_has_columns(&f.node))
}

fn node_has_columns(node: &Node) -> bool {
    match node {
        Node::Leaf(_) => true,
        Node::Constant(_) => false,
        Node::Object(fields) => has_columns(fields),
        Node::List(members) => members.iter().any(|m| match m {
            Member::One { node, .. } => node_has_columns(node),
            Member::Each { .. } => true,
        }),
    }
}

fn refer(types: &[(Vec<String>, &'static str)], item: &Value) -> bool {
    types.iter().all(|(path, resource)| refers(item, path, resource))
}

/// Whether the reference at a path is to a resource of this type.
fn refers(item: &Value, path: &[String], resource: &str) -> bool {
    let found = path.iter().try_fold(item, |value, name| value.get(name));
    let Some(reference) = found.and_then(|r| r.get("reference")).and_then(Value::as_str) else { return false };
    local(reference).is_some_and(|(found, _)| found == resource)
}
