//! The mapping as people read it: the page, and the coverage of real input.

mod common;

use common::{mappings, shared};
use hearthgate_fhir::json::{Limits, parse_plain};
use hearthgate_mapping::{coverage, doc};

#[test]
fn the_page_names_every_column_and_every_parameter() {
    let mappings = mappings();
    let page = doc::page(&mappings);
    for plan in &mappings.plans {
        for column in plan.table.columns.iter().filter(|c| c.expression.is_none()) {
            assert!(page.contains(&format!("`{}.{}`", plan.table.table, column.name)), "{}.{}", plan.table.table, column.name);
        }
    }
    for line in [
        "### `patient.toml`: the table `patients`",
        "| **`identifier[]`** | **`patient_identifiers`** | a row each, on `patient_id`, in the order of `position` | |",
        "| `identifier[].value` | `patient_identifiers.value` | string, sealed | `identifier` |",
        "| `extension(us-core-birthsex).valueCode` | `patients.birth_sex` | code |  |",
        "| `identifier` | token | `patient_identifiers.value`, system `patient_identifiers.system`, by blind index |",
        "| `birthdate` | date | `patients.birth_date` |",
    ] {
        assert!(page.lines().any(|l| l == line), "{line}");
    }
    let rows = page.lines().filter(|l| l.starts_with('|'));
    assert!(rows.clone().count() > 1000 && rows.clone().all(|l| l.ends_with('|')), "a row is one line");
}

#[test]
fn of_real_input_all_that_must_be_supported_lands_in_columns() {
    let Some(folder) = shared("data/synthea-us-core") else { return };
    let mappings = mappings();
    let mut report = coverage::Report::default();
    for entry in std::fs::read_dir(folder).expect("real input").flatten() {
        for line in std::fs::read(entry.path()).expect("a file").split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
            report.add(&mappings, &parse_plain(line, &Limits::default()).expect("JSON"));
        }
    }
    let missing = report.unsupported();
    assert!(missing.is_empty() && report.broken.is_empty() && report.outright == 0, "{missing:?}\n{report}");
    let total = report.total();
    assert!(total.columns * 100 >= total.all * 99, "{total:?}");
    assert!(report.must_support["patient"]["extension(us-core-race).extension(text).valueString"].resources > 0);
}
