//! What the gateway knows of a resource, and its next version.

use super::session::Session;
use crate::Error;
use crate::unit::Done;
use rusqlite::OptionalExtension;

/// A row of `gw_resources`.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub rid: i64,
    pub plan: String,
    pub row: i64,
    pub version: u64,
    pub seq: i64,
    pub at: i64,
    pub deleted: bool,
    pub tx: i64,
}

impl Known {
    pub(super) fn done(&self, created: bool, unchanged: bool) -> Done {
        Done { version: self.version, updated_ms: self.at, seq: self.seq, created, unchanged }
    }
}

impl Session {
    pub(super) fn known(&self, resource: &str, id: &str) -> Result<Option<Known>, Error> {
        let mut find = self.conn.prepare_cached("SELECT rid, plan, row, version, seq, at, deleted, tx FROM gw_resources WHERE type = ?1 AND id = ?2")?;
        let known = find.query_row((resource, id), |row| {
            Ok(Known {
                rid: row.get(0)?,
                plan: row.get(1)?,
                row: row.get(2)?,
                version: row.get::<_, i64>(3)? as u64,
                seq: row.get(4)?,
                at: row.get(5)?,
                deleted: row.get(6)?,
                tx: row.get(7)?,
            })
        });
        Ok(known.optional()?)
    }

    /// Raises the version of a resource that lives, without the triggers. Answers it with its number in `gw_resources`.
    pub(super) fn raise(&mut self, resource: &str, id: &str, plan: &str, row: i64, known: Option<&Known>) -> Result<(i64, Done), Error> {
        let created = known.is_none_or(|known| known.deleted);
        if known.is_some_and(|known| known.tx == self.tx) {
            return self.touch(resource, id, plan, row, true, created);
        }
        let version = known.map_or(1, |known| known.version + 1);
        let at = known.map_or(self.context.at_ms, |known| known.at.max(self.context.at_ms));
        let seq = self.next_seq;
        self.next_seq += 1;
        let op = if created { "create" } else { "update" };
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO gw_versions (seq, type, id, version, at, op, tx, outside, actor, client) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9)",
        )?;
        insert.execute((seq, resource, id, version as i64, at, op, self.tx, &self.context.actor, &self.context.client))?;
        let rid = match known {
            Some(known) => {
                let mut update = self
                    .conn
                    .prepare_cached("UPDATE gw_resources SET plan = ?2, row = ?3, version = ?4, seq = ?5, at = ?6, deleted = 0, tx = ?7 WHERE rid = ?1")?;
                update.execute((known.rid, plan, row, version as i64, seq, at, self.tx))?;
                self.conn.prepare_cached("DELETE FROM gw_rendered WHERE rid = ?1")?.execute([known.rid])?;
                known.rid
            }
            None => {
                let mut insert = self.conn.prepare_cached(
                    "INSERT INTO gw_resources (type, id, plan, row, version, seq, at, deleted, tx) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8)",
                )?;
                insert.execute((resource, id, plan, row, version as i64, seq, at, self.tx))?;
                self.conn.last_insert_rowid()
            }
        };
        Ok((rid, Done { version, updated_ms: at, seq, created, unchanged: false }))
    }

    /// Raises it as the triggers do, at most once a unit.
    pub(super) fn touch(&mut self, resource: &str, id: &str, plan: &str, row: i64, live: bool, created: bool) -> Result<(i64, Done), Error> {
        self.conn.prepare_cached("INSERT INTO gw_touch (type, id, plan, row, live) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute((resource, id, plan, row, live))?;
        self.reread()?;
        let known = self.known(resource, id)?.ok_or(Error::NotFound)?;
        Ok((known.rid, known.done(created, false)))
    }
}
