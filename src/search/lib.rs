//! Search: parameters, plans and a boundary become SQL.
//!
//! Knows search parameters, [`Plan`]s with their sources, and boundaries as data. Must not know HTTP, a database crate,
//! nor who the caller is: what comes in is [`Narrowed`], and what goes out is a [`Narrowed`] statement with the boundary
//! inside it as a predicate, on every road to a row.
//!
//! The text of a statement depends on the type, the shape of the question and the shape of the boundary, never on a value.

mod boundary;
mod branch;
mod care;
mod condition;
mod history;
mod include;
mod order;
mod page;
mod predicate;
#[cfg(test)]
mod proof;
mod read;
mod sql;
mod way;

pub use history::{COLUMN_OP, COLUMN_SEQ, Versions, versions};
pub use include::{Includes, OnPage, include};
pub use order::Cursor;
pub use read::{Read, living, read};

use crate::boundary::Limits;
use crate::condition::Env;
use crate::order::{Key, Order};
use crate::sql::Binds;
use hearthgate_access::{Interaction, Narrowed, Target};
use hearthgate_fhir::query::{Modifier, Problem, Query};
use hearthgate_mapping::{Mappings, Plan, Statement};

/// The columns of [`Statement`]'s contract; behind them stands `rid`, the resource's number in `gw_resources`.
pub const COLUMN_RID: usize = 8;

/// What statements are made with.
pub struct Context<'c> {
    plans: &'c [Plan],
    digest: &'c str,
    now: i64,
    blind: &'c dyn Fn(&str, &str) -> String,
}

impl<'c> Context<'c> {
    /// `now` is ms since 1970 UTC, for approximate dates. `blind` marks a text for the blind index of a field: `table.column`, or in the
    /// generated index `Type.parameter`; the text is a value in its normal form
    /// ([`hearthgate_mapping::index::blind_normal`]), or a system, `|` and such a value.
    pub fn new(mappings: &'c Mappings, now: i64, blind: &'c dyn Fn(&str, &str) -> String) -> Self {
        Self { plans: &mappings.plans, digest: &mappings.digest, now, blind }
    }

    fn of_type(&self, resource: &str) -> impl Iterator<Item = &'c Plan> {
        self.plans.iter().filter(move |plan| plan.resource == resource)
    }
}

/// A search over one type.
#[derive(Clone, Debug)]
pub struct Search {
    /// The type.
    pub resource: &'static str,
    /// What is asked.
    pub query: Query,
    /// Results on a page.
    pub count: u32,
    /// The last result of the page before.
    pub after: Option<Cursor>,
    /// The number of all matches is wanted.
    pub total: bool,
}

impl Target for Search {
    fn resource_type(&self) -> &str {
        self.resource
    }

    fn interaction(&self) -> Interaction {
        Interaction::Search
    }
}

/// The statements of one page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Resource rows in their order, one more than asked for where there is a next page; behind `rid` stand the columns of a [`Cursor`].
    pub rows: Statement,
    /// One row, one column: how many resources match.
    pub total: Option<Statement>,
}

/// A search as statements (<https://hl7.org/fhir/R4/search.html>).
///
/// # Errors
/// A [`Problem`] where the query asks for what is not supported, or the cursor belongs to another query.
pub fn search(search: Narrowed<Search>, context: &Context<'_>) -> Result<Narrowed<Page>, Problem> {
    search.try_map(|search, boundary| page(&search, Limits::of(boundary), context))
}

fn page(search: &Search, limits: Limits<'_>, context: &Context<'_>) -> Result<Page, Problem> {
    let query = &search.query;
    if let Some(parameter) = query.parameters.iter().find(|parameter| parameter.modifier == Some(Modifier::OfType) && parameter.code != "identifier") {
        return Err(Problem::NotSupported {
            parameter: parameter.raw.0.clone(),
            wrong: "the modifier is for `identifier` alone".to_owned(),
            mend: "search by system|code".to_owned(),
        });
    }
    if let Some(parameter) = query.parameters.iter().find(|parameter| predicate::compared(parameter) > MOST_COMPARED) {
        return Err(Problem::TooCostly {
            parameter: parameter.raw.0.clone(),
            wrong: format!("the parameter has more than {MOST_COMPARED} values that are compared one by one"),
            mend: "ask in several queries".to_owned(),
        });
    }
    let plans: Vec<&Plan> = context.of_type(search.resource).collect();
    let natural = order::natural(&plans, &query.parameters, &query.sort);
    let first = natural.iter().map(|sort| Key { sort, matching: true });
    let rest = query.sort.iter().skip(usize::from(natural.is_some())).map(|sort| Key { sort, matching: false });
    let keys: Vec<Key<'_>> = first.chain(rest).collect();
    if let Some(cursor) = &search.after
        && !cursor.fits(keys.len())
    {
        return Err(Problem::Value {
            parameter: "_cursor".to_owned(),
            wrong: "the cursor belongs to another search".to_owned(),
            mend: "follow the links of the pages, or begin anew without it".to_owned(),
        });
    }
    let asked = page::Search {
        plans,
        parameters: &query.parameters,
        order: Order { keys, after: search.after.as_ref() },
        limits,
        rows: search.count.saturating_add(1),
    };
    let mut env = Env::new(context);
    let rows = match asked.page(&mut env) {
        Some((with, page)) => {
            let names: String = (0..asked.order.keys.len()).map(|at| format!("c.k{at}, ")).collect();
            let digest = env.binds.text(context.digest);
            format!(
                "{with}SELECT {RESOURCE}, {names}c.o, c.n FROM ({page}) c CROSS JOIN gw_resources r ON r.rid = c.rid {} ORDER BY {}",
                rendered(&digest),
                asked.order.by("c.")
            )
        }
        None => NOTHING.to_owned(),
    };
    let rows = statement(rows, env.binds);
    let total = search.total.then(|| {
        let mut env = Env::new(context);
        let text = asked.count(&mut env);
        statement(text, env.binds)
    });
    Ok(Page { rows, total })
}

/// Values of one parameter that stand in the text one by one: preparing it takes SQLite time that grows with their square.
/// Ids, references and codes of one system stand in a list and are not counted.
const MOST_COMPARED: usize = 64;

/// The first columns of a statement that answers resources, of the resource `r` and its rendered bytes `d`.
const RESOURCE: &str = "r.plan, r.row, r.type, r.id, r.version, r.at AS updated, r.deleted, d.bytes AS rendered, r.rid";
/// A statement that answers no resource.
const NOTHING: &str = "SELECT r.plan, r.row, r.type, r.id, r.version, r.at, r.deleted, NULL, r.rid, 0, 0 FROM gw_resources r WHERE 0";

/// The same without the columns of a cursor.
const NOTHING_BARE: &str = "SELECT r.plan, r.row, r.type, r.id, r.version, r.at, r.deleted, NULL, r.rid FROM gw_resources r WHERE 0";

/// The rendered bytes of the resource `r`, where they are those of its newest version by these mappings.
fn rendered(digest: &str) -> String {
    format!("LEFT JOIN gw_rendered d ON d.rid = r.rid AND d.version = r.version AND d.digest = {digest}")
}

fn statement(text: String, binds: Binds) -> Statement {
    let mut parameters = binds.into_values();
    parameters.truncate(sql::highest(&text));
    Statement { sql: text.into(), parameters, as_of: None, tables: Vec::new() }
}
