//! A note with what software found in it: colour and shape of each place tell the context, the list beside it says why.

use crate::dates::Moment;
use crate::frame::Frame;

/// A note on a chart page.
#[derive(Clone, Debug)]
pub struct Note<'a> {
    /// The FHIR id of the DocumentReference.
    pub id: &'a str,
    /// What it is.
    pub title: &'a str,
    /// When it was written.
    pub written: Option<Moment>,
    /// Who wrote it.
    pub by: Option<&'a str>,
    /// The text; `None` where the document is none.
    pub text: Option<&'a str>,
    /// What was found, by place.
    pub findings: &'a [Finding<'a>],
}

/// Something found in a note.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// The FHIR id of the Observation.
    pub id: &'a str,
    /// Where it stands in the text, in UTF-8 bytes; places that overlap or are none are listed and not highlighted.
    pub span: (usize, usize),
    /// What it is, in words.
    pub name: &'a str,
    /// What the text says about it.
    pub context: FindingContext,
    /// Its codes, as `system code`.
    pub codes: &'a [&'a str],
    /// The rule and the words that led to the context.
    pub why: Option<&'a str>,
    /// How sure, in percent.
    pub confidence: Option<u8>,
    /// Whether a Condition can be made of it: only of what the note affirms.
    pub acceptable: bool,
    /// What a doctor said of it.
    pub judgement: Option<Judgement>,
}

/// What a text says about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingContext {
    /// The patient has it.
    Affirmed,
    /// The patient does not have it.
    Negated,
    /// The patient may have it.
    Uncertain,
    /// The patient had it.
    Historical,
    /// Spoken of for a case that may come.
    Hypothetical,
    /// Somebody of the family has it.
    Family,
}

/// A doctor's judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// A Condition was made of it.
    Accepted,
    /// Entered in error.
    Rejected,
}

/// A piece of a note: plain, or a finding's.
pub(crate) struct Piece<'n> {
    pub(crate) text: &'n str,
    pub(crate) finding: Option<(usize, &'n Finding<'n>)>,
}

impl<'a> Note<'a> {
    /// The text in pieces that together are all of it, whatever the spans say.
    pub(crate) fn pieces(&'a self) -> Vec<Piece<'a>> {
        let text = self.text.unwrap_or_default();
        let mut found: Vec<_> = self.findings.iter().enumerate().collect();
        found.sort_by_key(|(_, finding)| finding.span);
        let (mut pieces, mut at) = (Vec::new(), 0);
        for (index, finding) in found {
            let (start, end) = finding.span;
            let (Some(before), Some(own)) = (text.get(at..start), text.get(start..end)) else { continue };
            if own.is_empty() {
                continue;
            }
            if !before.is_empty() {
                pieces.push(Piece { text: before, finding: None });
            }
            pieces.push(Piece { text: own, finding: Some((index + 1, finding)) });
            at = end;
        }
        if at < text.len() {
            pieces.push(Piece { text: text.get(at..).unwrap_or_default(), finding: None });
        }
        pieces
    }
}

impl FindingContext {
    /// The class of the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Affirmed => "affirmed",
            Self::Negated => "negated",
            Self::Uncertain => "uncertain",
            Self::Historical => "historical",
            Self::Hypothetical => "hypothetical",
            Self::Family => "family",
        }
    }

    pub(crate) fn words(self, frame: &Frame<'_>) -> &'static str {
        let t = frame.t();
        match self {
            Self::Affirmed => t.finding_affirmed,
            Self::Negated => t.finding_negated,
            Self::Uncertain => t.finding_uncertain,
            Self::Historical => t.finding_historical,
            Self::Hypothetical => t.finding_hypothetical,
            Self::Family => t.finding_family,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(span: (usize, usize)) -> Finding<'static> {
        Finding { id: "1", span, name: "x", context: FindingContext::Affirmed, codes: &[], why: None, confidence: None, acceptable: true, judgement: None }
    }

    #[test]
    fn the_pieces_of_a_note_are_its_text_whatever_the_spans_say() {
        let text = "é fever, 😀 no cough";
        let spans = [(12, 14), (3, 8), (4, 9), (0, 99), (1, 2), (5, 5), (9, 3), (18, 23)];
        let findings: Vec<_> = spans.into_iter().map(finding).collect();
        let note = Note { id: "n", title: "t", written: None, by: None, text: Some(text), findings: &findings };
        let pieces = note.pieces();
        assert_eq!(pieces.iter().map(|piece| piece.text).collect::<String>(), text);
        let marked: Vec<_> = pieces.iter().filter(|piece| piece.finding.is_some()).map(|piece| piece.text).collect();
        assert_eq!(marked, ["fever", "cough"]);
    }
}
