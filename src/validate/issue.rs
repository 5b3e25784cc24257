//! What is told of a fault.

/// How grave an issue is (<https://hl7.org/fhir/R4/valueset-issue-severity.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The resource is not what R4 says; it must not be stored.
    Error,
    /// It may be stored; something in it is likely not meant.
    Warning,
}

impl Severity {
    /// The code in an OperationOutcome.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// The kind of an issue (<https://hl7.org/fhir/R4/valueset-issue-type.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// An element that is not defined, or of the wrong JSON type.
    Structure,
    /// A required element is missing.
    Required,
    /// A text that is not of its primitive type's form.
    Value,
    /// A code outside a required value set.
    CodeInvalid,
    /// An invariant of R4, named in the message.
    Invariant,
    /// A text over the limit.
    TooLong,
    /// More issues than are told.
    TooCostly,
}

impl Code {
    /// The code in an OperationOutcome.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Required => "required",
            Self::Value => "value",
            Self::CodeInvalid => "code-invalid",
            Self::Invariant => "invariant",
            Self::TooLong => "too-long",
            Self::TooCostly => "too-costly",
        }
    }
}

/// One thing that is wrong with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// How grave.
    pub severity: Severity,
    /// Of what kind.
    pub code: Code,
    /// Where: FHIRPath of element names and indexes, `Patient.name[0].given[1]`. A choice has its
    /// name without the type: `Observation.value`.
    pub path: String,
    /// What is wrong and how to mend it, without any value.
    pub message: String,
}
