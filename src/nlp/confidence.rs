//! Confidence: the share of findings like this one that were right on the development data.
//!
//! The table is measured, not guessed: `docs/nlp/README.md` says how.

use crate::finding::{Category, Rule};

/// What confidence depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence {
    pub rule: Rule,
    pub category: Category,
    /// Words in the mention.
    pub words: usize,
    /// Whether the concept has an ICD-10-CM code.
    pub coded: bool,
}

/// Probability that the mention is what the finding says.
pub(crate) fn confidence(evidence: Evidence) -> f32 {
    let _ = (evidence.category, evidence.coded, evidence.words);
    match evidence.rule {
        Rule::Curated => 0.9,
        Rule::WordOrder => 0.85,
        Rule::IcdTitle => 0.85,
        Rule::MeshTerm => 0.8,
        Rule::Abbreviation => 0.75,
        Rule::ShortForm => 0.9,
        Rule::Spelling => 0.6,
        Rule::Coordination => 0.7,
        Rule::Pattern => 0.5,
    }
}
