//! Scopes in plain words: "See your prescriptions", never `patient/MedicationRequest.rs`.
//!
//! English is a sentence about the things ("Change this patient's allergies"); Hindi names the record first, so that no word has to
//! agree with the things' gender ("इस मरीज़ के रिकॉर्ड में एलर्जी बदलना").

mod filters;
mod types;

use crate::language::Language;
use hearthgate_access::{Context, Letters, Scope};

/// Who reads the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A patient, about the own record.
    Patient,
    /// A clinician or an administrator, about patients.
    Staff,
}

/// Whose record a scope reaches, from the reader's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Yours,
    ThisPatient,
    InYourCare,
    Everyone,
}

/// Letters that look.
pub(crate) const SEEING: Letters = Letters::READ.and(Letters::SEARCH);
/// Letters that change.
pub(crate) const CHANGING: Letters = Letters::CREATE.and(Letters::UPDATE).and(Letters::DELETE);

/// What a scope allows, as one line of a list.
#[must_use]
pub fn scope(language: Language, reader: Reader, scope: &Scope) -> String {
    let whose = match (scope.context(), reader) {
        (Context::System, _) => Whose::Everyone,
        (_, Reader::Patient) => Whose::Yours,
        (Context::Patient, Reader::Staff) => Whose::ThisPatient,
        (Context::User, Reader::Staff) => Whose::InYourCare,
    };
    if scope.is_of_apps() {
        return own_settings(language, whose, scope.letters());
    }
    let things = things(language, scope);
    match language {
        Language::English => english(whose, &things, scope.letters()),
        Language::Hindi => hindi(whose, &things, scope.letters()),
    }
}

/// What an app keeps for itself (<https://hl7.org/fhir/smart-app-launch/STU2.2/app-state.html>).
fn own_settings(language: Language, whose: Whose, letters: Letters) -> String {
    let keeps = !letters.common(Letters::CREATE.and(Letters::UPDATE)).is_empty();
    let looks = !letters.common(SEEING).is_empty();
    match language {
        Language::English => {
            let verbs: Vec<&str> =
                [(looks, "read"), (keeps, "keep"), (letters.contains(Letters::DELETE), "delete")].iter().filter(|(is, _)| *is).map(|(_, verb)| *verb).collect();
            let about = match whose {
                Whose::Yours => "for you",
                Whose::ThisPatient => "about this patient",
                Whose::InYourCare => "for you and about patients in your care",
                Whose::Everyone => "about everyone",
            };
            format!("{} this app's own settings {about}", capital(&list(&verbs, " and ")))
        }
        Language::Hindi => {
            let verbs: Vec<&str> =
                [(looks, "पढ़ना"), (keeps, "सहेजना"), (letters.contains(Letters::DELETE), "हटाना")].iter().filter(|(is, _)| *is).map(|(_, verb)| *verb).collect();
            let about = match whose {
                Whose::Yours => "आपके लिए",
                Whose::ThisPatient => "इस मरीज़ के बारे में",
                Whose::InYourCare => "आपके लिए और आपकी देखभाल वाले मरीज़ों के बारे में",
                Whose::Everyone => "सभी के बारे में",
            };
            format!("{about} इस ऐप की अपनी सेटिंग्स {}", list(&verbs, " और "))
        }
    }
}

/// What an R4 resource type holds ("prescriptions"); its name where it is none.
#[must_use]
pub fn resource_type(language: Language, name: &str) -> String {
    types::noun(language, name).map_or_else(|| name.to_owned(), |noun| noun.text.to_owned())
}

/// What a scope speaks of.
struct Things {
    text: String,
    /// Part of somebody's record.
    of_a_patient: bool,
}

fn things(language: Language, scope: &Scope) -> Things {
    let known = scope.resource_type().and_then(|name| types::noun(language, name));
    let of_a_patient = known.is_none_or(|noun| noun.of_a_patient);
    let mut text = match (known, language) {
        (Some(noun), _) => noun.text.to_owned(),
        (None, Language::English) => "whole health record".to_owned(),
        (None, Language::Hindi) => "स्वास्थ्य की सारी जानकारी".to_owned(),
    };
    let mut others = Vec::new();
    for (name, value) in scope.filters() {
        let category = scope.resource_type().filter(|_| name == "category").and_then(|of| filters::category(language, of, value));
        match category {
            // Two categories narrow each other: the second is told like any other filter.
            Some(category) if others.is_empty() && scope.filters().len() == 1 => text = category.to_owned(),
            Some(category) => others.push(category.to_owned()),
            None => others.push(match language {
                Language::English => format!("{name} is “{value}”"),
                Language::Hindi => format!("{name}: “{value}”"),
            }),
        }
    }
    if !others.is_empty() {
        let (only, and) = match language {
            Language::English => ("only where", " and "),
            Language::Hindi => ("केवल", " और "),
        };
        text = format!("{text} ({only} {})", others.join(and));
    }
    Things { text, of_a_patient }
}

fn english(whose: Whose, things: &Things, letters: Letters) -> String {
    let mut verbs = Vec::new();
    let looks = letters.common(SEEING);
    if looks == Letters::SEARCH {
        verbs.push("search");
    } else if !looks.is_empty() {
        verbs.push("see");
    }
    for (letter, verb) in [(Letters::CREATE, "add to"), (Letters::UPDATE, "change"), (Letters::DELETE, "delete")] {
        if letters.contains(letter) {
            verbs.push(verb);
        }
    }
    let verbs = capital(&list(&verbs, " and "));
    let text = &things.text;
    match whose {
        _ if !things.of_a_patient => format!("{verbs} {text}"),
        Whose::Yours => format!("{verbs} your {text}"),
        Whose::ThisPatient => format!("{verbs} this patient's {text}"),
        Whose::InYourCare => format!("{verbs} the {text} of patients in your care"),
        Whose::Everyone => format!("{verbs} the {text} of all patients"),
    }
}

fn hindi(whose: Whose, things: &Things, letters: Letters) -> String {
    let mut verbs = Vec::new();
    let looks = letters.common(SEEING);
    if looks == Letters::SEARCH {
        verbs.push("खोजना");
    } else if !looks.is_empty() {
        verbs.push("देखना");
    }
    for (letter, verb) in [(Letters::CREATE, "जोड़ना"), (Letters::UPDATE, "बदलना"), (Letters::DELETE, "हटाना")] {
        if letters.contains(letter) {
            verbs.push(verb);
        }
    }
    let verbs = list(&verbs, " और ");
    let text = &things.text;
    match whose {
        _ if !things.of_a_patient => format!("{text} {verbs}"),
        Whose::Yours => format!("आपके रिकॉर्ड में {text} {verbs}"),
        Whose::ThisPatient => format!("इस मरीज़ के रिकॉर्ड में {text} {verbs}"),
        Whose::InYourCare => format!("आपकी देखभाल वाले मरीज़ों के रिकॉर्ड में {text} {verbs}"),
        Whose::Everyone => format!("सभी मरीज़ों के रिकॉर्ड में {text} {verbs}"),
    }
}

fn list(words: &[&str], and: &str) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{}{and}{last}", first.join(", ")),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
