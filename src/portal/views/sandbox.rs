//! The sample app and its launcher.

use crate::frame::{Frame, view};
use askama::Template;

/// The sample app: a static page whose script does what any SMART app does
/// (<https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html>). It is the launch address and the redirect address of its client.
#[derive(Clone, Debug, Template)]
#[template(path = "sandbox.html")]
pub struct Sandbox<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// The FHIR base that it starts from by itself.
    pub fhir_base: &'a str,
    /// Its client id.
    pub client_id: &'a str,
    /// Its redirect address.
    pub redirect_uri: &'a str,
    /// The state code under which it keeps how often it was opened, `system|code`.
    pub state_code: &'a str,
    /// The scopes it asks for, as they stand in the field.
    pub scope: &'a str,
}

view!(Sandbox);
