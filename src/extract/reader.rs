//! Reads one note and brings its findings to what it says.

use super::brought::{Brought, newest};
use super::feed::{PAUSE, position};
use super::note::Note;
use super::reading::{Attachment, Reading, Source};
use super::{device, finding, unit};
use crate::ops::instance::Instance;
use crate::rest::fault::Fault;
use crate::rest::new_id;
use hearthgate_access::{Caller, Interaction, InternalCaller};
use hearthgate_fhir::Value;
use hearthgate_ledger::Event;
use hearthgate_mapping::Plan;
use hearthgate_nlp::Engine;
use hearthgate_store::{AuditRow, Change, Context, Error, Expect, Stored, Unit, Version};
use std::cell::Cell;
use tokio::runtime::Handle;

/// How often a note is read anew because somebody wrote to it or its findings meanwhile.
const TRIES: usize = 8;
/// Most findings of one note that are written.
const MOST: usize = 4_000;
/// Most notes whose text stands in one Binary.
const MOST_NOTES: u32 = 100;

/// The reader of notes.
pub(super) struct Reader {
    engine: Engine,
    caller: Caller,
    device: String,
    /// The Device's name.
    name: String,
    /// Whether the Device was written since the start: an empty record holds none.
    introduced: Cell<bool>,
    /// What imports bring.
    brought: Brought,
}

/// Where in the feed a note is read.
#[derive(Clone, Copy)]
struct At<'a> {
    key: &'a str,
    seq: i64,
}

impl Reader {
    pub fn new(instance: &Instance) -> Result<Self, String> {
        let engine = Engine::new().map_err(|e| e.to_string())?;
        let lexicon = engine.lexicon_version();
        let (device, name) = (device::id(lexicon), device::name(lexicon));
        let caller = Caller::internal(InternalCaller::Extraction, &instance.roles);
        caller.rule("Device", Interaction::Update).map_err(|e| e.to_string())?;
        Ok(Self { engine, caller, device, name, introduced: Cell::new(false), brought: Brought::default() })
    }

    /// Who reads.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Reads the note of a version, or the notes whose text it is; answers whether it was any.
    pub fn read(&self, instance: &Instance, runtime: &Handle, version: &Version, key: &str) -> Result<bool, String> {
        let at = At { key, seq: version.seq };
        match version.resource_type.as_str() {
            "DocumentReference" => {
                self.note(instance, runtime, &version.id, Some(version.version), at)?;
                Ok(true)
            }
            "Binary" if self.is_stored_alone(instance, &version.id).map_err(|e| e.to_string())? => {
                let base = &instance.gateway.settings.base;
                let addresses = format!("Binary/{0},{base}/Binary/{0}", version.id);
                let notes = runtime.block_on(instance.gateway.ids(&self.caller, "DocumentReference", "location", &addresses, MOST_NOTES));
                for note in notes.map_err(|fault| format!("{fault:?}"))? {
                    self.note(instance, runtime, &note, None, at)?;
                }
                Ok(true)
            }
            "Observation" => {
                let plan = unit::plan(&instance.gateway.mappings).ok_or("no mapping serves the findings")?;
                let note = self.brought.note_to_read(instance, &self.caller, plan, version).map_err(|e| e.to_string())?;
                note.map_or(Ok(false), |note| self.note(instance, runtime, &note, None, at).map(|()| true))
            }
            _ => Ok(false),
        }
    }

    /// Whether a Binary has bytes of its own: that of a note is the note once more.
    fn is_stored_alone(&self, instance: &Instance, id: &str) -> Result<bool, Error> {
        let known = instance.gateway.store.current("Binary", id)?;
        Ok(known.is_some_and(|known| instance.gateway.mappings.of_type("Binary").any(|plan| plan.index == known.plan && plan.table.table == "binaries")))
    }

    /// Reads a note, as of a version if it is still that.
    fn note(&self, instance: &Instance, runtime: &Handle, id: &str, version: Option<u64>, at: At<'_>) -> Result<(), String> {
        let mut missing = 0;
        for _ in 0..TRIES {
            match self.try_note(instance, runtime, id, version, at) {
                Err(Error::Conflict { .. }) => {}
                // Its text, or the note, went away meanwhile.
                Err(Error::MissingReference(_)) if missing < 2 => missing += 1,
                Err(error @ (Error::Busy | Error::Timeout)) => {
                    tracing::debug!(%error, "a note waits to be read");
                    std::thread::sleep(PAUSE);
                }
                // What the table refuses of one note keeps no other from being read.
                Err(error @ (Error::Constraint(_) | Error::MissingReference(_) | Error::OutsideBoundary | Error::NotFound)) => {
                    tracing::error!(%error, seq = at.seq, "a note was not read");
                    return self.pass(instance, runtime, at).map_err(|e| e.to_string());
                }
                Err(error) => return Err(error.to_string()),
                Ok(()) => return Ok(()),
            }
        }
        Err("others write to the findings of a note again and again".to_owned())
    }

    /// Goes on without findings.
    fn pass(&self, instance: &Instance, runtime: &Handle, at: At<'_>) -> Result<(), Error> {
        let unit = self.unit(instance, vec![position(at.key, at.seq, None)]);
        runtime.block_on(instance.gateway.store.write(unit)).map(drop).map_err(|refused| refused.error)
    }

    fn try_note(&self, instance: &Instance, runtime: &Handle, id: &str, version: Option<u64>, at: At<'_>) -> Result<(), Error> {
        let gateway = &instance.gateway;
        let stored = gateway.find(&self.caller, "DocumentReference", id).map_err(error)?;
        // Of a newer version, the feed tells later; of one that is gone, the findings went with it.
        let Some(stored) = stored.filter(|stored| !stored.deleted && version.is_none_or(|version| stored.version == version)) else {
            return self.pass(instance, runtime, at);
        };
        let Some(note) = Note::of(&stored, &gateway.settings.base, |attachment, patient| self.text(instance, attachment, patient))? else {
            return self.pass(instance, runtime, at);
        };
        let plan = unit::plan(&gateway.mappings).ok_or_else(|| Error::Schema("no mapping serves the findings".to_owned()))?;
        let reference = format!("DocumentReference/{}", note.id);
        let until = newest(instance)?;
        let there = runtime.block_on(gateway.list(&self.caller, "Observation", "derived-from", &reference, MOST as u32 * 2)).map_err(error)?;
        let there = self.brought.known(instance, plan, there)?;
        let now = hearthgate_fhir::date::format_instant(gateway.now());
        let mut left = MOST;
        let mut found = Vec::with_capacity(note.texts.len());
        for text in &note.texts {
            let mut document = self.engine.read(&text.text);
            if document.truncated || document.findings.len() > left {
                tracing::warn!(seq = at.seq, most = MOST, "a note holds more findings than are kept");
                document.findings.truncate(left);
            }
            left -= document.findings.len();
            found.push(document.findings);
        }
        let wanted = finding::wanted(&note, &found, &self.device, &now, &gateway.keyring);
        let made = unit::changes(plan, wanted, there, |id| self.free(instance, plan, id))?;
        let mut changes = made.changes.into_iter().peekable();
        let mut found = made.found.into_iter();
        loop {
            let mut part: Vec<Change> = changes.by_ref().take(unit::AT_ONCE).collect();
            let targets: Vec<String> = found.by_ref().take(part.iter().filter(|change| matches!(change, Change::Put(_))).count()).collect();
            if !targets.is_empty() {
                if !self.introduced.get() {
                    part.insert(0, self.introduction(instance)?);
                }
                part.extend(unit::provenance(&gateway.mappings, &new_id(), &note, &targets, (&self.device, &self.name), &now));
            }
            let last = changes.peek().is_none();
            // A part that is not the last leaves the note to be read again.
            part.push(position(at.key, if last { at.seq } else { at.seq - 1 }, Some((&note.id, note.version))));
            let mut unit = self.unit(instance, part);
            unit.audit = Some(AuditRow { event: self.event(instance, &note) });
            runtime.block_on(gateway.store.write(unit)).map_err(|refused| refused.error)?;
            if !targets.is_empty() {
                self.introduced.set(true);
            }
            if last {
                self.brought.read(&note.id, until);
                return Ok(());
            }
        }
    }

    /// An id under which nothing but a finding stands: somebody may have written under one of a finding that is gone.
    fn free(&self, instance: &Instance, plan: &Plan, id: String) -> Result<String, Error> {
        let there = instance.gateway.store.current("Observation", &id)?;
        let is_taken = there.is_some_and(|there| !there.deleted && there.plan != plan.index);
        Ok(if is_taken { finding::id(&instance.gateway.keyring, "findings.public_id", &id) } else { id })
    }

    /// The text of an attachment; that of a Binary only where it is the same patient's.
    fn text(&self, instance: &Instance, attachment: Attachment, patient: &str) -> Result<Option<Reading>, Error> {
        let Source::Binary(id) = &attachment.source else { return Ok(attachment.reading(None)) };
        if !self.is_stored_alone(instance, id)? {
            return Ok(None);
        }
        let stored = instance.gateway.find(&self.caller, "Binary", id).map_err(error)?.filter(|stored| !stored.deleted);
        Ok(stored.and_then(|stored| of_patient(&stored, patient)).and_then(|binary| attachment.reading(Some(&binary))))
    }

    /// The Device itself, which stands in the record before anything names it.
    fn introduction(&self, instance: &Instance) -> Result<Change, Error> {
        let value = device::device(self.engine.lexicon_version());
        unit::put(&instance.gateway.mappings, "Device", &self.device, &value, Expect::Any).ok_or_else(|| Error::Schema("no mapping takes a Device".to_owned()))
    }

    fn unit(&self, instance: &Instance, changes: Vec<Change>) -> Unit {
        let client = Some(self.caller.client().to_owned());
        Unit { context: Context { actor: None, client, at_ms: instance.gateway.now() }, changes, audit: None }
    }

    /// The event of a note that was read.
    fn event(&self, instance: &Instance, note: &Note) -> String {
        let event = Event {
            at_ms: instance.gateway.now(),
            role: Some(self.caller.role().to_string()),
            client: Some(self.caller.client().to_owned()),
            action: "extract".to_owned(),
            resource_type: Some("DocumentReference".to_owned()),
            resource_id: Some(note.id.clone()),
            version: Some(note.version.to_string()),
            patients: vec![note.patient.clone()],
            outcome: 200,
            ..Event::default()
        };
        serde_json::to_string(&event).unwrap_or_default()
    }
}

/// A Binary whose owner is a patient.
fn of_patient(stored: &Stored, patient: &str) -> Option<Value> {
    let binary: Value = serde_json::from_slice(&stored.body).ok()?;
    let owner = binary.pointer("/securityContext/reference").and_then(Value::as_str)?;
    (owner.strip_prefix("Patient/")? == patient).then_some(binary)
}

pub(super) fn error(fault: Fault) -> Error {
    match fault {
        Fault::Busy => Error::Busy,
        Fault::Timeout => Error::Timeout,
        other => Error::Database(format!("{other:?}")),
    }
}
