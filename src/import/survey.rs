//! The first pass: reads every file once and fills the catalogue. Nothing is written.

use std::io::{BufRead, Read};

use hearthgate_fhir::id::is_id;
use hearthgate_fhir::json::{self, FaultKind};

use crate::catalogue::{Catalogue, Entry, NONE, State};
use crate::scan::{Scanner, newlines};
use crate::skim::{self, Head};
use crate::source::{Found, Layout, Opened, Source};
use crate::{Error, Issue, Options, Phase, Progress, Refusal, Summary, bundle};

/// Where a value stands.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub source: u32,
    pub offset: u64,
    pub line: u64,
}

/// A type and id, or what is wrong with them and the type, if that is known.
type Checked<'h> = Result<(u8, Option<&'h str>), (Option<u8>, Issue)>;

/// The state of the first pass.
pub(crate) struct Survey<'a> {
    pub options: &'a Options<'a>,
    pub catalogue: Catalogue,
    pub summary: &'a mut Summary,
    pub progress: &'a mut dyn Progress,
}

/// Reads all files once.
pub(crate) fn survey(files: Vec<Found>, options: &Options<'_>, summary: &mut Summary, progress: &mut dyn Progress) -> Result<Catalogue, Error> {
    let size = |file: &Found| std::fs::metadata(&file.path).map_or(0, |found| found.len());
    let total = files.iter().map(size).sum();
    let mut done = 0;
    let mut survey = Survey { options, catalogue: Catalogue::new(options.fill), summary, progress };
    for file in files {
        let name = file.path.display().to_string();
        let size = size(&file);
        survey.progress.bytes(Phase::Survey, done, total);
        if survey.progress.stop() {
            return Err(Error::Stopped);
        }
        match file.open(options) {
            Ok(Opened::Source(source, layout)) => survey.source(source, layout, (done, size, total))?,
            Ok(Opened::Damaged(source, layout, fault)) => {
                survey.source(source, layout, (done, size, total))?;
                survey.refuse(&name, 0, None, vec![Issue::whole("incomplete", fault)]);
            }
            Ok(Opened::Foreign) if file.named => {
                let message = "neither JSON nor NDJSON; an archive is to be unpacked first";
                survey.refuse(&name, 0, None, vec![Issue::whole("structure", message)]);
            }
            Ok(Opened::Foreign) => survey.summary.left_out.push(name),
            // A file that was named must be readable; one of a folder is refused.
            Err(error) if file.named => return Err(error),
            Err(error) => survey.refuse(&name, 0, None, vec![Issue::whole("exception", error.to_string())]),
        }
        done += size;
    }
    survey.progress.bytes(Phase::Survey, total, total);
    survey.catalogue.sort();
    Ok(survey.catalogue)
}

impl Survey<'_> {
    fn source(&mut self, source: Source, layout: Layout, (done, on_disk, total): (u64, u64, u64)) -> Result<(), Error> {
        let number = u32::try_from(self.catalogue.sources.len()).map_err(|_| Error::TooMany)?;
        let size = source.size;
        let mut reader = source.reader(0)?;
        self.catalogue.sources.push(source);
        match layout {
            Layout::Empty => Ok(()),
            Layout::Lines => self.lines(number, &mut reader, &mut |survey, at| {
                let share = on_disk.saturating_mul(at >> 10) / (size >> 10).max(1);
                survey.progress.bytes(Phase::Survey, done + share.min(on_disk), total);
            }),
            Layout::Whole => self.whole(number, size, &mut reader),
        }
    }

    fn whole(&mut self, source: u32, size: u64, reader: &mut impl BufRead) -> Result<(), Error> {
        let place = Place { source, offset: 0, line: 1 };
        if size > self.options.resource_bytes as u64 {
            return bundle::survey(self, Scanner::new(reader, 0, 1), place);
        }
        let mut text = Vec::new();
        reader.read_to_end(&mut text).map_err(|cause| self.failed(source, cause))?;
        self.value(&text, place)
    }

    fn lines(&mut self, source: u32, reader: &mut impl BufRead, behind: &mut dyn FnMut(&mut Self, u64)) -> Result<(), Error> {
        let most = self.options.resource_bytes as u64;
        let mut place = Place { source, offset: 0, line: 1 };
        let mut text = Vec::new();
        loop {
            text.clear();
            let length = (&mut *reader).take(most + 2).read_until(b'\n', &mut text).map_err(|cause| self.failed(source, cause))?;
            if length == 0 {
                return Ok(());
            }
            let mut length = length as u64;
            if length > most && !text.ends_with(b"\n") {
                // Only a bundle may be longer: its entries are read one by one.
                let again = self.catalogue.sources[source as usize].reader(place.offset)?;
                bundle::survey(self, Scanner::new(again, place.offset, place.line), place)?;
                length += skip_line(reader).map_err(|cause| self.failed(source, cause))?;
            } else if !text.trim_ascii().is_empty() {
                self.value(&text, place)?;
            }
            place.offset += length;
            place.line += 1;
            if place.line.is_multiple_of(4096) {
                behind(self, place.offset);
            }
        }
    }

    /// Takes in a value that is in memory.
    fn value(&mut self, text: &[u8], place: Place) -> Result<(), Error> {
        let blank = text.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let place = Place { offset: place.offset + blank as u64, line: place.line + newlines(&text[..blank]), ..place };
        let text = text.trim_ascii();
        let Some(head) = skim::head(text) else {
            let issue = self.fault(text);
            self.refuse_at(place, None, vec![issue]);
            return Ok(());
        };
        if head.kind.text() == Some("Bundle") {
            return bundle::survey(self, Scanner::new(text, place.offset, place.line), place);
        }
        match self.check(&head) {
            Err((kind, issue)) => self.refuse_at(place, kind, vec![issue]),
            Ok((kind, None)) => {
                let issue = Issue {
                    code: "required",
                    path: format!("{}.id", self.catalogue.name(kind)),
                    message: "a resource without an id cannot be told from a new one when the import is run again; give it one".to_owned(),
                };
                self.refuse_at(place, Some(kind), vec![issue]);
            }
            Ok((kind, Some(id))) => {
                let id = id.to_owned();
                self.add(place, text.len(), NONE, kind, &id, &head)?;
                self.summary.of(self.catalogue.name(kind)).read += 1;
            }
        }
        Ok(())
    }

    /// The type and id of a head.
    pub(crate) fn check<'h>(&self, head: &'h Head<'_>) -> Checked<'h> {
        let Some(kind) = head.kind.text().and_then(|name| self.catalogue.kind(name)) else {
            return Err((
                None,
                Issue {
                    code: "structure",
                    path: "resourceType".to_owned(),
                    message: "no resource: resourceType must name a resource type of FHIR R4".to_owned(),
                },
            ));
        };
        match (&head.id, head.id.text()) {
            (skim::Loose::Absent, _) => Ok((kind, None)),
            (_, Some(id)) if is_id(id) => Ok((kind, Some(id))),
            _ => Err((
                Some(kind),
                Issue {
                    code: "value",
                    path: format!("{}.id", self.catalogue.name(kind)),
                    message: "an id has 1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'".to_owned(),
                },
            )),
        }
    }

    /// Adds a resource with its identifiers.
    pub(crate) fn add(&mut self, place: Place, length: usize, group: u32, kind: u8, id: &str, head: &Head<'_>) -> Result<u32, Error> {
        let entry = Entry {
            offset: place.offset,
            length: u32::try_from(length).map_err(|_| Error::TooMany)?,
            line: u32::try_from(place.line).unwrap_or(u32::MAX),
            source: place.source,
            group,
            kind,
            state: State::Waiting,
        };
        let number = self.catalogue.add(entry, id)?;
        for identifier in &head.identifier.0 {
            if let Some(value) = identifier.value.text() {
                self.catalogue.add_identifier(number, kind, identifier.system.text().unwrap_or_default(), value);
            }
        }
        Ok(number)
    }

    /// What the strict parser says about a text that could not be skimmed.
    pub(crate) fn fault(&self, text: &[u8]) -> Issue {
        match json::parse(text, &self.options.limits()) {
            Err(fault) => issue_of(fault),
            Ok(_) => Issue::whole("structure", "no resource: one JSON object with resourceType and id is expected"),
        }
    }

    pub(crate) fn failed(&self, source: u32, cause: std::io::Error) -> Error {
        self.catalogue.sources[source as usize].failed(cause)
    }

    pub(crate) fn refuse_at(&mut self, place: Place, kind: Option<u8>, issues: Vec<Issue>) {
        let name = self.catalogue.sources[place.source as usize].name.clone();
        if let Some(kind) = kind {
            self.summary.of(self.catalogue.name(kind)).read += 1;
        }
        self.refuse(&name, place.line, kind.map(|kind| self.catalogue.name(kind)), issues);
    }

    fn refuse(&mut self, source: &str, line: u64, kind: Option<&'static str>, issues: Vec<Issue>) {
        refuse(self.summary, self.progress, Refusal { source: source.to_owned(), line, issues }, kind);
    }
}

/// Counts and tells a refusal.
pub(crate) fn refuse(summary: &mut Summary, progress: &mut dyn Progress, refusal: Refusal, kind: Option<&'static str>) {
    match kind {
        Some(kind) => summary.of(kind).refused += 1,
        None => summary.unreadable += 1,
    }
    progress.refused(&refusal);
}

/// The issue that says what the parser found.
pub(crate) fn issue_of(fault: json::Fault) -> Issue {
    let code = match fault.kind {
        FaultKind::Structure => "structure",
        FaultKind::Value => "value",
        FaultKind::TooLong => "too-long",
    };
    Issue { code, path: fault.path, message: fault.message }
}

fn skip_line(reader: &mut impl BufRead) -> std::io::Result<u64> {
    let mut skipped = 0;
    loop {
        let chunk = reader.fill_buf()?;
        let end = chunk.iter().position(|b| *b == b'\n');
        let used = end.map_or(chunk.len(), |at| at + 1);
        reader.consume(used);
        skipped += used as u64;
        if end.is_some() || used == 0 {
            return Ok(skipped);
        }
    }
}
