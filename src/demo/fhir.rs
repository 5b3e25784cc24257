//! The datatypes of R4 (<https://hl7.org/fhir/R4/datatypes.html>) as the sample clinic writes them.

use serde_json::{Value, json};

/// LOINC.
pub const LOINC: &str = "http://loinc.org";
/// SNOMED CT.
pub const SNOMED: &str = "http://snomed.info/sct";
/// RxNorm.
pub const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
/// ICD-10-CM.
pub const ICD10: &str = "http://hl7.org/fhir/sid/icd-10-cm";
/// CVX.
pub const CVX: &str = "http://hl7.org/fhir/sid/cvx";
/// NUCC provider taxonomy.
pub const NUCC: &str = "http://nucc.org/provider-taxonomy";
/// UCUM.
pub const UCUM: &str = "http://unitsofmeasure.org";

/// A code system of HL7's terminology.
pub fn hl7(name: &str) -> String {
    format!("http://terminology.hl7.org/CodeSystem/{name}")
}

/// A profile or extension of US Core.
pub fn us_core(name: &str) -> String {
    format!("http://hl7.org/fhir/us/core/StructureDefinition/{name}")
}

/// `meta` naming a profile of US Core.
pub fn meta(profile: &str) -> Value {
    json!({ "profile": [us_core(profile)] })
}

/// A Coding.
pub fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

/// A CodeableConcept of one coding, with its display as text.
pub fn concept(system: &str, code: &str, display: &str) -> Value {
    json!({ "coding": [coding(system, code, display)], "text": display })
}

/// A CodeableConcept of one coding without text.
pub fn code(system: &str, code: &str, display: &str) -> Value {
    json!({ "coding": [coding(system, code, display)] })
}

/// A decimal, with the digits as written.
pub fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

/// A decimal of so many units of `10^-places`: `decimal(725, 1)` is `72.5`.
pub fn decimal(units: i64, places: u32) -> String {
    let scale = 10_i64.pow(places);
    let sign = if units < 0 { "-" } else { "" };
    let (whole, part) = (units.abs() / scale, units.abs() % scale);
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part:0width$}", width = places as usize) }
}

/// A Quantity in UCUM.
pub fn quantity(value: &str, unit: &str, code: &str) -> Value {
    json!({ "value": number(value), "unit": unit, "system": UCUM, "code": code })
}

/// A Reference to a resource of the clinic.
pub fn reference(kind: &str, id: &str) -> Value {
    json!({ "reference": format!("{kind}/{id}") })
}

/// A Reference with the name people use.
pub fn named(kind: &str, id: &str, display: &str) -> Value {
    json!({ "reference": format!("{kind}/{id}"), "display": display })
}

/// Base64 (RFC 4648, section 4).
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// The check digit of a National Provider Identifier (Luhn over `80840` and its first nine digits).
pub fn npi(nine: &str) -> String {
    let digits = format!("80840{nine}");
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    format!("{nine}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes()), coded);
        }
    }

    #[test]
    fn decimals_keep_their_digits() {
        assert_eq!(decimal(725, 1), "72.5");
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(quantity("37.0", "°C", "Cel")["value"].to_string(), "37.0");
    }

    #[test]
    fn the_check_digit_is_that_of_the_published_example() {
        assert_eq!(npi("123456789"), "1234567893");
    }
}
