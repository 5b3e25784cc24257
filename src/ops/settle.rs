//! Keeps the generated index true of every writer: what a program outside has changed is found as it is now, within a second, whether
//! or not anybody searches. (A search waits for it anyhow; what follows the change feed does not search.)
//!
//! Once a minute, by the server's clock, it forgets what has ended by itself: sessions, launches, tokens and their like.

use super::instance::Instance;
use hearthgate_store::{Change, Store, Unit};
use std::sync::Weak;
use std::time::Duration;

/// How long a change from outside waits at most, when the writer is not busy.
const PAUSE: Duration = Duration::from_millis(250);
/// How long it waits when the store takes nothing.
const AFTER_ERROR: Duration = Duration::from_secs(5);

/// How often what has ended is looked for, in ms.
const MINUTE: i64 = 60_000;

/// Follows until the instance is gone.
///
/// # Errors
/// A thread that cannot be started.
pub fn start(instance: Weak<Instance>) -> std::io::Result<()> {
    std::thread::Builder::new().name("settle".to_owned()).spawn(move || {
        let mut looked: Option<i64> = None;
        while let Some(instance) = instance.upgrade() {
            let (store, now) = (&instance.gateway.store, instance.gateway.now());
            let settled = store.settle_blocking();
            // A clock that was set back is no reason to wait until it is there again.
            if looked.is_none_or(|at| (now - at).abs() >= MINUTE) {
                looked = Some(now);
                forget(store, now);
                // Once a minute is not worth megabytes for a connection that stays.
                store.leave();
            }
            drop(instance);
            match settled {
                Ok(true) => {}
                Ok(false) => std::thread::sleep(PAUSE),
                Err(error) => {
                    tracing::warn!(%error, "the search index lags behind");
                    std::thread::sleep(AFTER_ERROR);
                }
            }
        }
    })?;
    Ok(())
}

/// Forgets what has ended, unless it is so much that others should have a turn: the rest waits for the next minute.
fn forget(store: &Store, now: i64) {
    for _ in 0..200 {
        let done = match store.any_expired(now) {
            Ok(true) => store.write_blocking(Unit { changes: Change::forget_expired(now), ..Unit::default() }).map(drop).map_err(|refused| refused.error),
            Ok(false) => return,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            return tracing::warn!(%error, "what has ended is not forgotten yet");
        }
    }
}
