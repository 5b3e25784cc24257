//! US Core's profiles: what they require, bind, fix and want supported, from
//! `profiles/us-core-6.1.0/profiles.json` (<https://hl7.org/fhir/us/core/STU6.1/>).

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::elements::{Binding, Strength};
use super::search::{Raw, SearchParameter};

/// A profile on a resource type, or the definition of an extension.
#[derive(Debug)]
pub struct Profile {
    /// Its canonical URL, without version.
    pub url: &'static str,
    /// Its version: `6.1.0`.
    pub version: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The resource type it speaks of; `Extension` for an extension.
    pub resource: &'static str,
    /// The profile or type it narrows.
    pub base: &'static str,
    /// Every element it requires, binds, fixes or wants supported, in its own order.
    pub elements: Vec<ProfileElement>,
    /// Every element it wants supported, extensions taken apart into their values.
    pub must_support: Vec<MustSupport>,
}

impl Profile {
    /// The elements that must occur wherever what holds them does.
    pub fn required(&self) -> impl Iterator<Item = &ProfileElement> {
        self.elements.iter().filter(|element| element.min > 0)
    }

    /// The elements with a required or extensible binding.
    pub fn bindings(&self) -> impl Iterator<Item = (&ProfileElement, Binding)> {
        self.elements.iter().filter_map(|element| Some((element, element.binding?)))
    }
}

/// What a profile says of one element.
#[derive(Debug)]
pub struct ProfileElement {
    /// The element id, slices named: `Observation.category:VSCat.coding`.
    pub id: &'static str,
    /// The path as a mapping file writes it, without the resource type: `category.coding`,
    /// `extension(us-core-race)`. A choice left open keeps its `[x]`.
    pub path: &'static str,
    /// The types the profile leaves; of these, the ones it wants supported if it says so.
    /// `*` for an open extension value; none for a backbone element.
    pub types: Vec<&'static str>,
    /// How many there must be wherever what holds it occurs.
    pub min: u32,
    /// How many there may be; `None` for any number.
    pub max: Option<u32>,
    /// Whether it must occur in every resource: it and all that holds it are required.
    pub always: bool,
    /// Whether it must be supported.
    pub must_support: bool,
    /// Whether USCDI asks for it though the profile does not call it "must support".
    pub uscdi: bool,
    /// The value or pattern it must have.
    pub fixed: Option<serde_json::Value>,
    /// The codes it takes, where that is required or extensible.
    pub binding: Option<Binding>,
    /// The definition of the extension that stands here.
    pub extension: Option<&'static str>,
}

/// An element that must be supported (<https://hl7.org/fhir/us/core/STU6.1/must-support.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MustSupport {
    /// The element id in the profile.
    pub id: &'static str,
    /// The path as a mapping file writes it, extensions down to their values:
    /// `extension(us-core-race).extension(text).valueString`.
    pub path: String,
    /// The types to support.
    pub types: Vec<&'static str>,
    /// Whether it is asked for by USCDI alone.
    pub uscdi: bool,
}

/// A profile by canonical URL; a version after `|` is ignored.
pub fn profile(url: &str) -> Option<&'static Profile> {
    let url = url.split('|').next().unwrap_or(url);
    profiles().iter().find(|profile| profile.url == url)
}

/// All profiles on resource types, sorted by URL.
pub fn profiles() -> &'static [Profile] {
    &tables().profiles
}

/// The definition of an extension by URL.
pub fn extension(url: &str) -> Option<&'static Profile> {
    tables().extensions.iter().find(|extension| extension.url == url)
}

/// The search parameters that US Core adds to R4's for a resource type (race, ethnicity, …).
pub fn profile_search_parameters(resource: &str) -> &'static [SearchParameter] {
    tables().search_parameters.get(resource).map(Vec::as_slice).unwrap_or_default()
}

#[derive(Deserialize, Default)]
struct File<'a> {
    #[serde(borrow)]
    profiles: HashMap<&'a str, RawProfile<'a>>,
    #[serde(borrow)]
    extensions: HashMap<&'a str, RawProfile<'a>>,
    #[serde(borrow)]
    search_parameters: Vec<Raw<'a>>,
}

#[derive(Deserialize)]
struct RawProfile<'a> {
    version: &'a str,
    title: &'a str,
    #[serde(rename = "type")]
    resource: &'a str,
    base: &'a str,
    #[serde(borrow)]
    elements: Vec<RawElement<'a>>,
}

#[derive(Deserialize)]
struct RawElement<'a> {
    id: &'a str,
    path: &'a str,
    #[serde(default, borrow)]
    types: Vec<&'a str>,
    min: u32,
    max: &'a str,
    #[serde(default)]
    always: bool,
    #[serde(default)]
    must_support: bool,
    #[serde(default)]
    uscdi: bool,
    fixed: Option<serde_json::Value>,
    binding: Option<Strength>,
    value_set: Option<&'a str>,
    extension: Option<&'a str>,
}

impl From<RawElement<'static>> for ProfileElement {
    fn from(raw: RawElement<'static>) -> Self {
        let binding = raw.binding.zip(raw.value_set);
        Self {
            id: raw.id,
            path: raw.path,
            types: raw.types,
            min: raw.min,
            max: raw.max.parse().ok(),
            always: raw.always,
            must_support: raw.must_support,
            uscdi: raw.uscdi,
            fixed: raw.fixed,
            binding: binding.map(|(strength, value_set)| Binding { strength, value_set }),
            extension: raw.extension,
        }
    }
}

#[derive(Default)]
struct Tables {
    profiles: Vec<Profile>,
    extensions: Vec<Profile>,
    search_parameters: HashMap<&'static str, Vec<SearchParameter>>,
}

fn tables() -> &'static Tables {
    static FOUND: OnceLock<Tables> = OnceLock::new();
    FOUND.get_or_init(|| {
        let text = include_str!("../../../profiles/us-core-6.1.0/profiles.json");
        let file: File<'static> = super::read("us-core-6.1.0/profiles.json", text);
        let extensions = build(file.extensions, &[]);
        let mut search_parameters: HashMap<_, Vec<_>> = HashMap::new();
        for found in &file.search_parameters {
            let list = search_parameters.entry(found.resource).or_default();
            list.push(found.compile_as(&to_coding(found.expression), &HashMap::new()));
        }
        Tables { profiles: build(file.profiles, &extensions), extensions, search_parameters }
    })
}

/// `race=system|code` could never match what US Core's expressions find, the code without its
/// system; the coding that holds it is meant.
fn to_coding(expression: &str) -> String {
    if let Some(start) = expression.strip_suffix(".coding.code") {
        return format!("{start}.coding");
    }
    match expression.strip_suffix(".value.code") {
        Some(start) => format!("{start}.value.ofType(Coding)"),
        None => expression.to_owned(),
    }
}

fn build(raw: HashMap<&'static str, RawProfile<'static>>, extensions: &[Profile]) -> Vec<Profile> {
    let mut all: Vec<_> = raw
        .into_iter()
        .map(|(url, raw)| {
            let elements: Vec<ProfileElement> = raw.elements.into_iter().map(Into::into).collect();
            let wanted = elements.iter().filter(|element| element.must_support || element.uscdi);
            Profile {
                url,
                version: raw.version,
                title: raw.title,
                resource: raw.resource,
                base: raw.base,
                must_support: wanted.flat_map(|element| supported(element, extensions)).collect(),
                elements,
            }
        })
        .collect();
    all.sort_unstable_by_key(|profile| profile.url);
    all
}

/// The paths that support of one element comes to: itself, or the values of its extension.
fn supported(element: &ProfileElement, extensions: &[Profile]) -> Vec<MustSupport> {
    let one = |path: String, types: &[&'static str]| MustSupport { id: element.id, path, types: types.to_vec(), uscdi: element.uscdi };
    let definition = element.extension.and_then(|url| extensions.iter().find(|extension| extension.url == url));
    let Some(definition) = definition else {
        return vec![one(element.path.to_owned(), &element.types)];
    };
    let below = |part: &ProfileElement| one(format!("{}.{}", element.path, part.path), &part.types);
    let values = definition.elements.iter().filter(|part| {
        let Some((holder, _)) = part.id.rsplit_once(".value[x]") else {
            return false;
        };
        let holder = definition.elements.iter().find(|other| other.id == holder);
        holder.is_none_or(|holder| holder.must_support || holder.min > 0)
    });
    values.map(below).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r4::{is_resource_type, value_set_contains};

    const US_CORE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/";

    fn paths(name: &str) -> Vec<&'static str> {
        let profile = profile(&format!("{US_CORE}{name}")).unwrap();
        profile.must_support.iter().map(|found| found.path.as_str()).collect()
    }

    #[test]
    fn extensions_are_supported_down_to_their_values() {
        let found = paths("us-core-patient");
        for path in [
            "name.family",
            "extension(us-core-race).extension(ombCategory).valueCoding",
            "extension(us-core-race).extension(text).valueString",
            "extension(us-core-sex).valueCode",
        ] {
            assert!(found.contains(&path), "{path} in {found:?}");
        }
        assert!(!found.contains(&"extension(us-core-race).url"));
        assert!(!found.contains(&"extension(us-core-birthsex).valueCode"));
    }

    #[test]
    fn a_choice_narrowed_to_one_type_is_written_with_it() {
        let found = paths("us-core-blood-pressure");
        assert!(found.contains(&"component.valueQuantity.value"), "{found:?}");
        assert!(found.contains(&"effectiveDateTime"), "{found:?}");
    }

    #[test]
    fn fixed_values_and_bindings_come_with_the_profile() {
        let profile = profile(&format!("{US_CORE}us-core-body-weight|6.1.0")).unwrap();
        let code = profile.elements.iter().find(|element| element.id == "Observation.code").unwrap();
        let fixed = code.fixed.as_ref().and_then(|value| value.pointer("/coding/0/code"));
        assert_eq!(fixed.and_then(|code| code.as_str()), Some("29463-7"));
        let status = profile.bindings().find(|(element, _)| element.path == "status").unwrap();
        assert_eq!(value_set_contains(status.1.value_set, None, "final"), Some(true));
        assert!(profile.required().any(|element| element.path == "category" && element.always));
    }

    #[test]
    fn every_profile_is_of_a_resource_type_and_every_parameter_compiles() {
        assert_eq!(profiles().len(), 49);
        assert!(profiles().iter().all(|profile| is_resource_type(profile.resource)));
        let parameters = tables().search_parameters.values().flatten();
        let codes: Vec<_> = parameters
            .map(|parameter| {
                assert!(parameter.compiled.is_some(), "{}", parameter.code);
                parameter.code
            })
            .collect();
        assert_eq!(codes.len(), 7);
        assert!(profile_search_parameters("Patient").iter().any(|found| found.code == "race"));
    }
}
