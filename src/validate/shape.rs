//! R4's definitions turned into tables that one lookup a key walks: every JSON name an object may
//! have, with its type, cardinality and codes.

use std::collections::HashMap;
use std::sync::OnceLock;

use hearthgate_fhir::Object;
use hearthgate_fhir::r4::{self, Element, Strength};

use crate::binding::{self, CodeSet};
use crate::invariant;
use crate::primitive::Primitive;
use crate::report::Report;

/// What may stand in one kind of object.
pub(crate) struct Shape {
    /// `Patient`, `HumanName`, `Patient.contact`.
    pub(crate) owner: &'static str,
    pub(crate) is_resource: bool,
    /// What its type demands of the whole object.
    pub(crate) invariant: Option<fn(&mut Report, &Object)>,
    /// By JSON name, choices spelt out.
    pub(crate) fields: HashMap<String, Field>,
    pub(crate) slots: Vec<Slot>,
    /// A bit for each slot that must be there.
    pub(crate) required: u128,
}

/// One element of R4: all spellings of a choice share it.
pub(crate) struct Slot {
    /// Without `[x]`.
    pub(crate) name: &'static str,
    pub(crate) min: u32,
    pub(crate) max: Option<u32>,
}

/// One JSON name.
pub(crate) struct Field {
    /// The place of its slot, below 128.
    pub(crate) slot: u8,
    pub(crate) list: bool,
    pub(crate) content: Content,
    /// The codes of a required binding that can be counted.
    pub(crate) codes: Option<&'static CodeSet>,
    /// The types a `Reference` may name; empty where any may be named.
    pub(crate) targets: &'static [&'static str],
}

#[derive(Clone, Copy)]
pub(crate) enum Content {
    Primitive(Primitive),
    Object(usize),
    Resource,
}

/// All shapes that can be reached from a resource type.
pub(crate) struct Shapes {
    shapes: Vec<Shape>,
    by_owner: HashMap<String, usize>,
    sibling: usize,
}

impl Shapes {
    pub(crate) fn of_type(&self, resource_type: &str) -> Option<&Shape> {
        let shape = self.shapes.get(*self.by_owner.get(resource_type)?)?;
        shape.is_resource.then_some(shape)
    }

    pub(crate) fn at(&self, place: usize) -> &Shape {
        // Places are made by `place` below and never outlive the table.
        &self.shapes[place]
    }

    /// What the `_name` sibling of a primitive may hold.
    pub(crate) fn sibling(&self) -> &Shape {
        self.at(self.sibling)
    }
}

pub(crate) fn shapes() -> &'static Shapes {
    static SHAPES: OnceLock<Shapes> = OnceLock::new();
    SHAPES.get_or_init(|| {
        let mut making = Making::default();
        for name in r4::resource_types() {
            making.place(name);
        }
        let sibling = making.place("string");
        let mut shapes = Vec::new();
        while let Some(owner) = making.owners.get(shapes.len()).cloned() {
            shapes.push(making.shape(&owner));
        }
        Shapes { shapes, by_owner: making.by_owner, sibling }
    })
}

/// A work list: a shape asks for the places of those below it, which are made later.
#[derive(Default)]
struct Making {
    owners: Vec<String>,
    by_owner: HashMap<String, usize>,
    sets: HashMap<&'static str, Option<&'static CodeSet>>,
}

impl Making {
    fn place(&mut self, owner: &str) -> usize {
        if let Some(place) = self.by_owner.get(owner) {
            return *place;
        }
        self.owners.push(owner.to_owned());
        self.by_owner.insert(owner.to_owned(), self.owners.len() - 1);
        self.owners.len() - 1
    }

    fn shape(&mut self, owner: &str) -> Shape {
        let elements = r4::children(owner).unwrap_or_default();
        debug_assert!(!elements.is_empty() && elements.len() <= 128, "{owner}");
        let mut fields = HashMap::new();
        let mut slots = Vec::new();
        let mut required = 0;
        for element in elements.iter().take(128) {
            let slot = slots.len() as u8;
            slots.push(Slot { name: element.path_name(), min: element.min, max: element.max });
            if element.min > 0 {
                required |= 1 << slot;
            }
            let names = if element.types.is_empty() { &["BackboneElement"][..] } else { &element.types };
            for type_name in names {
                let name = element.json_name(type_name);
                let field = self.field(owner, element, type_name, &name, slot);
                fields.insert(name, field);
            }
        }
        let is_resource = r4::is_resource_type(owner);
        Shape { owner: String::leak(owner.to_owned()), is_resource, invariant: invariant::of(owner), fields, slots, required }
    }

    fn field(&mut self, owner: &str, element: &'static Element, type_name: &str, name: &str, slot: u8) -> Field {
        let content = if matches!(type_name, "Resource" | "DomainResource") {
            Content::Resource
        } else if let Some(primitive) = Primitive::named(type_name) {
            Content::Primitive(primitive)
        } else {
            let below = r4::resolve(owner, name).map_or_else(|| type_name.to_owned(), |found| found.owner);
            Content::Object(self.place(&below))
        };
        let bindable = matches!(type_name, "code" | "string" | "uri" | "url" | "canonical" | "Coding" | "CodeableConcept" | "Quantity");
        let required = element.binding.filter(|binding| binding.strength == Strength::Required && bindable);
        let codes = required.and_then(|bound| *self.sets.entry(bound.value_set).or_insert_with(|| binding::code_set(bound.value_set)));
        let open = type_name != "Reference" || element.reference_targets.contains(&"Resource");
        let targets = if open { &[][..] } else { &element.reference_targets };
        Field { slot, list: element.is_list(), content, codes, targets }
    }
}
