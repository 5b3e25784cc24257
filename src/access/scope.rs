//! The grammar of SMART scopes, version 1 and 2 with granular parameters
//! (<https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html>), inside OAuth's
//! (RFC 6749 §3.3). Total and deterministic; a string it does not know grants nothing.

use std::fmt::{self, Write as _};

use hearthgate_fhir::r4;

use crate::app_state::{self, APP_STATE, StateCode};
use crate::interaction::Letters;

/// A scope parameter longer than this many bytes is refused.
pub const MAX_BYTES: usize = 4096;
/// A granular scope may name this many parameters.
const MAX_FILTERS: usize = 8;

/// Scopes that ask for no FHIR data: identity, launch context, lifetime.
const OTHER: [&str; 8] = ["fhirUser", "launch", "launch/encounter", "launch/patient", "offline_access", "online_access", "openid", "profile"];

/// The scope parameter cannot be read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// More than 4,096 bytes.
    #[error("the scope parameter has more than 4096 bytes")]
    TooLong,
}

/// On whose behalf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// `patient/`: the patient in the launch context.
    Patient,
    /// `user/`: what the person may see.
    User,
    /// `system/`: a client without a person.
    System,
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Patient => "patient",
            Self::User => "user",
            Self::System => "system",
        })
    }
}

/// A scope for FHIR data: `user/Observation.rs?category=laboratory`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    context: Context,
    resource_type: Option<&'static str>,
    letters: Letters,
    filters: Vec<(String, String)>,
}

impl Scope {
    /// Reads one scope; `None` for anything else than one, the scopes without FHIR data included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (context, rest) = text.split_once('/')?;
        let context = match context {
            "patient" => Context::Patient,
            "user" => Context::User,
            "system" => Context::System,
            _ => return None,
        };
        let (head, query) = match rest.split_once('?') {
            Some((head, query)) => (head, Some(query)),
            None => (rest, None),
        };
        let (name, letters) = head.split_once('.')?;
        let resource_type = match name {
            "*" => None,
            name => Some(static_type(name)?),
        };
        let filters = match query {
            // Parameters came with version 2; a v1 word before them is neither.
            Some(_) if matches!(letters, "read" | "write" | "*") => return None,
            Some(query) => filters(resource_type, query)?,
            None => Vec::new(),
        };
        Some(Self { context, resource_type, letters: Letters::parse(letters)?, filters })
    }

    /// The smallest scope for one interaction with one type.
    pub(crate) fn smallest(context: Context, resource_type: &'static str, letters: Letters) -> Self {
        Self { context, resource_type: Some(resource_type), letters, filters: Vec::new() }
    }

    /// `*` with every letter.
    pub(crate) fn everything(context: Context) -> Self {
        Self { context, resource_type: None, letters: Letters::ALL, filters: Vec::new() }
    }

    /// The same scope with these letters.
    pub(crate) fn only(&self, letters: Letters) -> Self {
        Self { letters, ..self.clone() }
    }

    /// What of it is about a type (`None`: as it is) and within these letters, if anything.
    #[must_use]
    pub fn held(&self, resource_type: Option<&str>, letters: Letters) -> Option<Self> {
        let letters = self.letters.common(letters);
        let resource_type = match (self.resource_type, resource_type) {
            (own, None) => own,
            (None, Some(name)) => Some(static_type(name)?),
            (Some(own), Some(name)) => (own == name).then_some(Some(own))?,
        };
        (!letters.is_empty()).then(|| Self { resource_type, letters, ..self.clone() })
    }

    /// On whose behalf.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context
    }

    /// The type; `None` for `*`.
    #[must_use]
    pub fn resource_type(&self) -> Option<&'static str> {
        self.resource_type
    }

    /// The letters.
    #[must_use]
    pub fn letters(&self) -> Letters {
        self.letters
    }

    /// Parameters and values, decoded, sorted, each once.
    #[must_use]
    pub fn filters(&self) -> &[(String, String)] {
        &self.filters
    }

    /// Whether it speaks of the type and holds the letters.
    #[must_use]
    pub fn grants(&self, resource_type: &str, letters: Letters) -> bool {
        self.resource_type.is_none_or(|own| own == resource_type) && self.letters.contains(letters)
    }

    /// What both grant, if anything.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let letters = self.letters.common(other.letters);
        let resource_type = match (self.resource_type, other.resource_type) {
            (Some(a), Some(b)) if a != b => return None,
            (a, b) => a.or(b),
        };
        if self.context != other.context || letters.is_empty() || self.is_of_apps() != other.is_of_apps() {
            return None;
        }
        if self.is_of_apps() {
            let codes = app_state::common(&StateCode::of(self), &StateCode::of(other));
            let named = codes.iter().map(StateCode::to_string).collect::<Vec<_>>().join(",");
            let besides = self.filters.iter().chain(&other.filters).filter(|(name, _)| name != "code").cloned();
            let mut filters: Vec<_> = besides.chain([("code".to_owned(), named)]).collect();
            filters.sort_unstable();
            filters.dedup();
            return (!codes.is_empty()).then_some(Self { context: self.context, resource_type, letters, filters });
        }
        let mut filters = [self.filters.as_slice(), &other.filters].concat();
        filters.sort_unstable();
        filters.dedup();
        Some(Self { context: self.context, resource_type, letters, filters })
    }

    /// Whether everything `other` grants is granted by `self` too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.context == other.context
            && (self.resource_type.is_none() || self.resource_type == other.resource_type)
            && self.letters.contains(other.letters)
            && self.is_of_apps() == other.is_of_apps()
            && self.filters.iter().all(|f| other.filters.contains(f) || (self.is_of_apps() && f.0 == "code"))
            && self.covers_codes(other)
    }

    /// Whether it names the codes of what apps keep for themselves ([`StateCode`]).
    #[must_use]
    pub fn is_of_apps(&self) -> bool {
        self.resource_type == Some(APP_STATE) && self.filters.iter().any(|(name, _)| name == "code")
    }

    fn covers_codes(&self, other: &Self) -> bool {
        let own = StateCode::of(self);
        !self.is_of_apps() || StateCode::of(other).iter().all(|code| own.iter().any(|known| known.covers(code)))
    }
}

/// The name of an R4 resource type, for good.
pub(crate) fn static_type(name: &str) -> Option<&'static str> {
    let types = r4::resource_types();
    types.binary_search(&name).ok().and_then(|at| types.get(at)).copied()
}

fn filters(resource_type: Option<&'static str>, query: &str) -> Option<Vec<(String, String)>> {
    let mut filters = Vec::new();
    for pair in query.split('&') {
        let (code, value) = pair.split_once('=')?;
        let value = decode(value)?;
        if value.is_empty() || !filters_by(resource_type, code) || filters.len() == MAX_FILTERS {
            return None;
        }
        filters.push((code.to_owned(), value));
    }
    filters.sort_unstable();
    filters.dedup();
    Some(filters)
}

/// Whether a granular scope may name the parameter: one that R4 defines for the type (for `*`: for all
/// types), without modifier or chain, and that a resource alone can answer.
fn filters_by(resource_type: Option<&'static str>, code: &str) -> bool {
    let parameter = match resource_type {
        Some(name) => r4::search_parameter(name, code),
        None => r4::common_search_parameters().iter().find(|p| p.code == code),
    };
    parameter.is_some_and(|p| {
        !matches!(p.kind, r4::Kind::Special | r4::Kind::Composite) && !matches!(p.code, "_text" | "_content" | "_filter" | "_query" | "_list" | "_has")
    })
}

/// Percent-decoding (RFC 3986 §2.1), once; `None` for stray `%`, what is not UTF-8, control characters
/// and characters that OAuth forbids in a scope.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            byte if is_scope_byte(byte) => out.push(byte),
            _ => return None,
        }
    }
    String::from_utf8(out).ok().filter(|text| !text.chars().any(char::is_control))
}

/// NQCHAR of RFC 6749, appendix A.
fn is_scope_byte(byte: u8) -> bool {
    byte == 0x21 || (0x23..=0x5b).contains(&byte) || (0x5d..=0x7e).contains(&byte)
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.{}", self.context, self.resource_type.unwrap_or("*"), self.letters)?;
        for (index, (code, value)) in self.filters.iter().enumerate() {
            write!(f, "{}{code}=", if index == 0 { '?' } else { '&' })?;
            for byte in value.bytes() {
                if is_scope_byte(byte) && !matches!(byte, b'%' | b'&') {
                    f.write_char(char::from(byte))?;
                } else {
                    write!(f, "%{byte:02X}")?;
                }
            }
        }
        Ok(())
    }
}

/// A scope parameter: a set of scopes. What it did not know is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    fhir: Vec<Scope>,
    other: Vec<&'static str>,
}

impl Scopes {
    /// Reads scopes separated by spaces. Order and repetition mean nothing; unknown strings are left
    /// out, as OAuth permits, and grant nothing.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > MAX_BYTES {
            return Err(ScopeError::TooLong);
        }
        let mut scopes = Self::default();
        for token in text.split(' ') {
            if let Some(scope) = Scope::parse(token) {
                scopes.fhir.push(scope);
            } else if let Some(other) = OTHER.iter().find(|known| **known == token) {
                scopes.other.push(other);
            }
        }
        Ok(scopes.sorted())
    }

    pub(crate) fn of(fhir: Vec<Scope>, other: Vec<&'static str>) -> Self {
        Self { fhir, other }.sorted()
    }

    fn sorted(mut self) -> Self {
        self.fhir.sort_unstable();
        self.fhir.dedup();
        self.other.sort_unstable();
        self.other.dedup();
        self
    }

    /// These and others together.
    #[must_use]
    pub fn with(mut self, others: Self) -> Self {
        self.fhir.extend(others.fhir);
        self.other.extend(others.other);
        self.sorted()
    }

    /// The scopes for FHIR data.
    #[must_use]
    pub fn fhir(&self) -> &[Scope] {
        &self.fhir
    }

    /// The scopes without FHIR data: `openid`, `launch/patient`, `offline_access`, ….
    #[must_use]
    pub fn other(&self) -> &[&'static str] {
        &self.other
    }

    /// Whether everything that a scope grants is granted here, be it by several.
    #[must_use]
    pub fn covers(&self, scope: &Scope) -> bool {
        scope.letters.each().all(|letter| {
            let one = scope.only(letter);
            self.fhir.iter().any(|known| known.covers(&one))
        })
    }

    /// Whether one of the scopes without FHIR data is here.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.other.contains(&name)
    }

    /// Whether there is a scope of this context.
    #[must_use]
    pub fn in_context(&self, context: Context) -> bool {
        self.fhir.iter().any(|scope| scope.context == context)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let other = self.other.iter().map(|name| (*name).to_owned());
        for (index, text) in other.chain(self.fhir.iter().map(Scope::to_string)).enumerate() {
            write!(f, "{}{text}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}
