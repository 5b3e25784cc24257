//! The slow, obvious answer: every resource's JSON, evaluated by R4's own expressions, one value at a time.

use super::world::{Kept, NOW, World};
use crate::Search;
use crate::order::natural;
use hearthgate_access::{Patients, Reach, TypeRule};
use hearthgate_fhir::date::Interval;
use hearthgate_fhir::fold::fold;
use hearthgate_fhir::index::{IndexValue, values};
use hearthgate_fhir::query::{self, Include, Kind, Modifier, Operand, Parameter, Prefix, Sort, SystemMatch};
use hearthgate_fhir::r4::{self, SearchParameter};
use hearthgate_mapping::Plan;
use hearthgate_mapping::index::{blind_normal, parameter, parameters};
use std::cmp::Ordering;

/// What a resource says to a parameter.
fn said(kept: &Kept, code: &str) -> Vec<IndexValue> {
    let Some(parameter) = parameter(&kept.resource, code) else { return Vec::new() };
    let Some(expression) = &parameter.compiled else { return Vec::new() };
    expression.eval(&kept.resource, &kept.value).iter().flat_map(|found| values(parameter.kind, code, found)).collect()
}

pub(crate) fn matches(kept: &Kept, asked: &Parameter) -> bool {
    match asked.code.as_str() {
        "_id" => {
            return asked.values.iter().any(|v| matches!(v, Operand::Token { code: Some(id), .. } if *id == kept.id))
                || asked.modifier == Some(Modifier::Missing) && asked.values == [Operand::Missing(false)];
        }
        "_lastUpdated" => {
            return asked
                .values
                .iter()
                .any(|v| matches!(v, Operand::Date { prefix, interval, .. } if date(*prefix, *interval, Interval { lo: kept.at, hi: kept.at + 1 })));
        }
        _ => {}
    }
    if asked.kind == Kind::Composite {
        return asked.values.iter().any(|value| matches!(value, Operand::Composite(parts) if together(kept, &asked.code, parts)));
    }
    let said: Vec<IndexValue> = said(kept, &asked.code);
    let some = said.iter().any(|value| !matches!(value, IndexValue::OfType { .. }));
    match (asked.modifier, asked.values.as_slice()) {
        (Some(Modifier::Missing), [Operand::Missing(missing)]) => some != *missing,
        (Some(Modifier::Not), values) => !values.iter().any(|value| said.iter().any(|said| fulfils(kept, asked, value, said))),
        (_, values) => values.iter().any(|value| said.iter().any(|said| fulfils(kept, asked, value, said))),
    }
}

/// One element that the composite's expression finds says all of the parts.
fn together(kept: &Kept, code: &str, operands: &[Operand]) -> bool {
    let Some(composite) = parameter(&kept.resource, code) else { return false };
    let elements = composite.compiled.iter().flat_map(|e| e.eval(&kept.resource, &kept.value));
    elements.into_iter().any(|element| {
        composite.components.iter().zip(operands).all(|(part, operand)| {
            let asked = Parameter { code: code.to_owned(), kind: part.kind, modifier: None, values: vec![operand.clone()], raw: Default::default() };
            let found = part.compiled.iter().flat_map(|e| e.eval_within(&element, &kept.value));
            found.flat_map(|found| values(part.kind, code, &found)).any(|said| fulfils(kept, &asked, operand, &said))
        })
    })
}

fn fulfils(kept: &Kept, asked: &Parameter, operand: &Operand, said: &IndexValue) -> bool {
    match (operand, said) {
        (Operand::String(text), IndexValue::Text(said)) => asked.modifier == Some(Modifier::Text) && said.starts_with(&fold(text)),
        (Operand::String(text), IndexValue::String(said)) => match asked.modifier {
            Some(Modifier::Contains) => said.contains(&fold(text)),
            None => said.starts_with(&fold(text)),
            _ => false,
        },
        (Operand::String(text), IndexValue::Exact(said)) => asked.modifier == Some(Modifier::Exact) && text == said,
        (Operand::Token { system, code }, IndexValue::Token { system: said_system, code: said_code }) => {
            let datatype = match asked.code.as_str() {
                "identifier" => "Identifier",
                "phone" | "email" | "telecom" => "ContactPoint",
                _ => "",
            };
            let normal = |text: &Option<String>| {
                text.as_ref().map(|text| if datatype.is_empty() || kept.resource == "Practitioner" { text.clone() } else { blind_normal(datatype, text) })
            };
            is_system(system, said_system.as_ref()) && code.as_ref().map_or(said_code.is_some(), |_| normal(code) == normal(said_code))
        }
        (Operand::Date { prefix, interval, .. }, IndexValue::Date { lo, hi }) => date(*prefix, *interval, Interval { lo: *lo, hi: *hi }),
        (Operand::Reference { type_name, id }, IndexValue::Reference { type_name: said_type, id: said_id }) => {
            id == said_id && type_name.is_none_or(|name| said_type.as_deref() == Some(name))
        }
        (Operand::ReferenceUrl(url), IndexValue::ReferenceUrl(said)) => {
            url == said || !url.contains('|') && said.strip_prefix(url.as_str()).is_some_and(|rest| rest.starts_with('|'))
        }
        (Operand::Identifier { system, value }, IndexValue::ReferenceIdentifier { system: said_system, value: said_value }) => {
            is_system(system, said_system.as_ref()) && said_value.as_ref() == Some(value)
        }
        (
            Operand::Quantity { prefix, value, lo, hi, system, code },
            IndexValue::Quantity { lo: said_lo, hi: said_hi, system: said_system, code: said_code, unit, .. },
        ) => {
            let unit = match (system, code) {
                (None, None) => true,
                (Some(_), None) => system == said_system,
                (Some(_), Some(_)) => system == said_system && code == said_code,
                (None, Some(_)) => code == said_code || code == unit,
            };
            unit && number(*prefix, *value, (*lo, *hi), (*said_lo, *said_hi))
        }
        (Operand::Number { prefix, value, lo, hi }, IndexValue::Number { lo: said_lo, hi: said_hi, .. }) => {
            number(*prefix, *value, (*lo, *hi), (*said_lo, *said_hi))
        }
        (Operand::Uri(uri), IndexValue::Uri(said)) => match asked.modifier {
            Some(Modifier::Below) => said == uri || said.starts_with(&format!("{}/", uri.trim_end_matches('/'))),
            Some(Modifier::Above) => said == uri || uri.starts_with(&format!("{}/", said.trim_end_matches('/'))),
            _ => uri == said || said.strip_prefix(uri.as_str()).is_some_and(|rest| rest.starts_with('|')),
        },
        _ => false,
    }
}

fn is_system(asked: &SystemMatch, said: Option<&String>) -> bool {
    match asked {
        SystemMatch::Any => true,
        SystemMatch::None => said.is_none(),
        SystemMatch::Is(system) => said == Some(system),
    }
}

/// R4's table of prefixes, word by word (<https://hl7.org/fhir/R4/search.html#prefix>).
fn date(prefix: Prefix, asked: Interval, said: Interval) -> bool {
    let contained = asked.lo <= said.lo && said.hi <= asked.hi;
    let above = said.hi > asked.hi;
    let below = said.lo < asked.lo;
    match prefix {
        Prefix::Eq => contained,
        Prefix::Ne => !contained,
        Prefix::Gt => above,
        Prefix::Lt => below,
        Prefix::Ge => above || contained,
        Prefix::Le => below || contained,
        Prefix::Sa => said.lo >= asked.hi,
        Prefix::Eb => said.hi <= asked.lo,
        Prefix::Ap => {
            let gap = if NOW < asked.lo { asked.lo - NOW } else { (NOW - asked.hi).max(0) };
            said.lo < asked.hi + gap / 10 && said.hi > asked.lo - gap / 10
        }
    }
}

fn number(prefix: Prefix, value: f64, (from, to): (f64, f64), (lo, hi): (f64, f64)) -> bool {
    match prefix {
        Prefix::Eq => lo >= from && hi < to,
        Prefix::Ne => !(lo >= from && hi < to),
        Prefix::Gt => hi > value,
        Prefix::Lt => lo < value,
        Prefix::Ge => hi >= value,
        Prefix::Le => lo <= value,
        Prefix::Sa => lo > value,
        Prefix::Eb => hi < value,
        Prefix::Ap => hi >= value - value.abs() / 10.0 && lo <= value + value.abs() / 10.0,
    }
}

/// The patients in whose compartment a resource is, by R4's own definition; a provenance also by whose the records are
/// that it speaks of, as the clinic has it.
fn patients(world: &World, kept: &Kept) -> Vec<String> {
    if kept.resource == "Patient" {
        return vec![kept.id.clone()];
    }
    let of = |kept: &Kept, codes: &[&str]| -> Vec<String> {
        let said = codes.iter().flat_map(|code| said(kept, code));
        said.filter_map(|value| match value {
            IndexValue::Reference { type_name, id } if type_name.as_deref() == Some("Patient") => Some(id),
            _ => None,
        })
        .collect()
    };
    let mut all = of(kept, r4::patient_compartment(&kept.resource).unwrap_or_default());
    if kept.resource == "Provenance" {
        for value in said(kept, "target") {
            let IndexValue::Reference { type_name: Some(name), id } = value else { continue };
            let record = world.kept.iter().find(|other| other.resource == name && other.id == id && name != "Patient");
            all.extend(record.into_iter().flat_map(|record| of(record, &["subject"])));
        }
    }
    all
}

fn inside(world: &World, kept: &Kept, reach: &Reach) -> bool {
    let cares = |doctor: &str, patient: &str| world.care.iter().any(|(d, p)| d == doctor && p == patient);
    let whose = match &reach.patients {
        Patients::All => true,
        Patients::Compartment(patient) => patients(world, kept).contains(patient),
        Patients::CareOf(doctor) => patients(world, kept).iter().any(|patient| cares(doctor, patient)),
        Patients::CareOfCompartment { practitioner, patient } => cares(practitioner, patient) && patients(world, kept).contains(patient),
        Patients::Apps(_) => false,
        Patients::Naming(practitioner) => {
            let actor = format!("Practitioner/{practitioner}");
            let participants = kept.value["participant"].as_array();
            kept.resource == "Appointment" && participants.into_iter().flatten().any(|one| one["actor"]["reference"] == *actor)
        }
    };
    whose
        && reach.filters.iter().all(|(code, value)| {
            let lookup = |code: &str| parameter(&kept.resource, code).map(|p| (p.kind, p.targets.clone()));
            query::parse(&kept.resource, &[(code.clone(), value.clone())], &lookup, "")
                .is_ok_and(|query| query.ignored.is_empty() && query.parameters.iter().all(|p| matches(kept, p)))
        })
}

pub(crate) fn visible(world: &World, kept: &Kept, rule: &TypeRule, withheld: &[(String, String)]) -> bool {
    let labelled = said(kept, "_security").iter().any(|value| match value {
        IndexValue::Token { system, code } => withheld.iter().any(|(s, c)| system.as_ref() == Some(s) && code.as_ref() == Some(c)),
        _ => false,
    });
    !labelled && rule.reach.iter().any(|reach| inside(world, kept, reach))
}

/// A value in the order of results.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Number(f64),
    Text(String),
}

fn compare(one: &Place, other: &Place) -> Ordering {
    match (one, other) {
        (Place::Number(one), Place::Number(other)) => one.total_cmp(other),
        (Place::Text(one), Place::Text(other)) => one.cmp(other),
        (Place::Number(_), Place::Text(_)) => Ordering::Less,
        (Place::Text(_), Place::Number(_)) => Ordering::Greater,
    }
}

fn key(kept: &Kept, code: &str, descending: bool, matching: Option<&Parameter>) -> Option<Place> {
    match code {
        "_id" => return Some(Place::Text(kept.id.clone())),
        "_lastUpdated" => return Some(Place::Number(kept.at as f64)),
        _ => {}
    }
    let said =
        said(kept, code).into_iter().filter(|value| matching.is_none_or(|asked| asked.values.iter().any(|operand| fulfils(kept, asked, operand, value))));
    let places = said.filter_map(|value| match value {
        IndexValue::Date { lo: i64::MIN, .. } if matching.is_none() => None,
        IndexValue::Date { lo, .. } => Some(Place::Number(lo as f64)),
        IndexValue::Number { lo, .. } | IndexValue::Quantity { lo, .. } => Some(Place::Number(lo)),
        IndexValue::Token { code, .. } => code.map(Place::Text),
        IndexValue::String(text) | IndexValue::Uri(text) | IndexValue::ReferenceUrl(text) => Some(Place::Text(text)),
        IndexValue::Reference { type_name, id } => Some(Place::Text(format!("{}/{id}", type_name.unwrap_or_default()))),
        _ => None,
    });
    if descending { places.max_by(compare) } else { places.min_by(compare) }
}

/// The ids of all matches inside the boundary, in order.
pub(crate) fn answer(world: &World, search: &Search, rule: &TypeRule, withheld: &[(String, String)]) -> Vec<String> {
    let query = &search.query;
    let mut found: Vec<&Kept> = world
        .kept
        .iter()
        .filter(|kept| kept.resource == search.resource)
        .filter(|kept| visible(world, kept, rule, withheld) && query.parameters.iter().all(|asked| matches(kept, asked)))
        .collect();
    let plans: Vec<&Plan> = world.mappings.plans.iter().filter(|plan| plan.resource == search.resource).collect();
    let natural = natural(&plans, &query.parameters, &query.sort);
    let sort: Vec<Sort> = natural.iter().chain(query.sort.iter().skip(usize::from(natural.is_some()))).cloned().collect();
    let asked = natural.as_ref().and_then(|sort| query.parameters.iter().find(|p| p.code == sort.code));
    found.sort_by(|one, other| {
        for (at, sort) in sort.iter().enumerate() {
            let matching = asked.filter(|_| at == 0);
            let keys = (key(one, &sort.code, sort.descending, matching), key(other, &sort.code, sort.descending, matching));
            let order = match keys {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(one), Some(other)) if sort.descending => compare(&other, &one),
                (Some(one), Some(other)) => compare(&one, &other),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        let ties = (one.ordinal, one.row).cmp(&(other.ordinal, other.row));
        if sort.first().is_some_and(|sort| sort.descending) { ties.reverse() } else { ties }
    });
    found.iter().map(|kept| kept.id.clone()).collect()
}

/// Whether one resource refers to another by what an include follows.
pub(crate) fn refers(from: &Kept, to: &Kept, include: &Include) -> bool {
    let follows = |p: &&SearchParameter| p.kind == Kind::Reference && (include.wildcard || p.code == include.code);
    from.resource == include.source
        && include.target.is_none_or(|target| target == to.resource)
        && parameters(&from.resource).filter(follows).any(|p| {
            p.targets.contains(&to.resource.as_str())
                && said(from, p.code)
                    .iter()
                    .any(|value| matches!(value, IndexValue::Reference { type_name: Some(name), id } if *name == to.resource && *id == to.id))
        })
}

/// Kinds that can be sorted here.
pub(crate) fn sortable(kind: Kind) -> bool {
    !matches!(kind, Kind::Composite | Kind::Special)
}
