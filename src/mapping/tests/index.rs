//! What the generated index holds: what a search parameter finds and no column answers, no more and no less.

mod common;

use common::resources::{Maker, words};
use common::{Tape, mappings};
use hearthgate_fhir::Value;
use hearthgate_fhir::index::{IndexValue, values};
use hearthgate_fhir::r4::{Component, Kind, SearchParameter};
use hearthgate_mapping::composite::{self, Place};
use hearthgate_mapping::plan::{Plan, PlanKind, Row};
use hearthgate_mapping::source::IndexEntry;
use hearthgate_mapping::{Mappings, claim, index, render, take};
use proptest::prelude::*;
use serde_json::json;
use std::sync::LazyLock;

static MAPPINGS: LazyLock<Mappings> = LazyLock::new(mappings);

/// The elements that a composite speaks of, with what each says to every part. What is said of the resource itself is answered by
/// the parts' own parameters, where there are some.
fn elements(parameter: &SearchParameter, plan: &Plan, resource: &Value) -> Vec<Vec<Vec<IndexValue>>> {
    let by_parts = composite::foci(plan.resource, parameter.code).is_some_and(|foci| foci.whole.is_some());
    let found = parameter.compiled.as_ref().map(|e| e.eval(plan.resource, resource)).unwrap_or_default();
    let mut out = Vec::new();
    for element in found.iter().filter(|element| !(by_parts && std::ptr::eq(element.value, resource))) {
        let said = |part: &Component| -> Vec<IndexValue> {
            let found = part.compiled.as_ref().map(|e| e.eval_within(element, resource)).unwrap_or_default();
            let mut said: Vec<IndexValue> = found.iter().flat_map(|found| values(part.kind, parameter.code, found)).collect();
            said.retain(|value| !matches!(value, IndexValue::Text(_) | IndexValue::OfType { .. } | IndexValue::ReferenceIdentifier { .. }));
            said.dedup();
            said
        };
        let parts: Vec<_> = parameter.components.iter().map(said).collect();
        if parts.iter().all(|said| !said.is_empty()) {
            out.push(parts);
        }
    }
    out
}

/// Slow and obvious: all that each parameter finds in the resource, without what it finds in the columns alone if some column answers it.
fn reference(plan: &Plan, resource: &Value, row: &Row) -> Vec<IndexEntry> {
    let mut out = Vec::new();
    for parameter in index::parameters(plan.resource) {
        if parameter.kind == Kind::Composite {
            let mut left = elements(parameter, plan, resource);
            if plan.correlated.contains_key(parameter.code) {
                for known in elements(parameter, plan, &render::columns_only(plan, row)) {
                    if let Some(at) = left.iter().position(|element| *element == known) {
                        left.remove(at);
                    }
                }
            }
            for (element, parts) in left.into_iter().enumerate() {
                for (part, said) in parts.into_iter().enumerate() {
                    out.extend(said.into_iter().map(|value| IndexEntry {
                        parameter: parameter.code,
                        value,
                        blind: false,
                        place: Some(Place { element, part }),
                    }));
                }
            }
            continue;
        }
        let mut columns = render::columns_only(plan, row);
        for key in plan.beyond.get(parameter.code).into_iter().flatten() {
            columns.as_object_mut().map(|o| o.shift_remove(key));
        }
        let say = |resource: &Value| -> Vec<IndexValue> {
            let found = parameter.compiled.as_ref().map(|e| e.eval(plan.resource, resource)).unwrap_or_default();
            found.iter().flat_map(|found| values(parameter.kind, parameter.code, found)).collect()
        };
        let mut found = say(resource);
        if plan.sources.contains_key(parameter.code) {
            for known in say(&columns) {
                if let Some(at) = found.iter().position(|v| *v == known) {
                    found.remove(at);
                }
            }
        }
        // What a code is called stands there with what is beyond the columns; the code itself only if no column says it.
        if plan.sources.contains_key(parameter.code) && plan.beyond.contains_key(parameter.code) {
            let said = say(&render::columns_only(plan, row));
            found.retain(|value| !(matches!(value, IndexValue::Token { .. }) && said.contains(value)));
        }
        for value in found {
            let entry = IndexEntry { parameter: parameter.code, value, blind: index::blinded(plan.resource, parameter.code), place: None };
            if !out.contains(&entry) {
                out.push(entry);
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: common::cases(1500), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_is_what_the_slow_reference_says(which in any::<prop::sample::Index>(), tape in proptest::collection::vec(any::<u8>(), 0..900)) {
        let plans: Vec<&Plan> = MAPPINGS.plans.iter().filter(|p| p.kind == PlanKind::Table || p.index % 10 == 0).collect();
        let plan = plans[which.index(plans.len())];
        let words = words(plan);
        let resource = Maker { tape: Tape::new(&tape), words: &words, hostile: false }.resource(plan.resource, 4);
        let row = take::take(plan, &resource, &|_, id| id == "known");
        prop_assert_eq!(index::index(plan, &resource, &row), reference(plan, &resource, &row), "{}", plan.name);
    }

    #[test]
    fn an_overlay_of_garbage_ends_the_search_for_its_keys(garbage in "\\{?(\"[a-z$\\\\]{0,3}\"?[:,\\[\\]{}\"]{0,4}){0,6}") {
        let resource = json!({ "resourceType": "Patient", "gender": "male" });
        let plan = MAPPINGS.named("patient").expect("a plan");
        let mut row = take::take(plan, &resource, &|_, _| true);
        row.unmapped = Some(garbage);
        prop_assert!(index::index(plan, &resource, &row).len() < 9);
    }
}

#[test]
fn a_second_coding_is_found_though_the_first_has_the_columns() {
    let resource = json!({ "resourceType": "Patient", "maritalStatus": { "text": "M" }, "meta": { "tag": [{ "system": "urn:t", "code": "x" }] }, "communication": [
        { "language": { "coding": [{ "system": "urn:ietf:bcp:47", "code": "en" }, { "system": "urn:ietf:bcp:47", "code": "en-GB" }] } },
    ] });
    let plan = claim::plan_for(&MAPPINGS, "Patient", &resource).expect("a plan");
    let row = take::take(plan, &resource, &|_, _| false);
    let token = |parameter, system: &str, code: &str| IndexEntry {
        parameter,
        value: IndexValue::Token { system: Some(system.to_owned()), code: Some(code.to_owned()) },
        blind: false,
        place: None,
    };
    assert_eq!(index::index(plan, &resource, &row), [token("language", "urn:ietf:bcp:47", "en-GB"), token("_tag", "urn:t", "x")]);
}

#[test]
fn a_range_is_found_though_its_ends_have_columns() {
    let resource = json!({ "resourceType": "Condition", "onsetRange": { "low": { "value": 30 }, "high": { "value": 40 } } });
    let plan = claim::plan_for(&MAPPINGS, "Condition", &resource).expect("a plan");
    let row = take::take(plan, &resource, &|_, _| false);
    assert_eq!(row.unmapped, None);
    let found = index::index(plan, &resource, &row);
    assert!(
        matches!(found.as_slice(), [IndexEntry { parameter: "onset-age", value: IndexValue::Quantity { lo, hi, .. }, .. }] if *lo == 30.0 && *hi == 40.0),
        "{found:?}"
    );
}

#[test]
fn the_telephone_number_of_a_patient_is_indexed_blind() {
    assert!(index::blinded("Patient", "phone") && !index::blinded("Organization", "phone"));
    assert_eq!(index::blind_normal("ContactPoint", "+1 (555) 010-7203"), "+15550107203");
    assert_eq!(index::blind_normal("ContactPoint", " Ana.Rivera@Example.org"), "ana.rivera@example.org");
    assert_eq!(index::blind_normal("Identifier", " 0-1 "), " 0-1 ");
}
