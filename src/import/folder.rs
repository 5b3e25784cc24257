//! Writing resources out: one NDJSON file a type (<https://hl7.org/fhir/uv/bulkdata/export.html>).

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A folder of NDJSON files. Each is written beside its place and moved there when all are
/// complete; what was there under that name is replaced. Dropped unfinished, it leaves nothing.
#[derive(Debug)]
pub struct NdjsonFolder {
    folder: PathBuf,
    files: BTreeMap<String, One>,
}

#[derive(Debug)]
struct One {
    to: BufWriter<File>,
    unfinished: PathBuf,
    lines: u64,
}

impl NdjsonFolder {
    /// A folder, made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), files: BTreeMap::new() })
    }

    /// Adds a resource, as one line of JSON without a line end, to the file of its type.
    ///
    /// # Errors
    /// When the file cannot be written, or the type or the line could not stand in it.
    pub fn add(&mut self, type_name: &str, resource: &[u8]) -> io::Result<()> {
        if type_name.is_empty() || !type_name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no resource type"));
        }
        if resource.contains(&b'\n') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a resource over several lines"));
        }
        if !self.files.contains_key(type_name) {
            let unfinished = self.folder.join(format!(".{type_name}.ndjson.{}", std::process::id()));
            let mut how = OpenOptions::new();
            how.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
            let to = BufWriter::with_capacity(64 << 10, how.open(&unfinished)?);
            self.files.insert(type_name.to_owned(), One { to, unfinished, lines: 0 });
        }
        if let Some(one) = self.files.get_mut(type_name) {
            one.to.write_all(resource)?;
            one.to.write_all(b"\n")?;
            one.lines += 1;
        }
        Ok(())
    }

    /// Makes all files durable, then gives them their names. The files, with their lines.
    ///
    /// # Errors
    /// When a file cannot be completed; then none that is not complete has its name.
    pub fn finish(mut self) -> io::Result<Vec<(PathBuf, u64)>> {
        for one in self.files.values_mut() {
            one.to.flush()?;
            one.to.get_ref().sync_all()?;
        }
        let mut done = Vec::new();
        for (type_name, one) in &self.files {
            let path = self.folder.join(format!("{type_name}.ndjson"));
            fs::rename(&one.unfinished, &path)?;
            done.push((path, one.lines));
        }
        // The names are durable with the folder (not every system can open one).
        if let Ok(folder) = File::open(&self.folder) {
            let _ = folder.sync_all();
        }
        self.files.clear();
        Ok(done)
    }
}

impl Drop for NdjsonFolder {
    fn drop(&mut self) {
        for one in self.files.values() {
            let _ = fs::remove_file(&one.unfinished);
        }
    }
}
