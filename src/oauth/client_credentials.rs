//! The client credentials grant: systems that connect without a person (RFC 6749 section 4.4;
//! <https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html>).

use super::authenticate::Authenticated;
use super::error::OAuthError;
use super::form::Form;
use super::issue::{RefreshToken, issue};
use super::{Oauth, new_secret};
use hearthgate_access::{Context, Offer, Role};
use hearthgate_store::grants::{Family, Holder, NewFamily};
use hearthgate_store::{Change, Error};
use serde_json::Value;

/// Answers with a token for what was asked, registered, and permitted to systems; there is nothing to refresh.
///
/// # Errors
/// A client that proved nothing, or scopes of which nothing is left.
pub async fn client_credentials(oauth: &Oauth, asker: &Authenticated, form: &Form) -> Result<Value, OAuthError> {
    let client = &asker.client;
    if !asker.confidential {
        return Err(OAuthError::UnauthorizedClient("A client that proves nothing acts for nobody."));
    }
    let asked = form.get("scope").ok_or(OAuthError::InvalidScope("scope is missing: name what the system is to do, such as system/Patient.rs."))?;
    let offer =
        Offer::of(&oauth.instance.roles, Role::System, &client.scope, asked).map_err(|_| OAuthError::InvalidScope("The scope parameter is too long."))?;
    let systems: Vec<String> = offer.scopes().fhir().iter().filter(|scope| scope.context() == Context::System).map(ToString::to_string).collect();
    if systems.is_empty() {
        return Err(OAuthError::InvalidScope("None of the scopes asked for is one that this client may have: system/… as registered."));
    }
    let scope = systems.join(" ");
    let (now, id) = (oauth.now(), new_secret());
    let expires_at = now + oauth.lifetimes().system_token_s * 1000;
    let new = NewFamily {
        id: id.clone(),
        client_id: client.client_id.clone(),
        scope: scope.clone(),
        context: "{}".to_owned(),
        dpop_jkt: asker.jkt.clone(),
        created_at: now,
        expires_at,
        ..NewFamily::default()
    };
    let family = Family {
        id,
        client_id: client.client_id.clone(),
        holder: Holder::Client,
        online: false,
        session: None,
        scope: scope.clone(),
        context: "{}".to_owned(),
        signed_in_at: None,
        methods: None,
        dpop_jkt: asker.jkt.clone(),
        created_at: now,
        expires_at,
    };
    let issued = issue(oauth, asker, &family, &scope, RefreshToken::None, None)?;
    let mut changes = vec![Change::client_stands(client), Change::begin_family(&new)];
    changes.extend(issued.changes);
    match oauth.write(changes, &oauth.event("token", Some(&client.client_id), None, 200)).await {
        Ok(_) => Ok(issued.answer),
        // Switched off, or given another secret or other keys, since it proved who it is: its tokens have ended, and so none is begun.
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => {
            oauth.note(&oauth.event("token", Some(&client.client_id), None, 401)).await?;
            Err(OAuthError::InvalidClient { basic: false })
        }
        Err(refused) => Err(refused.into()),
    }
}
