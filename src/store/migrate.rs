//! The schema, from whatever it is to what this program wants, in one transaction: killed anywhere, it is the old or the new.
//!
//! First the clinic's own migrations (`migrations/*.sql`, each recorded with a digest of its text), then what is generated
//! from the mappings: search columns, shadow tables, indexes, triggers. A second run finds nothing to do and writes nothing.

use crate::dialect::sqlite::{name, shadow as shadow_of, tables};
use crate::generate::{drop_generated, generate};
use crate::introspect::{self, Found};
use crate::{Error, connect};
use hearthgate_mapping::{Mappings, Schema};
use rusqlite::{Connection, TransactionBehavior};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The clinic's migrations, in order: file name and text.
pub const MIGRATIONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// What a migration did.
#[derive(Debug)]
pub struct Migrated {
    /// The mappings, compiled against the schema as it is now.
    pub mappings: Mappings,
    /// Whether anything was written.
    pub changed: bool,
    /// What the database has, for [`Options`](crate::Options): reading it takes long.
    pub tables: Tables,
}

/// The tables of a database as they were found.
#[derive(Clone, Debug)]
pub struct Tables(pub(crate) Arc<BTreeMap<String, Found>>);

/// Brings the database at `path` (made if absent) to this program's schema. `compile` turns the schema into mappings, inside
/// the transaction: a mistake there leaves the database as it was. `at_ms` is the time, ms since 1970 UTC.
///
/// # Errors
/// What `compile` answers, or the store's own.
pub fn migrate<E: From<Error>>(
    path: &Path,
    migrations: &[(&str, &str)],
    at_ms: i64,
    compile: impl FnOnce(&Schema) -> Result<Mappings, E>,
) -> Result<Migrated, E> {
    connect::assert_version()?;
    let mut conn = connect::writer(path)?;
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::from)?;
    let pending = pending(&transaction, migrations)?;
    if !pending.is_empty() {
        // A migration may alter any table, and a trigger that names a lost column would refuse it.
        drop_generated(&transaction)?;
        let before = introspect::tables(&transaction).map_err(Error::from)?;
        for (number, file, text) in &pending {
            transaction.execute_batch(text).map_err(|e| Error::Schema(format!("{file}: {e}")))?;
            transaction
                .execute("INSERT INTO gw_migrations (version, name, digest, at) VALUES (?1, ?2, ?3, ?4)", (number, file, digest([*text]), at_ms))
                .map_err(Error::from)?;
        }
        rename_in_shadows(&transaction, &before)?;
    }
    let found = introspect::tables(&transaction).map_err(Error::from)?;
    let mappings = compile(&introspect::schema(&found))?;
    let (generated, found) = generate(&transaction, &mappings.plans, found, at_ms)?;
    let changed = generated || !pending.is_empty();
    if changed {
        transaction.commit().map_err(Error::from)?;
    } else {
        transaction.rollback().map_err(Error::from)?;
    }
    Ok(Migrated { mappings, changed, tables: Tables(Arc::new(found)) })
}

/// Reads the schema of a database without changing it.
///
/// # Errors
/// The database's own.
pub fn schema(path: &Path) -> Result<Schema, Error> {
    Ok(introspect::schema(&introspect::tables(&connect::reader(path, 1024)?)?))
}

/// The schema that the clinic's migrations make, in memory; for checks that have no database.
///
/// # Errors
/// [`Error::Schema`] naming the file that does not run.
pub fn schema_of(migrations: &[(&str, &str)]) -> Result<Schema, Error> {
    let conn = Connection::open_in_memory()?;
    for (file, text) in migrations {
        conn.execute_batch(text).map_err(|e| Error::Schema(format!("{file}: {e}")))?;
    }
    Ok(introspect::schema(&introspect::tables(&conn)?))
}

/// A column that a migration renamed is renamed in the shadow table, so that old versions keep what it held. A renamed column
/// stands where it stood, which is how it is told from one dropped and another added.
fn rename_in_shadows(conn: &Connection, before: &BTreeMap<String, Found>) -> Result<(), Error> {
    for (table, now) in &introspect::tables(conn)? {
        let (Some(was), Some(shadow)) = (before.get(table), before.get(&format!("gw_h_{table}"))) else { continue };
        for (old, new) in was.columns.iter().zip(&now.columns) {
            if old.name != new.name && !now.has(&old.name) && !was.has(&new.name) && shadow.has(&old.name) {
                conn.execute_batch(&format!("ALTER TABLE {} RENAME COLUMN {} TO {}", shadow_of(table), name(&old.name), name(&new.name)))?;
            }
        }
    }
    Ok(())
}

type Pending<'m> = Vec<(i64, &'m str, &'m str)>;

/// The migrations not made yet; refuses a schema that is newer, or older ones that were altered since.
fn pending<'m>(conn: &Connection, migrations: &[(&'m str, &'m str)]) -> Result<Pending<'m>, Error> {
    conn.execute_batch(&format!(
        "{}; CREATE TABLE IF NOT EXISTS gw_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, at INTEGER NOT NULL) STRICT",
        tables::META
    ))?;
    let mut made: BTreeMap<i64, (String, String)> = BTreeMap::new();
    let mut rows = conn.prepare("SELECT version, name, digest FROM gw_migrations")?;
    for row in rows.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))? {
        let (version, known) = row?;
        made.insert(version, known);
    }
    let mut pending = Pending::new();
    for (file, text) in migrations {
        let number: i64 =
            file.split('_').next().and_then(|number| number.parse().ok()).ok_or_else(|| Error::Schema(format!("{file}: the name begins with no number")))?;
        match made.remove(&number) {
            None => pending.push((number, file, text)),
            Some((_, known)) if known == digest([*text]) => {}
            Some(_) => return Err(Error::Schema(format!("{file} is not what this database was made with"))),
        }
    }
    if let Some((number, (file, _))) = made.pop_last() {
        return Err(Error::Schema(format!("the database is newer than this program: it has migration {number} ({file})")));
    }
    Ok(pending)
}

/// FNV-1a: enough to tell versions of our own texts apart.
pub(crate) fn digest<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in texts.into_iter().flat_map(|text| text.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}
