//! `profiles/r4/elements.json` as it is read, and made into whole types: inherited elements first.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::{Binding, Element, Strength};

#[derive(Deserialize, Default)]
struct File<'a> {
    #[serde(borrow)]
    primitives: HashMap<&'a str, Primitive<'a>>,
    #[serde(borrow)]
    owners: HashMap<&'a str, RawOwner<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Primitive<'a> {
    base: &'a str,
    pub(super) regex: Option<String>,
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
            binding: binding.map(|(strength, value_set)| Binding { strength, value_set }),
            reference_targets: raw.targets.clone(),
            canonical_targets: raw.canonical.clone(),
            is_modifier: raw.modifier,
            is_summary: raw.summary,
            content_of: raw.content,
        }
    }
}

pub(super) struct Owner {
    pub(super) elements: Vec<Element>,
}

pub(super) struct Tables {
    pub(super) primitives: HashMap<&'static str, Primitive<'static>>,
    pub(super) owners: HashMap<&'static str, Owner>,
    pub(super) resource_types: Vec<&'static str>,
}

pub(super) fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let text = include_str!("../../../../profiles/r4/elements.json");
        let File { primitives, owners: raw } = crate::r4::read("r4/elements.json", text);
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
        let mut resource_types: Vec<_> = raw.iter().filter(|(_, owner)| owner.kind == "resource" && !owner.is_abstract).map(|(name, _)| *name).collect();
        resource_types.sort_unstable();
        Tables { primitives, owners, resource_types }
    })
}

fn inherit(raw: &HashMap<&'static str, RawOwner<'static>>, owner: Option<&RawOwner<'static>>, elements: &mut Vec<Element>) {
    if let Some(owner) = owner {
        inherit(raw, owner.base.and_then(|base| raw.get(base)), elements);
        elements.extend(owner.elements.iter().map(Element::from));
    }
}
