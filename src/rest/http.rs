//! HTTP in and out of the FHIR interface: authentication first, then the route, then the interaction, then the audit, and only
//! then the first byte of the answer.

use super::answer::{Answer, FHIR_JSON};
use super::audit;
use super::authenticate::Authenticator;
use super::conditions::Conditions;
use super::dispatch::{Body, Call, dispatch, read_only};
use super::fault::Fault;
use super::gateway::Gateway;
use super::operation::{self, NoRoute, Operation};
use super::throttle::{Failures, Peer, Verdict};
use axum::body::{self, Body as HttpBody};
use axum::extract::{Request, State};
use bytes::Bytes;
use hearthgate_access::Caller;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, header};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The FHIR interface as a service.
pub struct Server {
    /// What interactions work with.
    pub gateway: Gateway,
    /// Who calls.
    pub authenticator: Authenticator,
    /// The CapabilityStatement.
    pub capabilities: Bytes,
    /// SMART's configuration.
    pub smart: Bytes,
    /// Requests whose authentication failed.
    pub failures: Failures,
    /// Turns for large bodies, which take memory and time.
    pub large: Semaphore,
}

/// How many large bodies are worked on at once.
pub const LARGE_AT_ONCE: usize = 4;
/// Bytes above which a body is large.
const LARGE: usize = 128 << 10;
/// Most bytes of the form of a search, which the audit keeps.
const LONGEST_FORM: usize = 128 << 10;

/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Answers any request below the FHIR base, as a route.
pub async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response<HttpBody> {
    let peer = request.extensions().get::<Peer>().copied();
    ask(&server, request, peer).await.1.map(HttpBody::from)
}

/// Answers any request below the FHIR base, and says which interaction it was.
pub async fn ask(server: &Server, request: Request, peer: Option<Peer>) -> (&'static str, Response<Bytes>) {
    let head = request.method() == Method::HEAD;
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let path = path.strip_prefix("/fhir").unwrap_or(path);
    let route = operation::parse(parts.method.as_str(), path.strip_prefix('/').unwrap_or(path));
    let action = route.as_ref().map_or("other", Operation::code);
    let mut answer = answer(server, &parts, peer, route, body).await.unwrap_or_else(|fault| fault.answer());
    if head && answer.status != http::StatusCode::NOT_MODIFIED {
        answer.header("content-length", answer.body.len().to_string());
        answer.body = Bytes::new();
    }
    (action, respond(answer))
}

async fn answer(server: &Server, parts: &Parts, peer: Option<Peer>, route: Result<Operation, NoRoute>, body: HttpBody) -> Result<Answer, Fault> {
    let query = parts.uri.query().unwrap_or_default();
    if let Ok(read @ Operation::Read { .. }) = &route
        && let Some((draft, answered)) = server.gateway.store.at_once(|state| read_at_once(server, parts, read, query, state))?
    {
        let answer = answered.unwrap_or_else(|fault| fault.answer());
        return audit::record(&server.gateway, draft, &answer).await.map(|()| answer);
    }
    // What else may happen is much, and its state takes much room: it is not carried along by every read.
    Box::pin(answer_any(server, parts, peer, route, query, body)).await
}

/// A read by a caller who is known: who asks and what they see are of one state of the database. `None`: it is not so simple.
fn read_at_once(server: &Server, parts: &Parts, operation: &Operation, query: &str, state: i64) -> Option<(audit::Draft, Result<Answer, Fault>)> {
    let (gateway, now) = (&server.gateway, server.gateway.now());
    let caller = server.authenticator.caller_at_once(state, &parts.headers, now)?;
    let draft = audit::Draft::new(gateway, Some(&caller), Some(operation), query, now);
    let answered = acceptable(&parts.headers, query)
        .and_then(|()| Conditions::of(&parts.headers))
        .and_then(|conditions| read_only(gateway, &caller, operation, query, &conditions));
    Some((draft, answered))
}

async fn answer_any(
    server: &Server,
    parts: &Parts,
    peer: Option<Peer>,
    route: Result<Operation, NoRoute>,
    query: &str,
    body: HttpBody,
) -> Result<Answer, Fault> {
    match route {
        Ok(Operation::Capabilities) => {
            acceptable(&parts.headers, query)?;
            return Ok(open(&server.capabilities));
        }
        Ok(Operation::SmartConfiguration) => {
            let mut answer = open(&server.smart);
            answer.header("content-type", "application/json");
            return Ok(answer);
        }
        _ => {}
    }
    let gateway = &server.gateway;
    let now = gateway.now();
    let caller = match server.authenticator.caller(&gateway.store, parts, now).await {
        Ok(caller) => caller,
        Err(fault) => {
            let draft = audit::Draft::new(gateway, None, route.as_ref().ok(), query, now);
            return refused(server, peer, fault, draft, now).await;
        }
    };
    let operation = match route {
        Ok(operation) => Ok(operation),
        Err(NoRoute::NotFound) => Err(Fault::NoRoute),
        Err(NoRoute::Method(allow)) => Err(Fault::Method(allow)),
    };
    let mut draft = audit::Draft::new(gateway, Some(&caller), operation.as_ref().ok(), query, now);
    let answered = match operation {
        Err(fault) => Err(fault),
        Ok(operation) => run(server, &caller, operation, &parts.headers, query, body, &mut draft).await,
    };
    let answer = answered.unwrap_or_else(|fault| fault.answer());
    if !answer.audited {
        audit::record(gateway, draft, &answer).await?;
    }
    Ok(answer)
}

/// The answer to a request whose caller is not known: audited, each by itself, until too many come from one address.
async fn refused(server: &Server, peer: Option<Peer>, fault: Fault, draft: audit::Draft, now: i64) -> Result<Answer, Fault> {
    let failed = matches!(fault, Fault::NoToken | Fault::BadToken { .. } | Fault::Authorization(_));
    let answer = match if failed { server.failures.note(peer, now) } else { Verdict::Answered } {
        Verdict::Answered => fault.answer(),
        Verdict::TurnedAway { first, retry_after } => {
            let answer = Fault::Throttled { retry_after }.answer();
            if !first {
                return Ok(answer);
            }
            answer
        }
    };
    audit::record(&server.gateway, draft, &answer).await.map(|()| answer)
}

async fn run(
    server: &Server,
    caller: &Caller,
    operation: Operation,
    headers: &HeaderMap,
    query: &str,
    body: HttpBody,
    draft: &mut audit::Draft,
) -> Result<Answer, Fault> {
    let gateway = &server.gateway;
    acceptable(headers, query)?;
    let conditions = Conditions::of(headers)?;
    let limit = match operation {
        Operation::Create { .. } | Operation::Update { .. } | Operation::Batch => Some(gateway.settings.body_limit),
        Operation::Search { form: true, .. } => Some(gateway.settings.body_limit.min(LONGEST_FORM)),
        _ => None,
    };
    let bytes = match limit {
        Some(limit) => read(limit, headers, body).await?,
        None => Bytes::new(),
    };
    if let Operation::Search { form: true, .. } = operation {
        draft.add_form(gateway, query, &bytes);
    }
    let media = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let body = if limit.is_some() { Body::Bytes(&bytes, media) } else { Body::None };
    let call = Call { operation, query: query.to_owned(), conditions, body };
    let done = dispatch(gateway, caller, &call, draft);
    if bytes.len() <= LARGE {
        return done.await;
    }
    // Reading and judging megabytes takes long: few at a time, and off the threads that serve everybody else.
    let _turn = server.large.acquire().await.map_err(|_| Fault::Busy)?;
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(done))
}

/// Reads a body up to the limit, in bounded time, as it is.
async fn read(limit: usize, headers: &HeaderMap, body: HttpBody) -> Result<Bytes, Fault> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|v| v != "identity") {
        return Err(Fault::Media("Send the body without `Content-Encoding`."));
    }
    let too_long = || Fault::TooLong(format!("A body may have {limit} bytes. Send less at once."));
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(too_long());
    }
    match tokio::time::timeout(BODY_TIME, body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(too_long()),
        Err(_) => Err(Fault::Slow),
    }
}

/// The one format there is must be among those that the client accepts (RFC 9110 section 12.5.1).
fn acceptable(headers: &HeaderMap, query: &str) -> Result<(), Fault> {
    let known = |kind: &str| {
        matches!(kind, "application/fhir+json" | "application/json" | "application/json+fhir" | "json" | "text/json" | "*/*" | "application/*" | "*")
    };
    // `q=0` says what is not wanted, `fhirVersion` which FHIR (<https://hl7.org/fhir/R4/versioning.html#mt-version>).
    let wanted = |parameter: &str| {
        let (name, value) = parameter.trim().split_once('=').unwrap_or((parameter, ""));
        match name.to_ascii_lowercase().as_str() {
            "q" => value.bytes().any(|digit| matches!(digit, b'1'..=b'9')),
            "fhirversion" => matches!(value.trim_matches('"'), "4.0" | "4.0.1"),
            _ => true,
        }
    };
    let of = |text: &str| {
        text.split(',').any(|part| {
            let mut parts = part.split(';');
            known(parts.next().unwrap_or_default().trim().to_ascii_lowercase().as_str()) && parts.all(wanted)
        })
    };
    let format = query.split('&').filter_map(|p| p.strip_prefix("_format=")).next_back();
    let good = match format {
        Some(format) => of(&format.replace("%2F", "/").replace("%2f", "/").replace("%2B", "+").replace("%2b", "+").replace("fhir json", "fhir+json")),
        None => headers.get(header::ACCEPT).filter(|v| *v != "application/fhir+json").and_then(|v| v.to_str().ok()).is_none_or(of),
    };
    if good { Ok(()) } else { Err(Fault::NotAcceptable) }
}

fn open(body: &Bytes) -> Answer {
    let mut answer = Answer::json(http::StatusCode::OK, body.clone());
    answer.header("access-control-allow-origin", "*");
    answer
}

fn respond(answer: Answer) -> Response<Bytes> {
    let mut response = Response::new(answer.body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = HeaderMap::with_capacity(8);
    let headers = response.headers_mut();
    if answer.status != http::StatusCode::NOT_MODIFIED && answer.status != http::StatusCode::NO_CONTENT {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Authorization, Accept"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(header::HeaderName::from_static(name), value);
        }
    }
    response
}
