//! Page cursors: opaque and authenticated, bound to the caller and the query. The same place of the same search by the same
//! caller is always the same text: the nonce is derived from what is sealed, which AES-GCM-SIV allows.

use super::fault::Fault;
use super::gateway::Gateway;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_access::Caller;
use hearthgate_fhir::query::Query;
use hearthgate_mapping::Sql;
use hearthgate_search::{COLUMN_RID, Cursor};

/// More than any cursor of ours has.
const LONGEST: usize = 4096;

/// The cursor behind the last row of a page; `extra` are its columns from `rid` on.
pub(super) fn seal(gateway: &Gateway, caller: &Caller, resource: &str, query: &Query, extra: &[Sql]) -> String {
    // The contract's columns come before `rid`; `extra` begins with it.
    const { assert!(COLUMN_RID == 8) };
    let place = Cursor::of(extra.get(1..).unwrap_or_default()).encode();
    let bound = bound(caller, resource, query);
    URL_SAFE_NO_PAD.encode(gateway.keyring.seal_token("cursor", &bound, place.as_bytes()))
}

/// The place that a cursor names.
pub(super) fn open(gateway: &Gateway, caller: &Caller, resource: &str, query: &Query, text: &str) -> Result<Cursor, Fault> {
    let refused = || Fault::bad("value", "`_cursor` is not one that you were given for this search. Follow the links of the pages, or begin anew without it.");
    if text.len() > LONGEST {
        return Err(refused());
    }
    let sealed = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| URL_SAFE_NO_PAD.encode(bytes) == text).ok_or_else(refused)?;
    let place = gateway.keyring.open_token("cursor", &bound(caller, resource, query), &sealed).map_err(|_| refused())?;
    std::str::from_utf8(&place).ok().and_then(Cursor::decode).ok_or_else(refused)
}

fn bound(caller: &Caller, resource: &str, query: &Query) -> String {
    format!("{}\n{resource}\n{}", caller.binding(), query.canonical())
}

/// The cursor of a history: a sequence number.
pub(super) fn seal_seq(gateway: &Gateway, caller: &Caller, path: &str, seq: i64) -> String {
    let bound = format!("{}\n{path}", caller.binding());
    URL_SAFE_NO_PAD.encode(gateway.keyring.seal_token("history", &bound, &seq.to_be_bytes()))
}

/// The sequence number in the cursor of a history.
pub(super) fn open_seq(gateway: &Gateway, caller: &Caller, path: &str, text: &str) -> Result<i64, Fault> {
    let refused = || Fault::bad("value", "`_cursor` is not one that you were given for this history. Follow the links of the pages.");
    let sealed = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| text.len() < LONGEST && URL_SAFE_NO_PAD.encode(bytes) == text).ok_or_else(refused)?;
    let bound = format!("{}\n{path}", caller.binding());
    let plain = gateway.keyring.open_token("history", &bound, &sealed).map_err(|_| refused())?;
    Ok(i64::from_be_bytes(plain.try_into().map_err(|_| refused())?))
}
