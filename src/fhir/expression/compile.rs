//! Steps resolved against R4's definitions.

use super::parse::{RawPath, RawStep, parse};
use super::{Branch, Expression, Filter, Segment, Way};
use crate::r4::{Element, Strength, children, is_resource_type, owner_below, type_named};

/// The variable that holds the resource an expression is run on.
pub(super) const RESOURCE: &str = "%resource";

pub(super) fn absolute(text: &str) -> Result<Expression, String> {
    let branch = |path: RawPath| {
        let mut steps = path.steps.into_iter();
        let root = match steps.next() {
            Some(RawStep::Name(name)) => resource(&name)?,
            _ => return Err("a path starts from a resource type".to_owned()),
        };
        let segments = resolve_all(&[root], steps)?;
        Ok(Branch { root, segments, test: path.test })
    };
    let branches = parse(text)?.into_iter().map(branch).collect::<Result<_, _>>()?;
    Ok(Expression { branches })
}

/// From each thing that the focus can find; a branch that none of them has does not compile.
pub(super) fn relative(focus: &Expression, text: &str) -> Result<Expression, String> {
    let mut roots: Vec<&'static str> = Vec::new();
    for branch in &focus.branches {
        match branch.segments.last() {
            None => roots.push(branch.root),
            Some(segment) => roots.extend(segment.ways.iter().map(|way| way.owner)),
        }
    }
    roots.sort_unstable();
    roots.dedup();
    let mut branches = Vec::new();
    for path in parse(text)? {
        if let [RawStep::Name(name), steps @ ..] = path.steps.as_slice()
            && name == RESOURCE
        {
            let resource = focus.branches.first().map(|branch| branch.root);
            let segments = resolve_all(resource.as_slice(), steps.iter().cloned())?;
            branches.push(Branch { root: RESOURCE, segments, test: path.test });
            continue;
        }
        let before = branches.len();
        let mut fault = String::from("the focus finds nothing");
        for root in &roots {
            match resolve_all(&[root], path.steps.iter().cloned()) {
                Ok(segments) => branches.push(Branch { root, segments, test: path.test }),
                Err(said) => fault = said,
            }
        }
        if branches.len() == before {
            return Err(fault);
        }
    }
    Ok(Expression { branches })
}

fn resource(name: &str) -> Result<&'static str, String> {
    let is_root = is_resource_type(name) || matches!(name, "Resource" | "DomainResource");
    let found = type_named(name).filter(|_| is_root);
    found.ok_or_else(|| format!("`{name}` is not a resource type"))
}

fn resolve_all(roots: &[&'static str], steps: impl Iterator<Item = RawStep>) -> Result<Vec<Segment>, String> {
    let mut segments: Vec<Segment> = Vec::new();
    for step in steps {
        let owners = match segments.last() {
            None => roots.to_vec(),
            Some(segment) => owners(segment),
        };
        if let RawStep::Name(name) = &step {
            segments.push(down(&owners, name)?);
            continue;
        }
        if let RawStep::Extension(url) = &step {
            let mut segment = down(&owners, "extension")?;
            let path = vec![down(&["Extension"], "url")?];
            segment.filters.push(Filter::Equals { path, literal: url.clone() });
            segments.push(segment);
            continue;
        }
        let Some(segment) = segments.last_mut() else {
            return Err("a resource can be neither cast nor filtered".to_owned());
        };
        match step {
            RawStep::Cast(name) => cast(segment, &name)?,
            RawStep::Index(index) => segment.index = Some(index),
            RawStep::WhereRefersTo(name) => segment.filters.push(Filter::RefersTo(resource(&name)?)),
            RawStep::WhereEquals(path, literal) => {
                let path = resolve_all(&owners, path.into_iter())?;
                segment.filters.push(Filter::Equals { path, literal });
            }
            RawStep::Name(_) | RawStep::Extension(_) => {}
        }
    }
    Ok(segments)
}

fn owners(segment: &Segment) -> Vec<&'static str> {
    let mut owners: Vec<_> = segment.ways.iter().map(|way| way.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}

fn down(owners: &[&'static str], name: &str) -> Result<Segment, String> {
    let mut ways = Vec::new();
    let mut found = None;
    let mut chosen = None;
    for owner in owners {
        let elements = children(owner).unwrap_or_default();
        if let Some(element) = elements.iter().find(|element| element.path_name() == name) {
            found = Some(element.path_name());
            ways.extend(all_ways(owner, element));
        } else if let Some(step) = crate::r4::resolve(owner, name) {
            // `valueDateTime` is JSON's name, not FHIRPath's, but US Core writes it.
            found = Some(step.element.path_name());
            chosen = Some(step.type_name);
            ways.extend(all_ways(owner, step.element).filter(|way| way.type_name == step.type_name));
        }
    }
    let name = found.ok_or_else(|| format!("`{}` has no element `{name}`", owners.join("`, `")))?;
    Ok(Segment { name, cast: chosen, filters: Vec::new(), index: None, ways })
}

fn all_ways(owner: &'static str, element: &'static Element) -> impl Iterator<Item = Way> {
    let backbone: &[&'static str] = if element.content_of.is_some() { &["BackboneElement"] } else { &[] };
    let value_set = element.binding.filter(|binding| binding.strength == Strength::Required);
    element.types.iter().chain(backbone).map(move |type_name| Way {
        from: owner,
        json_name: element.json_name(type_name),
        type_name,
        owner: owner_below(owner, element, type_name),
        value_set: value_set.map(|binding| binding.value_set),
    })
}

/// R4 writes `DateTime` where it means `dateTime`, so a type may also be named with its first
/// letter raised.
fn cast(segment: &mut Segment, name: &str) -> Result<(), String> {
    let mut letters = name.chars();
    let lowered: String = letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect();
    let type_name = type_named(name).or_else(|| type_named(&lowered)).ok_or_else(|| format!("`{name}` is not a type"))?;
    segment.ways.retain(|way| way.type_name == type_name);
    if segment.ways.is_empty() {
        return Err(format!("`{}` is never a `{type_name}`", segment.name));
    }
    segment.cast = Some(type_name);
    Ok(())
}
