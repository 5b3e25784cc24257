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

/// The lines of the curated terms: file and line, category, fields.
fn curated() -> Vec<(String, char, Vec<String>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/lexicon/curated");
    let mut out = Vec::new();
    for file in std::fs::read_dir(folder).expect("the curated files").map(|f| f.expect("a file").path()) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with("terms-") {
            continue;
        }
        let mut category = 'd';
        for (number, line) in std::fs::read_to_string(&file).expect("text").lines().enumerate() {
            if let Some(kind) = line.strip_prefix('@') {
                category = kind.trim().chars().next().unwrap_or('d');
            } else if !line.starts_with('#') && !line.trim().is_empty() {
                out.push((format!("{name}:{}", number + 1), category, line.split('|').map(|f| f.trim().to_owned()).collect()));
            }
        }
    }
    out
}

/// Verhoeff's check over the dihedral group of order ten, as SNOMED CT's identifiers carry it
/// (SNOMED CT Release File Specification, SCTID check-digit).
fn verhoeff_holds(code: &str) -> bool {
    let multiply = |a: usize, b: usize| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let step = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let check = code.bytes().rev().enumerate().fold(0, |check, (place, digit)| {
        let turned = (0..place % 8).fold(usize::from(digit - b'0'), |d, _| step[d]);
        multiply(check, turned)
    });
    check == 0
}

#[test]
fn every_snomed_code_is_an_identifier_of_a_concept() {
    assert!(verhoeff_holds("38341003") && !verhoeff_holds("38341004") && !verhoeff_holds("38314003"), "the check itself");
    let mut seen = 0;
    for (place, category, fields) in curated() {
        let code = fields.get(1).map_or("", String::as_str);
        if category == 'm' || category == 'x' || code.is_empty() {
            continue;
        }
        seen += 1;
        assert!((6..=18).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit()), "{place}: {code}");
        assert!(verhoeff_holds(code), "{place}: {code} has a wrong check digit");
        // The partition identifier before the check digit: a concept, of the international edition or of an extension.
        assert!(matches!(&code[code.len() - 3..code.len() - 1], "00" | "10"), "{place}: {code} names no concept");
    }
    assert!(seen > 1_500, "{seen}");
}

#[test]
fn a_medication_without_a_code_is_named_for_itself() {
    let engine = Engine::new().expect("the embedded lexicon");
    let text = "Takes Humira, calcitriol and metoprolol. Allergic to bananas.";
    let named: Vec<String> = engine.read(text).findings.into_iter().map(|f| f.name).collect();
    assert_eq!(named, ["Humira", "calcitriol", "metoprolol", "allergy to bananas"]);
}

/// Narrower and broader names that share a code of ICD-10-CM are not all one SNOMED concept.
/// A relative's code would be another medication: each of these stands for itself.
#[test]
fn a_medication_does_not_carry_a_relatives_code() {
    let engine = Engine::new().expect("the embedded lexicon");
    for (name, code) in [
        ("propofol", None),
        ("ketamine", None),
        ("melatonin", None),
        ("lidocaine", Some("6387")),
        ("imipramine", Some("5691")),
        ("oxcarbazepine", Some("32624")),
        ("sirolimus", Some("35302")),
    ] {
        let text = format!("She takes {name}.");
        let document = engine.read(&text);
        let found = document.findings.first().expect("a medication");
        assert_eq!((found.name.as_str(), found.codes.first().map(|c| c.code)), (name, code));
    }
}

#[test]
fn a_snomed_code_is_kept_for_the_disease_that_it_names() {
    let engine = Engine::new().expect("the embedded lexicon");
    let snomed = |text: &str| {
        let document = engine.read(text);
        let codes = document.findings.iter().flat_map(|f| &f.codes);
        codes.filter(|c| c.system.ends_with("/sct")).map(|c| c.code).collect::<Vec<_>>()
    };
    assert_eq!(snomed("Peutz-Jeghers syndrome"), ["54411001"]);
    assert_eq!(snomed("Sturge-Weber syndrome"), [""; 0]);
    assert_eq!(snomed("Fabry disease"), ["16652001"]);
    assert_eq!(snomed("Farber disease"), [""; 0]);
    assert_eq!(snomed("obese"), snomed("obesity"));
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
