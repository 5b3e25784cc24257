//! Whether a resource keeps to a profile: cardinality, fixed values and required bindings of its
//! elements, its slices and its extensions
//! (<https://hl7.org/fhir/R4/profiling.html>).
//!
//! Not checked: the profiles' own FHIRPath invariants, extensible bindings, narrowed reference
//! targets and types of choices.

#[cfg(test)]
mod tests;
mod tree;

use hearthgate_fhir::{Object, Value, r4};

use crate::{Code, Issue, MAX_ISSUES, Severity};
use tree::Node;

/// Everything in which a resource departs from a profile, at most [`MAX_ISSUES`]. What R4 itself
/// demands is not said again: call [`crate::validate`] first.
pub fn validate_profile(resource: &Value, profile: &'static r4::Profile) -> Vec<Issue> {
    let mut check = Check { title: profile.title, path: profile.resource.to_owned(), issues: Vec::new() };
    match resource {
        Value::Object(members) if resource.get("resourceType").and_then(Value::as_str) == Some(profile.resource) => {
            check.object(tree::of(profile), members);
        }
        _ => check.tell(Code::Structure, format!("is no {}, which the profile is for", profile.resource)),
    }
    check.issues
}

struct Check {
    title: &'static str,
    path: String,
    issues: Vec<Issue>,
}

impl Check {
    fn tell(&mut self, code: Code, message: String) {
        if self.issues.len() < MAX_ISSUES {
            let message = format!("{message} ({})", self.title);
            self.issues.push(Issue { severity: Severity::Error, code, path: self.path.clone(), message });
        }
    }

    fn object(&mut self, node: &Node, members: &Object) {
        for child in &node.children {
            let length = self.path.len();
            self.path.extend([".", child.name.trim_end_matches("[x]")]);
            let found = occurrences(child, members);
            self.count(child, found.len());
            self.items(child, &found);
            for slice in &child.slices {
                self.slice(slice, &found);
            }
            self.path.truncate(length);
        }
    }

    fn count(&mut self, node: &Node, count: usize) {
        let what = node.slice.map(|slice| format!(" of the slice '{slice}'")).unwrap_or_default();
        if count < node.min as usize {
            self.tell(Code::Required, format!("occurs {count} times{what}; the profile needs {} at least", node.min));
        }
        if let Some(max) = node.max.filter(|max| count > *max as usize) {
            self.tell(Code::Structure, format!("occurs {count} times{what}; the profile allows {max}"));
        }
    }

    fn slice(&mut self, slice: &Node, found: &[Occurrence<'_>]) {
        let is_choice = slice.name.ends_with("[x]");
        let mut members = Vec::new();
        for occurrence in found {
            match occurrence.value.map(|value| slice.is_member(value)) {
                // The slice of a choice is named like its JSON name: value[x]:valueQuantity.
                _ if is_choice && slice.slice != Some(occurrence.key) => {}
                _ if is_choice => members.push(*occurrence),
                Some(Some(true)) => members.push(*occurrence),
                Some(None) => return,
                Some(Some(false)) | None => {}
            }
        }
        self.count(slice, members.len());
        self.items(slice, &members);
    }

    fn items(&mut self, node: &Node, found: &[Occurrence<'_>]) {
        for occurrence in found {
            let Some(value) = occurrence.value else {
                continue;
            };
            let length = self.path.len();
            if let Some(at) = occurrence.index {
                self.path.push_str(&format!("[{at}]"));
            }
            if node.fixed.is_some_and(|pattern| !tree::matches(pattern, value)) {
                self.tell(Code::Value, "is not what the profile fixes it to".to_owned());
            }
            let bound = node.codes.and_then(|codes| match value {
                Value::String(code) => codes.check_code(code),
                Value::Object(members) => codes.check_object(members),
                _ => None,
            });
            if let Some(message) = bound {
                self.tell(Code::CodeInvalid, message);
            }
            if let Value::Object(members) = value {
                self.object(node, members);
                if let Some(definition) = node.extension.and_then(r4::extension) {
                    self.object(tree::of(definition), members);
                }
            }
            self.path.truncate(length);
        }
    }
}

/// One value of an element; none where only extensions stand in its place.
#[derive(Clone, Copy)]
struct Occurrence<'v> {
    key: &'v str,
    index: Option<usize>,
    value: Option<&'v Value>,
}

fn occurrences<'v>(node: &Node, members: &'v Object) -> Vec<Occurrence<'v>> {
    let mut found = Vec::new();
    let stem = node.name.strip_suffix("[x]");
    let is_named = |key: &str| match stem {
        None => key == node.name,
        Some(stem) => key.strip_prefix(stem).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase())),
    };
    for (key, value) in members {
        let plain = key.strip_prefix('_').unwrap_or(key);
        // A sibling counts where its value is missing.
        if !is_named(plain) || (plain != key && members.contains_key(plain)) {
            continue;
        }
        let kept = |value: &'v Value| Some(value).filter(|value| plain == key && !value.is_null());
        match value {
            Value::Array(items) => found.extend(items.iter().enumerate().map(|(at, item)| Occurrence { key: plain, index: Some(at), value: kept(item) })),
            one => found.push(Occurrence { key: plain, index: None, value: kept(one) }),
        }
    }
    found
}
