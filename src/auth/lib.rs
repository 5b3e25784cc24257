//! Who is calling: signing keys, access tokens, and the memory of tokens already verified. The
//! authorization server (clients, grants, launch, consent, upstream login) is built on these.
//!
//! Knows keys, tokens and what RFC 6750, 7515, 7519, 7638, 8725 and 9068 say of them. Must not know the
//! EHR's tables beyond users, nor how an answer looks on the wire. Time is an argument everywhere.
//!
//! A token is signed with ES256 by a key of our own and verified in full once ([`Verifier`]); afterwards
//! it is known by the SHA-256 of its whole text ([`TokenCache`]). So that no second spelling of a token
//! exists, base64url is exact and of the two ECDSA signatures with equal meaning only the lower counts.

mod cache;
mod claims;
mod client_key;
mod header;
mod jws;
mod keys;
mod password;
mod signature;
mod verify;

pub use cache::{Known, TokenCache};
pub use claims::{Claims, Subject};
pub use client_key::client_jwk_pair;
pub use header::{AuthorizationFault, parse_authorization};
pub use keys::{KeyError, KeySet, SigningKey};
pub use password::{PasswordFault, hash_password, verify_password};
pub use verify::{TokenFault, Verifier};
