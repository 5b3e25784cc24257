//! What a resource says to search beyond its columns: the rows of the generated index, and the compartments it is in.

use crate::composite::{self, Foci, Place};
use crate::overlay;
use crate::plan::{ColumnKind, Member, Node, PatientRule, Plan, Row, Sql};
use crate::render;
use crate::same::{Cursor, unescaped};
use crate::source::IndexEntry;
use crate::take::local;
use hearthgate_fhir::index::{IndexValue, values};
use hearthgate_fhir::r4::{self, Component, Kind, SearchParameter};
use hearthgate_fhir::{Value, fold};
use std::collections::HashMap;
use std::sync::LazyLock;

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
        && match parameter.kind {
            Kind::Special => false,
            Kind::Composite => parameter.components.iter().all(|part| is_part(resource, part)),
            _ => !(sealed_type(resource) && is_sealed_text(parameter)),
        }
}

/// Whether a part of a composite can be searched: it is not sealed, and names no patient whom the caller might not see.
fn is_part(resource: &str, part: &Component) -> bool {
    let own = r4::search_parameters(resource).iter().find(|known| known.url == part.url && known.kind != Kind::Composite);
    part.compiled.is_some()
        && !matches!(part.kind, Kind::Composite | Kind::Special)
        && !part.targets.contains(&"Patient")
        && own.is_none_or(|own| offered(resource, own) && !blinded(resource, own.code))
}

/// Addresses and free text of a patient are sealed; names, values and numbers on a label are open.
fn is_sealed_text(parameter: &SearchParameter) -> bool {
    parameter.kind == Kind::String
        && (parameter.code.starts_with("address")
            || matches!(parameter.code, "abatement-string" | "description" | "notes" | "onset-info" | "title" | "value-string"))
}

/// The parameters a type answers, those of every type that read `meta` last.
pub fn parameters(resource: &str) -> impl Iterator<Item = &'static SearchParameter> {
    known(resource).iter().map(|known| known.parameter)
}

/// A parameter that a type answers, by its code: R4's, those of the profiles, and those of every type that read `meta`.
#[must_use]
pub fn parameter(resource: &str, code: &str) -> Option<&'static SearchParameter> {
    parameters(resource).find(|p| p.code == code)
}

/// A parameter of a type, with what is asked of it for each resource.
pub(crate) struct Known {
    pub parameter: &'static SearchParameter,
    /// The keys of the resource that its expression begins with; `None` if it reads the resource as a whole.
    pub keys: Option<Vec<String>>,
    /// It says something of every resource, whatever the resource has: `deceased=false`.
    tested: bool,
    blind: bool,
    /// How it is answered where it is a composite.
    pub foci: Option<Foci>,
}

/// The parameters a type answers, made once.
pub(crate) fn known(resource: &str) -> &'static [Known] {
    static TYPES: LazyLock<HashMap<&'static str, Vec<Known>>> =
        LazyLock::new(|| r4::resource_types().iter().map(|resource| (*resource, of_type(resource))).collect());
    static OTHERS: LazyLock<Vec<Known>> = LazyLock::new(|| of_type(""));
    TYPES.get(resource).unwrap_or(&OTHERS)
}

fn of_type(resource: &str) -> Vec<Known> {
    let own = r4::search_parameters(resource).iter().filter(|_| !resource.is_empty());
    own.chain(r4::profile_search_parameters(resource))
        .filter(|p| offered(resource, p))
        .chain(r4::common_search_parameters().iter().filter(|p| META.contains(&p.code)))
        .map(|parameter| {
            let branches = parameter.compiled.iter().flat_map(|e| e.paths());
            let keys = branches.map(|branch| branch.segments.first().map(|first| first.ways.iter().map(|way| way.json_name.clone()).collect::<Vec<_>>()));
            let tested = parameter.compiled.iter().flat_map(|e| e.paths()).any(|branch| branch.test.is_some());
            Known {
                parameter,
                tested,
                foci: composite::of(resource, parameter),
                keys: keys.collect::<Option<Vec<_>>>().map(|keys| keys.concat()),
                blind: blinded(resource, parameter.code),
            }
        })
        .collect()
}

/// What search finds in a resource and no column holds.
#[must_use]
pub fn index(plan: &Plan, resource: &Value, row: &Row) -> Vec<IndexEntry> {
    let touched = touched(plan, row);
    let touches = |name: &str| touched.iter().any(|t| t == name);
    // The keys that some parameter reads which something kept has a part in.
    let covered = known(plan.resource).iter().filter(|known| plan.sources.contains_key(known.parameter.code));
    let asked: Vec<&str> = covered.filter_map(|k| k.keys.as_ref()).filter(|keys| keys.iter().any(|k| touches(k))).flatten().map(String::as_str).collect();
    let mut columns: Option<Value> = None;
    let mut out: Vec<IndexEntry> = Vec::new();
    for Known { parameter, keys, tested, blind, foci } in known(plan.resource) {
        if let Some(foci) = foci {
            out.extend(of_composite(plan, parameter, foci, resource, row));
            continue;
        }
        let covered = plan.sources.contains_key(parameter.code);
        let beyond = plan.beyond.get(parameter.code).map_or(&[][..], Vec::as_slice);
        let is_beyond = |name: &str| beyond.iter().any(|k| k == name);
        let wanted = |name: &str| touches(name) || is_beyond(name);
        if covered && keys.as_ref().map_or(touched.is_empty(), |keys| !keys.iter().any(|k| wanted(k))) {
            continue;
        }
        if !tested && keys.as_ref().is_some_and(|keys| keys.iter().all(|k| resource.get(k).is_none())) {
            continue;
        }
        let mut found = say(parameter, plan.resource, resource);
        if covered && !found.is_empty() {
            let own;
            let columns = match keys {
                Some(_) if beyond.is_empty() => columns.get_or_insert_with(|| render::columns_at(plan, row, &|name| asked.contains(&name))),
                Some(keys) => {
                    own = render::columns_at(plan, row, &|name| keys.iter().any(|k| k == name) && !is_beyond(name));
                    &own
                }
                None => {
                    own = render::columns_only(plan, row);
                    &own
                }
            };
            for known in say(parameter, plan.resource, columns) {
                if let Some(at) = found.iter().position(|v| *v == known) {
                    found.remove(at);
                }
            }
        }
        if covered && !beyond.is_empty() && parameter.kind == Kind::Token {
            // Only the words and types of these are beyond the columns. Their codes would go stale by a write from outside.
            let said = say(parameter, plan.resource, &render::columns_at(plan, row, &|name| keys.as_ref().is_none_or(|keys| keys.iter().any(|k| k == name))));
            found.retain(|value| !(matches!(value, IndexValue::Token { .. }) && said.contains(value)));
        }
        for value in found {
            let entry = IndexEntry { parameter: parameter.code, value, blind: *blind, place: None };
            if !out.contains(&entry) {
                out.push(entry);
            }
        }
    }
    out
}

/// What the elements of a composite say that no row of a child table says by its columns.
fn of_composite(plan: &Plan, parameter: &'static SearchParameter, foci: &Foci, resource: &Value, row: &Row) -> Vec<IndexEntry> {
    let mut elements = composite::elements(plan.resource, parameter, foci, resource);
    if !elements.is_empty() && plan.correlated.contains_key(parameter.code) {
        for said in composite::elements(plan.resource, parameter, foci, &render::columns_only(plan, row)) {
            if let Some(at) = elements.iter().position(|element| *element == said) {
                elements.remove(at);
            }
        }
    }
    let mut out = Vec::new();
    for (element, parts) in elements.into_iter().enumerate() {
        for (part, said) in parts.into_iter().enumerate() {
            let entry = |value| IndexEntry { parameter: parameter.code, value, blind: false, place: Some(Place { element, part }) };
            out.extend(said.into_iter().map(entry));
        }
    }
    out
}

fn say(parameter: &SearchParameter, resource_type: &str, resource: &Value) -> Vec<IndexValue> {
    let Some(expression) = &parameter.compiled else { return Vec::new() };
    expression.eval(resource_type, resource).iter().flat_map(|found| values(parameter.kind, parameter.code, found)).collect()
}

/// The keys of a resource that something kept beside its columns has a part in.
fn touched(plan: &Plan, row: &Row) -> Vec<String> {
    let mut out = kept(row.unmapped.as_deref().unwrap_or_default());
    if row.children.iter().flatten().any(has_overlay) {
        out.extend(plan.fields.iter().filter(|f| below_has_overlay(&f.node, row)).map(|f| f.name.clone()));
    }
    out
}

/// The keys of an overlay's text, without reading what stands there.
fn kept(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut cursor = Cursor::new(text.as_bytes());
    if !cursor.pass(b'{') {
        return out;
    }
    while cursor.peek() == b'"' {
        let Some(name) = unescaped(cursor.string()) else { break };
        cursor.pass(b':');
        if name == "$none" && cursor.pass(b'[') {
            while cursor.peek() == b'"' {
                out.extend(unescaped(cursor.string()).map(std::borrow::Cow::into_owned));
                cursor.pass(b',');
            }
            cursor.pass(b']');
        } else {
            cursor.skip();
            out.push(overlay::came(&name).to_owned());
        }
        cursor.pass(b',');
    }
    out
}

fn below_has_overlay(node: &Node, row: &Row) -> bool {
    match node {
        Node::Leaf(_) | Node::Constant(_) => false,
        Node::Object(fields) => fields.iter().any(|f| below_has_overlay(&f.node, row)),
        Node::List(members) => members.iter().any(|member| match member {
            Member::One { node, .. } => below_has_overlay(node, row),
            Member::Each { child, .. } => row.children.get(*child).is_some_and(|rows| rows.iter().any(has_overlay)),
        }),
    }
}

fn has_overlay(row: &Row) -> bool {
    row.unmapped.is_some() || row.children.iter().flatten().any(has_overlay)
}

/// What search finds in stored rows and no column holds, and the patients in whose compartment the resource is apart from those
/// whom its columns name: as [`index`] and [`compartments`] said it of the resource when it was written. Of a group all its rows.
#[must_use]
pub fn of_rows(plan: &Plan, id: &str, rows: &[Row]) -> (Vec<IndexEntry>, Vec<String>) {
    let (mut found, mut inside) = (Vec::new(), Vec::new());
    for row in rows {
        let resource = render::content(plan, row);
        for entry in index(plan, &resource, row) {
            if !found.contains(&entry) {
                found.push(entry);
            }
        }
        inside.extend(patients(plan.resource, id, &resource));
    }
    inside.sort_unstable();
    inside.dedup();
    for row in rows {
        inside = unnamed(plan, id, row, &inside);
    }
    (found, inside)
}

/// Every patient in whose compartment a resource is by R4's CompartmentDefinition.
#[must_use]
pub fn patients(resource_type: &str, id: &str, resource: &Value) -> Vec<String> {
    let mut out = Vec::new();
    if resource_type == "Patient" {
        out.push(id.to_owned());
    }
    for code in r4::patient_compartment(resource_type).unwrap_or_default() {
        let Some(parameter) = r4::search_parameter(resource_type, code) else { continue };
        for value in say(parameter, resource_type, resource) {
            if let IndexValue::Reference { type_name, id } = value
                && type_name.as_deref() == Some("Patient")
                && !out.contains(&id)
            {
                out.push(id);
            }
        }
    }
    out
}

/// The patients in whose compartment a resource is, apart from those whom its columns name.
#[must_use]
pub fn compartments(plan: &Plan, id: &str, resource: &Value, row: &Row) -> Vec<String> {
    unnamed(plan, id, row, &patients(plan.resource, id, resource))
}

/// Of a resource's [`patients`] those whom its columns do not name.
#[must_use]
pub fn unnamed(plan: &Plan, id: &str, row: &Row, patients: &[String]) -> Vec<String> {
    let named = named(plan, id, row);
    patients.iter().filter(|patient| !named.contains(&patient.as_str())).cloned().collect()
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
