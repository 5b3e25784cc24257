//! What does not matter changes nothing: sentences are read the same when wrapped, in capitals, with another condition
//! in the same place, after another sentence, with other words for the same.
//!
//! Over our own sentences, and over the development reports where they are beside the repository.

use std::path::PathBuf;

use hearthgate_nlp::{Context, Engine, Experiencer};

/// A sentence and the span in it that is asked about.
#[derive(Clone)]
struct Asked {
    text: String,
    start: usize,
    end: usize,
}

impl Asked {
    /// The same with each of its three parts rewritten.
    fn rewritten(&self, how: impl Fn(&str) -> String) -> Asked {
        let (before, span, after) = (how(&self.text[..self.start]), how(&self.text[self.start..self.end]), how(&self.text[self.end..]));
        Asked { start: before.len(), end: before.len() + span.len(), text: before + &span + &after }
    }

    /// The same with words around the span replaced.
    fn around(&self, from: &str, to: &str) -> Asked {
        let (before, span, after) = (self.text[..self.start].replace(from, to), &self.text[self.start..self.end], self.text[self.end..].replace(from, to));
        Asked { start: before.len(), end: before.len() + span.len(), text: before + span + &after }
    }

    fn about(&self, other: &str) -> Asked {
        Asked { text: format!("{}{other}{}", &self.text[..self.start], &self.text[self.end..]), start: self.start, end: self.start + other.len() }
    }

    fn after(&self, before: &str) -> Asked {
        Asked { text: format!("{before}{}", self.text), start: self.start + before.len(), end: self.end + before.len() }
    }

    /// The same in lines of about `width` characters.
    fn wrapped(&self, width: usize) -> Asked {
        let (mut text, mut column) = (String::with_capacity(self.text.len()), 0);
        for (at, c) in self.text.char_indices() {
            let breaks = c == ' ' && column > width && !(self.start..self.end).contains(&at);
            text.push(if breaks { '\n' } else { c });
            column = if breaks || c == '\n' { 0 } else { column + 1 };
        }
        Asked { text, start: self.start, end: self.end }
    }
}

type Change = (&'static str, fn(&Asked) -> Asked);

const CHANGES: [Change; 24] = [
    ("another symptom", |a| a.about("fever")),
    ("another disease", |a| a.about("deep vein thrombosis")),
    ("a word that nobody knows", |a| a.about("foobaritis")),
    ("capitals", |a| a.rewritten(str::to_ascii_uppercase)),
    ("double spaces", |a| a.rewritten(|t| t.replace(' ', "  "))),
    ("tabs", |a| a.rewritten(|t| t.replace(' ', "\t"))),
    ("no-break spaces, typographic apostrophes", |a| a.rewritten(|t| t.replace(' ', "\u{a0}").replace('\'', "\u{2019}"))),
    ("lines of 60", |a| a.wrapped(60)),
    ("lines of 80", |a| a.wrapped(80)),
    ("lines end in CRLF", |a| a.wrapped(80).rewritten(|t| t.replace('\n', "\r\n"))),
    ("after a sentence", |a| a.after("The chart was reviewed with the team on rounds. ")),
    ("after a sentence with findings", |a| a.after("She has no fever and a mild headache. ")),
    ("in a list", |a| a.after("3. ")),
    ("under a bullet", |a| a.after("- ")),
    ("severe", |a| {
        let severe = a.about(&format!("severe {}", &a.text[a.start..a.end]));
        Asked { start: severe.start + 7, ..severe }
    }),
    ("on the left", |a| {
        let left = a.about(&format!("left {}", &a.text[a.start..a.end]));
        Asked { start: left.start + 5, ..left }
    }),
    ("no: without any", |a| a.around(" no ", " without any ")),
    ("denies: does not have", |a| a.around(" denies ", " does not have ")),
    ("without: with no", |a| a.around(" without ", " with no ")),
    ("history of: hx of", |a| a.around("history of", "hx of")),
    ("status post: s/p", |a| a.around("status post", "s/p")),
    ("patient: pt", |a| a.around("patient", "pt")),
    ("and: &", |a| a.around(" and ", " & ")),
    ("or: /", |a| a.around(" or ", "/")),
];

fn key(c: &Context) -> (bool, bool, bool, bool, Experiencer) {
    (c.negated, c.uncertain, c.historical, c.hypothetical, c.experiencer)
}

/// The share read the same under each change: all contexts at least `all`, negation at least `negation`.
///
/// Seen to fail (lines of 80: 0.977) while a line was measured from its last word and taken for ended.
fn steady(asked: &[Asked], all: f64, negation: f64) {
    let engine = Engine::new().expect("the embedded lexicon");
    let read = |a: &Asked| engine.classify_span(&a.text, a.start, a.end);
    for (name, change) in CHANGES {
        let (mut same, mut same_negation, mut example) = (0, 0, String::new());
        for a in asked {
            let changed = change(a);
            let (before, now) = (read(a), read(&changed));
            same_negation += usize::from(before.negated == now.negated);
            if key(&before) == key(&now) {
                same += 1;
            } else {
                example = format!("{:?} then {:?}: {:?}", key(&before), key(&now), changed.text);
            }
        }
        let (share, share_negation) = (same as f64 / asked.len() as f64, same_negation as f64 / asked.len() as f64);
        println!("{name}: {share:.4} the same, negation {share_negation:.4}");
        assert!(share >= all && share_negation >= negation, "{name}: {share:.4} the same, negation {share_negation:.4}; {example}");
    }
}

#[test]
fn what_does_not_matter_changes_nothing_in_our_own_sentences() {
    let files = [include_str!("data/contexts.txt"), include_str!("data/reports.txt")];
    let asked: Vec<Asked> = files
        .into_iter()
        .flat_map(str::lines)
        .filter(|l| !l.starts_with('#') && !l.is_empty())
        .map(|line| {
            let (_, marked) = line.split_once(" | ").expect("flags | sentence");
            let (start, end) = (marked.find('[').expect("a span"), marked.find(']').expect("a span") - 1);
            Asked { text: marked.replace(['[', ']'], ""), start, end }
        })
        .collect();
    steady(&asked, 0.97, 0.98);
}

#[test]
fn what_does_not_matter_changes_nothing_in_the_development_reports() {
    let root = std::env::var_os("HEARTHGATE_SHARED").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let Ok(file) = std::fs::read_to_string(root.join("nlp/negation-dev.tsv")) else {
        assert!(!std::env::var("CI").is_ok_and(|v| v == "true"), "negation-dev.tsv is missing in CI");
        println!("left out: negation-dev.tsv is not beside this clone");
        return;
    };
    let mut lines = file.lines().map(|l| l.split('\t').map(str::trim).collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let column = |name| header.iter().position(|h| *h == name).expect("a known column");
    let (concept, sentence) = (column("concept"), column("sentence"));
    let asked: Vec<Asked> = lines
        .filter_map(|fields| {
            let span = fields[concept].to_uppercase();
            let start = fields[sentence].find(&span)?;
            Some(Asked { text: fields[sentence].to_owned(), start, end: start + span.len() })
        })
        .collect();
    assert!(asked.len() > 1_390, "{} sentences", asked.len());
    steady(&asked, 0.99, 0.99);
}
