//! The writer: one thread, one connection. Units wait in a bounded queue; the thread takes all that wait, each in a savepoint,
//! commits them together with one sync, and only then says yes.
//!
//! A commit that fails is never tried again: nobody can know what the disk kept. After an I/O error the store takes no more
//! writes until a restart; after a full disk the next unit may try.

mod keys;
mod put;
mod rows;
mod session;
mod versions;

use crate::core::Core;
use crate::unit::{Outcome, Refused, Unit};
use crate::{Error, health::Health};
use rusqlite::Connection;
use session::Session;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How many units may wait.
const QUEUE: usize = 1024;
/// A commit is not put off longer than this while units keep coming.
const GATHER: Duration = Duration::from_millis(20);
/// Nor for more units than this.
const AT_ONCE: usize = 512;
/// A unit of more changes has a transaction of its own: inside a savepoint SQLite keeps a copy of each page that the savepoint
/// touched, in a list that it walks at the end of every statement, so that a long unit would cost the square of its length.
const ALONE: usize = 12;

/// Bytes as served, made by a reader, to be kept if they are still true.
pub(crate) struct Rendered {
    pub resource: String,
    pub id: String,
    pub version: u64,
    pub patient: Option<String>,
    pub table: String,
    pub bytes: bytes::Bytes,
}

enum Message {
    Unit(Box<Unit>, oneshot::Sender<Result<Vec<Outcome>, Refused>>),
    Rendered(Box<Rendered>),
}

/// The queue to the thread.
pub(crate) struct Writer {
    queue: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
    health: Arc<Health>,
}

impl Writer {
    /// On a connection made by [`connect::writer`](crate::connect::writer), which has read the schema already: that takes long.
    pub(crate) fn start(core: Arc<Core>, conn: Connection, health: Arc<Health>) -> Result<Self, Error> {
        let (queue, waiting) = sync_channel(QUEUE);
        let known = Arc::clone(&health);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || run(Session::new(Session::opened(core, conn)), &waiting, &known))
            .map_err(|e| Error::Database(e.to_string()))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), health })
    }

    /// Puts a unit into the queue; the answer comes when it is durable or refused.
    pub(crate) fn submit(&self, unit: Unit) -> Result<oneshot::Receiver<Result<Vec<Outcome>, Refused>>, Refused> {
        self.health.may_write()?;
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(Error::Failed)?;
        match queue.try_send(Message::Unit(Box::new(unit), reply)) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(Error::Busy.into()),
            Err(TrySendError::Disconnected(_)) => Err(Error::Failed.into()),
        }
    }

    /// Hands over rendered bytes, if there is room.
    pub(crate) fn keep(&self, rendered: Rendered) {
        if self.health.may_write().is_ok()
            && let Some(queue) = &self.queue
        {
            let _ = queue.try_send(Message::Rendered(Box::new(rendered)));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread ends when the queue is empty and nobody can add to it.
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(mut session: Session, waiting: &Receiver<Message>, health: &Health) {
    while let Ok(first) = waiting.recv() {
        // After an unclean stop nothing is written to what has not been checked.
        if let Err(error) = health.wait_until_checked() {
            refuse(first, &error);
            continue;
        }
        batch(&mut session, first, waiting, health);
    }
    session.close();
}

fn refuse(message: Message, error: &Error) {
    if let Message::Unit(_, reply) = message {
        let _ = reply.send(Err(error.clone().into()));
    }
}

fn is_long(message: &Message) -> bool {
    matches!(message, Message::Unit(unit, _) if unit.changes.len() > ALONE)
}

/// A long unit by itself.
fn alone(session: &mut Session, message: Message, health: &Health) {
    let Message::Unit(unit, reply) = message else { return };
    let answer = match session.begin() {
        Err(error) => Err(fault(error, health).into()),
        Ok(()) => match session.whole(&unit) {
            Ok(outcomes) => session.commit().map(|()| outcomes).map_err(|error| fault(error, health).into()),
            Err(refused) => {
                let lost = session.lost();
                session.rollback();
                Err(if lost { fault(refused.error, health).into() } else { refused })
            }
        },
    };
    let _ = reply.send(answer);
}

fn batch(session: &mut Session, first: Message, waiting: &Receiver<Message>, health: &Health) {
    if is_long(&first) {
        return alone(session, first, health);
    }
    let begun = Instant::now();
    if let Err(error) = session.begin() {
        refuse(first, &fault(error, health));
        return;
    }
    let mut taken = Vec::new();
    let mut next = Some(first);
    let mut long = None;
    let mut broken = None;
    let mut count = 0;
    while let Some(message) = next.take() {
        match message {
            Message::Unit(unit, reply) => match session.unit(&unit) {
                Ok(outcomes) => taken.push((reply, outcomes)),
                Err(refused) => {
                    let lost = session.lost() || matches!(refused.error, Error::Full | Error::Failed | Error::Corrupt(_));
                    let error = refused.error.clone();
                    let _ = reply.send(Err(refused));
                    if lost {
                        broken = Some(error);
                        break;
                    }
                }
            },
            Message::Rendered(rendered) => {
                if session.rendered(&rendered).is_err() && session.lost() {
                    broken = Some(Error::Failed);
                    break;
                }
            }
        }
        count += 1;
        if count < AT_ONCE && begun.elapsed() < GATHER {
            next = waiting.try_recv().ok();
            if next.as_ref().is_some_and(is_long) {
                long = next.take();
            }
        }
    }
    let end = match broken {
        None => session.commit(),
        Some(error) => {
            session.rollback();
            Err(error)
        }
    };
    match end {
        Ok(()) => {
            for (reply, outcomes) in taken {
                let _ = reply.send(Ok(outcomes));
            }
        }
        Err(error) => {
            let error = fault(error, health);
            for (reply, _) in taken {
                let _ = reply.send(Err(error.clone().into()));
            }
        }
    }
    if let Some(long) = long {
        match health.may_write() {
            Ok(()) => alone(session, long, health),
            Err(error) => refuse(long, &error),
        }
    }
}

/// What an error of the transaction itself means for the store.
fn fault(error: Error, health: &Health) -> Error {
    match error {
        Error::Busy | Error::Full => error,
        error => {
            tracing::error!(%error, "the store takes no more writes");
            health.fail();
            Error::Failed
        }
    }
}
