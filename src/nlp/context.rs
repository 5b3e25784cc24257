//! Context: whether a mention is negated, possible, of the past, only a condition, or another person's.
//!
//! Knows cues and the order of words; not what the mention is about. From the mention the
//! words are read outwards, to the left for cues that reach forward ("no", "history of") and to
//! the right for those that reach back ("was ruled out"), until something ends their reach.

use crate::clause::{joins, opens_clause};
use crate::cue::{Cue, kind};
use crate::finding::{Context, Experiencer, Section, Trigger};
use crate::lexicon::Lexicon;
use crate::section::Part;
use crate::steps::step;
use crate::token::{Kind, Token};
use crate::when::{background, for_days, in_a_year};

/// A backward cue stands at most so many tokens after the mention.
const BACKWARD: usize = 12;

/// "Previous", "old": the mention stands within so many tokens.
const NEAR: usize = 4;

/// A sentence with its cues.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub lexicon: &'a Lexicon,
    pub text: &'a str,
    pub tokens: &'a [Token],
    /// The sentence's tokens: `from..to`.
    pub from: usize,
    pub to: usize,
    pub cues: &'a [Cue],
    pub part: Part,
}

/// What still reaches the mention while words are read to the left.
struct Reach {
    negate: bool,
    possible: bool,
    history: bool,
    /// Whether "prior" still is about the mention and not about what was done for it.
    near: bool,
    hypothetical: bool,
    person: bool,
    /// Whether the clause tells what is now ("presents with").
    now: bool,
}

/// The context of the mention `first..end` (tokens).
pub(crate) fn classify(scene: &Scene<'_>, first: usize, end: usize) -> Context {
    let mut context = Context::default();
    let now = leftwards(scene, first, end, &mut context);
    rightwards(scene, first, end, &mut context);
    in_a_year(scene, end, &mut context);
    if context.historical && for_days(scene, end) {
        context.historical = false;
        context.triggers.retain(|t| t.decides != "historical");
    }
    if !context.historical && !now && background(scene, first, end) {
        context.historical = true;
    }
    by_section(scene, now, &mut context);
    context
}

fn trigger(scene: &Scene<'_>, cue: &Cue, decides: &'static str) -> Trigger {
    Trigger { decides, start: scene.tokens[cue.first].start as usize, end: scene.tokens[cue.end - 1].end as usize }
}

/// What the words before the mention say; whether they tell what is now.
fn leftwards(scene: &Scene<'_>, first: usize, end: usize, context: &mut Context) -> bool {
    let mut reach = Reach { negate: !opens_clause(scene, first, end), possible: true, history: true, near: true, hypothetical: true, person: true, now: false };
    let mut cues = scene.cues.partition_point(|c| c.end <= first);
    let mut at = first;
    while at > scene.from {
        step();
        if cues > 0 && scene.cues[cues - 1].end == at {
            cues -= 1;
            let cue = scene.cues[cues];
            at = cue.first;
            before(scene, cues, &cue, first, &mut reach, context);
            continue;
        }
        at -= 1;
        let token = &scene.tokens[at];
        match token.kind {
            // What stands in parentheses that close before the mention says nothing of it.
            Kind::Mark(b')') => {
                if list_number(scene, at) {
                    reach.negate = false;
                    reach.possible = false;
                } else if let Some(open) = opening(scene, at) {
                    at = open;
                    cues = scene.cues.partition_point(|c| c.end <= open);
                }
            }
            Kind::Mark(b';' | b'|') => {
                reach.negate = false;
                reach.possible = false;
                reach.hypothetical = false;
                reach.person = false;
            }
            Kind::Mark(b':') => {
                let cue_before = scene.cues[..cues].last().is_some_and(|c| c.end == at && c.is(kind::NEGATE | kind::POSSIBLE | kind::HISTORY | kind::FAMILY));
                if !cue_before {
                    reach.negate = false;
                    reach.possible = false;
                }
            }
            _ => {}
        }
    }
    reach.now
}

/// A cue to the left of the mention.
fn before(scene: &Scene<'_>, index: usize, cue: &Cue, first: usize, reach: &mut Reach, context: &mut Context) {
    // "Cannot be excluded" looks like a negation and is none; it may still mean doubt.
    let negates = cue.is(kind::NEGATE) && !cue.is(kind::PSEUDO);
    if negates && reach.negate && !context.negated {
        context.negated = true;
        // What was in doubt before ("evaluated for a stroke, CT negative for bleeding") is so no longer.
        reach.possible &= cue.is(kind::POSSIBLE);
        context.triggers.push(trigger(scene, cue, "negated"));
    }
    if cue.is(kind::POSSIBLE) && reach.possible && !context.uncertain && !denied_doubt(scene, index) {
        context.uncertain = true;
        context.triggers.push(trigger(scene, cue, "uncertain"));
    }
    if cue.is(kind::HISTORY) && reach.history && !context.historical {
        context.historical = true;
        context.triggers.push(trigger(scene, cue, "historical"));
    }
    if cue.is(kind::HISTORY_NEAR) && reach.history && reach.near && !context.historical && first - cue.end < NEAR && !comma_between(scene, cue.end, first) {
        context.historical = true;
        context.triggers.push(trigger(scene, cue, "historical"));
    }
    if cue.is(kind::HYPOTHETICAL) && reach.hypothetical && !context.hypothetical {
        context.hypothetical = true;
        context.triggers.push(trigger(scene, cue, "hypothetical"));
    }
    if cue.is(kind::FAMILY | kind::OTHER_PERSON) && reach.person && context.experiencer == Experiencer::Patient && !only_reports(scene, index) {
        context.experiencer = if cue.is(kind::FAMILY) { Experiencer::Family } else { Experiencer::Other };
        context.historical |= cue.is(kind::FAMILY);
        context.triggers.push(trigger(scene, cue, "experiencer"));
    }
    if cue.is(kind::RECENT) {
        reach.history = false;
        reach.now |= cue.is(kind::AFFIRM);
    }
    if cue.is(kind::SUBJECT) {
        reach.person = false;
    }
    if cue.is(kind::STOP) {
        reach.negate = false;
        reach.possible = false;
        reach.hypothetical = false;
    }
    if cue.is(kind::EVENT) {
        reach.near = false;
    }
    // "Never admitted for asthma": what is denied is the admission; the asthma stays what it was.
    if cue.is(kind::EVENT) || cue.is(kind::AFFIRM) && !joined_to_negation(scene, index) {
        reach.negate = false;
    }
}

/// "Was not | suggestive of": what is denied is no longer in doubt.
fn denied_doubt(scene: &Scene<'_>, index: usize) -> bool {
    let cue = &scene.cues[index];
    index.checked_sub(1).map(|i| &scene.cues[i]).is_some_and(|p| p.end == cue.first && p.is(kind::NEGATE) && !p.is(kind::PSEUDO | kind::POSSIBLE))
}

/// "2)" in a list written on one line.
fn list_number(scene: &Scene<'_>, at: usize) -> bool {
    at > scene.from && scene.tokens[at - 1].kind == Kind::Number && (at - 1 == scene.from || !scene.tokens[at - 2].is_mark(b'('))
}

/// The parenthesis that the one at `at` closes.
fn opening(scene: &Scene<'_>, at: usize) -> Option<usize> {
    let from = scene.from.max(at.saturating_sub(40));
    (from..at).rev().inspect(|_| step()).take_while(|&t| !scene.tokens[t].is_mark(b')')).find(|&t| scene.tokens[t].is_mark(b'('))
}

fn comma_between(scene: &Scene<'_>, from: usize, to: usize) -> bool {
    scene.tokens[from..to].iter().any(|t| t.is_mark(b','))
}

/// "does not | have", "denies | that he | has | had": the verb belongs to the negation before it.
fn joined_to_negation(scene: &Scene<'_>, index: usize) -> bool {
    let mut at = index;
    while let Some(previous) = at.checked_sub(1).and_then(|i| scene.cues.get(i)) {
        let gap = scene.cues[at].first - previous.end;
        if previous.is(kind::NEGATE) && !previous.is(kind::PSEUDO) {
            // "Denies vomiting reports pain": what was denied stands between.
            return gap == 0 || gap == 1 && !scene.lexicon.is_term(scene.tokens[previous.end].word);
        }
        let passes = gap == 0 && (previous.is(kind::JOINT) || previous.is(kind::AFFIRM) && !previous.is(kind::STOP));
        if !passes {
            return false;
        }
        at -= 1;
    }
    false
}

/// "His wife reports", "brought in by her daughter": a person who tells, not one who is ill.
fn only_reports(scene: &Scene<'_>, index: usize) -> bool {
    let cue = &scene.cues[index];
    scene.cues.get(index + 1).is_some_and(|next| next.is(kind::REPORTS) && next.first - cue.end <= 2)
}

fn rightwards(scene: &Scene<'_>, first: usize, end: usize, context: &mut Context) {
    let mut cues = scene.cues.partition_point(|c| c.first < end);
    let mut at = end;
    let limit = scene.to.min(end + BACKWARD);
    while at < limit {
        step();
        if let Some(cue) = scene.cues.get(cues).filter(|c| c.first == at) {
            cues += 1;
            at = cue.end;
            if !after(scene, cues - 1, first, end, context) {
                return;
            }
            continue;
        }
        match scene.tokens[at].kind {
            Kind::Mark(b';' | b'.' | b'|') => return,
            _ => at += 1,
        }
    }
}

/// A cue to the right of the mention; whether to read on.
fn after(scene: &Scene<'_>, index: usize, first: usize, end: usize, context: &mut Context) -> bool {
    let cue = &scene.cues[index];
    if cue.is(kind::PRESENT)
        && cue.first - end <= 1
        && (!scene.tokens[cue.first].is_word() || scene.tokens[cue.first].letters == 1 || answered_no(scene, context))
    {
        context.negated = false;
        context.triggers.retain(|t| t.decides != "negated");
        return false;
    }
    if cue.is(kind::NEGATE_BACK | kind::POSSIBLE_BACK) && of_the_next_item(scene, cue, end) {
        return false;
    }
    if cue.is(kind::NEGATE_BACK) && answers(scene, cue, end) && asks_of_another(scene, first) {
        return false;
    }
    let pseudo = cue.is(kind::PSEUDO);
    let both_ways = cue.is(kind::NEGATE) && cue.is(kind::NEGATE_BACK);
    let closes = scene
        .tokens
        .get(cue.end)
        .filter(|_| cue.end < scene.to)
        .is_none_or(|t| matches!(t.kind, Kind::Mark(b'.' | b',' | b';' | b')' | b'|' | b']' | b'/')) || t.lines > 0);
    if !pseudo
        && cue.is(kind::NEGATE_BACK)
        && (!both_ways
            || closes && (cue.first - end <= 2 || index.checked_sub(1).map(|i| &scene.cues[i]).is_some_and(|c| c.end == cue.first && c.is(kind::STOP))))
        && !context.negated
    {
        context.negated = true;
        // "Workup for pneumonia was negative": the doubt is settled.
        context.uncertain = false;
        context.hypothetical = false;
        context.triggers.retain(|t| !matches!(t.decides, "uncertain" | "hypothetical"));
        context.triggers.push(trigger(scene, cue, "negated"));
        return false;
    }
    if cue.is(kind::HYPOTHETICAL_BACK) && cue.first == end && !context.hypothetical {
        context.hypothetical = true;
        context.triggers.push(trigger(scene, cue, "hypothetical"));
    }
    let beside = cue.first == end && cue.end == end + 1;
    // "Chest pain ?angina": the doubt is about what follows.
    let asks_on = scene.tokens[cue.first].is_mark(b'?') && scene.tokens[cue.end..scene.to].first().is_some_and(|t| t.is_word() && t.lines == 0);
    if cue.is(kind::POSSIBLE_BACK) && !asks_on && (!cue.is(kind::POSSIBLE) || closes || beside) && !context.uncertain {
        context.uncertain = true;
        context.triggers.push(trigger(scene, cue, "uncertain"));
    }
    if cue.is(kind::HISTORY_BACK) && (!cue.is(kind::HISTORY | kind::HISTORY_NEAR) || cue.first == end) && !context.historical {
        context.historical = true;
        context.triggers.push(trigger(scene, cue, "historical"));
    }
    if cue.is(kind::FAMILY_BACK) && context.experiencer == Experiencer::Patient {
        context.experiencer = Experiencer::Family;
        context.historical = true;
        context.triggers.push(trigger(scene, cue, "experiencer"));
    }
    if cue.is(kind::RESOLVED) && !context.resolved {
        context.resolved = true;
        context.triggers.push(trigger(scene, cue, "resolved"));
        // What has gone is not there now; "once it has resolved" it still is.
        let still_there = scene.cues[..scene.cues.partition_point(|c| c.end <= end)].iter().any(|c| c.is(kind::HYPOTHETICAL));
        context.negated |= !still_there;
    }
    // "Was considered but | ruled out".
    let goes_on = scene.cues.get(index + 1).is_some_and(|c| c.first == cue.end && c.is(kind::NEGATE_BACK));
    pseudo || cue.is(kind::STOP) && goes_on || !(cue.is(kind::STOP | kind::NEGATE) || cue.is(kind::AFFIRM) && cue.first > end)
}

/// "Influenza negative, | RSV | positive": what was denied was the answer to another question.
fn answered_no(scene: &Scene<'_>, context: &Context) -> bool {
    context
        .triggers
        .iter()
        .any(|t| t.decides == "negated" && scene.text.get(t.start..t.end).is_some_and(|w| w.eq_ignore_ascii_case("negative") || w.eq_ignore_ascii_case("neg")))
}

/// "Chest pain, | infarction ruled out": of things set side by side without a joint, the last one has the verb.
fn of_the_next_item(scene: &Scene<'_>, cue: &Cue, end: usize) -> bool {
    let between = end..cue.first;
    let Some(comma) = between.clone().find(|&t| scene.tokens[t].is_mark(b',')) else { return false };
    let item = scene.tokens[comma + 1..cue.first].iter().any(|t| scene.lexicon.is_term(t.word) || t.is_word() && t.word == 0);
    item && !between.clone().any(|t| joins(scene, t) || scene.tokens[t].is_mark(b':') || scene.tokens[t].is_mark(b'-'))
}

/// "…: none", "… - denied": the answer to what stands before the colon or dash.
fn answers(scene: &Scene<'_>, cue: &Cue, end: usize) -> bool {
    scene.tokens[end..cue.first].iter().any(|t| t.is_mark(b':') || t.is_mark(b'-')) || scene.tokens[cue.first].is_mark(b'?')
}

/// "Visits to the clinic for asthma", "days of work missed because of migraine": what is asked for is the visit or the
/// days, and the mention is only why.
fn asks_of_another(scene: &Scene<'_>, first: usize) -> bool {
    let cues = scene.cues[..scene.cues.partition_point(|c| c.end <= first)].iter().rev().inspect(|_| step());
    cues.take_while(|c| !scene.tokens[c.end..first].iter().any(|t| matches!(t.kind, Kind::Mark(b';' | b':' | b'.'))))
        .any(|c| c.is(kind::EVENT) || c.is(kind::STOP) && c.first > scene.from && first - c.end <= 2)
}

fn by_section(scene: &Scene<'_>, now: bool, context: &mut Context) {
    match scene.part {
        Part::Told(Section::History) if now => {}
        // A list of allergies tells what once happened ("penicillin (rash)").
        Part::Told(Section::History | Section::Allergies) | Part::Social => context.historical = true,
        Part::Vaccines => context.hypothetical = true,
        Part::Doubt => context.uncertain |= !context.negated,
        Part::Told(Section::Family) if context.experiencer == Experiencer::Patient => {
            context.experiencer = Experiencer::Family;
            context.historical = true;
        }
        _ => {}
    }
}
