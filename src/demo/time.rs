//! Days and the clinic's clock (America/Chicago), by arithmetic alone: no time zone data, and no clock.

/// The clinic's time zone.
pub const ZONE: &str = "America/Chicago";

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The day of a Gregorian date; days and months out of range run over into the next.
    pub fn of(year: i32, month: i32, day: i32) -> Self {
        // Years are counted from March, so that the leap day comes last.
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Year, month and day.
    pub fn date(self) -> (i32, i32, i32) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        (year_of_era + era * 400 + i32::from(month <= 2), month, day)
    }

    /// So many days later.
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days as i32))
    }

    /// The same day so many years later; the 29th of February becomes the 1st of March.
    pub fn plus_years(self, years: i32) -> Self {
        let (year, month, day) = self.date();
        Self::of(year + years, month, day)
    }

    /// Whole years from this day to another.
    pub fn years_until(self, other: Self) -> i32 {
        let (year, month, day) = self.date();
        let (to_year, to_month, to_day) = other.date();
        to_year - year - i32::from((to_month, to_day) < (month, day))
    }

    /// Monday is 0.
    pub fn weekday(self) -> i32 {
        (self.0 + 3).rem_euclid(7)
    }

    /// This day if it is one of work (Monday to Friday), else the next Monday.
    pub fn workday(self) -> Self {
        Self(self.0 + (7 - self.weekday()) * i32::from(self.weekday() >= 5))
    }

    /// `2026-03-02`.
    pub fn iso(self) -> String {
        let (year, month, day) = self.date();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// Hours of the clinic's clock behind UTC on this day: daylight time runs from the second Sunday of March to the
    /// first of November (15 U.S.C. 260a). Nobody works at two at night when it changes.
    pub fn hours_behind(self) -> i32 {
        let (year, _, _) = self.date();
        let sunday_from = |day: Self| Self(day.0 + 6 - day.weekday());
        let begins = sunday_from(Self::of(year, 3, 8));
        let ends = sunday_from(Self::of(year, 11, 1));
        if (begins..ends).contains(&self) { 5 } else { 6 }
    }

    /// The instant so many minutes after midnight: `2026-03-02T09:30:00-06:00`.
    pub fn at(self, minute: i32) -> String {
        let day = Self(self.0 + minute.div_euclid(1_440));
        let minute = minute.rem_euclid(1_440);
        format!("{}T{:02}:{:02}:00-{:02}:00", day.iso(), minute / 60, minute % 60, self.hours_behind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_back_as_they_went_and_follow_each_other() {
        let mut before = Day::of(1899, 12, 31);
        assert_eq!(Day::of(1970, 1, 1), Day(0));
        for _ in 0..73_500 {
            let day = before.plus(1);
            let (year, month, date) = day.date();
            assert_eq!(Day::of(year, month, date), day);
            assert!(day.date() > before.date());
            before = day;
        }
        assert_eq!(Day::of(2024, 2, 29).plus(1).iso(), "2024-03-01");
    }

    #[test]
    fn the_clock_changes_on_the_right_sundays() {
        assert_eq!(Day::of(2026, 3, 7).at(570), "2026-03-07T09:30:00-06:00");
        assert_eq!(Day::of(2026, 3, 8).at(570), "2026-03-08T09:30:00-05:00");
        assert_eq!(Day::of(2026, 10, 31).hours_behind(), 5);
        assert_eq!(Day::of(2026, 11, 1).hours_behind(), 6);
        assert_eq!(Day::of(2026, 11, 1).weekday(), 6);
    }

    #[test]
    fn ages_count_whole_years() {
        assert_eq!(Day::of(2000, 2, 29).years_until(Day::of(2026, 2, 28)), 25);
        assert_eq!(Day::of(2000, 2, 29).years_until(Day::of(2026, 3, 1)), 26);
        assert_eq!(Day::of(2026, 8, 1).workday().iso(), "2026-08-03");
    }
}
