//! Strings: by their beginning, folded; `:exact`, `:contains`
//! (<https://hl7.org/fhir/R4/search.html#string>).

use super::{Env, stray};
use crate::sql::{NEVER, after_prefix, all, any, column, name};
use hearthgate_fhir::fold::fold;
use hearthgate_fhir::query::{Modifier, Operand, Parameter};

/// A text column and its folded form.
pub(super) fn of_text(env: &mut Env<'_>, parameter: &Parameter, exact: &str, folded: &str) -> String {
    match parameter.modifier {
        Some(Modifier::Exact) => any(parameter.values.iter().map(|value| match value {
            Operand::String(text) => {
                let folded = format!("{folded} = {}", env.binds.text(&fold(text)));
                all([folded, format!("{exact} = {}", env.binds.text(text))])
            }
            other => stray(other),
        })),
        Some(Modifier::Contains) => any(parameter.values.iter().map(|value| match value {
            Operand::String(text) => format!("instr({folded}, {}) > 0", env.binds.text(&fold(text))),
            other => stray(other),
        })),
        _ => starts(env, folded, &parameter.values),
    }
}

/// The folded text begins with one of the values.
pub(super) fn starts(env: &mut Env<'_>, folded: &str, values: &[Operand]) -> String {
    any(values.iter().map(|value| match value {
        Operand::String(text) => {
            let prefix = fold(text);
            let from = format!("{folded} >= {}", env.binds.text(&prefix));
            match after_prefix(&prefix) {
                Some(end) => format!("({from} AND {folded} < {})", env.binds.text(&end)),
                None => from,
            }
        }
        other => stray(other),
    }))
}

/// A member of a JSON list is the value; the row is one of `gw_list_<table>_<column>`.
pub(super) fn exact_in_list(env: &mut Env<'_>, values: &[Operand], table: &str, list: &str) -> String {
    if table.is_empty() {
        return NEVER.to_owned();
    }
    any(values.iter().map(|value| match value {
        Operand::String(text) => {
            let near = format!("{} = {}", column("value"), env.binds.text(&fold(text)));
            let member = format!(
                "EXISTS (SELECT 1 FROM {} o CROSS JOIN json_each(o.{}) j WHERE o.id = {} AND j.value = {})",
                name(table),
                name(list),
                column("row"),
                env.binds.text(text)
            );
            all([near, member])
        }
        other => stray(other),
    }))
}
