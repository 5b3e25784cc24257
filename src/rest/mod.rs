//! FHIR over HTTP: one file an interaction, headers, bundles, content negotiation.
//!
//! Knows FHIR's HTTP rules. Must not know SQL or tables: what runs comes from `access` (the boundary) and `search` (the statement).

pub mod answer;
mod app_state;
mod appointment;
pub mod audit;
pub mod authenticate;
mod batch;
mod bundle;
mod conditions;
mod create;
mod cursor;
mod delete;
mod directory;
mod dispatch;
pub mod fault;
pub mod gateway;
mod history;
pub mod http;
mod include;
mod judge;
mod mask;
pub mod metadata;
pub mod operation;
mod present;
mod read;
mod search;
mod stored;
mod subset;
pub mod throttle;
mod unmask;
mod update;
mod veil;
mod vread;
pub mod within;
pub mod write;

pub use create::new_id;
