//! The other places where a transaction's resources name one another: elements of type uri and
//! its kin, and the links of narratives (<https://hl7.org/fhir/R4/http.html#trules>).

use crate::{Value, r4};

/// Offers every uri, url, canonical, oid and uuid of a resource, and every `href` and `src` of its
/// narratives, to `f`, and replaces it where `f` gives another. References are not among them:
/// see [`super::rewrite_references`].
pub fn rewrite_uris(resource: &mut Value, f: &mut dyn FnMut(&str) -> Option<String>) {
    let Some(owner) = resource.get("resourceType").and_then(Value::as_str).and_then(super::type_name) else { return };
    below(owner, resource, f);
}

fn below(owner: &str, value: &mut Value, f: &mut dyn FnMut(&str) -> Option<String>) {
    let Value::Object(members) = value else { return };
    for (key, member) in members.iter_mut() {
        // The siblings of primitives hold extensions alone.
        let found = match key.strip_prefix('_') {
            Some(_) => r4::resolve("Element", "extension").map(|_| ("Element".to_owned(), "Element")),
            None => r4::resolve(owner, key).map(|found| (found.owner, found.type_name)),
        };
        if let Some((owner, type_name)) = found {
            match member {
                Value::Array(items) => items.iter_mut().for_each(|item| one(&owner, type_name, item, f)),
                single => one(&owner, type_name, single, f),
            }
        }
    }
}

fn one(owner: &str, type_name: &str, value: &mut Value, f: &mut dyn FnMut(&str) -> Option<String>) {
    match (type_name, value) {
        ("uri" | "url" | "canonical" | "oid" | "uuid", Value::String(text)) => {
            if let Some(new) = f(text) {
                *text = new;
            }
        }
        ("xhtml", Value::String(text)) => rewrite_links(text, f),
        ("Resource", resource) => rewrite_uris(resource, f),
        (_, other) => below(owner, other, f),
    }
}

fn rewrite_links(text: &mut String, f: &mut dyn FnMut(&str) -> Option<String>) {
    let mut written = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('=') {
        let (before, after) = rest.split_at(at + 1);
        written.push_str(before);
        rest = after;
        if !before.ends_with("href=") && !before.ends_with("src=") {
            continue;
        }
        let Some(quote) = rest.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { continue };
        let Some((link, after)) = rest.get(1..).and_then(|inside| inside.split_once(quote)) else { continue };
        written.push(quote);
        match f(link) {
            // What could end the attribute is no link of ours.
            Some(new) if !new.contains(['"', '\'', '<', '&']) => written.push_str(&new),
            _ => written.push_str(link),
        }
        written.push(quote);
        rest = after;
    }
    written.push_str(rest);
    *text = written;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn uris_and_links_are_rewritten_and_nothing_else() {
        let link = "urn:uuid:1";
        let div = |link: &str| format!("<div><a href=\"{link}\">{link} href=x</a><img src='{link}'/></div>");
        let document = |link: &str| {
            json!({"resourceType": "Bundle", "type": "batch", "entry": [{"resource": {
                "resourceType": "DocumentReference", "status": "current",
                "text": {"status": "generated", "div": div(link).replacen(&format!(">{link} "), ">urn:uuid:1 ", 1)},
                "identifier": [{"system": link, "value": "urn:uuid:1"}],
                "description": "urn:uuid:1", "_description": {"extension": [{"url": "http://a", "valueUrl": link}]},
                "subject": {"reference": "urn:uuid:1"},
                "content": [{"attachment": {"url": link}}]}}]})
        };
        let mut resource = document(link);
        rewrite_uris(&mut resource, &mut |text| (text == link).then(|| "Binary/9".to_owned()));
        assert_eq!(resource, document("Binary/9"));
        let mut hostile = document(link);
        rewrite_uris(&mut hostile["entry"][0]["resource"]["text"], &mut |_| None);
        assert_eq!(hostile, document(link));
    }
}
