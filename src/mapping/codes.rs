//! Tables between the clinic's own codes and FHIR's, read both ways.

use crate::file::line_of;
use serde::Deserialize;
use std::collections::HashMap;
use toml::Spanned;

/// A codes file, compiled.
#[derive(Clone, Debug)]
pub struct Codes {
    /// The file's stem.
    pub name: String,
    /// The value set that FHIR's side must cover.
    pub value_set: Option<String>,
    to_fhir: HashMap<String, String>,
    to_local: HashMap<String, String>,
    rows: Vec<(String, String, bool)>,
    /// The line of the value set, or the first.
    pub(crate) line: usize,
    /// The line of each row.
    pub(crate) lines: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    value_set: Option<Spanned<String>>,
    #[serde(default)]
    code: Vec<Spanned<Line>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    local: String,
    fhir: String,
    #[serde(default = "yes")]
    preferred: bool,
}

const fn yes() -> bool {
    true
}

impl Codes {
    /// Reads a codes file. The errors are sentences for the file's author, each with its line.
    ///
    /// # Errors
    /// When the text is not a codes file, a local code stands twice, or a FHIR code has no preferred local code or two.
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<(usize, String)>> {
        let file: File = toml::from_str(text).map_err(|e| vec![(e.span().map_or(1, |span| line_of(text, span.start)), e.message().to_owned())])?;
        let line = |at: &Spanned<Line>| line_of(text, at.span().start);
        let mut codes = Self {
            name: name.to_owned(),
            line: file.value_set.as_ref().map_or(1, |set| line_of(text, set.span().start)),
            value_set: file.value_set.map(Spanned::into_inner),
            to_fhir: HashMap::new(),
            to_local: HashMap::new(),
            rows: Vec::new(),
            lines: file.code.iter().map(line).collect(),
        };
        let mut wrong = Vec::new();
        for (code, line) in file.code.into_iter().map(Spanned::into_inner).zip(codes.lines.clone()) {
            if codes.to_fhir.insert(code.local.clone(), code.fhir.clone()).is_some() {
                wrong.push((line, format!("the local code `{}` stands twice", code.local)));
            }
            if code.preferred && codes.to_local.insert(code.fhir.clone(), code.local.clone()).is_some() {
                wrong.push((line, format!("the FHIR code `{}` has two preferred local codes; say `preferred = false` at all but one", code.fhir)));
            }
            codes.rows.push((code.local, code.fhir, code.preferred));
        }
        for ((_, fhir, _), line) in codes.rows.iter().zip(&codes.lines) {
            if !codes.to_local.contains_key(fhir) {
                wrong.push((*line, format!("the FHIR code `{fhir}` has no preferred local code")));
            }
        }
        if wrong.is_empty() { Ok(codes) } else { Err(wrong) }
    }

    /// FHIR's code for a local one; `None`: nobody has decided about it.
    #[must_use]
    pub fn fhir(&self, local: &str) -> Option<&str> {
        self.to_fhir.get(local).map(String::as_str)
    }

    /// The preferred local code for a FHIR code.
    #[must_use]
    pub fn local(&self, fhir: &str) -> Option<&str> {
        self.to_local.get(fhir).map(String::as_str)
    }

    /// Every local code that reads as this FHIR code.
    pub fn locals<'a>(&'a self, fhir: &'a str) -> impl Iterator<Item = &'a str> {
        self.rows.iter().filter(move |(_, f, _)| f == fhir).map(|(local, _, _)| local.as_str())
    }

    /// All rows: local, FHIR, preferred.
    #[must_use]
    pub fn rows(&self) -> &[(String, String, bool)] {
        &self.rows
    }
}
