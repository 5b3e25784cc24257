//! The lexicon is as large as it says, and the binary carries the one that its lock file names.

use hearthgate_nlp::Engine;

fn locked(name: &str) -> usize {
    let lock = include_str!("../lexicon/lexicon.lock");
    let line = lock.lines().find_map(|l| l.strip_prefix(name)).expect("a line of the lock file");
    line.trim().parse().expect("a number")
}

#[test]
fn at_least_25_000_terms_of_which_5_000_are_our_own() {
    assert!(locked("terms curated") >= 5_000);
    let all = Engine::new().expect("the embedded lexicon").terms();
    assert!(all >= 25_000, "{all}");
    assert!(all >= locked("terms curated") + locked("terms icd") + locked("terms mesh"), "lexicon.lock is of another build");
}

#[test]
fn the_embedded_file_is_the_one_that_the_lock_file_names() {
    assert_eq!(include_bytes!("../lexicon/lexicon.bin").len(), locked("bytes"));
    let version = include_str!("../lexicon/lexicon.lock").lines().next().expect("a version");
    assert_eq!(version, format!("version {}", Engine::new().expect("the embedded lexicon").lexicon_version()));
}

/// Needs Python with the packages of `lexicon/requirements.txt` (`HEARTHGATE_LEXICON_PYTHON`).
#[test]
fn rebuilding_from_the_sources_gives_the_same_bytes() {
    let Some(python) = std::env::var_os("HEARTHGATE_LEXICON_PYTHON") else {
        println!("left out: HEARTHGATE_LEXICON_PYTHON names no Python with the lexicon's packages");
        return;
    };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/lexicon");
    let run = std::process::Command::new(python).arg("build.py").arg("--check").current_dir(folder).output().expect("Python runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}
