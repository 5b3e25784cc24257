//! A change of the unit: looked up and guarded first, then written, then rendered and guarded again.

use super::keys::Of;
use super::session::Session;
use super::versions::Known;
use crate::Error;
use crate::core::patient_of;
use crate::load::{self, Key, Stored};
use crate::unit::{Change, Done, Expect, Guard, Outcome, Put};
use hearthgate_mapping::render::{Stamp, render};
use hearthgate_mapping::{PlanKind, Row, settle};
use hearthgate_seal::KeyId;
use rusqlite::OptionalExtension;

/// What was found of a change's resource.
pub(super) struct Target {
    known: Option<Known>,
    /// The row number of the root row, new or not.
    row: i64,
}

impl Target {
    fn living(&self) -> Option<&Known> {
        self.known.as_ref().filter(|known| !known.deleted)
    }
}

impl Session {
    /// Finds the resource and evaluates the guard on what was.
    pub(super) fn prepare(&mut self, change: &Change, among_others: bool) -> Result<Option<Target>, Error> {
        let (plan, id, guard) = match change {
            Change::Put(put) => (put.plan, &put.id, &put.guard),
            Change::Delete { plan, id, guard } => (*plan, id, guard),
            Change::Sql { .. } => return Ok(None),
        };
        let core = std::sync::Arc::clone(&self.core);
        let (plan, layout) = core.plan(plan)?;
        let known = self.known(plan.resource, id)?;
        expected(guard.version, known.as_ref())?;
        if let Some(old) = &guard.old
            && !self.answers(old.target())?
        {
            return Err(Error::NotFound);
        }
        let living = known.as_ref().filter(|known| !known.deleted && known.plan == plan.name);
        let row = match (living, change) {
            (Some(known), _) => known.row,
            (None, Change::Put(_)) => self.next_id(&layout.root.table)?,
            (None, _) => 0,
        };
        if among_others && matches!(change, Change::Put(_)) && plan.kind == PlanKind::Table {
            let written = living.is_some();
            self.coming.entry((layout.root.table.clone(), id.clone())).and_modify(|known| known.1 |= written).or_insert((row, written));
        }
        Ok(Some(Target { known, row }))
    }

    /// Writes the change.
    pub(super) fn change(&mut self, change: &Change, target: Option<Target>) -> Result<Outcome, Error> {
        match (change, target) {
            (Change::Put(put), Some(target)) => Ok(Outcome::Done(self.put(put, &target)?)),
            (Change::Delete { plan, id, .. }, Some(target)) => Ok(Outcome::Done(self.delete(*plan, id, &target)?)),
            (Change::Sql { sql, parameters, expect }, _) => self.statement(sql, parameters, *expect),
            (_, None) => Err(Error::NotFound),
        }
    }

    fn put(&mut self, put: &Put, target: &Target) -> Result<Done, Error> {
        let core = std::sync::Arc::clone(&self.core);
        let (plan, layout) = core.plan(put.plan)?;
        if matches!(plan.kind, PlanKind::Group { .. }) || (plan.readonly && !put.keeper) {
            return Err(Error::OtherPlan(plan.name.clone()));
        }
        self.check_source(plan.resource, put, target.known.is_some())?;
        let moves = target.living().filter(|known| known.plan != plan.name);
        let triggered = layout.tables.iter().any(|table| self.triggered.contains(table));
        self.claim(!layout.shared && moves.is_none() && !triggered)?;
        if let Some(known) = moves {
            // What a plan keeps that takes no written resource is not written away from it either.
            let (before, _) = core.plan(core.plan_named(&known.plan)?)?;
            if before.readonly && !put.keeper {
                return Err(Error::OtherPlan(before.name.clone()));
            }
            self.delete_rows(core.plan_named(&known.plan)?, &put.id)?;
        }
        let old = match target.living() {
            Some(_) if moves.is_none() => load::load(&core, &self.conn, put.plan, Key::Id(&put.id), None)?.pop(),
            _ => None,
        };
        if let Some(old) = &old
            && matches!(plan.patient, hearthgate_mapping::PatientRule::Columns(_))
            && patient_of(plan, &put.id, &old.row) != patient_of(plan, &put.id, &put.row)
        {
            // The clinic's triggers take along what is said of the record: then ours raise versions.
            self.claim(false)?;
        }
        let key = self.key_for(put, target.row)?;
        let changed = match old {
            Some(old) if settle::has_codes(plan) => {
                let mut row = put.row.clone();
                settle::keep_local_codes(plan, &old.to_row(), &mut row);
                self.update_root(&layout.root, &put.id, old, &row, &key)?
            }
            Some(old) => self.update_root(&layout.root, &put.id, old, &put.row, &key)?,
            None => {
                self.insert_row(&layout.root, &put.id, &put.id, target.row, &hearthgate_mapping::Sql::Text(put.id.clone()), &put.row, 0, &key)?;
                true
            }
        };
        if let Some(coming) = self.coming.get_mut(&(layout.root.table.clone(), put.id.clone())) {
            coming.1 = true;
        }
        if let (false, Some(known)) = (changed, target.living()) {
            return Ok(known.done(false, true));
        }
        let created = target.living().is_none();
        let (rid, done) = if self.claimed() {
            self.raise(plan.resource, &put.id, &plan.name, target.row, target.known.as_ref())?
        } else {
            self.touch(plan.resource, &put.id, &plan.name, target.row, true, created)?
        };
        if self.claimed() {
            for (name, resource) in &layout.siblings {
                self.touch(resource, &put.id, name, target.row, true, created)?;
            }
        }
        if put.guard.version == Expect::Named {
            self.conn.prepare_cached("UPDATE gw_versions SET named = 1 WHERE seq = ?1")?.execute([done.seq])?;
        }
        self.beside(rid, plan.resource, put, target.known.is_some())?;
        if triggered {
            // The row may not be what was put: what is found of it and served is made from what it is.
            self.mixed = true;
            self.conn
                .prepare_cached("INSERT INTO gw_stale (rid, tx) VALUES (?1, ?2) ON CONFLICT (rid) DO UPDATE SET tx = excluded.tx")?
                .execute((rid, self.tx))?;
        }
        Ok(done)
    }

    /// The key of the row's patient, else of a patient in whose compartment it is, else the table's.
    fn key_for(&mut self, put: &Put, row: i64) -> Result<KeyId, Error> {
        let core = std::sync::Arc::clone(&self.core);
        let (plan, layout) = core.plan(put.plan)?;
        let of = if plan.patient == hearthgate_mapping::PatientRule::Itself {
            Of::Patient(row)
        } else {
            let named = patient_of(plan, &put.id, &put.row).or(put.compartments.first().map(String::as_str));
            match named.map(|id| self.patient_row(id)).transpose()?.flatten() {
                Some(patient) => Of::Patient(patient),
                None => Of::Table(layout.root.table.clone()),
            }
        };
        self.data_key(of)
    }

    /// An id that another source brought is not this source's.
    fn check_source(&mut self, resource: &str, put: &Put, known: bool) -> Result<(), Error> {
        let Some(source) = &put.source else { return Ok(()) };
        if known {
            let mut find = self.conn.prepare_cached("SELECT system FROM gw_sources WHERE type = ?1 AND id = ?2")?;
            let before: Option<String> = find.query_row((resource, &put.id), |row| row.get(0)).optional()?;
            return match before {
                Some(before) if before == *source => Ok(()),
                Some(before) => Err(Error::OtherSource(before)),
                None => Err(Error::OtherSource("this clinic".to_owned())),
            };
        }
        self.conn.prepare_cached("INSERT INTO gw_sources (type, id, system) VALUES (?1, ?2, ?3)")?.execute((resource, &put.id, source))?;
        Ok(())
    }

    /// Index, compartments and unresolved references.
    fn beside(&mut self, rid: i64, resource: &str, put: &Put, was_known: bool) -> Result<(), Error> {
        if was_known {
            self.forget_found(rid)?;
            self.conn.prepare_cached("DELETE FROM gw_unresolved WHERE rid = ?1")?.execute([rid])?;
        } else if !self.claimed() {
            self.forget_found(rid)?;
        }
        self.keep_found(rid, resource, &put.index, &put.compartments)?;
        for (path, reference) in &put.unresolved {
            self.conn.prepare_cached("INSERT INTO gw_unresolved (rid, path, reference) VALUES (?1, ?2, ?3)")?.execute((rid, path, reference))?;
        }
        Ok(())
    }

    fn delete(&mut self, plan: usize, id: &str, target: &Target) -> Result<Done, Error> {
        let core = std::sync::Arc::clone(&self.core);
        let (plan, _) = core.plan(plan)?;
        let known = target.known.as_ref().ok_or(Error::NotFound)?;
        if known.deleted {
            return Err(Error::Gone { version: known.version });
        }
        if plan.readonly && known.plan == plan.name {
            return Err(Error::OtherPlan(plan.name.clone()));
        }
        self.claim(false)?;
        self.delete_rows(core.plan_named(&known.plan)?, id)?;
        let (_, done) = self.touch(plan.resource, id, &known.plan, known.row, false, false)?;
        Ok(done)
    }

    /// Sets the foreign keys that pointed forwards.
    pub(super) fn set_later(&mut self) -> Result<(), Error> {
        for (table, column, row, to) in std::mem::take(&mut self.later) {
            let sql = format!("UPDATE {} SET {} = ?1 WHERE id = ?2", crate::dialect::sqlite::name(&table), crate::dialect::sqlite::name(&column));
            self.claim(!self.triggered.contains(&table))?;
            self.conn.prepare_cached(&sql)?.execute((to, row))?;
            if !self.claimed() {
                self.reread()?;
            }
        }
        Ok(())
    }

    /// Renders what was put, and evaluates the guard on what is.
    pub(super) fn finish(&mut self, change: &Change, outcome: &Outcome) -> Result<(), Error> {
        let (guard, put): (&Guard, Option<&Put>) = match change {
            Change::Put(put) => (&put.guard, Some(put)),
            Change::Delete { guard, .. } => (guard, None),
            Change::Sql { .. } => return Ok(()),
        };
        if let (Some(put), Outcome::Done(done)) = (put, outcome)
            && put.render
            && !done.unchanged
        {
            self.render(put)?;
        }
        match &guard.new {
            Some(new) if !self.answers(new.target())? => Err(Error::OutsideBoundary),
            _ => Ok(()),
        }
    }

    fn render(&mut self, put: &Put) -> Result<(), Error> {
        let core = std::sync::Arc::clone(&self.core);
        let (plan, layout) = core.plan(put.plan)?;
        let Some(known) = self.known(plan.resource, &put.id)? else { return Ok(()) };
        let again: Option<Row> =
            if layout.computed || self.mixed { load::load(&core, &self.conn, put.plan, Key::Id(&put.id), None)?.pop().map(Stored::into_row) } else { None };
        let stamp = Stamp { id: &put.id, version: known.version, updated_ms: known.at };
        let bytes = render(plan, again.as_ref().unwrap_or(&put.row), &stamp);
        let key = self.key_for(put, known.row)?;
        self.keep_rendered(known.rid, known.version, &key, plan.resource, &put.id, &bytes)
    }
}

fn expected(expect: Expect, known: Option<&Known>) -> Result<(), Error> {
    let current = known.map_or(0, |known| known.version);
    let living = known.is_some_and(|known| !known.deleted);
    match expect {
        Expect::Any => Ok(()),
        Expect::New | Expect::Named if known.is_none() => Ok(()),
        Expect::NotLiving if !living => Ok(()),
        Expect::New | Expect::Named | Expect::NotLiving => Err(Error::Conflict { current }),
        Expect::Is(version) if living && version == current => Ok(()),
        Expect::Living if living => Ok(()),
        Expect::Living | Expect::Is(_) => match known {
            None => Err(Error::NotFound),
            Some(known) if known.deleted => Err(Error::Gone { version: known.version }),
            Some(_) => Err(Error::Conflict { current }),
        },
    }
}
