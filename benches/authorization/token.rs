//! What a request costs before it is known who asks: a token that was shown before, and one that was not.

use crate::server;
use hearthgate::ops::config::Config;
use hearthgate::ops::instance::{Instance, system_clock};
use hearthgate::rest::authenticate::Authenticator;
use hearthgate_auth::Verifier;
use http::{HeaderValue, Request};
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ISSUER: &str = "http://127.0.0.1:8080";

/// Measures it on a new data directory, which is left with the client `backend`.
pub fn measure(data: &Path) -> Result<(), Box<dyn Error>> {
    server::command(data, &["clients", "add", "--id", "backend", "--kind", "public", "--scope", "system/*.cruds"])?;
    let scope = "system/Patient.rs system/Observation.rs system/MedicationRequest.rs system/Appointment.rs";
    // Given out as any other: of one that was not noted then, the server would not hear.
    let said = server::command(data, &["token", "--client", "backend", "--scope", scope, "--ttl", "3600"])?;
    let token = said.lines().last().ok_or("no token")?.to_owned();
    let instance = Instance::open(data, &Config::default(), ISSUER, system_clock())?;
    let now_ms = instance.gateway.now();
    let now = now_ms.div_euclid(1000);
    let base = &instance.gateway.settings.base;
    let verifier = || Verifier::new(Arc::clone(&instance.keys), ISSUER, base);
    let authenticator = Authenticator::new(verifier(), Arc::clone(&instance.roles), Arc::clone(&instance.replay), ISSUER);
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}"))?);
    let store = &instance.gateway.store;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    // Its first use is noted, which is a change of the database; from then on it is known.
    for _ in 0..2 {
        runtime.block_on(authenticator.caller(store, &parts, now_ms)).map_err(|_| "the token is refused")?;
    }
    let state = store.data_version()?;

    println!("a token of {} bytes:", token.len());
    let known = median(|| authenticator.caller_at_once(state, black_box(&parts.headers), now_ms).expect("a known token"));
    println!("  known, inside the transaction of the read: {known:.0?} (no signature, no database)");
    let asked = median(|| runtime.block_on(authenticator.caller(store, black_box(&parts), now_ms)).is_ok());
    println!("  known, with the question whether the database changed: {asked:.0?}");
    let verifier = verifier();
    let new = median(|| verifier.verify(black_box(&token), now).is_ok());
    println!("  not known, its signature and claims alone: {new:.0?}\n");
    Ok(())
}

/// The median of 51 rounds of some 20 ms each, for one.
fn median<T>(mut act: impl FnMut() -> T) -> Duration {
    let begun = Instant::now();
    let mut each = 0_u32;
    while begun.elapsed() < Duration::from_millis(20) {
        black_box(act());
        each += 1;
    }
    let mut rounds: Vec<Duration> = (0..51)
        .map(|_| {
            let begun = Instant::now();
            (0..each).for_each(|_| drop(black_box(act())));
            begun.elapsed() / each
        })
        .collect();
    rounds.sort_unstable();
    rounds[rounds.len() / 2]
}
