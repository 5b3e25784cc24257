//! Conditions in clinical text: text in, findings out.
//!
//! Knows words, sections, sentences, terms, cues, and the lexicon compiled into it. Must not
//! know FHIR, tables, files or the time: it is a pure function of the text, which the same
//! engine and lexicon version always answer alike.
//!
//! ```
//! let engine = hearthgate_nlp::Engine::new()?;
//! let text = "ASSESSMENT: Hypertension. No evidence of pneumonia.";
//! let document = engine.read(text);
//! let named: Vec<_> = document.findings.iter().map(|f| (&text[f.start..f.end], f.context.negated)).collect();
//! assert_eq!(named, [("Hypertension", false), ("pneumonia", true)]);
//! # Ok::<(), hearthgate_nlp::LexiconError>(())
//! ```

mod abbreviation;
mod clause;
mod confidence;
mod context;
mod cue;
mod engine;
pub mod evaluate;
mod finding;
mod lexicon;
mod matcher;
mod modifier;
mod pattern;
mod reliability;
mod render;
mod section;
mod sentence;
mod sign;
mod spans;
mod spelling;
mod steps;
mod token;
mod trie;
mod when;

pub use engine::{Engine, MAX_FINDINGS};
pub use evaluate::{Calibration, EvaluationError, MentionScore, Score, SpanScore, calibration, evaluate};
pub use finding::{Category, Code, Context, Document, Experiencer, Finding, Modifiers, Rule, Section, Trigger};
pub use lexicon::LexiconError;
pub use reliability::reliability_svg;
pub use render::{html, json_line, table};
pub use spans::{SpansError, classify_spans};

/// The engine's version: changes whenever the same text may give other findings.
pub const ENGINE_VERSION: &str = "1.2.0";
