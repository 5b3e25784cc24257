//! From the store's errors to faults.

use super::fault::Fault;
use hearthgate_store::Error;
use hearthgate_typed::Issue;

/// What an error of the store means to a caller. Texts of constraints are fixed: they repeat nothing of another row.
pub(super) fn fault(error: Error) -> Fault {
    match error {
        Error::Timeout => Fault::Timeout,
        Error::Busy => Fault::Busy,
        Error::Full | Error::Failed => Fault::Unwritable,
        Error::Conflict { current } => Fault::Version { current: Some(current).filter(|c| *c > 0) },
        Error::NotFound => Fault::NotFound,
        Error::Gone { .. } => Fault::Gone,
        Error::OutsideBoundary => Fault::OutsideBoundary,
        Error::MissingReference(_) => Fault::Reference(String::new()),
        Error::OtherPlan(_) => Fault::Method("GET, HEAD"),
        Error::StillReferenced => Fault::Conflict("Other resources refer to this one. Change or delete those first.".to_owned()),
        Error::Constraint(name) => constraint(&name),
        other => Fault::Internal(other.to_string()),
    }
}

fn constraint(name: &str) -> Fault {
    if name.contains("appointments_no_overlap") {
        return Fault::Conflict("The doctor has another appointment in this time. Choose a free slot.".to_owned());
    }
    Fault::Invalid(vec![Issue {
        severity: "error",
        code: "business-rule",
        diagnostics: "The content breaks a rule of the record that holds for every writer: two parts of it do not go together, or one is out of its range. See the type's page of the mapping documentation.".to_owned(),
        expression: Vec::new(),
    }])
}
