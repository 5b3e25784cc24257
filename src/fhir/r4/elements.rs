//! Resource types, datatypes and their elements, from `profiles/r4/elements.json`.

mod table;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use table::tables;

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
    tables().owners.get(owner).map(|found| found.elements.as_slice())
}

/// One step from `owner` by JSON name: `valueQuantity` picks the type of a choice.
pub fn resolve(owner: &str, json_name: &str) -> Option<Resolved> {
    children(owner)?.iter().find_map(|element| {
        let type_name = match element.name.strip_suffix("[x]") {
            None if element.name != json_name => return None,
            None => element.types.first().copied().unwrap_or("BackboneElement"),
            Some(stem) => {
                let chosen = json_name.strip_prefix(stem)?;
                element.types.iter().copied().find(|name| is_capitalised(name, chosen))?
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
    owner.filter(|name| !name.contains('.'))
}
