//! A query with its boundary. The store runs `Narrowed` queries only, and only [`Caller::narrow`] makes
//! one, so forgetting the check does not compile.

use crate::caller::Caller;
use crate::interaction::Interaction;
use crate::reach::TypeRule;

/// What can be narrowed: a query, a read, a change.
pub trait Target {
    /// The R4 type it speaks of.
    fn resource_type(&self) -> &str;
    /// What it does.
    fn interaction(&self) -> Interaction;
    /// Types it touches besides, each under its own rule: those of includes (under
    /// [`Interaction::Read`]), and [`Interaction::Create`] for an update that may create. One that the
    /// caller may not touch denies nothing; its rule is absent.
    fn also(&self) -> Vec<(String, Interaction)> {
        Vec::new()
    }
}

/// Security labels (`meta.security`) withheld from a caller
/// (<https://hl7.org/fhir/R4/security-labels.html>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    withheld: Vec<(String, String)>,
}

impl Labels {
    pub(crate) fn withhold(&mut self, system: &str, code: &str) {
        self.withheld.push((system.to_owned(), code.to_owned()));
    }

    /// The labels by system and code: a resource that bears one does not exist for the caller.
    #[must_use]
    pub fn withheld(&self) -> &[(String, String)] {
        &self.withheld
    }

    /// Whether a resource with this label is withheld.
    #[must_use]
    pub fn withholds(&self, system: &str, code: &str) -> bool {
        self.withheld.iter().any(|(s, c)| s == system && c == code)
    }
}

/// What patients' consents take away from a caller. Nothing yet: its place is kept, so that what is
/// added later reaches every query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    _private: (),
}

impl Consent {
    /// Whether consents take nothing away.
    #[must_use]
    pub fn permits_all(&self) -> bool {
        true
    }
}

/// Everything that limits one query: whose resources, of which types, without which labels.
#[derive(Clone, Debug)]
pub struct Boundary {
    caller: Caller,
    resource_type: String,
    interaction: Interaction,
    rule: TypeRule,
    others: Vec<(String, Interaction, Option<TypeRule>)>,
    consent: Consent,
}

impl Boundary {
    pub(crate) fn new(
        caller: Caller,
        resource_type: String,
        interaction: Interaction,
        rule: TypeRule,
        others: Vec<(String, Interaction, Option<TypeRule>)>,
    ) -> Self {
        Self { caller, resource_type, interaction, rule, others, consent: Consent::default() }
    }

    /// The type that the rule is for.
    #[must_use]
    pub fn resource_type(&self) -> &str {
        &self.resource_type
    }

    /// The interaction that the rule is for.
    #[must_use]
    pub fn interaction(&self) -> Interaction {
        self.interaction
    }

    /// The rule of the type itself. A write is judged by it twice: on the version that was, and on the
    /// one that will be.
    #[must_use]
    pub fn rule(&self) -> &TypeRule {
        &self.rule
    }

    /// The rule under which resources of a type may come along; `None`: none of them may. What
    /// [`Target::also`] said of the type counts before the main rule.
    #[must_use]
    pub fn rule_for(&self, resource_type: &str) -> Option<&TypeRule> {
        match self.others.iter().find(|(name, ..)| name == resource_type) {
            Some((_, _, rule)) => rule.as_ref(),
            None => (resource_type == self.resource_type).then_some(&self.rule),
        }
    }

    /// The rule of a type and an interaction, if the target named the two and the caller may.
    #[must_use]
    pub fn rule_of(&self, resource_type: &str, interaction: Interaction) -> Option<&TypeRule> {
        if resource_type == self.resource_type && interaction == self.interaction {
            return Some(&self.rule);
        }
        let named = |(name, i, _): &&(String, Interaction, _)| name == resource_type && *i == interaction;
        self.others.iter().find(named).and_then(|(_, _, rule)| rule.as_ref())
    }

    /// Labels withheld.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        self.caller.labels()
    }

    /// What consents take away.
    #[must_use]
    pub fn consent(&self) -> &Consent {
        &self.consent
    }

    /// Whose boundary it is.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// A query that may run, because it knows its boundary.
#[derive(Debug)]
pub struct Narrowed<T> {
    target: T,
    boundary: Boundary,
}

impl<T> Narrowed<T> {
    pub(crate) fn new(target: T, boundary: Boundary) -> Self {
        Self { target, boundary }
    }

    /// The query.
    pub fn target(&self) -> &T {
        &self.target
    }

    /// The boundary.
    pub fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    /// See [`Boundary::rule`].
    pub fn rule(&self) -> &TypeRule {
        self.boundary.rule()
    }

    /// See [`Boundary::rule_for`].
    pub fn rule_for(&self, resource_type: &str) -> Option<&TypeRule> {
        self.boundary.rule_for(resource_type)
    }

    /// See [`Boundary::labels`].
    pub fn labels(&self) -> &Labels {
        self.boundary.labels()
    }

    /// See [`Boundary::consent`].
    pub fn consent(&self) -> &Consent {
        self.boundary.consent()
    }

    /// See [`Boundary::caller`].
    pub fn caller(&self) -> &Caller {
        self.boundary.caller()
    }

    /// The same boundary around another form of the query. For the rooms that turn a query into SQL,
    /// and for them alone: what they make must hold the boundary as a predicate.
    pub fn map<U>(self, f: impl FnOnce(T, &Boundary) -> U) -> Narrowed<U> {
        let target = f(self.target, &self.boundary);
        Narrowed { target, boundary: self.boundary }
    }

    /// As [`Narrowed::map`], when the other form may fail.
    pub fn try_map<U, E>(self, f: impl FnOnce(T, &Boundary) -> Result<U, E>) -> Result<Narrowed<U>, E> {
        let target = f(self.target, &self.boundary)?;
        Ok(Narrowed { target, boundary: self.boundary })
    }

    /// Two queries made of one, each within the same boundary.
    pub fn split<A, B>(self, f: impl FnOnce(T) -> (A, B)) -> (Narrowed<A>, Narrowed<B>) {
        let (a, b) = f(self.target);
        (Narrowed { target: a, boundary: self.boundary.clone() }, Narrowed { target: b, boundary: self.boundary })
    }

    /// The query without its boundary, which nothing runs any more.
    pub fn into_target(self) -> T {
        self.target
    }
}
