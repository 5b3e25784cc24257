//! Handing batches to the destination, and counting what became of them.

use super::{Delivery, Flight, Manner, Ready};
use crate::bundle::of_transaction;
use crate::catalogue::State;
use crate::settle::expect;
use crate::survey::refuse;
use crate::{AHEAD, Batch, Dangling, Error, Issue, Phase, Refusal, Written};

/// What is remembered of an item while the destination has it.
pub(super) struct Note {
    entry: u32,
    leans_on: Vec<u32>,
    early: bool,
    dangling: Vec<(String, String)>,
}

impl Delivery<'_> {
    pub(super) fn write(&mut self, ready: Vec<Ready>, atomic: bool, manner: Manner) -> Result<(), Error> {
        if ready.is_empty() {
            return Ok(());
        }
        let mut notes = Vec::with_capacity(ready.len());
        let mut items = Vec::with_capacity(ready.len());
        for one in ready {
            let dangling = one.item.dangling.clone();
            notes.push(Note { entry: one.entry, leans_on: one.leans_on, early: one.early, dangling });
            items.push(one.item);
        }
        let batch = Batch { items, atomic, system: self.options.system.clone() };
        self.destination.write(batch)?;
        self.flights.push_back(Flight { notes, atomic, manner });
        while self.flights.len() > AHEAD {
            self.settle()?;
        }
        Ok(())
    }

    /// Waits for all that is under way.
    pub(super) fn settle_all(&mut self) -> Result<(), Error> {
        while self.settle()? {}
        Ok(())
    }

    /// Waits for the oldest batch under way; answers whether there was one.
    pub(super) fn settle(&mut self) -> Result<bool, Error> {
        let Some(Flight { notes, atomic, manner }) = self.flights.pop_front() else { return Ok(false) };
        let mut written = self.destination.written()?;
        expect(written.len(), notes.len())?;
        let refused = |written: &Written| matches!(written, Written::Refused(_));
        if atomic && written.iter().any(refused) {
            for one in written.iter_mut().filter(|one| !refused(one)) {
                *one = Written::Refused(vec![of_transaction()]);
            }
        }
        if manner == Manner::Again {
            self.written_again(&notes, written);
            return Ok(true);
        }
        // First what was refused: what leans on it must know.
        for (note, _) in notes.iter().zip(&written).filter(|(_, one)| refused(one)) {
            self.catalogue.set(note.entry, State::Failed);
        }
        for (note, written) in notes.into_iter().zip(written) {
            let Note { entry, leans_on, early, dangling } = note;
            let unit = self.catalogue.unit(entry);
            // Refused, or to be tried again because of what it leans on itself.
            let fell = leans_on.iter().any(|target| self.catalogue.state(*target) != State::Written);
            match written {
                Written::Refused(_) if fell && !atomic => {
                    self.catalogue.set(entry, State::Waiting);
                    self.free.push_back(unit);
                    continue;
                }
                Written::Refused(issues) => self.fail(entry, issues),
                taken => {
                    self.catalogue.set(entry, State::Written);
                    self.done += u64::from(self.catalogue.entries[entry as usize].length);
                    let of = self.summary.of(self.catalogue.name(self.catalogue.entries[entry as usize].kind));
                    match taken {
                        Written::Created => of.created += 1,
                        Written::Updated => of.updated += 1,
                        _ => of.unchanged += 1,
                    }
                    if early || fell {
                        if self.again.last() != Some(&unit) {
                            self.again.push(unit);
                        }
                    } else {
                        self.dangle(entry, dangling);
                    }
                }
            }
            if !atomic {
                self.release(unit);
            } else if let Some(group) = self.catalogue.transaction(entry) {
                let first = group.first;
                self.release(first);
            }
        }
        self.progress.bytes(Phase::Delivery, self.done, self.total);
        Ok(true)
    }

    /// What was taken before stays taken; a refusal now means that its references stay as they are.
    fn written_again(&mut self, notes: &[Note], written: Vec<Written>) {
        for (note, written) in notes.iter().zip(written) {
            self.dangle(note.entry, note.dangling.clone());
            if let Written::Refused(issues) = written {
                let refusal = self.refusal(note.entry, issues);
                self.progress.refused(&refusal);
            }
        }
    }

    fn dangle(&mut self, entry: u32, dangling: Vec<(String, String)>) {
        let known = self.catalogue.entries[entry as usize];
        let type_name = self.catalogue.name(known.kind);
        for (path, reference) in dangling {
            self.summary.add_dangling(type_name, &reference);
            self.progress.dangling(&Dangling {
                source: self.catalogue.sources[known.source as usize].name.clone(),
                line: u64::from(known.line),
                type_name,
                path,
                reference,
            });
        }
    }

    pub(super) fn fail(&mut self, entry: u32, issues: Vec<Issue>) {
        self.catalogue.set(entry, State::Failed);
        let known = self.catalogue.entries[entry as usize];
        self.done += u64::from(known.length);
        let refusal = self.refusal(entry, issues);
        refuse(self.summary, self.progress, refusal, Some(self.catalogue.name(known.kind)));
    }

    fn refusal(&self, entry: u32, issues: Vec<Issue>) -> Refusal {
        let known = self.catalogue.entries[entry as usize];
        Refusal { source: self.catalogue.sources[known.source as usize].name.clone(), line: u64::from(known.line), issues }
    }
}
