//! Date parameters (<https://hl7.org/fhir/R4/search.html#date>): the span of time that a date of
//! its precision, a period or a timing covers.

use super::{IndexValue, list};
use crate::Value;
use crate::date::{Interval, interval};
use crate::expression::Found;

pub(super) fn values(found: &Found<'_>) -> Vec<IndexValue> {
    let span = match found.type_name {
        "date" | "dateTime" | "instant" => date(found.value),
        "Period" => period(found.value),
        "Timing" => timing(found.value),
        _ => None,
    };
    let span = span.map(|Interval { lo, hi }| IndexValue::Date { lo, hi });
    span.into_iter().collect()
}

fn date(value: &Value) -> Option<Interval> {
    interval(value.as_str()?)
}

/// A missing end is open; an end that cannot be read is not taken for an open one.
fn period(value: &Value) -> Option<Interval> {
    let end = |name: &str| value.get(name).map(date);
    match (end("start"), end("end")) {
        (None, None) | (Some(None), _) | (_, Some(None)) => None,
        (Some(Some(start)), None) => Some(Interval { lo: start.lo, hi: i64::MAX }),
        (None, Some(Some(end))) => Some(Interval { lo: i64::MIN, hi: end.hi }),
        (Some(Some(start)), Some(Some(end))) => Some(hull(start, end)),
    }
}

/// Only the outer limits count: from the first event or bound to the last.
fn timing(value: &Value) -> Option<Interval> {
    let events = list(value, "event").iter().filter_map(date);
    let bounds = value.get("repeat").and_then(|repeat| repeat.get("boundsPeriod")).and_then(period);
    events.chain(bounds).reduce(hull)
}

fn hull(one: Interval, other: Interval) -> Interval {
    Interval { lo: one.lo.min(other.lo), hi: one.hi.max(other.hi) }
}
