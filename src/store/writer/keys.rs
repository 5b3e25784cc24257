//! The data keys under which values are sealed: one a patient, one a table for rows without a patient, made on first use.

use super::session::Session;
use crate::Error;
use crate::sealing;
use hearthgate_seal::{KeyId, Place, system_fill};
use rusqlite::OptionalExtension;
use std::collections::HashMap;

/// Whose key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Of {
    Patient(i64),
    Table(String),
}

/// The keys known, so that a unit costs no look-up.
#[derive(Default)]
pub(super) struct Keys {
    known: HashMap<Of, KeyId>,
    /// Made in the unit at work.
    fresh: Vec<Of>,
}

/// Emptied when it holds more.
const KEEP: usize = 65_536;

impl Keys {
    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.fresh.clear();
    }

    pub(super) fn mark(&mut self) {
        self.fresh.clear();
    }

    /// Forgets what the unit made.
    pub(super) fn undo(&mut self) {
        for of in self.fresh.drain(..) {
            self.known.remove(&of);
        }
    }

    fn put(&mut self, of: Of, key: KeyId) {
        if self.known.len() >= KEEP {
            self.clear();
        }
        self.known.insert(of, key);
    }
}

impl Session {
    /// The key, made if there is none.
    pub(super) fn data_key(&mut self, of: Of) -> Result<KeyId, Error> {
        if let Some(key) = self.find_key(&of)? {
            return Ok(key);
        }
        let (key, wrapped) = self.core.keyring.new_data_key(&system_fill)?;
        let (patient, table) = match &of {
            Of::Patient(row) => (Some(*row), None),
            Of::Table(table) => (None, Some(table.clone())),
        };
        let mut insert = self.conn.prepare_cached("INSERT INTO gw_data_keys (key_id, patient, table_name, wrapped) VALUES (?1, ?2, ?3, ?4)")?;
        insert.execute((key.to_string(), patient, table, wrapped))?;
        drop(insert);
        self.keys.put(of.clone(), key);
        self.keys.fresh.push(of);
        Ok(key)
    }

    fn find_key(&mut self, of: &Of) -> Result<Option<KeyId>, Error> {
        if let Some(key) = self.keys.known.get(of) {
            return Ok(Some(*key));
        }
        let found: Option<String> = match of {
            Of::Patient(row) => {
                self.conn.prepare_cached("SELECT key_id FROM gw_data_keys WHERE patient = ?1")?.query_row([row], |row| row.get(0)).optional()?
            }
            Of::Table(table) => {
                self.conn.prepare_cached("SELECT key_id FROM gw_data_keys WHERE table_name = ?1")?.query_row([table], |row| row.get(0)).optional()?
            }
        };
        let Some(key) = found.map(|text| text.parse::<KeyId>()).transpose().map_err(|_| Error::Sealed)? else { return Ok(None) };
        self.keys.put(of.clone(), key);
        Ok(Some(key))
    }

    /// The key that is there already for a patient's public id, or a table.
    pub(super) fn known_key(&mut self, patient: Option<&str>, table: &str) -> Result<Option<KeyId>, Error> {
        let of = match patient.map(|id| self.patient_row(id)).transpose()?.flatten() {
            Some(row) => Of::Patient(row),
            None => Of::Table(table.to_owned()),
        };
        self.find_key(&of)
    }

    /// The row number of a patient: one of this unit, or one that is there.
    pub(super) fn patient_row(&self, id: &str) -> Result<Option<i64>, Error> {
        if let Some((row, _)) = self.coming.get(&("patients".to_owned(), id.to_owned())) {
            return Ok(Some(*row));
        }
        Ok(self.conn.prepare_cached("SELECT id FROM patients WHERE public_id = ?1")?.query_row([id], |row| row.get(0)).optional()?)
    }

    /// Seals a value for its place.
    pub(super) fn seal(&self, key: &KeyId, table: &str, column: &str, row: &str, plain: &[u8]) -> Result<String, Error> {
        let place = Place { table, column, row };
        match self.core.keyring.seal(key, place, plain, &system_fill) {
            Err(hearthgate_seal::Error::KeyMissing(id)) => {
                sealing::fetch(&self.conn, &self.core.keyring, &id)?;
                Ok(self.core.keyring.seal(key, place, plain, &system_fill)?)
            }
            answer => Ok(answer?),
        }
    }
}
