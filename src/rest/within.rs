//! The FHIR interface from within: pages ask what apps ask, as the person who is signed in, and are judged, narrowed and audited like
//! them. Nothing is shown on a page that the same person's token would not be answered.

use super::answer::Answer;
use super::audit;
use super::conditions::Conditions;
use super::dispatch::{Body, Call, dispatch};
use super::fault::Fault;
use super::gateway::Gateway;
use super::operation::Operation;
use hearthgate_access::Caller;
use hearthgate_fhir::Value;
use hearthgate_fhir::query::encode;
use serde_json::Value as Json;

/// Resources that a search found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The matches, in order.
    pub resources: Vec<Json>,
    /// Whether there is a next page.
    pub more: bool,
}

/// Does one interaction; its audit event is durable when this returns.
///
/// # Errors
/// As over HTTP, audited too.
pub async fn ask(gateway: &Gateway, caller: &Caller, operation: Operation, query: &str, body: Option<&Value>) -> Result<Answer, Fault> {
    let draft = audit::Draft::new(gateway, Some(caller), Some(&operation), query, gateway.now());
    let body = body.map_or(Body::None, Body::Parsed);
    let call = Call { operation, query: query.to_owned(), conditions: Conditions::default(), body };
    match dispatch(gateway, caller, &call, &draft).await {
        Ok(answer) => audit::record(gateway, draft, &answer).await.map(|()| answer),
        Err(fault) => {
            audit::record(gateway, draft, &fault.answer()).await?;
            Err(fault)
        }
    }
}

/// A resource, if the caller may see it.
///
/// # Errors
/// Everything but its absence.
pub async fn read(gateway: &Gateway, caller: &Caller, resource: &'static str, id: &str) -> Result<Option<Json>, Fault> {
    // What is no id is nobody's.
    if !hearthgate_fhir::id::is_id(id) {
        return Ok(None);
    }
    match ask(gateway, caller, Operation::Read { resource, id: id.to_owned() }, "", None).await {
        Ok(answer) => Ok(Some(json(&answer)?)),
        Err(Fault::NotFound | Fault::Gone) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// What a search finds.
///
/// # Errors
/// As over HTTP.
pub async fn search(gateway: &Gateway, caller: &Caller, resource: &'static str, parameters: &[(&str, &str)]) -> Result<Found, Fault> {
    let query = parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&");
    let answer = ask(gateway, caller, Operation::Search { resource, form: false }, &query, None).await?;
    let mut bundle = json(&answer)?;
    let more = bundle["link"].as_array().is_some_and(|links| links.iter().any(|link| link["relation"] == "next"));
    let entries = bundle["entry"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let matches = entries.into_iter().filter(|entry| entry["search"]["mode"] == "match");
    Ok(Found { resources: matches.map(|mut entry| entry["resource"].take()).collect(), more })
}

fn json(answer: &Answer) -> Result<Json, Fault> {
    serde_json::from_slice(&answer.body).map_err(|error| Fault::Internal(error.to_string()))
}
