//! What consent says for every scope, written down to be read by people: `tests/wording/*.txt`. A change of words is a change of those
//! files; `HEARTHGATE_WRITE_WORDING=1` writes them.

use hearthgate_access::Scope;
use hearthgate_fhir::r4;
use hearthgate_portal::Language;
use hearthgate_portal::words::{Reader, scope};
use std::fmt::Write as _;
use std::path::Path;

/// Granular scopes that apps ask for (<https://hl7.org/fhir/us/core/STU6.1/scopes.html>), known or not.
const GRANULAR: [&str; 11] = [
    "patient/Condition.rs?category=http://terminology.hl7.org/CodeSystem/condition-category|encounter-diagnosis",
    "patient/Condition.rs?category=http://hl7.org/fhir/us/core/CodeSystem/condition-category|health-concern",
    "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
    "patient/Observation.cud?category=vital-signs",
    "user/DocumentReference.rs?category=clinical-note",
    "patient/Observation.rs?category=laboratory&status=final",
    "patient/Observation.rs?code=http://loinc.org|8480-6",
    "user/*.rs?_lastUpdated=gt2026",
    "patient/Basic.rs?code=https://app.example|settings",
    "patient/Basic.cud?code=https://app.example|settings",
    "user/Basic.cruds?code=https://app.example|settings,https://app.example|keys",
];

fn wording(language: Language) -> String {
    let mut out = String::new();
    let mut line = |text: &str, reader: Reader| {
        let parsed = Scope::parse(text).unwrap_or_else(|| panic!("{text} is no scope"));
        let _ = writeln!(out, "{text}\t{reader:?}\t{}", scope(language, reader, &parsed));
    };
    for letters in ["rs", "r", "s", "cud", "c", "u", "d", "cruds", "cu"] {
        for reader in [Reader::Patient, Reader::Staff] {
            line(&format!("patient/MedicationRequest.{letters}"), reader);
        }
    }
    for text in ["patient/*.rs", "user/*.rs", "user/*.cud", "system/*.rs"].iter().chain(&GRANULAR) {
        line(text, Reader::Patient);
        line(text, Reader::Staff);
    }
    for name in r4::resource_types() {
        line(&format!("patient/{name}.rs"), Reader::Patient);
        line(&format!("patient/{name}.cud"), Reader::Patient);
        line(&format!("patient/{name}.rs"), Reader::Staff);
        line(&format!("user/{name}.rs"), Reader::Staff);
        line(&format!("user/{name}.cud"), Reader::Staff);
    }
    out
}

#[test]
fn consent_says_every_scope_in_the_words_written_down() {
    for language in Language::ALL {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wording").join(format!("{}.txt", language.tag()));
        let now = wording(language);
        if std::env::var_os("HEARTHGATE_WRITE_WORDING").is_some() {
            std::fs::write(&path, &now).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap();
        for (now, written) in now.lines().zip(written.lines()) {
            assert_eq!(now, written, "{}", path.display());
        }
        assert_eq!(now.lines().count(), written.lines().count(), "{}", path.display());
    }
}

#[test]
fn no_wording_shows_the_grammar_of_scopes() {
    for language in Language::ALL {
        for line in wording(language).lines() {
            let words = line.rsplit('\t').next().unwrap_or_default();
            let shown = ["patient/", "user/", "system/", ".rs", ".cud"].into_iter().find(|part| words.contains(part));
            assert_eq!(shown, None, "{line}");
        }
    }
}
