//! The authorization code grant (RFC 6749 section 4.1.3, PKCE: RFC 7636 section 4.6). A code is spent by whoever brings it first, and a
//! second time ends every token that came of it (RFC 9700 section 4.5).

use super::Oauth;
use super::authenticate::Authenticated;
use super::error::OAuthError;
use super::form::Form;
use super::issue::{RefreshToken, issue};
use hearthgate_access::Scopes;
use hearthgate_auth::{digest_of, equal};
use hearthgate_store::grants::{Code, Holder};
use hearthgate_store::{Change, Error};
use serde_json::Value;

const WRONG: OAuthError =
    OAuthError::InvalidGrant("The code is unknown, used, expired, or another client's, or redirect_uri or code_verifier do not belong to it.");

/// Answers a code.
///
/// # Errors
/// A code that does not hold, for whatever reason: the client learns no more.
pub async fn redeem(oauth: &Oauth, asker: &Authenticated, form: &Form, peer: &str) -> Result<Value, OAuthError> {
    let (client, now) = (&asker.client, oauth.now());
    let key = format!("{} {peer}", client.client_id);
    oauth.limits.grant.check(&key, now).map_err(OAuthError::TooMany)?;
    let text = form.get("code").ok_or(OAuthError::InvalidRequest("code is missing."))?;
    let failed = |fault| {
        let _ = oauth.limits.grant.take(&key, now);
        fault
    };
    let Some(code) = oauth.store().code(&digest_of(text))? else { return Err(failed(WRONG)) };
    if code.used_at.is_some() {
        return Err(failed(replayed(oauth, asker, &code).await?));
    }
    let verified = match (&code.challenge, form.get("code_verifier")) {
        (Some(challenge), Some(verifier)) => is_verifier(verifier) && equal(&digest_of(verifier), challenge),
        (None, None) => true,
        // A verifier without a challenge: somebody took the challenge away (RFC 9700 section 4.8).
        _ => false,
    };
    let belongs = code.client_id == client.client_id && form.get("redirect_uri") == Some(code.redirect_uri.as_str());
    let family = oauth.store().family(&code.family, now)?;
    let Some(family) = family.filter(|family| verified && belongs && code.expires_at > now && asker.jkt_is(family.dpop_jkt.as_deref())) else {
        let mut event = oauth.event("token", Some(&client.client_id), None, 400);
        event.reason = Some(if belongs { "a code did not hold" } else { "a code of another client or address" }.to_owned());
        oauth.write(vec![Change::spend_code(&code.hash, now)], &event).await?;
        return Err(failed(WRONG));
    };
    let scopes = Scopes::parse(&family.scope).unwrap_or_default();
    let lasting = (scopes.has("offline_access") || scopes.has("online_access")) && client.may_use("refresh_token");
    let refresh = if lasting { RefreshToken::New(None) } else { RefreshToken::None };
    let issued = issue(oauth, asker, &family, &family.scope, refresh, code.nonce.clone())?;
    let mut changes = vec![Change::redeem_code(&code.hash, now)];
    changes.extend(issued.changes);
    changes.extend(asker.jkt.iter().map(|jkt| Change::bind_family(&family.id, jkt)));
    let account = match &family.holder {
        Holder::Person(account) => Some(account.as_ref()),
        Holder::Client => None,
    };
    let mut event = oauth.event("token", Some(&client.client_id), account, 200);
    event.patients.extend(issued.answer["patient"].as_str().map(str::to_owned));
    match oauth.write(changes, &event).await {
        Ok(_) => Ok(issued.answer),
        // Somebody else brought the same code at the same time.
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => Err(failed(replayed(oauth, asker, &code).await?)),
        Err(refused) => Err(refused.into()),
    }
}

/// A code shown again: whatever came of it ends.
async fn replayed(oauth: &Oauth, asker: &Authenticated, code: &Code) -> Result<OAuthError, OAuthError> {
    let mut event = oauth.event("token", Some(&asker.client.client_id), None, 400);
    event.reason = Some("a code was shown again: its tokens are revoked".to_owned());
    oauth.write(vec![Change::revoke_family(&code.family, "code shown again", oauth.now())], &event).await?;
    Ok(WRONG)
}

/// RFC 7636 section 4.1.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}
