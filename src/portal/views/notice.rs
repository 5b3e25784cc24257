//! Pages that say one thing: errors, messages, signing out.

use crate::frame::{Form, Frame, view};
use askama::Template;

/// A page that tells what cannot be done. It never redirects.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// What the matter is.
    pub problem: Problem,
    /// A sentence for the app's developers, in English; never a secret, nor what somebody typed.
    pub detail: Option<&'a str>,
}

/// What the matter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A malformed or impossible request by an app.
    BadRequest,
    /// The client is unknown, not approved or disabled.
    UnknownApp,
    /// The redirect or launch address is not registered.
    UnregisteredAddress,
    /// Anti-forgery, a form sent twice, or one of another session.
    InvalidForm,
    /// The account may not do it.
    Forbidden,
    /// No such page for this account.
    NotFound,
    /// The only way to sign in would be gone.
    OnlyWayIn,
    /// Rate limit.
    TooMany,
    /// A fault of ours.
    Unavailable,
}

impl Problem {
    /// Every problem.
    pub const ALL: [Self; 9] = [
        Self::OnlyWayIn,
        Self::BadRequest,
        Self::UnknownApp,
        Self::UnregisteredAddress,
        Self::InvalidForm,
        Self::Forbidden,
        Self::NotFound,
        Self::TooMany,
        Self::Unavailable,
    ];
}

impl ErrorPage<'_> {
    fn title(&self) -> &'static str {
        let t = self.frame.t();
        match self.problem {
            Problem::BadRequest => t.error_bad_request_title,
            Problem::UnknownApp => t.error_unknown_app_title,
            Problem::UnregisteredAddress => t.error_address_title,
            Problem::InvalidForm => t.error_form_title,
            Problem::Forbidden => t.error_forbidden_title,
            Problem::NotFound => t.error_not_found_title,
            Problem::OnlyWayIn => t.error_only_way_title,
            Problem::TooMany => t.error_too_many_title,
            Problem::Unavailable => t.error_unavailable_title,
        }
    }

    fn sentence(&self) -> &'static str {
        let t = self.frame.t();
        match self.problem {
            Problem::BadRequest => t.error_bad_request,
            Problem::UnknownApp => t.error_unknown_app,
            Problem::UnregisteredAddress => t.error_address,
            Problem::InvalidForm => t.error_form,
            Problem::Forbidden => t.error_forbidden,
            Problem::NotFound => t.error_not_found,
            Problem::OnlyWayIn => t.error_only_way,
            Problem::TooMany => t.error_too_many,
            Problem::Unavailable => t.error_unavailable,
        }
    }
}

/// A page with one message in the reader's language.
#[derive(Clone, Debug, Template)]
#[template(path = "message.html")]
pub struct Message<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Its heading.
    pub heading: &'a str,
    /// What it says.
    pub text: &'a str,
    /// Where to go on: path and name.
    pub link: Option<(&'a str, &'a str)>,
}

/// Asks whether to sign out (<https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout>). Posts `decision=allow` or `deny`.
#[derive(Clone, Debug, Template)]
#[template(path = "confirm_sign_out.html")]
pub struct ConfirmSignOut<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where the answer goes.
    pub form: Form<'a>,
    /// The app that asks; `None` when the person does.
    pub app: Option<&'a str>,
}

/// After signing out.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOut<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
}

view!(ErrorPage);
view!(Message);
view!(ConfirmSignOut);
view!(SignedOut);
