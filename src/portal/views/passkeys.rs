//! One's own passkeys.

use super::second_factor::SecondFactorError;
use crate::dates::{Day, Moment};
use crate::frame::{Form, Frame, view};
use askama::Template;

/// The page of passkeys. Its forms post to the same path with `do`: `confirm` (`code`), and once that was right, with `proof`: `add` (`name`,
/// `passkey`), `rename` and `remove` (`id`, `name`).
#[derive(Clone, Debug, Template)]
#[template(path = "passkeys.html")]
pub struct Passkeys<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where the forms go.
    pub form: Form<'a>,
    /// Those there are.
    pub list: &'a [Passkey<'a>],
    /// What may be done.
    pub state: PasskeysState<'a>,
    /// What went wrong the last time.
    pub error: Option<PasskeysError>,
}

/// One passkey.
#[derive(Clone, Copy, Debug)]
pub struct Passkey<'a> {
    /// The credential's id.
    pub id: &'a str,
    /// The name it was given.
    pub name: &'a str,
    /// Since when.
    pub since: Day,
    /// When it was used last.
    pub used: Option<Moment>,
}

/// What may be done with passkeys.
#[derive(Clone, Copy, Debug)]
pub enum PasskeysState<'a> {
    /// Nothing: there is no authenticator app that stands beside them.
    NeedsTotp,
    /// A code is asked for first.
    Locked,
    /// Everything, for some minutes.
    Open {
        /// What says that the code was right.
        proof: &'a str,
        /// `PublicKeyCredentialCreationOptions` as JSON (<https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialcreationoptionsjson>);
        /// `None`: there are enough.
        options: Option<&'a str>,
    },
}

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeysError {
    /// The code does not hold.
    Code(SecondFactorError),
    /// The code was too long ago.
    Expired,
    /// The passkey's answer did not hold.
    WrongPasskey,
}

impl Passkeys<'_> {
    fn error_text(&self) -> Option<String> {
        let t = self.frame.t();
        Some(match self.error? {
            PasskeysError::Code(error) => error.text(&self.frame),
            PasskeysError::Expired => t.form_expired.to_owned(),
            PasskeysError::WrongPasskey => t.passkey_not_added.to_owned(),
        })
    }
}

view!(Passkeys);
