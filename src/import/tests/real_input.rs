//! 7,160 resources of another system, where they are at hand (`../shared` beside the repository).

use super::*;

/// The folder, or `None` on a clean clone; on the build server it must be there.
fn synthea() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/synthea-us-core");
    if folder.exists() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "the real input is missing");
    eprintln!("left out: the real input is not at hand");
    None
}

fn lines() -> Option<Vec<String>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(synthea()?).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    Some(paths.iter().flat_map(|path| std::fs::read_to_string(path).expect("a file").lines().map(str::to_owned).collect::<Vec<_>>()).collect())
}

/// As it came, but for conditional references.
fn equal_but_for_references(memory: &Memory, line: &str) {
    let came: Value = serde_json::from_str(line).expect("JSON");
    let name = format!("{}/{}", came["resourceType"].as_str().expect("a type"), came["id"].as_str().expect("an id"));
    let mut expected = came.clone();
    let mut texts = Vec::new();
    for_each_reference(memory.get(&name), &mut |_, text| texts.push(text.to_owned()));
    let mut texts = texts.into_iter();
    hearthgate_fhir::reference::rewrite_references(&mut expected, &mut |text| {
        let stored = texts.next().expect("as many references");
        assert!(stored == text || text.contains("?identifier=") && stored.contains('/') && !stored.contains('?'), "{text} became {stored}");
        Some(stored)
    });
    assert_eq!(memory.get(&name), &expected);
}

#[test]
fn all_resources_are_taken_as_they_came_and_a_second_run_changes_nothing() {
    let Some(folder) = synthea() else { return };
    let mut memory = Memory::default();
    let (summary, told) = take(&folder, &options(), &mut memory);
    assert_eq!((summary.total().created, summary.refused(), summary.total().dangling), (7160, 0, 0), "{summary}\n{:?}", told.dangling.first());
    for line in lines().expect("lines") {
        equal_but_for_references(&memory, &line);
    }
    assert_eq!(memory.writes.iter().map(Vec::len).sum::<usize>(), 7160, "nothing is written twice");
    let (again, _) = take(&folder, &options(), &mut memory);
    assert_eq!(again.total().unchanged, 7160, "{again}");
}

#[test]
fn the_order_of_lines_and_files_does_not_matter() {
    let Some(mut lines) = lines() else { return };
    // Shuffled by a fixed rule.
    lines.sort_by_key(|line| line.bytes().rev().take(400).fold(7u64, |sum, byte| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(byte)));
    let folder = Folder::new(&[]);
    for (number, part) in lines.chunks(1000).enumerate() {
        folder.add(&format!("{number}.ndjson"), part.join("\n").as_bytes());
    }
    let mut memory = Memory::default();
    let (summary, _) = take(&folder.0, &options(), &mut memory);
    assert_eq!((summary.total().created, summary.total().dangling), (7160, 0), "{summary}");
    for line in &lines {
        equal_but_for_references(&memory, line);
    }
}

#[test]
fn a_run_that_is_killed_is_simply_started_again() {
    let Some(folder) = synthea() else { return };
    let mut memory = Memory { most: Some(5), ..Memory::default() };
    let failed = run(std::slice::from_ref(&folder), &options(), &mut memory, &mut Silent);
    assert!(matches!(failed, Err(Error::Destination(_))));
    let there = memory.resources.len() as u64;
    memory.revive(true);
    let (summary, _) = take(&folder, &options(), &mut memory);
    assert_eq!((summary.total().unchanged, summary.total().created), (there, 7160 - there));
    assert!(there > 0 && summary.total().updated == 0);
}
