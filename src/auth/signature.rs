//! ECDSA signatures with one spelling: of (r, s) and (r, n−s), which mean the same, the one with the
//! lower s (as SEC 1 and Bitcoin's BIP 62 do it), so that a token's text cannot be varied.

/// The order n of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3), big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9,
    0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// ⌊n/2⌋.
const HALF: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc,
    0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// r and s, 32 bytes each, big-endian (RFC 7518 §3.4).
pub(crate) type Raw = [u8; 64];

/// Whether s is the lower of the two.
pub(crate) fn is_low(signature: &Raw) -> bool {
    signature[32..] <= HALF[..]
}

/// The same signature with the lower s.
pub(crate) fn lowered(mut signature: Raw) -> Raw {
    if !is_low(&signature) {
        let mut borrow = 0;
        for at in (0..32).rev() {
            let s = i32::from(signature[32 + at]);
            let difference = i32::from(ORDER[at]) - s - borrow;
            borrow = i32::from(difference < 0);
            signature[32 + at] = difference.rem_euclid(256) as u8;
        }
    }
    signature
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_order_is_the_border() {
        let with = |s: [u8; 32]| {
            let mut raw = [1; 64];
            raw[32..].copy_from_slice(&s);
            raw
        };
        assert!(is_low(&with(HALF)));
        let mut above = HALF;
        above[31] += 1;
        assert!(!is_low(&with(above)));
        // n − (⌊n/2⌋ + 1) = ⌊n/2⌋, since n is odd.
        assert_eq!(lowered(with(above)), with(HALF));
        let mut last = ORDER;
        last[31] -= 1;
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(lowered(with(last)), with(one));
        assert_eq!(lowered(with(one)), with(one));
    }
}
