//! The refresh grant (RFC 6749 section 6). For public clients each refresh token is used once, and a second use ends the family (RFC
//! 9700 section 4.14.2), unless the first answer was lost on its way; confidential ones prove who they are and keep theirs.

use super::Oauth;
use super::authenticate::Authenticated;
use super::error::OAuthError;
use super::form::Form;
use super::issue::{RefreshToken, issue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_access::{Offer, Scopes};
use hearthgate_auth::digest_of;
use hearthgate_store::grants::{Family, Holder, RefreshState};
use hearthgate_store::{Change, Error};
use serde_json::Value;

/// The notice that an app was disconnected because its refresh token was shown a second time.
pub const TOKEN_SHOWN_AGAIN: &str = "token-shown-again";

const WRONG: OAuthError = OAuthError::InvalidGrant("The refresh token is unknown, used, expired or revoked, or another client's.");

/// What refresh tokens are sealed for.
const PURPOSE: &str = "refresh";
/// Bytes of chance in one.
const CHANCE: usize = 16;

/// A new refresh token of a family. It names the family, sealed, so that one that was used long ago is still known for what it is, though
/// nothing is kept of it.
#[must_use]
pub fn new(oauth: &Oauth, family: &str) -> String {
    let mut chance = [0; CHANCE];
    hearthgate_seal::system_fill(&mut chance);
    let plain = [family.as_bytes(), &chance].concat();
    URL_SAFE_NO_PAD.encode(oauth.instance.gateway.keyring.seal_token(PURPOSE, "", &plain))
}

/// What is known of a refresh token: as it is kept, or that it was used before those that are.
///
/// # Errors
/// The store's.
pub fn known(oauth: &Oauth, token: &str) -> Result<Option<RefreshState>, Error> {
    if let Some(kept) = oauth.store().refresh(&digest_of(token))? {
        return Ok(Some(kept));
    }
    let sealed = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    let plain = oauth.instance.gateway.keyring.open_token(PURPOSE, "", &sealed).unwrap_or_default();
    let family = plain.len().checked_sub(CHANCE).and_then(|end| std::str::from_utf8(&plain[..end]).ok());
    family.map_or(Ok(None), |family| oauth.store().refresh_of(family))
}

/// Answers a refresh token.
///
/// # Errors
/// One that does not hold, or scopes that it never had.
pub async fn refresh(oauth: &Oauth, asker: &Authenticated, form: &Form, peer: &str) -> Result<Value, OAuthError> {
    let (client, now) = (&asker.client, oauth.now());
    let key = format!("{} {peer}", client.client_id);
    oauth.limits.grant.check(&key, now).map_err(OAuthError::TooMany)?;
    let token = form.get("refresh_token").ok_or(OAuthError::InvalidRequest("refresh_token is missing."))?;
    let hash = digest_of(token);
    let failed = |fault| {
        let _ = oauth.limits.grant.take(&key, now);
        fault
    };
    let state = known(oauth, token)?;
    // Of another client: nothing happens to its owner's (ABUSE B47).
    let Some(state) = state.filter(|state| state.client_id == client.client_id && state.expires_at > now) else {
        return Err(failed(WRONG));
    };
    if state.revoked {
        // Its answer seemed lost, and somebody has it: so there are two.
        stolen(oauth, asker, &state).await?;
        return Err(failed(WRONG));
    }
    let Some(family) = oauth.store().family(&state.family, now)?.filter(|family| asker.jkt_is(family.dpop_jkt.as_deref())) else {
        oauth.note(&oauth.event("refresh", Some(&client.client_id), None, 400)).await?;
        return Err(failed(WRONG));
    };
    let scope = narrowed(oauth, &family, client.scope.as_str(), form.get("scope"))?;
    let account = match &family.holder {
        Holder::Person(account) => Some(account.as_ref()),
        Holder::Client => None,
    };
    let rotates = !asker.confidential;
    let answered = if rotates { RefreshToken::New(Some(&hash)) } else { RefreshToken::Same(token) };
    let issued = issue(oauth, asker, &family, &scope, answered, None)?;
    let mut changes = match (rotates, state.used_at) {
        (false, _) => vec![Change::keep_refresh(&hash, now, (now + oauth.lifetimes().refresh_idle_s * 1000).min(family.expires_at))],
        (true, None) => Change::use_refresh(&hash, now),
        (true, Some(_)) => Change::reissue_refresh(&hash, now, now - oauth.lifetimes().lost_answer_s * 1000),
    };
    changes.extend(issued.changes);
    changes.extend(bound(asker, &family));
    let event = oauth.event("refresh", Some(&client.client_id), account, 200);
    match oauth.write(changes, &event).await {
        Ok(_) => Ok(issued.answer),
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => {
            // Used a moment ago by somebody who was faster: as if it had been used when this request came.
            if rotates
                && state.used_at.is_none()
                && let Some(again) = once_more(oauth, asker, &family, &scope, &hash).await?
            {
                return Ok(again);
            }
            stolen(oauth, asker, &state).await?;
            Err(failed(WRONG))
        }
        Err(refused) => Err(refused.into()),
    }
}

/// A public client that proves to hold a key with its refresh has its refresh tokens bound to it from then on (RFC 9449 section 5).
fn bound(asker: &Authenticated, family: &Family) -> Option<Change> {
    asker.jkt.as_ref().filter(|_| !asker.confidential).map(|jkt| Change::bind_family(&family.id, jkt))
}

/// The answer to a token whose first answer may have been lost.
async fn once_more(oauth: &Oauth, asker: &Authenticated, family: &Family, scope: &str, hash: &str) -> Result<Option<Value>, OAuthError> {
    let now = oauth.now();
    let issued = issue(oauth, asker, family, scope, RefreshToken::New(Some(hash)), None)?;
    let mut changes = Change::reissue_refresh(hash, now, now - oauth.lifetimes().lost_answer_s * 1000);
    changes.extend(issued.changes);
    changes.extend(bound(asker, family));
    match oauth.write(changes, &oauth.event("refresh", Some(&asker.client.client_id), None, 200)).await {
        Ok(_) => Ok(Some(issued.answer)),
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => Ok(None),
        Err(refused) => Err(refused.into()),
    }
}

/// Two hold the same token: nobody can tell which of them is the client, so that neither has it any longer, and the person is told.
async fn stolen(oauth: &Oauth, asker: &Authenticated, state: &RefreshState) -> Result<(), OAuthError> {
    let now = oauth.now();
    let mut event = oauth.event("refresh", Some(&asker.client.client_id), None, 400);
    event.reason = Some("a refresh token was shown again: its family is revoked".to_owned());
    let mut changes = vec![Change::revoke_family(&state.family, "refresh token shown again", now)];
    changes.extend(state.user.map(|user| Change::notify(user, TOKEN_SHOWN_AGAIN, Some(&asker.client.client_id), now)));
    oauth.write(changes, &event).await?;
    Ok(())
}

/// The scopes of the new token: what is asked for, if the family has it, held against what the client is registered for now.
fn narrowed(oauth: &Oauth, family: &Family, registered: &str, asked: Option<&str>) -> Result<String, OAuthError> {
    let role = match &family.holder {
        Holder::Person(account) => super::role(account),
        Holder::Client => hearthgate_access::Role::System,
    };
    let wide = |_| OAuthError::InvalidScope("scope has more than 4096 bytes.");
    let asked = asked.unwrap_or(&family.scope);
    let had = Scopes::parse(&family.scope).unwrap_or_default();
    let now = Offer::of(&oauth.instance.roles, role, registered, asked).map_err(wide)?;
    let granted = |token: &str| hearthgate_access::Scope::parse(token).map_or_else(|| had.has(token), |scope| had.covers(&scope));
    if now.is_empty() || !asked.split(' ').filter(|token| !token.is_empty()).all(granted) {
        return Err(OAuthError::InvalidScope("A refresh may ask for what was granted, or for less."));
    }
    Ok(now.text())
}
