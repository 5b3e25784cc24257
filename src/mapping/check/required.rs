//! What R4 or a claimed profile requires, and the mapping leaves out.

use crate::plan::{Field, Member, Node, Plan};
use hearthgate_fhir::{Value, r4};

/// What R4 requires (`min` of 1 or more) of each object that the mapping makes: the path, and the line of a column beside it.
pub(crate) fn of_r4(plan: &Plan) -> Vec<(String, Option<usize>)> {
    let mut out = Vec::new();
    object(plan.resource, "", &plan.fields, &mut out);
    out
}

fn object(owner: &str, path: &str, fields: &[Field], out: &mut Vec<(String, Option<usize>)>) {
    for element in r4::children(owner).unwrap_or_default().iter().filter(|e| e.min > 0) {
        if !fields.iter().any(|f| is_named(&f.name, element.name)) {
            out.push((join(path, element.name), line(fields)));
        }
    }
    for field in fields {
        if let Some(step) = r4::resolve(owner, &field.name) {
            below(&step.owner, &join(path, &field.name), &field.node, out);
        }
    }
}

fn below(owner: &str, path: &str, node: &Node, out: &mut Vec<(String, Option<usize>)>) {
    match node {
        Node::Object(fields) => object(owner, path, fields, out),
        Node::List(members) => {
            for member in members {
                let (Member::One { node, .. } | Member::Each { node, .. }) = member;
                below(owner, path, node, out);
            }
        }
        Node::Leaf(_) | Node::Constant(_) => {}
    }
}

/// What a profile requires: paths that the mapping does not have though it has, or every resource must have, what holds them.
pub(crate) fn of_profile(plan: &Plan, profile: &r4::Profile) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for element in profile.required() {
        let steps = steps(element.path);
        let Some((_, holder)) = steps.split_last() else { continue };
        let wanted = element.always || has(&plan.fields, holder);
        if wanted && !has(&plan.fields, &steps) && !out.iter().any(|p| element.path.starts_with(&format!("{p}."))) {
            out.push(element.path.to_owned());
        }
    }
    out.dedup();
    out
}

/// Whether a plan has something at a path as profiles write it: `extension(us-core-race).extension(text).valueString`.
pub(crate) fn has_path(plan: &Plan, path: &str) -> bool {
    has(&plan.fields, &steps(path))
}

/// The steps of a path: a name, and of an extension what its URL ends with.
pub(crate) fn steps(path: &str) -> Vec<(&str, Option<&str>)> {
    let mut out = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let end = rest.find(['.', '(']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (argument, after) = match after.strip_prefix('(').and_then(|a| a.split_once(')')) {
            Some((argument, after)) => (Some(argument), after),
            None => (None, after),
        };
        out.push((name, argument));
        rest = after.strip_prefix('.').unwrap_or("");
    }
    out
}

fn has(fields: &[Field], steps: &[(&str, Option<&str>)]) -> bool {
    let Some(((name, url), rest)) = steps.split_first() else { return true };
    fields.iter().any(|field| is_named(&field.name, name) && node_has(&field.node, *url, rest))
}

fn node_has(node: &Node, url: Option<&str>, rest: &[(&str, Option<&str>)]) -> bool {
    match node {
        Node::Leaf(_) | Node::Constant(_) => rest.is_empty(),
        Node::Object(fields) => has(fields, rest),
        Node::List(members) => members.iter().any(|member| {
            let (Member::One { node, .. } | Member::Each { node, .. }) = member;
            url.is_none_or(|url| is_extension(node, url)) && node_has(node, None, rest)
        }),
    }
}

fn is_extension(node: &Node, url: &str) -> bool {
    let Node::Object(fields) = node else { return false };
    fields.iter().any(|f| f.name == "url" && matches!(&f.node, Node::Constant(Value::String(found)) if found == url || found.rsplit('/').next() == Some(url)))
}

/// Whether a JSON name is an element's: `valueString` is `value[x]`'s.
pub(crate) fn is_named(name: &str, element: &str) -> bool {
    match element.strip_suffix("[x]") {
        Some(stem) => name.strip_prefix(stem).is_some_and(|t| t.starts_with(|c: char| c.is_ascii_uppercase())),
        None => name == element,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The line of the first column of an object.
fn line(fields: &[Field]) -> Option<usize> {
    fields.iter().filter_map(|f| node_line(&f.node)).min()
}

fn node_line(node: &Node) -> Option<usize> {
    match node {
        Node::Leaf(leaf) => Some(leaf.line),
        Node::Constant(_) => None,
        Node::Object(fields) => line(fields),
        Node::List(members) => members
            .iter()
            .filter_map(|member| {
                let (Member::One { node, .. } | Member::Each { node, .. }) = member;
                node_line(node)
            })
            .min(),
    }
}
