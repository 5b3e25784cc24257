//! Opening what is sealed, with data keys fetched as they are needed.

use crate::Error;
use hearthgate_mapping::Sql;
use hearthgate_seal::{Error as SealError, KeyId, Keyring, Place};
use rusqlite::{Connection, OptionalExtension};

/// Opens a sealed text.
pub(crate) fn open(conn: &Connection, keyring: &Keyring, place: Place<'_>, sealed: &str) -> Result<Vec<u8>, Error> {
    match keyring.open_value(place, sealed) {
        Err(SealError::KeyMissing(id)) => {
            fetch(conn, keyring, &id)?;
            Ok(keyring.open_value(place, sealed)?)
        }
        answer => Ok(answer?),
    }
}

/// Opens sealed bytes.
pub(crate) fn open_bytes(conn: &Connection, keyring: &Keyring, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    match keyring.open_bytes(place, sealed) {
        Err(SealError::KeyMissing(id)) => {
            fetch(conn, keyring, &id)?;
            Ok(keyring.open_bytes(place, sealed)?)
        }
        answer => Ok(answer?),
    }
}

/// Loads a data key into the keyring.
pub(crate) fn fetch(conn: &Connection, keyring: &Keyring, id: &KeyId) -> Result<(), Error> {
    if keyring.holds(id) {
        return Ok(());
    }
    let mut find = conn.prepare_cached("SELECT wrapped FROM gw_data_keys WHERE key_id = ?1")?;
    let wrapped: Option<String> = find.query_row([id.to_string()], |row| row.get(0)).optional()?;
    Ok(keyring.unwrap(id, &wrapped.ok_or(Error::Sealed)?)?)
}

/// The value that a column held before it was sealed.
pub(crate) fn value(plain: Vec<u8>, numeric: bool) -> Sql {
    match String::from_utf8(plain) {
        Ok(text) => match text.parse() {
            Ok(number) if numeric => Sql::Integer(number),
            _ => Sql::Text(text),
        },
        Err(error) => Sql::Blob(error.into_bytes()),
    }
}

/// The bytes of a value to be sealed; `None` for NULL.
pub(crate) fn plain(value: &Sql) -> Option<std::borrow::Cow<'_, [u8]>> {
    use std::borrow::Cow;
    match value {
        Sql::Null | Sql::Unopened => None,
        Sql::Integer(number) => Some(Cow::Owned(number.to_string().into_bytes())),
        Sql::Real(number) => Some(Cow::Owned(number.to_string().into_bytes())),
        Sql::Text(text) => Some(Cow::Borrowed(text.as_bytes())),
        Sql::Blob(bytes) => Some(Cow::Borrowed(bytes)),
    }
}

/// Where the rendered bytes of a resource are sealed to.
pub(crate) fn rendered_place(reference: &str) -> Place<'_> {
    Place { table: "gw_rendered", column: "bytes", row: reference }
}
