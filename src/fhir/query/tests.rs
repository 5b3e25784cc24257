use super::*;

pub(super) const BASE: &str = "https://gate.example/fhir";

pub(super) fn lookup(code: &str) -> Option<(Kind, Vec<&'static str>)> {
    Some(match code {
        "name" | "family" => (Kind::String, vec![]),
        "identifier" | "gender" => (Kind::Token, vec![]),
        "birthdate" => (Kind::Date, vec![]),
        "organization" => (Kind::Reference, vec!["Organization"]),
        "subject" => (Kind::Reference, vec!["Patient", "Group"]),
        "value" => (Kind::Quantity, vec![]),
        "probability" => (Kind::Number, vec![]),
        "url" => (Kind::Uri, vec![]),
        "code-value" => (Kind::Composite, vec![]),
        "near" => (Kind::Special, vec![]),
        _ => return None,
    })
}

pub(super) fn ask(raw: &str) -> Result<Query, Problem> {
    parse("Patient", &form_pairs(raw)?, &lookup, BASE)
}

fn one(raw: &str) -> Parameter {
    let mut query = ask(raw).expect(raw);
    assert_eq!((query.parameters.len(), query.ignored.len()), (1, 0), "{raw}");
    query.parameters.remove(0)
}

fn operand(raw: &str) -> Operand {
    let mut parameter = one(raw);
    assert_eq!(parameter.values.len(), 1, "{raw}");
    parameter.values.remove(0)
}

fn token(system: SystemMatch, code: Option<&str>) -> Operand {
    Operand::Token { system, code: code.map(str::to_owned) }
}

fn is(system: &str) -> SystemMatch {
    SystemMatch::Is(system.to_owned())
}

#[test]
fn a_composite_is_read_part_by_part() {
    let lookup = |code: &str| crate::r4::search_parameter("Observation", code).map(|found| (found.kind, found.targets.clone()));
    let ask = |raw: &str| parse("Observation", &form_pairs(raw).expect("pairs"), &lookup, BASE);
    let of = |raw: &str| ask(raw).expect(raw).parameters.remove(0).values;
    let code = || token(is("http://loinc.org"), Some("8480-6"));
    let quantity = |prefix, value, lo, hi| Operand::Quantity { prefix, value, lo, hi, system: None, code: Some("mm[Hg]".to_owned()) };
    assert_eq!(
        of("component-code-value-quantity=http://loinc.org|8480-6$gt140||mm[Hg],x$5"),
        [
            Operand::Composite(vec![code(), quantity(Prefix::Gt, 140.0, 139.5, 140.5)]),
            Operand::Composite(vec![
                token(SystemMatch::Any, Some("x")),
                Operand::Quantity { prefix: Prefix::Eq, value: 5.0, lo: 4.5, hi: 5.5, system: None, code: None }
            ])
        ]
    );
    assert_eq!(of("code-value-concept=a\\$b\\,c$|d"), [Operand::Composite(vec![token(SystemMatch::Any, Some("a$b,c")), token(SystemMatch::None, Some("d"))])]);
    for (one, other) in [
        ("code-value-quantity=a$eq5,b$6", "code-value-quantity=b$6,a$5,a$eq5"),
        ("code-value-concept=a\\d$b", "code-value-concept=a\\\\d$b"),
        ("code-value-date=a$eq2024", "code-value-date=a$2024"),
    ] {
        let canonical = |raw: &str| ask(raw).expect(raw).canonical();
        assert_eq!(canonical(one), canonical(other));
        assert_eq!(canonical(&canonical(one)), canonical(one));
    }
    for wrong in ["a", "a$", "$b", "a$b$c", "a$b,", "a$b,c", "a|b|c$d"] {
        assert!(matches!(ask(&format!("code-value-concept={wrong}")), Err(Problem::Value { .. })), "{wrong}");
    }
    assert!(matches!(ask("code-value-quantity=a$b"), Err(Problem::Value { .. })));
    for modifier in ["missing", "not", "text", "exact"] {
        assert!(matches!(ask(&format!("code-value-concept:{modifier}=true")), Err(Problem::NotSupported { .. })), "{modifier}");
    }
}

#[test]
fn each_kind_is_read_into_its_operand() {
    let text = |text: &str| Operand::String(text.to_owned());
    let local = |type_name, id: &str| Operand::Reference { type_name, id: id.to_owned() };
    for (raw, want) in [
        ("name=Eve", text("Eve")),
        ("name=eqEve", text("eqEve")),
        ("name:exact=%C3%88ve+Li", text("Ève Li")),
        ("name:contains=100%25_", text("100%_")),
        ("name=a%5C,b", text("a,b")),
        ("name=a\\|b\\$c\\\\d\\e\\", text("a|b$c\\d\\e\\")),
        ("name=a|b", text("a|b")),
        ("gender=male", token(SystemMatch::Any, Some("male"))),
        ("identifier=http://a|1", token(is("http://a"), Some("1"))),
        ("identifier=|1", token(SystemMatch::None, Some("1"))),
        ("identifier=http://a|", token(is("http://a"), None)),
        ("identifier=a\\|b|c\\,d", token(is("a|b"), Some("c,d"))),
        ("identifier:not=x", token(SystemMatch::Any, Some("x"))),
        ("gender:text=he|she", text("he|she")),
        ("identifier:of-type=http://t|MR|4\\|5", Operand::OfType { system: "http://t".into(), code: "MR".into(), value: "4|5".into() }),
        ("_id=a-1", token(SystemMatch::Any, Some("a-1"))),
        ("_tag=http://t|", token(is("http://t"), None)),
        ("_security=R", token(SystemMatch::Any, Some("R"))),
        ("_profile=http://p|1.0", Operand::Uri("http://p|1.0".into())),
        ("url=http://a?b%3Dc", Operand::Uri("http://a?b=c".into())),
        ("url:below=http://a", Operand::Uri("http://a".into())),
        ("organization=1", local(None, "1")),
        ("organization=Organization/1", local(Some("Organization"), "1")),
        ("organization=https://gate.example/fhir/Organization/1", local(Some("Organization"), "1")),
        ("organization=https://other.example/fhir/Organization/1", Operand::ReferenceUrl("https://other.example/fhir/Organization/1".into())),
        ("organization=urn:uuid:1", Operand::ReferenceUrl("urn:uuid:1".into())),
        ("subject:Patient=1", local(Some("Patient"), "1")),
        ("subject:Patient=Patient/1", local(Some("Patient"), "1")),
        ("subject:identifier=http://a|1", Operand::Identifier { system: is("http://a"), value: "1".into() }),
        ("subject:identifier=1", Operand::Identifier { system: SystemMatch::Any, value: "1".into() }),
        ("birthdate:missing=true", Operand::Missing(true)),
        ("_lastUpdated:missing=false", Operand::Missing(false)),
    ] {
        assert_eq!(operand(raw), want, "{raw}");
    }
}

#[test]
fn every_prefix_of_every_ordered_kind_is_read() {
    let prefixes = [
        ("", Prefix::Eq),
        ("eq", Prefix::Eq),
        ("ne", Prefix::Ne),
        ("gt", Prefix::Gt),
        ("lt", Prefix::Lt),
        ("ge", Prefix::Ge),
        ("le", Prefix::Le),
        ("sa", Prefix::Sa),
        ("eb", Prefix::Eb),
        ("ap", Prefix::Ap),
    ];
    for (text, prefix) in prefixes {
        let day = crate::date::interval("2024-02").expect("a month");
        assert_eq!(operand(&format!("birthdate={text}2024-02")), Operand::Date { prefix, interval: day, text: "2024-02".into() });
        assert_eq!(operand(&format!("probability={text}-0.5")), Operand::Number { prefix, value: -0.5, lo: -0.55, hi: -0.45 });
        let quantity = |system: Option<&str>, code: Option<&str>| Operand::Quantity {
            prefix,
            value: 5.4,
            lo: 5.35,
            hi: 5.45,
            system: system.map(str::to_owned),
            code: code.map(str::to_owned),
        };
        assert_eq!(operand(&format!("value={text}5.4")), quantity(None, None));
        assert_eq!(operand(&format!("value={text}5.4||mg")), quantity(None, Some("mg")));
        assert_eq!(operand(&format!("value={text}5.4|http://u|mg")), quantity(Some("http://u"), Some("mg")));
    }
    let text = |raw: &str| match operand(raw) {
        Operand::Date { text, .. } => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(text("_lastUpdated=ge2024-01-02T03:04:05+02:00"), "2024-01-02T03:04:05+02:00");
    assert_eq!(text("_lastUpdated=ge2024-01-02T03:04:05%2B02:00"), "2024-01-02T03:04:05+02:00");
}

#[test]
fn commas_are_alternatives_and_repeats_are_both_demanded() {
    let query = ask("name=a,b%5C,c&name=d&gender=male,http://g|").expect("read");
    let counts: Vec<_> = query.parameters.iter().map(|p| (p.code.as_str(), p.values.len())).collect();
    assert_eq!(counts, [("name", 2), ("name", 1), ("gender", 2)]);
    assert_eq!(query.parameters[0].raw, ("name".into(), "a,b\\,c".into()));
}

#[test]
fn malformed_values_are_refused_and_never_repeated() {
    for raw in [
        "name=",
        "name",
        "name=a,",
        "name=,a",
        "name=a,,b",
        "gender=|",
        "gender=a|b|c",
        "identifier=||",
        "identifier:of-type=a|b",
        "identifier:of-type=a||c",
        "identifier:of-type=a|b|",
        "_id=a/b",
        "_id=x|a",
        "_id=..",
        "subject:identifier=a|",
        "birthdate=secret",
        "birthdate=2023-02-29",
        "birthdate=ge",
        "birthdate=xx2024",
        "birthdate=2024-01-01T24:00:00Z",
        "birthdate=0000",
        "birthdate=10000",
        "probability=secret",
        "probability=1e400",
        "probability=gt",
        "value=secret",
        "value=5.4|mg",
        "value=|http://u|mg",
        "value=5.4|a|b|c",
        "organization=Organization/1/_history/2",
        "organization=a b",
        "organization=%23a",
        "organization=Organization?a=b",
        "organization=Patient/1",
        "subject:Patient=Group/1",
        "subject:Patient=https://other.example/Patient/1",
        "name:missing=secret",
        "name:missing=true,false",
        "name:missing=",
        "_count=-1",
        "_count=secret",
        "_count=1e9",
        "_count=",
        "_count=%2B5",
        "_count=1.5",
        "_sort=",
        "_sort=secret",
        "_sort=name,name",
        "_sort=name,-name",
        "_sort=--name",
        "_total=secret",
        "_summary=secret",
        "_elements=a,,b",
        "_elements=secret.x",
        "_include=secret",
        "_include=:name",
        "_include=Patient:",
        "_include=Secret:subject",
        "_include=Patient:subject:Secret",
        "_include=Patient:subject:Group:x",
        "_revinclude=*",
        "_include=",
        "_summary=text&_include=Patient:subject",
        "_summary=true&_elements=name",
        "_cursor=",
    ] {
        let problem = ask(raw).expect_err(raw);
        assert_eq!(problem.issue_code(), "value", "{raw}");
        assert!(!problem.to_string().contains("secret"), "{problem}");
    }
}

#[test]
fn what_is_known_but_not_supported_is_never_dropped_in_silence() {
    for raw in [
        "organization.name=x",
        "subject:Patient.name=x",
        "unknown.name=x",
        "_has:Observation:patient:code=x",
        "_has=x",
        "name:text=x",
        "name:above=x",
        "name:=x",
        "gender:in=x",
        "gender:not-in=x",
        "gender:above=x",
        "gender:below=x",
        "gender:exact=x",
        "subject:above=1",
        "subject:below=1",
        "subject:Nonsense=1",
        "subject:Organization=1",
        "birthdate:exact=2024",
        "url:contains=x",
        "probability:not=1",
        "value:exact=1",
        "code-value=a$b",
        "near=1|2",
        "_count:exact=1",
        "_sort:desc=name",
        "_include:recurse=Patient:subject",
        "_sort=code-value",
        "_revinclude=Observation:*",
        "_lastUpdated:exact=2024",
    ] {
        assert_eq!(ask(raw).expect_err(raw).issue_code(), "not-supported", "{raw}");
    }
}

#[test]
fn unknown_parameters_are_told_and_missing_from_self() {
    let query = ask("foo=1&name=a&_text=x&foo:exact=2&_filter=x&_include=Patient:name&_source=x").expect("read");
    let names: Vec<_> = query.ignored.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["foo", "_text", "foo:exact", "_filter", "_include", "_source"]);
    assert_eq!(query.self_query(), "name=a");
}

#[test]
fn control_parameters_say_how_to_answer() {
    let query = ask("_count=007&_sort=-birthdate,_lastUpdated&_total=accurate&_summary=data&_format=json&_pretty=true&_cursor=c").expect("read");
    assert_eq!((query.count, query.total, query.summary), (Some(7), Total::Accurate, Summary::Data));
    let sort: Vec<_> = query.sort.iter().map(|s| (s.code.as_str(), s.kind, s.descending)).collect();
    assert_eq!(sort, [("birthdate", Kind::Date, true), ("_lastUpdated", Kind::Date, false)]);
    assert_eq!((query.format.as_deref(), query.cursor.as_deref()), (Some("json"), Some("c")));
    assert_eq!(ask("_elements=name,gender").expect("read").elements, ["name", "gender"]);
    assert_eq!(ask("_count=99999999999999999999").expect("read").count, Some(u32::MAX));
    assert_eq!(ask("_count=9223372036854775808").expect("read").count, Some(u32::MAX));
    let none = ask("_count=0&_summary=false").expect("read");
    assert_eq!((none.count, none.summary), (Some(0), Summary::Count));
    for twice in [
        "_count=1&_count=1",
        "_sort=name&_sort=name",
        "_total=none&_total=none",
        "_summary=true&_summary=true",
        "_elements=a&_elements=a",
        "_cursor=a&_cursor=a",
        "_format=a&_format=a",
    ] {
        assert_eq!(ask(twice).expect_err(twice).issue_code(), "value");
    }
}

#[test]
fn includes_are_read_both_ways() {
    let query = ask("_include=Patient:organization&_include:iterate=Patient:subject:Group&_include=*&_revinclude=Provenance:target\
        &_revinclude:iterate=MedicationRequest:patient&_include=Patient:organization&_include=Patient:*")
    .expect("read");
    let shown: Vec<_> = query.include.iter().map(|i| (i.source, i.code.as_str(), i.target, i.iterate, i.reverse, i.wildcard)).collect();
    assert_eq!(
        shown,
        [
            ("Patient", "organization", None, false, false, false),
            ("Patient", "subject", Some("Group"), true, false, false),
            ("Patient", "*", None, false, false, true),
            ("Provenance", "target", None, false, true, false),
            ("MedicationRequest", "patient", None, true, true, false),
        ]
    );
    assert_eq!(
        query.self_query(),
        "_include=Patient:organization&_include:iterate=Patient:subject:Group&_include=Patient:*\
        &_revinclude=Provenance:target&_revinclude:iterate=MedicationRequest:patient"
    );
}

#[test]
fn limits_are_kept() {
    assert_eq!(ask(&format!("name={}a", "a,".repeat(999))).expect("read").parameters[0].values.len(), 1000);
    let many: Vec<_> = (0..21).map(|n| format!("_include=Patient:subject:{}", if n % 2 == 0 { "Group" } else { "Patient" })).collect();
    assert!(ask(&many.join("&")).is_ok(), "repeats are one");
    for raw in [format!("name={}a", "a,".repeat(1000)), format!("name={0}a&family={0}a", "a,".repeat(500)), "name=a&".repeat(1001), "a".repeat((64 << 10) + 1)]
    {
        assert_eq!(ask(&raw).expect_err("refused").issue_code(), "too-costly");
    }
}

#[test]
fn forms_are_decoded_strictly() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(form_pairs("a=1&&b=c+d%2B%c3%a9&c&d==&").expect("read"), [pair("a", "1"), pair("b", "c d+é"), pair("c", ""), pair("d", "=")]);
    assert_eq!(form_pairs("").expect("read"), []);
    for raw in ["a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff", "a=%c0%80", "a=%ed%a0%80", "a=%00", "a=%0d%0a", "%00=a", "=a", "a=\u{7f}"] {
        assert_eq!(form_pairs(raw).expect_err(raw).issue_code(), "value");
    }
    let shown = parse("Patient", &[("_has:\r\nSet-Cookie".to_owned(), String::new())], &lookup, BASE).expect_err("refused");
    assert!(!shown.to_string().contains(['\r', '\n']));
}

#[test]
fn the_canonical_text_is_one_for_all_spellings() {
    let canonical = ask("gender=male,female&name=b,a,a&_count=5&_sort=-name&birthdate=eq2024").expect("read").canonical();
    assert_eq!(canonical, "_count=5&_sort=-name&birthdate=2024&gender=female,male&name=a,b");
    for other in [
        "_cursor=x&name=a,b&birthdate=2024&gender=female,male&_sort=-name&_count=05&_pretty=true&_format=json&foo=bar",
        "_sort=-name&_count=5&gender=female,male&gender=male,female&name=%61,b&birthdate=2024",
    ] {
        assert_eq!(ask(other).expect("read").canonical(), canonical, "{other}");
    }
    for different in [
        "name=a",
        "name:exact=a",
        "name=a\\,b",
        "name=a,b",
        "name=a&name=b",
        "identifier=a|b",
        "identifier=a\\|b",
        "birthdate=2024",
        "birthdate=2024-01",
        "_sort=name",
        "_sort=-name",
        "_count=0",
        "_summary=count",
        "value=5.4",
        "value=5.40",
        "identifier:not=a",
        "subject=1",
        "subject:Patient=1",
        "_include=Patient:subject",
        "_include:iterate=Patient:subject",
    ]
    .windows(2)
    {
        assert_ne!(ask(different[0]).expect("read").canonical(), ask(different[1]).expect("read").canonical());
    }
    let mut lowered = ask("_count=5000&name=a").expect("read");
    lowered.count = Some(1000);
    assert_eq!(lowered.self_query(), "_count=1000&name=a");
}
