//! What a request still holds when its answer is there. A rest within bounds is read and thrown away before the answer leaves: a connection
//! that is closed over unread bytes is reset, and the answer may be lost on its way (RFC 9112, section 9.6).

use bytes::Bytes;
use http::{HeaderValue, Response, Version, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// More is not waited for: who announces it is told to close.
const MOST: usize = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(2);

/// Where a body goes that was not read to its end.
#[derive(Clone)]
pub(super) struct Rest {
    left: Arc<Mutex<Option<Incoming>>>,
    version: Version,
}

impl Rest {
    /// Of a request in a version of HTTP.
    pub fn new(version: Version) -> Self {
        Self { left: Arc::default(), version }
    }

    /// The body, to be read by whoever answers.
    pub fn of(self, body: Incoming) -> Lent {
        Lent { body: Some(body), rest: self }
    }

    /// Reads what was left, or has the connection closed after the answer.
    pub async fn settle<B>(self, response: &mut Response<B>) {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(body) = left else { return };
        let small = body.size_hint().lower() <= MOST as u64;
        let read = small && matches!(tokio::time::timeout(PATIENCE, drain(Limited::new(body, MOST))).await, Ok(true));
        if !read && self.version <= Version::HTTP_11 {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// Whether it came to its end.
async fn drain(mut body: Limited<Incoming>) -> bool {
    while let Some(frame) = body.frame().await {
        if frame.is_err() {
            return false;
        }
    }
    true
}

/// A request's body that comes back when it is let go before its end.
pub(super) struct Lent {
    body: Option<Incoming>,
    rest: Rest,
}

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            *self.rest.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}
