//! What a person may be asked to grant of the scopes that a client asks for, and what is left of it once the person has ticked.
//!
//! Each scope keeps the spelling it was asked in (`read` of version 1, `rs` of version 2) as long as all of it is there
//! (<https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources>).

use crate::grant;
use crate::interaction::{Interaction, Letters};
use crate::role::Role;
use crate::roles::Roles;
use crate::scope::{Context, Scope, ScopeError, Scopes};

/// Requested ∩ registered ∩ permitted to the role, scope by scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// A scope for FHIR data, as it was asked or as it is written now that less of it is left.
    Data(Scope, String),
    /// A scope without FHIR data.
    Other(&'static str),
}

impl Offer {
    /// What of the scopes asked for may be had at all. Unknown ones fall away, as OAuth permits (RFC 6749 section 3.3).
    ///
    /// # Errors
    /// A parameter that is too long to be read.
    pub fn of(roles: &Roles, role: Role, registered: &str, asked: &str) -> Result<Self, ScopeError> {
        let registered = Scopes::parse(registered)?;
        let known = Scopes::parse(asked)?;
        let mut offer = Self::default();
        for token in asked.split(' ') {
            if let Some(scope) = Scope::parse(token) {
                for left in left(roles, role, &registered, &scope) {
                    let text = if left == scope { token.to_owned() } else { spelled(&left, token) };
                    offer.add(left, text);
                }
            } else if let Some(name) = known.other().iter().find(|name| **name == token).filter(|name| registered.has(name))
                && !offer.has(name)
            {
                offer.parts.push(Part::Other(name));
            }
        }
        Ok(offer)
    }

    fn add(&mut self, scope: Scope, text: String) {
        if !self.parts.iter().any(|part| matches!(part, Part::Data(known, _) if known.covers(&scope))) {
            self.parts.push(Part::Data(scope, text));
        }
    }

    /// Whether a scope without FHIR data is in it.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Other(known) if *known == name))
    }

    /// Whether there is a scope of this context.
    #[must_use]
    pub fn in_context(&self, context: Context) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Data(scope, _) if scope.context() == context))
    }

    /// Whether there is nothing to be had.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Without a scope that has no FHIR data.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.parts.retain(|part| !matches!(part, Part::Other(known) if *known == name));
        self
    }

    /// Without the scopes of a context.
    #[must_use]
    pub fn without_context(mut self, context: Context) -> Self {
        self.parts.retain(|part| !matches!(part, Part::Data(scope, _) if scope.context() == context));
        self
    }

    /// As a set, for a page.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        let (mut data, mut other) = (Vec::new(), Vec::new());
        for part in &self.parts {
            match part {
                Part::Data(scope, _) => data.push(scope.clone()),
                Part::Other(name) => other.push(*name),
            }
        }
        Scopes::of(data, other)
    }

    /// As a scope parameter.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = self.parts.iter().map(|part| match part {
            Part::Data(_, text) => text.as_str(),
            Part::Other(name) => name,
        });
        texts.collect::<Vec<_>>().join(" ")
    }

    /// Whether a consent given before covers all of it.
    #[must_use]
    pub fn is_within(&self, consented: &Scopes) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Data(scope, _) => consented.covers(scope),
            Part::Other(name) => consented.has(name),
        })
    }

    /// What is left once a person has ticked: never more than was offered. Launch context is told, not asked, and stays.
    #[must_use]
    pub fn ticked(&self, ticked: &Scopes) -> Self {
        let mut left = Self::default();
        for part in &self.parts {
            match part {
                Part::Other(name) if name.starts_with("launch") || ticked.has(name) => left.parts.push(part.clone()),
                Part::Other(_) => {}
                Part::Data(scope, text) => {
                    for both in merged(ticked.fhir().iter().filter_map(|one| scope.intersect(one))) {
                        let text = if both == *scope { text.clone() } else { spelled(&both, text) };
                        left.add(both, text);
                    }
                }
            }
        }
        left
    }
}

/// What registration and role leave of one scope.
fn left(roles: &Roles, role: Role, registered: &Scopes, scope: &Scope) -> Vec<Scope> {
    let person = !matches!(role, Role::System | Role::Internal(_));
    let at_odds = match scope.context() {
        Context::User => !person,
        Context::System => person,
        Context::Patient => false,
    };
    if at_odds {
        return Vec::new();
    }
    let parts = registered.fhir().iter().filter_map(|known| known.intersect(scope)).filter_map(|part| {
        let letters = part.letters().each().filter(|letter| grant::is_permitted(roles, role, &part, *letter)).fold(Letters::NONE, Letters::and);
        (!letters.is_empty()).then(|| part.only(letters))
    });
    merged(parts)
}

/// Scopes that differ in their letters alone become one.
fn merged(scopes: impl Iterator<Item = Scope>) -> Vec<Scope> {
    let mut all: Vec<Scope> = Vec::new();
    for scope in scopes {
        match all.iter_mut().find(|known| known.only(Letters::ALL) == scope.only(Letters::ALL)) {
            Some(known) => *known = known.only(known.letters().and(scope.letters())),
            None => all.push(scope),
        }
    }
    let covered = |scope: &Scope| all.iter().any(|other| other != scope && other.covers(scope));
    all.iter().filter(|scope| !covered(scope)).cloned().collect()
}

/// A scope in the version that another one is written in, if that version has a word for it.
fn spelled(scope: &Scope, like: &str) -> String {
    let first = ["read", "write", "*"].iter().any(|word| like.ends_with(&format!(".{word}")));
    let words = [("read", Letters::READ.and(Letters::SEARCH)), ("write", Letters::CREATE.and(Letters::UPDATE).and(Letters::DELETE)), ("*", Letters::ALL)];
    match words.iter().find(|(_, letters)| first && scope.filters().is_empty() && scope.letters() == *letters) {
        Some((word, _)) => format!("{}/{}.{word}", scope.context(), scope.resource_type().unwrap_or("*")),
        None => scope.to_string(),
    }
}

impl Roles {
    /// Whether a role may do anything of an interaction with the record's resources of a type.
    #[must_use]
    pub fn permits(&self, role: Role, resource_type: &str, interaction: Interaction) -> bool {
        self.decision(role, resource_type, interaction).is_some_and(|decision| decision.reach.iter().any(|kind| !kind.is_of_apps()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(role: Role, registered: &str, asked: &str) -> String {
        Offer::of(&Roles::shipped().expect("roles"), role, registered, asked).expect("short").text()
    }

    #[test]
    fn what_fits_keeps_its_spelling_and_its_order() {
        let all = "launch launch/patient openid fhirUser offline_access patient/*.cruds user/*.cruds";
        let asked = "openid patient/Observation.read launch/patient patient/Condition.rs fhirUser";
        assert_eq!(offer(Role::Patient, all, asked), asked);
        assert_eq!(offer(Role::Patient, all, "patient/*.read"), "patient/*.read");
    }

    #[test]
    fn abuse_b52_what_exceeds_registration_or_role_is_narrowed_away() {
        assert_eq!(offer(Role::Patient, "patient/*.rs", "patient/Observation.cruds"), "patient/Observation.rs");
        assert_eq!(offer(Role::Patient, "patient/*.cruds", "patient/Observation.*"), "patient/Observation.read");
        assert_eq!(offer(Role::Patient, "patient/Observation.rs patient/Condition.r", "patient/*.rs"), "patient/Condition.r patient/Observation.rs");
        assert_eq!(offer(Role::Patient, "patient/*.cruds system/*.cruds", "system/*.rs patient/Patient.d"), "");
        assert_eq!(offer(Role::Admin, "user/*.cruds", "user/Observation.rs user/Practitioner.rs"), "user/Practitioner.rs");
        assert_eq!(offer(Role::Doctor, "user/*.rs", "openid user/*.rs nonsense/x.y"), "user/*.rs");
        assert_eq!(offer(Role::Doctor, "patient/Observation.rs?category=laboratory", "patient/Observation.rs"), "patient/Observation.rs?category=laboratory");
    }

    #[test]
    fn abuse_b29_what_is_ticked_is_never_more_than_was_offered() {
        let roles = Roles::shipped().expect("roles");
        let ticked = |asked: &str, ticks: &str| {
            let offer = Offer::of(&roles, Role::Doctor, "launch/patient openid offline_access patient/*.cruds", asked).expect("short");
            offer.ticked(&Scopes::parse(ticks).expect("short")).text()
        };
        let asked = "openid launch/patient offline_access patient/Observation.cruds patient/Condition.read";
        assert_eq!(ticked(asked, "openid patient/Observation.rs"), "openid launch/patient patient/Observation.rs");
        assert_eq!(
            ticked(asked, "patient/Observation.rs patient/Observation.cud patient/Condition.rs"),
            "launch/patient patient/Observation.cruds patient/Condition.read"
        );
        assert_eq!(ticked(asked, "patient/*.cruds user/*.cruds system/*.rs fhirUser"), "launch/patient patient/Observation.cruds patient/Condition.read");
        assert_eq!(ticked("patient/*.rs", "patient/Observation.rs patient/Patient.rs"), "patient/Observation.rs patient/Patient.rs");
        assert_eq!(ticked("patient/*.read", "patient/Observation.rs"), "patient/Observation.read");
        assert_eq!(ticked("patient/*.rs", "patient/*.rs patient/Observation.rs"), "patient/*.rs");
        assert_eq!(ticked("patient/Observation.rs", "patient/Observation.rs?category=laboratory"), "patient/Observation.rs?category=laboratory");
        assert_eq!(ticked(asked, ""), "launch/patient");
    }

    #[test]
    fn what_apps_keep_is_a_line_of_its_own() {
        let keys = "patient/Basic.cruds?code=https://app.example|keys";
        let registered = format!("patient/*.cruds {keys}");
        assert_eq!(offer(Role::Doctor, &registered, &registered), registered);
        assert_eq!(offer(Role::Doctor, "patient/*.cruds", keys), "");
        assert_eq!(offer(Role::Patient, &registered, "patient/Basic.cruds"), "patient/Basic.rs");
        assert_eq!(offer(Role::Patient, &registered, keys), keys);
        let roles = Roles::shipped().expect("roles");
        let offered = Offer::of(&roles, Role::Doctor, &registered, &registered).expect("short");
        let ticked = |ticks: &str| offered.ticked(&Scopes::parse(ticks).expect("short")).text();
        assert_eq!((ticked("patient/*.rs").as_str(), ticked(keys).as_str()), ("patient/*.rs", keys));
        assert!(!offered.is_within(&Scopes::parse("patient/*.cruds").expect("short")));
    }

    #[test]
    fn a_consent_covers_what_it_says_and_no_more() {
        let roles = Roles::shipped().expect("roles");
        let offer = Offer::of(&roles, Role::Doctor, "openid patient/*.cruds", "openid patient/Observation.rs").expect("short");
        let within = |text: &str| offer.is_within(&Scopes::parse(text).expect("short"));
        assert!(within("openid patient/*.rs") && within("openid patient/Observation.r patient/Observation.s"));
        assert!(!within("patient/*.rs") && !within("openid patient/Observation.r") && !within("openid patient/Observation.rs?category=laboratory"));
    }
}
