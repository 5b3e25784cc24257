use super::*;
use jiff::{Timestamp, ToSpan, civil};
use proptest::prelude::*;

#[test]
fn r4_grammar_and_calendar_are_kept() {
    for good in [
        "0001",
        "9999",
        "2024-02",
        "2024-02-29",
        "2000-02-29",
        "2024-01-02T03:04:05Z",
        "2016-12-31T23:59:60Z",
        "2024-01-02T03:04:05.123456789012345678901+14:00",
        "2024-01-02T03:04:05-12:00",
        "2024-01-02T00:00:00-00:00",
    ] {
        assert!(is_date_time(good), "{good}");
    }
    for bad in [
        "",
        "0000",
        "10000",
        "24",
        "2024-",
        "2024-13",
        "2024-00",
        "2024-1",
        "2023-02-29",
        "1900-02-29",
        "2024-04-31",
        "2024-01-00",
        "2024-01-02T",
        "2024-01-02T24:00:00Z",
        "2024-01-02T03",
        "2024-01-02T03:04",
        "2024-01-02T03:04:05",
        "2024-01-02T03:60:00Z",
        "2024-01-02T03:04:61Z",
        "2024-01-02T03:04:05.Z",
        "2024-01-02T03:04:05+14:01",
        "2024-01-02T03:04:05+15:00",
        "2024-01-02T03:04:05+1:00",
        "2024-01-02T03:04:05z",
        "2024-01-02t03:04:05Z",
        "2024-01-02 03:04:05Z",
        " 2024",
        "2024 ",
        "+2024",
        "-2024",
        "2024-01-02Z",
        "2024-01T03:04:05Z",
        "२०२४",
        "2024-01-02T03:04:05,5Z",
        "2024-01-02T03:04:05ZZ",
        "20240102",
    ] {
        assert!(!is_date_time(bad), "{bad}");
    }
    assert!(is_date("2024-02-29") && !is_date("2024-02-29T00:00:00Z"));
    assert!(is_instant("2024-02-29T00:00:00Z") && !is_instant("2024-02-29"));
    assert!(!is_instant("2024-02-29T00:00Z"));
    assert!(is_time("23:59:60") && is_time("03:04:05.5"));
    for bad in ["24:00:00", "3:04:05", "03:04", "03:04:05Z", ""] {
        assert!(!is_time(bad), "{bad}");
    }
}

#[test]
fn search_texts_may_leave_out_seconds_and_offset() {
    let minute = interval("2024-01-02T03:04").expect("a minute");
    assert_eq!(minute.hi - minute.lo, 60_000);
    assert_eq!(interval("2024-01-02T03:04:05"), interval("2024-01-02T03:04:05Z"));
    assert_eq!(interval("2016-12-31T23:59:60Z").map(|i| i.lo), interval("2017-01-01T00:00:00Z").map(|i| i.lo));
    assert_eq!(interval("2024-01-02T03"), None);
}

#[test]
fn precision_offset_and_parts_are_told() {
    let date = parse("2024-05-06T07:08:09.5-03:30").expect("a date");
    assert_eq!((date.year, date.month, date.day), (2024, Some(5), Some(6)));
    assert_eq!((date.precision, date.offset_minutes), (Precision::Fraction, Some(-210)));
    assert_eq!(date.interval.hi - date.interval.lo, 100);
    assert_eq!(format_instant(date.interval.lo), "2024-05-06T10:38:09.500Z");
}

#[test]
fn an_instant_out_of_range_is_written_as_the_nearest() {
    assert_eq!(format_instant(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(format_instant(i64::MIN), "0001-01-01T00:00:00.000Z");
    assert_eq!(format_instant(i64::MAX), "9999-12-31T23:59:59.999Z");
}

/// The slow reference: another library's calendar.
fn reference(year: i16, month: Option<i8>, day: Option<i8>) -> Option<(i64, i64)> {
    let first = civil::Date::new(year, month.unwrap_or(1), day.unwrap_or(1)).ok()?;
    let width = match (month, day) {
        (None, _) => 1.year(),
        (_, None) => 1.month(),
        _ => 1.day(),
    };
    let start = civil::date(1970, 1, 1);
    let days = |date: civil::Date| i64::from((date - start).get_days());
    let lo = days(first);
    let hi = first.checked_add(width).map_or(2_932_897, days);
    Some((lo * DAY_MS, hi * DAY_MS))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn partial_dates_agree_with_the_reference(year in 1i16..=9999, month in 0i8..=13, day in 0i8..=32) {
        let pair = |i: Interval| (i.lo, i.hi);
        prop_assert_eq!(interval(&format!("{year:04}")).map(pair), reference(year, None, None));
        prop_assert_eq!(interval(&format!("{year:04}-{month:02}")).map(pair), reference(year, Some(month), None));
        prop_assert_eq!(interval(&format!("{year:04}-{month:02}-{day:02}")).map(pair),
            reference(year, Some(month), Some(day)));
    }

    #[test]
    fn instants_agree_with_the_reference(ms in -62_135_596_800_000i64..=253_402_207_200_000) {
        let text = format_instant(ms);
        let stamp: Timestamp = text.parse().expect("a timestamp");
        prop_assert_eq!(stamp.as_millisecond(), ms);
        prop_assert_eq!(interval(&text), Some(Interval { lo: ms, hi: ms + 1 }));
        prop_assert!(is_instant(&text));
    }

    #[test]
    fn offsets_and_fractions_agree_with_the_reference(
        ms in -30_000_000_000_000i64..=30_000_000_000_000, offset in -839i32..=839, digits in 1usize..=9,
    ) {
        let at = Timestamp::from_millisecond(ms).expect("in range");
        let zone = jiff::tz::Offset::from_seconds(offset * 60).expect("in range");
        let civil = zone.to_datetime(at);
        let nanos = format!("{:09}", civil.subsec_nanosecond());
        let sign = if offset < 0 { '-' } else { '+' };
        let text = format!("{}.{}{sign}{:02}:{:02}", civil.strftime("%Y-%m-%dT%H:%M:%S"), &nanos[..digits],
            offset.abs() / 60, offset.abs() % 60);
        let got = interval(&text).expect(&text);
        let width = match digits { 1 => 100, 2 => 10, _ => 1 };
        prop_assert_eq!(got.hi - got.lo, width);
        prop_assert_eq!(got.lo, ms.div_euclid(width) * width);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        if let Some(date) = parse(&text) {
            prop_assert!(date.interval.lo < date.interval.hi);
        }
    }

    #[test]
    fn texts_near_a_date_are_read_or_refused(text in "[0-9]{3,5}(-[0-9]{1,2}){0,2}(T[0-9:.]{0,12}[Z+-]?[0-9:]{0,5})?") {
        let _ = (parse(&text), is_time(&text));
    }
}
