//! Logical ids (<https://hl7.org/fhir/R4/datatypes.html#id>).

use std::fmt;
use std::str::FromStr;

/// A logical id: 1 to 64 of `A-Z a-z 0-9 - .`.
///
/// `.` and `..` match R4's pattern but cannot stand in a URL as a path segment
/// (RFC 3986 §5.2.4 removes them), so no resource could be read under them: they are no ids here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(String);

/// The text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'")]
pub struct NotAnId;

/// Says whether a text is an id, without taking it.
pub fn is_id(text: &str) -> bool {
    matches!(text.len(), 1..=64) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') && text != "." && text != ".."
}

impl Id {
    /// The id a text spells, or `None`.
    pub fn parse(text: &str) -> Option<Self> {
        is_id(text).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id's own text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl FromStr for Id {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        Self::parse(text).ok_or(NotAnId)
    }
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_to_sixty_four_of_its_alphabet() {
        for good in ["a", "1", "A-b.9", "...", ".a", &"x".repeat(64)] {
            assert_eq!(Id::parse(good).map(Id::into_string).as_deref(), Some(good));
        }
        let long = "x".repeat(65);
        for bad in ["", ".", "..", "a/b", "a b", "a_b", "é", "a\n", "a\0", "%2e", &long] {
            assert_eq!(Id::parse(bad), None, "{bad:?}");
        }
    }
}
