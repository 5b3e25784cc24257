use super::table::tables;
use super::*;

fn names(owner: &str) -> Vec<&'static str> {
    children(owner).unwrap_or_default().iter().map(|element| element.name).collect()
}

#[test]
fn inherited_elements_come_first_in_r4s_order() {
    assert_eq!(
        names("Patient.contact"),
        ["id", "extension", "modifierExtension", "relationship", "name", "telecom", "address", "gender", "organization", "period"]
    );
    assert_eq!(names("Patient")[..5], ["id", "meta", "implicitRules", "language", "text"]);
    assert_eq!(names("Age"), names("Quantity"));
    assert_eq!(names("code"), ["id", "extension"]);
}

#[test]
fn a_choice_is_resolved_by_its_json_name() {
    let found = resolve("Observation", "valueQuantity").unwrap();
    assert_eq!((found.type_name, found.owner.as_str()), ("Quantity", "Quantity"));
    assert_eq!(found.element.json_name("Quantity"), "valueQuantity");
    let found = resolve("Patient", "deceasedDateTime").unwrap();
    assert_eq!(found.type_name, "dateTime");
    assert!(resolve("Observation", "valueMoney").is_none());
    assert!(resolve("Observation", "value").is_none());
    assert!(resolve("Observation", "value[x]").is_none());
}

#[test]
fn a_content_reference_leads_to_the_content() {
    let found = resolve("Questionnaire.item", "item").unwrap();
    assert_eq!((found.owner.as_str(), found.list), ("Questionnaire.item", true));
    let found = resolve("Observation.component", "referenceRange").unwrap();
    assert_eq!(found.owner, "Observation.referenceRange");
}

#[test]
fn ids_have_the_types_of_json_not_of_fhirpath() {
    assert_eq!(resolve("Patient", "id").unwrap().type_name, "id");
    assert_eq!(resolve("HumanName", "id").unwrap().type_name, "string");
    assert_eq!(resolve("Extension", "url").unwrap().type_name, "uri");
    assert_eq!(resolve("Narrative", "div").unwrap().type_name, "xhtml");
}

#[test]
fn every_type_and_content_an_element_names_is_defined() {
    for owner in tables().owners.keys() {
        for element in children(owner).unwrap() {
            assert!(element.types.is_empty() == element.content_of.is_some());
            for name in element.types.iter().chain(&element.content_of) {
                assert!(children(name).is_some(), "{owner}.{}: {name}", element.name);
            }
        }
    }
}

#[test]
fn r4_has_146_concrete_resource_types() {
    assert_eq!(resource_types().len(), 146);
    assert!(is_resource_type("Patient") && !is_resource_type("Resource"));
    assert!(!is_resource_type("HumanName") && !is_resource_type("Patient.contact"));
    assert_eq!(type_named("Patient"), Some("Patient"));
    assert_eq!(type_named("Patient.contact"), None);
    assert!(is_primitive("code") && is_primitive("xhtml") && !is_primitive("Quantity"));
}

#[test]
fn gender_takes_only_r4s_codes() {
    let gender = resolve("Patient", "gender").unwrap().element;
    let binding = gender.binding.unwrap();
    assert_eq!(binding.strength, Strength::Required);
    assert_eq!(binding.value_set, "http://hl7.org/fhir/ValueSet/administrative-gender");
    assert!(gender.is_summary && !gender.is_modifier && !gender.is_list());
    let subject = resolve("Observation", "subject").unwrap().element;
    assert_eq!(subject.reference_targets, ["Patient", "Group", "Device", "Location"]);
}
