//! A page of a search: one statement over all the plans of the type, each plan by the road that is narrowest.
//!
//! The roads, for one plan:
//! * *from a set*: the resources that one parameter leaves, or that the boundary leaves, each checked for all the rest and sorted;
//! * *along an order*: the rows of one index in the order of the results, checked one by one until the page is full.
//!
//! Which is narrower often shows only in the data. So the statement may hold two roads and a probe, which passes over at most
//! some hundreds of entries of an index; the road not taken has a `LIMIT` of 0 and costs nothing.
//! The boundary is checked on every road, of every resource, whatever the road began with.

use crate::boundary::Limits;
use crate::branch::Branch;
use crate::care;
use crate::condition::Env;
use crate::order::{self, Key, Order, Valued};
use crate::predicate::Rank;
use crate::sql::{NEVER, all, of_row, quoted};
use crate::way::Way;
use hearthgate_fhir::query::Parameter;
use hearthgate_mapping::plan::{PatientRule, Plan, Sql};

/// A set of so many resources is rather checked one by one than left for the doctor's patients.
const FEW_BESIDE_CARE: u32 = 200;
/// A set of so many resources is rather sorted than left for a walk along the order.
const FEW_BESIDE_ALL: u32 = 4000;

/// One search over one type.
pub(crate) struct Search<'s> {
    pub(crate) plans: Vec<&'s Plan>,
    pub(crate) parameters: &'s [Parameter],
    pub(crate) order: Order<'s>,
    pub(crate) limits: Limits<'s>,
    /// Rows at most.
    pub(crate) rows: u32,
}

/// A probe, asked once: that there are at most so many rows. Passing over rows costs half of what counting them does.
pub(crate) fn probe(name: &str, rows: &str, limit: u32, with: &mut Vec<String>) -> String {
    with.push(format!("{name}(few) AS MATERIALIZED (SELECT NOT EXISTS (SELECT 1 FROM ({rows}) LIMIT 1 OFFSET {limit}))"));
    format!("(SELECT few FROM {name})")
}

/// Text of the statement in parts.
#[derive(Default)]
struct Parts {
    with: Vec<String>,
    roads: Vec<String>,
}

impl Search<'_> {
    /// The statement's text: `rid`, keys, `o`, `n` of the page's rows in their order; `WITH` clauses apart.
    pub(crate) fn page(&self, env: &mut Env<'_>) -> Option<(String, String)> {
        let mut parts = Parts::default();
        for (ordinal, plan) in self.plans.iter().enumerate() {
            if let Some(branch) = Branch::new(env, self, plan, ordinal) {
                self.roads(env, &branch, &mut parts);
            }
        }
        if parts.roads.is_empty() {
            return None;
        }
        let rows = self.rows;
        let selects: Vec<String> = parts.roads.iter().map(|road| format!("SELECT * FROM ({road})")).collect();
        let page = match selects.as_slice() {
            [one] => one.clone(),
            many => format!("SELECT * FROM ({}) c ORDER BY {} LIMIT {rows}", many.join(" UNION ALL "), self.order.by("c.")),
        };
        let with = if parts.with.is_empty() { String::new() } else { format!("WITH {} ", parts.with.join(", ")) };
        Some((with, page))
    }

    /// A query for the number of matches, column `n`.
    pub(crate) fn count(&self, env: &mut Env<'_>) -> String {
        let sets = self.sets(env);
        if sets.is_empty() {
            return "SELECT 0 AS n".to_owned();
        }
        format!("SELECT count(*) AS n FROM ({})", sets.join(" UNION ALL "))
    }

    /// All matches, unordered: a `SELECT rid` for each plan.
    pub(crate) fn sets(&self, env: &mut Env<'_>) -> Vec<String> {
        self.sets_of(env, false)
    }

    /// As [`Self::sets`]; `narrow` says that the first parameter leaves few, whatever its form says.
    pub(crate) fn sets_of(&self, env: &mut Env<'_>, narrow: bool) -> Vec<String> {
        let mut sets = Vec::new();
        for (ordinal, plan) in self.plans.iter().enumerate() {
            let Some(branch) = Branch::new(env, self, plan, ordinal) else { continue };
            let best = branch.best();
            let set = match best {
                Some(at) if narrow || branch.predicates[at].rank == Rank::Few => None,
                _ => self.limits.set(env, plan, "r.rid AS rid"),
            };
            let selects = match (set, best) {
                (Some(set), _) => Some(set.selects),
                (None, Some(at)) => Some(branch.predicates[at].sets(plan, plan.resource, "r.rid AS rid")),
                (None, None) => None,
            };
            let checks = branch.checks(None);
            sets.push(match selects {
                Some(selects) => format!("SELECT r.rid AS rid FROM ({}) c CROSS JOIN gw_resources r WHERE r.rid = c.rid AND {checks}", selects.join(" UNION ")),
                None => format!("SELECT r.rid AS rid FROM gw_resources r WHERE r.plan = {} AND r.deleted = 0 AND {checks}", quoted(&plan.name)),
            });
        }
        sets
    }

    fn roads(&self, env: &mut Env<'_>, branch: &Branch<'_>, parts: &mut Parts) {
        let (plan, rows) = (branch.plan, self.rows.to_string());
        let best = branch.best();
        if let Some(at) = best.filter(|at| branch.predicates[*at].rank == Rank::Few) {
            let sets = branch.predicates[at].sets(plan, plan.resource, "r.rid AS rid");
            parts.roads.push(self.in_set(env, branch, &sets, &rows));
            return;
        }
        let set = self.limits.set(env, plan, "r.rid AS rid");
        match (best, set) {
            (None, Some(set)) => parts.roads.push(self.in_set(env, branch, &set.selects, &rows)),
            (_, Some(set)) if set.few => parts.roads.push(self.in_set(env, branch, &set.selects, &rows)),
            (None, None) => self.along(env, branch, &rows, parts),
            (Some(at), Some(set)) => {
                if let Some(patients) = self.limits.patients(env).filter(|_| plan.patient == PatientRule::Itself && branch.predicates[at].tuples.is_empty()) {
                    let sets = care::sets(self, branch, at, &patients, &mut parts.with);
                    parts.roads.push(self.in_set(env, branch, &sets, &rows));
                    return;
                }
                let narrow = self.probe(branch, at, FEW_BESIDE_CARE, parts);
                let sets = branch.predicates[at].sets(plan, plan.resource, "r.rid AS rid");
                parts.roads.push(self.in_set(env, branch, &sets, &format!("CASE WHEN {narrow} THEN {rows} ELSE 0 END")));
                parts.roads.push(self.in_set(env, branch, &set.selects, &format!("CASE WHEN {narrow} THEN 0 ELSE {rows} END")));
            }
            (Some(at), None) => {
                if self.along_parameter(env, branch, at, &rows, parts) {
                    return;
                }
                let narrow = self.probe(branch, at, FEW_BESIDE_ALL, parts);
                let sets = branch.predicates[at].sets(plan, plan.resource, "r.rid AS rid");
                parts.roads.push(self.in_set(env, branch, &sets, &format!("CASE WHEN {narrow} THEN {rows} ELSE 0 END")));
                self.along(env, branch, &format!("CASE WHEN {narrow} THEN 0 ELSE {rows} END"), parts);
            }
        }
    }

    /// The condition that at most so many rows fulfil a parameter.
    fn probe(&self, branch: &Branch<'_>, at: usize, limit: u32, parts: &mut Parts) -> String {
        let name = format!("probe{}", branch.ordinal);
        let lines: Vec<String> = branch.predicates[at].lines(branch.plan).iter().map(|lines| format!("SELECT 1 FROM {lines}")).collect();
        probe(&name, &lines.join(" UNION ALL "), limit, &mut parts.with)
    }

    /// What a road answers of the resource `r`.
    fn columns(&self, branch: &Branch<'_>, keys: &[String], row: &str) -> String {
        let keys = keys.iter().enumerate().map(|(at, key)| format!("{key} AS k{at}, "));
        format!("r.rid AS rid, {}{} AS o, {row} AS n", keys.collect::<String>(), branch.ordinal)
    }

    fn keys(&self, branch: &Branch<'_>) -> Vec<String> {
        self.order.keys.iter().zip(&branch.keys).map(|(key, rows)| order::value_of(key, rows)).collect()
    }

    /// The names of the keys' columns.
    fn key_names(&self) -> Vec<String> {
        (0..self.order.keys.len()).map(|at| format!("k{at}")).collect()
    }

    fn in_set(&self, env: &mut Env<'_>, branch: &Branch<'_>, sets: &[String], limit: &str) -> String {
        let columns = self.columns(branch, &self.keys(branch), "r.row");
        let set = sets.join(" UNION ");
        let inner = format!("SELECT {columns} FROM ({set}) c CROSS JOIN gw_resources r WHERE r.rid = c.rid AND {}", branch.checks(None));
        let after = self.order.after(env, &self.key_names(), branch.ordinal, "n");
        format!("SELECT * FROM ({inner}) WHERE {after} ORDER BY {} LIMIT {limit}", self.order.by(""))
    }

    /// Along the order itself: no parameter is narrow.
    fn along(&self, env: &mut Env<'_>, branch: &Branch<'_>, limit: &str, parts: &mut Parts) {
        let Some(key) = self.order.keys.first() else {
            let road = self.along_rows(env, branch, limit);
            parts.roads.push(road);
            return;
        };
        let rows = &branch.keys[0];
        let on_line = matches!(key.sort.code.as_str(), "_id" | "_lastUpdated");
        if on_line
            || rows.len() > 2
            || rows.iter().any(|row| !row.part.way.direct() || row.part.way.end().is_some_and(|(table, _)| table.starts_with("gw_list_")))
        {
            let road = self.along_lines(env, branch, on_line, limit);
            parts.roads.push(road);
            return;
        }
        let present = format!("present{}", branch.ordinal);
        let passed = matches!(self.order.after.and_then(|cursor| cursor.first()), Some(Sql::Null));
        if !passed {
            let roads: Vec<String> = (0..rows.len()).map(|at| self.along_values(env, branch, rows, at, true, None, limit)).collect();
            let selects: Vec<String> = roads.iter().map(|road| format!("SELECT * FROM ({road})")).collect();
            parts.with.push(format!("{present} AS MATERIALIZED ({})", selects.join(" UNION ALL ")));
            parts.roads.push(format!("SELECT * FROM {present}"));
        }
        // Those without a value come when no others are left; their search is long only then.
        let keys: Vec<String> = std::iter::once("NULL".to_owned()).chain(self.keys(branch).into_iter().skip(1)).collect();
        let none =
            all(rows.iter().map(|row| format!("NOT {}", row.part.way.check(&all([row.part.condition.clone(), format!("{} IS NOT NULL", row.value)]), "f"))));
        let inner = format!(
            "SELECT {} FROM gw_resources r WHERE r.plan = {} AND r.deleted = 0 AND {}",
            self.columns(branch, &keys, "r.row"),
            quoted(&branch.plan.name),
            all([none, branch.checks(None)])
        );
        let after = self.order.after(env, &self.key_names(), branch.ordinal, "n");
        let left = if passed { limit.to_owned() } else { format!("CASE WHEN (SELECT count(*) FROM {present}) < {} THEN {limit} ELSE 0 END", self.rows) };
        parts.roads.push(format!("SELECT * FROM ({inner}) WHERE {after} ORDER BY {} LIMIT {left}", self.order.by("")));
    }

    /// Along the index of the parameter itself, when the results are in its order, or in that of row numbers.
    fn along_parameter(&self, env: &mut Env<'_>, branch: &Branch<'_>, at: usize, limit: &str, parts: &mut Parts) -> bool {
        let predicate = &branch.predicates[at];
        let streams = |way: &Way| way.direct() && !way.end().is_some_and(|(table, _)| table.starts_with("gw_list_"));
        if !predicate.plain || !predicate.tuples.is_empty() || !predicate.parts.iter().all(|part| streams(&part.way)) {
            return false;
        }
        let natural = self.order.keys.first().is_some_and(|key| key.matching && key.sort.code == predicate.code);
        let equal = self.order.keys.is_empty() && predicate.rank == Rank::Some;
        let rows: Vec<Valued> = match (natural, equal) {
            (true, _) => branch.keys[0].clone(),
            (_, true) => predicate.parts.iter().map(|part| Valued { part: part.clone(), value: "NULL".to_owned() }).collect(),
            _ => return false,
        };
        let selects: Vec<String> = (0..rows.len()).map(|part| self.along_values(env, branch, &rows, part, natural, Some(at), limit)).collect();
        parts.roads.extend(selects);
        true
    }

    /// Along the rows of one way, each resource met at its first row.
    #[allow(clippy::too_many_arguments)]
    fn along_values(&self, env: &mut Env<'_>, branch: &Branch<'_>, rows: &[Valued], at: usize, valued: bool, but: Option<usize>, limit: &str) -> String {
        let row = &rows[at];
        let descending = self.order.ties_descend();
        let (from, mut conditions) = row.part.way.up(branch.plan, branch.plan.resource, "e");
        conditions.push(of_row(&row.part.condition, "e"));
        let number = match row.part.way.end() {
            Some((_, link)) if link != "rid" => format!("e.{}", crate::sql::name(link)),
            _ => "r.row".to_owned(),
        };
        let mut keys = self.keys(branch);
        if valued {
            let value = of_row(&row.value, "e");
            conditions.push(format!("{value} IS NOT NULL"));
            if let Some(cursor) = self.order.after.and_then(|cursor| cursor.first()).filter(|value| **value != Sql::Null) {
                let from = env.binds.bind(cursor.clone());
                conditions.push(format!("{value} {} {from}", if descending { "<=" } else { ">=" }));
            }
            if let Some(key) = keys.first_mut() {
                *key = value;
            }
        }
        conditions.push(order::is_first(rows, at, descending, valued));
        conditions.push(branch.checks(but));
        conditions.push(self.order.after(env, &keys, branch.ordinal, &number));
        let by = self.order_by(&keys, &number);
        format!("SELECT {} FROM {from} WHERE {} ORDER BY {by} LIMIT {limit}", self.columns(branch, &keys, &number), all(conditions))
    }

    /// Along the plan's row numbers.
    fn along_rows(&self, env: &mut Env<'_>, branch: &Branch<'_>, limit: &str) -> String {
        let after = self.order.after(env, &[], branch.ordinal, "r.row");
        if after == NEVER {
            return format!("SELECT {} FROM gw_resources r WHERE 0", self.columns(branch, &[], "r.row"));
        }
        let conditions = all([format!("r.plan = {} AND r.deleted = 0", quoted(&branch.plan.name)), branch.checks(None), after]);
        format!("SELECT {} FROM gw_resources r WHERE {conditions} ORDER BY r.row LIMIT {limit}", self.columns(branch, &[], "r.row"))
    }

    /// Along the type's lines in `gw_resources`, by id or time, or as they come.
    fn along_lines(&self, env: &mut Env<'_>, branch: &Branch<'_>, ordered: bool, limit: &str) -> String {
        let keys = self.keys(branch);
        let plan = quoted(&branch.plan.name);
        let place = if ordered { format!("r.type = {} AND +r.plan = {plan}", quoted(branch.plan.resource)) } else { format!("r.plan = {plan}") };
        let columns = self.columns(branch, &keys, "r.row");
        let checks = all([format!("{place} AND +r.deleted = 0"), branch.checks(None)]);
        if ordered {
            let mut conditions = vec![checks];
            if let (Some(cursor), Some(key)) = (self.order.after.and_then(|cursor| cursor.first()), self.order.keys.first()) {
                let operator = if key.sort.descending { "<=" } else { ">=" };
                conditions.push(format!("{} {operator} {}", keys[0], env.binds.bind(cursor.clone())));
            }
            conditions.push(self.order.after(env, &keys, branch.ordinal, "r.row"));
            return format!("SELECT {columns} FROM gw_resources r WHERE {} ORDER BY {} LIMIT {limit}", all(conditions), self.order_by(&keys, "r.row"));
        }
        let after = self.order.after(env, &self.key_names(), branch.ordinal, "n");
        format!("SELECT * FROM (SELECT {columns} FROM gw_resources r WHERE {checks}) WHERE {after} ORDER BY {} LIMIT {limit}", self.order.by(""))
    }

    /// The order by expressions instead of columns, the plan left out because it is one.
    fn order_by(&self, keys: &[String], row: &str) -> String {
        let ties = if self.order.ties_descend() { " DESC" } else { "" };
        let keys = self.order.keys.iter().zip(keys).enumerate().map(|(at, (Key { sort, .. }, key))| {
            // The first key is never NULL here, and a plain order is what an index has.
            let nulls = if at == 0 { "" } else { " NULLS LAST" };
            format!("{key}{}, ", if sort.descending { " DESC" } else { nulls })
        });
        format!("{}{row}{ties}", keys.collect::<String>())
    }
}
