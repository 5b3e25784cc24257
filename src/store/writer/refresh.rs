//! What search and boundaries find of a resource beyond its columns, whoever wrote it: rows of the generated index, compartments,
//! marks of sealed values.
//!
//! A put brings them. Whatever else changes a resource (a program outside, a statement, rows that it shares with another resource)
//! goes through the triggers, which note it in `gw_stale`: what the unit at work has changed so is made anew before it ends, the
//! rest by [`Session::settle`].

use super::session::Session;
use crate::layout::NodeLayout;
use crate::load::{self, Key, Stored};
use crate::{Error, index};
use hearthgate_mapping::render::is_whole;
use hearthgate_mapping::{IndexEntry, Row};
use rusqlite::OptionalExtension;

/// Resources made anew in one transaction, so that other writers wait for few.
const AT_ONCE: i64 = 200;

impl Session {
    /// Nothing is known any more beyond the columns, and nothing is stale.
    pub(super) fn forget_found(&self, rid: i64) -> Result<(), Error> {
        for sql in ["DELETE FROM gw_index WHERE rid = ?1", "DELETE FROM gw_compartment WHERE rid = ?1", "DELETE FROM gw_stale WHERE rid = ?1"] {
            self.conn.prepare_cached(sql)?.execute([rid])?;
        }
        Ok(())
    }

    /// Keeps what was found beyond the columns.
    pub(super) fn keep_found(&self, rid: i64, resource: &str, entries: &[IndexEntry], compartments: &[String]) -> Result<(), Error> {
        if !entries.is_empty() {
            let mut insert = self.conn.prepare_cached("INSERT INTO gw_index (rid, parameter, system, value, text, exact, kind, lo, hi, unit, sblind, element) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?;
            for row in index::rows(&self.core.keyring, resource, entries) {
                insert.execute((
                    rid,
                    row.parameter,
                    row.system,
                    row.value,
                    row.text,
                    row.exact,
                    row.kind,
                    row.lo,
                    row.hi,
                    row.unit,
                    row.sblind,
                    row.element,
                ))?;
            }
        }
        for patient in compartments {
            if let Some(row) = self.patient_row(patient)? {
                self.conn
                    .prepare_cached("INSERT INTO gw_compartment (rid, patient, gw_from) SELECT rid, ?2, seq FROM gw_resources WHERE rid = ?1")?
                    .execute((rid, row))?;
            }
        }
        Ok(())
    }

    /// Makes anew what the unit at work left stale.
    pub(super) fn refresh(&mut self) -> Result<(), Error> {
        let mut find = self.conn.prepare_cached("SELECT rid FROM gw_stale WHERE tx = ?1")?;
        let stale: Vec<i64> = find.query_map([self.tx], |row| row.get(0))?.collect::<Result<_, _>>()?;
        drop(find);
        stale.into_iter().try_for_each(|rid| self.refresh_one(rid))
    }

    /// Makes anew some of what is stale, in a transaction of its own; answers whether there was anything.
    pub(super) fn settle(&mut self) -> Result<bool, Error> {
        let stale = |session: &Self| -> Result<Vec<i64>, Error> {
            let mut find = session.conn.prepare_cached("SELECT rid FROM gw_stale LIMIT ?1")?;
            Ok(find.query_map([AT_ONCE], |row| row.get(0))?.collect::<Result<_, _>>()?)
        };
        if stale(self)?.is_empty() {
            return Ok(false);
        }
        self.begin()?;
        let done = stale(self).and_then(|stale| stale.into_iter().try_for_each(|rid| self.refresh_one(rid)));
        match done {
            Ok(()) => self.commit().map(|()| true),
            Err(error) => {
                self.rollback();
                Err(error)
            }
        }
    }

    fn refresh_one(&mut self, rid: i64) -> Result<(), Error> {
        let core = std::sync::Arc::clone(&self.core);
        let mut find = self.conn.prepare_cached("SELECT type, id, plan FROM gw_resources WHERE rid = ?1 AND deleted = 0")?;
        let found: Option<(String, String, String)> = find.query_row([rid], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        drop(find);
        let Some((resource, id, plan)) = found else { return self.forget_found(rid) };
        // A plan that is gone: its resources are not served.
        let Ok(plan) = core.plan_named(&plan) else { return self.forget_found(rid) };
        let rows = match load::load(&core, &self.conn, plan, Key::Id(&id), None) {
            Ok(rows) => rows,
            Err(Error::Corrupt(_)) => return self.leave_found(rid),
            Err(error) => return Err(error),
        };
        let (plan, layout) = core.plan(plan)?;
        self.mark_anew(&layout.root, &rows)?;
        let rows: Vec<Row> = rows.into_iter().map(Stored::into_row).collect();
        if !rows.iter().all(is_whole) {
            return self.leave_found(rid);
        }
        let (entries, compartments) = hearthgate_mapping::index::of_rows(plan, &id, &rows);
        self.forget_found(rid)?;
        self.keep_found(rid, &resource, &entries, &compartments)
    }

    /// Of what does not open what is known stays: labels that withhold it are part of that.
    fn leave_found(&self, rid: i64) -> Result<(), Error> {
        self.conn.prepare_cached("DELETE FROM gw_stale WHERE rid = ?1")?.execute([rid])?;
        Ok(())
    }

    /// The marks of sealed values in the rows as they are.
    fn mark_anew(&self, node: &NodeLayout, rows: &[Stored]) -> Result<(), Error> {
        for (at, column) in node.columns.iter().enumerate().filter(|(_, column)| column.blind.is_some()) {
            let sql = format!(
                "UPDATE {table} SET {alone} = ?2, {both} = ?3 WHERE id = ?1 AND ({alone} IS NOT ?2 OR {both} IS NOT ?3)",
                table = crate::dialect::sqlite::name(&node.table),
                alone = crate::dialect::sqlite::name(&format!("{}__blind", column.name)),
                both = crate::dialect::sqlite::name(&format!("{}__sblind", column.name)),
            );
            for stored in rows {
                let (alone, both) = self.marks(node, at, &stored.row);
                self.run(&sql, &[hearthgate_mapping::Sql::Integer(stored.row.id), alone, both])?;
            }
        }
        for (at, child) in node.children.iter().enumerate() {
            for stored in rows {
                self.mark_anew(child, stored.children.get(at).map_or(&[], Vec::as_slice))?;
            }
        }
        Ok(())
    }
}
