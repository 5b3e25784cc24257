//! vread (<https://hl7.org/fhir/R4/http.html#vread>).

use super::answer::Answer;
use super::fault::Fault;
use super::gateway::Gateway;
use hearthgate_access::{Caller, Interaction};
use hearthgate_search::Versions;
use http::StatusCode;

/// `GET /Type/id/_history/version`: visible to whoever may see both this version and the newest.
pub async fn vread(gateway: &Gateway, caller: &Caller, resource: &'static str, id: &str, version: &str) -> Result<Answer, Fault> {
    caller.rule(resource, Interaction::Vread)?;
    let number: u64 = version.parse().ok().filter(|n: &u64| n.to_string() == version).ok_or(Fault::NotFound)?;
    let number = i64::try_from(number).map_err(|_| Fault::NotFound)?;
    let asked = Versions { resource, id: Some(id.to_owned()), version: Some(number), count: 1, ..Versions::default() };
    let found = gateway.versions(caller, asked).await?.pop().ok_or(Fault::NotFound)?;
    if found.deleted {
        return Err(Fault::Gone);
    }
    let (body, patients) = gateway.present(caller, resource, &found);
    let mut answer = Answer::json(StatusCode::OK, body);
    answer.stamp(found.version, found.updated_ms);
    answer.patients = patients;
    Ok(answer)
}
