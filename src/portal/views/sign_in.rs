//! Signing in.

use crate::dates;
use crate::frame::{Form, Frame, view};
use askama::Template;

/// The sign-in page. Posts `username` and `password`.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_in.html")]
pub struct SignIn<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where the form goes.
    pub form: Form<'a>,
    /// The app on whose account somebody signs in; `None` for the portal itself.
    pub app: Option<&'a str>,
    /// What stands in the user name's field: `login_hint`, or what was typed before an error.
    pub username: &'a str,
    /// What went wrong the last time.
    pub error: Option<SignInError>,
    /// Other places to sign in at.
    pub upstream: &'a [Upstream<'a>],
    /// Options for a passkey without a user name: `PublicKeyCredentialRequestOptions` as JSON; the answer is posted as `passkey`.
    pub passkey: Option<&'a str>,
}

/// A hospital's own identity provider.
#[derive(Clone, Copy, Debug)]
pub struct Upstream<'a> {
    /// Its name.
    pub name: &'a str,
    /// The link that starts signing in there.
    pub href: &'a str,
}

/// Why nobody was signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInError {
    /// Name or password is wrong; which one is not told, nor whether the account exists.
    WrongCredentials,
    /// Too many attempts.
    TooManyAttempts {
        /// Seconds until the next one is heard.
        wait_seconds: u64,
    },
    /// The form was too old.
    Expired,
}

impl SignIn<'_> {
    fn error_text(&self) -> Option<String> {
        let t = self.frame.t();
        Some(match self.error? {
            SignInError::WrongCredentials => t.wrong_credentials.to_owned(),
            SignInError::TooManyAttempts { wait_seconds } => format!("{} {}", t.too_many_attempts, dates::span(self.frame.language, wait_seconds)),
            SignInError::Expired => t.form_expired.to_owned(),
        })
    }
}

view!(SignIn);
