//! Scores on the development files, as lower bounds that a change must not fall below.
//!
//! The files stand beside the repository (`HEARTHGATE_SHARED`, or `../shared`), not in it. Without
//! them a clean clone says what it left out; in CI their absence is a failure.

use std::path::PathBuf;

use hearthgate_nlp::evaluate::{mentions, spans};
use hearthgate_nlp::{Engine, calibration, reliability_svg};

/// The text of a development file, or nothing outside CI.
fn development(name: &str) -> Option<String> {
    let root = std::env::var_os("HEARTHGATE_SHARED").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    match std::fs::read_to_string(root.join("nlp").join(name)) {
        Ok(text) => Some(text),
        Err(error) => {
            let ci = std::env::var("CI").is_ok_and(|v| v == "true");
            assert!(!ci, "{name} is missing in CI: {error}");
            println!("left out: {name} is not beside this clone");
            None
        }
    }
}

fn engine() -> Engine {
    Engine::new().expect("the embedded lexicon")
}

#[test]
fn negation_history_and_person_of_given_spans() {
    let Some(file) = development("negation-dev.tsv") else { return };
    let score = spans(&engine(), &file).expect("the columns of negation-dev.tsv");
    println!("negation {}\nhistorical {}\nperson {}", score.negation, score.historical, score.other_person);
    assert!(score.lines > 1_390, "{} lines scored", score.lines);
    assert!(score.negation.f1() >= 0.985, "negation {}", score.negation);
    assert!(score.historical.f1() >= 0.83, "historical {}", score.historical);
}

#[test]
fn negation_is_as_good_on_each_half_of_the_reports() {
    let Some(file) = development("negation-dev.tsv") else { return };
    let header = file.lines().next().unwrap_or_default();
    for half in 0..2 {
        let lines = file.lines().skip(1).filter(|l| l.split('\t').next().and_then(|r| r.parse::<usize>().ok()).is_some_and(|r| r % 2 == half));
        let part: String = std::iter::once(header).chain(lines).collect::<Vec<_>>().join("\n");
        let score = spans(&engine(), &part).expect("the columns of negation-dev.tsv");
        assert!(score.negation.f1() >= 0.98, "half {half}: {}", score.negation);
    }
}

#[test]
fn disease_mentions_in_abstracts_with_a_lexicon_that_never_saw_them() {
    let Some(file) = development("ncbi-disease-dev.jsonl") else { return };
    let score = mentions(&engine(), &file).expect("JSON lines of mentions");
    println!("exact {}\noverlap {}\ncodes {}", score.exact, score.overlap, score.codes);
    assert!(score.exact.f1() >= 0.74, "exact {}", score.exact);
    assert!(score.overlap.f1() >= 0.90, "overlap {}", score.overlap);
    assert!(score.codes.precision() >= 0.95, "codes {}", score.codes);
}

#[test]
fn confidence_is_the_share_that_is_right() {
    let Some(file) = development("ncbi-disease-train.jsonl") else { return };
    let score = mentions(&engine(), &file).expect("JSON lines of mentions");
    let fitted = calibration(&score.judged);
    assert!(fitted.bins.iter().filter(|b| b.0 > 0).count() >= 5, "{fitted:?}");
    assert!(fitted.error <= 0.02, "{fitted:?}");
    let Some(file) = development("ncbi-disease-dev.jsonl") else { return };
    let unseen = calibration(&mentions(&engine(), &file).expect("JSON lines of mentions").judged);
    assert!(unseen.error <= 0.05, "{unseen:?}");
    assert!(unseen.bins.iter().filter(|b| b.0 > 0).count() >= 5, "{unseen:?}");
    for (name, title, plot) in [("train", "Findings the table was measured on", &fitted), ("dev", "Findings it had not seen", &unseen)] {
        let svg = reliability_svg(title, plot);
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/nlp/reliability-{name}.svg"));
        if std::env::var_os("HEARTHGATE_UPDATE_DOCS").is_some() {
            std::fs::write(&path, &svg).expect("docs/nlp is writable");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), svg, "docs/nlp is older than the engine: run with HEARTHGATE_UPDATE_DOCS=1");
    }
}
