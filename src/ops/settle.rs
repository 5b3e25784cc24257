//! Keeps the generated index true of every writer: what a program outside has changed is found as it is now, within a second, whether
//! or not anybody searches. (A search waits for it anyhow; what follows the change feed does not search.)

use super::instance::Instance;
use std::sync::Weak;
use std::time::Duration;

/// How long a change from outside waits at most, when the writer is not busy.
const PAUSE: Duration = Duration::from_millis(250);
/// How long it waits when the store takes nothing.
const AFTER_ERROR: Duration = Duration::from_secs(5);

/// Follows until the instance is gone.
///
/// # Errors
/// A thread that cannot be started.
pub fn start(instance: Weak<Instance>) -> std::io::Result<()> {
    std::thread::Builder::new().name("settle".to_owned()).spawn(move || {
        while let Some(instance) = instance.upgrade() {
            let settled = instance.gateway.store.settle_blocking();
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
