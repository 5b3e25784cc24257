//! A composite parameter over one plan (<https://hl7.org/fhir/R4/search.html#composite>). What must hold of the resource as a whole is
//! asked as the parameters that find what its parts find. What must hold of one of its elements is asked of one row of a child table, or
//! of the entries of the generated index that have one number.

use super::{Part, Predicate, Rank, rank};
use crate::condition::{self, Env};
use crate::sql::{NEVER, all, any, column, is_opaque, of_row, quoted};
use crate::way::Way;
use hearthgate_fhir::query::{Operand, Parameter, Prefix};
use hearthgate_fhir::r4::SearchParameter;
use hearthgate_mapping::composite::{Correlated, Foci, definition, foci};
use hearthgate_mapping::index;
use hearthgate_mapping::plan::Plan;

pub(super) fn predicate(env: &mut Env<'_>, plan: &Plan, parameter: &Parameter) -> Predicate {
    let mut tuples = Vec::new();
    if let (Some(known), Some(foci)) = (index::parameter(plan.resource, &parameter.code), foci(plan.resource, &parameter.code)) {
        for operand in &parameter.values {
            let Operand::Composite(operands) = operand else { continue };
            tuples.extend(one_value(env, plan, known, foci, operands));
        }
    }
    let rank = tuples.iter().filter_map(|tuple| tuple.first()).map(|first| first.rank).max().unwrap_or(Rank::Scan);
    Predicate { code: parameter.code.clone(), parts: Vec::new(), negated: false, rank, plain: false, tuples }
}

/// What may fulfil one value, narrowest part first.
fn one_value(env: &mut Env<'_>, plan: &Plan, known: &SearchParameter, foci: &Foci, operands: &[Operand]) -> Vec<Vec<Predicate>> {
    let mut tuples = Vec::new();
    if let Some(parts) = &foci.whole {
        let asked: Vec<Parameter> = parts.iter().zip(operands).map(|(part, operand)| asked(part, operand)).collect();
        let mut tuple: Vec<(Rank, bool, usize, Predicate)> = Vec::new();
        for (at, part) in asked.iter().enumerate() {
            let predicate = Predicate::new(env, plan, part);
            // Of two that leave some, the later names the value, and an open range leaves more.
            tuple.push((predicate.rank, part.values.iter().any(is_open), usize::MAX - at, predicate));
        }
        tuple.sort_by_key(|(rank, open, at, _)| (*rank, *open, *at));
        let tuple: Vec<Predicate> = tuple.into_iter().map(|(.., predicate)| predicate).collect();
        if !tuple.iter().any(Predicate::impossible) {
            tuples.push(tuple);
        }
    }
    if foci.elements {
        tuples.push(vec![in_element(env, plan, known, operands)]);
    }
    tuples
}

fn asked(part: &SearchParameter, operand: &Operand) -> Parameter {
    Parameter { code: part.code.to_owned(), kind: part.kind, modifier: None, values: vec![operand.clone()], raw: (String::new(), String::new()) }
}

fn is_open(operand: &Operand) -> bool {
    match operand {
        Operand::Quantity { prefix, .. } | Operand::Number { prefix, .. } | Operand::Date { prefix, .. } => *prefix != Prefix::Eq,
        _ => false,
    }
}

fn in_element(env: &mut Env<'_>, plan: &Plan, known: &SearchParameter, operands: &[Operand]) -> Predicate {
    let rows = plan.correlated.get(known.code).into_iter().flatten();
    let rows = rows.map(|of| Part { way: Way::focus(plan, &of.focus), condition: in_row(env, of, operands) });
    let mut parts: Vec<Part> = rows.filter(|part| part.condition != NEVER).collect();
    let entries: Vec<Parameter> = known
        .components
        .iter()
        .zip(operands)
        .map(|(part, operand)| Parameter { kind: part.kind, ..asked(definition(plan.resource, known, part), operand) })
        .collect();
    parts.push(Part { way: Way::index(), condition: in_entries(env, known.code, &entries) });
    let least = entries.iter().map(rank).min().unwrap_or(Rank::Scan);
    let rank = if parts.iter().any(|part| is_opaque(&part.condition)) { Rank::Scan } else { least };
    // Not plain: walked in the order of resources, SQLite would rather read a whole table than look one of several columns up.
    Predicate { code: known.code.to_owned(), parts, negated: false, rank, plain: false, tuples: Vec::new() }
}

/// That a row of a child table, with what lies below it, says all parts.
fn in_row(env: &mut Env<'_>, rows: &Correlated, operands: &[Operand]) -> String {
    let parts = rows.parts.iter().zip(operands).map(|((part, sources), operand)| {
        let asked = asked(part, operand);
        any(sources
            .iter()
            .map(|source| {
                let table = source.joins.last().map_or(rows.focus.table.as_str(), |join| join.table.as_str());
                let condition = condition::of_source(env, &asked, source, table);
                Way::within(&rows.focus.table, source).check_row(&condition, "x")
            })
            .collect::<Vec<_>>())
    });
    all(parts.collect::<Vec<_>>())
}

/// That an entry of the generated index says one part, and entries of the same element the others.
fn in_entries(env: &mut Env<'_>, code: &str, parts: &[Parameter]) -> String {
    let belongs = |env: &Env<'_>, at: usize| format!("{} = {}", column("parameter"), quoted(&format!("{}.{code}${at}", env.resource)));
    let of_part = |env: &mut Env<'_>, at: usize| all([belongs(env, at), parts.get(at).map_or(NEVER.to_owned(), |part| condition::of_entry(env, part))]);
    let narrowest = (0..parts.len()).min_by_key(|at| parts.get(*at).map(|part| (rank(part), part.values.iter().any(is_open), usize::MAX - at))).unwrap_or(0);
    let beside = (0..parts.len()).filter(|at| *at != narrowest).map(|at| {
        let condition = of_row(&of_part(env, at), "y");
        format!("EXISTS (SELECT 1 FROM gw_index y WHERE y.rid = {} AND y.element = {} AND {condition})", column("rid"), column("element"))
    });
    let beside: Vec<String> = beside.collect();
    all([of_part(env, narrowest)].into_iter().chain(beside))
}
