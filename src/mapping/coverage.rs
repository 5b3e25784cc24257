//! Which share of the values in FHIR files lands in columns, by type and element, and of what claimed profiles want supported.

use crate::check::required;
use crate::compile::Mappings;
use crate::plan::Plan;
use crate::{claim, render, take};
use hearthgate_fhir::{Value, r4};
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

/// An element that a claimed profile wants supported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Supported {
    /// The mapping has a place for it.
    pub mapped: bool,
    /// The resources that have it.
    pub resources: usize,
    /// Its values in them.
    pub values: Share,
}

/// The share by type and path (without list indices).
#[derive(Debug, Default)]
pub struct Report {
    /// By type, then by path.
    pub types: BTreeMap<String, BTreeMap<String, Share>>,
    /// What claimed profiles want supported: by mapping file, then by path.
    pub must_support: BTreeMap<String, BTreeMap<String, Supported>>,
    /// How often a resource had to be kept outright, past its columns, which must be never.
    pub outright: usize,
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
        self.outright += take::outright(&row);
        let (mut all, mut columns) = (Vec::new(), Vec::new());
        leaves("", resource, &mut all);
        let from_columns = render::columns_only(plan, &row);
        leaves("", &from_columns, &mut columns);
        self.support(plan, resource, &from_columns);
        let stamp = |p: &str| matches!(p, "id" | "resourceType" | "meta.versionId" | "meta.lastUpdated");
        all.retain(|(p, _)| !stamp(p));
        if back != content_of(resource) {
            self.broken.push(format!("{kind}/{}", resource.get("id").and_then(Value::as_str).unwrap_or("?")));
        }
        let shares = self.types.entry(kind.to_owned()).or_default();
        for (path, _, held) in held(all, columns) {
            let share = shares.entry(path).or_default();
            share.all += 1;
            share.columns += usize::from(held);
        }
    }

    /// Counts what the profiles that the plan claims want supported.
    fn support(&mut self, plan: &Plan, resource: &Value, from_columns: &Value) {
        let wanted = self.must_support.entry(plan.name.clone()).or_insert_with(|| {
            let profiles = plan.profiles.iter().filter_map(|url| r4::profile(url));
            profiles
                .flat_map(|p| &p.must_support)
                .map(|m| (m.path.clone(), Supported { mapped: required::has_path(plan, &m.path), ..Supported::default() }))
                .collect()
        });
        for (path, supported) in wanted {
            let steps = required::steps(path);
            let (mut all, mut columns) = (Vec::new(), Vec::new());
            at(resource, &steps, &mut |value| leaves("", value, &mut all));
            if all.is_empty() {
                continue;
            }
            at(from_columns, &steps, &mut |value| leaves("", value, &mut columns));
            supported.resources += 1;
            for (_, _, held) in held(all, columns) {
                supported.values.all += 1;
                supported.values.columns += usize::from(held);
            }
        }
    }

    /// What a claimed profile wants supported and the mapping has no place for, or the files have and no column holds:
    /// mapping file, path.
    #[must_use]
    pub fn unsupported(&self) -> Vec<(&str, &str)> {
        let all = self.must_support.iter().flat_map(|(file, paths)| paths.iter().map(move |(path, s)| (file.as_str(), path.as_str(), s)));
        all.filter(|(_, _, s)| !s.mapped || s.values.columns < s.values.all).map(|(file, path, _)| (file, path)).collect()
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

/// The values at a path: steps as profiles write them.
fn at<'v>(value: &'v Value, steps: &[(&str, Option<&str>)], found: &mut dyn FnMut(&'v Value)) {
    let Some(((name, url), rest)) = steps.split_first() else { return found(value) };
    for (_, below) in value.as_object().into_iter().flatten().filter(|(key, _)| required::is_named(key, name)) {
        let members = below.as_array().map_or(std::slice::from_ref(below), Vec::as_slice);
        for member in members {
            let own = member.get("url").and_then(Value::as_str);
            if url.is_none_or(|url| own.is_some_and(|own| own == url || own.rsplit('/').next() == Some(url))) {
                at(member, rest, found);
            }
        }
    }
}

/// Each value, and whether the columns have one like it at its path.
fn held<'v>(all: Vec<(String, &'v Value)>, mut columns: Vec<(String, &'v Value)>) -> Vec<(String, &'v Value, bool)> {
    all.into_iter()
        .map(|(path, value)| {
            let found = columns.iter().position(|(p, v)| *p == path && *v == value);
            let held = found.map(|at| columns.swap_remove(at)).is_some();
            (path, value, held)
        })
        .collect()
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
        for (file, paths) in self.must_support.iter().filter(|(_, paths)| !paths.is_empty()) {
            let seen = paths.values().filter(|s| s.resources > 0).count();
            let good = paths.values().filter(|s| s.resources > 0 && s.values.columns == s.values.all).count();
            writeln!(
                f,
                "{file}.toml: {good} of {seen} must-support elements that the files have are in columns; {} more the files do not have",
                paths.len() - seen
            )?;
            for (path, s) in paths.iter().filter(|(_, s)| !s.mapped || s.values.columns < s.values.all) {
                let mapped = if s.mapped { "" } else { ", no place in the mapping" };
                writeln!(f, "    {path}: {} of {} values in {} resources{mapped}", s.values.columns, s.values.all, s.resources)?;
            }
        }
        if self.outright > 0 {
            writeln!(f, "kept outright, past the columns: {}", self.outright)?;
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
