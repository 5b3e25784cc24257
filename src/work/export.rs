//! `hearthgate export`: the whole record, or some types of it, as NDJSON, by the ordinary way of searching, as the named internal
//! caller `Export`.

use super::event;
use crate::ops::control::Console;
use crate::ops::instance::Instance;
use hearthgate_access::{Caller, InternalCaller};
use hearthgate_fhir::{date, r4};
use hearthgate_import::NdjsonFolder;
use hearthgate_search::{Cursor, Search, search};
use hearthgate_store::{Stored, is_cut};
use std::path::Path;
use tokio::runtime::Handle;

/// Resources that are read at once.
const PAGE: u32 = 200;

/// Writes one file a type; nothing has its name before all are complete.
pub(super) fn run(
    folder: &Path,
    types: &[String],
    since: Option<String>,
    instance: &Instance,
    runtime: &Handle,
    console: &mut dyn Console,
) -> Result<u8, String> {
    if let Some(text) = since.as_deref().filter(|text| !date::is_instant(text)) {
        return Err(format!("--since {text}: an instant, such as 2026-01-31T08:00:00Z"));
    }
    let types = chosen(types, instance)?;
    let mut event = event(instance, "export", None, None, 200);
    event.reason = Some(types.join(" ").chars().take(1024).collect());
    runtime.block_on(instance.gateway.ledger.append(&event)).map_err(|e| e.to_string())?;
    let caller = Caller::internal(InternalCaller::Export, &instance.roles);
    let wrong = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut out = NdjsonFolder::create(folder).map_err(wrong)?;
    for (done, resource) in types.iter().enumerate() {
        console.progress("exporting", (done * 100 / types.len()) as u64);
        let mut after = None;
        loop {
            let mut found = runtime.block_on(page(instance, &caller, resource, since.as_deref(), after.take()))?;
            let more = found.len() > PAGE as usize || is_cut(&found);
            found.truncate(PAGE as usize);
            for stored in found.iter().filter(|stored| !is_told_elsewhere(instance, stored)) {
                out.add(resource, &stored.body).map_err(wrong)?;
            }
            // The number of the resource stands before the columns of the cursor.
            let Some(last) = found.last().filter(|_| more) else { break };
            after = Some(Cursor::of(last.extra.get(1..).unwrap_or_default()));
        }
    }
    for (file, lines) in out.finish().map_err(wrong)? {
        console.out(&format!("{lines:>9}  {}", file.display()));
    }
    Ok(0)
}

/// The types that were named, or all that are served.
fn chosen(types: &[String], instance: &Instance) -> Result<Vec<&'static str>, String> {
    let served = instance.gateway.mappings.types();
    if types.is_empty() {
        return Ok(served.into_iter().collect());
    }
    let one = |name: &String| r4::type_named(name).filter(|known| served.contains(known)).ok_or_else(|| format!("--type {name}: no type that is served here"));
    types.iter().map(one).collect()
}

/// Whether it is a row of another type's once more: the text of a note as a Binary, which the note holds and brings with it.
fn is_told_elsewhere(instance: &Instance, stored: &Stored) -> bool {
    let mappings = &instance.gateway.mappings;
    let Some(own) = mappings.plans.get(stored.plan).filter(|plan| plan.readonly) else { return false };
    mappings.plans.iter().any(|plan| !plan.readonly && plan.resource != own.resource && plan.table.table == own.table.table)
}

/// One page, and one more where there is a next.
async fn page(instance: &Instance, caller: &Caller, resource: &'static str, since: Option<&str>, after: Option<Cursor>) -> Result<Vec<Stored>, String> {
    let gateway = &instance.gateway;
    let pairs: Vec<_> = since.map(|text| ("_lastUpdated".to_owned(), format!("ge{text}"))).into_iter().collect();
    let query = gateway.parse_query(caller, resource, &pairs).map_err(|e| format!("{e:?}"))?;
    let asked = Search { resource, query, count: PAGE, after, total: false };
    let narrowed = caller.narrow(asked).map_err(|denial| denial.to_string())?;
    let page = gateway.with_context(|context| search(narrowed, context)).map_err(|problem| problem.to_string())?;
    gateway.store.page_of(&page, |page| &page.rows).await.map_err(|e| e.to_string())
}
