//! Dates, times and spans of time as people say them. Nothing here reads a clock or knows a time zone.

use crate::language::Language;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// The year.
    pub year: i16,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day of the month, 1 to 31.
    pub day: u8,
}

const MONTHS: [(&str, &str); 12] = [
    ("January", "जनवरी"),
    ("February", "फ़रवरी"),
    ("March", "मार्च"),
    ("April", "अप्रैल"),
    ("May", "मई"),
    ("June", "जून"),
    ("July", "जुलाई"),
    ("August", "अगस्त"),
    ("September", "सितंबर"),
    ("October", "अक्टूबर"),
    ("November", "नवंबर"),
    ("December", "दिसंबर"),
];

impl Day {
    /// `23 November 2026`.
    #[must_use]
    pub fn words(self, language: Language) -> String {
        let (english, hindi) = MONTHS.get(usize::from(self.month).wrapping_sub(1)).copied().unwrap_or_default();
        let month = match language {
            Language::English => english,
            Language::Hindi => hindi,
        };
        format!("{} {month} {}", self.day, self.year)
    }
}

/// A moment in the clinic's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The day.
    pub day: Day,
    /// The hour, 0 to 23.
    pub hour: u8,
    /// The minute.
    pub minute: u8,
}

impl Moment {
    /// `23 November 2026, 09:05`.
    #[must_use]
    pub fn words(self, language: Language) -> String {
        format!("{}, {:02}:{:02}", self.day.words(language), self.hour, self.minute)
    }
}

/// A span of time in whole days, hours or minutes, whichever the number of seconds fills.
#[must_use]
pub fn span(language: Language, seconds: u64) -> String {
    let (number, english, hindi) = match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => (s / 86_400, "day", "दिन"),
        s if s >= 3_600 && s % 3_600 == 0 => (s / 3_600, "hour", "घंटे"),
        s => (s.div_ceil(60), "minute", "मिनट"),
    };
    match language {
        Language::English => format!("{number} {english}{}", if number == 1 { "" } else { "s" }),
        Language::Hindi => format!("{number} {hindi}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_days_are_said_as_people_say_them() {
        assert_eq!(span(Language::English, 3600), "1 hour");
        assert_eq!(span(Language::English, 90 * 86_400), "90 days");
        assert_eq!(span(Language::English, 300), "5 minutes");
        assert_eq!(span(Language::English, 3601), "61 minutes");
        let day = Day { year: 2026, month: 11, day: 23 };
        assert_eq!(day.words(Language::Hindi), "23 नवंबर 2026");
        assert_eq!(Moment { day, hour: 9, minute: 5 }.words(Language::English), "23 November 2026, 09:05");
    }
}
