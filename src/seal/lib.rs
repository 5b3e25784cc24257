//! Sealed fields: values encrypted before they reach a database column, keyed blind indexes to
//! search them by, and the hierarchy of keys behind both.
//!
//! Knows keys, ciphertexts and the place (table, column, row) a ciphertext belongs to. Must not know
//! what a field means, SQL, FHIR or HTTP. The store fetches wrapped data keys; this room never does.
//!
//! * The **master key** and the **blind master** live in one file outside the database
//!   ([`Keyring::create`]); a [check value](Keyring::check_value) kept in the database tells at start
//!   that the file belongs to it.
//! * A **data key** per patient (or per table) is wrapped by the master key and stored as text; once
//!   unwrapped it stays in a bounded cache. Its id is a digest of the key itself, so a value that names
//!   an id commits to one key.
//! * A **value** is AES-256-GCM-SIV (RFC 8452): text `hg1.<key id>.<base64url(nonce ‖ ciphertext ‖ tag)>`
//!   or bytes `hg1.` ‖ key id ‖ nonce ‖ ciphertext ‖ tag. Its place and key id are associated data, so a
//!   value moved elsewhere does not open. A nonce drawn twice reveals no more than that two equal
//!   values are equal, which is why the mode needs no message counter.

mod blind;
mod cache;
mod keyfile;
mod keyring;
#[cfg(test)]
mod rfc8452;
mod sealed;
mod token;

pub use cache::{KeyId, NoKeyId};
pub use keyring::{Keyring, Wrapped};
pub use sealed::{Place, key_id_of, key_id_of_bytes};

use std::path::PathBuf;

/// A source of random bytes: fills the whole slice. Tests pass a fixed one, the server [`system_fill`].
pub type Fill<'a> = &'a dyn Fn(&mut [u8]);

/// What can go wrong with keys and sealed values.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The data key is not in the cache: fetch its wrapped text, [`Keyring::unwrap`] it, try again.
    #[error("the data key {0} is not loaded")]
    KeyMissing(KeyId),
    /// The value does not open here. One error for every fault (truncated, altered, moved, another
    /// key, not a sealed value at all), so that an answer never tells which.
    #[error("the sealed value does not open")]
    Broken,
    /// The key file does not belong to this database: the check value differs.
    #[error("the master key is not the one this database was sealed with")]
    WrongMaster,
    /// A key directory or file may be read or written by others than its owner.
    #[error("{path} may be accessed by others (mode {mode:03o}); set it to {wanted:03o}")]
    Exposed {
        /// The directory or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The permission bits it must have.
        wanted: u32,
    },
    /// A key file exists already; making another would lose every sealed value.
    #[error("{0} exists already; it is never overwritten")]
    Exists(PathBuf),
    /// No key file; without it nothing sealed can be opened.
    #[error("{0} is missing; restore it from its backup")]
    NoKeyFile(PathBuf),
    /// The key file is damaged or of an unknown format.
    #[error("{0} is not a readable key file")]
    KeyFile(PathBuf),
    /// Reading or writing a key file failed.
    #[error("{path}: {kind}")]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What the operating system said.
        kind: std::io::ErrorKind,
    },
}

/// Random bytes from the operating system's generator by way of the cryptographic library.
///
/// # Panics
/// When the generator fails, which no input can cause: going on with predictable keys or nonces would
/// be worse than stopping.
pub fn system_fill(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).expect("the operating system's random generator failed");
}
