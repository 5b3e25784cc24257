//! Mistakes in mapping files, and the checks that look at a whole plan or at several.

mod agree;
mod coding;
pub(crate) mod near;
pub(crate) mod probe;
pub(crate) mod required;
mod walk;

pub(crate) use near::near;

use crate::compile::Context;
use crate::plan::Plan;
use std::collections::BTreeMap;
use std::fmt;

/// One mistake, where it stands and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file, relative to the mappings folder.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Mistake {
    pub(crate) fn new(file: &str, line: usize, message: String) -> Self {
        Self { file: file.to_owned(), line, message }
    }

    pub(crate) fn at_toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map_or(1, |span| crate::file::line_of(text, span.start));
        Self::new(file, line, error.message().to_owned())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mappings/{}:{}: {}", self.file, self.line, self.message)
    }
}

/// What only shows when all plans are there.
pub(crate) fn plans(plans: &mut [Plan], context: &Context<'_>, mistakes: &mut Vec<Mistake>) {
    claims(plans, mistakes);
    agree::columns(plans, mistakes);
    coding::tables(plans, &context.codes, mistakes);
    for plan in plans {
        plan.beyond = probe::parameters(plan, mistakes);
    }
}

/// The claims of a type must not overlap, and one file takes the rest.
fn claims(plans: &[Plan], mistakes: &mut Vec<Mistake>) {
    let mut by_type: BTreeMap<&str, Vec<&Plan>> = BTreeMap::new();
    for plan in plans.iter().filter(|p| !p.readonly && p.app_state.is_none()) {
        by_type.entry(plan.resource).or_default().push(plan);
    }
    for (resource, plans) in by_type {
        let rest: Vec<_> = plans.iter().filter(|p| p.claims.is_empty()).collect();
        let file = |p: &Plan| format!("{}.toml", p.name);
        match rest.as_slice() {
            [] => {
                mistakes.push(Mistake::new(&file(plans[0]), 1, format!("no file takes the {resource} resources that none claims: leave `claims` out in one")))
            }
            [_] => {}
            [_, more @ ..] => {
                for plan in more {
                    mistakes.push(Mistake::new(&file(plan), 1, format!("`{}` already takes every {resource} that none claims", file(rest[0]))));
                }
            }
        }
        for (i, a) in plans.iter().enumerate() {
            for b in &plans[i + 1..] {
                if a.claims.is_empty() || b.claims.is_empty() {
                    continue;
                }
                // Two files are apart only if a token parameter that can hold one value tells them apart: shared codes overlap.
                let apart = a.claims.iter().any(|ca| b.claims.iter().any(|cb| ca.parameter == cb.parameter && !ca.codes.iter().any(|c| cb.codes.contains(c))));
                if !apart {
                    mistakes.push(Mistake::new(&file(b), 1, format!("its claims overlap those of `{}`", file(a))));
                }
            }
        }
    }
}
