//! From the `Authorization` header to a caller. A token is verified in full once; what its user and client may do is looked up
//! again whenever anything was committed to the database since.

use super::fault::Fault;
use hearthgate_access::{Caller, Role, Roles, VerifiedGrant};
use hearthgate_auth::{
    Authorization, AuthorizationFault, Claims, DpopFault, DpopProof, Known, Replay, Subject, TokenCache, TokenFault, Verifier, parse_authorization,
};
use hearthgate_store::{Change, Store, Unit};
use http::request::Parts;
use http::{HeaderMap, header};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Knows tokens.
pub struct Authenticator {
    verifier: Verifier,
    cache: TokenCache,
    roles: Arc<Roles>,
    replay: Arc<Replay>,
    origin: String,
    epoch: AtomicU64,
}

/// A token that holds.
struct Found {
    known: Arc<Known>,
    /// It was not remembered: the generation that it was looked up in.
    new: Option<u64>,
}

thread_local! {
    /// The state of the database that this thread saw last, by its own connection's count.
    static SEEN: Cell<i64> = const { Cell::new(i64::MIN) };
}

impl Authenticator {
    /// With the keys, the table of roles, the proofs of possession seen lately, and the URL of the server without a path.
    #[must_use]
    pub fn new(verifier: Verifier, roles: Arc<Roles>, replay: Arc<Replay>, origin: &str) -> Self {
        Self { verifier, cache: TokenCache::new(20_000), roles, replay, origin: origin.to_owned(), epoch: AtomicU64::new(0) }
    }

    /// The keys and names it verifies by.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The table of roles.
    #[must_use]
    pub fn roles(&self) -> &Arc<Roles> {
        &self.roles
    }

    /// The caller of a request.
    ///
    /// # Errors
    /// No token, several, or one that does not hold.
    pub async fn caller(&self, store: &Store, request: &Parts, now_ms: i64) -> Result<Caller, Fault> {
        let values = request.headers.get_all(header::AUTHORIZATION).iter().map(http::HeaderValue::as_bytes);
        let shown = parse_authorization(values).map_err(|fault| match fault {
            AuthorizationFault::Missing | AuthorizationFault::OtherScheme => Fault::NoToken,
            AuthorizationFault::Several => Fault::Authorization("Send one `Authorization` header with one token."),
            AuthorizationFault::NoToken => Fault::BadToken { expired: false },
        })?;
        let now = now_ms.div_euclid(1000);
        let (Authorization::Bearer(token) | Authorization::Dpop(token)) = shown;
        let known = match (self.known(store, token, now_ms), shown) {
            (Err(Fault::BadToken { expired }), Authorization::Dpop(_)) => return Err(Fault::BoundToken { expired }),
            (known, _) => known?,
        };
        match (shown, &known.known.claims.jkt) {
            (Authorization::Bearer(_), None) => {}
            (Authorization::Dpop(token), Some(jkt)) => self.possession(request, token, jkt, now)?,
            _ => return Err(Fault::BoundToken { expired: false }),
        }
        if let Some(generation) = known.new {
            self.first_use(store, &known.known.claims, now_ms).await?;
            // Not before: whoever finds it remembered is answered without its use being noted.
            self.cache.put(token, generation, Arc::clone(&known.known), now);
        }
        Ok(known.known.caller.clone())
    }

    /// The caller of a request whose token is known already, is bound to no key and stood in the same state of the database
    /// ([`Store::at_once`]); all others are for [`Self::caller`].
    #[must_use]
    pub fn caller_at_once(&self, state: i64, headers: &HeaderMap, now_ms: i64) -> Option<Caller> {
        let values = headers.get_all(header::AUTHORIZATION).iter().map(http::HeaderValue::as_bytes);
        let Ok(Authorization::Bearer(token)) = parse_authorization(values) else { return None };
        let epoch = self.epoch_of(state);
        let known = self.cache.get(token, now_ms.div_euclid(1000))?;
        (known.claims.jkt.is_none() && known.checked.load(Ordering::Acquire) == epoch).then(|| known.caller.clone())
    }

    /// That whoever sent the token holds the key it is bound to (RFC 9449 section 7.1).
    fn possession(&self, request: &Parts, token: &str, jkt: &str, now: i64) -> Result<(), Fault> {
        let proofs = request.headers.get_all("dpop");
        if proofs.iter().next().is_none() {
            return Err(Fault::BoundToken { expired: false });
        }
        let url = format!("{}{}", self.origin, request.uri.path());
        let held = DpopProof::verify(proofs.iter().map(http::HeaderValue::as_bytes), request.method.as_str(), &url, Some(token), now).and_then(|proof| {
            // Another key than the token's proves nothing about it.
            if proof.jkt == jkt { self.replay.take(&proof, now) } else { Err(DpopFault::Request) }
        });
        held.map_err(|fault| Fault::Proof { fault, nonce: (fault == DpopFault::Nonce).then(|| self.replay.nonce(now)) })
    }

    /// Notes that a token was used, before anything is answered to it: whether a lost refresh may be answered once more depends on it
    /// (ABUSE B44), and its person sees when the app last looked.
    async fn first_use(&self, store: &Store, claims: &Claims, now_ms: i64) -> Result<(), Fault> {
        if !store.is_unused(&claims.jti)? {
            return Ok(());
        }
        let noted = store.write(Unit { changes: Change::use_access(&claims.jti, now_ms), ..Unit::default() }).await;
        match noted {
            Err(refused) if matches!(refused.error, hearthgate_store::Error::Conflict { .. }) => Err(Fault::BadToken { expired: true }),
            other => Ok(other.map(drop)?),
        }
    }

    /// What a token stands for.
    fn known(&self, store: &Store, token: &str, now_ms: i64) -> Result<Found, Fault> {
        let now = now_ms.div_euclid(1000);
        let epoch = self.epoch(store)?;
        if let Some(known) = self.cache.get(token, now) {
            if known.checked.load(Ordering::Acquire) == epoch {
                return Ok(Found { known, new: None });
            }
            if self.grant(store, &known.claims, now_ms)? == known.grant {
                known.checked.store(epoch, Ordering::Release);
                return Ok(Found { known, new: None });
            }
            self.cache.forget(token);
        }
        let generation = self.cache.generation();
        let claims = self.verifier.verify(token, now).map_err(|fault| Fault::BadToken { expired: fault == TokenFault::Expired })?;
        let grant = self.grant(store, &claims, now_ms)?;
        // A grant that makes no caller is a token that does not hold, not a lack of scopes.
        let caller = Caller::from_token(grant.clone(), &self.roles).map_err(|denial| {
            tracing::warn!(client = grant.client, %denial, "a token was refused");
            Fault::BadToken { expired: false }
        })?;
        let known = Arc::new(Known { claims, caller, grant, checked: AtomicU64::new(epoch) });
        Ok(Found { known, new: Some(generation) })
    }

    /// A number that is higher whenever anything may have been committed since: each thread compares its own connection's count
    /// and raises the number for all.
    fn epoch(&self, store: &Store) -> Result<u64, Fault> {
        Ok(self.epoch_of(store.data_version()?))
    }

    fn epoch_of(&self, state: i64) -> u64 {
        if SEEN.replace(state) != state {
            return self.epoch.fetch_add(1, Ordering::AcqRel) + 1;
        }
        self.epoch.load(Ordering::Acquire)
    }

    /// What the database says now of the user and the client of a token.
    fn grant(&self, store: &Store, claims: &Claims, now_ms: i64) -> Result<VerifiedGrant, Fault> {
        let refused = || Fault::BadToken { expired: true };
        let family = claims.family.as_deref().ok_or_else(refused)?;
        if !store.access_holds(&claims.jti, family, now_ms)? {
            return Err(refused());
        }
        let client = store.client(&claims.client_id)?.filter(|c| !c.disabled).ok_or_else(refused)?;
        let (user, role, fhir_user, own) = match &claims.subject {
            Subject::Client => (None, Role::System, None, None),
            Subject::User(name) => {
                let account = store.account(name)?.filter(|a| !a.disabled).ok_or_else(refused)?;
                let role = match account.role.as_str() {
                    "patient" => Role::Patient,
                    "doctor" => Role::Doctor,
                    "admin" => Role::Admin,
                    _ => return Err(refused()),
                };
                (Some(account.username), role, account.fhir_user, account.patient)
            }
        };
        Ok(VerifiedGrant {
            client: client.client_id,
            registered: client.scope,
            user,
            role,
            fhir_user,
            scope: claims.scope.clone(),
            launch_patient: claims.patient.clone().or(if claims.scope.contains("patient/") { own } else { None }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearthgate_auth::KeySet;

    const NOW: i64 = 1_800_000_000_000;
    const END: i64 = NOW + 60_000;

    fn authenticator() -> Authenticator {
        let verifier = Verifier::new(Arc::new(KeySet::of(Vec::new())), "https://gate.example", "https://gate.example/fhir");
        let replay = Arc::new(Replay::new([0; 32], 1, NOW / 1000));
        Authenticator::new(verifier, Arc::new(Roles::shipped().expect("roles")), replay, "https://gate.example")
    }

    /// As if the token had been verified in an epoch.
    fn remember(to: &Authenticator, token: &str, jkt: Option<&str>, epoch: u64) -> Arc<Known> {
        let scope = "system/*.rs".to_owned();
        let grant = VerifiedGrant {
            client: "app".to_owned(),
            registered: scope.clone(),
            user: None,
            role: Role::System,
            fhir_user: None,
            scope: scope.clone(),
            launch_patient: None,
        };
        let claims = Claims {
            iss: String::new(),
            subject: Subject::Client,
            aud: Vec::new(),
            exp: END / 1000,
            iat: NOW / 1000,
            nbf: None,
            jti: token.to_owned(),
            client_id: "app".to_owned(),
            scope,
            patient: None,
            fhir_user: None,
            family: None,
            role: None,
            jkt: jkt.map(str::to_owned),
        };
        let caller = Caller::from_token(grant.clone(), &to.roles).expect("a caller");
        let known = Arc::new(Known { claims, caller, grant, checked: AtomicU64::new(epoch) });
        to.cache.put(token, to.cache.generation(), Arc::clone(&known), NOW / 1000);
        known
    }

    fn shown(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (header::AUTHORIZATION, value.parse().expect("a value"))).collect()
    }

    #[test]
    fn a_known_token_is_looked_up_again_after_any_commit_that_any_thread_sees() {
        let gate = authenticator();
        let headers = shown(&["Bearer t"]);
        let known = |state| gate.caller_at_once(state, &headers, NOW).is_some();
        let token = remember(&gate, "t", None, gate.epoch_of(1));
        assert!(known(1) && known(1));
        assert!(!known(2) && !known(2), "something was committed");
        token.checked.store(gate.epoch_of(2), Ordering::Release);
        assert!(known(2));
        std::thread::scope(|scope| scope.spawn(|| gate.epoch_of(9)).join().map(|_| ()).expect("ends"));
        assert!(!known(2), "another thread saw a commit that this one may not have seen");
        token.checked.store(gate.epoch_of(2), Ordering::Release);
        assert!(known(2) && !known(1), "a number that was there before is another state, too");
    }

    #[test]
    fn only_one_unbound_unexpired_bearer_token_is_taken_at_once() {
        let gate = authenticator();
        let epoch = gate.epoch_of(1);
        remember(&gate, "t", None, epoch);
        remember(&gate, "bound", Some("thumbprint"), epoch);
        let known = |values: &[&str], now| gate.caller_at_once(1, &shown(values), now).is_some();
        assert!(known(&["Bearer t"], NOW) && known(&["bearer t"], END - 1));
        assert!(!known(&["Bearer t"], END), "expired");
        for other in [&["Bearer bound"][..], &["DPoP bound"], &["DPoP t"], &["Bearer t", "Bearer t"], &["Bearer u"], &["Bearer "], &["t"], &[]] {
            assert!(!known(other, NOW), "{other:?}");
        }
        gate.cache.invalidate();
        assert!(!known(&["Bearer t"], NOW), "forgotten");
    }
}
