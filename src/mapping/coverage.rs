//! Which share of the values in FHIR files lands in columns, by type and element.

use crate::compile::Mappings;
use crate::{claim, render, take};
use hearthgate_fhir::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Counts of leaf values: all, and those in columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// All values.
    pub all: usize,
    /// Those that columns hold.
    pub columns: usize,
}

/// The share by type and path (without list indices).
#[derive(Debug, Default)]
pub struct Report {
    /// By type, then by path.
    pub types: BTreeMap<String, BTreeMap<String, Share>>,
    /// Resources that did not come back as they went in, which must be none.
    pub broken: Vec<String>,
}

impl Report {
    /// Counts the values of a resource.
    pub fn add(&mut self, mappings: &Mappings, resource: &Value) {
        let Some(kind) = resource.get("resourceType").and_then(Value::as_str) else { return };
        let Some(plan) = claim::plan_for(mappings, kind, resource) else { return };
        // Every reference is taken to lead somewhere: whether it does is not the mapping's doing.
        let resource = &resolved(resource);
        let row = take::take(plan, resource, &|_, _| true);
        let back = render::content(plan, &row);
        let (mut all, mut columns) = (Vec::new(), Vec::new());
        leaves("", resource, &mut all);
        let from_columns = render::columns_only(plan, &row);
        leaves("", &from_columns, &mut columns);
        let stamp = |p: &str| matches!(p, "id" | "resourceType" | "meta.versionId" | "meta.lastUpdated");
        all.retain(|(p, _)| !stamp(p));
        if back != content_of(resource) {
            self.broken.push(format!("{kind}/{}", resource.get("id").and_then(Value::as_str).unwrap_or("?")));
        }
        let shares = self.types.entry(kind.to_owned()).or_default();
        for (path, value) in all {
            let share = shares.entry(path.clone()).or_default();
            share.all += 1;
            if let Some(at) = columns.iter().position(|(p, v)| *p == path && *v == value) {
                columns.swap_remove(at);
                share.columns += 1;
            }
        }
    }

    /// The share over all types.
    #[must_use]
    pub fn total(&self) -> Share {
        self.types.values().flat_map(BTreeMap::values).fold(Share::default(), |a, b| Share { all: a.all + b.all, columns: a.columns + b.columns })
    }
}

/// A resource without what the server says of it.
fn content_of(resource: &Value) -> Value {
    let mut out = resource.clone();
    if let Some(object) = out.as_object_mut() {
        object.shift_remove("id");
        let meta = object.get_mut("meta").and_then(Value::as_object_mut);
        if meta.is_some_and(|m| {
            m.shift_remove("versionId");
            m.shift_remove("lastUpdated");
            m.is_empty()
        }) {
            object.shift_remove("meta");
        }
    }
    out
}

/// Conditional references stand for the ids they will be resolved to.
fn resolved(resource: &Value) -> Value {
    let mut out = resource.clone();
    hearthgate_fhir::reference::rewrite_references(&mut out, &mut |reference| reference.split_once('?').map(|(kind, _)| format!("{kind}/resolved")));
    out
}

fn leaves<'v>(path: &str, value: &'v Value, out: &mut Vec<(String, &'v Value)>) {
    match value {
        Value::Object(object) => {
            for (name, below) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(&path, below, out);
            }
        }
        Value::Array(list) => list.iter().for_each(|v| leaves(path, v, out)),
        value => out.push((path.to_owned(), value)),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, paths) in &self.types {
            let sum = paths.values().fold(Share::default(), |a, b| Share { all: a.all + b.all, columns: a.columns + b.columns });
            writeln!(f, "{kind}: {} of {} values in columns ({:.1} %)", sum.columns, sum.all, percent(sum))?;
            for (path, share) in paths.iter().filter(|(_, s)| s.columns < s.all) {
                writeln!(f, "    {path}: {} of {}", share.columns, share.all)?;
            }
        }
        let total = self.total();
        if total.all > 0 {
            writeln!(f, "all: {} of {} ({:.1} %)", total.columns, total.all, percent(total))?;
        }
        for broken in &self.broken {
            writeln!(f, "does not come back as it went in: {broken}")?;
        }
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss, reason = "a percentage for people")]
fn percent(share: Share) -> f64 {
    if share.all == 0 { 100.0 } else { share.columns as f64 * 100.0 / share.all as f64 }
}
