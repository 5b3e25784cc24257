//! The authorization server (SMART App Launch 2.2, OAuth 2.0, OpenID Connect): one file an endpoint.
//!
//! Knows clients, people, grants and the protocol; must not know SQL, nor any clinical table: which patients and encounters a person
//! may choose is asked of the FHIR interface as that person. A request for authorization is kept under a transaction's id, and
//! `/auth/continue` shows whichever step is next (`steps`); every form posts to a path of its own and comes back there by 303.

pub mod answer;
pub mod authenticate;
mod authorize;
mod client_authentication;
mod client_credentials;
mod code;
mod complete;
mod consent;
pub mod cors;
pub mod discovery;
mod dpop;
pub mod error;
pub mod form;
mod grants;
mod introspect;
pub mod issue;
mod jwks;
pub mod language;
mod launch;
pub mod limits;
mod logout;
mod manage;
mod par;
pub mod passkey;
pub mod pick;
pub mod refresh;
mod register;
pub mod request;
mod revoke;
pub mod second_factor;
pub mod session;
pub mod sign_in;
mod steps;
mod token;
pub mod upstream;
mod userinfo;

use crate::ops::config::Authorization;
use crate::ops::instance::Instance;
use axum::Router;
use axum::routing::{any, get};
use hearthgate_access::Role;
use hearthgate_auth::{PasswordCosts, TokenFault, Verifier};
use hearthgate_ledger::Event;
use hearthgate_store::{Account, AuditRow, Change, Context, Outcome, Refused, Unit};
use jwks::ClientKeys;
use limits::Limits;
use std::sync::Arc;
use tokio::sync::Semaphore;
use upstream::Providers;

/// The authorization server.
pub struct Oauth {
    /// The data directory it serves.
    pub instance: Arc<Instance>,
    /// How often something may be tried.
    pub limits: Limits,
    /// What other identity providers said of themselves lately.
    providers: Providers,
    /// The public keys of clients, as they were fetched lately.
    client_keys: ClientKeys,
    /// Turns for hashing passwords, which takes memory and a whole processor: never all of them.
    hashing: Semaphore,
    /// At what costs passwords are stored.
    password_costs: Arc<PasswordCosts>,
    verifier: Verifier,
}

impl Oauth {
    /// Over a data directory.
    #[must_use]
    pub fn new(instance: Arc<Instance>) -> Self {
        let verifier = Verifier::new(Arc::clone(&instance.keys), &instance.issuer, &instance.gateway.settings.base);
        let turns = std::thread::available_parallelism().map_or(1, |n| (n.get() / 2).max(1));
        let limits = Limits::new(&instance.authorization);
        let client_keys = ClientKeys::new(Arc::clone(&instance.outbound));
        let stored = instance.gateway.store.password_kinds().unwrap_or_else(|error| {
            tracing::warn!(%error, "what passwords cost is found out one by one");
            Vec::new()
        });
        let password_costs = Arc::new(PasswordCosts::of(instance.password_cost(), stored.iter().map(String::as_str)));
        Self { instance, limits, providers: Providers::default(), client_keys, hashing: Semaphore::new(turns), password_costs, verifier }
    }

    /// What lasts how long.
    #[must_use]
    pub fn lifetimes(&self) -> &Authorization {
        &self.instance.authorization
    }

    /// Now, ms since 1970 UTC.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.instance.gateway.now()
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &hearthgate_store::Store {
        &self.instance.gateway.store
    }

    /// The issuer: the public URL.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.instance.issuer
    }

    /// The FHIR base URL.
    #[must_use]
    pub fn fhir_base(&self) -> &str {
        &self.instance.gateway.settings.base
    }

    /// The claims of an access token of ours that holds by its signature; what the database says of it is not asked.
    ///
    /// # Errors
    /// A token that does not hold, or no more.
    pub fn claims(&self, token: &str) -> Result<hearthgate_auth::Claims, TokenFault> {
        self.verifier.verify(token, self.now().div_euclid(1000))
    }

    /// An event of the authorization server.
    #[must_use]
    pub fn event(&self, action: &str, client: Option<&str>, account: Option<&Account>, outcome: u16) -> Event {
        Event {
            at_ms: self.now(),
            actor: account.map(|a| a.username.clone()),
            role: account.map(|a| a.role.clone()),
            client: client.map(str::to_owned),
            action: action.to_owned(),
            outcome,
            ..Event::default()
        }
    }

    /// Writes changes together with their audit event.
    ///
    /// # Errors
    /// The store's, with nothing written.
    pub async fn write(&self, changes: Vec<Change>, event: &Event) -> Result<Vec<Outcome>, Refused> {
        let unit = Unit {
            context: Context { actor: event.actor.clone(), client: event.client.clone(), at_ms: event.at_ms },
            changes,
            audit: serde_json::to_string(event).ok().map(|event| AuditRow { event }),
        };
        self.store().write(unit).await
    }

    /// Makes an event durable that no change goes with.
    ///
    /// # Errors
    /// A ledger that cannot be written: nothing is answered then.
    pub async fn note(&self, event: &Event) -> Result<(), error::OAuthError> {
        self.instance.gateway.ledger.append(event).await.map(drop).map_err(|error| {
            tracing::error!(%error, "the audit cannot be written");
            error::OAuthError::Unavailable
        })
    }
}

/// A new secret of 256 bits, as text.
#[must_use]
pub fn new_secret() -> String {
    hearthgate_auth::new_secret(&hearthgate_seal::system_fill)
}

/// The role of an account.
#[must_use]
pub fn role(account: &Account) -> Role {
    Role::of_account(&account.role).unwrap_or(Role::Patient)
}

/// The endpoints.
pub fn router(oauth: &Arc<Oauth>) -> Router {
    Router::new()
        .route("/auth/authorize", any(authorize::authorize))
        .route("/auth/continue", get(steps::show))
        .route("/auth/sign-in", any(sign_in::post))
        .route("/sign-in", get(sign_in::page))
        .route("/language", get(language::choose))
        .route("/auth/second-factor", any(second_factor::post))
        .route("/auth/patient", any(pick::post_patient))
        .route("/auth/encounter", any(pick::post_encounter))
        .route("/auth/consent", any(consent::post))
        .route("/auth/token", any(token::token))
        .route("/auth/revoke", any(revoke::revoke))
        .route("/auth/introspect", any(introspect::introspect))
        .route("/auth/upstream/{id}", get(upstream::begin))
        .route("/auth/upstream/{id}/callback", get(upstream::callback))
        .route("/auth/par", any(par::push))
        .route("/auth/userinfo", any(userinfo::userinfo))
        .route("/auth/register", any(register::register))
        .route("/auth/register/{id}", any(manage::manage))
        .route("/auth/register/{id}/rotate", any(manage::rotate))
        .route("/auth/logout", any(logout::logout))
        .route("/sign-out", any(logout::sign_out))
        .route("/launch", any(launch::launch))
        .route("/auth/grants", get(grants::list))
        .route("/auth/grants/{id}", any(grants::disconnect))
        .route("/.well-known/openid-configuration", get(discovery::openid))
        .route("/.well-known/oauth-authorization-server", get(discovery::openid))
        .route("/auth/style.json", get(discovery::style))
        .route("/auth/style-dark.json", get(discovery::dark_style))
        .route("/assets/{name}", get(answer::asset))
        .with_state(Arc::clone(oauth))
}
