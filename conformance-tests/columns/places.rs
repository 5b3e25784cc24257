//! Every place where a mapping puts a column: generated from the compiled plans.

use hearthgate_fhir::r4;
use hearthgate_mapping::codes::Codes;
use hearthgate_mapping::plan::{Column, Field, Form, Leaf, Member, Node, Plan, TableNode};
use std::sync::Arc;

/// A column and where it shows.
pub struct Place<'p> {
    pub plan: &'p Plan,
    /// The tables from the root's down to the column's.
    pub tables: Vec<&'p TableNode>,
    pub column: &'p Column,
    /// JSON names from the resource's root, without lists' indices.
    pub path: Vec<String>,
    /// The R4 type of the element.
    pub type_name: &'static str,
    /// The value set of a required binding, or of any.
    pub value_set: Option<&'static str>,
    pub form: &'p Form,
    pub codes: Option<Arc<Codes>>,
    pub search: &'p [String],
    /// Columns of other types of the same choice, which must be empty beside it.
    pub rivals: Vec<&'p str>,
    /// Types that a reference may point to.
    pub targets: Vec<&'static str>,
    /// What kind of object it is in: `Coding`, `Identifier`, …
    pub owner: String,
}

impl Place<'_> {
    /// The table that the column is in.
    pub fn table(&self) -> &TableNode {
        self.tables.last().expect("the root at least")
    }

    /// How a table of reasons names it.
    pub fn name(&self) -> String {
        format!("{}: {}.{}", self.plan.name, self.table().table, self.column.name)
    }
}

/// All of them.
pub fn all(plans: &[Plan]) -> Vec<Place<'_>> {
    let mut out = Vec::new();
    for plan in plans.iter().filter(|plan| !plan.fields.is_empty()) {
        let at = At { plan, tables: vec![&plan.table], path: vec![], owner: plan.resource.to_owned(), rivals: vec![] };
        object(&at, &plan.fields, &mut out);
    }
    out
}

#[derive(Clone)]
struct At<'p> {
    plan: &'p Plan,
    tables: Vec<&'p TableNode>,
    path: Vec<String>,
    owner: String,
    rivals: Vec<&'p str>,
}

fn object<'p>(at: &At<'p>, fields: &'p [Field], out: &mut Vec<Place<'p>>) {
    for field in fields {
        let Some(step) = r4::resolve(&at.owner, &field.name) else { continue };
        let mut below = at.clone();
        below.path.push(field.name.clone());
        if let Some(choice) = field.choice {
            for rival in fields.iter().filter(|f| f.choice == Some(choice) && f.name != field.name) {
                columns_of(&rival.node, at.tables.last().expect("a table"), &mut below.rivals);
            }
        }
        node(&below, &field.node, &step, &at.owner, out);
    }
}

fn columns_of<'p>(node: &'p Node, table: &'p TableNode, out: &mut Vec<&'p str>) {
    match node {
        Node::Leaf(leaf) => out.push(&table.columns[leaf.column].name),
        Node::Constant(_) => {}
        Node::Object(fields) => fields.iter().for_each(|f| columns_of(&f.node, table, out)),
        Node::List(members) => {
            for member in members {
                if let Member::One { node, .. } = member {
                    columns_of(node, table, out);
                }
            }
        }
    }
}

fn node<'p>(at: &At<'p>, node_: &'p Node, step: &r4::Resolved, owner: &str, out: &mut Vec<Place<'p>>) {
    match node_ {
        Node::Leaf(leaf) => place(at, leaf, step, owner, out),
        Node::Constant(_) => {}
        Node::Object(fields) => object(&At { owner: step.owner.clone(), ..at.clone() }, fields, out),
        Node::List(members) => {
            for member in members {
                match member {
                    Member::One { node: below, .. } => node(at, below, step, owner, out),
                    Member::Each { child, node: below, .. } => {
                        let mut at = at.clone();
                        at.tables.push(&at.tables.last().expect("a table").children[*child]);
                        at.rivals.clear();
                        node(&at, below, step, owner, out);
                    }
                }
            }
        }
    }
}

fn place<'p>(at: &At<'p>, leaf: &'p Leaf, step: &r4::Resolved, owner: &str, out: &mut Vec<Place<'p>>) {
    let column = &at.tables.last().expect("a table").columns[leaf.column];
    out.push(Place {
        plan: at.plan,
        tables: at.tables.clone(),
        column,
        path: at.path.clone(),
        type_name: step.type_name,
        value_set: step.element.binding.as_ref().map(|b| b.value_set),
        form: &leaf.form,
        codes: leaf.codes.clone(),
        search: &leaf.search,
        rivals: at.rivals.clone(),
        // `subject.reference`: what it may point to stands at `subject`.
        targets: targets(at.plan.resource, &at.path),
        owner: owner.to_owned(),
    });
}

fn targets(resource: &str, path: &[String]) -> Vec<&'static str> {
    let (mut owner, mut last) = (resource.to_owned(), vec![]);
    for name in path {
        let Some(step) = r4::resolve(&owner, name) else { break };
        if !step.element.reference_targets.is_empty() {
            last = step.element.reference_targets.clone();
        }
        owner = step.owner;
    }
    last
}
