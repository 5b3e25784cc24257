//! One's own account: the authenticator app (RFC 6238), recovery codes, and links to other identity providers.

use super::home::PEOPLE;
use super::visit::{Visit, visit};
use crate::oauth::answer::{Stop, see_other};
use crate::oauth::form::encode;
use crate::oauth::passkey;
use crate::oauth::second_factor::{PURPOSE, proof, turn};
use crate::oauth::upstream::ways;
use crate::oauth::{Oauth, new_secret};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_auth::{digest_of, one_time_step};
use hearthgate_portal::{Account, Linkable, Problem, QrCode, SecondFactorError, Totp};
use hearthgate_store::{Change, Error};
use http::{Method, StatusCode};
use qrcode::{Color, EcLevel};
use std::sync::Arc;

/// Bytes of a secret: those of SHA-1's output (RFC 4226 section 4).
const SECRET_BYTES: usize = 20;
/// How many recovery codes a person gets.
const RECOVERY_CODES: usize = 8;

/// `GET` and `POST /account`
pub async fn account(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &PEOPLE, async |visit, request| match *request.method() {
        Method::POST => change(&visit, request).await,
        _ => show(&visit, None, &[]),
    })
    .await
}

fn show(visit: &Visit, error: Option<SecondFactorError>, recovery_codes: &[String]) -> Result<Response, Stop> {
    let account = &visit.session.account;
    let stored = visit.oauth.store().totp(account.row)?;
    let begun = match &stored {
        Some(totp) if !totp.confirmed => Some(base32(&opened(visit, &totp.secret)?)),
        _ => None,
    };
    let picture = begun.as_deref().and_then(|secret| picture(&address(&account.username, secret)));
    let totp = match (&stored, &begun) {
        (None, _) => Totp::Off,
        (Some(_), Some(secret)) => Totp::Begun { secret, picture: picture.as_ref() },
        (Some(_), None) => Totp::On,
    };
    let ways = ways(&visit.oauth, &visit.browser, account.row)?;
    let upstream: Vec<Linkable<'_>> =
        ways.iter().map(|way| Linkable { id: way.id, name: way.name, href: (!way.linked).then_some(way.href.as_str()) }).collect();
    let present = visit.oauth.store().passkeys(account.row)?;
    let passkeys = passkey::party(&visit.oauth).map(|_| present.iter().map(|own| own.name.as_str()).collect::<Vec<_>>());
    let (menu, token) = (visit.menu(), visit.form_token());
    let view = Account {
        frame: visit.frame(&menu),
        form: visit.form(&token),
        username: &account.username,
        role: &account.role,
        totp,
        error,
        recovery_codes,
        passkeys: passkeys.as_deref(),
        upstream: &upstream,
    };
    Ok(visit.page(&view))
}

async fn change(visit: &Visit, request: Request) -> Result<Response, Stop> {
    let form = visit.posted(request).await?;
    let code = form.get("code").unwrap_or_default();
    match form.get("do").unwrap_or_default() {
        "totp-start" => start(visit).await,
        "totp-confirm" => confirm(visit, code).await,
        "totp-off" => turn_off(visit, code).await,
        "upstream-remove" => unlink(visit, form.get("id").unwrap_or_default()).await,
        _ => Ok(see_other("/account")),
    }
}

async fn start(visit: &Visit) -> Result<Response, Stop> {
    let row = visit.session.account.row;
    // One that is on is turned off with a code first.
    if !visit.oauth.store().totp(row)?.is_some_and(|totp| totp.confirmed) {
        let mut secret = [0_u8; SECRET_BYTES];
        hearthgate_seal::system_fill(&mut secret);
        let sealed = URL_SAFE_NO_PAD.encode(visit.gateway().keyring.seal_token(PURPOSE, &row.to_string(), &secret));
        visit.oauth.write(vec![Change::set_totp(row, &sealed, visit.oauth.now())], &visit.event("second-factor-begin", None)).await?;
    }
    Ok(see_other("/account"))
}

async fn confirm(visit: &Visit, code: &str) -> Result<Response, Stop> {
    let row = visit.session.account.row;
    let Some(totp) = visit.oauth.store().totp(row)?.filter(|totp| !totp.confirmed) else { return Ok(see_other("/account")) };
    let code: String = code.chars().filter(char::is_ascii_digit).collect();
    let Some(step) = one_time_step(&opened(visit, &totp.secret)?, &code, visit.oauth.now()) else {
        return show(visit, Some(SecondFactorError::WrongCode), &[]);
    };
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let mut changes = vec![Change::confirm_totp(row, step, visit.oauth.now())];
    changes.extend(codes.iter().map(|code| Change::add_recovery_code(row, &digest_of(&code.replace('-', "")))));
    visit.oauth.write(changes, &visit.event("second-factor-on", None)).await?;
    show(visit, None, &codes)
}

async fn turn_off(visit: &Visit, code: &str) -> Result<Response, Stop> {
    let account = &visit.session.account;
    if let Err(wait_seconds) = turn(&visit.oauth, account) {
        return show(visit, Some(SecondFactorError::TooManyAttempts { wait_seconds }), &[]);
    }
    let Some(use_it) = proof(&visit.oauth, account, code)? else { return show(visit, Some(SecondFactorError::WrongCode), &[]) };
    let mut changes = vec![use_it];
    changes.extend(Change::remove_totp(account.row));
    visit.oauth.write(changes, &visit.event("second-factor-off", None)).await?;
    Ok(see_other("/account"))
}

async fn unlink(visit: &Visit, id: &str) -> Result<Response, Stop> {
    if let Some(other) = visit.oauth.instance.upstream.iter().find(|other| other.id == id) {
        let row = visit.session.account.row;
        if !visit.oauth.store().is_linked(&other.issuer, row)? {
            return Ok(see_other("/account"));
        }
        let others: Vec<&str> = visit.oauth.instance.upstream.iter().map(|known| known.issuer.as_str()).filter(|issuer| *issuer != other.issuer).collect();
        let change = Change::unlink_identity(&other.issuer, row, &others);
        match visit.oauth.write(vec![change], &visit.event("unlink-upstream", None)).await {
            Ok(_) => {}
            Err(refused) if matches!(refused.error, Error::Conflict { .. }) => return Err(Stop::Page(StatusCode::CONFLICT, Problem::OnlyWayIn, None)),
            Err(refused) => return Err(refused.into()),
        }
    }
    Ok(see_other("/account"))
}

fn opened(visit: &Visit, sealed: &str) -> Result<Vec<u8>, Stop> {
    let sealed = URL_SAFE_NO_PAD.decode(sealed).unwrap_or_default();
    let opened = visit.gateway().keyring.open_token(PURPOSE, &visit.session.account.row.to_string(), &sealed);
    opened.map_err(|_| crate::oauth::error::OAuthError::Internal("a one-time password's secret does not open".to_owned()).into())
}

/// Twenty letters and digits in groups: what is typed by hand once in a while.
fn recovery_code() -> String {
    let letters: Vec<char> = new_secret().to_lowercase().chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// The address that authenticator apps read (<https://github.com/google/google-authenticator/wiki/Key-Uri-Format>).
fn address(username: &str, secret: &str) -> String {
    let issuer = encode(crate::oauth::language::CLINIC);
    format!("otpauth://totp/{issuer}:{}?secret={secret}&issuer={issuer}", encode(username))
}

fn picture(address: &str) -> Option<QrCode> {
    let code = qrcode::QrCode::with_error_correction_level(address, EcLevel::M).ok()?;
    let dark: Vec<bool> = code.to_colors().into_iter().map(|colour| colour == Color::Dark).collect();
    Some(QrCode::new(code.width(), &dark))
}

/// Base 32 (RFC 4648 section 6), without padding.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    bits.chunks(5).map(|five| char::from(ALPHABET[(0..5).fold(0, |sum, at| sum << 1 | usize::from(*five.get(at).unwrap_or(&0)))])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_32_is_that_of_the_rfc() {
        for (bytes, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_recovery_code_has_four_groups_of_five() {
        let code = recovery_code();
        assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [5, 5, 5, 5]);
    }
}
