//! The launcher: an app and a patient, and off it goes.

use super::pick::PatientChoice;
use crate::frame::{Form, Frame, view};
use askama::Template;

/// The launcher. Posts `client_id` and `patient` to where apps are launched; the search asks for the same page by GET with `name`.
#[derive(Clone, Debug, Template)]
#[template(path = "launcher.html")]
pub struct Launcher<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where launching goes.
    pub launch: Form<'a>,
    /// The apps that can be launched.
    pub apps: &'a [LaunchChoice<'a>],
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

view!(Launcher);
