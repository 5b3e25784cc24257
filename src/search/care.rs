//! Patients whom a parameter leaves, among the patients of the boundary: from whichever are fewer.
//!
//! A name may have five bearers in the clinic or five thousand, and a doctor has some hundreds in care. So each kind of row that the
//! parameter reads is probed for more than a few hundred. Few are asked whose they are, by an index alone. Of many, the patients in care are
//! asked whether they are among them: by name and patient in one index where only a few names fit, else through their own rows.
//! Either way nothing but what fulfils both is looked at further, where everything is checked again.

use crate::boundary::Whose;
use crate::branch::Branch;
use crate::page::{Search, probe};
use crate::predicate::Part;
use crate::sql::{ROW, all, any, of_row, quoted};

/// So many rows are rather asked whose they are than left for the patients in care.
const FEW: u32 = 400;
/// So many values are rather looked up with each patient than left for the patients' own rows.
const FEW_VALUES: u32 = 3;

/// Sets of `rid` of a plan whose resources are the patients.
pub(crate) fn sets(search: &Search<'_>, branch: &Branch<'_>, at: usize, patients: &[Whose], with: &mut Vec<String>) -> Vec<String> {
    let mut sets = Vec::new();
    for (number, part) in branch.predicates[at].parts.iter().enumerate() {
        let name = format!("probe{}_{number}", branch.ordinal);
        let few = probe(&name, &format!("SELECT 1 FROM {}", part.lines(branch.plan)), FEW, with);
        sets.push(when(&few, &from_rows(branch, part, patients)));
        let values = search.order.keys.first().filter(|key| key.matching && key.sort.code == branch.predicates[at].code).and_then(|_| {
            let value = branch.keys.first()?.iter().find(|row| row.part.way == part.way)?.value.clone();
            Values::new(part, &value, format!("values{}_{number}", branch.ordinal))
        });
        let many = format!("NOT {few}");
        match values {
            Some(values) => {
                with.push(values.text.clone());
                let few_values = format!("(SELECT count(v) FROM {}) <= {FEW_VALUES}", values.name);
                sets.extend(patients.iter().map(|whose| when(&format!("{many} AND {few_values}"), &values.by_patients(branch, part, whose))));
                sets.extend(patients.iter().map(|whose| when(&format!("{many} AND NOT {few_values}"), &from_patients(branch, part, whose))));
            }
            None => sets.extend(patients.iter().map(|whose| when(&many, &from_patients(branch, part, whose)))),
        }
    }
    sets
}

/// A road that costs nothing where it is not taken.
fn when(condition: &str, select: &str) -> String {
    format!("SELECT rid FROM ({select} LIMIT CASE WHEN {condition} THEN -1 ELSE 0 END)")
}

/// The resource of a patient's row number.
fn resource(branch: &Branch<'_>, row: &str) -> String {
    format!("r.plan = {} AND r.row = {row} AND r.deleted = 0", quoted(&branch.plan.name))
}

/// As a value, so that SQLite has no join to prepare for: it would read all resources into a filter first.
fn rid(branch: &Branch<'_>, row: &str) -> String {
    format!("(SELECT r.rid FROM gw_resources r WHERE {}) AS rid", resource(branch, row))
}

fn from_rows(branch: &Branch<'_>, part: &Part, patients: &[Whose]) -> String {
    let (from, mut conditions) = part.way.up(branch.plan, branch.plan.resource, "e");
    let alias = if part.way.end().is_some() { "e" } else { "r" };
    conditions.insert(0, of_row(&part.condition, alias));
    if let Some(row) = part.way.row("e") {
        conditions.push(any(patients.iter().map(|whose| all([whose.holds(&row), whose.besides()]))));
    }
    format!("SELECT r.rid AS rid FROM {from} WHERE {}", all(conditions))
}

fn from_patients(branch: &Branch<'_>, part: &Part, whose: &Whose) -> String {
    let (each, mut conditions, patient) = whose.each();
    let below = part.way.row("e").and(part.way.below(&patient, "e"));
    if let Some((from, rows)) = below {
        conditions.extend([rows, of_row(&part.condition, "e")]);
        return format!("SELECT {} FROM {each}{from} WHERE {}", rid(branch, &patient), all(conditions));
    }
    conditions.push(resource(branch, &patient));
    conditions.push(part.way.check(&part.condition, "e"));
    format!("SELECT r.rid AS rid FROM {each}gw_resources r WHERE {}", all(conditions))
}

/// The values in one column that a condition leaves, found one after the other: one look-up each, however many rows have them.
struct Values {
    name: String,
    text: String,
    value: String,
}

impl Values {
    /// `None` where the condition reads more than the one column, or no index holds it with the patient.
    fn new(part: &Part, value: &str, name: String) -> Option<Self> {
        let column = value.strip_prefix(ROW)?.strip_prefix('.')?;
        let alone = column.starts_with('"') && column.ends_with('"') && !part.condition.replace(value, "").contains(ROW);
        let (table, _) = part.way.end()?;
        if !alone || !part.way.direct() || part.way.row("e").is_none() {
            return None;
        }
        let table = crate::sql::name(table);
        let first = format!("SELECT e.{column} FROM {table} e WHERE {} ORDER BY e.{column} LIMIT 1", of_row(&part.condition, "e"));
        let next = format!(
            "SELECT c.{column} FROM (SELECT f.{column} FROM {table} f WHERE f.{column} > {name}.v ORDER BY f.{column} LIMIT 1) c WHERE {}",
            of_row(&part.condition, "c")
        );
        let most = FEW_VALUES + 1;
        let text = format!("{name}(v) AS (SELECT ({first}) UNION ALL SELECT ({next}) FROM {name} WHERE {name}.v IS NOT NULL LIMIT {most})");
        Some(Self { name, text, value: value.to_owned() })
    }

    fn by_patients(&self, branch: &Branch<'_>, part: &Part, whose: &Whose) -> String {
        let (each, mut conditions, patient) = whose.each();
        let Some((from, rows)) = part.way.below(&patient, "e") else { return from_patients(branch, part, whose) };
        conditions.extend([rows, format!("{} = {}.v", of_row(&self.value, "e"), self.name)]);
        format!("SELECT {} FROM {} CROSS JOIN {each}{from} WHERE {}", rid(branch, &patient), self.name, all(conditions))
    }
}
