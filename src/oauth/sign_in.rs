//! Signing in with name and password; a new session, and a new cookie, each time.

use super::answer::{Stop, finish, page as html, see_other, set_cookie};
use super::error::OAuthError;
use super::form::{Form, posted, with_query};
use super::session::{Browser, Peer, address, browser};
use super::steps::{self, UnderWay};
use super::{Oauth, language, new_secret};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_auth::digest_of;
use hearthgate_portal::{Form as PageForm, Frame, SignIn, SignInError, Upstream, shield};
use hearthgate_store::grants::NewSession;
use hearthgate_store::{Account, Change};
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// Where somebody goes once signed in.
#[derive(Clone, Debug)]
pub enum Goal<'a> {
    /// On with a request for authorization.
    Transaction(&'a UnderWay),
    /// To a page of our own.
    Page(&'a str),
}

/// As it stands in a form.
#[derive(Clone, Debug)]
pub struct Destination {
    /// `transaction` or `next`.
    pub field: &'static str,
    /// The id or the path.
    pub value: String,
}

impl Goal<'_> {
    /// As it stands in a form.
    #[must_use]
    pub fn destination(&self) -> Destination {
        match self {
            Self::Transaction(under_way) => Destination { field: "transaction", value: under_way.id.clone() },
            Self::Page(path) => Destination { field: "next", value: (*path).to_owned() },
        }
    }

    /// What surrounds a page on the way there.
    #[must_use]
    pub fn frame<'b>(&self, oauth: &Oauth, browser: &'b Browser, headers: &HeaderMap) -> Frame<'b> {
        match self {
            Self::Transaction(under_way) => steps::frame(oauth, browser, headers, under_way),
            Self::Page(path) => language::frame(browser, language::of(oauth, headers, None), &with_query("/sign-in", &[("next", path)])),
        }
    }
}

impl Destination {
    /// As a form says it; a path that leads elsewhere is the start page.
    #[must_use]
    pub fn of(form: &Form) -> Self {
        match form.get("transaction") {
            Some(id) => Self { field: "transaction", value: id.to_owned() },
            None => Self { field: "next", value: local(form.get("next")).to_owned() },
        }
    }

    /// The address to go on at.
    #[must_use]
    pub fn address(&self) -> String {
        if self.field == "transaction" { with_query("/auth/continue", &[("transaction", &self.value)]) } else { self.value.clone() }
    }
}

/// A path of our own, or the start page (ABUSE B17): browsers take `//` and `/\` for another host.
#[must_use]
pub fn local(next: Option<&str>) -> &str {
    let sound = |path: &&str| {
        path.starts_with('/') && path.len() <= 2_048 && !path.starts_with("//") && !path.contains(['\\', '#']) && path.bytes().all(|b| b.is_ascii_graphic())
    };
    next.filter(sound).unwrap_or("/")
}

/// `GET /sign-in?next=…`
pub async fn page(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let browser = match browser(&oauth, &headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, &headers, None, Err(fault.into())),
    };
    let form = Form::parse(request.uri().query().unwrap_or_default()).unwrap_or_default();
    let next = local(form.get("next"));
    let answered = match &browser.session {
        Some(session) if !session.half => Ok(see_other(next)),
        Some(_) => super::second_factor::view(&oauth, &browser, &headers, &Goal::Page(next), None),
        None => Ok(view(&oauth, &browser, &headers, &Goal::Page(next), None, "")),
    };
    finish(&oauth, &headers, Some(&browser), answered)
}

/// The page.
pub fn view(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, goal: &Goal<'_>, error: Option<SignInError>, typed: &str) -> Response {
    let destination = goal.destination();
    let (app, hint, target) = match goal {
        Goal::Transaction(under_way) => (
            Some(under_way.client.name.as_str()),
            under_way.asked.login_hint.as_deref().unwrap_or_default(),
            shield::form_target(&under_way.asked.target.redirect_uri),
        ),
        Goal::Page(_) => (None, "", None),
    };
    let token = browser.form_token("sign-in", &destination.value);
    let hidden = [(destination.field, destination.value.as_str())];
    let ways: Vec<(&str, String)> = oauth
        .instance
        .upstream
        .iter()
        .map(|other| (other.name.as_str(), with_query(&format!("/auth/upstream/{}", other.id), &[(destination.field, &destination.value)])))
        .collect();
    let upstream: Vec<Upstream<'_>> = ways.iter().map(|(name, href)| Upstream { name, href }).collect();
    let view = SignIn {
        frame: goal.frame(oauth, browser, headers),
        form: PageForm { action: "/auth/sign-in", anti_forgery: &token, hidden: &hidden },
        app,
        username: if typed.is_empty() { hint } else { typed },
        error,
        upstream: &upstream,
        passkey: None,
    };
    let status = match error {
        None => StatusCode::OK,
        Some(SignInError::TooManyAttempts { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::UNAUTHORIZED,
    };
    let mut response = html(status, &view, target.as_deref().as_slice());
    if let Some(SignInError::TooManyAttempts { wait_seconds }) = error {
        super::answer::put(response.headers_mut(), "retry-after", &wait_seconds.to_string());
    }
    response
}

/// `POST /auth/sign-in`
pub async fn post(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let browser = match browser(&oauth, &headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, &headers, None, Err(fault.into())),
    };
    let answered = sign_in(&oauth, &browser, &headers, request).await;
    finish(&oauth, &headers, Some(&browser), answered)
}

async fn sign_in(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, request: Request) -> Result<Response, Stop> {
    let peer = address(request.extensions().get::<Peer>());
    let (_, form) = posted(request).await?;
    let destination = Destination::of(&form);
    if form.doubled().is_some() || !browser.is_own_form(form.get(hearthgate_portal::ANTI_FORGERY_FIELD), "sign-in", &destination.value) {
        return Err(Stop::form());
    }
    let (username, password) = (form.get("username").unwrap_or_default(), form.get("password").unwrap_or_default());
    match try_password(oauth, &peer, username, password).await? {
        Ok(account) => {
            let half = oauth.store().totp(account.row)?.is_some_and(|totp| totp.confirmed);
            let event = oauth.event(if half { "login-password" } else { "login" }, None, Some(&account), 200);
            let secret = open(oauth, browser, &account, "pwd", half, vec![], &event).await?;
            let mut response = see_other(&destination.address());
            set_cookie(oauth, &mut response, &secret);
            Ok(response)
        }
        Err(error) => again(oauth, browser, headers, &destination, error, username).await,
    }
}

/// The form once more, with what was wrong.
async fn again(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, destination: &Destination, error: SignInError, typed: &str) -> Result<Response, Stop> {
    if destination.field == "next" {
        return Ok(view(oauth, browser, headers, &Goal::Page(&destination.value), Some(error), typed));
    }
    let (under_way, _) = steps::next(oauth, browser, &destination.value).await?;
    Ok(view(oauth, browser, headers, &Goal::Transaction(&under_way), Some(error), typed))
}

/// Whether name and password belong together: in turn, so that a storm of attempts takes one processor and little memory, and counted
/// when the turn comes, so that attempts at once count like attempts one by one.
async fn try_password(oauth: &Oauth, peer: &str, username: &str, password: &str) -> Result<Result<Account, SignInError>, Stop> {
    let (now, key) = (oauth.now(), username.to_lowercase());
    if username.is_empty() || username.chars().count() > 128 || password.is_empty() {
        return Ok(Err(SignInError::WrongCredentials));
    }
    let turn = oauth.hashing.acquire().await.map_err(|_| OAuthError::Unavailable)?;
    if let Err(wait_seconds) = oauth.limits.account.check(&key, now).and_then(|()| oauth.limits.address.check(peer, now)) {
        oauth.note(&oauth.event("login", None, None, 429)).await?;
        return Ok(Err(SignInError::TooManyAttempts { wait_seconds }));
    }
    let (account, hash) = (oauth.store().account(username)?, oauth.store().password_hash(username)?);
    let (tried, stored) = (password.to_owned(), hash.filter(|_| account.is_some()));
    let costs = Arc::clone(&oauth.password_costs);
    let right = tokio::task::spawn_blocking(move || costs.verify(&tried, stored.as_deref())).await.map_err(|e| OAuthError::Internal(e.to_string()))?;
    match account.filter(|account| right && !account.disabled) {
        Some(account) => {
            drop(turn);
            Ok(Ok(account))
        }
        None => {
            let _ = (oauth.limits.account.take(&key, now), oauth.limits.address.take(peer, now));
            drop(turn);
            // The name that was typed may be a password by mistake: it is not kept.
            oauth.note(&oauth.event("login", None, None, 401)).await?;
            Ok(Err(SignInError::WrongCredentials))
        }
    }
}

/// Opens a session under a new secret, which it answers; what the browser was and had under way goes over to it.
///
/// # Errors
/// The store's.
pub async fn open(
    oauth: &Oauth,
    browser: &Browser,
    account: &Account,
    methods: &str,
    half: bool,
    mut changes: Vec<Change>,
    event: &hearthgate_ledger::Event,
) -> Result<String, hearthgate_store::Refused> {
    let (secret, now) = (new_secret(), oauth.now());
    let lifetime = if half { oauth.lifetimes().request_s } else { oauth.lifetimes().session_s };
    let new =
        NewSession { hash: digest_of(&secret), user: account.row, signed_in_at: now, expires_at: now + lifetime * 1000, methods: methods.to_owned(), half };
    changes.push(Change::close_session(&browser.hash()));
    changes.push(Change::open_session(&new));
    changes.push(Change::move_authorizations(&browser.hash(), &new.hash));
    oauth.write(changes, event).await?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn abuse_b17_only_a_path_of_our_own_is_gone_on_to() {
        for good in ["/", "/apps", "/patient/x?tab=2", "/doctor/patients?name=a%20b"] {
            assert_eq!(local(Some(good)), good);
        }
        for bad in
            ["//evil.test", "/\\evil.test", "https://evil.test", "javascript:alert(1)", "evil", "", "/a\r\nx", "/a b", "\\\\evil", "/x#y", "/\t/evil.test"]
        {
            assert_eq!(local(Some(bad)), "/", "{bad}");
        }
        assert_eq!(local(None), "/");
    }
}
