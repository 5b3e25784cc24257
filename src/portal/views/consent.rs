//! The consent screen: who asks, for what, for how long; each thing can be declined.

use crate::dates::{self, Day};
use crate::frame::{Form, Frame, view};
use crate::words::{self, CHANGING, Reader, SEEING};
use askama::Template;
use hearthgate_access::{Letters, Scope, Scopes};

/// The consent page. Posts `decision` (`allow` or `deny`) and one `scope` for each ticked line.
///
/// What is granted is what was asked for, narrowed to the union of the ticked lines: a line's value is a scope that the request covers,
/// never more. A scope that both sees and changes makes two lines; one for every type can be replaced by lines for single types, and is
/// from the beginning where the role leaves but a few of them: nobody is asked for more than the app could have.
#[derive(Clone, Debug, Template)]
#[template(path = "consent.html")]
pub struct Consent<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where the decision goes.
    pub form: Form<'a>,
    /// Who asks.
    pub asker: Asker<'a>,
    /// Who decides.
    pub reader: Reader,
    /// The name of the patient in context, where the reader is not that patient.
    pub patient: Option<&'a str>,
    /// What is asked for and may be had: requested ∩ registered ∩ role.
    pub scopes: &'a Scopes,
    /// The types that a scope for every type is offered to be narrowed to, in the order shown, and what the role permits of each.
    pub types: &'a [(&'static str, Letters)],
    /// How long an access token lasts, in seconds.
    pub access_seconds: u64,
    /// How long access lasts with `offline_access`, in seconds.
    pub offline_seconds: u64,
}

/// A client as a person meets it.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Its name, as registered.
    pub name: &'a str,
    /// Its website, an `https` address as registered.
    pub website: Option<&'a str>,
    /// Where the answer goes: the host of the redirect address, or the scheme of an app's own.
    pub sends_to: &'a str,
    /// When it was registered.
    pub registered: Day,
    /// Whether the clinic looked at it and approved it.
    pub verified: bool,
}

/// As many types are named each, and not as the whole record.
const A_FEW: usize = 4;

/// Lines under one heading.
struct Group {
    heading: &'static str,
    lines: Vec<Line>,
}

struct Line {
    value: String,
    text: String,
    /// Narrower lines that may be ticked instead: value and text.
    instead: Vec<(String, String)>,
}

impl Consent<'_> {
    fn groups(&self) -> Vec<Group> {
        let t = self.frame.t();
        let seeing = self.lines(SEEING);
        let changing = self.lines(CHANGING);
        let named = |names: &[(&'static str, &'static str)]| -> Vec<Line> {
            let asked = names.iter().filter(|(name, _)| self.scopes.has(name));
            asked.map(|(name, text)| Line { value: (*name).to_owned(), text: (*text).to_owned(), instead: Vec::new() }).collect()
        };
        let identity = named(&[("openid", t.scope_openid), ("fhirUser", t.scope_fhir_user), ("profile", t.scope_profile)]);
        let staying = named(&[("offline_access", t.scope_offline), ("online_access", t.scope_online)]);
        [(t.group_see, seeing), (t.group_change, changing), (t.group_identity, identity), (t.group_offline, staying)]
            .into_iter()
            .filter(|(_, lines)| !lines.is_empty())
            .map(|(heading, lines)| Group { heading, lines })
            .collect()
    }

    /// What an app must learn to work at all: told, not asked.
    fn context(&self) -> Vec<(&'static str, &'static str)> {
        let t = self.frame.t();
        let all = [("launch", t.scope_launch), ("launch/patient", t.scope_launch_patient), ("launch/encounter", t.scope_launch_encounter)];
        all.into_iter().filter(|(name, _)| self.scopes.has(name)).collect()
    }

    fn lines(&self, letters: Letters) -> Vec<Line> {
        let parts = self.scopes.fhir().iter().filter_map(|scope| part(scope, scope.resource_type(), letters));
        parts
            .flat_map(|scope| {
                let types: &[_] = if scope.resource_type().is_none() { self.types } else { &[] };
                let narrower: Vec<_> = types.iter().filter_map(|(name, permitted)| part(&scope, Some(name), letters.common(*permitted))).collect();
                if !narrower.is_empty() && narrower.len() <= A_FEW && narrower.len() < types.len() {
                    return narrower.iter().map(|one| self.line(one, &[])).collect();
                }
                vec![self.line(&scope, &narrower)]
            })
            .collect()
    }

    fn line(&self, scope: &Scope, instead: &[Scope]) -> Line {
        Line { value: scope.to_string(), text: self.words(scope), instead: instead.iter().map(|one| (one.to_string(), self.words(one))).collect() }
    }

    fn words(&self, scope: &Scope) -> String {
        words::scope(self.frame.language, self.reader, scope)
    }

    fn intro(&self) -> &'static str {
        match self.reader {
            Reader::Patient => self.frame.t().consent_intro_patient,
            Reader::Staff => self.frame.t().consent_intro_staff,
        }
    }

    fn lasts(&self, seconds: u64) -> String {
        dates::span(self.frame.language, seconds)
    }
}

/// A scope held to a type and to some letters, if anything is left.
fn part(scope: &Scope, resource_type: Option<&str>, letters: Letters) -> Option<Scope> {
    scope.held(resource_type, letters)
}

view!(Consent);
