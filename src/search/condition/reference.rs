//! References: local ones, URLs and canonicals, `:identifier` (<https://hl7.org/fhir/R4/search.html#reference>).

use super::Env;
use crate::sql::{NEVER, all, any, column, name, quoted};
use hearthgate_fhir::query::{Modifier, Operand, Parameter, SystemMatch};
use hearthgate_mapping::index;

/// A foreign key column and where it points.
pub(super) struct Foreign<'f> {
    pub(super) column: &'f str,
    pub(super) table: &'f str,
    pub(super) public_id: &'f str,
    pub(super) resource: &'f str,
}

pub(super) fn of_foreign(env: &mut Env<'_>, values: &[Operand], foreign: &Foreign<'_>) -> String {
    let ids: Vec<&str> = values
        .iter()
        .filter_map(|value| match value {
            Operand::Reference { type_name, id } if type_name.is_none_or(|name| name == foreign.resource) => Some(id.as_str()),
            _ => None,
        })
        .collect();
    let operator = match ids.len() {
        0 => return NEVER.to_owned(),
        1 => "=",
        _ => "IN",
    };
    let found = env.binds.among(&format!("o.{}", name(foreign.public_id)), &ids);
    format!("{} {operator} (SELECT o.id FROM {} o WHERE {found})", foreign.column, name(foreign.table))
}

/// A text with `Type/id`, a URL or a canonical.
pub(super) fn of_text(env: &mut Env<'_>, parameter: &Parameter, of: &str) -> String {
    if parameter.modifier == Some(Modifier::Identifier) {
        return NEVER.to_owned();
    }
    let mut texts = Vec::new();
    let mut urls = Vec::new();
    for value in &parameter.values {
        match value {
            Operand::Reference { type_name: Some(name), id } => texts.push(format!("{name}/{id}")),
            Operand::Reference { type_name: None, id } => texts.extend(env.targets(&parameter.code).iter().map(|name| format!("{name}/{id}"))),
            Operand::ReferenceUrl(url) => {
                texts.push(url.clone());
                // A canonical without version means any version: what follows the URL is `|`, and `}` comes after it.
                if !url.contains('|') {
                    urls.push(url);
                }
            }
            _ => {}
        }
    }
    let versions: Vec<String> =
        urls.into_iter().map(|url| format!("({of} >= {} AND {of} < {})", env.binds.text(&format!("{url}|")), env.binds.text(&format!("{url}}}")))).collect();
    any([env.binds.among(of, &texts), any(versions)])
}

/// The text is a reference that the parameter looks at: one that R4 restricts to a type (`where(resolve() is Patient)`) passes over the others.
pub(super) fn is_target(resource: &str, code: &str, of: &str) -> String {
    match index::parameter(resource, code) {
        Some(parameter) if parameter.expression.contains("resolve()") => any(parameter
            .targets
            .iter()
            .map(|target| format!("({of} GLOB {} OR {of} GLOB {})", quoted(&format!("{target}/*")), quoted(&format!("*/{target}/*"))))),
        _ => format!("{of} IS NOT NULL"),
    }
}

/// Identifiers of references in the generated index, which mark themselves by their kind.
pub(super) fn of_index_identifier(env: &mut Env<'_>, values: &[Operand]) -> String {
    any(values.iter().map(|operand| {
        let Operand::Identifier { system, value } = operand else { return NEVER.to_owned() };
        let system = match system {
            SystemMatch::Any => crate::sql::ALWAYS.to_owned(),
            SystemMatch::None => format!("{} IS NULL", column("system")),
            SystemMatch::Is(system) => format!("{} = {}", column("system"), env.binds.text(system)),
        };
        all([format!("{} = {}", column("value"), env.binds.text(value)), format!("{} = 'identifier'", column("kind")), system])
    }))
}
