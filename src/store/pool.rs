//! Threads for what may scan, with a bounded queue before them, so that one slow search stops no reader.

use crate::Error;
use crate::core::Core;
use crate::reader::{LIMIT, Reader};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// How many statements may wait.
const QUEUE: usize = 256;

type Job = Box<dyn FnOnce(Result<&Reader, Error>) + Send>;

#[derive(Default)]
struct Queue {
    jobs: Mutex<(VecDeque<Job>, bool)>,
    ready: Condvar,
}

/// The threads.
pub(crate) struct Pool {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Each thread opens its own connection: nobody waits for it to read the schema.
    pub(crate) fn start(core: &Arc<Core>, threads: usize) -> Result<Self, Error> {
        let queue = Arc::new(Queue::default());
        let mut started = Vec::with_capacity(threads);
        for number in 0..threads.max(1) {
            let (core, queue) = (Arc::clone(core), Arc::clone(&queue));
            let thread =
                std::thread::Builder::new().name(format!("reader-{number}")).spawn(move || work(&core, &queue)).map_err(|e| Error::Database(e.to_string()))?;
            started.push(thread);
        }
        Ok(Self { queue, threads: started })
    }

    /// Runs something on a reader thread, stopped after [`LIMIT`].
    pub(crate) async fn run<T: Send + 'static>(&self, act: impl FnOnce(&Reader) -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        {
            let mut jobs = self.queue.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            if jobs.0.len() >= QUEUE {
                return Err(Error::Busy);
            }
            jobs.0.push_back(Box::new(move |reader| {
                // Whoever asked may be gone.
                if !reply.is_closed() {
                    let _ = reply.send(reader.and_then(|reader| reader.within(LIMIT, act)));
                }
            }));
        }
        self.queue.ready.notify_one();
        answer.await.map_err(|_| Error::Database("a reader ended".to_owned()))?
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.jobs.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.queue.ready.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn work(core: &Core, queue: &Queue) {
    // Where it cannot be opened, each job tries again, and whoever asked is told.
    let mut opened = Reader::open(core);
    loop {
        let mut jobs = queue.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let job = loop {
            if let Some(job) = jobs.0.pop_front() {
                break job;
            }
            if jobs.1 {
                return;
            }
            jobs = queue.ready.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        };
        drop(jobs);
        if opened.is_err() {
            opened = Reader::open(core);
        }
        let reader = opened.as_ref().map_err(Clone::clone);
        // A panic is the asker's, who is told that the reader ended; the thread serves the others.
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(reader))).is_err() {
            tracing::error!("a statement's answer panicked");
        }
        if let Ok(reader) = &opened
            && !reader.conn.is_autocommit()
        {
            // Stopped inside its transaction.
            let _ = reader.conn.execute_batch("ROLLBACK");
        }
    }
}
