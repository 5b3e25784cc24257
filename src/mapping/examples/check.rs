//! Compiles `mappings/` against `migrations/` and prints every mistake; with FHIR files, which share of their values lands in columns.

use hearthgate_mapping::schema::{Schema, Table};
use hearthgate_mapping::{compile, coverage};
use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs, process};

fn main() {
    let schema = schema(Path::new("migrations"));
    let files = files(Path::new("mappings"));
    match compile::load(&files, &schema) {
        Err(mistakes) => {
            for mistake in &mistakes {
                println!("{mistake}");
            }
            println!("{} mistakes", mistakes.len());
            process::exit(1);
        }
        Ok(mappings) => {
            println!("{} plans, no mistakes", mappings.plans.len());
            let mut report = coverage::Report::default();
            for path in env::args().skip(1) {
                for line in fs::read_to_string(&path).expect("a readable file").lines() {
                    report.add(&mappings, &serde_json::from_str(line).expect("JSON"));
                }
            }
            print!("{report}");
        }
    }
}

fn files(root: &Path) -> compile::Files {
    let mut out = Vec::new();
    for folder in [root.to_path_buf(), root.join("codes")] {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|e| e == "toml") {
                let name = entry.path().strip_prefix(root).expect("below").to_string_lossy().into_owned();
                out.push((name, fs::read_to_string(entry.path()).expect("a readable file")));
            }
        }
    }
    out
}

fn schema(migrations: &Path) -> Schema {
    let db = rusqlite::Connection::open_in_memory().expect("memory");
    let mut names: Vec<_> = fs::read_dir(migrations).expect("migrations").flatten().map(|e| e.path()).collect();
    names.sort();
    for name in names {
        let text = fs::read_to_string(&name).expect("a readable file");
        db.execute_batch(&text).unwrap_or_else(|e| panic!("{}: {e}", name.display()));
    }
    let tables: Vec<(String, bool)> = {
        let mut statement = db.prepare("SELECT name, type = 'view' FROM sqlite_schema WHERE type IN ('table', 'view')").expect("sql");
        statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).expect("sql").flatten().collect()
    };
    let mut out = BTreeMap::new();
    for (name, view) in tables {
        let mut table = Table { view, ..Table::default() };
        let mut statement = db.prepare("SELECT name, upper(type) FROM pragma_table_xinfo(?1)").expect("sql");
        table.columns = statement.query_map([&name], |r| Ok((r.get(0)?, r.get(1)?))).expect("sql").flatten().collect();
        let mut statement = db.prepare("SELECT \"from\", \"table\", coalesce(\"to\", 'id') FROM pragma_foreign_key_list(?1)").expect("sql");
        table.foreign_keys = statement.query_map([&name], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).expect("sql").flatten().collect();
        out.insert(name, table);
    }
    Schema { tables: out }
}
