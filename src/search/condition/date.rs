//! Dates and periods as intervals of time (<https://hl7.org/fhir/R4/search.html#date>, `#prefix`).

use super::{Env, stray};
use crate::sql::{ALWAYS, NEVER, all, any, column};
use hearthgate_fhir::date::Interval;
use hearthgate_fhir::query::{Operand, Prefix};

/// No date is wider than a leap year; so the index on its beginning also bounds its end.
const WIDEST_MS: i64 = 366 * 86_400_000;

/// Where the interval of a row begins (inside) and ends (outside).
pub(super) struct Bounds {
    lo: Option<String>,
    hi: Option<String>,
    /// NULL at one end means without end there; at both, that there is nothing.
    open: bool,
    /// At most [`WIDEST_MS`] wide.
    narrow: bool,
    /// One millisecond wide: the end is the beginning plus one.
    instant: bool,
}

impl Bounds {
    pub(super) fn date(lo: String, hi: String) -> Self {
        Self { lo: Some(lo), hi: Some(hi), open: false, narrow: true, instant: false }
    }

    pub(super) fn period(lo: Option<String>, hi: Option<String>) -> Self {
        Self { lo, hi, open: true, narrow: false, instant: false }
    }

    pub(super) fn index() -> Self {
        Self { lo: Some(column("lo")), hi: Some(column("hi")), open: false, narrow: false, instant: false }
    }

    pub(super) fn instant(at: String) -> Self {
        Self { lo: Some(at), hi: None, open: false, narrow: false, instant: true }
    }

    /// `lo op value`; an open beginning lies before everything.
    fn lo(&self, operator: &str, value: &str) -> String {
        match (&self.lo, &self.hi) {
            (Some(lo), Some(hi)) if self.open && operator == "<" => format!("({lo} < {value} OR ({lo} IS NULL AND {hi} > {}))", i64::MIN),
            (Some(lo), _) => format!("{lo} {operator} {value}"),
            (None, Some(hi)) if operator == "<" => format!("{hi} > {}", i64::MIN),
            _ => NEVER.to_owned(),
        }
    }

    /// `hi op value`; an open end lies after everything.
    fn hi(&self, operator: &str, value: &str) -> String {
        match (&self.hi, &self.lo) {
            (None, _) if self.instant => self.lo(if operator == ">" { ">=" } else { "<" }, value),
            (Some(hi), Some(lo)) if self.open && operator == ">" => format!("({hi} > {value} OR ({hi} IS NULL AND {lo} > {}))", i64::MIN),
            (Some(hi), _) => format!("{hi} {operator} {value}"),
            (None, Some(lo)) if operator == ">" => format!("{lo} > {}", i64::MIN),
            _ => NEVER.to_owned(),
        }
    }

    fn within(&self, lo: &str, hi: &str) -> String {
        // `lo < hi` follows from the rest; it closes the range of the index.
        all([self.lo(">=", lo), if self.narrow { self.lo("<", hi) } else { ALWAYS.to_owned() }, self.hi("<=", hi)])
    }

    /// A bound on the beginning that follows from one on the end, for the index.
    fn begins_after(&self, env: &mut Env<'_>, end: i64) -> String {
        match &self.lo {
            Some(lo) if self.narrow => format!("{lo} > {}", env.binds.integer(end.saturating_sub(WIDEST_MS))),
            _ => ALWAYS.to_owned(),
        }
    }
}

/// The row's interval fulfils one of the values.
pub(super) fn of_values(env: &mut Env<'_>, values: &[Operand], bounds: &Bounds) -> String {
    any(values.iter().map(|value| match value {
        Operand::Date { prefix, interval, .. } => compare(env, *prefix, *interval, bounds),
        other => stray(other),
    }))
}

fn compare(env: &mut Env<'_>, prefix: Prefix, asked: Interval, bounds: &Bounds) -> String {
    let lo = env.binds.integer(asked.lo);
    let hi = env.binds.integer(asked.hi);
    match prefix {
        Prefix::Eq => bounds.within(&lo, &hi),
        Prefix::Ne => any([bounds.lo("<", &lo), bounds.hi(">", &hi)]),
        Prefix::Gt => all([bounds.begins_after(env, asked.hi), bounds.hi(">", &hi)]),
        Prefix::Lt => bounds.lo("<", &lo),
        Prefix::Ge => all([bounds.begins_after(env, asked.lo), any([bounds.hi(">", &hi), bounds.within(&lo, &hi)])]),
        Prefix::Le => {
            let ends = if bounds.narrow { bounds.lo("<", &hi) } else { ALWAYS.to_owned() };
            all([ends, any([bounds.lo("<", &lo), bounds.within(&lo, &hi)])])
        }
        Prefix::Sa => bounds.lo(">=", &hi),
        Prefix::Eb => all([if bounds.narrow { bounds.lo("<", &lo) } else { ALWAYS.to_owned() }, bounds.hi("<=", &lo)]),
        Prefix::Ap => {
            let near = approximate(asked, env.context.now);
            let (lo, hi) = (env.binds.integer(near.lo), env.binds.integer(near.hi));
            all([bounds.begins_after(env, near.lo), bounds.lo("<", &hi), bounds.hi(">", &lo)])
        }
    }
}

/// A tenth of the time between then and now, on both sides.
pub(crate) fn approximate(asked: Interval, now: i64) -> Interval {
    let gap = if now < asked.lo { asked.lo.saturating_sub(now) } else { now.saturating_sub(asked.hi).max(0) };
    Interval { lo: asked.lo.saturating_sub(gap / 10), hi: asked.hi.saturating_add(gap / 10) }
}
