//! Segment files: `<first number, 20 digits>.jsonl` in one directory, appended to and never rewritten,
//! except that a torn tail is cut off at the start.
//!
//! While a segment is written to, zeros stand behind its last line: the file is made longer ahead of time, so that to make
//! a batch durable is to write its own blocks and nothing else, which takes half as long as to make the file longer with it.
//! They are cut off when the segment ends, at a clean stop, and at the next start as a torn tail would be.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::ledger::{Line, Record};
use crate::line;
use crate::line::Head;
use crate::{Error, Seq};

/// Why a batch was not appended.
#[derive(Debug)]
pub(crate) enum TapeFault {
    /// No space, and nothing of the batch is left on the tape: it may be tried again later.
    Full(io::Error),
    /// What is on the tape now cannot be known.
    Lost(io::Error),
}

/// Where batches of lines go. The one seam of this room: tests put a failing disk behind it.
pub(crate) trait Tape: Send {
    /// Appends the lines of a batch whose first event has the given number; durable when it returns.
    fn append(&mut self, first: Seq, lines: &[u8]) -> Result<(), TapeFault>;
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

pub(crate) fn io_error(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    |error| Error::Io { path: path.to_owned(), kind: error.kind() }
}

/// Zeros ahead of the lines: as many as there are bytes, within these bounds.
const AHEAD: std::ops::RangeInclusive<u64> = (64 << 10)..=(1 << 20);

/// The segments of a directory, open for appending.
pub(crate) struct Segments {
    dir: PathBuf,
    /// Each write to it is durable when it returns.
    file: Option<File>,
    /// Where its lines end.
    bytes: u64,
    /// Where the zeros behind them end.
    length: u64,
    most: u64,
    /// Held as long as the segments are open; the lock ends with the process.
    _lock: File,
}

impl Segments {
    /// Opens the directory, made 0700 if absent, cuts a torn tail, and says which number is next. A
    /// segment is ended once it has `most` bytes.
    pub(crate) fn open(dir: &Path, most: u64) -> Result<(Self, Seq), Error> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io_error(dir))?;
        let lock = lock(dir)?;
        let mut segments = Self { dir: dir.to_owned(), file: None, bytes: 0, length: 0, most, _lock: lock };
        let Some((first, path)) = list(dir)?.pop() else {
            return Ok((segments, 1));
        };
        let (next, good) = scan(&path, first)?;
        let file = synced().open(&path).map_err(io_error(&path))?;
        let length = file.metadata().map_err(io_error(&path))?.len();
        if good < length {
            file.set_len(good).and_then(|()| file.sync_all()).map_err(io_error(&path))?;
        }
        segments.file = Some(file);
        (segments.bytes, segments.length) = (good, good);
        Ok((segments, next))
    }

    fn rotate(&mut self, first: Seq) -> Result<File, TapeFault> {
        let path = self.dir.join(format!("{first:020}.jsonl"));
        let made = synced().create_new(true).mode(0o600).open(path);
        let file = made.map_err(|error| match is_full(&error) {
            true => TapeFault::Full(error),
            false => TapeFault::Lost(error),
        })?;
        // The name must be as durable as what is written under it.
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(TapeFault::Lost)?;
        (self.bytes, self.length) = (0, 0);
        Ok(file)
    }

    /// Makes the file long enough for so many bytes more, and for others to come where there is room for them.
    fn lengthen(&mut self, file: &File, needed: u64) -> Result<(), TapeFault> {
        let end = self.bytes + needed;
        if end <= self.length {
            return Ok(());
        }
        let mut ahead = self.bytes.clamp(*AHEAD.start(), *AHEAD.end());
        loop {
            let zeros = vec![0; usize::try_from(end + ahead - self.length).unwrap_or(usize::MAX)];
            match file.write_all_at(&zeros, self.length) {
                Ok(()) => {
                    self.length = end + ahead;
                    return Ok(());
                }
                // A full disk still takes a file back to what it was.
                Err(error) if is_full(&error) && file.set_len(self.length).is_ok() => {
                    if ahead == 0 {
                        return Err(TapeFault::Full(error));
                    }
                    ahead = 0;
                }
                Err(error) => return Err(TapeFault::Lost(error)),
            }
        }
    }

    /// Takes the zeros back. Those that stay do no harm.
    fn shorten(&mut self) {
        if let Some(file) = self.file.take().filter(|_| self.bytes < self.length)
            && file.set_len(self.bytes).is_ok()
        {
            self.length = self.bytes;
        }
    }
}

/// How a segment is opened: what is written to it has reached the disk when the write returns (`O_DSYNC`), in one call instead of two.
fn synced() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(rustix::fs::OFlags::DSYNC.bits().cast_signed());
    options
}

impl Drop for Segments {
    fn drop(&mut self) {
        self.shorten();
    }
}

impl Tape for Segments {
    fn append(&mut self, first: Seq, lines: &[u8]) -> Result<(), TapeFault> {
        if self.bytes >= self.most {
            self.shorten();
        }
        let file = match self.file.take() {
            Some(file) => file,
            None => self.rotate(first)?,
        };
        let lengthened = self.lengthen(&file, lines.len() as u64);
        let file = self.file.insert(file);
        lengthened?;
        if let Err(error) = file.write_all_at(lines, self.bytes) {
            // As above, where overwriting takes room, too.
            let undone = is_full(&error) && file.set_len(self.bytes).is_ok();
            self.length = self.bytes;
            return Err(if undone { TapeFault::Full(error) } else { TapeFault::Lost(error) });
        }
        self.bytes += lines.len() as u64;
        Ok(())
    }
}

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(io_error(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(Error::InUse(dir.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(io_error(&path)(error)),
    }
}

/// Segments by their first number, in order.
fn list(dir: &Path) -> Result<Vec<(Seq, PathBuf)>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(io_error(dir))? {
        let path = entry.map_err(io_error(dir))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(first) = name.strip_suffix(".jsonl").filter(|n| n.len() == 20).and_then(|n| n.parse().ok()) {
            found.push((first, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads the last segment through: the number that comes next, and how many bytes are good. Bytes behind
/// those are a torn tail.
fn scan(path: &Path, first: Seq) -> Result<(Seq, u64), Error> {
    let bytes = fs::read(path).map_err(io_error(path))?;
    let damaged = |line, what| Error::Damaged { segment: path.to_owned(), line, what };
    let (mut next, mut good) = (first, 0);
    let mut torn = false;
    for (index, text) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let read = text.strip_suffix(b"\n").and_then(line::read);
        match read {
            Some((head, _)) if torn => {
                if head.batch > next {
                    return Err(damaged(index + 1, "a line before it is bad though it had been flushed"));
                }
            }
            Some((head, _)) if head.seq == next && head.batch <= next => {
                next += 1;
                good += text.len() as u64;
            }
            Some(_) => {
                return Err(damaged(index + 1, "its number does not follow the one before"));
            }
            None => torn = true,
        }
    }
    Ok((next, good))
}

/// Where the last reading ended, so that one who follows the trail does not begin each segment anew.
#[derive(Clone, Copy, Default)]
struct Place {
    segment: Seq,
    next: Seq,
    line: usize,
    offset: u64,
}

/// Reads events back.
pub(crate) struct Reader {
    dir: PathBuf,
    place: Mutex<Place>,
}

impl Reader {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), place: Mutex::default() }
    }

    /// At most `most` events from number `from` up to and including `durable`.
    pub(crate) fn read(&self, from: Seq, durable: Seq, most: usize) -> Result<Vec<Record>, Error> {
        self.each(from, durable, most, |head, json| Some(Record { seq: head.seq, event: line::event(json)? }))
    }

    /// The same as text.
    pub(crate) fn lines(&self, from: Seq, durable: Seq, most: usize) -> Result<Vec<Line>, Error> {
        self.each(from, durable, most, |head, json| {
            let event = std::str::from_utf8(json).ok()?.to_owned();
            Some(Line { seq: head.seq, at_ms: line::at_ms(json)?, event })
        })
    }

    fn each<T>(&self, from: Seq, durable: Seq, most: usize, make: impl Fn(Head, &[u8]) -> Option<T>) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        let from = from.max(1);
        let segments = list(&self.dir)?;
        loop {
            let wanted = from + found.len() as Seq;
            if wanted > durable || found.len() >= most {
                return Ok(found);
            }
            let at = segments.iter().rposition(|(first, _)| *first <= wanted).ok_or(Error::Missing(wanted))?;
            let (first, path) = &segments[at];
            let end = segments.get(at + 1).map_or(durable, |(next, _)| durable.min(next - 1));
            self.segment(*first, path, wanted..=end, most, &make, &mut found)?;
        }
    }

    fn segment<T>(
        &self,
        first: Seq,
        path: &Path,
        wanted: std::ops::RangeInclusive<Seq>,
        most: usize,
        make: &impl Fn(Head, &[u8]) -> Option<T>,
        found: &mut Vec<T>,
    ) -> Result<(), Error> {
        let known = *self.place.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut place = match known {
            place if place.segment == first && place.next <= *wanted.start() => place,
            _ => Place { segment: first, next: first, line: 0, offset: 0 },
        };
        let damaged = |line, what| Error::Damaged { segment: path.to_owned(), line, what };
        let mut file = File::open(path).map_err(io_error(path))?;
        file.seek(SeekFrom::Start(place.offset)).map_err(io_error(path))?;
        let mut reader = BufReader::with_capacity(64 * 1024, file);
        let mut text = Vec::new();
        while place.next <= *wanted.end() && found.len() < most {
            text.clear();
            let length = reader.read_until(b'\n', &mut text).map_err(io_error(path))?;
            place.line += 1;
            let read = text.strip_suffix(b"\n").and_then(line::read);
            let (head, json) = read.ok_or_else(|| damaged(place.line, "it is not what was written"))?;
            if head.seq != place.next {
                return Err(damaged(place.line, "its number does not follow the one before"));
            }
            place.next += 1;
            place.offset += length as u64;
            if wanted.contains(&head.seq) {
                found.push(make(head, json).ok_or_else(|| damaged(place.line, "it is no audit event"))?);
            }
        }
        *self.place.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = place;
        Ok(())
    }
}
