//! From rows to FHIR JSON: one pass of writing bytes over the plan's tree; what turns out empty is cut off again.

use crate::overlay;
use crate::plan::{Field, Form, Leaf, Member, Node, Plan, Row, Sql};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hearthgate_fhir::{Object, Value, date};
use std::io::Write as _;

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
/// What stands beside a code that nobody has decided about (<https://hl7.org/fhir/R4/extension-data-absent-reason.html>).
pub(crate) const ABSENT: &[u8] = br#"{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}"#;

/// What stands beside a sealed value that does not open.
const ERROR: &[u8] = br#"{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"error"}]}"#;
/// The overlay of a resource's row in place of one that does not open; in `meta`, which every resource has.
pub const UNOPENED: &str =
    r#"{"meta":{"$o":{"extension":{"$l":[{"$v":{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"error"}}]}}}}"#;
/// The same of a child's row.
pub const UNOPENED_BELOW: &str = r#"{"extension":{"$l":[{"$v":{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"error"}}]}}"#;

/// Whether all of a row that is sealed did open, and of its children.
#[must_use]
pub fn is_whole(row: &Row) -> bool {
    !row.values.contains(&Sql::Unopened) && !matches!(row.unmapped.as_deref(), Some(UNOPENED | UNOPENED_BELOW)) && row.children.iter().flatten().all(is_whole)
}

/// The resource as served.
#[must_use]
pub fn render(plan: &Plan, row: &Row, stamp: &Stamp<'_>) -> Vec<u8> {
    let overlay = overlay::parse(row.unmapped.as_deref());
    let mut writer = Writer { out: Vec::with_capacity(4096), merge: true };
    writer.resource(plan, row, overlay.as_ref(), Some(stamp));
    writer.out
}

/// The resource's content without id, version and time: what a write of it would carry.
#[must_use]
pub fn content(plan: &Plan, row: &Row) -> Value {
    overlay::json(&content_bytes(plan, row)).unwrap_or(Value::Null)
}

/// [`content`] as text.
pub(crate) fn content_bytes(plan: &Plan, row: &Row) -> Vec<u8> {
    let overlay = overlay::parse(row.unmapped.as_deref());
    let mut writer = Writer { out: Vec::with_capacity(4096), merge: true };
    writer.resource(plan, row, overlay.as_ref(), None);
    writer.out
}

/// What the columns alone say, without anything kept beside them.
#[must_use]
pub fn columns_only(plan: &Plan, row: &Row) -> Value {
    columns_at(plan, row, &|_| true)
}

/// What the columns alone say at some of the resource's keys.
pub(crate) fn columns_at(plan: &Plan, row: &Row, wanted: &dyn Fn(&str) -> bool) -> Value {
    let mut writer = Writer { out: Vec::with_capacity(4096), merge: false };
    writer.type_name(plan);
    if wanted("meta") {
        writer.meta(plan, row, None, false, None);
    }
    for field in plan.fields.iter().filter(|f| f.name != "meta" && wanted(&f.name)) {
        writer.field(field, row, None, false);
    }
    writer.out.push(b'}');
    overlay::json(&writer.out).unwrap_or(Value::Null)
}

/// What the writer says of every resource, whatever an overlay holds.
const OURS: [&str; 3] = ["meta", "id", "resourceType"];
const OURS_IN_META: [&str; 2] = ["versionId", "lastUpdated"];

#[derive(Clone, Copy, PartialEq)]
enum Wrote {
    /// Nothing, or nothing worth keeping.
    Nothing,
    /// Nothing: a code that nobody has decided about.
    Undecided,
    /// Nothing: a sealed value that does not open.
    Unopened,
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
        self.type_name(plan);
        if let Some(stamp) = stamp {
            self.out.extend_from_slice(b",\"id\":");
            self.string(stamp.id);
        }
        let none = overlay.and_then(|o| o.get("$none")).and_then(Value::as_array);
        let is_none = |name: &str| none.is_some_and(|n| n.iter().any(|v| v.as_str() == Some(name)));
        self.meta(plan, row, overlay.and_then(|o| o.get("meta")), is_none("meta"), stamp);
        for field in plan.fields.iter().filter(|f| f.name != "meta") {
            if none.is_none() || !is_none(&field.name) {
                self.field(field, row, overlay, false);
            }
        }
        if let Some(overlay) = overlay {
            self.rest(&plan.fields, row, overlay, &OURS, false);
        }
        self.out.push(b'}');
    }

    fn type_name(&mut self, plan: &Plan) {
        self.out.extend_from_slice(b"{\"resourceType\":\"");
        self.out.extend_from_slice(plan.resource.as_bytes());
        self.out.push(b'"');
    }

    /// `meta`: the stamp's part, the columns' and the overlay's.
    fn meta(&mut self, plan: &Plan, row: &Row, over: Option<&Value>, none: bool, stamp: Option<&Stamp<'_>>) {
        let outright = over.and_then(|o| overlay::special(o, "$as"));
        let fields: &[Field] = match plan.fields.iter().find(|f| f.name == "meta").map(|f| &f.node) {
            Some(Node::Object(fields)) if outright.is_none() && !none => fields,
            _ => &[],
        };
        let raw = outright.or_else(|| over.filter(|o| !overlay::is_special(o)));
        let over = raw.and_then(Value::as_object).or_else(|| overlay::below(over));
        let mark = self.out.len();
        self.out.extend_from_slice(b",\"meta\":{");
        if let Some(stamp) = stamp {
            self.out.extend_from_slice(b"\"versionId\":\"");
            self.number(stamp.version);
            self.out.extend_from_slice(b"\",\"lastUpdated\":\"");
            self.out.extend_from_slice(date::format_instant(stamp.updated_ms).as_bytes());
            self.out.push(b'"');
        }
        let wrote = self.fields(fields, row, over, &OURS_IN_META, stamp.is_none());
        if stamp.is_none() && !matches!(wrote, Wrote::Real | Wrote::Constant) {
            self.out.truncate(mark);
            if let Some(raw) = raw {
                self.key("meta", false);
                overlay::write(raw, &mut self.out);
            }
            return;
        }
        self.out.push(b'}');
    }

    /// The fields of an object and what the overlay adds, but for the names that are not its to say; the braces are the caller's.
    fn fields(&mut self, fields: &[Field], row: &Row, overlay: Option<&Object>, not: &[&str], first: bool) -> Wrote {
        let (mut real, mut constant, mut nothing, mut first) = (false, false, false, first);
        for field in fields {
            let wrote = self.field(field, row, overlay, first);
            match wrote {
                Wrote::Real | Wrote::Undecided | Wrote::Unopened => real = true,
                Wrote::Constant => constant = true,
                Wrote::Nothing => nothing = true,
            }
            first &= wrote == Wrote::Nothing;
        }
        if let Some(overlay) = overlay {
            real |= self.rest(fields, row, overlay, not, first);
        }
        match (real, constant, nothing) {
            (true, _, _) => Wrote::Real,
            (false, true, false) => Wrote::Constant,
            _ => Wrote::Nothing,
        }
    }

    fn field(&mut self, field: &Field, row: &Row, overlay: Option<&Object>, first: bool) -> Wrote {
        let over = overlay.and_then(|o| o.get(&field.name));
        if over.is_none()
            && let Node::Leaf(leaf) = &field.node
            && row.values.get(leaf.column).is_none_or(|v| *v == Sql::Null)
        {
            return Wrote::Nothing;
        }
        let mark = self.out.len();
        self.out.extend_from_slice(field.key(first));
        if let Some(value) = over.and_then(|o| overlay::special(o, "$as")) {
            overlay::write(value, &mut self.out);
            return Wrote::Real;
        }
        let wrote = self.node(&field.node, row, over);
        if matches!(wrote, Wrote::Real | Wrote::Constant) {
            return wrote;
        }
        self.out.truncate(mark);
        if let Some(why) = why(wrote) {
            // Whoever wrote it did so after what is kept: neither that value nor what stood beside it is said.
            self.key(&format!("_{}", field.name), first);
            let list = matches!(&field.node, Node::Leaf(Leaf { form: Form::List, .. }));
            for part in if list { [&b"["[..], why, b"]"] } else { [&b""[..], why, b""] } {
                self.out.extend_from_slice(part);
            }
            return wrote;
        }
        if let Some(value) = over {
            self.out.extend_from_slice(field.key(first));
            if overlay::write_plain(value, &mut self.out) {
                return Wrote::Real;
            }
            self.out.truncate(mark);
        }
        Wrote::Nothing
    }

    /// What the overlay has under names that the plan does not know.
    fn rest(&mut self, fields: &[Field], row: &Row, overlay: &Object, not: &[&str], first: bool) -> bool {
        let mut first = first;
        let mut wrote = false;
        for (name, value) in overlay {
            let came = overlay::came(name);
            if overlay::is_form(name)
                || not.contains(&came)
                || fields
                    .iter()
                    .any(|f| f.name == *name || (other_choice(f, came, row) && overlay::special(value, "$as").is_none()) || said_unknown(f, came, overlay, row))
            {
                continue;
            }
            let mark = self.out.len();
            if !first {
                self.out.push(b',');
            }
            overlay::string(came, &mut self.out);
            self.out.push(b':');
            if overlay::write_plain(value, &mut self.out) {
                (first, wrote) = (false, true);
            } else {
                self.out.truncate(mark);
            }
        }
        wrote
    }

    fn node(&mut self, node: &Node, row: &Row, over: Option<&Value>) -> Wrote {
        match node {
            Node::Leaf(leaf) => self.leaf(leaf, row),
            Node::Constant(value) => {
                overlay::write(value, &mut self.out);
                Wrote::Constant
            }
            Node::Object(fields) => {
                let mark = self.out.len();
                self.out.push(b'{');
                let wrote = self.fields(fields, row, overlay::below(over), &[], true);
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
                overlay::write(value, &mut self.out);
                state.keep(Wrote::Real);
            } else if let Some(member) = entry.get("$not").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()) {
                used.push((member, 0));
            } else if let Some(slot) = entry.get("$s").and_then(Value::as_array)
                && let [Some(member), Some(ordinal)] = [slot.first(), slot.get(1)].map(|n| n.and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()))
                && let Some(found) = members.get(member)
                && !used.contains(&(member, ordinal))
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
        if wrote == Wrote::Nothing || why(wrote).is_some() {
            self.out.truncate(mark);
        } else {
            state.keep(wrote);
        }
    }

    fn item(&mut self, node: &Node, row: &Row, over: Option<&Object>) -> Wrote {
        let Node::Object(fields) = node else { return self.node(node, row, None) };
        self.out.push(b'{');
        let wrote = self.fields(fields, row, over, &[], true);
        self.out.push(b'}');
        wrote
    }

    fn leaf(&mut self, leaf: &Leaf, row: &Row) -> Wrote {
        let value = row.values.get(leaf.column).unwrap_or(NULL);
        match value {
            Sql::Null => return Wrote::Nothing,
            Sql::Unopened => return Wrote::Unopened,
            _ => {}
        }
        match (&leaf.form, value) {
            (Form::Boolean, Sql::Integer(flag @ (0 | 1))) => self.out.extend_from_slice(if *flag == 1 { b"true" } else { b"false" }),
            (Form::Integer, Sql::Integer(number)) => self.number(number),
            (Form::Integer | Form::Decimal, Sql::Text(text)) if is_number(text) => self.out.extend_from_slice(text.as_bytes()),
            (Form::Decimal, Sql::Integer(number)) => self.number(number),
            (Form::Decimal, Sql::Real(number)) if number.is_finite() => self.number(number),
            (Form::List, Sql::Text(text)) if is_plain_list(text.as_bytes()) => self.out.extend_from_slice(text.as_bytes()),
            (Form::List, Sql::Text(text)) => match overlay::json(text.as_bytes()) {
                Some(Value::Array(list)) if is_list(&list) => overlay::write(&Value::Array(list), &mut self.out),
                _ => return Wrote::Nothing,
            },
            (Form::Base64, Sql::Text(text)) => self.string(&STANDARD.encode(text)),
            (Form::Base64, Sql::Blob(bytes)) => self.string(&STANDARD.encode(bytes)),
            (Form::Foreign(resource), Sql::Text(id)) => {
                let mark = self.out.len();
                self.out.push(b'"');
                self.out.extend_from_slice(resource.as_bytes());
                self.string(id);
                // The quotation mark that began the id becomes the stroke between type and id.
                self.out[mark + 1 + resource.len()] = b'/';
            }
            (Form::Text, Sql::Text(text)) => match &leaf.codes {
                None => self.string(text),
                Some(codes) => match codes.fhir(text) {
                    Some(code) => self.string(code),
                    None => return Wrote::Undecided,
                },
            },
            (Form::Text, Sql::Integer(number)) if leaf.codes.is_none() => self.string(&number.to_string()),
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
        overlay::string(text, &mut self.out);
    }

    fn number(&mut self, number: impl std::fmt::Display) {
        // Writing into memory cannot fail.
        let _ = write!(self.out, "{number}");
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

/// Whether an overlay's name is another type of the choice that a column has a value for: a choice has one.
fn other_choice(field: &Field, name: &str, row: &Row) -> bool {
    let Some(stem) = field.choice else { return false };
    let chosen = name.strip_prefix('_').unwrap_or(name);
    chosen.strip_prefix(stem).is_some_and(|t| t.starts_with(|c: char| c.is_ascii_uppercase())) && chosen != field.name && says(&field.node, row)
}

/// What stands beside a value that is not said: why.
fn why(wrote: Wrote) -> Option<&'static [u8]> {
    match wrote {
        Wrote::Undecided => Some(ABSENT),
        Wrote::Unopened => Some(ERROR),
        Wrote::Nothing | Wrote::Constant | Wrote::Real => None,
    }
}

/// Whether an overlay's name stands beside a value that is not said: why it is not stands there already.
fn said_unknown(field: &Field, name: &str, overlay: &Object, row: &Row) -> bool {
    let Node::Leaf(leaf) = &field.node else { return false };
    let unsaid = match (row.values.get(leaf.column), &leaf.form, &leaf.codes) {
        (Some(Sql::Unopened), ..) => true,
        (Some(Sql::Text(code)), Form::Text, Some(codes)) => codes.fhir(code).is_none(),
        _ => false,
    };
    unsaid && name.strip_prefix('_') == Some(&field.name) && overlay.get(&field.name).is_none_or(|over| overlay::special(over, "$as").is_none())
}

/// Whether a row's columns have a value for a place.
fn says(node: &Node, row: &Row) -> bool {
    match node {
        Node::Leaf(leaf) => row.values.get(leaf.column).is_some_and(|v| *v != Sql::Null),
        Node::Constant(_) => false,
        Node::Object(fields) => fields.iter().any(|f| says(&f.node, row)),
        Node::List(members) => members.iter().any(|m| match m {
            Member::One { node, .. } => says(node, row),
            Member::Each { child, .. } => row.children.get(*child).is_some_and(|rows| !rows.is_empty()),
        }),
    }
}

/// Whether a text is a JSON array of strings as it is written here, without escapes: nearly all are.
fn is_plain_list(text: &[u8]) -> bool {
    let Some(mut rest) = text.strip_prefix(b"[") else { return false };
    loop {
        let Some(string) = rest.strip_prefix(b"\"") else { return false };
        let Some(end) = string.iter().position(|b| *b < 0x20 || *b == b'"' || *b == b'\\') else { return false };
        match &string[end..] {
            [b'"', b']'] => return true,
            [b'"', b',', after @ ..] => rest = after,
            _ => return false,
        }
    }
}

/// A list of texts, of which some may be missing (a primitive that has only extensions).
pub(crate) fn is_list(list: &[Value]) -> bool {
    !list.is_empty() && list.iter().all(|v| v.is_string() || v.is_null())
}

/// JSON's grammar of a number.
pub(crate) fn is_number(text: &str) -> bool {
    matches!(overlay::json(text.as_bytes()), Some(Value::Number(_))) && !text.bytes().any(|b| b.is_ascii_whitespace())
}
