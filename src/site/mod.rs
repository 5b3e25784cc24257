//! The portal over HTTP: who is signed in asks, and is shown a page.
//!
//! Knows requests, sessions (from `oauth`) and pages (from the portal's crate). Must not know SQL, tables, or a way to data of its own:
//! what it shows of the record it asks of the FHIR interface as the person who is signed in ([`crate::rest::within`]).

mod account;
mod admin;
mod apps;
mod doctor;
pub mod facts;
mod findings;
mod home;
mod launcher;
mod notes;
mod passkeys;
mod patient;
pub mod record;
pub mod sandbox;
mod visit;

use crate::oauth::Oauth;
use axum::Router;
use axum::routing::get;
use std::sync::Arc;

pub use home::missing;

/// The pages.
pub fn router(oauth: &Arc<Oauth>) -> Router {
    Router::new()
        .route("/", get(home::show))
        .route("/doctor", get(doctor::home))
        .route("/doctor/patients/{id}", get(doctor::chart).post(doctor::chart))
        .route("/patient", get(patient::home))
        .route("/apps", get(apps::apps).post(apps::apps))
        .route("/account", get(account::account).post(account::account))
        .route("/account/passkeys", get(passkeys::passkeys).post(passkeys::passkeys))
        .route("/admin/clients", get(admin::clients::list))
        .route("/admin/clients/{id}", get(admin::clients::client).post(admin::clients::client))
        .route("/admin/register", get(admin::clients::register).post(admin::clients::register))
        .route("/admin/users", get(admin::users::users).post(admin::users::users))
        .route("/admin/users/{name}", get(admin::users::user).post(admin::users::user))
        .route("/admin/grants", get(admin::grants::grants).post(admin::grants::grants))
        .route("/launcher", get(launcher::show))
        .route("/sandbox", get(sandbox::show))
        .with_state(Arc::clone(oauth))
}
