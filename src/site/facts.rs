//! What people want to know out of FHIR resources: names, days, texts. Total: what is not there, or is of another shape, is left out.

use hearthgate_portal::{Day, Moment};
use serde_json::Value;

/// The name of a Patient, Practitioner or Person as people say it: the official or usual one, none that is over.
#[must_use]
pub fn name(resource: &Value) -> String {
    let names = resource["name"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rank = |name: &&Value| match name["use"].as_str() {
        Some("usual") => 0,
        Some("official") | None => 1,
        Some("old" | "maiden") => 3,
        Some(_) => 2,
    };
    let Some(name) = names.iter().min_by_key(rank) else { return String::new() };
    if let Some(text) = name["text"].as_str() {
        return text.to_owned();
    }
    let list =
        |part: &str| name[part].as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let family = name["family"].as_str().map(str::to_owned);
    [list("prefix"), list("given"), family.into_iter().collect(), list("suffix")].concat().join(" ")
}

/// The text of a CodeableConcept, or what its first coding is called.
#[must_use]
pub fn concept(concept: &Value) -> Option<String> {
    let coding = || concept["coding"].as_array()?.iter().find_map(|coding| coding["display"].as_str());
    concept["text"].as_str().or_else(coding).map(str::to_owned)
}

/// What a Coding is called, or its code.
#[must_use]
pub fn coding(coding: &Value) -> Option<String> {
    coding["display"].as_str().or_else(|| coding["code"].as_str()).map(str::to_owned)
}

/// What a reference is called.
#[must_use]
pub fn display(reference: &Value) -> Option<String> {
    reference["display"].as_str().map(str::to_owned)
}

/// A whole date, or the day of a dateTime.
#[must_use]
pub fn day(value: &Value) -> Option<Day> {
    let text = value.as_str()?;
    let (year, rest) = text.split_once('-')?;
    let (month, rest) = rest.split_once('-')?;
    let day = rest.get(..2)?;
    Some(Day { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok()? })
}

/// A dateTime or instant, by the clock of the place it was written at.
#[must_use]
pub fn moment(value: &Value) -> Option<Moment> {
    let (_, time) = value.as_str()?.split_once('T')?;
    Some(Moment { day: day(value)?, hour: time.get(..2)?.parse().ok()?, minute: time.get(3..5)?.parse().ok()? })
}

/// The other participants of an appointment, of one type: FHIR id and name.
#[must_use]
pub fn participant(appointment: &Value, resource_type: &str) -> Option<(String, String)> {
    appointment["participant"].as_array()?.iter().find_map(|participant| {
        let actor = &participant["actor"];
        let id = actor["reference"].as_str()?.strip_prefix(resource_type)?.strip_prefix('/')?;
        Some((id.to_owned(), display(actor).unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_name_that_is_shown_is_the_one_in_use() {
        let ada = json!({ "name": [{ "use": "maiden", "family": "Byron" }, { "use": "official", "given": ["Ada", "King"], "family": "Lovelace" }] });
        assert_eq!(name(&ada), "Ada King Lovelace");
        assert_eq!(name(&json!({ "name": [{ "text": "Ada" }] })), "Ada");
        assert_eq!(name(&json!({})), "");
        assert_eq!(name(&json!({ "name": "x" })), "");
    }

    #[test]
    fn days_and_moments_are_read_as_they_were_written() {
        assert_eq!(day(&json!("1980-02-29")), Some(Day { year: 1980, month: 2, day: 29 }));
        assert_eq!(day(&json!("1980-02")), None);
        let at = moment(&json!("2026-12-01T08:30:00-06:00"));
        assert_eq!(at, Some(Moment { day: Day { year: 2026, month: 12, day: 1 }, hour: 8, minute: 30 }));
        for odd in [json!("2026-12-01"), json!("T"), json!("2026-12-01T8"), json!("é-é-é"), json!(7), json!("2026-1é-01")] {
            assert_eq!(moment(&odd), None, "{odd}");
        }
    }
}
