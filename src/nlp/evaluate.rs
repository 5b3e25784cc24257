//! `--evaluate`: scores against labelled files, and how well confidence is calibrated.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::engine::Engine;
use crate::finding::{Category, Experiencer, Finding};

/// Why a labelled file could not be scored.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EvaluationError {
    /// Neither JSON lines with `text` and `mentions` nor a table with the known columns.
    #[error("neither JSON lines of mentions nor a table with the columns concept, sentence, negation, temporality, experiencer")]
    Format,
    /// A line is not what the format says.
    #[error("line {0} is not what the format says")]
    Line(usize),
}

/// Right, wrong and missed, with what follows from them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    /// Said and right.
    pub right: usize,
    /// Said and wrong.
    pub wrong: usize,
    /// Not said though right.
    pub missed: usize,
}

impl Score {
    fn add(&mut self, said: bool, so: bool) {
        match (said, so) {
            (true, true) => self.right += 1,
            (true, false) => self.wrong += 1,
            (false, true) => self.missed += 1,
            (false, false) => {}
        }
    }

    /// Share of what was said that is right.
    pub fn precision(&self) -> f64 {
        ratio(self.right, self.right + self.wrong)
    }

    /// Share of what is so that was said.
    pub fn recall(&self) -> f64 {
        ratio(self.right, self.right + self.missed)
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        ratio(2 * self.right, 2 * self.right + self.wrong + self.missed)
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "F1 {:.4}  precision {:.4}  recall {:.4}  ({} right, {} wrong, {} missed)",
            self.f1(),
            self.precision(),
            self.recall(),
            self.right,
            self.wrong,
            self.missed
        )
    }
}

/// Scores of given spans.
#[derive(Debug, Clone, Default)]
pub struct SpanScore {
    /// Negated.
    pub negation: Score,
    /// Of the past.
    pub historical: Score,
    /// Not the patient.
    pub other_person: Score,
    /// Lines scored.
    pub lines: usize,
    /// Lines whose concept stands nowhere in the sentence; not scored.
    pub unmarked: usize,
    /// What was got wrong: `(measure, said, concept, sentence)`.
    pub errors: Vec<(&'static str, bool, String, String)>,
}

/// Scores of mentions found in free text.
#[derive(Debug, Clone, Default)]
pub struct MentionScore {
    /// The same first and last byte.
    pub exact: Score,
    /// At least one byte in common.
    pub overlap: Score,
    /// Documents scored.
    pub documents: usize,
    /// Of the mentions found exactly that have a MeSH heading: right heading, another, none.
    pub codes: Score,
    /// Each finding's confidence, and whether it overlaps a mention.
    pub judged: Vec<(f32, bool, Finding)>,
    /// What was got wrong: `(wrong or missed, text)`.
    pub errors: Vec<(&'static str, String)>,
}

/// How confidence compares with what was right, in ten bins.
#[derive(Debug, Clone, Default)]
pub struct Calibration {
    /// Per bin of width 0.1: findings, mean confidence, share right.
    pub bins: [(usize, f64, f64); 10],
    /// Expected calibration error.
    pub error: f64,
}

/// The calibration of judged findings.
pub fn calibration(judged: &[(f32, bool, Finding)]) -> Calibration {
    let mut sums = [(0usize, 0f64, 0usize); 10];
    for (confidence, right, _) in judged {
        let bin = ((f64::from(*confidence) * 10.0) as usize).min(9);
        sums[bin].0 += 1;
        sums[bin].1 += f64::from(*confidence);
        sums[bin].2 += usize::from(*right);
    }
    let mut out = Calibration::default();
    for (bin, (count, confidence, right)) in sums.into_iter().enumerate() {
        if count > 0 {
            out.bins[bin] = (count, confidence / count as f64, right as f64 / count as f64);
            out.error += count as f64 / judged.len() as f64 * (out.bins[bin].1 - out.bins[bin].2).abs();
        }
    }
    out
}

/// The report of `--evaluate` for a labelled file, recognised by its first line.
///
/// # Errors
/// The file is of neither format, or a line does not keep to it.
pub fn evaluate(engine: &Engine, file: &str) -> Result<String, EvaluationError> {
    if file.trim_start().starts_with('{') {
        let score = mentions(engine, file)?;
        let c = calibration(&score.judged);
        let mut out = format!(
            "documents {}\nexact    {}\noverlap  {}\ncodes    {}\nexpected calibration error {:.4}\n",
            score.documents, score.exact, score.overlap, score.codes, c.error
        );
        for (bin, (count, confidence, right)) in c.bins.iter().enumerate().filter(|(_, b)| b.0 > 0) {
            out.push_str(&format!("  {:.1}–{:.1}  {count:5} findings, said {confidence:.3}, right {right:.3}\n", bin as f64 / 10.0, (bin + 1) as f64 / 10.0));
        }
        Ok(out)
    } else {
        let s = spans(engine, file)?;
        Ok(format!(
            "lines {} ({} without their concept left out)\nnegation     {}\nhistorical   {}\nother person {}\n",
            s.lines, s.unmarked, s.negation, s.historical, s.other_person
        ))
    }
}

/// Scores given spans: columns `concept`, `sentence`, `negation`, `temporality`, `experiencer`;
/// the concept stands in capitals in the sentence.
pub fn spans(engine: &Engine, file: &str) -> Result<SpanScore, EvaluationError> {
    let mut lines = file.lines();
    let header: Vec<&str> = lines.next().unwrap_or("").split('\t').collect();
    let column = |name: &str| header.iter().position(|&h| h == name).ok_or(EvaluationError::Format);
    let columns = [column("concept")?, column("sentence")?, column("negation")?, column("temporality")?, column("experiencer")?];
    let mut score = SpanScore::default();
    for (number, line) in lines.enumerate().map(|(n, line)| (n + 2, line)).filter(|(_, l)| !l.trim().is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [Some(concept), Some(sentence), Some(negation), Some(time), Some(person)] = columns.map(|c| fields.get(c).map(|f| f.trim())) else {
            return Err(EvaluationError::Line(number));
        };
        let Some((start, end)) = marked(sentence, concept) else {
            score.unmarked += 1;
            continue;
        };
        let context = engine.classify_span(sentence, start, end);
        score.lines += 1;
        let said = [context.negated, context.historical, context.experiencer != Experiencer::Patient];
        let so = [negation == "Negated", time == "Historical", person != "Patient"];
        for ((measure, tally), (said, so)) in [("negation", &mut score.negation), ("historical", &mut score.historical), ("person", &mut score.other_person)]
            .into_iter()
            .zip(said.into_iter().zip(so))
        {
            tally.add(said, so);
            if said != so {
                let why: Vec<&str> = context.triggers.iter().filter_map(|t| sentence.get(t.start..t.end)).collect();
                score.errors.push((measure, said, format!("{concept} [{}]", why.join("|")), sentence.to_owned()));
            }
        }
    }
    Ok(score)
}

/// Where the concept stands in capitals; anywhere in any case if it does not.
fn marked(sentence: &str, concept: &str) -> Option<(usize, usize)> {
    let capitals = concept.to_uppercase();
    let at = sentence.find(&capitals).or_else(|| sentence.find(concept)).or_else(|| sentence.to_ascii_uppercase().find(&capitals))?;
    let end = at + capitals.len().min(sentence.len() - at);
    sentence.is_char_boundary(end).then_some((at, end))
}

/// Scores mentions: JSON lines with `text` and `mentions` (character offsets, MeSH concepts).
pub fn mentions(engine: &Engine, file: &str) -> Result<MentionScore, EvaluationError> {
    let mut score = MentionScore::default();
    for (number, line) in file.lines().enumerate().map(|(n, l)| (n + 1, l)).filter(|(_, l)| !l.trim().is_empty()) {
        let record: Value = serde_json::from_str(line).map_err(|_| EvaluationError::Line(number))?;
        let (Some(text), Some(marked)) = (record["text"].as_str(), record["mentions"].as_array()) else {
            return Err(EvaluationError::Line(number));
        };
        let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let byte = |v: &Value| v.as_u64().and_then(|n| offsets.get(n as usize).copied()).ok_or(EvaluationError::Line(number));
        let mut gold = Vec::new();
        for mention in marked {
            let concept = ["concept", "id", "mesh"].iter().find_map(|k| mention[*k].as_str()).unwrap_or("").to_owned();
            gold.push((byte(&mention["start"])?, byte(&mention["end"])?, concept));
        }
        one_document(engine, text, &gold, &mut score);
        score.documents += 1;
    }
    Ok(score)
}

fn one_document(engine: &Engine, text: &str, gold: &[(usize, usize, String)], score: &mut MentionScore) {
    let document = engine.read(text);
    let scored = |f: &&Finding| matches!(f.category, Category::Disease | Category::Symptom | Category::Finding);
    let said: BTreeSet<(usize, usize)> = document.findings.iter().filter(scored).map(|f| (f.start, f.end)).collect();
    let meets = |a: (usize, usize), b: (usize, usize)| a.0 < b.1 && b.0 < a.1;
    for &span in &said {
        score.exact.add(true, gold.iter().any(|g| (g.0, g.1) == span));
        let overlaps = gold.iter().any(|g| meets((g.0, g.1), span));
        score.overlap.add(true, overlaps);
        if !overlaps {
            score.errors.push(("wrong", text[span.0..span.1].to_owned()));
        } else if !gold.iter().any(|g| (g.0, g.1) == span) {
            let meant = gold.iter().find(|g| meets((g.0, g.1), span)).map_or("", |g| &text[g.0..g.1]);
            score.errors.push(("inexact", format!("{} => {meant}", &text[span.0..span.1])));
        }
    }
    for (start, end, concept) in gold {
        if !said.contains(&(*start, *end)) {
            score.exact.missed += 1;
        }
        if !said.iter().any(|&s| meets((*start, *end), s)) {
            score.overlap.missed += 1;
            score.errors.push(("missed", text[*start..*end].to_owned()));
        }
        let headings: Vec<&str> = concept.split(['|', '+', ',']).map(|c| c.trim().trim_start_matches("MESH:")).filter(|c| c.starts_with('D')).collect();
        if said.contains(&(*start, *end)) && !headings.is_empty() {
            let here = document.findings.iter().filter(|f| (f.start, f.end) == (*start, *end)).flat_map(|f| &f.codes);
            let ours: Vec<&str> = here.filter(|c| c.system.ends_with("/mesh")).map(|c| c.code).collect();
            let right = ours.iter().any(|code| headings.contains(code));
            score.codes.add(!ours.is_empty(), right);
            score.codes.missed += usize::from(ours.is_empty());
            if !right && !ours.is_empty() {
                score.errors.push(("code", format!("{} {} {concept}", &text[*start..*end], ours.join("|"))));
            }
        }
    }
    for finding in document.findings.iter().filter(scored) {
        let right = gold.iter().any(|g| meets((g.0, g.1), (finding.start, finding.end)));
        score.judged.push((finding.confidence, right, finding.clone()));
    }
}
