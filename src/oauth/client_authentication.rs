//! Clients that prove who they are by a signed assertion (`private_key_jwt`, RFC 7523; SMART's asymmetric clients).

use super::Oauth;
use hearthgate_auth::{AssertionFault, ClientAssertion};
use hearthgate_store::{Change, Client, Error, Profile, Unit};

/// Why an assertion is not taken.
#[derive(Debug, thiserror::Error)]
enum Refused {
    /// It does not hold.
    #[error(transparent)]
    Assertion(#[from] AssertionFault),
    /// No such client, or one without keys.
    #[error("there is no such client with keys")]
    Client,
    /// Its keys could not be had.
    #[error("the client's keys could not be fetched")]
    Keys,
    /// It was used before.
    #[error("the assertion was used before")]
    Replayed,
    /// The store.
    #[error(transparent)]
    Store(#[from] Error),
}

/// An assertion and the name of the client that it is of, before anything of it is believed; the name must be the one beside it, if there
/// is one.
///
/// # Errors
/// An assertion that cannot be read or contradicts what stands beside it.
pub fn read<'t>(text: &'t str, client_id: Option<&str>) -> Result<(String, ClientAssertion<'t>), AssertionFault> {
    let assertion = ClientAssertion::read(text)?;
    let own = assertion.client_id()?.to_owned();
    if client_id.is_some_and(|named| named != own) {
        return Err(AssertionFault::Claims);
    }
    Ok((own, assertion))
}

/// Whether an assertion holds; why it does not is for the log alone.
///
/// # Errors
/// The store's.
pub async fn believes(oauth: &Oauth, assertion: &ClientAssertion<'_>, client: Option<&Client>) -> Result<bool, Error> {
    match believe(oauth, assertion, client).await {
        Ok(()) => Ok(true),
        Err(Refused::Store(error)) => Err(error),
        Err(why) => {
            tracing::warn!(client = client.map(|c| c.client_id.as_str()), %why, "a client assertion was refused");
            Ok(false)
        }
    }
}

/// Believes an assertion, once: its id is claimed in the store before anything is answered, so that it is not good again after a
/// restart, on another connection, or at the same moment (ABUSE B37).
///
/// # Errors
/// As [`Refused`] says.
async fn believe(oauth: &Oauth, assertion: &ClientAssertion<'_>, client: Option<&Client>) -> Result<(), Refused> {
    let client = client.filter(|client| client.kind == "jwks").ok_or(Refused::Client)?;
    let now_ms = oauth.now();
    let now = now_ms.div_euclid(1000);
    let keys = oauth.client_keys.of(client, assertion.kid(), now).await.ok_or(Refused::Keys)?;
    let token_url = format!("{}/auth/token", oauth.issuer());
    // Each profile names the audience differently (ABUSE B41); OpenID Connect Core section 9 leaves it open.
    let audiences: &[&str] = match client.profile {
        Profile::Smart => &[&token_url],
        Profile::Fapi => &[oauth.issuer()],
        Profile::Openid => &[&token_url, oauth.issuer()],
    };
    let once = assertion.verify(&keys, client.jwks_uri.as_deref(), audiences, now)?;
    let changes = vec![Change::claim_jti(&client.client_id, &once.jti, once.expires_s * 1000)];
    match oauth.store().write(Unit { changes, ..Unit::default() }).await {
        Ok(_) => Ok(()),
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => Err(Refused::Replayed),
        Err(refused) => Err(refused.error.into()),
    }
}
