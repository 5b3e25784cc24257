//! Running a gateway: configuration, the data directory and its lock, the servers, work handed over by other commands.
//!
//! Knows the process and the operating system. Must not know FHIR's rules.

mod accept;
pub mod audit_index;
pub mod config;
pub mod control;
mod front;
pub mod instance;
pub mod lock;
pub mod logging;
pub mod metrics;
pub mod outbound;
mod paced;
pub mod serve;
mod settle;
mod unread;
