//! The forms of R4's primitive types (<https://hl7.org/fhir/R4/datatypes.html#primitive>), written
//! by hand: linear in the text, no regular expressions.

use hearthgate_fhir::{Value, date, id};

use crate::Code;

/// 1,048,576 characters: the most a `string` may have.
const MAX_CHARACTERS: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Primitive {
    Base64Binary,
    Boolean,
    Canonical,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Markdown,
    Oid,
    PositiveInt,
    String,
    Time,
    UnsignedInt,
    Uri,
    Url,
    Uuid,
    Xhtml,
}

impl Primitive {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "base64Binary" => Self::Base64Binary,
            "boolean" => Self::Boolean,
            "canonical" => Self::Canonical,
            "code" => Self::Code,
            "date" => Self::Date,
            "dateTime" => Self::DateTime,
            "decimal" => Self::Decimal,
            "id" => Self::Id,
            "instant" => Self::Instant,
            "integer" => Self::Integer,
            "markdown" => Self::Markdown,
            "oid" => Self::Oid,
            "positiveInt" => Self::PositiveInt,
            "string" => Self::String,
            "time" => Self::Time,
            "unsignedInt" => Self::UnsignedInt,
            "uri" => Self::Uri,
            "url" => Self::Url,
            "uuid" => Self::Uuid,
            "xhtml" => Self::Xhtml,
            _ => return None,
        })
    }

    /// What is wrong with a value, narratives' content apart.
    pub(crate) fn check(self, value: &Value) -> Option<(Code, String)> {
        let said = |code, message: &str| Some((code, message.to_owned()));
        match (self, value) {
            (Self::Boolean, Value::Bool(_)) | (Self::Decimal, Value::Number(_)) => None,
            (Self::Integer | Self::PositiveInt | Self::UnsignedInt, Value::Number(number)) => {
                self.check_integer(number.as_str()).map(|message| (Code::Value, message.to_owned()))
            }
            (Self::Boolean, _) => said(Code::Structure, "is not a boolean; send true or false without quotes"),
            (Self::Decimal | Self::Integer | Self::PositiveInt | Self::UnsignedInt, _) => said(Code::Structure, "is not a number; send it without quotes"),
            (_, Value::String(text)) => self.check_text(text).map(|(code, message)| (code, message.to_owned())),
            _ => Some((Code::Structure, format!("is {}; send a string", json_type(value)))),
        }
    }

    fn check_integer(self, text: &str) -> Option<&'static str> {
        let (least, message) = match self {
            Self::PositiveInt => (1, "is not a positiveInt; send a whole number from 1 to 2147483647"),
            Self::UnsignedInt => (0, "is not an unsignedInt; send a whole number from 0 to 2147483647"),
            _ => (i32::MIN, "is not an integer; send a whole number from -2147483648 to 2147483647"),
        };
        let fits = text.parse::<i32>().is_ok_and(|number| number >= least) && text != "-0";
        (!fits).then_some(message)
    }

    fn check_text(self, text: &str) -> Option<(Code, &'static str)> {
        if text.is_empty() {
            return Some((Code::Value, "is empty; leave the element out"));
        }
        let control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
        if text.bytes().any(control) {
            return Some((Code::Value, "holds a control character; only tab, line feed and carriage return are allowed"));
        }
        let limited = matches!(self, Self::String | Self::Markdown | Self::Xhtml);
        if limited && text.len() > MAX_CHARACTERS && text.chars().count() > MAX_CHARACTERS {
            return Some((Code::TooLong, "is longer than 1048576 characters; send long content as an Attachment"));
        }
        let (fits, message) = match self {
            Self::Base64Binary => (is_base64(text), "is not base64; send groups of four of A-Z, a-z, 0-9, '+', '/', padded with '='"),
            Self::Code => (is_code(text), "is not a code; leave out spaces at the ends and double spaces"),
            Self::Date => (date::is_date(text), "is not a date; write YYYY, YYYY-MM or YYYY-MM-DD, a day of the calendar"),
            Self::DateTime => (date::is_date_time(text), "is not a dateTime; write YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with Z or +hh:mm"),
            Self::Instant => (date::is_instant(text), "is not an instant; write YYYY-MM-DDThh:mm:ss with Z or +hh:mm"),
            Self::Time => (date::is_time(text), "is not a time; write hh:mm:ss without offset"),
            Self::Id => (id::is_id(text), "is not an id; use 1 to 64 of A-Z, a-z, 0-9, '-' and '.'"),
            Self::Oid => (is_oid(text), "is not an oid; write urn:oid: and numbers with dots"),
            Self::Uuid => (is_uuid(text), "is not a uuid; write urn:uuid: and 36 lower-case characters"),
            _ if !matches!(self, Self::Uri | Self::Url | Self::Canonical) => (true, ""),
            _ if text.contains(char::is_whitespace) => (false, "is not a URI; leave out white space or percent-encode it"),
            _ if text.starts_with("urn:oid:") => (is_oid(text), "is not an oid; write urn:oid: and numbers with dots"),
            Self::Canonical => (is_absolute(text) || text.starts_with('#'), "is relative; send the absolute URL of the definition"),
            _ => (true, ""),
        };
        (!fits).then_some((Code::Value, message))
    }
}

/// How JSON calls what a value is.
pub(crate) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// R4 allows white space between the characters.
fn is_base64(text: &str) -> bool {
    let mut count = 0_usize;
    let mut padding = 0;
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        match byte {
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            _ => return false,
        }
        count += 1;
    }
    count > 0 && count.is_multiple_of(4) && padding <= 2
}

/// No white space at the ends, one character of it at a time inside.
fn is_code(text: &str) -> bool {
    let mut after_space = true;
    for character in text.chars() {
        let space = character.is_whitespace();
        if space && after_space {
            return false;
        }
        after_space = space;
    }
    !after_space
}

/// Whether a URI begins with a scheme (RFC 3986 §3.1).
pub(crate) fn is_absolute(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

fn is_oid(text: &str) -> bool {
    let Some(arcs) = text.strip_prefix("urn:oid:") else {
        return false;
    };
    let mut arcs = arcs.split('.');
    let is_arc = |arc: &str| !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'));
    matches!(arcs.next(), Some("0" | "1" | "2")) && arcs.clone().next().is_some() && arcs.all(is_arc)
}

fn is_uuid(text: &str) -> bool {
    text.strip_prefix("urn:uuid:").is_some_and(|uuid| {
        uuid.len() == 36
            && uuid.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(primitive: Primitive, value: Value) -> bool {
        primitive.check(&value).is_none()
    }

    #[test]
    fn each_primitive_has_its_form() {
        use Primitive::*;
        for (primitive, good, bad) in [
            (Base64Binary, vec!["QUJD", "QUI=", "QQ==", " QU\nJD ", "+/+/"], vec!["QUJ", "=QQQ", "Q===", "QU-_", "", " ", "QQ=Q"]),
            (Canonical, vec!["http://a|1.0", "#a"], vec!["a b", "a/b", "2024-01-01T00:00:00", "a\u{a0}b"]),
            (Code, vec!["a", "a b", "a-b"], vec![" a", "a ", "a  b", "a\t b", " "]),
            (Date, vec!["2024", "2024-02-29"], vec!["2023-02-29", "2024-01-01T00:00:00Z", "24"]),
            (DateTime, vec!["2024", "2024-02-29T01:02:03+14:00"], vec!["2024-02-29T01:02:03", "2024-02-29T24:00:00Z"]),
            (Instant, vec!["2024-02-29T01:02:03.5Z"], vec!["2024-02-29"]),
            (Time, vec!["01:02:03"], vec!["24:00:00", "01:02"]),
            (Id, vec!["a", "A-1."], vec!["a_b", "a/b"]),
            (Oid, vec!["urn:oid:1.2.3", "urn:oid:0.0"], vec!["1.2.3", "urn:oid:3.1", "urn:oid:1", "urn:oid:1.02", "urn:oid:1."]),
            (
                Uuid,
                vec!["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
                vec!["urn:uuid:C757873D-ec9a-4326-a141-556f43239520", "c757873d", "urn:uuid:c757873dec9a4326a141556f43239520"],
            ),
            (Uri, vec!["urn:x", "a"], vec!["a b", "\n", "urn:oid:1.a"]),
            (String, vec!["a\t\r\n é"], vec!["", "a\u{1}", "a\u{0}", "\u{1b}[1m"]),
        ] {
            for text in good {
                assert!(fits(primitive, json!(text)), "{primitive:?} {text:?}");
            }
            for text in bad {
                assert!(!fits(primitive, json!(text)), "{primitive:?} {text:?}");
            }
            assert!(!fits(primitive, json!(1)) && !fits(primitive, json!(true)));
        }
    }

    #[test]
    fn numbers_are_in_their_ranges() {
        use Primitive::*;
        let number = |text: &str| serde_json::from_str(text).expect("a number");
        for (primitive, good, bad) in [
            (Integer, vec!["0", "-1", "2147483647", "-2147483648"], vec!["1.0", "1e2", "2147483648", "-0", "\"1\""]),
            (UnsignedInt, vec!["0", "1"], vec!["-1", "0.0"]),
            (PositiveInt, vec!["1"], vec!["0", "-1"]),
            (Decimal, vec!["1.10", "-0", "1e2"], vec!["\"1\"", "true"]),
            (Boolean, vec!["true", "false"], vec!["\"true\"", "1"]),
        ] {
            for text in good {
                assert!(fits(primitive, number(text)), "{primitive:?} {text}");
            }
            for text in bad {
                assert!(!fits(primitive, number(text)), "{primitive:?} {text}");
            }
        }
    }

    #[test]
    fn a_string_ends_at_a_mebi_of_characters() {
        assert!(fits(Primitive::String, json!("é".repeat(MAX_CHARACTERS))));
        assert!(!fits(Primitive::String, json!("a".repeat(MAX_CHARACTERS + 1))));
        assert!(fits(Primitive::Base64Binary, json!("a".repeat(MAX_CHARACTERS * 4))));
    }
}
