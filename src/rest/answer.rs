//! An answer before it is HTTP: also an entry of a batch response.

use bytes::Bytes;
use http::StatusCode;

/// FHIR's JSON media type.
pub const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// Status, headers, body, and what the audit must know of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Headers beyond those that every answer has.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
    /// Patients whose data stand in it.
    pub patients: Vec<String>,
    /// The id of what it answers about, where the URL did not name it.
    pub id: Option<String>,
    /// The version it answers with.
    pub version: Option<u64>,
    /// When that version came to be, ms since 1970 UTC.
    pub updated_ms: Option<i64>,
    /// Its audit event is durable already: it rode in the write's transaction.
    pub audited: bool,
}

impl Answer {
    /// An answer with a FHIR JSON body.
    #[must_use]
    pub fn json(status: StatusCode, body: Bytes) -> Self {
        Self { status, headers: Vec::new(), body, patients: Vec::new(), id: None, version: None, updated_ms: None, audited: false }
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self::json(status, Bytes::new())
    }

    /// Adds a header.
    pub fn header(&mut self, name: &'static str, value: impl Into<String>) {
        self.headers.push((name, value.into()));
    }

    /// `ETag` and `Last-Modified` of a version.
    pub fn stamp(&mut self, version: u64, updated_ms: i64) {
        self.version = Some(version);
        self.updated_ms = Some(updated_ms);
        self.header("etag", format!("W/\"{version}\""));
        self.header("last-modified", http_date(updated_ms));
    }
}

/// An instant as HTTP writes it (RFC 9110 section 5.6.7).
#[must_use]
pub fn http_date(ms: i64) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    timestamp.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads an HTTP date to ms since 1970 UTC; `None` when it is none.
#[must_use]
pub fn parse_http_date(text: &str) -> Option<i64> {
    let time = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(time.timestamp().as_millisecond())
}
