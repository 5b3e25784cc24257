//! Who is calling: signing keys, access and ID tokens, the memory of tokens already verified; how clients prove who they are (secrets,
//! assertions, proofs of possession) and people (passwords, one-time passwords, passkeys). The authorization server's endpoints are built on these.
//!
//! Knows keys, tokens and what RFC 6749, 6750, 7515, 7517, 7519, 7523, 7638, 8725, 9068 and 9449 say of them. Must not know the
//! EHR's tables beyond users, nor how an answer looks on the wire. Time is an argument everywhere.
//!
//! A token is signed with ES256 by a key of our own and verified in full once ([`Verifier`]); afterwards
//! it is known by the SHA-256 of its whole text ([`TokenCache`]). So that no second spelling of a token
//! exists, base64url is exact and of the two ECDSA signatures with equal meaning only the lower counts.

mod assertion;
mod cache;
mod claims;
mod client_credentials;
mod client_key;
mod dpop;
mod header;
mod id_token;
mod jwa;
mod jwk;
mod jws;
mod keys;
mod likeness;
mod limiter;
mod passkey;
mod password;
mod redirect;
mod registration;
mod replay;
mod secret;
mod signature;
mod verify;

pub use assertion::{ASSERTION_TYPE, AssertionFault, ClientAssertion, LONGEST_S as LONGEST_ASSERTION_S, UsedOnce};
pub use cache::{Known, TokenCache};
pub use claims::{Claims, Subject};
pub use client_credentials::{AuthMethod, ClientParameters, Credentials, CredentialsFault, hash_secret, read_credentials, verify_secret};
pub use client_key::client_jwk_pair;
pub use dpop::{DPOP_ALGORITHMS, DPOP_WINDOW_S, DpopFault, DpopProof, ath_of};
pub use header::{Authorization, AuthorizationFault, parse_authorization};
pub use id_token::IdClaims;
pub use jwa::Algorithm;
pub use jwk::{Jwk, JwkFault, Jwks, MAX_BYTES as MAX_JWKS_BYTES};
pub use keys::{KeyError, KeySet, LONGEST_TOKEN_S, SigningKey};
pub use likeness::likeness;
pub use limiter::Limiter;
pub use passkey::{NewPasskey, PASSKEY_ALGORITHMS, PasskeyAnswer, PasskeyFault, RelyingParty};
pub use password::{PasswordCost, PasswordCosts, PasswordFault, hash_password};
pub use redirect::{is_sound_page, is_sound_redirect_uri, origin_of};
pub use registration::{Registration, RegistrationFault};
pub use replay::Replay;
pub use secret::{digest_of, equal, keyed_digest, new_secret, one_time_password, one_time_step};
pub use verify::{TokenFault, Verifier};
