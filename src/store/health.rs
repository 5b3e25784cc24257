//! Whether the file may be written: checked after an unclean stop, failed after an I/O error.

use crate::{Error, connect};
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Being checked, and nothing is written until it is.
    Checking,
    /// Good as far as known.
    Good,
    /// Takes no writes.
    Failed,
}

/// The state that readers, the writer and the check share.
pub(crate) struct Health {
    state: Mutex<State>,
    changed: Condvar,
}

impl Health {
    pub(crate) fn new(unclean: bool) -> Self {
        Self { state: Mutex::new(if unclean { State::Checking } else { State::Good }), changed: Condvar::new() }
    }

    fn set(&self, to: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = to;
        self.changed.notify_all();
    }

    /// No more writes.
    pub(crate) fn fail(&self) {
        self.set(State::Failed);
    }

    pub(crate) fn failed(&self) -> bool {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) == State::Failed
    }

    pub(crate) fn may_write(&self) -> Result<(), Error> {
        if self.failed() { Err(Error::Failed) } else { Ok(()) }
    }

    /// Waits for the check that an unclean stop asks for.
    pub(crate) fn wait_until_checked(&self) -> Result<(), Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while *state == State::Checking {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if *state == State::Failed { Err(Error::Failed) } else { Ok(()) }
    }

    /// Runs `quick_check` on a connection of its own; what it finds stops writes.
    pub(crate) fn check(&self, path: &Path) {
        let found = connect::reader(path, 1024).and_then(|conn| Ok(conn.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?));
        match found {
            Ok(answer) if answer == "ok" => {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                if *state == State::Checking {
                    *state = State::Good;
                }
                drop(state);
                self.changed.notify_all();
            }
            Ok(answer) => {
                tracing::error!(answer, "quick_check found damage; the store takes no writes");
                self.fail();
            }
            Err(error) => {
                tracing::error!(%error, "quick_check did not end; the store takes no writes");
                self.fail();
            }
        }
    }
}
