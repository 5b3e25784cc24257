//! URIs: exactly, or with `:above` and `:below` by whole segments of the path (<https://hl7.org/fhir/R4/search.html#uri>).

use super::{Env, stray};
use crate::sql::any;
use hearthgate_fhir::query::{Modifier, Operand, Parameter};

pub(super) fn of_text(env: &mut Env<'_>, parameter: &Parameter, of: &str) -> String {
    any(parameter.values.iter().map(|value| match (value, parameter.modifier) {
        (Operand::Uri(uri), Some(Modifier::Below)) => {
            let base = uri.trim_end_matches('/');
            // `0` is the character after `/`.
            format!(
                "({of} = {} OR ({of} >= {} AND {of} < {}))",
                env.binds.text(base),
                env.binds.text(&format!("{base}/")),
                env.binds.text(&format!("{base}0"))
            )
        }
        (Operand::Uri(uri), Some(Modifier::Above)) => env.binds.among(of, &above(uri)),
        // `_profile` names a canonical, which may carry a version.
        (Operand::Uri(uri), _) if parameter.code == "_profile" && !uri.contains('|') => format!(
            "({of} = {} OR ({of} >= {} AND {of} < {}))",
            env.binds.text(uri),
            env.binds.text(&format!("{uri}|")),
            env.binds.text(&format!("{uri}}}"))
        ),
        (Operand::Uri(uri), _) => format!("{of} = {}", env.binds.text(uri)),
        (other, _) => stray(other),
    }))
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
