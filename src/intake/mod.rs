//! What an import does to the record: the ordinary way of validation, mapping and store, as the named internal caller `Import`.
//!
//! Knows mapping and store. Must not know files or HTTP.
//!
//! While the store writes a batch, the next is validated and mapped. Each unit carries its audit event, which names the patients
//! whose resources it changed; by the unit's number (`gw_audit.tx`, `gw_versions.tx`) it leads to every version it made.

mod flight;

use crate::ops::instance::Instance;
use flight::{Flight, issues_of};
use hearthgate_access::{Caller, Interaction, InternalCaller};
use hearthgate_fhir::Value;
use hearthgate_fhir::r4;
use hearthgate_import::{Batch, Destination, Failure, Identifier, Issue, Item, Written};
use hearthgate_mapping::{claim, index, take};
use hearthgate_store::{AuditRow, Change, Context, Expect, Guard, Put, Queued, Unit};
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use tokio::runtime::Handle;

/// The record as an import sees it.
pub struct Intake<'i> {
    instance: &'i Instance,
    runtime: &'i Handle,
    caller: Caller,
    flights: VecDeque<Flight>,
    /// Its notes are not read.
    unread: bool,
}

/// A change, and the patients it concerns.
type Prepared = (Change, Vec<String>);

impl<'i> Intake<'i> {
    /// Into an opened data directory.
    #[must_use]
    pub fn new(instance: &'i Instance, runtime: &'i Handle) -> Self {
        instance.imports.fetch_add(1, Ordering::Relaxed);
        Self { instance, runtime, caller: Caller::internal(InternalCaller::Import, &instance.roles), flights: VecDeque::new(), unread: false }
    }

    /// The same, whose notes nobody reads for findings.
    #[must_use]
    pub fn unread(mut self, unread: bool) -> Self {
        self.unread = unread;
        self
    }

    /// The change of one item, none where what it says is there already, or why it is refused.
    fn change(&self, item: &Item, system: Option<&str>) -> Result<Option<Prepared>, Vec<Issue>> {
        let whole = |code, message: &str| vec![Issue::whole(code, message)];
        let kind = item
            .resource
            .get("resourceType")
            .and_then(Value::as_str)
            .and_then(r4::type_named)
            .ok_or_else(|| whole("structure", "the resource has no type that R4 knows"))?;
        let id = item
            .resource
            .get("id")
            .and_then(Value::as_str)
            .filter(|id| hearthgate_fhir::id::is_id(id))
            .ok_or_else(|| whole("required", "the resource has no id"))?;
        let issues: Vec<Issue> = hearthgate_validate::validate(&item.resource)
            .into_iter()
            .filter(|i| i.severity == hearthgate_validate::Severity::Error)
            .map(|i| Issue { code: i.code.as_str(), path: i.path, message: i.message })
            .collect();
        if !issues.is_empty() {
            return Err(issues);
        }
        self.caller.rule(kind, Interaction::Update).map_err(|denial| whole("forbidden", &denial.to_string()))?;
        if kind == "Device" && crate::extract::is_false_software(&item.resource) {
            return Err(whole("business-rule", "it says that it is a program of the gateway's own, and is none"));
        }
        if self.is_kept(kind, id, &item.resource) {
            return Ok(None);
        }
        let plan =
            claim::plan_for(&self.instance.gateway.mappings, kind, &item.resource).ok_or_else(|| whole("not-supported", "no mapping takes this resource"))?;
        let dangles = |kind: &str, id: &str| item.dangling.iter().any(|(_, r)| r.strip_prefix(kind).and_then(|r| r.strip_prefix('/')) == Some(id));
        let row = take::take(plan, &item.resource, &|kind, id| !dangles(kind, id));
        let patients = index::patients(kind, id, &item.resource);
        let put = Put {
            plan: plan.index,
            id: id.to_owned(),
            index: index::index(plan, &item.resource, &row),
            compartments: index::unnamed(plan, id, &row, &patients),
            row,
            unresolved: item.dangling.clone(),
            source: system.map(str::to_owned),
            guard: Guard { version: Expect::Any, old: None, new: None },
            render: true,
            keeper: false,
        };
        Ok(Some((Change::Put(Box::new(put)), patients)))
    }

    /// Whether the gateway keeps this resource itself (a finding, the text of a note as a Binary) and it says the same: an export of this
    /// clinic holds it, too.
    fn is_kept(&self, kind: &'static str, id: &str, value: &Value) -> bool {
        let gateway = &self.instance.gateway;
        let known = gateway.store.current(kind, id).ok().flatten().filter(|known| !known.deleted);
        if !known.is_some_and(|known| gateway.mappings.plans.get(known.plan).is_some_and(|plan| plan.readonly)) {
            return false;
        }
        let Ok(Some(stored)) = gateway.find(&self.caller, kind, id) else { return false };
        let same = || serde_json::from_slice::<Value>(&stored.body).is_ok_and(|there| content(&there) == content(value));
        crate::extract::is_there(&gateway.mappings, &stored, value) || same()
    }

    /// Queues changes as one unit, with their event.
    fn queue(&self, changes: Vec<Prepared>, system: Option<&str>) -> Result<Queued, Failure> {
        let client = if self.unread { crate::extract::UNREAD.to_owned() } else { self.caller.client().to_owned() };
        let mut event = crate::work::event(self.instance, "import", Some(&client), None, 200);
        event.reason = system.map(str::to_owned);
        let audit = serde_json::to_string(&event).map_err(|e| Failure::new(e.to_string()))?;
        let (changes, concerned) = changes.into_iter().unzip();
        let unit = Unit { context: Context { actor: None, client: Some(client), at_ms: event.at_ms }, changes, audit: Some(AuditRow { event: audit }) };
        self.instance.gateway.store.queue(unit, concerned).map_err(|e| Failure::new(e.to_string()))
    }
}

/// What a resource says, without what the server says of it.
fn content(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(meta) = value.get_mut("meta").and_then(Value::as_object_mut) {
        meta.retain(|name, _| name != "versionId" && name != "lastUpdated");
        if meta.is_empty() {
            value.as_object_mut().map(|value| value.shift_remove("meta"));
        }
    }
    value
}

impl Drop for Intake<'_> {
    fn drop(&mut self) {
        self.instance.imports.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Destination for Intake<'_> {
    fn resolve_identifiers(&mut self, wanted: &[Identifier]) -> Result<Vec<Vec<String>>, Failure> {
        let gateway = &self.instance.gateway;
        wanted
            .iter()
            .map(|identifier| {
                let escaped = |text: &str| text.replace('\\', "\\\\").replace('|', "\\|").replace(',', "\\,").replace('$', "\\$");
                let value = match &identifier.system {
                    None => escaped(&identifier.value),
                    Some(system) => format!("{}|{}", escaped(system), escaped(&identifier.value)),
                };
                self.runtime
                    .block_on(gateway.ids(&self.caller, identifier.type_name, "identifier", &value, 2))
                    .map_err(|fault| Failure::new(format!("{fault:?}")))
            })
            .collect()
    }

    fn exists(&mut self, wanted: &[(&'static str, String)]) -> Result<Vec<bool>, Failure> {
        let store = &self.instance.gateway.store;
        wanted.iter().map(|(kind, id)| store.exists(kind, id).map_err(|e| Failure::new(e.to_string()))).collect()
    }

    fn write(&mut self, batch: Batch) -> Result<(), Failure> {
        let system = batch.system.as_deref();
        let mut changes = Vec::with_capacity(batch.items.len());
        let mut known: Vec<Option<Written>> = Vec::with_capacity(batch.items.len());
        for item in &batch.items {
            match self.change(item, system) {
                Ok(Some(change)) => {
                    changes.push(change);
                    known.push(None);
                }
                Ok(None) => known.push(Some(Written::Unchanged)),
                Err(issues) => known.push(Some(Written::Refused(issues))),
            }
        }
        let goes = !(changes.is_empty() || batch.atomic && known.iter().any(|known| matches!(known, Some(Written::Refused(_)))));
        let queued = if goes { Some(self.queue(changes, system)?) } else { None };
        self.flights.push_back(Flight { batch, known, queued });
        Ok(())
    }

    fn written(&mut self) -> Result<Vec<Written>, Failure> {
        let flight = self.flights.pop_front().ok_or_else(|| Failure::new("no batch was taken"))?;
        flight.land(|items, system| {
            // All wait before the first answer is asked for, so that they share commits.
            let each: Vec<Result<Option<Queued>, Vec<Issue>>> = items
                .iter()
                .map(|item| match self.change(item, system) {
                    Ok(change) => change.map(|change| self.queue(vec![change], system)).transpose().map(Ok),
                    Err(issues) => Ok(Err(issues)),
                })
                .collect::<Result<_, Failure>>()?;
            each.into_iter()
                .map(|one| match one.map(|queued| queued.map_or(Ok(Vec::new()), Queued::wait)) {
                    Ok(Ok(outcomes)) => Ok(outcomes.first().map_or(Written::Unchanged, flight::written)),
                    Ok(Err(refused)) => Ok(Written::Refused(issues_of(refused.error)?)),
                    Err(issues) => Ok(Written::Refused(issues)),
                })
                .collect()
        })
    }
}
