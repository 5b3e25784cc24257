//! The generated columns of dates say what `hearthgate_fhir::date` says, and folding in SQL is `hearthgate_fhir::fold`.

use crate::clinic::{Folder, migrate_at, run};
use hearthgate_fhir::{date, fold};
use proptest::prelude::*;
use rusqlite::Connection;

fn expressions() -> Connection {
    use hearthgate_store::dialect::sqlite::columns::{date_hi, date_lo};
    let conn = Connection::open_in_memory().expect("memory");
    conn.execute_batch(&format!(
        "CREATE TABLE t (d TEXT, d__lo INTEGER AS ({}) VIRTUAL, d__hi INTEGER AS ({}) VIRTUAL) STRICT; INSERT INTO t VALUES (NULL);",
        date_lo("d"),
        date_hi("d")
    ))
    .expect("columns");
    conn
}

fn by_sql(conn: &Connection, text: &str) -> Option<(i64, i64)> {
    conn.execute("UPDATE t SET d = ?1", [text]).expect("a date");
    let found: (Option<i64>, Option<i64>) = conn.query_row("SELECT d__lo, d__hi FROM t", [], |row| Ok((row.get(0)?, row.get(1)?))).expect("a row");
    found.0.zip(found.1)
}

#[test]
fn dates_of_every_precision_have_their_interval() {
    let conn = expressions();
    for text in [
        "2024",
        "0001",
        "9999",
        "2024-02",
        "9999-12",
        "2023-12",
        "2024-02-29",
        "2023-02-28",
        "1969-12-31",
        "9999-12-31",
        "2024-01-02T03:04:05Z",
        "2024-01-02T03:04:05+02:00",
        "2024-01-02T03:04:05-14:00",
        "2024-01-02T03:04:05.6Z",
        "2024-01-02T03:04:05.67+05:30",
        "2024-01-02T03:04:05.678Z",
        "2024-01-02T03:04:05.6789123-03:30",
        "2024-06-30T23:59:60Z",
        "2024-01-02T03:04:05",
        "2024-01-02T03:04",
        "1815-12-10T00:00:00.001Z",
    ] {
        let expected = date::interval(text).map(|i| (i.lo, i.hi));
        assert!(expected.is_some(), "{text}");
        assert_eq!(by_sql(&conn, text), expected, "{text}");
    }
    for text in ["", "2023-02-30", "soon", "20240102", "2024-01-02T"] {
        assert_eq!(by_sql(&conn, text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_date_has_the_same_interval_in_sql(year in 1u32..=9999, month in 1u32..=12, day in 1u32..=31, hour in 0u32..24, minute in 0u32..60, second in 0u32..=60,
        fraction in proptest::option::of("[0-9]{1,9}"), offset in prop_oneof![Just("Z".to_owned()), "[+-]0[0-9]:[0-5][0-9]", "[+-]1[0-3]:[0-5][0-9]"], precision in 0u8..5) {
        let mut text = format!("{year:04}");
        if precision > 0 { text.push_str(&format!("-{month:02}")); }
        if precision > 1 { text.push_str(&format!("-{day:02}")); }
        if precision > 2 {
            text.push_str(&format!("T{hour:02}:{minute:02}:{second:02}"));
            if let (Some(fraction), true) = (&fraction, precision > 3) { text.push_str(&format!(".{fraction}")); }
            text.push_str(&offset);
        }
        thread_local! { static CONN: Connection = expressions(); }
        if let Some(expected) = date::interval(&text) {
            prop_assert_eq!(CONN.with(|conn| by_sql(conn, &text)), Some((expected.lo, expected.hi)), "{}", text);
        }
    }
}

#[test]
fn the_shell_folds_names_as_the_gateway_does() {
    let folder = Folder::new();
    migrate_at(&folder.database());
    for name in ["MÜLLER", "Łódź", "Ærø", "ΟΔΥΣΣΕΎΣ", "ФЁДОР", "O’Brien", "李小龍", "Plain"] {
        let script =
            format!("INSERT INTO doctors (public_id, family) VALUES ('{0}', '{name}'); SELECT family__fold FROM doctors ORDER BY id DESC LIMIT 1", name.len());
        let _ = run(&folder.database(), "DELETE FROM doctors");
        assert_eq!(run(&folder.database(), &script).expect("a row").trim(), fold::fold(name), "{name}");
    }
}
