//! Threads for what may scan, with bounded queues before them, so that one slow search stops no reader.
//!
//! Two lanes. In the quick one every statement begins; what is not done there soon ([`Reader::briefly`]) begins anew in the slow one, whose
//! threads are fewer and come after all others for the processor, and ends there by [`LIMIT`]. So a search by an index never waits
//! behind one without, and reads keep their pace beside both.

use crate::Error;
use crate::core::Core;
use crate::reader::{LIMIT, Reader};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// How many statements may wait in a lane.
const QUEUE: usize = 256;
/// How much later than others the slow lane comes (`nice`).
const LATER: i32 = 10;
/// After so long without work the slow lane closes its connections, which take megabytes for the schema.
const IDLE: Duration = Duration::from_secs(60);

/// Pages that a lane's connection keeps, KiB.
const CACHE: u32 = 2048;

/// Runs once in a lane; `false`: it was not done in time, and nobody was told.
type Job = Box<dyn FnMut(Result<&Reader, Error>, Lane) -> bool + Send>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lane {
    Quick,
    Slow,
}

#[derive(Default)]
struct Queue {
    jobs: Mutex<(VecDeque<Job>, bool)>,
    ready: Condvar,
}

impl Queue {
    fn push(&self, job: Job) -> Result<(), Job> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.0.len() >= QUEUE {
            return Err(job);
        }
        jobs.0.push_back(job);
        drop(jobs);
        self.ready.notify_one();
        Ok(())
    }

    fn close(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.ready.notify_all();
    }

    /// The next job, `idle` being run when none comes for long; `None` in the end.
    fn next(&self, mut idle: impl FnMut()) -> Option<Job> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(job) = jobs.0.pop_front() {
                return Some(job);
            }
            if jobs.1 {
                return None;
            }
            let (again, waited) = self.ready.wait_timeout(jobs, IDLE).unwrap_or_else(PoisonError::into_inner);
            jobs = again;
            if waited.timed_out() {
                idle();
            }
        }
    }
}

/// The threads.
pub(crate) struct Pool {
    quick: Arc<Queue>,
    slow: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Each thread of the quick lane opens its own connection: nobody waits for it to read the schema. Those of the slow lane do so
    /// when they are needed.
    pub(crate) fn start(core: &Arc<Core>, threads: usize) -> Result<Self, Error> {
        let (quick, slow) = (Arc::new(Queue::default()), Arc::new(Queue::default()));
        let mut started = Vec::new();
        let mut start = |name: String, work: Box<dyn FnOnce() + Send>| {
            started.push(std::thread::Builder::new().name(name).spawn(work).map_err(|e| Error::Database(e.to_string()))?);
            Ok::<_, Error>(())
        };
        for number in 0..threads.max(1) {
            let (core, own, next) = (Arc::clone(core), Arc::clone(&quick), Arc::clone(&slow));
            start(format!("reader-{number}"), Box::new(move || work(&core, &own, Some(&next))))?;
        }
        for number in 0..threads.div_ceil(2) {
            let (core, own) = (Arc::clone(core), Arc::clone(&slow));
            start(
                format!("scan-{number}"),
                Box::new(move || {
                    // Where the system does not allow it, the lane is only shorter.
                    let _ = rustix::process::setpriority_process(None, LATER);
                    work(&core, &own, None);
                }),
            )?;
        }
        Ok(Self { quick, slow, threads: started })
    }

    /// Runs something on a reader thread, stopped after [`LIMIT`]. It may be run twice.
    pub(crate) async fn run<T: Send + 'static>(&self, mut act: impl FnMut(&Reader) -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let mut reply = Some(reply);
        let job = move |reader: Result<&Reader, Error>, lane: Lane| {
            // Whoever asked may be gone.
            if reply.as_ref().is_none_or(oneshot::Sender::is_closed) {
                return true;
            }
            let done = reader.and_then(|reader| match lane {
                Lane::Quick => reader.briefly(&mut act),
                Lane::Slow => reader.within(LIMIT, &mut act),
            });
            if lane == Lane::Quick && matches!(done, Err(Error::Timeout)) {
                return false;
            }
            if let Some(reply) = reply.take() {
                let _ = reply.send(done);
            }
            true
        };
        self.quick.push(Box::new(job)).map_err(|_| Error::Busy)?;
        answer.await.map_err(|_| Error::Database("a reader ended".to_owned()))?
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.quick.close();
        self.slow.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// A thread's work: the jobs of a lane; `next` takes what is not done in time.
fn work(core: &Core, queue: &Queue, next: Option<&Queue>) {
    let lane = if next.is_some() { Lane::Quick } else { Lane::Slow };
    // Where it cannot be opened, each job tries again, and whoever asked is told.
    let mut opened = (lane == Lane::Quick).then(|| Reader::open(core, CACHE));
    while let Some(mut job) = queue.next(|| {
        if lane == Lane::Slow {
            opened = None;
        }
    }) {
        let reader = match opened.take() {
            Some(Ok(reader)) => Ok(reader),
            _ => Reader::open(core, CACHE),
        };
        // A panic is the asker's, who is told that the reader ended; the thread serves the others.
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(reader.as_ref().map_err(Clone::clone), lane)));
        if done.is_err() {
            tracing::error!("a statement's answer panicked");
        }
        if let Ok(reader) = &reader
            && !reader.conn.is_autocommit()
        {
            // Stopped inside its transaction.
            let _ = reader.conn.execute_batch("ROLLBACK");
        }
        if let (Ok(false), Some(next)) = (done, next)
            && let Err(mut refused) = next.push(job)
        {
            refused(Err(Error::Busy), Lane::Slow);
        }
        opened = Some(reader);
    }
}
