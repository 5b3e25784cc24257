//! URIs: exactly, or with `:above` and `:below` by whole segments of the path (<https://hl7.org/fhir/R4/search.html#uri>).

use super::{Env, stray};
use crate::sql::any;
use hearthgate_fhir::query::{Modifier, Operand, Parameter};

pub(super) fn of_text(env: &mut Env<'_>, parameter: &Parameter, of: &str) -> String {
    any(parameter.values.iter().map(|value| match (value, parameter.modifier) {
        (Operand::Uri(uri), Some(Modifier::Below)) => {
            let base = uri.trim_end_matches('/');
            let below = after(env, of, &format!("{base}/"), &format!("{base}0"));
            any([is(env, of, base), below])
        }
        (Operand::Uri(uri), Some(Modifier::Above)) => any(above(uri).iter().map(|uri| is(env, of, uri)).collect::<Vec<_>>()),
        (Operand::Uri(uri), _) => is(env, of, uri),
        (other, _) => stray(other),
    }))
}

/// The URI, as it is or as a canonical with a version that was not asked for.
fn is(env: &mut Env<'_>, of: &str, uri: &str) -> String {
    let same = format!("{of} = {}", env.binds.text(uri));
    if uri.contains('|') {
        return same;
    }
    let versions = after(env, of, &format!("{uri}|"), &format!("{uri}}}"));
    any([same, versions])
}

/// What begins with a text, whose last character `end` has raised by one.
fn after(env: &mut Env<'_>, of: &str, start: &str, end: &str) -> String {
    format!("({of} >= {} AND {of} < {})", env.binds.text(start), env.binds.text(end))
}

/// The URI and what lies above it, down to the authority.
fn above(uri: &str) -> Vec<String> {
    let path = uri.find("://").map_or(0, |at| at + 3);
    let mut all = vec![uri.to_owned()];
    for (at, _) in uri.match_indices('/').filter(|(at, _)| *at >= path) {
        all.extend([uri[..at].to_owned(), uri[..=at].to_owned()]);
    }
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::above;

    #[test]
    fn above_a_uri_are_its_folders() {
        assert_eq!(above("http://a.b/c/d"), ["http://a.b", "http://a.b/", "http://a.b/c", "http://a.b/c/", "http://a.b/c/d"]);
        assert_eq!(above("urn:oid:1.2"), ["urn:oid:1.2"]);
    }
}
