//! What a resource says to search beyond its columns: the rows of the generated index, and the compartments it is in.

use crate::plan::{ColumnKind, PatientRule, Plan, Row, Sql};
use crate::render;
use crate::source::IndexEntry;
use crate::take::local;
use hearthgate_fhir::index::{IndexValue, values};
use hearthgate_fhir::r4::{self, Kind, SearchParameter};
use hearthgate_fhir::{Value, fold};

/// Parameters of every type that read `meta`.
const META: [&str; 4] = ["_profile", "_security", "_source", "_tag"];

/// Whether resources of a type stand in patients' compartments, so that what tells who they are is sealed.
#[must_use]
pub fn sealed_type(resource: &str) -> bool {
    resource == "Patient" || r4::patient_compartment(resource).is_some()
}

/// Whether a parameter's values are kept as blind indexes for this type.
#[must_use]
pub fn blinded(resource: &str, code: &str) -> bool {
    sealed_type(resource) && matches!(code, "identifier" | "phone" | "email" | "telecom")
}

/// Whether a parameter is offered for a type: text that is sealed cannot be searched.
#[must_use]
pub fn offered(resource: &str, parameter: &SearchParameter) -> bool {
    parameter.compiled.is_some()
        && !matches!(parameter.kind, Kind::Composite | Kind::Special)
        && !(sealed_type(resource) && is_sealed_text(parameter))
}

/// Addresses and free text of a patient are sealed; names, values and numbers on a label are open.
fn is_sealed_text(parameter: &SearchParameter) -> bool {
    parameter.kind == Kind::String && (parameter.code.starts_with("address") || matches!(parameter.code, "abatement-string" | "description" | "notes" | "onset-info" | "title" | "value-string"))
}

/// The parameters a type answers, those of every type that read `meta` last.
pub fn parameters(resource: &str) -> impl Iterator<Item = &'static SearchParameter> {
    let resource_name = resource.to_owned();
    r4::search_parameters(resource)
        .iter()
        .chain(r4::profile_search_parameters(resource))
        .filter(move |p| offered(&resource_name, p))
        .chain(r4::common_search_parameters().iter().filter(|p| META.contains(&p.code)))
}

/// A parameter that a type answers, by its code: R4's, those of the profiles, and those of every type that read `meta`.
#[must_use]
pub fn parameter(resource: &str, code: &str) -> Option<&'static SearchParameter> {
    parameters(resource).find(|p| p.code == code)
}

/// What search finds in a resource and no column holds.
#[must_use]
pub fn index(plan: &Plan, resource: &Value, row: &Row) -> Vec<IndexEntry> {
    let mut columns: Option<Value> = None;
    let whole = !has_overlay(row);
    let mut out: Vec<IndexEntry> = Vec::new();
    for parameter in parameters(plan.resource) {
        let covered = plan.sources.contains_key(parameter.code);
        if covered && whole {
            continue;
        }
        let mut found = say(parameter, plan.resource, resource);
        if covered && !found.is_empty() {
            let columns = columns.get_or_insert_with(|| render::columns_only(plan, row));
            for known in say(parameter, plan.resource, columns) {
                if let Some(at) = found.iter().position(|v| *v == known) {
                    found.swap_remove(at);
                }
            }
        }
        let blind = blinded(plan.resource, parameter.code);
        for value in found {
            let entry = IndexEntry { parameter: parameter.code, value, blind };
            if !out.contains(&entry) {
                out.push(entry);
            }
        }
    }
    out
}

fn say(parameter: &SearchParameter, resource_type: &str, resource: &Value) -> Vec<IndexValue> {
    let Some(expression) = &parameter.compiled else { return Vec::new() };
    expression.eval(resource_type, resource).iter().flat_map(|found| values(parameter.kind, parameter.code, found)).collect()
}

fn has_overlay(row: &Row) -> bool {
    row.unmapped.is_some() || row.children.iter().flatten().any(has_overlay)
}

/// The patients in whose compartment a resource is by R4's CompartmentDefinition, apart from those whom its columns name.
#[must_use]
pub fn compartments(plan: &Plan, id: &str, resource: &Value, row: &Row) -> Vec<String> {
    let mut out = Vec::new();
    for code in r4::patient_compartment(plan.resource).unwrap_or_default() {
        let Some(parameter) = r4::search_parameter(plan.resource, code) else { continue };
        for value in say(parameter, plan.resource, resource) {
            if let IndexValue::Reference { type_name, id } = value
                && type_name.as_deref() == Some("Patient")
                && !out.contains(&id)
            {
                out.push(id);
            }
        }
    }
    let named = named(plan, id, row);
    out.retain(|p| !named.contains(&p.as_str()));
    out
}

/// The patients whom a row's own columns name.
fn named<'r>(plan: &Plan, id: &'r str, row: &'r Row) -> Vec<&'r str> {
    let patients = |table: &crate::plan::TableNode, row: &'r Row, wanted: &dyn Fn(&str) -> bool| -> Vec<&'r str> {
        let columns = table.columns.iter().zip(&row.values);
        columns
            .filter(|(c, _)| wanted(&c.name) && matches!(&c.kind, ColumnKind::Foreign { resource: "Patient", .. }))
            .filter_map(|(_, v)| if let Sql::Text(id) = v { Some(id.as_str()) } else { None })
            .collect()
    };
    match &plan.patient {
        PatientRule::None => Vec::new(),
        PatientRule::Itself => vec![id],
        PatientRule::Columns(columns) => patients(&plan.table, row, &|c| columns.iter().any(|n| n == c)),
        PatientRule::Child { from, column, .. } => {
            let children = plan.table.children.iter().zip(&row.children).filter(|(t, _)| t.table == *from);
            children.flat_map(|(t, rows)| rows.iter().flat_map(move |r| patients(t, r, &|c| c == column))).collect()
        }
    }
}

/// Every local reference of a resource with the path where it stands.
#[must_use]
pub fn local_references(resource: &Value) -> Vec<(String, String)> {
    let mut out = Vec::new();
    hearthgate_fhir::reference::for_each_reference(resource, &mut |path, reference| {
        if local(reference).is_some() {
            out.push((path.to_owned(), reference.to_owned()));
        }
    });
    out
}

/// The normal form of a value whose blind index is kept: telephone numbers by their digits, e-mail by its letters' fold,
/// identifiers as they are.
#[must_use]
pub fn blind_normal(datatype: &str, value: &str) -> String {
    if datatype != "ContactPoint" {
        return value.to_owned();
    }
    if value.contains('@') || !value.bytes().any(|b| b.is_ascii_digit()) {
        return fold::fold(value.trim());
    }
    value.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}
