//! The programs that may ask for access: register, review, switch off, give a new secret or new keys.

use crate::oauth::Oauth;
use crate::oauth::answer::{Stop, see_other};
use crate::oauth::form::{Form, encode};
use crate::site::visit::{Visit, moment, not_found, visit};
use crate::work::clients::{Details, New, keys, prepare};
use crate::work::rotate::made_up;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use hearthgate_access::{Role, Scopes};
use hearthgate_auth::digest_of;
use hearthgate_portal::{AdminClient, AdminClients, ClientLine, ClientState, Form as PageForm, RegisterClient, SecretOnce, TypedClient};
use hearthgate_store::{Change, Client, Error, Status};
use http::Method;
use std::sync::Arc;

/// The field that says what of a client was shown.
const SEEN: &str = "seen";
const CHANGED: &str = "The app has changed its registration since this page was made. Look again before you decide.";

/// `GET /admin/clients`
pub async fn list(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &[Role::Admin], async |visit, _| show_list(&visit).await).await
}

/// `GET` and `POST /admin/register`
pub async fn register(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &[Role::Admin], async |visit, request| match *request.method() {
        Method::POST => add(&visit, &visit.posted(request).await?).await,
        _ => Ok(show_form(&visit, TypedClient::default(), None)),
    })
    .await
}

/// `GET` and `POST /admin/clients/{id}`
pub async fn client(State(oauth): State<Arc<Oauth>>, Path(id): Path<String>, request: Request) -> Response {
    visit(oauth, request, &[Role::Admin], async move |visit, request| {
        let client = visit.oauth.store().client(&id)?.ok_or(not_found())?;
        match *request.method() {
            Method::POST => change(&visit, client, &visit.posted(request).await?).await,
            _ => show(&visit, &client, None).await,
        }
    })
    .await
}

fn state(client: &Client) -> ClientState {
    match client.status {
        Status::Pending => ClientState::Pending,
        Status::Refused => ClientState::Refused,
        Status::Approved if client.disabled => ClientState::Disabled,
        Status::Approved => ClientState::Active,
    }
}

fn href(id: &str) -> String {
    format!("/admin/clients/{}", encode(id))
}

async fn show_list(visit: &Visit) -> Result<Response, Stop> {
    visit.oauth.note(&visit.event("client-list", None)).await?;
    let clients = visit.oauth.store().clients()?;
    let hrefs: Vec<_> = clients.iter().map(|client| href(&client.client_id)).collect();
    let line = |(client, href)| {
        let (client, href): (&Client, &String) = (client, href);
        ClientLine { id: &client.client_id, name: &client.name, href, state: state(client) }
    };
    let lines: Vec<_> = clients.iter().zip(&hrefs).map(line).collect();
    let menu = visit.menu();
    Ok(visit.page(&AdminClients { frame: visit.frame(&menu), clients: &lines }))
}

async fn show(visit: &Visit, client: &Client, error: Option<&str>) -> Result<Response, Stop> {
    visit.oauth.note(&visit.event("client-show", Some(&client.client_id))).await?;
    let scopes = Scopes::parse(&client.scope).unwrap_or_default();
    let (menu, token) = (visit.menu(), visit.form_token());
    let seen = digest_of(&client.looked_at());
    let hidden = [(SEEN, seen.as_str())];
    let view = AdminClient {
        frame: visit.frame(&menu),
        form: PageForm { hidden: &hidden, ..visit.form(&token) },
        id: &client.client_id,
        name: &client.name,
        kind: &client.kind,
        state: state(client),
        registered: moment(client.created_at).day,
        registered_itself: client.registered_itself,
        reviewed_by: client.reviewed_by.as_deref(),
        redirect_uris: &client.redirect_uris,
        launch_url: client.launch_url.as_deref(),
        website: client.client_uri.as_deref(),
        scope: &client.scope,
        scopes: &scopes,
        error,
    };
    Ok(visit.page(&view))
}

fn show_form(visit: &Visit, typed: TypedClient<'_>, error: Option<&str>) -> Response {
    let (menu, token) = (visit.menu(), visit.form_token());
    visit.page(&RegisterClient { frame: visit.frame(&menu), form: visit.form(&token), typed, error })
}

async fn add(visit: &Visit, form: &Form) -> Result<Response, Stop> {
    let text = |name: &str| form.get(name).unwrap_or_default();
    let typed = TypedClient {
        id: text("id"),
        name: text("name"),
        kind: text("kind"),
        redirect_uris: text("redirect_uris"),
        launch_url: text("launch_url"),
        jwks: text("jwks"),
        scope: text("scope"),
    };
    let given = |name: &str| form.get(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let new = New {
        id: typed.id.to_owned(),
        kind: typed.kind.to_owned(),
        jwks: given("jwks"),
        details: Details {
            redirect_uris: typed.redirect_uris.split_whitespace().map(str::to_owned).collect(),
            launch_url: given("launch_url"),
            scope: Some(typed.scope.split_whitespace().collect::<Vec<_>>().join(" ")),
            name: given("name"),
            ..Details::default()
        },
        secret: None,
        profile: None,
        dpop: false,
        introspects: false,
    };
    let (client, secret) = match prepare(&new, &visit.oauth.instance) {
        Ok(prepared) => prepared,
        Err(why) => return Ok(show_form(visit, typed, Some(&why))),
    };
    match visit.oauth.write(vec![client.change(visit.oauth.now())], &visit.event("client-add", Some(&new.id))).await {
        Ok(_) => {}
        Err(refused) if matches!(refused.error, Error::Constraint(_)) => return Ok(show_form(visit, typed, Some("There is a client of this id already."))),
        Err(refused) => return Err(refused.into()),
    }
    Ok(match secret {
        Some(secret) => once(visit, &new.id, &secret),
        None => see_other(&href(&new.id)),
    })
}

fn once(visit: &Visit, id: &str, secret: &str) -> Response {
    let menu = visit.menu();
    visit.page(&SecretOnce { frame: visit.frame_once(&menu), of: id, secret, back: &href(id) })
}

async fn change(visit: &Visit, mut client: Client, form: &Form) -> Result<Response, Stop> {
    let id = client.client_id.clone();
    let asked = form.get("do").unwrap_or_default();
    let mut secret = None;
    let (action, change) = match asked {
        "disable" | "enable" if client.status == Status::Approved => {
            let disable = asked == "disable";
            (if disable { "client-disable" } else { "client-enable" }, Change::disable_client(&id, disable))
        }
        "approve" | "refuse" => {
            let approve = asked == "approve";
            // What is said yes or no to is what was shown, whatever the client has made of it since.
            if form.get(SEEN) != Some(digest_of(&client.looked_at()).as_str()) {
                return show(visit, &client, Some(CHANGED)).await;
            }
            let review = Change::review_client(&client, approve, &visit.session.account.username, visit.oauth.now());
            (if approve { "client-approve" } else { "client-refuse" }, review)
        }
        "rotate-secret" if client.kind == "secret" => {
            let new = made_up();
            client.secret_hash = Some(hearthgate_auth::hash_secret(&new));
            secret = Some(new);
            ("client-rotate", client.replace())
        }
        "replace-keys" if client.kind == "jwks" => match keys(form.get("jwks").unwrap_or_default(), &visit.oauth.instance) {
            Ok((jwks, jwks_uri)) => {
                (client.jwks, client.jwks_uri) = (jwks, jwks_uri);
                ("client-rotate", client.replace())
            }
            Err(why) => return show(visit, &client, Some(&why)).await,
        },
        _ => return Err(not_found()),
    };
    let mut changes = vec![change];
    if action == "client-rotate" {
        // What came of the old secret or keys ends with them.
        changes.push(Change::revoke_families_of(&id, action, visit.oauth.now()));
    }
    match visit.oauth.write(changes, &visit.event(action, Some(&id))).await {
        Ok(_) => {}
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) && matches!(asked, "approve" | "refuse") => {
            let client = visit.oauth.store().client(&id)?.ok_or(not_found())?;
            return show(visit, &client, Some(CHANGED)).await;
        }
        Err(refused) => return Err(refused.into()),
    }
    Ok(match secret {
        Some(secret) => once(visit, &id, &secret),
        None => see_other(&visit.path),
    })
}
