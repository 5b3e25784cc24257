//! Composite search parameters (<https://hl7.org/fhir/R4/search.html#composite>): several values that hold of the same element.
//!
//! An element of the composite's expression is either the resource itself, where each part is answered as the parameter that finds
//! the same, or one of its own elements. Of those, rows of a child table are found by their columns ([`Correlated`]); whatever else an
//! element says stands in the generated index, all of its parts under one number ([`Place`]).

use crate::index;
use crate::plan::{Member, Node, Plan};
use crate::source::{Join, Source, SourceColumns};
use hearthgate_fhir::Value;
use hearthgate_fhir::expression::{Branch, Found};
use hearthgate_fhir::index::{IndexValue, values};
use hearthgate_fhir::r4::{self, Component, Kind, SearchParameter};
use std::collections::BTreeMap;

/// Where an entry of the generated index belongs that is a part of a composite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of the element within its resource and parameter.
    pub element: usize,
    /// Which part.
    pub part: usize,
}

/// Rows of one child table, each an element of a composite's expression.
#[derive(Clone, Debug)]
pub struct Correlated {
    /// From the root table to the rows.
    pub focus: Join,
    /// For each part the sources that it is said by, and the parameter by whose rules they are read; their joins begin below the focus.
    pub parts: Vec<(&'static SearchParameter, Vec<Source>)>,
}

/// How a composite of a type is answered.
#[derive(Debug)]
pub struct Foci {
    /// An element is the resource itself: the parameters that find what the parts find.
    pub whole: Option<Vec<&'static SearchParameter>>,
    /// Elements are found in the generated index, and by [`Plan::correlated`].
    pub elements: bool,
}

/// How a composite of a type is answered.
#[must_use]
pub fn foci(resource: &str, code: &str) -> Option<&'static Foci> {
    index::known(resource).iter().find(|known| known.parameter.code == code).and_then(|known| known.foci.as_ref())
}

/// The same, worked out.
pub(crate) fn of(resource: &str, parameter: &SearchParameter) -> Option<Foci> {
    let branches = parameter.compiled.as_ref().filter(|_| parameter.kind == Kind::Composite)?.paths();
    let whole = branches.iter().find(|branch| is_whole(resource, branch)).and_then(|branch| same(resource, parameter, branch));
    let elements = branches.iter().any(|branch| whole.is_none() || !is_whole(resource, branch));
    Some(Foci { whole, elements })
}

/// The parameter by whose rules a part is read: the one that R4 names, or the composite.
#[must_use]
pub fn definition<'p>(resource: &str, composite: &'p SearchParameter, part: &Component) -> &'p SearchParameter {
    r4::search_parameters(resource).iter().find(|known| known.url == part.url).unwrap_or(composite)
}

fn is_whole(resource: &str, branch: &Branch) -> bool {
    branch.root == resource && branch.segments.is_empty()
}

/// For each part the type's own parameter that finds in every resource what the part finds from the focus; at the same element it may
/// read further types, as R4's `value-quantity` reads `SampledData` and `code-value-quantity` does not say so.
fn same(resource: &str, composite: &SearchParameter, focus: &Branch) -> Option<Vec<&'static SearchParameter>> {
    let owners: Vec<&str> = focus.segments.last().map_or(vec![focus.root], |last| last.ways.iter().map(|way| way.owner).collect());
    let wanted = |part: &Component| -> Vec<Branch> {
        let below = part.compiled.iter().flat_map(|e| e.paths()).filter(|below| owners.contains(&below.root));
        below.map(|below| Branch { root: focus.root, segments: [&focus.segments[..], &below.segments].concat(), test: below.test }).collect()
    };
    let found = |part: &Component| {
        let wanted = wanted(part);
        let finds = |known: &&SearchParameter| {
            let paths = known.compiled.as_ref().map_or(&[][..], |e| e.paths());
            wanted.iter().all(|branch| paths.contains(branch)) && paths.iter().all(|path| wanted.iter().any(|branch| branch.path() == path.path()))
        };
        let from_resource = part.compiled.iter().flat_map(|e| e.paths()).all(|below| owners.contains(&below.root) || below.root != "%resource");
        r4::search_parameters(resource).iter().filter(|known| from_resource && known.kind == part.kind && !wanted.is_empty()).find(finds)
    };
    composite.components.iter().map(found).collect()
}

/// What each element of a resource says to the parts, apart from the resource itself where that has parameters of its own; elements
/// that say nothing to some part are left out.
#[must_use]
pub fn elements(resource_type: &str, parameter: &SearchParameter, foci: &Foci, resource: &Value) -> Vec<Vec<Vec<IndexValue>>> {
    let Some(expression) = parameter.compiled.as_ref().filter(|_| foci.elements) else { return Vec::new() };
    let focus = expression.eval(resource_type, resource);
    let elements = focus.iter().filter(|focus| foci.whole.is_none() || !std::ptr::eq(focus.value, resource));
    elements.filter_map(|focus| parts(parameter, focus, resource)).collect()
}

fn parts(parameter: &SearchParameter, focus: &Found<'_>, resource: &Value) -> Option<Vec<Vec<IndexValue>>> {
    let one = |part: &Component| {
        let found = part.compiled.as_ref()?.eval_within(focus, resource);
        let mut said: Vec<IndexValue> = found.iter().flat_map(|found| values(part.kind, parameter.code, found)).collect();
        // A part takes no modifier, so nobody asks for words or types.
        said.retain(|value| !matches!(value, IndexValue::Text(_) | IndexValue::OfType { .. } | IndexValue::ReferenceIdentifier { .. }));
        said.dedup();
        (!said.is_empty()).then_some(said)
    };
    parameter.components.iter().map(one).collect()
}

/// The child tables that answer the composites of a plan's type. A composite of which some element stands elsewhere than in rows of
/// child tables is answered by the generated index alone.
pub(crate) fn correlated(plan: &Plan) -> BTreeMap<&'static str, Vec<Correlated>> {
    let composites = index::known(plan.resource).iter().filter_map(|known| Some((known.parameter, known.foci.as_ref()?)));
    let found = composites.filter_map(|(parameter, foci)| Some((parameter.code, of_parameter(plan, parameter, foci)?)));
    found.filter(|(_, all)| !all.is_empty()).collect()
}

fn of_parameter(plan: &Plan, parameter: &SearchParameter, foci: &Foci) -> Option<Vec<Correlated>> {
    let skip = foci.whole.is_some();
    let mut out = Vec::new();
    for branch in parameter.compiled.as_ref()?.paths().iter().filter(|branch| !(skip && is_whole(plan.resource, branch))) {
        let [segment] = branch.segments.as_slice() else { return None };
        let plain = segment.filters.is_empty() && segment.index.is_none();
        let field = plan.fields.iter().find(|field| field.name == segment.name);
        let rows = |member: &Member| matches!(member, Member::Each { node, .. } if !has_constant(node));
        match field.map(|field| &field.node) {
            None => continue,
            Some(Node::List(members)) if plain && members.iter().all(rows) => {}
            Some(_) => return None,
        }
        let parts = same(plan.resource, parameter, branch)?;
        let sources = |part: &SearchParameter| plan.sources.get(part.code).map_or(&[][..], Vec::as_slice);
        let all = || parts.iter().flat_map(|part| sources(part));
        if all().any(|source| source.joins.is_empty() || matches!(source.columns, SourceColumns::Present(_))) {
            return None;
        }
        let mut tables: Vec<&Join> = Vec::new();
        for focus in all().filter_map(|source| source.joins.first()) {
            if !tables.contains(&focus) {
                tables.push(focus);
            }
        }
        for focus in tables {
            let below = |part: &&'static SearchParameter| {
                let own = sources(part).iter().filter(|source| source.joins.first() == Some(focus));
                let own: Vec<Source> = own.map(|source| Source { joins: source.joins[1..].to_vec(), ..source.clone() }).collect();
                (!own.is_empty()).then_some((*part, own))
            };
            if let Some(parts) = parts.iter().map(below).collect() {
                out.push(Correlated { focus: focus.clone(), parts });
            }
        }
    }
    Some(out)
}

fn has_constant(node: &Node) -> bool {
    match node {
        Node::Leaf(_) => false,
        Node::Constant(_) => true,
        Node::Object(fields) => fields.iter().any(|field| has_constant(&field.node)),
        Node::List(members) => members.iter().any(|member| match member {
            Member::One { node, .. } | Member::Each { node, .. } => has_constant(node),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seen to fail where further types were not allowed: every quantity stood in the generated index twice more.
    #[test]
    fn a_composite_of_the_resource_itself_is_answered_by_parameters_of_their_own() {
        let whole = |code: &str| {
            let foci = foci("Observation", code).expect("a composite");
            (foci.whole.as_ref().map(|parts| parts.iter().map(|part| part.code).collect::<Vec<_>>()), foci.elements)
        };
        assert_eq!(whole("code-value-concept"), (Some(vec!["code", "value-concept"]), false));
        assert_eq!(whole("code-value-quantity"), (Some(vec!["code", "value-quantity"]), false));
        assert_eq!(whole("code-value-date"), (Some(vec!["code", "value-date"]), false));
        assert_eq!(whole("combo-code-value-concept"), (Some(vec!["code", "value-concept"]), true));
        assert_eq!(whole("component-code-value-quantity"), (None, true));
    }
}
