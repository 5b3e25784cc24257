//! Tokens of a family: what every grant answers (RFC 6749 section 5.1, SMART App Launch "launch context arrives with your access token").

use super::authenticate::Authenticated;
use super::complete::{Launched, fhir_user};
use super::error::OAuthError;
use super::{Oauth, new_secret};
use hearthgate_access::Scopes;
use hearthgate_auth::{Algorithm, Claims, IdClaims, Subject, digest_of};
use hearthgate_store::Change;
use hearthgate_store::grants::{Family, Holder, Refresh};
use serde_json::{Value, json};

/// Tokens that are made and not yet given out: the answer leaves when the changes are durable.
#[derive(Debug)]
pub struct Issued {
    /// The changes that make them known.
    pub changes: Vec<Change>,
    /// The answer.
    pub answer: Value,
}

/// Which refresh token goes with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshToken<'a> {
    /// None.
    None,
    /// A new one, in place of the one with this hash if there was one.
    New(Option<&'a str>),
    /// The one that was shown stays good.
    Same(&'a str),
}

/// Makes the tokens of an answer. `scope` is what they give, at most what the family has; `nonce` is the client's, from the
/// authorization request.
///
/// # Errors
/// No key that signs.
pub fn issue(
    oauth: &Oauth,
    asker: &Authenticated,
    family: &Family,
    scope: &str,
    refresh: RefreshToken<'_>,
    nonce: Option<String>,
) -> Result<Issued, OAuthError> {
    let now_ms = oauth.now();
    let now = now_ms.div_euclid(1000);
    let scopes = Scopes::parse(scope).unwrap_or_default();
    let launched: Launched = serde_json::from_str(&family.context).unwrap_or_default();
    let account = match &family.holder {
        Holder::Person(account) => Some(account.as_ref()),
        Holder::Client => None,
    };
    let jkt = asker.jkt.clone().or_else(|| family.dpop_jkt.clone());
    let ends = (now + oauth.lifetimes().access_token_s).min(family.expires_at.div_euclid(1000));
    let jti = new_secret();
    let claims = Claims {
        iss: oauth.issuer().to_owned(),
        subject: account.map_or(Subject::Client, |account| Subject::User(account.username.clone())),
        aud: vec![oauth.fhir_base().to_owned()],
        exp: ends,
        iat: now,
        nbf: None,
        jti: jti.clone(),
        client_id: family.client_id.clone(),
        scope: scope.to_owned(),
        patient: launched.patient.clone(),
        fhir_user: account.and_then(|account| account.fhir_user.clone()).filter(|_| scopes.has("fhirUser") || scopes.has("profile")),
        family: Some(family.id.clone()),
        role: account.map(|account| account.role.clone()),
        jkt: jkt.clone(),
    };
    let access_token = oauth.instance.keys.issue(&claims, now)?;
    let mut changes = vec![Change::issue_access(&jti, &family.id, now_ms, ends * 1000)];
    let mut answer = json!({
        "access_token": access_token,
        "token_type": if jkt.is_some() { "DPoP" } else { "Bearer" },
        "expires_in": ends - now,
        "scope": scope,
    });
    for (name, value) in launched.told(&scopes) {
        answer[name] = value.into();
    }
    if answer.get("patient").is_some() {
        answer["need_patient_banner"] = launched.banner.into();
        // By a name of its own for each, as it may be kept.
        let style = launched.style.as_deref().map_or_else(String::new, |style| format!("-{style}"));
        answer["smart_style_url"] = format!("{}/auth/style{style}.json", oauth.issuer()).into();
    }
    match refresh {
        RefreshToken::None => {}
        RefreshToken::Same(token) => answer["refresh_token"] = token.into(),
        RefreshToken::New(predecessor) => {
            let token = super::refresh::new(oauth, &family.id);
            changes.push(Change::issue_refresh(&Refresh {
                hash: digest_of(&token),
                family: family.id.clone(),
                predecessor: predecessor.map(str::to_owned),
                jti,
                issued_at: now_ms,
                expires_at: (now_ms + oauth.lifetimes().refresh_idle_s * 1000).min(family.expires_at),
            }));
            answer["refresh_token"] = token.into();
        }
    }
    if let Some(account) = account.filter(|_| scopes.has("openid")) {
        let claims = IdClaims {
            iss: oauth.issuer().to_owned(),
            sub: account.username.clone(),
            aud: family.client_id.clone(),
            exp: now + oauth.lifetimes().id_token_s,
            iat: now,
            auth_time: family.signed_in_at.map(|at| at.div_euclid(1000)),
            nonce,
            acr: None,
            amr: family.methods.iter().flat_map(|methods| methods.split(' ')).map(str::to_owned).collect(),
            fhir_user: fhir_user(oauth, account, &scopes),
            sid: None,
        };
        let algorithm = Algorithm::named(&asker.client.id_token_alg).unwrap_or(Algorithm::Rs256);
        answer["id_token"] = oauth.instance.keys.issue_id_token(algorithm, &claims, answer["access_token"].as_str(), now)?.into();
    }
    Ok(Issued { changes, answer })
}
