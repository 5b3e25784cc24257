//! The start page of each role.

use super::visit::{not_found, visit};
use crate::oauth::Oauth;
use crate::oauth::answer::{finish, see_other};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use hearthgate_access::Role;
use http::{HeaderMap, StatusCode, header};
use std::sync::Arc;

/// Everyone who can sign in.
pub const PEOPLE: [Role; 3] = [Role::Patient, Role::Doctor, Role::Admin];

/// `GET /`
pub async fn show(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &PEOPLE, async |visit, _| {
        Ok(see_other(match visit.role {
            Role::Doctor => "/doctor",
            Role::Admin => "/admin/clients",
            _ => "/patient",
        }))
    })
    .await
}

/// What no page or endpoint is at: a page for browsers, a line for programs.
#[must_use]
pub fn missing(oauth: &Oauth, headers: &HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        return finish(oauth, headers, None, Err(not_found()));
    }
    (StatusCode::NOT_FOUND, "nothing here\n").into_response()
}
