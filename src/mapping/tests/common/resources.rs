//! Resources out of R4's definitions, likely to hit what a plan maps and likely to miss it by little.

use super::Tape;
use hearthgate_fhir::{Object, Value, r4};
use hearthgate_mapping::plan::{Field, Member, Node, Plan};
use serde_json::json;

/// Texts that a plan knows: constants, codes, URLs of extensions.
pub fn words(plan: &Plan) -> Vec<String> {
    let mut out = Vec::new();
    plan.fields.iter().for_each(|f| collect(f, &mut out));
    out.sort();
    out.dedup();
    out
}

fn collect(field: &Field, out: &mut Vec<String>) {
    collect_node(&field.node, out);
}

fn collect_node(node: &Node, out: &mut Vec<String>) {
    match node {
        Node::Constant(Value::String(text)) => out.push(text.clone()),
        Node::Constant(_) => {}
        Node::Leaf(leaf) => out.extend(leaf.codes.iter().flat_map(|c| c.rows()).map(|(_, fhir, _)| fhir.clone())),
        Node::Object(fields) => fields.iter().for_each(|f| collect(f, out)),
        Node::List(members) => {
            for member in members {
                let (Member::One { node, types, .. } | Member::Each { node, types, .. }) = member;
                out.extend(types.iter().map(|(_, t)| format!("{t}/known")));
                collect_node(node, out);
            }
        }
    }
}

pub struct Maker<'t, 'w> {
    pub tape: Tape<'t>,
    pub words: &'w [String],
    /// What no server should be sent, but some client will.
    pub hostile: bool,
}

const TEXTS: [&str; 12] = ["a", "Zoë \"Z\" Müller", "line\nbreak\ttab", "\u{1}", "\\", "0", "true", "Type/id", "$o", "李", "", "x/y?z=1"];
const NUMBERS: [&str; 12] =
    ["1", "0", "-0", "1.10", "1e5", "1E-2", "-3.0", "9223372036854775807", "9223372036854775808", "123456789012345678901234567890", "0.000", "12.5"];

impl Maker<'_, '_> {
    pub fn resource(&mut self, resource: &str, depth: usize) -> Value {
        let mut out = Object::new();
        out.insert("resourceType".to_owned(), resource.into());
        self.object(resource, resource, depth, &mut out);
        out.shift_remove("id");
        Value::Object(out)
    }

    fn object(&mut self, owner: &str, path: &str, depth: usize, out: &mut Object) {
        for element in r4::children(owner).unwrap_or_default() {
            if self.tape.is_empty() {
                break;
            }
            let rare = matches!(element.name, "id" | "contained" | "implicitRules" | "modifierExtension" | "extension" | "text" | "meta");
            if !self.tape.chance(if rare { 30 } else { 110 }) {
                continue;
            }
            let Some(type_name) = self.tape.pick(&element.types).copied().or(Some("BackboneElement")) else { continue };
            let name = element.json_name(type_name);
            let Some(step) = r4::resolve(owner, &name) else { continue };
            if step.list {
                let count = 1 + self.tape.below(3);
                let list: Vec<Value> = (0..count).filter_map(|_| self.value(&step.owner, type_name, element, path, depth)).collect();
                if r4::is_primitive(type_name) && self.tape.chance(40) && !list.is_empty() {
                    let mut list = list;
                    list[0] = Value::Null;
                    let below: Vec<Value> = (0..list.len())
                        .map(|i| if i == 0 { json!({ "extension": [{ "url": "urn:x", "valueCode": "unknown" }] }) } else { Value::Null })
                        .collect();
                    out.insert(format!("_{name}"), below.into());
                    out.insert(name, list.into());
                } else if !list.is_empty() {
                    out.insert(name, list.into());
                }
            } else if let Some(value) = self.value(&step.owner, type_name, element, path, depth) {
                if r4::is_primitive(type_name) && self.tape.chance(20) {
                    out.insert(format!("_{name}"), json!({ "id": "p1", "extension": [{ "url": "urn:x", "valueString": "y" }] }));
                }
                out.insert(name, value);
            }
        }
        if self.hostile && self.tape.chance(20) {
            let name = (*self.tape.pick(&["$o", "$as", "$none", "$$x", "unknown", "_family", "resourceType", "versionId", "value"]).unwrap_or(&"x")).to_owned();
            let value = self.hostile_value();
            out.insert(name, value);
        }
        if self.hostile && self.tape.chance(20) {
            let names: Vec<String> = out.keys().filter(|n| *n != "resourceType").cloned().collect();
            if let Some(name) = self.tape.pick(&names).cloned() {
                let value = self.hostile_value();
                out.insert(name, value);
            }
        }
    }

    fn hostile_value(&mut self) -> Value {
        match self.tape.below(12) {
            0 => Value::Null,
            1 => json!([]),
            2 => json!({}),
            3 => json!([null]),
            4 => json!({ "$as": 1 }),
            5 => json!({ "$o": { "a": 1 } }),
            6 => json!({ "$l": [{ "$v": 1 }, { "$s": [0, 0] }] }),
            7 => json!([[1], [[]]]),
            8 => json!({ "reference": 1 }),
            9 => json!({ "$": { "$$": [{ "$$$": 1 }] } }),
            10 => json!(true),
            _ => self.number(),
        }
    }

    /// What an overlay never is.
    pub fn garbage(&mut self) -> Value {
        let inner = self.hostile_value();
        match self.tape.below(8) {
            0 => json!({ "$o": inner }),
            1 => json!({ "$l": inner }),
            2 => json!({ "$l": [inner] }),
            3 => json!({ "$l": [{ "$s": inner }, { "$s": [0, 0], "$o": inner }, { "$s": [9, 9] }, { "$not": 0 }, { "$s": [0, 0] }, { "$s": [0, 0] }, 1] }),
            4 => json!({ "$as": inner }),
            5 => json!({ "$o": { "$as": inner, "x": { "$l": [{ "$o": { "y": inner } }] } } }),
            _ => inner,
        }
    }

    fn number(&mut self) -> Value {
        number(self.tape.pick(&NUMBERS).unwrap_or(&"1"))
    }

    fn text(&mut self) -> String {
        if self.tape.chance(150)
            && let Some(word) = self.tape.pick(self.words)
        {
            return word.clone();
        }
        (*self.tape.pick(&TEXTS).unwrap_or(&"a")).to_owned()
    }

    fn value(&mut self, owner: &str, type_name: &str, element: &r4::Element, path: &str, depth: usize) -> Option<Value> {
        if let Some(value) = self.primitive(type_name, element) {
            return Some(value);
        }
        if depth == 0 {
            return None;
        }
        let mut out = Object::new();
        match type_name {
            "Resource" => {
                let kind = *self.tape.pick(&["Patient", "Observation", "Organization", "Medication"])?;
                return Some(self.resource(kind, depth - 1));
            }
            "Extension" => {
                out.insert("url".to_owned(), self.text().into());
                if self.tape.chance(120) {
                    let one = self.value("Extension", "Extension", element, path, depth - 1)?;
                    out.insert("extension".to_owned(), json!([one]));
                } else {
                    let kind = *self.tape.pick(&[
                        "valueString",
                        "valueCode",
                        "valueCoding",
                        "valueCodeableConcept",
                        "valueBoolean",
                        "valueDecimal",
                        "valueDate",
                        "valueAddress",
                    ])?;
                    let step = r4::resolve("Extension", kind)?;
                    out.insert(kind.to_owned(), self.value(&step.owner, step.type_name, step.element, path, depth - 1)?);
                }
            }
            "Reference" => {
                if self.tape.chance(220) {
                    let target = self.tape.pick(&element.reference_targets).copied().filter(|t| r4::is_resource_type(t)).unwrap_or("Patient");
                    let reference = match self.tape.below(6) {
                        0 => format!("{target}/unknown"),
                        1 => "#contained".to_owned(),
                        2 => self.text(),
                        3 => "http://elsewhere.example/Patient/1".to_owned(),
                        _ => format!("{target}/known"),
                    };
                    out.insert("reference".to_owned(), reference.into());
                }
                if self.tape.chance(100) {
                    out.insert("display".to_owned(), self.text().into());
                }
                if self.tape.chance(60) {
                    out.insert("identifier".to_owned(), json!({ "system": "urn:x", "value": self.text() }));
                }
            }
            _ => self.object(owner, path, depth - 1, &mut out),
        }
        (!out.is_empty() || self.hostile).then_some(Value::Object(out))
    }

    fn primitive(&mut self, type_name: &str, element: &r4::Element) -> Option<Value> {
        Some(match type_name {
            "boolean" => Value::Bool(self.tape.chance(128)),
            "decimal" => self.number(),
            "integer" | "positiveInt" | "unsignedInt" => number(self.tape.pick(&["1", "0", "7", "2147483647"])?),
            "date" => (*self.tape.pick(&["1970", "1970-01", "1970-01-31"])?).into(),
            "dateTime" => (*self.tape.pick(&["2020", "2020-02-29", "2020-02-29T12:00:00+01:00", "2020-02-29T12:00:00.123Z"])?).into(),
            "instant" => "2020-02-29T12:00:00.5+13:00".into(),
            "base64Binary" => (*self.tape.pick(&["aGVsbG8=", "/w==", "aGVsbG8", "", "AAAA"])?).into(),
            "code" => {
                let set = element.binding.and_then(|b| r4::value_set_codes(b.value_set)).unwrap_or_default();
                match self.tape.pick(&set) {
                    Some((_, code)) if self.tape.chance(200) => (*code).into(),
                    _ => self.text().into(),
                }
            }
            name if r4::is_primitive(name) || name.starts_with("http://") => self.text().into(),
            _ => return None,
        })
    }
}

/// A number with the text that came.
pub fn number(text: &str) -> Value {
    hearthgate_fhir::json::parse_plain(text.as_bytes(), &hearthgate_fhir::json::Limits::default()).expect("a number")
}
