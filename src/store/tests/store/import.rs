//! The real input through the real mappings: stored, read from rows, compared.
//! `cargo test --release -p hearthgate-store --test store -- --ignored --nocapture import`.

use crate::clinic::{Folder, NOW};
use crate::real::compile;
use crate::served::{narrowed, statement};
use hearthgate_mapping::{index, take};
use hearthgate_seal::Keyring;
use hearthgate_store::{Change, Context, Options, Outcome, Put, Store, Unit, migrate};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

fn input() -> Vec<Value> {
    let folder = std::env::var("HEARTHGATE_INPUT").unwrap_or_default();
    const FIRST: [&str; 7] = ["Organization", "Location", "Practitioner.", "PractitionerRole", "Patient", "Device", "Encounter"];
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .expect("HEARTHGATE_INPUT names a folder of NDJSON")
        .flatten()
        .map(|entry| entry.path())
        .filter(|p| p.extension().is_some_and(|e| e == "ndjson"))
        .collect();
    // What others refer to comes first, so that units can be small.
    names.sort_by_key(|name| (FIRST.iter().position(|first| name.to_string_lossy().contains(&format!("/{first}"))).unwrap_or(FIRST.len()), name.clone()));
    names
        .iter()
        .flat_map(|name| std::fs::read_to_string(name).expect("reads").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>())
        .collect()
}

#[test]
#[ignore = "needs HEARTHGATE_INPUT, a folder of NDJSON"]
fn import_reads_back_as_it_came() {
    let folder = Folder::new();
    let path = folder.database();
    let begun = Instant::now();
    let mappings = Arc::new(migrate::migrate(&path, migrate::MIGRATIONS, NOW, compile).expect("migrates").mappings);
    println!("migrated in {:?}", begun.elapsed());
    let keyring = Arc::new(Keyring::create(&folder.path().join("keys")).expect("keys"));
    let store = Store::open(&path, Arc::clone(&mappings), keyring, &Options::default()).expect("opens");
    let resources = input();
    let known: std::collections::HashSet<String> =
        resources.iter().map(|r| format!("{}/{}", r["resourceType"].as_str().unwrap(), r["id"].as_str().unwrap())).collect();
    for round in ["first", "again"] {
        let begun = Instant::now();
        let mut units: Vec<Unit> = Vec::new();
        for resource in &resources {
            let type_name = resource["resourceType"].as_str().unwrap();
            let plan = hearthgate_mapping::claim::plan_for(&mappings, type_name, resource).unwrap_or_else(|| panic!("no plan for {type_name}"));
            let id = resource["id"].as_str().unwrap().to_owned();
            let row = take::take(plan, resource, &|t, id| known.contains(&format!("{t}/{id}")));
            let entries = index::index(plan, resource, &row);
            let compartments = index::compartments(plan, &id, resource, &row);
            let put = Put { plan: plan.index, id, row, index: entries, compartments, source: Some("synthea".to_owned()), render: true, ..Put::default() };
            if units.last().is_none_or(|unit| unit.changes.len() >= 200) {
                units.push(Unit { context: Context { at_ms: NOW, ..Context::default() }, ..Unit::default() });
            }
            units.last_mut().unwrap().changes.push(Change::Put(Box::new(put)));
        }
        println!("{round}: taken apart in {:?}", begun.elapsed());
        let begun = Instant::now();
        let mut unchanged = 0;
        let mut times: BTreeMap<String, (usize, std::time::Duration)> = BTreeMap::new();
        for unit in units {
            let first = Instant::now();
            let (plan, count) =
                (if let Change::Put(put) = &unit.changes[0] { mappings.plans[put.plan].name.clone() } else { String::new() }, unit.changes.len());
            let at: Vec<String> =
                unit.changes.iter().map(|c| if let Change::Put(p) = c { format!("{} {}", mappings.plans[p.plan].name, p.id) } else { String::new() }).collect();
            for outcome in store.write_blocking(unit).unwrap_or_else(|refused| panic!("{refused:?} {:?}", refused.change.map(|c| &at[c]))) {
                unchanged += usize::from(matches!(outcome, Outcome::Done(done) if done.unchanged));
            }
            let time = times.entry(plan).or_default();
            *time = (time.0 + count, time.1 + first.elapsed());
        }
        for (plan, (count, time)) in times {
            println!("  {plan}: {:.0} us each", time.as_micros() as f64 / count as f64);
        }
        println!(
            "{round}: {} resources written in {:?}, {:.0}/s, {unchanged} unchanged",
            resources.len(),
            begun.elapsed(),
            resources.len() as f64 / begun.elapsed().as_secs_f64()
        );
    }
    for from_rows in [false, true] {
        let digest = if from_rows { "none" } else { mappings.digest.as_str() };
        let begun = Instant::now();
        let mut wrong: BTreeMap<String, usize> = BTreeMap::new();
        for resource in &resources {
            let (type_name, id) = (resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap());
            let found = store.point(&narrowed(statement("SELECT r.plan, r.row, r.type, r.id, r.version, r.at, r.deleted, w.bytes FROM gw_resources r LEFT JOIN gw_rendered w ON w.rid = r.rid AND w.version = r.version AND w.digest = ?3 WHERE r.type = ?1 AND r.id = ?2", &[type_name, id, digest])));
            let body = found.expect("reads").expect("is there").body;
            let mut body: Value = serde_json::from_slice(&body).expect("JSON");
            let mut came = resource.clone();
            for value in [&mut body, &mut came] {
                let Some(meta) = value.get_mut("meta").and_then(Value::as_object_mut) else { continue };
                meta.remove("versionId");
                meta.remove("lastUpdated");
                if meta.is_empty() {
                    value.as_object_mut().expect("an object").remove("meta");
                }
            }
            if body != came {
                if !wrong.contains_key(type_name) {
                    println!("came {came}\nread {body}");
                }
                *wrong.entry(type_name.to_owned()).or_default() += 1;
            }
        }
        println!(
            "read back {} in {:?}, {:.0}/s; differing: {wrong:?}",
            if from_rows { "from rows" } else { "as rendered" },
            begun.elapsed(),
            resources.len() as f64 / begun.elapsed().as_secs_f64()
        );
        assert!(wrong.is_empty(), "{wrong:?}");
    }
    let tables = crate::clinic::run(&path, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'").expect("tables");
    let counts: Vec<String> = tables.lines().map(|table| format!("SELECT '{table}', (SELECT count(*) FROM {table})")).collect();
    let sum = counts.chunks(400).map(|some| {
        crate::clinic::run(
            &path,
            &format!(
                "SELECT * FROM ({}) WHERE column2 > 500 ORDER BY 2 DESC",
                some.join(" UNION ALL ").replacen("SELECT ", "SELECT 0 column1, 0 column2 WHERE 0 UNION ALL SELECT ", 1)
            ),
        )
        .unwrap_or_else(|e| e)
    });
    sum.for_each(|text| println!("{text}"));
    println!("{} KiB", std::fs::metadata(&path).map_or(0, |m| m.len() / 1024));
}
