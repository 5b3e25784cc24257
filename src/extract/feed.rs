//! The follower of the change feed, in two queues: what an import brought waits behind what somebody wrote.
//!
//! What an import brings is read once that import is through. Each version is of one queue, by the client that made it, and each queue has a place of its own in the feed.

use super::reader::Reader;
use super::typed;
use crate::ops::instance::Instance;
use hearthgate_access::{InternalCaller, Role};
use hearthgate_mapping::Sql;
use hearthgate_store::{Change, Operation, Version};
use std::collections::VecDeque;
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// The client, as history has it, of an import that wants its notes unread (`import --no-extract`).
pub const UNREAD: &str = "hearthgate-import-unread";

/// How long the feed is left alone once it was read to its end.
pub(super) const PAUSE: Duration = Duration::from_millis(100);
/// Versions read from the feed at once.
const BATCH: usize = 1_000;
/// How long the gateway is held at once.
const TURN: Duration = Duration::from_millis(200);

/// Follows the feed on a thread of its own until the instance is gone.
///
/// # Errors
/// A thread that cannot be started.
pub fn start(instance: Weak<Instance>, runtime: Handle) -> std::io::Result<()> {
    std::thread::Builder::new().name("extraction".to_owned()).spawn(move || {
        let mut feed: Option<Feed> = None;
        while let Some(instance) = instance.upgrade() {
            let done = match &mut feed {
                Some(feed) => feed.turn(&instance, &runtime),
                None => Feed::new(&instance).map(|made| {
                    feed = Some(made);
                    true
                }),
            };
            drop(instance);
            let more = done.unwrap_or_else(|error| {
                tracing::warn!(error, "the reading of notes lags behind");
                feed = None;
                false
            });
            if !more {
                std::thread::sleep(PAUSE);
            }
        }
    })?;
    Ok(())
}

/// Reads the feed to its end, or for about so long.
///
/// # Errors
/// What stands in the way, as a sentence.
pub fn follow(instance: &Instance, runtime: &Handle, limit: Duration) -> Result<(), String> {
    let begun = Instant::now();
    let mut feed = Feed::new(instance)?;
    while begun.elapsed() < limit && feed.turn(instance, runtime)? {}
    Ok(())
}

/// What follows.
struct Feed {
    reader: Reader,
    /// The client of imports, as history has it.
    import: String,
    /// What somebody wrote, here or by another program.
    written: Queue,
    /// What imports brought.
    imported: Queue,
    /// The log may hold what a program typed in plain text, of this run or of one that was killed.
    plain: bool,
}

/// A place in the feed.
struct Queue {
    /// Its name in `gw_meta`.
    key: &'static str,
    /// The sequence number that was read last.
    position: i64,
    /// What was read from the feed and is not seen to yet.
    next: VecDeque<Version>,
}

impl Feed {
    fn new(instance: &Instance) -> Result<Self, String> {
        let import = format!("hearthgate-{}", Role::Internal(InternalCaller::Import));
        let (written, imported) = (Queue::new(instance, "extracted")?, Queue::new(instance, "extracted-imports")?);
        Ok(Self { reader: Reader::new(instance)?, import, written, imported, plain: true })
    }

    /// Reads what was written, and then one note of an import; answers whether there was anything.
    fn turn(&mut self, instance: &Instance, runtime: &Handle) -> Result<bool, String> {
        let typed = typed::take(instance, runtime, self.reader.caller())?;
        self.plain |= typed;
        if self.plain && !typed::waits(instance)? {
            self.plain = !instance.gateway.store.forget_blocking().map_err(|e| e.to_string())?;
        }
        let import = self.import.as_str();
        let is_imported = |version: &Version| version.client.as_deref() == Some(import);
        let is_written = |version: &Version| !is_imported(version) && version.client.as_deref() != Some(UNREAD);
        let written = self.written.read(&self.reader, instance, runtime, is_written, usize::MAX)?;
        // What one import brings belongs together: a note, and what was found in it elsewhere.
        let is_whole = instance.imports.load(Ordering::Relaxed) == 0;
        let imported = is_whole && self.imported.read(&self.reader, instance, runtime, is_imported, 1)?;
        Ok(typed || written || imported)
    }
}

impl Queue {
    fn new(instance: &Instance, key: &'static str) -> Result<Self, String> {
        let rows = instance.gateway.store.own("SELECT value FROM gw_meta WHERE key = ?1", &[Sql::Text(key.to_owned())]).map_err(|e| e.to_string())?;
        let position = match rows.first().and_then(|row| row.first()) {
            Some(Sql::Text(text)) => text.parse().unwrap_or(0),
            _ => 0,
        };
        Ok(Self { key, position, next: VecDeque::new() })
    }

    /// Reads what came next of those of this queue, at most so many; answers whether there was anything in the feed.
    fn read(&mut self, reader: &Reader, instance: &Instance, runtime: &Handle, is_own: impl Fn(&Version) -> bool, most: usize) -> Result<bool, String> {
        if self.next.is_empty() {
            self.next = instance.gateway.store.changes_after(self.position, BATCH).map_err(|e| e.to_string())?.into();
        }
        let (begun, mut read, any) = (Instant::now(), 0, !self.next.is_empty());
        while let Some(version) = self.next.front() {
            if is_own(version) && version.operation != Operation::Delete && reader.read(instance, runtime, version, self.key)? {
                read += 1;
            }
            self.position = version.seq;
            self.next.pop_front();
            // Whoever stops the gateway waits for this.
            if read >= most || begun.elapsed() > TURN {
                break;
            }
        }
        Ok(any)
    }
}

/// How far a queue has come, written if a note still has the version that was read: otherwise nothing of the unit is.
pub(super) fn position(key: &str, seq: i64, note: Option<(&str, u64)>) -> Change {
    let mut parameters = vec![Sql::Text(key.to_owned()), Sql::Text(seq.to_string())];
    let mut holds = "true";
    if let Some((id, version)) = note {
        holds = "EXISTS (SELECT 1 FROM gw_resources WHERE type = 'DocumentReference' AND id = ?3 AND version = ?4 AND NOT deleted)";
        parameters.extend([Sql::Text(id.to_owned()), Sql::Integer(i64::try_from(version).unwrap_or(i64::MAX))]);
    }
    let sql = format!("INSERT INTO gw_meta (key, value) SELECT ?1, ?2 WHERE {holds} ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    Change::Sql { sql, parameters, expect: Some(1) }
}
