//! Ids in little memory: most are UUIDs and take 16 bytes.

use crate::Fill;

/// An id.
#[derive(Clone, Copy)]
pub(super) enum PackedId {
    Uuid([u8; 16]),
    Text { at: u32, length: u8 },
}

/// The bytes of a UUID in its canonical text (RFC 9562 §4, lower case).
pub(super) fn uuid(text: &str) -> Option<[u8; 16]> {
    if text.len() != 36 {
        return None;
    }
    let mut bytes = [0; 16];
    let mut digits = 0;
    for (at, byte) in text.bytes().enumerate() {
        let digit = match (at, byte) {
            (8 | 13 | 18 | 23, b'-') => continue,
            (8 | 13 | 18 | 23, _) => return None,
            (_, b'0'..=b'9') => byte - b'0',
            (_, b'a'..=b'f') => byte - b'a' + 10,
            _ => return None,
        };
        bytes[digits / 2] = bytes[digits / 2] << 4 | digit;
        digits += 1;
    }
    Some(bytes)
}

/// The canonical text.
pub(super) fn uuid_text(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

/// A random id (RFC 9562 §5.4).
pub(crate) fn random_id(fill: Fill<'_>) -> String {
    let mut bytes = [0; 16];
    fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    uuid_text(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_canonical_uuid_is_packed_and_it_comes_back() {
        let text = "0123abcd-4567-89ef-0000-ffffffffffff";
        assert_eq!(uuid(text).map(|bytes| uuid_text(&bytes)).as_deref(), Some(text));
        for no in [
            "0123ABCD-4567-89ef-0000-ffffffffffff",
            "0123abcd-4567-89ef-0000-fffffffffff",
            "0123abcd04567-89ef-0000-ffffffffffff",
            "é123abcd-4567-89ef-0000-ffffffffff",
            "",
        ] {
            assert_eq!(uuid(no), None, "{no}");
        }
    }
}
