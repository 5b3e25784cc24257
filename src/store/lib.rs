//! The store room: the only one that names a database crate.
//!
//! Knows tables, plans, statements and connections; must not know FHIR's rules, HTTP, or who a caller is. Resources are read
//! by [`Narrowed`] statements only; what is written is a [`Unit`] of changes, taken whole or not at all, each with its guard.
//!
//! ```ignore
//! migrate::migrate(&path, migrate::MIGRATIONS, now_ms, |schema| hearthgate_mapping::load(&files, schema))?;   // once, at start
//! let store = Store::open(&path, mappings, keyring, Options::default())?;
//! let found: Option<Stored> = store.point(&narrowed_statement)?;            // inline, one indexed look-up
//! let page: Vec<Stored> = store.page(narrowed_statement).await?;            // on a reader thread, 5 s at most
//! let outcomes = store.write(Unit { context, changes, audit }).await?;      // durable when it answers
//! ```
//!
//! * **Reading.** [`Store::point`] runs on the calling thread's own connection. [`Store::page`] and [`Store::rows`] run in a
//!   bounded pool: [`Error::Busy`] when its queue is full, [`Error::Timeout`] after 5 s. A statement whose `as_of` is set reads
//!   the tables it names as they were then, and its resources are rendered from those rows; `plan`, `type`, `id`, `version` and
//!   `updated` must be what the statement answers for that version. A [`Stored`] tombstone has an empty body.
//! * **Several statements in one boundary** (a page and its total): the `_of` forms take the [`Narrowed`] by reference and a
//!   function that picks the statement.
//! * **Writing.** [`Store::write`] queues the unit ([`Error::Busy`] when full) and answers when its commit is durable, with one
//!   [`Outcome`] a change, or [`Refused`] naming the change at fault. References among a unit's resources may point forwards.
//!   [`Change::Put`] writes only what differs; nothing different makes no version (`unchanged`).
//! * **The index follows every writer.** Searches by [`Store::page`] and [`Store::rows`] wait for the few resources that others have
//!   changed; [`Store::settle`] makes anew what nobody asked for.
//! * **History.** [`Store::history`], [`Store::history_of_type`], [`Store::version_at`], [`Store::changes_after`].
//! * **The gateway's own tables** (accounts, clients, grants): [`Store::own`] reads them by a constant statement, and
//!   [`Change::Sql`] writes them. Neither is a way to clinical resources; those have none but the boundary.

mod accounts;
mod clients;
mod connect;
mod core;
mod derive;
pub mod dialect;
mod error;
mod generate;
pub mod grants;
mod health;
pub mod history;
mod index;
mod introspect;
mod layout;
mod load;
pub mod migrate;
mod pool;
mod reader;
mod sealing;
pub mod shape;
mod unit;
mod writer;

pub use accounts::{Account, NewAccount};
pub use clients::{Client, Profile, Status};
pub use connect::assert_version;
pub use error::Error;
pub use history::{Operation, Span, Version};
pub use load::Key;
pub use reader::{Stored, is_cut};
pub use unit::{AuditRow, Change, Context, Done, Expect, Guard, Outcome, Put, Refused, Unit};

use crate::core::{Bound, Core};
use crate::health::Health;
use crate::pool::Pool;
use crate::writer::Writer;
use hearthgate_access::Narrowed;
use hearthgate_mapping::{Mappings, Row, Sql, Statement};
use hearthgate_seal::Keyring;
use rusqlite::OptionalExtension;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A search waits for so many stale resources to be made anew.
const WORTH_WAITING: i64 = 200;
/// And no longer than this for some of them.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads for what may scan.
    pub readers: usize,
    /// The tables of the database, as [`migrate::migrate`] has just found them; otherwise they are read again.
    pub tables: Option<migrate::Tables>,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 8)), tables: None }
    }
}

/// An open database. Shared by reference among all threads; its queue is emptied and its threads end when it is dropped.
pub struct Store {
    core: Arc<Core>,
    pool: Pool,
    writer: Arc<Writer>,
    health: Arc<Health>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.core.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a database that [`migrate::migrate`] has made ready. Confirms the keyring (and remembers its check value in a new
    /// database), and checks the file in the background; after an unclean stop no write is taken before that check is done.
    ///
    /// # Errors
    /// [`Error::Sealed`] with another master key, [`Error::Schema`] where the database was never migrated.
    pub fn open(path: &Path, mappings: Arc<Mappings>, keyring: Arc<Keyring>, options: &Options) -> Result<Self, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        connect::assert_version()?;
        let conn = connect::writer(path)?;
        let meta = |key: &str| conn.query_row("SELECT value FROM gw_meta WHERE key = ?1", [key], |row| row.get::<_, String>(0)).optional();
        let check = meta("keys").map_err(|_| Error::Schema("the database was never migrated".to_owned()))?;
        match check {
            Some(check) => keyring.confirm(&check)?,
            None => drop(conn.execute("INSERT INTO gw_meta (key, value) VALUES ('keys', ?1)", [keyring.check_value()])?),
        }
        let unclean = meta("running")?.is_some();
        conn.execute("INSERT INTO gw_meta (key, value) VALUES ('running', '1') ON CONFLICT (key) DO NOTHING", [])?;
        // Other mappings, and other programs, may find other things beyond the columns.
        let found_by = generate::found_by(&mappings);
        if meta("indexed")?.as_ref() != Some(&found_by) {
            conn.execute("INSERT INTO gw_stale SELECT rid, tx FROM gw_resources WHERE deleted = 0 ON CONFLICT DO NOTHING", [])?;
            let note = "INSERT INTO gw_meta (key, value) VALUES ('indexed', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            conn.execute(note, [&found_by])?;
        }
        let tables = match &options.tables {
            Some(tables) => tables.clone(),
            None => migrate::Tables(Arc::new(introspect::tables(&conn)?)),
        };
        let core = Arc::new(Core::new(NUMBER.fetch_add(1, Ordering::Relaxed), path.to_owned(), mappings, keyring, &tables.0));
        let health = Arc::new(Health::new(unclean));
        let writer = Arc::new(Writer::start(Arc::clone(&core), conn, Arc::clone(&health))?);
        let pool = Pool::start(&core, options.readers)?;
        let (checked, file): (Arc<Health>, PathBuf) = (Arc::clone(&health), path.to_owned());
        std::thread::Builder::new()
            .name("check".to_owned())
            .spawn(move || {
                // After a clean end nobody waits for it, and the start needs the processors.
                if !unclean {
                    std::thread::sleep(std::time::Duration::from_secs(1));
                }
                checked.check(&file);
            })
            .map_err(|e| Error::Database(e.to_string()))?;
        Ok(Self { core, pool, writer, health })
    }

    /// The mappings it serves.
    #[must_use]
    pub fn mappings(&self) -> &Arc<Mappings> {
        &self.core.mappings
    }

    /// The keys it seals with.
    #[must_use]
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.core.keyring
    }

    /// Whether the store has failed and takes no writes.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.health.failed()
    }

    /// The first resource that a statement answers, on this thread.
    ///
    /// # Errors
    /// [`Error::Sealed`] or [`Error::Corrupt`] where the row does not read; [`Error::Timeout`] after 5 s.
    pub fn point(&self, statement: &Narrowed<Statement>) -> Result<Option<Stored>, Error> {
        self.point_of(statement, |statement| statement)
    }

    /// As [`Store::point`], of a statement inside something narrowed.
    ///
    /// # Errors
    /// As [`Store::point`].
    pub fn point_of<T>(&self, narrowed: &Narrowed<T>, pick: impl FnOnce(&T) -> &Statement) -> Result<Option<Stored>, Error> {
        let statement = pick(narrowed.target());
        let reader = reader::here(&self.core)?;
        let mut made = Vec::new();
        let found = reader.within(reader::LIMIT, |reader| reader::resources(&self.core, &reader.conn, statement, 1, &mut made));
        self.after(&reader.conn, made);
        Ok(found?.pop())
    }

    /// Hands rendered bytes to the writer; leaves no transaction behind.
    fn after(&self, conn: &rusqlite::Connection, made: reader::Made) {
        if !conn.is_autocommit() {
            let _ = conn.execute_batch("ROLLBACK");
        }
        made.into_iter().for_each(|rendered| self.writer.keep(rendered));
    }

    /// All resources that a statement answers, on a reader thread.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Timeout`], and those of [`Store::point`].
    pub async fn page(&self, statement: Narrowed<Statement>) -> Result<Vec<Stored>, Error> {
        self.page_of(&statement, |statement| statement).await
    }

    /// As [`Store::page`], of a statement inside something narrowed. An answer of very many bytes ends before the statement
    /// does ([`is_cut`]).
    ///
    /// # Errors
    /// As [`Store::page`].
    pub async fn page_of<T>(&self, narrowed: &Narrowed<T>, pick: impl FnOnce(&T) -> &Statement) -> Result<Vec<Stored>, Error> {
        self.settled().await;
        let (core, writer, statement) = (Arc::clone(&self.core), Arc::clone(&self.writer), pick(narrowed.target()).clone());
        self.pool
            .run(move |reader| {
                let mut made = Vec::new();
                let found = reader::resources(&core, &reader.conn, &statement, usize::MAX, &mut made);
                made.into_iter().for_each(|rendered| writer.keep(rendered));
                found
            })
            .await
    }

    /// The versions that a statement answers, on a reader thread, each with the content it had; `seq` is the column (from 0) with the
    /// sequence number to read as of.
    ///
    /// # Errors
    /// As [`Store::page`].
    pub async fn versions(&self, statement: Narrowed<Statement>, seq: usize) -> Result<Vec<Stored>, Error> {
        let (core, statement) = (Arc::clone(&self.core), statement.into_target());
        self.pool
            .run(move |reader| {
                let found = reader::versions(&core, &reader.conn, &statement, seq);
                if !reader.conn.is_autocommit() {
                    reader.conn.execute_batch("ROLLBACK")?;
                }
                found
            })
            .await
    }

    /// The rows that a statement answers, as values, on a reader thread: totals and the like.
    ///
    /// # Errors
    /// As [`Store::page`].
    pub async fn rows(&self, statement: Narrowed<Statement>) -> Result<Vec<Vec<Sql>>, Error> {
        self.rows_of(&statement, |statement| statement).await
    }

    /// As [`Store::rows`], of a statement inside something narrowed.
    ///
    /// # Errors
    /// As [`Store::page`].
    pub async fn rows_of<T>(&self, narrowed: &Narrowed<T>, pick: impl FnOnce(&T) -> &Statement) -> Result<Vec<Vec<Sql>>, Error> {
        self.settled().await;
        let (core, statement) = (Arc::clone(&self.core), pick(narrowed.target()).clone());
        self.pool.run(move |reader| reader::values(&core, &reader.conn, &statement)).await
    }

    /// The rows behind a resource that a narrowed statement has shown: the second row set of an update, or what an operation of
    /// the clinic's reads. Of a group all its rows.
    ///
    /// # Errors
    /// As [`Store::point`].
    pub fn load(&self, stored: &Stored, as_of: Option<i64>) -> Result<Vec<Row>, Error> {
        let reader = reader::here(&self.core)?;
        let rows = reader.within(reader::LIMIT, |reader| load::load(&self.core, &reader.conn, stored.plan, Key::Id(&stored.id), as_of))?;
        Ok(rows.into_iter().map(load::Stored::into_row).collect())
    }

    /// The row number of a patient, for boundaries.
    ///
    /// # Errors
    /// The database's.
    pub fn patient_row(&self, id: &str) -> Result<Option<i64>, Error> {
        let reader = reader::here(&self.core)?;
        Ok(reader.conn.prepare_cached("SELECT id FROM patients WHERE public_id = ?1")?.query_row([id], |row| row.get(0)).optional()?)
    }

    /// Whether a resource lives, for references in what is written. Not an answer to show to a caller.
    ///
    /// # Errors
    /// The database's.
    pub fn exists(&self, resource: &str, id: &str) -> Result<bool, Error> {
        let reader = reader::here(&self.core)?;
        let mut find = reader.conn.prepare_cached("SELECT 1 FROM gw_resources WHERE type = ?1 AND id = ?2 AND deleted = 0")?;
        Ok(find.exists((resource, id))?)
    }

    /// The plan that a resource was last stored by, and its newest version: for choosing what a write replaces.
    ///
    /// # Errors
    /// The database's.
    pub fn current(&self, resource: &str, id: &str) -> Result<Option<Current>, Error> {
        let reader = reader::here(&self.core)?;
        let mut find = reader.conn.prepare_cached("SELECT plan, version, seq, at, deleted FROM gw_resources WHERE type = ?1 AND id = ?2")?;
        let found: Option<(String, i64, i64, i64, bool)> =
            find.query_row((resource, id), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))).optional()?;
        let Some((plan, version, seq, updated_ms, deleted)) = found else { return Ok(None) };
        Ok(Some(Current { plan: self.core.plan_named(&plan)?, version: version as u64, seq, updated_ms, deleted }))
    }

    /// Rows of the gateway's own tables, on this thread, by a statement that is a constant of the program.
    ///
    /// # Errors
    /// The database's.
    pub fn own(&self, sql: &'static str, parameters: &[Sql]) -> Result<Vec<Vec<Sql>>, Error> {
        let reader = reader::here(&self.core)?;
        reader.within(reader::LIMIT, |reader| {
            let mut prepared = reader.conn.prepare_cached(sql)?;
            for (at, value) in parameters.iter().enumerate() {
                prepared.raw_bind_parameter(at + 1, Bound(value))?;
            }
            let columns = prepared.column_count();
            let mut rows = prepared.raw_query();
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push((0..columns).map(|at| Ok(core::sql(row.get_ref(at)?))).collect::<Result<_, rusqlite::Error>>()?);
            }
            Ok(out)
        })
    }

    /// Closes this thread's connection, which takes megabytes for the schema; the next question opens another, which takes 30 ms.
    pub fn leave(&self) {
        reader::forget(self.core.number);
    }

    /// A number that differs whenever another connection has committed since: for caches of others. It means something on the
    /// calling thread alone.
    ///
    /// # Errors
    /// The database's.
    pub fn data_version(&self) -> Result<i64, Error> {
        let reader = reader::here(&self.core)?;
        Ok(reader.conn.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }

    /// Runs something that reads on this thread, all of it from one state of the database, and tells it the number of that state
    /// ([`Self::data_version`]).
    ///
    /// # Errors
    /// The database's.
    pub fn at_once<T>(&self, act: impl FnOnce(i64) -> T) -> Result<T, Error> {
        let reader = reader::here(&self.core)?;
        let mut prepared = reader.conn.prepare_cached("PRAGMA data_version")?;
        // As long as this statement has not ended, neither has the transaction that the others read in.
        let mut rows = prepared.query([])?;
        let state = rows.next()?.ok_or(Error::Failed)?.get(0)?;
        Ok(act(state))
    }

    /// Writes a unit; answers when it is durable.
    ///
    /// # Errors
    /// [`Refused`], with nothing of the unit stored.
    pub async fn write(&self, unit: Unit) -> Result<Vec<Outcome>, Refused> {
        self.writer.submit(unit)?.await.map_err(|_| Refused::from(Error::Failed))?
    }

    /// As [`Store::write`], for threads outside an async runtime (import).
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_blocking(&self, unit: Unit) -> Result<Vec<Outcome>, Refused> {
        self.writer.submit(unit)?.blocking_recv().map_err(|_| Refused::from(Error::Failed))?
    }

    /// Puts a unit into the queue of the writer, waiting for room, for threads outside an async runtime that go on meanwhile.
    /// `concerned` are, for each change, the ids of the patients concerned: the unit's event names those of the changes that
    /// were made, and is left out where none was.
    ///
    /// # Errors
    /// A store that takes no more writes.
    pub fn queue(&self, unit: Unit, concerned: Vec<Vec<String>>) -> Result<Queued, Refused> {
        Ok(Queued(self.writer.queue(unit, concerned)?))
    }

    /// Makes anew, for some of the resources that others than a put have changed, what search finds in them beyond their columns;
    /// answers whether there was any. Who calls it again and again keeps the index true of every writer.
    ///
    /// # Errors
    /// A store that takes no more writes.
    pub async fn settle(&self) -> Result<bool, Error> {
        self.writer.settle()?.await.map_err(|_| Error::Failed)?
    }

    /// As [`Store::settle`], for threads outside an async runtime.
    ///
    /// # Errors
    /// As [`Store::settle`].
    pub fn settle_blocking(&self) -> Result<bool, Error> {
        self.writer.settle()?.blocking_recv().map_err(|_| Error::Failed)?
    }

    /// Empties the write-ahead log into the file, so that what was deleted and overwritten stands nowhere. `false` where somebody reads
    /// from the log just now; nobody waits for that long.
    ///
    /// # Errors
    /// A store that takes no more writes.
    pub fn forget_blocking(&self) -> Result<bool, Error> {
        self.writer.forget()?.blocking_recv().map_err(|_| Error::Failed)?
    }

    /// How many resources are stale, as far as it matters.
    fn stale(&self) -> Result<i64, Error> {
        let reader = reader::here(&self.core)?;
        let mut count = reader.conn.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM gw_stale LIMIT ?1)")?;
        Ok(count.query_row([WORTH_WAITING + 1], |row| row.get(0))?)
    }

    /// Before a search: what was changed from outside is found as it is now, unless it is so much that nobody should wait for it.
    async fn settled(&self) {
        while matches!(self.stale(), Ok(1..=WORTH_WAITING)) {
            match tokio::time::timeout(PATIENCE, self.settle()).await {
                Ok(Ok(true)) => {}
                _ => break,
            }
        }
    }

    /// From now on the log grows up to 64 MiB before it is copied into the file: for a process that does nothing but write much.
    pub fn bulk(&self) {
        self.writer.bulk();
    }

    /// Versions of one resource, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn history(&self, resource: &str, id: &str, span: &Span) -> Result<Vec<Version>, Error> {
        history::of_resource(&reader::here(&self.core)?.conn, resource, id, span)
    }

    /// Versions of a type, newest first.
    ///
    /// # Errors
    /// As [`Store::page`].
    pub async fn history_of_type(&self, resource: &str, span: Span) -> Result<Vec<Version>, Error> {
        let resource = resource.to_owned();
        self.pool.run(move |reader| history::of_type(&reader.conn, &resource, &span)).await
    }

    /// One version of a resource.
    ///
    /// # Errors
    /// The database's.
    pub fn version_at(&self, resource: &str, id: &str, version: u64) -> Result<Option<Version>, Error> {
        history::at(&reader::here(&self.core)?.conn, resource, id, version)
    }

    /// The change feed: versions after a sequence number, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn changes_after(&self, seq: i64, limit: usize) -> Result<Vec<Version>, Error> {
        history::after(&reader::here(&self.core)?.conn, seq, limit)
    }
}

/// A unit that waits to be written, see [`Store::queue`].
#[derive(Debug)]
pub struct Queued(tokio::sync::oneshot::Receiver<Result<Vec<Outcome>, Refused>>);

impl Queued {
    /// Waits until the unit is durable, or refused.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn wait(self) -> Result<Vec<Outcome>, Refused> {
        self.0.blocking_recv().map_err(|_| Refused::from(Error::Failed))?
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        reader::forget(self.core.number);
    }
}

/// What is known of a resource without reading it.
#[derive(Clone, Debug, PartialEq)]
pub struct Current {
    /// The plan, by its index.
    pub plan: usize,
    /// The newest version.
    pub version: u64,
    /// Its sequence number.
    pub seq: i64,
    /// When it was made, ms since 1970 UTC.
    pub updated_ms: i64,
    /// It is a tombstone.
    pub deleted: bool,
}
