//! Tables between the clinic's own codes and FHIR's, read both ways.

use serde::Deserialize;
use std::collections::HashMap;

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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    value_set: Option<String>,
    #[serde(default)]
    code: Vec<Line>,
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
    /// Reads a codes file. The error is a sentence for the file's author.
    ///
    /// # Errors
    /// When the text is not a codes file, a local code stands twice, or a FHIR code has no preferred local code or two.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let mut codes = Self {
            name: name.to_owned(),
            value_set: file.value_set,
            to_fhir: HashMap::new(),
            to_local: HashMap::new(),
            rows: Vec::new(),
        };
        for line in file.code {
            if codes.to_fhir.insert(line.local.clone(), line.fhir.clone()).is_some() {
                return Err(format!("the local code `{}` stands twice", line.local));
            }
            if line.preferred && codes.to_local.insert(line.fhir.clone(), line.local.clone()).is_some() {
                return Err(format!("the FHIR code `{}` has two preferred local codes; say `preferred = false` at all but one", line.fhir));
            }
            codes.rows.push((line.local, line.fhir, line.preferred));
        }
        if let Some((_, fhir, _)) = codes.rows.iter().find(|(_, fhir, _)| !codes.to_local.contains_key(fhir)) {
            return Err(format!("the FHIR code `{fhir}` has no preferred local code"));
        }
        Ok(codes)
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
