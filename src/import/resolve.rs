//! Where the references of a resource lead, in this run and in the store.

use std::collections::{HashMap, HashSet};

use hearthgate_fhir::Value;
use hearthgate_fhir::reference::{Reference, for_each_reference, parse, rewrite_references};

use crate::catalogue::{Catalogue, NONE, State};
use crate::settle::expect;
use crate::{Destination, Failure, Identifier, condition};

/// Answers of the store that are kept.
const REMEMBERED: usize = 1 << 16;

/// One reference.
pub(crate) enum Link {
    /// To be left alone: contained, or external.
    Keep,
    /// Leads nowhere, whatever the store holds.
    Nowhere,
    /// To a type and id.
    Local(u8, String),
    /// The same, but written otherwise: the reference becomes `Type/id`.
    Renamed(u8, String),
    /// To the one resource with an identifier.
    Asked(u8, Identifier),
}

/// Where a reference leads now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    There,
    /// To a resource earlier in the batch that is being made, or in one under way.
    Batched(u32),
    /// To a resource that is still to be written.
    Later(u32),
    Nowhere,
}

/// What the store said, for this run.
#[derive(Default)]
pub(crate) struct Answers {
    present: HashMap<u64, bool>,
    identified: HashMap<Identifier, Vec<String>>,
}

/// The references of a resource, in the order of the walk.
pub(crate) fn links(catalogue: &Catalogue, entry: u32, resource: &Value) -> Vec<Link> {
    let group = catalogue.entries[entry as usize].group;
    let mut links = Vec::new();
    for_each_reference(resource, &mut |_, text| links.push(link(catalogue, group, text)));
    links
}

fn link(catalogue: &Catalogue, group: u32, text: &str) -> Link {
    let by_url = |url: &str| {
        let entry = (group != NONE).then(|| catalogue.find_url(group, url)).flatten()?;
        let kind = catalogue.entries[entry as usize].kind;
        let alias = catalogue.alias(entry).cloned();
        Some(Link::Renamed(kind, alias.unwrap_or_else(|| catalogue.id(entry))))
    };
    match parse(text, None) {
        Reference::Contained(_) => Link::Keep,
        Reference::Local { type_name, id, .. } => match catalogue.kind(type_name) {
            Some(kind) => match catalogue.alias_of(kind, id) {
                Some(alias) => Link::Renamed(kind, alias.clone()),
                None => Link::Local(kind, id.to_owned()),
            },
            None => Link::Nowhere,
        },
        Reference::Conditional { type_name, query } => {
            let asked = catalogue.kind(type_name).zip(condition::identifier(type_name, query));
            asked.map_or(Link::Nowhere, |(kind, identifier)| Link::Asked(kind, identifier))
        }
        Reference::Urn(url) => by_url(url).unwrap_or(Link::Nowhere),
        Reference::Absolute { url } => by_url(url).unwrap_or(Link::Keep),
        Reference::Other(_) => Link::Nowhere,
    }
}

impl Answers {
    /// Asks the store at once for all that the links of a batch need to know.
    pub(crate) fn ask<'l>(
        &mut self,
        catalogue: &Catalogue,
        links: impl Iterator<Item = &'l Link> + Clone,
        destination: &mut dyn Destination,
    ) -> Result<(), Failure> {
        if self.identified.len() > REMEMBERED {
            self.identified.clear();
        }
        if self.present.len() > REMEMBERED {
            self.present.clear();
        }
        let mut wanted = Vec::new();
        let mut seen = HashSet::new();
        for link in links.clone() {
            if let Link::Asked(_, identifier) = link
                && !self.identified.contains_key(identifier)
                && seen.insert(identifier)
            {
                wanted.push(identifier.clone());
            }
        }
        if !wanted.is_empty() {
            let found = destination.resolve_identifiers(&wanted)?;
            expect(found.len(), wanted.len())?;
            self.identified.extend(wanted.into_iter().zip(found));
        }
        let mut wanted = Vec::new();
        let mut keys = Vec::new();
        let mut seen = HashSet::new();
        for link in links {
            let one;
            let (kind, id) = match link {
                Link::Local(kind, id) | Link::Renamed(kind, id) => (*kind, id),
                Link::Asked(kind, identifier) => match self.one(catalogue, *kind, identifier) {
                    Some(id) => {
                        one = id;
                        (*kind, &one)
                    }
                    None => continue,
                },
                Link::Keep | Link::Nowhere => continue,
            };
            let written = catalogue.find(kind, id).is_some_and(|entry| catalogue.state(entry) == State::Written);
            let key = catalogue.hash_id(kind, id);
            if !written && !self.present.contains_key(&key) && seen.insert(key) {
                wanted.push((catalogue.name(kind), id.clone()));
                keys.push(key);
            }
        }
        if !wanted.is_empty() {
            let found = destination.exists(&wanted)?;
            expect(found.len(), wanted.len())?;
            self.present.extend(keys.into_iter().zip(found));
        }
        Ok(())
    }

    /// The one resource with an identifier, among those of the run and of the store. For what the
    /// run brings, the run's identifiers count and not those that the store still has.
    fn one(&self, catalogue: &Catalogue, kind: u8, identifier: &Identifier) -> Option<String> {
        let alive = |entry: &u32| matches!(catalogue.state(*entry), State::Waiting | State::Batched | State::Written);
        let mut ids: Vec<String> = catalogue.find_identifier(kind, identifier).filter(alive).map(|entry| catalogue.id(entry)).collect();
        let stored = self.identified.get(identifier).into_iter().flatten();
        ids.extend(stored.filter(|id| catalogue.find(kind, id).is_none_or(|entry| !alive(&entry))).cloned());
        ids.sort_unstable();
        ids.dedup();
        ids.pop().filter(|_| ids.is_empty())
    }

    /// Where a link leads for an entry of `unit`, and the text that its reference gets if another.
    pub(crate) fn follow(&self, catalogue: &Catalogue, unit: u32, link: &Link) -> (Leads, Option<String>) {
        let text = |kind: u8, id: &str| Some(format!("{}/{id}", catalogue.name(kind)));
        match link {
            Link::Keep => (Leads::There, None),
            Link::Nowhere => (Leads::Nowhere, None),
            Link::Local(kind, id) => (self.leads(catalogue, unit, *kind, id), None),
            Link::Renamed(kind, id) => match self.leads(catalogue, unit, *kind, id) {
                Leads::Nowhere => (Leads::Nowhere, None),
                leads => (leads, text(*kind, id)),
            },
            Link::Asked(kind, identifier) => match self.one(catalogue, *kind, identifier) {
                None => (Leads::Nowhere, None),
                Some(id) => match self.leads(catalogue, unit, *kind, &id) {
                    Leads::Nowhere => (Leads::Nowhere, None),
                    leads => (leads, text(*kind, &id)),
                },
            },
        }
    }

    fn leads(&self, catalogue: &Catalogue, unit: u32, kind: u8, id: &str) -> Leads {
        let stored = || self.present.get(&catalogue.hash_id(kind, id)).copied().unwrap_or(false);
        let Some(entry) = catalogue.find(kind, id) else {
            return if stored() { Leads::There } else { Leads::Nowhere };
        };
        match catalogue.state(entry) {
            State::Written => Leads::There,
            State::Failed => {
                if stored() {
                    Leads::There
                } else {
                    Leads::Nowhere
                }
            }
            _ if catalogue.unit(entry) == unit => Leads::There,
            _ if stored() => Leads::There,
            State::Batched => Leads::Batched(entry),
            _ => Leads::Later(entry),
        }
    }
}

/// Puts new texts into the references of a resource, in the order of the walk.
pub(crate) fn rename(resource: &mut Value, mut texts: Vec<Option<String>>) {
    if texts.iter().all(Option::is_none) {
        return;
    }
    let mut texts = texts.drain(..);
    rewrite_references(resource, &mut |_| texts.next().flatten());
}

/// The path and text of the references at these places of the walk.
pub(crate) fn places(resource: &Value, wanted: &[usize]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    if !wanted.is_empty() {
        for_each_reference(resource, &mut |path, text| {
            if wanted.contains(&at) {
                found.push((path.to_owned(), text.to_owned()));
            }
            at += 1;
        });
    }
    found
}
