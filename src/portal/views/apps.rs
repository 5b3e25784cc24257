//! Connected apps: what each may do, when each last looked, and the way to end it.

use crate::dates::{Day, Moment};
use crate::frame::{Form, Frame, view};
use crate::words::{self, Reader};
use askama::Template;
use hearthgate_access::Scopes;

/// The apps that a person connected. Disconnecting posts `app`, the consent's number.
#[derive(Clone, Debug, Template)]
#[template(path = "apps.html")]
pub struct Apps<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where disconnecting goes.
    pub form: Form<'a>,
    /// Who looks.
    pub reader: Reader,
    /// What the person has not seen yet, the newest first. Seeing it posts `seen`, the number of the newest.
    pub notices: &'a [AppNotice<'a>],
    /// The apps, the newest first.
    pub apps: &'a [ConnectedApp<'a>],
    /// Whether one was just disconnected.
    pub disconnected: bool,
}

/// An app that was disconnected because one of its tokens was used twice.
#[derive(Clone, Copy, Debug)]
pub struct AppNotice<'a> {
    /// The notice's number.
    pub id: i64,
    /// The app's name.
    pub app: &'a str,
    /// When.
    pub at: Moment,
}

/// One app.
#[derive(Clone, Copy, Debug)]
pub struct ConnectedApp<'a> {
    /// The consent's number.
    pub id: i64,
    /// The app's name.
    pub name: &'a str,
    /// What it may do.
    pub scopes: &'a Scopes,
    /// Since when.
    pub since: Day,
    /// When it last used its access.
    pub last_looked: Option<Moment>,
    /// When its access ends by itself.
    pub until: Option<Day>,
    /// Whether it keeps its access when the person is not there.
    pub offline: bool,
}

impl Apps<'_> {
    fn words(&self, scopes: &Scopes) -> Vec<String> {
        in_words(self.frame.language, self.reader, scopes)
    }
}

/// Scopes in words, one line each, those without FHIR data last.
pub(crate) fn in_words(language: crate::Language, reader: Reader, scopes: &Scopes) -> Vec<String> {
    let t = language.text();
    let mut lines: Vec<String> = Vec::new();
    for line in scopes.fhir().iter().map(|scope| words::scope(language, reader, scope)) {
        // `patient/` and `user/` are the same to a patient.
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if scopes.has("openid") || scopes.has("fhirUser") || scopes.has("profile") {
        lines.push(t.scope_fhir_user.to_owned());
    }
    lines
}

view!(Apps);
