//! Administration: clients, users, grants.

use super::account::role;
use super::apps::in_words;
use crate::dates::{Day, Moment};
use crate::frame::{Form, Frame, view};
use crate::words::Reader;
use askama::Template;
use hearthgate_access::Scopes;

/// All clients, those that wait first.
#[derive(Clone, Debug, Template)]
#[template(path = "admin_clients.html")]
pub struct AdminClients<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// The clients, by id.
    pub clients: &'a [ClientLine<'a>],
}

/// A client in a list.
#[derive(Clone, Copy, Debug)]
pub struct ClientLine<'a> {
    /// Its id.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// Its page.
    pub href: &'a str,
    /// Its state.
    pub state: ClientState,
}

/// A client's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientState {
    /// It may ask.
    Active,
    /// It waits for a decision.
    Pending,
    /// Somebody said no.
    Refused,
    /// An operator switched it off.
    Disabled,
}

/// Registers a client. Posts `id`, `name`, `kind`, `redirect_uris`, `launch_url`, `jwks`, `scope`,
/// `post_logout_redirect_uris`, `client_uri`, `id_token_alg`.
#[derive(Clone, Debug, Template)]
#[template(path = "admin_register.html")]
pub struct RegisterClient<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where the form goes.
    pub form: Form<'a>,
    /// What was typed before an error.
    pub typed: TypedClient<'a>,
    /// What is wrong with it, a sentence in English.
    pub error: Option<&'a str>,
}

/// What was typed into the form of a client.
#[derive(Clone, Copy, Debug, Default)]
pub struct TypedClient<'a> {
    /// The client's id.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// `public`, `secret` or `jwks`.
    pub kind: &'a str,
    /// Redirect addresses, one a line.
    pub redirect_uris: &'a str,
    /// The launch address.
    pub launch_url: &'a str,
    /// A JWKS or its address.
    pub jwks: &'a str,
    /// What it may ask for.
    pub scope: &'a str,
    /// Where people may be sent after signing out, one a line.
    pub post_logout_redirect_uris: &'a str,
    /// Its home page.
    pub client_uri: &'a str,
    /// `RS256` or `ES256`.
    pub id_token_alg: &'a str,
}

/// One client. Each button posts `do`: `approve`, `refuse`, `disable`, `enable`, `rotate-secret`, `replace-keys` (`jwks`),
/// `set` (what is registered, but for id, kind and keys).
#[derive(Clone, Debug, Template)]
#[template(path = "admin_client.html")]
pub struct AdminClient<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where the buttons post to.
    pub form: Form<'a>,
    /// Its id.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// `public`, `secret` or `jwks`.
    pub kind: &'a str,
    /// Its state.
    pub state: ClientState,
    /// When it was registered.
    pub registered: Day,
    /// Whether it registered itself.
    pub registered_itself: bool,
    /// Who decided about it.
    pub reviewed_by: Option<&'a str>,
    /// Its redirect addresses.
    pub redirect_uris: &'a [String],
    /// Its launch address.
    pub launch_url: Option<&'a str>,
    /// Its home page.
    pub website: Option<&'a str>,
    /// What it may ask for, as registered.
    pub scope: &'a str,
    /// The same, parsed.
    pub scopes: &'a Scopes,
    /// What may be changed, as it is or as it was typed before an error.
    pub typed: TypedClient<'a>,
    /// What went wrong with what was asked last, a sentence in English.
    pub error: Option<&'a str>,
}

/// Something that is shown once: a secret, a password.
#[derive(Clone, Debug, Template)]
#[template(path = "secret_once.html")]
pub struct SecretOnce<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Whose.
    pub of: &'a str,
    /// The secret.
    pub secret: &'a str,
    /// Where to go on.
    pub back: &'a str,
}

/// Users, by a part of their name (`q`). Posts `username`, `role`, `fhir_user`: one to be added.
#[derive(Clone, Debug, Template)]
#[template(path = "admin_users.html")]
pub struct AdminUsers<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where the forms go.
    pub form: Form<'a>,
    /// The part of the name that was looked for.
    pub q: &'a str,
    /// The users, by name.
    pub users: &'a [UserLine<'a>],
    /// There are more.
    pub more: bool,
    /// What went wrong with what was asked last, a sentence in English.
    pub error: Option<&'a str>,
}

/// A user in a list.
#[derive(Clone, Copy, Debug)]
pub struct UserLine<'a> {
    /// The name to sign in with.
    pub username: &'a str,
    /// `patient`, `doctor` or `admin`.
    pub role: &'a str,
    /// May not sign in.
    pub disabled: bool,
    /// Whether it is who looks: nobody switches off the own account by a slip.
    pub own: bool,
    /// The user's page.
    pub href: &'a str,
}

/// One user. Each button posts `do`: `password`, `reset-second-factor`, `disable`, `enable`.
#[derive(Clone, Debug, Template)]
#[template(path = "admin_user.html")]
pub struct AdminUser<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where the buttons post to.
    pub form: Form<'a>,
    /// The user.
    pub user: UserLine<'a>,
    /// The record of the person.
    pub fhir_user: Option<&'a str>,
    /// Whether an authenticator app is asked for.
    pub second_factor: bool,
    /// How many passkeys there are.
    pub passkeys: usize,
}

/// What people allowed to whom, and tokens that rest on nobody's consent. Posts `grant`.
#[derive(Clone, Debug, Template)]
#[template(path = "admin_grants.html")]
pub struct AdminGrants<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where revoking goes.
    pub form: Form<'a>,
    /// The grants, the newest first.
    pub grants: &'a [GrantLine<'a>],
}

/// A grant in a list.
#[derive(Clone, Copy, Debug)]
pub struct GrantLine<'a> {
    /// Its number, or the id of a token that rests on nobody's consent.
    pub id: &'a str,
    /// For whom; none where the client has it for itself.
    pub username: Option<&'a str>,
    /// The app's name.
    pub app: &'a str,
    /// Since when.
    pub since: Day,
    /// When it was last used.
    pub last_looked: Option<Moment>,
}

impl AdminClients<'_> {
    fn waiting(&self) -> Vec<&ClientLine<'_>> {
        self.clients.iter().filter(|client| client.state == ClientState::Pending).collect()
    }

    fn decided(&self) -> Vec<&ClientLine<'_>> {
        self.clients.iter().filter(|client| client.state != ClientState::Pending).collect()
    }
}

impl ClientState {
    fn words(self, frame: &Frame<'_>) -> &'static str {
        let t = frame.t();
        match self {
            Self::Active => t.state_active,
            Self::Pending => t.state_pending,
            Self::Refused => t.state_refused,
            Self::Disabled => t.state_disabled,
        }
    }
}

impl AdminClient<'_> {
    fn words(&self) -> Vec<String> {
        in_words(self.frame.language, Reader::Staff, self.scopes)
    }

    fn kind_words(&self) -> &str {
        let t = self.frame.t();
        match self.kind {
            "public" => t.kind_public,
            "secret" => t.kind_secret,
            "jwks" => t.kind_jwks,
            other => other,
        }
    }
}

impl GrantLine<'_> {
    fn who(&self, frame: &Frame<'_>) -> &str {
        self.username.unwrap_or(frame.t().nobody_but_itself)
    }
}

impl UserLine<'_> {
    fn role_words(&self, frame: &Frame<'_>) -> &str {
        role(frame, self.role)
    }
}

view!(AdminClients);
view!(RegisterClient);
view!(AdminClient);
view!(SecretOnce);
view!(AdminUsers);
view!(AdminUser);
view!(AdminGrants);
