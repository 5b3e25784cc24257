//! `_include` and `_revinclude` (<https://hl7.org/fhir/R4/search.html#revinclude>): what comes along with a page, in one statement.
//!
//! Each resource that comes along is inside the boundary of its own type; types that the caller may not read do not come at all.

use crate::boundary::Limits;
use crate::condition::Env;
use crate::order::Order;
use crate::page::Search;
use crate::sql::{ALWAYS, NEVER, column, name, quoted};
use crate::way::Way;
use crate::{Context, NOTHING_BARE, RESOURCE, rendered, statement};
use hearthgate_access::{Interaction, Narrowed, Target};
use hearthgate_fhir::query::{Include, Kind, Operand, Parameter};
use hearthgate_fhir::r4::SearchParameter;
use hearthgate_mapping::index::{parameter, parameters};
use hearthgate_mapping::plan::{Plan, PlanKind};
use hearthgate_mapping::source::SourceColumns;
use hearthgate_mapping::{Sql, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// A resource that is on the page already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnPage {
    /// Its type.
    pub resource: &'static str,
    /// Its logical id.
    pub id: String,
    /// Its number, from [`crate::COLUMN_RID`].
    pub rid: i64,
}

/// What comes along with the resources of a page.
///
/// For `:iterate` ask again, with what came along as `page` and only the includes that iterate, until nothing new comes.
#[derive(Clone, Debug)]
pub struct Includes {
    /// The type that was searched.
    pub resource: &'static str,
    /// The includes.
    pub include: Vec<Include>,
    /// What they start from.
    pub page: Vec<OnPage>,
    /// Everything that is in the bundle already, by its number: it does not come again.
    pub known: Vec<i64>,
    /// Resources at most.
    pub limit: u32,
}

impl Target for Includes {
    fn resource_type(&self) -> &str {
        self.resource
    }

    fn interaction(&self) -> Interaction {
        Interaction::Search
    }

    fn also(&self) -> Vec<(String, Interaction)> {
        let mut types = BTreeSet::new();
        for include in &self.include {
            if include.reverse {
                types.insert(include.source);
            } else {
                types.extend(references(include).into_iter().flat_map(|p| targets(include, p)));
            }
        }
        types.into_iter().map(|name| (name.to_owned(), Interaction::Read)).collect()
    }
}

/// The reference parameters that an include follows.
fn references(include: &Include) -> Vec<&'static SearchParameter> {
    if include.wildcard {
        parameters(include.source).filter(|p| p.kind == Kind::Reference).collect()
    } else {
        parameter(include.source, &include.code).filter(|p| p.kind == Kind::Reference).into_iter().collect()
    }
}

fn targets(include: &Include, parameter: &SearchParameter) -> Vec<&'static str> {
    parameter.targets.iter().copied().filter(|target| include.target.is_none_or(|wanted| wanted == *target)).collect()
}

/// What comes along: resource rows, each once, ordered by `rid`, which follows the row.
#[must_use]
pub fn include(includes: Narrowed<Includes>, context: &Context<'_>) -> Narrowed<Statement> {
    includes.map(|includes, boundary| {
        let limits = |resource: &str| Limits::of_type(boundary, resource);
        along(&includes, &limits, context)
    })
}

pub(crate) fn along<'l>(asked: &Includes, limits: &dyn Fn(&str) -> Option<Limits<'l>>, context: &Context<'_>) -> Statement {
    let mut env = Env::new(context);
    let mut forward = Forward::default();
    let mut sets = Vec::new();
    for include in &asked.include {
        if include.reverse {
            sets.extend(reverse(&mut env, asked, include, limits));
        } else {
            forward.follow(&mut env, asked, include);
        }
    }
    let mut with = String::new();
    if !forward.selects.is_empty() {
        with = format!("WITH x(type, id) AS MATERIALIZED ({}) ", union(&forward.selects, "type, id"));
        sets.extend(forward.arrive(&mut env, limits));
    }
    if sets.is_empty() {
        return statement(NOTHING_BARE.to_owned(), env.binds);
    }
    let known = env.binds.bind(Sql::Text(serde_json::Value::from(asked.known.clone()).to_string()));
    let digest = env.binds.text(context.digest);
    let limit = env.binds.integer(i64::from(asked.limit));
    let text = format!(
        "{with}SELECT {RESOURCE} FROM (SELECT DISTINCT rid FROM ({}) WHERE rid NOT IN (SELECT value FROM json_each({known})) ORDER BY rid LIMIT {limit}) c CROSS JOIN gw_resources r ON r.rid = c.rid {} ORDER BY c.rid",
        union(&sets, "rid"),
        rendered(&digest)
    );
    statement(text, env.binds)
}

/// A union without repetitions. SQLite takes at most 500 members at once.
fn union(selects: &[String], columns: &str) -> String {
    if selects.len() <= 400 {
        return selects.join(" UNION ");
    }
    let parts: Vec<String> = selects.chunks(400).map(|some| format!("SELECT {columns} FROM ({})", some.join(" UNION "))).collect();
    parts.join(" UNION ")
}

/// Resources of another type that refer to the page.
fn reverse<'l>(env: &mut Env<'_>, asked: &Includes, include: &Include, limits: &dyn Fn(&str) -> Option<Limits<'l>>) -> Vec<String> {
    let Some(limits) = limits(include.source) else { return Vec::new() };
    let mut sets = Vec::new();
    for parameter in references(include) {
        let targets = targets(include, parameter);
        let page = asked.page.iter().filter(|one| targets.contains(&one.resource));
        let values: Vec<Operand> = page.map(|one| Operand::Reference { type_name: Some(one.resource), id: one.id.clone() }).collect();
        if values.is_empty() {
            continue;
        }
        let asked = [Parameter { code: parameter.code.to_owned(), kind: Kind::Reference, modifier: None, values, raw: (String::new(), String::new()) }];
        let search = Search {
            plans: env.context.of_type(include.source).collect(),
            parameters: &asked,
            order: Order { keys: Vec::new(), after: None },
            limits,
            rows: 0,
        };
        sets.extend(search.sets_of(env, true));
    }
    sets
}

/// Resources that the page refers to.
#[derive(Default)]
struct Forward {
    /// References as type and id.
    selects: Vec<String>,
    targets: BTreeSet<&'static str>,
}

impl Forward {
    fn follow(&mut self, env: &mut Env<'_>, asked: &Includes, include: &Include) {
        let rids: Vec<i64> = asked.page.iter().filter(|one| one.resource == include.source).map(|one| one.rid).collect();
        if rids.is_empty() {
            return;
        }
        let rids = env.binds.bind(Sql::Text(serde_json::Value::from(rids).to_string()));
        let page = format!("r.rid IN (SELECT value FROM json_each({rids}))");
        for parameter in references(include) {
            let targets = targets(include, parameter);
            for plan in env.context.of_type(include.source) {
                self.columns(plan, parameter.code, &targets, &page);
            }
            let value = column("value");
            let condition = format!("{} AND {value} LIKE '%/%' AND {} IS NULL", crate::condition::in_index(include.source, parameter.code), column("kind"));
            self.text(&Way::index(), &value, &condition, &targets, &page);
            self.targets.extend(targets);
        }
    }

    fn columns(&mut self, plan: &Plan, code: &str, targets: &[&'static str], page: &str) {
        for source in plan.sources.get(code).into_iter().flatten() {
            let way = Way::source(plan, source);
            let page = format!("{page} AND +r.plan = {}", quoted(&plan.name));
            match &source.columns {
                SourceColumns::Foreign { column: of, table, public_id, resource } if targets.contains(resource) => {
                    let Some((from, rows)) = way.down_from("e") else { continue };
                    self.selects.push(format!(
                        "SELECT {}, o.{} FROM gw_resources r CROSS JOIN {from} CROSS JOIN {} o WHERE {page} AND {rows} AND o.id = e.{}",
                        quoted(resource),
                        name(public_id),
                        name(table),
                        name(of)
                    ));
                }
                SourceColumns::Reference(of) => self.text(&way, &column(of), ALWAYS, targets, &page),
                _ => {}
            }
        }
    }

    /// References kept as `Type/id`.
    fn text(&mut self, way: &Way, value: &str, condition: &str, targets: &[&'static str], page: &str) {
        let Some((from, rows)) = way.down_from("e") else { return };
        let value = crate::sql::of_row(value, "e");
        let kind = format!("substr({value}, 1, instr({value}, '/') - 1)");
        let wanted: Vec<String> = targets.iter().map(|target| quoted(target)).collect();
        self.selects.push(format!(
            "SELECT {kind}, substr({value}, instr({value}, '/') + 1) FROM gw_resources r CROSS JOIN {from} WHERE {page} AND {rows} AND {} AND {kind} IN ({})",
            crate::sql::of_row(condition, "e"),
            wanted.join(", ")
        ));
    }

    /// The resources referred to, each type by its own rule. Types kept whole whose rules say the same are looked up together.
    fn arrive<'l>(&self, env: &mut Env<'_>, limits: &dyn Fn(&str) -> Option<Limits<'l>>) -> Vec<String> {
        let mut sets = Vec::new();
        let mut alike: BTreeMap<String, (Vec<String>, &Plan, Limits<'l>)> = BTreeMap::new();
        for target in &self.targets {
            let Some(limits) = limits(target) else { continue };
            for plan in env.context.of_type(target) {
                if plan.kind == PlanKind::Document && limits.is_same_for_every_type() {
                    alike.entry(limits.shape()).or_insert_with(|| (Vec::new(), plan, limits)).0.push((*target).to_owned());
                    continue;
                }
                let check = limits.check(env, plan);
                if check != NEVER {
                    sets.push(format!(
                        "SELECT r.rid FROM x CROSS JOIN gw_resources r WHERE x.type = {} AND r.type = {} AND r.id = x.id AND +r.plan = {} AND +r.deleted = 0 AND {check}",
                        quoted(target),
                        quoted(target),
                        quoted(&plan.name)
                    ));
                }
            }
        }
        for (types, plan, limits) in alike.into_values() {
            let check = limits.check(env, plan);
            let types: Vec<String> = types.iter().map(|name| quoted(name)).collect();
            if check != NEVER {
                sets.push(format!(
                    "SELECT r.rid FROM x CROSS JOIN gw_resources r WHERE x.type IN ({}) AND r.type = x.type AND r.id = x.id AND +r.deleted = 0 AND {check}",
                    types.join(", ")
                ));
            }
        }
        sets
    }
}
