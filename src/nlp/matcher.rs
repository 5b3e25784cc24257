//! Dictionary matching: the longest terms of the lexicon in a sentence.
//!
//! Determiners and sides may stand inside a term ("pain in the left knee"); capitals are asked
//! for where a term is an abbreviation; an abbreviation with several senses is decided by the
//! section and the words around it.

use crate::abbreviation::{Meaning, ShortForms};
use crate::cue::kind;
use crate::finding::Rule;
use crate::lexicon::{ConceptKind, Lexicon, Source, Term};
use crate::section::Part;
use crate::token::{Case, Kind, Token};

/// So many determiners and sides may stand inside a term.
const SKIPPED: usize = 3;
/// Words between which an abbreviation's neighbours are looked for.
const NEAR: usize = 8;

/// A mention: tokens `first..end` name `concept` (none for a pattern).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Match {
    pub first: usize,
    pub end: usize,
    pub concept: Option<u32>,
    pub rule: Rule,
}

/// Mentions in `tokens[from..to]`, left to right, none overlapping another.
#[expect(clippy::too_many_arguments, reason = "the state of one pass over the text")]
pub(crate) fn find(lexicon: &Lexicon, text: &str, tokens: &[Token], from: usize, to: usize, part: Part, forms: &ShortForms, out: &mut Vec<Match>) {
    let mut at = from;
    while at < to {
        let token = &tokens[at];
        if matches!(token.case, Case::Upper | Case::Mixed) && !forms.is_empty() {
            // "A-T" is two tokens: the longer form is asked for first.
            let joined = tokens[..to].get(at + 1).filter(|next| next.start == token.end + 1 && !next.spaced && next.lines == 0);
            let longer = joined.and_then(|next| text.get(token.start as usize..next.end as usize)).and_then(|form| forms.get(form));
            let (meaning, end) = match longer {
                Some(meaning) => (Some(meaning), at + 2),
                None => (forms.get(token.text(text)), at + 1),
            };
            let concept = match meaning {
                Some(Meaning::Concept(concept)) => Some(Some(*concept)),
                Some(Meaning::Unknown) => Some(None),
                Some(Meaning::Nothing) => {
                    at = end;
                    continue;
                }
                None => None,
            };
            if let Some(concept) = concept {
                out.push(Match { first: at, end, concept, rule: Rule::ShortForm });
                at = end;
                continue;
            }
        }
        match longest(lexicon, tokens, at, from, to, part) {
            Some((found, kind)) => {
                at = found.end;
                if kind != ConceptKind::Nothing {
                    out.push(found);
                }
            }
            None => at += 1,
        }
    }
}

fn longest(lexicon: &Lexicon, tokens: &[Token], at: usize, from: usize, to: usize, part: Part) -> Option<(Match, ConceptKind)> {
    if tokens[at].word == 0 {
        return None;
    }
    let node = lexicon.terms.child(0, tokens[at].word)?;
    let view = View { lexicon, tokens, at, from, to, part };
    let mut best = None;
    view.consider(node, at + 1, &mut best);
    view.walk(node, at + 1, 0, &mut best);
    best
}

/// A place in a sentence at which terms are tried.
struct View<'a> {
    lexicon: &'a Lexicon,
    tokens: &'a [Token],
    at: usize,
    from: usize,
    to: usize,
    part: Part,
}

impl View<'_> {
    /// Follows the trie from `node` at token `next`; the longest acceptable reading is kept in `best`.
    ///
    /// A side or determiner that a term may hold itself ("left upper quadrant") is tried so first,
    /// and passed over when that leads nowhere; at most [`SKIPPED`] are passed over, so that a
    /// place is looked at a bounded number of times.
    fn walk(&self, mut node: u32, mut next: usize, mut skipped: usize, best: &mut Option<(Match, ConceptKind)>) {
        while next < self.to {
            let token = &self.tokens[next];
            if token.lines > 1 {
                return;
            }
            let passable = skipped < SKIPPED && self.lexicon.flags(token.word) & kind::SKIP != 0;
            match (token.word != 0).then(|| self.lexicon.terms.child(node, token.word)).flatten() {
                Some(child) if passable => {
                    let before = best.map(|(m, _)| m.end);
                    self.consider(child, next + 1, best);
                    self.walk(child, next + 1, skipped + 1, best);
                    if best.map(|(m, _)| m.end) != before {
                        return;
                    }
                    skipped += 1;
                    next += 1;
                }
                Some(child) => {
                    node = child;
                    next += 1;
                    self.consider(node, next, best);
                }
                None if passable => {
                    skipped += 1;
                    next += 1;
                }
                None => match explained_inside(self.lexicon, &self.tokens[next..self.to], node) {
                    Some(width) => next += width,
                    None => return,
                },
            }
        }
    }

    /// Takes the term that ends at `node` with token `end`, if its capitals and senses fit.
    fn consider(&self, node: u32, end: usize, best: &mut Option<(Match, ConceptKind)>) {
        let value = self.lexicon.terms.value(node);
        if value != 0
            && let Some(term) = self.lexicon.term(value)
            && let Some(found) = accept(self.lexicon, self.tokens, self.at, end, self.from, self.to, self.part, term)
        {
            *best = Some(found);
        }
    }
}

/// "glucose-6-phosphate dehydrogenase (G6PD) deficiency": the width of a short form in
/// parentheses after which the term goes on.
fn explained_inside(lexicon: &Lexicon, rest: &[Token], node: u32) -> Option<usize> {
    let [open, form, close, after, ..] = rest else { return None };
    let inside = open.is_mark(b'(') && form.is_word() && form.case != Case::Lower && close.is_mark(b')') && after.word != 0;
    (inside && lexicon.terms.child(node, after.word).is_some()).then_some(3)
}

#[expect(clippy::too_many_arguments, reason = "one place, the whole view of a candidate")]
fn accept(lexicon: &Lexicon, tokens: &[Token], first: usize, end: usize, from: usize, to: usize, part: Part, term: Term) -> Option<(Match, ConceptKind)> {
    let span = &tokens[first..end];
    if term.cased && !span.iter().all(|t| matches!(t.case, Case::Upper) || !t.is_word() || t.case == Case::Title && t.letters == 1) {
        return None;
    }
    let mut rule = match term.source {
        Source::Curated => Rule::Curated,
        Source::Tabular => Rule::IcdTitle,
        Source::Heading => Rule::MeshTerm,
        Source::Variant => Rule::WordOrder,
    };
    if span.iter().any(|t| t.corrected) {
        rule = Rule::Spelling;
    }
    if !term.ambiguous {
        if term.cased && span.len() == 1 {
            rule = Rule::Abbreviation;
        }
        return Some((Match { first, end, concept: Some(term.concept), rule }, lexicon.kind(term.concept)));
    }
    let near = |words: &[u32]| {
        let left = &tokens[from.max(first.saturating_sub(NEAR))..first];
        let right = &tokens[end..to.min(end + NEAR)];
        left.iter().chain(right).any(|t| t.word != 0 && words.contains(&t.word))
    };
    let sense = lexicon.senses(term.concept).find(|s| {
        let anywhere = s.sections == 0 && s.near.is_empty();
        anywhere || s.sections & part.bit() != 0 || !s.near.is_empty() && near(s.near)
    })?;
    Some(match sense.concept {
        Some(concept) => (Match { first, end, concept: Some(concept), rule: Rule::Abbreviation }, lexicon.kind(concept)),
        None => (Match { first, end, concept: None, rule: Rule::Abbreviation }, ConceptKind::Nothing),
    })
}

/// Whether a mark may stand between the parts of a coordination.
pub(crate) fn is_comma(token: &Token) -> bool {
    matches!(token.kind, Kind::Mark(b','))
}
