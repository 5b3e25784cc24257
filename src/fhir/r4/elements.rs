//! Resource types, datatypes and their elements, from `profiles/r4/elements.json`.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// One element of a type, as its StructureDefinition gives it
/// (<https://hl7.org/fhir/R4/elementdefinition.html>).
#[derive(Debug, Clone)]
pub struct Element {
    /// The name, with `[x]` for a choice: `family`, `value[x]`.
    pub name: &'static str,
    /// Its types; several for a choice, none where `content_of` says where to look.
    pub types: Vec<&'static str>,
    /// How many there must be.
    pub min: u32,
    /// How many there may be; `None` for any number.
    pub max: Option<u32>,
    /// Which codes it takes.
    pub binding: Option<Binding>,
    /// Resource types a `Reference` here may point to; `Resource` for any.
    pub reference_targets: Vec<&'static str>,
    /// Resource types a `canonical` here may name.
    pub canonical_targets: Vec<&'static str>,
    /// Whether it changes the meaning of what holds it.
    pub is_modifier: bool,
    /// Whether `_summary=true` keeps it.
    pub is_summary: bool,
    /// The element whose content this one repeats (`Questionnaire.item`).
    pub content_of: Option<&'static str>,
}

impl Element {
    /// Whether JSON writes it as an array.
    pub fn is_list(&self) -> bool {
        self.max.is_none_or(|max| max > 1)
    }

    /// Whether it is a choice of types (`value[x]`).
    pub fn is_choice(&self) -> bool {
        self.name.ends_with("[x]")
    }

    /// The name without `[x]`, as FHIRPath writes it.
    pub fn path_name(&self) -> &'static str {
        self.name.strip_suffix("[x]").unwrap_or(self.name)
    }

    /// The name JSON gives it when it has this type: `value[x]` and `Quantity` make `valueQuantity`.
    pub fn json_name(&self, type_name: &str) -> String {
        let mut name = self.path_name().to_owned();
        if self.is_choice() {
            let mut letters = type_name.chars();
            name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            name.push_str(letters.as_str());
        }
        name
    }
}

/// Which codes an element takes (<https://hl7.org/fhir/R4/terminologies.html#strength>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// How strictly.
    pub strength: Strength,
    /// The value set's URL, without version.
    pub value_set: &'static str,
}

/// How strictly a binding is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Only these codes.
    Required,
    /// These codes where one fits.
    Extensible,
    /// Better these.
    Preferred,
    /// For instance these.
    Example,
}

/// One step down by JSON name.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The element's definition.
    pub element: &'static Element,
    /// The type it has here; the chosen one of a choice. `BackboneElement` for a backbone.
    pub type_name: &'static str,
    /// The key for [`children`] of what lies below.
    pub owner: String,
    /// Whether JSON writes it as an array.
    pub list: bool,
    /// The JSON name, as asked.
    pub json_name: String,
}

/// The elements of a type or backbone element, in R4's order, inherited ones first.
///
/// `owner` is `Patient`, `HumanName`, or for a backbone `Patient.contact`.
pub fn children(owner: &str) -> Option<&'static [Element]> {
    tables()
        .owners
        .get(owner)
        .map(|found| found.elements.as_slice())
}

/// One step from `owner` by JSON name: `valueQuantity` picks the type of a choice.
pub fn resolve(owner: &str, json_name: &str) -> Option<Resolved> {
    children(owner)?.iter().find_map(|element| {
        let type_name = match element.name.strip_suffix("[x]") {
            None if element.name != json_name => return None,
            None => element.types.first().copied().unwrap_or("BackboneElement"),
            Some(stem) => {
                let chosen = json_name.strip_prefix(stem)?;
                element
                    .types
                    .iter()
                    .copied()
                    .find(|name| is_capitalised(name, chosen))?
            }
        };
        Some(Resolved {
            element,
            type_name,
            owner: owner_below(owner, element, type_name).to_owned(),
            list: element.is_list(),
            json_name: json_name.to_owned(),
        })
    })
}

/// The key for [`children`] below an element of `owner` that has this type.
pub(crate) fn owner_below(owner: &str, element: &Element, type_name: &'static str) -> &'static str {
    if let Some(content) = element.content_of {
        return content;
    }
    if matches!(type_name, "BackboneElement" | "Element") {
        // An inherited element of such a type (there is none in R4) would stand at its base.
        let backbone = format!("{owner}.{}", element.name);
        if let Some((name, _)) = tables().owners.get_key_value(backbone.as_str()) {
            return name;
        }
    }
    type_name
}

/// Whether `chosen` is `name` with its first letter raised.
fn is_capitalised(name: &str, chosen: &str) -> bool {
    let (mut name, mut chosen) = (name.bytes(), chosen.bytes());
    name.next().map(|first| first.to_ascii_uppercase()) == chosen.next() && name.eq(chosen)
}

/// Whether this is one of R4's concrete resource types (`Resource` and `DomainResource` are not).
pub fn is_resource_type(name: &str) -> bool {
    resource_types().binary_search(&name).is_ok()
}

/// R4's concrete resource types, sorted.
pub fn resource_types() -> &'static [&'static str] {
    &tables().resource_types
}

/// Whether this is one of R4's primitive types, `xhtml` included.
pub fn is_primitive(type_name: &str) -> bool {
    tables().primitives.contains_key(type_name)
}

/// The pattern that the whole text of a primitive must match, as R4 prints it
/// (<https://hl7.org/fhir/R4/datatypes.html#primitive>).
pub fn primitive_regex(type_name: &str) -> Option<&'static str> {
    tables().primitives.get(type_name)?.regex.as_deref()
}

/// The name of a resource type or datatype for good: what came as text, as a `'static` text.
pub fn type_named(name: &str) -> Option<&'static str> {
    let tables = tables();
    let owner = tables.owners.get_key_value(name).map(|(name, _)| *name);
    owner.filter(|name| !name.contains('.') || is_primitive(name))
}

#[derive(Deserialize, Default)]
struct File<'a> {
    #[serde(borrow)]
    primitives: HashMap<&'a str, Primitive<'a>>,
    #[serde(borrow)]
    owners: HashMap<&'a str, RawOwner<'a>>,
}

#[derive(Deserialize)]
struct Primitive<'a> {
    base: &'a str,
    regex: Option<String>,
}

#[derive(Deserialize)]
struct RawOwner<'a> {
    kind: &'a str,
    base: Option<&'a str>,
    #[serde(rename = "abstract", default)]
    is_abstract: bool,
    #[serde(borrow)]
    elements: Vec<RawElement<'a>>,
}

#[derive(Deserialize)]
struct RawElement<'a> {
    name: &'a str,
    #[serde(default, borrow)]
    types: Vec<&'a str>,
    content: Option<&'a str>,
    min: u32,
    max: &'a str,
    binding: Option<Strength>,
    value_set: Option<&'a str>,
    #[serde(default, borrow)]
    targets: Vec<&'a str>,
    #[serde(default, borrow)]
    canonical: Vec<&'a str>,
    #[serde(default)]
    modifier: bool,
    #[serde(default)]
    summary: bool,
}

impl From<&RawElement<'static>> for Element {
    fn from(raw: &RawElement<'static>) -> Self {
        let binding = raw.binding.zip(raw.value_set);
        Self {
            name: raw.name,
            types: raw.types.clone(),
            min: raw.min,
            max: raw.max.parse().ok(),
            binding: binding.map(|(strength, value_set)| Binding {
                strength,
                value_set,
            }),
            reference_targets: raw.targets.clone(),
            canonical_targets: raw.canonical.clone(),
            is_modifier: raw.modifier,
            is_summary: raw.summary,
            content_of: raw.content,
        }
    }
}

struct Owner {
    elements: Vec<Element>,
}

struct Tables {
    primitives: HashMap<&'static str, Primitive<'static>>,
    owners: HashMap<&'static str, Owner>,
    resource_types: Vec<&'static str>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let text = include_str!("../../../profiles/r4/elements.json");
        let File {
            primitives,
            owners: raw,
        } = super::read("r4/elements.json", text);
        let mut owners: HashMap<_, _> = raw
            .iter()
            .map(|(name, owner)| {
                let mut elements = Vec::new();
                inherit(&raw, Some(owner), &mut elements);
                (*name, Owner { elements })
            })
            .collect();
        for (name, primitive) in &primitives {
            // The extensions and id that a primitive may carry beside its value (`_name` in JSON).
            let mut elements = Vec::new();
            let base = raw.get(primitive.base).or_else(|| raw.get("Element"));
            inherit(&raw, base, &mut elements);
            owners.insert(name, Owner { elements });
        }
        let mut resource_types: Vec<_> = raw
            .iter()
            .filter(|(_, owner)| owner.kind == "resource" && !owner.is_abstract)
            .map(|(name, _)| *name)
            .collect();
        resource_types.sort_unstable();
        Tables {
            primitives,
            owners,
            resource_types,
        }
    })
}

fn inherit(
    raw: &HashMap<&'static str, RawOwner<'static>>,
    owner: Option<&RawOwner<'static>>,
    elements: &mut Vec<Element>,
) {
    if let Some(owner) = owner {
        inherit(raw, owner.base.and_then(|base| raw.get(base)), elements);
        elements.extend(owner.elements.iter().map(Element::from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(owner: &str) -> Vec<&'static str> {
        children(owner)
            .unwrap_or_default()
            .iter()
            .map(|element| element.name)
            .collect()
    }

    #[test]
    fn inherited_elements_come_first_in_r4s_order() {
        assert_eq!(
            names("Patient.contact"),
            [
                "id",
                "extension",
                "modifierExtension",
                "relationship",
                "name",
                "telecom",
                "address",
                "gender",
                "organization",
                "period"
            ]
        );
        assert_eq!(
            names("Patient")[..5],
            ["id", "meta", "implicitRules", "language", "text"]
        );
        assert_eq!(names("Age"), names("Quantity"));
        assert_eq!(names("code"), ["id", "extension"]);
    }

    #[test]
    fn a_choice_is_resolved_by_its_json_name() {
        let found = resolve("Observation", "valueQuantity").unwrap();
        assert_eq!(
            (found.type_name, found.owner.as_str()),
            ("Quantity", "Quantity")
        );
        assert_eq!(found.element.json_name("Quantity"), "valueQuantity");
        let found = resolve("Patient", "deceasedDateTime").unwrap();
        assert_eq!(found.type_name, "dateTime");
        assert!(resolve("Observation", "valueMoney").is_none());
        assert!(resolve("Observation", "value").is_none());
        assert!(resolve("Observation", "value[x]").is_none());
    }

    #[test]
    fn a_content_reference_leads_to_the_content() {
        let found = resolve("Questionnaire.item", "item").unwrap();
        assert_eq!(
            (found.owner.as_str(), found.list),
            ("Questionnaire.item", true)
        );
        let found = resolve("Observation.component", "referenceRange").unwrap();
        assert_eq!(found.owner, "Observation.referenceRange");
    }

    #[test]
    fn ids_have_the_types_of_json_not_of_fhirpath() {
        assert_eq!(resolve("Patient", "id").unwrap().type_name, "id");
        assert_eq!(resolve("HumanName", "id").unwrap().type_name, "string");
        assert_eq!(resolve("Extension", "url").unwrap().type_name, "uri");
        assert_eq!(resolve("Narrative", "div").unwrap().type_name, "xhtml");
    }

    #[test]
    fn every_type_and_content_an_element_names_is_defined() {
        for owner in tables().owners.keys() {
            for element in children(owner).unwrap() {
                assert!(element.types.is_empty() == element.content_of.is_some());
                for name in element.types.iter().chain(&element.content_of) {
                    assert!(children(name).is_some(), "{owner}.{}: {name}", element.name);
                }
            }
        }
    }

    #[test]
    fn r4_has_146_concrete_resource_types() {
        assert_eq!(resource_types().len(), 146);
        assert!(is_resource_type("Patient") && !is_resource_type("Resource"));
        assert!(!is_resource_type("HumanName") && !is_resource_type("Patient.contact"));
        assert_eq!(type_named("Patient"), Some("Patient"));
        assert_eq!(type_named("Patient.contact"), None);
        assert!(is_primitive("code") && is_primitive("xhtml") && !is_primitive("Quantity"));
    }

    #[test]
    fn gender_takes_only_r4s_codes() {
        let gender = resolve("Patient", "gender").unwrap().element;
        let binding = gender.binding.unwrap();
        assert_eq!(binding.strength, Strength::Required);
        assert_eq!(
            binding.value_set,
            "http://hl7.org/fhir/ValueSet/administrative-gender"
        );
        assert!(gender.is_summary && !gender.is_modifier && !gender.is_list());
        let subject = resolve("Observation", "subject").unwrap().element;
        assert_eq!(
            subject.reference_targets,
            ["Patient", "Group", "Device", "Location"]
        );
    }
}
