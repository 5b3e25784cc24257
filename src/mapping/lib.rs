//! Mapping: files in `mappings/` become [`Plan`]s; a plan turns rows into FHIR bytes and FHIR JSON into rows.
//!
//! Knows mapping files, FHIR paths, rows as values. Must not know HTTP, database crates, clocks or keys:
//! sealed columns arrive opened and leave as plain text marked [`Column::sealed`].

pub mod check;
pub mod claim;
pub mod codes;
pub mod compile;
pub mod composite;
pub mod coverage;
mod derive;
pub mod doc;
pub mod document;
pub mod file;
pub mod group;
pub mod index;
pub mod overlay;
mod path;
pub mod plan;
pub mod render;
mod same;
pub mod schema;
pub mod settle;
pub mod source;
pub mod take;
mod tree;

pub use check::Mistake;
pub use compile::{Mappings, load};
pub use plan::*;
pub use schema::Schema;
pub use source::{IndexEntry, Source};
