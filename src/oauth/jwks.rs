//! The public keys of clients: registered by value, or fetched from the place they registered (RFC 7517 section 5, ABUSE B39, B40).

use crate::ops::outbound::{Bounds, Outbound};
use bytes::Bytes;
use hearthgate_auth::{Jwks, MAX_JWKS_BYTES};
use hearthgate_store::Client;
use http::{HeaderMap, Request, StatusCode, header};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as Turn;

/// How long fetched keys are believed that come without a word about it, seconds.
const USUAL_S: i64 = 300;
/// How long they are believed at most, whatever their place says, seconds.
const LONGEST_S: i64 = 86_400;
/// How soon a place may be asked again because of a name that its keys do not have, seconds.
const FORCED_S: i64 = 60;
/// How soon a place may be asked again that gave nothing, seconds.
const FAILED_S: i64 = 10;
const TIME: Duration = Duration::from_secs(3);
/// Places remembered at a time.
const PLACES: usize = 1_000;

#[derive(Default)]
struct Place {
    keys: Option<Arc<Jwks>>,
    fresh_until: i64,
    tried_at: Option<i64>,
}

/// Keys fetched lately, by place.
pub struct ClientKeys {
    outbound: Arc<Outbound>,
    places: Mutex<HashMap<String, Arc<Turn<Place>>>>,
}

impl ClientKeys {
    /// None yet.
    #[must_use]
    pub fn new(outbound: Arc<Outbound>) -> Self {
        Self { outbound, places: Mutex::default() }
    }

    /// The keys of a client, among them the one that an assertion names if the client has it.
    pub async fn of(&self, client: &Client, kid: Option<&str>, now_s: i64) -> Option<Arc<Jwks>> {
        match (&client.jwks, &client.jwks_uri) {
            (Some(text), _) => Jwks::parse(text.as_bytes()).ok().map(Arc::new),
            (None, Some(url)) => self.at(url, kid, now_s).await,
            (None, None) => None,
        }
    }

    /// The keys of a place. Whoever asks while they are fetched waits for that one answer.
    async fn at(&self, url: &str, kid: Option<&str>, now_s: i64) -> Option<Arc<Jwks>> {
        let place = self.place(url);
        let mut place = place.lock().await;
        let since = place.tried_at.map(|at| now_s.saturating_sub(at));
        let fresh = place.keys.as_ref().filter(|_| now_s < place.fresh_until).cloned();
        let fetch = match &fresh {
            Some(keys) => keys.find(kid).is_none() && since.is_none_or(|since| since >= FORCED_S),
            None => place.keys.is_some() || since.is_none_or(|since| since >= FAILED_S),
        };
        if !fetch {
            return fresh;
        }
        place.tried_at = Some(now_s);
        match self.fetch(url).await {
            Ok((keys, believed_s)) => {
                place.fresh_until = now_s + believed_s;
                place.keys = Some(Arc::new(keys));
                place.keys.clone()
            }
            Err(why) => {
                tracing::warn!(url, why, "keys of a client could not be fetched");
                // What is still good stays so; what is over does not come back.
                if fresh.is_none() {
                    place.keys = None;
                }
                fresh
            }
        }
    }

    fn place(&self, url: &str) -> Arc<Turn<Place>> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= PLACES && !places.contains_key(url) {
            places.clear();
        }
        Arc::clone(places.entry(url.to_owned()).or_default())
    }

    async fn fetch(&self, url: &str) -> Result<(Jwks, i64), String> {
        let request = Request::get(url).header(header::ACCEPT, "application/jwk-set+json, application/json").body(Bytes::new()).map_err(|e| e.to_string())?;
        let bounds = Bounds { bytes: MAX_JWKS_BYTES, time: TIME, named_by_operator: false };
        let answer = self.outbound.send(request, bounds).await.map_err(|e| e.to_string())?;
        if answer.status() != StatusCode::OK {
            return Err(format!("status {}", answer.status()));
        }
        let keys = Jwks::parse(answer.body()).map_err(|e| e.to_string())?;
        Ok((keys, believed(answer.headers())))
    }
}

/// How long an answer may be believed (RFC 9111 section 4.2.1), seconds.
fn believed(headers: &HeaderMap) -> i64 {
    let words = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).map(|w| w.trim().to_ascii_lowercase());
    let mut most = USUAL_S;
    for word in words {
        match word.split_once('=') {
            None if word == "no-store" || word == "no-cache" => return 0,
            Some(("max-age", seconds)) => most = seconds.trim_matches('"').parse().unwrap_or(0),
            _ => {}
        }
    }
    let age = headers.get(header::AGE).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<i64>().ok()).unwrap_or(0);
    most.saturating_sub(age).clamp(0, LONGEST_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abuse_b39_keys_are_kept_no_longer_than_their_place_says() {
        let of = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, value.parse().expect("a value"));
            }
            believed(&headers)
        };
        assert_eq!(of(&[]), USUAL_S);
        assert_eq!(of(&[("cache-control", "public, max-age=120")]), 120);
        assert_eq!(of(&[("cache-control", "max-age=120"), ("age", "100")]), 20);
        assert_eq!(of(&[("cache-control", "max-age=100"), ("age", "120")]), 0);
        assert_eq!(of(&[("cache-control", "max-age=999999999")]), LONGEST_S);
        assert_eq!(of(&[("cache-control", "max-age=-5")]), 0);
        assert_eq!(of(&[("cache-control", "max-age=x")]), 0);
        assert_eq!(of(&[("cache-control", "No-Store")]), 0);
        assert_eq!(of(&[("cache-control", "max-age=60, no-cache")]), 0);
    }
}
