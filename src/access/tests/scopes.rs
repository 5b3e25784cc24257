//! The scope grammar: what it takes, what it prints, and that everything else grants nothing.

mod common;

use common::legal_heads;
use hearthgate_access::{Context, Letters, Scope, ScopeError, Scopes};
use proptest::prelude::*;

#[test]
fn abuse_b53_unknown_strings_grant_nothing() {
    for text in [
        "",
        "/",
        ".",
        "patient",
        "patient/",
        "patient/.",
        "patient/Observation",
        "patient/Observation.",
        "patient/Observation.sr",
        "patient/Observation.rr",
        "patient/Observation.RS",
        "patient/Observation.crudsx",
        "patient/Observation.read,write",
        "patient/Observation.Read",
        "patient/Observation.rs ",
        "patient/observation.rs",
        "patient/OBSERVATION.rs",
        "Patient/Observation.rs",
        "Patient/..",
        "patient/*.*x",
        "patient/**.rs",
        "patient/*",
        "patient/Observation.rs?",
        "patient/Observation.rs?category",
        "patient/Observation.rs?category=",
        "patient/Observation.rs?=x",
        "patient/Observation.rs?category=x&",
        "patient/Observation.rs?&category=x",
        "patient/Observation.rs?nonsense=x",
        "patient/Observation.rs?category:not=x",
        "patient/Observation.rs?subject.name=x",
        "patient/Observation.rs?_has:Group:member:_id=x",
        "patient/Observation.rs?code-value-quantity=x",
        "patient/Observation.rs?category=%zz",
        "patient/Observation.rs?category=%",
        "patient/Observation.rs?category=%00",
        "patient/Observation.rs?category=%ff",
        "patient/Observation.rs?category=x\"",
        "patient/Observation.read?category=x",
        "patient/Observation.*?category=x",
        "patient/*.rs?category=x",
        "patient/%2A.rs",
        "patient/\u{ff0a}.rs",
        "patient/Observation\t.rs",
        "patient/Observation.rs\tuser/Patient.rs",
        "patient/Observation.rs\u{a0}user/Patient.rs",
        "patient/Resource.rs",
        "patient/DomainResource.rs",
        "patient/HumanName.rs",
        "group/Observation.rs",
        "launch/Patient",
        "OPENID",
        "patient//Observation.rs",
        "patient/Observation..rs",
        "patient/Observation.r.s",
    ] {
        assert_eq!(Scope::parse(text), None, "{text:?}");
        let scopes = Scopes::parse(text).unwrap();
        let none = text == "patient/Observation.rs " || scopes == Scopes::default();
        assert!(none, "{text:?} grants {scopes}");
    }
    // A space does separate.
    assert_eq!(Scopes::parse(" patient/Observation.rs  ").unwrap().to_string(), "patient/Observation.rs");
}

#[test]
fn abuse_b53_long_scopes_are_refused_and_repeated_ones_count_once() {
    assert_eq!(Scopes::parse(&"user/*.cruds ".repeat(10_000)), Err(ScopeError::TooLong));
    assert_eq!(Scopes::parse(&"x".repeat(100_000)), Err(ScopeError::TooLong));
    let many = "user/*.cruds ".repeat(300);
    assert_eq!(Scopes::parse(&many).unwrap().fhir().len(), 1);
    assert_eq!(Scopes::parse(&"a".repeat(4096)).unwrap(), Scopes::default());
}

#[test]
fn both_versions_of_the_grammar_mean_the_same_letters() {
    let letters = |text: &str| Scope::parse(text).unwrap().letters();
    assert_eq!(letters("user/*.read"), letters("user/*.rs"));
    assert_eq!(letters("user/*.write"), letters("user/*.cud"));
    assert_eq!(letters("user/*.*"), letters("user/*.cruds"));
    assert_eq!(letters("user/*.*"), Letters::ALL);
    assert_eq!(Scopes::parse("user/Observation.read user/Observation.rs").unwrap().fhir().len(), 1);
}

#[test]
fn granular_scopes_keep_their_parameters_in_one_order() {
    let one = Scope::parse("patient/Observation.rs?code=http://loinc.org|4548-4&category=laboratory").unwrap();
    let two = Scope::parse("patient/Observation.rs?category=laborator%79&code=http://loinc.org%7C4548-4").unwrap();
    assert_eq!(one, two);
    assert_eq!(one.context(), Context::Patient);
    assert_eq!(one.resource_type(), Some("Observation"));
    let filters = [("category", "laboratory"), ("code", "http://loinc.org|4548-4")];
    assert_eq!(one.filters(), filters.map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert_eq!(one.to_string(), "patient/Observation.rs?category=laboratory&code=http://loinc.org|4548-4");
    let space = Scope::parse("user/Condition.s?code=a%20b%26c%25").unwrap();
    assert_eq!(space.filters(), [("code".to_owned(), "a b&c%".to_owned())]);
    assert_eq!(Scope::parse(&space.to_string()), Some(space));
    assert!(Scope::parse("patient/*.rs?_tag=x").is_some(), "a parameter of every type goes with every type");
}

#[test]
fn scopes_without_fhir_data_are_known_by_name() {
    let scopes = Scopes::parse("openid fhirUser launch/patient offline_access nonsense").unwrap();
    assert_eq!(scopes.other(), ["fhirUser", "launch/patient", "offline_access", "openid"]);
    assert!(scopes.has("openid") && !scopes.has("nonsense"));
    assert!(scopes.fhir().is_empty());
}

/// A scope of the grammar, or one with a character changed, added or left out.
fn nearly_a_scope() -> impl Strategy<Value = String> {
    let heads: Vec<String> = legal_heads().keys().cloned().collect();
    let noise = prop::sample::select("crudsx./*?=&%2A ,PpOo\u{ff0a}\t".chars().collect::<Vec<_>>());
    (prop::sample::select(heads), any::<prop::sample::Index>(), noise, 0..4usize).prop_map(|(head, at, noise, how)| {
        let mut text: Vec<char> = head.chars().collect();
        let at = at.index(text.len());
        match how {
            0 => {}
            1 => text[at] = noise,
            2 => text.insert(at, noise),
            _ => drop(text.remove(at)),
        }
        text.into_iter().collect()
    })
}

fn scope_text() -> impl Strategy<Value = String> {
    let value = "[!-~é ]{1,12}"
        .prop_map(|text| text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02x}") }).collect::<String>());
    let query = prop::collection::vec((prop::sample::select(vec!["category", "code", "status", "_id", "_tag"]), value), 0..4);
    let head = prop::sample::select(vec!["patient/Observation.rs", "user/Condition.cruds", "system/Observation.s", "user/Observation.d"]);
    (head, query).prop_map(|(head, query)| {
        let query: Vec<String> = query.into_iter().map(|(code, value)| format!("{code}={value}")).collect();
        if query.is_empty() { head.to_owned() } else { format!("{head}?{}", query.join("&")) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn parse_of_print_is_the_same(texts in prop::collection::vec(prop_oneof![scope_text(), nearly_a_scope()], 0..8)) {
        let scopes = Scopes::parse(&texts.join(" ")).unwrap();
        let printed = scopes.to_string();
        prop_assert_eq!(Scopes::parse(&printed).unwrap(), scopes.clone());
        prop_assert_eq!(Scopes::parse(&printed).unwrap().to_string(), printed);
        for scope in scopes.fhir() {
            let again = Scope::parse(&scope.to_string());
            prop_assert_eq!(again.as_ref(), Some(scope));
        }
    }

    #[test]
    fn a_scope_without_parameters_is_read_exactly_when_it_is_written_in_the_list_of_all(text in nearly_a_scope()) {
        prop_assume!(!text.contains('?'));
        let found = Scope::parse(&text).map(|s| (s.context().to_string(), s.resource_type().unwrap_or("*").to_owned(), s.letters().to_string()));
        prop_assert_eq!(found.as_ref(), legal_heads().get(&text));
    }

    #[test]
    fn any_text_at_all_is_read_without_a_fault(text in "\\PC{0,200}") {
        prop_assert_eq!(Scopes::parse(&text), Scopes::parse(&text));
    }
}

#[test]
fn what_apps_keep_is_granted_by_its_codes_and_by_no_wide_scope() {
    let scope = |text: &str| Scope::parse(text).unwrap();
    let both = |a: &str, b: &str| scope(a).intersect(&scope(b)).map(|both| both.to_string());
    let keys = "patient/Basic.cruds?code=https://app.example|keys";
    assert_eq!(both(keys, "patient/*.cruds"), None);
    assert_eq!(both(keys, "patient/Basic.cruds"), None);
    assert_eq!(both("patient/*.rs", "patient/Basic.cruds").as_deref(), Some("patient/Basic.rs"));
    assert_eq!(both(keys, "patient/Basic.rs?code=https://app.example|").as_deref(), Some("patient/Basic.rs?code=https://app.example|keys"));
    assert_eq!(
        both(keys, "patient/Basic.rs?code=https://other.example|keys,https://app.example|keys").as_deref(),
        Some("patient/Basic.rs?code=https://app.example|keys")
    );
    for other in [
        "patient/Basic.rs?code=https://app.example|locks",
        "patient/Basic.rs?code=keys",
        "patient/Basic.rs?code=|keys",
        "user/Basic.rs?code=https://app.example|keys",
    ] {
        assert_eq!(both(keys, other), None, "{other}");
    }
    assert!(!scope("patient/*.cruds").covers(&scope(keys)) && !scope(keys).covers(&scope("patient/Basic.rs")));
    assert!(
        scope("patient/Basic.cruds?code=https://app.example|").covers(&scope(keys))
            && scope(keys).covers(&scope("patient/Basic.s?code=https://app.example|keys"))
    );
    assert!(!scope(keys).covers(&scope("patient/Basic.s?code=https://app.example|keys,https://app.example|locks")));
}
