//! Reading: one connection a thread, query-only, with its statements prepared; and how an answer becomes a resource.

use crate::core::{Bound, Core, patient_of, sql};
use crate::load::{self, Key};
use crate::writer::Rendered;
use crate::{Error, connect, sealing};
use bytes::Bytes;
use hearthgate_mapping::group::render_rows;
use hearthgate_mapping::render::{Stamp, is_whole};
use hearthgate_mapping::{Row, Sql, Statement};
use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What may scan is stopped after this.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// What is brief takes no more of the processor than this, and no more time than that, however busy the machine is.
const BRIEF: Duration = Duration::from_millis(20);
const BRIEF_WAITING: Duration = Duration::from_millis(250);

/// Bytes of resources that one answer holds: it ends there, however many were asked for.
const ANSWER_BYTES: usize = 32 << 20;

/// Whether an answer ended because of its bytes, so that more may follow its last resource.
#[must_use]
pub fn is_cut(found: &[Stored]) -> bool {
    found.iter().map(|stored| stored.body.len()).sum::<usize>() >= ANSWER_BYTES
}

/// A resource as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its plan, by its index.
    pub plan: usize,
    /// The number of its root row.
    pub row: i64,
    /// The type.
    pub resource_type: String,
    /// The id.
    pub id: String,
    /// The version.
    pub version: u64,
    /// When it was made, ms since 1970 UTC.
    pub updated_ms: i64,
    /// It is a tombstone.
    pub deleted: bool,
    /// The resource as served; empty of a tombstone.
    pub body: Bytes,
    /// The columns behind those of the contract.
    pub extra: Vec<Sql>,
}

/// A connection that reads, and the clock that stops it.
pub(crate) struct Reader {
    pub conn: Connection,
    /// Milliseconds since `started` at which the statement at work is stopped; 0: never.
    deadline: Arc<AtomicU64>,
    /// Nanoseconds of this thread's processor time at which it is stopped, too; 0: never.
    budget: Arc<AtomicU64>,
    started: Instant,
}

/// Processor time of the calling thread, in nanoseconds.
fn spent() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

impl Reader {
    /// With a page cache of so many KiB.
    pub(crate) fn open(core: &Core, cache: u32) -> Result<Self, Error> {
        let conn = connect::reader(&core.path, cache)?;
        let (deadline, budget) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (watched, watched_budget, started) = (Arc::clone(&deadline), Arc::clone(&budget), Instant::now());
        conn.progress_handler(
            2000,
            Some(move || {
                let (at, most) = (watched.load(Ordering::Relaxed), watched_budget.load(Ordering::Relaxed));
                (at != 0 && started.elapsed().as_millis() as u64 >= at) || (most != 0 && spent() >= most)
            }),
        )?;
        Ok(Self { conn, deadline, budget, started })
    }

    /// Runs something that is stopped unless it is done soon.
    pub(crate) fn briefly<T>(&self, act: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        self.budget.store(spent() + BRIEF.as_nanos() as u64, Ordering::Relaxed);
        let answer = self.within(BRIEF_WAITING, act);
        self.budget.store(0, Ordering::Relaxed);
        answer
    }

    /// Runs something that is stopped after `limit`.
    pub(crate) fn within<T>(&self, limit: Duration, act: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        let at = (self.started.elapsed() + limit).as_millis() as u64;
        self.deadline.store(at.max(1), Ordering::Relaxed);
        let answer = act(self);
        self.deadline.store(0, Ordering::Relaxed);
        answer
    }
}

thread_local! {
    static READERS: RefCell<Vec<(u64, Rc<Reader>)>> = const { RefCell::new(Vec::new()) };
}

/// The thread's connection to this store.
pub(crate) fn here(core: &Core) -> Result<Rc<Reader>, Error> {
    READERS.with_borrow_mut(|readers| {
        if let Some((_, reader)) = readers.iter().find(|(number, _)| *number == core.number) {
            return Ok(Rc::clone(reader));
        }
        // Tests open many stores from one thread; a server has one.
        if readers.len() >= 4 {
            readers.remove(0);
        }
        // Threads of the runtime answer requests; all others look for work now and then.
        let cache = if tokio::runtime::Handle::try_current().is_ok() { 4096 } else { 1024 };
        let reader = Rc::new(Reader::open(core, cache)?);
        readers.push((core.number, Rc::clone(&reader)));
        Ok(reader)
    })
}

/// Closes the thread's connection to a store that is gone.
pub(crate) fn forget(number: u64) {
    let _ = READERS.try_with(|readers| readers.borrow_mut().retain(|(known, _)| *known != number));
}

/// A row of the contract, not a resource yet.
struct Hit {
    stored: Stored,
    /// The bytes as served, sealed.
    rendered: Option<Vec<u8>>,
}

fn hit(core: &Core, row: &rusqlite::Row<'_>, columns: usize) -> Result<Hit, Error> {
    let plan: &str = row.get_ref(0)?.as_str().map_err(|e| Error::Database(e.to_string()))?;
    let plan = core.plan_named(plan)?;
    let mut extra = Vec::with_capacity(columns.saturating_sub(8));
    for at in 8..columns {
        extra.push(sql(row.get_ref(at)?));
    }
    let stored = Stored {
        plan,
        row: row.get(1)?,
        resource_type: row.get(2)?,
        id: row.get(3)?,
        version: row.get::<_, i64>(4)? as u64,
        updated_ms: row.get(5)?,
        deleted: row.get(6)?,
        body: Bytes::new(),
        extra,
    };
    Ok(Hit { stored, rendered: row.get(7)? })
}

/// The text of a statement, as of its sequence number.
fn text(core: &Core, statement: &Statement) -> std::borrow::Cow<'static, str> {
    let tables: Vec<_> = statement.tables.iter().filter_map(|table| core.shapes.get(table)).collect();
    crate::dialect::sqlite::as_of::as_of(&statement.sql, &tables, statement.parameters.len() + 1).into()
}

/// Runs a statement and gives each row to `each`, which says whether to go on.
fn each_row(
    core: &Core,
    conn: &Connection,
    statement: &Statement,
    each: &mut dyn FnMut(&rusqlite::Row<'_>, usize) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut prepared = match statement.as_of {
        None => conn.prepare_cached(&statement.sql)?,
        Some(_) => conn.prepare_cached(&text(core, statement))?,
    };
    for (at, value) in statement.parameters.iter().enumerate() {
        prepared.raw_bind_parameter(at + 1, Bound(value))?;
    }
    if let Some(seq) = statement.as_of
        && prepared.parameter_count() > statement.parameters.len()
    {
        prepared.raw_bind_parameter(statement.parameters.len() + 1, seq)?;
    }
    let columns = prepared.column_count();
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        if !each(row, columns)? {
            break;
        }
    }
    Ok(())
}

/// Bytes made by a read, for the writer to keep.
pub(crate) type Made = Vec<Rendered>;

/// The resources a statement answers, at most `limit`.
pub(crate) fn resources(core: &Core, conn: &Connection, statement: &Statement, limit: usize, made: &mut Made) -> Result<Vec<Stored>, Error> {
    match found(core, conn, statement, limit, true, made) {
        // The bytes kept beside a version are a cache: what does not open there is made anew from the rows.
        Err(Error::Sealed) => found(core, conn, statement, limit, false, made),
        answer => answer,
    }
}

fn found(core: &Core, conn: &Connection, statement: &Statement, limit: usize, cached: bool, made: &mut Made) -> Result<Vec<Stored>, Error> {
    let mut hits = Vec::new();
    let mut sealed = 0;
    each_row(core, conn, statement, &mut |row, columns| {
        let mut hit = hit(core, row, columns)?;
        hit.rendered = hit.rendered.filter(|_| cached);
        sealed += hit.rendered.as_ref().map_or(0, Vec::len);
        hits.push(hit);
        // What is sealed is a little longer than what is in it.
        Ok(hits.len() < limit && sealed < ANSWER_BYTES + (1 << 20))
    })?;
    let cold = |hit: &Hit| !hit.stored.deleted && (hit.rendered.is_none() || statement.as_of.is_some());
    if hits.iter().any(cold) && conn.is_autocommit() {
        // What is rendered from rows must be of one moment with the statement: ask again inside a transaction.
        conn.prepare_cached("BEGIN")?.execute([])?;
        let answer = found(core, conn, statement, limit, cached, made);
        conn.prepare_cached("COMMIT")?.execute([])?;
        return answer;
    }
    bodies(hits.into_iter(), |hit| body(core, conn, hit, statement.as_of, made))
}

/// The resources behind the hits, as many as one answer holds.
fn bodies<H>(hits: impl ExactSizeIterator<Item = H>, mut open: impl FnMut(H) -> Result<Stored, Error>) -> Result<Vec<Stored>, Error> {
    let (mut out, mut bytes) = (Vec::with_capacity(hits.len()), 0);
    for hit in hits {
        let stored = open(hit)?;
        bytes += stored.body.len();
        out.push(stored);
        if bytes >= ANSWER_BYTES {
            break;
        }
    }
    Ok(out)
}

fn body(core: &Core, conn: &Connection, hit: Hit, as_of: Option<i64>, made: &mut Made) -> Result<Stored, Error> {
    let mut stored = hit.stored;
    if stored.deleted {
        return Ok(stored);
    }
    if let (Some(sealed), None) = (&hit.rendered, as_of) {
        let reference = format!("{}/{}", stored.resource_type, stored.id);
        stored.body = sealing::open_bytes(conn, &core.keyring, sealing::rendered_place(&reference), sealed)?.into();
        return Ok(stored);
    }
    let (plan, layout) = core.plan(stored.plan)?;
    let rows: Vec<Row> = load::load(core, conn, stored.plan, Key::Id(&stored.id), as_of)?.into_iter().map(load::Stored::into_row).collect();
    let Some(row) = rows.first() else { return Err(Error::Corrupt(format!("a row of {} is gone", layout.root.table))) };
    let stamp = Stamp { id: &stored.id, version: stored.version, updated_ms: stored.updated_ms };
    stored.body = render_rows(plan, &rows, &stamp).into();
    if as_of.is_none() && rows.iter().all(is_whole) {
        made.push(Rendered {
            resource: stored.resource_type.clone(),
            id: stored.id.clone(),
            version: stored.version,
            patient: patient_of(plan, &stored.id, row).map(str::to_owned),
            table: layout.root.table.clone(),
            bytes: stored.body.clone(),
        });
    }
    Ok(stored)
}

/// The versions a statement answers, each with its content as of the sequence number in the column `seq` (counted from 0).
pub(crate) fn versions(core: &Core, conn: &Connection, statement: &Statement, seq: usize) -> Result<Vec<Stored>, Error> {
    conn.prepare_cached("BEGIN")?.execute([])?;
    let mut hits = Vec::new();
    each_row(core, conn, statement, &mut |row, columns| {
        hits.push((hit(core, row, columns)?, row.get::<_, i64>(seq)?));
        Ok(true)
    })?;
    let mut unkept = Made::new();
    let answer = bodies(hits.into_iter(), |(hit, seq)| body(core, conn, hit, Some(seq), &mut unkept));
    conn.prepare_cached("COMMIT")?.execute([])?;
    answer
}

/// The rows a statement answers, as values.
pub(crate) fn values(core: &Core, conn: &Connection, statement: &Statement) -> Result<Vec<Vec<Sql>>, Error> {
    let mut out = Vec::new();
    each_row(core, conn, statement, &mut |row, columns| {
        out.push((0..columns).map(|at| Ok(sql(row.get_ref(at)?))).collect::<Result<Vec<Sql>, rusqlite::Error>>()?);
        Ok(true)
    })?;
    Ok(out)
}
