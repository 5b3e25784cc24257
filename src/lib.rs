//! Hearthgate: a SMART-on-FHIR gateway over an EHR's own tables.

/// The mapping files in the program.
pub mod embedded {
    include!(concat!(env!("OUT_DIR"), "/mappings.rs"));
}

pub mod cli;
pub mod extract;
pub mod intake;
pub mod oauth;
pub mod ops;
pub mod rest;
pub mod site;
pub mod work;
