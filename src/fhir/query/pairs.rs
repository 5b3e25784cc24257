//! `application/x-www-form-urlencoded` texts (<https://url.spec.whatwg.org/#urlencoded-parsing>),
//! read strictly.

use super::Problem;

const MAX_BYTES: usize = 64 << 10;
const MAX_PAIRS: usize = 1000;

/// The pairs of a raw query or form body, decoded: `+` is a space, `%XX` a byte of UTF-8. Empty
/// pieces between `&` are skipped; a name without `=` has the empty value.
///
/// # Errors
/// More than 64 KiB or 1,000 pairs; a `%` without two hexadecimal digits; bytes that are not
/// UTF-8; control characters; a pair without a name.
pub fn form_pairs(raw_query: &str) -> Result<Vec<(String, String)>, Problem> {
    if raw_query.len() > MAX_BYTES {
        return Err(Problem::too_costly("", "the query is longer than 64 KiB", "ask in several queries"));
    }
    let mut pairs = Vec::new();
    for piece in raw_query.split('&').filter(|piece| !piece.is_empty()) {
        if pairs.len() == MAX_PAIRS {
            return Err(Problem::too_costly("", "the query has more than 1,000 parameters", "ask in several queries"));
        }
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        let name = decode(name, "")?;
        if name.is_empty() {
            return Err(Problem::value("", "a value stands without a parameter's name", "write name=value"));
        }
        let value = decode(value, &name)?;
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn decode(text: &str, parameter: &str) -> Result<String, Problem> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair = rest.split_at_checked(2).and_then(|(digits, after)| {
                    rest = after;
                    Some(hex(*digits.first()?)? << 4 | hex(*digits.get(1)?)?)
                });
                let wrong = "'%' is not followed by two hexadecimal digits";
                bytes.push(pair.ok_or_else(|| Problem::value(parameter, wrong, "write '%' itself as %25"))?);
            }
            other => bytes.push(*other),
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| Problem::value(parameter, "the decoded bytes are not UTF-8", "percent-encode UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(Problem::value(parameter, "there is a control character", "leave it out"));
    }
    Ok(text)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// A name or value percent-encoded for a query; [`form_pairs`] reads it back.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b',' | b'*' | b'$' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
