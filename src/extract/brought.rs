//! Observations that an import brought and that say what a finding says: which of them may become findings, and when their notes are
//! read for it.
//!
//! What counts is what the gateway itself noted of them: that an import wrote them (history), and from which system (`import --as`). A
//! judgement is believed where its doctor came from the same system as the finding: no system speaks for another's doctors, nor for
//! this clinic's.

use super::feed::UNREAD;
use super::same::{self, Known};
use crate::ops::instance::Instance;
use hearthgate_access::{Caller, InternalCaller, Role};
use hearthgate_fhir::Value;
use hearthgate_mapping::{Plan, Sql};
use hearthgate_store::{Error, Operation, Stored, Version};
use std::cell::RefCell;
use std::collections::HashMap;

/// Notes of which is remembered how far they were read.
const MOST: usize = 10_000;

/// Which program wrote a version.
const WRITER: &str = "SELECT client FROM gw_versions WHERE type = ?1 AND id = ?2 AND version = ?3";
/// Whether two resources came from the same system.
const SAME_SOURCE: &str = "SELECT (SELECT system FROM gw_sources WHERE type = 'Observation' AND id = ?1)
    IS (SELECT system FROM gw_sources WHERE type = 'Practitioner' AND id = ?2)";

/// The sequence number of the newest version.
pub(super) fn newest(instance: &Instance) -> Result<i64, Error> {
    match one(instance, "SELECT max(seq) FROM gw_versions", &[])? {
        Some(Sql::Integer(seq)) => Ok(seq),
        _ => Ok(0),
    }
}

/// What imports brought for notes that are read.
#[derive(Default)]
pub(super) struct Brought {
    /// Up to which version what stands beside a note was seen when it was read last.
    seen: RefCell<HashMap<String, i64>>,
}

impl Brought {
    /// A note was read with all that stood beside it up to a version.
    pub fn read(&self, note: &str, until: i64) {
        let mut seen = self.seen.borrow_mut();
        if seen.len() >= MOST {
            seen.clear();
        }
        seen.insert(note.to_owned(), until);
    }

    /// Of what stands beside a note its findings, and what may become one.
    pub fn known(&self, instance: &Instance, plan: &Plan, there: Vec<Stored>) -> Result<Vec<Known>, Error> {
        let mut known = Vec::with_capacity(there.len());
        for one in there.into_iter().filter_map(|stored| Known::of(plan, stored)) {
            if !one.is_brought || is_believed(instance, plan, &one)? {
                known.push(one);
            }
        }
        Ok(known)
    }

    /// The note that is to be read anew, because an import brought a finding of it since.
    pub fn note_to_read(&self, instance: &Instance, caller: &Caller, plan: &Plan, version: &Version) -> Result<Option<String>, Error> {
        let gateway = &instance.gateway;
        if version.operation == Operation::Delete || !is_import(version.client.as_deref()) {
            return Ok(None);
        }
        let there = gateway.store.current("Observation", &version.id)?;
        let rest = |at: usize| gateway.mappings.plans.get(at).is_some_and(|plan| !plan.readonly && plan.claims.is_empty());
        if !there.is_some_and(|there| !there.deleted && there.version == version.version && rest(there.plan)) {
            return Ok(None);
        }
        let found = gateway.find(caller, "Observation", &version.id).map_err(super::reader::error)?;
        let value: Option<Value> = found.and_then(|found| serde_json::from_slice(&found.body).ok());
        let Some(note) = value.and_then(|value| same::note_of(plan, &value)) else { return Ok(None) };
        if self.seen.borrow().get(&note).is_some_and(|until| *until >= version.seq) {
            return Ok(None);
        }
        // What nobody is to read is not read for this.
        let Some(there) = gateway.store.current("DocumentReference", &note)? else { return Ok(None) };
        let unread = writer(instance, "DocumentReference", &note, there.version)?.as_deref() == Some(UNREAD);
        Ok((!there.deleted && !unread).then_some(note))
    }
}

/// Whether an import wrote it, of somebody whose doctors it may speak for.
fn is_believed(instance: &Instance, plan: &Plan, known: &Known) -> Result<bool, Error> {
    if !is_import(writer(instance, "Observation", &known.stored.id, known.stored.version)?.as_deref()) {
        return Ok(false);
    }
    let Some(judge) = known.judge(plan) else { return Ok(true) };
    let parameters = [&known.stored.id, judge].map(|id: &str| Sql::Text(id.to_owned()));
    Ok(one(instance, SAME_SOURCE, &parameters)? == Some(Sql::Integer(1)))
}

fn is_import(client: Option<&str>) -> bool {
    client.is_some_and(|client| client == UNREAD || client == format!("hearthgate-{}", Role::Internal(InternalCaller::Import)))
}

fn writer(instance: &Instance, resource: &str, id: &str, version: u64) -> Result<Option<String>, Error> {
    let parameters = [Sql::Text(resource.to_owned()), Sql::Text(id.to_owned()), Sql::Integer(i64::try_from(version).unwrap_or(i64::MAX))];
    Ok(match one(instance, WRITER, &parameters)? {
        Some(Sql::Text(client)) => Some(client),
        _ => None,
    })
}

fn one(instance: &Instance, sql: &'static str, parameters: &[Sql]) -> Result<Option<Sql>, Error> {
    Ok(instance.gateway.store.own(sql, parameters)?.pop().and_then(|mut row| row.pop()))
}
