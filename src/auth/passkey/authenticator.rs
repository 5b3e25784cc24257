//! Authenticator data (<https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data>): bytes at fixed places.

use super::PasskeyFault;
use super::cose::CoseKey;

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;
/// The authenticator's make, of which nothing is believed.
const AAGUID: usize = 16;

/// What an authenticator says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuthenticatorData<'d> {
    /// The SHA-256 of the relying party's id.
    pub(super) party: &'d [u8],
    /// Somebody was there.
    pub(super) present: bool,
    /// It was the key's person.
    pub(super) verified: bool,
    /// How often it has signed.
    pub(super) sign_count: u32,
    /// The credential that it made: id and public key.
    pub(super) attested: Option<(&'d [u8], CoseKey<'d>)>,
}

impl<'d> AuthenticatorData<'d> {
    /// Reads all of it. What extensions say is signed like the rest, and not asked for.
    pub(super) fn read(bytes: &'d [u8]) -> Result<Self, PasskeyFault> {
        let short = PasskeyFault::Malformed;
        let (party, rest) = bytes.split_at_checked(32).ok_or(short)?;
        let (&flags, rest) = rest.split_first().ok_or(short)?;
        let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(short)?;
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (_, after) = rest.split_at_checked(AAGUID).ok_or(short)?;
            let (length, after) = after.split_first_chunk::<2>().ok_or(short)?;
            let (id, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(short)?;
            let (key, after) = CoseKey::read(after).ok_or(PasskeyFault::Key)?;
            (attested, rest) = (Some((id, key)), after);
        }
        // What is backed up must be of a kind that can be.
        let backup = flags & BACKED_UP == 0 || flags & BACKUP_ELIGIBLE != 0;
        if rest.is_empty() == (flags & EXTENSIONS != 0) || !backup {
            return Err(short);
        }
        Ok(Self { party, present: flags & PRESENT != 0, verified: flags & VERIFIED != 0, sign_count: u32::from_be_bytes(*count), attested })
    }
}
