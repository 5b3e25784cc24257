//! read (<https://hl7.org/fhir/R4/http.html#read>), with conditional read.

use super::answer::Answer;
use super::conditions::Conditions;
use super::fault::Fault;
use super::gateway::Gateway;
use super::subset::Subset;
use hearthgate_access::Caller;
use http::StatusCode;

/// `GET /Type/id`
pub fn read(gateway: &Gateway, caller: &Caller, resource: &'static str, id: &str, conditions: &Conditions, subset: &Subset) -> Result<Answer, Fault> {
    let found = gateway.get(caller, resource, id)?;
    let (body, patients) = gateway.present(caller, resource, &found);
    let mut answer = if conditions.unchanged(found.version, found.updated_ms) {
        Answer::empty(StatusCode::NOT_MODIFIED)
    } else {
        Answer::json(StatusCode::OK, subset.apply(resource, &body))
    };
    answer.stamp(found.version, found.updated_ms);
    answer.patients = patients;
    Ok(answer)
}
