//! Connections: how many, how long one may take to say what it wants and to take its answer, and how all of them end.
//!
//! A client that is slow on purpose holds a connection and nothing else, and not for long (ABUSE D07, D08, G13).

use super::front::{Front, OfConnection};
use super::paced::{Paced, UnderWay};
use http::HeaderMap;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// How long the head of a request may take, and how long a connection may be idle.
pub(super) const HEAD: Duration = Duration::from_secs(10);
/// How long requests under way may take once the process was told to stop.
const LEAVE: Duration = Duration::from_secs(20);
/// Most connections at a time, if the system gives as many files.
const MOST: u64 = 16_384;
/// Files for what is no connection: databases, logs, the control socket.
const OTHERS: u64 = 256;

/// Serves until `stop`, then lets requests under way end, unless told to stop once more.
pub(super) async fn serve(listener: TcpListener, front: Front, trusted_proxy: bool, stop: impl Fn() -> Stop) {
    let (builder, front) = (builder(), Arc::new(front));
    let graceful = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(usize::try_from(most()).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)));
    let mut stopped = stop();
    loop {
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else { break };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // No files left, most likely: those who go make room.
                    tracing::warn!(%error, "a connection could not be taken");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = &mut stopped => break,
        };
        let _ = stream.set_nodelay(true);
        let under_way = UnderWay::default();
        let service = OfConnection { front: Arc::clone(&front), peer: peer.ip(), trusted_proxy, under_way: under_way.clone() };
        let connection = builder.serve_connection(TokioIo::new(Paced::new(stream, under_way)), service);
        let watched = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            // How a connection ends is the client's affair.
            let _ = watched.await;
            drop(permit);
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = sleep(LEAVE) => tracing::warn!("some requests did not end in time"),
        () = stop() => tracing::warn!("told to stop twice"),
    }
}

/// Where a request comes from: whoever connected, or whom a trusted proxy names last.
pub(super) fn from(headers: &HeaderMap, peer: IpAddr, trusted_proxy: bool) -> IpAddr {
    let named = || headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok();
    if trusted_proxy { named().unwrap_or(peer) } else { peer }
}

/// Something that ends when the process should.
pub type Stop = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Its own timer would be made and unmade with each request; `Paced` keeps the time.
    builder.http1().header_read_timeout(None);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(HEAD)).keep_alive_timeout(HEAD).max_concurrent_streams(128);
    builder
}

/// As many connections as the system gives files for.
fn most() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(MOST + OTHERS, |maximum| maximum.min(MOST + OTHERS));
    let current = limit.current.unwrap_or(u64::MAX);
    let files =
        if current < wanted && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }).is_ok() { wanted } else { current };
    files.saturating_sub(OTHERS).clamp(16, MOST)
}
