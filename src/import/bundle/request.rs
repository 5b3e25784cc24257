//! What the entries of a batch or transaction ask for
//! (<https://hl7.org/fhir/R4/http.html#transaction>), and whether an import can do it.

use hearthgate_fhir::id::is_id;

use super::{Pending, count};
use crate::catalogue::{Asked, State, random_id};
use crate::survey::{Place, Survey};
use crate::{Error, Issue, condition};

/// Takes the entries of a batch, or of a transaction (`atomic`), as far as they can be obeyed.
pub(super) fn obey(survey: &mut Survey<'_>, group: u32, mut pending: Vec<Pending>, atomic: bool) -> Result<(), Error> {
    let range = survey.catalogue.groups.last().map_or(0..0, |group| group.first..group.end);
    count(survey, range.clone());
    let mut judged = vec![false; range.len()];
    let mut asked = Vec::new();
    for one in &mut pending {
        if let Some(entry) = one.entry {
            judged[(entry - range.start) as usize] = true;
        }
        if one.problem.is_none() {
            one.problem = judge(survey, one, &mut asked)?.err();
        }
    }
    for (entry, _) in range.clone().zip(&judged).filter(|(_, judged)| !**judged) {
        let known = survey.catalogue.entries[entry as usize];
        let place = Place { source: known.source, offset: known.offset, line: u64::from(known.line) };
        let problem =
            Some(Issue { code: "required", path: "Bundle.entry.request".to_owned(), message: "an entry of a batch or transaction needs a request".to_owned() });
        pending.push(Pending { entry: Some(entry), kind: Some(known.kind), place, request: None, own_id: false, problem });
    }
    if atomic {
        let bytes: u64 = range.clone().map(|entry| u64::from(survey.catalogue.entries[entry as usize].length)).sum();
        if bytes > survey.options.transaction_bytes as u64 {
            let message = format!("a transaction is written as one and has at most {} bytes", survey.options.transaction_bytes);
            for one in &mut pending {
                one.problem.get_or_insert_with(|| Issue::whole("too-costly", message.clone()));
            }
        }
        if let Some(group) = survey.catalogue.groups.get_mut(group as usize) {
            group.atomic = true;
        }
    }
    let broken = atomic && pending.iter().any(|one| one.problem.is_some());
    for mut one in pending {
        match one.problem.take() {
            Some(issue) => refuse(survey, &one, issue),
            None if broken => refuse(survey, &one, of_transaction()),
            None => {}
        }
    }
    if !broken {
        survey.catalogue.asked.extend(asked);
    }
    Ok(())
}

/// Why an entry that is good by itself is not taken.
pub(crate) fn of_transaction() -> Issue {
    Issue::whole("processing", "the transaction it belongs to was refused; nothing of it is taken")
}

/// Refuses an entry.
pub(super) fn refuse(survey: &mut Survey<'_>, one: &Pending, issue: Issue) {
    // Its resource is counted as read already.
    if let Some(entry) = one.entry {
        survey.catalogue.set(entry, State::Failed);
        if let Some(kind) = one.kind {
            survey.summary.of(survey.catalogue.name(kind)).read -= 1;
        }
    }
    survey.refuse_at(one.place, one.kind, vec![issue]);
}

/// Whether an import can do what an entry asks for, and under which id.
fn judge(survey: &mut Survey<'_>, one: &Pending, asked: &mut Vec<Asked>) -> Result<Result<(), Issue>, Error> {
    let wrong = |code, path: &str, message: &str| Ok(Err(Issue { code, path: format!("Bundle.entry.request.{path}"), message: message.to_owned() }));
    let Some(request) = &one.request else {
        return wrong("required", "method", "an entry of a batch or transaction needs a request");
    };
    match request.method.as_str() {
        "POST" | "PUT" => {}
        "DELETE" => return wrong("not-supported", "method", "an import never deletes; delete it through the API"),
        "GET" | "HEAD" | "PATCH" => return wrong("not-supported", "method", "an import creates and updates (POST, PUT) only"),
        _ => return wrong("required", "method", "a request needs a method: POST or PUT"),
    }
    let (Some(entry), Some(kind)) = (one.entry, one.kind) else {
        return wrong("required", "method", "POST and PUT need a resource");
    };
    if request.if_match.is_some() || request.if_none_match.is_some() {
        return wrong("not-supported", "ifMatch", "an import knows no versions of the sender; leave ifMatch and ifNoneMatch out");
    }
    let name = survey.catalogue.name(kind);
    let url = request.url.trim_start_matches('/');
    let update = request.method == "PUT";
    if !update && url != name {
        return wrong("value", "url", "the URL of a POST is the type of the resource");
    }
    let mut question = request.if_none_exist.as_deref().filter(|_| !update);
    if update {
        match url.strip_prefix(name).unwrap_or_default().split_at_checked(1) {
            Some(("?", _)) => question = Some(url),
            Some(("/", id)) if is_id(id) => {
                // An id that a full URL shows gives way; one in the resource must be the same.
                if one.own_id && survey.catalogue.id(entry) != id {
                    return wrong("value", "url", "the URL of a PUT names another id than its resource");
                }
                survey.catalogue.set_id(entry, id)?;
            }
            _ => return wrong("value", "url", "the URL of a PUT is Type/id or Type?identifier=system|value, with the type of the resource"),
        }
    }
    if let Some(question) = question {
        let Some(identifier) = condition::of_request(name, question) else {
            return wrong("not-supported", if update { "url" } else { "ifNoneExist" }, "only identifier=system|value is understood as a condition");
        };
        asked.push(Asked { entry, identifier, update });
    }
    if !survey.catalogue.has_id(entry) {
        survey.catalogue.set_id(entry, &random_id(survey.options.fill))?;
    }
    Ok(Ok(()))
}
