//! The pages, one file a kind.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod apps;
pub(crate) mod consent;
pub(crate) mod launcher;
pub(crate) mod note;
pub(crate) mod notice;
pub(crate) mod passkeys;
pub(crate) mod pick;
pub(crate) mod record;
pub(crate) mod sandbox;
pub(crate) mod second_factor;
pub(crate) mod sign_in;
