//! Administration: clients, users, grants. Administrators see no clinical content, here as over FHIR.

pub mod clients;
pub mod grants;
pub mod users;
