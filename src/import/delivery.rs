//! The second pass: reads the resources again, targets before what refers to them, and writes
//! them in batches.

mod written;

use std::collections::VecDeque;

use hearthgate_fhir::Value;

use crate::bundle::of_transaction;
use crate::catalogue::{Catalogue, State};
use crate::hold::Hold;
use crate::intake::Reader;
use crate::resolve::{Answers, Leads, Link, links, places, rename};
use crate::{Destination, Error, Item, Options, Phase, Progress, Summary, order};

/// How a chunk of units is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// What refers to something still to come is held back.
    Ordinary,
    /// All is written; what is still to come dangles, and the unit is written again at the end.
    Forced,
    /// The second time: only references have changed.
    Again,
}

/// A resource that is read and not written yet.
struct Loaded {
    entry: u32,
    resource: Value,
    links: Vec<Link>,
}

/// A resource of the batch that is being made.
struct Ready {
    entry: u32,
    item: Item,
    /// Resources of the same batch, or of one under way, that it refers to: should one of them be
    /// refused, it is written again.
    leans_on: Vec<u32>,
    /// Some of its references lead to what is still to come.
    early: bool,
}

/// A batch that the destination has taken and not answered.
struct Flight {
    notes: Vec<written::Note>,
    atomic: bool,
    manner: Manner,
}

struct Delivery<'a> {
    catalogue: Catalogue,
    options: &'a Options<'a>,
    destination: &'a mut dyn Destination,
    summary: &'a mut Summary,
    progress: &'a mut dyn Progress,
    reader: Reader,
    answers: Answers,
    hold: Hold,
    ranks: Vec<u8>,
    /// Units that waited and are free now.
    free: VecDeque<u32>,
    /// Units to be written once more.
    again: Vec<u32>,
    /// Batches under way, the oldest first.
    flights: VecDeque<Flight>,
    done: u64,
    total: u64,
}

/// Writes all that waits in the catalogue.
pub(crate) fn deliver(
    catalogue: Catalogue,
    options: &Options<'_>,
    destination: &mut dyn Destination,
    summary: &mut Summary,
    progress: &mut dyn Progress,
) -> Result<(), Error> {
    let total = catalogue.entries.iter().filter(|entry| entry.state == State::Waiting).map(|entry| u64::from(entry.length)).sum();
    let mut delivery = Delivery {
        catalogue,
        options,
        destination,
        summary,
        progress,
        reader: Reader::default(),
        answers: Answers::default(),
        hold: Hold::default(),
        ranks: order::ranks(),
        free: VecDeque::new(),
        again: Vec::new(),
        flights: VecDeque::new(),
        done: 0,
        total,
    };
    delivery.run()
}

impl Delivery<'_> {
    fn run(&mut self) -> Result<(), Error> {
        let order = self.units();
        let mut order = order.into_iter();
        loop {
            let mut chunk = self.chunk(&mut order);
            let mut manner = Manner::Ordinary;
            // What is under way may set free what waits for it.
            if chunk.is_empty() && self.settle()? {
                continue;
            }
            if chunk.is_empty() {
                let (catalogue, ranks) = (&self.catalogue, &self.ranks);
                chunk = self.hold.break_circles(|unit| rank(catalogue, ranks, unit));
                manner = Manner::Forced;
            }
            if chunk.is_empty() {
                break;
            }
            for chunk in chunk.chunks(self.options.batch.max(1)) {
                self.process(chunk, manner)?;
            }
        }
        let mut again = std::mem::take(&mut self.again);
        again.sort_unstable_by_key(|unit| rank(&self.catalogue, &self.ranks, *unit));
        again.dedup();
        for chunk in again.chunks(self.options.batch.max(1)) {
            self.process(chunk, Manner::Again)?;
        }
        self.settle_all()?;
        self.progress.bytes(Phase::Delivery, self.total, self.total);
        Ok(())
    }

    /// All units, in the order of their types.
    fn units(&self) -> Vec<u32> {
        let count = u32::try_from(self.catalogue.entries.len()).unwrap_or(u32::MAX);
        let mut units: Vec<u32> = (0..count)
            .filter(|entry| match self.catalogue.transaction(*entry) {
                Some(group) => group.first == *entry && !self.catalogue.members(*entry).is_empty(),
                None => self.catalogue.state(*entry) == State::Waiting,
            })
            .collect();
        units.sort_unstable_by_key(|unit| rank(&self.catalogue, &self.ranks, *unit));
        units
    }

    /// The next units: those that became free, then those in order.
    fn chunk(&mut self, order: &mut impl Iterator<Item = u32>) -> Vec<u32> {
        let mut chunk = Vec::new();
        let mut bytes = 0;
        while chunk.len() < self.options.batch.max(1) && bytes < self.options.batch_bytes {
            let Some(unit) = self.free.pop_front().or_else(|| order.next()) else {
                break;
            };
            bytes += self.catalogue.entries[unit as usize].length as usize;
            chunk.push(unit);
            // A transaction may be large.
            if self.catalogue.transaction(unit).is_some() {
                break;
            }
        }
        // What became free came in any order; the files are read forwards.
        chunk.sort_unstable_by_key(|unit| rank(&self.catalogue, &self.ranks, *unit));
        chunk
    }

    fn process(&mut self, chunk: &[u32], manner: Manner) -> Result<(), Error> {
        if self.progress.stop() {
            return Err(Error::Stopped);
        }
        let mut units = Vec::with_capacity(chunk.len());
        for unit in chunk {
            if let Some(loaded) = self.load(*unit, manner)? {
                units.push((*unit, loaded));
            }
        }
        let all = units.iter().flat_map(|(_, loaded)| loaded).flat_map(|one| &one.links);
        self.answers.ask(&self.catalogue, all, self.destination)?;
        let mut ready = Vec::new();
        let mut held = Vec::new();
        for (unit, loaded) in units {
            let atomic = self.catalogue.transaction(unit).is_some();
            if atomic {
                // All or nothing: what it refers to must be known to be there.
                self.write(std::mem::take(&mut ready), false, manner)?;
                self.settle_all()?;
            }
            let Some(made) = self.make(unit, loaded, manner) else {
                held.push(unit);
                continue;
            };
            if manner != Manner::Again {
                for one in &made {
                    self.catalogue.set(one.entry, State::Batched);
                }
            }
            ready.extend(made);
            if atomic {
                self.write(std::mem::take(&mut ready), true, manner)?;
            }
        }
        self.write(ready, false, manner)?;
        self.progress.bytes(Phase::Delivery, self.done, self.total);
        let (catalogue, ranks) = (&self.catalogue, &self.ranks);
        let mut forced: Vec<u32> = held.iter().filter_map(|unit| self.hold.break_circle_of(*unit, |unit| rank(catalogue, ranks, unit))).collect();
        if !forced.is_empty() {
            forced.sort_unstable_by_key(|unit| rank(catalogue, ranks, *unit));
            self.process(&forced, Manner::Forced)?;
        }
        Ok(())
    }

    /// Reads a unit; what cannot be read is refused.
    fn load(&mut self, unit: u32, manner: Manner) -> Result<Option<Vec<Loaded>>, Error> {
        let members = self.catalogue.members(unit);
        let mut loaded = Vec::with_capacity(members.len());
        for entry in &members {
            match self.reader.load(&self.catalogue, *entry, self.options)? {
                Ok(resource) => {
                    let links = links(&self.catalogue, *entry, &resource);
                    loaded.push(Loaded { entry: *entry, resource, links });
                }
                Err(_) if manner == Manner::Again => return Ok(None),
                Err(issue) => {
                    for member in &members {
                        let issue = if member == entry { issue.clone() } else { of_transaction() };
                        self.fail(*member, vec![issue]);
                    }
                    self.release(unit);
                    return Ok(None);
                }
            }
        }
        Ok(Some(loaded))
    }

    /// Resolves the references of a unit; `None` when it is held back.
    fn make(&mut self, unit: u32, loaded: Vec<Loaded>, manner: Manner) -> Option<Vec<Ready>> {
        let mut later = Vec::new();
        let mut made = Vec::with_capacity(loaded.len());
        for mut one in loaded {
            let mut texts = Vec::with_capacity(one.links.len());
            let (mut dangling, mut leans_on, mut early) = (Vec::new(), Vec::new(), false);
            for (at, link) in one.links.iter().enumerate() {
                let (leads, text) = self.answers.follow(&self.catalogue, unit, link);
                texts.push(text);
                match leads {
                    Leads::There => {}
                    Leads::Batched(target) => leans_on.push(target),
                    Leads::Nowhere => dangling.push(at),
                    Leads::Later(target) => {
                        let target = self.catalogue.unit(target);
                        if !later.contains(&target) {
                            later.push(target);
                        }
                        early = true;
                        dangling.push(at);
                    }
                }
            }
            if !later.is_empty() && manner == Manner::Ordinary {
                continue;
            }
            rename(&mut one.resource, texts);
            let dangling = places(&one.resource, &dangling);
            let known = self.catalogue.entries[one.entry as usize];
            let item =
                Item { resource: one.resource, dangling, source: self.catalogue.sources[known.source as usize].name.clone(), line: u64::from(known.line) };
            made.push(Ready { entry: one.entry, item, leans_on, early });
        }
        if !later.is_empty() && manner == Manner::Ordinary {
            self.hold.add(unit, later);
            return None;
        }
        Some(made)
    }

    fn release(&mut self, unit: u32) {
        self.free.extend(self.hold.release(unit));
    }
}

/// The place of a unit in the order of writing.
fn rank(catalogue: &Catalogue, ranks: &[u8], unit: u32) -> u64 {
    let rank = match catalogue.transaction(unit) {
        Some(_) => order::TRANSACTIONS,
        None => ranks.get(usize::from(catalogue.entries[unit as usize].kind)).copied().unwrap_or(u8::MAX),
    };
    u64::from(rank) << 32 | u64::from(unit)
}
