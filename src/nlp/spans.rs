//! `--spans`: the context of given spans, from a tab-separated table to JSON lines.

use serde_json::json;

use crate::engine::Engine;

/// Why a table of spans could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SpansError {
    /// The first line lacks a column.
    #[error("the first line must name the columns id, sentence, start and end; {0} is missing")]
    Column(&'static str),
    /// A line has too few fields.
    #[error("line {0}: too few fields")]
    Fields(usize),
    /// A line's start or end is no number of bytes, or the span is not one of the sentence.
    #[error("line {0}: start and end must be UTF-8 byte offsets of the sentence, on character boundaries")]
    Offset(usize),
}

/// Classifies each line of `table` (UTF-8, tab separated, no quoting, header line): one JSON
/// object a line with `id`, `negated`, `uncertain`, `historical`, `experiencer`.
///
/// # Errors
/// A missing column, a short line, or offsets that name no span; lines are counted from 1.
pub fn classify_spans(engine: &Engine, table: &str) -> Result<String, SpansError> {
    let table = table.strip_prefix('\u{FEFF}').unwrap_or(table);
    let mut lines = table.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let header: Vec<&str> = lines.next().unwrap_or("").split('\t').map(str::trim).collect();
    let column = |name: &'static str| header.iter().position(|&h| h == name).ok_or(SpansError::Column(name));
    let (id, sentence, start, end) = (column("id")?, column("sentence")?, column("start")?, column("end")?);
    let mut out = String::new();
    for (number, line) in lines.enumerate().map(|(n, line)| (n + 2, line)).filter(|(_, line)| !line.is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let field = |column: usize| fields.get(column).copied().ok_or(SpansError::Fields(number));
        let offset = |column: usize| field(column)?.trim().parse::<usize>().map_err(|_| SpansError::Offset(number));
        let (text, from, to) = (field(sentence)?, offset(start)?, offset(end)?);
        if text.get(from..to).is_none() {
            return Err(SpansError::Offset(number));
        }
        let context = engine.classify_span(text, from, to);
        let answer = json!({
            "id": field(id)?,
            "negated": context.negated,
            "uncertain": context.uncertain,
            "historical": context.historical,
            "experiencer": context.experiencer.as_str(),
        });
        out.push_str(&answer.to_string());
        out.push('\n');
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> Engine {
        Engine::new().expect("the embedded lexicon")
    }

    #[test]
    fn columns_may_stand_in_any_order_and_lines_may_end_in_crlf() {
        let table = "start\tend\tid\tsentence\r\n3\t8\ta\tNo fever.\r\n0\t5\tb\tFever.\r\n";
        let out = classify_spans(&engine(), table).expect("a good table");
        let lines: Vec<serde_json::Value> = out.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
        assert_eq!(lines[0]["negated"], true);
        assert_eq!(lines[1]["negated"], false);
        assert_eq!(lines[1]["id"], "b");
    }

    #[test]
    fn offsets_inside_a_character_are_refused() {
        let table = "id\tsentence\tstart\tend\n1\té fever\t1\t3\n";
        assert_eq!(classify_spans(&engine(), table), Err(SpansError::Offset(2)));
    }

    #[test]
    fn a_missing_column_is_named() {
        assert_eq!(classify_spans(&engine(), "id\tsentence\tstart\n"), Err(SpansError::Column("end")));
    }
}
