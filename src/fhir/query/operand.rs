//! What a value says, by kind of parameter (<https://hl7.org/fhir/R4/search.html#ptypes>).

use crate::date::Interval;

/// One alternative of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// Text as it came, unescaped and not folded.
    String(String),
    /// `code`, `system|code`, `|code` or `system|`.
    Token {
        /// What the system must be.
        system: SystemMatch,
        /// What the code must be; `None` for any.
        code: Option<String>,
    },
    /// `system|code|value`: the type of an identifier and its value.
    OfType {
        /// The system of the type.
        system: String,
        /// The code of the type.
        code: String,
        /// The identifier's value.
        value: String,
    },
    /// A date with its prefix.
    Date {
        /// How it compares.
        prefix: Prefix,
        /// The time that the text stands for.
        interval: Interval,
        /// The date as it came, without prefix.
        text: String,
    },
    /// A reference to a resource here.
    Reference {
        /// Its type, where one is named.
        type_name: Option<&'static str>,
        /// Its logical id.
        id: String,
    },
    /// A reference to elsewhere: a URL, `urn:uuid:…`, `urn:oid:…`.
    ReferenceUrl(String),
    /// A reference by identifier.
    Identifier {
        /// What the system must be.
        system: SystemMatch,
        /// The identifier's value.
        value: String,
    },
    /// A quantity with its prefix.
    Quantity {
        /// How it compares.
        prefix: Prefix,
        /// The number.
        value: f64,
        /// Where the implicit range begins.
        lo: f64,
        /// The first number after it.
        hi: f64,
        /// The system of the unit; `None` for any.
        system: Option<String>,
        /// The unit's code, or unit as people read it where no system is named; `None` for any.
        code: Option<String>,
    },
    /// A number with its prefix.
    Number {
        /// How it compares.
        prefix: Prefix,
        /// The number.
        value: f64,
        /// Where the implicit range begins.
        lo: f64,
        /// The first number after it.
        hi: f64,
    },
    /// A URI as it came, unescaped.
    Uri(String),
    /// `a$b`: one operand for each part of a composite, all of which hold of the same element.
    Composite(Vec<Operand>),
    /// `:missing`: true where the element must be absent.
    Missing(bool),
}

/// What the system of a token must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemMatch {
    /// Whatever: `code`.
    Any,
    /// Absent: `|code`.
    None,
    /// This one: `system|code` or `system|`.
    Is(String),
}

/// How an ordered value compares (<https://hl7.org/fhir/R4/search.html#prefix>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Prefix {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Sa,
    Eb,
    Ap,
}

impl Prefix {
    /// The prefix of a value, `Eq` where none is written, and what follows it.
    pub(super) fn split(text: &str) -> (Self, &str) {
        let Some((prefix, rest)) = text.split_at_checked(2) else {
            return (Self::Eq, text);
        };
        let prefix = match prefix {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "gt" => Self::Gt,
            "lt" => Self::Lt,
            "ge" => Self::Ge,
            "le" => Self::Le,
            "sa" => Self::Sa,
            "eb" => Self::Eb,
            "ap" => Self::Ap,
            _ => return (Self::Eq, text),
        };
        (prefix, rest)
    }
}
