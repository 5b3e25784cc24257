//! A plan with everything that a search asks of it.

use crate::condition::Env;
use crate::order::{self, Valued};
use crate::page::Search;
use crate::predicate::{Predicate, Rank};
use crate::sql::{NEVER, all};
use hearthgate_mapping::plan::Plan;

/// A plan with everything asked of it.
pub(crate) struct Branch<'b> {
    pub(crate) plan: &'b Plan,
    pub(crate) ordinal: usize,
    pub(crate) predicates: Vec<Predicate>,
    /// What every resource is checked for beside its parameters.
    pub(crate) boundary: String,
    /// For each key its rows.
    pub(crate) keys: Vec<Vec<Valued>>,
}

impl<'b> Branch<'b> {
    /// `None` where nothing of the plan can be found.
    pub(crate) fn new(env: &mut Env<'_>, search: &Search<'_>, plan: &'b Plan, ordinal: usize) -> Option<Self> {
        let predicates: Vec<Predicate> = search.parameters.iter().flat_map(|parameter| Predicate::all(env, plan, parameter)).collect();
        let boundary = search.limits.check(env, plan);
        if boundary == NEVER || predicates.iter().any(Predicate::impossible) {
            return None;
        }
        let keys = search.order.keys.iter().map(|key| order::valued(plan, key, &predicates)).collect();
        Some(Self { plan, ordinal, predicates, boundary, keys })
    }

    /// All that a resource must fulfil, but for the parameter that a road begins with.
    pub(crate) fn checks(&self, but: Option<usize>) -> String {
        let parameters = self.predicates.iter().enumerate().filter(|(at, _)| Some(*at) != but).map(|(_, p)| p.check());
        all(parameters.chain([self.boundary.clone()]).collect::<Vec<_>>())
    }

    /// The parameter that leaves the fewest, if an index finds them.
    pub(crate) fn best(&self) -> Option<usize> {
        let found = self.predicates.iter().enumerate().min_by_key(|(_, predicate)| predicate.rank)?;
        (found.1.rank < Rank::Scan).then_some(found.0)
    }
}
