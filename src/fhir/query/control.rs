//! The parameters that say how to answer (<https://hl7.org/fhir/R4/search.html#return>).

use super::{Honoured, Include, Lookup, MAX_INCLUDES, Problem, Query, Sort, Summary, Total};
use super::{definition, split_name};
use crate::r4::{self, Kind};
use crate::reference::type_name;

/// Takes one pair if it is a control parameter; says whether it was.
pub(super) fn read(query: &mut Query, resource: &str, name: &str, value: &str, lookup: Lookup<'_>) -> Result<bool, Problem> {
    let (code, modifier) = split_name(name);
    if matches!(code, "_include" | "_revinclude") {
        include(query, resource, name, value, lookup)?;
        return Ok(true);
    }
    let honoured = match code {
        "_count" => Honoured::Count,
        "_sort" => Honoured::Sort,
        "_total" => Honoured::Total,
        "_summary" => Honoured::Summary,
        "_elements" => Honoured::Elements,
        "_cursor" => Honoured::Cursor,
        "_format" => Honoured::Format,
        "_pretty" => return Ok(true),
        _ => return Ok(false),
    };
    if modifier.is_some() {
        return Err(Problem::not_supported(name, "this parameter takes no modifier", "leave out what follows ':'"));
    }
    if query.honoured.contains(&honoured) {
        return Err(Problem::value(name, "this parameter came twice", "give it once"));
    }
    if value.is_empty() {
        return Err(Problem::value(name, "the value is empty", "give one or leave the parameter out"));
    }
    query.honoured.push(honoured);
    match honoured {
        Honoured::Count => query.count = Some(count(name, value)?),
        Honoured::Sort => query.sort = sort(name, value, lookup)?,
        Honoured::Total => {
            let totals = [("none", Total::None), ("estimate", Total::Estimate), ("accurate", Total::Accurate)];
            query.total = one_of(name, value, &totals)?;
        }
        Honoured::Summary => {
            let summaries = [("true", Summary::True), ("text", Summary::Text), ("data", Summary::Data), ("count", Summary::Count), ("false", Summary::False)];
            query.summary = one_of(name, value, &summaries)?;
        }
        Honoured::Elements => query.elements = elements(name, value)?,
        Honoured::Cursor => query.cursor = Some(value.to_owned()),
        _ => query.format = Some(value.to_owned()),
    }
    Ok(true)
}

/// What only the whole query shows.
pub(super) fn check_together(query: &mut Query) -> Result<(), Problem> {
    if query.count == Some(0) {
        query.summary = Summary::Count;
    }
    if query.summary == Summary::Text && !query.include.is_empty() {
        let wrong = "_include and _revinclude cannot be mixed with _summary=text";
        return Err(Problem::value("_summary", wrong, "leave one of them out"));
    }
    let reduced = matches!(query.summary, Summary::True | Summary::Text | Summary::Data);
    if reduced && !query.elements.is_empty() {
        return Err(Problem::value("_elements", "_summary and _elements contradict each other", "give one of them"));
    }
    Ok(())
}

fn count(name: &str, value: &str) -> Result<u32, Problem> {
    if !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::value(name, "the value is not a whole number from 0 up", "write digits only, like 50"));
    }
    Ok(value.parse().unwrap_or(u32::MAX))
}

fn one_of<T: Copy>(name: &str, value: &str, all: &[(&str, T)]) -> Result<T, Problem> {
    all.iter().find(|(text, _)| *text == value).map(|(_, one)| *one).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|(text, _)| *text).collect();
        Problem::value(name, "the value is none that is defined", &format!("use one of {}", names.join(", ")))
    })
}

fn sort(name: &str, value: &str, lookup: Lookup<'_>) -> Result<Vec<Sort>, Problem> {
    let mut keys: Vec<Sort> = Vec::new();
    for key in value.split(',') {
        let (code, descending) = key.strip_prefix('-').map_or((key, false), |code| (code, true));
        let Some((kind, _)) = definition(code, lookup) else {
            let mend = "use codes of search parameters of this type, separated by commas, '-' before those to descend";
            return Err(Problem::value(name, "a key is not a search parameter of this type", mend));
        };
        if matches!(kind, Kind::Composite | Kind::Special) {
            return Err(Problem::not_supported(name, "this kind of parameter has no order", "sort by another"));
        }
        if keys.iter().any(|known| known.code == code) {
            return Err(Problem::value(name, "a key stands twice", "name each key once"));
        }
        keys.push(Sort { code: code.to_owned(), kind, descending });
    }
    Ok(keys)
}

fn elements(name: &str, value: &str) -> Result<Vec<String>, Problem> {
    let is_name = |text: &str| {
        text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic()) && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let names: Vec<_> = value.split(',').map(str::to_owned).collect();
    if !names.iter().all(|name| is_name(name)) {
        let mend = "name elements of the resource's root, separated by commas, like identifier,active";
        return Err(Problem::value(name, "a name cannot be an element's", mend));
    }
    Ok(names)
}

fn include(query: &mut Query, resource: &str, name: &str, value: &str, lookup: Lookup<'_>) -> Result<(), Problem> {
    let (code, modifier) = split_name(name);
    let iterate = match modifier {
        None => false,
        Some("iterate") => true,
        Some(_) => {
            return Err(Problem::not_supported(name, "the modifier is not supported", "use :iterate or none"));
        }
    };
    if query.include.len() == MAX_INCLUDES {
        let wrong = format!("there are more than {MAX_INCLUDES} includes");
        return Err(Problem::too_costly(name, &wrong, "ask in several queries"));
    }
    let reverse = code == "_revinclude";
    let malformed = || Problem::value(name, "the value is malformed", "write Type:parameter or Type:parameter:TargetType");
    let mut parts = value.split(':');
    let (source, parameter) = match (parts.next(), parts.next()) {
        // `_include=*`: everything the matches refer to.
        (Some("*"), None) if !reverse => (resource, "*"),
        (Some(source), Some(parameter)) => (source, parameter),
        _ => return Err(malformed()),
    };
    let target = parts.next().filter(|target| !target.is_empty());
    let target = target.map(|target| type_name(target).ok_or_else(malformed)).transpose()?;
    let (Some(source), None) = (type_name(source), parts.next()) else {
        return Err(malformed());
    };
    let wildcard = parameter == "*";
    if reverse && wildcard {
        return Err(Problem::not_supported(name, "a reverse include of everything is not supported", "name the parameter"));
    }
    let is_reference = |(kind, _): (Kind, _)| kind == Kind::Reference;
    let known = wildcard
        || if source == resource {
            definition(parameter, lookup).is_some_and(is_reference)
        } else {
            r4::search_parameter(source, parameter).is_some_and(|found| found.kind == Kind::Reference)
        };
    if parameter.is_empty() {
        return Err(malformed());
    }
    if !known {
        let reason = "names no reference parameter of its type here".to_owned();
        query.ignored.push((name.to_owned(), reason));
        return Ok(());
    }
    let include = Include { source, code: parameter.to_owned(), target, iterate, reverse, wildcard };
    if !query.include.contains(&include) {
        query.honoured.push(Honoured::Include(query.include.len()));
        query.include.push(include);
    }
    Ok(())
}
