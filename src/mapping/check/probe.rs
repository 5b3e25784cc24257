//! Which columns a search parameter reads, found out by trying: a resource with a value in every column, each taken away in turn.

use super::Mistake;
use super::walk::{Spot, spots};
use crate::index::{Known, known};
use crate::plan::{Field, Form, Member, Node, Plan, TableNode};
use crate::source::{Operand, Source, SourceColumns};
use hearthgate_fhir::expression::Filter;
use hearthgate_fhir::index::{IndexValue, values};
use hearthgate_fhir::{Object, Value, r4};
use std::collections::{BTreeMap, HashSet};

/// A parameter that reads a column which does not name it, and a column that names a parameter which does not read it.
///
/// Gives back what columns hold and no [`Source`] can say: for each such parameter the keys of the resource, whose values
/// stand in the generated index.
pub(crate) fn parameters(plan: &Plan, mistakes: &mut Vec<Mistake>) -> BTreeMap<&'static str, Vec<String>> {
    let file = format!("{}.toml", plan.name);
    let spots = spots(plan);
    let mut beyond: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut plain = Made::of(plan, &spots, &Wanted::default());
    for known in known(plan.resource) {
        let code = known.parameter.code;
        let reads = reads(plan, &spots, known, &mut plain);
        let answered: Vec<(Vec<&str>, &str)> = plan.sources.get(code).into_iter().flatten().flat_map(columns).collect();
        for (spot, read) in spots.iter().zip(&reads) {
            let column = spot.column();
            if column.sealed || column.expression.is_some() {
                continue;
            }
            let named = spot.leaf.search.iter().any(|s| s == code);
            let table = chain(&plan.table, &spot.tables);
            if *read != Read::No && plan.sources.contains_key(code) && !answered.iter().any(|(joins, name)| *joins == table && *name == column.name) {
                // The ends of a range are no numbers of their own, and the text of a concept needs its coding beside it.
                if *read == Read::Words || is_range(plan, spot) {
                    let keys = beyond.entry(code).or_default();
                    keys.extend(spot.path.first().filter(|key| !keys.contains(key)).cloned());
                    continue;
                }
                if !named {
                    mistakes.push(Mistake::new(
                        &file,
                        spot.leaf.line,
                        format!("the search parameter `{code}` reads `{}`: `search` must name it", spot.print()),
                    ));
                }
            } else if *read == Read::Values && !named && !plan.sources.contains_key(code) {
                mistakes.push(Mistake::new(&file, spot.leaf.line, format!("the search parameter `{code}` reads `{}`: `search` must name it", spot.print())));
            }
            // One `search` stands at a whole table of columns, and a system or a unit goes with its value.
            let beside = |other: &Spot<'_>| other.tables == spot.tables && (other.leaf.line == spot.leaf.line || holder(other) == holder(spot));
            if named
                && *read == Read::No
                && plan.sources.contains_key(code)
                && !spots.iter().zip(&reads).any(|(other, read)| *read != Read::No && beside(other))
            {
                mistakes.push(Mistake::new(&file, spot.leaf.line, format!("the search parameter `{code}` does not read `{}`", spot.print())));
            }
        }
    }
    beyond
}

/// What a parameter reads of a column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Read {
    /// Nothing.
    No,
    /// Words that only `:text` looks at.
    Words,
    /// A value.
    Values,
}

fn is_range(plan: &Plan, spot: &Spot<'_>) -> bool {
    let first = spot.path.first().and_then(|name| r4::resolve(plan.resource, name));
    first.is_some_and(|step| step.type_name == "Range")
}

fn holder<'s>(spot: &'s Spot<'_>) -> &'s [String] {
    spot.path.split_last().map_or(&[], |(_, holder)| holder)
}

/// The names of the child tables gone down.
fn chain<'p>(table: &'p TableNode, tables: &[usize]) -> Vec<&'p str> {
    let mut here = table;
    let mut out = Vec::new();
    for index in tables {
        let Some(below) = here.children.get(*index) else { break };
        out.push(below.table.as_str());
        here = below;
    }
    out
}

/// The columns of a source, each with the tables it is down.
fn columns(source: &Source) -> Vec<(Vec<&str>, &str)> {
    let mut operands: Vec<Option<&Operand>> = Vec::new();
    let mut names: Vec<&str> = source.filter.iter().map(|(name, _)| name.as_str()).collect();
    match &source.columns {
        SourceColumns::Token { system, code, text, .. } => {
            operands.extend([system.as_ref(), Some(code)]);
            names.extend(text.iter().map(String::as_str));
        }
        SourceColumns::Identifier { system, value, .. } | SourceColumns::ReferenceIdentifier { system, value, .. } => {
            operands.push(system.as_ref());
            names.push(value);
        }
        SourceColumns::Quantity { value, system, code, unit } => {
            operands.extend([system.as_ref(), code.as_ref(), unit.as_ref()]);
            names.push(value);
        }
        SourceColumns::Period { start, end } => names.extend([start, end].into_iter().flatten().map(String::as_str)),
        SourceColumns::List { column, .. } | SourceColumns::Foreign { column, .. } | SourceColumns::Number { column, .. } => names.push(column),
        SourceColumns::Text(column)
        | SourceColumns::Date(column)
        | SourceColumns::Reference(column)
        | SourceColumns::Uri(column)
        | SourceColumns::Present(column) => names.push(column),
    }
    names.extend(operands.into_iter().flatten().filter_map(|operand| match operand {
        Operand::Column(name) => Some(name.as_str()),
        Operand::Constant(_) => None,
    }));
    let joins: Vec<&str> = source.joins.iter().map(|j| j.table.as_str()).collect();
    names.into_iter().map(|name| (joins.clone(), name)).collect()
}

/// What a parameter's expression wants of what it reads.
#[derive(Clone, Default)]
struct Wanted<'k> {
    /// A text at a name.
    literal: Option<(&'k str, &'k str)>,
    /// The type that references are to.
    refers: Option<&'static str>,
}

/// What a parameter reads of each column.
fn reads(plan: &Plan, spots: &[Spot<'_>], known: &Known, plain: &mut (Value, Vec<String>)) -> Vec<Read> {
    let mut out = vec![Read::No; spots.len()];
    let Some(expression) = &known.parameter.compiled else { return out };
    let segments = || expression.paths().iter().flat_map(|branch| &branch.segments);
    let mut wants = vec![Wanted::default()];
    for filter in segments().flat_map(|segment| &segment.filters) {
        match filter {
            Filter::Equals { path, literal } => wants.extend(path.last().map(|last| Wanted { literal: Some((last.name, literal)), refers: None })),
            Filter::RefersTo(resource) => wants.push(Wanted { literal: None, refers: Some(resource) }),
        }
    }
    // Where one of several is enough, each is tried alone too.
    let alone = expression.paths().iter().any(|branch| branch.test.is_some()) || segments().any(|segment| segment.index.is_some());
    let under = |spot: &Spot<'_>| known.keys.as_ref().is_none_or(|keys| spot.path.first().is_some_and(|first| keys.contains(first)));
    if !spots.iter().any(under) {
        return out;
    }
    for want in wants {
        let mut own;
        let (resource, pointers) = if want.literal.is_none() && want.refers.is_none() {
            &mut *plain
        } else {
            own = Made::of(plan, spots, &want);
            &mut own
        };
        let all = say(known, plan.resource, resource);
        let found = if alone { None } else { Some(places(known, plan.resource, resource)) };
        for (at, spot) in spots.iter().enumerate().filter(|(_, spot)| under(spot)) {
            // Only what lies in a found value, or is asked for by a filter, can make a difference.
            let filtered = want.literal.is_some_and(|(name, _)| spot.path.last().is_some_and(|last| last == name));
            if let Some(found) = &found
                && !filtered
                && !resource.pointer(&pointers[at]).is_some_and(|value| found.contains(&place(value.get(0).unwrap_or(value))))
            {
                continue;
            }
            let Some(value) = resource.pointer_mut(&pointers[at]).map(Value::take) else { continue };
            out[at] = out[at].max(differ(&say(known, plan.resource, resource), &all));
            if alone {
                let (mut bare, _) = Made::of(plan, spots, &want);
                for (other, pointer) in pointers.iter().enumerate() {
                    if other != at
                        && let Some(value) = bare.pointer_mut(pointer)
                    {
                        *value = Value::Null;
                    }
                }
                let with = say(known, plan.resource, &bare);
                if let Some(value) = bare.pointer_mut(&pointers[at]) {
                    *value = Value::Null;
                }
                out[at] = out[at].max(differ(&with, &say(known, plan.resource, &bare)));
            }
            if let Some(place) = resource.pointer_mut(&pointers[at]) {
                *place = value;
            }
        }
    }
    out
}

/// Where a value lies in memory.
fn place(value: &Value) -> usize {
    std::ptr::from_ref(value) as usize
}

/// Where all values lie that a parameter finds, and all below them.
fn places(known: &Known, resource_type: &str, resource: &Value) -> HashSet<usize> {
    fn add(value: &Value, out: &mut HashSet<usize>) {
        out.insert(place(value));
        match value {
            Value::Object(object) => object.values().for_each(|v| add(v, out)),
            Value::Array(list) => list.iter().for_each(|v| add(v, out)),
            _ => {}
        }
    }
    let mut out = HashSet::new();
    for found in known.parameter.compiled.iter().flat_map(|e| e.eval(resource_type, resource)) {
        add(found.value, &mut out);
    }
    out
}

/// What a parameter finds, but for what only `:of-type` looks at.
fn say(known: &Known, resource_type: &str, resource: &Value) -> Vec<IndexValue> {
    let found = known.parameter.compiled.as_ref().map(|e| e.eval(resource_type, resource)).unwrap_or_default();
    let all = found.iter().flat_map(|found| values(known.parameter.kind, known.parameter.code, found));
    all.filter(|value| !matches!(value, IndexValue::OfType { .. })).collect()
}

fn differ(one: &[IndexValue], other: &[IndexValue]) -> Read {
    let values = |all: &'_ [IndexValue]| all.iter().filter(|value| !matches!(value, IndexValue::Text(_))).cloned().collect::<Vec<_>>();
    if one == other {
        Read::No
    } else if values(one) == values(other) {
        Read::Words
    } else {
        Read::Values
    }
}

/// A resource with a value in every column, one member for each way into a list.
struct Made<'s, 'p> {
    spots: &'s [Spot<'p>],
    want: &'s Wanted<'s>,
    /// Where each column's value stands, in the order of the spots.
    pointers: Vec<String>,
}

impl Made<'_, '_> {
    /// The resource, and where the value of each spot stands.
    fn of(plan: &Plan, spots: &[Spot<'_>], want: &Wanted<'_>) -> (Value, Vec<String>) {
        let mut made = Made { spots, want, pointers: Vec::new() };
        let resource = Value::Object(made.object(&plan.fields, ""));
        (resource, made.pointers)
    }

    fn object(&mut self, fields: &[Field], pointer: &str) -> Object {
        fields.iter().map(|field| (field.name.clone(), self.node(&field.node, &format!("{pointer}/{}", field.name)))).collect()
    }

    fn node(&mut self, node: &Node, pointer: &str) -> Value {
        match node {
            Node::Leaf(_) => {
                let spot = self.spots.get(self.pointers.len());
                self.pointers.push(pointer.to_owned());
                spot.map_or(Value::Null, |spot| self.sample(spot))
            }
            Node::Constant(value) => value.clone(),
            Node::Object(fields) => Value::Object(self.object(fields, pointer)),
            Node::List(members) => Value::Array(
                members
                    .iter()
                    .enumerate()
                    .map(|(at, member)| {
                        let (Member::One { node, .. } | Member::Each { node, .. }) = member;
                        self.node(node, &format!("{pointer}/{at}"))
                    })
                    .collect(),
            ),
        }
    }

    fn sample(&self, spot: &Spot<'_>) -> Value {
        match &spot.leaf.form {
            Form::Boolean => Value::Bool(true),
            Form::Integer | Form::Decimal => Value::from(7),
            Form::List => Value::Array(vec![Value::from("text")]),
            Form::Foreign(resource) => Value::from(format!("{resource}/one")),
            Form::Reference(types) => {
                let wanted = self.want.refers.filter(|t| types.is_empty() || types.contains(t));
                Value::from(format!("{}/one", wanted.or_else(|| types.first().copied()).unwrap_or("Device")))
            }
            Form::Base64 => Value::from("b25l"),
            Form::Text => Value::from(match (&spot.leaf.codes, spot.type_name, &self.want.literal) {
                (Some(codes), ..) => codes.rows().first().map_or("", |(_, fhir, _)| fhir),
                (None, "date" | "dateTime" | "instant", _) => "2001-02-03",
                (None, _, Some((name, literal))) if spot.path.last().is_some_and(|last| last == name) => literal,
                _ => "text",
            }),
        }
    }
}

/// The parameters of a type that its mapping could name: for whoever mistypes one.
pub(crate) fn names(resource: &str) -> Vec<&'static str> {
    let r4 = r4::search_parameters(resource).iter().map(|p| p.code);
    known(resource).iter().map(|k| k.parameter.code).chain(r4).collect()
}
