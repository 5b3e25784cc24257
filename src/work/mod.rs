//! What commands do to a data directory: run here under its lock, or in the server that holds it.

pub mod clients;
mod export;
mod grants;
mod import;
mod keys;
pub mod rotate;
mod token;
pub mod users;

use crate::ops::control::Console;
use crate::ops::instance::Instance;
use hearthgate_store::{AuditRow, Change, Context, Refused, Unit};
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
    ClientShow {
        /// Its id.
        id: String,
    },
    /// A client that may ask for nothing any more, or may again.
    ClientDisable {
        /// Its id.
        id: String,
        /// Whether it is refused from now on.
        disabled: bool,
    },
    /// A yes or a no to a client that registered itself.
    ClientReview {
        /// Its id.
        id: String,
        /// Yes.
        approved: bool,
    },
    /// A client's new secret or keys.
    ClientRotate(rotate::Client),
    /// A new user.
    UserAdd(users::New),
    /// All users.
    UserList,
    /// One user.
    UserShow {
        /// The name.
        name: String,
    },
    /// A user who may sign in no more, or may again.
    UserDisable {
        /// The name.
        name: String,
        /// Whether access ends now.
        disabled: bool,
    },
    /// All keys that sign tokens.
    KeyList,
    /// Successors of the keys that sign tokens.
    KeyRotate {
        /// Seconds until they sign.
        after: u32,
    },
    /// The end of a retired key.
    KeyDrop {
        /// Its id.
        kid: String,
    },
    /// A client's particulars.
    ClientSet {
        /// Its id.
        id: String,
        /// What changes.
        details: clients::Details,
    },
    /// A user's new password.
    UserRotate(rotate::User),
    /// The end of a user's second factor.
    UserResetSecondFactor {
        /// The name.
        name: String,
    },
    /// What people have allowed apps.
    GrantList,
    /// One grant.
    GrantShow {
        /// Its number, or the id of a token that rests on none.
        id: String,
    },
    /// A grant to be withdrawn.
    GrantRevoke {
        /// Its number, or the id of a token that rests on none.
        id: String,
    },
    /// An import.
    Import {
        /// Files and folders, absolute.
        paths: Vec<PathBuf>,
        /// The system they come from.
        system: Option<String>,
        /// Where refused lines are written.
        report: Option<PathBuf>,
        /// Its notes are not read for findings.
        #[serde(default)]
        no_extract: bool,
    },
    /// An export.
    Export {
        /// The folder, absolute.
        folder: PathBuf,
        /// These types only; none: all.
        types: Vec<String>,
        /// Only what changed at or after this instant.
        since: Option<String>,
    },
}

impl Work {
    /// What the audit calls it, and of whom it is.
    fn named(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Token(ask) => ("token", Some(&ask.client)),
            Self::ClientAdd(new) => ("client-add", Some(&new.id)),
            Self::ClientList => ("client-list", None),
            Self::ClientShow { id } => ("client-show", Some(id)),
            Self::ClientDisable { id, disabled } => (if *disabled { "client-disable" } else { "client-enable" }, Some(id)),
            Self::ClientReview { id, approved } => (if *approved { "client-approve" } else { "client-refuse" }, Some(id)),
            Self::ClientRotate(new) => ("client-rotate", Some(&new.id)),
            Self::UserAdd(new) => ("user-add", Some(&new.name)),
            Self::UserList => ("user-list", None),
            Self::UserShow { name } => ("user-show", Some(name)),
            Self::UserDisable { name, disabled } => (if *disabled { "user-disable" } else { "user-enable" }, Some(name)),
            Self::KeyList => ("key-list", None),
            Self::KeyRotate { .. } => ("key-rotate", None),
            Self::KeyDrop { kid } => ("key-drop", Some(kid)),
            Self::ClientSet { id, .. } => ("client-set", Some(id)),
            Self::UserRotate(new) => ("user-password", Some(&new.name)),
            Self::UserResetSecondFactor { name } => ("user-second-factor-reset", Some(name)),
            Self::GrantList => ("grant-list", None),
            Self::GrantShow { .. } => ("grant-show", None),
            Self::GrantRevoke { .. } => ("grant-revoke", None),
            Self::Import { .. } => ("import", None),
            Self::Export { .. } => ("export", None),
        }
    }

    /// Whether it writes its own event when it succeeds: with the change, or before the first resource.
    fn audits_itself(&self) -> bool {
        !matches!(
            self,
            Self::GrantList
                | Self::GrantShow { .. }
                | Self::ClientList
                | Self::ClientShow { .. }
                | Self::UserList
                | Self::UserShow { .. }
                | Self::KeyList
                | Self::KeyRotate { .. }
        )
    }
}

pub use clients::{Details as ClientDetails, New as NewClient, add_quietly as add_client};
pub use rotate::{Client as RotateClient, User as RotateUser};
pub use token::Ask as TokenAsk;
pub use users::{New as NewUser, add_quietly as add_user};

/// Does it; the exit code. What was refused is audited like what was done.
pub fn perform(work: Work, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> u8 {
    let (action, of) = work.named();
    let refusal = event(instance, action, None, of.map(|name| name.chars().take(128).collect::<String>()).as_deref(), 422);
    let (asks_for_token, audits_itself) = (matches!(work, Work::Token(_)), work.audits_itself());
    let done = run(work, instance, runtime, console);
    let seen = hearthgate_ledger::Event { outcome: if done.is_ok() { 200 } else { 422 }, ..refusal };
    let told = if asks_for_token || (done.is_ok() && audits_itself) { Ok(0) } else { runtime.block_on(instance.gateway.ledger.append(&seen)) };
    match done.and_then(|code| told.map(|_| code).map_err(|e| e.to_string())) {
        Ok(code) => code,
        Err(message) => {
            console.err(&message);
            1
        }
    }
}

fn run(work: Work, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    match work {
        Work::Token(ask) => token::issue(&ask, instance, runtime, console),
        Work::ClientAdd(new) => clients::add(&new, instance, runtime, console),
        Work::ClientList => clients::list(instance, console),
        Work::ClientShow { id } => clients::show(&id, instance, console),
        Work::ClientDisable { id, disabled } => clients::disable(&id, disabled, instance, runtime, console),
        Work::ClientReview { id, approved } => clients::review(&id, approved, instance, runtime, console),
        Work::ClientRotate(new) => rotate::client(&new, instance, runtime, console),
        Work::UserAdd(new) => users::add(&new, instance, runtime, console),
        Work::UserList => users::list(instance, console),
        Work::UserShow { name } => users::show(&name, instance, console),
        Work::UserDisable { name, disabled } => users::disable(&name, disabled, instance, runtime, console),
        Work::KeyList => keys::list(instance, console),
        Work::KeyRotate { after } => keys::rotate(after, instance, console),
        Work::KeyDrop { kid } => keys::drop_key(&kid, instance, runtime, console),
        Work::ClientSet { id, details } => clients::set(&id, &details, instance, runtime, console),
        Work::UserRotate(new) => rotate::user(&new, instance, runtime, console),
        Work::UserResetSecondFactor { name } => users::reset_second_factor(&name, instance, runtime, console),
        Work::GrantList => grants::list(instance, console),
        Work::GrantShow { id } => grants::show(&id, instance, console),
        Work::GrantRevoke { id } => grants::revoke(&id, instance, runtime, console),
        Work::Import { paths, system, report, no_extract } => import::run(&paths, system, report.as_deref(), no_extract, instance, runtime, console),
        Work::Export { folder, types, since } => export::run(&folder, &types, since, instance, runtime, console),
    }
}

/// Writes an operator's changes together with their audit event.
fn write(instance: &Instance, runtime: &Handle, event: hearthgate_ledger::Event, changes: Vec<Change>) -> Result<(), Refused> {
    let unit = Unit {
        context: Context { actor: None, client: Some("hearthgate-operator".to_owned()), at_ms: event.at_ms },
        changes,
        audit: serde_json::to_string(&event).ok().map(|event| AuditRow { event }),
    };
    runtime.block_on(instance.gateway.store.write(unit)).map(drop)
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
