//! `hearthgate check` and `mappings doc`: what can be said of configuration, mappings and roles without a record.

use crate::ops::config::Config;
use crate::ops::instance::{OpenError, compiled, roles};
use hearthgate_access::{Role, Roles};
use hearthgate_mapping::{Mappings, coverage::Report};
use hearthgate_store::migrate::{self, MIGRATIONS};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Finds every mistake; with files, says which share of their values lands in columns.
///
/// # Errors
/// Files that cannot be read.
pub fn run(config: &Config, coverage: &[PathBuf]) -> Result<u8, String> {
    let (mut bad, mut mappings) = (false, None);
    for mistake in config.mistakes() {
        bad = true;
        say!("{mistake}");
    }
    match mappings_of(config) {
        Ok(found) => mappings = Some(found),
        Err(OpenError::Mappings(mistakes)) => {
            bad = true;
            for mistake in mistakes {
                say!("{mistake}");
            }
        }
        Err(other) => return Err(other.to_string()),
    }
    match roles(config) {
        Ok(roles) => print_roles(&roles),
        Err(OpenError::Roles(text)) => {
            bad = true;
            say!("{text}");
        }
        Err(other) => return Err(other.to_string()),
    }
    let Some(mappings) = mappings else { return Ok(1) };
    say!("{} mapping plans for {} types", mappings.plans.len(), mappings.types().len());
    if !coverage.is_empty() {
        let mut report = Report::default();
        for path in coverage {
            add(path, &mappings, &mut report)?;
        }
        super::put(&report);
        bad |= !report.broken.is_empty();
    }
    Ok(u8::from(bad))
}

/// What each role may do, types with the same decisions on one line.
fn print_roles(roles: &Roles) {
    for role in [Role::Patient, Role::Doctor, Role::Admin, Role::System] {
        let mut by_type: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (resource, interaction, decision) in roles.decisions(role) {
            if !decision.reach.is_empty() {
                let reach: Vec<String> = decision.reach.iter().map(|reach| format!("{reach:?}")).collect();
                by_type.entry(resource).or_default().push(format!("{interaction:?}:{}", reach.join("+")).to_lowercase());
            }
        }
        let mut lines: BTreeMap<Vec<String>, Vec<&str>> = BTreeMap::new();
        for (resource, allowed) in by_type {
            lines.entry(allowed).or_default().push(resource);
        }
        say!("role {role}");
        for (allowed, types) in lines {
            say!("  {}\n    {}", allowed.join(" "), types.join(" "));
        }
    }
}

/// Prints the mapping as a page.
///
/// # Errors
/// Mistakes in the mappings.
pub fn doc(config: &Config) -> Result<u8, String> {
    let mappings = mappings_of(config).map_err(|e| e.to_string())?;
    super::put(&hearthgate_mapping::doc::page(&mappings));
    Ok(0)
}

fn mappings_of(config: &Config) -> Result<Mappings, OpenError> {
    compiled(config, &migrate::schema_of(MIGRATIONS)?)
}

fn add(path: &Path, mappings: &Mappings, report: &mut Report) -> Result<(), String> {
    let io = |e: std::io::Error| format!("{}: {e}", path.display());
    if path.is_dir() {
        let mut below: Vec<_> = fs::read_dir(path).map_err(io)?.flatten().map(|e| e.path()).collect();
        below.sort();
        return below.iter().filter(|p| p.is_dir() || p.extension().is_some_and(|e| e == "json" || e == "ndjson")).try_for_each(|p| add(p, mappings, report));
    }
    let text = fs::read_to_string(path).map_err(io)?;
    if let Ok(whole) = serde_json::from_str::<serde_json::Value>(&text) {
        one(&whole, mappings, report);
        return Ok(());
    }
    for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let resource = serde_json::from_str(line).map_err(|e| format!("{}:{}: {e}", path.display(), number + 1))?;
        one(&resource, mappings, report);
    }
    Ok(())
}

/// A bundle counts by its entries.
fn one(resource: &serde_json::Value, mappings: &Mappings, report: &mut Report) {
    match resource.get("entry").and_then(serde_json::Value::as_array) {
        Some(entries) if resource.get("resourceType").is_some_and(|t| t == "Bundle") => {
            entries.iter().filter_map(|e| e.get("resource")).for_each(|r| report.add(mappings, r));
        }
        _ => report.add(mappings, resource),
    }
}
