//! Paths of mapping files: `name.family`, `extension(us-core-race).extension(text).valueString`.

use crate::check::near;
use std::collections::BTreeMap;

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    /// The JSON name.
    pub name: String,
    /// Of `extension(name)`: the URL.
    pub extension: Option<String>,
}

impl Segment {
    pub fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), extension: None }
    }
}

/// Reads a path, within an extension or not; the empty text is the empty path.
pub(crate) fn parse(text: &str, extensions: &BTreeMap<String, String>, within: bool) -> Result<Vec<Segment>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['.', '(']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(format!(
                "`{text}` is no path: `{name}` is no JSON name{}",
                if name.contains('[') { " (a numeric index is refused: use a slice)" } else { "" }
            ));
        }
        let mut segment = Segment::plain(name);
        rest = after;
        if let Some(inner) = rest.strip_prefix('(') {
            let Some((argument, after)) = inner.split_once(')') else {
                return Err(format!("`{text}` is no path: a `)` is missing"));
            };
            if !matches!(name, "extension" | "modifierExtension") {
                return Err(format!("`{text}` is no path: only extensions are told apart by name, use a slice for `{name}`"));
            }
            // Within an extension plain names are URLs; outside they are meant for extensions.toml.
            let nested = (within && out.is_empty()) || out.last().is_some_and(|above: &Segment| above.extension.is_some());
            if !nested && !argument.contains(':') && !extensions.contains_key(argument) {
                let near = near(argument, extensions.keys().map(String::as_str));
                return Err(format!("mappings/extensions.toml says no URL for `{argument}`{near}"));
            }
            segment.extension = Some(extensions.get(argument).cloned().unwrap_or_else(|| argument.to_owned()));
            rest = after;
        }
        out.push(segment);
        match rest.strip_prefix('.') {
            Some(next) => rest = next,
            None if rest.is_empty() => return Ok(out),
            None => return Err(format!("`{text}` is no path at `{rest}`")),
        }
    }
}

/// A path as text.
pub(crate) fn print(segments: &[Segment]) -> String {
    segments.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(".")
}
