//! Who looks at a page, and what is common to all pages of somebody who is signed in.

use crate::oauth::answer::{Stop, finish, page, see_other};
use crate::oauth::form::{Form, posted, with_query};
use crate::oauth::session::{Browser, browser, is_same_origin, seen};
use crate::oauth::{Oauth, language, role};
use crate::rest::fault::Fault;
use crate::rest::gateway::Gateway;
use axum::extract::Request;
use axum::response::Response;
use hearthgate_access::{Caller, Person, Role};
use hearthgate_ledger::Event;
use hearthgate_portal::{ANTI_FORGERY_FIELD, Destination, Form as PageForm, Frame, Language, Problem, View};
use hearthgate_store::grants::Session;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use std::sync::Arc;

/// Somebody who is signed in, on a page.
pub struct Visit {
    /// The authorization server, which knows who it is.
    pub oauth: Arc<Oauth>,
    /// The browser.
    pub browser: Browser,
    /// The session.
    pub session: Session,
    /// The person as a caller of the FHIR interface.
    pub caller: Caller,
    /// The role.
    pub role: Role,
    /// The language of the pages.
    pub language: Language,
    /// The path of the page.
    pub path: String,
    /// The path with its query, to come back to.
    address: String,
    /// The parameters of the query.
    pub query: Form,
    headers: HeaderMap,
}

/// Runs a page for somebody in one of some roles. Whoever is not signed in signs in first and comes back.
pub async fn visit<F, Fut>(oauth: Arc<Oauth>, request: Request, roles: &[Role], show: F) -> Response
where
    F: FnOnce(Arc<Visit>, Request) -> Fut,
    Fut: Future<Output = Result<Response, Stop>>,
{
    let (parts, body) = request.into_parts();
    let browser = match browser(&oauth, &parts.headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, &parts.headers, None, Err(fault.into())),
    };
    let headers = parts.headers.clone();
    let answered = match arrived(&oauth, &browser, &parts, roles).await {
        Ok(Some(visit)) => show(Arc::new(visit), Request::from_parts(parts, body)).await,
        Ok(None) => Ok(sign_in(&parts)),
        Err(stop) => Err(stop),
    };
    finish(&oauth, &headers, Some(&browser), answered)
}

fn sign_in(parts: &Parts) -> Response {
    let next = match parts.method {
        Method::GET | Method::HEAD => address(parts),
        // What was posted is lost; the page it came from is not.
        _ => parts.uri.path().to_owned(),
    };
    see_other(&with_query("/sign-in", &[("next", &next)]))
}

fn address(parts: &Parts) -> String {
    parts.uri.path_and_query().map_or_else(|| "/".to_owned(), |whole| whole.as_str().to_owned())
}

async fn arrived(oauth: &Arc<Oauth>, browser: &Browser, parts: &Parts, roles: &[Role]) -> Result<Option<Visit>, Stop> {
    let Some(session) = browser.signed_in().cloned() else { return Ok(None) };
    seen(oauth, browser).await?;
    let role = role(&session.account);
    if !roles.contains(&role) {
        return Err(Stop::Page(StatusCode::FORBIDDEN, Problem::Forbidden, None));
    }
    let person = Person { user: session.account.username.clone(), role, fhir_user: session.account.fhir_user.clone() };
    let caller = Caller::signed_in(person, &oauth.instance.roles).map_err(|denial| stop(Fault::Denied(denial)))?;
    let query = Form::parse(parts.uri.query().unwrap_or_default()).map_err(|malformed| Stop::bad(malformed.0))?;
    Ok(Some(Visit {
        oauth: Arc::clone(oauth),
        browser: browser.clone(),
        session,
        caller,
        role,
        language: language::of(oauth, &parts.headers, None),
        path: parts.uri.path().to_owned(),
        address: address(parts),
        query,
        headers: parts.headers.clone(),
    }))
}

impl Visit {
    /// What interactions work with.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.oauth.instance.gateway
    }

    /// The menu of the role.
    #[must_use]
    pub fn menu(&self) -> Vec<Destination<'static>> {
        let t = self.language.text();
        let places: &[(&str, &str)] = match self.role {
            Role::Doctor => &[("/doctor", t.menu_patients), ("/launcher", t.launcher_title), ("/apps", t.menu_apps), ("/account", t.menu_account)],
            Role::Admin => {
                &[("/admin/clients", t.menu_clients), ("/admin/users", t.menu_users), ("/admin/grants", t.menu_grants), ("/account", t.menu_account)]
            }
            _ => &[("/patient", t.menu_home), ("/launcher", t.launcher_title), ("/apps", t.menu_apps), ("/account", t.menu_account)],
        };
        places.iter().map(|(href, name)| Destination { href, name, here: *href == self.path }).collect()
    }

    /// What surrounds a page.
    #[must_use]
    pub fn frame<'a>(&'a self, menu: &'a [Destination<'a>]) -> Frame<'a> {
        Frame { menu, ..language::frame(&self.browser, self.language, &self.address) }
    }

    /// What surrounds a page that is shown only now: none in the other language.
    #[must_use]
    pub fn frame_once<'a>(&'a self, menu: &'a [Destination<'a>]) -> Frame<'a> {
        Frame { other_language: None, ..self.frame(menu) }
    }

    /// A form of this page that comes back to its own path.
    #[must_use]
    pub fn form<'a>(&'a self, token: &'a str) -> PageForm<'a> {
        PageForm { action: &self.path, anti_forgery: token, hidden: &[] }
    }

    /// The anti-forgery token of a form of this page.
    #[must_use]
    pub fn form_token(&self) -> String {
        self.browser.form_token("portal", &self.path)
    }

    /// What was posted, from a form of this page in this browser (ABUSE B26).
    ///
    /// # Errors
    /// A form of somewhere else, or what is no form.
    pub async fn posted(&self, request: Request) -> Result<Form, Stop> {
        let (_, form) = posted(request).await?;
        let own = self.browser.is_own_form(form.get(ANTI_FORGERY_FIELD), "portal", &self.path);
        if !own || !is_same_origin(&self.headers, self.oauth.issuer()) || form.doubled().is_some() {
            return Err(Stop::form());
        }
        Ok(form)
    }

    /// An event of this person.
    #[must_use]
    pub fn event(&self, action: &str, client: Option<&str>) -> Event {
        self.oauth.event(action, client.or(Some("hearthgate-portal")), Some(&self.session.account), 200)
    }

    /// The page.
    #[must_use]
    pub fn page(&self, view: &dyn View) -> Response {
        page(StatusCode::OK, view, &[])
    }
}

/// A page for what the FHIR interface refused.
#[must_use]
pub fn stop(fault: Fault) -> Stop {
    match fault {
        Fault::NotFound | Fault::Gone | Fault::NoRoute => not_found(),
        Fault::Denied(_) | Fault::OutsideBoundary => Stop::Page(StatusCode::FORBIDDEN, Problem::Forbidden, None),
        Fault::Internal(cause) => {
            tracing::error!(cause, "internal fault");
            Stop::Page(StatusCode::INTERNAL_SERVER_ERROR, Problem::Unavailable, None)
        }
        other if other.status().is_server_error() => Stop::Page(StatusCode::SERVICE_UNAVAILABLE, Problem::Unavailable, None),
        other => Stop::Page(other.status(), Problem::BadRequest, None),
    }
}

/// The page of what is not there, or not for this account.
#[must_use]
pub const fn not_found() -> Stop {
    Stop::Page(StatusCode::NOT_FOUND, Problem::NotFound, None)
}

/// A moment of our own clock, in UTC.
#[must_use]
pub fn moment(ms: i64) -> hearthgate_portal::Moment {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    let number = |value: i8| u8::try_from(value).unwrap_or(0);
    let day = hearthgate_portal::Day { year: at.year(), month: number(at.month()), day: number(at.day()) };
    hearthgate_portal::Moment { day, hour: number(at.hour()), minute: number(at.minute()) }
}
