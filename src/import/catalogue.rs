//! What the survey found: for each resource where it stands and what it is called, in some 70
//! bytes.
//!
//! Ids and identifiers are looked up by keyed hashes (SipHash under a random key): 64 bits of type
//! and id or value, and 32 more of the system, so that no sender can make two of them meet.

mod ids;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

use hearthgate_fhir::r4;

use ids::{PackedId, uuid, uuid_text};

pub(crate) use ids::random_id;

use crate::source::Source;
use crate::{Error, Fill, Identifier};

/// No group.
pub(crate) const NONE: u32 = u32::MAX;

/// How far a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// To be written.
    Waiting,
    /// In the batch that is being made, or in one under way.
    Batched,
    Written,
    /// Refused.
    Failed,
    /// The same id comes again later.
    Repeated,
    /// A conditional create whose resource exists: see [`Catalogue::alias`].
    Alias,
}

/// A resource of the input.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub offset: u64,
    pub length: u32,
    pub line: u32,
    pub source: u32,
    /// The bundle it came in, or [`NONE`].
    pub group: u32,
    /// The type, by its place in [`r4::resource_types`].
    pub kind: u8,
    pub state: State,
}

/// A bundle: its entries stand together.
pub(crate) struct Group {
    pub first: u32,
    pub end: u32,
    /// A transaction.
    pub atomic: bool,
}

/// A conditional create or update.
pub(crate) struct Asked {
    pub entry: u32,
    pub identifier: Identifier,
    pub update: bool,
}

/// All resources of the input.
pub(crate) struct Catalogue {
    pub sources: Vec<Source>,
    pub entries: Vec<Entry>,
    pub groups: Vec<Group>,
    pub asked: Vec<Asked>,
    /// The id that stands for an [`State::Alias`].
    aliases: HashMap<u32, String>,
    /// The same by the id that the alias would have had.
    aliases_by_id: HashMap<u64, String>,
    ids: Vec<PackedId>,
    texts: Vec<u8>,
    by_id: Vec<(u64, u32)>,
    by_identifier: Vec<(u64, u32, u32)>,
    by_url: Vec<(u64, u32)>,
    key: [u8; 16],
    kinds: HashMap<&'static str, u8>,
}

/// A state of the catalogue to go back to.
pub(crate) struct Mark(usize, usize, usize, usize, usize, usize);

impl Catalogue {
    pub(crate) fn new(fill: Fill<'_>) -> Self {
        let mut key = [0; 16];
        fill(&mut key);
        let kinds = r4::resource_types().iter().enumerate();
        Self {
            sources: Vec::new(),
            entries: Vec::new(),
            groups: Vec::new(),
            asked: Vec::new(),
            aliases: HashMap::new(),
            aliases_by_id: HashMap::new(),
            ids: Vec::new(),
            texts: Vec::new(),
            by_id: Vec::new(),
            by_identifier: Vec::new(),
            by_url: Vec::new(),
            key,
            kinds: kinds.filter_map(|(at, name)| Some((*name, u8::try_from(at).ok()?))).collect(),
        }
    }

    /// The number of a type.
    pub(crate) fn kind(&self, name: &str) -> Option<u8> {
        self.kinds.get(name).copied()
    }

    /// The name of a type's number.
    pub(crate) fn name(&self, kind: u8) -> &'static str {
        r4::resource_types().get(usize::from(kind)).copied().unwrap_or("Basic")
    }

    /// Adds a resource; an empty id is to be set later.
    pub(crate) fn add(&mut self, entry: Entry, id: &str) -> Result<u32, Error> {
        let number = u32::try_from(self.entries.len()).ok().filter(|number| *number != NONE).ok_or(Error::TooMany)?;
        self.entries.push(entry);
        let packed = self.pack(id)?;
        self.ids.push(packed);
        Ok(number)
    }

    pub(crate) fn add_identifier(&mut self, entry: u32, kind: u8, system: &str, value: &str) {
        let key = (self.hash(&[&[kind], value.as_bytes()]), self.system(system), entry);
        self.by_identifier.push(key);
    }

    pub(crate) fn add_url(&mut self, entry: u32, group: u32, url: &str) {
        self.by_url.push((self.hash(&[&group.to_le_bytes(), url.as_bytes()]), entry));
    }

    pub(crate) fn set_id(&mut self, entry: u32, id: &str) -> Result<(), Error> {
        self.ids[entry as usize] = self.pack(id)?;
        Ok(())
    }

    fn pack(&mut self, id: &str) -> Result<PackedId, Error> {
        if let Some(bytes) = uuid(id) {
            return Ok(PackedId::Uuid(bytes));
        }
        let at = u32::try_from(self.texts.len()).map_err(|_| Error::TooMany)?;
        self.texts.extend_from_slice(id.as_bytes());
        Ok(PackedId::Text { at, length: u8::try_from(id.len()).map_err(|_| Error::TooMany)? })
    }

    /// The id of a resource.
    pub(crate) fn id(&self, entry: u32) -> String {
        match self.ids[entry as usize] {
            PackedId::Uuid(bytes) => uuid_text(&bytes),
            PackedId::Text { at, length } => {
                let at = at as usize;
                String::from_utf8_lossy(&self.texts[at..at + usize::from(length)]).into_owned()
            }
        }
    }

    pub(crate) fn has_id(&self, entry: u32) -> bool {
        !matches!(self.ids[entry as usize], PackedId::Text { length: 0, .. })
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark(self.entries.len(), self.groups.len(), self.asked.len(), self.texts.len(), self.by_identifier.len(), self.by_url.len())
    }

    pub(crate) fn back_to(&mut self, mark: &Mark) {
        self.entries.truncate(mark.0);
        self.ids.truncate(mark.0);
        self.groups.truncate(mark.1);
        self.asked.truncate(mark.2);
        self.texts.truncate(mark.3);
        self.by_identifier.truncate(mark.4);
        self.by_url.truncate(mark.5);
    }

    /// Makes identifiers and full URLs findable.
    pub(crate) fn sort(&mut self) {
        self.by_identifier.sort_unstable();
        self.by_url.sort_unstable();
    }

    /// Makes ids findable, and sets aside what comes again later. Gives the entries set aside.
    pub(crate) fn sort_ids(&mut self) -> Vec<u32> {
        let count = u32::try_from(self.entries.len()).unwrap_or(NONE);
        let mut by_id = Vec::with_capacity(self.entries.len());
        for number in (0..count).filter(|number| self.state(*number) == State::Waiting) {
            let kind = self.entries[number as usize].kind;
            by_id.push((self.hash_id(kind, &self.id(number)), number));
        }
        by_id.sort_unstable();
        let repeated: Vec<u32> = by_id.windows(2).filter(|two| two[0].0 == two[1].0).map(|two| two[0].1).collect();
        for number in &repeated {
            self.set(*number, State::Repeated);
        }
        by_id.retain(|(_, number)| self.state(*number) != State::Repeated);
        self.by_id = by_id;
        repeated
    }

    /// The resource of that id stands for an entry, which is not written.
    pub(crate) fn set_alias(&mut self, entry: u32, id: String) {
        let key = self.hash_id(self.entries[entry as usize].kind, &self.id(entry));
        self.set(entry, State::Alias);
        self.aliases_by_id.insert(key, id.clone());
        self.aliases.insert(entry, id);
    }

    /// The id that stands for an entry.
    pub(crate) fn alias(&self, entry: u32) -> Option<&String> {
        self.aliases.get(&entry)
    }

    /// The id that stands for an id which the run names and does not write.
    pub(crate) fn alias_of(&self, kind: u8, id: &str) -> Option<&String> {
        if self.aliases_by_id.is_empty() || self.find(kind, id).is_some() {
            return None;
        }
        self.aliases_by_id.get(&self.hash_id(kind, id)).filter(|alias| *alias != id)
    }

    pub(crate) fn state(&self, entry: u32) -> State {
        self.entries[entry as usize].state
    }

    pub(crate) fn set(&mut self, entry: u32, state: State) {
        self.entries[entry as usize].state = state;
    }

    /// The resource of that type and id in this run.
    pub(crate) fn find(&self, kind: u8, id: &str) -> Option<u32> {
        let wanted = self.hash_id(kind, id);
        let at = self.by_id.partition_point(|(hash, _)| *hash < wanted);
        self.by_id.get(at).filter(|(hash, _)| *hash == wanted).map(|(_, entry)| *entry)
    }

    /// The entry of a bundle with that full URL, if there is just one.
    pub(crate) fn find_url(&self, group: u32, url: &str) -> Option<u32> {
        let wanted = self.hash(&[&group.to_le_bytes(), url.as_bytes()]);
        let at = self.by_url.partition_point(|(hash, _)| *hash < wanted);
        let mut found = self.by_url[at..].iter().take_while(|(hash, _)| *hash == wanted);
        let entry = found.next()?.1;
        found.next().is_none().then_some(entry)
    }

    /// The resources of this run that have an identifier.
    pub(crate) fn find_identifier(&self, kind: u8, wanted: &Identifier) -> impl Iterator<Item = u32> {
        let hash = self.hash(&[&[kind], wanted.value.as_bytes()]);
        let system = wanted.system.as_deref().map(|system| self.system(system));
        let at = self.by_identifier.partition_point(|known| known.0 < hash);
        self.by_identifier[at..]
            .iter()
            .take_while(move |known| known.0 == hash)
            .filter(move |known| system.is_none_or(|system| known.1 == system))
            .map(|known| known.2)
    }

    /// A key for a type and id.
    pub(crate) fn hash_id(&self, kind: u8, id: &str) -> u64 {
        self.hash(&[&[kind], id.as_bytes()])
    }

    #[allow(clippy::cast_possible_truncation)]
    fn system(&self, system: &str) -> u32 {
        self.hash(&[b"system", system.as_bytes()]) as u32
    }

    fn hash(&self, parts: &[&[u8]]) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.key);
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish()
    }

    /// The group of an entry, if it is a transaction.
    pub(crate) fn transaction(&self, entry: u32) -> Option<&Group> {
        let group = self.entries[entry as usize].group;
        self.groups.get(group as usize).filter(|group| group.atomic)
    }

    /// The entry that stands for all that is written together with an entry.
    pub(crate) fn unit(&self, entry: u32) -> u32 {
        self.transaction(entry).map_or(entry, |group| group.first)
    }

    /// The entries of a unit that are to be written.
    pub(crate) fn members(&self, unit: u32) -> Vec<u32> {
        let range = self.transaction(unit).map_or(unit..unit + 1, |group| group.first..group.end);
        range.filter(|entry| !matches!(self.state(*entry), State::Alias | State::Repeated | State::Failed)).collect()
    }
}
