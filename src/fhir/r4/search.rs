//! R4's search parameters, from `profiles/r4/search-parameters.json`
//! (<https://hl7.org/fhir/R4/searchparameter-registry.html>).

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::elements::resource_types;
use crate::expression::Expression;

/// The type of a search parameter (<https://hl7.org/fhir/R4/search.html#ptypes>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text, by its beginning, whatever its case and accents.
    String,
    /// A code, with or without its system.
    Token,
    /// A date or period, by overlap.
    Date,
    /// A reference to another resource.
    Reference,
    /// A number with a unit.
    Quantity,
    /// A number.
    Number,
    /// A URI, exactly.
    Uri,
    /// Several parameters that hold of the same element.
    Composite,
    /// Something of its own (`near`, `_filter`).
    Special,
}

/// A search parameter of one resource type.
#[derive(Debug)]
pub struct SearchParameter {
    /// What a URL writes: `birthdate`.
    pub code: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The canonical URL of its definition.
    pub url: &'static str,
    /// The part of its FHIRPath that speaks of this resource type; empty where R4 gives none.
    pub expression: &'static str,
    /// The expression, ready to run; `None` where R4 gives none. US Core's that end at the code of
    /// a coding run to the coding, so that a system in the question can match.
    pub compiled: Option<Expression>,
    /// Resource types a reference may point to, abstract `Resource` written out.
    pub targets: Vec<&'static str>,
    /// The parts of a composite.
    pub components: Vec<Component>,
}

/// One part of a composite parameter (<https://hl7.org/fhir/R4/search.html#composite>).
#[derive(Debug)]
pub struct Component {
    /// The parameter it stands for.
    pub url: &'static str,
    /// That parameter's type.
    pub kind: Kind,
    /// Its FHIRPath, from each element the composite's own expression finds.
    pub expression: &'static str,
    /// The expression, ready to run on each [`Found`](crate::expression::Found) of the composite
    /// with [`Expression::eval_within`].
    pub compiled: Option<Expression>,
    /// Resource types a reference may point to.
    pub targets: Vec<&'static str>,
}

/// What a parameter's URL stands for: its type and what a reference may point to.
pub(super) type Kinds = HashMap<&'static str, (Kind, Vec<&'static str>)>;

/// R4's own search parameters of a resource type, sorted by code; those that every type has are
/// apart in [`common_search_parameters`].
pub fn search_parameters(resource: &str) -> &'static [SearchParameter] {
    tables().get(resource).map(Vec::as_slice).unwrap_or_default()
}

/// A search parameter of a resource type, the common ones included.
pub fn search_parameter(resource: &str, code: &str) -> Option<&'static SearchParameter> {
    let own = search_parameters(resource);
    match own.binary_search_by(|parameter| parameter.code.cmp(code)) {
        Ok(at) => own.get(at),
        Err(_) => common_search_parameters().iter().find(|parameter| parameter.code == code),
    }
}

/// The parameters that every resource type has: `_id`, `_lastUpdated`, `_tag`, `_profile`,
/// `_security`, `_source`, and R4's `_text`, `_content`, `_filter`, `_query`.
pub fn common_search_parameters() -> &'static [SearchParameter] {
    tables().get("").map(Vec::as_slice).unwrap_or_default()
}

#[derive(Deserialize)]
pub(super) struct Raw<'a> {
    /// The resource type, where the file does not group by it.
    #[serde(rename = "type", default)]
    pub(super) resource: &'a str,
    code: &'a str,
    kind: Kind,
    url: &'a str,
    pub(super) expression: &'a str,
    #[serde(default, borrow)]
    targets: Vec<&'a str>,
    #[serde(default, borrow)]
    components: Vec<RawComponent<'a>>,
}

#[derive(Deserialize)]
struct RawComponent<'a> {
    definition: &'a str,
    expression: &'a str,
}

impl Raw<'static> {
    pub(super) fn compile(&self, kinds: &Kinds) -> SearchParameter {
        self.compile_as(self.expression, kinds)
    }

    /// The same, with an expression in place of the published one.
    pub(super) fn compile_as(&self, expression: &str, kinds: &Kinds) -> SearchParameter {
        let compiled = Expression::compile(expression).ok();
        let component = |part: &RawComponent<'static>| {
            let (kind, targets) = kinds.get(part.definition).cloned().unwrap_or((Kind::Special, Vec::new()));
            let compiled = compiled.as_ref().and_then(|focus| Expression::compile_within(focus, part.expression).ok());
            Component { url: part.definition, kind, expression: part.expression, compiled, targets }
        };
        let mut components: Vec<Component> = self.components.iter().map(component).collect();
        uncross(&mut components);
        SearchParameter { code: self.code, kind: self.kind, url: self.url, expression: self.expression, compiled, targets: self.targets(), components }
    }

    fn targets(&self) -> Vec<&'static str> {
        // RequestGroup's `instantiates-canonical` names no target: any.
        let is_any = self.targets.is_empty() && self.kind == Kind::Reference;
        if is_any || self.targets == ["Resource"] { resource_types().to_vec() } else { self.targets.clone() }
    }
}

/// R4 gives the two parts of DocumentReference's `relationship` each other's definitions (`code` that of the reference, `target`
/// that of the code): each takes the one that can read what its expression finds.
fn uncross(components: &mut [Component]) {
    let finds_references = |part: &Component| part.compiled.iter().flat_map(|e| e.paths()).any(|branch| branch.types().contains(&"Reference"));
    let is_crossed = |part: &Component| (part.kind == Kind::Reference) != finds_references(part);
    if let [one, other] = components
        && is_crossed(one)
        && is_crossed(other)
        && one.kind != other.kind
    {
        std::mem::swap(&mut one.url, &mut other.url);
        std::mem::swap(&mut one.kind, &mut other.kind);
        std::mem::swap(&mut one.targets, &mut other.targets);
    }
}

fn tables() -> &'static HashMap<&'static str, Vec<SearchParameter>> {
    static FOUND: OnceLock<HashMap<&'static str, Vec<SearchParameter>>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let text = include_str!("../../../profiles/r4/search-parameters.json");
        let raw: HashMap<&'static str, Vec<Raw<'static>>> = super::read("r4/search-parameters.json", text);
        let kinds = raw.values().flatten().map(|found| (found.url, (found.kind, found.targets()))).collect();
        let mut all: HashMap<&'static str, Vec<SearchParameter>> = HashMap::new();
        for (resource, found) in &raw {
            let name = if resource.ends_with("Resource") { "" } else { resource };
            let list = all.entry(name).or_default();
            list.extend(found.iter().map(|parameter| parameter.compile(&kinds)));
            list.sort_unstable_by_key(|parameter| parameter.code);
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r4::is_resource_type;

    #[test]
    fn every_expression_of_r4_compiles() {
        let mut failed = Vec::new();
        for resource in resource_types() {
            for parameter in search_parameters(resource) {
                if let Err(fault) = Expression::compile(parameter.expression) {
                    failed.push(format!("{resource}.{}: {fault}", parameter.code));
                }
                for part in &parameter.components {
                    if part.compiled.is_none() {
                        failed.push(format!("{resource}.{}: {}", parameter.code, part.expression));
                    }
                    assert_ne!(part.kind, Kind::Special, "{resource}.{}", parameter.code);
                }
            }
        }
        assert_eq!(failed, Vec::<String>::new());
    }

    #[test]
    fn the_common_parameters_that_r4_gives_no_expression_are_known() {
        let (with, without): (Vec<_>, Vec<_>) = common_search_parameters().iter().partition(|parameter| parameter.compiled.is_some());
        let codes = |list: Vec<&SearchParameter>| list.iter().map(|p| p.code).collect::<Vec<_>>();
        assert_eq!(codes(without), ["_content", "_filter", "_query", "_text"]);
        assert_eq!(codes(with), ["_id", "_lastUpdated", "_profile", "_security", "_source", "_tag"]);
    }

    #[test]
    fn each_part_of_a_composite_has_the_kind_of_what_it_finds() {
        let kinds = |resource: &str, code: &str| search_parameter(resource, code).unwrap().components.iter().map(|part| part.kind).collect::<Vec<_>>();
        assert_eq!(kinds("DocumentReference", "relationship"), [Kind::Token, Kind::Reference]);
        assert_eq!(kinds("Observation", "code-value-quantity"), [Kind::Token, Kind::Quantity]);
        assert_eq!(kinds("MolecularSequence", "chromosome-variant-coordinate"), [Kind::Token, Kind::Number, Kind::Number]);
    }

    #[test]
    fn a_shared_expression_is_cut_down_to_its_type() {
        let patient = search_parameter("Observation", "patient").unwrap();
        assert_eq!(patient.expression, "Observation.subject.where(resolve() is Patient)");
        assert_eq!(patient.kind, Kind::Reference);
        assert_eq!(patient.url, "http://hl7.org/fhir/SearchParameter/clinical-patient");
        assert_eq!(search_parameter("Patient", "_id").unwrap().expression, "Resource.id");
    }

    #[test]
    fn examples_and_parameters_of_extensions_are_left_out() {
        for (resource, code) in [("Patient", "age"), ("Patient", "mothersMaidenName"), ("Device", "din"), ("Condition", "part-agree")] {
            assert!(search_parameter(resource, code).is_none(), "{resource}.{code}");
        }
    }

    #[test]
    fn targets_are_concrete_types() {
        for resource in resource_types() {
            for parameter in search_parameters(resource) {
                assert!(parameter.targets.iter().all(|name| is_resource_type(name)));
                let is_reference = parameter.kind == Kind::Reference;
                assert_eq!(is_reference, !parameter.targets.is_empty(), "{resource}.{}", parameter.code);
            }
        }
    }
}
