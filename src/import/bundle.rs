//! Bundles (<https://hl7.org/fhir/R4/bundle.html>), read entry by entry, so that their size does
//! not matter. Collections, searchsets, documents and messages are unpacked; batches and
//! transactions are obeyed as far as an import can: it creates and updates, and never deletes.

mod request;

use std::io::BufRead;

use hearthgate_fhir::id::is_id;

use crate::catalogue::Group;
use request::{obey, refuse};

pub(crate) use request::of_transaction;

use crate::scan::{Broken, Scanner, items, members};
use crate::skim::{self, Request, Search};
use crate::survey::{Place, Survey};
use crate::{Error, Issue};

/// What is to be judged once the bundle's type is known.
struct Pending {
    entry: Option<u32>,
    kind: Option<u8>,
    place: Place,
    request: Option<Request>,
    /// Whether the resource itself says its id.
    own_id: bool,
    problem: Option<Issue>,
}

enum Stop {
    Broken(Broken),
    Error(Error),
    Twice,
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

/// Takes in the bundle that a scanner stands before. What is no
/// bundle was too long for a resource: only such a text is tried without knowing.
pub(crate) fn survey<R: BufRead>(survey: &mut Survey<'_>, mut scanner: Scanner<R>, place: Place) -> Result<(), Error> {
    let mark = survey.catalogue.mark();
    let group = u32::try_from(survey.catalogue.groups.len()).map_err(|_| Error::TooMany)?;
    let first = u32::try_from(survey.catalogue.entries.len()).map_err(|_| Error::TooMany)?;
    survey.catalogue.groups.push(Group { first, end: first, atomic: false });
    let mut pending = Vec::new();
    let (mut resource_type, mut bundle_type, mut seen) = (None, None, false);
    let mut keep = Vec::new();
    let read = members(&mut scanner, &mut |key, scanner| match key {
        "resourceType" | "type" => {
            scanner.value(Some(&mut keep), 4096)?;
            let slot = if key == "type" { &mut bundle_type } else { &mut resource_type };
            let twice = slot.replace(serde_json::from_slice::<String>(&keep).unwrap_or_default()).is_some();
            if twice { Err(Stop::Twice) } else { Ok(()) }
        }
        "entry" if seen => Err(Stop::Twice),
        "entry" => {
            seen = true;
            items(scanner, &mut |scanner| entry(survey, scanner, group, place.source, &mut keep, &mut pending))
        }
        _ => scanner.value(None, 0).map(|_| ()).map_err(Stop::from),
    });
    let end = u32::try_from(survey.catalogue.entries.len()).map_err(|_| Error::TooMany)?;
    if let Some(group) = survey.catalogue.groups.last_mut() {
        group.end = end;
    }
    let issue = match read {
        Err(Stop::Error(error)) => return Err(error),
        Err(Stop::Broken(Broken::Io(cause))) => return Err(survey.failed(place.source, cause)),
        Err(Stop::Twice) => Issue::whole("structure", "a key stands twice in the bundle"),
        Err(Stop::Broken(Broken::End)) => Issue::whole("incomplete", "the text ends before the bundle does"),
        Err(Stop::Broken(Broken::Syntax(wanted))) => Issue::whole("structure", format!("no JSON: {wanted} is expected in line {}", scanner.line)),
        Err(Stop::Broken(Broken::TooLong)) => Issue::whole("too-long", "a value of the bundle is too long"),
        Ok(()) if resource_type.as_deref() != Some("Bundle") => {
            let limit = survey.options.resource_bytes;
            Issue::whole("too-long", format!("a resource has at most {limit} bytes"))
        }
        Ok(()) => match bundle_type.as_deref() {
            Some("searchset" | "collection" | "document" | "message") => return unpack(survey, pending),
            Some("batch") => return obey(survey, group, pending, false),
            Some("transaction") => return obey(survey, group, pending, true),
            Some("history") => Issue::whole("not-supported", "a history bundle holds versions; an import takes current resources"),
            Some("batch-response" | "transaction-response") => Issue::whole("not-supported", "an answer to a batch or transaction holds no resources to take"),
            _ => Issue { code: "required", path: "Bundle.type".to_owned(), message: "the type of the bundle is missing or none of FHIR R4".to_owned() },
        },
    };
    survey.catalogue.back_to(&mark);
    survey.refuse_at(place, None, vec![issue]);
    Ok(())
}

fn entry<R: BufRead>(
    survey: &mut Survey<'_>,
    scanner: &mut Scanner<R>,
    group: u32,
    source: u32,
    keep: &mut Vec<u8>,
    pending: &mut Vec<Pending>,
) -> Result<(), Stop> {
    scanner.peek()?;
    let place = Place { source, offset: scanner.at, line: scanner.line };
    let mut one = Pending { entry: None, kind: None, place, request: None, own_id: false, problem: None };
    match scanner.value(Some(keep), survey.options.resource_bytes) {
        Err(Broken::TooLong) => {
            one.problem = Some(Issue::whole("too-long", format!("an entry has at most {} bytes", survey.options.resource_bytes)));
            pending.push(one);
            return Ok(());
        }
        other => other?,
    };
    let parts = match Parts::read(keep, place) {
        Ok(parts) => parts,
        Err(issue) => {
            one.problem = Some(issue);
            pending.push(one);
            return Ok(());
        }
    };
    // A search's own remarks are no content.
    if parts.search.is_some_and(|search| search.mode == "outcome") {
        return Ok(());
    }
    one.request = parts.request;
    let Some((place, text)) = parts.resource else {
        if one.request.is_some() {
            pending.push(one);
        }
        return Ok(());
    };
    one.place = place;
    match skim::head(text) {
        None => one.problem = Some(survey.fault(text)),
        Some(head) if head.kind.text() == Some("Bundle") => {
            one.problem = Some(Issue::whole("not-supported", "a bundle inside a bundle is not unpacked"));
        }
        Some(head) => match survey.check(&head) {
            Err((kind, issue)) => (one.kind, one.problem) = (kind, Some(issue)),
            Ok((kind, id)) => {
                let id = id.map(str::to_owned).or_else(|| parts.full_url.as_deref().and_then(id_of_url)).unwrap_or_default();
                let number = survey.add(place, text.len(), group, kind, &id, &head).map_err(Stop::Error)?;
                (one.entry, one.kind, one.own_id) = (Some(number), Some(kind), head.id.text().is_some());
                if let Some(url) = &parts.full_url {
                    survey.catalogue.add_url(number, group, url);
                }
                if head.id.text().is_none() && one.request.is_none() && id.is_empty() {
                    one.problem = Some(Issue::whole("required", "a resource needs an id, or a fullUrl that shows one"));
                }
            }
        },
    }
    if one.problem.is_some() || one.request.is_some() {
        pending.push(one);
    }
    Ok(())
}

/// The members of an entry.
#[derive(Default)]
struct Parts<'a> {
    full_url: Option<String>,
    resource: Option<(Place, &'a [u8])>,
    request: Option<Request>,
    search: Option<Search>,
}

impl<'a> Parts<'a> {
    fn read(text: &'a [u8], place: Place) -> Result<Self, Issue> {
        let mut parts = Self::default();
        let mut seen = Vec::new();
        let mut scanner = Scanner::new(text, place.offset, place.line);
        let read = members(&mut scanner, &mut |key, scanner| {
            scanner.peek()?;
            let start = Place { source: place.source, offset: scanner.at, line: scanner.line };
            scanner.value(None, 0)?;
            let range = usize::try_from(start.offset - place.offset).ok().zip(usize::try_from(scanner.at - place.offset).ok());
            let value = range.and_then(|(from, to)| text.get(from..to)).unwrap_or_default();
            if seen.iter().any(|known| known == key) {
                return Err(Broken::Syntax("each key once"));
            }
            seen.push(key.to_owned());
            match key {
                "resource" => parts.resource = Some((start, value)),
                "fullUrl" => parts.full_url = serde_json::from_slice(value).ok(),
                "request" => {
                    let request = serde_json::from_slice(value).map_err(|_| Broken::Syntax("a request with method and url"))?;
                    parts.request = Some(request);
                }
                "search" => parts.search = serde_json::from_slice(value).ok(),
                _ => {}
            }
            Ok::<(), Broken>(())
        });
        match read {
            Ok(()) => Ok(parts),
            Err(Broken::Syntax(wanted)) => Err(Issue::whole("structure", format!("no entry of a bundle: {wanted} is expected"))),
            Err(_) => Err(Issue::whole("structure", "no entry of a bundle")),
        }
    }
}

/// The id that a full URL shows: `urn:uuid:…` or `…/Type/id`.
fn id_of_url(url: &str) -> Option<String> {
    let id = match url.strip_prefix("urn:uuid:") {
        Some(uuid) => uuid,
        None => url.rsplit_once('/').filter(|(before, _)| before.contains("://"))?.1,
    };
    is_id(id).then(|| id.to_owned())
}

fn unpack(survey: &mut Survey<'_>, pending: Vec<Pending>) -> Result<(), Error> {
    let group = survey.catalogue.groups.last().map_or(0..0, |group| group.first..group.end);
    count(survey, group);
    for mut one in pending {
        if one.problem.is_none() && one.entry.is_some_and(|entry| !survey.catalogue.has_id(entry)) {
            one.problem = Some(Issue::whole("required", "a resource needs an id, or a fullUrl that shows one"));
        }
        if let Some(issue) = one.problem.take() {
            refuse(survey, &one, issue);
        }
    }
    Ok(())
}

/// Counts the resources of a bundle as read.
fn count(survey: &mut Survey<'_>, entries: std::ops::Range<u32>) {
    for entry in entries {
        let kind = survey.catalogue.entries[entry as usize].kind;
        survey.summary.of(survey.catalogue.name(kind)).read += 1;
    }
}
