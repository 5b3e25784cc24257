//! The store room: the only one that names a database crate.
//!
//! Knows tables, plans and connections; must not know FHIR or HTTP.

mod connect;
mod derive;
pub mod dialect;
mod error;
mod introspect;
pub mod migrate;
pub mod shape;

pub use connect::assert_version;
pub use error::Error;
