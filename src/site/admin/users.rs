//! The people who may sign in.

use crate::oauth::Oauth;
use crate::oauth::answer::{Stop, see_other};
use crate::oauth::error::OAuthError;
use crate::oauth::form::{Form, encode};
use crate::site::visit::{Visit, not_found, visit};
use crate::work::users::{New, hash, made_up, prepare, without_second_factor};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use hearthgate_access::Role;
use hearthgate_portal::{AdminUser, AdminUsers, SecretOnce, UserLine};
use hearthgate_store::{Account, Change, Error};
use http::Method;
use std::sync::Arc;

/// How many are listed at once.
const MOST: u32 = 100;

/// `GET` and `POST /admin/users`
pub async fn users(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &[Role::Admin], async |visit, request| match *request.method() {
        Method::POST => add(&visit, &visit.posted(request).await?).await,
        _ => show(&visit, None).await,
    })
    .await
}

/// `GET` and `POST /admin/users/{name}`
pub async fn user(State(oauth): State<Arc<Oauth>>, Path(name): Path<String>, request: Request) -> Response {
    visit(oauth, request, &[Role::Admin], async move |visit, request| {
        let account = visit.oauth.store().account(&name)?.ok_or(not_found())?;
        match *request.method() {
            Method::POST => change(&visit, &account, &visit.posted(request).await?).await,
            _ => show_one(&visit, &account).await,
        }
    })
    .await
}

fn href(username: &str) -> String {
    format!("/admin/users/{}", encode(username))
}

fn line<'a>(visit: &Visit, account: &'a Account, href: &'a str) -> UserLine<'a> {
    UserLine { username: &account.username, role: &account.role, disabled: account.disabled, own: account.row == visit.session.account.row, href }
}

async fn show(visit: &Visit, error: Option<&str>) -> Result<Response, Stop> {
    visit.oauth.note(&visit.event("user-list", None)).await?;
    let q: String = visit.query.get("q").unwrap_or_default().trim().chars().take(128).collect();
    let mut accounts = visit.oauth.store().accounts_named(&q, MOST + 1)?;
    let more = accounts.len() > MOST as usize;
    accounts.truncate(MOST as usize);
    let hrefs: Vec<_> = accounts.iter().map(|account| href(&account.username)).collect();
    let users: Vec<_> = accounts.iter().zip(&hrefs).map(|(account, href)| line(visit, account, href)).collect();
    let (menu, token) = (visit.menu(), visit.form_token());
    Ok(visit.page(&AdminUsers { frame: visit.frame(&menu), form: visit.form(&token), q: &q, users: &users, more, error }))
}

async fn show_one(visit: &Visit, account: &Account) -> Result<Response, Stop> {
    let mut event = visit.event("user-show", None);
    event.reason = Some(account.username.clone());
    visit.oauth.note(&event).await?;
    let store = visit.oauth.store();
    let (menu, token, href) = (visit.menu(), visit.form_token(), href(&account.username));
    let view = AdminUser {
        frame: visit.frame(&menu),
        form: visit.form(&token),
        user: line(visit, account, &href),
        fhir_user: account.fhir_user.as_deref(),
        second_factor: store.totp(account.row)?.is_some_and(|totp| totp.confirmed),
        passkeys: store.passkeys(account.row)?.len(),
    };
    Ok(visit.page(&view))
}

async fn change(visit: &Visit, account: &Account, form: &Form) -> Result<Response, Stop> {
    // Nobody switches off the own account by a slip; the own password and second factor have pages of their own.
    if account.row == visit.session.account.row {
        return Err(not_found());
    }
    let mut password = None;
    let (action, mut changes) = match form.get("do").unwrap_or_default() {
        "disable" => ("user-disable", vec![Change::disable_account(&account.username, true), Change::close_sessions(account.row)]),
        "enable" => ("user-enable", vec![Change::disable_account(&account.username, false)]),
        "reset-second-factor" => ("user-second-factor-reset", without_second_factor(account)),
        "password" => {
            password = Some(made_up());
            ("user-password", vec![])
        }
        _ => return Err(not_found()),
    };
    if let Some(new) = password.clone() {
        let cost = visit.oauth.instance.password_cost();
        let hashed = tokio::task::spawn_blocking(move || hash(&new, cost)).await.map_err(|e| OAuthError::Internal(e.to_string()))?;
        changes.push(Change::set_password(&account.username, &hashed.map_err(OAuthError::Internal)?));
    }
    let mut event = visit.event(action, None);
    event.reason = Some(account.username.clone());
    visit.oauth.write(changes, &event).await?;
    Ok(match password {
        Some(password) => once(visit, &account.username, &password),
        None => see_other(&visit.path),
    })
}

fn once(visit: &Visit, username: &str, password: &str) -> Response {
    let menu = visit.menu();
    visit.page(&SecretOnce { frame: visit.frame_once(&menu), of: username, secret: password, back: &href(username) })
}

async fn add(visit: &Visit, form: &Form) -> Result<Response, Stop> {
    let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let new = New { name: text("username"), role: text("role"), fhir_user: form.get("fhir_user").map(str::to_owned), password: None };
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
    Ok(once(visit, &account.username, &password))
}
