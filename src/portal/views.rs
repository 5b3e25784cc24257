//! The pages, one file a kind.

pub(crate) mod consent;
pub(crate) mod notice;
pub(crate) mod pick;
pub(crate) mod second_factor;
pub(crate) mod sign_in;
