//! Required bindings (<https://hl7.org/fhir/R4/terminologies.html#required>).

use std::collections::HashMap;

use hearthgate_fhir::{Object, Value, r4};

/// The codes of a value set, whose URL it knows for messages.
pub(crate) struct CodeSet {
    url: &'static str,
    /// The systems in which a code is in the set.
    systems: HashMap<&'static str, Vec<&'static str>>,
    /// The codes as a message lists them.
    listed: String,
}

/// The most codes that a message lists.
const LISTED: usize = 20;

/// The value set's codes, or `None` where they cannot be counted. Asked once for each set, and
/// kept for good.
pub(crate) fn code_set(url: &'static str) -> Option<&'static CodeSet> {
    let pairs = r4::value_set_codes(url)?;
    let mut systems: HashMap<_, Vec<_>> = HashMap::new();
    for (system, code) in &pairs {
        systems.entry(*code).or_default().push(*system);
    }
    let mut listed: Vec<_> = pairs.iter().take(LISTED).map(|(_, code)| *code).collect();
    if pairs.len() > LISTED {
        listed.push("…");
    }
    let url = url.split('|').next().unwrap_or(url);
    let listed = listed.join(", ");
    Some(Box::leak(Box::new(CodeSet { url, systems, listed })))
}

impl CodeSet {
    fn has(&self, system: Option<&str>, code: &str) -> bool {
        self.systems.get(code).is_some_and(|systems| system.is_none_or(|system| systems.contains(&system)))
    }

    fn message(&self, what: &str) -> String {
        format!("{what} the value set {}, which is required here; use one of its codes: {}", self.url, self.listed)
    }

    /// What is wrong with a primitive that must be one of the codes.
    pub(crate) fn check_code(&self, code: &str) -> Option<String> {
        (!self.has(None, code)).then(|| self.message("the code is not in"))
    }

    /// What is wrong with a Coding, CodeableConcept or Quantity that must be one of the codes. An
    /// object that has extensions instead (data-absent-reason) is let be.
    pub(crate) fn check_object(&self, members: &Object) -> Option<String> {
        let codings = match members.get("coding") {
            Some(Value::Array(codings)) => codings.as_slice(),
            _ if members.contains_key("code") => return self.check_coding(members),
            _ if members.contains_key("extension") => return None,
            _ => return Some(self.message("there is no code, and one is needed from")),
        };
        let fitting = |coding: &Value| coding.as_object().is_some_and(|coding| self.check_coding(coding).is_none());
        (!codings.iter().any(fitting)).then(|| self.message("no coding is in"))
    }

    fn check_coding(&self, coding: &Object) -> Option<String> {
        let text = |name: &str| coding.get(name).and_then(Value::as_str);
        let known = match (text("system"), text("code")) {
            (Some(system), Some(code)) => self.has(Some(system), code),
            // Without a system a code means nothing (Coding.system).
            _ => false,
        };
        (!known).then(|| self.message("the coding is not in"))
    }
}
