//! Columns at paths: which leaf an element makes, how its column's value reads in JSON, and what of it cannot be.

use super::{Builder, Thing, json_constant};
use crate::check::near;
use crate::file::{self, Columns, Element};
use crate::path::{self, Segment};
use crate::plan::{Column, ColumnKind, Field, Form, Leaf, Node, TableNode};
use hearthgate_fhir::{Value, r4};

impl Builder<'_, '_> {
    pub(super) fn element(&mut self, table: &mut TableNode, owner: &str, fields: &mut Vec<Field>, element: &Element) {
        let at = element.path.span().start;
        let Some(mut segments) = self.segments(owner, element.path.get_ref(), at) else { return };
        let Some((type_name, _)) = self.type_at(owner, &segments, at) else { return };
        if owner == self.resource && matches!(path::print(&segments).as_str(), "id" | "meta.versionId" | "meta.lastUpdated") {
            return self.mistake(at, format!("the gateway itself says `{}`", path::print(&segments)));
        }
        let given = usize::from(element.column.is_some()) + usize::from(element.value.is_some()) + usize::from(element.sql.is_some());
        if given != 1 {
            return self.mistake(at, "an element wants exactly one of `column`, `value` and `sql`".to_owned());
        }
        if let Some(value) = &element.value {
            return match json_constant(value) {
                Some(value) => self.put(fields, owner, &segments, Thing::Node(Node::Constant(value)), at),
                None => self.mistake(at, "`value` wants a text, a number or a boolean".to_owned()),
            };
        }
        let mut parts: Vec<(Vec<Segment>, String)> = Vec::new();
        match (&element.column, &element.sql) {
            (Some(Columns::One(column)), _) => {
                if type_name == "Reference" {
                    segments.push(Segment::plain("reference"));
                } else if !r4::is_primitive(type_name) {
                    match (type_name, element.system.is_some()) {
                        ("CodeableConcept", true) => segments.extend([Segment::plain("coding"), Segment::plain("code")]),
                        ("Coding", true) => segments.push(Segment::plain("code")),
                        _ => {
                            return self
                                .mistake(at, format!("`{}` is a {type_name}: name the columns of its parts, `column = {{ … }}`", element.path.get_ref()));
                        }
                    }
                }
                parts.push((segments.clone(), column.clone()));
            }
            (Some(Columns::Parts(columns)), _) => {
                for (part, column) in columns {
                    let Some(tail) = self.part(type_name, part, at) else { return };
                    parts.push(([segments.clone(), tail].concat(), column.clone()));
                }
            }
            (None, _) => parts.push((segments.clone(), String::new())),
        }
        if let Some(system) = &element.system {
            let tail: &[&str] = if type_name == "CodeableConcept" { &["coding", "system"] } else { &["system"] };
            let base = if matches!(element.column, Some(Columns::One(_))) { &segments[..segments.len() - tail.len()] } else { &segments[..] };
            let place: Vec<Segment> = base.iter().cloned().chain(tail.iter().map(|t| Segment::plain(t))).collect();
            self.put(fields, owner, &place, Thing::Node(Node::Constant(Value::String(system.clone()))), at);
        }
        for (place, column) in parts {
            let Some((leaf_type, list)) = self.type_at(owner, &place, at) else { continue };
            if !r4::is_primitive(leaf_type) {
                self.mistake(at, format!("`{}` is a {leaf_type}, not a primitive", path::print(&place)));
                continue;
            }
            if element.list && !list {
                self.mistake(at, format!("`list`: `{}` is no list of primitives", path::print(&place)));
                continue;
            }
            let last = place.last().map_or("", |s| s.name.as_str()).to_owned();
            if let Some(leaf) = self.leaf(table, leaf_type, &last, &column, element) {
                self.put(fields, owner, &place, Thing::Node(Node::Leaf(leaf)), at);
            }
        }
    }

    /// A key of a table of columns, as a path below the element.
    pub(super) fn part(&mut self, type_name: &str, part: &str, at: usize) -> Option<Vec<Segment>> {
        let inner = if type_name == "CodeableConcept" && matches!(part, "code" | "system" | "display" | "version" | "userSelected") {
            format!("coding.{part}")
        } else {
            part.to_owned()
        };
        self.segments(type_name, &inner, at)
    }

    pub(super) fn leaf(&mut self, table: &mut TableNode, type_name: &str, name: &str, column: &str, element: &Element) -> Option<Leaf> {
        let at = element.path.span().start;
        let declared = if element.sql.is_some() {
            "TEXT".to_owned()
        } else {
            let Some(declared) = self.context.schema.tables.get(&table.table).and_then(|t| t.column(column)) else {
                self.mistake(at, format!("the table `{}` has no column `{column}`{}", table.table, self.near_column(&table.table, column)));
                return None;
            };
            declared.to_owned()
        };
        let codes = match &element.codes {
            Some(codes) if name == "code" || !matches!(&element.column, Some(Columns::Parts(_))) => match self.context.codes.get(codes.get_ref()) {
                Some(found) => Some(found.clone()),
                None => {
                    let near = near(codes.get_ref(), self.context.codes.keys().map(String::as_str));
                    self.mistake(codes.span().start, format!("there is no mappings/codes/{}.toml{near}", codes.get_ref()));
                    None
                }
            },
            _ => None,
        };
        let base64 = match &element.codec {
            Some(codec) if codec.get_ref() == "base64" => true,
            Some(codec) => {
                self.mistake(codec.span().start, "the only codec is `base64`".to_owned());
                false
            }
            None => false,
        };
        let (form, kind) = match type_name {
            _ if element.list => (Form::List, ColumnKind::List { folded: false }),
            _ if base64 => (Form::Base64, ColumnKind::Text),
            "boolean" => (Form::Boolean, ColumnKind::Boolean),
            "integer" | "positiveInt" | "unsignedInt" => (Form::Integer, ColumnKind::Integer),
            "decimal" => (Form::Decimal, ColumnKind::Decimal),
            "date" | "dateTime" | "instant" => (Form::Text, ColumnKind::Date),
            _ if element.refers.is_some() && name == "reference" => self.reference(table, &declared, column, element)?,
            _ => (Form::Text, ColumnKind::Text),
        };
        let integer = matches!(kind, ColumnKind::Boolean | ColumnKind::Integer | ColumnKind::Foreign { .. });
        if element.sql.is_none() && !element.sealed && (declared == "INTEGER") != integer {
            self.mistake(
                at,
                format!("the column `{}.{column}` is {declared}, but a {type_name} wants {}", table.table, if integer { "INTEGER" } else { "TEXT" }),
            );
        }
        for depends in &element.depends {
            self.depends_on(depends, at);
            self.depends.extend(depends.split_once('.').map(|(t, c)| (t.to_owned(), c.to_owned())));
        }
        if let Some(sql) = &element.sql
            && element.depends.is_empty()
            && sql.get_ref().to_ascii_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "select")
        {
            self.mistake(sql.span().start, "`sql` reads beyond its row and must name what it reads (`depends`), so that history sees its changes".to_owned());
        }
        let expression = element.sql.as_ref().map(|sql| sql.get_ref().clone());
        let name = if expression.is_some() { format!("expression_{}", table.columns.len()) } else { column.to_owned() };
        let found = table.columns.iter().position(|c| c.name == name && c.kind == kind);
        let column = found.unwrap_or_else(|| {
            table.columns.push(Column { name, expression, kind, sealed: element.sealed, blind: None, searched: false });
            table.columns.len() - 1
        });
        Some(Leaf { column, form, codes, search: element.search.iter().map(|s| s.get_ref().clone()).collect(), line: file::line_of(self.text, at) })
    }

    pub(super) fn reference(&mut self, table: &TableNode, declared: &str, column: &str, element: &Element) -> Option<(Form, ColumnKind)> {
        let at = element.path.span().start;
        let mut types = Vec::new();
        for name in element.refers.as_ref().map(file::OneOrMany::all).unwrap_or_default() {
            match r4::type_named(&name) {
                Some(resource) => types.push(resource),
                None => self.mistake(at, format!("`refers`: `{name}` is no R4 resource type{}", near(&name, r4::resource_types().iter().copied()))),
            }
        }
        if declared != "INTEGER" {
            return Some((Form::Reference(types), ColumnKind::ReferenceText));
        }
        let target = self.context.schema.tables.get(&table.table).and_then(|t| t.foreign_key(column));
        match (target, types.as_slice()) {
            (Some((target, _)), [resource]) => match self.context.homes.iter().find(|(r, t, _)| r == resource && t == target) {
                Some((_, _, id)) => Some((Form::Foreign(resource), ColumnKind::Foreign { table: target.to_owned(), public_id: id.clone(), resource })),
                None => {
                    self.mistake(at, format!("`refers`: no mapping file makes {resource} from the table `{target}` that `{column}` points to"));
                    None
                }
            },
            _ => {
                self.mistake(at, format!("`{column}` is INTEGER, so it must be a foreign key and `refers` must name one type"));
                None
            }
        }
    }
}
