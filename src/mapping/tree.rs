//! Builds the two trees of a plan (tables and JSON) from elements, eaches and slices.

mod column;
mod place;
mod rules;

use crate::check::{Mistake, near};
use crate::compile::Context;
use crate::file::{self, Columns, Each, Element, Slice};
use crate::plan::{Field, Member, Node, TableNode};
use hearthgate_fhir::{Value, r4};
use std::collections::BTreeMap;

pub(crate) struct Builder<'a, 'c> {
    pub context: &'a Context<'c>,
    file: &'a str,
    text: &'a str,
    pub resource: &'static str,
    mistakes: &'a mut Vec<Mistake>,
    /// What SQL expressions read beyond their row: (table, column).
    pub depends: Vec<(String, String)>,
}

/// What stands in a scope of a mapping file.
enum Part<'f> {
    Element(&'f Element),
    Each(&'f Each),
    Slice(usize, &'f Slice),
}

/// What is put at a path.
enum Thing {
    Node(Node),
    Member(Member),
}

impl<'a, 'c> Builder<'a, 'c> {
    pub fn new(context: &'a Context<'c>, file: &'a str, text: &'a str, resource: &'static str, mistakes: &'a mut Vec<Mistake>) -> Self {
        Self { context, file, text, resource, mistakes, depends: Vec::new() }
    }

    pub fn mistake(&mut self, offset: usize, message: String) {
        self.mistakes.push(Mistake::new(self.file, file::line_of(self.text, offset), message));
    }

    pub fn mistake_at(&mut self, line: usize, message: String) {
        self.mistakes.push(Mistake::new(self.file, line, message));
    }

    /// Everything that stands in one row's scope; `owner` is what its JSON is.
    pub fn scope(&mut self, table: &mut TableNode, owner: &str, elements: &[Element], eaches: &[Each], slices: &[Slice]) -> Vec<Field> {
        let mut fields = Vec::new();
        // In the file's order, which is the order in which the members of a list are offered to what may take them.
        let mut parts: Vec<(usize, Part<'_>)> = elements.iter().map(|e| (e.path.span().start, Part::Element(e))).collect();
        parts.extend(eaches.iter().map(|e| (e.path.span().start, Part::Each(e))));
        parts.extend(slices.iter().enumerate().map(|(number, s)| (s.path.span().start, Part::Slice(number, s))));
        parts.sort_by_key(|(at, _)| *at);
        for (_, part) in parts {
            match part {
                Part::Element(element) => self.element(table, owner, &mut fields, element),
                Part::Each(each) => self.each(table, owner, &mut fields, each),
                Part::Slice(number, slice) => self.slice(table, owner, &mut fields, slice, number),
            }
        }
        sort(&mut fields, owner);
        fields
    }

    fn each(&mut self, table: &mut TableNode, owner: &str, fields: &mut Vec<Field>, each: &Each) {
        let at = each.path.span().start;
        let Some((segments, item)) = self.list_at(owner, &each.path) else { return };
        let from = each.from.get_ref();
        let Some(found) = self.context.schema.tables.get(from) else {
            let near = near(from, self.context.schema.tables.keys().map(String::as_str));
            return self.mistake(each.from.span().start, format!("there is no table `{from}`{near}"));
        };
        let parent = table.table.clone();
        if !found.view && found.foreign_key(each.on.get_ref()).map(|(t, _)| t) != Some(parent.as_str()) {
            self.mistake(each.on.span().start, format!("`{from}.{}` is no foreign key to `{parent}`", each.on.get_ref()));
        }
        let order = match &each.order {
            Some(order) => Some(order.get_ref().clone()),
            None => found.column("position").map(|_| "position".to_owned()),
        };
        if let Some(order) = &order
            && found.column(order).is_none()
        {
            self.mistake(at, format!("the table `{from}` has no column `{order}` to order by{}", self.near_column(from, order)));
        }
        self.row_number(from, each.from.span().start);
        let mut child = TableNode {
            table: from.clone(),
            on: Some(each.on.get_ref().clone()),
            order,
            filter: self.filter(from, &each.filter, each.from.span().start),
            columns: Vec::new(),
            children: Vec::new(),
        };
        let url = segments.last().and_then(|s| s.extension.clone());
        let mut node = self.item(&mut child, &item, &each.element, &each.each, &each.slice);
        let types = self.constants(&mut node, &item, url.as_deref(), &each.matches, at);
        let index = table.children.len();
        table.children.push(child);
        self.put(fields, owner, &segments, Thing::Member(Member::Each { child: index, types, node }), at);
    }

    fn slice(&mut self, table: &mut TableNode, owner: &str, fields: &mut Vec<Field>, slice: &Slice, number: usize) {
        let at = slice.path.span().start;
        let Some((segments, item)) = self.list_at(owner, &slice.path) else { return };
        let mut node = self.item(table, &item, &slice.element, &slice.each, &slice.slice);
        let url = segments.last().and_then(|s| s.extension.clone());
        let types = self.constants(&mut node, &item, url.as_deref(), &slice.matches, at);
        let member = Member::One { key: format!("#{number}"), types, node };
        self.put(fields, owner, &segments, Thing::Member(member), at);
    }

    /// The JSON of one member of a list: an object, or with elements at the empty path a primitive.
    fn item(&mut self, table: &mut TableNode, item: &str, elements: &[Element], eaches: &[Each], slices: &[Slice]) -> Node {
        if r4::is_primitive(item) {
            return match elements {
                [only] if only.path.get_ref().is_empty() && eaches.is_empty() && slices.is_empty() => {
                    let mut holder = vec![];
                    if let Some(Columns::One(column)) = &only.column
                        && let Some(leaf) = self.leaf(table, item, "", column, only)
                    {
                        holder.push(Node::Leaf(leaf));
                    }
                    holder.pop().unwrap_or(Node::Constant(Value::Null))
                }
                _ => {
                    let at = elements.first().map_or(0, |e| e.path.span().start);
                    self.mistake(at, "a list of primitives wants one element with the empty path".to_owned());
                    Node::Constant(Value::Null)
                }
            };
        }
        Node::Object(self.scope(table, item, elements, eaches, slices))
    }

    /// Puts the constants of `match` (and an extension's URL) into a member; the rest are types of references.
    fn constants(
        &mut self,
        node: &mut Node,
        item: &str,
        url: Option<&str>,
        matches: &BTreeMap<String, toml::Value>,
        at: usize,
    ) -> Vec<(Vec<String>, &'static str)> {
        let mut types = Vec::new();
        let Node::Object(fields) = node else { return types };
        if let Some(url) = url {
            fields.push(Field::new("url", Node::Constant(Value::String(url.to_owned())), None));
        }
        for (place, value) in matches {
            let Some(segments) = self.segments(item, place, at) else { continue };
            let Some((type_name, _)) = self.type_at(item, &segments, at) else { continue };
            if type_name == "Reference" {
                match value.as_str().and_then(r4::type_named) {
                    Some(resource) => types.push((segments.iter().map(|s| s.name.clone()).collect(), resource)),
                    None => self.mistake(at, format!("`match`: `{place}` is a reference and wants a resource type")),
                }
            } else {
                match json_constant(value) {
                    Some(value) => self.put(fields, item, &segments, Thing::Node(Node::Constant(value)), at),
                    None => self.mistake(at, format!("`match`: `{place}` wants a text, a number or a boolean")),
                }
            }
        }
        sort(fields, item);
        types
    }
}

/// Puts the keys of an object, and of all objects below, in R4's order.
fn sort(fields: &mut [Field], owner: &str) {
    let order = |name: &str| {
        r4::children(owner).and_then(|all| all.iter().position(|e| e.name == name || e.name.strip_suffix("[x]").is_some_and(|stem| name.starts_with(stem))))
    };
    fields.sort_by_key(|f| order(&f.name));
    for field in fields {
        let Some(step) = r4::resolve(owner, &field.name) else { continue };
        match &mut field.node {
            Node::Object(inner) => sort(inner, &step.owner),
            Node::List(members) => {
                for member in members {
                    if let Member::One { node: Node::Object(inner), .. } = member {
                        sort(inner, &step.owner);
                    }
                }
            }
            _ => {}
        }
    }
}

fn json_constant(value: &toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Boolean(flag) => Value::Bool(*flag),
        _ => return None,
    })
}
