//! Whatever the text: no panic, spans on character boundaries, the same answer twice, outputs
//! that are well formed, and the tables of `--spans` and `--evaluate` refused rather than believed.
#![no_main]

use std::sync::LazyLock;

use hearthgate_nlp::{Engine, classify_spans, evaluate::evaluate, html, json_line, table};
use libfuzzer_sys::fuzz_target;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new().expect("the embedded lexicon"));

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let document = ENGINE.read(&text);
    let mut last = 0;
    for finding in &document.findings {
        assert!(text.get(finding.start..finding.end).is_some_and(|mention| !mention.is_empty()));
        assert!(finding.start >= last, "in the order of the text");
        last = finding.start;
        assert!((0.0..=1.0).contains(&finding.confidence));
        assert!(finding.context.triggers.iter().all(|t| text.get(t.start..t.end).is_some_and(|cue| !cue.is_empty())));
    }
    assert_eq!(document, ENGINE.read(&text));
    // One of the outputs an execution, by the input's length, so that more inputs are tried in the same time.
    match bytes.len() % 5 {
        0 => {
            let line = json_line("-", &text, &document);
            assert!(!line.contains('\n') && serde_json::from_str::<serde_json::Value>(&line).is_ok());
        }
        1 => assert!(html("note", &text, &document).ends_with("</html>\n")),
        2 => {
            let _ = table(&text, &document);
            let _ = evaluate(&ENGINE, &text);
        }
        3 => {
            let _ = classify_spans(&ENGINE, &text);
        }
        _ => {
            if let [first, second, ..] = *bytes {
                let _ = ENGINE.classify_span(&text, usize::from(first), usize::from(second));
            }
        }
    }
});
