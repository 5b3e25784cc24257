//! The other provider itself: what it says of itself, asked for within bounds, and whom its ID token names.

use super::super::Oauth;
use super::super::answer::Stop;
use super::super::error::OAuthError;
use crate::ops::config::Upstream;
use crate::ops::outbound::{Bounds, Outbound, OutboundFault};
use bytes::Bytes;
use openidconnect::core::{CoreClient, CoreJwsSigningAlgorithm as Signature, CoreProviderMetadata};
use openidconnect::{
    AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    PkceCodeVerifier, RedirectUrl,
};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long what a provider says of itself, its keys included, is believed, seconds.
const BELIEVED_S: i64 = 300;
const BOUNDS: Bounds = Bounds { bytes: 256 << 10, time: Duration::from_secs(10), named_by_operator: true };
/// Signatures with a key that the provider alone has: a secret that we know too proves nothing to us.
const ALGORITHMS: [Signature; 6] = [
    Signature::RsaSsaPkcs1V15Sha256,
    Signature::RsaSsaPkcs1V15Sha384,
    Signature::RsaSsaPkcs1V15Sha512,
    Signature::RsaSsaPssSha256,
    Signature::EcdsaP256Sha256,
    Signature::EcdsaP384Sha384,
];

type Provider = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// What providers said of themselves lately.
#[derive(Default)]
pub struct Providers(Mutex<HashMap<String, (i64, CoreProviderMetadata)>>);

/// Why a provider could not be asked: for the log, never with a secret in it.
fn fault(why: &dyn std::fmt::Display) -> Stop {
    tracing::warn!(%why, "the identity provider did not answer as it must");
    Stop::Fault(OAuthError::Unavailable)
}

/// Our own client, as the crate asks for one: every address is judged by [`Outbound`], and no redirect is followed.
struct Courier(Arc<Outbound>);

impl<'c> AsyncHttpClient<'c> for Courier {
    type Error = OutboundFault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutboundFault>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { Ok(self.0.send(request.map(Bytes::from), BOUNDS).await?.map(|body| body.to_vec())) })
    }
}

impl Courier {
    fn of(oauth: &Oauth) -> Self {
        Self(Arc::clone(&oauth.instance.outbound))
    }
}

pub(super) async fn provider(oauth: &Oauth, settings: &Upstream) -> Result<Provider, Stop> {
    let now = oauth.now().div_euclid(1000);
    let known =
        oauth.providers.0.lock().unwrap_or_else(PoisonError::into_inner).get(&settings.id).filter(|(until, _)| now < *until).map(|(_, said)| said.clone());
    let metadata = match known {
        Some(metadata) => metadata,
        None => {
            let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|e| fault(&e))?;
            let said = CoreProviderMetadata::discover_async(issuer, &Courier::of(oauth)).await.map_err(|e| fault(&e))?;
            oauth.providers.0.lock().unwrap_or_else(PoisonError::into_inner).insert(settings.id.clone(), (now + BELIEVED_S, said.clone()));
            said
        }
    };
    let back = RedirectUrl::new(format!("{}/auth/upstream/{}/callback", oauth.issuer(), settings.id)).map_err(|e| fault(&e))?;
    let secret = settings.client_secret.clone().map(ClientSecret::new);
    Ok(CoreClient::from_provider_metadata(metadata, ClientId::new(settings.client_id.clone()), secret).set_redirect_uri(back))
}

/// Who somebody is there.
pub(super) struct Subject {
    /// Its id there, which is never given to another.
    pub(super) id: String,
    /// What it is called there.
    pub(super) name: Option<String>,
}

/// Who signed in there; `None` where the provider's word does not hold.
pub(super) async fn subject(oauth: &Oauth, settings: &Upstream, code: &str, verifier: &str, nonce: &str) -> Result<Option<Subject>, Stop> {
    let provider = provider(oauth, settings).await?;
    let http = Courier::of(oauth);
    let asked = provider.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(|e| fault(&e))?;
    let answer = match asked.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned())).request_async(&http).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(%error, "the identity provider gave no tokens");
            return Ok(None);
        }
    };
    let now = oauth.now();
    let words = provider.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || chrono::DateTime::from_timestamp_millis(now).unwrap_or_default());
    let nonce = Nonce::new(nonce.to_owned());
    match answer.extra_fields().id_token().map(|token| token.claims(&words, &nonce)) {
        Some(Ok(claims)) => {
            Ok(Some(Subject { id: claims.subject().as_str().to_owned(), name: claims.preferred_username().map(|name| name.as_str().to_owned()) }))
        }
        Some(Err(error)) => {
            tracing::warn!(%error, "the identity provider's ID token does not hold");
            // It may have new keys: the next person's are looked up anew.
            oauth.providers.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&settings.id);
            Ok(None)
        }
        None => Ok(None),
    }
}
