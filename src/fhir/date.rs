//! Dates with their precision: `date`, `dateTime`, `instant` and `time`
//! (<https://hl7.org/fhir/R4/datatypes.html#dateTime>), and the interval of time each stands for
//! (<https://hl7.org/fhir/R4/search.html#date>).
//!
//! The text that came is the datum; what is computed here is only for search, sort and checks.

mod calendar;
#[cfg(test)]
mod tests;

pub use calendar::format_instant;
use calendar::{Scan, days_before, days_in_month};

const DAY_MS: i64 = 86_400_000;

/// A stretch of time: milliseconds since 1970-01-01T00:00:00Z, `lo` inside, `hi` outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// The first millisecond.
    pub lo: i64,
    /// The first millisecond after it.
    pub hi: i64,
}

/// How exactly a date is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// `2024`
    Year,
    /// `2024-01`
    Month,
    /// `2024-01-02`
    Day,
    /// `2024-01-02T03:04`: search parameters only.
    Minute,
    /// `2024-01-02T03:04:05`
    Second,
    /// `2024-01-02T03:04:05.6`, any number of digits.
    Fraction,
}

/// A date as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartialDate {
    /// How much of it is known.
    pub precision: Precision,
    /// 1 to 9999.
    pub year: u16,
    /// 1 to 12, where known.
    pub month: Option<u8>,
    /// 1 to 31, where known.
    pub day: Option<u8>,
    /// Minutes east of UTC, where an offset is written.
    pub offset_minutes: Option<i16>,
    /// The time it stands for; a text without an offset is read as UTC.
    pub interval: Interval,
}

/// The interval of a date, dateTime, instant or date of a search parameter.
///
/// The grammar is R4's, except that, as in search parameters, seconds and the offset may be
/// missing. Years are 0001 to 9999, days follow the Gregorian calendar, `24:00` is refused,
/// second 60 is taken as the first of the next minute. Digits beyond the millisecond are kept
/// to the millisecond that holds them.
pub fn interval(text: &str) -> Option<Interval> {
    parse(text).map(|date| date.interval)
}

/// Reads a date of any precision; see [`interval`] for the grammar.
pub fn parse(text: &str) -> Option<PartialDate> {
    let mut scan = Scan::new(text);
    let year = scan.digits(4).filter(|year| *year > 0)?;
    let mut date = PartialDate {
        precision: Precision::Year,
        year: year as u16,
        month: None,
        day: None,
        offset_minutes: None,
        interval: Interval { lo: days_before(year, 1) * DAY_MS, hi: days_before(year + 1, 1) * DAY_MS },
    };
    if scan.is_empty() {
        return Some(date);
    }
    let month = scan.after(b'-')?.digits(2).filter(|month| (1..=12).contains(month))?;
    let first = days_before(year, month);
    let length = days_in_month(year, month);
    date.month = Some(month as u8);
    date.precision = Precision::Month;
    date.interval = Interval { lo: first * DAY_MS, hi: (first + length) * DAY_MS };
    if scan.is_empty() {
        return Some(date);
    }
    let day = scan.after(b'-')?.digits(2).filter(|day| (1..=length).contains(day))?;
    let lo = (first + day - 1) * DAY_MS;
    date.day = Some(day as u8);
    date.precision = Precision::Day;
    date.interval = Interval { lo, hi: lo + DAY_MS };
    if scan.is_empty() {
        return Some(date);
    }
    let (time, precision) = time(scan.after(b'T')?)?;
    date.precision = precision;
    date.offset_minutes = if scan.is_empty() { None } else { Some(offset(&mut scan)?) };
    let lo = lo - i64::from(date.offset_minutes.unwrap_or(0)) * 60_000;
    date.interval = Interval { lo: lo + time.lo, hi: lo + time.hi };
    scan.is_empty().then_some(date)
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f…` as milliseconds of the day.
fn time(scan: &mut Scan<'_>) -> Option<(Interval, Precision)> {
    let hour = scan.digits(2).filter(|hour| *hour < 24)?;
    let minute = scan.after(b':')?.digits(2).filter(|minute| *minute < 60)?;
    let lo = (hour * 60 + minute) * 60_000;
    if scan.after(b':').is_none() {
        return Some((Interval { lo, hi: lo + 60_000 }, Precision::Minute));
    }
    let second = scan.digits(2).filter(|second| *second <= 60)?;
    let lo = lo + second * 1000;
    if scan.after(b'.').is_none() {
        return Some((Interval { lo, hi: lo + 1000 }, Precision::Second));
    }
    let (part, width) = scan.fraction()?;
    Some((Interval { lo: lo + part, hi: lo + part + width }, Precision::Fraction))
}

/// `Z` or `±hh:mm` up to 14:00, as minutes.
fn offset(scan: &mut Scan<'_>) -> Option<i16> {
    if scan.after(b'Z').is_some() {
        return Some(0);
    }
    let sign = if scan.after(b'+').is_some() {
        1
    } else {
        scan.after(b'-')?;
        -1
    };
    let hours = scan.digits(2)?;
    let minutes = scan.after(b':')?.digits(2).filter(|minutes| *minutes < 60)?;
    let total = hours * 60 + minutes;
    (total <= 14 * 60).then_some((sign * total) as i16)
}

/// Whether a text is an R4 `date`: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
pub fn is_date(text: &str) -> bool {
    parse(text).is_some_and(|date| date.precision <= Precision::Day)
}

/// Whether a text is an R4 `dateTime`: a date, or a time to the second with its offset.
pub fn is_date_time(text: &str) -> bool {
    parse(text).is_some_and(|date| date.precision <= Precision::Day || is_full(&date))
}

/// Whether a text is an R4 `instant`: a time to the second at least, with its offset.
pub fn is_instant(text: &str) -> bool {
    parse(text).is_some_and(|date| is_full(&date))
}

fn is_full(date: &PartialDate) -> bool {
    date.precision >= Precision::Second && date.offset_minutes.is_some()
}

/// Whether a text is an R4 `time`: `hh:mm:ss`, fraction allowed, no offset.
pub fn is_time(text: &str) -> bool {
    let mut scan = Scan::new(text);
    matches!(time(&mut scan), Some((_, Precision::Second | Precision::Fraction))) && scan.is_empty()
}
