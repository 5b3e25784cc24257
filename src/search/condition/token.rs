//! Tokens: `code`, `system|code`, `|code`, `system|` (<https://hl7.org/fhir/R4/search.html#token>).

use super::{Env, stray};
use crate::sql::{ALWAYS, NEVER, all, any, column};
use hearthgate_fhir::query::{Operand, SystemMatch};
use hearthgate_mapping::codes::Codes;
use hearthgate_mapping::source::Operand as Place;

/// The columns of a coding, code or boolean.
pub(super) struct Columns<'c> {
    pub(super) system: Option<&'c Place>,
    pub(super) code: &'c Place,
    pub(super) codes: Option<&'c Codes>,
    pub(super) boolean: bool,
}

/// Values that agree in what they ask of the system, so that their codes make one list.
fn by_system(values: &[Operand]) -> Vec<(&SystemMatch, Vec<&str>, bool)> {
    let mut groups: Vec<(&SystemMatch, Vec<&str>, bool)> = Vec::new();
    for value in values {
        let Operand::Token { system, code } = value else { continue };
        let any_code = code.is_none();
        match groups.iter_mut().find(|(known, _, all)| *known == system && *all == any_code) {
            Some((_, codes, _)) => codes.extend(code.as_deref()),
            None => groups.push((system, code.as_deref().into_iter().collect(), any_code)),
        }
    }
    groups
}

pub(super) fn of_columns(env: &mut Env<'_>, values: &[Operand], columns: &Columns<'_>) -> String {
    any(by_system(values).into_iter().map(|(system, codes, any_code)| {
        let code = if any_code { some_code(columns) } else { code_among(env, columns, &codes) };
        if code == NEVER { code } else { all([code, system_is(env, columns.system, system)]) }
    }))
}

fn some_code(columns: &Columns<'_>) -> String {
    match columns.code {
        Place::Column(of) => format!("{} IS NOT NULL", column(of)),
        Place::Constant(_) => ALWAYS.to_owned(),
    }
}

fn code_among(env: &mut Env<'_>, columns: &Columns<'_>, codes: &[&str]) -> String {
    let of = match columns.code {
        Place::Constant(constant) => return if codes.contains(&constant.as_str()) { ALWAYS } else { NEVER }.to_owned(),
        Place::Column(of) => column(of),
    };
    if columns.boolean {
        return any(["false", "true"].into_iter().enumerate().filter(|(_, name)| codes.contains(name)).map(|(value, _)| format!("{of} = {value}")));
    }
    match columns.codes {
        None => env.binds.among(&of, codes),
        Some(table) => {
            let locals: Vec<&str> = codes.iter().flat_map(|code| table.locals(code)).collect();
            env.binds.among(&of, &locals)
        }
    }
}

/// The system of a row, in a column, constant or absent, is as asked.
pub(super) fn system_is(env: &mut Env<'_>, place: Option<&Place>, wanted: &SystemMatch) -> String {
    match (wanted, place) {
        (SystemMatch::Any, _) | (SystemMatch::None, None) => ALWAYS.to_owned(),
        (SystemMatch::None, Some(Place::Column(of))) => format!("{} IS NULL", column(of)),
        (SystemMatch::Is(wanted), Some(Place::Column(of))) => format!("{} = {}", column(of), env.binds.text(wanted)),
        (SystemMatch::Is(wanted), Some(Place::Constant(constant))) if wanted == constant => ALWAYS.to_owned(),
        (SystemMatch::None | SystemMatch::Is(_), _) => NEVER.to_owned(),
    }
}

/// A column whose presence says `true`.
pub(super) fn of_presence(of: &str, values: &[Operand]) -> String {
    let asked = values.iter().any(|value| matches!(value, Operand::Token { system: SystemMatch::Any | SystemMatch::None, code: Some(code) } if code == "true"));
    if asked { format!("{} IS NOT NULL", column(of)) } else { NEVER.to_owned() }
}

/// Members of a list of plain codes: they have no system.
pub(super) fn of_list(env: &mut Env<'_>, values: &[Operand], value: &str) -> String {
    let plain: Vec<&str> = values
        .iter()
        .filter_map(|value| match value {
            Operand::Token { system: SystemMatch::Any | SystemMatch::None, code } => code.as_deref(),
            _ => None,
        })
        .collect();
    env.binds.among(value, &plain)
}

/// Rows of the generated index: `system`, `value`.
pub(super) fn of_index(env: &mut Env<'_>, values: &[Operand]) -> String {
    if values.iter().any(|value| !matches!(value, Operand::Token { .. })) {
        return values.first().map_or_else(|| NEVER.to_owned(), stray);
    }
    any(by_system(values).into_iter().map(|(system, codes, any_code)| {
        let code = if any_code { format!("{} IS NOT NULL AND {} IS NULL", column("value"), column("kind")) } else { env.binds.among(&column("value"), &codes) };
        // A row for `:of-type` begins with a code and a bar.
        let code = if codes.iter().any(|code| code.contains('|')) { all([code, format!("{} IS NULL", column("kind"))]) } else { code };
        let system = match system {
            SystemMatch::Any => ALWAYS.to_owned(),
            SystemMatch::None => format!("{} IS NULL", column("system")),
            SystemMatch::Is(system) => format!("{} = {}", column("system"), env.binds.text(system)),
        };
        all([code, system])
    }))
}
