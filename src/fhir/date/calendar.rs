//! The Gregorian calendar in days since 1970-01-01, and the scanner that dates are read with.

/// Days from 1970-01-01 to the first of a month; years 1 to 10,000.
pub(super) fn days_before(year: i64, month: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let past = year - 1;
    let leap_day = i64::from(month > 2 && is_leap(year));
    past * 365 + past / 4 - past / 100 + past / 400 + BEFORE[(month as usize - 1) % 12] + leap_day - 719_162
}

/// The length of a month in days.
pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// An instant as `2024-01-02T03:04:05.678Z`; milliseconds since 1970-01-01T00:00:00Z.
///
/// A time outside the years 1 to 9999, which R4 cannot write, becomes the nearest that it can.
pub fn format_instant(ms: i64) -> String {
    let first = days_before(1, 1) * super::DAY_MS;
    let ms = ms.clamp(first, days_before(10_000, 1) * super::DAY_MS - 1);
    let (days, ms) = (ms.div_euclid(super::DAY_MS), ms.rem_euclid(super::DAY_MS));
    // A guess that is never late by more than a year, then at most two steps.
    let mut year = ((days + 719_162) / 366 + 1).max(1);
    while days_before(year + 1, 1) <= days {
        year += ((days - days_before(year + 1, 1)) / 366).max(1);
    }
    let mut month = 12;
    while days_before(year, month) > days {
        month -= 1;
    }
    let day = days - days_before(year, month) + 1;
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000)
}

/// The unread rest of a text.
pub(super) struct Scan<'a>(&'a [u8]);

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(text.as_bytes())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes one byte if it is the next.
    pub(super) fn after(&mut self, byte: u8) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(self)
    }

    /// Takes exactly so many digits.
    pub(super) fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        Some(digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    }

    /// Takes the digits after a decimal point: where they begin and how wide they are, in whole
    /// milliseconds.
    pub(super) fn fraction(&mut self) -> Option<(i64, i64)> {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(length);
        if digits.is_empty() {
            return None;
        }
        self.0 = rest;
        let digit = |at: usize| digits.get(at).map_or(0, |digit| i64::from(digit - b'0'));
        let width = match length {
            1 => 100,
            2 => 10,
            _ => 1,
        };
        Some((digit(0) * 100 + digit(1) * 10 + digit(2), width))
    }
}
