//! The start page of each role, and the choice of language.

use super::visit::visit;
use crate::oauth::Oauth;
use crate::oauth::answer::see_other;
use crate::oauth::sign_in::local;
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::Role;
use hearthgate_portal::Language;
use hearthgate_store::{Change, Unit};
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

/// `GET /language?to=…&next=…`: from now on, in this session.
pub async fn language(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &PEOPLE, async |visit, _| {
        if let Some(language) = visit.query.get("to").and_then(Language::of_ui_locales) {
            let changes = vec![Change::speak(&visit.session.hash, language.tag())];
            visit.oauth.store().write(Unit { changes, ..Unit::default() }).await?;
        }
        Ok(see_other(local(visit.query.get("next"))))
    })
    .await
}
