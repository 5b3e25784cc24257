//! Folding in SQL: the replacements of `hearthgate_fhir::fold` in runs of nested `replace(…)`, short enough for
//! any SQLite's parser, applied one after the other.

use super::literal;

/// How many calls may be nested: a parser stack of 100 (SQLite before 3.46) holds about 24.
const NESTED: usize = 16;

/// True of a text with anything beyond ASCII.
pub fn beyond_ascii(expression: &str) -> String {
    format!("{expression} GLOB ('*[^' || char(1) || '-' || char(127) || ']*')")
}

/// The expressions that fold the text in `column`, to be applied in order after `lower(…)`.
pub fn chains(folds: &[(&str, &str)], column: &str) -> Vec<String> {
    folds
        .chunks(NESTED)
        .map(|run| run.iter().fold(column.to_owned(), |inner, (from, to)| format!("replace({inner},{},{})", literal(from), literal(to))))
        .collect()
}

/// The one-row table and the view through which triggers fold a text: insert it into `gw_fold`, read `gw_folded.text`.
pub fn procedure(folds: &[(&str, &str)]) -> Vec<String> {
    let mut body = String::from("UPDATE gw_folded SET text = lower(NEW.text);\n");
    let beyond = beyond_ascii("text");
    for chain in chains(folds, "text") {
        body.push_str(&format!("UPDATE gw_folded SET text = {chain} WHERE {beyond};\n"));
    }
    vec!["CREATE VIEW gw_fold (text) AS SELECT '' WHERE 0".to_owned(), format!("CREATE TRIGGER gw_fold__insert INSTEAD OF INSERT ON gw_fold BEGIN\n{body}END")]
}
