use super::*;
use proptest::prelude::*;

fn fault(text: &str) -> (String, FaultKind) {
    match parse(text.as_bytes(), &Limits::default()) {
        Ok(value) => panic!("taken: {value}"),
        Err(fault) => (fault.path, fault.kind),
    }
}

#[test]
fn each_fault_names_its_place() {
    use FaultKind::{Structure, Value};
    for (text, path, kind) in [
        ("", "", Structure),
        ("[]", "", Structure),
        ("\"a\"", "", Structure),
        ("{}", "", Structure),
        ("{\"a\":1}}", "", Structure),
        ("{\"a\":1} {\"a\":1}", "", Structure),
        ("{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"a\"},{\"family\":}]}", "Patient.name[1].family", Structure),
        ("{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"\\u0000\"}]}", "Patient.name[0].family", Structure),
        ("{\"resourceType\":\"Patient\",\"gender\":null}", "Patient.gender", Structure),
        ("{\"resourceType\":\"Patient\",\"name\":[]}", "Patient.name", Structure),
        ("{\"resourceType\":\"Patient\",\"name\":{}}", "Patient.name", Structure),
        ("{\"resourceType\":\"Patient\",\"gender\":\"\"}", "Patient.gender", Structure),
        ("{\"resourceType\":\"Patient\",\"active\":true,\"active\":true}", "Patient.active", Structure),
        ("{\"resourceType\":\"Patient\",\"active\":true,\"\\u0061ctive\":true}", "Patient.active", Structure),
        ("{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\",\"a\":tru}}]}", "Bundle.entry[0].resource.a", Structure),
        ("{\"resourceType\":\"Patient\",\"resourceType\":\"Patient\"}", "Patient.resourceType", Structure),
        ("{\"name\":[[1]],\"resourceType\":\"Patient\"}", "name[0]", Structure),
        ("{\"resourceType\":\"Patient\",\"a\":1", "Patient", Structure),
        ("{\"a\" 1}", "a", Structure),
        ("{\"a\":1,}", "", Structure),
        ("{\"a<script>\":1}", "?", Structure),
        ("{\"\":1}", "", Structure),
        ("{\"a\":{\"$serde_json::private::Number\":\"1\"}}", "a.?", Structure),
        ("{\"a\":\"\\ud800\"}", "a", Structure),
        ("{\"a\":\"\\ud800\\u0041\"}", "a", Structure),
        ("{\"a\":\"\\udc00\"}", "a", Structure),
        ("{\"a\":\"\\u00é\"}", "a", Structure),
        ("{\"a\":\"\\x\"}", "a", Structure),
        ("{\"a\":\"\n\"}", "a", Structure),
        ("{\"a\":\"\0\"}", "a", Structure),
        ("{\"a\":01}", "a", Structure),
        ("{\"a\":0x10}", "a", Structure),
        ("{\"a\":+1}", "a", Structure),
        ("{\"a\":1.}", "a", Structure),
        ("{\"a\":.5}", "a", Structure),
        ("{\"a\":1e}", "a", Structure),
        ("{\"a\":-}", "a", Structure),
        ("{\"a\":NaN}", "a", Structure),
        ("{\"a\":Infinity}", "a", Structure),
        ("{\"a\":1e400}", "a", Value),
        ("{\"a\":-1e-400}", "a", Value),
        ("{\"a\":'b'}", "a", Structure),
        ("{\"a\":1/*c*/}", "", Structure),
        ("{\"a\":[null]}", "a", Structure),
        ("{\"a\":[null,\"b\"],\"_a\":[{\"id\":\"c\"}]}", "a", Structure),
        ("{\"a\":[\"x\",null],\"_a\":[{\"id\":\"c\"},null]}", "a[1]", Structure),
        ("{\"_a\":[null,{\"id\":\"c\"}]}", "_a", Structure),
    ] {
        assert_eq!(fault(text), (path.to_owned(), kind), "{text}");
    }
    assert_eq!(fault(&format!("{{\"a\":{}}}", "9".repeat(1000))).1, Value);
}

#[test]
fn bytes_that_are_not_utf_8_are_placed_too() {
    let fault = |bytes: &[u8]| parse(bytes, &Limits::default()).expect_err("refused");
    assert_eq!(fault(b"{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"a\xff\"}]}").path, "Patient.name[0].text");
    assert!(fault(b"\xef\xbb\xbf{\"a\":1}").message.contains("byte order mark"));
    for bytes in [&b"\xff\xfe{\0"[..], b"{\"a\":\"\xc0\x80\"}", b"{\"a\":\"\xed\xa0\x80\"}", b"{\"a\":1}\xff"] {
        assert_eq!(fault(bytes).kind, FaultKind::Structure);
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let limits = Limits::default();
    assert!(parse(nested(64).as_bytes(), &limits).is_ok());
    assert!(parse(nested(65).as_bytes(), &limits).is_err());
    for open in ["{\"a\":", "[", "{\"a\":[", "{\"extension\":[{\"url\":\"u\",\"extension\":["] {
        let text = format!("{{\"a\":{}", open.repeat(100_000));
        assert!(parse(text.as_bytes(), &limits).expect_err("refused").message.contains("64 levels"));
    }
    let short = Limits { bytes: 8, ..limits };
    assert!(parse(b"{\"a\":12}", &short).is_ok());
    assert_eq!(parse(b"{\"a\":123}", &short).expect_err("refused").kind, FaultKind::TooLong);
}

#[test]
fn what_came_is_what_is_kept() {
    let text = "{\"resourceType\":\"X\",\"b\":[-0,1.10,1e2,1E+2,0.00,123456789012345678901234567890],\
        \"given\":[null,\"b\"],\"_given\":[{\"id\":\"c\"},null],\"a\":\"\u{1f600}\\\"\\\\\"}";
    let value = parse(text.as_bytes(), &Limits::default()).expect("taken");
    assert_eq!(value.to_string(), text);
    let escapes = parse(br#"{"a":"\ud83d\ude00\/\b\f\n\r\t\u00e9"}"#, &Limits::default()).expect("taken");
    assert_eq!(escapes["a"], "\u{1f600}/\u{8}\u{c}\n\r\t\u{e9}");
}

#[test]
fn plain_json_may_hold_nulls_and_empty_values() {
    let plain = |text: &str| parse_plain(text.as_bytes(), &Limits::default());
    for text in ["null", "[]", "{}", "\"\"", "[[null]]", "{\"\":\"\"}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":null}]"] {
        assert_eq!(plain(text).expect(text).to_string(), text);
    }
    assert!(plain("{\"a\":1,\"a\":1}").is_err());
    assert!(plain("{\"$serde_json::private::Number\":\"1\"}").is_err());
}

/// As the other parser sees it, which rewrites exponents (`1e2` as `1e+2`).
fn reread(value: &Value) -> Value {
    serde_json::from_str(&value.to_string()).expect("written by us")
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        "[^\0]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::hash_map("[^\0]{0,8}", inner, 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn valid_json_is_read_as_the_other_parser_reads_it(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.expect("written");
        let other: Value = serde_json::from_str(&text).expect("valid");
        let ours = parse_plain(text.as_bytes(), &Limits::default()).expect("valid");
        prop_assert_eq!(reread(&ours), other);
    }

    #[test]
    fn what_is_taken_the_other_parser_takes_alike(text in "[\\[\\]{}:,\" \\\\a-c_01.e+\\-nultr]{0,40}") {
        if let Ok(value) = parse_plain(text.as_bytes(), &Limits::default()) {
            let other: Value = serde_json::from_str(&text).expect("the other takes it too");
            prop_assert_eq!(reread(&value), other);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ = (parse(&bytes, &Limits::default()), parse_plain(&bytes, &Limits::default()));
    }
}
