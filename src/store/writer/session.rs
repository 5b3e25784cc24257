//! The writer's connection with what it remembers within one transaction.

use super::keys::Keys;
use super::{Rendered, triggers};
use crate::core::{Bound, Core};
use crate::unit::{AuditRow, Change, Context, Outcome, Refused, Unit};
use crate::{Error, sealing};
use hearthgate_mapping::{Sql, Statement};
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Pages in the log before they are copied, in bulk: 64 MiB.
const BULK_PAGES: u32 = 16_384;

/// How long the emptying of the log waits for readers.
const FORGET_WAITS: Duration = Duration::from_millis(50);

/// See the module.
pub(crate) struct Session {
    pub(super) core: Arc<Core>,
    pub(super) conn: Rc<Connection>,
    pub(super) keys: Keys,
    /// The next row number of each table written in this transaction.
    next_ids: HashMap<String, i64>,
    /// The next sequence number.
    pub(super) next_seq: i64,
    /// The number of the unit.
    pub(super) tx: i64,
    /// The first sequence number of the unit, which its rows bear.
    pub(super) base: i64,
    /// Whether the triggers leave versions to us.
    claimed: bool,
    pub(super) context: Context,
    /// Rows of the unit that are not written yet, or are: (table, public id) to (row number, written).
    pub(super) coming: HashMap<(String, String), (i64, bool)>,
    /// Foreign keys to set once the row they point to is written: (table, column, row, to).
    pub(super) later: Vec<(String, String, i64, i64)>,
    /// Statements of the unit may have changed what its resources say.
    pub(super) mixed: bool,
    data_version: i64,
    schema_version: i64,
    /// Tables with triggers of the clinic's own that write: they may write any other, so that there the triggers raise versions, not we.
    pub(super) triggered: HashSet<String>,
    /// How many triggers of ours there are on the clinic's tables.
    keeping: i64,
}

// The connection moves into its thread once and stays.
pub(crate) struct Opened {
    core: Arc<Core>,
    conn: Connection,
}

impl Session {
    pub(super) fn opened(core: Arc<Core>, conn: Connection) -> Opened {
        Opened { core, conn }
    }

    pub(super) fn new(opened: Opened) -> Self {
        Self {
            core: opened.core,
            conn: Rc::new(opened.conn),
            keys: Keys::default(),
            next_ids: HashMap::new(),
            next_seq: 1,
            tx: 0,
            base: 1,
            claimed: false,
            context: Context::default(),
            coming: HashMap::new(),
            later: Vec::new(),
            mixed: false,
            data_version: 0,
            schema_version: 0,
            triggered: HashSet::new(),
            keeping: 0,
        }
    }

    pub(super) fn begin(&mut self) -> Result<(), Error> {
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let read = || -> Result<(i64, i64, i64, i64), Error> {
            let version = self.conn.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
            let schema = self.conn.prepare_cached("PRAGMA schema_version")?.query_row([], |row| row.get(0))?;
            let mut now = self.conn.prepare_cached("SELECT (SELECT coalesce(max(seq), 0) FROM gw_versions), tx FROM gw_context")?;
            let (seq, tx) = now.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok((version, schema, seq, tx))
        };
        let read = read().and_then(|read| {
            if read.1 != self.schema_version {
                self.triggered = triggers::triggered(&self.conn)?;
                self.schema_version = read.1;
                let keeping = triggers::keeping_history(&self.conn)?;
                if keeping < self.keeping {
                    tracing::error!(
                        gone = self.keeping - keeping,
                        "triggers that keep history were dropped: what other programs write is not kept until the next start makes them anew"
                    );
                }
                self.keeping = keeping;
            }
            Ok(read)
        });
        match read {
            Ok((version, _, seq, tx)) => {
                if version != self.data_version {
                    self.data_version = version;
                    self.keys.clear();
                }
                self.next_seq = seq + 1;
                self.tx = tx;
                self.next_ids.clear();
                self.claimed = false;
                Ok(())
            }
            Err(error) => {
                self.rollback();
                Err(error)
            }
        }
    }

    pub(super) fn commit(&mut self) -> Result<(), Error> {
        let end = self
            .conn
            .prepare_cached("UPDATE gw_context SET own = 0, claim = 0, stamp = NULL")
            .and_then(|mut s| s.execute([]))
            .and_then(|_| self.conn.prepare_cached("COMMIT")?.execute([]));
        match end {
            Ok(_) => Ok(()),
            Err(error) => {
                self.rollback();
                Err(match Error::from(error) {
                    Error::Full => Error::Full,
                    _ => Error::Failed,
                })
            }
        }
    }

    pub(super) fn rollback(&mut self) {
        if !self.conn.is_autocommit() {
            let _ = self.conn.execute_batch("ROLLBACK");
        }
        self.keys.clear();
    }

    /// SQLite has rolled the whole transaction back by itself.
    pub(super) fn lost(&self) -> bool {
        self.conn.is_autocommit()
    }

    /// Copies the log into the file seldom: pages that many commits touch are copied once.
    pub(super) fn bulk(&mut self) {
        let _ = self.conn.execute_batch(&format!("PRAGMA wal_autocheckpoint = {BULK_PAGES}; PRAGMA cache_size = -16384"));
    }

    /// Copies the log into the file and empties it, so that what was overwritten stands in neither. `false` where a reader holds on to it
    /// for longer than a moment: then others are not kept waiting.
    pub(super) fn forget(&mut self) -> Result<bool, Error> {
        let _ = self.conn.busy_timeout(FORGET_WAITS);
        let done = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        let _ = self.conn.busy_timeout(crate::connect::BUSY);
        Ok(!done?)
    }

    /// A clean end: the next start needs no check.
    pub(super) fn close(self) {
        let _ = self.conn.execute("DELETE FROM gw_meta WHERE key = 'running'", []);
        let _ = self.conn.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)");
    }

    /// Takes a unit whole, or not at all.
    pub(super) fn unit(&mut self, unit: &Unit, concerned: &[Vec<String>]) -> Result<Vec<Outcome>, Refused> {
        let (seq, tx) = (self.next_seq, self.tx);
        self.run("SAVEPOINT unit", &[])?;
        self.keys.mark();
        let answer = self.changes(unit, concerned);
        self.coming.clear();
        match answer {
            Ok(outcomes) => {
                self.run("RELEASE unit", &[])?;
                Ok(outcomes)
            }
            Err(refused) => {
                if !self.lost() {
                    self.run("ROLLBACK TO unit", &[])?;
                    self.run("RELEASE unit", &[])?;
                }
                self.keys.undo();
                // Row numbers passed over stay so; sequence numbers have no gaps.
                (self.next_seq, self.tx) = (seq, tx);
                self.claimed = false;
                Err(refused)
            }
        }
    }

    /// Takes a unit that is the whole transaction; what it leaves on an error, a rollback undoes.
    pub(super) fn whole(&mut self, unit: &Unit, concerned: &[Vec<String>]) -> Result<Vec<Outcome>, Refused> {
        self.keys.mark();
        let answer = self.changes(unit, concerned);
        self.coming.clear();
        answer
    }

    fn changes(&mut self, unit: &Unit, concerned: &[Vec<String>]) -> Result<Vec<Outcome>, Refused> {
        self.tx += 1;
        self.base = self.next_seq;
        self.context = unit.context.clone();
        self.coming.clear();
        self.later.clear();
        self.mixed = unit.changes.iter().any(|change| matches!(change, Change::Sql { .. }));
        self.claimed = unit.changes.iter().any(|change| matches!(change, Change::Put(_)));
        self.conn
            .prepare_cached("UPDATE gw_context SET own = 1, claim = ?1, tx = ?2, base = ?3, at = ?4, actor = ?5, client = ?6")
            .and_then(|mut s| s.execute((self.claimed, self.tx, self.base, unit.context.at_ms, &unit.context.actor, &unit.context.client)))
            .map_err(Error::from)?;
        let mut targets = Vec::with_capacity(unit.changes.len());
        for (at, change) in unit.changes.iter().enumerate() {
            targets.push(self.prepare(change, unit.changes.len() > 1).map_err(|error| Refused { change: Some(at), error })?);
        }
        let mut outcomes = Vec::with_capacity(unit.changes.len());
        let mut seen = HashSet::new();
        for ((at, change), mut target) in unit.changes.iter().enumerate().zip(targets) {
            if unit.changes.len() > 1 && !seen.insert(change.resource()) && change.resource().is_some() {
                // What the unit has written before counts.
                target = self.prepare(change, true).map_err(|error| Refused { change: Some(at), error })?;
            }
            let outcome = self.change(change, target);
            outcomes.push(outcome.map_err(|error| Refused { change: Some(at), error })?);
        }
        self.set_later()?;
        self.refresh()?;
        for (at, change) in unit.changes.iter().enumerate() {
            self.finish(change, &outcomes[at]).map_err(|error| Refused { change: Some(at), error })?;
        }
        if let Some(audit) = &unit.audit {
            self.audit(audit, concerned, &outcomes)?;
        }
        Ok(outcomes)
    }

    /// Writes the unit's event. Where it is known whom each change concerns, the event names those of the changes that were
    /// made, and is left out where none was.
    fn audit(&mut self, audit: &AuditRow, concerned: &[Vec<String>], outcomes: &[Outcome]) -> Result<(), Error> {
        let mut named = None;
        if !concerned.is_empty() {
            let made = |outcome: &Outcome| !matches!(outcome, Outcome::Done(done) if done.unchanged);
            let mut made = concerned.iter().zip(outcomes).filter(|(_, outcome)| made(outcome)).map(|(patients, _)| patients).peekable();
            if made.peek().is_none() {
                return Ok(());
            }
            let patients: BTreeSet<&String> = made.flatten().collect();
            let mut event: serde_json::Value = serde_json::from_str(&audit.event).map_err(|_| Error::Corrupt("an audit event is not JSON".to_owned()))?;
            if !patients.is_empty() {
                event["patients"] = patients.into_iter().cloned().collect();
            }
            named = Some(event.to_string());
        }
        let mut insert = self.conn.prepare_cached("INSERT INTO gw_audit (at, tx, event) VALUES (?1, ?2, ?3)")?;
        insert.execute((self.context.at_ms, self.tx, named.as_ref().unwrap_or(&audit.event)))?;
        Ok(())
    }

    /// Tells the triggers who raises versions.
    pub(super) fn claim(&mut self, claim: bool) -> Result<(), Error> {
        if self.claimed != claim {
            self.conn.prepare_cached("UPDATE gw_context SET claim = ?1")?.execute([claim])?;
            self.claimed = claim;
        }
        Ok(())
    }

    pub(super) fn claimed(&self) -> bool {
        self.claimed
    }

    /// A statement of the caller's over tables that may have triggers.
    pub(super) fn statement(&mut self, sql: &str, parameters: &[Sql], expect: Option<u64>) -> Result<Outcome, Error> {
        self.claim(false)?;
        let changed = self.run(sql, parameters)? as u64;
        if expect.is_some_and(|expect| expect != changed) {
            return Err(Error::Conflict { current: changed });
        }
        self.reread()?;
        Ok(Outcome::Ran(changed))
    }

    /// After triggers may have raised versions.
    pub(super) fn reread(&mut self) -> Result<(), Error> {
        let seq: i64 = self.conn.prepare_cached("SELECT coalesce(max(seq), 0) FROM gw_versions")?.query_row([], |row| row.get(0))?;
        self.next_seq = seq + 1;
        Ok(())
    }

    pub(super) fn run(&self, sql: &str, parameters: &[Sql]) -> Result<usize, Error> {
        let mut statement = self.conn.prepare_cached(sql)?;
        for (at, value) in parameters.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, Bound(value))?;
        }
        if statement.column_count() > 0 {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
            drop(rows);
            return Ok(usize::try_from(self.conn.changes()).unwrap_or(0));
        }
        Ok(statement.raw_execute()?)
    }

    /// Whether a statement answers any row.
    pub(super) fn answers(&self, statement: &Statement) -> Result<bool, Error> {
        let mut prepared = self.conn.prepare_cached(&statement.sql)?;
        for (at, value) in statement.parameters.iter().enumerate() {
            prepared.raw_bind_parameter(at + 1, Bound(value))?;
        }
        let mut rows = prepared.raw_query();
        Ok(rows.next()?.is_some())
    }

    /// A row number that no row of the table has or had.
    pub(super) fn next_id(&mut self, table: &str) -> Result<i64, Error> {
        if let Some(next) = self.next_ids.get_mut(table) {
            *next += 1;
            return Ok(*next);
        }
        // Nor had: keys and sealed values of a row that is gone belong to it alone.
        let own = crate::dialect::sqlite::name(table);
        let sql = match self.core.shapes.contains_key(table) {
            true => format!(
                "SELECT max(coalesce((SELECT max(id) FROM {own}), 0), coalesce((SELECT max(id) FROM {}), 0)) + 1",
                crate::dialect::sqlite::shadow(table)
            ),
            false => format!("SELECT coalesce(max(id), 0) + 1 FROM {own}"),
        };
        let next: i64 = self.conn.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
        self.next_ids.insert(table.to_owned(), next);
        Ok(next)
    }

    /// Keeps bytes that a reader rendered, if their version is still the newest.
    pub(super) fn rendered(&mut self, rendered: &Rendered) -> Result<(), Error> {
        let mut find = self.conn.prepare_cached("SELECT rid FROM gw_resources WHERE type = ?1 AND id = ?2 AND version = ?3 AND deleted = 0")?;
        let rid: Option<i64> = find.query_row((&rendered.resource, &rendered.id, rendered.version as i64), |row| row.get(0)).optional()?;
        drop(find);
        let Some(rid) = rid else { return Ok(()) };
        // Only under a key that is there: a cache makes none.
        let Some(key) = self.known_key(rendered.patient.as_deref(), &rendered.table)? else { return Ok(()) };
        self.keep_rendered(rid, rendered.version, &key, &rendered.resource, &rendered.id, &rendered.bytes)
    }

    pub(super) fn keep_rendered(&mut self, rid: i64, version: u64, key: &hearthgate_seal::KeyId, resource: &str, id: &str, bytes: &[u8]) -> Result<(), Error> {
        let reference = format!("{resource}/{id}");
        sealing::fetch(&self.conn, &self.core.keyring, key)?;
        let sealed = self.core.keyring.seal_bytes(key, sealing::rendered_place(&reference), bytes, &hearthgate_seal::system_fill)?;
        let mut keep = self.conn.prepare_cached("INSERT INTO gw_rendered (rid, version, digest, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (rid) DO UPDATE SET version = excluded.version, digest = excluded.digest, bytes = excluded.bytes")?;
        keep.execute((rid, version as i64, &self.core.mappings.digest, sealed))?;
        Ok(())
    }
}
