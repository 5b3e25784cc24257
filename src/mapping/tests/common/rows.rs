//! Rows such as a legacy program could write: any columns set that the table does not require, lists filled from their beginning.

use super::Tape;
use hearthgate_mapping::plan::{Form, Leaf, Member, Node, Plan, Row, Sql, TableNode};
use hearthgate_mapping::take::blank;

/// Columns that their table requires (`NOT NULL`) and that constants beside them are told by.
const REQUIRED: [(&str, &str); 6] = [
    ("findings", "note_version"),
    ("findings", "note_id"),
    ("findings", "char_offset"),
    ("findings", "char_length"),
    ("findings", "byte_start"),
    ("findings", "byte_end"),
];

pub fn row(plan: &Plan, tape: &mut Tape<'_>) -> Row {
    let mut row = blank(&plan.table);
    for field in &plan.fields {
        node(&field.node, &plan.table, &mut row, tape);
    }
    row
}

/// Fills what stands at a place; whether it filled anything.
fn node(node_: &Node, table: &TableNode, row: &mut Row, tape: &mut Tape<'_>) -> bool {
    match node_ {
        Node::Leaf(leaf) => {
            let column = &table.columns[leaf.column];
            let required = REQUIRED.contains(&(table.table.as_str(), column.name.as_str()));
            if column.expression.is_some() || !(required || tape.chance(128)) {
                return false;
            }
            row.values[leaf.column] = value(leaf, tape);
            true
        }
        Node::Constant(_) => false,
        Node::Object(fields) => fields.iter().filter(|f| node(&f.node, table, row, tape)).count() > 0,
        Node::List(members) => {
            let mut any = false;
            // Members that nothing tells apart are filled from the first on.
            let mut open: Vec<String> = Vec::new();
            for member in members {
                let (Member::One { types, node: below, .. } | Member::Each { types, node: below, .. }) = member;
                let mark = format!("{types:?}{}", constants(below));
                if open.iter().any(|earlier| *earlier == mark || earlier == "[]") {
                    continue;
                }
                let filled = match member {
                    Member::One { node: below, types, .. } => {
                        let filled = node(below, table, row, tape);
                        if filled {
                            types.iter().for_each(|(path, resource)| refer(below, path, resource, row));
                        }
                        filled
                    }
                    Member::Each { child, node: below, types } => {
                        let table = &table.children[*child];
                        for _ in 0..tape.below(3) {
                            let mut new = blank(table);
                            if node(below, table, &mut new, tape) {
                                types.iter().for_each(|(path, resource)| refer(below, path, resource, &mut new));
                                row.children[*child].push(new);
                            }
                        }
                        !row.children[*child].is_empty()
                    }
                };
                any |= filled;
                if !filled || matches!(member, Member::Each { .. }) {
                    open.push(mark);
                }
            }
            any
        }
    }
}

/// Sets the reference that tells a member from the others.
fn refer(node: &Node, path: &[String], resource: &str, row: &mut Row) {
    let Node::Object(fields) = node else { return };
    let name = path.first().map_or("reference", String::as_str);
    match fields.iter().find(|f| f.name == name).map(|f| &f.node) {
        Some(Node::Leaf(leaf)) => {
            row.values[leaf.column] = Sql::Text(if matches!(leaf.form, Form::Foreign(_)) { "known".to_owned() } else { format!("{resource}/known") })
        }
        Some(below) => refer(below, path.get(1..).unwrap_or_default(), resource, row),
        None => {}
    }
}

/// The constants of a member, as text; nothing tells a member without them.
fn constants(node: &Node) -> String {
    match node {
        Node::Constant(value) => value.to_string(),
        Node::Object(fields) => fields.iter().map(|f| constants(&f.node)).collect(),
        _ => String::new(),
    }
}

fn value(leaf: &Leaf, tape: &mut Tape<'_>) -> Sql {
    let text = |tape: &mut Tape<'_>| Sql::Text((*tape.pick(&["a", "b \"c\"", "Zoë", "2020-01-01", "x\ny"]).unwrap_or(&"a")).to_owned());
    match &leaf.form {
        Form::Boolean => Sql::Integer(i64::from(tape.chance(128))),
        Form::Integer => Sql::Integer(i64::from(tape.byte())),
        Form::Decimal => Sql::Text((*tape.pick(&["1", "1.10", "-0.5", "1e5", "1E+2"]).unwrap_or(&"1")).to_owned()),
        Form::List => Sql::Text((*tape.pick(&["[\"a\"]", "[\"a\",null,\"b\"]", "[\"x\",\"y\"]"]).unwrap_or(&"[\"a\"]")).to_owned()),
        Form::Foreign(_) => Sql::Text("known".to_owned()),
        // Patients, doctors and places have members of their own where there are some.
        Form::Reference(types) => {
            let others: Vec<&str> = types.iter().copied().filter(|t| !matches!(*t, "Patient" | "Practitioner" | "Location")).collect();
            let others = if others.is_empty() { types } else { &others };
            Sql::Text(format!("{}/known", tape.pick(others).unwrap_or(&"Device")))
        }
        Form::Base64 => tape.pick(&[Sql::Text("hello".to_owned()), Sql::Blob(vec![255, 0, 1])]).cloned().unwrap_or_default(),
        Form::Text => match &leaf.codes {
            Some(codes) => {
                let local: Vec<&str> = codes.rows().iter().map(|(local, _, _)| local.as_str()).chain(["nobody decided"]).collect();
                Sql::Text((*tape.pick(&local).unwrap_or(&"")).to_owned())
            }
            None => text(tape),
        },
    }
}
