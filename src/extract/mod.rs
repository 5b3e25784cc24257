//! What notes say, as findings: follows the change feed, reads each version of a note once, and brings the `findings` of the note to
//! what it says now.
//!
//! Knows notes as resources, the reader of clinical text, and the columns of `findings`. Must not know HTTP, nor a way of its own to
//! data: it reads and writes as the internal caller `extraction`, within `narrow`, and each note it reads is an audit event in the
//! transaction of what it found.
//!
//! * A finding keeps its id while the note says the same (concept, context and words), so that a judgement stays with it.
//! * What a note says no more is withdrawn: deleted, or marked `entered-in-error` where a doctor accepted it.
//! * What an import brought waits behind what somebody wrote.
//! * How far the feed was read stands in `gw_meta`, written with the findings: a kill repeats nothing and loses nothing.

mod brought;
mod device;
mod feed;
mod finding;
pub mod judgement;
mod note;
mod reader;
pub mod reading;
mod same;
mod typed;
mod unit;

pub use device::is_false as is_false_software;
pub use feed::{UNREAD, follow, start};
pub use finding::id;
pub use same::is_there;
