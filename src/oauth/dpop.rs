//! Proofs of possession at the authorization server's own endpoints (RFC 9449 sections 5 and 7).

use super::Oauth;
use super::authenticate::Authenticated;
use super::error::OAuthError;
use hearthgate_auth::{DpopFault, DpopProof};
use http::{HeaderMap, HeaderValue};

/// Notes the key that a client proves to hold with its request for a token or a pushed request (RFC 9449 sections 5 and 10.1).
///
/// # Errors
/// A proof that does not hold, or none from a client that registered for bound tokens.
pub fn bind(oauth: &Oauth, headers: &HeaderMap, path: &str, asker: &mut Authenticated) -> Result<(), OAuthError> {
    asker.jkt = proven_key(oauth, headers, "POST", path, None)?;
    if asker.jkt.is_none() && asker.client.dpop_bound && path == "/auth/token" {
        return Err(OAuthError::InvalidDpopProof("This client's tokens are bound to a key: send a DPoP header with a proof."));
    }
    Ok(())
}

/// The thumbprint of the key that a request to one of our endpoints proves to hold; `None` without a proof.
///
/// # Errors
/// A proof that does not hold, or was seen before.
pub fn proven_key(oauth: &Oauth, headers: &HeaderMap, method: &str, path: &str, token: Option<&str>) -> Result<Option<String>, OAuthError> {
    let proofs = headers.get_all("dpop");
    if proofs.iter().next().is_none() {
        return Ok(None);
    }
    let now = oauth.now().div_euclid(1000);
    let url = format!("{}{path}", oauth.issuer());
    let replay = &oauth.instance.replay;
    let held =
        DpopProof::verify(proofs.iter().map(HeaderValue::as_bytes), method, &url, token, now).and_then(|proof| replay.take(&proof, now).map(|()| proof.jkt));
    held.map(Some).map_err(|fault| match fault {
        DpopFault::Form => OAuthError::InvalidDpopProof("Send one DPoP header with a proof signed with ES256 or ES384 by the key in its header."),
        DpopFault::Request => OAuthError::InvalidDpopProof("The DPoP proof is for another request: htm, htu and ath must be this request's."),
        DpopFault::Time => OAuthError::InvalidDpopProof("The DPoP proof's time is not now; make a new one for each request."),
        DpopFault::Replayed => OAuthError::InvalidDpopProof("The DPoP proof was used before; make a new one for each request."),
        DpopFault::Nonce => OAuthError::UseDpopNonce(replay.nonce(now)),
    })
}
