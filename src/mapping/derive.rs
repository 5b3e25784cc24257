//! From the `search` keys of elements to [`Source`]s: which columns a search parameter reads, and by what road.

use crate::check::{near, probe};
use crate::plan::{Blind, ColumnKind, Field, Form, Leaf, Member, Node, Plan, Sql, TableNode};
use crate::source::{Join, Operand, Source, SourceColumns};
use crate::tree::Builder;
use hearthgate_fhir::{Value, r4};
use std::collections::BTreeMap;

/// Where the walk stands.
#[derive(Clone)]
struct Place<'p> {
    /// The child tables gone down, as indices.
    tables: Vec<usize>,
    joins: Vec<Join>,
    /// The key of what the object is: `Identifier`, `Patient.contact`, …
    owner: String,
    /// The fields of the object.
    fields: &'p [Field],
    /// The text column of the CodeableConcept that a coding is in, when both stand in one row.
    concept_text: Option<usize>,
}

struct Walk<'w, 'a, 'c> {
    builder: &'w mut Builder<'a, 'c>,
    out: BTreeMap<String, Vec<Source>>,
    /// Changes to columns: tables gone down, column, what.
    marks: Vec<(Vec<usize>, usize, Mark)>,
    root: &'w TableNode,
    /// Each parameter that a column names: the column's line, and whether some column can answer it.
    named: BTreeMap<String, (usize, bool)>,
}

enum Mark {
    Searched,
    Folded,
    Blind(Blind),
}

/// Fills [`Plan::sources`] and marks the columns that are searched.
pub(crate) fn sources(plan: &mut Plan, builder: &mut Builder<'_, '_>) {
    let place = Place { tables: vec![], joins: vec![], owner: plan.resource.to_owned(), fields: &plan.fields, concept_text: None };
    let mut walk = Walk { builder, out: BTreeMap::new(), marks: vec![], root: &plan.table, named: BTreeMap::new() };
    walk.object(&place);
    let Walk { out, marks, named, builder, .. } = walk;
    for (code, (line, used)) in named {
        if !used {
            let kind = crate::index::parameter(builder.resource, &code)
                .map_or_else(String::new, |p| format!(", a {} parameter,", format!("{:?}", p.kind).to_lowercase()));
            builder.mistake_at(line, format!("no column that names the search parameter `{code}`{kind} can answer it"));
        }
    }
    for (tables, column, mark) in marks {
        let mut table = &mut plan.table;
        for index in tables {
            table = &mut table.children[index];
        }
        let column = &mut table.columns[column];
        match mark {
            Mark::Searched => column.searched = true,
            Mark::Folded => match &mut column.kind {
                ColumnKind::List { folded } => *folded = true,
                kind @ ColumnKind::Text => *kind = ColumnKind::Folded,
                _ => {}
            },
            Mark::Blind(blind) => column.blind = Some(blind),
        }
    }
    plan.sources = out;
    plan.correlated = crate::composite::correlated(plan);
}

impl Walk<'_, '_, '_> {
    fn object(&mut self, place: &Place<'_>) {
        for field in place.fields {
            let Some(step) = r4::resolve(&place.owner, &field.name) else { continue };
            self.node(place, &field.name, &field.node, &step.owner, step.type_name);
        }
    }

    fn node(&mut self, place: &Place<'_>, name: &str, node: &Node, owner: &str, type_name: &'static str) {
        match node {
            Node::Leaf(leaf) => self.leaf(place, name, leaf, type_name),
            Node::Constant(_) => {}
            Node::Object(fields) => self.object(&Place { owner: owner.to_owned(), fields, concept_text: None, ..place.clone() }),
            Node::List(members) => {
                for member in members {
                    match member {
                        Member::One { node: Node::Object(fields), .. } => {
                            let text = (place.owner == "CodeableConcept").then(|| leaf_column(place.fields, "text")).flatten();
                            self.object(&Place { owner: owner.to_owned(), fields, concept_text: text, ..place.clone() });
                        }
                        Member::One { node, .. } => self.node(place, name, node, owner, type_name),
                        Member::Each { child, node, .. } => {
                            let table = &self.table(&place.tables).children[*child];
                            let join = Join { table: table.table.clone(), on: table.on.clone().unwrap_or_default(), filter: table.filter.clone() };
                            let mut below = place.clone();
                            below.tables.push(*child);
                            below.joins.push(join);
                            below.concept_text = None;
                            match node {
                                Node::Object(fields) => self.object(&Place { owner: owner.to_owned(), fields, ..below }),
                                node => self.node(&below, name, node, owner, type_name),
                            }
                        }
                    }
                }
            }
        }
    }

    fn table(&self, tables: &[usize]) -> &TableNode {
        tables.iter().fold(self.root, |table, index| &table.children[*index])
    }

    fn leaf(&mut self, place: &Place<'_>, name: &str, leaf: &Leaf, type_name: &'static str) {
        for code in &leaf.search {
            let resource = self.builder.resource;
            let Some(kind) = crate::index::parameter(resource, code).map(|p| p.kind) else {
                let message = match r4::search_parameter(resource, code) {
                    Some(p) if p.compiled.is_some() && !matches!(p.kind, r4::Kind::Composite | r4::Kind::Special) => {
                        format!("the search parameter `{code}` is not offered for {resource}: it reads what is sealed")
                    }
                    Some(_) => format!("`{code}` is not a parameter that a column answers"),
                    None => format!("{resource} has no search parameter `{code}`{}", near(code, probe::names(resource))),
                };
                self.builder.mistake_at(leaf.line, message);
                continue;
            };
            let filter = self.filter(resource, code, place);
            let found = match &filter {
                Some(_) => self.columns(place, name, leaf, type_name, kind, code),
                None => None,
            };
            let (_, used) = self.named.entry(code.clone()).or_insert((leaf.line, false));
            if let (Some(columns), Some(filter)) = (found, filter) {
                *used = true;
                let source = Source { joins: place.joins.clone(), filter, columns };
                let all = self.out.entry(code.clone()).or_default();
                if !all.iter().any(|s| format!("{s:?}") == format!("{source:?}")) {
                    all.push(source);
                }
            }
        }
    }

    /// What the parameter's expression wants of the object, as columns with values; `None` when a constant says no.
    fn filter(&self, resource: &str, code: &str, place: &Place<'_>) -> Option<Vec<(String, Sql)>> {
        let expression = crate::index::parameter(resource, code).map_or("", |p| p.expression);
        let Some(wanted) = expression.split("where(system='").nth(1).and_then(|t| t.split('\'').next()) else { return Some(vec![]) };
        if place.owner != "ContactPoint" {
            return Some(vec![]);
        }
        match self.operand(place, "system") {
            Some(Operand::Column(column)) => Some(vec![(column, Sql::Text(wanted.to_owned()))]),
            Some(Operand::Constant(constant)) => (constant == wanted).then(Vec::new),
            None => None,
        }
    }

    fn operand(&self, place: &Place<'_>, name: &str) -> Option<Operand> {
        place.fields.iter().find(|f| f.name == name).and_then(|f| match &f.node {
            Node::Leaf(leaf) if leaf.codes.is_none() => Some(Operand::Column(self.name(place, leaf.column))),
            Node::Constant(Value::String(text)) => Some(Operand::Constant(text.clone())),
            _ => None,
        })
    }

    fn name(&self, place: &Place<'_>, column: usize) -> String {
        self.table(&place.tables).columns[column].name.clone()
    }

    fn mark(&mut self, place: &Place<'_>, column: usize, mark: Mark) {
        self.marks.push((place.tables.clone(), column, mark));
    }

    fn columns(&mut self, place: &Place<'_>, name: &str, leaf: &Leaf, type_name: &'static str, kind: r4::Kind, code: &str) -> Option<SourceColumns> {
        let column = self.table(&place.tables).columns[leaf.column].clone();
        let owner = place.owner.as_str();
        if column.expression.is_some() {
            self.builder.mistake_at(leaf.line, format!("`{code}`: an SQL expression has no index and cannot be searched"));
            return None;
        }
        let found = match (kind, owner) {
            (r4::Kind::Token, "Identifier" | "ContactPoint") | (r4::Kind::Reference, "Identifier") => {
                if name != "value" {
                    return None;
                }
                let datatype = if owner == "Identifier" { "Identifier" } else { "ContactPoint" };
                let system = self.operand(place, "system");
                if column.sealed {
                    let system_column = leaf_column(place.fields, "system");
                    let system_value = match &system {
                        Some(Operand::Constant(text)) => Some(text.clone()),
                        _ => None,
                    };
                    self.mark(place, leaf.column, Mark::Blind(Blind { datatype, system: system_column, system_value }));
                }
                let (value, sealed) = (column.name.clone(), column.sealed);
                if kind == r4::Kind::Reference {
                    SourceColumns::ReferenceIdentifier { system, value, sealed }
                } else {
                    SourceColumns::Identifier { datatype, system, value, sealed }
                }
            }
            (r4::Kind::Token, "Coding") => {
                if name != "code" {
                    return None;
                }
                let mut text = Vec::new();
                for index in [leaf_column(place.fields, "display"), place.concept_text].into_iter().flatten() {
                    if !self.table(&place.tables).columns[index].sealed {
                        self.mark(place, index, Mark::Folded);
                        text.push(self.name(place, index));
                    }
                }
                SourceColumns::Token {
                    system: self.operand(place, "system"),
                    code: Operand::Column(column.name.clone()),
                    codes: leaf.codes.clone(),
                    text,
                    boolean: false,
                }
            }
            (r4::Kind::Token, "CodeableConcept") => return None,
            (r4::Kind::Token, _) => match leaf.form {
                Form::Boolean => SourceColumns::Token { system: None, code: Operand::Column(column.name.clone()), codes: None, text: vec![], boolean: true },
                Form::Text if column.kind == ColumnKind::Date => SourceColumns::Present(column.name.clone()),
                Form::List => SourceColumns::List { column: column.name.clone(), folded: false },
                _ => {
                    let system = r4::resolve(owner, name).and_then(|s| s.element.binding.as_ref().map(|b| b.value_set)).and_then(only_system);
                    SourceColumns::Token {
                        system: system.map(Operand::Constant),
                        code: Operand::Column(column.name.clone()),
                        codes: leaf.codes.clone(),
                        text: vec![],
                        boolean: false,
                    }
                }
            },
            (r4::Kind::String, _) => {
                self.mark(place, leaf.column, Mark::Folded);
                match leaf.form {
                    Form::List => SourceColumns::List { column: column.name.clone(), folded: true },
                    _ => SourceColumns::Text(column.name.clone()),
                }
            }
            (r4::Kind::Date, "Period") => {
                let (start, end) = (leaf_column(place.fields, "start"), leaf_column(place.fields, "end"));
                for index in [start, end].into_iter().flatten() {
                    self.mark(place, index, Mark::Searched);
                }
                SourceColumns::Period { start: start.map(|i| self.name(place, i)), end: end.map(|i| self.name(place, i)) }
            }
            (r4::Kind::Date, _) => SourceColumns::Date(column.name.clone()),
            (r4::Kind::Reference, _) => match &column.kind {
                ColumnKind::Foreign { table, public_id, resource } => {
                    SourceColumns::Foreign { column: column.name.clone(), table: table.clone(), public_id: public_id.clone(), resource }
                }
                _ if type_name == "uri" || type_name == "canonical" || type_name == "url" => SourceColumns::Uri(column.name.clone()),
                _ if name == "reference" => SourceColumns::Reference(column.name.clone()),
                _ => return None,
            },
            (r4::Kind::Quantity, _) => {
                if name != "value" {
                    return None;
                }
                SourceColumns::Quantity {
                    value: column.name.clone(),
                    system: self.operand(place, "system"),
                    code: self.operand(place, "code"),
                    unit: self.operand(place, "unit"),
                }
            }
            (r4::Kind::Number, _) => SourceColumns::Number { column: column.name.clone(), decimal: column.kind == ColumnKind::Decimal },
            (r4::Kind::Uri, _) if leaf.form == Form::List => SourceColumns::List { column: column.name.clone(), folded: false },
            (r4::Kind::Uri, _) => SourceColumns::Uri(column.name.clone()),
            (r4::Kind::Composite | r4::Kind::Special, _) => {
                self.builder.mistake_at(leaf.line, format!("`{code}` is not a parameter that a column answers"));
                return None;
            }
        };
        if column.sealed && !matches!(found, SourceColumns::Identifier { .. } | SourceColumns::ReferenceIdentifier { .. } | SourceColumns::Present(_)) {
            self.builder
                .mistake_at(leaf.line, format!("`{code}`: the column `{}` is sealed and can be found only as an identifier or contact point", column.name));
            return None;
        }
        self.mark(place, leaf.column, Mark::Searched);
        Some(found)
    }
}

/// The column of a leaf by its JSON name.
fn leaf_column(fields: &[Field], name: &str) -> Option<usize> {
    fields.iter().find(|f| f.name == name).and_then(|f| match &f.node {
        Node::Leaf(leaf) => Some(leaf.column),
        _ => None,
    })
}

/// The code system of a value set whose codes all come from one.
fn only_system(value_set: &str) -> Option<String> {
    let codes = r4::value_set_codes(value_set)?;
    let (first, _) = codes.first()?;
    codes.iter().all(|(system, _)| system == first).then(|| (*first).to_owned())
}
