//! The recursive descent; its depth is bounded before it descends.

use super::{Fault, FaultKind, Limits};
use crate::{Object, Value};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    Fhir,
    Plain,
}

pub(super) fn parse(bytes: &[u8], limits: &Limits, rules: Rules) -> Result<Value, Fault> {
    if bytes.len() > limits.bytes {
        let message = format!("the body is longer than {} bytes; send less at once", limits.bytes);
        return Err(Fault { path: String::new(), message, kind: FaultKind::TooLong });
    }
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        return Err(Fault::structure("the text begins with a byte order mark; send UTF-8 without one"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => document(text, limits, rules),
        Err(error) => {
            // What stands before the bad byte tells where it is.
            let valid = bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok());
            let path = document(valid.unwrap_or_default(), limits, rules).err().map(|fault| fault.path);
            let message = format!("the byte at {} is not UTF-8; send the text as UTF-8", error.valid_up_to());
            Err(Fault { path: path.unwrap_or_default(), message, kind: FaultKind::Structure })
        }
    }
}

fn document(text: &str, limits: &Limits, rules: Rules) -> Result<Value, Fault> {
    let mut parser = Parser { text, at: 0, depth: limits.depth, limit: limits.depth, rules };
    parser.skip_space();
    if rules == Rules::Fhir && parser.peek() != Some(b'{') {
        return Err(Fault::structure("a resource is a JSON object; begin with '{'"));
    }
    let value = parser.value()?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(Fault::structure("there is text after the end of the resource; send one and nothing else")),
    }
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// Levels that may still be opened, of `limit`.
    depth: usize,
    limit: usize,
    pub(super) rules: Rules,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8, message: &str) -> Result<(), Fault> {
        self.skip_space();
        if self.peek() != Some(byte) {
            return Err(self.syntax(message));
        }
        self.at += 1;
        Ok(())
    }

    /// A fault of syntax, or of a text that ends too early.
    pub(super) fn syntax(&self, message: &str) -> Fault {
        match self.peek() {
            None => Fault::structure("the text ends before its JSON does; send it whole"),
            Some(_) => Fault::structure(&format!("byte {}: {message}", self.at)),
        }
    }

    fn value(&mut self) -> Result<Value, Fault> {
        self.skip_space();
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'-' | b'0'..=b'9') => Ok(Value::Number(self.number()?)),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.syntax("expected a JSON value")),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Fault> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.syntax("expected a JSON value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Fault>) -> Result<Value, Fault> {
        let Some(left) = self.depth.checked_sub(1) else {
            let message = format!("objects and arrays are nested too deeply; the limit is {} levels", self.limit);
            return Err(Fault::structure(&message));
        };
        self.depth = left;
        self.at += 1;
        let value = read(self);
        self.depth += 1;
        value
    }

    fn object(&mut self) -> Result<Value, Fault> {
        let mut members = Object::new();
        let mut nulls = false;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.refuse_empty("object")?;
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.placed(self.syntax("expected a key in double quotes"), &members));
            }
            let key = self.key().map_err(|fault| self.placed(fault, &members))?;
            let member = self.member(&mut nulls);
            let value = member.map_err(|fault| self.placed(fault.below(&key), &members))?;
            if members.contains_key(&key) {
                let fault = Fault::structure("this key stands twice in its object; send it once");
                return Err(self.placed(fault.below(&key), &members));
            }
            members.insert(key, value);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break self.at += 1,
                _ => return Err(self.placed(self.syntax("expected ',' or '}'"), &members)),
            }
        }
        if nulls && self.rules == Rules::Fhir {
            check_nulls(&members).map_err(|fault| self.placed(fault, &members))?;
        }
        Ok(Value::Object(members))
    }

    /// Puts the resource's type before the path, once the outermost object has said it.
    fn placed(&self, fault: Fault, members: &Object) -> Fault {
        if self.depth + 1 != self.limit {
            return fault;
        }
        match members.get("resourceType").and_then(Value::as_str) {
            Some(name) if is_element_name(name) => fault.below(name),
            _ => fault,
        }
    }

    fn key(&mut self) -> Result<String, Fault> {
        let key = self.string()?;
        // The name under which serde_json hides a number's text inside a map.
        if key.starts_with("$serde_json::") {
            return Err(Fault::structure("this key is reserved").below(&key));
        }
        if self.rules == Rules::Fhir && !is_element_name(key.strip_prefix('_').unwrap_or(&key)) {
            let message = "the key can be no element's name (letters and digits, '_' before a primitive's sibling)";
            return Err(Fault::structure(message).below(&key));
        }
        Ok(key)
    }

    fn member(&mut self, nulls: &mut bool) -> Result<Value, Fault> {
        self.take(b':', "expected ':' after the key")?;
        let value = self.value()?;
        if self.rules == Rules::Fhir {
            match &value {
                Value::Null => {
                    return Err(Fault::structure("null is not a value; leave the element out"));
                }
                Value::Array(items) => *nulls |= items.iter().any(Value::is_null),
                _ => {}
            }
        }
        Ok(value)
    }

    fn array(&mut self) -> Result<Value, Fault> {
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            self.refuse_empty("array")?;
            return Ok(Value::Array(items));
        }
        loop {
            let value = self.value().map_err(|fault| fault.at(items.len()))?;
            if self.rules == Rules::Fhir && value.is_array() {
                return Err(Fault::structure("an array stands directly in an array; take one of them away").at(items.len()));
            }
            items.push(value);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break self.at += 1,
                _ => return Err(self.syntax("expected ',' or ']'").at(items.len())),
            }
        }
        Ok(Value::Array(items))
    }

    pub(super) fn refuse_empty(&self, what: &str) -> Result<(), Fault> {
        if self.rules == Rules::Plain {
            return Ok(());
        }
        Err(Fault::structure(&format!("an empty {what} is not a value; leave the element out")))
    }
}

/// Whether a key can name an element.
fn is_element_name(key: &str) -> bool {
    key.len() <= 64 && key.bytes().next().is_some_and(|first| first.is_ascii_alphabetic()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `null` holds a place only where the sibling list (`given` and `_given`) has the other half.
fn check_nulls(members: &Object) -> Result<(), Fault> {
    for (key, value) in members {
        let Some(items) = value.as_array().filter(|items| items.iter().any(Value::is_null)) else {
            continue;
        };
        let sibling = match key.strip_prefix('_') {
            Some(plain) => members.get(plain),
            None => members.get(&format!("_{key}")),
        };
        let Some(Value::Array(others)) = sibling else {
            let message = "null holds a place only beside the list with '_' before its name, which is missing";
            return Err(Fault::structure(message).below(key));
        };
        if items.len() != others.len() {
            let message = "this list and its sibling with '_' differ in length; fill both with null to one length";
            return Err(Fault::structure(message).below(key));
        }
        if let Some(at) = (0..items.len()).find(|at| items[*at].is_null() && others[*at].is_null()) {
            return Err(Fault::structure("null here and in the sibling list; leave the entry out").at(at).below(key));
        }
    }
    Ok(())
}

impl Fault {
    pub(super) fn structure(message: &str) -> Self {
        Self { path: String::new(), message: message.to_owned(), kind: FaultKind::Structure }
    }

    fn below(mut self, key: &str) -> Self {
        let shown = if is_element_name(key.strip_prefix('_').unwrap_or(key)) { key } else { "?" };
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{shown}{dot}{}", self.path);
        self
    }

    fn at(mut self, index: usize) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.path = format!("[{index}]{dot}{}", self.path);
        self
    }
}
