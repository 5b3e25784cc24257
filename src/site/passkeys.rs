//! One's own passkeys: added, renamed and removed after a code, within some minutes (ABUSE E12). What says that the code was right is
//! sealed, of this session, and carried by the page's own forms.

use super::home::PEOPLE;
use super::visit::{Visit, moment, visit};
use crate::oauth::answer::{Stop, see_other};
use crate::oauth::form::Form;
use crate::oauth::{Oauth, passkey, second_factor};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_auth::PasskeyFault;
use hearthgate_portal::{Passkey as Shown, Passkeys, PasskeysError, PasskeysState, SecondFactorError};
use hearthgate_store::grants::{MOST_PASSKEYS, Passkey};
use hearthgate_store::{Change, Error};
use http::Method;
use std::sync::Arc;

/// What the proof of a code is sealed for.
const PURPOSE: &str = "passkeys-open";
/// How long a code opens the page, seconds.
const OPEN_S: i64 = 600;

/// `GET` and `POST /account/passkeys`
pub async fn passkeys(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &PEOPLE, async |visit, request| match *request.method() {
        Method::POST => change(&visit, request).await,
        _ => show(&visit, None, None),
    })
    .await
}

/// The page; open with the proof that a code was right.
fn show(visit: &Visit, proof: Option<&str>, error: Option<PasskeysError>) -> Result<Response, Stop> {
    let (oauth, account) = (&visit.oauth, &visit.session.account);
    if passkey::party(oauth).is_none() {
        return Err(super::visit::not_found());
    }
    let present = oauth.store().passkeys(account.row)?;
    let list: Vec<_> = present.iter().map(shown).collect();
    let room = i64::try_from(present.len()).is_ok_and(|count| count < MOST_PASSKEYS);
    let options = if proof.is_some() && room { passkey::creation_options(oauth, &visit.browser, account, &present) } else { None };
    let state = match proof {
        Some(proof) => PasskeysState::Open { proof, options: options.as_deref() },
        None if stands_beside(visit)? => PasskeysState::Locked,
        None => PasskeysState::NeedsTotp,
    };
    let (menu, token) = (visit.menu(), visit.form_token());
    Ok(visit.page(&Passkeys { frame: visit.frame(&menu), form: visit.form(&token), list: &list, state, error }))
}

fn shown(passkey: &Passkey) -> Shown<'_> {
    Shown { id: &passkey.credential_id, name: &passkey.name, since: moment(passkey.created_at).day, used: passkey.used_at.map(moment) }
}

/// Whether there is a one-time password beside passkeys.
fn stands_beside(visit: &Visit) -> Result<bool, Stop> {
    Ok(visit.oauth.store().totp(visit.session.account.row)?.is_some_and(|totp| totp.confirmed))
}

async fn change(visit: &Visit, request: Request) -> Result<Response, Stop> {
    let form = visit.posted(request).await?;
    if form.get("do") == Some("confirm") {
        return confirm(visit, form.get("code").unwrap_or_default()).await;
    }
    let Some(proof) = form.get("proof").filter(|proof| is_open(visit, proof)) else { return show(visit, None, Some(PasskeysError::Expired)) };
    match form.get("do").unwrap_or_default() {
        "add" => add(visit, proof, &form).await,
        "rename" => {
            let change = Change::rename_passkey(visit.session.account.row, form.get("id").unwrap_or_default(), &name(&form));
            own(visit, change, "passkey-rename", proof).await
        }
        "remove" => {
            let change = Change::remove_passkey(visit.session.account.row, form.get("id").unwrap_or_default());
            own(visit, change, "passkey-remove", proof).await
        }
        _ => Ok(see_other(&visit.path)),
    }
}

async fn confirm(visit: &Visit, code: &str) -> Result<Response, Stop> {
    let (oauth, account) = (&visit.oauth, &visit.session.account);
    let mut event = visit.event("second-factor-confirm", None);
    let wrong = match second_factor::turn(oauth, account) {
        Err(wait_seconds) => SecondFactorError::TooManyAttempts { wait_seconds },
        Ok(()) => match second_factor::proof(oauth, account, code)? {
            None => SecondFactorError::WrongCode,
            Some(use_it) => match oauth.write(vec![use_it], &event).await {
                Ok(_) => return show(visit, Some(&opened(visit)), None),
                // Somebody else was faster with the same code.
                Err(refused) if matches!(refused.error, Error::Conflict { .. }) => SecondFactorError::WrongCode,
                Err(refused) => return Err(refused.into()),
            },
        },
    };
    event.outcome = 401;
    oauth.note(&event).await?;
    show(visit, None, Some(PasskeysError::Code(wrong)))
}

fn opened(visit: &Visit) -> String {
    let end = (visit.oauth.now() + OPEN_S * 1000).to_string();
    URL_SAFE_NO_PAD.encode(visit.gateway().keyring.seal_token(PURPOSE, &visit.browser.hash(), end.as_bytes()))
}

fn is_open(visit: &Visit, proof: &str) -> bool {
    let sealed = URL_SAFE_NO_PAD.decode(proof).unwrap_or_default();
    let end = visit.gateway().keyring.open_token(PURPOSE, &visit.browser.hash(), &sealed).ok();
    end.and_then(|end| std::str::from_utf8(&end).ok()?.parse::<i64>().ok()).is_some_and(|end| end > visit.oauth.now())
}

/// A name as it is kept: at most a hundred characters, none that hides.
fn name(form: &Form) -> String {
    let name: String = form.get("name").unwrap_or_default().chars().filter(|c| !c.is_control()).take(100).collect();
    let name = name.trim();
    if name.is_empty() { "Passkey".to_owned() } else { name.to_owned() }
}

async fn add(visit: &Visit, proof: &str, form: &Form) -> Result<Response, Stop> {
    let (oauth, account) = (&visit.oauth, &visit.session.account);
    let mut event = visit.event("passkey-add", None);
    let fault = match passkey::added(oauth, &visit.browser, account, &name(form), form.get("passkey").unwrap_or_default()) {
        Ok(changes) => match oauth.write(changes, &event).await {
            Ok(_) => return show(visit, Some(proof), None),
            // Answered before; or the id is somebody's, whose is not told; or there are enough.
            Err(refused) if matches!(refused.error, Error::Conflict { .. }) => PasskeyFault::Challenge,
            Err(refused) => return Err(refused.into()),
        },
        Err(fault) => fault,
    };
    (event.outcome, event.reason) = (403, Some(fault.to_string()));
    oauth.note(&event).await?;
    show(visit, Some(proof), Some(PasskeysError::WrongPasskey))
}

/// A change of a passkey of one's own; of any other there is nothing to change.
async fn own(visit: &Visit, change: Change, action: &str, proof: &str) -> Result<Response, Stop> {
    let mut event = visit.event(action, None);
    match visit.oauth.write(vec![change], &event).await {
        Ok(_) => {}
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => {
            event.outcome = 404;
            visit.oauth.note(&event).await?;
        }
        Err(refused) => return Err(refused.into()),
    }
    show(visit, Some(proof), None)
}
