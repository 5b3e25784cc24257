//! Every page in both languages: nothing given to a page can become markup, nothing is inline, and what can be declined is a line of
//! its own.

mod common;

use common::{HOSTILE, every_page, form, frame};
use hearthgate_access::{Letters, Scopes};
use hearthgate_portal::words::Reader;
use hearthgate_portal::{Asker, Consent, Day, Language, View, asset};

/// Seen to fail with `askama`'s escaping off (`{{ name|safe }}` in any template).
#[test]
fn what_is_given_to_a_page_never_becomes_markup() {
    for language in Language::ALL {
        for (name, html) in every_page(language, HOSTILE) {
            assert!(html.len() > 500, "{name} is empty");
            assert!(!html.contains("<script>alert"), "{name} holds a script");
            assert!(!html.contains("\"><img src=x"), "{name} lets a value out of its attribute");
            assert!(!html.contains("' onfocus="), "{name} lets a value out of its attribute");
        }
    }
}

/// Seen to fail with an `onclick`, a `style` or a script between tags in any template.
#[test]
fn nothing_in_a_page_is_inline_or_from_elsewhere() {
    for language in Language::ALL {
        for (name, html) in every_page(language, "Ada") {
            for inline in ["<style", " style=", " onclick=", " onload=", "javascript:", "src=\"http", "href=\"http"] {
                assert!(!html.contains(inline), "{name} has {inline}");
            }
            for script in html.split("<script").skip(1) {
                assert!(script.starts_with(" src=\"/assets/") && script.contains("></script>"), "{name} has a script of its own");
            }
            for path in html.split('"').filter(|text| text.starts_with("/assets/")) {
                assert!(asset(path).is_some(), "{name} names {path}, which is not there");
            }
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_its_anti_forgery_token() {
    for (name, html) in every_page(Language::English, "Ada") {
        for form in html.split("<form method=\"post\"").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            assert!(form.contains("name=\"anti_forgery\" value=\"token-1\""), "{name}");
        }
    }
}

#[test]
fn every_page_says_its_language_and_none_speaks_the_other() {
    for (name, html) in every_page(Language::Hindi, "Ada") {
        assert!(html.contains("<html lang=\"hi\">"), "{name}");
        let main = html.split("<main").nth(1).unwrap_or_default();
        for english in ["Sign in", "Allow", "Choose", "See ", "Error", "Password", "App"] {
            assert!(!main.contains(english), "{name} says {english} in Hindi");
        }
    }
}

fn consent(scopes: &str) -> String {
    consent_of(scopes, &[("Condition", Letters::ALL), ("MedicationRequest", Letters::ALL)])
}

fn consent_of(scopes: &str, types: &[(&'static str, Letters)]) -> String {
    let scopes = Scopes::parse(scopes).unwrap();
    Consent {
        frame: frame(Language::English, "Ada"),
        form: form(),
        asker: Asker { name: "App", website: None, sends_to: "app.example", registered: Day { year: 2026, month: 1, day: 2 }, verified: false },
        reader: Reader::Patient,
        patient: None,
        scopes: &scopes,
        types,
        access_seconds: 300,
        offline_seconds: 30 * 86_400,
    }
    .html()
}

/// Values of the `scope` fields, with whether each comes ticked (or hidden, and so always sent).
fn fields(html: &str) -> Vec<(String, bool)> {
    let inputs = html.split("<input ").skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    let scopes = inputs.filter(|input| input.contains("name=\"scope\""));
    scopes
        .map(|input| (input.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned(), input.contains("checked") || input.contains("hidden")))
        .collect()
}

#[test]
fn seeing_changing_and_staying_can_each_be_declined_alone() {
    let html = consent("launch/patient openid fhirUser offline_access patient/Observation.cruds patient/Condition.read");
    let values: Vec<_> = fields(&html).into_iter().map(|(value, _)| value).collect();
    assert_eq!(values, ["patient/Condition.rs", "patient/Observation.rs", "patient/Observation.cud", "openid", "fhirUser", "offline_access", "launch/patient"]);
    assert!(html.contains("See your health problems and diagnoses"));
    assert!(html.contains("Add to, change and delete your test results"));
    assert!(html.contains("access ends after <strong>30 days</strong>"));
}

#[test]
fn a_scope_for_everything_can_be_narrowed_to_single_types() {
    let html = consent("patient/*.rs");
    let ticked: Vec<_> = fields(&html);
    assert_eq!(ticked, [("patient/*.rs".to_owned(), true), ("patient/Condition.rs".to_owned(), false), ("patient/MedicationRequest.rs".to_owned(), false)]);
    assert!(html.contains("See your whole health record"));
}

/// Seen to fail with the role's letters left out: the page asked to change the whole record, and offered each of its types for it.
#[test]
fn nobody_is_asked_to_let_the_whole_record_be_changed_where_the_role_leaves_a_few_types() {
    let sees = Letters::READ.and(Letters::SEARCH);
    let types = [("Appointment", sees.and(Letters::CREATE).and(Letters::UPDATE)), ("Condition", sees), ("Observation", sees), ("Patient", sees)];
    let html = consent_of("patient/*.cruds", &types);
    let ticked: Vec<_> = fields(&html).into_iter().filter(|(_, ticked)| *ticked).map(|(value, _)| value).collect();
    assert_eq!(ticked, ["patient/*.rs", "patient/Appointment.cu"]);
    assert!(html.contains("Add to and change your appointments") && !html.contains("change your whole"), "{html}");
}

#[test]
fn offline_access_is_told_only_where_it_is_asked_for() {
    assert!(!consent("patient/Observation.rs").contains("30 days"));
}

/// What a ticked line grants is covered by what was asked for: a page cannot widen a request.
#[test]
fn no_line_grants_more_than_was_asked_for() {
    for asked in ["patient/*.rs", "user/*.cruds", "patient/Observation.rs?category=laboratory user/Patient.r", "patient/*.read?_id=7"] {
        let wanted = Scopes::parse(asked).unwrap();
        for (value, _) in fields(&consent(asked)) {
            let value = value.replace("&#38;", "&");
            let line = hearthgate_access::Scope::parse(&value).unwrap_or_else(|| panic!("{value} is no scope"));
            assert!(wanted.fhir().iter().any(|scope| scope.covers(&line)), "{value} exceeds {asked}");
        }
    }
}
