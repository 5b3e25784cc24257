//! Modifiers of a finding: severity, side and place, as written around it.

use crate::cue::kind;
use crate::finding::Modifiers;
use crate::lexicon::Lexicon;
use crate::token::{Kind, Token};

/// How far before and after a mention modifiers are looked for, in tokens.
const BEFORE: usize = 4;
const AFTER: usize = 5;

/// The modifiers of the mention `first..end` in the sentence `from..to`.
pub(crate) fn of(lexicon: &Lexicon, tokens: &[Token], from: usize, to: usize, first: usize, end: usize) -> Modifiers {
    let mut modifiers = Modifiers::default();
    let span = |at: usize| (tokens[at].start as usize, tokens[at].end as usize);
    let mut take = |at: usize| {
        let flags = lexicon.flags(tokens[at].word);
        if flags & kind::SEVERITY != 0 && modifiers.severity.is_none() {
            modifiers.severity = Some(span(at));
        }
        if flags & kind::LATERALITY != 0 && modifiers.laterality.is_none() {
            modifiers.laterality = Some(span(at));
        }
    };
    (first..end).for_each(&mut take);
    for at in (from.max(first.saturating_sub(BEFORE))..first).rev() {
        if ends(&tokens[at]) {
            break;
        }
        take(at);
    }
    (end..to.min(end + AFTER)).take_while(|&at| !ends(&tokens[at])).for_each(take);
    modifiers.body_site = site(lexicon, tokens, to, end);
    modifiers
}

fn ends(token: &Token) -> bool {
    matches!(token.kind, Kind::Mark(b',' | b';' | b'.' | b':'))
}

/// "in the left knee", "of his foot": what stands after the preposition that follows the mention.
fn site(lexicon: &Lexicon, tokens: &[Token], to: usize, end: usize) -> Option<(usize, usize)> {
    if !tokens.get(end).filter(|_| end < to).is_some_and(|t| lexicon.is_preposition(t.word)) {
        return None;
    }
    let first = (end + 1..to.min(end + 5)).find(|&at| lexicon.flags(tokens[at].word) & kind::SKIP == 0)?;
    let last = (first..to.min(first + 3)).take_while(|&at| lexicon.flags(tokens[at].word) & kind::SITE != 0).last()?;
    Some((tokens[first].start as usize, tokens[last].end as usize))
}
