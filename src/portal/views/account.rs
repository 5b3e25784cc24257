//! One's own account: who one is, and the second factor.

use super::second_factor::SecondFactorError;
use crate::frame::{Form, Frame, view};
use askama::Template;

/// The account page. Each form posts to the same path with `do`: `totp-start`, `totp-confirm` (`code`), `totp-off` (`code`).
#[derive(Clone, Debug, Template)]
#[template(path = "account.html")]
pub struct Account<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where the forms go.
    pub form: Form<'a>,
    /// The name to sign in with.
    pub username: &'a str,
    /// `patient`, `doctor` or `admin`.
    pub role: &'a str,
    /// How far the authenticator app is set up.
    pub totp: Totp<'a>,
    /// Why the last code was refused: [`SecondFactorError`].
    pub error: Option<SecondFactorError>,
    /// Recovery codes just made; shown once, otherwise empty.
    pub recovery_codes: &'a [String],
    /// The names of the passkeys, where the server can have some.
    pub passkeys: Option<&'a [&'a str]>,
    /// Other places to sign in at. Removing a link posts `do` = `upstream-remove` and `id`.
    pub upstream: &'a [Linkable<'a>],
}

/// Another place to sign in at, and whether the account is linked to somebody there.
#[derive(Clone, Copy, Debug)]
pub struct Linkable<'a> {
    /// Its short name.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// The link that begins linking; `None`: it is linked.
    pub href: Option<&'a str>,
}

/// How far the authenticator app is set up.
#[derive(Clone, Copy, Debug)]
pub enum Totp<'a> {
    /// It is not.
    Off,
    /// The secret is made, and no code was shown yet.
    Begun {
        /// The secret, in base 32.
        secret: &'a str,
        /// The QR code of its `otpauth:` address as an SVG element; `None`: only the key is shown.
        picture: Option<&'a QrCode>,
    },
    /// It is asked for at sign-in.
    On,
}

/// A QR code.
#[derive(Clone, Debug)]
pub struct QrCode {
    side: usize,
    path: String,
}

impl QrCode {
    /// From its modules, row by row; `side` is their number in a row.
    #[must_use]
    pub fn new(side: usize, dark: &[bool]) -> Self {
        let squares = dark.iter().enumerate().filter(|(_, dark)| **dark);
        let path = squares.map(|(at, _)| format!("M{} {}h1v1h-1z", at % side.max(1), at / side.max(1))).collect();
        Self { side, path }
    }

    /// The side with the quiet zone of four modules around it (ISO/IEC 18004).
    fn view_box(&self) -> String {
        format!("-4 -4 {0} {0}", self.side + 8)
    }
}

impl Account<'_> {
    fn role(&self) -> &str {
        role(&self.frame, self.role)
    }

    fn has_passkeys(&self) -> bool {
        self.passkeys.is_some_and(|passkeys| !passkeys.is_empty())
    }

    fn error_text(&self) -> Option<String> {
        Some(self.error?.text(&self.frame))
    }
}

/// A role in words.
pub(crate) fn role<'r>(frame: &Frame<'_>, role: &'r str) -> &'r str {
    let t = frame.t();
    match role {
        "patient" => t.role_patient,
        "doctor" => t.role_doctor,
        "admin" => t.role_admin,
        other => other,
    }
}

view!(Account);
