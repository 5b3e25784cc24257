//! Typed R4 resources that the gateway makes itself and never stores: OperationOutcome and CapabilityStatement.
//!
//! The only place that names fhirbolt, in a few functions that are not generic, because instantiating its types costs minutes
//! of compilation. Knows FHIR's types. Must not know HTTP, SQL, or anything that came over the network as bytes.

use fhirbolt::model::r4::resources as r4;
use fhirbolt::model::r4::types::{CodeableConcept, Coding, Extension, ExtensionValue};

/// One issue of an OperationOutcome (<https://hl7.org/fhir/R4/operationoutcome.html>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// `error`, `warning`, `information` or `fatal`.
    pub severity: &'static str,
    /// The issue type (<https://hl7.org/fhir/R4/valueset-issue-type.html>).
    pub code: &'static str,
    /// What, where and how to mend it.
    pub diagnostics: String,
    /// FHIRPath expressions of the places; empty where there is none.
    pub expression: Vec<String>,
}

/// An OperationOutcome as JSON.
#[must_use]
pub fn operation_outcome(issues: &[Issue]) -> Vec<u8> {
    let outcome = r4::OperationOutcome {
        issue: issues
            .iter()
            .map(|issue| r4::OperationOutcomeIssue {
                severity: issue.severity.into(),
                code: issue.code.into(),
                diagnostics: Some(issue.diagnostics.as_str().into()),
                expression: issue.expression.iter().map(|e| e.as_str().into()).collect(),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    };
    fhirbolt::json::to_vec(&outcome, None).unwrap_or_default()
}

/// A search parameter of a type.
#[derive(Clone, Debug)]
pub struct SearchParam {
    /// What a URL writes.
    pub name: String,
    /// The canonical URL of its definition.
    pub definition: String,
    /// `string`, `token`, ….
    pub kind: &'static str,
    /// What it does not do, if anything.
    pub documentation: Option<String>,
}

/// What the gateway does with one resource type.
#[derive(Clone, Debug)]
pub struct ResourceCapability {
    /// The type.
    pub resource: String,
    /// Canonical URLs of the profiles it serves.
    pub profiles: Vec<String>,
    /// Interaction codes (`read`, `search-type`, …).
    pub interactions: Vec<&'static str>,
    /// Its search parameters.
    pub search: Vec<SearchParam>,
    /// `Type:parameter` of `_include`.
    pub includes: Vec<String>,
    /// `Type:parameter` of `_revinclude`.
    pub revincludes: Vec<String>,
    /// A client may choose the id of what it creates.
    pub update_create: bool,
    /// Operations on an instance: name and definition.
    pub operations: Vec<(&'static str, &'static str)>,
}

/// What a CapabilityStatement says (<https://hl7.org/fhir/R4/capabilitystatement.html>).
#[derive(Clone, Debug)]
pub struct Capability {
    /// The FHIR base URL.
    pub base: String,
    /// The software's version.
    pub version: &'static str,
    /// When the statement last changed: a dateTime.
    pub date: String,
    /// The authorization, token, … endpoints by the names of SMART's `oauth-uris` extension.
    pub oauth: Vec<(&'static str, String)>,
    /// Canonical URLs of the implementation guides.
    pub guides: Vec<String>,
    /// Canonical URLs of the CapabilityStatements that this one fulfils.
    pub instantiates: Vec<String>,
    /// The types.
    pub resources: Vec<ResourceCapability>,
    /// Interactions of the whole system (`batch`).
    pub interactions: Vec<&'static str>,
}

/// A CapabilityStatement as JSON.
#[must_use]
pub fn capability_statement(capability: &Capability) -> Vec<u8> {
    let oauth = Extension {
        url: "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris".to_owned(),
        extension: capability
            .oauth
            .iter()
            .map(|(name, url)| Extension { url: (*name).to_owned(), value: Some(ExtensionValue::Uri(url.as_str().into())), ..Default::default() })
            .collect(),
        ..Default::default()
    };
    let security = r4::CapabilityStatementRestSecurity {
        extension: if capability.oauth.is_empty() { vec![] } else { vec![oauth] },
        cors: Some(true.into()),
        service: vec![CodeableConcept {
            coding: vec![Coding {
                system: Some("http://terminology.hl7.org/CodeSystem/restful-security-service".into()),
                code: Some("SMART-on-FHIR".into()),
                ..Default::default()
            }],
            text: Some("OAuth2 using SMART-on-FHIR profile (see http://docs.smarthealthit.org)".into()),
            ..Default::default()
        }],
        ..Default::default()
    };
    let statement = r4::CapabilityStatement {
        url: Some(format!("{}/metadata", capability.base).into()),
        version: Some(capability.version.into()),
        name: Some("Hearthgate".into()),
        title: Some("Hearthgate FHIR gateway".into()),
        status: "active".into(),
        date: capability.date.as_str().into(),
        kind: "instance".into(),
        instantiates: capability.instantiates.iter().map(|url| url.as_str().into()).collect(),
        fhir_version: "4.0.1".into(),
        format: vec!["application/fhir+json".into(), "json".into()],
        implementation_guide: capability.guides.iter().map(|g| g.as_str().into()).collect(),
        software: Some(r4::CapabilityStatementSoftware { name: "Hearthgate".into(), version: Some(capability.version.into()), ..Default::default() }),
        implementation: Some(r4::CapabilityStatementImplementation {
            description: "An electronic health record's own tables as FHIR R4".into(),
            url: Some(capability.base.as_str().into()),
            ..Default::default()
        }),
        rest: vec![r4::CapabilityStatementRest {
            mode: "server".into(),
            security: Some(security),
            resource: capability.resources.iter().map(resource).collect(),
            interaction: capability.interactions.iter().map(|i| r4::CapabilityStatementRestInteraction { code: (*i).into(), ..Default::default() }).collect(),
            ..Default::default()
        }],
        ..Default::default()
    };
    fhirbolt::json::to_vec(&statement, None).unwrap_or_default()
}

fn resource(capability: &ResourceCapability) -> r4::CapabilityStatementRestResource {
    r4::CapabilityStatementRestResource {
        r#type: capability.resource.as_str().into(),
        supported_profile: capability.profiles.iter().map(|p| p.as_str().into()).collect(),
        interaction: capability
            .interactions
            .iter()
            .map(|i| r4::CapabilityStatementRestResourceInteraction { code: (*i).into(), ..Default::default() })
            .collect(),
        versioning: Some("versioned-update".into()),
        read_history: Some(true.into()),
        update_create: Some(capability.update_create.into()),
        conditional_create: Some(false.into()),
        conditional_read: Some("full-support".into()),
        conditional_update: Some(false.into()),
        conditional_delete: Some("not-supported".into()),
        reference_policy: vec!["literal".into(), "local".into(), "enforced".into()],
        operation: capability
            .operations
            .iter()
            .map(|(name, definition)| r4::CapabilityStatementRestResourceOperation {
                name: (*name).into(),
                definition: (*definition).into(),
                ..Default::default()
            })
            .collect(),
        search_include: capability.includes.iter().map(|i| i.as_str().into()).collect(),
        search_rev_include: capability.revincludes.iter().map(|i| i.as_str().into()).collect(),
        search_param: capability
            .search
            .iter()
            .map(|p| r4::CapabilityStatementRestResourceSearchParam {
                name: p.name.as_str().into(),
                definition: Some(p.definition.as_str().into()),
                r#type: p.kind.into(),
                documentation: p.documentation.as_deref().map(Into::into),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_names_the_place_of_each_issue() {
        let issue = Issue { severity: "error", code: "value", diagnostics: "no date".to_owned(), expression: vec!["Patient.birthDate".to_owned()] };
        let json: serde_json::Value = serde_json::from_slice(&operation_outcome(&[issue])).expect("JSON");
        assert_eq!(json["issue"][0]["expression"][0], "Patient.birthDate");
        assert_eq!(json["resourceType"], "OperationOutcome");
    }
}
