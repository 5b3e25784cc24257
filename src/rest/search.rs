//! search (<https://hl7.org/fhir/R4/http.html#search>): a page of a searchset.

use super::answer::Answer;
use super::bundle::{Entry, bundle};
use super::cursor;
use super::fault::Fault;
use super::gateway::Gateway;
use super::include::{self, Along};
use super::subset::Subset;
use super::veil::veil;
use hearthgate_access::{Caller, Narrowed};
use hearthgate_fhir::query::{Query, Summary, Total, encode, form_pairs};
use hearthgate_mapping::Sql;
use hearthgate_search::{Page, Search, search as statements};
use hearthgate_store::{Stored, is_cut};
use hearthgate_typed::{Issue, operation_outcome};
use http::StatusCode;

/// Bytes of a page above which presenting it is kept off the threads that serve everybody else.
const LARGE: usize = 4 << 20;

/// `GET /Type?…` and `POST /Type/_search`
pub async fn search(gateway: &Gateway, caller: &Caller, resource: &'static str, pairs: &[(String, String)], strict: bool) -> Result<Answer, Fault> {
    caller.rule(resource, hearthgate_access::Interaction::Search)?;
    let query = asked(gateway, caller, resource, pairs, strict)?;
    let count = query.count.unwrap_or(gateway.settings.page).clamp(1, gateway.settings.page_limit);
    let page = narrowed(gateway, caller, resource, &query, count).await?;
    let mut total = match &page.target().total {
        Some(_) => Some(count_of(&gateway.store.rows_of(&page, |page| page.total.as_ref().unwrap_or(&page.rows)).await?)),
        None => None,
    };
    if query.summary == Summary::Count {
        return Ok(Answer::json(StatusCode::OK, bundle("searchset", total, &[("self", self_link(gateway, resource, &query, None))], &[])));
    }
    let mut found = gateway.store.page_of(&page, |page| &page.rows).await?;
    let more = found.len() > count as usize || is_cut(&found);
    found.truncate(count as usize);
    if query.cursor.is_none() && !more && total.is_none() {
        total = Some(found.len() as u64);
    }
    let links = links(gateway, caller, resource, &query, found.last().filter(|_| more));
    let along = include::include(gateway, caller, resource, &query, &found).await?;
    let present = || presented(gateway, caller, &query, &found, &along);
    let bytes: usize = found.iter().chain(&along.found).map(|stored| stored.body.len()).sum();
    let (entries, patients) = if bytes > LARGE { tokio::task::block_in_place(present) } else { present() };
    let mut answer = Answer::json(StatusCode::OK, bundle("searchset", total, &links, &entries));
    answer.patients = patients;
    Ok(answer)
}

/// The query as it will be obeyed.
fn asked(gateway: &Gateway, caller: &Caller, resource: &str, pairs: &[(String, String)], strict: bool) -> Result<Query, Fault> {
    let mut query = gateway.parse_query(caller, resource, pairs)?;
    query.count = query.count.map(|count| count.min(gateway.settings.page_limit));
    match query.ignored.first().filter(|_| strict) {
        Some((name, why)) => Err(Fault::bad("not-supported", format!("`{name}`: {why}. Leave it out, or ask with `Prefer: handling=lenient`."))),
        None => Ok(query),
    }
}

/// The statements of the page, within the caller's boundary.
async fn narrowed(gateway: &Gateway, caller: &Caller, resource: &'static str, query: &Query, count: u32) -> Result<Narrowed<Page>, Fault> {
    let after = query.cursor.as_deref().map(|text| cursor::open(gateway, caller, resource, query, text)).transpose()?;
    let veiled = veil(gateway, caller, resource, query.clone()).await?;
    let total = query.summary == Summary::Count || query.total != Total::None;
    let narrowed = caller.narrow(Search { resource, query: veiled, count, after, total })?;
    Ok(gateway.with_context(|context| statements(narrowed, context))?)
}

/// `self`, and `next` behind the last result of a page that others follow.
fn links(gateway: &Gateway, caller: &Caller, resource: &str, query: &Query, last: Option<&Stored>) -> Vec<(&'static str, String)> {
    let mut links = vec![("self", self_link(gateway, resource, query, query.cursor.as_deref()))];
    if let Some(last) = last {
        let sealed = cursor::seal(gateway, caller, resource, query, &last.extra);
        links.push(("next", self_link(gateway, resource, query, Some(&sealed))));
    }
    links
}

/// The entries as the caller sees them, and the patients in them.
fn presented(gateway: &Gateway, caller: &Caller, query: &Query, found: &[Stored], along: &Along) -> (Vec<Entry>, Vec<String>) {
    let subset = Subset::of(query);
    let mut patients = Vec::new();
    let all = found.iter().map(|stored| ("match", stored)).chain(along.found.iter().map(|stored| ("include", stored)));
    let mut entries: Vec<Entry> = all.map(|(mode, stored)| entry(gateway, caller, stored, mode, &subset, &mut patients)).collect();
    entries.extend(outcome(query, along.cut));
    (entries, patients)
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

/// What the client should know of the page: what was not obeyed, and that not everything came along.
fn outcome(query: &Query, cut: bool) -> Option<Entry> {
    let warning = |code, diagnostics| Issue { severity: "warning", code, diagnostics, expression: vec![] };
    let ignored = query.ignored.iter().map(|(name, why)| {
        let diagnostics = format!("`{}` was ignored: {why}.", name.chars().take(64).collect::<String>());
        warning("not-supported", diagnostics)
    });
    let mut issues: Vec<Issue> = ignored.collect();
    if cut {
        let diagnostics = "More belongs to the resources of this page than may come along with it, and was left out. Ask for fewer with `_count`, or search for what is missing by itself.";
        issues.push(warning("too-costly", diagnostics.to_owned()));
    }
    if issues.is_empty() {
        return None;
    }
    // Every entry has a fullUrl; this one is always the same, so that equal questions have equal answers.
    let full_url = Some("urn:uuid:5f0d3e4a-8f5b-4e0e-9a53-0c7a8f6c2b11".to_owned());
    Some(Entry { full_url, resource: Some(operation_outcome(&issues).into()), mode: Some("outcome"), ..Entry::default() })
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
