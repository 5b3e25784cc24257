//! Every place that makes a caller is known: `tests/places.txt` lists file and constructor, so that a new
//! one is a decision that a reviewer sees.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const CONSTRUCTORS: [&str; 3] = ["Caller::from_token", "Caller::signed_in", "Caller::internal"];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_str().unwrap_or_default().to_owned();
        if path.is_dir() && name != "tests" && name != "target" {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_place_that_makes_a_caller_is_listed() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    sources(src, &mut files);
    assert!(files.len() > 50, "the sources are where they were");
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| !file.starts_with(src.join("access"))) {
        let text = fs::read_to_string(file).unwrap();
        for constructor in CONSTRUCTORS.iter().filter(|name| text.contains(*name)) {
            found.insert(format!("{} {constructor}", file.strip_prefix(src).unwrap().display()));
        }
    }
    let listed: BTreeSet<String> = include_str!("places.txt").lines().map(str::to_owned).collect();
    let (new, gone): (Vec<_>, Vec<_>) = (found.difference(&listed).collect(), listed.difference(&found).collect());
    assert!(
        new.is_empty() && gone.is_empty(),
        "callers are made in new places {new:?} and no more in {gone:?}; if that is meant, say so in src/access/tests/places.txt"
    );
}
