//! The servers: FHIR, health and keys on one listener, metrics on another.

use super::accept;
use super::config::Config;
use super::control;
use super::front::Front;
use super::instance::Instance;
use super::metrics::{self, Metrics};
use crate::oauth::{self, Oauth};
use crate::rest::answer::FHIR_JSON;
use crate::rest::authenticate::Authenticator;
use crate::rest::http::{LARGE_AT_ONCE, Server, handle};
use crate::rest::metadata;
use crate::rest::throttle::Failures;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use hearthgate_auth::Verifier;
use http::{HeaderMap, StatusCode};
use std::any::Any;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

/// Listeners, bound: what clients will use is known before anything is served.
pub struct Bound {
    main: TcpListener,
    metrics: TcpListener,
    /// Where the FHIR interface listens.
    pub address: SocketAddr,
    /// Where metrics are served.
    pub metrics_address: SocketAddr,
}

/// Binds both listeners; with port 0 the metrics take a free port too.
///
/// # Errors
/// An address that is taken.
pub async fn bind(config: &Config) -> io::Result<Bound> {
    let main = listen(config.listen, "listen").await?;
    let mut wanted = config.metrics_listen;
    if config.listen.port() == 0 {
        wanted.set_port(0);
    }
    let metrics = listen(wanted, "metrics_listen").await?;
    Ok(Bound { address: main.local_addr()?, metrics_address: metrics.local_addr()?, main, metrics })
}

/// A failure says which key of the configuration chooses the address.
async fn listen(address: SocketAddr, key: &str) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|e| io::Error::new(e.kind(), format!("{address} ({key}): {e}")))
}

/// Serves until SIGTERM or SIGINT; requests under way are finished first.
///
/// # Errors
/// A control socket that cannot be made.
pub async fn serve(instance: Arc<Instance>, bound: Bound, ready: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let metrics = Arc::new(Metrics::default());
    let front = front(&instance, Arc::clone(&metrics));
    let trusted_proxy = instance.gateway.settings.trusted_proxy;
    control::listen(&instance)?;
    super::audit_index::start(Arc::downgrade(&instance))?;
    crate::extract::start(Arc::downgrade(&instance), tokio::runtime::Handle::current())?;
    super::settle::start(Arc::downgrade(&instance))?;
    hearthgate_validate::prepare();
    tokio::spawn(async move {
        let _ = axum::serve(bound.metrics, metrics::router(metrics)).await;
    });
    ready()?;
    tracing::info!(address = %bound.address, metrics = %bound.metrics_address, "serving");
    accept::serve(bound.main, front, trusted_proxy, || Box::pin(stopped())).await;
    let _ = std::fs::remove_file(instance.dir.join("control.sock"));
    close(instance).await;
    tracing::info!("stopped");
    Ok(())
}

/// Closes the store and the audit, so that the next start need not check what an unclean stop may have left.
async fn close(mut instance: Arc<Instance>) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        match Arc::try_unwrap(instance) {
            Ok(last) => return drop(tokio::task::spawn_blocking(move || drop(last)).await),
            Err(shared) => instance = shared,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tracing::warn!("stopped while work that was handed over goes on; it can be done again");
}

async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// All that the main listener serves.
fn front(instance: &Arc<Instance>, metrics: Arc<Metrics>) -> Front {
    let gateway = instance.gateway.clone();
    let started = hearthgate_fhir::date::format_instant(gateway.now());
    let capabilities = metadata::capabilities(&gateway.settings, &gateway.mappings, &started).into();
    let smart = oauth::discovery::smart_configuration(instance).into();
    let verifier = Verifier::new(Arc::clone(&instance.keys), &instance.issuer, &gateway.settings.base);
    let authenticator = Authenticator::new(verifier, Arc::clone(&instance.roles), Arc::clone(&instance.replay), &instance.issuer);
    let failures = Failures::new(instance.failures_per_minute);
    let server = Arc::new(Server { gateway, authenticator, capabilities, smart, failures, large: Semaphore::new(LARGE_AT_ONCE) });
    let fhir = Router::new()
        .route("/fhir", any(handle))
        .route("/fhir/", any(handle))
        .route("/fhir/{*rest}", any(handle))
        .with_state(Arc::clone(&server))
        .layer(middleware::from_fn_with_state(Arc::clone(&metrics), counted));
    let authorization = Arc::new(Oauth::new(Arc::clone(instance)));
    let keys = Arc::clone(instance);
    let ready = Arc::clone(instance);
    let pages = Arc::clone(&authorization);
    let routes = Router::new()
        .merge(fhir)
        .merge(oauth::router(&authorization))
        .merge(crate::site::router(&authorization))
        .route(
            "/auth/jwks",
            get(move || async move {
                ([("content-type", "application/json"), ("access-control-allow-origin", "*")], keys.keys.jwks(keys.gateway.now().div_euclid(1000)))
            }),
        )
        .route("/health/live", get(|| async { "up\n" }))
        .route(
            "/health/ready",
            get(move || async move {
                if !ready.gateway.store.has_failed() && ready.gateway.ledger.failure().is_none() {
                    (StatusCode::OK, "up\n")
                } else {
                    (StatusCode::SERVICE_UNAVAILABLE, "down\n")
                }
            }),
        )
        .fallback(move |headers: HeaderMap| async move { crate::site::missing(&pages, &headers) })
        .layer(CatchPanicLayer::custom(caught))
        .layer(middleware::from_fn_with_state(authorization, oauth::cors::cors));
    Front { fhir: server, metrics, routes }
}

async fn counted(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let path = request.uri().path().trim_start_matches("/fhir").trim_start_matches('/');
    let action = crate::rest::operation::parse(request.method().as_str(), path).map_or("other", |o| o.code());
    let response = next.run(request).await;
    metrics.count(action, response.status().as_u16(), u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
    response
}

/// A panic in a handler is one 500 with an OperationOutcome; the process lives. What panicked is not told: it may hold data.
#[allow(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn caught(_panic: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    let fault = crate::rest::fault::Fault::Internal("panic".to_owned()).answer();
    (StatusCode::INTERNAL_SERVER_ERROR, [("content-type", FHIR_JSON), ("cache-control", "no-store")], fault.body).into_response()
}
