//! history of an instance and of a type (<https://hl7.org/fhir/R4/http.html#history>).

use super::answer::Answer;
use super::bundle::{Entry, Response, bundle};
use super::cursor;
use super::fault::Fault;
use super::gateway::Gateway;
use hearthgate_access::{Caller, Interaction};
use hearthgate_fhir::date::{self, format_instant};
use hearthgate_fhir::query::encode;
use hearthgate_mapping::Sql;
use hearthgate_search::{COLUMN_OP, COLUMN_RID, COLUMN_SEQ, Versions};
use hearthgate_store::is_cut;
use http::StatusCode;

/// What a history is asked for.
struct Asked {
    count: u32,
    since: Option<i64>,
    at: Option<(i64, i64)>,
    before: Option<i64>,
    honoured: Vec<(String, String)>,
}

/// `GET /Type/id/_history`
pub async fn instance(gateway: &Gateway, caller: &Caller, resource: &'static str, id: &str, pairs: &[(String, String)], strict: bool) -> Result<Answer, Fault> {
    caller.rule(resource, Interaction::HistoryInstance)?;
    history(gateway, caller, resource, Some(id), pairs, strict).await
}

/// `GET /Type/_history`
pub async fn of_type(gateway: &Gateway, caller: &Caller, resource: &'static str, pairs: &[(String, String)], strict: bool) -> Result<Answer, Fault> {
    caller.rule(resource, Interaction::HistoryType)?;
    history(gateway, caller, resource, None, pairs, strict).await
}

async fn history(
    gateway: &Gateway,
    caller: &Caller,
    resource: &'static str,
    id: Option<&str>,
    pairs: &[(String, String)],
    strict: bool,
) -> Result<Answer, Fault> {
    let path = id.map_or_else(|| resource.to_owned(), |id| format!("{resource}/{id}"));
    let asked = asked(gateway, caller, &path, pairs, strict)?;
    let question = Versions { resource, id: id.map(str::to_owned), version: None, since: asked.since, at: asked.at, before: asked.before, count: asked.count };
    let mut found = gateway.versions(caller, question).await?;
    // No version in that time is not the same as no resource.
    if let Some(id) = id
        && found.is_empty()
        && gateway.find_for(caller, resource, id, Interaction::HistoryInstance)?.is_none()
    {
        return Err(Fault::NotFound);
    }
    let mut links = vec![("self", link(gateway, &path, &asked.honoured, None))];
    let more = found.len() > asked.count as usize || is_cut(&found);
    found.truncate(asked.count as usize);
    if more && let Some(Sql::Integer(seq)) = found.last().and_then(|last| last.extra.get(COLUMN_SEQ - COLUMN_RID)) {
        links.push(("next", link(gateway, &path, &asked.honoured, Some(&cursor::seal_seq(gateway, caller, &path, *seq)))));
    }
    let mut patients = Vec::new();
    let entries: Vec<Entry> = found
        .iter()
        .map(|version| {
            let deleted = version.deleted;
            let (body, named) = gateway.present(caller, resource, version);
            patients.extend(named);
            let id = &version.id;
            let named = version.extra.get(COLUMN_OP - COLUMN_RID) == Some(&Sql::Text("put".to_owned()));
            let (method, url, status) = match (deleted, version.version) {
                (true, _) => ("DELETE", format!("{resource}/{id}"), "204 No Content"),
                (false, 1) if named => ("PUT", format!("{resource}/{id}"), "201 Created"),
                (false, 1) => ("POST", resource.to_owned(), "201 Created"),
                (false, _) => ("PUT", format!("{resource}/{id}"), "200 OK"),
            };
            Entry {
                full_url: Some(format!("{}/{resource}/{id}", gateway.settings.base)),
                resource: (!deleted).then_some(body),
                request: Some((method, url)),
                response: Some(Response {
                    status: status.to_owned(),
                    etag: Some(format!("W/\"{}\"", version.version)),
                    last_modified: Some(format_instant(version.updated_ms)),
                    ..Response::default()
                }),
                ..Entry::default()
            }
        })
        .collect();
    patients.sort();
    patients.dedup();
    let mut answer = Answer::json(StatusCode::OK, bundle("history", None, &links, &entries));
    answer.patients = patients;
    Ok(answer)
}

fn asked(gateway: &Gateway, caller: &Caller, path: &str, pairs: &[(String, String)], strict: bool) -> Result<Asked, Fault> {
    let mut out = Asked { count: gateway.settings.page, since: None, at: None, before: None, honoured: Vec::new() };
    for (name, value) in pairs {
        match name.as_str() {
            "_count" => {
                let count: u64 = value.parse().map_err(|_| Fault::bad("value", "`_count` must be a whole number that is not negative."))?;
                out.count = u32::try_from(count).unwrap_or(u32::MAX).clamp(1, gateway.settings.page_limit);
                out.honoured.push((name.clone(), out.count.to_string()));
                continue;
            }
            "_since" => {
                let interval = date::interval(value)
                    .filter(|_| date::is_instant(value))
                    .ok_or_else(|| Fault::bad("value", "`_since` must be an instant, such as 2026-01-31T08:00:00Z."))?;
                out.since = Some(interval.lo);
            }
            "_at" => {
                let interval = date::interval(value).ok_or_else(|| Fault::bad("value", "`_at` must be a dateTime."))?;
                out.at = Some((interval.lo, interval.hi));
            }
            "_cursor" => {
                out.before = Some(cursor::open_seq(gateway, caller, path, value)?);
                continue;
            }
            "_format" | "_pretty" => {}
            other if strict => {
                return Err(Fault::bad("not-supported", format!("A history has no parameter `{}`. Leave it out.", other.chars().take(64).collect::<String>())));
            }
            _ => continue,
        }
        out.honoured.push((name.clone(), value.clone()));
    }
    Ok(out)
}

fn link(gateway: &Gateway, path: &str, honoured: &[(String, String)], cursor: Option<&str>) -> String {
    let mut text: Vec<String> = honoured.iter().map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect();
    text.extend(cursor.map(|c| format!("_cursor={c}")));
    let separator = if text.is_empty() { "" } else { "?" };
    format!("{}/{path}/_history{separator}{}", gateway.settings.base, text.join("&"))
}
