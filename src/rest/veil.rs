//! What is masked cannot be searched for: a value that names a patient whom the caller may not see finds as much as one that names
//! nobody, also in a resource that the caller sees for another patient's sake (ABUSE C33).

use super::fault::Fault;
use super::gateway::Gateway;
use hearthgate_access::Caller;
use hearthgate_fhir::query::{Kind, Operand, Parameter, Query, SystemMatch};
use hearthgate_fhir::r4;
use hearthgate_mapping::index;

/// Whom a resource is masked of.
const PEOPLE: [&str; 2] = ["Patient", "RelatedPerson"];
/// No resource has it.
const NOBODY: &str = "";

/// The query without the values that name hidden patients.
///
/// # Errors
/// The store's.
pub(super) async fn veil(gateway: &Gateway, caller: &Caller, resource: &'static str, mut query: Query) -> Result<Query, Fault> {
    // Of what apps keep nothing is masked.
    if super::present::sees_all(caller) || super::app_state::alone(caller, resource) {
        return Ok(query);
    }
    for parameter in &mut query.parameters {
        let targets = targets(resource, parameter);
        if !PEOPLE.iter().any(|name| targets.contains(name)) || is_whose(resource, &parameter.code) {
            continue;
        }
        let mut values = Vec::with_capacity(parameter.values.len());
        for value in parameter.values.drain(..) {
            values.extend(visible(gateway, caller, targets, value).await?);
        }
        if values.is_empty() {
            values.push(Operand::Reference { type_name: Some("Patient"), id: NOBODY.to_owned() });
        }
        parameter.values = values;
    }
    Ok(query)
}

fn targets(resource: &str, parameter: &Parameter) -> &'static [&'static str] {
    if parameter.kind != Kind::Reference {
        return &[];
    }
    index::parameter(resource, &parameter.code).map_or(&[], |found| &found.targets)
}

/// Whether the parameter is the only way by which a resource of the type belongs to a patient: a row found by it is that patient's,
/// and the boundary has judged it already.
fn is_whose(resource: &str, code: &str) -> bool {
    let whose = |code: &str| matches!(code, "patient" | "subject");
    whose(code) && r4::patient_compartment(resource).is_some_and(|codes| codes.iter().all(|c| whose(c)))
}

/// What is left of a value: nothing, itself, or the same id as other types than Patient.
async fn visible(gateway: &Gateway, caller: &Caller, targets: &'static [&'static str], value: Operand) -> Result<Vec<Operand>, Fault> {
    match &value {
        Operand::Reference { type_name, id } if type_name.is_none_or(|name| PEOPLE.contains(&name)) => {
            let hidden = hidden(gateway, caller, targets, *type_name, id)?;
            if hidden.is_empty() {
                return Ok(vec![value]);
            }
            let others = targets.iter().filter(|name| type_name.is_none() && !hidden.contains(name));
            Ok(others.map(|name| Operand::Reference { type_name: Some(name), id: id.clone() }).collect())
        }
        // A reference that was kept as it came, with a version: nobody asks for it, and it would name whom it names.
        Operand::ReferenceUrl(url) if PEOPLE.iter().any(|name| url.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))) => Ok(Vec::new()),
        Operand::Identifier { system, value: number } => {
            let escaped = |text: &str| text.replace('\\', "\\\\").replace('|', "\\|").replace(',', "\\,").replace('$', "\\$");
            let asked = match system {
                SystemMatch::Any => escaped(number),
                SystemMatch::None => format!("|{}", escaped(number)),
                SystemMatch::Is(system) => format!("{}|{}", escaped(system), escaped(number)),
            };
            for target in targets.iter().filter(|target| index::parameter(target, "identifier").is_some()) {
                match gateway.ids(caller, target, "identifier", &asked, 1).await {
                    Ok(found) if !found.is_empty() => return Ok(vec![value]),
                    Ok(_) | Err(Fault::Denied(_)) => {}
                    Err(other) => return Err(other),
                }
            }
            Ok(Vec::new())
        }
        _ => Ok(vec![value]),
    }
}

/// As which of the people whom masking hides an id is none that the caller may know.
fn hidden(gateway: &Gateway, caller: &Caller, targets: &[&'static str], named: Option<&'static str>, id: &str) -> Result<Vec<&'static str>, Fault> {
    let mut out = Vec::new();
    for name in PEOPLE.into_iter().filter(|name| named.map_or(targets.contains(name), |named| named == *name)) {
        let seen = if name == "Patient" { sees(gateway, caller, id)? } else { finds(gateway, caller, name, id)? };
        if !seen {
            out.push(name);
        }
    }
    Ok(out)
}

/// Whether the caller may know of a patient: as in masking.
pub(super) fn sees(gateway: &Gateway, caller: &Caller, id: &str) -> Result<bool, Fault> {
    if caller.is_about(id) {
        return Ok(true);
    }
    finds(gateway, caller, "Patient", id)
}

fn finds(gateway: &Gateway, caller: &Caller, kind: &'static str, id: &str) -> Result<bool, Fault> {
    match gateway.find(caller, kind, id) {
        Ok(found) => Ok(found.is_some_and(|found| !found.deleted)),
        Err(Fault::Denied(_)) => Ok(false),
        Err(other) => Err(other),
    }
}
