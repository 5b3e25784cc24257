//! Number and quantity parameters (<https://hl7.org/fhir/R4/search.html#number>,
//! <https://hl7.org/fhir/R4/search.html#quantity>).

use super::{IndexValue, text};
use crate::Value;
use crate::expression::Found;

/// The system of currencies (<https://hl7.org/fhir/R4/datatypes.html#Money>).
const CURRENCIES: &str = "urn:iso:std:iso:4217";

#[derive(Clone, Copy)]
struct Span {
    lo: f64,
    hi: f64,
    value: f64,
}

impl Span {
    fn of(value: f64) -> Self {
        Self { lo: value, hi: value, value }
    }

    fn between(lo: Option<f64>, hi: Option<f64>) -> Option<Self> {
        let value = lo.or(hi)?;
        let (lo, hi) = (lo.unwrap_or(f64::NEG_INFINITY), hi.unwrap_or(f64::INFINITY));
        Some(Self { lo, hi, value })
    }
}

pub(super) fn numbers(found: &Found<'_>) -> Vec<IndexValue> {
    let span = match found.type_name {
        "decimal" | "integer" | "positiveInt" | "unsignedInt" => number(found.value).map(Span::of),
        "Range" => range(found.value),
        "Quantity" | "Age" | "Duration" | "Count" | "Distance" => compared(found.value),
        _ => None,
    };
    let span = span.map(|Span { lo, hi, value }| IndexValue::Number { lo, hi, value });
    span.into_iter().collect()
}

pub(super) fn quantities(found: &Found<'_>) -> Vec<IndexValue> {
    let value = found.value;
    let (span, unit) = match found.type_name {
        "Quantity" | "Age" | "Duration" | "Count" | "Distance" => (compared(value), Some(value)),
        "Range" => (range(value), value.get("low").or_else(|| value.get("high"))),
        "SampledData" => (sampled(value), value.get("origin")),
        "Money" => {
            let currency = text(value, "currency");
            let system = currency.is_some().then(|| CURRENCIES.to_owned());
            let span = value.get("value").and_then(number).map(Span::of);
            return quantity(span, system, currency.clone(), currency);
        }
        _ => (None, None),
    };
    let part = |name: &str| unit.and_then(|unit| text(unit, name));
    quantity(span, part("system"), part("code"), part("unit"))
}

fn quantity(span: Option<Span>, system: Option<String>, code: Option<String>, unit: Option<String>) -> Vec<IndexValue> {
    let made = span.map(|Span { lo, hi, value }| IndexValue::Quantity { lo, hi, value, system, code, unit });
    made.into_iter().collect()
}

/// A number that the machine can hold; FHIR's decimals may be longer, their nearest is taken.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite())
}

/// A quantity with a comparator is open on one side: "< 5" may be anything up to 5.
fn compared(value: &Value) -> Option<Span> {
    let number = value.get("value").and_then(number)?;
    let mut span = Span::of(number);
    match value.get("comparator").and_then(Value::as_str) {
        Some("<" | "<=") => span.lo = f64::NEG_INFINITY,
        Some(">" | ">=") => span.hi = f64::INFINITY,
        _ => {}
    }
    Some(span)
}

fn range(value: &Value) -> Option<Span> {
    let end = |name: &str| value.get(name).and_then(|end| end.get("value")).and_then(number);
    Span::between(end("low"), end("high"))
}

/// The bounds of the samples, as the parameter `value-quantity` asks: origin + sample × factor
/// (<https://hl7.org/fhir/R4/datatypes.html#SampledData>). `E`, `U` and `L` are no numbers.
fn sampled(value: &Value) -> Option<Span> {
    let origin = value.get("origin").and_then(|origin| origin.get("value")).and_then(number)?;
    let factor = value.get("factor").and_then(number).unwrap_or(1.0);
    let data = value.get("data").and_then(Value::as_str)?;
    let samples = data.split_ascii_whitespace().filter_map(|sample| sample.parse::<f64>().ok());
    let samples = samples.map(|sample| origin + sample * factor).filter(|sample| sample.is_finite());
    let ends = samples.fold(None, |ends: Option<(f64, f64)>, sample| Some(ends.map_or((sample, sample), |(lo, hi)| (lo.min(sample), hi.max(sample)))));
    let (lo, hi) = ends?;
    Span::between(Some(lo), Some(hi))
}
