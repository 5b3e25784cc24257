//! Reading one resource: one indexed look-up with the boundary inside it, for the living and for tombstones
//! (<https://hl7.org/fhir/R4/http.html#read>).

use crate::boundary::Limits;
use crate::condition::Env;
use crate::sql::{NEVER, all, any, quoted};
use crate::{Context, RESOURCE, rendered, statement};
use hearthgate_access::{Interaction, Narrowed, Target};
use hearthgate_mapping::{Plan, Statement};

/// The current version of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The type.
    pub resource: &'static str,
    /// The logical id.
    pub id: String,
}

impl Target for Read {
    fn resource_type(&self) -> &str {
        self.resource
    }

    fn interaction(&self) -> Interaction {
        Interaction::Read
    }
}

/// The resource, if it lives and is inside the boundary: one row or none.
#[must_use]
pub fn read(read: Narrowed<Read>, context: &Context<'_>) -> Narrowed<Statement> {
    read.map(|read, boundary| living(&read, Limits::of(boundary), context))
}

/// The tombstone of a deleted resource, if the last version was inside the boundary: one row with `deleted` 1, or none.
#[must_use]
pub fn tombstone(read: Narrowed<Read>, context: &Context<'_>) -> Narrowed<Statement> {
    read.map(|read, boundary| dead(&read, Limits::of(boundary), context))
}

pub(crate) fn living(read: &Read, limits: Limits<'_>, context: &Context<'_>) -> Statement {
    let mut env = Env::new(context);
    let id = env.binds.text(&read.id);
    let digest = env.binds.text(context.digest);
    let plans: Vec<&Plan> = context.of_type(read.resource).collect();
    let inside = inside(&mut env, &plans, limits);
    let text = format!(
        "SELECT {RESOURCE} FROM gw_resources r {} WHERE r.type = {} AND r.id = {id} AND r.deleted = 0 AND {inside}",
        rendered(&digest),
        quoted(read.resource)
    );
    statement(text, env.binds)
}

pub(crate) fn dead(read: &Read, limits: Limits<'_>, context: &Context<'_>) -> Statement {
    let mut env = Env::new(context);
    let id = env.binds.text(&read.id);
    let plans: Vec<&Plan> = context.of_type(read.resource).collect();
    let was_inside = was_inside(&mut env, &plans, limits);
    let text = format!(
        "SELECT r.plan, r.row, r.type, r.id, r.version, r.at AS updated, r.deleted, NULL AS rendered, r.rid FROM gw_resources r WHERE r.type = {} AND r.id = {id} AND r.deleted = 1 AND {was_inside}",
        quoted(read.resource)
    );
    statement(text, env.binds)
}

/// That the living resource `r` is inside, whichever plan it is of.
pub(crate) fn inside(env: &mut Env<'_>, plans: &[&Plan], limits: Limits<'_>) -> String {
    any(plans.iter().map(|plan| of_plan(plan, limits.check(env, plan))).collect::<Vec<_>>())
}

/// That the last content of the deleted resource `r` was inside.
pub(crate) fn was_inside(env: &mut Env<'_>, plans: &[&Plan], limits: Limits<'_>) -> String {
    any(plans.iter().map(|plan| of_plan(plan, limits.check_tombstone(env, plan))).collect::<Vec<_>>())
}

fn of_plan(plan: &Plan, check: String) -> String {
    if check == NEVER { check } else { format!("({})", all([format!("+r.plan = {}", quoted(&plan.name)), check])) }
}
