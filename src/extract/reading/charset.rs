//! Bytes to text, by the charset that the content type names (RFC 2046 §4.1.2), and where each letter stands in the bytes.

/// A place is noted each so many bytes of text.
const STEP: usize = 4096;

/// A text with where it stands in the bytes that it was.
#[derive(Clone, Debug)]
pub(super) struct Decoded {
    pub text: String,
    pub marks: Marks,
}

/// Places of a text that were counted once, so that none is counted from the beginning.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    width: Width,
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// Bytes of the text before it.
    text: usize,
    /// Bytes of what is stored before it.
    stored: usize,
    /// Code points before it.
    chars: usize,
}

/// How many bytes of what is stored a letter takes.
#[derive(Clone, Copy, Debug, Default)]
enum Width {
    #[default]
    Utf8,
    One,
    Utf16,
}

impl Width {
    fn of(self, letter: char) -> usize {
        match self {
            Self::Utf8 => letter.len_utf8(),
            Self::One => 1,
            Self::Utf16 => letter.len_utf16() * 2,
        }
    }
}

/// The text; `None` for a charset that is not read, and for what names no kind and is no UTF-8.
pub(super) fn decode(bytes: Vec<u8>, kind: &str) -> Option<Decoded> {
    let charset = kind.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    });
    let (text, width) = match charset.as_deref() {
        None if kind.trim().is_empty() => (String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?, Width::Utf8),
        None if bytes.starts_with(b"\xff\xfe") => (wide(&bytes, u16::from_le_bytes), Width::Utf16),
        None if bytes.starts_with(b"\xfe\xff") => (wide(&bytes, u16::from_be_bytes), Width::Utf16),
        // What is said to be UTF-8 and is not was written by a program of before.
        None | Some("utf-8" | "utf8" | "us-ascii" | "ascii") => match String::from_utf8(bytes) {
            Ok(text) => (text, Width::Utf8),
            Err(error) => (one_byte(error.as_bytes()), Width::One),
        },
        Some("iso-8859-1" | "latin1" | "windows-1252" | "cp1252") => (one_byte(&bytes), Width::One),
        Some("utf-16le") => (wide(&bytes, u16::from_le_bytes), Width::Utf16),
        // Without a mark big end first (RFC 2781 §4.3).
        Some("utf-16") if bytes.starts_with(b"\xff\xfe") => (wide(&bytes, u16::from_le_bytes), Width::Utf16),
        Some("utf-16be" | "utf-16") => (wide(&bytes, u16::from_be_bytes), Width::Utf16),
        Some(_) => return None,
    };
    let marks = Marks::of(&text, width);
    Some(Decoded { text, marks })
}

fn wide(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(unit);
    char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Windows' first page of code, of which ISO 8859-1 is read as a part (<https://encoding.spec.whatwg.org/#index-windows-1252>).
fn one_byte(bytes: &[u8]) -> String {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™',
        'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    bytes.iter().map(|byte| byte.checked_sub(0x80).and_then(|at| HIGH.get(usize::from(at))).copied().unwrap_or(char::from(*byte))).collect()
}

impl Marks {
    fn of(text: &str, width: Width) -> Self {
        let (mut marks, mut at) = (vec![Mark::default()], Mark::default());
        for letter in text.chars() {
            if at.text >= marks.len() * STEP {
                marks.push(at);
            }
            at = at.after(letter, width);
        }
        Self { width, marks }
    }

    /// Bytes as stored and code points before a byte of the text.
    pub fn place(&self, text: &str, offset: usize) -> (usize, usize) {
        let mark = self.last(|mark| mark.text <= offset);
        let between = text.get(mark.text..offset).unwrap_or_default();
        let at = between.chars().fold(mark, |at, letter| at.after(letter, self.width));
        (at.stored, at.chars)
    }

    /// The byte of the text before which so many bytes are stored.
    pub fn offset(&self, text: &str, stored: usize) -> Option<usize> {
        let mut at = self.last(|mark| mark.stored <= stored);
        let mut letters = text.get(at.text..)?.chars();
        while at.stored < stored {
            at = at.after(letters.next()?, self.width);
        }
        (at.stored == stored).then_some(at.text)
    }

    fn last(&self, holds: impl Fn(&Mark) -> bool) -> Mark {
        let after = self.marks.partition_point(holds);
        after.checked_sub(1).and_then(|at| self.marks.get(at)).copied().unwrap_or_default()
    }
}

impl Mark {
    fn after(self, letter: char, width: Width) -> Self {
        Self { text: self.text + letter.len_utf8(), stored: self.stored + width.of(letter), chars: self.chars + 1 }
    }
}
