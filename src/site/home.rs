//! The start page of each role.

use super::visit::visit;
use crate::oauth::Oauth;
use crate::oauth::answer::see_other;
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::Role;
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
