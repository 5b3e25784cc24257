//! batch (<https://hl7.org/fhir/R4/http.html#transaction>): each entry is judged, run and audited alone, by the same router as HTTP.

use super::answer::Answer;
use super::audit;
use super::bundle::{Entry, Response, bundle};
use super::conditions::{Conditions, Return, version};
use super::dispatch::{Body, Call, dispatch};
use super::fault::Fault;
use super::gateway::Gateway;
use super::operation::{self, NoRoute, Operation};
use hearthgate_access::Caller;
use hearthgate_fhir::{Value, json};
use http::StatusCode;

/// Bytes of answers after which the entries that remain are not run.
const LARGEST: usize = 64 << 20;

/// `POST /` with a Bundle of type `batch`.
///
/// What the request prefers (`Prefer: return=`, `handling=`) holds for each entry, which has no place for a preference of its own.
pub async fn batch(
    gateway: &Gateway,
    caller: &Caller,
    media_type: Option<&str>,
    body: &[u8],
    preferred: &Conditions,
    event: &audit::Draft,
) -> Result<Answer, Fault> {
    super::write::media(media_type)?;
    let limits = json::Limits { depth: 64 + 4, bytes: gateway.settings.body_limit };
    let value = json::parse(body, &limits).map_err(Fault::Body)?;
    let at = |message: &str, place: &str| Fault::Bad { code: "invalid", message: message.to_owned(), expression: Some(place.to_owned()) };
    if value.get("resourceType").and_then(Value::as_str) != Some("Bundle") {
        return Err(at("Only a Bundle can be sent to the base. Send a resource to its type's URL.", "resourceType"));
    }
    match value.get("type").and_then(Value::as_str) {
        Some("batch") => {}
        Some("transaction") => {
            return Err(Fault::Bad {
                code: "not-supported",
                message: "Transactions are not offered. Send a batch, or the resources one by one.".to_owned(),
                expression: Some("Bundle.type".to_owned()),
            });
        }
        _ => return Err(at("The bundle's type must be `batch`.", "Bundle.type")),
    }
    let empty = Vec::new();
    let entries = match value.get("entry") {
        None => &empty,
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(at("`entry` must be a list.", "Bundle.entry")),
    };
    if entries.len() > gateway.settings.entry_limit {
        return Err(Fault::TooLong(format!("A bundle may have {} entries. Send several.", gateway.settings.entry_limit)));
    }
    let (mut out, mut bytes) = (Vec::with_capacity(entries.len()), 0);
    for (index, entry) in entries.iter().enumerate() {
        let answer = if bytes < LARGEST { one(gateway, caller, entry, index, preferred, event).await? } else { full(gateway, index, event).await? };
        bytes += answer.body.len();
        out.push(as_entry(gateway, answer, entry, preferred));
    }
    Ok(Answer::json(StatusCode::OK, bundle("batch-response", None, &[], &out)))
}

/// One entry: its answer, whatever it is. Only an audit that cannot be written ends the whole.
async fn one(gateway: &Gateway, caller: &Caller, entry: &Value, index: usize, preferred: &Conditions, event: &audit::Draft) -> Result<Answer, Fault> {
    let (draft, answered) = match call(gateway, entry, index, preferred) {
        Ok(call) => {
            let draft = event.of_entry(gateway, Some(&call.operation), &call.query);
            let answered = Box::pin(dispatch(gateway, caller, &call, &draft)).await;
            (draft, answered)
        }
        Err(fault) => (event.of_entry(gateway, None, ""), Err(fault)),
    };
    let mut answer = answered.unwrap_or_else(|fault| fault.answer_to_entry(index));
    audit::record(gateway, draft, &answer).await?;
    if entry.pointer("/request/method").and_then(Value::as_str) == Some("HEAD") {
        answer.body = bytes::Bytes::new();
    }
    Ok(answer)
}

/// An entry behind those whose answers are as much as one answer may be: nothing is done for it.
async fn full(gateway: &Gateway, index: usize, event: &audit::Draft) -> Result<Answer, Fault> {
    let answer =
        Fault::TooLong("The answers to the entries before are as long as one answer may be; this entry was not run. Send it in another batch.".to_owned())
            .answer_to_entry(index);
    audit::record(gateway, event.of_entry(gateway, None, ""), &answer).await?;
    Ok(answer)
}

/// Reads an entry's request.
fn call<'e>(gateway: &Gateway, entry: &'e Value, index: usize, preferred: &Conditions) -> Result<Call<'e>, Fault> {
    let place = |name: &str| format!("Bundle.entry[{index}].{name}");
    let wrong = |message: &str, name: &str| Fault::Bad { code: "value", message: message.to_owned(), expression: Some(place(name)) };
    let request = entry.get("request").ok_or_else(|| wrong("The entry has no `request`.", "request"))?;
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    let method = text("method").filter(|m| matches!(*m, "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "PATCH"));
    let method = method.ok_or_else(|| wrong("`method` must be GET, HEAD, POST, PUT or DELETE.", "request.method"))?;
    let url = text("url").ok_or_else(|| wrong("The request has no `url`.", "request.url"))?;
    let url = url.strip_prefix(&gateway.settings.base).and_then(|rest| rest.strip_prefix('/')).unwrap_or(url);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    if path.contains("//") || path.starts_with('/') || path.contains("..") || path.contains(':') || path.contains(';') || query.contains('?') {
        return Err(wrong("`url` must be relative to the FHIR base: `Type/id` or `Type?name=value`.", "request.url"));
    }
    let operation = operation::parse(method, path).map_err(|no| match no {
        NoRoute::NotFound => Fault::NoRoute,
        NoRoute::Method(allow) => Fault::Method(allow),
    })?;
    if matches!(operation, Operation::Batch | Operation::Capabilities | Operation::SmartConfiguration) {
        return Err(wrong("This cannot be an entry of a batch.", "request.url"));
    }
    if let (Some(full), Some(id)) = (entry.get("fullUrl").and_then(Value::as_str), operation.id())
        && full.starts_with("http")
        && matches!(operation, Operation::Update { .. })
        && !full.ends_with(&format!("/{id}"))
    {
        return Err(wrong("`fullUrl` names another resource than `request.url`.", "fullUrl"));
    }
    // A condition that cannot be read is never dropped: what it was to prevent would happen.
    let condition = |name: &str| match request.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(wrong("A condition of an entry is a string.", &format!("request.{name}"))),
    };
    let mut conditions =
        Conditions { if_none_exist: condition("ifNoneExist")?.is_some(), prefer: preferred.prefer, strict: preferred.strict, ..Conditions::default() };
    conditions.if_match = condition("ifMatch")?.map(version).transpose()?;
    if let Some(tags) = condition("ifNoneMatch")? {
        conditions.if_none_match = tags.split(',').map(|tag| tag.trim().to_owned()).collect();
    }
    if let Some(text) = condition("ifModifiedSince")? {
        let instant = hearthgate_fhir::date::interval(text).filter(|_| hearthgate_fhir::date::is_instant(text));
        conditions.if_modified_since = Some(instant.ok_or_else(|| wrong("`ifModifiedSince` is an instant.", "request.ifModifiedSince"))?.lo);
    }
    Ok(Call { operation, query: query.to_owned(), conditions, body: entry.get("resource").map_or(Body::None, Body::Parsed) })
}

fn as_entry(gateway: &Gateway, answer: Answer, entry: &Value, preferred: &Conditions) -> Entry {
    let header = |name: &str| answer.headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
    let good = answer.status.is_success();
    let last_modified = answer.updated_ms.map(hearthgate_fhir::date::format_instant);
    let location = header("location");
    // An outcome that was asked for instead of the resource stands where outcomes stand.
    let writes = entry.pointer("/request/method").and_then(Value::as_str).is_some_and(|method| matches!(method, "POST" | "PUT"));
    let told = writes && location.is_some() && preferred.prefer == Return::OperationOutcome;
    Entry {
        full_url: location.as_deref().and_then(|l| l.split("/_history/").next()).filter(|l| l.starts_with(&gateway.settings.base)).map(str::to_owned),
        resource: (good && !told && !answer.body.is_empty()).then(|| answer.body.clone()),
        response: Some(Response {
            status: answer.status.to_string(),
            location,
            etag: header("etag"),
            last_modified,
            outcome: ((!good || told) && !answer.body.is_empty()).then(|| answer.body.clone()),
        }),
        ..Entry::default()
    }
}
