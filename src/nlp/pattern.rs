//! Findings that no dictionary lists: shared heads and names before a head.
//!
//! "Breast and ovarian cancer" names two cancers; "Foo-Bar syndrome" names a disease that the
//! lexicon does not know (no code, low confidence).

use crate::cue::kind;
use crate::finding::Rule;
use crate::lexicon::{ConceptKind, Lexicon};
use crate::matcher::{Match, is_comma};
use crate::steps::step;
use crate::token::{Case, Token};

/// At most so many members of a coordination before the last.
const MEMBERS: usize = 4;

/// Adds to `matches` (sorted) what follows from them and from the words.
pub(crate) fn extend(lexicon: &Lexicon, text: &str, tokens: &[Token], from: usize, to: usize, matches: &mut Vec<Match>) {
    let known = matches.len();
    for index in 0..known {
        let found = matches[index];
        if found.end - found.first >= 2 && found.concept.is_some() {
            coordinated(lexicon, tokens, from, &found, matches);
        }
    }
    let mut covered = 0;
    for found in matches.iter_mut() {
        widen(lexicon, text, tokens, from, found);
    }
    for at in from..to {
        while covered < known && matches[covered].end <= at {
            covered += 1;
        }
        let inside = covered < known && matches[covered].first <= at;
        if !inside && lexicon.flags(tokens[at].word) & kind::HEAD != 0 {
            let left = matches[..covered].last().map_or(from, |m| m.end);
            if let Some(found) = named(lexicon, text, tokens, left, from, at) {
                matches.push(found);
            }
        }
    }
    if matches.len() > known {
        matches.sort_by_key(|m| (m.first, m.end));
    }
}

/// "familial | breast cancer": words that name a form of a disease belong to its mention.
fn widen(lexicon: &Lexicon, text: &str, tokens: &[Token], from: usize, found: &mut Match) {
    let disease = found.concept.is_none_or(|c| lexicon.kind(c) == ConceptKind::Disease);
    let mut first = found.first;
    while disease && first > from && first + 4 > found.first && lexicon.flags(tokens[first - 1].word) & kind::FORM != 0 && tokens[first].lines == 0 {
        first -= 1;
    }
    // No mention begins inside a hyphenated word ("X-linked", "dopa-responsive dystonia").
    while first > from && first + 5 > found.first && joined(&tokens[first - 1], &tokens[first]) && !prefix(text, &tokens[first - 1]) {
        first -= 1;
    }
    found.first = first;
}

/// Whether a hyphen alone stands between two tokens.
pub(crate) fn joined(left: &Token, right: &Token) -> bool {
    right.start == left.end + 1 && !right.spaced && right.lines == 0 && left.is_word()
}

/// A prefix that turns a word into its opposite or into another one: no part of a mention.
fn prefix(text: &str, token: &Token) -> bool {
    ["non", "anti", "pre", "post", "pro", "ex"].iter().any(|p| token.text(text).eq_ignore_ascii_case(p))
}

/// Whether the mention that begins at `first` is denied by its own prefix ("non-diabetic").
pub(crate) fn denied(text: &str, tokens: &[Token], first: usize) -> Option<usize> {
    let before = first.checked_sub(1)?;
    (joined(&tokens[before], &tokens[first]) && tokens[before].text(text).eq_ignore_ascii_case("non")).then_some(before)
}

/// "breast and ovarian | cancer": members before the last, each with the shared head.
fn coordinated(lexicon: &Lexicon, tokens: &[Token], from: usize, found: &Match, matches: &mut Vec<Match>) {
    let head = &tokens[found.end - 1..found.end];
    let last_member = matches.iter().inspect(|_| step()).position(|m| m == found);
    let mut at = found.first;
    for _ in 0..MEMBERS {
        let Some(joint) = at.checked_sub(1).filter(|&j| j > from) else { return };
        let mut last = joint;
        let is_joint = |t: &Token| is_comma(t) || lexicon.is_conjunction(t.word);
        if !is_joint(&tokens[joint]) {
            return;
        }
        while last > from && is_joint(&tokens[last - 1]) {
            last -= 1;
        }
        let member = (1..=2usize).rev().filter(|n| last >= from + n).find_map(|n| {
            let first = last - n;
            if matches.iter().inspect(|_| step()).any(|m| m.first < last && m.end > first) {
                return None;
            }
            let words: Vec<Token> = tokens[first..last].iter().chain(head).copied().collect();
            crate::abbreviation::term_at(lexicon, &words).map(|concept| (first, concept))
        });
        let Some((first, concept)) = member else { return };
        if matches!(lexicon.kind(concept), ConceptKind::Disease | ConceptKind::Symptom | ConceptKind::Finding) {
            matches.push(Match { first, end: found.end, concept: Some(concept), rule: Rule::Coordination });
        }
        // The members share their head, and so the words from the first to the head name each of them.
        for member in matches.iter_mut().filter(|m| m.end == found.end) {
            member.first = first;
        }
        if let Some(index) = last_member {
            matches[index].rule = Rule::Coordination;
        }
        at = first;
    }
}

/// A name before the head at `at`: capitalised or unknown words that are no ordinary ones.
fn named(lexicon: &Lexicon, text: &str, tokens: &[Token], left: usize, from: usize, at: usize) -> Option<Match> {
    let mut first = at;
    while first > left && at - first < 4 {
        let word = &tokens[first - 1];
        let ordinary = lexicon.flags(word.word) & (kind::NOT_EPONYM | kind::HEAD) != 0;
        let opens = first - 1 == from && word.word != 0;
        let enzyme = word.text(text).to_ascii_lowercase().ends_with("ase") && word.letters > 5;
        let name = word.is_word() && word.letters > 1 && ((word.case != Case::Lower && !opens) || enzyme);
        if ordinary || !name || tokens[first].lines > 0 {
            break;
        }
        first -= 1;
    }
    let all_capitals = tokens[first..at].iter().all(|t| t.case == Case::Upper) && tokens[at].case == Case::Upper;
    (first < at && !all_capitals).then_some(Match { first, end: at + 1, concept: None, rule: Rule::Pattern })
}
