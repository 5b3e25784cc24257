//! Many who want something of the authorization server at once.

use crate::load::Requests;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

/// Signs in, at so many browsers at a time, over and over for a while; how many came in, and how many did not.
pub fn sign_ins(root: &str, name: &str, password: &str, browsers: usize, time: Duration) -> (usize, usize) {
    let end = Instant::now() + time;
    let (done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..browsers {
            scope.spawn(|| {
                while Instant::now() < end {
                    let count = if sign_in(root, name, password).unwrap_or(false) { &done } else { &failed };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    (done.into_inner(), failed.into_inner())
}

/// One sign-in by the form, as a browser sends it.
fn sign_in(root: &str, name: &str, password: &str) -> Result<bool, ureq::Error> {
    let agent = agent();
    let mut page = agent.get(format!("{root}/sign-in?next=/apps")).call()?;
    let cookie = page.headers().get("set-cookie").and_then(|set| set.to_str().ok()).and_then(|set| set.split(';').next()).unwrap_or_default().to_owned();
    let text = page.body_mut().read_to_string()?;
    let token = text.split_once("name=\"anti_forgery\" value=\"").and_then(|(_, rest)| rest.split_once('"')).map_or("", |(token, _)| token);
    let form = [("username", name), ("password", password), ("next", "/apps"), ("anti_forgery", token)];
    let answer = agent.post(format!("{root}/auth/sign-in")).header("cookie", &cookie).send_form(form)?;
    Ok(answer.status() == 303)
}

fn body(id: &str, secret: &str) -> String {
    format!("grant_type=client_credentials&scope=system%2FPatient.rs&client_id={id}&client_secret={secret}")
}

/// One client's requests for tokens, as many as go through.
pub fn flood(id: &str, secret: &str) -> Requests {
    let body = body(id, secret);
    let head =
        format!("POST /auth/token HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n", body.len());
    Requests::Any(vec![(head + &body).into_bytes()])
}

/// How a client fared that asks as often as is usual.
pub struct Paced {
    /// Half of the answers took less.
    pub p50: Duration,
    /// 99 of 100 answers took less.
    pub p99: Duration,
    /// Answers without a token.
    pub refused: usize,
}

/// A client that asks for a token every 20 ms, on one connection.
pub fn paced(root: &str, id: &str, secret: &str, time: Duration) -> Paced {
    let (agent, body, end) = (agent(), body(id, secret), Instant::now() + time);
    let (mut times, mut refused) = (Vec::new(), 0);
    while Instant::now() < end {
        let begun = Instant::now();
        let asked = agent.post(format!("{root}/auth/token")).content_type("application/x-www-form-urlencoded").send(body.as_bytes());
        let given = asked.and_then(|mut answer| answer.body_mut().read_to_string().map(|_| answer.status() == 200)).unwrap_or(false);
        refused += usize::from(!given);
        times.push(begun.elapsed());
        thread::sleep(Duration::from_millis(20).saturating_sub(begun.elapsed()));
    }
    times.sort_unstable();
    Paced { p50: times[times.len() / 2], p99: times[times.len() * 99 / 100], refused }
}
