//! The load generator: keep-alive HTTP/1.1 over plain TCP, one request under way a connection, as little work of its own as
//! possible, because it shares the processor with what it measures.

use memchr::memmem;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

/// Threads of the generator.
const THREADS: usize = 2;

/// What is sent.
pub enum Requests {
    /// One of these, by chance, each time.
    Any(Vec<Vec<u8>>),
    /// Each with a number that no other has.
    Each(Numbered),
}

/// Writes the request of a number.
pub type Numbered = Box<dyn Fn(u64, &mut Vec<u8>) + Send + Sync>;

impl Requests {
    /// Whole requests of `GET` for paths with the same token.
    pub fn get(paths: impl IntoIterator<Item = String>, token: &str) -> Self {
        Self::Any(paths.into_iter().map(|path| get(&path, token)).collect())
    }
}

/// A whole `GET` request.
pub fn get(path: &str, token: &str) -> Vec<u8> {
    let authorization = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/fhir+json\r\n{authorization}\r\n").into_bytes()
}

/// How hard and how long.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Connections, each with one request under way.
    pub connections: usize,
    /// Not counted, at the beginning.
    pub warm_up: Duration,
    /// Counted.
    pub time: Duration,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Answers of status 2xx a second.
    pub per_second: f64,
    /// Half of the answers took less.
    pub p50: Duration,
    /// 99 of 100 answers took less.
    pub p99: Duration,
    /// Bytes of a body, on average.
    pub body: usize,
    /// Answers that were no 2xx, and connections that broke.
    pub failed: u64,
    /// The first of them, as text.
    pub failure: Option<String>,
}

#[derive(Default)]
struct Tally {
    nanos: Vec<u32>,
    bodies: u64,
    failures: BTreeMap<String, u64>,
}

/// Numbers for [`Requests::Each`], never the same twice in one run of the program.
static SERIAL: AtomicU64 = AtomicU64::new(1);

/// Sends requests for a while.
pub fn run(address: SocketAddr, requests: &Arc<Requests>, effort: Effort) -> Outcome {
    let begin = Instant::now() + effort.warm_up;
    let end = begin + effort.time;
    let threads: Vec<_> = (0..THREADS.min(effort.connections))
        .map(|thread| {
            let requests = Arc::clone(requests);
            thread::spawn(move || {
                let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async {
                    let mine = (thread..effort.connections).step_by(THREADS);
                    let all: Vec<_> = mine.map(|seed| tokio::spawn(connection(address, Arc::clone(&requests), seed as u64, begin, end))).collect();
                    let mut tallies = Vec::new();
                    for one in all {
                        tallies.push(one.await.expect("a connection's task"));
                    }
                    tallies
                })
            })
        })
        .collect();
    let tallies = threads.into_iter().flat_map(|thread| thread.join().expect("a generator thread"));
    let mut nanos = Vec::new();
    let (mut bodies, mut failed, mut failure) = (0, 0, None);
    for tally in tallies {
        nanos.extend(tally.nanos);
        bodies += tally.bodies;
        failed += tally.failures.values().sum::<u64>();
        failure = failure.or(tally.failures.into_keys().next());
    }
    nanos.sort_unstable();
    let rank = |share: f64| Duration::from_nanos(u64::from(nanos.get((nanos.len() as f64 * share) as usize).copied().unwrap_or_default()));
    Outcome {
        per_second: nanos.len() as f64 / effort.time.as_secs_f64(),
        p50: rank(0.5),
        p99: rank(0.99),
        body: (bodies / (nanos.len() as u64).max(1)) as usize,
        failed,
        failure,
    }
}

async fn connection(address: SocketAddr, requests: Arc<Requests>, seed: u64, begin: Instant, end: Instant) -> Tally {
    let mut tally = Tally::default();
    let mut chance = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut made = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut stream = None;
    loop {
        let sent = Instant::now();
        if sent >= end {
            return tally;
        }
        let request: &[u8] = match &*requests {
            Requests::Any(list) => {
                chance ^= chance << 13;
                chance ^= chance >> 7;
                chance ^= chance << 17;
                &list[(chance % list.len() as u64) as usize]
            }
            Requests::Each(make) => {
                made.clear();
                make(SERIAL.fetch_add(1, Ordering::Relaxed), &mut made);
                &made
            }
        };
        let answered = exchange(&mut stream, address, request, &mut buffer).await;
        let done = Instant::now();
        match answered {
            _ if done < begin => {}
            Ok(answer) if answer.failure.is_none() => {
                if done <= end {
                    tally.nanos.push(u32::try_from((done - sent).as_nanos()).unwrap_or(u32::MAX));
                    tally.bodies += answer.body as u64;
                }
            }
            Ok(answer) => *tally.failures.entry(answer.failure.unwrap_or_default()).or_default() += 1,
            Err(error) => {
                stream = None;
                *tally.failures.entry(error.to_string()).or_default() += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

struct Answer {
    body: usize,
    failure: Option<String>,
}

async fn exchange(stream: &mut Option<TcpStream>, address: SocketAddr, request: &[u8], buffer: &mut [u8]) -> io::Result<Answer> {
    let stream = match stream {
        Some(stream) => stream,
        None => {
            let new = TcpStream::connect(address).await?;
            new.set_nodelay(true)?;
            stream.insert(new)
        }
    };
    stream.write_all(request).await?;
    let mut filled = 0;
    let head = loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Err(io::Error::other("the server closed the connection"));
        }
        filled += read;
        if let Some(end) = memmem::find(&buffer[..filled], b"\r\n\r\n") {
            break end;
        }
        if filled == buffer.len() {
            return Err(io::Error::other("an answer's head of more than 64 KiB"));
        }
    };
    let length = content_length(&buffer[..head + 2]).ok_or_else(|| io::Error::other("an answer without content-length"))?;
    let good = buffer[9] == b'2';
    let failure = (!good).then(|| {
        let status = String::from_utf8_lossy(&buffer[9..12]).into_owned();
        format!("{status} {}", String::from_utf8_lossy(&buffer[head + 4..filled.min(head + 404)]))
    });
    let mut left = (head + 4 + length).saturating_sub(filled);
    while left > 0 {
        let most = left.min(buffer.len());
        let read = stream.read(&mut buffer[..most]).await?;
        if read == 0 {
            return Err(io::Error::other("the server closed the connection"));
        }
        left -= read;
    }
    Ok(Answer { body: length, failure })
}

fn content_length(head: &[u8]) -> Option<usize> {
    let name = b"content-length: ";
    let from = memmem::find(head, name)? + name.len();
    let text = &head[from..from + memmem::find(&head[from..], b"\r")?];
    std::str::from_utf8(text).ok()?.parse().ok()
}
