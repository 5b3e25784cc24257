//! Search parameter syntax (<https://hl7.org/fhir/R4/search.html>): from the pairs of a query to
//! typed parameters.
//!
//! Knows R4's kinds, modifiers, prefixes and escapes. Must not know SQL, tables or who asks; which
//! parameters a type has is told by the caller's `lookup`. Nothing that would narrow a result is
//! dropped in silence: what is unknown stands in [`Query::ignored`], what is known but cannot be
//! obeyed is a [`Problem`].

mod canonical;
mod control;
mod escape;
#[cfg(test)]
mod laws;
mod number;
mod operand;
mod pairs;
mod problem;
#[cfg(test)]
mod tests;
mod value;

use crate::r4;
pub use crate::r4::Kind;
pub use operand::{Operand, Prefix, SystemMatch};
pub use pairs::{encode, form_pairs};
pub use problem::Problem;

/// Alternatives (OR values) of one query in all.
pub const MAX_VALUES: usize = 1000;
/// `_include` and `_revinclude` of one query in all.
pub const MAX_INCLUDES: usize = 20;

/// A search as it was asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// What a resource must fulfil; all of them (AND), in the order they came.
    pub parameters: Vec<Parameter>,
    /// `_count`; 0 also sets [`Summary::Count`]. A number beyond `u32` becomes `u32::MAX`. The
    /// caller may lower it, and the links then say so.
    pub count: Option<u32>,
    /// `_sort`, first key first.
    pub sort: Vec<Sort>,
    /// `_include` and `_revinclude`, in the order they came.
    pub include: Vec<Include>,
    /// `_total`.
    pub total: Total,
    /// `_summary`, or `Count` for `_count=0`.
    pub summary: Summary,
    /// `_elements`: names of elements of the resource's root.
    pub elements: Vec<String>,
    /// `_cursor`: ours, opaque.
    pub cursor: Option<String>,
    /// `_format`, for content negotiation.
    pub format: Option<String>,
    /// Parameters that have no effect, each with the reason: an error under `handling=strict`.
    pub ignored: Vec<(String, String)>,
    honoured: Vec<Honoured>,
}

/// One search parameter with its alternatives.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The code, without modifier: `birthdate`.
    pub code: String,
    /// What kind of parameter it is.
    pub kind: Kind,
    /// The modifier, if one came.
    pub modifier: Option<Modifier>,
    /// The alternatives (OR); at least one.
    pub values: Vec<Operand>,
    /// Name and value as they came, percent-decoded.
    pub raw: (String, String),
}

/// What a modifier changes (<https://hl7.org/fhir/R4/search.html#modifiers>). Only those that are
/// obeyed: others never leave [`parse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// `:missing`; the one value is [`Operand::Missing`].
    Missing,
    /// `:exact`
    Exact,
    /// `:contains`
    Contains,
    /// `:text`; the values are [`Operand::String`].
    Text,
    /// `:not`
    Not,
    /// `:above` on a uri.
    Above,
    /// `:below` on a uri.
    Below,
    /// `:of-type`; the values are [`Operand::OfType`].
    OfType,
    /// `:identifier`; the values are [`Operand::Identifier`].
    Identifier,
    /// `:Patient` and so on; each reference has that type.
    Type(&'static str),
}

/// One key of `_sort`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The parameter's code.
    pub code: String,
    /// Its kind.
    pub kind: Kind,
    /// `-` stood before it.
    pub descending: bool,
}

/// One `_include` or `_revinclude`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// The type that holds the reference.
    pub source: &'static str,
    /// The reference parameter's code; `*` for a wildcard.
    pub code: String,
    /// Only references to this type.
    pub target: Option<&'static str>,
    /// Applied to what was included, too.
    pub iterate: bool,
    /// `_revinclude`.
    pub reverse: bool,
    /// Every reference of the source.
    pub wildcard: bool,
}

/// `_total`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Total {
    /// `none`, or not asked for.
    #[default]
    None,
    /// `estimate`
    Estimate,
    /// `accurate`
    Accurate,
}

/// `_summary`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Summary {
    /// `false`, or not asked for.
    #[default]
    False,
    /// `true`: the elements that R4 marks as summary.
    True,
    /// `text`: narrative, id, meta and mandatory elements.
    Text,
    /// `data`: everything but the narrative.
    Data,
    /// `count`: only the number of matches.
    Count,
}

/// What took effect, in the order it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Honoured {
    Parameter(usize),
    Include(usize),
    Count,
    Sort,
    Total,
    Summary,
    Elements,
    Cursor,
    Format,
}

/// Says kind and targets of a parameter of the searched type, or `None` where it has none such.
pub type Lookup<'l> = &'l dyn Fn(&str) -> Option<(Kind, Vec<&'static str>)>;

/// Reads a search over one resource type. `_id`, `_lastUpdated`, `_profile`, `_tag` and
/// `_security` are known for every type; all others are asked of `lookup`. The meaning does not
/// depend on the order of the pairs.
///
/// # Errors
/// The first [`Problem`]: a malformed value, a repeated control parameter, or something known that
/// is not supported (a modifier, a chain, `_has`).
pub fn parse(resource: &str, pairs: &[(String, String)], lookup: Lookup<'_>, own_base: &str) -> Result<Query, Problem> {
    let mut query = Query::default();
    let mut values = 0;
    for (name, value) in pairs {
        if name == "_has" || name.starts_with("_has:") {
            return Err(Problem::not_supported(name, "reverse chaining is not supported yet", "search the other type first"));
        }
        if name.contains('.') {
            return Err(Problem::not_supported(name, "chained parameters are not supported yet", "search the referred type first"));
        }
        if control::read(&mut query, resource, name, value, lookup)? {
            continue;
        }
        let (code, modifier) = split_name(name);
        let Some((kind, targets)) = definition(code, lookup) else {
            let reason = match code {
                "_text" | "_content" | "_filter" | "_list" | "_query" => "is not supported here yet".to_owned(),
                _ => format!("is not a search parameter of {resource} here"),
            };
            query.ignored.push((name.clone(), reason));
            continue;
        };
        let components = r4::search_parameter(resource, code).filter(|_| kind == Kind::Composite).map_or(&[][..], |found| &found.components);
        let known = value::Known { name, code, kind, targets: &targets, own_base, components };
        let modifier = modifier.map(|modifier| known.modifier(modifier)).transpose()?;
        let operands = known.operands(modifier, value)?;
        values += operands.len();
        if values > MAX_VALUES {
            return Err(Problem::too_costly(name, &format!("the query has more than {MAX_VALUES} values"), "ask in several queries"));
        }
        let raw = (name.clone(), value.clone());
        query.honoured.push(Honoured::Parameter(query.parameters.len()));
        query.parameters.push(Parameter { code: code.to_owned(), kind, modifier, values: operands, raw });
    }
    control::check_together(&mut query)?;
    Ok(query)
}

fn split_name(name: &str) -> (&str, Option<&str>) {
    name.split_once(':').map_or((name, None), |(code, modifier)| (code, Some(modifier)))
}

fn definition(code: &str, lookup: Lookup<'_>) -> Option<(Kind, Vec<&'static str>)> {
    let kind = match code {
        "_id" | "_tag" | "_security" => Kind::Token,
        "_lastUpdated" => Kind::Date,
        "_profile" => Kind::Uri,
        _ => return lookup(code),
    };
    Some((kind, Vec::new()))
}
