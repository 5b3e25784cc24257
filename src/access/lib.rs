//! Who may do what, with which data: callers, SMART scopes, roles, compartments, the care relation,
//! consent and labels; and the only maker of [`Narrowed`] queries, which are the only ones the store runs.
//!
//! Knows FHIR's types, interactions and compartments. Must not know HTTP, SQL text or tables: a
//! boundary names patients and filters, and the rooms behind turn it into a predicate.
//!
//! Allowed = registered for the client ∩ granted by the person ∩ permitted to the role ∩ care relation
//! ∩ consent ∩ labels. Whatever is unknown or malformed grants nothing.

mod app_state;
mod caller;
mod denial;
mod grant;
mod interaction;
mod narrow;
mod offer;
mod reach;
mod role;
mod roles;
mod scope;

pub use app_state::{APP_STATE, About, AppState, StateCode};
pub use caller::{Caller, Person, VerifiedGrant};
pub use denial::{Denial, GrantFault};
pub use grant::{Excess, ExcessReason, subset};
pub use interaction::{Interaction, Letters};
pub use narrow::{Boundary, Consent, Labels, Narrowed, Target};
pub use offer::Offer;
pub use reach::{NAMING, Patients, Reach, SOFTWARE, TypeRule};
pub use role::{InternalCaller, Role};
pub use roles::{Decision, Fault, ReachKind, Roles};
pub use scope::{Context, Scope, ScopeError, Scopes};
