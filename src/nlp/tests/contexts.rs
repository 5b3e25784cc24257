//! What sentences say about a condition: examples in `tests/data`, read with each span given.

use hearthgate_nlp::{Context, Engine, Experiencer};

fn said(c: &Context) -> String {
    let flags = [
        (c.negated, 'n'),
        (c.uncertain, 'u'),
        (c.hypothetical, 'y'),
        (c.experiencer == Experiencer::Family, 'f'),
        (c.experiencer == Experiencer::Other, 'o'),
        (c.historical, 'h'),
    ];
    let said: String = flags.into_iter().filter(|(so, _)| *so).map(|(_, flag)| flag).collect();
    if said.is_empty() { "-".to_owned() } else { said }
}

/// Reads each `(flags, sentence, start, end)`; tells those read otherwise.
fn read_all(examples: &[(String, String, usize, usize)]) {
    let engine = Engine::new().expect("the embedded lexicon");
    let mut wrong = Vec::new();
    for (flags, sentence, start, end) in examples {
        let c = engine.classify_span(sentence, *start, *end);
        if said(&c) != *flags {
            let why: Vec<&str> = c.triggers.iter().map(|t| &sentence[t.start..t.end]).collect();
            wrong.push(format!("{flags} but read {}: [{}] in {sentence}  {why:?}", said(&c), &sentence[*start..*end]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} read otherwise:\n{}", wrong.len(), examples.len(), wrong.join("\n"));
}

fn lines(file: &str) -> impl Iterator<Item = &str> {
    file.lines().filter(|l| !l.starts_with('#') && !l.is_empty())
}

/// One span a line: `flags | sentence with one [span]`.
#[test]
fn each_sentence_is_read_as_a_clinician_reads_it() {
    let files = [include_str!("data/contexts.txt"), include_str!("data/reports.txt")];
    let examples: Vec<_> = files
        .into_iter()
        .flat_map(lines)
        .map(|line| {
            let (flags, marked) = line.split_once(" | ").expect("flags | sentence");
            let start = marked.find('[').expect("a marked span");
            let end = marked.find(']').expect("a marked span") - 1;
            (flags.to_owned(), marked.replace(['[', ']'], ""), start, end)
        })
        .collect();
    read_all(&examples);
}

/// Every span of a line: `sentence with each {flags:span}`. Seen to fail with `sign.rs` answering nothing.
#[test]
fn each_finding_of_a_note_is_read_as_a_clinician_reads_it() {
    let mut examples = Vec::new();
    for line in lines(include_str!("data/clinic.txt")) {
        let (mut sentence, mut spans) = (String::new(), Vec::new());
        for (number, part) in line.replace("\\n", "\n").split(['{', '}']).enumerate() {
            if number % 2 == 0 {
                sentence.push_str(part);
            } else {
                let (flags, span) = part.split_once(':').expect("flags:span");
                spans.push((flags.to_owned(), sentence.len(), sentence.len() + span.len()));
                sentence.push_str(span);
            }
        }
        examples.extend(spans.into_iter().map(|(flags, start, end)| (flags, sentence.clone(), start, end)));
    }
    assert!(examples.len() > 700, "{} spans", examples.len());
    read_all(&examples);
}
