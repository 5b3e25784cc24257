//! Tokens: one pass over the text, byte offsets kept.
//!
//! Knows what a word looks like and which word of the lexicon it is; not what words mean.
//! Agrees with `lexicon/words.py` on how a term is cut.

use crate::lexicon::Lexicon;
use crate::spelling;
use crate::steps::step;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Number,
    /// A single character that is no letter, digit or space; the byte is 0 outside ASCII.
    Mark(u8),
}

/// How a word is capitalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Lower,
    /// One capital, at the start.
    Title,
    Upper,
    Mixed,
}

/// A token: `start..end` in bytes of the whole text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub start: u32,
    pub end: u32,
    /// The lexicon's word, 0 when it knows none.
    pub word: u32,
    pub kind: Kind,
    pub case: Case,
    /// Line ends before it: 0, 1 or 2 (a blank line).
    pub lines: u8,
    /// Whether white space (or nothing) stands before it.
    pub spaced: bool,
    /// Letters and digits in it, 255 for more.
    pub letters: u8,
    /// The word was misspelled in the text.
    pub corrected: bool,
}

impl Token {
    pub(crate) fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }

    pub(crate) fn is_mark(&self, mark: u8) -> bool {
        self.kind == Kind::Mark(mark)
    }

    pub(crate) fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// The longest folded word that the lexicon is asked about, in bytes.
const LONGEST: usize = 48;

/// A folded word on the stack.
pub(crate) struct Folded {
    bytes: [u8; LONGEST],
    length: usize,
    too_long: bool,
}

impl Folded {
    pub(crate) fn new() -> Folded {
        Folded { bytes: [0; LONGEST], length: 0, too_long: false }
    }

    fn push(&mut self, bytes: &[u8]) {
        match self.bytes.get_mut(self.length..self.length + bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.length += bytes.len();
            }
            None => self.too_long = true,
        }
    }

    /// The folded form of a word: lower case, no accents, no apostrophes, no possessive.
    pub(crate) fn of(word: &str) -> Folded {
        let mut folded = Folded::new();
        folded.fold(word);
        folded
    }

    fn fold(&mut self, word: &str) {
        let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).or_else(|| word.strip_suffix("'S")).unwrap_or(word);
        for c in word.chars() {
            if c.is_ascii() {
                if c != '\'' {
                    self.push(&[c.to_ascii_lowercase() as u8]);
                }
            } else if let Some(plain) = unaccented(c) {
                self.push(plain.as_bytes());
            } else if c != '\u{2019}' && c != '\u{2018}' {
                for lower in c.to_lowercase() {
                    self.push(lower.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            if self.too_long {
                return;
            }
        }
    }

    /// The bytes, or nothing when the word was too long to be one of ours.
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.too_long { &[] } else { &self.bytes[..self.length] }
    }
}

/// Letters of Western European names without their accents.
fn unaccented(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'À' | 'Á' | 'Â' | 'Ã' | 'Ä' | 'Å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'Ç' | 'ć' | 'č' | 'Č' => "c",
        'è' | 'é' | 'ê' | 'ë' | 'È' | 'É' | 'Ê' | 'Ë' | 'ē' | 'ę' | 'ě' => "e",
        'ì' | 'í' | 'î' | 'ï' | 'Ì' | 'Í' | 'Î' | 'Ï' => "i",
        'ñ' | 'Ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ö' | 'ō' | 'ő' => "o",
        'ù' | 'ú' | 'û' | 'ü' | 'Ù' | 'Ú' | 'Û' | 'Ü' | 'ū' | 'ű' => "u",
        'ý' | 'ÿ' | 'Ý' => "y",
        'š' | 'Š' | 'ś' => "s",
        'ž' | 'Ž' | 'ź' | 'ż' => "z",
        '\u{300}'..='\u{36F}' => "",
        _ => return None,
    })
}

/// Cuts `text[from..to]` into `out` (emptied first); offsets are those of the whole text.
pub(crate) fn tokenise(lexicon: &Lexicon, text: &str, from: usize, to: usize, out: &mut Vec<Token>) {
    out.clear();
    let bytes = &text.as_bytes()[..to];
    let mut at = from;
    let (mut lines, mut spaced) = (0u8, true);
    while at < to {
        step();
        let byte = bytes[at];
        if byte == b'\n' {
            lines = (lines + 1).min(2);
            spaced = true;
            at += 1;
            continue;
        }
        if byte.is_ascii_whitespace() || byte == 0x0B {
            spaced = true;
            at += 1;
            continue;
        }
        let start = at;
        let (kind, case, letters, word);
        let mut corrected = false;
        if byte.is_ascii_digit() && decimal(bytes, at).is_some() {
            at = decimal(bytes, at).unwrap_or(at + 1);
            (kind, case, letters, word) = (Kind::Number, Case::Lower, 1, 0);
        } else {
            let shape = word_end(text, at, to);
            if shape.end > at {
                at = shape.end;
                kind = if shape.digits_only { Kind::Number } else { Kind::Word };
                (case, letters) = (shape.case, shape.letters);
                let folded = if shape.plain && at - start <= LONGEST {
                    let mut folded = Folded::new();
                    for &b in &bytes[start..at] {
                        folded.push(&[b.to_ascii_lowercase()]);
                    }
                    folded
                } else {
                    Folded::of(&text[start..at])
                };
                word = match folded.bytes() {
                    [] => 0,
                    form => match lexicon.word(form) {
                        0 if matches!(case, Case::Lower | Case::Title) => {
                            let meant = spelling::correct(lexicon, form).unwrap_or(0);
                            corrected = meant != 0;
                            meant
                        }
                        word => word,
                    },
                };
            } else {
                let c = text[at..].chars().next().unwrap_or(' ');
                at += c.len_utf8();
                if c.is_whitespace() || c == '\u{FEFF}' {
                    spaced = true;
                    continue;
                }
                let joins = !spaced
                    && matches!(c, '-' | '\u{2010}'..='\u{2015}')
                    && start > from
                    && text[at..to].chars().next().is_some_and(char::is_alphanumeric)
                    && out.last().is_some_and(|t| t.end as usize == start && !matches!(t.kind, Kind::Mark(_)));
                if joins {
                    spaced = false;
                    continue;
                }
                let mark = match c {
                    c if c.is_ascii() => c as u8,
                    '\u{2010}'..='\u{2015}' => b'-',
                    '•' | '◦' | '▪' | '●' | '·' => b'*',
                    _ => 0,
                };
                kind = Kind::Mark(mark);
                (case, letters) = (Case::Lower, 0);
                word = if mark == 0 { 0 } else { lexicon.word(&[mark]) };
            }
        }
        out.push(Token { start: start as u32, end: at as u32, word, kind, case, lines, spaced, letters, corrected });
        (lines, spaced) = (0, false);
    }
}

/// The end of a number with a decimal point, if one starts here.
fn decimal(bytes: &[u8], mut at: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut point = false;
    at = digits(at);
    while bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at = digits(at + 1);
        point = true;
    }
    point.then_some(at)
}

struct Shape {
    end: usize,
    case: Case,
    letters: u8,
    digits_only: bool,
    /// ASCII letters and digits only: no folding beyond lower case.
    plain: bool,
}

fn word_end(text: &str, start: usize, to: usize) -> Shape {
    let (mut upper, mut lower, mut digits, mut plain) = (0usize, 0usize, 0usize, true);
    let mut first_upper = false;
    let mut end = start;
    let mut chars = text[start..to].char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        step();
        if c.is_ascii_digit() {
            digits += 1;
        } else if c.is_ascii_alphabetic() || (!c.is_ascii() && (c.is_alphanumeric() || ('\u{300}'..='\u{36F}').contains(&c))) {
            plain &= c.is_ascii();
            if c.is_uppercase() {
                upper += 1;
                first_upper |= offset == 0;
            } else {
                lower += 1;
            }
        } else if matches!(c, '\'' | '\u{2019}') && offset > 0 && chars.peek().is_some_and(|(_, next)| next.is_alphabetic()) {
            plain = false;
            continue;
        } else {
            break;
        }
        end = start + offset + c.len_utf8();
    }
    let case = match (upper, lower) {
        (0, _) => Case::Lower,
        (_, 0) if upper + digits > 1 => Case::Upper,
        (1, _) if first_upper => Case::Title,
        // A plural abbreviation (DVTs) counts as capitals.
        (_, 1) if upper > 1 && text[start..end].ends_with('s') => Case::Upper,
        _ => Case::Mixed,
    };
    Shape { end, case, letters: (upper + lower + digits).min(255) as u8, digits_only: upper + lower == 0 && digits > 0, plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let lexicon = Lexicon::embedded().expect("the embedded lexicon");
        let mut out = Vec::new();
        tokenise(&lexicon, text, 0, text.len(), &mut out);
        out.iter().map(|t| t.text(text).to_owned()).collect()
    }

    #[test]
    fn words_keep_their_apostrophes_and_lose_their_hyphens() {
        assert_eq!(cut("Crohn's T-cell (1.5mg) - x"), ["Crohn's", "T", "cell", "(", "1.5", "mg", ")", "-", "x"]);
    }

    #[test]
    fn offsets_are_bytes_of_the_text() {
        let text = "é😀\r\nfever";
        assert_eq!(cut(text), ["é", "😀", "fever"]);
    }

    #[test]
    fn accents_and_possessives_fold_away() {
        assert_eq!(Folded::of("Ménière\u{2019}s").bytes(), b"meniere");
        assert_eq!(Folded::of("Sjögren's").bytes(), b"sjogren");
    }

    #[test]
    fn a_word_of_any_length_is_one_token() {
        let long = "x".repeat(10_000);
        assert_eq!(cut(&long).len(), 1);
    }
}
