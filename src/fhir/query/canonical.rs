//! A query written again: for the links of a Bundle and for what a cursor is bound to.

use super::{Honoured, Include, Modifier, Operand, Parameter, Query, Sort, Summary, Total, encode, escape};

impl Query {
    /// One text for all spellings of the same query: alternatives sorted and without repeats,
    /// parameters sorted, escapes and percent-encoding normal, `eq` left out. Without `_cursor`,
    /// `_format` and `_pretty`; with [`Query::count`] as it is now.
    pub fn canonical(&self) -> String {
        let mut pairs: Vec<_> = self.parameters.iter().map(canonical_pair).collect();
        pairs.extend(self.include.iter().map(include_pair));
        pairs.extend([self.count_pair(), self.sort_pair(), self.total_pair(), self.summary_pair()].into_iter().flatten());
        pairs.extend(self.elements_pair(true));
        pairs.sort_unstable();
        pairs.dedup();
        written(&pairs)
    }

    /// What took effect, in the order it came, as the query of `Bundle.link` `self`
    /// (<https://hl7.org/fhir/R4/search.html#conformance>): an ignored parameter is missing from
    /// it, and `_count` is [`Query::count`] as it is now.
    pub fn self_query(&self) -> String {
        written(&self.self_pairs())
    }

    /// The pairs of [`Query::self_query`], decoded.
    pub fn self_pairs(&self) -> Vec<(String, String)> {
        let named = |name: &str, value: &Option<String>| value.as_ref().map(|value| (name.to_owned(), value.clone()));
        self.honoured
            .iter()
            .filter_map(|honoured| match honoured {
                Honoured::Parameter(at) => self.parameters.get(*at).map(|parameter| parameter.raw.clone()),
                Honoured::Include(at) => self.include.get(*at).map(include_pair),
                Honoured::Count => self.count_pair(),
                Honoured::Sort => self.sort_pair(),
                Honoured::Total => self.total_pair(),
                Honoured::Summary => self.summary_pair(),
                Honoured::Elements => self.elements_pair(false),
                Honoured::Cursor => named("_cursor", &self.cursor),
                Honoured::Format => named("_format", &self.format),
            })
            .collect()
    }

    fn count_pair(&self) -> Option<(String, String)> {
        self.count.map(|count| ("_count".to_owned(), count.to_string()))
    }

    fn sort_pair(&self) -> Option<(String, String)> {
        let key = |sort: &Sort| format!("{}{}", if sort.descending { "-" } else { "" }, sort.code);
        let keys: Vec<_> = self.sort.iter().map(key).collect();
        (!keys.is_empty()).then(|| ("_sort".to_owned(), keys.join(",")))
    }

    fn total_pair(&self) -> Option<(String, String)> {
        let total = match self.total {
            Total::None => return None,
            Total::Estimate => "estimate",
            Total::Accurate => "accurate",
        };
        Some(("_total".to_owned(), total.to_owned()))
    }

    fn summary_pair(&self) -> Option<(String, String)> {
        let summary = match self.summary {
            Summary::False => return None,
            Summary::Count if self.count == Some(0) => return None,
            Summary::Count => "count",
            Summary::True => "true",
            Summary::Text => "text",
            Summary::Data => "data",
        };
        Some(("_summary".to_owned(), summary.to_owned()))
    }

    fn elements_pair(&self, sorted: bool) -> Option<(String, String)> {
        let mut elements = self.elements.clone();
        if sorted {
            elements.sort_unstable();
            elements.dedup();
        }
        (!elements.is_empty()).then(|| ("_elements".to_owned(), elements.join(",")))
    }
}

fn written(pairs: &[(String, String)]) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

fn include_pair(include: &Include) -> (String, String) {
    let name = match (include.reverse, include.iterate) {
        (false, false) => "_include",
        (false, true) => "_include:iterate",
        (true, false) => "_revinclude",
        (true, true) => "_revinclude:iterate",
    };
    let target = include.target.map(|target| format!(":{target}")).unwrap_or_default();
    (name.to_owned(), format!("{}:{}{target}", include.source, include.code))
}

fn canonical_pair(parameter: &Parameter) -> (String, String) {
    let (name, value) = &parameter.raw;
    let mut parts: Vec<_> =
        escape::split(value, ',').into_iter().zip(&parameter.values).map(|(part, operand)| canonical_part(parameter, part, operand)).collect();
    parts.sort_unstable();
    parts.dedup();
    (name.clone(), parts.join(","))
}

fn canonical_part(parameter: &Parameter, part: &str, operand: &Operand) -> String {
    let again = |part: &str| escape::escape(&escape::unescape(part));
    match (parameter.modifier, operand) {
        (_, Operand::Composite(operands)) => {
            let parts = escape::split(part, '$').into_iter().zip(operands);
            parts.map(|(part, operand)| canonical_part(parameter, part, operand)).collect::<Vec<_>>().join("$")
        }
        (Some(Modifier::Text | Modifier::Missing), _) => again(part),
        (_, Operand::Date { .. }) => part.strip_prefix("eq").unwrap_or(part).replace(' ', "+"),
        (_, Operand::Number { .. } | Operand::Quantity { .. }) => {
            let parts = in_parts(part);
            parts.strip_prefix("eq").map(str::to_owned).unwrap_or(parts)
        }
        (_, Operand::Token { .. } | Operand::OfType { .. } | Operand::Identifier { .. }) => in_parts(part),
        _ => again(part),
    }
}

/// The part with normal escapes between its `|`.
fn in_parts(part: &str) -> String {
    escape::split(part, '|').into_iter().map(|part| escape::escape(&escape::unescape(part))).collect::<Vec<_>>().join("|")
}
