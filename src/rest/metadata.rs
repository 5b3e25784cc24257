//! capabilities (<https://hl7.org/fhir/R4/http.html#capabilities>), generated from the plans, and SMART's configuration.

use super::app_state;
use super::gateway::Settings;
use hearthgate_fhir::r4::{self, Kind};
use hearthgate_mapping::{Mappings, index};
use hearthgate_typed::{Capability, ResourceCapability, SearchParam, capability_statement};

/// The CapabilityStatement as JSON. `date` is when the software was started with these mappings.
#[must_use]
pub fn capabilities(settings: &Settings, mappings: &Mappings, date: &str) -> Vec<u8> {
    let types = mappings.types();
    let resources = types.iter().map(|resource| one(settings, mappings, resource)).collect();
    capability_statement(&Capability {
        base: settings.base.clone(),
        version: env!("CARGO_PKG_VERSION"),
        date: date.to_owned(),
        // Those that the extension defines; SMART's own discovery document tells the others.
        oauth: ["authorize", "token", "register"].map(|name| (name, format!("{}/auth/{name}", settings.base.trim_end_matches("/fhir")))).to_vec(),
        guides: vec!["http://hl7.org/fhir/us/core/ImplementationGuide/hl7.fhir.us.core|6.1.0".to_owned()],
        instantiates: app_state::plan(mappings).map(|_| app_state::SERVER.to_owned()).into_iter().collect(),
        resources,
        interactions: vec!["batch"],
    })
}

fn one(settings: &Settings, mappings: &Mappings, resource: &'static str) -> ResourceCapability {
    let mut profiles: Vec<String> = mappings.of_type(resource).flat_map(|p| p.profiles.iter().cloned()).collect();
    if mappings.of_type(resource).any(|plan| plan.app_state.is_some()) {
        profiles.push(app_state::PROFILE.to_owned());
    }
    profiles.sort();
    profiles.dedup();
    let writable = mappings.of_type(resource).any(|p| !p.readonly);
    let mut interactions = vec!["read", "vread", "history-instance", "history-type", "search-type"];
    if writable {
        // What the router has no way to is not named.
        let served = |method: &str, path: &str| super::operation::parse(method, path).is_ok();
        let writes = [("create", "POST", resource.to_owned()), ("update", "PUT", format!("{resource}/x")), ("delete", "DELETE", format!("{resource}/x"))];
        interactions.extend(writes.iter().filter(|(_, method, path)| served(method, path)).map(|(name, ..)| *name));
    }
    let update_create = settings.update_create && interactions.contains(&"update");
    let mut search: Vec<SearchParam> = index::parameters(resource)
        .map(|p| SearchParam { name: p.code.to_owned(), definition: p.url.to_owned(), kind: kind(p.kind), documentation: limits(resource, p.code) })
        .collect();
    for (code, name) in [("_id", "token"), ("_lastUpdated", "date")] {
        search.push(SearchParam {
            name: code.to_owned(),
            definition: format!("http://hl7.org/fhir/SearchParameter/Resource-{}", code.trim_start_matches('_')),
            kind: name,
            documentation: None,
        });
    }
    search.sort_by(|a, b| a.name.cmp(&b.name));
    search.dedup_by(|a, b| a.name == b.name);
    let includes = index::parameters(resource).filter(|p| p.kind == Kind::Reference).map(|p| format!("{resource}:{}", p.code)).collect();
    let mut revincludes = Vec::new();
    for other in mappings.types() {
        revincludes
            .extend(index::parameters(other).filter(|p| p.kind == Kind::Reference && p.targets.contains(&resource)).map(|p| format!("{other}:{}", p.code)));
    }
    ResourceCapability { resource: resource.to_owned(), profiles, interactions, search, includes, revincludes, update_create, operations: operations(resource) }
}

/// What a doctor may do with what notes were found to say (docs/findings.md).
fn operations(resource: &str) -> Vec<(&'static str, &'static str)> {
    let all = [
        ("accept", "Observation/x/$accept", "https://hearthgate.example/fhir/OperationDefinition/Observation-accept"),
        ("reject", "Observation/x/$reject", "https://hearthgate.example/fhir/OperationDefinition/Observation-reject"),
    ];
    let served = |path: &str| super::operation::parse("POST", path).is_ok_and(|operation| operation.resource() == Some(resource));
    all.into_iter().filter(|(_, path, _)| served(path)).map(|(name, _, definition)| (name, definition)).collect()
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Token => "token",
        Kind::Date => "date",
        Kind::Reference => "reference",
        Kind::Quantity => "quantity",
        Kind::Number => "number",
        Kind::Uri => "uri",
        Kind::Composite => "composite",
        Kind::Special => "special",
    }
}

fn limits(resource: &str, code: &str) -> Option<String> {
    index::blinded(resource, code).then(|| "The value is sealed and found through a keyed index: whole values only.".to_owned())
}

/// Every type that a plan serves.
#[must_use]
pub fn served(mappings: &Mappings, resource: &str) -> bool {
    r4::is_resource_type(resource) && mappings.of_type(resource).next().is_some()
}
