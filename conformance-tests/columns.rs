//! For every column that a mapping names: changed by SQL, it is seen at its path, found by each search parameter that names it, and
//! a version. The list of columns comes from the compiled mappings, so a column that is mapped tomorrow is tried tomorrow.

mod places;
mod sealed;

use crate::capability::encoded;
use crate::evaluator::{self, Question};
use crate::harness::Server;
use hearthgate_fhir::r4;
use hearthgate_mapping::{Form, Mappings, PlanKind, Sql, compile};
use hearthgate_store::migrate::{MIGRATIONS, schema_of};
use places::Place;
use rusqlite::types::Value as Raw;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use serde_json::Value;
use std::sync::OnceLock;

/// Columns that cannot be tried by themselves, and why.
const APART: &[(&str, &str)] = &[
    ("app_state: app_states.code_system", "shown to the one app that is registered for the code"),
    ("app_state: app_states.code", "shown to the one app that is registered for the code"),
    ("app_state: app_states.subject", "shown to the one app that is registered for the code"),
    ("appointment: appointments.other_patient_id", "a second patient stands only beside how that patient answered"),
    ("care_relations: care_relations.patient_id", "the group's own key: a relation moved to another patient ends the one team and changes the other"),
    ("observation_finding: findings.label_code", "only machines assert findings"),
    ("observation_finding: findings.judged_at", "a judgement has a time and a doctor, or neither"),
    ("observation_finding: findings.judged_by", "a judgement has a time and a doctor, or neither"),
    ("observation_finding: findings.negated", "where the concept stands hangs on it (the law of the table)"),
    ("observation_finding: findings.uncertain", "1 or nothing"),
    ("observation_finding: findings.historical", "1 or nothing"),
    ("observation_finding: findings.hypothetical", "1 or nothing"),
    ("observation_finding: findings.resolved", "1 or nothing"),
    ("observation_finding: findings.category", "which question is answered hangs on it (the law of the table)"),
    ("observation_finding: findings.question", "hangs on the category (the law of the table)"),
    ("observation_finding: findings.code_rxnorm", "hangs on the question (the law of the table)"),
    ("observation_finding: findings.value_snomed", "hangs on the question (the law of the table)"),
];

/// What must stand in a row made for a try.
const FILL: &[(&str, &str)] = &[("type", "seealso"), ("role", "source")];

type Clinic = (Server, String);

fn sample(name: &str) -> Clinic {
    let server = Server::demo(name);
    let token = server.run(&["token", "--client", "demo-backend", "--scope", "system/*.cruds", "--ttl", "3600"]).lines().last().expect("a token").to_owned();
    (server, token)
}

/// The clinic that is changed by SQL.
fn clinic() -> &'static Clinic {
    static CLINIC: OnceLock<Clinic> = OnceLock::new();
    CLINIC.get_or_init(|| sample("columns"))
}

fn mappings() -> &'static Mappings {
    static MAPPINGS: OnceLock<Mappings> = OnceLock::new();
    MAPPINGS.get_or_init(|| {
        let files = hearthgate::embedded::MAPPINGS.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        compile::load(&files, &schema_of(MIGRATIONS).expect("a schema")).expect("mappings without mistakes")
    })
}

fn database(clinic: &Clinic) -> Connection {
    let database = Connection::open(clinic.0.dir.join("ehr.db")).expect("the live file");
    database.execute_batch("PRAGMA busy_timeout = 20000; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0;").expect("pragmas");
    database
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn literal(value: &Sql) -> String {
    match value {
        Sql::Null => "NULL".to_owned(),
        Sql::Integer(n) => n.to_string(),
        Sql::Real(n) => n.to_string(),
        Sql::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Sql::Blob(_) | Sql::Unopened => panic!("no constant of a filter"),
    }
}

/// A row to try a column on: the resource's id, the row's number, its value.
struct Target {
    id: String,
    row: i64,
    old: Raw,
}

/// The way from resources to the rows of the place's table: `t0` is the root, `t<n>` the last.
fn way(place: &Place<'_>, up_to: usize) -> String {
    let mut sql = format!("{} t0", quoted(&place.tables[0].table));
    for (n, table) in place.tables.iter().enumerate().take(up_to + 1).skip(1) {
        sql += &format!(" JOIN {} t{n} ON t{n}.{} = t{}.id", quoted(&table.table), quoted(table.on.as_deref().unwrap_or("id")), n - 1);
    }
    if let PlanKind::Group { column, table } = &place.plan.kind {
        sql += &format!(" JOIN {} g ON g.id = t0.{}", quoted(table), quoted(column));
    }
    sql += " WHERE 1";
    for (n, table) in place.tables.iter().enumerate().take(up_to + 1) {
        for (column, value) in &table.filter {
            sql += &format!(" AND t{n}.{} IS {}", quoted(column), literal(value));
        }
    }
    sql
}

fn id_of(place: &Place<'_>) -> String {
    match &place.plan.kind {
        PlanKind::Group { .. } => "g.public_id".to_owned(),
        _ => format!("t0.{}", quoted(&place.plan.id_column)),
    }
}

fn target(database: &Connection, place: &Place<'_>) -> Option<Target> {
    let (last, column) = (place.tables.len() - 1, quoted(&place.column.name));
    // The reader of notes writes its own Device, and nobody else does.
    let others = format!(" AND {} NOT GLOB 'reader-*'", id_of(place));
    let find = |condition: &str| {
        let sql =
            format!("SELECT {}, t{last}.id, t{last}.{column} FROM {}{others}{condition} ORDER BY t{last}.id DESC LIMIT 1", id_of(place), way(place, last));
        database
            .query_row(&sql, [], |row| Ok(Target { id: row.get(0)?, row: row.get(1)?, old: row.get(2)? }))
            .optional()
            .unwrap_or_else(|e| panic!("{sql}: {e}"))
    };
    let own = format!(" AND t{last}.{column} IS NOT NULL");
    find(&own).or_else(|| find("")).or_else(|| {
        // No row yet: one below the newest row above.
        let up = last.checked_sub(1)?;
        let sql = format!("SELECT {}, t{up}.id FROM {}{others} ORDER BY t{up}.id DESC LIMIT 1", id_of(place), way(place, up));
        let (id, above): (String, i64) = database.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).optional().expect("a query")?;
        let table = place.table();
        let mut filters: Vec<(String, String)> = table.filter.iter().map(|(c, v)| (quoted(c), literal(v))).collect();
        let mut wanted =
            database.prepare("SELECT name FROM pragma_table_info(?1) WHERE \"notnull\" AND dflt_value IS NULL AND NOT pk AND name <> ?2").expect("a query");
        let wanted: Vec<String> = wanted.query_map([&table.table, table.on.as_ref()?], |row| row.get(0)).expect("rows").flatten().collect();
        filters.extend(
            wanted
                .iter()
                .filter(|c| !table.filter.iter().any(|(f, _)| f == *c))
                .map(|c| (quoted(c), literal(&Sql::Text(FILL.iter().find(|(n, _)| n == c).map_or("x", |(_, v)| v).to_owned())))),
        );
        let names: String = filters.iter().map(|(c, _)| format!(", {c}")).collect();
        let values: String = filters.iter().map(|(_, v)| format!(", {v}")).collect();
        database.execute(&format!("INSERT INTO {} ({}{names}) VALUES ({above}{values})", quoted(&table.table), quoted(table.on.as_deref()?)), []).ok()?;
        Some(Target { id, row: database.last_insert_rowid(), old: Raw::Null })
    })
}

/// Values that the column might take, the likeliest first.
fn candidates(database: &Connection, place: &Place<'_>, old: &Raw) -> Vec<Raw> {
    let text = |t: &str| Raw::Text(t.to_owned());
    let codes = || place.value_set.and_then(r4::value_set_codes).unwrap_or_default().iter().map(|(_, code)| (*code).to_owned()).collect::<Vec<String>>();
    let mut out: Vec<Raw> = Vec::new();
    if let Some(table) = &place.codes {
        let shown = |raw: &Raw| match raw {
            Raw::Text(local) => table.fhir(local).map(str::to_owned),
            _ => None,
        };
        out.extend(table.rows().iter().filter(|(_, fhir, _)| Some(fhir.clone()) != shown(old)).map(|(local, _, _)| text(local)));
        return out;
    }
    match place.form {
        Form::Boolean => out.extend([Raw::Integer(1), Raw::Integer(0)]),
        Form::Integer => out.extend([17, 3, 1, 2].map(Raw::Integer)),
        Form::Decimal => out.extend(["17.50", "3.25"].map(text)),
        Form::List => {
            out.extend(codes().into_iter().map(|code| Raw::Text(serde_json::json!([code]).to_string())));
            let uri = matches!(place.type_name, "uri" | "canonical" | "url");
            out.push(text(if uri { r#"["http://example.org/changed"]"# } else { r#"["Changed","Twice"]"# }));
        }
        Form::Foreign(_) => {
            let hearthgate_mapping::ColumnKind::Foreign { table, .. } = &place.column.kind else { panic!("a foreign key") };
            let mut rows = database.prepare(&format!("SELECT id FROM {} ORDER BY id DESC LIMIT 6", quoted(table))).expect("a query");
            out.extend(rows.query_map([], |row| row.get::<_, i64>(0)).expect("rows").flatten().map(Raw::Integer));
        }
        Form::Reference(types) => {
            let wanted: Vec<&str> = if types.is_empty() { place.targets.clone() } else { types.clone() };
            for kind in wanted {
                let mut rows =
                    database.prepare("SELECT type || '/' || id FROM gw_resources WHERE type = ?1 AND deleted = 0 ORDER BY rid DESC LIMIT 2").expect("a query");
                out.extend(rows.query_map([kind], |row| row.get::<_, String>(0)).expect("rows").flatten().map(Raw::Text));
            }
            out.push(text("https://elsewhere.example.org/fhir/Patient/x"));
        }
        Form::Base64 => out.push(text("Changed")),
        Form::Text => match place.type_name {
            "date" => out.extend(["2019-03-04", "2018-02"].map(text)),
            "dateTime" | "instant" => out.extend(["2019-03-04T05:06:07+02:00", "2018-02-03T04:05:06Z"].map(text)),
            "base64Binary" => out.extend(["Q2hhbmdlZA==", "QWdhaW4="].map(text)),
            "time" => out.extend(["05:06:07", "06:07:08"].map(text)),
            "uri" | "url" | "canonical" | "oid" => out.extend(["http://example.org/changed", "http://example.org/again"].map(text)),
            "code" => {
                out.extend(codes().into_iter().map(Raw::Text));
                out.extend(["changed", "again"].map(text));
            }
            _ => out.extend(["Changed", "Again"].map(text)),
        },
    }
    // A time that others hang on moves by some seconds.
    if let (Raw::Text(old), "dateTime" | "instant") = (old, place.type_name)
        && old.len() >= 19
    {
        out.push(Raw::Text(format!("{}17{}", &old[..17], &old[19..])));
    }
    // What other rows have there is sure to be allowed.
    let (table, column) = (quoted(&place.table().table), quoted(&place.column.name));
    let mut others = database.prepare(&format!("SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY 1 DESC LIMIT 8")).expect("a query");
    out.extend(others.query_map([], |row| row.get::<_, Raw>(0)).expect("rows").flatten());
    out.retain(|candidate| candidate != old);
    out
}

/// How the column's value reads in JSON, as text.
fn shown(database: &Connection, place: &Place<'_>, raw: &Raw) -> Vec<String> {
    let text = match raw {
        Raw::Null => return vec![],
        Raw::Integer(n) => n.to_string(),
        Raw::Real(n) => n.to_string(),
        Raw::Text(text) => text.clone(),
        Raw::Blob(_) => panic!("a blob"),
    };
    if let Some(codes) = &place.codes {
        return vec![codes.fhir(&text).unwrap_or(&text).to_owned()];
    }
    match place.form {
        Form::Boolean => vec![(text == "1").to_string()],
        Form::List => serde_json::from_str(&text).unwrap_or_default(),
        Form::Foreign(kind) => {
            let hearthgate_mapping::ColumnKind::Foreign { table, public_id, .. } = &place.column.kind else { panic!("a foreign key") };
            let id: String =
                database.query_row(&format!("SELECT {} FROM {} WHERE id = ?1", quoted(public_id), quoted(table)), [text], |row| row.get(0)).expect("a row");
            vec![format!("{kind}/{id}")]
        }
        _ => vec![text],
    }
}

/// The primitives at a path, as text.
fn at(value: &Value, path: &[String], out: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|member| at(member, path, out)),
        Value::Object(object) => {
            if let Some((name, rest)) = path.split_first() {
                object.get(name).into_iter().for_each(|below| at(below, rest, out));
            }
        }
        Value::Null => {}
        Value::String(text) => out.push(text.clone()),
        other => out.push(other.to_string()),
    }
}

fn count(value: &Value, path: &[String], wanted: &str) -> usize {
    let mut found = Vec::new();
    at(value, path, &mut found);
    found.iter().filter(|f| *f == wanted).count()
}

/// Tries one column; what is wrong.
fn tried(database: &Connection, place: &Place<'_>) -> Result<(), String> {
    let (server, token) = clinic();
    let target = target(database, place).ok_or("no row")?;
    let path = format!("{}/{}", place.plan.resource, target.id);
    let read = || {
        let answer = server.get(&path, token);
        if answer.status == 200 { Ok(answer.json()) } else { Err(format!("{path}: {}", answer.status)) }
    };
    let before = read()?;
    let rivals: String = place.rivals.iter().map(|rival| format!(", {} = NULL", quoted(rival))).collect();
    let sql = format!("UPDATE {} SET {} = ?1{rivals} WHERE id = {}", quoted(&place.table().table), quoted(&place.column.name), target.row);
    let mut refused = String::from("no candidate");
    let new = candidates(database, place, &target.old).into_iter().find(|candidate| match database.execute(&sql, params_from_iter([candidate])) {
        Ok(_) => true,
        Err(error) => {
            refused = error.to_string();
            false
        }
    });
    let new = new.ok_or(refused)?;
    let after = read()?;
    let version = |v: &Value| v["meta"]["versionId"].as_str().and_then(|t| t.parse::<u64>().ok()).unwrap_or_default();
    if version(&after) != version(&before) + 1 {
        return Err(format!("{path}: version {} after {}", version(&after), version(&before)));
    }
    let (old_text, new_text) = (shown(database, place, &target.old), shown(database, place, &new));
    for text in new_text.iter().chain(&old_text) {
        let (had, has) = (count(&before, &place.path, text), count(&after, &place.path, text));
        let times = |of: &[String]| of.iter().filter(|t| *t == text).count();
        if has + times(&old_text) != had + times(&new_text) {
            return Err(format!("{path}: {} shows {text:?} {has} times after {had}; it was {old_text:?} and is {new_text:?}", place.path.join(".")));
        }
    }
    if server.get(&format!("{path}/_history/{}", version(&before)), token).json() != before {
        return Err(format!("{path}: the old version reads otherwise than it did"));
    }
    for code in place.search {
        searched(place, code, &target.id, &after, &old_text, &new_text)?;
    }
    searched_together(place, &target.id, &before, &after)
}

/// Whether each composite that has a part in the column finds the resource by the pairs that it says now, and by those it said before
/// only if it still does.
fn searched_together(place: &Place<'_>, id: &str, before: &Value, after: &Value) -> Result<(), String> {
    let (server, token) = clinic();
    let kind = place.plan.resource;
    let form = |of: r4::Kind| format!("{of:?}").to_lowercase();
    for composite in hearthgate_mapping::index::parameters(kind).filter(|known| known.kind == r4::Kind::Composite) {
        let read = |part: &r4::Component| r4::search_parameters(kind).iter().any(|known| known.url == part.url && place.search.iter().any(|s| s == known.code));
        if !composite.components.iter().any(read) {
            continue;
        }
        let parts: Vec<(String, &str)> = composite.components.iter().map(|part| (form(part.kind), part.expression)).collect();
        for resource in [after, before] {
            for element in evaluator::elements(resource, composite.expression) {
                let said = parts.iter().map(|(form, expression)| {
                    let values = evaluator::select_within(resource, element, expression);
                    match form.as_str() {
                        "token" => values.iter().flat_map(|v| evaluator::tokens(v)).next().map(|(_, code)| crate::capability::escape(&code)),
                        "quantity" => values.iter().find_map(|v| v.get("value")).map(Value::to_string),
                        "reference" => values.iter().find_map(|v| v["reference"].as_str()).map(str::to_owned),
                        _ => values.iter().find_map(|v| v.as_str()).map(str::to_owned),
                    }
                });
                let Some(said) = said.collect::<Option<Vec<String>>>() else { continue };
                let value = said.join("$");
                let wanted = evaluator::composite_matches(after, composite.expression, &parts, &value);
                let query = format!("{kind}?_id={id}&{}={}", composite.code, encoded(&value));
                let answer = server.get(&query, token);
                if answer.status != 200 || answer.ids().contains(&id.to_owned()) != wanted {
                    return Err(format!("{query}: {} and {} found", answer.status, if wanted { "not" } else { "still" }));
                }
            }
        }
    }
    Ok(())
}

/// Whether a search finds the resource by its new value, and by the old one only if it still has it.
fn searched(place: &Place<'_>, code: &str, id: &str, after: &Value, old: &[String], new: &[String]) -> Result<(), String> {
    let (server, token) = clinic();
    let parameter = hearthgate_mapping::index::parameter(place.plan.resource, code).ok_or_else(|| format!("no parameter {code}"))?;
    let form = format!("{:?}", parameter.kind).to_lowercase();
    let values = evaluator::select(after, parameter.expression);
    let leaf = place.path.last().map_or("", String::as_str);
    let mut fresh = false;
    for (text, is_new) in new.iter().map(|t| (t, true)).chain(old.iter().map(|t| (t, false))) {
        let mut questions: Vec<(String, String)> = Vec::new();
        let mut ask = |modifier: &str, value: String| questions.push((modifier.to_owned(), value));
        let escaped = crate::capability::escape(text);
        match (form.as_str(), leaf) {
            // What it was called may still stand in a text that is sealed and not searched by its words.
            ("token", "display" | "text") if is_new => ask("text", escaped),
            ("token", "display" | "text" | "version") | ("quantity", "comparator") => {}
            ("reference", "value") => ask("identifier", escaped),
            ("reference", "reference") if !parameter.targets.iter().any(|t| text.starts_with(&format!("{t}/"))) => {}
            ("token", "deceasedDateTime") => ask("", "true".to_owned()),
            // The system of a contact point is no namespace of its value.
            ("token", "system") if place.owner == "ContactPoint" => {}
            ("token", "system") => {
                for (system, code) in values.iter().flat_map(|v| evaluator::tokens(v)) {
                    if !is_new || system.as_ref() == Some(text) {
                        ask("", format!("{escaped}|{}", crate::capability::escape(&code)));
                    }
                }
            }
            ("date", _) => ["", "sa", "eb", "ge", "le", "gt", "lt"].iter().for_each(|prefix| ask("", format!("{prefix}{text}"))),
            ("quantity", "unit" | "code" | "system") => {
                for value in &values {
                    let own = |name: &str| value.get(name).and_then(Value::as_str).map(crate::capability::escape).unwrap_or_default();
                    let Some(number) = value.get("value").map(Value::to_string) else { continue };
                    match leaf {
                        "system" => ask("", format!("{number}|{escaped}|{}", own("code"))),
                        _ => ask("", format!("{number}||{escaped}")),
                    }
                }
            }
            ("quantity", _) => ask("", text.clone()),
            ("string", _) => ["", "exact"].iter().for_each(|modifier| ask(modifier, escaped.clone())),
            _ => ask("", escaped),
        }
        for (modifier, value) in questions {
            let wanted = evaluator::matches(&values, &Question { form: &form, modifier: &modifier, value: &value });
            let colon = if modifier.is_empty() { String::new() } else { format!(":{modifier}") };
            let query = format!("{}?_id={id}&{code}{colon}={}", place.plan.resource, encoded(&value));
            let answer = server.get(&query, token);
            if answer.status != 200 {
                return Err(format!("{query}: {}", answer.status));
            }
            if answer.ids().contains(&id.to_owned()) != wanted {
                return Err(format!("{query}: {} found, value was {}: {values:?}", if wanted { "not" } else { "still" }, if is_new { "new" } else { "old" }));
            }
            fresh |= is_new && wanted;
        }
    }
    // A parameter may look elsewhere than at this row (an e-mail address is no phone number), but then it finds nothing there.
    if fresh || values.is_empty() || matches!(leaf, "system" | "unit" | "display" | "text" | "code" | "version" | "comparator" | "reference") {
        Ok(())
    } else {
        Err(format!("{code}: no question finds the new value {new:?} among {values:?}"))
    }
}

/// Seen to fail: codes that stood in the generated index beside their columns were still found after a change from outside, and a
/// system changed from outside was not found with its sealed value; composites that stood in the generated index took a value with a
/// comparator for an open range, which its columns do not.
#[test]
fn every_mapped_column_changed_by_sql_is_read_searched_and_versioned() {
    let places = places::all(&mappings().plans);
    let open: Vec<&Place<'_>> = places.iter().filter(|p| !p.column.sealed && p.column.expression.is_none()).collect();
    assert!(open.len() > 500, "{}", open.len());
    let database = database(clinic());
    let (mut wrong, mut apart) = (Vec::new(), Vec::new());
    for place in &open {
        let known = APART.iter().find(|(name, _)| *name == place.name());
        match (tried(&database, place), known) {
            (Err(error), None) => wrong.push(format!("{} at {}: {}", place.name(), place.path.join("."), error.chars().take(600).collect::<String>())),
            (Err(_), Some((name, _))) => apart.push(*name),
            (Ok(()), _) => {}
        }
    }
    println!("{} columns tried, {} apart", open.len(), apart.len());
    assert!(wrong.is_empty(), "{} of {} columns fail:\n{}", wrong.len(), open.len(), wrong.join("\n"));
    for (name, reason) in APART {
        assert!(apart.contains(name), "{name} is tried like the others now, so it needs no reason: {reason}");
    }
}
