//! The clinic's own rules.
//!
//! Knows what the clinic permits: who may ask for, approve, move and call off an appointment, and what may follow
//! what. Must not know FHIR's JSON, HTTP or SQL: whoever calls fills small plain structs, and gets back which rule
//! is broken, about which element, and how to mend it. Time is an argument.
//!
//! What only the database can promise (no two live appointments of one doctor at once) is a constraint there
//! (`migrations/0003_scheduling.sql`), so that it binds foreign writers too; it is not repeated here.

pub mod appointment;

pub use appointment::{Acceptance, Actor, Appointment, Broken, MAX_OPEN_REQUESTS, Rule, Status, UnknownCode, judge_appointment, judge_open_requests};
