//! The pages: sign-in, consent and the portal, and the design system they share.
//!
//! Knows HTML, words and how things look; is pure: view structs in, HTML out. Must not know HTTP, SQL, sessions or clocks, nor decide
//! who may see what: whoever calls has asked `access` and hands over what may be shown.
//!
//! Every page works without JavaScript and without a byte from elsewhere; nothing is inline, so that the content security policy needs
//! no exception ([`shield`]). Every text stands in both languages ([`Language`]); templates escape whatever they are given.

mod assets;
mod dates;
mod frame;
mod language;
pub mod shield;
mod text;
mod views;
pub mod words;

pub use assets::{ASSET_CACHE, Asset, asset};
pub use dates::{Day, Moment, span};
pub use frame::{ANTI_FORGERY_FIELD, Destination, Form, Frame, View};
pub use language::Language;
pub use text::Text;
pub use views::account::{Account, Linkable, QrCode, Totp};
pub use views::admin::{
    AdminClient, AdminClients, AdminGrants, AdminUser, AdminUsers, ClientLine, ClientState, GrantLine, RegisterClient, SecretOnce, TypedClient, UserLine,
};
pub use views::apps::{AppNotice, Apps, ConnectedApp};
pub use views::consent::{Asker, Consent};
pub use views::launcher::{LaunchChoice, Launcher, LauncherOwn, LauncherReady, OwnApp};
pub use views::note::{Finding, FindingContext, Judgement, Note, NoteText};
pub use views::notice::{ConfirmSignOut, ErrorPage, Message, Problem, SignedOut};
pub use views::passkeys::{Passkey, Passkeys, PasskeysError, PasskeysState};
pub use views::pick::{EncounterChoice, PatientChoice, PickEncounter, PickPatient};
pub use views::record::{AppointmentLine, Chart, DoctorHome, PatientHome, PrescriptionLine};
pub use views::sandbox::Sandbox;
pub use views::second_factor::{SecondFactor, SecondFactorError};
pub use views::sign_in::{SignIn, SignInError, Upstream};
