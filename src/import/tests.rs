//! A store in memory, and what the tests share.

mod bundles;
mod files;
mod order_of_files;
mod real_input;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};

use hearthgate_fhir::Value;
use hearthgate_fhir::reference::{Reference, for_each_reference, parse};

use crate::*;

/// Keeps resources in memory; refuses what refers to nothing without saying so.
#[derive(Default)]
struct Memory {
    resources: BTreeMap<(String, String), (Value, usize)>,
    /// Type, system, value.
    identifiers: HashMap<(String, Option<String>, String), BTreeSet<String>>,
    writes: Vec<Vec<String>>,
    /// Taken and not written: everything is put off as long as it may be.
    waiting: VecDeque<Batch>,
    /// Fails after so many batches.
    most: Option<usize>,
    refuse: Vec<&'static str>,
}

impl Memory {
    fn get(&self, name: &str) -> &Value {
        let (type_name, id) = name.split_once('/').expect("Type/id");
        &self.resources.get(&(type_name.to_owned(), id.to_owned())).unwrap_or_else(|| panic!("{name} is there")).0
    }

    /// After a kill: what was taken and not answered is lost, or was written all the same.
    fn revive(&mut self, lost: bool) {
        self.most = None;
        while !lost && !self.waiting.is_empty() {
            self.written().expect("written");
        }
        self.waiting.clear();
    }

    fn has(&self, name: &str) -> bool {
        name.split_once('/').is_some_and(|(type_name, id)| self.resources.contains_key(&(type_name.to_owned(), id.to_owned())))
    }
}

fn identifiers(resource: &Value) -> Vec<(String, String)> {
    let list = match &resource["identifier"] {
        Value::Array(list) => list.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    list.iter().filter_map(|one| Some((one["system"].as_str().unwrap_or_default().to_owned(), one["value"].as_str()?.to_owned()))).collect()
}

impl Destination for Memory {
    fn resolve_identifiers(&mut self, wanted: &[Identifier]) -> Result<Vec<Vec<String>>, Failure> {
        let ask = |one: &Identifier| {
            let key = (one.type_name.to_owned(), one.system.clone(), one.value.clone());
            self.identifiers.get(&key).into_iter().flatten().cloned().collect()
        };
        Ok(wanted.iter().map(ask).collect())
    }

    fn exists(&mut self, wanted: &[(&'static str, String)]) -> Result<Vec<bool>, Failure> {
        Ok(wanted.iter().map(|(type_name, id)| self.resources.contains_key(&((*type_name).to_owned(), id.clone()))).collect())
    }

    fn write(&mut self, batch: Batch) -> Result<(), Failure> {
        assert!(self.waiting.len() <= AHEAD, "more is under way than may be");
        self.waiting.push_back(batch);
        Ok(())
    }

    fn written(&mut self) -> Result<Vec<Written>, Failure> {
        let batch = self.waiting.pop_front().ok_or_else(|| Failure::new("nothing was taken"))?;
        if self.most == Some(self.writes.len()) {
            return Err(Failure::new("the power is gone"));
        }
        let name = |resource: &Value| format!("{}/{}", resource["resourceType"].as_str().unwrap_or_default(), resource["id"].as_str().unwrap_or_default());
        self.writes.push(batch.items.iter().map(|item| name(&item.resource)).collect());
        let coming: Vec<String> = if batch.atomic { batch.items.iter().map(|item| name(&item.resource)).collect() } else { Vec::new() };
        let before = batch.atomic.then(|| self.resources.clone());
        let mut all = Vec::new();
        for item in batch.items {
            let own = name(&item.resource);
            let mut missing = Vec::new();
            for_each_reference(&item.resource, &mut |path, text| {
                let listed = item.dangling.iter().any(|(known, _)| known == path);
                let there = match parse(text, None) {
                    Reference::Local { type_name, id, .. } => {
                        let target = format!("{type_name}/{id}");
                        self.has(&target) || target == own || coming.contains(&target)
                    }
                    Reference::Contained(_) | Reference::Absolute { .. } => true,
                    _ => false,
                };
                if listed == there {
                    missing.push(format!("{path}: {text} listed {listed}, there {there}"));
                }
            });
            if !missing.is_empty() || self.refuse.iter().any(|no| own == *no) {
                all.push(Written::Refused(vec![Issue::whole("business-rule", missing.join("; "))]));
                continue;
            }
            let (type_name, id) = own.split_once('/').expect("Type/id");
            for (system, value) in identifiers(&item.resource) {
                for system in [Some(system), None] {
                    self.identifiers.entry((type_name.to_owned(), system, value.clone())).or_default().insert(id.to_owned());
                }
            }
            let new = (item.resource, item.dangling.len());
            all.push(match self.resources.insert((type_name.to_owned(), id.to_owned()), new.clone()) {
                None => Written::Created,
                Some(old) if old == new => Written::Unchanged,
                Some(_) => Written::Updated,
            });
        }
        if let Some(before) = before
            && all.iter().any(|one| matches!(one, Written::Refused(_)))
        {
            self.resources = before;
        }
        Ok(all)
    }
}

/// Remembers what it is told.
#[derive(Default)]
struct Told {
    refusals: Vec<Refusal>,
    dangling: Vec<Dangling>,
}

impl Told {
    fn lines(&self) -> Vec<u64> {
        self.refusals.iter().map(|one| one.line).collect()
    }
}

impl Progress for Told {
    fn bytes(&mut self, _: Phase, done: u64, total: u64) {
        assert!(done <= total, "{done} of {total}");
    }
    fn refused(&mut self, refusal: &Refusal) {
        self.refusals.push(refusal.clone());
    }
    fn dangling(&mut self, dangling: &Dangling) {
        self.dangling.push(dangling.clone());
    }
}

thread_local!(static COUNT: Cell<u8> = const { Cell::new(0) });

/// Bytes that count up: ids that a test can tell apart.
fn fill(into: &mut [u8]) {
    COUNT.with(|count| {
        count.set(count.get().wrapping_add(1));
        into.fill(count.get());
    });
}

fn options() -> Options<'static> {
    Options::new(&std::env::temp_dir(), &fill)
}

/// A folder of files that is gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = Self(std::env::temp_dir().join(format!("hearthgate-import-{}-{number}", std::process::id())));
        for (name, text) in files {
            folder.add(name, text.as_bytes());
        }
        folder
    }

    fn add(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, bytes).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn take(path: &Path, options: &Options<'_>, memory: &mut Memory) -> (Summary, Told) {
    let mut told = Told::default();
    let summary = run(&[path.to_owned()], options, memory, &mut told).expect("a run");
    for (name, of) in &summary.types {
        assert_eq!(of.read, of.created + of.updated + of.unchanged + of.repeated + of.refused, "{name}\n{summary}");
    }
    let total = summary.total();
    assert_eq!(total.dangling, told.dangling.len() as u64);
    assert_eq!(summary.refused(), told.refusals.len() as u64, "{:?}", told.refusals);
    (summary, told)
}

/// Takes files in, and a second time: nothing changes then.
fn take_twice(files: &[(&str, &str)], memory: &mut Memory) -> (Summary, Told) {
    let folder = Folder::new(files);
    let first = take(&folder.0, &options(), memory);
    let again = take(&folder.0, &options(), memory).0;
    let total = again.total();
    assert_eq!((total.created, total.updated), (0, 0), "{again}");
    assert_eq!(total.dangling, first.0.total().dangling);
    first
}
