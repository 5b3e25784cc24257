//! Numbers of search values and the range that their digits mean
//! (<https://hl7.org/fhir/R4/search.html#number>).

/// More digits than any measurement has, and few enough for exact arithmetic.
const MAX_DIGITS: usize = 30;

/// A number and its implicit range: `lo` inside, `hi` outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ranged {
    pub(super) value: f64,
    pub(super) lo: f64,
    pub(super) hi: f64,
}

/// Reads a FHIR decimal. Its range is half a unit of the last digit to either side: `100` is
/// 99.5 to 100.5. A mantissa without a fraction before an exponent counts as having one decimal,
/// which gives `1e2` the range 95 to 105 that R4's table says.
pub(super) fn ranged(text: &str) -> Option<Ranged> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if !digits(whole) || leading_zero || fraction.is_some_and(|fraction| !digits(fraction)) {
        return None;
    }
    if exponent.is_some_and(|exponent| !digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))) {
        return None;
    }
    let fraction = fraction.unwrap_or(if exponent.is_some() { "0" } else { "" });
    if whole.len() + fraction.len() > MAX_DIGITS {
        return None;
    }
    let scale: i64 = exponent.map_or(Ok(0), str::parse).ok()?;
    let unit = scale.checked_sub(fraction.len() as i64 + 1)?;
    let tenfold: i128 = format!("{whole}{fraction}0").parse().ok()?;
    let tenfold = if negative { -tenfold } else { tenfold };
    let at = |tenfold: i128| format!("{tenfold}e{unit}").parse::<f64>().ok().filter(|value| value.is_finite());
    let ranged = Ranged { value: at(tenfold)?, lo: at(tenfold - 5)?, hi: at(tenfold + 5)? };
    // 1e-400 has no neighbour that could be told from it.
    (ranged.lo < ranged.hi).then_some(ranged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_says_the_range() {
        for (text, value, lo, hi) in [
            ("100", 100.0, 99.5, 100.5),
            ("100.00", 100.0, 99.995, 100.005),
            ("1e2", 100.0, 95.0, 105.0),
            ("1.0e2", 100.0, 95.0, 105.0),
            ("5.4", 5.4, 5.35, 5.45),
            ("5.40e-3", 0.0054, 0.005395, 0.005405),
            ("-5.4", -5.4, -5.45, -5.35),
            ("0", 0.0, -0.5, 0.5),
            ("-0", 0.0, -0.5, 0.5),
            ("0.10", 0.1, 0.095, 0.105),
            ("1E+2", 100.0, 95.0, 105.0),
        ] {
            assert_eq!(ranged(text), Some(Ranged { value, lo, hi }), "{text}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        let long = "1".repeat(31);
        for text in [
            "",
            "-",
            "+1",
            "1.",
            ".5",
            "01",
            "00",
            "1e",
            "1e+",
            "e2",
            "1e1.5",
            "0x10",
            "NaN",
            "inf",
            "1 ",
            "१",
            "1e400",
            "1e-400",
            "1e99999999999999999999",
            "1e-9223372036854775808",
            "--1",
            "1,5",
            &long,
        ] {
            assert_eq!(ranged(text), None, "{text}");
        }
    }
}
