//! Files of every kind, good and bad.

use std::io::Write;

use super::*;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p1","active":true}"#;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    to.write_all(text).expect("gzip");
    to.finish().expect("gzip")
}

#[test]
fn what_a_file_holds_is_seen_and_not_only_named() {
    let pretty = "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"p2\"\n}\n";
    let folder = Folder::new(&[("b/lines.txt", PATIENT), ("a.ndjson", pretty), ("README.md", "# no"), ("empty.ndjson", "\n\n"), (".hidden", PATIENT)]);
    folder.add("c.bin", &gzip(br#"{"resourceType":"Patient","id":"p3"}"#));
    let mut several = gzip(b"{\"resourceType\":\"Patient\",\"id\":\"p4\"}\n");
    several.extend(gzip(b"{\"resourceType\":\"Patient\",\"id\":\"p5\"}\n"));
    folder.add("d.ndjson.gz", &several);
    let mut memory = Memory::default();
    let (summary, _) = take(&folder.0, &options(), &mut memory);
    assert_eq!(memory.writes, [["Patient/p2", "Patient/p1", "Patient/p3", "Patient/p4", "Patient/p5"]]);
    assert_eq!(summary.left_out.len(), 1);
    assert_eq!(
        std::fs::read_dir(std::env::temp_dir())
            .expect("a folder")
            .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with(&format!(".unpacked-{}-", std::process::id()))))
            .count(),
        0
    );
}

#[test]
fn bad_lines_are_refused_with_their_reason_and_the_rest_is_taken() {
    let deep = format!(r#"{{"resourceType":"Basic","id":"deep","a":{}1{}}}"#, "[".repeat(64), "]".repeat(64));
    let lines = [
        PATIENT,
        "not json",
        r#"{"resourceType":"Patient","id":"x""#,
        "",
        r#"{"resourceType":"Patient"}"#,
        r#"{"resourceType":"Patient","id":"a b"}"#,
        r#"{"resourceType":"Patient","id":7}"#,
        r#"{"resourceType":"Alien","id":"1"}"#,
        r#"{"resourceType":"Patient","id":"p9","id":"p9"}"#,
        r#"{"resourceType":"Patient","id":"p9","name":[{"family":"A","family":"B"}]}"#,
        r#"[{"resourceType":"Patient","id":"p9"}]"#,
        r#""text""#,
        &deep,
        r#"{"resourceType":"Patient","id":"p8"}"#,
    ];
    let mut bytes = lines.join("\r\n").into_bytes();
    bytes.extend(b"\n{\"resourceType\":\"Patient\",\"id\":\"p7\",\"language\":\"\xff\"}\n");
    let folder = Folder::new(&[]);
    let path = folder.add("a.ndjson", &bytes);
    let mut memory = Memory::default();
    let (summary, mut told) = take(&path, &options(), &mut memory);
    told.refusals.sort_by_key(|one| one.line);
    assert_eq!(told.lines(), [2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15]);
    assert_eq!(memory.writes, [["Patient/p1", "Patient/p8"]]);
    let codes: Vec<&str> = told.refusals.iter().map(|one| one.issues[0].code).collect();
    assert_eq!(codes[..5], ["structure", "structure", "required", "value", "value"]);
    assert!(summary.to_string().contains("(unreadable)"));
    let mut report = RefusalReport::new(Vec::new());
    for refusal in &told.refusals {
        report.add(refusal).expect("a line");
    }
    let (count, text) = report.finish().expect("a report");
    assert_eq!(count, 12);
    for line in String::from_utf8(text).expect("UTF-8").lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["outcome"]["resourceType"], "OperationOutcome");
        assert!(line["outcome"]["issue"][0]["diagnostics"].is_string() && line["line"].is_number());
        assert!(line["source"].as_str().is_some_and(|source| source.ends_with("a.ndjson")));
    }
}

#[test]
fn a_line_over_the_limit_is_refused_unless_it_is_a_bundle_of_smaller_entries() {
    let long = format!(r#"{{"resourceType":"Patient","id":"long","language":"{}"}}"#, "x".repeat(3000));
    let entry = |id: u32| format!(r#"{{"resource":{{"resourceType":"Patient","id":"b{id}"}}}}"#);
    let entries: Vec<String> = (0..100).map(entry).collect();
    let bundle = format!(r#"{{"entry":[{},{{"resource":{long}}}],"type":"collection","resourceType":"Bundle"}}"#, entries.join(","));
    let pretty = bundle.replace("},{", "},\n{");
    let folder = Folder::new(&[("a.ndjson", &[PATIENT, &long, &bundle, r#"{"resourceType":"Patient","id":"last"}"#].join("\n")), ("b.json", &pretty)]);
    let mut memory = Memory::default();
    let options = Options { resource_bytes: 2000, ..options() };
    let (summary, told) = take(&folder.0, &options, &mut memory);
    assert_eq!(told.lines(), [2, 3, 101]);
    assert!(told.refusals.iter().all(|one| one.issues[0].code == "too-long"));
    assert_eq!((memory.resources.len(), summary.total().repeated), (102, 100));
}

#[test]
fn a_damaged_compressed_file_is_taken_as_far_as_it_goes_and_refused() {
    let folder = Folder::new(&[]);
    let mut packed = gzip(format!("{PATIENT}\n").repeat(2000).as_bytes());
    packed.truncate(packed.len() - 9);
    let path = folder.add("a.ndjson.gz", &packed);
    let mut memory = Memory::default();
    let (_, told) = take(&path, &options(), &mut memory);
    assert!(told.refusals.iter().any(|one| one.line == 0 && one.issues[0].code == "incomplete"));
    assert!(memory.has("Patient/p1"));
    let archive = folder.add("c.tgz", &gzip(b"package/a.json\0\0\0"));
    assert_eq!(take(&archive, &options(), &mut memory).1.lines(), [0]);
    let bomb = folder.add("b.ndjson.gz", &gzip(&vec![b' '; 100_000]));
    let (_, told) = take(&bomb, &Options { unpack_bytes: 1000, ..options() }, &mut memory);
    assert_eq!(told.lines(), [0]);
}

#[test]
fn the_senders_version_and_time_are_dropped_and_the_rest_of_meta_kept() {
    let text = r#"{"resourceType":"Patient","id":"1","meta":{"versionId":"7","lastUpdated":"2020-01-01T00:00:00Z"}}
{"resourceType":"Patient","id":"2","meta":{"versionId":"7","profile":["http://p"],"security":[{"code":"R"}],"tag":[{"code":"t"}],"source":"s"},"multipleBirthInteger":1.0}"#;
    let mut memory = Memory::default();
    take_twice(&[("a.ndjson", text)], &mut memory);
    assert_eq!(memory.get("Patient/1").to_string(), r#"{"resourceType":"Patient","id":"1"}"#);
    assert_eq!(
        memory.get("Patient/2").to_string(),
        r#"{"resourceType":"Patient","id":"2","meta":{"profile":["http://p"],"security":[{"code":"R"}],"tag":[{"code":"t"}],"source":"s"},"multipleBirthInteger":1.0}"#
    );
}

#[test]
fn a_path_that_is_not_there_ends_the_run_before_it_begins() {
    let mut memory = Memory::default();
    let paths = [PathBuf::from("/nonexistent/a.ndjson")];
    assert!(matches!(run(&paths, &options(), &mut memory, &mut Silent), Err(Error::File { .. })));
}

#[test]
fn an_export_stands_whole_or_not_at_all() {
    let folder = Folder::new(&[("Patient.ndjson", "old\n")]);
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(&folder.0).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    let mut export = NdjsonFolder::create(&folder.0).expect("a folder");
    export.add("Patient", b"{\"a\":1}").expect("a line");
    drop(export);
    assert_eq!(names(), ["Patient.ndjson"]);
    let mut export = NdjsonFolder::create(&folder.0).expect("a folder");
    for line in [b"{\"a\":1}", b"{\"a\":2}"] {
        export.add("Patient", line).expect("a line");
        export.add("Group", line).expect("a line");
    }
    assert!(export.add("../x", b"{}").is_err() && export.add("Group", b"{\n}").is_err());
    let done = export.finish().expect("files");
    assert_eq!(done.iter().map(|one| one.1).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(names(), ["Group.ndjson", "Patient.ndjson"]);
    assert_eq!(std::fs::read_to_string(folder.0.join("Patient.ndjson")).expect("a file"), "{\"a\":1}\n{\"a\":2}\n");
}
