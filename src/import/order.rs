//! Which types are written first, so that most references lead to what is there already.

use hearthgate_fhir::r4;

/// Types in an order in which references mostly point backwards. What is not named stands where
/// the empty line is; where the order fails, single resources are held back (see `hold`).
const FIRST: &[&str] = &[
    "Organization",
    "Endpoint",
    "Location",
    "HealthcareService",
    "Practitioner",
    "PractitionerRole",
    "Substance",
    "Medication",
    "CodeSystem",
    "ValueSet",
    "StructureDefinition",
    "Questionnaire",
    "PlanDefinition",
    "ActivityDefinition",
    "Measure",
    "Library",
    "Patient",
    "RelatedPerson",
    "Person",
    "Group",
    "Device",
    "Coverage",
    "Account",
    "Binary",
    "EpisodeOfCare",
    "Schedule",
    "Slot",
    "CareTeam",
    "Goal",
    "ServiceRequest",
    "Appointment",
    "AppointmentResponse",
    "Encounter",
    "AllergyIntolerance",
    "Condition",
    "Specimen",
    "Media",
    "Observation",
    "ImagingStudy",
    "Procedure",
    "MedicationRequest",
    "MedicationDispense",
    "MedicationStatement",
    "MedicationAdministration",
    "Immunization",
    "DiagnosticReport",
    "DocumentReference",
    "CarePlan",
    "QuestionnaireResponse",
];
const LAST: &[&str] = &[
    "Claim",
    "ClaimResponse",
    "ExplanationOfBenefit",
    "List",
    "Composition",
    "DocumentManifest",
    "MeasureReport",
    "Consent",
    "Task",
    "AuditEvent",
    "Provenance",
];

/// The rank of transaction bundles among the types: behind the directory, before patients.
pub(crate) const TRANSACTIONS: u8 = 6;

/// The rank of each type, by its place in [`r4::resource_types`].
pub(crate) fn ranks() -> Vec<u8> {
    let rank = |name: &str| {
        if let Some(at) = FIRST.iter().position(|known| *known == name) {
            let at = if at < usize::from(TRANSACTIONS) { at } else { at + 1 };
            return at;
        }
        let unnamed = FIRST.len() + 1;
        LAST.iter().position(|known| *known == name).map_or(unnamed, |at| unnamed + 1 + at)
    };
    r4::resource_types().iter().map(|name| u8::try_from(rank(name)).unwrap_or(u8::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_comes_first_and_provenance_last() {
        let ranks = ranks();
        let rank = |name: &str| r4::resource_types().iter().position(|known| *known == name).map(|at| ranks[at]).expect("a type of R4");
        assert_eq!(rank("Organization"), 0);
        assert!(rank("PractitionerRole") < TRANSACTIONS && TRANSACTIONS < rank("Patient"));
        assert!(rank("Encounter") < rank("Condition") && rank("Condition") < rank("Basic"));
        assert!(FIRST.iter().chain(LAST).all(|name| rank(name) <= rank("Provenance")));
    }
}
