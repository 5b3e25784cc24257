//! SQL as text with numbered parameters: names and constants of the mappings stand in the text, values never do,
//! so that the same shape of question is the same text and is prepared once.

use hearthgate_mapping::Sql;

/// Stands for the alias of the row that a condition speaks of, until it is known.
pub(crate) const ROW: char = '\u{1}';

/// The values bound so far.
#[derive(Default)]
pub(crate) struct Binds {
    values: Vec<Sql>,
}

impl Binds {
    /// Binds a value and answers how the text names it.
    pub(crate) fn bind(&mut self, value: Sql) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    pub(crate) fn text(&mut self, value: &str) -> String {
        self.bind(Sql::Text(value.to_owned()))
    }

    pub(crate) fn integer(&mut self, value: i64) -> String {
        self.bind(Sql::Integer(value))
    }

    pub(crate) fn real(&mut self, value: f64) -> String {
        self.bind(Sql::Real(value))
    }

    /// `column = value`, or `column IN (…)` over one JSON array, so that the text does not grow with the list.
    pub(crate) fn among<T: AsRef<str>>(&mut self, column: &str, values: &[T]) -> String {
        match values {
            [] => NEVER.to_owned(),
            [one] => format!("{column} = {}", self.text(one.as_ref())),
            many => format!("{column} IN ({})", self.list(many)),
        }
    }

    /// A subquery with one row for each value.
    pub(crate) fn list<T: AsRef<str>>(&mut self, values: &[T]) -> String {
        let array: Vec<serde_json::Value> = values.iter().map(|v| v.as_ref().into()).collect();
        let array = self.bind(Sql::Text(serde_json::Value::Array(array).to_string()));
        format!("SELECT value FROM json_each({array})")
    }

    pub(crate) fn into_values(self) -> Vec<Sql> {
        self.values
    }
}

/// A condition that never holds.
pub(crate) const NEVER: &str = "0";
/// A condition that always holds.
pub(crate) const ALWAYS: &str = "1";

/// An identifier.
pub(crate) fn name(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// A column of the row that a condition speaks of.
pub(crate) fn column(identifier: &str) -> String {
    format!("{ROW}.{}", name(identifier))
}

/// A generated column beside a column: `column__suffix`.
pub(crate) fn beside(identifier: &str, suffix: &str) -> String {
    column(&format!("{identifier}__{suffix}"))
}

/// The condition with the alias of its row.
pub(crate) fn of_row(condition: &str, alias: &str) -> String {
    condition.replace(ROW, alias)
}

/// A constant of a mapping.
pub(crate) fn literal(value: &Sql) -> String {
    match value {
        Sql::Null | Sql::Unopened => "NULL".to_owned(),
        Sql::Integer(number) => number.to_string(),
        Sql::Real(number) => format!("{number:?}"),
        Sql::Text(text) => quoted(text),
        Sql::Blob(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{hex}'")
        }
    }
}

/// A text constant.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// All of the conditions hold.
pub(crate) fn all(conditions: impl IntoIterator<Item = String>) -> String {
    let conditions: Vec<String> = conditions.into_iter().filter(|c| c != ALWAYS).collect();
    if conditions.iter().any(|c| c == NEVER) {
        return NEVER.to_owned();
    }
    joined(&conditions, " AND ", ALWAYS)
}

/// One of the conditions holds.
pub(crate) fn any(conditions: impl IntoIterator<Item = String>) -> String {
    let conditions: Vec<String> = conditions.into_iter().filter(|c| c != NEVER).collect();
    if conditions.iter().any(|c| c == ALWAYS) {
        return ALWAYS.to_owned();
    }
    let text = joined(&conditions, " OR ", NEVER);
    // SQLite weighs an index for each alternative, at a cost that grows faster than their number.
    if conditions.len() > MANY { format!("{OPAQUE}{text} THEN 1 ELSE 0 END") } else { text }
}

/// More alternatives than this are tried one by one, without an index.
const MANY: usize = 16;
/// How such a condition begins.
const OPAQUE: &str = "CASE WHEN ";

/// Whether a condition was too long for an index.
pub(crate) fn is_opaque(condition: &str) -> bool {
    condition.contains(OPAQUE)
}

/// Halves instead of a chain: SQLite limits how deep an expression may be.
fn joined(conditions: &[String], operator: &str, none: &str) -> String {
    match conditions {
        [] => none.to_owned(),
        [one] => one.clone(),
        few if few.len() <= 8 => format!("({})", few.join(operator)),
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            format!("({}{operator}{})", joined(left, operator, none), joined(right, operator, none))
        }
    }
}

/// The highest number of a parameter in a text: values bound for a condition that was dropped stand nowhere.
pub(crate) fn highest(text: &str) -> usize {
    let number = |rest: &str| rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    text.split('?').skip(1).filter_map(number).max().unwrap_or(0)
}

/// The first text, in the order of UTF-8 bytes, that does not begin with `prefix` and comes after all that do;
/// `None` where there is none.
pub(crate) fn after_prefix(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_a_prefix_lies_before_its_end() {
        for (prefix, end) in [("smi", "smj"), ("a\u{d7ff}", "a\u{e000}"), ("a\u{10ffff}", "b")] {
            assert_eq!(after_prefix(prefix).as_deref(), Some(end));
            assert!(format!("{prefix}\u{10ffff}z").as_str() < end);
        }
        assert_eq!(after_prefix("\u{10ffff}"), None);
        assert_eq!(after_prefix(""), None);
    }

    #[test]
    fn a_thousand_alternatives_are_no_deep_expression() {
        let text = any((0..1000).map(|n| format!("a = {n}")));
        let depth = text.chars().take_while(|c| *c == '(').count();
        assert!(depth < 12, "{depth}");
        assert_eq!(any(std::iter::empty()), NEVER);
        assert_eq!(all(["x".to_owned(), ALWAYS.to_owned()]), "x");
        assert_eq!(any(["x".to_owned(), ALWAYS.to_owned()]), ALWAYS);
    }
}
