//! How a client says who it is (RFC 6749 §2.3, RFC 7523 §2.2, RFC 9700 §2.5): read out of one request, exactly one way, and compared
//! with what it registered.

use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::assertion::ASSERTION_TYPE;

/// A way to authenticate (OpenID Connect Core §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthMethod {
    /// A public client: it only names itself.
    None,
    /// A secret in the `Authorization` header.
    SecretBasic,
    /// A secret in the form.
    SecretPost,
    /// A signed assertion in the form.
    PrivateKeyJwt,
}

impl AuthMethod {
    /// Its registered name (`token_endpoint_auth_method`).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SecretBasic => "client_secret_basic",
            Self::SecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// Whether a client of a kind (`public`, `secret`, `jwks`), registered for this method or for each of its kind, may use it.
    #[must_use]
    pub fn is_registered(self, kind: &str, registered: Option<&str>) -> bool {
        let of_kind = match self {
            Self::None => kind == "public",
            Self::SecretBasic | Self::SecretPost => kind == "secret",
            Self::PrivateKeyJwt => kind == "jwks",
        };
        of_kind && registered.is_none_or(|name| name == self.name())
    }
}

/// Why a request says nothing usable about its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsFault {
    /// Two ways at once, or names that contradict each other: `invalid_request`.
    #[error("{0}")]
    Contradiction(&'static str),
    /// None that can be read: `invalid_client`.
    #[error("the client is not known, or did not prove who it is")]
    Unreadable,
}

/// What a request says about its client.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Only a name.
    Named(String),
    /// A name and a secret.
    Secret {
        /// The name.
        client_id: String,
        /// The secret as it came.
        secret: String,
        /// In the header or in the form.
        method: AuthMethod,
    },
    /// An assertion, and the name beside it if there was one.
    Assertion {
        /// The name in the form.
        client_id: Option<String>,
        /// The assertion.
        assertion: String,
    },
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(name) => f.debug_tuple("Named").field(name).finish(),
            Self::Secret { client_id, method, .. } => f.debug_struct("Secret").field("client_id", client_id).field("method", method).finish_non_exhaustive(),
            Self::Assertion { client_id, .. } => f.debug_struct("Assertion").field("client_id", client_id).finish_non_exhaustive(),
        }
    }
}

/// The parameters of a form that speak of the client, each at most once.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientParameters<'f> {
    /// `client_id`.
    pub client_id: Option<&'f str>,
    /// `client_secret`.
    pub client_secret: Option<&'f str>,
    /// `client_assertion`.
    pub client_assertion: Option<&'f str>,
    /// `client_assertion_type`.
    pub client_assertion_type: Option<&'f str>,
}

/// A longer name or secret (bytes) is nobody's.
const MAX_BYTES: usize = 1024;

/// Reads what a request says about its client, from the values of all its `Authorization` headers and its form.
///
/// # Errors
/// No way, two ways, or one that cannot be read.
pub fn read_credentials<'h>(authorization: impl IntoIterator<Item = &'h [u8]>, form: ClientParameters<'_>) -> Result<Credentials, CredentialsFault> {
    let mut headers = authorization.into_iter();
    let header = headers.next();
    if headers.next().is_some() {
        return Err(CredentialsFault::Contradiction("send one Authorization header"));
    }
    let assertion = form.client_assertion.is_some() || form.client_assertion_type.is_some();
    let ways = usize::from(header.is_some()) + usize::from(form.client_secret.is_some()) + usize::from(assertion);
    if ways > 1 {
        return Err(CredentialsFault::Contradiction("authenticate in one way only"));
    }
    let own = form.client_id.map(str::to_owned);
    if let Some(header) = header {
        let (client_id, secret) = basic(header).ok_or(CredentialsFault::Unreadable)?;
        if own.is_some_and(|own| own != client_id) {
            return Err(CredentialsFault::Contradiction("client_id is not the one in the Authorization header"));
        }
        return Ok(Credentials::Secret { client_id, secret, method: AuthMethod::SecretBasic });
    }
    if assertion {
        return match (form.client_assertion, form.client_assertion_type) {
            (Some(assertion), Some(ASSERTION_TYPE)) => Ok(Credentials::Assertion { client_id: own, assertion: assertion.to_owned() }),
            _ => Err(CredentialsFault::Unreadable),
        };
    }
    match (own, form.client_secret) {
        (Some(client_id), None) => Ok(Credentials::Named(client_id)),
        (Some(client_id), Some(secret)) if !secret.is_empty() && secret.len() <= MAX_BYTES => {
            Ok(Credentials::Secret { client_id, secret: secret.to_owned(), method: AuthMethod::SecretPost })
        }
        _ => Err(CredentialsFault::Unreadable),
    }
}

/// `Basic` with name and secret, each form-encoded first (RFC 6749 §2.3.1).
fn basic(header: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(header).ok().filter(|text| text.len() <= 4 * MAX_BYTES)?;
    let (scheme, encoded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim_matches(' ')).ok()?).ok()?;
    let (name, secret) = decoded.split_once(':')?;
    let (name, secret) = (form_decoded(name)?, form_decoded(secret)?);
    (!name.is_empty() && !secret.is_empty() && name.len() <= MAX_BYTES && secret.len() <= MAX_BYTES).then_some((name, secret))
}

/// `application/x-www-form-urlencoded`, backwards. A client that forgot to encode is understood where that is not ambiguous: our own
/// names and secrets have no `%` and no `+`.
fn form_decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}

const SECRET_MARK: &str = "s256.";

/// The text to store for a client's secret. Secrets are made by the server and have 256 bits, so that one digest is as good as a slow
/// one, and a flood of wrong ones costs nothing.
#[must_use]
pub fn hash_secret(secret: &str) -> String {
    format!("{SECRET_MARK}{}", URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, secret.as_bytes())))
}

/// Whether the secret is the one stored, in constant time; without a stored one the same work is done.
#[must_use]
pub fn verify_secret(secret: &str, stored: Option<&str>) -> bool {
    let offered = hash_secret(secret);
    let nobody = "s256.-------------------------------------------";
    let equal = constant_time::verify_slices_are_equal(offered.as_bytes(), stored.unwrap_or(nobody).as_bytes()).is_ok();
    equal && stored.is_some()
}
