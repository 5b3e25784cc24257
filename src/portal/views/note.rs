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
    /// Its texts; none where the document is no text.
    pub texts: &'a [NoteText<'a>],
    /// What was found, by place.
    pub findings: &'a [Finding<'a>],
}

/// One text of a note: an attachment.
#[derive(Clone, Copy, Debug)]
pub struct NoteText<'a> {
    /// Its place in the DocumentReference's `content`, from 0.
    pub part: usize,
    /// What it is called.
    pub title: Option<&'a str>,
    /// The text.
    pub text: &'a str,
}

/// Something found in a note.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// The FHIR id of the Observation.
    pub id: &'a str,
    /// In which of the note's texts it stands ([`NoteText::part`]).
    pub part: usize,
    /// Where it stands in that text, in UTF-8 bytes; what is no place in it is listed and not highlighted.
    pub span: (usize, usize),
    /// What it is, in words.
    pub name: &'a str,
    /// What the text says about it.
    pub context: FindingContext,
    /// Its codes, as `system code`.
    pub codes: &'a [&'a str],
    /// The rule that recognised it.
    pub rule: Option<&'a str>,
    /// The words that led to the context.
    pub cue: Option<&'a str>,
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
    /// Another person has it.
    Other,
}

/// A doctor's judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// A Condition was made of it.
    Accepted,
    /// Entered in error.
    Rejected,
}

/// A step through a text with its highlights, which nest: what is opened last is closed first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'n> {
    /// Text, of every finding that is open.
    Text(&'n str),
    /// A finding begins, or goes on: `first` where its first words follow.
    Open { number: usize, context: FindingContext, first: bool },
    /// A finding ends, or is interrupted: `last` where its last words stand before.
    Close { number: usize, last: bool },
}

impl<'a> Note<'a> {
    /// One text step by step; what is to be shown together is all of it, and every finding that has a place in it is highlighted there,
    /// in others or across them too.
    pub(crate) fn steps(&'a self, of: &NoteText<'a>) -> Vec<Step<'a>> {
        let text = of.text;
        let is_place = |(start, end): (usize, usize)| text.get(start..end).is_some_and(|own| !own.is_empty());
        let mut found: Vec<_> = self.findings.iter().enumerate().filter(|(_, finding)| finding.part == of.part && is_place(finding.span)).collect();
        // What begins at the same place: the longer one around the shorter one.
        found.sort_by_key(|(number, finding)| (finding.span.0, std::cmp::Reverse(finding.span.1), *number));
        let mut found = found.into_iter().peekable();
        let (mut steps, mut at) = (Vec::new(), 0);
        // Number, end and context of those that are open, the outermost first.
        let mut open: Vec<(usize, usize, FindingContext)> = Vec::new();
        loop {
            let next = found.peek().map(|(_, finding)| finding.span.0);
            let Some(stop) = open.iter().map(|(_, end, _)| *end).chain(next).min() else { break };
            if at < stop {
                steps.push(Step::Text(text.get(at..stop).unwrap_or_default()));
                at = stop;
            }
            // Whatever was opened after one that ends here is interrupted, and goes on behind it.
            if let Some(outermost) = open.iter().position(|(_, end, _)| *end == at) {
                let inner = open.split_off(outermost);
                steps.extend(inner.iter().rev().map(|(number, end, _)| Step::Close { number: *number, last: *end == at }));
                for (number, end, context) in inner.into_iter().filter(|(_, end, _)| *end != at) {
                    steps.push(Step::Open { number, context, first: false });
                    open.push((number, end, context));
                }
            }
            while let Some((index, finding)) = found.next_if(|(_, finding)| finding.span.0 == at) {
                steps.push(Step::Open { number: index + 1, context: finding.context, first: true });
                open.push((index + 1, finding.span.1, finding.context));
            }
        }
        if at < text.len() {
            steps.push(Step::Text(text.get(at..).unwrap_or_default()));
        }
        steps
    }

    /// Whether a finding has a place in a text that is shown.
    pub(crate) fn has_place(&self, finding: &Finding<'_>) -> bool {
        let (start, end) = finding.span;
        self.texts.iter().any(|own| own.part == finding.part && own.text.get(start..end).is_some_and(|words| !words.is_empty()))
    }

    /// The finding of a number of the list, from 1.
    pub(crate) fn finding(&self, number: &usize) -> Option<&Finding<'a>> {
        self.findings.get(number.checked_sub(1)?)
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
            Self::Other => "other",
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
            Self::Other => t.finding_other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(span: (usize, usize)) -> Finding<'static> {
        let context = FindingContext::Affirmed;
        Finding { id: "1", part: 0, span, name: "x", context, codes: &[], rule: None, cue: None, confidence: None, acceptable: true, judgement: None }
    }

    /// What stands under each number, and how deep the marks nest.
    fn shown(text: &str, spans: &[(usize, usize)]) -> (Vec<String>, usize) {
        let findings: Vec<_> = spans.iter().copied().map(finding).collect();
        let own = [NoteText { part: 0, title: None, text }];
        let note = Note { id: "n", title: "t", written: None, by: None, texts: &own, findings: &findings };
        let (mut under, mut open, mut deepest, mut whole) = (vec![String::new(); spans.len()], Vec::new(), 0, String::new());
        let (mut begun, mut ended) = (vec![0; spans.len()], vec![0; spans.len()]);
        for step in note.steps(&own[0]) {
            match step {
                Step::Text(part) => {
                    assert!(!part.is_empty());
                    whole.push_str(part);
                    open.iter().for_each(|number: &usize| under[*number - 1].push_str(part));
                }
                Step::Open { number, first, .. } => {
                    open.push(number);
                    begun[number - 1] += usize::from(first);
                    deepest = deepest.max(open.len());
                }
                Step::Close { number, last } => {
                    assert_eq!(open.pop(), Some(number), "what is opened last is closed first");
                    ended[number - 1] += usize::from(last);
                }
            }
        }
        assert!(open.is_empty());
        assert_eq!(whole, text);
        for ((span, begun), ended) in spans.iter().zip(begun).zip(ended) {
            let is_place = usize::from(text.get(span.0..span.1).is_some_and(|own| !own.is_empty()));
            assert_eq!((begun, ended), (is_place, is_place), "{span:?}");
        }
        (under, deepest)
    }

    /// Seen to fail when a finding that begins before the last one ended was left out.
    #[test]
    fn every_finding_is_highlighted_where_it_stands_within_others_and_across_them() {
        let text = "chest pain on the left side";
        let spans = [(0, 10), (6, 10), (6, 27), (18, 27), (0, 10), (3, 8)];
        let (under, deepest) = shown(text, &spans);
        assert_eq!(under, spans.map(|(start, end)| &text[start..end]));
        assert_eq!(deepest, 5);
    }

    #[test]
    fn the_text_is_all_there_whatever_the_spans_say() {
        let text = "é fever, 😀 no cough";
        let spans = [(12, 14), (3, 8), (4, 9), (0, 99), (1, 2), (5, 5), (9, 3), (18, 23), (10, 14), (0, 2)];
        let (under, _) = shown(text, &spans);
        assert_eq!(under, ["", "fever", "ever,", "", "", "", "", "cough", "😀", "é"]);
        assert_eq!(shown("", &[(0, 0), (0, 1)]).0, ["", ""]);
    }

    /// Every set of three spans in a short text.
    #[test]
    fn any_three_spans_nest() {
        let spans: Vec<_> = (0..4).flat_map(|start| (start..5).map(move |end| (start, end))).collect();
        for a in &spans {
            for b in &spans {
                for c in &spans {
                    let three = [*a, *b, *c];
                    let (under, deepest) = shown("abcd", &three);
                    assert_eq!(under, three.map(|(start, end)| &"abcd"[start..end]));
                    assert!(deepest <= 3);
                }
            }
        }
    }
}
