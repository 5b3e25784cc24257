//! What a mapping file says of tables and rows: constants of columns, compartments, profiles, what an expression reads.

use super::Builder;
use crate::check::{self, near};
use crate::compile::constant;
use crate::file;
use crate::plan::{PatientRule, Plan, Sql};
use hearthgate_fhir::r4;
use std::collections::BTreeMap;
use toml::Spanned;

impl Builder<'_, '_> {
    /// Claimed profiles, and what they require.
    pub fn profiles(&mut self, profiles: &[Spanned<String>], plan: &Plan) {
        for profile in profiles {
            match r4::profile(profile.get_ref()) {
                Some(found) if found.resource == self.resource => {
                    for path in check::required::of_profile(plan, found) {
                        self.mistake(profile.span().start, format!("the profile requires `{path}`, which has no column"));
                    }
                }
                Some(found) => self.mistake(profile.span().start, format!("the profile is one of {}, not of {}", found.resource, self.resource)),
                None => {
                    let near = near(profile.get_ref(), r4::profiles().iter().map(|p| p.url));
                    self.mistake(profile.span().start, format!("the profile `{}` does not stand in profiles/{near}", profile.get_ref()));
                }
            }
        }
    }

    /// `where`: constants of columns.
    pub fn filter(&mut self, table: &str, filter: &BTreeMap<String, toml::Value>, offset: usize) -> Vec<(String, Sql)> {
        let mut out = Vec::new();
        for (column, value) in filter {
            if !self.has_column(table, column) {
                self.mistake(offset, format!("`where`: the table `{table}` has no column `{column}`{}", self.near_column(table, column)));
            }
            match constant(value) {
                Some(value) => out.push((column.clone(), value)),
                None => self.mistake(offset, format!("`where`: `{column}` wants a text, a whole number or a boolean")),
            }
        }
        out
    }

    /// `patient`: what places a row in a compartment.
    pub fn patient(&mut self, table: &str, rule: Option<&file::Patient>, offset: usize) -> PatientRule {
        let foreign = |me: &mut Self, table: &str, column: &str| {
            let target = me.context.schema.tables.get(table).and_then(|t| t.foreign_key(column));
            if target.map(|(t, _)| t) != Some("patients") {
                me.mistake(offset, format!("`patient`: `{table}.{column}` is no foreign key to `patients`"));
            }
        };
        match rule {
            None => PatientRule::None,
            Some(file::Patient::Column(column)) if table == "patients" && column == "id" => PatientRule::Itself,
            Some(file::Patient::Column(column)) => {
                foreign(self, table, column);
                PatientRule::Columns(vec![column.clone()])
            }
            Some(file::Patient::Columns(columns)) => {
                columns.iter().for_each(|c| foreign(self, table, c));
                PatientRule::Columns(columns.clone())
            }
            Some(file::Patient::Child { from, on, column }) => {
                foreign(self, from, column);
                PatientRule::Child { from: from.clone(), on: on.clone(), column: column.clone() }
            }
        }
    }

    /// A table that a mapping names has a row number of its own.
    pub fn row_number(&mut self, table: &str, offset: usize) {
        let found = self.context.schema.tables.get(table);
        if found.is_some_and(|t| !t.view && t.column("id") != Some("INTEGER")) {
            self.mistake(offset, format!("the table `{table}` has no `id INTEGER PRIMARY KEY`"));
        }
    }

    /// `depends`: `table.column`.
    pub fn depends_on(&mut self, depends: &str, offset: usize) {
        match depends.split_once('.') {
            Some((table, column)) if self.has_column(table, column) => {}
            Some((table, column)) => self.mistake(offset, format!("`depends`: there is no `{depends}`{}", self.near_column(table, column))),
            None => self.mistake(offset, format!("`depends`: `{depends}` is not `table.column`")),
        }
    }

    pub(super) fn near_column(&self, table: &str, column: &str) -> String {
        self.context.schema.tables.get(table).map_or_else(String::new, |t| near(column, t.columns.iter().map(|(name, _)| name.as_str())))
    }

    pub(super) fn no_element(&mut self, owner: &str, name: &str, at: usize) {
        let names: Vec<String> = r4::children(owner)
            .unwrap_or_default()
            .iter()
            .flat_map(|e| if e.is_choice() { e.types.iter().map(|t| e.json_name(t)).collect() } else { vec![e.name.to_owned()] })
            .collect();
        self.mistake(at, format!("{owner} has no element `{name}`{}", near(name, names.iter().map(String::as_str))));
    }

    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        self.context.schema.tables.get(table).is_some_and(|t| t.column(column).is_some())
    }
}
