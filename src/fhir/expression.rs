//! The FHIRPath that R4's search parameters use.
//!
//! An expression is resolved against R4's definitions when it is compiled: a step that no type has
//! does not compile, and running one only looks up JSON names. Knows FHIR; must not know what a
//! search does with what is found, nor where resources are kept.
//!
//! The subset: unions, paths, `as` in both forms, `ofType`, indexers, `extension(url)`,
//! `where(path = 'literal')`, `where(resolve() is Type)`, `exists()`, and R4's one use of logic,
//! `Patient.deceased.exists() and Patient.deceased != false`
//! (<https://hl7.org/fhir/R4/search.html>, <http://hl7.org/fhirpath/N1/>).

mod compile;
mod eval;
mod parse;
#[cfg(test)]
mod tests;

use crate::Value;

/// A compiled expression: the union of its branches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    branches: Vec<Branch>,
}

/// One branch of a union: a path down from a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The resource type it starts from (`Resource` for any); within a composite the type or
    /// backbone element, or `%resource` where it starts over from the resource.
    pub root: &'static str,
    /// The steps down.
    pub segments: Vec<Segment>,
    /// What is asked of the values found; `None` where the values are what is meant.
    pub test: Option<Test>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The element's name as FHIRPath writes it: `value` for `value[x]`.
    pub name: &'static str,
    /// The one type of a choice that is meant.
    pub cast: Option<&'static str>,
    /// What a member must fulfil to be taken.
    pub filters: Vec<Filter>,
    /// The member that is taken, of those found so far, counted from 0.
    pub index: Option<usize>,
    /// Each way to take this step: one, but for a choice or below one.
    pub ways: Vec<Way>,
}

/// One way to take a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The type or backbone element it starts from.
    pub from: &'static str,
    /// The name in JSON: `valueQuantity`.
    pub json_name: String,
    /// The FHIR type that is there.
    pub type_name: &'static str,
    /// The type or backbone element that lies below: the key of [`children`](crate::r4::children).
    pub owner: &'static str,
    /// The value set that its codes come from, where that is required.
    pub value_set: Option<&'static str>,
}

/// A condition on members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Some value at the path below has this text.
    Equals {
        /// The path from the member.
        path: Vec<Segment>,
        /// The text.
        literal: String,
    },
    /// A reference to this resource type.
    RefersTo(&'static str),
}

/// A question whose answer is a boolean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// `X.exists()`.
    Exists,
    /// `X.exists() and X != false`.
    ExistsAndIsNotFalse,
}

/// A value that an expression found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found<'v> {
    /// The JSON.
    pub value: &'v Value,
    /// Its FHIR type: `HumanName`, `Period`, `code`; `BackboneElement`; a resource's own type.
    pub type_name: &'static str,
    /// The key of its elements in [`children`](crate::r4::children); the type but for a backbone.
    pub owner: &'static str,
    /// The value set that its codes come from, where that is required.
    pub value_set: Option<&'static str>,
}

impl Expression {
    /// Reads an expression whose branches start from resource types (`Patient.name.family`).
    ///
    /// The error says in words what is not understood, or which step R4 does not have.
    pub fn compile(text: &str) -> Result<Self, String> {
        compile::absolute(text)
    }

    /// Reads an expression that starts from whatever `focus` finds (`value.as(Quantity)`), for
    /// [`eval_within`](Self::eval_within).
    pub fn compile_within(focus: &Expression, text: &str) -> Result<Self, String> {
        compile::relative(focus, text)
    }

    /// All it finds in a resource, in the resource's order. A tested branch finds one boolean.
    pub fn eval<'v>(&self, resource_type: &str, resource: &'v Value) -> Vec<Found<'v>> {
        eval::in_resource(&self.branches, resource_type, resource)
    }

    /// All it finds below a value that the expression it was compiled within has found in
    /// `resource`.
    pub fn eval_within<'v>(&self, focus: &Found<'v>, resource: &'v Value) -> Vec<Found<'v>> {
        eval::in_focus(&self.branches, focus, resource)
    }

    /// Its branches, for whoever must find what a path is mapped to.
    pub fn paths(&self) -> &[Branch] {
        &self.branches
    }
}

impl Branch {
    /// The path as text, without filters: `name.family`.
    pub fn path(&self) -> String {
        let names: Vec<_> = self.segments.iter().map(|segment| segment.name).collect();
        names.join(".")
    }

    /// The types its values can have.
    pub fn types(&self) -> Vec<&'static str> {
        match (self.test, self.segments.last()) {
            (Some(_), _) => vec!["boolean"],
            (None, None) => vec![self.root],
            (None, Some(segment)) => segment.ways.iter().map(|way| way.type_name).collect(),
        }
    }
}
