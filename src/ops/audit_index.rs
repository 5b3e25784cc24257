//! The audit of reads, indexed into the database behind: what stands in the log's files is copied to `gw_audit`, and how far is
//! remembered in the same transaction, so that a crash copies nothing twice.

use super::instance::Instance;
use hearthgate_ledger::Line;
use hearthgate_mapping::Sql;
use hearthgate_store::{Change, Context, Unit};
use std::sync::Weak;
use std::time::Duration;

/// How long the copy lags behind at most, when it is not busy.
const PAUSE: Duration = Duration::from_millis(500);
const BATCH: usize = 5_000;
/// Rows of one statement: of few lengths, so that each is prepared once.
const ROWS: [usize; 4] = [256, 32, 4, 1];

fn insert(rows: usize) -> String {
    format!("INSERT INTO gw_audit (at, tx, event) VALUES {}", vec!["(?, NULL, ?)"; rows].join(", "))
}

/// Copies until the instance is gone.
///
/// # Errors
/// A thread that cannot be started.
pub fn start(instance: Weak<Instance>) -> std::io::Result<()> {
    std::thread::Builder::new().name("audit-index".to_owned()).spawn(move || {
        let mut next = None;
        while let Some(instance) = instance.upgrade() {
            let copied = copy(&instance, &mut next).unwrap_or_else(|error| {
                next = None;
                tracing::warn!(error, "the audit's index lags behind");
                0
            });
            drop(instance);
            if copied < BATCH {
                std::thread::sleep(PAUSE);
            }
        }
    })?;
    Ok(())
}

/// How far the copy is, as the database says. Asked by a thread that ends, because a connection of its own would stay as long as
/// its thread and takes megabytes for the schema.
fn copied_to(instance: &Instance) -> Result<u64, String> {
    let ask = || instance.gateway.store.own("SELECT value FROM gw_meta WHERE key = 'audit_indexed'", &[]).map_err(|e| e.to_string());
    let rows = std::thread::scope(|scope| scope.spawn(ask).join()).map_err(|_| "a thread panicked".to_owned())??;
    Ok(match rows.first().and_then(|r| r.first()) {
        Some(Sql::Text(text)) => text.parse().unwrap_or(0),
        _ => 0,
    })
}

fn copy(instance: &Instance, known: &mut Option<u64>) -> Result<usize, String> {
    let store = &instance.gateway.store;
    let next = match *known {
        Some(next) => next,
        None => copied_to(instance)?,
    };
    *known = Some(next);
    let lines = instance.gateway.ledger.lines_from(next, BATCH).map_err(|e| e.to_string())?;
    let Some(Line { seq: last, .. }) = lines.last() else { return Ok(0) };
    let (last, count) = (*last, lines.len());
    let mut changes = Vec::new();
    let mut lines = lines.into_iter();
    for rows in ROWS {
        while lines.len() >= rows {
            let parameters = lines.by_ref().take(rows).flat_map(|line| [Sql::Integer(line.at_ms), Sql::Text(line.event)]).collect();
            changes.push(Change::Sql { sql: insert(rows), parameters, expect: Some(rows as u64) });
        }
    }
    changes.push(Change::Sql {
        sql: "INSERT INTO gw_meta (key, value) VALUES ('audit_indexed', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value".to_owned(),
        parameters: vec![Sql::Text((last + 1).to_string())],
        expect: Some(1),
    });
    let unit = Unit { context: Context { at_ms: instance.gateway.now(), ..Context::default() }, changes, audit: None };
    store.write_blocking(unit).map_err(|e| e.to_string())?;
    *known = Some(last + 1);
    Ok(count)
}
