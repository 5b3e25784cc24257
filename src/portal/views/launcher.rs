//! The launcher: an app, whom and what it is about, and off it goes.

use super::apps::in_words;
use super::pick::{EncounterChoice, PatientChoice};
use crate::dates::Day;
use crate::frame::{Form, Frame, view};
use crate::words::Reader;
use askama::Template;
use hearthgate_access::Scopes;

/// A doctor's launcher: which app, for which patient. The search asks for the same page by GET with `name`, and so does the choice, with
/// `client_id` and `patient`.
#[derive(Clone, Debug, Template)]
#[template(path = "launcher.html")]
pub struct Launcher<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// The apps that can be launched.
    pub apps: &'a [LaunchChoice<'a>],
    /// The client id of the app that is chosen already.
    pub chosen: &'a str,
    /// What was searched for; empty: everyone in care.
    pub name: &'a str,
    /// The patients found.
    pub patients: &'a [PatientChoice<'a>],
    /// Whether there are more.
    pub more: bool,
}

/// One app.
#[derive(Clone, Copy, Debug)]
pub struct LaunchChoice<'a> {
    /// The client's id.
    pub client_id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The address it is opened at.
    pub launch_url: &'a str,
}

/// What an app is told when it is opened for a patient, and what it may get. Posts `client_id`, `patient`, `encounter` (empty: none),
/// `banner` (`app` or `page`: which of them says whose record it is) and `style` (`light` or `dark`) to where apps are launched
/// (<https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token>).
#[derive(Clone, Debug, Template)]
#[template(path = "launcher_ready.html")]
pub struct LauncherReady<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where launching goes.
    pub launch: Form<'a>,
    /// The app.
    pub app: LaunchChoice<'a>,
    /// Whom it is about.
    pub patient: PatientChoice<'a>,
    /// The patient's visits, the newest first.
    pub visits: &'a [EncounterChoice<'a>],
    /// The most that the app may ask for: registered ∩ role.
    pub scopes: &'a Scopes,
    /// Back to the choice.
    pub back: &'a str,
}

/// A patient's launcher: apps that start by themselves.
#[derive(Clone, Debug, Template)]
#[template(path = "launcher_own.html")]
pub struct LauncherOwn<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// The apps, those that are connected first.
    pub apps: &'a [OwnApp<'a>],
}

/// An app that a patient may open.
#[derive(Clone, Copy, Debug)]
pub struct OwnApp<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it starts by itself; `http` or `https`.
    pub href: &'a str,
    /// Its host.
    pub at: &'a str,
    /// What it may do, where it is connected; else the most that it may ask for.
    pub scopes: &'a Scopes,
    /// Since when it is connected.
    pub since: Option<Day>,
}

impl Launcher<'_> {
    /// Where none is chosen, the first is.
    fn is_chosen(&self, app: &LaunchChoice<'_>, at: &usize) -> bool {
        if self.chosen.is_empty() { *at == 0 } else { app.client_id == self.chosen }
    }
}

impl LauncherReady<'_> {
    fn words(&self) -> Vec<String> {
        in_words(self.frame.language, Reader::Staff, self.scopes)
    }
}

impl LauncherOwn<'_> {
    fn words(&self, app: &OwnApp<'_>) -> Vec<String> {
        in_words(self.frame.language, Reader::Patient, app.scopes)
    }
}

view!(Launcher);
view!(LauncherReady);
view!(LauncherOwn);
