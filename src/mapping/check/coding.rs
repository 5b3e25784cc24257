//! Tables of codes: FHIR's side is the required value set, no more and no less.

use super::Mistake;
use super::walk::spots;
use crate::codes::Codes;
use crate::plan::Plan;
use hearthgate_fhir::r4::{self, Strength};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Every code that a required value set has and a table lacks, or the other way round.
pub(crate) fn tables(plans: &[Plan], codes: &HashMap<String, Arc<Codes>>, mistakes: &mut Vec<Mistake>) {
    let mut wanted: BTreeMap<(&str, &str), (&Codes, Option<String>)> = BTreeMap::new();
    for table in codes.values() {
        if let Some(set) = &table.value_set {
            wanted.insert((&table.name, set), (table, None));
            if r4::value_set_codes(set).is_none() {
                mistakes.push(Mistake::new(&file(table), table.line, format!("the value set `{set}` is not known, or has no end")));
            }
        }
    }
    for plan in plans {
        for spot in spots(plan) {
            let (Some(table), Some(binding)) = (&spot.leaf.codes, spot.binding) else { continue };
            if binding.strength == Strength::Required {
                let set = binding.value_set.split('|').next().unwrap_or(binding.value_set);
                let place = format!("{}.{}", plan.resource, spot.print());
                wanted.entry((&table.name, set)).and_modify(|(_, by)| *by = Some(place.clone())).or_insert((table, Some(place)));
            }
        }
    }
    for ((_, set), (table, by)) in wanted {
        let Some(known) = r4::value_set_codes(set) else { continue };
        let by = by.map_or_else(String::new, |by| format!(", which {by} requires"));
        for (_, code) in known.iter().filter(|(_, code)| table.local(code).is_none()) {
            mistakes.push(Mistake::new(&file(table), table.line, format!("no local code reads as `{code}` of {set}{by}")));
        }
        for (row, line) in table.rows().iter().zip(&table.lines) {
            if !known.iter().any(|(_, code)| *code == row.1) {
                let near = super::near::near(&row.1, known.iter().map(|(_, code)| *code));
                mistakes.push(Mistake::new(&file(table), *line, format!("`{}` is no code of {set}{by}{near}", row.1)));
            }
        }
    }
}

fn file(table: &Codes) -> String {
    format!("codes/{}.toml", table.name)
}
