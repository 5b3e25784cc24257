//! Identifiers and contact points. Sealed ones are found by keyed marks: in columns of the value, in the generated index of system and
//! value too.

use super::{Env, stray};
use crate::sql::{NEVER, all, any, beside, column, quoted};
use hearthgate_fhir::query::{Operand, SystemMatch};
use hearthgate_mapping::index::{blind_normal, blinded};
use hearthgate_mapping::source::Operand as Place;

/// The columns of an identifier or contact point.
pub(super) struct Columns<'c> {
    pub(super) table: &'c str,
    pub(super) datatype: &'c str,
    pub(super) system: Option<&'c Place>,
    pub(super) value: &'c str,
    pub(super) sealed: bool,
}

pub(super) fn of_columns(env: &mut Env<'_>, values: &[Operand], columns: &Columns<'_>) -> String {
    let field = format!("{}.{}", columns.table, columns.value);
    any(values.iter().map(|operand| {
        let Some((system, value)) = asked(operand) else { return stray(operand) };
        let of = column(columns.value);
        let is_system = |env: &mut Env<'_>| super::token::system_is(env, columns.system, system);
        let Some(value) = value else { return all([format!("{of} IS NOT NULL"), is_system(env)]) };
        if !columns.sealed {
            return all([format!("{of} = {}", env.binds.text(value)), is_system(env)]);
        }
        let mark = (env.context.blind)(&field, &blind_normal(columns.datatype, value));
        // The system is open: a program that changes it from outside cannot make the mark of both anew.
        all([format!("{} = {}", beside(columns.value, "blind"), env.binds.text(&mark)), is_system(env)])
    }))
}

/// Rows of the generated index with marks: `value` of the value alone, `sblind` of system and value; the system itself is not there.
pub(super) fn of_index(env: &mut Env<'_>, code: &str, values: &[Operand]) -> String {
    let field = format!("{}.{code}", env.resource);
    let datatype = if code == "identifier" { "Identifier" } else { "ContactPoint" };
    any(values.iter().map(|operand| match asked(operand) {
        Some((SystemMatch::Any, Some(value))) => {
            let mark = (env.context.blind)(&field, &blind_normal(datatype, value));
            format!("{} = {}", column("value"), env.binds.text(&mark))
        }
        Some((SystemMatch::Is(system), Some(value))) => {
            let mark = (env.context.blind)(&field, &format!("{system}|{}", blind_normal(datatype, value)));
            format!("{} = {}", column("sblind"), env.binds.text(&mark))
        }
        Some((SystemMatch::None, Some(value))) => {
            let mark = (env.context.blind)(&field, &blind_normal(datatype, value));
            format!("({} = {} AND {} IS NULL)", column("value"), env.binds.text(&mark), column("sblind"))
        }
        _ => NEVER.to_owned(),
    }))
}

/// Rows of the generated index for `:of-type` (<https://hl7.org/fhir/R4/search.html#token>): where the identifier is sealed, one mark of
/// the type and the value.
pub(super) fn of_type(env: &mut Env<'_>, parameter: &str, values: &[Operand]) -> String {
    let field = format!("{}.{parameter}:of-type", env.resource);
    let sealed = blinded(env.resource, parameter);
    any(values.iter().map(|operand| {
        let Operand::OfType { system, code, value } = operand else { return stray(operand) };
        let kind = format!("{} = {}", column("kind"), quoted("of-type"));
        if sealed {
            let mark = (env.context.blind)(&field, &format!("{system}|{code}|{value}"));
            return all([format!("{} = {}", column("value"), env.binds.text(&mark)), kind]);
        }
        let text = format!("{} = {}", column("value"), env.binds.text(&format!("{code}|{value}")));
        all([text, format!("{} = {}", column("system"), env.binds.text(system)), kind])
    }))
}

fn asked(operand: &Operand) -> Option<(&SystemMatch, Option<&str>)> {
    match operand {
        Operand::Token { system, code } => Some((system, code.as_deref())),
        Operand::Identifier { system, value } => Some((system, Some(value))),
        _ => None,
    }
}
