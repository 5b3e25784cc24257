//! The real input and US Core's examples, where they are at hand (`../shared` beside the
//! repository); without them the tests say so and pass.

use std::path::{Path, PathBuf};

use hearthgate_fhir::json::{Limits, parse};
use hearthgate_fhir::{Value, r4};
use hearthgate_validate::{Issue, validate, validate_profile};

fn shared(name: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    if !found.exists() {
        eprintln!("skipped: {name} is not at hand");
        return None;
    }
    Some(found)
}

fn issues(bytes: &[u8]) -> Vec<Issue> {
    let resource = parse(bytes, &Limits::default()).expect("strict JSON");
    let mut issues = validate(&resource);
    let claimed = resource.pointer("/meta/profile").and_then(Value::as_array);
    for profile in claimed.into_iter().flatten().filter_map(|url| r4::profile(url.as_str()?)) {
        issues.extend(validate_profile(&resource, profile));
    }
    issues
}

#[test]
fn resources_of_another_system_have_no_errors() {
    let Some(folder) = shared("data/synthea-us-core") else {
        return;
    };
    let mut count = 0;
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a file");
        for (at, line) in text.lines().enumerate() {
            assert_eq!(issues(line.as_bytes()), [], "{}:{}", path.display(), at + 1);
            count += 1;
        }
    }
    assert_eq!(count, 7160);
}

#[test]
fn examples_of_us_core_have_no_errors() {
    let Some(package) = shared("packages/hl7.fhir.us.core-6.1.0.tgz") else {
        return;
    };
    let mut tar = Vec::new();
    let file = std::fs::File::open(package).expect("a file");
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(file), &mut tar).expect("gzip");
    let mut count = 0;
    for (name, bytes) in files(&tar) {
        if name.starts_with("package/example/") && name.ends_with(".json") && !name.ends_with("/.index.json") {
            assert_eq!(issues(bytes), [], "{name}");
            count += 1;
        }
    }
    assert_eq!(count, 183);
}

/// Names and contents of a tar's files (POSIX ustar; names of these packages are short).
fn files(tar: &[u8]) -> Vec<(String, &[u8])> {
    let mut found = Vec::new();
    let mut rest = tar;
    while let Some((header, after)) = rest.split_at_checked(512) {
        let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&header[range]).trim_end_matches(['\0', ' ']).to_owned();
        let size = usize::from_str_radix(text(124..136).trim(), 8).unwrap_or(0);
        let Some((bytes, _)) = after.split_at_checked(size) else {
            break;
        };
        if matches!(header[156], b'0' | 0) && size > 0 {
            found.push((text(0..100), bytes));
        }
        rest = after.get(size.div_ceil(512) * 512..).unwrap_or_default();
    }
    found
}
