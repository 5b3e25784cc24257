//! Section headings: where a part of a note begins and what it implies.
//!
//! A heading stands at the start of a line or sentence and is followed by a colon or the end
//! of the line; a heading in capitals with a colon counts anywhere.

use crate::finding::Section;
use crate::lexicon::Lexicon;
use crate::token::{Case, Token};

/// A part of a note as the engine sees it: finer than what is told outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Part {
    Told(Section),
    /// Habits, work, travel: told as history.
    Social,
    /// What the patient is protected against: no disease of theirs.
    Vaccines,
    /// What it may be ("differential diagnosis").
    Doubt,
    #[default]
    None,
}

/// In the order of `SECTIONS` in `lexicon/build.py`.
const PARTS: [Part; 16] = [
    Part::Told(Section::Complaint),
    Part::Told(Section::Hpi),
    Part::Told(Section::History),
    Part::Told(Section::Family),
    Part::Told(Section::Ros),
    Part::Told(Section::Exam),
    Part::Told(Section::Results),
    Part::Told(Section::Medications),
    Part::Told(Section::Allergies),
    Part::Told(Section::Assessment),
    Part::Told(Section::Plan),
    Part::Told(Section::Other),
    Part::Social,
    Part::None,
    Part::Vaccines,
    Part::Doubt,
];
/// The value in the trie for names of organs ("Abdomen:"), which open a part of an examination
/// only where no other section is open; its place in `PARTS` is empty.
const ORGAN: u32 = 14;

impl Part {
    /// The section that the outside is told.
    pub(crate) fn section(self) -> Section {
        match self {
            Part::Told(section) => section,
            Part::Social | Part::Vaccines => Section::History,
            Part::Doubt => Section::Assessment,
            Part::None => Section::Other,
        }
    }

    /// The bit of an abbreviation sense's section mask.
    pub(crate) fn bit(self) -> u32 {
        let part = Part::Told(self.section());
        PARTS.iter().position(|&p| p == part).map_or(1 << 11, |at| 1 << at)
    }
}

/// A heading: its tokens end before `next`, where the section's text begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heading {
    pub next: usize,
    pub part: Part,
}

/// The heading that begins at token `at`, if one does.
pub(crate) fn heading(lexicon: &Lexicon, tokens: &[Token], at: usize, current: Part) -> Option<Heading> {
    let first = tokens.get(at)?;
    let opens_line = first.lines > 0 || at == 0;
    let previous = at.checked_sub(1).and_then(|p| tokens.get(p));
    let opens = opens_line || previous.is_some_and(|p| p.is_mark(b'.') || p.is_mark(b';') || p.is_mark(b']') || p.is_mark(b'*') || p.is_mark(b'-'));
    let capitals = first.case == Case::Upper;
    if !opens && !capitals {
        return None;
    }
    let (mut node, mut end, mut value) = (0, at, 0);
    for (offset, token) in tokens[at..].iter().take(9).enumerate() {
        if offset > 0 && token.lines > 0 {
            break;
        }
        if token.word == 0 {
            break;
        }
        match lexicon.sections.child(node, token.word) {
            Some(child) => node = child,
            None => break,
        }
        if lexicon.sections.value(node) != 0 {
            (end, value) = (at + offset + 1, lexicon.sections.value(node));
        }
    }
    if value == 0 {
        return None;
    }
    let all_capitals = tokens[at..end].iter().all(|t| !t.is_word() || t.case == Case::Upper || t.letters == 1);
    // "DIAGNOSIS(ES):", "PROCEDURE(S):".
    if let [open, inside, close, ..] = &tokens[end..]
        && open.is_mark(b'(')
        && inside.is_word()
        && inside.letters <= 2
        && close.is_mark(b')')
        && !open.spaced
    {
        end += 3;
    }
    let next = tokens.get(end);
    let colon = next.is_some_and(|t| t.is_mark(b':') && t.lines == 0);
    let line_ends = next.is_none_or(|t| t.lines > 0);
    let dash = next.is_some_and(|t| t.is_mark(b'-') && t.spaced && t.lines == 0) && all_capitals;
    let begins_capital = !matches!(first.case, Case::Lower);
    let whole = end - at > 1 || first.letters > 3 || all_capitals;
    let taken = if opens_line {
        colon || (line_ends && begins_capital && whole) || dash
    } else if opens {
        colon && begins_capital
    } else {
        // "R/o PE: low suspicion": a short one in the middle of words is none.
        let amid = end == at + 1 && first.letters <= 3 && previous.is_some_and(|p| p.is_word() && p.case != Case::Upper);
        colon && all_capitals && first.letters > 1 && !amid
    };
    if !taken {
        return None;
    }
    let part = if value == ORGAN { if current == Part::None { Part::Told(Section::Exam) } else { current } } else { *PARTS.get(value as usize - 1)? };
    Some(Heading { next: if colon || dash { end + 1 } else { end }, part })
}
