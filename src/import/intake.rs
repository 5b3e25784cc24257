//! Reading a resource again by its place, and making it ready for the store.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use hearthgate_fhir::{Value, json};

use crate::catalogue::Catalogue;
use crate::survey::issue_of;
use crate::{Error, Issue, Options};

/// Files that are open at once.
const OPEN: usize = 16;
/// Bytes read at once where reading goes forward.
const AHEAD: usize = 256 << 10;
/// A gap after what was read last over which reading still goes forward.
const NEAR: u64 = 4 << 10;

/// Reads parts of the sources.
#[derive(Default)]
pub(crate) struct Reader {
    open: VecDeque<(u32, File)>,
    source: Option<u32>,
    /// Where `window` begins.
    start: u64,
    window: Vec<u8>,
}

impl Reader {
    /// The bytes of a place; fewer where the file has become shorter.
    fn read(&mut self, catalogue: &Catalogue, source: u32, offset: u64, length: usize) -> Result<&[u8], Error> {
        let inside = |reader: &Self| {
            let from = usize::try_from(offset.checked_sub(reader.start)?).ok()?;
            (reader.source == Some(source) && from + length <= reader.window.len()).then_some(from)
        };
        if let Some(from) = inside(self) {
            return Ok(&self.window[from..from + length]);
        }
        let end = self.start + self.window.len() as u64;
        let forward = self.source == Some(source) && offset >= self.start && offset <= end + NEAR;
        let wanted = if forward { length.max(AHEAD) } else { length };
        let known = catalogue.sources.get(source as usize).ok_or(Error::TooMany)?;
        let at = match self.open.iter().position(|(open, _)| *open == source) {
            Some(at) => at,
            None => {
                self.open.push_front((source, known.open_at(0)?));
                self.open.truncate(OPEN);
                0
            }
        };
        let file = &mut self.open[at].1;
        self.window.clear();
        file.seek(SeekFrom::Start(offset)).and_then(|_| file.take(wanted as u64).read_to_end(&mut self.window)).map_err(|cause| known.failed(cause))?;
        (self.source, self.start) = (Some(source), offset);
        Ok(&self.window[..length.min(self.window.len())])
    }

    /// The resource of an entry, under its id and without the sender's version and time.
    pub(crate) fn load(&mut self, catalogue: &Catalogue, entry: u32, options: &Options<'_>) -> Result<Result<Value, Issue>, Error> {
        let known = catalogue.entries[entry as usize];
        let text = self.read(catalogue, known.source, known.offset, known.length as usize)?;
        let mut resource = match json::parse(text, &options.limits()) {
            Ok(resource) => resource,
            Err(fault) => return Ok(Err(issue_of(fault))),
        };
        let id = catalogue.id(entry);
        let Some(members) = resource.as_object_mut() else {
            return Ok(Err(changed()));
        };
        if members.get("resourceType").and_then(Value::as_str) != Some(catalogue.name(known.kind)) {
            return Ok(Err(changed()));
        }
        match members.get_mut("id") {
            Some(Value::String(own)) => {
                if *own != id {
                    // Only an entry of a bundle has an id that it does not say itself.
                    if known.group == crate::catalogue::NONE {
                        return Ok(Err(changed()));
                    }
                    *own = id;
                }
            }
            Some(_) => return Ok(Err(changed())),
            None => {
                let at = usize::from(members.keys().next().is_some_and(|first| first == "resourceType"));
                members.shift_insert(at, "id".to_owned(), Value::String(id));
            }
        }
        forget_version(members);
        Ok(Ok(resource))
    }
}

fn changed() -> Issue {
    Issue::whole("conflict", "the file changed while it was read; import it again")
}

/// `meta.versionId` and `meta.lastUpdated` speak of the sender's store
/// (<https://hl7.org/fhir/R4/resource.html#Meta>); the rest of `meta` is content.
fn forget_version(resource: &mut hearthgate_fhir::Object) {
    let Some(Value::Object(meta)) = resource.get_mut("meta") else {
        return;
    };
    for gone in ["versionId", "_versionId", "lastUpdated", "_lastUpdated"] {
        meta.shift_remove(gone);
    }
    if meta.is_empty() {
        resource.shift_remove("meta");
    }
}
