//! Files: which there are, what each holds, and reading a part of one again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::scan::Scanner;
use crate::{Error, Options, Summary};

/// A file of the input.
pub(crate) struct Source {
    /// As it is named in reports.
    pub name: String,
    /// Bytes, unpacked.
    pub size: u64,
    backing: Backing,
}

enum Backing {
    File(PathBuf),
    /// The text of a compressed file, in a file without a name.
    Unpacked(File),
}

/// How the text of a source is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A value a line.
    Lines,
    /// One value over many lines.
    Whole,
    /// Nothing but white space.
    Empty,
}

/// What became of opening a file.
pub(crate) enum Opened {
    Source(Source, Layout),
    /// Compressed and damaged, or too large: what could be unpacked, and what is wrong.
    Damaged(Source, Layout, &'static str),
    /// Not FHIR JSON: in a folder it is left out, named itself it is refused.
    Foreign,
}

/// A file to be opened; `named` itself, not found in a folder.
pub(crate) struct Found {
    pub path: PathBuf,
    pub named: bool,
}

/// All files of paths, folders by name, recursively; hidden files are left out.
pub(crate) fn list(paths: &[PathBuf], summary: &mut Summary) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for path in paths {
        let failed = |cause| Error::File { path: path.clone(), cause };
        if fs::metadata(path).map_err(failed)?.is_dir() {
            walk(path, &mut found, summary)?;
        } else {
            found.push(Found { path: path.clone(), named: true });
        }
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<Found>, summary: &mut Summary) -> Result<(), Error> {
    let failed = |cause| Error::File { path: folder.to_owned(), cause };
    let mut entries = fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type().map_err(failed)?;
        // A link to a file is followed, a link to a folder is not: it may lead in circles.
        if kind.is_dir() {
            walk(&path, found, summary)?;
        } else if kind.is_file() || kind.is_symlink() && path.is_file() {
            found.push(Found { path, named: false });
        } else {
            summary.left_out.push(path.display().to_string());
        }
    }
    Ok(())
}

impl Found {
    /// Opens a file, unpacks it if it is compressed, and looks at what it holds.
    pub(crate) fn open(&self, options: &Options<'_>) -> Result<Opened, Error> {
        let failed = |cause| Error::File { path: self.path.clone(), cause };
        let mut file = File::open(&self.path).map_err(failed)?;
        let name = self.path.display().to_string();
        let mut magic = [0u8; 2];
        let packed = matches!(read_full(&mut file, &mut magic), Ok(2)) && magic == [0x1f, 0x8b];
        let mut fault = None;
        let source = if packed {
            file.rewind().map_err(failed)?;
            let unpacked;
            (unpacked, fault) = unpack(file, options).map_err(|cause| Error::File { path: options.unpack_to.clone(), cause })?;
            let size = unpacked.metadata().map_err(failed)?.len();
            Source { name, size, backing: Backing::Unpacked(unpacked) }
        } else {
            let size = file.metadata().map_err(failed)?.len();
            Source { name, size, backing: Backing::File(self.path.clone()) }
        };
        let layout = self.layout(source.reader(0)?).map_err(failed)?;
        Ok(match (layout, fault) {
            (None, None) => Opened::Foreign,
            (layout, Some(fault)) => Opened::Damaged(source, layout.unwrap_or(Layout::Empty), fault),
            (Some(layout), None) => Opened::Source(source, layout),
        })
    }

    fn said(&self, endings: &[&str]) -> bool {
        let name = self.path.to_string_lossy().to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        endings.iter().any(|ending| name.ends_with(ending))
    }

    /// The layout by content, in doubt by name; `None` for what is not FHIR JSON.
    fn layout(&self, reader: impl BufRead) -> io::Result<Option<Layout>> {
        let mut scanner = Scanner::new(reader, 0, 1);
        let first = match scanner.peek() {
            Ok(first) => first,
            Err(crate::scan::Broken::Io(cause)) => return Err(cause),
            Err(_) => None,
        };
        let by_name = self.said(&[".ndjson", ".jsonl"]);
        Ok(match first {
            None => Some(Layout::Empty),
            Some(b'{') => {
                let ends = First::read(&mut scanner)?;
                let open = matches!(ends.last, b'{' | b'[' | b',' | b':');
                Some(match ends.next {
                    None => Layout::Lines,
                    Some(_) if ends.complete => Layout::Lines,
                    Some(b'{') if by_name && ends.last != b'[' => Layout::Lines,
                    Some(_) if open => Layout::Whole,
                    Some(b',' | b'}' | b']' | b':') => Layout::Whole,
                    Some(_) => Layout::Lines,
                })
            }
            // Damaged or a list: each line is refused with its reason.
            Some(_) if by_name || self.said(&[".json"]) => Some(Layout::Lines),
            Some(_) => None,
        })
    }
}

/// What the first line of a text shows.
struct First {
    /// Its last byte that is no white space.
    last: u8,
    /// The first byte after it that is no white space.
    next: Option<u8>,
    /// Whether it is a whole value.
    complete: bool,
}

impl First {
    fn read<R: BufRead>(scanner: &mut Scanner<R>) -> io::Result<Self> {
        let (mut last, mut depth, mut in_string, mut escaped, mut closed) = (b'{', 0i64, false, false, false);
        while let Some(byte) = scanner.raw()? {
            if byte == b'\n' {
                break;
            }
            if !byte.is_ascii_whitespace() {
                last = byte;
                closed &= depth != 0;
            }
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => {
                    depth -= 1;
                    closed = depth == 0;
                }
                _ => {}
            }
        }
        let next = match scanner.peek() {
            Err(crate::scan::Broken::Io(cause)) => return Err(cause),
            Err(_) => None,
            Ok(next) => next,
        };
        Ok(Self { last, next, complete: closed && !in_string })
    }
}

impl Source {
    /// A reader from a place on.
    pub(crate) fn reader(&self, from: u64) -> Result<BufReader<File>, Error> {
        Ok(BufReader::with_capacity(256 << 10, self.open_at(from)?))
    }

    pub(crate) fn open_at(&self, from: u64) -> Result<File, Error> {
        let opened = match &self.backing {
            Backing::File(path) => File::open(path),
            Backing::Unpacked(file) => file.try_clone(),
        };
        opened.and_then(|mut file| file.seek(SeekFrom::Start(from)).map(|_| file)).map_err(|cause| self.failed(cause))
    }

    pub(crate) fn failed(&self, cause: io::Error) -> Error {
        Error::File { path: PathBuf::from(&self.name), cause }
    }
}

fn read_full(file: &mut File, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match file.read(&mut into[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// Unpacks gzip (RFC 1952, several members too) into a file that has no name and so is gone with
/// the process: it holds what the clinic knows of its patients.
fn unpack(file: File, options: &Options<'_>) -> io::Result<(File, Option<&'static str>)> {
    let mut into = nameless(&options.unpack_to)?;
    let mut from = flate2::read::MultiGzDecoder::new(BufReader::new(file));
    let mut chunk = vec![0u8; 256 << 10];
    let mut size = 0u64;
    let fault = loop {
        match from.read(&mut chunk) {
            Ok(0) => break None,
            Ok(count) => {
                size += count as u64;
                if size > options.unpack_bytes {
                    into.set_len(0)?;
                    break Some("the compressed file unpacks to more than is allowed");
                }
                into.write_all(&chunk[..count])?;
            }
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break Some("the compressed file is damaged or cut off; what stands before the damage was read"),
        }
    };
    into.flush()?;
    Ok((into, fault))
}

fn nameless(folder: &Path) -> io::Result<File> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for _ in 0..1000 {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".unpacked-{}-{number}", std::process::id()));
        let mut how = OpenOptions::new();
        how.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
        match how.open(&path) {
            Ok(file) => {
                fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => last = cause,
            Err(cause) => return Err(cause),
        }
    }
    Err(last)
}
