//! What readers and the writer share: the mappings, their statements, the keys, the path of the file.

use crate::introspect::Found;
use crate::layout::{self, PlanLayout};
use crate::shape::Table;
use crate::{Error, derive};
use hearthgate_mapping::{Mappings, PatientRule, Plan, PlanKind, Row, Sql, TableNode};
use hearthgate_seal::Keyring;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) struct Core {
    /// Tells stores of one process apart.
    pub number: u64,
    pub path: PathBuf,
    pub mappings: Arc<Mappings>,
    pub keyring: Arc<Keyring>,
    pub layouts: Vec<PlanLayout>,
    pub shapes: BTreeMap<String, Table>,
    pub by_name: HashMap<String, usize>,
}

impl Core {
    pub(crate) fn new(number: u64, path: PathBuf, mappings: Arc<Mappings>, keyring: Arc<Keyring>, tables: &BTreeMap<String, Found>) -> Self {
        let shapes = derive::shapes(&mappings.plans, tables);
        let layouts = layout::layouts(&mappings, &shapes);
        let by_name = mappings.plans.iter().map(|plan| (plan.name.clone(), plan.index)).collect();
        Self { number, path, mappings, keyring, layouts, shapes, by_name }
    }

    pub(crate) fn plan(&self, index: usize) -> Result<(&Plan, &PlanLayout), Error> {
        self.mappings.plans.get(index).zip(self.layouts.get(index)).ok_or_else(|| Error::Schema(format!("there is no plan {index}")))
    }

    pub(crate) fn plan_named(&self, name: &str) -> Result<usize, Error> {
        self.by_name.get(name).copied().ok_or_else(|| Error::Schema(format!("there is no plan {name}")))
    }
}

/// The public id of the patient under whose key a row's sealed values stand, where the row itself says so.
pub(crate) fn patient_of<'r>(plan: &'r Plan, id: &'r str, row: &'r Row) -> Option<&'r str> {
    match &plan.patient {
        PatientRule::None => None,
        PatientRule::Itself => Some(id),
        PatientRule::Columns(columns) => match &plan.kind {
            PlanKind::Group { column, .. } if columns.contains(column) => Some(id),
            _ => columns.iter().find_map(|column| text(&plan.table, row, column)),
        },
        PatientRule::Child { from, column, .. } => {
            let children = plan.table.children.iter().zip(&row.children).filter(|(node, _)| node.table == *from);
            children.flat_map(|(node, rows)| rows.iter().map(move |row| (node, row))).find_map(|(node, row)| text(node, row, column))
        }
    }
}

fn text<'r>(node: &TableNode, row: &'r Row, column: &str) -> Option<&'r str> {
    node.columns.iter().zip(&row.values).find_map(|(known, value)| match value {
        Sql::Text(text) if known.name == column => Some(text.as_str()),
        _ => None,
    })
}

/// A value on its way into a statement.
pub(crate) struct Bound<'v>(pub &'v Sql);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Sql::Null | Sql::Unopened => ToSqlOutput::Owned(Value::Null),
            Sql::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Sql::Real(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Sql::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Sql::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// A value as it came out of a statement.
pub(crate) fn sql(value: ValueRef<'_>) -> Sql {
    match value {
        ValueRef::Null => Sql::Null,
        ValueRef::Integer(number) => Sql::Integer(number),
        ValueRef::Real(number) => Sql::Real(number),
        ValueRef::Text(text) => Sql::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Sql::Blob(bytes.to_vec()),
    }
}
