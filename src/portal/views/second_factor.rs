//! The second factor.

use crate::dates;
use crate::frame::{Form, Frame, view};
use askama::Template;

/// The page of the second factor. Posts `code`, or `passkey` with the credential as JSON.
#[derive(Clone, Debug, Template)]
#[template(path = "second_factor.html")]
pub struct SecondFactor<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where the form goes.
    pub form: Form<'a>,
    /// What went wrong the last time.
    pub error: Option<SecondFactorError>,
    /// `PublicKeyCredentialRequestOptions` as JSON, where the account has a passkey
    /// (<https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialrequestoptionsjson>). The code's field always stands beside it.
    pub passkey: Option<&'a str>,
}

/// Why the second factor was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactorError {
    /// The code is wrong or was used before.
    WrongCode,
    /// The passkey's answer did not hold.
    WrongPasskey,
    /// Too many attempts.
    TooManyAttempts {
        /// Seconds until the next one is heard.
        wait_seconds: u64,
    },
}

impl SecondFactorError {
    pub(super) fn text(self, frame: &Frame<'_>) -> String {
        let t = frame.t();
        match self {
            Self::WrongCode => t.wrong_code.to_owned(),
            Self::WrongPasskey => t.wrong_passkey.to_owned(),
            Self::TooManyAttempts { wait_seconds } => format!("{} {}", t.too_many_attempts, dates::span(frame.language, wait_seconds)),
        }
    }
}

impl SecondFactor<'_> {
    fn error_text(&self) -> Option<String> {
        Some(self.error?.text(&self.frame))
    }
}

view!(SecondFactor);
