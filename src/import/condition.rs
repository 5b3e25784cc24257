//! Conditional references and `ifNoneExist` (<https://hl7.org/fhir/R4/http.html#trules>,
//! <https://hl7.org/fhir/R4/http.html#ccreate>): which identifier they ask for.

use hearthgate_fhir::reference::type_name;

use crate::Identifier;

/// The identifier that a query asks for, if that is all it asks for. A list (`a,b`), a modifier or
/// a second parameter is no question for one resource.
pub(crate) fn identifier(type_name: &'static str, query: &str) -> Option<Identifier> {
    let (name, value) = query.split_once('=')?;
    if name != "identifier" || value.contains('&') {
        return None;
    }
    let value = decode(value)?;
    let mut parts = vec![String::new()];
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        let last = parts.last_mut()?;
        match letter {
            '\\' => last.push(letters.next()?),
            ',' => return None,
            '|' => parts.push(String::new()),
            other => last.push(other),
        }
    }
    let value = parts.pop().filter(|value| !value.is_empty())?;
    let system = parts.pop();
    parts.is_empty().then_some(Identifier { type_name, system, value })
}

/// As [`identifier`], for `ifNoneExist` or the URL of a conditional update, where the type may
/// stand before the query.
pub(crate) fn of_request(of: &'static str, text: &str) -> Option<Identifier> {
    match text.split_once('?') {
        Some((name, query)) if name.is_empty() || type_name(name) == Some(of) => identifier(of, query),
        Some(_) => None,
        None => identifier(of, text),
    }
}

/// Percent-decoding (RFC 3986 §2.1). A `+` stands for itself.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_question_for_one_identifier_is_one() {
        let asked = |query| identifier("Patient", query).map(|i| (i.system, i.value));
        let some = |system: Option<&str>, value: &str| Some((system.map(str::to_owned), value.to_owned()));
        assert_eq!(asked("identifier=http://s|1"), some(Some("http://s"), "1"));
        assert_eq!(asked("identifier=http%3A%2F%2Fs%7C1%2B2"), some(Some("http://s"), "1+2"));
        assert_eq!(asked("identifier=1"), some(None, "1"));
        assert_eq!(asked("identifier=|1"), some(Some(""), "1"));
        assert_eq!(asked(r"identifier=s|a\|b\,c"), some(Some("s"), "a|b,c"));
        for no in [
            "identifier=a,b",
            "identifier=s|",
            "identifier=",
            "identifier=a&active=true",
            "name=x",
            "identifier:of-type=a|b|c",
            "identifier=a|b|c",
            "identifier=%zz",
            "identifier=%ff",
            "identifier",
        ] {
            assert_eq!(asked(no), None, "{no}");
        }
        assert!(of_request("Patient", "Patient?identifier=1").is_some());
        assert!(of_request("Patient", "?identifier=1").is_some());
        assert!(of_request("Patient", "Device?identifier=1").is_none());
    }
}
