//! One search parameter of one plan: as a check of a resource, and as a set of resources to begin with.

mod composite;

use crate::condition::{self, Env};
use crate::sql::{ALWAYS, NEVER, all, any, is_opaque, of_row};
use crate::way::Way;
use hearthgate_fhir::query::{Modifier, Operand, Parameter, Prefix, SystemMatch};
use hearthgate_fhir::r4::Kind;
use hearthgate_mapping::plan::Plan;
use hearthgate_mapping::source::SourceColumns;

/// Rows that a parameter reads, and when they fulfil it.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) way: Way,
    pub(crate) condition: String,
}

impl Part {
    /// Its rows: a `FROM` clause with its `WHERE`.
    pub(crate) fn lines(&self, plan: &Plan) -> String {
        self.way.lines(&self.condition, "e").unwrap_or_else(|| {
            let (from, conditions) = self.way.up(plan, plan.resource, "e");
            format!("{from} WHERE {} AND {}", conditions.join(" AND "), of_row(&self.condition, "r"))
        })
    }
}

/// How few resources a parameter leaves, as far as its form tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// A handful, whatever the size of the clinic: an id, an identifier, one patient's.
    Few,
    /// A range in the order of one index: a name's beginning, a time.
    Range,
    /// Some, or many.
    Some,
    /// It leaves nearly everything, or no index finds what it leaves.
    Scan,
}

/// A parameter over one plan.
#[derive(Clone, Debug)]
pub(crate) struct Predicate {
    pub(crate) code: String,
    pub(crate) parts: Vec<Part>,
    negated: bool,
    pub(crate) rank: Rank,
    /// One value with a plain comparison.
    pub(crate) plain: bool,
    /// Of a composite, beside its parts: what fulfils all of one of these fulfils it.
    pub(crate) tuples: Vec<Vec<Predicate>>,
}

impl Predicate {
    /// The parameter over the plan's columns and the generated index.
    pub(crate) fn new(env: &mut Env<'_>, plan: &Plan, parameter: &Parameter) -> Self {
        env.resource = plan.resource;
        if parameter.kind == Kind::Composite {
            return composite::predicate(env, plan, parameter);
        }
        if plan.sources.get(&parameter.code).into_iter().flatten().any(|source| matches!(source.columns, SourceColumns::Present(_))) {
            return Self::truth(env, plan, parameter);
        }
        let negated = parameter.modifier == Some(Modifier::Not) || parameter.values == [Operand::Missing(true)];
        let parts = match condition::of_resource(env, parameter) {
            Some(condition) => vec![Part { way: Way::resource(), condition }],
            None => {
                let mut parts = Vec::new();
                for source in plan.sources.get(&parameter.code).into_iter().flatten() {
                    let table = source.joins.last().map_or(plan.table.table.as_str(), |join| join.table.as_str());
                    let condition = condition::of_source(env, parameter, source, table);
                    if condition != NEVER {
                        parts.push(Part { way: Way::source(plan, source), condition });
                    }
                }
                let condition = condition::of_index(env, parameter);
                if condition != NEVER {
                    parts.push(Part { way: Way::index(), condition });
                }
                parts
            }
        };
        let opaque = parts.iter().any(|part: &Part| is_opaque(&part.condition));
        let rank = if negated || opaque { Rank::Scan } else { rank(parameter) };
        // Several local codes may stand for one of FHIR's.
        let plain = parameter.values.len() == 1 && !parts.iter().any(|part: &Part| part.condition.contains(" IN ("));
        Self { code: parameter.code.clone(), parts, negated, rank, plain, tuples: Vec::new() }
    }

    /// What a search asks by the parameter: of a composite with one meaning each of its parts by itself, so that the narrowest leads.
    pub(crate) fn all(env: &mut Env<'_>, plan: &Plan, parameter: &Parameter) -> Vec<Self> {
        let mut whole = Self::new(env, plan, parameter);
        match whole.tuples.pop() {
            Some(tuple) if whole.parts.is_empty() && whole.tuples.is_empty() => {
                tuple.into_iter().map(|part| Self { code: parameter.code.clone(), ..part }).collect()
            }
            Some(tuple) => {
                whole.tuples.push(tuple);
                vec![whole]
            }
            None => vec![whole],
        }
    }

    /// A parameter that R4 defines as the truth of a sentence (`Patient.deceased.exists() and Patient.deceased != false`):
    /// what is not `true` is `false`, and nothing is missing.
    fn truth(env: &mut Env<'_>, plan: &Plan, parameter: &Parameter) -> Self {
        let asked = |text: &str| {
            parameter
                .values
                .iter()
                .any(|value| matches!(value, Operand::Token { system: SystemMatch::Any | SystemMatch::None, code: Some(code) } if code == text))
        };
        let not = parameter.modifier == Some(Modifier::Not);
        let (yes, no) = match parameter.values.as_slice() {
            [Operand::Missing(missing)] => (!missing, !missing),
            _ => (asked("true") != not, asked("false") != not),
        };
        let yes_alone =
            Parameter { modifier: None, values: vec![Operand::Token { system: SystemMatch::Any, code: Some("true".to_owned()) }], ..parameter.clone() };
        let mut parts = Vec::new();
        for source in plan.sources.get(&parameter.code).into_iter().flatten() {
            let condition = condition::of_source(env, &yes_alone, source, &plan.table.table);
            parts.push(Part { way: Way::source(plan, source), condition });
        }
        parts.push(Part { way: Way::index(), condition: condition::of_index(env, &yes_alone) });
        let always = vec![Part { way: Way::resource(), condition: ALWAYS.to_owned() }];
        let (parts, negated, rank) = match (yes, no) {
            (true, false) => (parts, false, Rank::Some),
            (false, true) => (parts, true, Rank::Scan),
            (true, true) => (always, false, Rank::Scan),
            (false, false) => (Vec::new(), false, Rank::Scan),
        };
        Self { code: parameter.code.clone(), parts, negated, rank, plain: true, tuples: Vec::new() }
    }

    /// That the resource `r` fulfils it.
    pub(crate) fn check(&self) -> String {
        let tuples = self.tuples.iter().map(|tuple| all(tuple.iter().map(Self::check)));
        let holds = any(self.parts.iter().map(|part| part.way.check(&part.condition, "e")).chain(tuples));
        if self.negated { format!("NOT ({holds})") } else { holds }
    }

    /// The resources of the plan that fulfil it, as `SELECT`s of what is asked of the resource `r`.
    pub(crate) fn sets(&self, plan: &Plan, resource: &str, what: &str) -> Vec<String> {
        let sets = self.parts.iter().map(|part| {
            let (from, mut conditions) = part.way.up(plan, resource, "e");
            let alias = if part.way.end().is_some() { "e" } else { "r" };
            conditions.push(of_row(&part.condition, alias));
            format!("SELECT {what} FROM {from} WHERE {}", conditions.join(" AND "))
        });
        let tuples = self.tuples.iter().flat_map(|tuple| {
            let (first, rest) = tuple.split_first().map_or((None, tuple.as_slice()), |(first, rest)| (Some(first), rest));
            let checks = all(rest.iter().map(Self::check));
            let sets = first.map_or_else(Vec::new, |first| first.sets(plan, resource, what));
            sets.into_iter().map(move |set| format!("{set} AND {checks}")).collect::<Vec<_>>()
        });
        sets.chain(tuples).collect()
    }

    /// The rows that fulfil it, whatever they belong to: `FROM` clauses, cheaper to count than resources.
    pub(crate) fn lines(&self, plan: &Plan) -> Vec<String> {
        let tuples = self.tuples.iter().filter_map(|tuple| tuple.first()).flat_map(|first| first.lines(plan));
        self.parts.iter().map(|part| part.lines(plan)).chain(tuples).collect()
    }

    /// A parameter of the plan that no stored row can fulfil.
    pub(crate) fn impossible(&self) -> bool {
        !self.negated && self.parts.is_empty() && self.tuples.is_empty()
    }
}

/// How many values of a parameter are compared one by one.
pub(crate) fn compared(parameter: &Parameter) -> usize {
    let is_marked = matches!(parameter.code.as_str(), "identifier" | "phone" | "email" | "telecom");
    let mut systems: Vec<&SystemMatch> = Vec::new();
    let mut count = 0;
    for value in &parameter.values {
        match value {
            Operand::Reference { .. } => {}
            // Each of its parts, over several kinds of rows.
            Operand::Composite(_) => count += 4,
            Operand::Token { system, code: Some(_) } if !is_marked && (systems.contains(&system) || systems.len() < 8) => {
                if !systems.contains(&system) {
                    systems.push(system);
                }
            }
            _ => count += 1,
        }
    }
    count
}

pub(crate) fn rank(parameter: &Parameter) -> Rank {
    if matches!(parameter.modifier, Some(Modifier::Missing | Modifier::Not | Modifier::Contains)) {
        return Rank::Scan;
    }
    let ranks = parameter.values.iter().map(|value| match value {
        Operand::Token { .. } if parameter.code == "_id" => Rank::Few,
        Operand::Token { system, code: Some(_) } if parameter.code == "identifier" && *system != SystemMatch::None => Rank::Few,
        Operand::Identifier { .. } | Operand::OfType { .. } => Rank::Few,
        Operand::Reference { type_name, .. } => match type_name {
            Some("Patient" | "Encounter" | "Appointment" | "ServiceRequest" | "DiagnosticReport" | "DocumentReference" | "Specimen") => Rank::Few,
            None if matches!(parameter.code.as_str(), "patient" | "subject" | "encounter") => Rank::Few,
            _ => Rank::Some,
        },
        Operand::ReferenceUrl(_) => Rank::Few,
        Operand::String(_) => Rank::Range,
        Operand::Date { prefix: Prefix::Ne, .. } => Rank::Scan,
        Operand::Date { .. } => Rank::Range,
        Operand::Quantity { prefix: Prefix::Ne, .. } | Operand::Number { prefix: Prefix::Ne, .. } | Operand::Missing(_) => Rank::Scan,
        _ => Rank::Some,
    });
    match ranks.max() {
        Some(Rank::Range) if parameter.values.len() > 1 => Rank::Some,
        Some(rank) if parameter.kind == Kind::Uri && parameter.code == "_profile" => rank.max(Rank::Scan),
        rank => rank.unwrap_or(Rank::Scan),
    }
}
