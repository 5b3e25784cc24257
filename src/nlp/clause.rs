//! Where a clause of its own begins although no full stop stands before it.
//!
//! Knows commas, joints and verbs; what is denied before a mention that opens a clause does not reach it.

use crate::context::Scene;
use crate::cue::kind;
use crate::steps::step;
use crate::token::Kind;

/// What is denied before the last comma does not reach the mention.
///
/// "No thrombus, and the | atrium | is dilated", "although there is no fracture, | swelling | is seen": the mention is
/// the subject of a clause of its own with a verb that nothing negates. "No vomiting, | diarrhea | x 4": an item that
/// is counted is there. "No guarding, mild | tenderness |": so is one that is called slight.
pub(crate) fn opens_clause(scene: &Scene<'_>, first: usize, end: usize) -> bool {
    let from = scene.from.max(first.saturating_sub(5));
    if first > scene.from && joins(scene, first - 1) && scene.tokens[first - 1].text(scene.text).eq_ignore_ascii_case("and") && goes_on(scene, end) {
        return true;
    }
    let Some(comma) = (from..first).rev().find(|&t| scene.tokens[t].is_mark(b',')) else { return false };
    let cues = || scene.cues.iter().inspect(|_| step());
    let clause = cues().any(|c| c.first == comma + 1 && c.end <= first && c.is(kind::CLAUSE));
    if cues().any(|c| c.first > comma && c.end <= first && c.is(kind::NEGATE)) {
        return false;
    }
    // "2/6 systolic murmur", "2+ edema".
    let graded = scene.tokens[comma + 1].kind == Kind::Number && comma + 1 < first;
    if !graded && !clause && (comma + 1..first).any(|t| joins(scene, t)) {
        return false;
    }
    let slight = cues().any(|c| c.first == comma + 1 && c.end <= first && c.is(kind::SLIGHT));
    if (slight || graded || counted(scene, end)) && !(end..scene.to.min(end + 16)).any(|t| joins(scene, t)) {
        return true;
    }
    if comma + 1 == first && goes_on(scene, end) {
        return true;
    }
    let joined = clause || cues().any(|c| c.end <= comma && c.is(kind::WHILE));
    let verb = cues().position(|c| c.first == end && c.is(kind::AFFIRM) && !c.is(kind::NEGATE | kind::NEGATE_BACK));
    let negated = verb.and_then(|v| scene.cues.get(v + 1)).is_some_and(|next| next.first <= end + 3 && next.is(kind::NEGATE | kind::NEGATE_BACK));
    joined && verb.is_some() && !negated
}

/// "No rash, | itching | continues", "no tenderness and | swelling | has decreased": a verb that tells of what is there.
fn goes_on(scene: &Scene<'_>, end: usize) -> bool {
    const VERBS: [&str; 9] = ["continues", "continue", "persists", "persist", "remains", "remain", "worsened", "has", "have"];
    scene.tokens[end..scene.to].first().is_some_and(|t| t.lines == 0 && VERBS.iter().any(|v| t.text(scene.text).eq_ignore_ascii_case(v)))
        && !scene.cues.iter().any(|c| (end..=end + 1).contains(&c.first) && c.is(kind::NEGATE | kind::NEGATE_BACK | kind::RESOLVED))
}

/// "and", "or", "nor".
pub(crate) fn joins(scene: &Scene<'_>, at: usize) -> bool {
    scene.lexicon.is_conjunction(scene.tokens[at].word) || scene.tokens[at].text(scene.text).eq_ignore_ascii_case("nor")
}

/// "x 3 days", "x4" after a mention.
fn counted(scene: &Scene<'_>, end: usize) -> bool {
    let Some(token) = scene.tokens[end..scene.to].first() else { return false };
    let text = token.text(scene.text);
    let count = text.strip_prefix(['x', 'X', '\u{d7}']);
    count.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit()) || rest.is_empty() && scene.tokens[end + 1..scene.to].first().is_some_and(|t| t.kind == Kind::Number)
    })
}
