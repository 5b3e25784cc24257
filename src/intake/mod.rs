//! What an import does to the record: the ordinary way of validation, mapping and store, as the named internal caller `Import`.
//!
//! Knows mapping and store. Must not know files or HTTP.

use crate::ops::instance::Instance;
use hearthgate_access::{Caller, Interaction, InternalCaller};
use hearthgate_fhir::Value;
use hearthgate_fhir::r4;
use hearthgate_import::{Batch, Destination, Failure, Identifier, Issue, Item, Written};
use hearthgate_mapping::{claim, index, take};
use hearthgate_store::{Change, Context, Error, Expect, Guard, Outcome, Put, Refused, Unit};
use tokio::runtime::Handle;

/// The record as an import sees it.
pub struct Intake<'i> {
    instance: &'i Instance,
    runtime: &'i Handle,
    caller: Caller,
}

impl<'i> Intake<'i> {
    /// Into an opened data directory.
    #[must_use]
    pub fn new(instance: &'i Instance, runtime: &'i Handle) -> Self {
        Self { instance, runtime, caller: Caller::internal(InternalCaller::Import, &instance.roles) }
    }

    /// The unit of one item, or why it is refused.
    fn change(&self, item: &Item, system: Option<&str>) -> Result<Change, Vec<Issue>> {
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
        let plan =
            claim::plan_for(&self.instance.gateway.mappings, kind, &item.resource).ok_or_else(|| whole("not-supported", "no mapping takes this resource"))?;
        let dangles = |kind: &str, id: &str| item.dangling.iter().any(|(_, r)| r.strip_prefix(kind).and_then(|r| r.strip_prefix('/')) == Some(id));
        let row = take::take(plan, &item.resource, &|kind, id| !dangles(kind, id));
        Ok(Change::Put(Box::new(Put {
            plan: plan.index,
            id: id.to_owned(),
            index: index::index(plan, &item.resource, &row),
            compartments: index::compartments(plan, id, &item.resource, &row),
            row,
            unresolved: item.dangling.clone(),
            source: system.map(str::to_owned),
            guard: Guard { version: Expect::Any, old: None, new: None },
            render: true,
            keeper: false,
        })))
    }

    fn unit(&self, changes: Vec<Change>) -> Unit {
        let client = self.caller.client().to_owned();
        Unit { context: Context { actor: None, client: Some(client), at_ms: self.instance.gateway.now() }, changes, audit: None }
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

    fn write(&mut self, batch: Batch) -> Result<Vec<Written>, Failure> {
        let system = batch.system.as_deref();
        let mut changes = Vec::with_capacity(batch.items.len());
        let mut out: Vec<Option<Written>> = Vec::with_capacity(batch.items.len());
        for item in &batch.items {
            match self.change(item, system) {
                Ok(change) => {
                    changes.push(change);
                    out.push(None);
                }
                Err(issues) => out.push(Some(Written::Refused(issues))),
            }
        }
        let store = &self.instance.gateway.store;
        if batch.atomic {
            let elsewhere = || Written::Refused(vec![Issue::whole("processing", "another entry of the transaction was refused")]);
            if out.iter().any(Option::is_some) {
                return Ok(out.into_iter().map(|o| o.unwrap_or_else(elsewhere)).collect());
            }
            return match store.write_blocking(self.unit(changes)) {
                Ok(outcomes) => Ok(outcomes.iter().map(written).collect()),
                Err(Refused { change, error }) => {
                    let issues = refused(error)?;
                    Ok((0..batch.items.len()).map(|at| if change.is_none_or(|c| c == at) { Written::Refused(issues.clone()) } else { elsewhere() }).collect())
                }
            };
        }
        // All at once; where one is refused, each by itself.
        let outcomes = match store.write_blocking(self.unit(changes)) {
            Ok(outcomes) => outcomes.iter().map(written).collect(),
            Err(Refused { change: Some(_), .. }) => {
                let mut each = Vec::new();
                for (item, _) in batch.items.iter().zip(&out).filter(|(_, o)| o.is_none()) {
                    each.push(match self.change(item, system).map(|change| store.write_blocking(self.unit(vec![change]))) {
                        Ok(Ok(outcomes)) => outcomes.first().map_or(Written::Unchanged, written),
                        Ok(Err(Refused { error, .. })) => Written::Refused(refused(error)?),
                        Err(issues) => Written::Refused(issues),
                    });
                }
                each
            }
            Err(Refused { change: None, error }) => return Err(Failure::new(error.to_string())),
        };
        let mut outcomes: std::vec::IntoIter<Written> = outcomes.into_iter();
        Ok(out.into_iter().map(|o| o.or_else(|| outcomes.next()).unwrap_or(Written::Unchanged)).collect())
    }
}

fn written(outcome: &Outcome) -> Written {
    let Outcome::Done(outcome) = outcome else { return Written::Unchanged };
    if outcome.unchanged {
        Written::Unchanged
    } else if outcome.created {
        Written::Created
    } else {
        Written::Updated
    }
}

/// What an error of the store means for one resource; an error that ends the run is a failure.
fn refused(error: Error) -> Result<Vec<Issue>, Failure> {
    let (code, message) = match error {
        Error::OtherSource(_) => ("conflict", "the id belongs to a resource that came from another system; import it under an id of its own".to_owned()),
        Error::OtherPlan(_) => ("conflict", "the id belongs to a resource of this type in a table that this one does not go to".to_owned()),
        Error::Constraint(name) if name.contains("appointments_no_overlap") => ("conflict", "the doctor has another appointment in this time".to_owned()),
        Error::Constraint(name) => ("business-rule", format!("the record's rule {name} refuses it")),
        Error::MissingReference(_) => ("not-found", "a reference leads nowhere".to_owned()),
        Error::StillReferenced => ("conflict", "others refer to what it replaces".to_owned()),
        other => return Err(Failure::new(other.to_string())),
    };
    Ok(vec![Issue::whole(code, message)])
}
