//! The portal over HTTP: who is signed in asks, and is shown a page.
//!
//! Knows requests, sessions (from `oauth`) and pages (from the portal's crate). Must not know SQL, tables, or a way to data of its own:
//! what it shows of the record it asks of the FHIR interface as the person who is signed in ([`crate::rest::within`]).

pub mod facts;
pub mod record;
