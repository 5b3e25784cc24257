//! Builds the two trees of a plan (tables and JSON) from elements, eaches and slices.

use crate::check::{self, Mistake, near};
use crate::compile::{Context, constant};
use crate::file::{self, Columns, Each, Element, Slice};
use crate::path::{self, Segment};
use crate::plan::{Column, ColumnKind, Field, Form, Leaf, Member, Node, PatientRule, Plan, Sql, TableNode};
use hearthgate_fhir::{Value, r4};
use std::collections::BTreeMap;
use toml::Spanned;

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

    /// Claimed profiles, and what they require.
    pub fn profiles(&mut self, profiles: &[Spanned<String>], plan: &Plan) {
        for profile in profiles {
            match r4::profile(profile.get_ref()) {
                Some(found) if found.resource == self.resource => {
                    for path in check::required::of_profile(plan, found) {
                        self.mistake(profile.span().start, format!("the profile requires `{path}`, which has no column"));
                    }
                }
                Some(found) => self.mistake(profile.span().start, format!("the profile is one of {}, not of {}", found.resource, self.resource)),
                None => {
                    let near = near(profile.get_ref(), r4::profiles().iter().map(|p| p.url));
                    self.mistake(profile.span().start, format!("the profile `{}` does not stand in profiles/{near}", profile.get_ref()));
                }
            }
        }
    }

    /// `where`: constants of columns.
    pub fn filter(&mut self, table: &str, filter: &BTreeMap<String, toml::Value>, offset: usize) -> Vec<(String, Sql)> {
        let mut out = Vec::new();
        for (column, value) in filter {
            if !self.has_column(table, column) {
                self.mistake(offset, format!("`where`: the table `{table}` has no column `{column}`{}", self.near_column(table, column)));
            }
            match constant(value) {
                Some(value) => out.push((column.clone(), value)),
                None => self.mistake(offset, format!("`where`: `{column}` wants a text, a whole number or a boolean")),
            }
        }
        out
    }

    /// `patient`: what places a row in a compartment.
    pub fn patient(&mut self, table: &str, rule: Option<&file::Patient>, offset: usize) -> PatientRule {
        let foreign = |me: &mut Self, table: &str, column: &str| {
            let target = me.context.schema.tables.get(table).and_then(|t| t.foreign_key(column));
            if target.map(|(t, _)| t) != Some("patients") {
                me.mistake(offset, format!("`patient`: `{table}.{column}` is no foreign key to `patients`"));
            }
        };
        match rule {
            None => PatientRule::None,
            Some(file::Patient::Column(column)) if table == "patients" && column == "id" => PatientRule::Itself,
            Some(file::Patient::Column(column)) => {
                foreign(self, table, column);
                PatientRule::Columns(vec![column.clone()])
            }
            Some(file::Patient::Columns(columns)) => {
                columns.iter().for_each(|c| foreign(self, table, c));
                PatientRule::Columns(columns.clone())
            }
            Some(file::Patient::Child { from, on, column }) => {
                foreign(self, from, column);
                PatientRule::Child { from: from.clone(), on: on.clone(), column: column.clone() }
            }
        }
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
    fn constants(&mut self, node: &mut Node, item: &str, url: Option<&str>, matches: &BTreeMap<String, toml::Value>, at: usize) -> Vec<(Vec<String>, &'static str)> {
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

    fn element(&mut self, table: &mut TableNode, owner: &str, fields: &mut Vec<Field>, element: &Element) {
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
                        _ => return self.mistake(at, format!("`{}` is a {type_name}: name the columns of its parts, `column = {{ … }}`", element.path.get_ref())),
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
    fn part(&mut self, type_name: &str, part: &str, at: usize) -> Option<Vec<Segment>> {
        let inner = if type_name == "CodeableConcept" && matches!(part, "code" | "system" | "display" | "version" | "userSelected") { format!("coding.{part}") } else { part.to_owned() };
        self.segments(type_name, &inner, at)
    }

    fn leaf(&mut self, table: &mut TableNode, type_name: &str, name: &str, column: &str, element: &Element) -> Option<Leaf> {
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
            self.mistake(at, format!("the column `{}.{column}` is {declared}, but a {type_name} wants {}", table.table, if integer { "INTEGER" } else { "TEXT" }));
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

    fn reference(&mut self, table: &TableNode, declared: &str, column: &str, element: &Element) -> Option<(Form, ColumnKind)> {
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

    /// A table that a mapping names has a row number of its own.
    pub fn row_number(&mut self, table: &str, offset: usize) {
        let found = self.context.schema.tables.get(table);
        if found.is_some_and(|t| !t.view && t.column("id") != Some("INTEGER")) {
            self.mistake(offset, format!("the table `{table}` has no `id INTEGER PRIMARY KEY`"));
        }
    }

    /// `depends`: `table.column`.
    pub fn depends_on(&mut self, depends: &str, offset: usize) {
        match depends.split_once('.') {
            Some((table, column)) if self.has_column(table, column) => {}
            Some((table, column)) => self.mistake(offset, format!("`depends`: there is no `{depends}`{}", self.near_column(table, column))),
            None => self.mistake(offset, format!("`depends`: `{depends}` is not `table.column`")),
        }
    }

    fn near_column(&self, table: &str, column: &str) -> String {
        self.context.schema.tables.get(table).map_or_else(String::new, |t| near(column, t.columns.iter().map(|(name, _)| name.as_str())))
    }

    fn no_element(&mut self, owner: &str, name: &str, at: usize) {
        let names: Vec<String> = r4::children(owner).unwrap_or_default().iter().flat_map(|e| if e.is_choice() { e.types.iter().map(|t| e.json_name(t)).collect() } else { vec![e.name.to_owned()] }).collect();
        self.mistake(at, format!("{owner} has no element `{name}`{}", near(name, names.iter().map(String::as_str))));
    }

    fn has_column(&self, table: &str, column: &str) -> bool {
        self.context.schema.tables.get(table).is_some_and(|t| t.column(column).is_some())
    }

    fn segments(&mut self, owner: &str, text: &str, at: usize) -> Option<Vec<Segment>> {
        match path::parse(text, &self.context.extensions, owner == "Extension") {
            Ok(segments) => Some(segments),
            Err(message) => {
                self.mistake(at, message);
                None
            }
        }
    }

    /// The FHIR type at a path, and whether the last step is a list.
    fn type_at(&mut self, owner: &str, segments: &[Segment], at: usize) -> Option<(&'static str, bool)> {
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
    fn list_at(&mut self, owner: &str, place: &Spanned<String>) -> Option<(Vec<Segment>, String)> {
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

    fn put(&mut self, fields: &mut Vec<Field>, owner: &str, segments: &[Segment], thing: Thing, at: usize) {
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

/// Puts the keys of an object, and of all objects below, in R4's order.
fn sort(fields: &mut [Field], owner: &str) {
    let order = |name: &str| {
        r4::children(owner).and_then(|all| {
            all.iter().position(|e| e.name == name || e.name.strip_suffix("[x]").is_some_and(|stem| name.starts_with(stem)))
        })
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
