//! Parameters of a query or a form (RFC 6749 appendix B): decoded strictly, none twice, an empty one as if it were not there.

use super::error::OAuthError;
use axum::body;
use axum::extract::Request;
use http::{HeaderMap, Method, header};
use std::time::Duration;

/// Most bytes of a query or a form.
pub const MOST_BYTES: usize = 64 << 10;
const MOST_PAIRS: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(10);

/// Parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    pairs: Vec<(String, String)>,
}

/// A text that is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl Form {
    /// Reads a form or query.
    ///
    /// # Errors
    /// What cannot be decoded, or is too much.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() > MOST_BYTES {
            return Err(Malformed("The parameters have too many bytes."));
        }
        let mut pairs = Vec::new();
        for piece in text.split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let wrong = Malformed("The parameters are not application/x-www-form-urlencoded in UTF-8.");
            pairs.push((decode(name).ok_or(wrong)?, decode(value).ok_or(wrong)?));
            if pairs.len() > MOST_PAIRS {
                return Err(Malformed("There are too many parameters."));
            }
        }
        Ok(Self { pairs })
    }

    /// The value of a parameter that is there once and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(own, value)| own == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter, for our own forms.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.pairs.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether a parameter stands here, empty or not.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(own, _)| own == name)
    }

    /// Whether a parameter is there more than once.
    #[must_use]
    pub fn is_doubled(&self, name: &str) -> bool {
        self.all(name).nth(1).is_some()
    }

    /// The first parameter that is there more than once.
    #[must_use]
    pub fn doubled(&self) -> Option<&str> {
        self.doubled_beside(&[])
    }

    /// The first parameter that is there more than once and is none of those that may be.
    #[must_use]
    pub fn doubled_beside(&self, repeatable: &[&str]) -> Option<&str> {
        let names = || self.pairs.iter().map(|(name, _)| name.as_str());
        names().enumerate().find(|(at, name)| !repeatable.contains(name) && names().take(*at).any(|known| known == *name)).map(|(_, name)| name)
    }

    /// The pairs as they stand.
    #[must_use]
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

/// `+` is a space, `%XX` a byte of UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).ok()
}

/// Writes a value so that it can stand in a query or a form.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Adds parameters to an address that may have some.
#[must_use]
pub fn with_query(address: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = address.to_owned();
    for (name, value) in pairs {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.push_str(name);
        out.push('=');
        out.push_str(&encode(value));
    }
    out
}

/// Reads the form of a POST.
///
/// # Errors
/// Another method, media type, too many bytes, or what is no form.
pub async fn posted(request: Request) -> Result<(HeaderMap, Form), OAuthError> {
    if request.method() != Method::POST {
        return Err(OAuthError::Method("POST"));
    }
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).and_then(|v| v.split(';').next()).map(str::trim);
    let is_form = kind.is_some_and(|k| k.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    // Without a type an empty body is an empty form.
    if !is_form && kind.is_some() {
        return Err(OAuthError::MediaType("Send the parameters as application/x-www-form-urlencoded."));
    }
    let bytes = match tokio::time::timeout(PATIENCE, body::to_bytes(body, MOST_BYTES)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return Err(OAuthError::TooLarge),
        Err(_) => return Err(OAuthError::InvalidRequest("The request took too long to arrive.")),
    };
    if !is_form && !bytes.is_empty() {
        return Err(OAuthError::MediaType("Send the parameters as application/x-www-form-urlencoded."));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| OAuthError::InvalidRequest("The form is not UTF-8."))?;
    let form = Form::parse(text).map_err(|Malformed(why)| OAuthError::InvalidRequest(why))?;
    Ok((parts.headers, form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_strictly_and_an_empty_value_is_none() {
        let form = Form::parse("a=1+2&b=%C3%A9&c=&d&a2=%00").expect("a form");
        assert_eq!((form.get("a"), form.get("b"), form.get("c"), form.get("d"), form.get("a2")), (Some("1 2"), Some("é"), None, None, Some("\0")));
        for wrong in ["a=%", "a=%4", "a=%zz", "a=%ff", "%=1"] {
            assert!(Form::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Form::parse("a=1&b=2&a=3").expect("a form").doubled(), Some("a"));
        let several = Form::parse("a=1&a=2&b=2&b=3").expect("a form");
        assert_eq!((several.doubled_beside(&["a"]), several.doubled_beside(&["a", "b"])), (Some("b"), None));
        assert!(Form::parse(&"a=1&".repeat(2000)).is_err());
    }

    #[test]
    fn what_is_added_to_an_address_is_encoded() {
        assert_eq!(with_query("https://a.example/cb?x=1", &[("state", "a b&c\r\n<")]), "https://a.example/cb?x=1&state=a%20b%26c%0D%0A%3C");
        assert_eq!(with_query("https://a.example/cb", &[("code", "x"), ("iss", "http://h")]), "https://a.example/cb?code=x&iss=http%3A%2F%2Fh");
    }
}
