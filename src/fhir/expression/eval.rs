//! Running an expression: lookups by JSON name, nothing else.

use super::compile::RESOURCE;
use super::{Branch, Filter, Found, Segment, Test};
use crate::Value;
use crate::r4::type_named;

static TRUE: Value = Value::Bool(true);
static FALSE: Value = Value::Bool(false);

pub(super) fn in_resource<'v>(branches: &[Branch], resource_type: &str, resource: &'v Value) -> Vec<Found<'v>> {
    let mut all = Vec::new();
    for branch in branches {
        let is_any = matches!(branch.root, "Resource" | "DomainResource");
        if !is_any && branch.root != resource_type {
            continue;
        }
        // A branch from `Resource` takes its steps as `Resource`, but finds the resource as it is.
        let type_name = if is_any && branch.segments.is_empty() { type_named(resource_type).unwrap_or(branch.root) } else { branch.root };
        let root = Found { value: resource, type_name, owner: type_name, value_set: None };
        all.extend(run(branch, root, resource));
    }
    all
}

pub(super) fn in_focus<'v>(branches: &[Branch], focus: &Found<'v>, resource: &'v Value) -> Vec<Found<'v>> {
    let mut all = Vec::new();
    for branch in branches {
        if branch.root == focus.owner {
            all.extend(run(branch, *focus, resource));
        } else if branch.root == RESOURCE
            && let Some(owner) = branch.segments.first().and_then(|first| first.ways.first())
        {
            let (type_name, owner) = (owner.from, owner.from);
            let root = Found { value: resource, type_name, owner, value_set: None };
            all.extend(run(branch, root, resource));
        }
    }
    all
}

fn run<'v>(branch: &Branch, root: Found<'v>, resource: &'v Value) -> Vec<Found<'v>> {
    let found = walk(&branch.segments, vec![root], resource);
    let holds = match branch.test {
        None => return found,
        Some(Test::Exists) => !found.is_empty(),
        Some(Test::ExistsAndIsNotFalse) => found.iter().any(|found| found.value != &FALSE),
    };
    let value = if holds { &TRUE } else { &FALSE };
    vec![Found { value, type_name: "boolean", owner: "boolean", value_set: None }]
}

fn walk<'v>(segments: &[Segment], from: Vec<Found<'v>>, resource: &'v Value) -> Vec<Found<'v>> {
    let mut here = from;
    for segment in segments {
        let mut next = Vec::new();
        for holder in &here {
            step(segment, holder, &mut next);
        }
        next.retain(|found| segment.filters.iter().all(|filter| holds(filter, found, resource)));
        if let Some(index) = segment.index {
            next = next.into_iter().skip(index).take(1).collect();
        }
        here = next;
    }
    here
}

fn step<'v>(segment: &Segment, holder: &Found<'v>, next: &mut Vec<Found<'v>>) {
    for way in segment.ways.iter().filter(|way| way.from == holder.owner) {
        let Some(value) = holder.value.get(&way.json_name) else {
            continue;
        };
        let members = match value {
            Value::Array(members) => members.as_slice(),
            other => std::slice::from_ref(other),
        };
        for value in members.iter().filter(|value| !value.is_null()) {
            let (mut type_name, mut owner) = (way.type_name, way.owner);
            if type_name == "Resource" {
                let own = value.get("resourceType").and_then(Value::as_str).and_then(type_named);
                (type_name, owner) = own.map_or((type_name, owner), |own| (own, own));
            }
            next.push(Found { value, type_name, owner, value_set: way.value_set });
        }
    }
}

fn holds(filter: &Filter, found: &Found<'_>, resource: &Value) -> bool {
    match filter {
        Filter::RefersTo(type_name) => target_type(found.value, resource) == Some(type_name),
        Filter::Equals { path, literal } => walk(path, vec![*found], resource).iter().any(|found| found.value.as_str() == Some(literal)),
    }
}

/// The type a reference points to: by its text, by what it is contained in, or by what it says
/// (<https://hl7.org/fhir/R4/references.html#Reference>).
fn target_type<'v>(reference: &'v Value, resource: &'v Value) -> Option<&'v str> {
    let stated = || reference.get("type").and_then(Value::as_str);
    let Some(text) = reference.get("reference").and_then(Value::as_str) else {
        return stated();
    };
    if let Some(id) = text.strip_prefix('#') {
        if id.is_empty() {
            return resource.get("resourceType").and_then(Value::as_str);
        }
        let contained = resource.get("contained").and_then(Value::as_array)?;
        let target = contained.iter().find(|inner| inner.get("id").and_then(Value::as_str) == Some(id));
        return target?.get("resourceType").and_then(Value::as_str);
    }
    // `Type/id`, `Type/id/_history/1`, `Type?identifier=…`, each perhaps below a base.
    let path = text.split(['?', '#']).next().unwrap_or(text);
    let is_query = text.contains('?');
    let path = path.split_once("/_history/").map_or(path, |(path, _)| path);
    let mut parts = path.rsplit('/');
    let named = if is_query { parts.next() } else { parts.nth(1) };
    named.filter(|name| crate::r4::is_resource_type(name)).or_else(stated)
}
