//! From rows to FHIR JSON: one pass of writing bytes over the plan's tree; what turns out empty is cut off again.

use crate::overlay;
use crate::plan::{Field, Form, Leaf, Member, Node, Plan, Row, Sql};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hearthgate_fhir::{Object, Value, date};

/// What the gateway says of a version, beside the row.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// The logical id.
    pub id: &'a str,
    /// The version number.
    pub version: u64,
    /// `meta.lastUpdated`, ms since 1970 UTC.
    pub updated_ms: i64,
}

const NULL: &Sql = &Sql::Null;
const ABSENT: &[u8] = br#"{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}"#;

/// The resource as served.
#[must_use]
pub fn render(plan: &Plan, row: &Row, stamp: &Stamp<'_>) -> Vec<u8> {
    let overlay = overlay::parse(row.unmapped.as_deref());
    let mut writer = Writer { out: Vec::with_capacity(1024), merge: true };
    writer.resource(plan, row, overlay.as_ref(), Some(stamp));
    writer.out
}

/// The resource's content without id, version and time: what a write of it would carry.
#[must_use]
pub fn content(plan: &Plan, row: &Row) -> Value {
    let overlay = overlay::parse(row.unmapped.as_deref());
    value(plan, row, overlay.as_ref(), true)
}

/// What the columns alone say, without anything kept beside them.
#[must_use]
pub fn columns_only(plan: &Plan, row: &Row) -> Value {
    value(plan, row, None, false)
}

fn value(plan: &Plan, row: &Row, overlay: Option<&Object>, merge: bool) -> Value {
    let mut writer = Writer { out: Vec::with_capacity(1024), merge };
    writer.resource(plan, row, overlay, None);
    serde_json::from_slice(&writer.out).unwrap_or(Value::Null)
}

#[derive(Clone, Copy, PartialEq)]
enum Wrote {
    /// Nothing, or nothing worth keeping.
    Nothing,
    /// Nothing: a code that nobody has decided about.
    Undecided,
    /// Constants alone.
    Constant,
    /// A value of the row's or of the overlay's.
    Real,
}

struct Writer {
    out: Vec<u8>,
    merge: bool,
}

impl Writer {
    fn resource(&mut self, plan: &Plan, row: &Row, overlay: Option<&Object>, stamp: Option<&Stamp<'_>>) {
        self.out.extend_from_slice(b"{\"resourceType\":");
        self.string(plan.resource);
        let meta_fields = plan.fields.iter().find_map(|f| match &f.node {
            Node::Object(fields) if f.name == "meta" => Some(fields.as_slice()),
            _ => None,
        });
        let over = overlay.and_then(|o| o.get("meta"));
        let outright = over.and_then(|o| overlay::special(o, "$as"));
        let meta_fields = if outright.is_some() { None } else { meta_fields };
        let meta_over = outright.and_then(Value::as_object).or_else(|| overlay::below(over)).or_else(|| over.filter(|o| !overlay::is_special(o)).and_then(Value::as_object));
        if let Some(stamp) = stamp {
            self.out.extend_from_slice(b",\"id\":");
            self.string(stamp.id);
            self.out.extend_from_slice(format!(",\"meta\":{{\"versionId\":\"{}\",\"lastUpdated\":\"{}\"", stamp.version, date::format_instant(stamp.updated_ms)).as_bytes());
            self.fields(meta_fields.unwrap_or_default(), row, meta_over, false);
            self.out.push(b'}');
        } else {
            let mark = self.out.len();
            self.out.extend_from_slice(b",\"meta\":{");
            match self.fields(meta_fields.unwrap_or_default(), row, meta_over, true) {
                Wrote::Real | Wrote::Constant => self.out.push(b'}'),
                _ => self.out.truncate(mark),
            }
        }
        let none = overlay.and_then(|o| o.get("$none")).and_then(Value::as_array);
        let is_none = |name: &str| none.is_some_and(|n| n.iter().any(|v| v.as_str() == Some(name)));
        for field in plan.fields.iter().filter(|f| f.name != "meta") {
            if !is_none(&field.name) {
                self.field(field, row, overlay, false);
            }
        }
        let others = overlay.into_iter().flatten().filter(|(name, _)| *name != "meta");
        self.rest(&plan.fields, others, false);
        self.out.push(b'}');
    }

    /// The fields of an object and what the overlay adds; the braces are the caller's.
    fn fields(&mut self, fields: &[Field], row: &Row, overlay: Option<&Object>, first: bool) -> Wrote {
        let (mut real, mut constant, mut nothing, mut first) = (false, false, false, first);
        for field in fields {
            let wrote = self.field(field, row, overlay, first);
            match wrote {
                Wrote::Real => real = true,
                Wrote::Constant => constant = true,
                Wrote::Nothing | Wrote::Undecided => nothing = true,
            }
            first &= !matches!(wrote, Wrote::Real | Wrote::Constant | Wrote::Undecided);
            real |= wrote == Wrote::Undecided;
        }
        real |= self.rest(fields, overlay.into_iter().flatten(), first);
        match (real, constant, nothing) {
            (true, _, _) => Wrote::Real,
            (false, true, false) => Wrote::Constant,
            _ => Wrote::Nothing,
        }
    }

    fn field(&mut self, field: &Field, row: &Row, overlay: Option<&Object>, first: bool) -> Wrote {
        let over = overlay.and_then(|o| o.get(&field.name));
        let mark = self.out.len();
        self.key(&field.name, first);
        if let Some(value) = over.and_then(|o| overlay::special(o, "$as")) {
            self.json(value);
            return Wrote::Real;
        }
        let wrote = self.node(&field.node, row, over);
        match wrote {
            Wrote::Real | Wrote::Constant => wrote,
            Wrote::Nothing | Wrote::Undecided => {
                self.out.truncate(mark);
                if let Some(value) = over.and_then(overlay::plain) {
                    self.key(&field.name, first);
                    self.json(&value);
                    return Wrote::Real;
                }
                let sibling = format!("_{}", field.name);
                if wrote == Wrote::Undecided && overlay.is_none_or(|o| !o.contains_key(&sibling)) {
                    self.key(&sibling, first);
                    self.out.extend_from_slice(ABSENT);
                    return Wrote::Undecided;
                }
                Wrote::Nothing
            }
        }
    }

    /// What the overlay has under names that the plan does not know.
    fn rest<'o>(&mut self, fields: &[Field], overlay: impl Iterator<Item = (&'o String, &'o Value)>, first: bool) -> bool {
        let mut first = first;
        let mut wrote = false;
        for (name, value) in overlay {
            if name.starts_with('$') || fields.iter().any(|f| f.name == *name) {
                continue;
            }
            if let Some(value) = overlay::plain(value) {
                self.key(name, first);
                self.json(&value);
                (first, wrote) = (false, true);
            }
        }
        wrote
    }

    fn node(&mut self, node: &Node, row: &Row, over: Option<&Value>) -> Wrote {
        match node {
            Node::Leaf(leaf) => self.leaf(leaf, row),
            Node::Constant(value) => {
                self.json(value);
                Wrote::Constant
            }
            Node::Object(fields) => {
                let mark = self.out.len();
                self.out.push(b'{');
                let wrote = self.fields(fields, row, overlay::below(over), true);
                if matches!(wrote, Wrote::Nothing) {
                    self.out.truncate(mark);
                } else {
                    self.out.push(b'}');
                }
                wrote
            }
            Node::List(members) => self.list(members, row, over.and_then(|o| overlay::special(o, "$l")).and_then(Value::as_array)),
        }
    }

    fn list(&mut self, members: &[Member], row: &Row, order: Option<&Vec<Value>>) -> Wrote {
        self.out.push(b'[');
        let mut state = List { first: true, wrote: Wrote::Nothing };
        let mut used: Vec<(usize, usize)> = Vec::new();
        for entry in order.into_iter().flatten() {
            if let Some(value) = entry.get("$v") {
                state.comma(&mut self.out);
                self.json(value);
                state.keep(Wrote::Real);
            } else if let Some(slot) = entry.get("$s").and_then(Value::as_array)
                && let [Some(member), Some(ordinal)] = [slot.first(), slot.get(1)].map(|n| n.and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()))
                && let Some(found) = members.get(member)
            {
                used.push((member, ordinal));
                self.member(found, ordinal, row, entry.get("$o").and_then(Value::as_object), &mut state);
            }
        }
        for (index, member) in members.iter().enumerate() {
            let count = match member {
                Member::One { .. } => 1,
                Member::Each { child, .. } => row.children.get(*child).map_or(0, Vec::len),
            };
            for ordinal in 0..count {
                if used.is_empty() || !used.contains(&(index, ordinal)) {
                    self.member(member, ordinal, row, None, &mut state);
                }
            }
        }
        self.out.push(b']');
        state.wrote
    }

    fn member(&mut self, member: &Member, ordinal: usize, row: &Row, over: Option<&Object>, state: &mut List) {
        let mark = self.out.len();
        state.comma(&mut self.out);
        let wrote = match member {
            Member::One { node, .. } => self.item(node, row, over),
            Member::Each { child, node, .. } => match row.children.get(*child).and_then(|rows| rows.get(ordinal)) {
                Some(row) => {
                    let own = if self.merge { overlay::parse(row.unmapped.as_deref()) } else { None };
                    self.item(node, row, own.as_ref().or(over))
                }
                None => Wrote::Nothing,
            },
        };
        if matches!(wrote, Wrote::Nothing | Wrote::Undecided) {
            self.out.truncate(mark);
        } else {
            state.keep(wrote);
        }
    }

    fn item(&mut self, node: &Node, row: &Row, over: Option<&Object>) -> Wrote {
        let Node::Object(fields) = node else { return self.node(node, row, None) };
        self.out.push(b'{');
        let wrote = self.fields(fields, row, over, true);
        self.out.push(b'}');
        wrote
    }

    fn leaf(&mut self, leaf: &Leaf, row: &Row) -> Wrote {
        let value = row.values.get(leaf.column).unwrap_or(NULL);
        if *value == Sql::Null {
            return Wrote::Nothing;
        }
        match (&leaf.form, value) {
            (Form::Boolean, Sql::Integer(flag @ (0 | 1))) => self.out.extend_from_slice(if *flag == 1 { b"true" } else { b"false" }),
            (Form::Integer, Sql::Integer(number)) => self.out.extend_from_slice(number.to_string().as_bytes()),
            (Form::Integer | Form::Decimal, Sql::Text(text)) if is_number(text) => self.out.extend_from_slice(text.as_bytes()),
            (Form::Decimal, Sql::Integer(number)) => self.out.extend_from_slice(number.to_string().as_bytes()),
            (Form::Decimal, Sql::Real(number)) if number.is_finite() => self.out.extend_from_slice(number.to_string().as_bytes()),
            (Form::List, Sql::Text(text)) => match serde_json::from_str::<Vec<Option<String>>>(text) {
                Ok(list) if !list.is_empty() => self.json(&Value::from(list)),
                _ => return Wrote::Nothing,
            },
            (Form::Base64, Sql::Text(text)) => self.string(&STANDARD.encode(text)),
            (Form::Base64, Sql::Blob(bytes)) => self.string(&STANDARD.encode(bytes)),
            (Form::Foreign(resource), Sql::Text(id)) => self.string(&format!("{resource}/{id}")),
            (Form::Text, Sql::Text(text)) => match &leaf.codes {
                None => self.string(text),
                Some(codes) => match codes.fhir(text) {
                    Some(code) => self.string(code),
                    None => return Wrote::Undecided,
                },
            },
            (Form::Text, Sql::Integer(number)) => self.string(&number.to_string()),
            (Form::Reference(_), Sql::Text(text)) => self.string(text),
            _ => return Wrote::Nothing,
        }
        Wrote::Real
    }

    fn key(&mut self, name: &str, first: bool) {
        if !first {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn string(&mut self, text: &str) {
        if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
            self.out.push(b'"');
            self.out.extend_from_slice(text.as_bytes());
            self.out.push(b'"');
        } else {
            self.out.extend_from_slice(Value::from(text).to_string().as_bytes());
        }
    }

    fn json(&mut self, value: &Value) {
        // Writing a `Value` into memory cannot fail.
        let _ = serde_json::to_writer(&mut self.out, value);
    }
}

struct List {
    first: bool,
    wrote: Wrote,
}

impl List {
    fn comma(&self, out: &mut Vec<u8>) {
        if !self.first {
            out.push(b',');
        }
    }

    fn keep(&mut self, wrote: Wrote) {
        self.first = false;
        if wrote == Wrote::Real || self.wrote == Wrote::Nothing {
            self.wrote = wrote;
        }
    }
}

/// JSON's grammar of a number.
pub(crate) fn is_number(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok() && !text.bytes().any(|b| b.is_ascii_whitespace())
}
