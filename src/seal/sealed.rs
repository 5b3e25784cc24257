//! The form of a sealed value, as text and as bytes, and the one cipher behind both.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::cache::{ID_BYTES, ID_TEXT, KeyId};
use crate::{Error, Fill};

/// What every sealed value begins with; a check constraint on sealed columns looks for it.
pub(crate) const MARK: &str = "hg1.";
const NONCE: usize = 12;
const TAG: usize = 16;

/// Where a value belongs. With the key id it is the associated data of the cipher: the value opens
/// nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Table name.
    pub table: &'a str,
    /// Column name.
    pub column: &'a str,
    /// The row's public id, never its row number.
    pub row: &'a str,
}

impl Place<'_> {
    /// Each part with its length in front, so that no two places share an encoding.
    fn bytes(&self, id: &KeyId) -> Vec<u8> {
        let parts = [self.table, self.column, self.row];
        let mut out = Vec::with_capacity(40 + parts.iter().map(|p| p.len()).sum::<usize>());
        out.extend_from_slice(MARK.as_bytes());
        for part in parts {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(&id.0);
        out
    }
}

/// The key that a sealed text names, if it has the form of one. Says nothing about whether it opens.
#[must_use]
pub fn key_id_of(sealed: &str) -> Option<KeyId> {
    split_text(sealed).map(|(id, _)| id)
}

/// The key that sealed bytes name, if they have the form.
#[must_use]
pub fn key_id_of_bytes(sealed: &[u8]) -> Option<KeyId> {
    split_bytes(sealed).map(|(id, _)| id)
}

pub(crate) fn split_text(sealed: &str) -> Option<(KeyId, &str)> {
    let rest = sealed.strip_prefix(MARK)?;
    let id = rest.get(..ID_TEXT)?.parse().ok()?;
    Some((id, rest.get(ID_TEXT..)?.strip_prefix('.')?))
}

pub(crate) fn split_bytes(sealed: &[u8]) -> Option<(KeyId, &[u8])> {
    let rest = sealed.strip_prefix(MARK.as_bytes())?;
    let (id, body) = rest.split_at_checked(ID_BYTES)?;
    Some((KeyId(id.try_into().ok()?), body))
}

pub(crate) fn text(key: &LessSafeKey, id: &KeyId, place: Place<'_>, plain: &[u8], fill: Fill<'_>) -> Result<String, Error> {
    let mut body = Vec::with_capacity(NONCE + plain.len() + TAG);
    append(key, id, place, plain, fill, &mut body)?;
    let mut out = String::with_capacity(MARK.len() + ID_TEXT + 1 + body.len().div_ceil(3) * 4);
    out.push_str(MARK);
    URL_SAFE_NO_PAD.encode_string(id.0, &mut out);
    out.push('.');
    URL_SAFE_NO_PAD.encode_string(&body, &mut out);
    Ok(out)
}

pub(crate) fn bytes(key: &LessSafeKey, id: &KeyId, place: Place<'_>, plain: &[u8], fill: Fill<'_>) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(MARK.len() + ID_BYTES + NONCE + plain.len() + TAG);
    out.extend_from_slice(MARK.as_bytes());
    out.extend_from_slice(&id.0);
    append(key, id, place, plain, fill, &mut out)?;
    Ok(out)
}

/// Appends nonce, ciphertext and tag.
fn append(key: &LessSafeKey, id: &KeyId, place: Place<'_>, plain: &[u8], fill: Fill<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut nonce = [0; NONCE];
    fill(&mut nonce);
    raw_seal(key, nonce, &place.bytes(id), plain, out)
}

pub(crate) fn raw_seal(key: &LessSafeKey, nonce: [u8; NONCE], associated: &[u8], plain: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    out.extend_from_slice(&nonce);
    let start = out.len();
    out.extend_from_slice(plain);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(associated), &mut out[start..]).map_err(|_| Error::Broken)?;
    out.extend_from_slice(tag.as_ref());
    Ok(())
}

/// Opens `nonce ‖ ciphertext ‖ tag` and appends the plaintext to `out`, which is as before on an error.
pub(crate) fn open(key: &LessSafeKey, id: &KeyId, place: Place<'_>, body: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    raw_open(key, &place.bytes(id), body, out)
}

pub(crate) fn raw_open(key: &LessSafeKey, associated: &[u8], body: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let (nonce, rest) = body.split_first_chunk::<NONCE>().ok_or(Error::Broken)?;
    let (cipher, tag) = rest.split_last_chunk::<TAG>().ok_or(Error::Broken)?;
    let start = out.len();
    out.extend_from_slice(cipher);
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = key.open_in_place_separate_tag(nonce, Aad::from(associated), tag, &mut out[start..]);
    if opened.is_err() {
        // Unauthenticated plaintext must not linger in a buffer that is used again.
        out[start..].fill(0);
        out.truncate(start);
        return Err(Error::Broken);
    }
    Ok(())
}

/// The body of a sealed text as bytes; padding, other alphabets and loose trailing bits are refused.
pub(crate) fn decode(body: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(body).map_err(|_| Error::Broken)
}
