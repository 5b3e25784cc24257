//! Passkeys beside the one-time password (<https://www.w3.org/TR/webauthn-3/>): the questions, and what an answer changes.
//!
//! A challenge is sealed: what it is for, the browser and the end are in it, so that asking keeps nothing and only answering leaves a
//! mark, once. It is asked only after a code (to add a passkey) or after the password (to sign in).

use super::language::CLINIC;
use super::session::Browser;
use super::{Oauth, new_secret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_auth::{PASSKEY_ALGORITHMS, PasskeyAnswer, PasskeyFault, RelyingParty, digest_of};
use hearthgate_store::grants::{Challenge, Passkey};
use hearthgate_store::{Account, Change, Error};
use serde_json::{Value, json};

/// What a challenge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Add,
    Use,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Add => "passkey-add",
            Self::Use => "passkey-use",
        }
    }
}

/// How long a challenge is open, seconds.
const OPEN_S: i64 = 600;

/// Who asks; `None` where the public URL is one that browsers make no passkeys for.
#[must_use]
pub fn party(oauth: &Oauth) -> Option<RelyingParty<'_>> {
    RelyingParty::of(oauth.issuer())
}

fn challenge(oauth: &Oauth, browser: &Browser, purpose: Purpose) -> String {
    let content = format!("{} {}", oauth.now() + OPEN_S * 1000, new_secret());
    URL_SAFE_NO_PAD.encode(oauth.instance.gateway.keyring.seal_token(purpose.name(), &browser.hash(), content.as_bytes()))
}

/// What an answer says, and the change that spends its challenge, if it is one of ours to this browser for this purpose.
fn answered(oauth: &Oauth, browser: &Browser, purpose: Purpose, text: &str) -> Result<(PasskeyAnswer, Change), PasskeyFault> {
    let answer = PasskeyAnswer::parse(text)?;
    let sealed = URL_SAFE_NO_PAD.decode(answer.challenge()).map_err(|_| PasskeyFault::Challenge)?;
    let content = oauth.instance.gateway.keyring.open_token(purpose.name(), &browser.hash(), &sealed).map_err(|_| PasskeyFault::Challenge)?;
    let end = std::str::from_utf8(&content).ok().and_then(|content| content.split_once(' ')).and_then(|(end, _)| end.parse().ok());
    let expires_at: i64 = end.filter(|end| *end > oauth.now()).ok_or(PasskeyFault::Challenge)?;
    let spent =
        Challenge { hash: digest_of(answer.challenge()), purpose: purpose.name().to_owned(), browser: browser.hash(), data: "{}".to_owned(), expires_at };
    let spend = Change::spend_challenge(&spent, oauth.now());
    Ok((answer, spend))
}

fn credentials(passkeys: &[Passkey]) -> Vec<Value> {
    passkeys.iter().map(|passkey| json!({ "type": "public-key", "id": passkey.credential_id })).collect()
}

/// What a browser is asked for a new passkey (`PublicKeyCredentialCreationOptionsJSON`). The person is named by a mark that says nothing
/// to others, always the same, so that an authenticator keeps one for each.
#[must_use]
pub fn creation_options(oauth: &Oauth, browser: &Browser, account: &Account, present: &[Passkey]) -> Option<String> {
    let party = party(oauth)?;
    let algorithms = PASSKEY_ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg }));
    let options = json!({
        "rp": { "id": party.id, "name": CLINIC },
        "user": { "id": handle(oauth, account), "name": account.username, "displayName": account.username },
        "challenge": challenge(oauth, browser, Purpose::Add),
        "pubKeyCredParams": algorithms,
        "timeout": OPEN_S * 1000,
        "excludeCredentials": credentials(present),
        "authenticatorSelection": { "residentKey": "preferred", "userVerification": "required" },
        "attestation": "none",
    });
    Some(options.to_string())
}

fn handle(oauth: &Oauth, account: &Account) -> String {
    oauth.instance.gateway.keyring.blind("passkey user", &account.row.to_string())
}

/// What a browser is asked at sign-in (`PublicKeyCredentialRequestOptionsJSON`), where the account has a passkey.
///
/// # Errors
/// The store's.
pub fn request_options(oauth: &Oauth, browser: &Browser, account: &Account) -> Result<Option<String>, Error> {
    let Some(party) = party(oauth) else { return Ok(None) };
    let present = oauth.store().passkeys(account.row)?;
    let options = json!({
        "challenge": challenge(oauth, browser, Purpose::Use),
        "timeout": OPEN_S * 1000,
        "rpId": party.id,
        "allowCredentials": credentials(&present),
        "userVerification": "required",
    });
    Ok((!present.is_empty()).then(|| options.to_string()))
}

/// The changes that add a passkey.
///
/// # Errors
/// What does not hold.
pub fn added(oauth: &Oauth, browser: &Browser, account: &Account, name: &str, text: &str) -> Result<Vec<Change>, PasskeyFault> {
    let party = party(oauth).ok_or(PasskeyFault::RelyingParty)?;
    let (answer, spend) = answered(oauth, browser, Purpose::Add, text)?;
    let new = answer.registered(&party)?;
    let passkey = Passkey {
        credential_id: new.credential_id,
        user: account.row,
        name: name.to_owned(),
        public_key: new.public_key,
        sign_count: new.sign_count,
        created_at: oauth.now(),
        used_at: None,
    };
    Ok(vec![spend, Change::add_passkey(&passkey)])
}

/// The changes that use a passkey of an account.
///
/// # Errors
/// The store's; inside, what does not hold.
pub fn used(oauth: &Oauth, browser: &Browser, account: &Account, text: &str) -> Result<Result<Vec<Change>, PasskeyFault>, Error> {
    let Some(party) = party(oauth) else { return Ok(Err(PasskeyFault::RelyingParty)) };
    let (answer, spend) = match answered(oauth, browser, Purpose::Use, text) {
        Ok(answered) => answered,
        Err(fault) => return Ok(Err(fault)),
    };
    let Some(passkey) = oauth.store().passkey(account.row, &answer.credential_id())? else { return Ok(Err(PasskeyFault::Unknown)) };
    if answer.user_handle().is_some_and(|whose| whose != handle(oauth, account)) {
        return Ok(Err(PasskeyFault::Unknown));
    }
    let counted = answer.asserted(&party, &passkey.public_key, passkey.sign_count);
    Ok(counted.map(|count| vec![spend, Change::use_passkey(account.row, &passkey.credential_id, count, oauth.now())]))
}
