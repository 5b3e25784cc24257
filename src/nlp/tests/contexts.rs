//! What sentences say about a condition: one example a line in `tests/data/contexts.txt` and `tests/data/reports.txt`.

use hearthgate_nlp::{Engine, Experiencer};

#[test]
fn each_sentence_is_read_as_a_clinician_reads_it() {
    let engine = Engine::new().expect("the embedded lexicon");
    let mut wrong = Vec::new();
    let mut read = 0;
    let files = [include_str!("data/contexts.txt"), include_str!("data/reports.txt")];
    for line in files.into_iter().flat_map(str::lines).filter(|l| !l.starts_with('#') && !l.is_empty()) {
        let (flags, marked) = line.split_once(" | ").expect("flags | sentence");
        let start = marked.find('[').expect("a marked span");
        let end = marked.find(']').expect("a marked span") - 1;
        let sentence = marked.replace(['[', ']'], "");
        let c = engine.classify_span(&sentence, start, end);
        let mut said = String::new();
        for (so, flag) in [
            (c.negated, 'n'),
            (c.uncertain, 'u'),
            (c.hypothetical, 'y'),
            (c.experiencer == Experiencer::Family, 'f'),
            (c.experiencer == Experiencer::Other, 'o'),
            (c.historical, 'h'),
        ] {
            if so {
                said.push(flag);
            }
        }
        if said.is_empty() {
            said.push('-');
        }
        read += 1;
        if said != flags {
            wrong.push(format!("{flags} but read {said}: {marked}  {:?}", c.triggers.iter().map(|t| &sentence[t.start..t.end]).collect::<Vec<_>>()));
        }
    }
    assert!(wrong.is_empty(), "{} of {read} read otherwise:\n{}", wrong.len(), wrong.join("\n"));
}
