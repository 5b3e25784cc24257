//! A connection whose client must keep up: the head of a request has to come in time, and answers have to be taken.
//!
//! One timer a connection, which is looked at when it rings and not set anew by each request.

use super::accept::HEAD;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// How long a client may take no byte of an answer.
const TAKE: Duration = Duration::from_secs(30);
/// What HTTP/2 begins with (RFC 9113 section 3.4); from there on hyper keeps the time.
const PREFACE: usize = 24;

/// How many requests of a connection are under way: while there are any, the client owes nothing.
#[derive(Clone, Default)]
pub(super) struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    /// One more, until what is answered is dropped.
    pub(super) fn begin(&self) -> Begun {
        self.0.fetch_add(1, Ordering::Relaxed);
        Begun(self.clone())
    }
}

/// A request under way.
pub(super) struct Begun(UnderWay);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that fails with [`io::ErrorKind::TimedOut`] where its client is too slow.
pub(super) struct Paced {
    stream: TcpStream,
    under_way: UnderWay,
    /// Bytes that came, as far as they matter, and whether they are the beginning of HTTP/2.
    came: usize,
    framed: bool,
    /// When the client had taken its last answer, or came.
    since: Instant,
    idle: Pin<Box<Sleep>>,
    stuck: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    pub(super) fn new(stream: TcpStream, under_way: UnderWay) -> Self {
        let since = Instant::now();
        Self { stream, under_way, came: 0, framed: true, since, idle: Box::pin(sleep_until(since + HEAD)), stuck: None }
    }

    /// Ready when the head of a request should have come and has not.
    fn late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.idle.as_mut().poll(context));
            let now = Instant::now();
            let excused = (self.framed && self.came >= PREFACE) || self.under_way.0.load(Ordering::Relaxed) > 0;
            let due = if excused { now } else { self.since } + HEAD;
            if due <= now {
                return Poll::Ready(());
            }
            self.idle.as_mut().reset(due);
        }
    }

    /// What a write came to; one that does not go on is stopped in the end.
    fn written<T>(&mut self, done: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.stuck = None;
            self.since = Instant::now();
            return done;
        }
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(TAKE)));
        ready!(stuck.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, into) {
            Poll::Pending => {
                ready!(self.late(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            done => {
                if self.came < PREFACE {
                    let new = &into.filled()[before..];
                    // No method that is served here begins so.
                    let expected = b"PRI".get(self.came..).unwrap_or_default();
                    self.framed &= new.iter().zip(expected).all(|(came, expected)| came == expected);
                    self.came += new.len();
                }
                done
            }
        }
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(done, context)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(done, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
