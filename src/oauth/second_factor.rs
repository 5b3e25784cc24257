//! The second factor: a one-time password by the clock, a passkey, or a recovery code.

use super::answer::{Stop, finish, page as html, see_other, set_cookie};
use super::form::{Form, posted};
use super::session::{Browser, browser};
use super::sign_in::{Destination, Goal, open};
use super::{Oauth, passkey, steps};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_auth::{digest_of, one_time_step};
use hearthgate_portal::SecondFactorError::{self, WrongCode, WrongPasskey};
use hearthgate_portal::{Form as PageForm, SecondFactor};
use hearthgate_store::{Account, Change, Error};
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// What a one-time password's secret is sealed for.
pub const PURPOSE: &str = "totp";

/// The page.
///
/// # Errors
/// The store's.
pub fn view(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, goal: &Goal<'_>, error: Option<SecondFactorError>) -> Result<Response, Stop> {
    let destination = goal.destination();
    let token = browser.form_token("second-factor", &destination.value);
    let hidden = [(destination.field, destination.value.as_str())];
    let form = PageForm { action: "/auth/second-factor", anti_forgery: &token, hidden: &hidden };
    let passkey = match &browser.session {
        Some(session) => passkey::request_options(oauth, browser, &session.account)?,
        None => None,
    };
    let view = SecondFactor { frame: goal.frame(oauth, browser, headers), form, error, passkey: passkey.as_deref() };
    let status = match error {
        None => StatusCode::OK,
        Some(SecondFactorError::TooManyAttempts { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::UNAUTHORIZED,
    };
    Ok(html(status, &view, &[]))
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
    let account = &session.account;
    let mut event = oauth.event("login", None, Some(account), 200);
    let error = match tried(oauth, browser, account, &form)? {
        Err(error) => error,
        Ok((method, used)) => match open(oauth, browser, account, &format!("{} {method}", session.methods), false, used, &event).await {
            Ok(secret) => {
                let mut response = see_other(&destination.address());
                set_cookie(oauth, &mut response, &secret);
                return Ok(response);
            }
            // Somebody else was faster with the same code, or the same answer of a passkey.
            Err(refused) if matches!(refused.error, Error::Conflict { .. }) => {
                Refused::of(if form.get("passkey").is_some() { WrongPasskey } else { WrongCode })
            }
            Err(refused) => return Err(refused.into()),
        },
    };
    (event.outcome, event.reason) = (401, error.reason);
    oauth.note(&event).await?;
    if destination.field == "next" {
        return view(oauth, browser, headers, &Goal::Page(&destination.value), Some(error.shown));
    }
    let (under_way, _) = steps::next(oauth, browser, &destination.value).await?;
    view(oauth, browser, headers, &Goal::Transaction(&under_way), Some(error.shown))
}

/// A proof that was refused.
struct Refused {
    /// What the person is told.
    shown: SecondFactorError,
    /// What the audit keeps.
    reason: Option<String>,
}

impl Refused {
    const fn of(shown: SecondFactorError) -> Self {
        Self { shown, reason: None }
    }
}

/// How the person proved who it is (RFC 8176), and what that uses up.
fn tried(oauth: &Oauth, browser: &Browser, account: &Account, form: &Form) -> Result<Result<(&'static str, Vec<Change>), Refused>, Stop> {
    if let Err(wait_seconds) = turn(oauth, account) {
        return Ok(Err(Refused::of(SecondFactorError::TooManyAttempts { wait_seconds })));
    }
    if let Some(answer) = form.get("passkey") {
        let used = passkey::used(oauth, browser, account, answer)?;
        return Ok(used.map(|used| ("pop", used)).map_err(|fault| Refused { shown: WrongPasskey, reason: Some(fault.to_string()) }));
    }
    let used = proof(oauth, account, form.get("code").unwrap_or_default())?;
    Ok(used.map(|used| ("otp", vec![used])).ok_or(Refused::of(WrongCode)))
}

/// One of the turns in which an account's codes may be tried: they are counted for themselves, since who guesses codes has the password.
///
/// # Errors
/// Seconds until the next.
pub fn turn(oauth: &Oauth, account: &Account) -> Result<(), u64> {
    oauth.limits.account.take(&format!("{} code", account.username.to_lowercase()), oauth.now())
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
