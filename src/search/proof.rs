//! The statements run on SQLite, over the clinic's own tables and mappings, and are compared with a slow, obvious reference.

mod cost;
mod explain;
mod laws;
mod past;
mod reference;
mod samples;
pub(crate) mod world;
