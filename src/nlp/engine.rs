//! The engine: one text in, its findings out.
//!
//! Works through a text in blocks of bounded size, so that memory does not grow with the text;
//! the section carries over from block to block.

use crate::abbreviation::ShortForms;
use crate::confidence::{self, Evidence};
use crate::context::{self, Scene};
use crate::cue::{self, Cue};
use crate::finding::{Category, Code, Context, Document, Finding, Section, Trigger};
use crate::lexicon::{ConceptKind, Lexicon, LexiconError};
use crate::matcher::{self, Match};
use crate::section::{self, Part};
use crate::token::{Token, tokenise};
use crate::{modifier, pattern, sentence};

/// No document has more findings than this.
pub const MAX_FINDINGS: usize = 50_000;
/// A block of text is about this long, in bytes.
const BLOCK: usize = 32 * 1024;

/// Reads clinical text. Built once, shared by all threads.
#[derive(Debug)]
pub struct Engine {
    lexicon: Lexicon,
}

/// Buffers that are used again from block to block.
#[derive(Default)]
struct Desk {
    tokens: Vec<Token>,
    cues: Vec<Cue>,
    matches: Vec<Match>,
}

impl Engine {
    /// The engine with the lexicon of this binary.
    ///
    /// # Errors
    /// The embedded lexicon is of another version or damaged: a fault of the build.
    pub fn new() -> Result<Engine, LexiconError> {
        Ok(Engine { lexicon: Lexicon::embedded()? })
    }

    /// The lexicon's version.
    pub fn lexicon_version(&self) -> &'static str {
        self.lexicon.version()
    }

    /// How many terms the lexicon holds.
    pub fn terms(&self) -> usize {
        self.lexicon.len()
    }

    /// The findings of a text, in its order. Same text, same findings; linear time.
    pub fn read(&self, text: &str) -> Document {
        let mut document = Document::default();
        if text.len() >= u32::MAX as usize {
            document.truncated = true;
            return document;
        }
        let forms = ShortForms::of(&self.lexicon, text);
        let mut desk = Desk::default();
        let mut part = Part::default();
        let mut from = 0;
        while from < text.len() && !document.truncated {
            let to = block_end(text, from);
            tokenise(&self.lexicon, text, from, to, &mut desk.tokens);
            self.block(text, &mut desk, &mut part, &forms, &mut document);
            from = to;
        }
        document
    }

    fn block(&self, text: &str, desk: &mut Desk, part: &mut Part, forms: &ShortForms, document: &mut Document) {
        let (mut at, mut from, mut line) = (0, 0, 0);
        while at < desk.tokens.len() && !document.truncated {
            if let Some(heading) = section::heading(&self.lexicon, &desk.tokens, at, *part) {
                self.sentence(text, desk, from, at, *part, forms, document);
                *part = heading.part;
                (at, from, line) = (heading.next, heading.next, heading.next);
                continue;
            }
            if sentence::begins(text, &desk.tokens, from, at, line) {
                self.sentence(text, desk, from, at, *part, forms, document);
                from = at;
            }
            if desk.tokens[at].lines > 0 {
                line = at;
            }
            at += 1;
        }
        self.sentence(text, desk, from, desk.tokens.len(), *part, forms, document);
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one pass over the text")]
    fn sentence(&self, text: &str, desk: &mut Desk, from: usize, to: usize, part: Part, forms: &ShortForms, document: &mut Document) {
        if from >= to {
            return;
        }
        let Desk { tokens, cues, matches } = desk;
        matches.clear();
        matcher::find(&self.lexicon, text, tokens, from, to, part, forms, matches);
        pattern::extend(&self.lexicon, text, tokens, from, to, matches);
        if matches.is_empty() {
            return;
        }
        cue::find(&self.lexicon, text, tokens, from..to, part, matches.iter().map(|m| m.first), cues);
        outside(cues, matches);
        let scene = Scene { lexicon: &self.lexicon, text, tokens, from, to, cues, part };
        for found in matches.iter() {
            if document.findings.len() >= MAX_FINDINGS {
                document.truncated = true;
                return;
            }
            if let Some(finding) = self.finding(text, &scene, found) {
                document.findings.push(finding);
            }
        }
    }

    fn finding(&self, text: &str, scene: &Scene<'_>, found: &Match) -> Option<Finding> {
        let (start, end) = (scene.tokens[found.first].start as usize, scene.tokens[found.end - 1].end as usize);
        let mention = text.get(start..end)?;
        let section = scene.part.section();
        let mut category = match found.concept.map_or(ConceptKind::Disease, |c| self.lexicon.kind(c)) {
            ConceptKind::Disease => Category::Disease,
            ConceptKind::Symptom => Category::Symptom,
            ConceptKind::Finding => Category::Finding,
            ConceptKind::Medication => Category::Medication,
            ConceptKind::Allergen => Category::Allergy,
            ConceptKind::Nothing => return None,
        };
        let name = found.concept.map_or(mention, |c| self.lexicon.name(c));
        if matches!(category, Category::Medication | Category::Allergy) {
            let allergic = section == Section::Allergies || self.says_allergy(scene, found);
            match (allergic, category) {
                (true, _) => category = Category::Allergy,
                (false, Category::Allergy) => return None,
                (false, _) => {}
            }
        }
        let codes: Vec<Code> = found.concept.into_iter().flat_map(|c| self.lexicon.codes(c)).map(|(system, code)| Code { system, code }).collect();
        let mut context = context::classify(scene, found.first, found.end);
        if let Some(prefix) = pattern::denied(text, scene.tokens, found.first)
            && !context.negated
        {
            let token = &scene.tokens[prefix];
            context.negated = true;
            context.triggers.push(Trigger { decides: "negated", start: token.start as usize, end: token.end as usize });
        }
        if category == Category::Allergy && section == Section::Allergies {
            // What was once found out still holds.
            context.historical = false;
        }
        let evidence = Evidence { rule: found.rule, category, length: end - start };
        Some(Finding {
            start,
            end,
            category,
            name: name.to_owned(),
            codes,
            context,
            section,
            confidence: confidence::confidence(evidence),
            rule: found.rule,
            modifiers: modifier::of(&self.lexicon, scene.tokens, scene.from, scene.to, found.first, found.end),
        })
    }

    /// "allergic to penicillin", "penicillin allergy", whether that is the mention or stands beside it: a cat alone is a cat.
    fn says_allergy(&self, scene: &Scene<'_>, found: &Match) -> bool {
        let says = |at: usize| self.lexicon.is_allergy(scene.tokens[at].word);
        let here = |&at: &usize| !scene.tokens[at].is_mark(b';');
        (scene.from.max(found.first.saturating_sub(4))..found.end).rev().take_while(here).any(says)
            || (found.end..scene.to.min(found.end + 2)).take_while(here).any(says)
    }

    /// The context of a given span of a sentence, `start..end` in UTF-8 bytes.
    ///
    /// The sentence may hold a heading, or several sentences. A span outside the text, or not
    /// on character boundaries, has the default context.
    pub fn classify_span(&self, sentence: &str, start: usize, end: usize) -> Context {
        if sentence.get(start..end).is_none_or(str::is_empty) {
            return Context::default();
        }
        let mut desk = Desk::default();
        tokenise(&self.lexicon, sentence, 0, sentence.len(), &mut desk.tokens);
        let tokens = &desk.tokens;
        let first = tokens.partition_point(|t| (t.end as usize) <= start);
        let last = tokens.partition_point(|t| (t.start as usize) < end);
        if first >= last {
            return Context::default();
        }
        let (mut from, mut line, mut part, mut at) = (0, 0, Part::default(), 0);
        while at <= first {
            if let Some(heading) = section::heading(&self.lexicon, tokens, at, part) {
                part = heading.part;
                if heading.next > first {
                    // The span is in the heading itself ("ALLERGIES: to penicillin").
                    from = at;
                    break;
                }
                (at, from, line) = (heading.next, heading.next, heading.next);
                continue;
            }
            if sentence::begins(sentence, tokens, from, at, line) {
                from = at;
            }
            if tokens[at].lines > 0 {
                line = at;
            }
            at += 1;
        }
        let mut to = last;
        line = (line..last).rev().find(|&t| tokens[t].lines > 0).unwrap_or(line);
        while to < tokens.len() && !sentence::begins(sentence, tokens, from, to, line) && section::heading(&self.lexicon, tokens, to, part).is_none() {
            if tokens[to].lines > 0 {
                line = to;
            }
            to += 1;
        }
        cue::find(&self.lexicon, sentence, tokens, from..to, part, std::iter::once(first), &mut desk.cues);
        desk.cues.retain(|c| c.end <= first || c.first >= last);
        let scene = Scene { lexicon: &self.lexicon, text: sentence, tokens, from, to, cues: &desk.cues, part };
        context::classify(&scene, first, last)
    }
}

/// Leaves the cues that are no part of a mention ("absence seizure" denies nothing).
fn outside(cues: &mut Vec<Cue>, matches: &[Match]) {
    let mut at = 0;
    cues.retain(|cue| {
        while matches.get(at).is_some_and(|m| m.end <= cue.first) {
            at += 1;
        }
        !matches[at..].iter().take_while(|m| m.first <= cue.first).any(|m| cue.end <= m.end)
    });
}

/// Where the block that begins at `from` ends: after a blank line, a line, white space, or
/// at the latest at the next character boundary.
fn block_end(text: &str, from: usize) -> usize {
    let mut limit = from.saturating_add(BLOCK);
    if limit >= text.len() {
        return text.len();
    }
    while !text.is_char_boundary(limit) {
        limit += 1;
    }
    let block = &text[from..limit];
    let half = BLOCK / 2;
    for (mark, after) in [("\n\n", 2), ("\n", 1), (". ", 2), (" ", 1)] {
        if let Some(at) = block.rfind(mark).filter(|&at| at >= half) {
            return from + at + after;
        }
    }
    limit
}
