//! Cues: the words around findings that say how they are meant.

use std::ops::Range;

use crate::lexicon::Lexicon;
use crate::section::Part;
use crate::sign::Signs;
use crate::token::Token;

/// What a cue does, as bits, in the order of `CUES` in `lexicon/build.py`.
pub(crate) mod kind {
    pub(crate) const NEGATE: u32 = 1;
    pub(crate) const NEGATE_BACK: u32 = 1 << 1;
    pub(crate) const POSSIBLE: u32 = 1 << 2;
    pub(crate) const POSSIBLE_BACK: u32 = 1 << 3;
    pub(crate) const HISTORY: u32 = 1 << 4;
    pub(crate) const HISTORY_BACK: u32 = 1 << 5;
    pub(crate) const HYPOTHETICAL: u32 = 1 << 6;
    pub(crate) const FAMILY: u32 = 1 << 7;
    pub(crate) const OTHER_PERSON: u32 = 1 << 8;
    pub(crate) const STOP: u32 = 1 << 9;
    pub(crate) const AFFIRM: u32 = 1 << 10;
    pub(crate) const PSEUDO: u32 = 1 << 11;
    pub(crate) const SEVERITY: u32 = 1 << 12;
    pub(crate) const LATERALITY: u32 = 1 << 13;
    pub(crate) const SITE: u32 = 1 << 14;
    pub(crate) const SKIP: u32 = 1 << 15;
    pub(crate) const RESOLVED: u32 = 1 << 16;
    pub(crate) const REPORTS: u32 = 1 << 18;
    pub(crate) const RECENT: u32 = 1 << 19;
    pub(crate) const SUBJECT: u32 = 1 << 20;
    pub(crate) const HISTORY_NEAR: u32 = 1 << 21;
    pub(crate) const HEAD: u32 = 1 << 22;
    pub(crate) const NOT_EPONYM: u32 = 1 << 23;
    pub(crate) const CLAUSE: u32 = 1 << 17;
    pub(crate) const FORM: u32 = 1 << 24;
    pub(crate) const FAMILY_BACK: u32 = 1 << 25;
    pub(crate) const JOINT: u32 = 1 << 26;
    pub(crate) const EVENT: u32 = 1 << 27;
    pub(crate) const HYPOTHETICAL_BACK: u32 = 1 << 28;
    pub(crate) const SLIGHT: u32 = 1 << 29;
    pub(crate) const PRESENT: u32 = 1 << 30;
    pub(crate) const WHILE: u32 = 1 << 31;
}

/// A cue in a sentence: tokens `first..end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cue {
    pub first: usize,
    pub end: usize,
    pub kinds: u32,
}

impl Cue {
    pub(crate) fn is(&self, kinds: u32) -> bool {
        self.kinds & kinds != 0
    }
}

/// The longest cues of `tokens[from..to]`, left to right, none overlapping another.
///
/// A cue that begins before a mention ends before it: in "without complications" the mention is
/// "complications", and the cue "without". `mentions` gives where mentions begin, in order.
pub(crate) fn find(
    lexicon: &Lexicon,
    text: &str,
    tokens: &[Token],
    sentence: Range<usize>,
    part: Part,
    mentions: impl Iterator<Item = usize>,
    out: &mut Vec<Cue>,
) {
    out.clear();
    let Range { start: from, end } = sentence;
    let mut signs = Signs::of(text, tokens, sentence, part);
    let mut at = from;
    let mut mentions = mentions.peekable();
    while at < end {
        while mentions.next_if(|&m| m <= at).is_some() {}
        let to = mentions.peek().copied().unwrap_or(end).min(end);
        if let Some(cue) = signs.read(at, to) {
            at = cue.end;
            out.push(cue);
            continue;
        }
        let (mut node, mut end, mut kinds) = (0, at, 0);
        let mut next = at;
        while next < to && tokens[next].word != 0 {
            match lexicon.cues.child(node, tokens[next].word) {
                Some(child) => node = child,
                None => break,
            }
            next += 1;
            let value = lexicon.cues.value(node);
            if value != 0 {
                (end, kinds) = (next, value);
            }
        }
        if kinds != 0 {
            out.push(Cue { first: at, end, kinds });
            at = end;
        } else {
            at += 1;
        }
    }
}
