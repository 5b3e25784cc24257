//! Numbers and quantities (<https://hl7.org/fhir/R4/search.html#number>, `#quantity`): `eq` and `ne` by the precision that was written,
//! comparisons as if it had no end.

use super::{Env, stray};
use crate::sql::{ALWAYS, NEVER, all, any, column};
use hearthgate_fhir::query::{Operand, Prefix};

/// The columns of a quantity, as SQL.
pub(super) struct Columns {
    pub(super) value: String,
    pub(super) system: Option<String>,
    pub(super) code: Option<String>,
    pub(super) unit: Option<String>,
}

impl Columns {
    pub(super) fn index() -> Self {
        Self { value: column("lo"), system: Some(column("system")), code: Some(column("value")), unit: Some(column("unit")) }
    }
}

pub(super) fn of_number(env: &mut Env<'_>, values: &[Operand], of: &str) -> String {
    any(values.iter().map(|value| match value {
        Operand::Number { prefix, value, lo, hi } => compare(env, *prefix, of, *value, (*lo, *hi)),
        other => stray(other),
    }))
}

pub(super) fn of_quantity(env: &mut Env<'_>, values: &[Operand], columns: &Columns) -> String {
    any(values.iter().map(|operand| match operand {
        Operand::Quantity { prefix, value, lo, hi, system, code } => {
            let is = |env: &mut Env<'_>, place: &Option<String>, wanted: &str| match place {
                Some(place) => format!("{place} = {}", env.binds.text(wanted)),
                None => NEVER.to_owned(),
            };
            let unit = match (system, code) {
                (None, None) => ALWAYS.to_owned(),
                (Some(system), None) => is(env, &columns.system, system),
                (Some(system), Some(code)) => all([is(env, &columns.system, system), is(env, &columns.code, code)]),
                (None, Some(code)) => any([is(env, &columns.code, code), is(env, &columns.unit, code)]),
            };
            all([compare(env, *prefix, &columns.value, *value, (*lo, *hi)), unit])
        }
        other => stray(other),
    }))
}

fn compare(env: &mut Env<'_>, prefix: Prefix, of: &str, value: f64, (lo, hi): (f64, f64)) -> String {
    match prefix {
        Prefix::Eq => format!("({of} >= {} AND {of} < {})", env.binds.real(lo), env.binds.real(hi)),
        Prefix::Ne => format!("({of} < {} OR {of} >= {})", env.binds.real(lo), env.binds.real(hi)),
        Prefix::Gt | Prefix::Sa => format!("{of} > {}", env.binds.real(value)),
        Prefix::Lt | Prefix::Eb => format!("{of} < {}", env.binds.real(value)),
        Prefix::Ge => format!("{of} >= {}", env.binds.real(value)),
        Prefix::Le => format!("{of} <= {}", env.binds.real(value)),
        Prefix::Ap => {
            let tenth = value.abs() / 10.0;
            format!("({of} >= {} AND {of} <= {})", env.binds.real(value - tenth), env.binds.real(value + tenth))
        }
    }
}
