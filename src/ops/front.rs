//! What a connection's requests come to. Those below `/fhir` that no browser page sends go straight to the FHIR interface; all others,
//! and what must be said to pages of other origins, through the routes. A panic on the short way is one answer, and the process lives.

use super::accept;
use super::metrics::Metrics;
use super::paced::{Begun, UnderWay};
use super::unread::Rest;
use crate::rest::answer::FHIR_JSON;
use crate::rest::fault::Fault;
use crate::rest::http::{Server, ask};
use crate::rest::throttle::Peer;
use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::service::Service;
use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tower::ServiceExt as _;

/// Everything that is served on the main listener.
pub(super) struct Front {
    /// What is below `/fhir`.
    pub fhir: Arc<Server>,
    /// What counts it.
    pub metrics: Arc<Metrics>,
    /// All routes.
    pub routes: Router,
}

/// The same for one connection.
pub(super) struct OfConnection {
    pub front: Arc<Front>,
    /// Who is at its other end.
    pub peer: IpAddr,
    pub trusted_proxy: bool,
    pub under_way: UnderWay,
}

impl Service<Request<Incoming>> for OfConnection {
    type Response = Response<Whole>;
    type Error = Infallible;
    type Future = Answered;

    fn call(&self, mut request: Request<Incoming>) -> Answered {
        let peer = Peer(accept::from(request.headers(), self.peer, self.trusted_proxy));
        let front = Arc::clone(&self.front);
        let future: Inner = if is_direct(&request) {
            Box::pin(direct(front, request, peer))
        } else {
            request.extensions_mut().insert(peer);
            Box::pin(async move {
                let (request, rest) = lend(request);
                let mut response = front.routes.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                if let Some(rest) = rest {
                    rest.settle(&mut response).await;
                }
                response.map(Whole::Streamed)
            })
        };
        Answered { future, _begun: self.under_way.begin() }
    }
}

/// Whether a request is for the FHIR interface alone: not for what everybody may read, and not from a page of another origin.
fn is_direct(request: &Request<Incoming>) -> bool {
    let path = request.uri().path();
    path.strip_prefix("/fhir/").is_some_and(|rest| rest != "metadata" && !rest.starts_with('.'))
        && request.method() != Method::OPTIONS
        && !request.headers().contains_key(header::ORIGIN)
}

async fn direct(front: Arc<Front>, request: Request<Incoming>, peer: Peer) -> Response<Whole> {
    let begun = Instant::now();
    let (request, rest) = lend(request);
    let (action, mut response) = ask(&front.fhir, request, Some(peer)).await;
    if let Some(rest) = rest {
        rest.settle(&mut response).await;
    }
    // As it would be for a page.
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Authorization, Accept, Origin"));
    front.metrics.count(action, response.status().as_u16(), u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
    response.map(Whole::Ready)
}

/// The request as it is answered, and what becomes of a body that nobody read to its end.
fn lend(request: Request<Incoming>) -> (Request<Body>, Option<Rest>) {
    if request.body().is_end_stream() {
        return (request.map(|_| Body::empty()), None);
    }
    let rest = Rest::new(request.version());
    let lent = rest.clone();
    (request.map(|body| Body::new(lent.of(body))), Some(rest))
}

type Inner = Pin<Box<dyn Future<Output = Response<Whole>> + Send>>;

/// The answer to come.
pub(super) struct Answered {
    future: Inner,
    _begun: Begun,
}

impl Future for Answered {
    type Output = Result<Response<Whole>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let future = &mut self.future;
        // What panicked is not told: it may hold data.
        catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))).unwrap_or_else(|_| Poll::Ready(panicked())).map(Ok)
    }
}

fn panicked() -> Response<Whole> {
    tracing::error!("a handler panicked");
    let fault = Fault::Internal("panic".to_owned()).answer();
    let headers = [("content-type", FHIR_JSON), ("cache-control", "no-store")];
    (StatusCode::INTERNAL_SERVER_ERROR, headers, fault.body).into_response().map(Whole::Streamed)
}

/// A body: bytes that are there, or what a route makes.
pub(super) enum Whole {
    Ready(Bytes),
    Streamed(Body),
}

impl hyper::body::Body for Whole {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.get_mut() {
            Self::Ready(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Ready(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Streamed(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Ready(bytes) => bytes.is_empty(),
            Self::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Ready(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(body) => body.size_hint(),
        }
    }
}
