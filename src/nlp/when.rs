//! When: years told with a mention, days it has lasted, and what was there before the patient came.

use crate::context::Scene;
use crate::cue::kind;
use crate::finding::{Context, Trigger};
use crate::steps::step;
use crate::token::{Kind, Token};

/// "Infarction in 2012", "stroke (2015)": told with its year, it is of the past.
pub(crate) fn in_a_year(scene: &Scene<'_>, end: usize, context: &mut Context) {
    let mut at = end;
    let within = |at: usize, word: &str| at < scene.to && scene.tokens[at].text(scene.text).eq_ignore_ascii_case(word);
    if within(at, "in") || within(at, "(") {
        at += 1;
    }
    let year = |t: &Token| {
        let text = t.text(scene.text);
        t.kind == Kind::Number && t.lines == 0 && text.len() == 4 && (text.starts_with("19") || text.starts_with("20"))
    };
    if !context.historical
        && !context.negated
        && let Some(token) = scene.tokens[at..scene.to].first().filter(|t| year(t))
    {
        context.historical = true;
        context.triggers.push(Trigger { decides: "historical", start: token.start as usize, end: token.end as usize });
    }
}

/// "A 60-year-old woman with | diabetes | who presents with cough": what she had before she came.
pub(crate) fn background(scene: &Scene<'_>, first: usize, end: usize) -> bool {
    const OLD: [&str; 4] = ["old", "yo", "yr", "o"];
    let from = scene.from.max(first.saturating_sub(12));
    let is = |at: usize, word: &str| scene.tokens[at].text(scene.text).eq_ignore_ascii_case(word);
    let Some(with) = (from..first).rev().find(|&t| is(t, "with")) else { return false };
    let of_a_person = (from..with).any(|t| OLD.iter().any(|o| is(t, o)));
    let comes = scene.cues.iter().inspect(|_| step()).find(|c| c.first >= end && c.is(kind::RECENT) && c.is(kind::AFFIRM));
    of_a_person && comes.is_some_and(|c| c.first - end <= 25 && is(c.end - 1, "with") && (is(c.first, "presenting") || c.first > end && is(c.first - 1, "who")))
}

/// "History of fever for three days", "h/o cough since 2 weeks": of the past and still there.
pub(crate) fn for_days(scene: &Scene<'_>, end: usize) -> bool {
    const LINKS: [&str; 4] = ["for", "since", "x", "of"];
    const UNITS: [&str; 10] = ["hour", "hours", "hr", "hrs", "day", "days", "week", "weeks", "wk", "wks"];
    let is = |at: usize, words: &[&str]| scene.tokens[at].lines == 0 && words.iter().any(|w| scene.tokens[at].text(scene.text).eq_ignore_ascii_case(w));
    let to = scene.to.min(end + 6);
    (end..to)
        .take_while(|&t| !matches!(scene.tokens[t].kind, Kind::Mark(b',' | b';' | b'.')))
        .any(|t| is(t, &LINKS) && (t + 1..scene.to.min(t + 5)).any(|u| is(u, &UNITS)))
        && !(end..scene.to.min(end + 9)).any(|t| is(t, &["ago", "back"]))
}
