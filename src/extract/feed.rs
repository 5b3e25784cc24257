//! The follower of the change feed.

use super::note::Note;
use super::{device, finding, typed, unit};
use crate::ops::instance::Instance;
use crate::rest::new_id;
use hearthgate_access::{Caller, InternalCaller};
use hearthgate_ledger::Event;
use hearthgate_mapping::Sql;
use hearthgate_nlp::Engine;
use hearthgate_store::{AuditRow, Change, Context, Error, Expect, Operation, Unit, Version};
use std::cell::Cell;
use std::sync::Weak;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// The client, as history has it, of an import that wants its notes unread (`import --no-extract`).
pub const UNREAD: &str = "hearthgate-import-unread";

/// How long the feed is left alone once it was read to its end.
const PAUSE: Duration = Duration::from_millis(100);
/// Versions read from the feed at once.
const BATCH: usize = 1_000;
/// How long the gateway is held at once.
const TURN: Duration = Duration::from_millis(200);
/// How often a note is read anew because somebody wrote to its findings meanwhile.
const TRIES: usize = 8;
/// Most findings of one note that are written.
const MOST: usize = 4_000;

/// Follows the feed on a thread of its own until the instance is gone.
///
/// # Errors
/// A thread that cannot be started.
pub fn start(instance: Weak<Instance>, runtime: Handle) -> std::io::Result<()> {
    std::thread::Builder::new().name("extraction".to_owned()).spawn(move || {
        let mut reader: Option<Reader> = None;
        while let Some(instance) = instance.upgrade() {
            let done = match &mut reader {
                Some(reader) => reader.batch(&instance, &runtime),
                None => Reader::new(&instance).map(|made| {
                    reader = Some(made);
                    true
                }),
            };
            drop(instance);
            let more = done.unwrap_or_else(|error| {
                tracing::warn!(error, "the reading of notes lags behind");
                reader = None;
                false
            });
            if !more {
                std::thread::sleep(PAUSE);
            }
        }
    })?;
    Ok(())
}

/// Reads the feed to its end, or for about so long.
///
/// # Errors
/// What stands in the way, as a sentence.
pub fn follow(instance: &Instance, runtime: &Handle, limit: Duration) -> Result<(), String> {
    let begun = Instant::now();
    let mut reader = Reader::new(instance)?;
    while begun.elapsed() < limit && reader.batch(instance, runtime)? {}
    Ok(())
}

/// What follows.
struct Reader {
    engine: Engine,
    caller: Caller,
    /// The sequence number that was read last.
    position: i64,
    device: String,
    /// The Device's name.
    name: String,
    /// Whether the Device was written since the start: an empty record holds none.
    introduced: Cell<bool>,
}

const POSITION: &str = "INSERT INTO gw_meta (key, value) VALUES ('extracted', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value";

impl Reader {
    fn new(instance: &Instance) -> Result<Self, String> {
        let engine = Engine::new().map_err(|e| e.to_string())?;
        let store = &instance.gateway.store;
        let rows = store.own("SELECT value FROM gw_meta WHERE key = 'extracted'", &[]).map_err(|e| e.to_string())?;
        let position = match rows.first().and_then(|row| row.first()) {
            Some(Sql::Text(text)) => text.parse().unwrap_or(0),
            _ => 0,
        };
        let lexicon = engine.lexicon_version();
        let (device, name) = (device::id(lexicon), device::name(lexicon));
        let caller = Caller::internal(InternalCaller::Extraction, &instance.roles);
        caller.rule("Device", hearthgate_access::Interaction::Update).map_err(|e| e.to_string())?;
        Ok(Self { engine, caller, position, device, name, introduced: Cell::new(false) })
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

    /// Reads what came next; answers whether there was anything.
    fn batch(&mut self, instance: &Instance, runtime: &Handle) -> Result<bool, String> {
        let typed = typed::take(instance, runtime, &self.caller)?;
        let versions = instance.gateway.store.changes_after(self.position, BATCH).map_err(|e| e.to_string())?;
        if versions.is_empty() {
            return Ok(typed);
        }
        let begun = Instant::now();
        for version in versions {
            if version.resource_type == "DocumentReference" && version.operation != Operation::Delete && version.client.as_deref() != Some(UNREAD) {
                self.note(instance, runtime, &version)?;
            }
            self.position = version.seq;
            // Whoever stops the gateway waits for this.
            if begun.elapsed() > TURN {
                break;
            }
        }
        Ok(true)
    }

    /// Reads one version of a note.
    fn note(&self, instance: &Instance, runtime: &Handle, version: &Version) -> Result<(), String> {
        for _ in 0..TRIES {
            match self.try_note(instance, runtime, version) {
                Err(Error::Conflict { .. }) => {}
                Err(error @ (Error::Busy | Error::Timeout)) => {
                    tracing::debug!(%error, "a note waits to be read");
                    std::thread::sleep(PAUSE);
                }
                // What the table refuses of one note keeps no other from being read.
                Err(error @ (Error::Constraint(_) | Error::MissingReference(_) | Error::OutsideBoundary | Error::NotFound)) => {
                    tracing::error!(%error, seq = version.seq, "a note was not read");
                    return self.skip(instance, runtime, version);
                }
                Err(error) => return Err(error.to_string()),
                Ok(()) => return Ok(()),
            }
        }
        Err("others write to the findings of a note again and again".to_owned())
    }

    fn skip(&self, instance: &Instance, runtime: &Handle, version: &Version) -> Result<(), String> {
        runtime.block_on(instance.gateway.store.write(self.unit(instance, vec![position(version)]))).map(drop).map_err(|e| e.to_string())
    }

    fn try_note(&self, instance: &Instance, runtime: &Handle, version: &Version) -> Result<(), Error> {
        let gateway = &instance.gateway;
        let fault = |fault: crate::rest::fault::Fault| match fault {
            crate::rest::fault::Fault::Busy => Error::Busy,
            crate::rest::fault::Fault::Timeout => Error::Timeout,
            other => Error::Database(format!("{other:?}")),
        };
        let stored = gateway.find(&self.caller, "DocumentReference", &version.id).map_err(fault)?;
        // Of a newer version, the feed tells later; of one that is gone, the findings went with it.
        let Some(note) = stored.filter(|stored| !stored.deleted && stored.version == version.version).and_then(|stored| Note::of(&stored)) else {
            return runtime.block_on(gateway.store.write(self.unit(instance, vec![position(version)]))).map(drop).map_err(|refused| refused.error);
        };
        let plan = unit::plan(&gateway.mappings).ok_or_else(|| Error::Schema("no mapping serves the findings".to_owned()))?;
        let reference = format!("DocumentReference/{}", note.id);
        let there = runtime.block_on(gateway.list(&self.caller, "Observation", "derived-from", &reference, MOST as u32 * 2)).map_err(fault)?;
        let now = hearthgate_fhir::date::format_instant(gateway.now());
        let mut document = self.engine.read(&note.text);
        if document.truncated || document.findings.len() > MOST {
            tracing::warn!(seq = version.seq, most = MOST, "a note holds more findings than are kept");
            document.findings.truncate(MOST);
        }
        let wanted = finding::wanted(&note, &document.findings, &self.device, &now, &gateway.keyring);
        let (changes, found) = unit::changes(plan, wanted, there);
        let mut changes = changes.into_iter().peekable();
        let mut found = found.into_iter();
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
            if last {
                part.push(position(version));
            }
            let mut unit = self.unit(instance, part);
            unit.audit = Some(AuditRow { event: self.event(instance, &note) });
            runtime.block_on(gateway.store.write(unit)).map_err(|refused| refused.error)?;
            if !targets.is_empty() {
                self.introduced.set(true);
            }
            if last {
                return Ok(());
            }
        }
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

fn position(version: &Version) -> Change {
    Change::Sql { sql: POSITION.to_owned(), parameters: vec![Sql::Text(version.seq.to_string())], expect: Some(1) }
}
