//! The thread that writes for all: it takes whatever has gathered, writes and flushes it once, and wakes
//! everyone whose event was in it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::batch::{Batch, Durable};
use crate::line::{self, Head};
use crate::segments::{Tape, TapeFault};
use crate::{Error, Seq};

/// After a batch of more events than this the load is worth waiting for.
const BUSY: usize = 4;
#[derive(Default)]
struct Buffer {
    lines: Vec<u8>,
    next: Seq,
    /// Number of the first event in the buffer.
    first: Seq,
    /// How many events are in it, and those who wait for them.
    events: usize,
    batch: Arc<Batch>,
    failed: Option<Error>,
    closed: bool,
}

/// What the appenders and the flusher share.
pub(crate) struct Shared {
    buffer: Mutex<Buffer>,
    filled: Condvar,
    durable: AtomicU64,
    most_waiting: usize,
}

impl Shared {
    pub(crate) fn new(next: Seq, most_waiting: usize) -> Arc<Self> {
        let buffer = Buffer { next, ..Buffer::default() };
        Arc::new(Self { buffer: Mutex::new(buffer), filled: Condvar::new(), durable: AtomicU64::new(next.saturating_sub(1)), most_waiting })
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an event (as JSON) into the buffer: its number, and where the answer will arrive.
    pub(crate) fn push(&self, event: &[u8]) -> Result<(Seq, Durable), Error> {
        let begun = line::begin(event);
        let mut buffer = self.lock();
        if let Some(error) = &buffer.failed {
            return Err(error.clone());
        }
        if buffer.closed {
            return Err(Error::Closed);
        }
        if buffer.events >= self.most_waiting {
            return Err(Error::Full);
        }
        let seq = buffer.next;
        buffer.next += 1;
        if buffer.events == 0 {
            buffer.first = seq;
        }
        let head = Head { seq, batch: buffer.first };
        line::write(&mut buffer.lines, head, begun, event);
        buffer.events += 1;
        let first = buffer.events == 1;
        let durable = Durable::new(Arc::clone(&buffer.batch));
        drop(buffer);
        if first {
            self.filled.notify_one();
        }
        Ok((seq, durable))
    }

    /// The number of the last event that is durable; 0 before the first.
    pub(crate) fn durable(&self) -> Seq {
        self.durable.load(Ordering::Acquire)
    }

    pub(crate) fn failure(&self) -> Option<Error> {
        self.lock().failed.clone()
    }

    /// No more events; what has gathered is still written.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }
}

/// Runs until closed, or until the tape fails.
pub(crate) fn run(shared: &Shared, tape: &mut dyn Tape, pause: Duration) {
    let mut lines = Vec::new();
    let mut company = false;
    loop {
        lines.clear();
        let mut buffer = shared.lock();
        while buffer.events == 0 {
            if buffer.closed {
                return;
            }
            buffer = shared.filled.wait(buffer).unwrap_or_else(PoisonError::into_inner);
        }
        if company && !buffer.closed {
            drop(buffer);
            std::thread::sleep(pause);
            buffer = shared.lock();
        }
        std::mem::swap(&mut buffer.lines, &mut lines);
        let batch = std::mem::take(&mut buffer.batch);
        company = std::mem::take(&mut buffer.events) > BUSY;
        let (first, last) = (buffer.first, buffer.next - 1);
        drop(buffer);
        match tape.append(first, &lines) {
            Ok(()) => {
                shared.durable.store(last, Ordering::Release);
                batch.end(Ok(()));
            }
            Err(fault) => {
                let (error, lost) = match fault {
                    TapeFault::Full(error) => (Error::NoSpace(error.to_string()), false),
                    TapeFault::Lost(error) => (Error::Failed(error.to_string()), true),
                };
                let mut buffer = shared.lock();
                // Those behind go the same way, and nobody has seen these numbers yet.
                let behind = std::mem::take(&mut buffer.batch);
                buffer.lines.clear();
                buffer.events = 0;
                buffer.next = first;
                // A lost tape is never asked again: a flush that fails once may succeed the next time
                // without what the first one lost.
                buffer.failed = lost.then(|| error.clone());
                drop(buffer);
                batch.end(Err(error.clone()));
                behind.end(Err(error));
                if lost {
                    return;
                }
            }
        }
    }
}
