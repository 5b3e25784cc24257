//! Reading one resource: one indexed look-up with the boundary inside it, for the living and for tombstones
//! (<https://hl7.org/fhir/R4/http.html#read>).

use crate::boundary::Limits;
use crate::condition::Env;
use crate::sql::{NEVER, all, any, quoted};
use crate::{Context, RESOURCE, rendered, statement};
use hearthgate_access::{Interaction, Narrowed, Target, TypeRule};
use hearthgate_mapping::{Plan, Sql, Statement};
use std::cell::RefCell;
use std::collections::VecDeque;

/// The current version of one resource, to be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The type.
    pub resource: &'static str,
    /// The logical id.
    pub id: String,
    /// What it is wanted for: the boundary of an update is that of updates.
    pub interaction: Interaction,
}

impl Target for Read {
    fn resource_type(&self) -> &str {
        self.resource
    }

    fn interaction(&self) -> Interaction {
        self.interaction
    }
}

/// The resource, if it is inside the boundary: one row or none. Of a deleted one the tombstone, with `deleted` 1, if its last
/// version was inside.
#[must_use]
pub fn read(read: Narrowed<Read>, context: &Context<'_>) -> Narrowed<Statement> {
    read.map(|read, boundary| known(&read, Limits::of(boundary), Of::All, context))
}

/// The resource, if it lives and is inside the boundary: one row or none. It is what nearly every reader asks for, and takes a third
/// less than [`read`], which answers the dead, too.
#[must_use]
pub fn living(read: Narrowed<Read>, context: &Context<'_>) -> Narrowed<Statement> {
    read.map(|read, boundary| known(&read, Limits::of(boundary), Of::Living, context))
}

/// Which resources a statement answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Living,
    /// And of the dead their tombstones.
    All,
}

/// How many statements a thread remembers.
const REMEMBERED: usize = 128;

/// A statement made before.
struct Made {
    resource: &'static str,
    of: Of,
    rule: TypeRule,
    digest: String,
    statement: Statement,
}

thread_local! {
    static MADE: RefCell<VecDeque<Made>> = const { RefCell::new(VecDeque::new()) };
}

/// As [`one`]. The statement for the same type and the same boundary with another id was made before: making its text costs as much
/// as running it.
fn known(read: &Read, limits: Limits<'_>, of: Of, context: &Context<'_>) -> Statement {
    // Filters and labels may turn on the time; nothing else does.
    if !limits.is_plain() {
        return one(read, limits, of, context);
    }
    let rule = limits.rule();
    MADE.with_borrow_mut(|made| {
        let same = |made: &Made| std::ptr::eq(made.resource, read.resource) && made.of == of && made.rule == *rule && made.digest == context.digest;
        if let Some(at) = made.iter().position(same) {
            let mut statement = made[at].statement.clone();
            statement.parameters[ID] = Sql::Text(read.id.clone());
            return statement;
        }
        let statement = one(read, limits, of, context);
        if made.len() >= REMEMBERED {
            made.pop_front();
        }
        made.push_back(Made { resource: read.resource, of, rule: rule.clone(), digest: context.digest.to_owned(), statement: statement.clone() });
        statement
    })
}

/// Where the id stands among the parameters of [`one`].
const ID: usize = 0;

pub(crate) fn one(read: &Read, limits: Limits<'_>, of: Of, context: &Context<'_>) -> Statement {
    let mut env = Env::new(context);
    let id = env.binds.text(&read.id);
    let digest = env.binds.text(context.digest);
    let plans: Vec<&Plan> = context.of_type(read.resource).collect();
    let visible = match of {
        Of::Living => format!("r.deleted = 0 AND {}", inside(&mut env, &plans, limits)),
        Of::All => visible(&mut env, &plans, limits),
    };
    let text = format!("SELECT {RESOURCE} FROM gw_resources r {} WHERE r.type = {} AND r.id = {id} AND {visible}", rendered(&digest), quoted(read.resource));
    statement(text, env.binds)
}

/// That the newest version of the resource `r` is inside, be it alive or dead.
pub(crate) fn visible(env: &mut Env<'_>, plans: &[&Plan], limits: Limits<'_>) -> String {
    let living = inside(env, plans, limits);
    let dead = was_inside(env, plans, limits);
    format!("CASE r.deleted WHEN 0 THEN {living} ELSE {dead} END")
}

/// That the living resource `r` is inside, whichever plan it is of.
fn inside(env: &mut Env<'_>, plans: &[&Plan], limits: Limits<'_>) -> String {
    any(plans.iter().map(|plan| of_plan(plan, limits.check(env, plan))).collect::<Vec<_>>())
}

/// That the last content of the deleted resource `r` was inside.
fn was_inside(env: &mut Env<'_>, plans: &[&Plan], limits: Limits<'_>) -> String {
    any(plans.iter().map(|plan| of_plan(plan, limits.check_tombstone(env, plan))).collect::<Vec<_>>())
}

fn of_plan(plan: &Plan, check: String) -> String {
    if check == NEVER { check } else { format!("({})", all([format!("+r.plan = {}", quoted(&plan.name)), check])) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::world::World;
    use hearthgate_access::{Patients, Reach};

    #[test]
    fn a_remembered_statement_is_the_one_that_would_be_made() {
        let world = World::new();
        let context = world.context();
        let patients = ["p0", "p1"].map(|p| Patients::Compartment(p.to_owned()));
        let doctors = ["d0", "d1"].map(|d| Patients::CareOf(d.to_owned()));
        for _ in 0..2 {
            for patients in patients.iter().chain(&doctors).chain([&Patients::All]) {
                let rule = TypeRule { reach: vec![Reach { patients: patients.clone(), filters: vec![] }] };
                for (resource, id) in [("Patient", "p0"), ("Patient", "p1"), ("MedicationRequest", "m0"), ("MedicationRequest", "p0")] {
                    let read = Read { resource, id: id.to_owned(), interaction: Interaction::Read };
                    let limits = Limits::new(&rule, &[]);
                    for of in [Of::Living, Of::All] {
                        assert_eq!(known(&read, limits, of, &context), one(&read, limits, of, &context));
                    }
                }
            }
        }
    }
}
