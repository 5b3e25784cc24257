//! Whether a text of our own writing says a JSON value, without reading it into another one.

use hearthgate_fhir::Value;

/// Where a comparison stands in a text.
pub(crate) struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn next(&mut self) -> u8 {
        let byte = self.peek();
        self.at += 1;
        byte
    }

    /// The byte that comes next; 0 at the end.
    pub fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// Passes a byte if it is this one.
    pub fn pass(&mut self, byte: u8) -> bool {
        let is = self.peek() == byte;
        self.at += usize::from(is);
        is
    }

    /// A string as it stands, escapes and all, without its quotation marks.
    pub fn string(&mut self) -> &'t [u8] {
        self.at += 1;
        let start = self.at;
        while !matches!(self.peek(), b'"' | 0) {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        text
    }

    /// Passes a value and says whether it is this one. After a `false` the cursor stands anywhere.
    pub fn is(&mut self, value: &Value) -> bool {
        match value {
            Value::Null => self.word(b"null"),
            Value::Bool(true) => self.word(b"true"),
            Value::Bool(false) => self.word(b"false"),
            Value::Number(number) => self.word(number.as_str().as_bytes()) && !matches!(self.peek(), b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'),
            Value::String(text) => self.peek() == b'"' && says(self.string(), text),
            Value::Array(list) => {
                self.next() == b'[' && list.iter().enumerate().all(|(i, value)| (i == 0 || self.pass(b',')) && self.is(value)) && self.pass(b']')
            }
            Value::Object(object) => {
                if self.next() != b'{' {
                    return false;
                }
                for count in 0..object.len() {
                    if (count > 0 && !self.pass(b',')) || self.peek() != b'"' {
                        return false;
                    }
                    let Some(value) = unescaped(self.string()).and_then(|name| object.get(&*name)) else { return false };
                    if !self.pass(b':') || !self.is(value) {
                        return false;
                    }
                }
                self.pass(b'}')
            }
        }
    }

    /// Passes a value without looking at it; of what is no JSON, at most the rest of the text.
    pub fn skip(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                0 => return,
                b'"' => drop(self.string()),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' | b',' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> bool {
        let is = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += word.len();
        is
    }
}

/// The text of a string as it stands.
pub(crate) fn unescaped(raw: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    if !raw.contains(&b'\\') {
        return std::str::from_utf8(raw).ok().map(std::borrow::Cow::Borrowed);
    }
    let quoted = [b"\"", raw, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).ok().map(std::borrow::Cow::Owned)
}

fn says(raw: &[u8], text: &str) -> bool {
    raw == text.as_bytes() && !raw.contains(&b'\\') || (raw.contains(&b'\\') && unescaped(raw).is_some_and(|t| t == text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn same(text: &str, value: &Value) -> bool {
        let mut cursor = Cursor::new(text.as_bytes());
        cursor.is(value) && cursor.at == text.len()
    }

    #[test]
    fn a_text_says_its_value_and_no_other() {
        let texts = [
            "null",
            "true",
            "1",
            "1.0",
            "12",
            "\"\"",
            "\"a\"",
            r#""\\""#,
            r#""\n""#,
            "[]",
            "[1]",
            "[1,2]",
            "{}",
            r#"{"a":1}"#,
            r#"{"a":1,"b":[{}]}"#,
            r#"{"b":1}"#,
        ];
        for (i, text) in texts.iter().enumerate() {
            for (j, other) in texts.iter().enumerate() {
                let value: Value = serde_json::from_str(other).expect("JSON");
                assert_eq!(same(text, &value), i == j, "{text} {other}");
            }
        }
        assert!(same(r#"{"b":2,"a":1}"#, &json!({ "a": 1, "b": 2 })));
        assert!(!same(r#"{"a":1"#, &json!({ "a": 1 })) && !same(r#"["a""#, &json!(["a"])));
    }

    proptest! {
        #[test]
        fn any_text_is_itself(text in any::<String>(), other in any::<String>()) {
            let mut out = Vec::new();
            crate::overlay::string(&text, &mut out);
            prop_assert!(Cursor::new(&out).is(&Value::from(text.clone())));
            prop_assert_eq!(Cursor::new(&out).is(&Value::from(other.clone())), text == other);
            let read: String = serde_json::from_slice(&out).expect("a JSON string");
            prop_assert_eq!(read, text);
        }
    }
}
