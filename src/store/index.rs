//! Rows of the generated index, and marks of sealed values.

use hearthgate_mapping::IndexEntry;
use hearthgate_mapping::index::blind_normal;
use hearthgate_mapping::source::{IndexValue, fold};
use hearthgate_seal::Keyring;

/// Raised when the same resource says more or other things than to an earlier program.
pub(crate) const FORM: u32 = 3;

/// One row of `gw_index`, apart from the resource.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct IndexRow {
    pub parameter: String,
    pub system: Option<String>,
    pub value: Option<String>,
    pub text: Option<String>,
    pub exact: Option<String>,
    pub kind: Option<&'static str>,
    pub lo: Bound,
    pub hi: Bound,
    pub unit: Option<String>,
    pub sblind: Option<String>,
    /// The element that the parts of a composite belong to.
    pub element: Option<i64>,
}

/// An end of a range.
#[derive(Debug, Default, PartialEq, Clone, Copy)]
pub(crate) enum Bound {
    #[default]
    None,
    Ms(i64),
    Number(f64),
}

impl rusqlite::ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, Value};
        Ok(ToSqlOutput::Owned(match self {
            Self::None => Value::Null,
            Self::Ms(ms) => Value::Integer(*ms),
            Self::Number(number) => Value::Real(*number),
        }))
    }
}

/// The marks of a value: of it alone, and with its system. The field is `table.column` or `Type.parameter`.
pub(crate) fn marks(keyring: &Keyring, field: &str, datatype: &str, system: Option<&str>, value: &str) -> (String, Option<String>) {
    let normal = blind_normal(datatype, value);
    let with_system = system.map(|system| keyring.blind(field, &format!("{system}|{normal}")));
    (keyring.blind(field, &normal), with_system)
}

/// The rows for what was found in a resource.
pub(crate) fn rows(keyring: &Keyring, resource: &str, entries: &[IndexEntry]) -> Vec<IndexRow> {
    let mut rows: Vec<IndexRow> = Vec::with_capacity(entries.len());
    for entry in entries {
        let part = entry.place.map_or_else(String::new, |place| format!("${}", place.part));
        let element = entry.place.and_then(|place| i64::try_from(place.element).ok());
        let row = IndexRow { parameter: format!("{resource}.{}{part}", entry.parameter), element, ..IndexRow::default() };
        let datatype = if entry.parameter == "identifier" { "Identifier" } else { "ContactPoint" };
        let row = match &entry.value {
            IndexValue::Token { system, code: Some(code) } if entry.blind => {
                let (value, sblind) = marks(keyring, &row.parameter, datatype, system.as_deref(), code);
                IndexRow { value: Some(value), sblind, ..row }
            }
            IndexValue::Token { system, code } => IndexRow { system: system.clone(), value: code.clone(), ..row },
            IndexValue::OfType { system, code, value } => {
                let text = format!("{code}|{value}");
                let value = if entry.blind {
                    keyring.blind(&format!("{}:of-type", row.parameter), &format!("{}|{text}", system.as_deref().unwrap_or_default()))
                } else {
                    text
                };
                IndexRow { system: system.clone().filter(|_| !entry.blind), value: Some(value), kind: Some("of-type"), ..row }
            }
            IndexValue::Text(_) if entry.blind => continue,
            IndexValue::Text(text) => IndexRow { text: Some(text.clone()), ..row },
            IndexValue::String(text) => IndexRow { value: Some(text.clone()), ..row },
            IndexValue::Exact(text) => {
                let folded = fold(text);
                if let Some(known) = rows.iter_mut().rev().find(|known| {
                    known.parameter == row.parameter && known.element == element && known.exact.is_none() && known.value.as_ref() == Some(&folded)
                }) {
                    known.exact = Some(text.clone());
                    continue;
                }
                IndexRow { value: Some(folded), exact: Some(text.clone()), ..row }
            }
            IndexValue::Date { lo, hi } => IndexRow { lo: Bound::Ms(*lo), hi: Bound::Ms(*hi), ..row },
            IndexValue::Reference { type_name, id } => {
                IndexRow { value: Some(type_name.as_ref().map_or_else(|| id.clone(), |name| format!("{name}/{id}"))), ..row }
            }
            IndexValue::ReferenceUrl(url) => IndexRow { value: Some(url.clone()), ..row },
            IndexValue::ReferenceIdentifier { system, value } => IndexRow { system: system.clone(), value: value.clone(), kind: Some("identifier"), ..row },
            IndexValue::Quantity { lo, hi, system, code, unit, .. } => {
                IndexRow { lo: Bound::Number(*lo), hi: Bound::Number(*hi), system: system.clone(), value: code.clone(), unit: unit.clone(), ..row }
            }
            IndexValue::Number { lo, hi, .. } => IndexRow { lo: Bound::Number(*lo), hi: Bound::Number(*hi), ..row },
            IndexValue::Uri(uri) => IndexRow { value: Some(uri.clone()), ..row },
        };
        rows.push(row);
    }
    rows
}
