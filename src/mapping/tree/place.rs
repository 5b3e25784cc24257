//! Paths in R4's types, and what is put at the end of one.

use super::{Builder, Thing};
use crate::path::{self, Segment};
use crate::plan::{Field, Form, Member, Node};
use hearthgate_fhir::{Value, r4};
use toml::Spanned;

impl Builder<'_, '_> {
    pub(super) fn segments(&mut self, owner: &str, text: &str, at: usize) -> Option<Vec<Segment>> {
        match path::parse(text, &self.context.extensions, owner == "Extension") {
            Ok(segments) => Some(segments),
            Err(message) => {
                self.mistake(at, message);
                None
            }
        }
    }

    /// The FHIR type at a path, and whether the last step is a list.
    pub(super) fn type_at(&mut self, owner: &str, segments: &[Segment], at: usize) -> Option<(&'static str, bool)> {
        let (mut owner, mut found) = (owner.to_owned(), (r4::type_named(owner).unwrap_or("Element"), false));
        for segment in segments {
            let Some(step) = r4::resolve(&owner, &segment.name) else {
                self.no_element(&owner, &segment.name, at);
                return None;
            };
            found = (step.type_name, step.list);
            owner = step.owner;
        }
        Some(found)
    }

    /// A path to a list: its segments and the key of what a member is.
    pub(super) fn list_at(&mut self, owner: &str, place: &Spanned<String>) -> Option<(Vec<Segment>, String)> {
        let at = place.span().start;
        let segments = self.segments(owner, place.get_ref(), at)?;
        let mut below = owner.to_owned();
        let mut list = false;
        let mut type_name = "";
        for segment in &segments {
            let Some(step) = r4::resolve(&below, &segment.name) else {
                self.no_element(&below, &segment.name, at);
                return None;
            };
            (below, list, type_name) = (step.owner, step.list, step.type_name);
        }
        if !list {
            self.mistake(at, format!("`{}` is no list", place.get_ref()));
            return None;
        }
        Some((segments, if r4::is_primitive(type_name) { type_name.to_owned() } else { below }))
    }

    pub(super) fn put(&mut self, fields: &mut Vec<Field>, owner: &str, segments: &[Segment], thing: Thing, at: usize) {
        let Some((segment, rest)) = segments.split_first() else { return };
        let Some(step) = r4::resolve(owner, &segment.name) else { return };
        let position = fields.iter().position(|f| f.name == segment.name);
        let choice = step.element.is_choice().then(|| step.element.path_name());
        if !step.list || matches!(&thing, Thing::Node(Node::Leaf(leaf)) if rest.is_empty() && leaf.form == Form::List) {
            return match (rest.is_empty(), position, thing) {
                (true, None, Thing::Node(node)) => fields.push(Field::new(&segment.name, node, choice)),
                (true, _, _) => self.mistake(at, format!("`{}` is mapped twice here", segment.name)),
                (false, position, thing) => {
                    let position = position.unwrap_or_else(|| {
                        fields.push(Field::new(&segment.name, Node::Object(Vec::new()), choice));
                        fields.len() - 1
                    });
                    match &mut fields[position].node {
                        Node::Object(inner) => self.put(inner, &step.owner, rest, thing, at),
                        _ => self.mistake(at, format!("`{}` is mapped twice here", segment.name)),
                    }
                }
            };
        }
        let position = position.unwrap_or_else(|| {
            fields.push(Field::new(&segment.name, Node::List(Vec::new()), None));
            fields.len() - 1
        });
        let Node::List(members) = &mut fields[position].node else {
            return self.mistake(at, format!("`{}` is mapped twice here", segment.name));
        };
        match thing {
            Thing::Member(member) if rest.is_empty() => members.push(member),
            thing => {
                let key = segment.extension.clone().unwrap_or_default();
                let found = members.iter().position(|m| matches!(m, Member::One { key: k, .. } if *k == key));
                let index = found.unwrap_or_else(|| {
                    let mut inner = Vec::new();
                    if !key.is_empty() {
                        inner.push(Field::new("url", Node::Constant(Value::String(key.clone())), None));
                    }
                    members.push(Member::One { key, types: Vec::new(), node: Node::Object(inner) });
                    members.len() - 1
                });
                match (&mut members[index], rest.is_empty(), thing) {
                    (Member::One { node, .. }, true, Thing::Node(leaf)) => *node = leaf,
                    (Member::One { node: Node::Object(inner), .. }, false, thing) => self.put(inner, &step.owner, rest, thing, at),
                    _ => self.mistake(at, format!("`{}` is mapped twice here", segment.name)),
                }
            }
        }
    }
}
