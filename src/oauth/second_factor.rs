//! The second factor: a one-time password by the clock, or a recovery code.

use super::answer::{Stop, finish, frame, language, page as html, see_other, set_cookie};
use super::form::posted;
use super::session::{Browser, browser};
use super::sign_in::{Destination, Goal, open};
use super::{Oauth, steps};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_auth::{digest_of, one_time_step};
use hearthgate_portal::{Form as PageForm, SecondFactor, SecondFactorError};
use hearthgate_store::{Account, Change, Error};
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// What a one-time password's secret is sealed for.
pub const PURPOSE: &str = "totp";

/// The page.
pub fn view(_oauth: &Oauth, browser: &Browser, headers: &HeaderMap, goal: &Goal<'_>, error: Option<SecondFactorError>) -> Response {
    let destination = goal.destination();
    let token = browser.form_token("second-factor", &destination.value);
    let hidden = [(destination.field, destination.value.as_str())];
    let form = PageForm { action: "/auth/second-factor", anti_forgery: &token, hidden: &hidden };
    let view = SecondFactor { frame: frame(browser, language(Some(browser), headers, None)), form, error, passkey: None };
    let status = match error {
        None => StatusCode::OK,
        Some(SecondFactorError::TooManyAttempts { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::UNAUTHORIZED,
    };
    html(status, &view, &[])
}

/// `POST /auth/second-factor`
pub async fn post(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let browser = match browser(&oauth, &headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, &headers, None, Err(fault.into())),
    };
    let answered = confirm(&oauth, &browser, &headers, request).await;
    finish(&oauth, &headers, Some(&browser), answered)
}

async fn confirm(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, request: Request) -> Result<Response, Stop> {
    let (_, form) = posted(request).await?;
    let destination = Destination::of(&form);
    if form.doubled().is_some() || !browser.is_own_form(form.get(hearthgate_portal::ANTI_FORGERY_FIELD), "second-factor", &destination.value) {
        return Err(Stop::form());
    }
    let Some(session) = browser.session.as_ref().filter(|session| session.half) else { return Ok(see_other(&destination.address())) };
    let (account, now) = (&session.account, oauth.now());
    // Turns of their own: who guesses codes has the password.
    let key = format!("{} code", account.username.to_lowercase());
    let error = match oauth.limits.account.take(&key, now) {
        Err(wait_seconds) => SecondFactorError::TooManyAttempts { wait_seconds },
        Ok(()) => match proof(oauth, account, form.get("code").unwrap_or_default())? {
            None => SecondFactorError::WrongCode,
            Some(use_it) => {
                let event = oauth.event("login", None, Some(account), 200);
                match open(oauth, browser, account, &format!("{} otp", session.methods), false, vec![use_it], &event).await {
                    Ok(secret) => {
                        let mut response = see_other(&destination.address());
                        set_cookie(oauth, &mut response, &secret);
                        return Ok(response);
                    }
                    // Somebody else was faster with the same code.
                    Err(refused) if matches!(refused.error, Error::Conflict { .. }) => SecondFactorError::WrongCode,
                    Err(refused) => return Err(refused.into()),
                }
            }
        },
    };
    oauth.note(&oauth.event("login", None, Some(account), 401)).await?;
    if destination.field == "next" {
        return Ok(view(oauth, browser, headers, &Goal::Page(&destination.value), Some(error)));
    }
    let (under_way, _) = steps::next(oauth, browser, &destination.value).await?;
    Ok(view(oauth, browser, headers, &Goal::Transaction(&under_way), Some(error)))
}

/// The change that uses up the code, if it is right: each step once, and none before the last.
pub fn proof(oauth: &Oauth, account: &Account, code: &str) -> Result<Option<Change>, Stop> {
    let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let Some(totp) = oauth.store().totp(account.row)?.filter(|totp| totp.confirmed) else { return Ok(None) };
    if code.len() == 6 {
        let sealed = URL_SAFE_NO_PAD.decode(&totp.secret).unwrap_or_default();
        let secret = oauth.instance.gateway.keyring.open_token(PURPOSE, &account.row.to_string(), &sealed);
        let secret = secret.map_err(|_| super::error::OAuthError::Internal("a one-time password's secret does not open".to_owned()))?;
        let step = one_time_step(&secret, &code, oauth.now()).filter(|step| *step > totp.last_step);
        return Ok(step.map(|step| Change::use_totp(account.row, step)));
    }
    // A recovery code has more characters than can be guessed.
    let known = code.len() >= 16 && code.len() <= 64 && oauth.store().is_recovery_code(account.row, &digest_of(&code))?;
    Ok(known.then(|| Change::use_recovery_code(account.row, &digest_of(&code))))
}
