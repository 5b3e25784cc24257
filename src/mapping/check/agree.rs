//! What several places say of one column: plans that write one table agree, and a column stands at one path.

use super::Mistake;
use super::walk::spots;
use crate::plan::{ColumnKind, Plan};
use std::collections::BTreeMap;

/// How a place keeps a column.
#[derive(Clone, Copy, PartialEq)]
struct Kept {
    kind: &'static str,
    sealed: bool,
}

/// Every place where two plans, or two paths of one, keep a column in two ways.
pub(crate) fn columns(plans: &[Plan], mistakes: &mut Vec<Mistake>) {
    let mut known: BTreeMap<(&str, &str), (Kept, &Plan, usize)> = BTreeMap::new();
    for plan in plans {
        let file = format!("{}.toml", plan.name);
        let mut paths: BTreeMap<(Vec<usize>, usize), (usize, String)> = BTreeMap::new();
        for spot in spots(plan) {
            let (column, line) = (spot.column(), spot.leaf.line);
            if column.expression.is_some() {
                continue;
            }
            let name = format!("{}.{}", spot.table.table, column.name);
            if let Some((_, path)) = paths.insert((spot.tables.clone(), spot.leaf.column), (line, spot.print())) {
                mistakes.push(Mistake::new(&file, line, format!("the column `{name}` stands at `{path}` too: one column, one path")));
            }
            if spot.table.filter.iter().any(|(filter, _)| *filter == column.name) {
                mistakes.push(Mistake::new(&file, line, format!("`where` says what `{name}` is, so it cannot stand at a path")));
            }
            let kept = Kept { kind: kind(&column.kind), sealed: column.sealed };
            match known.get(&(spot.table.table.as_str(), column.name.as_str())) {
                Some((other, elsewhere, at)) if *other != kept => {
                    let place = format!("mappings/{}.toml:{at}", elsewhere.name);
                    let message = if other.sealed == kept.sealed {
                        format!("`{name}` holds {} here and {} in {place}", kept.kind, other.kind)
                    } else {
                        format!("`{name}` is {} here and {} in {place}", sealed(kept), sealed(*other))
                    };
                    mistakes.push(Mistake::new(&file, line, message));
                }
                Some(_) => {}
                None => drop(known.insert((spot.table.table.as_str(), spot.table.columns[spot.leaf.column].name.as_str()), (kept, plan, line))),
            }
        }
    }
}

const fn sealed(kept: Kept) -> &'static str {
    if kept.sealed { "sealed" } else { "open" }
}

const fn kind(kind: &ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text | ColumnKind::Folded => "text",
        ColumnKind::Boolean => "a boolean",
        ColumnKind::Integer => "a whole number",
        ColumnKind::Decimal => "a decimal",
        ColumnKind::Date => "a date",
        ColumnKind::List { .. } => "a list",
        ColumnKind::Foreign { .. } => "a foreign key",
        ColumnKind::ReferenceText => "a reference",
    }
}
