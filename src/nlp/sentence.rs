//! Sentences: where one ends, in spite of abbreviations, lists, tables and odd line breaks.

use crate::token::{Case, Kind, Token};

/// A sentence of more tokens is cut: what is said reaches no further, and work stays linear.
const LONGEST: usize = 240;
/// A line shorter than this (in bytes) was ended on purpose, a longer one was wrapped.
const WRAPPED: u32 = 55;

/// Words whose full stop ends no sentence.
const DOTTED: [&str; 34] = [
    "dr", "mr", "mrs", "ms", "prof", "st", "vs", "approx", "pt", "pts", "no", "nos", "dept", "fig", "inc", "jr", "sr", "mt", "etc", "temp", "resp", "wt", "ht",
    "hx", "dx", "tx", "rx", "mg", "ml", "cm", "mm", "hr", "hrs", "al",
];

/// After these a line goes on, however short.
const GOES_ON: [&str; 34] = [
    "and", "or", "with", "of", "the", "no", "for", "a", "an", "any", "in", "to", "by", "from", "at", "on", "as", "not", "without", "nor", "but", "is", "was",
    "are", "were", "has", "had", "have", "denies", "denied", "his", "her", "if", "than",
];

/// A list under one of these is denied as a whole; its first item stands within so many tokens.
const DENIES: [&str; 5] = ["denies", "denied", "denying", "without", "negatives"];
const LEAD: usize = 12;

/// What answers the question before it ("Any bleeding? No.") and belongs to it.
const ANSWERS: [&str; 8] = ["no", "none", "yes", "denies", "denied", "never", "negative", "positive"];

/// Whether a new sentence begins at token `at`, the current one having begun at `from`;
/// `line` is the first token of the current line.
pub(crate) fn begins(text: &str, tokens: &[Token], from: usize, at: usize, line: usize) -> bool {
    if at <= from {
        return false;
    }
    let (token, previous) = (&tokens[at], &tokens[at - 1]);
    if at - from >= LONGEST || token.lines >= 2 {
        return true;
    }
    if token.lines == 1 && line_was_ended(text, tokens, from, at, line) {
        return true;
    }
    match previous.kind {
        // "? appendicitis": a question mark that stands apart asks about what follows.
        Kind::Mark(b'?') if ANSWERS.iter().any(|a| token.text(text).eq_ignore_ascii_case(a)) => false,
        Kind::Mark(b'!' | b'?') => token.spaced && !previous.spaced,
        Kind::Mark(b'.') => token.spaced && stop_ends(text, tokens, from, at),
        _ => false,
    }
}

/// Whether the list whose item begins at `at` hangs on a denial: "denies:" and a bullet for each thing.
///
/// The first item's line is looked for near the beginning of the sentence, which is where such a list begins.
fn led_in(text: &str, tokens: &[Token], from: usize, at: usize) -> bool {
    let Some(item) = (from + 1..=at.min(from + LEAD)).find(|&t| tokens[t].lines == 1) else { return false };
    let last = if tokens[item - 1].is_mark(b':') { item.checked_sub(2).filter(|&t| t >= from) } else { Some(item - 1) };
    last.is_some_and(|t| DENIES.iter().any(|w| tokens[t].text(text).eq_ignore_ascii_case(w)))
        || last
            .filter(|&t| t > from)
            .is_some_and(|t| tokens[t].text(text).eq_ignore_ascii_case("for") && tokens[t - 1].text(text).eq_ignore_ascii_case("negative"))
}

fn line_was_ended(text: &str, tokens: &[Token], from: usize, at: usize, line: usize) -> bool {
    let (token, previous) = (&tokens[at], &tokens[at - 1]);
    let bullet = matches!(token.kind, Kind::Mark(b'-' | b'*' | b'+' | b'#' | b'>' | b'o' | 0));
    let number = token.kind == Kind::Number && tokens.get(at + 1).is_some_and(|t| t.is_mark(b'.') || t.is_mark(b')'));
    if (bullet || number) && led_in(text, tokens, from, at) {
        return false;
    }
    if bullet || number || matches!(previous.kind, Kind::Mark(b'.' | b':' | b'!' | b'?' | b';')) {
        return true;
    }
    let goes_on = previous.is_mark(b',') || GOES_ON.iter().any(|w| previous.text(text).eq_ignore_ascii_case(w));
    if goes_on {
        return false;
    }
    let short = previous.end - tokens[line.min(at - 1)].start < WRAPPED;
    short || (matches!(token.case, Case::Upper) && tokens.get(at + 1).is_some_and(|t| t.is_mark(b':')))
}

/// Whether the full stop before token `at` ends the sentence that began at `from`.
fn stop_ends(text: &str, tokens: &[Token], from: usize, at: usize) -> bool {
    let token = &tokens[at];
    let Some(before) = at.checked_sub(2).filter(|&b| b >= from).map(|b| &tokens[b]) else { return true };
    let next_lower = token.is_word() && token.case == Case::Lower;
    match before.kind {
        // "1. Hypertension": the number of a list belongs to what it numbers.
        Kind::Number if at - 2 == from => false,
        Kind::Word => {
            let word = before.text(text);
            let letter = word.len() == 1;
            if letter && before.spaced && !next_lower && word.chars().all(char::is_uppercase) {
                // An initial ("J. Smith"), unless it ends a dotted abbreviation ("P.O.").
                return false;
            }
            if letter && next_lower {
                return false;
            }
            !DOTTED
                .iter()
                .any(|d| word.eq_ignore_ascii_case(d) && (next_lower || d.len() < 4 && !matches!(*d, "mg" | "ml" | "cm" | "mm" | "no" | "hr" | "hrs" | "al")))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::Lexicon;
    use crate::token::tokenise;

    fn cut(text: &str) -> Vec<&str> {
        let lexicon = Lexicon::embedded().expect("the embedded lexicon");
        let mut tokens = Vec::new();
        tokenise(&lexicon, text, 0, text.len(), &mut tokens);
        let (mut from, mut line, mut out) = (0, 0, Vec::new());
        for at in 0..tokens.len() {
            let new = begins(text, &tokens, from, at, line);
            if tokens[at].lines > 0 {
                line = at;
            }
            if new {
                out.push(&text[tokens[from].start as usize..tokens[at - 1].end as usize]);
                from = at;
            }
        }
        if let (Some(first), Some(last)) = (tokens.get(from), tokens.last()) {
            out.push(&text[first.start as usize..last.end as usize]);
        }
        out
    }

    #[test]
    fn abbreviations_end_no_sentence() {
        assert_eq!(cut("Seen by Dr. Smith at 5 p.m. today. No fever."), ["Seen by Dr. Smith at 5 p.m. today.", "No fever."]);
    }

    #[test]
    fn a_wrapped_line_goes_on_and_a_short_line_ends() {
        let wrapped = "The patient has had a cough for three weeks and she denies any\nfever or chills.";
        assert_eq!(cut(wrapped).len(), 1);
        assert_eq!(cut("Hypertension\nDiabetes\nNo known allergies").len(), 3);
    }

    #[test]
    fn numbers_of_a_list_stay_with_their_item() {
        assert_eq!(cut("1. Hypertension.\n2. Asthma."), ["1. Hypertension.", "2. Asthma."]);
    }
}
