//! Numbers and quantities (<https://hl7.org/fhir/R4/search.html#number>, `#quantity`): `eq` and `ne` by the precision that was written,
//! comparisons as if it had no end.

use super::{Env, stray};
use crate::sql::{ALWAYS, NEVER, all, any, column};
use hearthgate_fhir::query::{Operand, Prefix};

/// The columns of a quantity, as SQL.
pub(super) struct Columns {
    pub(super) value: Span,
    pub(super) system: Option<String>,
    pub(super) code: Option<String>,
    pub(super) unit: Option<String>,
}

/// The least and the most that a row's number can be, both inside.
pub(super) struct Span {
    lo: String,
    hi: String,
}

impl Span {
    pub(super) fn point(value: String) -> Self {
        Self { lo: value.clone(), hi: value }
    }

    pub(super) fn index() -> Self {
        Self { lo: column("lo"), hi: column("hi") }
    }
}

impl Columns {
    pub(super) fn index() -> Self {
        Self { value: Span::index(), system: Some(column("system")), code: Some(column("value")), unit: Some(column("unit")) }
    }
}

pub(super) fn of_number(env: &mut Env<'_>, values: &[Operand], of: &Span) -> String {
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

fn compare(env: &mut Env<'_>, prefix: Prefix, of: &Span, value: f64, (from, to): (f64, f64)) -> String {
    let Span { lo, hi } = of;
    match prefix {
        Prefix::Eq if lo == hi => format!("({lo} >= {} AND {lo} < {})", env.binds.real(from), env.binds.real(to)),
        Prefix::Eq => format!("({lo} >= {} AND {hi} < {})", env.binds.real(from), env.binds.real(to)),
        Prefix::Ne => format!("({lo} < {} OR {hi} >= {})", env.binds.real(from), env.binds.real(to)),
        Prefix::Gt => format!("{hi} > {}", env.binds.real(value)),
        Prefix::Lt => format!("{lo} < {}", env.binds.real(value)),
        Prefix::Ge => format!("{hi} >= {}", env.binds.real(value)),
        Prefix::Le => format!("{lo} <= {}", env.binds.real(value)),
        Prefix::Sa => format!("{lo} > {}", env.binds.real(value)),
        Prefix::Eb => format!("{hi} < {}", env.binds.real(value)),
        Prefix::Ap => {
            let tenth = value.abs() / 10.0;
            format!("({hi} >= {} AND {lo} <= {})", env.binds.real(value - tenth), env.binds.real(value + tenth))
        }
    }
}
