//! Where JSON values begin and end, without reading what they say: for finding the entries of a
//! bundle of any size in a stream. Whatever is taken is parsed strictly afterwards.

use std::io::{self, BufRead};

/// Why a scan ended.
#[derive(Debug)]
pub(crate) enum Broken {
    Io(io::Error),
    /// The text ends inside a value.
    End,
    /// What was expected.
    Syntax(&'static str),
    /// A value that was to be kept is longer than allowed.
    TooLong,
}

impl From<io::Error> for Broken {
    fn from(cause: io::Error) -> Self {
        Self::Io(cause)
    }
}

/// Reads over JSON, knowing where it is.
pub(crate) struct Scanner<R> {
    from: R,
    /// Bytes behind it.
    pub at: u64,
    /// The line it is in, from 1.
    pub line: u64,
}

impl<R: BufRead> Scanner<R> {
    pub(crate) fn new(from: R, at: u64, line: u64) -> Self {
        Self { from, at, line }
    }

    /// The next byte that is no white space, not consumed; `None` at the end.
    pub(crate) fn peek(&mut self) -> Result<Option<u8>, Broken> {
        loop {
            let chunk = self.from.fill_buf()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let blank = chunk.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
            let found = chunk.get(blank).copied();
            self.line += newlines(&chunk[..blank]);
            self.at += blank as u64;
            self.from.consume(blank);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// The next byte, white space or not, consumed.
    pub(crate) fn raw(&mut self) -> io::Result<Option<u8>> {
        let Some(byte) = self.from.fill_buf()?.first().copied() else {
            return Ok(None);
        };
        self.from.consume(1);
        self.at += 1;
        self.line += u64::from(byte == b'\n');
        Ok(Some(byte))
    }

    /// Consumes one byte, if it is the next that is no white space.
    pub(crate) fn take(&mut self, wanted: u8) -> Result<bool, Broken> {
        if self.peek()? != Some(wanted) {
            return Ok(false);
        }
        self.from.consume(1);
        self.at += 1;
        Ok(true)
    }

    /// Passes over one value (white space before it, too) and gives its length in bytes;
    /// its text is put into `keep`, up to `most` bytes.
    pub(crate) fn value(&mut self, mut keep: Option<&mut Vec<u8>>, most: usize) -> Result<u64, Broken> {
        if let Some(keep) = keep.as_deref_mut() {
            keep.clear();
        }
        let start = match self.peek()? {
            None => return Err(Broken::End),
            Some(b',' | b':' | b'}' | b']') => return Err(Broken::Syntax("a value")),
            Some(first) => first,
        };
        let nested = matches!(start, b'{' | b'[');
        let mut depth = 0u64;
        let mut in_string = false;
        let mut escaped = false;
        let mut length = 0u64;
        loop {
            let chunk = self.from.fill_buf()?;
            if chunk.is_empty() {
                // Only a scalar may end with the text.
                return if depth == 0 && !in_string && !nested { Ok(length) } else { Err(Broken::End) };
            }
            let mut used = chunk.len();
            let mut done = false;
            let mut at = 0;
            while at < chunk.len() {
                let byte = chunk[at];
                at += 1;
                if in_string {
                    if escaped {
                        escaped = false;
                    } else if byte == b'\\' {
                        escaped = true;
                    } else if byte == b'"' {
                        in_string = false;
                        if depth == 0 {
                            (used, done) = (at, true);
                            break;
                        }
                    }
                    continue;
                }
                match byte {
                    b'"' => in_string = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth > 0 => {
                        depth -= 1;
                        if depth == 0 {
                            (used, done) = (at, true);
                            break;
                        }
                    }
                    b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => {
                        (used, done) = (at - 1, true);
                        break;
                    }
                    _ => {}
                }
            }
            self.line += newlines(&chunk[..used]);
            self.at += used as u64;
            length += used as u64;
            if let Some(keep) = keep.as_deref_mut() {
                // Past the limit the value is passed over all the same: what follows it is read.
                if length <= most as u64 {
                    keep.extend_from_slice(&chunk[..used]);
                } else {
                    *keep = Vec::new();
                }
            }
            self.from.consume(used);
            if done {
                return if keep.is_some() && length > most as u64 { Err(Broken::TooLong) } else { Ok(length) };
            }
        }
    }

    /// Passes over a key and its colon; the key as text.
    pub(crate) fn key(&mut self, keep: &mut Vec<u8>) -> Result<String, Broken> {
        if self.peek()? != Some(b'"') {
            return Err(Broken::Syntax("a key in double quotes"));
        }
        self.value(Some(keep), 4096)?;
        let key = serde_json::from_slice(keep).map_err(|_| Broken::Syntax("a key"))?;
        if !self.take(b':')? {
            return Err(Broken::Syntax("a colon after a key"));
        }
        Ok(key)
    }
}

pub(crate) fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|b| u64::from(*b == b'\n')).sum()
}

/// Calls `f` for each member of the object that a scanner stands before, which must pass over
/// the value.
pub(crate) fn members<R: BufRead, E: From<Broken>>(scanner: &mut Scanner<R>, f: &mut impl FnMut(&str, &mut Scanner<R>) -> Result<(), E>) -> Result<(), E> {
    if !scanner.take(b'{')? {
        return Err(Broken::Syntax("an object").into());
    }
    if scanner.take(b'}')? {
        return Ok(());
    }
    let mut keep = Vec::new();
    loop {
        let key = scanner.key(&mut keep)?;
        f(&key, scanner)?;
        if scanner.take(b'}')? {
            return Ok(());
        }
        if !scanner.take(b',')? {
            return Err(match scanner.peek()? {
                None => Broken::End,
                Some(_) => Broken::Syntax("a comma or the end of an object"),
            }
            .into());
        }
    }
}

/// Calls `f` before each item of the list that a scanner stands before.
pub(crate) fn items<R: BufRead, E: From<Broken>>(scanner: &mut Scanner<R>, f: &mut impl FnMut(&mut Scanner<R>) -> Result<(), E>) -> Result<(), E> {
    if !scanner.take(b'[')? {
        return Err(Broken::Syntax("a list").into());
    }
    if scanner.take(b']')? {
        return Ok(());
    }
    loop {
        f(scanner)?;
        if scanner.take(b']')? {
            return Ok(());
        }
        if !scanner.take(b',')? {
            return Err(match scanner.peek()? {
                None => Broken::End,
                Some(_) => Broken::Syntax("a comma or the end of a list"),
            }
            .into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_its_brackets_close_and_strings_hide_brackets() {
        let text = br#" {"a":"}\"{","b":[1,{"c":[]}]}  , 12.5e3,"x\\" "#;
        let mut scanner = Scanner::new(&text[..], 0, 1);
        let mut keep = Vec::new();
        assert_eq!(scanner.value(Some(&mut keep), 100).expect("an object"), 29);
        assert_eq!(keep, br#"{"a":"}\"{","b":[1,{"c":[]}]}"#);
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_said() {
        let mut scanner = Scanner::new(&b"{\"a\":[1"[..], 0, 1);
        assert!(matches!(scanner.value(None, 0), Err(Broken::End)));
        let mut scanner = Scanner::new(&b"\"abcdef\""[..], 0, 1);
        assert!(matches!(scanner.value(Some(&mut Vec::new()), 4), Err(Broken::TooLong)));
    }
}
