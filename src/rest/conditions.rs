//! The headers that make a request conditional or say what the answer should be
//! (<https://hl7.org/fhir/R4/http.html#concurrency>, RFC 9110 section 13, RFC 7240).

use super::answer::parse_http_date;
use super::fault::Fault;
use http::HeaderMap;

/// `Prefer: return=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Return {
    /// The resource: what happens unless the client says otherwise.
    #[default]
    Representation,
    /// No body.
    Minimal,
    /// An OperationOutcome.
    OperationOutcome,
}

/// What the headers of a request say.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// `If-Match`: a version.
    pub if_match: Option<u64>,
    /// `If-None-Match`: versions.
    pub if_none_match: Vec<String>,
    /// `If-Modified-Since`, ms since 1970 UTC.
    pub if_modified_since: Option<i64>,
    /// `If-None-Exist` came: a conditional create, which is not offered.
    pub if_none_exist: bool,
    /// `Prefer: return=`.
    pub prefer: Return,
    /// `Prefer: handling=strict`.
    pub strict: bool,
}

impl Conditions {
    /// Reads them.
    ///
    /// # Errors
    /// A malformed `If-Match`.
    pub fn of(headers: &HeaderMap) -> Result<Self, Fault> {
        let mut out = Self::default();
        let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or("\u{fffd}"));
        if headers.get_all("if-match").iter().count() > 1 {
            return Err(Fault::IfMatch("`If-Match` came twice. Send one ETag: W/\"version\"."));
        }
        if let Some(value) = text("if-match") {
            out.if_match = Some(version(value)?);
        }
        if let Some(value) = text("if-none-match") {
            out.if_none_match = value.split(',').map(|v| v.trim().to_owned()).collect();
        }
        out.if_modified_since = text("if-modified-since").and_then(parse_http_date);
        out.if_none_exist = headers.contains_key("if-none-exist");
        for value in headers.get_all("prefer").iter().filter_map(|v| v.to_str().ok()) {
            for preference in value.split([',', ';']).map(str::trim) {
                match preference {
                    "return=minimal" => out.prefer = Return::Minimal,
                    "return=representation" => out.prefer = Return::Representation,
                    "return=OperationOutcome" => out.prefer = Return::OperationOutcome,
                    "handling=strict" => out.strict = true,
                    "handling=lenient" => out.strict = false,
                    _ => {}
                }
            }
        }
        Ok(out)
    }

    /// Whether a conditional read finds nothing new.
    #[must_use]
    pub fn unchanged(&self, current: u64, updated_ms: i64) -> bool {
        if !self.if_none_match.is_empty() {
            let own = format!("\"{current}\"");
            return self.if_none_match.iter().any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == own);
        }
        // HTTP dates have seconds: what changed later in the same second counts as changed only when it shows.
        self.if_modified_since.is_some_and(|since| updated_ms / 1000 <= since / 1000)
    }
}

/// The version in an ETag of `If-Match`.
pub(super) fn version(value: &str) -> Result<u64, Fault> {
    let tag = value.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    tag.strip_prefix('"')
        .and_then(|t| t.strip_suffix('"'))
        .filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|t| t.parse().ok())
        .ok_or(Fault::IfMatch("`If-Match` wants the ETag of the version that you changed: W/\"version\"."))
}
