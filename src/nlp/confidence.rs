//! Confidence: the share of findings like this one that were right on the development data.
//!
//! The table is measured, not guessed: it holds what was right of the findings in the 593
//! abstracts of the development data's training part, and is tested on the 100 that it has not
//! seen (`docs/nlp/README.md`). Short words are ambiguous, long names are not; symptoms and
//! results are marked there more rarely than diseases.

use crate::finding::{Category, Rule};

/// What confidence depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence {
    pub rule: Rule,
    pub category: Category,
    /// Bytes in the mention.
    pub length: usize,
}

/// Probability that the mention is what the finding says.
pub(crate) fn confidence(evidence: Evidence) -> f32 {
    let Evidence { rule, category, length } = evidence;
    match (category, rule) {
        (Category::Medication | Category::Allergy, Rule::Spelling) => 0.75,
        (Category::Medication | Category::Allergy, _) => 0.95,
        (_, Rule::Abbreviation) => 0.65,
        (_, Rule::Spelling) => 0.75,
        (Category::Symptom, Rule::Coordination) => 0.9,
        (Category::Symptom, _) => match length {
            ..=4 => 0.35,
            5..=9 => 0.72,
            _ => 0.82,
        },
        (Category::Finding, Rule::MeshTerm) => 0.73,
        (Category::Finding, _) => {
            if length < 10 {
                0.25
            } else {
                0.6
            }
        }
        (Category::Disease, Rule::Curated | Rule::WordOrder | Rule::Coordination | Rule::Pattern | Rule::ShortForm) => match (rule, length) {
            (Rule::Coordination | Rule::Pattern, _) => 0.98,
            (Rule::ShortForm, _) => 0.95,
            (_, ..=4) => 0.5,
            (_, 5..=9) => 0.9,
            _ => 0.97,
        },
        (Category::Disease, Rule::IcdTitle) => {
            if length < 10 {
                0.6
            } else {
                0.98
            }
        }
        (Category::Disease, Rule::MeshTerm) => {
            if length < 10 {
                0.85
            } else {
                0.975
            }
        }
    }
}
