//! The order of a search's results, and cursors into it: keyset paging, so that nothing is skipped or seen twice
//! when rows are added (<https://hl7.org/fhir/R4/search.html#sort>).
//!
//! Results are ordered by the sort keys, missing values last in both directions, then by the plan's place among
//! those of the type, then by row number.

use crate::condition::{self, Env};
use crate::predicate::{Part, Predicate};
use crate::sql::{ALWAYS, NEVER, all, any, of_row};
use crate::way::Way;
use hearthgate_fhir::query::{Kind, Operand, Parameter, Prefix, Sort};
use hearthgate_mapping::plan::{Plan, Sql};

/// A place in the order: the sort keys, the plan's ordinal and the row number of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor(Vec<Sql>);

impl Cursor {
    /// The cursor of a result row: `rest` are the columns of a page's row after those of a resource
    /// and [`crate::COLUMN_RID`].
    #[must_use]
    pub fn of(rest: &[Sql]) -> Self {
        Self(rest.to_vec())
    }

    /// As text. It is neither authenticated nor opaque yet: that is the caller's.
    #[must_use]
    pub fn encode(&self) -> String {
        let values = self.0.iter().map(|value| match value {
            Sql::Integer(number) => (*number).into(),
            Sql::Real(number) => serde_json::json!({ "r": number.to_bits().to_string() }),
            Sql::Text(text) => text.as_str().into(),
            Sql::Null | Sql::Blob(_) | Sql::Unopened => serde_json::Value::Null,
        });
        serde_json::Value::Array(values.collect()).to_string()
    }

    /// Reads [`Cursor::encode`]'s text; `None` where it is none.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let serde_json::Value::Array(values) = serde_json::from_str(text).ok()? else { return None };
        let value = |value: &serde_json::Value| {
            Some(match value {
                serde_json::Value::Null => Sql::Null,
                serde_json::Value::String(text) => Sql::Text(text.clone()),
                serde_json::Value::Number(number) => Sql::Integer(number.as_i64()?),
                other => Sql::Real(f64::from_bits(other.get("r")?.as_str()?.parse().ok()?)),
            })
        };
        values.iter().map(value).collect::<Option<Vec<Sql>>>().map(Self)
    }

    /// Whether it can belong to an order with so many keys.
    pub(crate) fn fits(&self, keys: usize) -> bool {
        self.0.len() == keys + 2 && self.0[keys..].iter().all(|value| matches!(value, Sql::Integer(_)))
    }

    pub(crate) fn first(&self) -> Option<&Sql> {
        self.0.first()
    }
}

/// The order of one search.
pub(crate) struct Order<'o> {
    pub(crate) keys: Vec<Key<'o>>,
    pub(crate) after: Option<&'o Cursor>,
}

/// One key: a parameter, ascending or not.
#[derive(Clone)]
pub(crate) struct Key<'o> {
    pub(crate) sort: &'o Sort,
    /// Only values that fulfil the search's own parameter of this code count.
    pub(crate) matching: bool,
}

impl Order<'_> {
    /// Ties go the way of the first key.
    pub(crate) fn ties_descend(&self) -> bool {
        self.keys.first().is_some_and(|key| key.sort.descending)
    }

    /// `ORDER BY` over the columns `k0 …, o, n` of a row named by the prefix.
    pub(crate) fn by(&self, prefix: &str) -> String {
        let ties = if self.ties_descend() { " DESC" } else { "" };
        let keys = self.keys.iter().enumerate().map(|(at, key)| {
            // NULL is the smallest value, so it comes last by itself when values descend.
            format!("{prefix}k{at}{}, ", if key.sort.descending { " DESC" } else { " ASC NULLS LAST" })
        });
        format!("{}{prefix}o{ties}, {prefix}n{ties}", keys.collect::<String>())
    }

    /// That a row with these expressions comes after the cursor.
    pub(crate) fn after(&self, env: &mut Env<'_>, keys: &[String], ordinal: usize, row: &str) -> String {
        let Some(cursor) = self.after else { return ALWAYS.to_owned() };
        let (values, ties) = cursor.0.split_at(self.keys.len());
        let [Sql::Integer(at_plan), Sql::Integer(at_row)] = ties else { return NEVER.to_owned() };
        let ordinal = i64::try_from(ordinal).unwrap_or(i64::MAX);
        let (beyond, operator) = if self.ties_descend() { (ordinal < *at_plan, "<") } else { (ordinal > *at_plan, ">") };
        let mut after = if ordinal == *at_plan {
            format!("{row} {operator} {}", env.binds.integer(*at_row))
        } else if beyond {
            ALWAYS.to_owned()
        } else {
            NEVER.to_owned()
        };
        for ((key, expression), value) in self.keys.iter().zip(keys).zip(values).rev() {
            after = match value {
                Sql::Null => all([format!("{expression} IS NULL"), after]),
                value => {
                    let value = env.binds.bind(value.clone());
                    let operator = if key.sort.descending { "<" } else { ">" };
                    let beyond = any([format!("{expression} {operator} {value}"), format!("{expression} IS NULL")]);
                    any([beyond, all([format!("{expression} = {value}"), after])])
                }
            };
        }
        after
    }
}

/// The parameter whose index gives the results in order, if there is one: a beginning of a text or a range of time, in one column.
/// Where nothing else is asked, results come in its order, times the newest first; where it is the first sort key, its matching
/// values are what is sorted by.
pub(crate) fn natural(plans: &[&Plan], parameters: &[Parameter], sort: &[Sort]) -> Option<Sort> {
    let of = |parameter: &&Parameter| {
        matches!(parameter.kind, Kind::String | Kind::Date)
            && parameter.modifier.is_none()
            && parameter.values.len() == 1
            && !parameter.code.starts_with('_')
            && !matches!(parameter.values.first(), Some(Operand::Date { prefix: Prefix::Ne, .. }))
            && plans.iter().all(|plan| plan.sources.get(&parameter.code).is_none_or(|sources| sources.len() <= 1 && sources.iter().all(is_ordered)))
            && parameters.iter().filter(|other| other.code == parameter.code).count() == 1
    };
    match sort.first() {
        None => parameters.iter().find(of).map(|found| Sort { code: found.code.clone(), kind: found.kind, descending: found.kind == Kind::Date }),
        Some(first) => parameters.iter().filter(|parameter| parameter.code == first.code).find(of).map(|_| first.clone()),
    }
}

fn is_ordered(source: &hearthgate_mapping::Source) -> bool {
    use hearthgate_mapping::source::SourceColumns::{Date, Text};
    matches!(source.columns, Text(_) | Date(_))
}

/// What a row says in the order of a key, and which rows count: for each way to them.
#[derive(Clone)]
pub(crate) struct Valued {
    pub(crate) part: Part,
    pub(crate) value: String,
}

/// The rows that a key reads, of one plan; empty for a key on the resource's own line.
pub(crate) fn valued(plan: &Plan, key: &Key<'_>, predicates: &[Predicate]) -> Vec<Valued> {
    let sort = key.sort;
    let filter = |way: &Way| match predicates.iter().find(|p| key.matching && p.code == sort.code) {
        None => Some(ALWAYS.to_owned()),
        Some(predicate) => predicate.parts.iter().find(|part| part.way == *way).map(|part| part.condition.clone()),
    };
    let mut rows = Vec::new();
    for source in plan.sources.get(&sort.code).into_iter().flatten() {
        let (way, value) = (Way::source(plan, source), condition::sort_value(plan.resource, &sort.code, &source.columns));
        if let (Some(condition), true) = (filter(&way), value != "NULL") {
            rows.push(Valued { part: Part { way, condition }, value });
        }
    }
    let value = condition::index_sort_value(plan.resource, sort, key.matching);
    if let (Some(condition), true) = (filter(&Way::index()), value != "NULL") {
        let condition = all([condition::in_index(plan.resource, &sort.code), condition]);
        rows.push(Valued { part: Part { way: Way::index(), condition }, value });
    }
    rows
}

/// A key's value, asked of the resource `r`.
pub(crate) fn value_of(key: &Key<'_>, rows: &[Valued]) -> String {
    match key.sort.code.as_str() {
        "_id" => return "r.id".to_owned(),
        "_lastUpdated" => return "r.at".to_owned(),
        _ => {}
    }
    if let [one] = rows
        && one.part.way.single()
        && let Some(rows) = one.part.way.rows(&one.value, &one.part.condition, "e")
    {
        return format!("({rows})");
    }
    let selects: Vec<String> = rows.iter().filter_map(|one| one.part.way.rows(&format!("{} AS v", one.value), &one.part.condition, "e")).collect();
    if selects.is_empty() {
        return "NULL".to_owned();
    }
    format!("(SELECT {}(v) FROM ({}))", if key.sort.descending { "max" } else { "min" }, selects.join(" UNION ALL "))
}

/// That no other row of the resource comes before this one, so that a resource is met once, by its first value:
/// asked of the row `e` of the way at `at`.
pub(crate) fn is_first(rows: &[Valued], at: usize, descending: bool, valued: bool) -> String {
    let Some(own) = rows.get(at) else { return NEVER.to_owned() };
    let mine = of_row(&own.value, "e");
    let before = if descending { ">" } else { "<" };
    all(rows.iter().enumerate().filter_map(|(other, row)| {
        let theirs = &row.value;
        let earlier = if other == at {
            if row.part.way.single() {
                return None;
            }
            let same = format!("{}.rowid < e.rowid", crate::sql::ROW);
            if valued { format!("({theirs} {before} {mine} OR ({theirs} = {mine} AND {same}))") } else { same }
        } else if valued {
            format!("{theirs} {before}{} {mine}", if other < at { "=" } else { "" })
        } else if other < at {
            ALWAYS.to_owned()
        } else {
            return None;
        };
        Some(format!("NOT {}", row.part.way.check(&all([row.part.condition.clone(), earlier]), "f")))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        let cursor = Cursor(vec![Sql::Text("sm\"ith".into()), Sql::Real(0.1), Sql::Null, Sql::Integer(0), Sql::Integer(i64::MIN)]);
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor.clone()));
        assert!(cursor.fits(3) && !cursor.fits(2));
        for text in ["", "{}", "[true]", "[1.5]", "[{\"r\":\"x\"}]", "[[]]"] {
            assert_eq!(Cursor::decode(text), None, "{text}");
        }
    }
}
