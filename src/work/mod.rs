//! What commands do to a data directory: run here under its lock, or in the server that holds it.

mod clients;
mod import;
mod token;
mod users;

use crate::ops::control::Console;
use crate::ops::instance::Instance;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tokio::runtime::Handle;

/// One piece of work.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// An access token.
    Token(token::Ask),
    /// A new client.
    ClientAdd(clients::New),
    /// All clients.
    ClientList,
    /// One client.
    ClientShow { id: String },
    /// A client that may ask for nothing any more, or may again.
    ClientDisable { id: String, disabled: bool },
    /// A new user.
    UserAdd(users::New),
    /// All users.
    UserList,
    /// A user who may sign in no more, or may again.
    UserDisable { name: String, disabled: bool },
    /// An import.
    Import { paths: Vec<PathBuf>, system: Option<String>, report: Option<PathBuf> },
}

pub use clients::{New as NewClient, add_quietly as add_client};
pub use token::Ask as TokenAsk;
pub use users::{New as NewUser, add_quietly as add_user};

/// Does it; the exit code.
pub fn perform(work: Work, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> u8 {
    let done = match work {
        Work::Token(ask) => token::issue(&ask, instance, runtime, console),
        Work::ClientAdd(new) => clients::add(&new, instance, runtime, console),
        Work::ClientList => clients::list(instance, console),
        Work::ClientShow { id } => clients::show(&id, instance, console),
        Work::ClientDisable { id, disabled } => clients::disable(&id, disabled, instance, runtime, console),
        Work::UserAdd(new) => users::add(&new, instance, runtime, console),
        Work::UserList => users::list(instance, console),
        Work::UserDisable { name, disabled } => users::disable(&name, disabled, instance, runtime, console),
        Work::Import { paths, system, report } => import::run(&paths, system, report.as_deref(), instance, runtime, console),
    };
    match done {
        Ok(code) => code,
        Err(message) => {
            console.err(&message);
            1
        }
    }
}

/// The audit event of a command: who can reach the data directory is an operator.
pub(crate) fn event(instance: &Instance, action: &str, client: Option<&str>, actor: Option<&str>, outcome: u16) -> hearthgate_ledger::Event {
    hearthgate_ledger::Event {
        at_ms: instance.gateway.now(),
        actor: actor.map(str::to_owned),
        role: Some("operator".to_owned()),
        client: client.map(str::to_owned),
        action: action.to_owned(),
        outcome,
        ..Default::default()
    }
}
