//! The people who may sign in.

use crate::oauth::Oauth;
use crate::oauth::answer::{Stop, see_other};
use crate::oauth::error::OAuthError;
use crate::oauth::form::Form;
use crate::site::visit::{Visit, not_found, visit};
use crate::work::users::{New, prepare};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::Role;
use hearthgate_portal::{AdminUsers, SecretOnce, UserLine};
use hearthgate_store::{Change, Error};
use http::Method;
use std::sync::Arc;

/// `GET` and `POST /admin/users`
pub async fn users(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &[Role::Admin], async |visit, request| match *request.method() {
        Method::POST => change(&visit, request).await,
        _ => show(&visit, None).await,
    })
    .await
}

async fn show(visit: &Visit, error: Option<&str>) -> Result<Response, Stop> {
    visit.oauth.note(&visit.event("user-list", None)).await?;
    let accounts = visit.oauth.store().accounts()?;
    let own = visit.session.account.row;
    let line = |account| {
        let account: &hearthgate_store::Account = account;
        UserLine { username: &account.username, role: &account.role, disabled: account.disabled, own: account.row == own }
    };
    let users: Vec<_> = accounts.iter().map(line).collect();
    let (menu, token) = (visit.menu(), visit.form_token());
    Ok(visit.page(&AdminUsers { frame: visit.frame(&menu), form: visit.form(&token), users: &users, error }))
}

async fn change(visit: &Visit, request: Request) -> Result<Response, Stop> {
    let form = visit.posted(request).await?;
    let username = form.get("username").unwrap_or_default();
    let disabled = match form.get("do").unwrap_or_default() {
        "add" => return add(visit, &form, username).await,
        "disable" => true,
        "enable" => false,
        _ => return Err(not_found()),
    };
    let account = visit.oauth.store().account(username)?.filter(|account| account.row != visit.session.account.row).ok_or(not_found())?;
    let mut event = visit.event(if disabled { "user-disable" } else { "user-enable" }, None);
    event.reason = Some(account.username.clone());
    let mut changes = vec![Change::disable_account(&account.username, disabled)];
    if disabled {
        changes.push(Change::close_sessions(account.row));
    }
    visit.oauth.write(changes, &event).await?;
    Ok(see_other("/admin/users"))
}

async fn add(visit: &Visit, form: &Form, username: &str) -> Result<Response, Stop> {
    let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let new = New { name: username.to_owned(), role: text("role"), fhir_user: form.get("fhir_user").map(str::to_owned), password: None };
    let cost = visit.oauth.instance.password_cost();
    let prepared = tokio::task::spawn_blocking(move || prepare(&new, cost)).await.map_err(|e| OAuthError::Internal(e.to_string()))?;
    let (account, password) = match prepared {
        Ok(prepared) => prepared,
        Err(why) => return show(visit, Some(&why)).await,
    };
    let mut event = visit.event("user-add", None);
    event.reason = Some(account.username.clone());
    event.resource_id.clone_from(&account.fhir_user);
    match visit.oauth.write(vec![account.change()], &event).await {
        Ok(_) => {}
        Err(refused) if matches!(refused.error, Error::Constraint(_)) => return show(visit, Some("The name is taken, or there is no such record.")).await,
        Err(refused) => return Err(refused.into()),
    }
    let menu = visit.menu();
    Ok(visit.page(&SecretOnce { frame: visit.frame_once(&menu), of: username, secret: &password, back: "/admin/users" }))
}
