//! A batch under way, and what its answer means for each item.

use hearthgate_import::{Batch, Failure, Issue, Item, Written};
use hearthgate_store::{Error, Outcome, Queued, Refused};

/// A batch that was taken.
pub(super) struct Flight {
    pub batch: Batch,
    /// What is known of its items already: those that were refused, or are there, before they came to the store.
    pub known: Vec<Option<Written>>,
    /// The unit of the others, unless there is none.
    pub queued: Option<Queued>,
}

impl Flight {
    /// Waits for the answer. Where the store refused one of many that may go by themselves, `each` tries them so.
    pub(super) fn land(self, each: impl FnOnce(&[&Item], Option<&str>) -> Result<Vec<Written>, Failure>) -> Result<Vec<Written>, Failure> {
        let Self { batch, known, queued } = self;
        let elsewhere = || Written::Refused(vec![Issue::whole("processing", "another entry of the transaction was refused")]);
        let Some(queued) = queued else { return Ok(known.into_iter().map(|known| known.unwrap_or_else(elsewhere)).collect()) };
        let rest: Vec<Written> = match queued.wait() {
            Ok(outcomes) => outcomes.iter().map(written).collect(),
            Err(Refused { change, error }) if batch.atomic => {
                let issues = issues_of(error)?;
                let fault = |at: usize| change.is_none_or(|change| change == at);
                (0..known.iter().filter(|known| known.is_none()).count())
                    .map(|at| if fault(at) { Written::Refused(issues.clone()) } else { elsewhere() })
                    .collect()
            }
            Err(Refused { change: Some(_), error }) => {
                // An error that ends the run ends it here.
                issues_of(error)?;
                let left: Vec<&Item> = batch.items.iter().zip(&known).filter(|(_, known)| known.is_none()).map(|(item, _)| item).collect();
                each(&left, batch.system.as_deref())?
            }
            Err(Refused { change: None, error }) => return Err(Failure::new(error.to_string())),
        };
        let mut rest = rest.into_iter();
        Ok(known.into_iter().map(|known| known.or_else(|| rest.next()).unwrap_or(Written::Unchanged)).collect())
    }
}

pub(super) fn written(outcome: &Outcome) -> Written {
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
pub(super) fn issues_of(error: Error) -> Result<Vec<Issue>, Failure> {
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
