//! What can be wrong with a query.

/// Why a query cannot be obeyed: the parameter, what is wrong, how to mend it. All are HTTP 400.
/// Neither text repeats a value, which may tell of a patient.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Malformed or contradictory: issue code `value`.
    #[error("{}{wrong}; {mend}", shown(parameter))]
    Value {
        /// The parameter's name as it came.
        parameter: String,
        /// What is wrong.
        wrong: String,
        /// How to mend it.
        mend: String,
    },
    /// Understood and not obeyed: issue code `not-supported`.
    #[error("{}{wrong}; {mend}", shown(parameter))]
    NotSupported {
        /// The parameter's name as it came.
        parameter: String,
        /// What is not supported.
        wrong: String,
        /// What to do instead.
        mend: String,
    },
    /// Over a limit: issue code `too-costly`.
    #[error("{}{wrong}; {mend}", shown(parameter))]
    TooCostly {
        /// The parameter's name as it came; empty where it is the query as a whole.
        parameter: String,
        /// Which limit.
        wrong: String,
        /// How to stay under it.
        mend: String,
    },
}

impl Problem {
    pub(super) fn value(parameter: &str, wrong: &str, mend: &str) -> Self {
        Self::Value { parameter: parameter.to_owned(), wrong: wrong.to_owned(), mend: mend.to_owned() }
    }

    pub(super) fn not_supported(parameter: &str, wrong: &str, mend: &str) -> Self {
        Self::NotSupported { parameter: parameter.to_owned(), wrong: wrong.to_owned(), mend: mend.to_owned() }
    }

    pub(super) fn too_costly(parameter: &str, wrong: &str, mend: &str) -> Self {
        Self::TooCostly { parameter: parameter.to_owned(), wrong: wrong.to_owned(), mend: mend.to_owned() }
    }

    /// The parameter's name as it came; hostile characters included.
    pub fn parameter(&self) -> &str {
        let (Self::Value { parameter, .. } | Self::NotSupported { parameter, .. } | Self::TooCostly { parameter, .. }) = self;
        parameter
    }

    /// The code of the OperationOutcome's issue (<https://hl7.org/fhir/R4/valueset-issue-type.html>).
    pub fn issue_code(&self) -> &'static str {
        match self {
            Self::Value { .. } => "value",
            Self::NotSupported { .. } => "not-supported",
            Self::TooCostly { .. } => "too-costly",
        }
    }
}

/// A name as messages may show it: short, and of harmless characters.
fn shown(parameter: &str) -> String {
    if parameter.is_empty() {
        return String::new();
    }
    let harmless = |c: char| {
        if c.is_ascii_alphanumeric() || "_-:.*".contains(c) { c } else { '?' }
    };
    let name: String = parameter.chars().take(64).map(harmless).collect();
    format!("parameter '{name}': ")
}
