//! Writing bundles: the bytes of the resources go in as they are (<https://hl7.org/fhir/R4/bundle.html>).

use bytes::Bytes;
use hearthgate_fhir::Value;

/// An entry of a searchset, a history or a batch response.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The absolute URL of the resource.
    pub full_url: Option<String>,
    /// The resource.
    pub resource: Option<Bytes>,
    /// `match`, `include` or `outcome`.
    pub mode: Option<&'static str>,
    /// Of a history: method and URL.
    pub request: Option<(&'static str, String)>,
    /// Status, location, ETag, last modified (an instant), outcome.
    pub response: Option<Response>,
}

/// What an entry answered.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// `200 OK`.
    pub status: String,
    /// Where the resource is.
    pub location: Option<String>,
    /// Its ETag.
    pub etag: Option<String>,
    /// An instant.
    pub last_modified: Option<String>,
    /// An OperationOutcome.
    pub outcome: Option<Bytes>,
}

/// A bundle of a type with its links.
#[must_use]
pub fn bundle(kind: &str, total: Option<u64>, links: &[(&str, String)], entries: &[Entry]) -> Bytes {
    let size: usize = entries.iter().map(|e| e.resource.as_ref().map_or(0, Bytes::len) + 256).sum();
    let mut out = Vec::with_capacity(size + 512);
    out.extend_from_slice(b"{\"resourceType\":\"Bundle\",\"type\":");
    string(&mut out, kind);
    if let Some(total) = total {
        out.extend_from_slice(format!(",\"total\":{total}").as_bytes());
    }
    list(&mut out, "link", links, |out, (relation, url)| {
        out.extend_from_slice(b"{\"relation\":");
        string(out, relation);
        out.extend_from_slice(b",\"url\":");
        string(out, url);
        out.push(b'}');
    });
    list(&mut out, "entry", entries, entry);
    out.push(b'}');
    out.into()
}

fn entry(out: &mut Vec<u8>, entry: &Entry) {
    let start = out.len();
    out.push(b'{');
    let key = |out: &mut Vec<u8>, name: &str| {
        if out.len() > start + 1 {
            out.push(b',');
        }
        string(out, name);
        out.push(b':');
    };
    if let Some(url) = &entry.full_url {
        key(out, "fullUrl");
        string(out, url);
    }
    if let Some(resource) = &entry.resource {
        key(out, "resource");
        out.extend_from_slice(resource);
    }
    if let Some(mode) = entry.mode {
        key(out, "search");
        out.extend_from_slice(b"{\"mode\":");
        string(out, mode);
        out.push(b'}');
    }
    if let Some((method, url)) = &entry.request {
        key(out, "request");
        out.extend_from_slice(b"{\"method\":");
        string(out, method);
        out.extend_from_slice(b",\"url\":");
        string(out, url);
        out.push(b'}');
    }
    if let Some(response) = &entry.response {
        key(out, "response");
        out.extend_from_slice(b"{\"status\":");
        string(out, &response.status);
        for (name, value) in [("location", &response.location), ("etag", &response.etag), ("lastModified", &response.last_modified)] {
            if let Some(value) = value {
                out.push(b',');
                string(out, name);
                out.push(b':');
                string(out, value);
            }
        }
        if let Some(outcome) = &response.outcome {
            out.extend_from_slice(b",\"outcome\":");
            out.extend_from_slice(outcome);
        }
        out.push(b'}');
    }
    out.push(b'}');
}

fn list<T>(out: &mut Vec<u8>, name: &str, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    if items.is_empty() {
        return;
    }
    out.push(b',');
    string(out, name);
    out.extend_from_slice(b":[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(Value::from(text).to_string().as_bytes());
}
