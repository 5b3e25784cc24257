//! A boundary as SQL: checked of each resource, or, where it is the narrowest thing known, the set to begin with.
//!
//! The care relation is looked up by the statement itself, so that it holds the moment it is typed in.

mod apps;

use crate::condition::{self, Env};
use crate::history::{Era, SHOWN};
use crate::predicate::Predicate;
use crate::sql::{ALWAYS, NEVER, all, any, literal, name, of_row};
use crate::way::Way;
use hearthgate_access::{Boundary, NAMING, Patients, Reach, TypeRule};
use hearthgate_fhir::query::{self, Kind, Modifier, Operand, Parameter, SystemMatch};
use hearthgate_mapping::index;
use hearthgate_mapping::plan::{PatientRule, Plan, PlanKind, Sql};
use hearthgate_mapping::source::SourceColumns;

/// What a boundary says, as far as SQL needs it.
#[derive(Clone, Copy)]
pub(crate) struct Limits<'b> {
    rule: &'b TypeRule,
    withheld: &'b [(String, String)],
}

impl<'b> Limits<'b> {
    /// The limits of the boundary's own type.
    pub(crate) fn of(boundary: &'b Boundary) -> Self {
        Self { rule: boundary.rule(), withheld: boundary.labels().withheld() }
    }

    /// The limits of another type; `None`: nothing of it may come along.
    pub(crate) fn of_type(boundary: &'b Boundary, resource: &str) -> Option<Self> {
        boundary.rule_for(resource).map(|rule| Self { rule, withheld: boundary.labels().withheld() })
    }

    #[cfg(test)]
    pub(crate) fn new(rule: &'b TypeRule, withheld: &'b [(String, String)]) -> Self {
        Self { rule, withheld }
    }

    /// Neither filters nor labels: what it says does not turn on the time.
    pub(crate) fn is_plain(&self) -> bool {
        self.withheld.is_empty() && self.rule.reach.iter().all(|reach| reach.filters.is_empty())
    }

    /// Plain, and patients alone: what it says does not depend on the type either.
    pub(crate) fn is_same_for_every_type(&self) -> bool {
        self.is_plain() && !self.rule.reach.iter().any(|reach| matches!(reach.patients, Patients::Naming(_) | Patients::Apps(_)))
    }

    /// The rule.
    pub(crate) fn rule(&self) -> &'b TypeRule {
        self.rule
    }

    /// The rule as a text that is the same for equal rules.
    pub(crate) fn shape(&self) -> String {
        format!("{:?}", self.rule)
    }

    /// That the resource `r` of the plan is inside.
    pub(crate) fn check(&self, env: &mut Env<'_>, plan: &Plan) -> String {
        let reach = any(self.rule.reach.iter().map(|reach| reach_check(env, plan, reach)));
        all([reach, labels_check(env, plan, self.withheld)])
    }

    /// That the last content of the deleted resource `r` of the plan was inside, by its columns in the shadow.
    pub(crate) fn check_tombstone(&self, env: &mut Env<'_>, plan: &Plan) -> String {
        if self.is_everything(plan) {
            return ALWAYS.to_owned();
        }
        if matches!(plan.kind, PlanKind::Group { .. }) {
            return self.past(env, plan, "n", "(r.seq - 1)");
        }
        // Rows that went in one statement went at its first number, whatever the numbers of the resources that went with them.
        let own = self.past(env, plan, "n", "(n.gw_to - 1)");
        if own == NEVER {
            return own;
        }
        let (shadow, id) = (name(&format!("gw_h_{}", plan.table.table)), name(&plan.id_column));
        let last = format!("(SELECT max(m.gw_to) FROM {shadow} m WHERE m.id = r.row AND m.{id} = r.id AND m.gw_to <= r.seq)");
        format!("EXISTS (SELECT 1 FROM {shadow} n WHERE n.id = r.row AND n.{id} = r.id AND n.gw_to = {last} AND {own})")
    }

    /// That the content of version `v`, whose root row is `e`, is inside, by its columns as they were.
    pub(crate) fn check_version(&self, env: &mut Env<'_>, plan: &Plan) -> String {
        if self.is_everything(plan) { ALWAYS.to_owned() } else { self.past(env, plan, "e", SHOWN) }
    }

    /// The same of a group, which has no root row.
    pub(crate) fn check_group_version(&self, env: &mut Env<'_>, plan: &Plan) -> String {
        self.check_version(env, plan)
    }

    fn is_everything(&self, plan: &Plan) -> bool {
        self.rule.is_unbounded() && self.withheld.is_empty() && plan.app_state.is_none()
    }

    /// That the root row with the alias, as of the sequence number, is inside. Labels and filters are known of the newest version
    /// alone: what turns on them is outside.
    fn past(&self, env: &mut Env<'_>, plan: &Plan, alias: &str, seq: &str) -> String {
        if !self.withheld.is_empty() {
            return NEVER.to_owned();
        }
        any(self.rule.reach.iter().filter(|reach| reach.filters.is_empty()).map(|reach| {
            if let Some(kept) = apps::of(env, plan, &reach.patients) {
                return of_row(&kept, alias);
            }
            let whose = match Whose::new(env, &reach.patients) {
                None => return ALWAYS.to_owned(),
                Some(Whose::Named(parameter)) => return past_naming(env, plan, &parameter, alias, seq),
                Some(whose) => whose,
            };
            let column = |of: &String| format!("{alias}.{}", name(of));
            let inside = match (&plan.patient, &plan.kind) {
                (PatientRule::None, _) => NEVER.to_owned(),
                (PatientRule::Itself, _) => whose.holds(&format!("{alias}.id")),
                (PatientRule::Columns(own), PlanKind::Group { column, table }) if table == "patients" && own == std::slice::from_ref(column) => {
                    whose.holds("r.row")
                }
                (_, PlanKind::Group { .. }) => NEVER.to_owned(),
                (PatientRule::Columns(columns), _) => any(columns.iter().map(|of| whose.holds(&column(of)))),
                (PatientRule::Child { from, on, column: of }, _) => any([Era::Live, Era::Past].map(|era| {
                    let table = if era == Era::Live { from.clone() } else { format!("gw_h_{from}") };
                    let there = era.was_there("m", seq);
                    format!(
                        "EXISTS (SELECT 1 FROM {} m WHERE m.{} = {alias}.id AND {there} AND {})",
                        name(&table),
                        name(on),
                        whose.holds(&format!("m.{}", name(of)))
                    )
                })),
            };
            let compartment = match plan.patient {
                PatientRule::Itself => NEVER.to_owned(),
                // What lives in the table is the newest version's, which is judged by itself.
                _ => format!(
                    "EXISTS (SELECT 1 FROM gw_h_gw_compartment m WHERE m.rid = r.rid AND {} AND {})",
                    Era::Past.was_there("m", seq),
                    whose.holds("m.patient")
                ),
            };
            all([any([inside, compartment]), whose.besides()])
        }))
    }

    /// The patients of every reach, if each says whose resources it reaches.
    pub(crate) fn patients(&self, env: &mut Env<'_>) -> Option<Vec<Whose>> {
        self.rule.reach.iter().map(|reach| Whose::new(env, &reach.patients).filter(|whose| !matches!(whose, Whose::Named(_)))).collect()
    }

    /// The set of resources that the patients of every reach can have, if each names patients;
    /// the check is still to be made of each.
    pub(crate) fn set(&self, env: &mut Env<'_>, plan: &Plan, what: &str) -> Option<Set> {
        let mut set = Set { selects: Vec::new(), few: true };
        for reach in &self.rule.reach {
            if let Some(kept) = apps::of(env, plan, &reach.patients) {
                if kept != NEVER {
                    let (from, mut conditions) = Way::root(plan).up(plan, plan.resource, "e");
                    conditions.push(of_row(&kept, "e"));
                    set.selects.push(format!("SELECT {what} FROM {from} WHERE {}", conditions.join(" AND ")));
                }
                continue;
            }
            let whose = Whose::new(env, &reach.patients)?;
            if let Whose::Named(parameter) = &whose {
                set.selects.extend(Predicate::new(env, plan, parameter).sets(plan, plan.resource, what));
                set.few = false;
                continue;
            }
            set.few &= matches!(reach.patients, Patients::Compartment(_) | Patients::CareOfCompartment { .. });
            for (way, columns) in places(plan) {
                for column in columns {
                    let alias = if way.end().is_some() { "e" } else { "r" };
                    let (from, mut conditions) = way.up(plan, plan.resource, "e");
                    let patient = of_row(&column, alias);
                    let from = match &whose {
                        Whose::One(id, _) => {
                            conditions.insert(0, format!("{patient} = {id}"));
                            from
                        }
                        Whose::InCare(doctor) => {
                            conditions.insert(0, format!("{patient} = q.patient_id"));
                            conditions.insert(0, format!("q.doctor_id = {doctor} AND q.active = 1"));
                            format!("care_relations q CROSS JOIN {from}")
                        }
                        Whose::Named(_) => continue,
                    };
                    set.selects.push(format!("SELECT {what} FROM {from} WHERE {}", conditions.join(" AND ")));
                }
            }
        }
        Some(set)
    }
}

/// Resources to begin with, because nothing outside them can be inside the boundary.
pub(crate) struct Set {
    pub(crate) selects: Vec<String>,
    /// One patient's alone.
    pub(crate) few: bool,
}

/// Patients as SQL.
pub(crate) enum Whose {
    /// The patient's row number, and a condition on top.
    One(String, String),
    /// Those with an active relation to the doctor's row number.
    InCare(String),
    /// Nobody by name: whoever's resource fulfils the parameter.
    Named(Box<Parameter>),
}

impl Whose {
    /// `None`: everyone.
    fn new(env: &mut Env<'_>, patients: &Patients) -> Option<Self> {
        Some(match patients {
            // What apps keep is no patient's: it is judged apart ([`apps`]).
            Patients::All | Patients::Apps(_) => return None,
            Patients::Compartment(patient) => Self::One(env.person("patients", patient), ALWAYS.to_owned()),
            Patients::CareOf(practitioner) => Self::InCare(env.person("doctors", practitioner)),
            Patients::CareOfCompartment { practitioner, patient } => {
                let patient = env.person("patients", patient);
                let doctor = env.person("doctors", practitioner);
                let related = format!("EXISTS (SELECT 1 FROM care_relations q WHERE q.patient_id = {patient} AND q.doctor_id = {doctor} AND +q.active = 1)");
                Self::One(patient, related)
            }
            Patients::Naming(practitioner) => Self::Named(Box::new(Parameter {
                code: NAMING.to_owned(),
                kind: Kind::Reference,
                modifier: None,
                values: vec![Operand::Reference { type_name: Some("Practitioner"), id: practitioner.clone() }],
                raw: (String::new(), String::new()),
            })),
        })
    }

    /// That a row number is one of theirs. The index by doctor is asked: one doctor's patients lie side by side in it.
    pub(crate) fn holds(&self, patient: &str) -> String {
        match self {
            Self::One(id, _) => format!("{patient} = {id}"),
            Self::InCare(doctor) => {
                format!("EXISTS (SELECT 1 FROM care_relations q WHERE q.patient_id = {patient} AND q.doctor_id = {doctor} AND +q.active = 1)")
            }
            Self::Named(_) => NEVER.to_owned(),
        }
    }

    /// Each of them: a beginning of a `FROM` clause, its conditions, and the row number.
    pub(crate) fn each(&self) -> (&'static str, Vec<String>, String) {
        match self {
            Self::One(id, besides) => ("", vec![besides.clone()], id.clone()),
            Self::InCare(doctor) => ("care_relations q CROSS JOIN ", vec![format!("q.doctor_id = {doctor} AND q.active = 1")], "q.patient_id".to_owned()),
            Self::Named(_) => ("", vec![NEVER.to_owned()], "NULL".to_owned()),
        }
    }

    pub(crate) fn besides(&self) -> String {
        match self {
            Self::One(_, condition) => condition.clone(),
            Self::InCare(_) | Self::Named(_) => ALWAYS.to_owned(),
        }
    }
}

/// Where the patients of a plan's resources are said: ways and columns at their ends.
fn places(plan: &Plan) -> Vec<(Way, Vec<String>)> {
    let column = |of: &String| crate::sql::column(of);
    let compartments = (Way::compartments(), vec![crate::sql::column("patient")]);
    let own = match &plan.patient {
        PatientRule::Itself => return vec![(Way::root(plan), vec![crate::sql::column("id")])],
        PatientRule::None => return vec![compartments],
        PatientRule::Columns(columns) => (Way::root(plan), columns.iter().map(column).collect()),
        PatientRule::Child { from, on, column: of } => (Way::child(plan, from, on), vec![column(of)]),
    };
    vec![own, compartments]
}

fn reach_check(env: &mut Env<'_>, plan: &Plan, reach: &Reach) -> String {
    let filters: Vec<String> = reach.filters.iter().map(|(code, value)| filter_check(env, plan, code, value)).collect();
    if let Some(kept) = apps::of(env, plan, &reach.patients) {
        return if kept == NEVER { kept } else { all([vec![Way::root(plan).check(&kept, "e")], filters].concat()) };
    }
    let whose = match Whose::new(env, &reach.patients) {
        None => return all(filters),
        Some(Whose::Named(parameter)) => return all([vec![Predicate::new(env, plan, &parameter).check()], filters].concat()),
        Some(whose) => whose,
    };
    let inside = places(plan).into_iter().map(|(way, columns)| match (&plan.patient, &plan.kind) {
        (PatientRule::Itself, _) => whose.holds("r.row"),
        // A group by patient is named by the patient.
        (PatientRule::Columns(own), PlanKind::Group { column, table })
            if table == "patients" && own == std::slice::from_ref(column) && way != Way::compartments() =>
        {
            whose.holds("r.row")
        }
        _ => way.check(&any(columns.iter().map(|column| whose.holds(column))), "e"),
    });
    all([any(inside.collect::<Vec<_>>()), whose.besides(), all(filters)])
}

/// That the root row with the alias fulfilled a parameter as of the sequence number, by its own columns and those of its child tables.
fn past_naming(env: &mut Env<'_>, plan: &Plan, parameter: &Parameter, alias: &str, seq: &str) -> String {
    env.resource = plan.resource;
    let sources = plan.sources.get(&parameter.code).into_iter().flatten();
    let held = sources.map(|source| {
        let filtered = |filter: &[(String, Sql)], of: &str| {
            all(filter.iter().map(|(column, value)| match value {
                Sql::Null => format!("{of}.{} IS NULL", name(column)),
                value => format!("{of}.{} = {}", name(column), literal(value)),
            }))
        };
        match (source.joins.as_slice(), &source.columns) {
            (joins, SourceColumns::Foreign { .. } | SourceColumns::Reference(_)) if joins.len() <= 1 => {
                let table = joins.first().map_or(plan.table.table.as_str(), |join| join.table.as_str());
                let condition = condition::of_source(env, parameter, source, table);
                let Some(join) = joins.first() else { return all([of_row(&condition, alias), filtered(&source.filter, alias)]) };
                any([Era::Live, Era::Past].map(|era| {
                    let table = if era == Era::Live { join.table.clone() } else { format!("gw_h_{}", join.table) };
                    let conditions =
                        [format!("m.{} = {alias}.id", name(&join.on)), era.was_there("m", seq), filtered(&join.filter, "m"), filtered(&source.filter, "m")];
                    format!("EXISTS (SELECT 1 FROM {} m WHERE {})", name(&table), all(conditions.into_iter().chain([of_row(&condition, "m")])))
                }))
            }
            _ => NEVER.to_owned(),
        }
    });
    any(held.collect::<Vec<_>>())
}

/// A filter of a granular scope is a search parameter; one that cannot be read holds of nothing.
fn filter_check(env: &mut Env<'_>, plan: &Plan, code: &str, value: &str) -> String {
    let resource = plan.resource;
    let lookup = |code: &str| index::parameter(resource, code).map(|parameter| (parameter.kind, parameter.targets.clone()));
    match query::parse(resource, &[(code.to_owned(), value.to_owned())], &lookup, "") {
        Ok(query) if query.parameters.len() == 1 && query.ignored.is_empty() => {
            all(query.parameters.iter().map(|parameter| Predicate::new(env, plan, parameter).check()).collect::<Vec<_>>())
        }
        _ => NEVER.to_owned(),
    }
}

/// That the resource bears none of the labels.
fn labels_check(env: &mut Env<'_>, plan: &Plan, withheld: &[(String, String)]) -> String {
    if withheld.is_empty() {
        return ALWAYS.to_owned();
    }
    let values = withheld.iter().map(|(system, code)| Operand::Token { system: SystemMatch::Is(system.clone()), code: Some(code.clone()) });
    let parameter = Parameter {
        code: "_security".to_owned(),
        kind: Kind::Token,
        modifier: Some(Modifier::Not),
        values: values.collect(),
        raw: (String::new(), String::new()),
    };
    Predicate::new(env, plan, &parameter).check()
}
