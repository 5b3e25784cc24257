//! Strings and numbers.

use super::parser::{Parser, Rules};
use super::{Fault, FaultKind};
use serde_json::Number;

/// The longest text of a number that is kept; R4 asks for 18 digits.
const NUMBER_LENGTH: usize = 64;

impl Parser<'_> {
    pub(super) fn string(&mut self) -> Result<String, Fault> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\').unwrap_or(rest.len());
            if text.is_empty() && rest.as_bytes().get(plain) == Some(&b'"') {
                // No escapes: one copy.
                text.push_str(rest.get(..plain).unwrap_or_default());
                self.at += plain + 1;
                break;
            }
            text.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => break self.at += 1,
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                _ => return Err(self.syntax("a control character stands in a string; escape it")),
            }
        }
        if text.is_empty() && self.rules == Rules::Fhir {
            self.refuse_empty("string")?;
        }
        Ok(text)
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let escaped = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.syntax("this escape is not JSON's")),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unicode(&mut self) -> Result<char, Fault> {
        let high = self.four_hex()?;
        let code = match high {
            0 => {
                return Err(Fault::structure("a string holds NUL (\\u0000); leave it out"));
            }
            0xd800..=0xdbff if self.text.as_bytes().get(self.at..self.at + 2) == Some(b"\\u") => {
                self.at += 2;
                let low = self.four_hex()?;
                if !(0xdc00..=0xdfff).contains(&low) {
                    return Err(lone_surrogate());
                }
                0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
            }
            other => other,
        };
        char::from_u32(code).ok_or_else(lone_surrogate)
    }

    fn four_hex(&mut self) -> Result<u32, Fault> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                self.at += 4;
                Ok(code)
            }
            None => Err(self.syntax("\\u is followed by four hexadecimal digits")),
        }
    }

    pub(super) fn number(&mut self) -> Result<Number, Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        // A digit after a leading zero, or a letter (0x10), is no part of a number.
        if matches!(self.peek(), Some(byte) if byte.is_ascii_alphanumeric() || byte == b'.') {
            return Err(self.syntax("a number has no leading zero and only decimal digits"));
        }
        if text.len() > NUMBER_LENGTH || !is_in_range(text) {
            let message = format!("the number is beyond what a decimal holds (at most {NUMBER_LENGTH} characters, 1e308)");
            return Err(Fault { path: String::new(), message, kind: FaultKind::Value });
        }
        // The one way to keep `1e2` as it came: `str::parse` makes it `1e+2`. Hidden in serde_json's
        // documentation; the test `what_came_is_what_is_kept` fails should it change.
        Ok(Number::from_string_unchecked(text.to_owned()))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        if length == 0 {
            return Err(self.syntax("a digit is expected here"));
        }
        Ok(())
    }
}

fn lone_surrogate() -> Fault {
    Fault::structure("a string holds half of a surrogate pair; send both halves or the character itself")
}

/// Neither infinite nor, though some digit is not zero, nothing at all.
fn is_in_range(text: &str) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = mantissa.bytes().all(|byte| matches!(byte, b'0' | b'-' | b'.'));
    text.parse::<f64>().is_ok_and(|value| value.is_finite() && (is_zero || value != 0.0))
}
