//! The writer: one thread, one connection. Units wait in a bounded queue; the thread takes all that wait, each in a savepoint,
//! commits them together with one sync, and only then says yes.
//!
//! A commit that fails is never tried again: nobody can know what the disk kept. After an I/O error the store takes no more
//! writes until a restart; after a full disk the next unit may try.

mod keys;
mod put;
mod refresh;
mod rows;
mod session;
mod triggers;
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

/// A unit, and of each of its changes the patients concerned.
struct Ask {
    unit: Unit,
    concerned: Vec<Vec<String>>,
}

enum Message {
    Unit(Box<Ask>, oneshot::Sender<Result<Vec<Outcome>, Refused>>),
    Rendered(Box<Rendered>),
    Settle(oneshot::Sender<Result<bool, Error>>),
    Forget(oneshot::Sender<Result<bool, Error>>),
    Bulk,
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
        match queue.try_send(Message::Unit(Box::new(Ask { unit, concerned: Vec::new() }), reply)) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(Error::Busy.into()),
            Err(TrySendError::Disconnected(_)) => Err(Error::Failed.into()),
        }
    }

    /// As [`Writer::submit`], waiting for room in the queue.
    pub(crate) fn queue(&self, unit: Unit, concerned: Vec<Vec<String>>) -> Result<oneshot::Receiver<Result<Vec<Outcome>, Refused>>, Refused> {
        self.health.may_write()?;
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(Error::Failed)?;
        queue.send(Message::Unit(Box::new(Ask { unit, concerned }), reply)).map_err(|_| Error::Failed)?;
        Ok(answer)
    }

    /// See [`Store::settle`](crate::Store::settle).
    pub(crate) fn settle(&self) -> Result<oneshot::Receiver<Result<bool, Error>>, Error> {
        self.ask(Message::Settle)
    }

    /// See [`Store::forget`](crate::Store::forget).
    pub(crate) fn forget(&self) -> Result<oneshot::Receiver<Result<bool, Error>>, Error> {
        self.ask(Message::Forget)
    }

    fn ask(&self, what: impl FnOnce(oneshot::Sender<Result<bool, Error>>) -> Message) -> Result<oneshot::Receiver<Result<bool, Error>>, Error> {
        self.health.may_write()?;
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(Error::Failed)?;
        match queue.try_send(what(reply)) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(Error::Busy),
            Err(TrySendError::Disconnected(_)) => Err(Error::Failed),
        }
    }

    /// See [`Store::bulk`](crate::Store::bulk).
    pub(crate) fn bulk(&self) {
        if let Some(queue) = &self.queue {
            let _ = queue.send(Message::Bulk);
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
    match message {
        Message::Unit(_, reply) => drop(reply.send(Err(error.clone().into()))),
        Message::Settle(reply) | Message::Forget(reply) => drop(reply.send(Err(error.clone()))),
        Message::Rendered(_) | Message::Bulk => {}
    }
}

/// What shares no transaction with others.
fn is_apart(message: &Message) -> bool {
    match message {
        Message::Unit(ask, _) => ask.unit.changes.len() > ALONE,
        Message::Settle(_) | Message::Forget(_) | Message::Bulk => true,
        Message::Rendered(_) => false,
    }
}

/// A long unit, or what is no unit, by itself.
fn alone(session: &mut Session, message: Message, health: &Health) {
    let (ask, reply) = match message {
        Message::Unit(ask, reply) => (ask, reply),
        Message::Settle(reply) => return drop(reply.send(session.settle().map_err(|error| fault(error, health)))),
        Message::Forget(reply) => return drop(reply.send(session.forget())),
        Message::Bulk => return session.bulk(),
        Message::Rendered(_) => return,
    };
    let answer = match session.begin() {
        Err(error) => Err(fault(error, health).into()),
        Ok(()) => match session.whole(&ask.unit, &ask.concerned) {
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
    if is_apart(&first) {
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
            Message::Unit(ask, reply) => match session.unit(&ask.unit, &ask.concerned) {
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
            // Apart, and taken so.
            Message::Settle(_) | Message::Forget(_) | Message::Bulk => {}
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
            if next.as_ref().is_some_and(is_apart) {
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
