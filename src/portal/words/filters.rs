//! What granular scopes narrow a type to, in plain words
//! (<https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters>;
//! the categories are those of <https://hl7.org/fhir/us/core/STU6.1/scopes.html>).

use super::Language;

/// A category: the type it narrows, its code, in English, in Hindi.
const CATEGORIES: [(&str, &str, &str, &str); 22] = [
    ("Condition", "encounter-diagnosis", "diagnoses of visits", "मुलाक़ातों के निदान"),
    ("Condition", "health-concern", "health concerns", "स्वास्थ्य संबंधी चिंताएँ"),
    ("Condition", "problem-list-item", "lasting health problems", "लंबे समय की बीमारियाँ"),
    ("DiagnosticReport", "LAB", "laboratory reports", "प्रयोगशाला की रिपोर्टें"),
    ("DiagnosticReport", "LP29684-5", "X-ray and scan reports", "एक्स-रे और स्कैन की रिपोर्टें"),
    ("DiagnosticReport", "LP29708-2", "heart test reports", "हृदय जाँच की रिपोर्टें"),
    ("DiagnosticReport", "LP7839-6", "tissue test reports", "ऊतक जाँच की रिपोर्टें"),
    ("DocumentReference", "clinical-note", "doctors' notes", "डॉक्टरों के नोट"),
    ("MedicationRequest", "community", "prescriptions for home", "घर के लिए नुस्खे"),
    ("MedicationRequest", "discharge", "prescriptions when leaving hospital", "अस्पताल से छुट्टी के समय के नुस्खे"),
    ("MedicationRequest", "inpatient", "prescriptions in hospital", "अस्पताल के नुस्खे"),
    ("MedicationRequest", "outpatient", "prescriptions of the practice", "क्लिनिक के नुस्खे"),
    ("Observation", "activity", "activity such as steps", "चलने-फिरने के आँकड़े"),
    ("Observation", "exam", "examination findings", "शारीरिक जाँच के निष्कर्ष"),
    ("Observation", "imaging", "X-ray and scan results", "एक्स-रे और स्कैन के नतीजे"),
    ("Observation", "laboratory", "laboratory results", "प्रयोगशाला के नतीजे"),
    ("Observation", "procedure", "results of operations and treatments", "ऑपरेशन और उपचार के नतीजे"),
    ("Observation", "sdoh", "living conditions", "रहन-सहन की स्थिति"),
    ("Observation", "social-history", "habits such as smoking", "धूम्रपान जैसी आदतें"),
    ("Observation", "survey", "results of questionnaires", "प्रश्नावलियों के नतीजे"),
    ("Observation", "therapy", "therapy results", "थेरेपी के नतीजे"),
    ("Observation", "vital-signs", "vital signs such as blood pressure", "रक्तचाप जैसे माप"),
];

/// Where these codes are defined. The same code of another system is another thing.
const SYSTEMS: [&str; 3] = ["http://terminology.hl7.org/CodeSystem/", "http://hl7.org/fhir/us/core/CodeSystem/", "http://loinc.org"];

/// The words for a type narrowed to one category, if it is a known one. The value is a token as search writes it: `code` or
/// `system|code` (<https://hl7.org/fhir/R4/search.html#token>).
pub(crate) fn category(language: Language, resource_type: &str, value: &str) -> Option<&'static str> {
    let (system, code) = value.rsplit_once('|').map_or((None, value), |(system, code)| (Some(system), code));
    if system.is_some_and(|system| !SYSTEMS.iter().any(|known| system.starts_with(known))) {
        return None;
    }
    let row = CATEGORIES.iter().find(|row| row.0 == resource_type && row.1 == code)?;
    Some(match language {
        Language::English => row.2,
        Language::Hindi => row.3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_known_with_and_without_its_system() {
        for value in ["laboratory", "http://terminology.hl7.org/CodeSystem/observation-category|laboratory"] {
            assert_eq!(category(Language::English, "Observation", value), Some("laboratory results"));
        }
        assert_eq!(category(Language::English, "Observation", "laboratory,survey"), None);
        assert_eq!(category(Language::English, "Observation", "https://elsewhere.example/codes|laboratory"), None);
        assert_eq!(category(Language::English, "Condition", "laboratory"), None);
    }
}
