//! search (<https://hl7.org/fhir/R4/http.html#search>): a page of a searchset.

use super::answer::Answer;
use super::bundle::{Entry, bundle};
use super::cursor;
use super::fault::Fault;
use super::gateway::Gateway;
use super::include;
use super::subset::Subset;
use super::veil::veil;
use hearthgate_access::Caller;
use hearthgate_fhir::query::{Query, Summary, Total, encode, form_pairs};
use hearthgate_mapping::Sql;
use hearthgate_search::{Search, search as statements};
use hearthgate_store::Stored;
use hearthgate_typed::{Issue, operation_outcome};
use http::StatusCode;

/// `GET /Type?…` and `POST /Type/_search`
pub async fn search(gateway: &Gateway, caller: &Caller, resource: &'static str, pairs: &[(String, String)], strict: bool) -> Result<Answer, Fault> {
    caller.rule(resource, hearthgate_access::Interaction::Search)?;
    let mut query = gateway.parse_query(caller, resource, pairs)?;
    query.count = query.count.map(|count| count.min(gateway.settings.page_limit));
    if strict && let Some((name, why)) = query.ignored.first() {
        return Err(Fault::bad("not-supported", format!("`{name}`: {why}. Leave it out, or ask with `Prefer: handling=lenient`.")));
    }
    let counting = query.summary == Summary::Count;
    let count = query.count.unwrap_or(gateway.settings.page).clamp(1, gateway.settings.page_limit);
    let after = query.cursor.as_deref().map(|text| cursor::open(gateway, caller, resource, &query, text)).transpose()?;
    let first = after.is_none();
    let veiled = veil(gateway, caller, resource, query.clone()).await?;
    let asked = Search { resource, query: veiled, count, after, total: counting || query.total != Total::None };
    let narrowed = caller.narrow(asked)?;
    let page = gateway.with_context(|context| statements(narrowed, context))?;
    let mut total = match &page.target().total {
        Some(_) => Some(count_of(&gateway.store.rows_of(&page, |page| page.total.as_ref().unwrap_or(&page.rows)).await?)),
        None => None,
    };
    if counting {
        return Ok(Answer::json(StatusCode::OK, bundle("searchset", total, &[("self", self_link(gateway, resource, &query, None))], &[])));
    }
    let mut found = gateway.store.page_of(&page, |page| &page.rows).await?;
    let more = found.len() > count as usize;
    found.truncate(count as usize);
    if first && !more && total.is_none() {
        total = Some(found.len() as u64);
    }
    let mut links = vec![("self", self_link(gateway, resource, &query, query.cursor.as_deref()))];
    if more && let Some(last) = found.last() {
        let sealed = cursor::seal(gateway, caller, resource, &query, &last.extra);
        links.push(("next", self_link(gateway, resource, &query, Some(&sealed))));
    }
    let subset = Subset::of(&query);
    let mut patients = Vec::new();
    let mut entries: Vec<Entry> = Vec::with_capacity(found.len());
    for stored in &found {
        entries.push(entry(gateway, caller, stored, "match", &subset, &mut patients));
    }
    for stored in include::include(gateway, caller, resource, &query, &found).await? {
        entries.push(entry(gateway, caller, &stored, "include", &subset, &mut patients));
    }
    if !query.ignored.is_empty() {
        entries.push(ignored(&query));
    }
    let mut answer = Answer::json(StatusCode::OK, bundle("searchset", total, &links, &entries));
    answer.patients = patients;
    Ok(answer)
}

fn count_of(rows: &[Vec<Sql>]) -> u64 {
    match rows.first().and_then(|row| row.first()) {
        Some(Sql::Integer(count)) => u64::try_from(*count).unwrap_or(0),
        _ => 0,
    }
}

fn entry(gateway: &Gateway, caller: &Caller, stored: &Stored, mode: &'static str, subset: &Subset, patients: &mut Vec<String>) -> Entry {
    let (body, named) = gateway.present(caller, &stored.resource_type, stored);
    for patient in named {
        if !patients.contains(&patient) {
            patients.push(patient);
        }
    }
    Entry {
        full_url: Some(format!("{}/{}/{}", gateway.settings.base, stored.resource_type, stored.id)),
        resource: Some(subset.apply(&stored.resource_type, &body)),
        mode: Some(mode),
        ..Entry::default()
    }
}

fn ignored(query: &Query) -> Entry {
    let issues: Vec<Issue> = query
        .ignored
        .iter()
        .map(|(name, why)| Issue { severity: "warning", code: "not-supported", diagnostics: format!("`{}` was ignored: {why}.", name.chars().take(64).collect::<String>()), expression: vec![] })
        .collect();
    // Every entry has a fullUrl; this one is always the same, so that equal questions have equal answers.
    let full_url = Some("urn:uuid:5f0d3e4a-8f5b-4e0e-9a53-0c7a8f6c2b11".to_owned());
    Entry { full_url, resource: Some(operation_outcome(&issues).into()), mode: Some("outcome"), ..Entry::default() }
}

/// The URL of the page as it was understood: what had no effect is missing from it.
fn self_link(gateway: &Gateway, resource: &str, query: &Query, cursor: Option<&str>) -> String {
    // Our own text reads back without a problem.
    let mut pairs = form_pairs(&query.self_query()).unwrap_or_default();
    pairs.retain(|(name, _)| name != "_cursor");
    if let Some(cursor) = cursor {
        pairs.push(("_cursor".to_owned(), cursor.to_owned()));
    }
    let text: Vec<String> = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let separator = if text.is_empty() { "" } else { "?" };
    format!("{}/{resource}{separator}{}", gateway.settings.base, text.join("&"))
}
