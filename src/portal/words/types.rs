//! Each R4 resource type in plain words: the things themselves, as they follow "See your …".

use super::Language;

/// One type: its R4 name, in English, in Hindi.
type Row = (&'static str, &'static str, &'static str);

/// What R4 places in a patient's compartment (<https://hl7.org/fhir/R4/compartmentdefinition-patient.html>), and what belongs to it.
const OF_A_PATIENT: [Row; 68] = [
    ("Account", "accounts for charges", "शुल्क के खाते"),
    ("AdverseEvent", "harmful events during care", "इलाज के दौरान हुई हानिकारक घटनाएँ"),
    ("AllergyIntolerance", "allergies", "एलर्जी"),
    ("Appointment", "appointments", "अपॉइंटमेंट"),
    ("AppointmentResponse", "answers to appointments", "अपॉइंटमेंट के जवाब"),
    ("AuditEvent", "list of who looked at the record", "रिकॉर्ड किसने देखा, इसकी सूची"),
    ("Basic", "other notes of the clinic", "क्लिनिक की अन्य टिप्पणियाँ"),
    ("Binary", "files and pictures", "फ़ाइलें और तस्वीरें"),
    ("BodyStructure", "descriptions of body parts", "शरीर के अंगों के विवरण"),
    ("CarePlan", "care plans", "देखभाल की योजनाएँ"),
    ("CareTeam", "care team", "देखभाल करने वाली टीम"),
    ("ChargeItem", "charges", "शुल्क"),
    ("Claim", "insurance claims", "बीमा दावे"),
    ("ClaimResponse", "answers to insurance claims", "बीमा दावों के जवाब"),
    ("ClinicalImpression", "doctors' assessments", "डॉक्टरों के आकलन"),
    ("Communication", "messages", "संदेश"),
    ("CommunicationRequest", "requests to send messages", "संदेश भेजने के अनुरोध"),
    ("Composition", "clinical documents", "चिकित्सा दस्तावेज़"),
    ("Condition", "health problems and diagnoses", "बीमारियाँ और निदान"),
    ("Consent", "consents", "सहमतियाँ"),
    ("Coverage", "insurance", "बीमा"),
    ("CoverageEligibilityRequest", "questions about insurance cover", "बीमा कवर के बारे में पूछताछ"),
    ("CoverageEligibilityResponse", "answers about insurance cover", "बीमा कवर के बारे में जवाब"),
    ("DetectedIssue", "safety warnings", "सुरक्षा चेतावनियाँ"),
    ("Device", "implants and medical devices", "इम्प्लांट और चिकित्सा उपकरण"),
    ("DeviceRequest", "orders for devices", "उपकरणों के ऑर्डर"),
    ("DeviceUseStatement", "use of devices", "उपकरणों का उपयोग"),
    ("DiagnosticReport", "test reports", "जाँच रिपोर्टें"),
    ("DocumentManifest", "lists of documents", "दस्तावेज़ों की सूचियाँ"),
    ("DocumentReference", "doctors' notes and documents", "डॉक्टरों के नोट और दस्तावेज़"),
    ("Encounter", "visits", "क्लिनिक में आना-जाना"),
    ("EnrollmentRequest", "applications for insurance", "बीमा के आवेदन"),
    ("EpisodeOfCare", "periods of care", "देखभाल की अवधियाँ"),
    ("ExplanationOfBenefit", "insurance statements", "बीमा विवरण"),
    ("FamilyMemberHistory", "family health history", "परिवार का स्वास्थ्य इतिहास"),
    ("Flag", "alerts", "सतर्कता सूचनाएँ"),
    ("Goal", "health goals", "स्वास्थ्य लक्ष्य"),
    ("Group", "memberships in groups", "समूहों की सदस्यता"),
    ("ImagingStudy", "X-rays and scans", "एक्स-रे और स्कैन"),
    ("Immunization", "vaccinations", "टीके"),
    ("ImmunizationEvaluation", "checks of vaccinations", "टीकों की जाँच"),
    ("ImmunizationRecommendation", "vaccinations that are due", "लगने वाले टीके"),
    ("Invoice", "bills", "बिल"),
    ("List", "lists kept by the clinic", "क्लिनिक की रखी सूचियाँ"),
    ("MeasureReport", "quality reports", "गुणवत्ता रिपोर्टें"),
    ("Media", "photos and recordings", "फ़ोटो और रिकॉर्डिंग"),
    ("MedicationAdministration", "medicines given by the clinic", "क्लिनिक में दी गई दवाएँ"),
    ("MedicationDispense", "medicines handed out by pharmacies", "फ़ार्मेसी से मिली दवाएँ"),
    ("MedicationRequest", "prescriptions", "नुस्खे"),
    ("MedicationStatement", "medicines taken", "ली जा रही दवाएँ"),
    ("MolecularSequence", "genetic data", "आनुवंशिक जानकारी"),
    ("NutritionOrder", "diet orders", "आहार के निर्देश"),
    ("Observation", "test results, vital signs and observations", "जाँच के नतीजे, नाड़ी-रक्तचाप जैसे माप और टिप्पणियाँ"),
    ("Patient", "name, birth date, address and contact details", "नाम, जन्मतिथि, पता और संपर्क"),
    ("Person", "personal details", "व्यक्तिगत जानकारी"),
    ("Procedure", "operations and treatments", "ऑपरेशन और उपचार"),
    ("Provenance", "notes on where entries came from", "प्रविष्टियाँ कहाँ से आईं, इसकी जानकारी"),
    ("QuestionnaireResponse", "answers to questionnaires", "प्रश्नावलियों के उत्तर"),
    ("RelatedPerson", "relatives and contact persons", "रिश्तेदार और संपर्क व्यक्ति"),
    ("RequestGroup", "groups of orders", "ऑर्डर के समूह"),
    ("ResearchSubject", "participation in research", "शोध में भागीदारी"),
    ("RiskAssessment", "risk assessments", "जोखिम के आकलन"),
    ("ServiceRequest", "referrals and orders for tests", "रेफ़रल और जाँच के ऑर्डर"),
    ("Specimen", "samples for tests", "जाँच के नमूने"),
    ("SupplyDelivery", "deliveries of supplies", "सामान की डिलीवरी"),
    ("SupplyRequest", "orders of supplies", "सामान के ऑर्डर"),
    ("Task", "tasks", "कार्य"),
    ("VisionPrescription", "prescriptions for glasses and lenses", "चश्मे और लेंस के नुस्खे"),
];

/// What the clinic, its knowledge and its software consist of.
const OF_THE_CLINIC: [Row; 78] = [
    ("ActivityDefinition", "templates for activities", "गतिविधियों के नमूने"),
    ("BiologicallyDerivedProduct", "blood and tissue products", "रक्त और ऊतक उत्पाद"),
    ("Bundle", "collections of entries", "प्रविष्टियों के संग्रह"),
    ("CapabilityStatement", "descriptions of software abilities", "सॉफ़्टवेयर की क्षमताओं के विवरण"),
    ("CatalogEntry", "entries of catalogues", "कैटलॉग की प्रविष्टियाँ"),
    ("ChargeItemDefinition", "price rules", "मूल्य के नियम"),
    ("CodeSystem", "code systems", "कोड प्रणालियाँ"),
    ("CompartmentDefinition", "definitions of record areas", "रिकॉर्ड के भागों की परिभाषाएँ"),
    ("ConceptMap", "maps between codes", "कोड के बीच मिलान"),
    ("Contract", "contracts", "अनुबंध"),
    ("DeviceDefinition", "kinds of devices", "उपकरणों के प्रकार"),
    ("DeviceMetric", "measurements of devices", "उपकरणों के मापन"),
    ("EffectEvidenceSynthesis", "summaries of effects in research", "शोध में प्रभावों के सारांश"),
    ("Endpoint", "technical addresses", "तकनीकी पते"),
    ("EnrollmentResponse", "answers to applications for insurance", "बीमा आवेदनों के जवाब"),
    ("EventDefinition", "definitions of events", "घटनाओं की परिभाषाएँ"),
    ("Evidence", "research evidence", "शोध के प्रमाण"),
    ("EvidenceVariable", "variables of research", "शोध के चर"),
    ("ExampleScenario", "example workflows", "कार्य के उदाहरण"),
    ("GraphDefinition", "definitions of links", "संबंधों की परिभाषाएँ"),
    ("GuidanceResponse", "answers of decision support", "निर्णय सहायता के जवाब"),
    ("HealthcareService", "services of the clinic", "क्लिनिक की सेवाएँ"),
    ("ImplementationGuide", "technical guides", "तकनीकी मार्गदर्शिकाएँ"),
    ("InsurancePlan", "insurance plans on offer", "उपलब्ध बीमा योजनाएँ"),
    ("Library", "libraries of knowledge", "ज्ञान के संग्रह"),
    ("Linkage", "links between records", "रिकॉर्ड के बीच संबंध"),
    ("Location", "places and rooms", "स्थान और कमरे"),
    ("Measure", "quality measures", "गुणवत्ता के मापदंड"),
    ("Medication", "medicines", "दवाएँ"),
    ("MedicationKnowledge", "knowledge about medicines", "दवाओं की जानकारी"),
    ("MedicinalProduct", "medicinal products", "औषधीय उत्पाद"),
    ("MedicinalProductAuthorization", "approvals of medicinal products", "औषधीय उत्पादों की मंज़ूरियाँ"),
    ("MedicinalProductContraindication", "reasons against medicinal products", "औषधीय उत्पाद कब न दें"),
    ("MedicinalProductIndication", "uses of medicinal products", "औषधीय उत्पादों के उपयोग"),
    ("MedicinalProductIngredient", "ingredients of medicinal products", "औषधीय उत्पादों के घटक"),
    ("MedicinalProductInteraction", "interactions of medicinal products", "औषधीय उत्पादों की आपसी क्रियाएँ"),
    ("MedicinalProductManufactured", "manufactured medicinal products", "निर्मित औषधीय उत्पाद"),
    ("MedicinalProductPackaged", "packaged medicinal products", "पैक किए औषधीय उत्पाद"),
    ("MedicinalProductPharmaceutical", "forms of medicinal products", "औषधीय उत्पादों के रूप"),
    ("MedicinalProductUndesirableEffect", "side effects of medicinal products", "औषधीय उत्पादों के दुष्प्रभाव"),
    ("MessageDefinition", "definitions of messages", "संदेशों की परिभाषाएँ"),
    ("MessageHeader", "message headers", "संदेशों के शीर्ष"),
    ("NamingSystem", "naming systems", "नामकरण प्रणालियाँ"),
    ("ObservationDefinition", "definitions of observations", "जाँचों की परिभाषाएँ"),
    ("OperationDefinition", "definitions of operations", "क्रियाओं की परिभाषाएँ"),
    ("OperationOutcome", "results of operations", "क्रियाओं के परिणाम"),
    ("Organization", "hospitals and organisations", "अस्पताल और संस्थाएँ"),
    ("OrganizationAffiliation", "partnerships of organisations", "संस्थाओं की साझेदारियाँ"),
    ("Parameters", "parameters of operations", "क्रियाओं के मान"),
    ("PaymentNotice", "notices of payment", "भुगतान की सूचनाएँ"),
    ("PaymentReconciliation", "summaries of payments", "भुगतानों के सारांश"),
    ("PlanDefinition", "templates for plans", "योजनाओं के नमूने"),
    ("Practitioner", "doctors and staff", "डॉक्टर और कर्मचारी"),
    ("PractitionerRole", "what doctors do, where and when", "डॉक्टर क्या, कहाँ और कब करते हैं"),
    ("Questionnaire", "questionnaires", "प्रश्नावलियाँ"),
    ("ResearchDefinition", "definitions of research", "शोध की परिभाषाएँ"),
    ("ResearchElementDefinition", "parts of research definitions", "शोध की परिभाषाओं के भाग"),
    ("ResearchStudy", "research studies", "शोध अध्ययन"),
    ("RiskEvidenceSynthesis", "summaries of risks in research", "शोध में जोखिमों के सारांश"),
    ("Schedule", "working hours for appointments", "अपॉइंटमेंट के समय"),
    ("SearchParameter", "definitions of search", "खोज की परिभाषाएँ"),
    ("Slot", "free times for appointments", "अपॉइंटमेंट के खाली समय"),
    ("SpecimenDefinition", "kinds of samples", "नमूनों के प्रकार"),
    ("StructureDefinition", "definitions of entries", "प्रविष्टियों की परिभाषाएँ"),
    ("StructureMap", "rules to convert entries", "प्रविष्टियाँ बदलने के नियम"),
    ("Subscription", "notifications to software", "सॉफ़्टवेयर को भेजी सूचनाएँ"),
    ("Substance", "substances", "पदार्थ"),
    ("SubstanceNucleicAcid", "nucleic acids", "न्यूक्लिक अम्ल"),
    ("SubstancePolymer", "polymers", "बहुलक"),
    ("SubstanceProtein", "proteins", "प्रोटीन"),
    ("SubstanceReferenceInformation", "references on substances", "पदार्थों के संदर्भ"),
    ("SubstanceSourceMaterial", "sources of substances", "पदार्थों के स्रोत"),
    ("SubstanceSpecification", "specifications of substances", "पदार्थों के विनिर्देश"),
    ("TerminologyCapabilities", "abilities of code services", "कोड सेवाओं की क्षमताएँ"),
    ("TestReport", "reports of software tests", "सॉफ़्टवेयर परीक्षणों की रिपोर्टें"),
    ("TestScript", "software tests", "सॉफ़्टवेयर परीक्षण"),
    ("ValueSet", "sets of codes", "कोड के समूह"),
    ("VerificationResult", "results of verification", "सत्यापन के परिणाम"),
];

/// A type in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noun {
    /// The things, in the plural.
    pub(crate) text: &'static str,
    /// Whether they are a patient's own ("your prescriptions") and not the clinic's ("doctors and staff").
    pub(crate) of_a_patient: bool,
}

/// The words for a type; `None` for what is no R4 resource type.
pub(crate) fn noun(language: Language, resource_type: &str) -> Option<Noun> {
    let of_a_patient = find(&OF_A_PATIENT, resource_type);
    let row = of_a_patient.or_else(|| find(&OF_THE_CLINIC, resource_type))?;
    let text = match language {
        Language::English => row.1,
        Language::Hindi => row.2,
    };
    Some(Noun { text, of_a_patient: of_a_patient.is_some() })
}

fn find(rows: &'static [Row], resource_type: &str) -> Option<&'static Row> {
    rows.binary_search_by_key(&resource_type, |row| row.0).ok().map(|at| &rows[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_type_of_r4_has_words_and_no_two_have_the_same() {
        for language in Language::ALL {
            let mut seen = std::collections::HashMap::new();
            for name in hearthgate_fhir::r4::resource_types() {
                let noun = noun(language, name).unwrap_or_else(|| panic!("{name} has no words"));
                assert_eq!(seen.insert(noun.text, name), None, "{name} is called as another is: {}", noun.text);
            }
            assert_eq!(seen.len(), OF_A_PATIENT.len() + OF_THE_CLINIC.len(), "a row that names no type");
        }
    }
}
