//! The store against a small clinic, and against the real sqlite3 shell on the live file.

#[path = "store/clinic.rs"]
mod clinic;
#[path = "store/crash.rs"]
mod crash;
#[path = "store/dates.rs"]
mod dates;
#[path = "store/import.rs"]
mod import;
#[path = "store/outside.rs"]
mod outside;
#[path = "store/reads.rs"]
mod reads;
#[path = "store/real.rs"]
mod real;
#[path = "store/schema.rs"]
mod schema;
#[path = "store/served.rs"]
mod served;
#[path = "store/speed.rs"]
mod speed;
#[path = "store/writes.rs"]
mod writes;
