//! Versions: vread and history (<https://hl7.org/fhir/R4/http.html#history>, `#vread`).
//!
//! An old version is visible to whoever may see both its own content and the resource's newest. Its own content is judged
//! by the clinic's columns and the generated compartments as they were, in the shadow tables. What is kept only for the newest
//! version (labels, values that granular scopes filter by) cannot be judged of an older one, which then stays hidden from callers
//! whose boundary turns on it.

use crate::boundary::Limits;
use crate::condition::Env;
use crate::read::visible;
use crate::sql::{NEVER, all, any, literal, name, quoted};
use crate::{Context, statement};
use hearthgate_access::{Interaction, Narrowed, Target};
use hearthgate_mapping::Statement;
use hearthgate_mapping::plan::{Plan, PlanKind};

/// The column of a version's sequence number, behind [`crate::COLUMN_RID`]: what its content is to be read as of.
/// The version's `op` follows.
pub const COLUMN_SEQ: usize = 9;

/// The column behind it: `create`, `put` (a creation under an id that the client chose), `update` or `delete`.
pub const COLUMN_OP: usize = 10;

/// Versions of a resource, or of all resources of a type, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// The type.
    pub resource: &'static str,
    /// Of this resource alone.
    pub id: Option<String>,
    /// This version alone.
    pub version: Option<i64>,
    /// Made at or after this time, ms since 1970 UTC.
    pub since: Option<i64>,
    /// The newest at some moment of this time: from, inside, to, outside (`_at`).
    pub at: Option<(i64, i64)>,
    /// With a sequence number below this one: the last of the page before.
    pub before: Option<i64>,
    /// Versions on a page; one more is answered where there is a next page.
    pub count: u32,
}

impl Target for Versions {
    fn resource_type(&self) -> &str {
        self.resource
    }

    fn interaction(&self) -> Interaction {
        match (&self.id, self.version) {
            (Some(_), Some(_)) => Interaction::Vread,
            (Some(_), None) => Interaction::HistoryInstance,
            (None, _) => Interaction::HistoryType,
        }
    }
}

/// The versions, as values: rows of [`Statement`]'s contract with `version`, `updated` and `deleted` of the version, `row` the row it had then,
/// `rendered` always NULL, then `rid`, `seq`, `op`. The content of each is to be read as of its `seq`.
#[must_use]
pub fn versions(versions: Narrowed<Versions>, context: &Context<'_>) -> Narrowed<Statement> {
    versions.map(|versions, boundary| listed(&versions, Limits::of(boundary), context))
}

pub(crate) fn listed(asked: &Versions, limits: Limits<'_>, context: &Context<'_>) -> Statement {
    let mut env = Env::new(context);
    let mut which = vec![format!("v.type = {}", quoted(asked.resource))];
    if let Some(id) = &asked.id {
        which.push(format!("v.id = {}", env.binds.text(id)));
    }
    if let Some(version) = asked.version {
        which.push(format!("v.version = {}", env.binds.integer(version)));
    }
    if let Some(since) = asked.since {
        which.push(format!("v.at >= {}", env.binds.integer(since)));
    }
    if let Some((from, to)) = asked.at {
        which.push(format!(
            "v.at < {} AND NOT EXISTS (SELECT 1 FROM gw_versions w WHERE w.type = v.type AND w.id = v.id AND w.version = v.version + 1 AND w.at <= {})",
            env.binds.integer(to),
            env.binds.integer(from)
        ));
    }
    if let Some(before) = asked.before {
        which.push(format!("v.seq < {}", env.binds.integer(before)));
    }
    let plans: Vec<&Plan> = context.of_type(asked.resource).collect();
    let newest = visible(&mut env, &plans, limits);
    let limit = env.binds.integer(i64::from(asked.count) + 1);
    let mut arms = Vec::new();
    for plan in &plans {
        for era in [Era::Live, Era::Past] {
            if let Some((row, place, own)) = content(&mut env, plan, limits, era) {
                let conditions = all([which.join(" AND "), "r.type = v.type AND r.id = v.id".to_owned(), place, newest.clone(), own]);
                if conditions != NEVER {
                    arms.push(format!(
                        "SELECT * FROM (SELECT {} AS plan, {row} AS row, v.type AS type, v.id AS id, v.version AS version, v.at AS updated, v.op = 'delete' AS deleted, NULL AS rendered, r.rid AS rid, v.seq AS seq, CASE WHEN v.named THEN 'put' ELSE v.op END AS op FROM gw_versions v CROSS JOIN gw_resources r{} WHERE {conditions} ORDER BY v.seq DESC LIMIT {limit})",
                        quoted(&plan.name),
                        era.from(plan)
                    ));
                }
            }
        }
    }
    let text = match arms.is_empty() {
        true => "SELECT NULL, 0, type, id, version, at, 0, NULL, 0, seq, op FROM gw_versions WHERE 0".to_owned(),
        false => format!("SELECT * FROM ({}) ORDER BY seq DESC LIMIT {limit}", arms.join(" UNION ALL ")),
    };
    statement(text, env.binds)
}

/// The sequence number whose content a version shows: a deletion shows what was there before it.
///
/// That is the version before, not the sequence number before: one statement may end several resources, each with a number of its own.
pub(crate) const SHOWN: &str = "(CASE v.op WHEN 'delete' THEN coalesce((SELECT w.seq FROM gw_versions w WHERE w.type = v.type AND w.id = v.id AND w.version = v.version - 1), v.seq - 1) ELSE v.seq END)";

/// Where the row of a version is found.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Era {
    /// In the table.
    Live,
    /// In its shadow.
    Past,
}

impl Era {
    fn from(self, plan: &Plan) -> String {
        match (&plan.kind, self) {
            (PlanKind::Group { .. }, _) => String::new(),
            (_, Self::Live) => format!(" CROSS JOIN {} e", name(&plan.table.table)),
            (_, Self::Past) => format!(" CROSS JOIN {} e", name(&format!("gw_h_{}", plan.table.table))),
        }
    }

    /// That the row with the alias was there as of a sequence number.
    pub(crate) fn was_there(self, alias: &str, seq: &str) -> String {
        match self {
            Self::Live => format!("{alias}.gw_seq <= {seq}"),
            Self::Past => format!("{alias}.gw_from <= {seq} AND {alias}.gw_to > {seq}"),
        }
    }
}

/// The row number of a version's content, the conditions that find it, and that it is inside the boundary.
fn content(env: &mut Env<'_>, plan: &Plan, limits: Limits<'_>, era: Era) -> Option<(String, String, String)> {
    let current = "(v.seq = r.seq AND r.deleted = 0)".to_owned();
    if let PlanKind::Group { .. } = plan.kind {
        // A group's members are gathered by the row it is named by, which does not change.
        let place = format!("r.plan = {}", quoted(&plan.name));
        let own = any([current, limits.check_group_version(env, plan)]);
        return (era == Era::Live).then(|| ("r.row".to_owned(), place, own));
    }
    let mut place = vec![format!("e.{} = v.id", name(&plan.id_column)), era.was_there("e", SHOWN)];
    place.extend(plan.table.filter.iter().map(|(column, value)| format!("e.{} = {}", name(column), literal(value))));
    let own = limits.check_version(env, plan);
    Some(("e.id".to_owned(), place.join(" AND "), any([current, own])))
}
