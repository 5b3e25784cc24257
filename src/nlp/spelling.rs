//! Spelling: a word that nobody knows, one letter away from exactly one word of ours.
//!
//! Bounded: only words of seven to twenty plain letters, one edit (a letter more, less, changed,
//! or two swapped), the first letter and the last two right (another ending is another word). English words near ours are known to the lexicon
//! and so never come here.

use crate::lexicon::{Lexicon, fnv};
use crate::steps::step;

const SHORTEST: usize = 7;
const LONGEST: usize = 20;
/// Slots of the table looked at for one deletion.
const SLOTS: usize = 12;

/// The word meant by `folded`, if it is one edit from exactly one.
pub(crate) fn correct(lexicon: &Lexicon, folded: &[u8]) -> Option<u32> {
    if !(SHORTEST..=LONGEST).contains(&folded.len()) || !folded.iter().all(u8::is_ascii_lowercase) {
        return None;
    }
    let mut found = None;
    let mut shorter = [0u8; LONGEST];
    for skipped in 0..=folded.len() {
        step();
        let deleted = if skipped == folded.len() {
            folded
        } else {
            shorter[..skipped].copy_from_slice(&folded[..skipped]);
            shorter[skipped..folded.len() - 1].copy_from_slice(&folded[skipped + 1..]);
            &shorter[..folded.len() - 1]
        };
        for (surface, word) in lexicon.spelled(fnv(deleted), SLOTS) {
            if surface.as_bytes().first() == folded.first() && surface.as_bytes().ends_with(&folded[folded.len() - 2..]) && one_edit(surface.as_bytes(), folded)
            {
                match found {
                    None => found = Some(word),
                    Some(other) if other != word => return None,
                    Some(_) => {}
                }
            }
        }
    }
    found
}

/// Whether one insertion, deletion, change or swap of neighbours makes `a` into `b`.
fn one_edit(a: &[u8], b: &[u8]) -> bool {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([], [_]) | ([_], []) => true,
        ([], _) | (_, []) => false,
        _ if a.len() + 1 == b.len() => a == &b[1..],
        _ if a.len() == b.len() + 1 => &a[1..] == b,
        _ if a.len() == b.len() => a[1..] == b[1..] || (a.len() > 1 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_is_one_letter_or_one_swap() {
        for (a, b) in [("asthma", "astma"), ("asthma", "asthhma"), ("asthma", "asthna"), ("asthma", "ashtma")] {
            assert!(one_edit(a.as_bytes(), b.as_bytes()), "{a} {b}");
        }
        for (a, b) in [("asthma", "asthma"), ("asthma", "atma"), ("asthma", "sthmaa")] {
            assert!(!one_edit(a.as_bytes(), b.as_bytes()), "{a} {b}");
        }
    }

    #[test]
    fn a_misspelled_word_is_corrected_and_an_english_one_is_not() {
        let lexicon = Lexicon::embedded().expect("the embedded lexicon");
        assert_eq!(correct(&lexicon, b"hypertenson"), Some(lexicon.word(b"hypertension")));
        assert_eq!(correct(&lexicon, b"pnumonia"), Some(lexicon.word(b"pneumonia")));
        assert_eq!(correct(&lexicon, b"xpneumonia"), None, "the first letter must be right");
    }
}
