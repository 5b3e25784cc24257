//! Every place of a plan where a column stands, with what FHIR says of the place.

use crate::plan::{Field, Leaf, Member, Node, Plan, TableNode};
use hearthgate_fhir::r4::{self, Binding, Strength};

/// A column at a path.
pub(crate) struct Spot<'p> {
    /// JSON names from the resource down.
    pub path: Vec<String>,
    /// The tables gone down, as places in [`TableNode::children`].
    pub tables: Vec<usize>,
    /// The table it stands in.
    pub table: &'p TableNode,
    pub leaf: &'p Leaf,
    /// The FHIR type of the primitive.
    pub type_name: &'static str,
    /// The binding of the code, or of the concept that the code is in.
    pub binding: Option<Binding>,
}

impl Spot<'_> {
    pub fn column(&self) -> &crate::plan::Column {
        &self.table.columns[self.leaf.column]
    }

    pub fn print(&self) -> String {
        self.path.join(".")
    }
}

/// All columns of a plan.
pub(crate) fn spots(plan: &Plan) -> Vec<Spot<'_>> {
    let mut out = Vec::new();
    let place = Place { path: vec![], tables: vec![], table: &plan.table, owner: plan.resource.to_owned(), binding: None };
    object(&place, &plan.fields, &mut out);
    out
}

#[derive(Clone)]
struct Place<'p> {
    path: Vec<String>,
    tables: Vec<usize>,
    table: &'p TableNode,
    owner: String,
    binding: Option<Binding>,
}

fn object<'p>(place: &Place<'p>, fields: &'p [Field], out: &mut Vec<Spot<'p>>) {
    for field in fields {
        let Some(step) = r4::resolve(&place.owner, &field.name) else { continue };
        // A coding's code is bound where its concept is; other parts are not bound at all.
        let binding = match step.type_name {
            "Coding" | "code" => step
                .element
                .binding
                .filter(|b| b.strength == Strength::Required)
                .or_else(|| place.binding.filter(|_| matches!(field.name.as_str(), "coding" | "code"))),
            "CodeableConcept" => step.element.binding,
            _ => None,
        };
        let below = Place { path: [place.path.as_slice(), std::slice::from_ref(&field.name)].concat(), owner: step.owner.clone(), binding, ..place.clone() };
        node(&below, &field.node, step.type_name, out);
    }
}

fn node<'p>(place: &Place<'p>, node_: &'p Node, type_name: &'static str, out: &mut Vec<Spot<'p>>) {
    match node_ {
        Node::Leaf(leaf) => {
            out.push(Spot { path: place.path.clone(), tables: place.tables.clone(), table: place.table, leaf, type_name, binding: place.binding })
        }
        Node::Constant(_) => {}
        Node::Object(fields) => object(place, fields, out),
        Node::List(members) => {
            for member in members {
                match member {
                    Member::One { node: below, .. } => node(place, below, type_name, out),
                    Member::Each { child, node: below, .. } => {
                        let Some(table) = place.table.children.get(*child) else { continue };
                        let tables = [place.tables.as_slice(), &[*child]].concat();
                        node(&Place { tables, table, ..place.clone() }, below, type_name, out);
                    }
                }
            }
        }
    }
}
