//! `_include` and `_revinclude` (<https://hl7.org/fhir/R4/search.html#include>): each included resource is narrowed by its own type's rule.

use super::fault::Fault;
use super::gateway::Gateway;
use hearthgate_access::Caller;
use hearthgate_fhir::query::{Include, Query};
use hearthgate_fhir::r4;
use hearthgate_mapping::Sql;
use hearthgate_search::{Includes, OnPage, include as statement};
use hearthgate_store::{Stored, is_cut};

/// Rounds of `:iterate` at most.
const ROUNDS: usize = 5;
/// Resources that may come along with one page.
const MOST: usize = 1000;

/// What comes along with a page.
#[derive(Default)]
pub(super) struct Along {
    /// The resources.
    pub found: Vec<Stored>,
    /// More would have come than may.
    pub cut: bool,
}

/// What comes along with a page.
pub(super) async fn include(gateway: &Gateway, caller: &Caller, resource: &'static str, query: &Query, page: &[Stored]) -> Result<Along, Fault> {
    let mut along = Along::default();
    if query.include.is_empty() || page.is_empty() {
        return Ok(along);
    }
    let mut known: Vec<i64> = page.iter().filter_map(number).collect();
    let mut from: Vec<OnPage> = page.iter().filter_map(on_page).collect();
    let mut asked: Vec<Include> = query.include.clone();
    for _ in 0..ROUNDS {
        if asked.is_empty() || from.is_empty() || along.cut {
            return Ok(along);
        }
        let left = MOST.saturating_sub(along.found.len());
        let limit = u32::try_from(left + 1).unwrap_or(u32::MAX);
        let question = Includes { resource, include: asked, page: from, known: known.clone(), limit };
        let narrowed = caller.narrow(question)?;
        let statement = gateway.with_context(|context| statement(narrowed, context));
        let mut found = gateway.store.page(statement).await?;
        along.cut = found.len() > left || is_cut(&found);
        found.truncate(left);
        known.extend(found.iter().filter_map(number));
        from = found.iter().filter_map(on_page).collect();
        along.found.extend(found);
        along.cut |= is_cut(&along.found);
        asked = query.include.iter().filter(|include| include.iterate).cloned().collect();
    }
    // What the last round found may lead further.
    along.cut |= !asked.is_empty() && !from.is_empty();
    Ok(along)
}

/// The resource's number, behind the columns of a resource.
fn number(stored: &Stored) -> Option<i64> {
    match stored.extra.first() {
        Some(Sql::Integer(rid)) => Some(*rid),
        _ => None,
    }
}

fn on_page(stored: &Stored) -> Option<OnPage> {
    Some(OnPage { resource: r4::type_named(&stored.resource_type)?, id: stored.id.clone(), rid: number(stored)? })
}
