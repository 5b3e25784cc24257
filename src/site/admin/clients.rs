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
/// The algorithms of ID tokens.
const ID_TOKEN_ALGS: [&str; 2] = ["RS256", "ES256"];
const CHANGED: &str = "The registration has changed since this page was made. Look again before you decide.";

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
    let (redirect_uris, after) = (client.redirect_uris.join("\n"), client.post_logout_redirect_uris.join("\n"));
    let typed = TypedClient {
        id: &client.client_id,
        name: &client.name,
        kind: &client.kind,
        redirect_uris: &redirect_uris,
        post_logout_redirect_uris: &after,
        launch_url: client.launch_url.as_deref().unwrap_or_default(),
        client_uri: client.client_uri.as_deref().unwrap_or_default(),
        jwks: "",
        scope: &client.scope,
        id_token_alg: &client.id_token_alg,
    };
    show_typed(visit, client, typed, error).await
}

async fn show_typed(visit: &Visit, client: &Client, typed: TypedClient<'_>, error: Option<&str>) -> Result<Response, Stop> {
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
        typed,
        error,
    };
    Ok(visit.page(&view))
}

/// What a form says of a client, as it was typed.
fn typed(form: &Form) -> TypedClient<'_> {
    let text = |name: &str| form.get(name).unwrap_or_default();
    TypedClient {
        id: text("id"),
        name: text("name"),
        kind: text("kind"),
        redirect_uris: text("redirect_uris"),
        post_logout_redirect_uris: text("post_logout_redirect_uris"),
        launch_url: text("launch_url"),
        client_uri: text("client_uri"),
        jwks: text("jwks"),
        scope: text("scope"),
        id_token_alg: text("id_token_alg"),
    }
}

/// The same as an operator would give it: a form says all of it, so what it leaves empty is taken away.
fn details(typed: &TypedClient<'_>) -> Details {
    let list = |text: &str| match text.split_whitespace().map(str::to_owned).collect::<Vec<_>>() {
        none if none.is_empty() => vec![String::new()],
        some => some,
    };
    Details {
        redirect_uris: list(typed.redirect_uris),
        post_logout_redirect_uris: list(typed.post_logout_redirect_uris),
        launch_url: Some(typed.launch_url.trim().to_owned()),
        client_uri: Some(typed.client_uri.trim().to_owned()),
        scope: Some(typed.scope.split_whitespace().collect::<Vec<_>>().join(" ")),
        name: Some(typed.name.trim().to_owned()),
        id_token_alg: Some(typed.id_token_alg.to_owned()).filter(|algorithm| ID_TOKEN_ALGS.contains(&algorithm.as_str())),
        ..Details::default()
    }
}

fn show_form(visit: &Visit, typed: TypedClient<'_>, error: Option<&str>) -> Response {
    let (menu, token) = (visit.menu(), visit.form_token());
    visit.page(&RegisterClient { frame: visit.frame(&menu), form: visit.form(&token), typed, error })
}

async fn add(visit: &Visit, form: &Form) -> Result<Response, Stop> {
    let typed = typed(form);
    let new = New {
        id: typed.id.to_owned(),
        kind: typed.kind.to_owned(),
        jwks: Some(typed.jwks.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        details: details(&typed),
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
    // What is said yes or no to, and what is changed, is what was shown, whatever became of it since.
    let decides = matches!(asked, "approve" | "refuse" | "set");
    if decides && form.get(SEEN) != Some(digest_of(&client.looked_at()).as_str()) {
        return show(visit, &client, Some(CHANGED)).await;
    }
    let (action, change) = match asked {
        "set" => {
            let typed = typed(form);
            let mut new = client.clone();
            match details(&typed).apply(&mut new) {
                Ok(()) => ("client-set", new.replace()),
                Err(why) => return show_typed(visit, &client, typed, Some(&why)).await,
            }
        }
        "disable" | "enable" if client.status == Status::Approved => {
            let disable = asked == "disable";
            (if disable { "client-disable" } else { "client-enable" }, Change::disable_client(&id, disable))
        }
        "approve" | "refuse" => {
            let approve = asked == "approve";
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
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) && decides => {
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
