//! Short forms that a document explains itself: "adenomatous polyposis coli (APC)".
//!
//! What the document says goes before what the lexicon says: an abbreviation that is explained
//! as something else is no finding in this document.

use std::collections::HashMap;

use crate::cue::kind;
use crate::lexicon::{ConceptKind, Lexicon};
use crate::token::{Kind, Token, tokenise};

/// At most so many explanations are read in one document.
const MOST: usize = 1_000;
/// The longest short form and the longest explanation, in bytes.
const SHORT: usize = 10;
const LONG: usize = 110;

/// What a short form means in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Concept(u32),
    /// A disease that the lexicon does not know.
    Unknown,
    /// No finding.
    Nothing,
}

/// The short forms of a document.
#[derive(Debug, Default)]
pub(crate) struct ShortForms(HashMap<String, Meaning>);

impl ShortForms {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, form: &str) -> Option<&Meaning> {
        self.0.get(form).or_else(|| form.strip_suffix('s').and_then(|one| self.0.get(one)))
    }

    /// The explanations in `text`.
    pub(crate) fn of(lexicon: &Lexicon, text: &str) -> ShortForms {
        let mut forms = ShortForms::default();
        let mut tokens = Vec::new();
        for (open, _) in text.match_indices('(').take(MOST) {
            let Some(form) = short_form(&text[open + 1..]) else { continue };
            if forms.0.contains_key(form) {
                continue;
            }
            let from = boundary(text, open.saturating_sub(LONG));
            tokenise(lexicon, text, from, open, &mut tokens);
            if let Some(meaning) = explained(lexicon, text, &tokens, form) {
                forms.0.insert(form.to_owned(), meaning);
            }
        }
        forms
    }
}

/// The next character boundary at or after `at`.
fn boundary(text: &str, mut at: usize) -> usize {
    while at < text.len() && !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// The short form at the start of what follows an opening parenthesis.
fn short_form(rest: &str) -> Option<&str> {
    let end = rest.bytes().take(SHORT + 1).position(|b| matches!(b, b')' | b';' | b','))?;
    let form = rest.get(..end)?.trim();
    let capitals = form.bytes().filter(u8::is_ascii_uppercase).count();
    let fits = (2..=SHORT).contains(&form.len())
        && form.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && form.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && capitals * 2 >= form.len();
    fits.then_some(form)
}

/// What the words before the parenthesis say that `form` is short for.
fn explained(lexicon: &Lexicon, text: &str, tokens: &[Token], form: &str) -> Option<Meaning> {
    let sentence = tokens.iter().rposition(|t| matches!(t.kind, Kind::Mark(b'.' | b';' | b'(' | b')' | b':'))).map_or(0, |p| p + 1);
    let tokens = &tokens[sentence..];
    let earliest = tokens.len().saturating_sub(form.len() + 5);
    // A term right before the parenthesis whose initials are the letters, in any order ("myotonic dystrophy (DM)").
    for at in tokens.len().saturating_sub(form.len() + 1)..tokens.len() {
        if (initials(text, &tokens[at..], form) || in_order(text, &tokens[at..], form))
            && let Some(concept) = term_at(lexicon, &tokens[at..])
            && matches!(lexicon.kind(concept), ConceptKind::Disease | ConceptKind::Symptom | ConceptKind::Finding)
        {
            return Some(Meaning::Concept(concept));
        }
    }
    // The shortest run of words that yields the letters in order, the first of them initial.
    let first = (earliest..tokens.len()).rev().find(|&at| {
        let head = tokens[at].text(text).as_bytes().first().map(u8::to_ascii_lowercase);
        head == form.as_bytes().first().map(u8::to_ascii_lowercase) && spells(text, &tokens[at..], form)
    })?;
    // A term that ends right before the parenthesis: the longest one that begins there or later.
    for at in first..tokens.len() {
        if let Some(concept) = term_at(lexicon, &tokens[at..]) {
            if at > first && tokens.len() - at < 2 && tokens.len() - first > 2 {
                break;
            }
            return Some(match lexicon.kind(concept) {
                ConceptKind::Disease | ConceptKind::Symptom | ConceptKind::Finding => Meaning::Concept(concept),
                _ => Meaning::Nothing,
            });
        }
    }
    let head = tokens.last().is_some_and(|t| lexicon.flags(t.word) & kind::HEAD != 0);
    Some(if head { Meaning::Unknown } else { Meaning::Nothing })
}

/// Whether every letter of `form` is the initial of one of the words, and every word's initial is used.
fn initials(text: &str, tokens: &[Token], form: &str) -> bool {
    let mut left: Vec<u8> = form.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect();
    tokens.iter().filter(|t| t.letters > 2).all(|t| {
        let initial = t.text(text).as_bytes().first().map(u8::to_ascii_lowercase);
        left.iter().position(|&l| Some(l) == initial).map(|at| left.swap_remove(at)).is_some()
    }) && left.is_empty()
}

/// Whether the letters of `form` occur in order, the first of them at the start of the words.
fn in_order(text: &str, tokens: &[Token], form: &str) -> bool {
    let mut letters = form.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).peekable();
    let mut bytes = tokens.iter().flat_map(|t| t.text(text).bytes()).map(|b| b.to_ascii_lowercase());
    if bytes.next() != letters.next() {
        return false;
    }
    for byte in bytes {
        letters.next_if_eq(&byte);
    }
    letters.peek().is_none()
}

/// Whether the letters of `form` occur in order in the words, each word's initial preferred.
fn spells(text: &str, tokens: &[Token], form: &str) -> bool {
    let mut letters = form.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).peekable();
    for token in tokens {
        let mut within = 0;
        for byte in token.text(text).bytes().map(|b| b.to_ascii_lowercase()) {
            if letters.peek() == Some(&byte) && (within == 0 || within < 3) {
                letters.next();
                within += 1;
            } else if within == 0 {
                // A word whose initial is not wanted is passed over ("of", "the").
                break;
            }
        }
    }
    letters.peek().is_none()
}

/// The concept of a term that is exactly these tokens.
pub(crate) fn term_at(lexicon: &Lexicon, tokens: &[Token]) -> Option<u32> {
    let mut node = 0;
    for token in tokens {
        if token.word == 0 {
            return None;
        }
        node = lexicon.terms.child(node, token.word)?;
    }
    let term = lexicon.term(lexicon.terms.value(node))?;
    (!term.ambiguous).then_some(term.concept)
}
