//! Blind indexes: equal texts of one field give equal marks, and without the key nothing can be said
//! about the text. Few-valued fields (sex, year of birth) must not be indexed so: counting alone
//! would tell their values.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::keyring::derive;

/// Marks are cut to 128 bits: 22 characters, and a chance match is out of reach for any clinic.
const MARK_BYTES: usize = 16;
/// Field names come from mappings, a few dozen; more than this many are derived anew each time.
const MAX_FIELDS: usize = 512;

/// The blind master and the field keys derived from it so far.
pub(crate) struct Blind {
    master: Zeroizing<[u8; 32]>,
    fields: RwLock<HashMap<String, hmac::Key>>,
}

impl Blind {
    pub(crate) fn new(master: Zeroizing<[u8; 32]>) -> Self {
        Self { master, fields: RwLock::new(HashMap::new()) }
    }

    pub(crate) fn mark(&self, field: &str, text: &str) -> String {
        let known = self.fields.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = known.get(field) {
            return mark(key, text);
        }
        let full = known.len() >= MAX_FIELDS;
        drop(known);
        let bytes = derive(self.master.as_slice(), "hearthgate blind index 1", field);
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice());
        let mark = mark(&key, text);
        if !full {
            self.fields.write().unwrap_or_else(PoisonError::into_inner).insert(field.to_owned(), key);
        }
        mark
    }
}

fn mark(key: &hmac::Key, text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&hmac::sign(key, text.as_bytes()).as_ref()[..MARK_BYTES])
}
