//! Between the passes: conditional creates and updates are decided, by the store as it is and by
//! all that the run brings, and of resources that come again only the last is kept. So what is
//! written depends neither on the order of files nor on how far an earlier run came.

use std::collections::HashMap;

use crate::bundle::of_transaction;
use crate::catalogue::{Catalogue, State};
use crate::survey::refuse;
use crate::{Destination, Error, Failure, Identifier, Issue, Progress, Refusal, Summary};

/// Questions put to the destination at once.
const BATCH: usize = 500;

/// Decides what is decided before anything is written.
pub(crate) fn settle(catalogue: &mut Catalogue, destination: &mut dyn Destination, summary: &mut Summary, progress: &mut dyn Progress) -> Result<(), Error> {
    let asked = std::mem::take(&mut catalogue.asked);
    // Entries that ask first are not what others find: they may come to nothing.
    let asking: std::collections::HashSet<u32> = asked.iter().map(|one| one.entry).collect();
    let mut first: HashMap<Identifier, String> = HashMap::new();
    for chunk in asked.chunks(BATCH) {
        let wanted: Vec<Identifier> = chunk.iter().map(|one| one.identifier.clone()).collect();
        let stored = destination.resolve_identifiers(&wanted)?;
        expect(stored.len(), wanted.len())?;
        for (one, mut ids) in chunk.iter().zip(stored) {
            let kind = catalogue.entries[one.entry as usize].kind;
            let in_run: Vec<String> = catalogue
                .find_identifier(kind, &one.identifier)
                .filter(|entry| catalogue.state(*entry) == State::Waiting && !asking.contains(entry))
                .map(|entry| catalogue.id(entry))
                .collect();
            ids.extend(in_run);
            ids.sort_unstable();
            ids.dedup();
            match (ids.len(), first.get(&one.identifier)) {
                (0, None) => {
                    first.insert(one.identifier.clone(), catalogue.id(one.entry));
                }
                (0, Some(id)) => found(catalogue, summary, one.entry, id.clone(), one.update)?,
                (1, _) => found(catalogue, summary, one.entry, ids.swap_remove(0), one.update)?,
                _ => {
                    let issue = Issue::whole("multiple-matches", "its condition is met by more than one resource");
                    several(catalogue, one.entry, issue, summary, progress);
                }
            }
        }
    }
    for entry in catalogue.sort_ids() {
        summary.of(catalogue.name(catalogue.entries[entry as usize].kind)).repeated += 1;
    }
    Ok(())
}

fn found(catalogue: &mut Catalogue, summary: &mut Summary, entry: u32, id: String, update: bool) -> Result<(), Error> {
    if update {
        return catalogue.set_id(entry, &id);
    }
    if catalogue.state(entry) == State::Waiting {
        catalogue.set_alias(entry, id);
        summary.of(catalogue.name(catalogue.entries[entry as usize].kind)).unchanged += 1;
    }
    Ok(())
}

fn several(catalogue: &mut Catalogue, entry: u32, issue: Issue, summary: &mut Summary, progress: &mut dyn Progress) {
    let members = match catalogue.transaction(entry) {
        Some(group) => (group.first..group.end).collect(),
        None => vec![entry],
    };
    for member in members {
        let known = catalogue.entries[member as usize];
        if known.state == State::Failed {
            continue;
        }
        let name = catalogue.name(known.kind);
        if known.state == State::Alias {
            summary.of(name).unchanged -= 1;
        }
        catalogue.set(member, State::Failed);
        let refusal = Refusal {
            source: catalogue.sources[known.source as usize].name.clone(),
            line: u64::from(known.line),
            issues: vec![if member == entry { issue.clone() } else { of_transaction() }],
        };
        refuse(summary, progress, refusal, Some(name));
    }
}

/// A destination answers each question.
pub(crate) fn expect(answers: usize, questions: usize) -> Result<(), Failure> {
    if answers == questions {
        return Ok(());
    }
    Err(Failure::new(format!("the store gave {answers} answers to {questions} questions")))
}
