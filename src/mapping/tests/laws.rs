//! The laws of the mapping: what is written is read, and what is read and written again changes no column.

mod common;

use common::resources::{Maker, words};
use common::{Tape, mappings, rows, shared};
use hearthgate_fhir::{Object, Value};
use hearthgate_mapping::plan::{Plan, PlanKind, Row, Sql};
use hearthgate_mapping::{Mappings, claim, render, settle, take};
use proptest::prelude::*;
use std::sync::LazyLock;

static MAPPINGS: LazyLock<Mappings> = LazyLock::new(mappings);

fn written() -> Vec<&'static Plan> {
    MAPPINGS.plans.iter().filter(|p| p.kind == PlanKind::Table).collect()
}

fn exists(_: &str, id: &str) -> bool {
    id == "known"
}

/// A resource without what the server says of it.
fn content(resource: &Value) -> Value {
    let mut out = resource.clone();
    if let Some(object) = out.as_object_mut() {
        object.shift_remove("id");
        if let Some(meta) = object.get_mut("meta").and_then(Value::as_object_mut) {
            let stamped = meta.shift_remove("versionId").is_some() | meta.shift_remove("lastUpdated").is_some();
            if stamped && meta.is_empty() {
                object.shift_remove("meta");
            }
        }
    }
    out
}

/// JSON with its numbers as text, refusing a key that stands twice.
fn strict(bytes: &[u8]) -> Value {
    let limits = hearthgate_fhir::json::Limits { depth: 200, bytes: usize::MAX };
    hearthgate_fhir::json::parse_plain(bytes, &limits).unwrap_or_else(|fault| panic!("{fault}: {}", String::from_utf8_lossy(bytes)))
}

fn served(plan: &Plan, row: &Row) -> Value {
    let stamp = render::Stamp { id: "an-id", version: 3, updated_ms: 1_600_000_000_000 };
    strict(&render::render(plan, row, &stamp))
}

/// Shown short: what it makes is shown by the failing law.
#[derive(Clone)]
struct Bytes(Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

fn tape() -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..900).prop_map(Bytes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: common::cases(1000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(which in any::<prop::sample::Index>(), tape in tape()) {
        let plans = written();
        let plan = plans[which.index(plans.len())];
        let words = words(plan);
        let resource = Maker { tape: Tape::new(&tape.0), words: &words, hostile: false }.resource(plan.resource, 4);
        let row = take::take(plan, &resource, &exists);
        prop_assert_eq!(&render::content(plan, &row), &content(&resource), "{}: {:?}", plan.name, row.unmapped);
        prop_assert_eq!(content(&served(plan, &row)), content(&resource));
    }

    #[test]
    fn what_no_client_should_write_is_read_as_it_came(which in any::<prop::sample::Index>(), tape in tape()) {
        let plans = written();
        let plan = plans[which.index(plans.len())];
        let words = words(plan);
        let resource = Maker { tape: Tape::new(&tape.0), words: &words, hostile: true }.resource(plan.resource, 4);
        prop_assume!(resource.get("resourceType") == Some(&Value::from(plan.resource)));
        let row = take::take(plan, &resource, &exists);
        prop_assert_eq!(&render::content(plan, &row), &content(&resource), "{}: {:?}", plan.name, row.unmapped);
        served(plan, &row);
    }

    #[test]
    fn what_is_read_and_written_again_changes_no_column(which in any::<prop::sample::Index>(), tape in tape()) {
        let plans = written();
        let plan = plans[which.index(plans.len())];
        let row = rows::row(plan, &mut Tape::new(&tape.0));
        let read = render::content(plan, &row);
        let mut again = take::take(plan, &read, &exists);
        settle::keep_local_codes(plan, &row, &mut again);
        prop_assert_eq!(&again, &row, "{}: {}", plan.name, read);
    }

    #[test]
    fn whatever_else_writes_the_columns_wins_and_leaves_good_json(which in any::<prop::sample::Index>(), tape in tape(), edit in tape()) {
        let plans = written();
        let plan = plans[which.index(plans.len())];
        let words = words(plan);
        let hostile = edit.0.first().is_some_and(|b| b % 2 == 0);
        let resource = Maker { tape: Tape::new(&tape.0), words: &words, hostile }.resource(plan.resource, 4);
        let mut row = take::take(plan, &resource, &exists);
        let other = rows::row(plan, &mut Tape::new(&edit.0));
        meddle(&mut row, &other, &mut Tape::new(&edit.0));
        let read = content(&served(plan, &row));
        if take::outright(&row) == 0 {
            let columns = render::columns_only(plan, &row);
            prop_assert!(holds(&read, &columns), "{}\n{}\n{:?}", columns, read, row.unmapped);
        }
    }

    #[test]
    fn an_overlay_of_garbage_does_no_harm(which in any::<prop::sample::Index>(), tape in tape(), garbage in "(\\{\"\\$(o|l|as|none|s|v|not)\":)?[\\[\\]{}\",:$a-z0-9 ]{0,40}") {
        let plans = written();
        let plan = plans[which.index(plans.len())];
        let mut row = rows::row(plan, &mut Tape::new(&tape.0));
        row.unmapped = Some(garbage);
        served(plan, &row);
        let mut maker = Maker { tape: Tape::new(&tape.0), words: &[], hostile: true };
        let mut overlay = Object::new();
        for field in plan.fields.iter().take(12) {
            overlay.insert(field.name.clone(), maker.garbage());
        }
        row.unmapped = Some(Value::Object(overlay).to_string());
        served(plan, &row);
    }
}

/// What a foreign program does: sets columns to NULL or to others, takes child rows away and adds some.
fn meddle(row: &mut Row, other: &Row, tape: &mut Tape<'_>) {
    for (mine, theirs) in row.values.iter_mut().zip(&other.values) {
        match tape.below(4) {
            0 => *mine = Sql::Null,
            1 => *mine = theirs.clone(),
            _ => {}
        }
    }
    for (mine, theirs) in row.children.iter_mut().zip(&other.children) {
        match tape.below(5) {
            0 => drop(mine.pop()),
            1 if !mine.is_empty() => drop(mine.remove(0)),
            2 => mine.extend(theirs.iter().cloned()),
            _ => {}
        }
        for row in mine {
            if let Some(theirs) = theirs.first() {
                meddle(row, theirs, tape);
            }
        }
    }
}

/// Whether all that the second says stands in the first, lists in their order or with others between.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| holds(whole, part))),
        (Value::Array(whole), Value::Array(part)) => part.iter().all(|part| whole.iter().any(|whole| holds(whole, part))),
        (whole, part) => whole == part,
    }
}

#[test]
fn a_code_that_nobody_decided_about_is_said_to_be_unknown_and_stays() {
    let plan = MAPPINGS.named("encounter").expect("a plan");
    let column = plan.table.columns.iter().position(|c| c.name == "status").expect("a column");
    let mut row = take::blank(&plan.table);
    row.values[column] = Sql::Text("on the roof".to_owned());
    let read = render::content(plan, &row);
    assert_eq!(read["_status"]["extension"][0]["valueCode"], "unknown");
    assert!(read.get("status").is_none());
    let mut again = take::take(plan, &read, &exists);
    settle::keep_local_codes(plan, &row, &mut again);
    assert_eq!(again, row);
    // A decision wins.
    let decided = serde_json::json!({ "resourceType": "Encounter", "status": "finished" });
    let mut written = take::take(plan, &decided, &exists);
    settle::keep_local_codes(plan, &row, &mut written);
    assert_eq!(written.values[column], Sql::Text("closed".to_owned()));
}

/// Seen to fail with what is kept put before a code that nobody has decided about, and with what stands beside it said twice.
#[test]
fn a_code_that_another_program_wrote_wins_over_what_is_kept_even_if_nobody_decided_about_it() {
    let plan = MAPPINGS.named("encounter").expect("a plan");
    let column = plan.table.columns.iter().position(|c| c.name == "status").expect("a column");
    for kept in [
        serde_json::json!({ "resourceType": "Encounter", "status": "no code of R4" }),
        serde_json::json!({ "resourceType": "Encounter", "status": "finished", "_status": { "id": "s" } }),
        serde_json::json!({ "resourceType": "Encounter", "_status": { "extension": [{ "url": "urn:x", "valueCode": "masked" }] } }),
    ] {
        let mut row = take::take(plan, &kept, &exists);
        row.values[column] = Sql::Text("on the roof".to_owned());
        let read = content(&served(plan, &row));
        assert_eq!(read, render::columns_only(plan, &row), "{kept}");
        assert_eq!(read["_status"]["extension"][0]["valueCode"], "unknown");
        // Written again it is as the other program left it.
        let mut again = take::take(plan, &read, &exists);
        settle::keep_local_codes(plan, &row, &mut again);
        assert_eq!(again.values[column], row.values[column]);
    }
}

#[test]
fn what_stands_under_a_key_of_ours_is_kept_as_it_came() {
    let plan = MAPPINGS.named("patient").expect("a plan");
    for text in [
        r#"{"resourceType":"Patient","$none":["gender"],"gender":"male","$$x":{"$o":{"a":1}}}"#,
        r#"{"resourceType":"Patient","maritalStatus":{"$as":{"text":"x"}},"name":[{"$o":{"family":"x"}},{"$v":1}]}"#,
        r#"{"resourceType":"Patient","multipleBirthInteger":-0,"extension":[{"url":"u","valueDecimal":1e5},{"url":"v","valueDecimal":1.10}]}"#,
        r#"{"resourceType":"Patient","multipleBirthInteger":123456789012345678901234567890,"name":[{"given":["a",null],"_given":[null,{"id":"x"}]}]}"#,
        r#"{"resourceType":"Patient","meta":5,"id":"x","name":{},"identifier":[],"gender":null,"birthDate":["1970"]}"#,
        r#"{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"1970","deceasedString":"twice"}"#,
    ] {
        let resource = strict(text.as_bytes());
        let row = take::take(plan, &resource, &exists);
        assert_eq!(render::content(plan, &row), content(&resource), "{:?}", row.unmapped);
        served(plan, &row);
    }
}

#[test]
fn one_of_a_choice_is_left_when_a_column_says_another() {
    let plan = MAPPINGS.named("observation").expect("a plan");
    let mut row = take::take(plan, &serde_json::json!({ "resourceType": "Observation", "valueSampledData": { "dimensions": 1 } }), &exists);
    assert_eq!(render::content(plan, &row)["valueSampledData"]["dimensions"], 1);
    let column = plan.table.columns.iter().position(|c| c.name == "value").expect("a column");
    row.values[column] = Sql::Text("7.0".to_owned());
    let read = render::content(plan, &row);
    assert_eq!(read["valueQuantity"]["value"], strict(b"7.0"));
    assert!(read.get("valueSampledData").is_none());
}

#[test]
fn real_input_comes_back_and_columns_are_believed() {
    let Some(folder) = shared("data/synthea-us-core") else { return };
    let (mut count, mut outright) = (0, 0);
    for entry in std::fs::read_dir(folder).expect("real input").flatten() {
        for line in std::fs::read(entry.path()).expect("a file").split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
            outright += round(&strict(line));
            count += 1;
        }
    }
    assert_eq!((count, outright), (7160, 0));
}

#[test]
fn the_examples_of_us_core_come_back_and_columns_are_believed() {
    let Some(package) = shared("packages/hl7.fhir.us.core-6.1.0.tgz") else { return };
    let (mut count, mut outright) = (0, 0);
    for (name, bytes) in common::unpack(&package) {
        if name.contains("/example/") && name.ends_with(".json") {
            let resource = strict(&bytes);
            if resource.get("resourceType").is_some() {
                outright += round(&resource);
                count += 1;
            }
        }
    }
    assert!(count > 50, "{count}");
    assert_eq!(outright, 0);
}

/// Writes and reads a resource; how often its overlays must say something outright.
fn round(resource: &Value) -> usize {
    let kind = resource["resourceType"].as_str().expect("a type");
    let plan = claim::plan_for(&MAPPINGS, kind, resource).unwrap_or_else(|| panic!("no plan takes this {kind}"));
    let row = take::take(plan, resource, &|_, _| true);
    assert_eq!(render::content(plan, &row), content(resource), "{}", plan.name);
    assert_eq!(take::take(plan, &render::content(plan, &row), &|_, _| true), row);
    take::outright(&row)
}
