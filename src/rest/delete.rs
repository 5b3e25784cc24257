//! delete (<https://hl7.org/fhir/R4/http.html#delete>).

use super::answer::Answer;
use super::audit;
use super::conditions::Conditions;
use super::fault::Fault;
use super::gateway::Gateway;
use super::{app_state, unmask, write};
use hearthgate_access::{Caller, Interaction};
use hearthgate_store::{AuditRow, Change, Expect, Guard, Outcome, Unit};
use http::StatusCode;

/// `DELETE /Type/id`: 204; again: 204, for it is gone already. What others refer to stays: 409. So does what is shown to the caller only in
/// part, since the rest is somebody else's record: 422.
pub async fn delete(
    gateway: &Gateway,
    caller: &Caller,
    resource: &'static str,
    id: &str,
    conditions: &Conditions,
    event: audit::Draft,
) -> Result<Answer, Fault> {
    let old = gateway.find_for(caller, resource, id, Interaction::Delete)?.ok_or(Fault::NotFound)?;
    let kept = app_state::is_kept(gateway, &old);
    if kept {
        app_state::conditions(conditions, &old)?;
    }
    if old.deleted {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    if let Some(wanted) = conditions.if_match
        && wanted != old.version
    {
        return Err(Fault::Version { current: Some(old.version) });
    }
    if gateway.mappings.plans[old.plan].readonly {
        return Err(Fault::Method("GET, HEAD"));
    }
    let patients = if kept { gateway.present(caller, resource, &old).1 } else { unmask::whole(gateway, caller, resource, &old)? };
    let guard = Guard { version: Expect::Is(old.version), old: Some(gateway.touch(caller, resource, id, Interaction::Delete)?), new: None };
    let mut changes = vec![Change::Delete { plan: old.plan, id: id.to_owned(), guard }];
    if resource == "Patient" {
        // A patient of whom nothing is recorded may go; who would have cared for them is no record.
        changes.insert(0, Change::end_care(id));
    }
    let unit =
        Unit { context: write::context(gateway, caller), changes, audit: Some(AuditRow { event: event.of_write(StatusCode::NO_CONTENT, id, &patients) }) };
    let outcomes = gateway.store.write(unit).await?;
    let mut answer = Answer::empty(StatusCode::NO_CONTENT);
    if let Some(Outcome::Done(outcome)) = outcomes.last() {
        answer.header("etag", format!("W/\"{}\"", outcome.version));
        answer.version = Some(outcome.version);
    }
    answer.patients = patients;
    answer.audited = true;
    Ok(answer)
}
