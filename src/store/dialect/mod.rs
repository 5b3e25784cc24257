//! What differs between database engines, and nothing else. SQLite is the one engine so far.

pub mod sqlite;
