//! What a write leaves as it is although it could say it otherwise: a local code that means the FHIR code written already,
//! and one that nobody has decided about.

use crate::plan::{Field, Leaf, Member, Node, Plan, Row, Sql};
use crate::same::Cursor;
use crate::{overlay, render};

/// Puts the stored local codes back where the written ones mean the same: of several local codes for one FHIR code the row keeps its own.
/// A code of the resource itself that nobody has decided about stays if it comes back as it was read, said to be unknown.
pub fn keep_local_codes(plan: &Plan, old: &Row, new: &mut Row) {
    fields(&plan.fields, old, new);
    for field in &plan.fields {
        if let Node::Leaf(leaf) = &field.node {
            undecided(leaf, &field.name, old, new);
        }
    }
}

fn undecided(leaf: &Leaf, name: &str, old: &Row, new: &mut Row) {
    let Some(codes) = &leaf.codes else { return };
    let (Some(Sql::Text(was)), Some(Sql::Null)) = (old.values.get(leaf.column), new.values.get(leaf.column)) else { return };
    if codes.fhir(was).is_some() {
        return;
    }
    let Some(mut rest) = overlay::parse(new.unmapped.as_deref()) else { return };
    let sibling = format!("_{name}");
    if !rest.contains_key(name) && rest.get(&sibling).is_some_and(|said| Cursor::new(render::ABSENT).is(said)) {
        rest.shift_remove(&sibling);
        new.values[leaf.column] = Sql::Text(was.clone());
        new.unmapped = overlay::text(&rest);
    }
}

fn fields(all: &[Field], old: &Row, new: &mut Row) {
    for field in all {
        node(&field.node, old, new);
    }
}

fn node(node_: &Node, old: &Row, new: &mut Row) {
    match node_ {
        Node::Leaf(leaf) => {
            let Some(codes) = &leaf.codes else { return };
            let (Some(Sql::Text(was)), Some(Sql::Text(is))) = (old.values.get(leaf.column), new.values.get(leaf.column)) else { return };
            if was != is && codes.fhir(was).is_some() && codes.fhir(was) == codes.fhir(is) {
                new.values[leaf.column] = old.values[leaf.column].clone();
            }
        }
        Node::Constant(_) => {}
        Node::Object(inner) => fields(inner, old, new),
        Node::List(members) => {
            for member in members {
                match member {
                    Member::One { node: inner, .. } => node(inner, old, new),
                    Member::Each { child, node: inner, .. } => {
                        let (Some(was), Some(is)) = (old.children.get(*child), new.children.get_mut(*child)) else { continue };
                        was.iter().zip(is.iter_mut()).for_each(|(was, is)| node(inner, was, is));
                    }
                }
            }
        }
    }
}

/// Whether any column of the plan has codes of its own.
#[must_use]
pub fn has_codes(plan: &Plan) -> bool {
    any_codes(&plan.fields)
}

fn any_codes(all: &[Field]) -> bool {
    all.iter().any(|field| node_has_codes(&field.node))
}

fn node_has_codes(node_: &Node) -> bool {
    match node_ {
        Node::Leaf(leaf) => leaf.codes.is_some(),
        Node::Constant(_) => false,
        Node::Object(inner) => any_codes(inner),
        Node::List(members) => members.iter().any(|member| match member {
            Member::One { node, .. } | Member::Each { node, .. } => node_has_codes(node),
        }),
    }
}
