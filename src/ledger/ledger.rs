//! The ledger as others see it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::event::Event;
use crate::flusher::{self, Shared};
use crate::segments::{Reader, Segments, Tape};
use crate::{Error, Seq};

/// Settings; the defaults are the measured ones.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// A segment file is ended once it has this many bytes.
    pub segment_bytes: u64,
    /// How long the flusher waits for company under load.
    pub pause: Duration,
    /// How many events may wait before appends err.
    pub most_waiting: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 32 * 1024 * 1024, pause: Duration::from_micros(300), most_waiting: 65_536 }
    }
}

/// An event with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub seq: Seq,
    /// What it says.
    pub event: Event,
}

/// An event with its number, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub seq: Seq,
    /// When it happened, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
    /// The event as JSON.
    pub event: String,
}

/// The audit trail of one data directory, shared by reference. Dropping it writes what still waits.
pub struct Ledger {
    shared: Arc<Shared>,
    reader: Reader,
    flusher: Option<JoinHandle<()>>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("durable", &self.durable()).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the trail in a directory (`DIR/log/audit`), made if absent. A tail torn by a crash, which
    /// nobody was told of as done, is cut off; anything else that is wrong is [`Error::Damaged`].
    pub fn open(dir: &Path) -> Result<Self, Error> {
        Self::open_with(dir, Options::default())
    }

    /// As [`Ledger::open`], with settings.
    pub fn open_with(dir: &Path, options: Options) -> Result<Self, Error> {
        let (segments, next) = Segments::open(dir, options.segment_bytes)?;
        Self::start(dir, Box::new(segments), next, options)
    }

    fn start(dir: &Path, mut tape: Box<dyn Tape>, next: Seq, options: Options) -> Result<Self, Error> {
        let shared = Shared::new(next, options.most_waiting);
        let theirs = Arc::clone(&shared);
        let flusher = std::thread::Builder::new()
            .name("audit-flusher".to_owned())
            .spawn(move || flusher::run(&theirs, &mut *tape, options.pause))
            .map_err(|error| Error::Failed(error.to_string()))?;
        Ok(Self { shared, reader: Reader::new(dir), flusher: Some(flusher) })
    }

    /// Appends an event; its number, once it is durable. Whoever stops waiting does not take the event
    /// back.
    pub async fn append(&self, event: &Event) -> Result<Seq, Error> {
        let (seq, durable) = self.shared.push(&json(event)?)?;
        durable.await?;
        Ok(seq)
    }

    /// As [`Ledger::append`], for a thread of its own. Not to be called where futures run.
    pub fn append_blocking(&self, event: &Event) -> Result<Seq, Error> {
        let (seq, durable) = self.shared.push(&json(event)?)?;
        durable.wait()?;
        Ok(seq)
    }

    /// The number of the last durable event; 0 before the first.
    #[must_use]
    pub fn durable(&self) -> Seq {
        self.shared.durable()
    }

    /// Why nothing can be appended any more, if so: readiness checks ask.
    #[must_use]
    pub fn failure(&self) -> Option<Error> {
        self.shared.failure()
    }

    /// At most `most` durable events from number `from` on, in order; fewer only at the end. Whoever
    /// follows the trail asks again from the number after the last.
    pub fn read_from(&self, from: Seq, most: usize) -> Result<Vec<Record>, Error> {
        self.reader.read(from, self.durable(), most)
    }

    /// As [`Ledger::read_from`], each event as the JSON that stands in the file.
    pub fn lines_from(&self, from: Seq, most: usize) -> Result<Vec<Line>, Error> {
        self.reader.lines(from, self.durable(), most)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.shared.close();
        if let Some(flusher) = self.flusher.take() {
            let _ = flusher.join();
        }
    }
}

/// Bytes that nearly every event takes.
const ORDINARY: usize = 512;

fn json(event: &Event) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(ORDINARY);
    serde_json::to_writer(&mut out, event).map_err(|error| Error::Failed(error.to_string()))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use super::*;
    use crate::segments::TapeFault;

    type Written = Arc<Mutex<Vec<(Seq, usize)>>>;

    /// A disk that fails at the batch named, and remembers what it was given.
    struct Failing {
        written: Written,
        fails_at: usize,
        takes: Duration,
        fault: fn(io::Error) -> TapeFault,
    }

    impl Tape for Failing {
        fn append(&mut self, first: Seq, lines: &[u8]) -> Result<(), TapeFault> {
            let mut written = self.written.lock().unwrap();
            written.push((first, lines.len()));
            // Long enough for others to queue behind this batch.
            std::thread::sleep(self.takes);
            if written.len() == self.fails_at {
                return Err((self.fault)(io::Error::other("input/output error")));
            }
            Ok(())
        }
    }

    fn failing(fails_at: usize, takes: Duration, fault: fn(io::Error) -> TapeFault) -> (Ledger, Written) {
        let written = Written::default();
        let tape = Failing { written: Arc::clone(&written), fails_at, takes, fault };
        let ledger = Ledger::start(Path::new("/nowhere"), Box::new(tape), 1, Options::default()).unwrap();
        (ledger, written)
    }

    #[test]
    fn abuse_f05_a_full_disk_refuses_and_goes_on_when_there_is_space() {
        let (ledger, written) = failing(2, Duration::ZERO, TapeFault::Full);
        let event = Event { action: "read".into(), outcome: 200, ..Event::default() };
        assert_eq!(ledger.append_blocking(&event), Ok(1));
        assert_eq!(ledger.append_blocking(&event), Err(Error::NoSpace("input/output error".into())));
        assert_eq!((ledger.durable(), ledger.failure()), (1, None));
        assert_eq!(ledger.append_blocking(&event), Ok(2), "numbers have no gaps");
        let firsts: Vec<Seq> = written.lock().unwrap().iter().map(|(first, _)| *first).collect();
        assert_eq!(firsts, [1, 2, 2]);
    }

    #[test]
    fn abuse_f04_after_one_failed_flush_nothing_is_ever_appended_again() {
        let (ledger, written) = failing(3, Duration::ZERO, TapeFault::Lost);
        let event = Event { action: "read".into(), outcome: 200, ..Event::default() };
        assert_eq!(ledger.append_blocking(&event), Ok(1));
        assert_eq!(ledger.append_blocking(&event), Ok(2));
        assert_eq!(ledger.failure(), None);
        let failed = Err(Error::Failed("input/output error".into()));
        for _ in 0..3 {
            assert_eq!(ledger.append_blocking(&event), failed);
        }
        assert_eq!(ledger.durable(), 2);
        assert!(ledger.failure().is_some());
        assert_eq!(written.lock().unwrap().len(), 3, "a disk that failed once is not asked again");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn abuse_f35_whoever_waits_when_it_fails_is_told() {
        let (ledger, _) = failing(1, Duration::from_millis(50), TapeFault::Lost);
        let ledger = Arc::new(ledger);
        let event = Event { action: "read".into(), outcome: 200, ..Event::default() };
        let all: Vec<_> = (0..50)
            .map(|_| {
                let (ledger, event) = (Arc::clone(&ledger), event.clone());
                tokio::spawn(async move { ledger.append(&event).await })
            })
            .collect();
        for one in all {
            assert!(matches!(one.await.unwrap(), Err(Error::Failed(_))));
        }
    }

    #[test]
    fn abuse_f35_the_buffer_is_bounded() {
        let shared = Shared::new(1, 2);
        let one = shared.push(b"{}");
        let two = shared.push(b"{}");
        assert!(one.is_ok() && two.is_ok());
        assert!(matches!(shared.push(b"{}"), Err(Error::Full)));
        shared.close();
        assert!(matches!(shared.push(b"{}"), Err(Error::Closed)));
    }
}
