//! A clinic in memory: the real schema and mappings, rows made by the mapping room, and beside them the
//! search columns, lists and index that the store's writer fills, here by hand.

use crate::Context;
use hearthgate_fhir::index::IndexValue;
use hearthgate_fhir::{Value, fold};
use hearthgate_mapping::index::{blind_normal, compartments, index};
use hearthgate_mapping::{ColumnKind, Mappings, PlanKind, Row, Schema, Sql, Statement, TableNode, claim, load, take};
use hearthgate_store::Error;
use hearthgate_store::migrate::{MIGRATIONS, migrate};
use rusqlite::Connection;
use rusqlite::backup::Backup;
use rusqlite::types::Value as Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// Now, for approximate dates: 2024-06-01.
pub(crate) const NOW: i64 = 1_717_200_000_000;

/// A resource as it was put in.
pub(crate) struct Kept {
    pub(crate) resource: String,
    pub(crate) id: String,
    pub(crate) value: Value,
    pub(crate) ordinal: usize,
    pub(crate) row: i64,
    pub(crate) at: i64,
    pub(crate) rid: i64,
}

pub(crate) struct World {
    pub(crate) db: Connection,
    pub(crate) mappings: &'static Mappings,
    pub(crate) kept: Vec<Kept>,
    pub(crate) care: Vec<(String, String)>,
}

/// The clinic's mappings, and a database with its whole schema.
fn make() -> (Mappings, PathBuf) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings");
    let mut files = read(&root, "toml");
    files.extend(read(&root.join("codes"), "toml").into_iter().map(|(name, text)| (format!("codes/{name}"), text)));
    let file = std::env::temp_dir().join(format!("hearthgate-search-{}.db", std::process::id()));
    let _ = fs::remove_file(&file);
    let compile = |schema: &Schema| load(&files, schema).map_err(|mistakes| Error::Schema(format!("{mistakes:?}")));
    let made = migrate(&file, MIGRATIONS, NOW, compile).unwrap_or_else(|fault| panic!("{fault}"));
    (made.mappings, file)
}

pub(crate) fn mark(field: &str, text: &str) -> String {
    format!("mark of {field}: {text}")
}

impl World {
    pub(crate) fn new() -> Self {
        static MADE: OnceLock<(Mappings, PathBuf)> = OnceLock::new();
        let (mappings, file) = MADE.get_or_init(make);
        let mut db = Connection::open_in_memory().expect("memory");
        let template = Connection::open(file).expect("the template");
        Backup::new(&template, &mut db).expect("a copy").run_to_completion(10_000, Duration::ZERO, None).expect("a copy");
        // As the store's writer does, which numbers versions itself.
        db.execute_batch("UPDATE gw_context SET own = 1, claim = 1; PRAGMA recursive_triggers = ON; PRAGMA foreign_keys = ON").expect("a context");
        Self { db, mappings, kept: Vec::new(), care: Vec::new() }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context::new(self.mappings, NOW, &mark)
    }

    /// Puts a resource in and answers its `rid`.
    pub(crate) fn put(&mut self, value: &Value, at: i64) -> i64 {
        let text = |key: &str| value[key].as_str().expect("a text").to_owned();
        let (resource, id) = (text("resourceType"), text("id"));
        let plan = claim::plan_for(self.mappings, &resource, value).expect("a plan");
        let ordinal = self.mappings.plans.iter().filter(|p| p.resource == resource).position(|p| p.name == plan.name).expect("one of them");
        let exists = |resource: &str, id: &str| self.kept.iter().any(|kept| kept.resource == resource && kept.id == id);
        let taken = take::take(plan, value, &exists);
        let row = if plan.kind == PlanKind::Document {
            self.db.execute("INSERT INTO gw_documents (type, public_id) VALUES (?1, ?2)", [&resource, &id]).expect("a document");
            self.db.last_insert_rowid()
        } else {
            insert(&self.db, &plan.table, &taken, Some((&plan.id_column, Cell::Text(id.clone()))), None)
        };
        let rid = i64::try_from(self.kept.len()).expect("few") * 7 % 1009 + 1;
        self.db
            .execute(
                "INSERT INTO gw_resources (rid, type, id, plan, row, version, seq, at, deleted, tx) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?1, ?6, 0, 1)",
                rusqlite::params![rid, resource, id, plan.name, row, at],
            )
            .expect("a line");
        let entries = index(plan, value, &taken);
        let exact_of = |parameter: &str, folded: &str| {
            entries.iter().find_map(|entry| match &entry.value {
                IndexValue::Exact(text) if entry.parameter == parameter && fold::fold(text) == folded => Some(text.clone()),
                _ => None,
            })
        };
        for entry in entries.clone() {
            let parameter = format!("{resource}.{}{}", entry.parameter, entry.place.map_or_else(String::new, |place| format!("${}", place.part)));
            let datatype = if entry.parameter == "identifier" { "Identifier" } else { "ContactPoint" };
            let mut cells: BTreeMap<&str, Cell> = BTreeMap::from([("rid", rid.into()), ("parameter", parameter.clone().into())]);
            if let Some(place) = entry.place {
                cells.insert("element", i64::try_from(place.element).expect("few").into());
            }
            match entry.value {
                IndexValue::Token { system, code: Some(code) } if entry.blind => {
                    let code = blind_normal(datatype, &code);
                    cells.insert("value", mark(&parameter, &code).into());
                    if let Some(system) = system {
                        cells.insert("sblind", mark(&parameter, &format!("{system}|{code}")).into());
                    }
                }
                IndexValue::Token { system, code } => {
                    cells.insert("system", system.into());
                    cells.insert("value", code.into());
                }
                IndexValue::Text(text) => drop(cells.insert("text", text.into())),
                IndexValue::String(text) => {
                    cells.insert("exact", exact_of(entry.parameter, &text).into());
                    cells.insert("value", text.into());
                }
                IndexValue::Date { lo, hi } => {
                    cells.insert("lo", lo.into());
                    cells.insert("hi", hi.into());
                }
                IndexValue::Reference { type_name, id } => drop(cells.insert("value", format!("{}/{id}", type_name.unwrap_or_default()).into())),
                IndexValue::ReferenceUrl(url) | IndexValue::Uri(url) => drop(cells.insert("value", url.into())),
                IndexValue::ReferenceIdentifier { system, value } => {
                    cells.insert("system", system.into());
                    cells.insert("value", value.into());
                    cells.insert("kind", "identifier".to_owned().into());
                }
                IndexValue::Quantity { lo, hi, system, code, unit, .. } => {
                    cells.insert("lo", lo.into());
                    cells.insert("hi", hi.into());
                    cells.insert("system", system.into());
                    cells.insert("value", code.into());
                    cells.insert("unit", unit.into());
                }
                IndexValue::Number { lo, hi, .. } => {
                    cells.insert("lo", lo.into());
                    cells.insert("hi", hi.into());
                }
                IndexValue::OfType { .. } | IndexValue::Exact(_) => continue,
            }
            put(&self.db, "gw_index", cells);
        }
        for patient in compartments(plan, &id, value, &taken) {
            self.db
                .execute("INSERT INTO gw_compartment (rid, patient) SELECT ?1, id FROM patients WHERE public_id = ?2", rusqlite::params![rid, patient])
                .expect("a compartment");
        }
        self.kept.push(Kept { resource, id, value: value.clone(), ordinal, row, at, rid });
        rid
    }

    /// A doctor cares for a patient.
    pub(crate) fn care(&mut self, doctor: &str, patient: &str, active: bool) {
        let text = "INSERT INTO care_relations (doctor_id, patient_id, active) SELECT d.id, p.id, ?3 FROM doctors d, patients p WHERE d.public_id = ?1 AND p.public_id = ?2";
        self.db.execute(text, rusqlite::params![doctor, patient, active]).expect("a relation");
        if active {
            self.care.push((doctor.to_owned(), patient.to_owned()));
        }
    }

    /// The rows of a statement.
    pub(crate) fn run(&self, statement: &Statement) -> Vec<Vec<Sql>> {
        let mut prepared = self.db.prepare(&statement.sql).unwrap_or_else(|fault| panic!("{fault}\n{}", statement.sql));
        let width = prepared.column_count();
        let parameters = rusqlite::params_from_iter(statement.parameters.iter().map(cell));
        let rows = prepared
            .query_map(parameters, |row| (0..width).map(|at| row.get::<_, Cell>(at).map(sql)).collect())
            .unwrap_or_else(|fault| panic!("{fault}\n{}", statement.sql));
        rows.collect::<Result<_, _>>().expect("rows")
    }
}

pub(crate) fn cell(value: &Sql) -> Cell {
    match value {
        Sql::Null | Sql::Unopened => Cell::Null,
        Sql::Integer(number) => Cell::Integer(*number),
        Sql::Real(number) => Cell::Real(*number),
        Sql::Text(text) => Cell::Text(text.clone()),
        Sql::Blob(bytes) => Cell::Blob(bytes.clone()),
    }
}

fn sql(cell: Cell) -> Sql {
    match cell {
        Cell::Null => Sql::Null,
        Cell::Integer(number) => Sql::Integer(number),
        Cell::Real(number) => Sql::Real(number),
        Cell::Text(text) => Sql::Text(text),
        Cell::Blob(bytes) => Sql::Blob(bytes),
    }
}

fn put(db: &Connection, table: &str, cells: BTreeMap<&str, Cell>) -> i64 {
    let names: Vec<String> = cells.keys().map(|name| format!("\"{name}\"")).collect();
    let marks: Vec<String> = (1..=cells.len()).map(|n| format!("?{n}")).collect();
    let text = format!("INSERT INTO \"{table}\" ({}) VALUES ({})", names.join(", "), marks.join(", "));
    db.execute(&text, rusqlite::params_from_iter(cells.values())).unwrap_or_else(|fault| panic!("{fault}: {text} {cells:?}"));
    db.last_insert_rowid()
}

/// A row with its children; answers its number.
fn insert(db: &Connection, table: &TableNode, row: &Row, id: Option<(&str, Cell)>, parent: Option<(&str, i64)>) -> i64 {
    let mut beside: BTreeMap<String, Cell> = BTreeMap::new();
    let mut lists = Vec::new();
    for (column, value) in table.columns.iter().zip(&row.values).filter(|(column, value)| column.expression.is_none() && **value != Sql::Null) {
        let name = &column.name;
        let Sql::Text(text) = value else {
            beside.insert(name.clone(), cell(value));
            continue;
        };
        if let Some(blind) = &column.blind {
            let field = format!("{}.{name}", table.table);
            let normal = blind_normal(blind.datatype, text);
            let system = match blind.system.and_then(|at| row.values.get(at)) {
                Some(Sql::Text(system)) => Some(system.clone()),
                _ => blind.system_value.clone(),
            };
            beside.insert(format!("{name}__blind"), mark(&field, &normal).into());
            beside.insert(format!("{name}__sblind"), system.map(|system| mark(&field, &format!("{system}|{normal}"))).into());
        }
        match &column.kind {
            _ if column.sealed => drop(beside.insert(name.clone(), format!("hg1.{text}").into())),
            ColumnKind::Foreign { table, public_id, .. } => {
                let found: i64 =
                    db.query_row(&format!("SELECT id FROM {table} WHERE {public_id} = ?1"), [text], |row| row.get(0)).expect("the row it points to");
                beside.insert(name.clone(), found.into());
                continue;
            }
            kind => {
                beside.insert(name.clone(), text.clone().into());
                match kind {
                    ColumnKind::Folded => drop(beside.insert(format!("{name}__fold"), fold::fold(text).into())),
                    ColumnKind::List { folded } if column.searched => {
                        let values: Vec<String> = serde_json::from_str(text).expect("a list");
                        lists.push((
                            format!("gw_list_{}_{name}", table.table),
                            values.into_iter().map(|v| if *folded { fold::fold(&v) } else { v }).collect::<Vec<_>>(),
                        ));
                    }
                    _ => {}
                }
            }
        }
    }
    let mut cells: BTreeMap<&str, Cell> = beside.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    for (column, value) in &table.filter {
        cells.insert(column, cell(value));
    }
    if let Some((column, value)) = id {
        cells.insert(column, value);
    }
    if let Some((column, value)) = parent {
        cells.insert(column, value.into());
    }
    let number = put(db, &table.table, cells);
    for (list, values) in lists {
        for value in values {
            db.execute(&format!("INSERT OR IGNORE INTO {list} (row, value) VALUES (?1, ?2)"), rusqlite::params![number, value]).expect("a member");
        }
    }
    for (child, rows) in table.children.iter().zip(&row.children) {
        for row in rows {
            insert(db, child, row, None, child.on.as_deref().map(|on| (on, number)));
        }
    }
    number
}

fn read(folder: &Path, ending: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|e| e == ending))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path()).expect("a text")))
        .collect();
    files.sort();
    files
}
