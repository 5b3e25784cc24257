//! Signs that answer for a finding: "+cough, -fever", "rash (+)", "-ve", "[x]", "Fever: N".
//!
//! Knows marks and where they stand; not what they stand beside. A minus is a sign only where
//! something shows that it is one: a plus in the same sentence, or a part of a note that asks.

use std::ops::Range;

use crate::cue::{Cue, kind};
use crate::finding::Section;
use crate::section::Part;
use crate::token::{Kind, Token};

/// Before a finding that is there: what was denied before it ends.
const YES: u32 = kind::AFFIRM | kind::STOP;
/// After a finding that is there.
const YES_BACK: u32 = kind::PRESENT | kind::STOP;

/// The signs of one sentence.
pub(crate) struct Signs<'a> {
    text: &'a str,
    tokens: &'a [Token],
    sentence: Range<usize>,
    /// Whether signs stand after what they answer for, as the first one told.
    behind: Option<bool>,
    /// Whether a part of the note asks for what is there and what is not.
    asks: bool,
    /// Whether the part is a plan, whose empty boxes are things to be done.
    to_do: bool,
    /// Whether a plus stands in the sentence, once it was looked for.
    plus: Option<bool>,
}

impl<'a> Signs<'a> {
    pub(crate) fn of(text: &'a str, tokens: &'a [Token], sentence: Range<usize>, part: Part) -> Signs<'a> {
        let asks = matches!(part, Part::Told(Section::Ros | Section::Exam | Section::Hpi | Section::Complaint));
        Signs { text, tokens, sentence, behind: None, asks, to_do: matches!(part, Part::Told(Section::Assessment | Section::Plan)), plus: None }
    }

    /// The sign that begins at token `at` and ends before `to`, if one does.
    pub(crate) fn read(&mut self, at: usize, to: usize) -> Option<Cue> {
        let token = &self.tokens[at];
        let (end, kinds) = match token.kind {
            Kind::Mark(b'(' | b'[') => self.boxed(at, to)?,
            Kind::Mark(sign @ (b'+' | b'-')) => self.bare(at, to, sign == b'+')?,
            Kind::Mark(0) => match token.text(self.text) {
                "\u{2610}" if !self.to_do => (at + 1, kind::NEGATE),
                "\u{b1}" => (at + 1, kind::POSSIBLE),
                "\u{2611}" | "\u{2612}" | "\u{2713}" | "\u{2714}" => (at + 1, YES),
                _ => return None,
            },
            Kind::Word if token.letters == 1 => self.letter(at)?,
            _ => return None,
        };
        Some(Cue { first: at, end, kinds })
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens[at].text(self.text).eq_ignore_ascii_case(word)
    }

    /// "(+)", "(-)", "[x]", "[ ]", before or after a finding.
    fn boxed(&mut self, at: usize, to: usize) -> Option<(usize, u32)> {
        let close = if self.tokens[at].is_mark(b'(') { b')' } else { b']' };
        let inside = self.tokens[at + 1..to].first()?;
        let (end, yes) = if inside.is_mark(close) && close == b']' && inside.spaced && !self.to_do {
            (at + 2, false)
        } else if self.tokens[at + 2..to].first()?.is_mark(close) {
            match inside.kind {
                Kind::Mark(b'+') => (at + 3, true),
                Kind::Mark(b'-') => (at + 3, false),
                Kind::Word if self.is(at + 1, "x") => (at + 3, true),
                _ => return None,
            }
        } else {
            return None;
        };
        let behind = self.stands_behind(at, end);
        Some((end, answer(yes, behind)))
    }

    /// "+cough", "cough +", "+ve", "-fever".
    fn bare(&mut self, at: usize, to: usize, yes: bool) -> Option<(usize, u32)> {
        let token = &self.tokens[at];
        if yes
            && let [slash, minus, ..] = &self.tokens[at + 1..to]
            && slash.is_mark(b'/')
            && minus.is_mark(b'-')
        {
            return Some((at + 3, kind::POSSIBLE));
        }
        let mut end = at + 1;
        while yes && end < to && self.tokens[end].is_mark(b'+') {
            end += 1;
        }
        let next = self.tokens[end..self.sentence.end].first();
        if next.is_some_and(|t| t.is_word() && !t.spaced && t.lines == 0) && self.is(end, "ve") {
            let for_what = self.tokens[end + 1..self.sentence.end].first().is_some_and(|t| t.is_word() && t.lines == 0) && self.is(end + 1, "for");
            let behind = !for_what && self.stands_behind(at, end + 1);
            return Some((end + 1, answer(yes, behind)));
        }
        let follows_word = at > self.sentence.start && token.lines == 0 && matches!(self.tokens[at - 1].kind, Kind::Word | Kind::Mark(b')'));
        let closes = next.is_none_or(|t| t.lines > 0 || matches!(t.kind, Kind::Mark(b',' | b';' | b'.' | b'|' | b'/')));
        if follows_word && closes {
            // "hematuria-": a hyphen alone at the end may be a dash.
            return (yes || self.has_plus()).then_some((end, answer(yes, true)));
        }
        let attached = next.is_some_and(|t| t.is_word() && !t.spaced && t.lines == 0);
        let item = at == self.sentence.start || matches!(self.tokens[at - 1].kind, Kind::Mark(b',' | b':' | b';' | b'(' | b'|'));
        let opens = item || token.spaced || self.tokens[at - 1].is_mark(b'/');
        let bullet = token.lines > 0 || at == 0;
        let sign = if yes {
            attached || item && !bullet
        } else {
            (attached && (!bullet || self.has_plus()) && (self.asks || self.has_plus())) || item && !bullet && self.has_plus()
        };
        (opens && sign && next.is_some_and(Token::is_word)).then_some((end, answer(yes, false)))
    }

    /// "Fever: N", "Cough = y".
    fn letter(&self, at: usize) -> Option<(usize, u32)> {
        let yes = if self.is(at, "y") {
            true
        } else if self.is(at, "n") {
            false
        } else {
            return None;
        };
        let asked = at > self.sentence.start && matches!(self.tokens[at - 1].kind, Kind::Mark(b':' | b'=' | b'?' | b'-'));
        let closes = self.tokens[at + 1..self.sentence.end].first().is_none_or(|t| t.lines > 0 || matches!(t.kind, Kind::Mark(b',' | b';' | b'.' | b'|')));
        (asked && closes).then_some((at + 1, answer(yes, true)))
    }

    /// Whether the sign `at..end` stands after what it answers for.
    fn stands_behind(&mut self, at: usize, end: usize) -> bool {
        if let Some(behind) = self.behind {
            return behind;
        }
        let after_word = at > self.sentence.start && self.tokens[at].lines == 0 && self.tokens[at - 1].is_word();
        let before_word = self.tokens[end..self.sentence.end].first().is_some_and(|t| t.is_word() && t.lines == 0);
        let behind = after_word && !before_word;
        self.behind = Some(behind);
        behind
    }

    fn has_plus(&mut self) -> bool {
        if self.plus.is_none() {
            // "90+ years" and "2+ edema" are amounts.
            let counts = |t: &[Token]| t[1].is_mark(b'+') && (t[1].spaced || t[0].kind != Kind::Number);
            let here = &self.tokens[self.sentence.clone()];
            self.plus = Some(here.first().is_some_and(|t| t.is_mark(b'+')) || here.windows(2).any(counts));
        }
        self.plus == Some(true)
    }
}

fn answer(yes: bool, behind: bool) -> u32 {
    match (yes, behind) {
        (true, false) => YES,
        (true, true) => YES_BACK,
        (false, false) => kind::NEGATE,
        (false, true) => kind::NEGATE_BACK,
    }
}
