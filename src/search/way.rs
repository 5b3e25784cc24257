//! The way from a resource to the rows that a search parameter reads, and back.

use crate::sql::{NEVER, ROW, all, column, literal, name, of_row, quoted};
use hearthgate_mapping::plan::{Plan, PlanKind, Sql};
use hearthgate_mapping::source::{Join, Source, SourceColumns};

/// A table on the way down, and its column that names the row above.
#[derive(Clone, Debug, PartialEq)]
struct Step {
    table: String,
    link: String,
    filter: Vec<(String, Sql)>,
}

/// A way from `gw_resources` down to the rows a condition speaks of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    steps: Vec<Step>,
    /// The column of `gw_resources` that the first step names: `row` or `rid`.
    anchor: &'static str,
    /// At most one row for each resource.
    single: bool,
}

impl Way {
    /// The resource's own line in `gw_resources`.
    pub(crate) fn resource() -> Self {
        Self { steps: Vec::new(), anchor: "rid", single: true }
    }

    /// The generated index.
    pub(crate) fn index() -> Self {
        Self::gateway("gw_index")
    }

    /// The generated compartments.
    pub(crate) fn compartments() -> Self {
        Self::gateway("gw_compartment")
    }

    fn gateway(table: &str) -> Self {
        Self { steps: vec![Step { table: table.to_owned(), link: "rid".to_owned(), filter: Vec::new() }], anchor: "rid", single: false }
    }

    /// The rows of a plan's root table: one, or of a group its members.
    pub(crate) fn root(plan: &Plan) -> Self {
        let (link, filter, single) = match &plan.kind {
            PlanKind::Group { column, .. } => (column.clone(), plan.table.filter.clone(), false),
            PlanKind::Table | PlanKind::Document => ("id".to_owned(), Vec::new(), true),
        };
        Self { steps: vec![Step { table: plan.table.table.clone(), link, filter }], anchor: "row", single }
    }

    /// A child table of the root.
    pub(crate) fn child(plan: &Plan, table: &str, on: &str) -> Self {
        Self::root(plan).down(table, on, &[])
    }

    /// The rows that a source reads.
    pub(crate) fn source(plan: &Plan, source: &Source) -> Self {
        let mut way = Self::root(plan);
        for join in &source.joins {
            way = way.down(&join.table, &join.on, &join.filter);
        }
        way.at_source(source)
    }

    /// On to the rows where the columns of a source stand, in the table where the way ends.
    fn at_source(mut self, source: &Source) -> Self {
        if let Some(last) = self.steps.last_mut() {
            last.filter.extend(source.filter.iter().cloned());
        }
        match &source.columns {
            SourceColumns::List { column, .. } => {
                let list = self.steps.last().map(|step| format!("gw_list_{}_{column}", step.table));
                self.down(&list.unwrap_or_default(), "row", &[])
            }
            _ => self,
        }
    }

    /// The rows of one child table of the root, by its own join.
    pub(crate) fn focus(plan: &Plan, join: &Join) -> Self {
        Self::root(plan).down(&join.table, &join.on, &join.filter)
    }

    /// From a row of a table to the rows that a source below it reads.
    pub(crate) fn within(table: &str, source: &Source) -> Self {
        let row = Step { table: table.to_owned(), link: String::new(), filter: Vec::new() };
        let mut way = Self { steps: vec![row], anchor: "row", single: true };
        for join in &source.joins {
            way = way.down(&join.table, &join.on, &join.filter);
        }
        way.at_source(source)
    }

    /// On a way [`within`](Self::within) a table: that a row below this one fulfils the condition, or this one itself.
    pub(crate) fn check_row(&self, condition: &str, alias: &str) -> String {
        let [row, below @ ..] = self.steps.as_slice() else { return NEVER.to_owned() };
        let below = Self { steps: below.to_vec(), anchor: self.anchor, single: false };
        let own = filters(row, &ROW.to_string()).collect::<Vec<_>>();
        match below.below(&column("id"), alias) {
            Some((from, rows)) if condition != NEVER => {
                all(own.into_iter().chain([format!("EXISTS (SELECT 1 FROM {from} WHERE {})", all([rows, of_row(condition, alias)]))]))
            }
            Some(_) => NEVER.to_owned(),
            None => all(own.into_iter().chain([condition.to_owned()])),
        }
    }

    fn down(mut self, table: &str, on: &str, filter: &[(String, Sql)]) -> Self {
        // A root row is named by its number alone, so its children need not pass through it.
        if self.steps.last().is_some_and(|step| step.link == "id" && step.filter.is_empty()) {
            self.steps.pop();
        }
        self.steps.push(Step { table: table.to_owned(), link: on.to_owned(), filter: filter.to_vec() });
        self.single = false;
        self
    }

    /// There is at most one row for each resource.
    pub(crate) fn single(&self) -> bool {
        self.single
    }

    /// The table where the way ends, if it leaves `gw_resources`.
    pub(crate) fn end(&self) -> Option<(&str, &str)> {
        self.steps.last().map(|step| (step.table.as_str(), step.link.as_str()))
    }

    /// The way is one step down, so that its end names the resource by itself.
    pub(crate) fn direct(&self) -> bool {
        self.steps.len() == 1
    }

    /// That a row fulfils the condition, asked of the resource `r`.
    pub(crate) fn check(&self, condition: &str, alias: &str) -> String {
        self.rows("1", condition, alias).map_or_else(|| of_row(condition, "r"), |rows| format!("EXISTS ({rows})"))
    }

    /// What the rows say, asked of the resource `r`: a subquery; `None` on the resource's own line.
    pub(crate) fn rows(&self, what: &str, condition: &str, alias: &str) -> Option<String> {
        let (from, rows) = self.down_from(alias)?;
        Some(format!("SELECT {} FROM {from} WHERE {}", of_row(what, alias), all([rows, of_row(condition, alias)])))
    }

    /// The rows below the resource `r`: tables and the conditions that join them.
    pub(crate) fn down_from(&self, alias: &str) -> Option<(String, String)> {
        self.below(&format!("r.{}", self.anchor), alias)
    }

    /// The row number of the resource, as the row says that is nearest to it; `None` where none says it.
    pub(crate) fn row(&self, alias: &str) -> Option<String> {
        match self.steps.first() {
            None => Some("r.row".to_owned()),
            Some(first) if self.anchor == "row" => Some(format!("{}.{}", alias_at(alias, 0, self.steps.len() - 1), name(&first.link))),
            Some(_) => None,
        }
    }

    /// The rows at its end alone, whatever resource they are of; `None` on the resource's own line.
    pub(crate) fn lines(&self, condition: &str, alias: &str) -> Option<String> {
        let last = self.steps.last()?;
        let conditions = all(filters(last, alias).chain([of_row(condition, alias)]));
        Some(format!("{} {alias} WHERE {conditions}", name(&last.table)))
    }

    /// The rows below what is named by an expression.
    pub(crate) fn below(&self, above: &str, alias: &str) -> Option<(String, String)> {
        let last = self.steps.len().checked_sub(1)?;
        let mut from = String::new();
        let mut conditions = Vec::new();
        for (depth, step) in self.steps.iter().enumerate() {
            let own = alias_at(alias, depth, last);
            if depth > 0 {
                from.push_str(" CROSS JOIN ");
            }
            from.push_str(&format!("{} {own}", name(&step.table)));
            let parent = match depth {
                0 => above.to_owned(),
                _ => format!("{}.id", alias_at(alias, depth - 1, last)),
            };
            conditions.push(format!("{own}.{} = {parent}", name(&step.link)));
            conditions.extend(filters(step, &own));
        }
        Some((from, conditions.join(" AND ")))
    }

    /// From the rows up to the resources `r` of the plan: `FROM` clause and conditions.
    pub(crate) fn up(&self, plan: &Plan, resource: &str, alias: &str) -> (String, Vec<String>) {
        let Some(last) = self.steps.len().checked_sub(1) else {
            let own = format!("r.type = {} AND +r.plan = {} AND +r.deleted = 0", quoted(resource), quoted(&plan.name));
            return ("gw_resources r".to_owned(), vec![own]);
        };
        let mut from = String::new();
        let mut conditions = Vec::new();
        for (depth, step) in self.steps.iter().enumerate().rev() {
            let own = alias_at(alias, depth, last);
            if depth < last {
                from.push_str(" CROSS JOIN ");
            }
            from.push_str(&format!("{} {own}", name(&step.table)));
            if depth < last {
                let below = &self.steps[depth + 1];
                conditions.push(format!("{own}.id = {}.{}", alias_at(alias, depth + 1, last), name(&below.link)));
            }
            conditions.extend(filters(step, &own));
        }
        let first = format!("{}.{}", alias_at(alias, 0, last), name(&self.steps[0].link));
        from.push_str(" CROSS JOIN gw_resources r");
        conditions.push(match self.anchor {
            "rid" => format!("r.rid = {first} AND +r.plan = {}", quoted(&plan.name)),
            _ => format!("r.plan = {} AND r.row = {first}", quoted(&plan.name)),
        });
        conditions.push("r.deleted = 0".to_owned());
        (from, conditions)
    }
}

fn alias_at(alias: &str, depth: usize, last: usize) -> String {
    if depth == last { alias.to_owned() } else { format!("{alias}{depth}") }
}

fn filters<'s>(step: &'s Step, alias: &'s str) -> impl Iterator<Item = String> + 's {
    step.filter.iter().map(move |(column, value)| match value {
        Sql::Null => format!("{alias}.{} IS NULL", name(column)),
        value => format!("{alias}.{} = {}", name(column), literal(value)),
    })
}
