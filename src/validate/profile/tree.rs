//! A profile's list of elements as a tree: what it says of each, and of each slice.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use hearthgate_fhir::Value;
use hearthgate_fhir::r4::{Profile, Strength};

use crate::binding::{self, CodeSet};

/// What a profile says of one element, or of one slice of it.
#[derive(Default)]
pub(super) struct Node {
    /// The name, with `[x]` for a choice.
    pub(super) name: &'static str,
    /// The name of the slice, if it is one.
    pub(super) slice: Option<&'static str>,
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    /// A pattern that every value fits.
    pub(super) fixed: Option<&'static Value>,
    /// A required binding whose codes can be counted.
    pub(super) codes: Option<&'static CodeSet>,
    /// The definition of the extension that stands here.
    pub(super) extension: Option<&'static str>,
    pub(super) children: Vec<Node>,
    pub(super) slices: Vec<Node>,
}

/// The tree of a profile, made once.
pub(super) fn of(profile: &'static Profile) -> &'static Node {
    static TREES: OnceLock<Mutex<HashMap<&'static str, &'static Node>>> = OnceLock::new();
    let mut trees = TREES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    trees.entry(profile.url).or_insert_with(|| Box::leak(Box::new(make(profile))))
}

fn make(profile: &'static Profile) -> Node {
    let mut root = Node::default();
    for element in &profile.elements {
        let node = root.at(element.id);
        let bound = element.binding.filter(|binding| binding.strength == Strength::Required);
        node.min = element.min;
        node.max = element.max;
        node.fixed = element.fixed.as_ref();
        node.codes = bound.and_then(|binding| binding::code_set(binding.value_set));
        node.extension = element.extension;
    }
    root
}

impl Node {
    /// The node of an element id, made with all above it where they are not yet there.
    fn at(&mut self, id: &'static str) -> &mut Self {
        let mut node = self;
        for step in id.split('.').skip(1) {
            let (name, slice) = step.split_once(':').map_or((step, None), |(name, slice)| (name, Some(slice)));
            node = Self::child(&mut node.children, name, None);
            if slice.is_some() {
                node = Self::child(&mut node.slices, name, slice);
            }
        }
        node
    }

    fn child<'n>(nodes: &'n mut Vec<Self>, name: &'static str, slice: Option<&'static str>) -> &'n mut Self {
        let at = nodes.iter().position(|node| node.name == name && node.slice == slice).unwrap_or_else(|| {
            nodes.push(Self { name, slice, ..Self::default() });
            nodes.len() - 1
        });
        &mut nodes[at]
    }

    /// Whether a member of the list belongs to this slice: it has the extension's URL, or fits
    /// what the slice fixes or, failing that, binds. `None` if nothing tells its members apart.
    pub(super) fn is_member(&self, value: &Value) -> Option<bool> {
        if let Some(url) = self.extension {
            return Some(value.get("url").and_then(Value::as_str) == Some(url));
        }
        self.fits(value).or_else(|| {
            let concept = value.as_object()?;
            Some(self.codes?.check_object(concept).is_none())
        })
    }

    /// Whether a value fits everything fixed in this node and below, values of choices apart;
    /// `None` if nothing is.
    fn fits(&self, value: &Value) -> Option<bool> {
        let mut told = self.fixed.map(|pattern| matches(pattern, value));
        for child in self.children.iter().filter(|child| !child.name.ends_with("[x]")) {
            let fitting = |below: &Value| child.fits(below) != Some(false);
            if child.fits(&Value::Null).is_some() {
                let below = match value.get(child.name) {
                    Some(Value::Array(items)) => items.iter().any(fitting),
                    Some(below) => fitting(below),
                    None => false,
                };
                told = Some(told.unwrap_or(true) && below);
            }
        }
        told
    }
}

/// Whether a value fits a pattern (<https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_>):
/// all that the pattern has, the value has, lists in any order.
pub(super) fn matches(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::Object(pattern), Value::Object(value)) => pattern.iter().all(|(key, pattern)| value.get(key).is_some_and(|value| matches(pattern, value))),
        (Value::Array(pattern), Value::Array(value)) => pattern.iter().all(|pattern| value.iter().any(|value| matches(pattern, value))),
        _ => pattern == value,
    }
}
