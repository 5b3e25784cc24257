//! Where a walk is and what it has told.

use crate::{Code, Issue, MAX_ISSUES, Severity};

/// One step of a path.
#[derive(Clone, Copy)]
pub(crate) enum Segment {
    Name(&'static str),
    Index(usize),
}

/// What a walk has told so far, and the path to where it is.
#[derive(Default)]
pub(crate) struct Report {
    path: Vec<Segment>,
    pub(crate) issues: Vec<Issue>,
    /// References by `#` of the resource that is walked: where, and the id.
    pub(crate) local_references: Vec<(String, String)>,
}

impl Report {
    /// Tells an issue at the place where the walk is.
    pub(crate) fn tell(&mut self, code: Code, message: impl Into<String>) {
        self.tell_below("", code, message);
    }

    /// Tells an issue at an element of the object where the walk is.
    pub(crate) fn tell_below(&mut self, name: &str, code: Code, message: impl Into<String>) {
        if self.issues.len() < MAX_ISSUES {
            self.tell_at(self.path(name), code, message.into());
        }
    }

    /// Warns of an element of the object where the walk is. Warnings take half of the room at
    /// most, so that they never hide an error nor make one.
    pub(crate) fn warn_below(&mut self, name: &str, code: Code, message: &str) {
        if self.issues.len() < MAX_ISSUES / 2 {
            let path = self.path(name);
            self.issues.push(Issue { severity: Severity::Warning, code, path, message: message.to_owned() });
        }
    }

    pub(crate) fn tell_at(&mut self, path: String, code: Code, message: String) {
        let (code, message) = match MAX_ISSUES.checked_sub(self.issues.len() + 1) {
            None => return,
            Some(0) => (Code::TooCostly, "there are more issues than are told; mend these first".to_owned()),
            Some(_) => (code, message),
        };
        self.issues.push(Issue { severity: Severity::Error, code, path, message });
    }

    /// Goes one step down, until [`Report::leave`].
    pub(crate) fn enter(&mut self, segment: Segment) {
        self.path.push(segment);
    }

    /// Goes one step up.
    pub(crate) fn leave(&mut self) {
        self.path.pop();
    }

    /// The name of the element where the walk is.
    pub(crate) fn element(&self) -> Option<&'static str> {
        self.path.iter().rev().find_map(|segment| match segment {
            Segment::Name(name) => Some(*name),
            Segment::Index(_) => None,
        })
    }

    /// Whether the extension where the walk is stands in another extension.
    pub(crate) fn is_in_extension(&self) -> bool {
        matches!(self.path.as_slice(), [.., Segment::Name("extension" | "modifierExtension"), Segment::Index(_), Segment::Name(_), Segment::Index(_)])
    }

    /// The path of an element of the object where the walk is; of the object itself for `""`.
    pub(crate) fn path(&self, name: &str) -> String {
        let mut path = String::new();
        for segment in &self.path {
            match segment {
                Segment::Name(name) if path.is_empty() => path.push_str(name),
                Segment::Name(name) => path.extend([".", name]),
                Segment::Index(at) => path.push_str(&format!("[{at}]")),
            }
        }
        if !name.is_empty() {
            path.extend([if path.is_empty() { "" } else { "." }, name]);
        }
        path
    }
}
