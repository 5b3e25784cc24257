//! From FHIR JSON to rows: the plan's tree walked backwards. What no column takes becomes the overlay.

use crate::overlay;
use crate::plan::{ColumnKind, Field, Form, Leaf, Member, Node, Plan, Row, Sql, TableNode};
use crate::render::{self, is_number};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hearthgate_fhir::{Object, Value, id::Id};
use serde_json::json;

/// Whether a local resource exists, so that a foreign key can point to it.
pub type Exists<'e> = &'e dyn Fn(&str, &str) -> bool;

/// Takes a resource apart. `read(write(r)) = r`: rendering the row gives the resource back, apart from id, version and time.
#[must_use]
pub fn take(plan: &Plan, resource: &Value, exists: Exists<'_>) -> Row {
    let mut content = resource.as_object().cloned().unwrap_or_default();
    content.shift_remove("resourceType");
    content.shift_remove("id");
    if let Some(Value::Object(meta)) = content.get_mut("meta") {
        meta.shift_remove("versionId");
        meta.shift_remove("lastUpdated");
        if meta.is_empty() {
            content.shift_remove("meta");
        }
    }
    let mut row = blank(&plan.table);
    let mut taker = Taker { exists, cells: 0 };
    let mut rest = Object::new();
    for (name, value) in &content {
        match plan.fields.iter().find(|f| f.name == *name) {
            Some(field) => drop(taker.node(&field.node, value, &mut row, &plan.table).map(|left| rest.insert(name.clone(), left))),
            None => drop(rest.insert(name.clone(), value.clone())),
        }
    }
    row.unmapped = text_of(&rest);
    amend(plan, &content, &mut row, rest);
    row
}

/// Where the row does not give the content back (a constant that the resource does not have, a list whose order
/// the tree cannot say), the overlay says it outright.
fn amend(plan: &Plan, content: &Object, row: &mut Row, mut rest: Object) {
    let Value::Object(back) = render::content(plan, row) else { return };
    let mut none = Vec::new();
    let mut changed = false;
    for (name, value) in content {
        if back.get(name) != Some(value) {
            rest.insert(name.clone(), json!({ "$as": value }));
            changed = true;
        }
    }
    for name in back.keys().filter(|n| *n != "resourceType" && !content.contains_key(*n)) {
        none.push(Value::from(name.clone()));
    }
    if !none.is_empty() {
        rest.insert("$none".to_owned(), Value::Array(none));
        changed = true;
    }
    if changed {
        row.unmapped = text_of(&rest);
    }
}

/// An empty row of a table, with its child tables.
#[must_use]
pub fn blank(table: &TableNode) -> Row {
    Row { id: 0, values: vec![Sql::Null; table.columns.len()], unmapped: None, children: vec![Vec::new(); table.children.len()] }
}

fn text_of(rest: &Object) -> Option<String> {
    (!rest.is_empty()).then(|| Value::Object(rest.clone()).to_string())
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
                _ => Some(value.clone()),
            },
            Node::Constant(constant) => (constant != value).then(|| value.clone()),
            Node::Object(fields) => self.object(fields, value, row, table),
            Node::List(members) => match value {
                Value::Array(items) => self.list(members, items, row, table),
                _ => Some(value.clone()),
            },
        }
    }

    fn object(&mut self, fields: &[Field], value: &Value, row: &mut Row, table: &TableNode) -> Option<Value> {
        let Value::Object(object) = value else { return Some(value.clone()) };
        if !fits(fields, object) {
            return Some(value.clone());
        }
        let before = self.cells;
        let mut rest = Object::new();
        for (name, value) in object {
            match fields.iter().find(|f| f.name == *name) {
                Some(field) => drop(self.node(&field.node, value, row, table).map(|left| rest.insert(name.clone(), left))),
                None => drop(rest.insert(name.clone(), value.clone())),
            }
        }
        if self.cells == before && has_columns(fields) {
            return Some(value.clone());
        }
        (!rest.is_empty()).then(|| json!({ "$o": rest }))
    }

    fn list(&mut self, members: &[Member], items: &[Value], row: &mut Row, table: &TableNode) -> Option<Value> {
        let mut taken = vec![false; members.len()];
        let mut entries = Vec::with_capacity(items.len());
        let mut slots = Vec::new();
        let mut plain = true;
        for item in items {
            let mut entry = None;
            for (index, member) in members.iter().enumerate() {
                let before = self.cells;
                match member {
                    Member::One { types, node, .. } if !taken[index] && types.iter().all(|(path, resource)| refers(item, path, resource)) => {
                        let left = self.node(node, item, row, table);
                        if self.cells > before || left.is_none() {
                            taken[index] = true;
                            entry = Some((index, 0, left));
                        }
                    }
                    Member::Each { child, types, node } if types.iter().all(|(path, resource)| refers(item, path, resource)) => {
                        let below = &table.children[*child];
                        let mut new = blank(below);
                        let left = self.node(node, item, &mut new, below);
                        if self.cells > before || left.is_none() {
                            // A row keeps its own overlay; only an object can have one.
                            let own = left.as_ref().and_then(|l| overlay::below(Some(l)));
                            if left.is_none() || own.is_some() {
                                new.unmapped = own.and_then(text_of);
                                row.children[*child].push(new);
                                self.cells += 1;
                                entry = Some((index, row.children[*child].len() - 1, None));
                            }
                        }
                    }
                    _ => {}
                }
                if entry.is_some() {
                    break;
                }
            }
            entries.push(match entry {
                Some((member, ordinal, left)) => {
                    slots.push((member, ordinal));
                    plain &= left.is_none();
                    match left {
                        None => json!({ "$s": [member, ordinal] }),
                        Some(left) => json!({ "$s": [member, ordinal], "$o": overlay::special(&left, "$o") }),
                    }
                }
                None => {
                    plain = false;
                    json!({ "$v": item })
                }
            });
        }
        (!plain || !slots.is_sorted()).then(|| json!({ "$l": entries }))
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
            (Form::List, Value::Array(list)) => list.iter().all(|v| v.is_string() || v.is_null()).then(|| Sql::Text(value.to_string())),
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

/// The constants of an object, and of the objects in it, stand in the written one.
fn fits(fields: &[Field], object: &Object) -> bool {
    if !has_columns(fields) && fields.len() != object.len() {
        return false;
    }
    fields.iter().all(|field| match (&field.node, object.get(&field.name)) {
        (Node::Constant(constant), found) => found == Some(constant),
        (Node::Object(inner), Some(Value::Object(below))) => fits(inner, below),
        // Constants in an object that is not there: it is only missing if columns stand beside them.
        (Node::Object(inner), None) => has_columns(inner),
        _ => true,
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

/// Whether the reference at a path is to a resource of this type.
fn refers(item: &Value, path: &[String], resource: &str) -> bool {
    let found = path.iter().try_fold(item, |value, name| value.get(name));
    let Some(reference) = found.and_then(|r| r.get("reference")).and_then(Value::as_str) else { return false };
    local(reference).is_some_and(|(found, _)| found == resource)
}
