//! The one pass over a resource.

use hearthgate_fhir::{Object, Value};

use crate::primitive::{Primitive, json_type};
use crate::report::{Report, Segment};
use crate::shape::{Content, Field, Shape, Shapes, shapes};
use crate::{Code, Issue, contained, narrative};

/// Objects inside one another; the parser allows fewer.
const MAX_DEPTH: usize = 128;

pub(crate) fn resource(value: &Value) -> Vec<Issue> {
    let mut walk = Walk { shapes: shapes(), report: Report::default(), depth: 0, contained: false };
    let root = value.get("resourceType").and_then(Value::as_str);
    if let Some(shape) = root.and_then(|name| walk.shapes.of_type(name)) {
        walk.report.enter(Segment::Name(shape.owner));
    }
    walk.resource(value);
    walk.report.issues
}

struct Walk {
    shapes: &'static Shapes,
    report: Report,
    depth: usize,
    /// Inside `contained`.
    contained: bool,
}

impl Walk {
    fn resource(&mut self, value: &Value) {
        let Value::Object(members) = value else {
            return self.report.tell(Code::Structure, format!("is {}; send a resource", json_type(value)));
        };
        let shapes = self.shapes;
        match members.get("resourceType").map(Value::as_str) {
            None => self.report.tell_below("resourceType", Code::Structure, "is missing; name the type of the resource"),
            Some(None) => self.report.tell_below("resourceType", Code::Structure, "is not a string; name the type of the resource"),
            Some(Some(name)) => match shapes.of_type(name) {
                None => self.report.tell_below("resourceType", Code::Structure, "is no resource type of R4"),
                Some(shape) if self.contained => self.object(shape, members),
                Some(shape) => {
                    let outer = std::mem::take(&mut self.report.local_references);
                    self.object(shape, members);
                    let own = std::mem::replace(&mut self.report.local_references, outer);
                    contained::check(&mut self.report, members, own);
                }
            },
        }
    }

    fn object(&mut self, shape: &'static Shape, members: &Object) {
        if self.depth == MAX_DEPTH {
            return self.report.tell(Code::TooCostly, "elements are nested too deeply");
        }
        self.depth += 1;
        if members.is_empty() {
            self.report.tell(Code::Structure, "is an empty object; leave the element out");
        }
        let mut present: u128 = 0;
        for (key, value) in members {
            if let Some(slot) = self.member(shape, members, key, value, present) {
                present |= 1 << slot;
            }
        }
        let mut missing = shape.required & !present;
        while missing != 0 {
            let slot = missing.trailing_zeros() as usize;
            missing &= missing - 1;
            if let Some(slot) = shape.slots.get(slot) {
                self.report.tell_below(slot.name, Code::Required, format!("is missing; {} must have it", shape.owner));
            }
        }
        if let Some(check) = shape.invariant {
            check(&mut self.report, members);
        }
        self.depth -= 1;
    }

    /// One member; gives the place of its slot.
    fn member(&mut self, shape: &'static Shape, members: &Object, key: &str, value: &Value, present: u128) -> Option<u8> {
        let (field, sibling) = match (shape.fields.get(key), key.strip_prefix('_')) {
            (Some(field), _) => (field, false),
            (None, Some(name)) => match shape.fields.get(name) {
                Some(field) if matches!(field.content, Content::Primitive(_)) => (field, true),
                Some(_) => {
                    self.report.tell_below(shown(name), Code::Structure, "has a sibling with '_', which only primitives have; remove it");
                    return None;
                }
                None => {
                    self.unknown(shape, key);
                    return None;
                }
            },
            (None, None) if key == "resourceType" && shape.is_resource => return None,
            (None, None) => {
                self.unknown(shape, key);
                return None;
            }
        };
        let slot = shape.slots.get(usize::from(field.slot))?;
        self.report.enter(Segment::Name(slot.name));
        if present & (1 << field.slot) != 0 {
            self.check_choice(shape, members, key, field.slot);
        }
        if sibling {
            self.sibling(field, key, value, members);
        } else if field.list {
            self.list(field, key, value, members);
            if let (Value::Array(items), Some(max)) = (value, slot.max)
                && items.len() > max as usize
            {
                self.report.tell(Code::Structure, format!("has more than {max} entries"));
            }
            if let Value::Array(items) = value
                && items.len() < slot.min as usize
            {
                self.report.tell(Code::Required, format!("has fewer than {} entries", slot.min));
            }
        } else if value.is_array() {
            self.report.tell(Code::Structure, "is an array; this element occurs once, so send its value without brackets");
        } else {
            self.item(field, value);
        }
        self.report.leave();
        Some(field.slot)
    }

    fn unknown(&mut self, shape: &Shape, key: &str) {
        let message = format!("is not an element of {} in R4; remove it or send it as an extension", shape.owner);
        self.report.tell_below(shown(key), Code::Structure, message);
    }

    /// The slot was filled before: by the sibling of this very member, or by another choice.
    fn check_choice(&mut self, shape: &Shape, members: &Object, key: &str, slot: u8) {
        let plain = key.strip_prefix('_').unwrap_or(key);
        let other = members
            .keys()
            .take_while(|other| *other != key)
            .map(|other| other.strip_prefix('_').unwrap_or(other))
            .any(|other| other != plain && shape.fields.get(other).is_some_and(|field| field.slot == slot));
        if other {
            self.report.tell(Code::Structure, "is sent with two types; a choice is made once");
        }
    }

    fn list(&mut self, field: &'static Field, key: &str, value: &Value, members: &Object) {
        let Value::Array(items) = value else {
            return self.report.tell(Code::Structure, format!("is {}; this element repeats, so send an array", json_type(value)));
        };
        if items.is_empty() {
            self.report.tell(Code::Structure, "is an empty array; leave the element out");
        }
        for (at, item) in items.iter().enumerate() {
            self.report.enter(Segment::Index(at));
            if item.is_null() && matches!(field.content, Content::Primitive(_)) {
                self.placeholder(members.get(&format!("_{key}")), at);
            } else {
                self.item(field, item);
            }
            self.report.leave();
        }
    }

    /// `null` in one of the two lists of a primitive: the other must have something there.
    fn placeholder(&mut self, other: Option<&Value>, at: usize) {
        let filled = other.and_then(|other| other.get(at)).is_some_and(|other| !other.is_null());
        if !filled {
            self.report.tell(Code::Structure, "is null, and the sibling list has nothing there; leave the entry out");
        }
    }

    /// The `_name` of a primitive: its id and extensions.
    fn sibling(&mut self, field: &'static Field, key: &str, value: &Value, members: &Object) {
        let shape = self.shapes.sibling();
        let plain = members.get(key.trim_start_matches('_'));
        match (field.list, value) {
            (false, Value::Object(members)) => self.object(shape, members),
            (true, Value::Array(items)) => {
                if plain.and_then(Value::as_array).is_some_and(|plain| plain.len() != items.len()) {
                    self.report.tell(Code::Structure, "and its sibling with '_' differ in length; fill both with null to one length");
                }
                for (at, item) in items.iter().enumerate() {
                    self.report.enter(Segment::Index(at));
                    match item {
                        Value::Object(members) => self.object(shape, members),
                        Value::Null => self.placeholder(plain, at),
                        _ => self.report.tell(Code::Structure, format!("has {} in its sibling with '_'; send an object", json_type(item))),
                    }
                    self.report.leave();
                }
            }
            (false, _) => self.report.tell(Code::Structure, format!("has {} as its sibling with '_'; send an object", json_type(value))),
            (true, _) => self.report.tell(Code::Structure, format!("has {} as its sibling with '_'; send an array", json_type(value))),
        }
    }

    fn item(&mut self, field: &'static Field, value: &Value) {
        match field.content {
            Content::Primitive(primitive) => self.primitive(field, primitive, value),
            Content::Object(place) => {
                let Value::Object(members) = value else {
                    return self.report.tell(Code::Structure, format!("is {}; send an object", json_type(value)));
                };
                self.object(self.shapes.at(place), members);
                if let Some(message) = field.codes.and_then(|codes| codes.check_object(members)) {
                    self.report.tell(Code::CodeInvalid, message);
                }
                if !field.targets.is_empty() {
                    contained::check_target(&mut self.report, members, field.targets);
                }
            }
            Content::Resource => {
                let outer = self.contained;
                self.contained |= self.report.element() == Some("contained");
                self.resource(value);
                self.contained = outer;
            }
        }
    }

    fn primitive(&mut self, field: &Field, primitive: Primitive, value: &Value) {
        if let Some((code, message)) = primitive.check(value) {
            return self.report.tell(code, message);
        }
        let Value::String(text) = value else { return };
        if let Some(message) = field.codes.and_then(|codes| codes.check_code(text)) {
            self.report.tell(Code::CodeInvalid, message);
        }
        if primitive == Primitive::Xhtml
            && let Err(fault) = narrative::check(text)
        {
            self.report.tell(Code::Invariant, fault.to_string());
        }
    }
}

/// A key as a path may show it.
fn shown(key: &str) -> &str {
    let harmless = key.len() <= 64 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if harmless { key } else { "?" }
}
