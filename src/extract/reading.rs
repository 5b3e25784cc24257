//! The texts of a note: its attachments decoded, each place in them known as it is stored, too.
//!
//! Three ways of counting meet here: bytes of the text that is read and shown, bytes of the attachment as it is stored, and Unicode code
//! points of the attachment decoded. In plain UTF-8 the first two are the same.

mod charset;
mod markup;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use charset::Decoded;
use hearthgate_fhir::Value;
use markup::Run;

/// A text of a note.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Its place in the DocumentReference's `content`, from 0.
    pub part: usize,
    /// What the attachment is called.
    pub title: Option<String>,
    /// The FHIR id of the Binary that holds it, where it does not stand in the note itself.
    pub binary: Option<String>,
    /// The text: without markup, where it came with any.
    pub text: String,
    /// The text with its markup, and how the two lie beside each other; `None` where there was none.
    markup: Option<(Decoded, Vec<Run>)>,
    /// How the text lies beside what is stored, where there was no markup.
    plain: charset::Marks,
}

/// A place in an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes as stored: first, and the one after the last.
    pub bytes: (usize, usize),
    /// Code points of the text decoded: first, and the one after the last.
    pub chars: (usize, usize),
}

/// Where an attachment's bytes stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the note.
    Here(Vec<u8>),
    /// In a Binary of this server, by its FHIR id.
    Binary(String),
}

/// An attachment that may be text.
#[derive(Clone, Debug)]
pub struct Attachment {
    part: usize,
    title: Option<String>,
    kind: Option<String>,
    /// Where its bytes stand.
    pub source: Source,
}

/// The attachments of a DocumentReference whose bytes are here.
#[must_use]
pub fn attachments(note: &Value, base: &str) -> Vec<Attachment> {
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    let contents = note.get("content").and_then(Value::as_array).into_iter().flatten().enumerate();
    contents
        .filter_map(|(part, content)| {
            let attachment = content.get("attachment")?;
            let source = match text(attachment, "data") {
                Some(data) => Source::Here(STANDARD.decode(data).ok()?),
                None => Source::Binary(binary_id(attachment.get("url")?.as_str()?, base)?.to_owned()),
            };
            Some(Attachment { part, title: text(attachment, "title"), kind: text(attachment, "contentType"), source })
        })
        .collect()
}

/// The id in the address of a Binary of this server, relative or absolute.
fn binary_id<'u>(url: &'u str, base: &str) -> Option<&'u str> {
    let relative = url.strip_prefix(base).map_or(url, |rest| rest.trim_start_matches('/'));
    relative.strip_prefix("Binary/").filter(|id| hearthgate_fhir::id::is_id(id))
}

impl Attachment {
    /// What it says, with the resource of its Binary where it stands there; `None` for what is no text that is read.
    #[must_use]
    pub fn reading(self, binary: Option<&Value>) -> Option<Reading> {
        let (bytes, kind, id) = match self.source {
            Source::Here(bytes) => (bytes, self.kind, None),
            Source::Binary(id) => {
                let text = |name: &str| binary?.get(name).and_then(Value::as_str);
                (STANDARD.decode(text("data")?).ok()?, text("contentType").map(str::to_owned), Some(id))
            }
        };
        let kind = kind.unwrap_or_default();
        let form = Form::of(&kind)?;
        let decoded = charset::decode(bytes, &kind)?;
        let (text, markup, plain) = match form {
            Form::Plain => (decoded.text, None, decoded.marks),
            Form::Markup => {
                let (text, runs) = markup::plain(&decoded.text);
                (text, Some((decoded, runs)), charset::Marks::default())
            }
        };
        Some(Reading { part: self.part, title: self.title, binary: id, text, markup, plain })
    }
}

/// How a kind of text is read.
enum Form {
    Plain,
    Markup,
}

impl Form {
    /// Of a content type (RFC 2046): what names none is taken for text; formats that only begin with `text/` are not.
    fn of(kind: &str) -> Option<Self> {
        let name = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "text/html" | "application/xhtml+xml" => Some(Self::Markup),
            "text/rtf" | "text/richtext" | "text/xml" | "text/css" | "text/javascript" | "text/calendar" | "text/vcard" => None,
            name => (name.is_empty() || name.starts_with("text/")).then_some(Self::Plain),
        }
    }
}

impl Reading {
    /// Where bytes of the text stand in the attachment.
    #[must_use]
    pub fn place(&self, (start, end): (usize, usize)) -> Place {
        let (from, to) = match &self.markup {
            None => (self.plain.place(&self.text, start), self.plain.place(&self.text, end)),
            Some((decoded, runs)) => {
                let at = |offset| decoded.marks.place(&decoded.text, offset);
                (at(markup::start(runs, start)), at(markup::end(runs, end)))
            }
        };
        Place { bytes: (from.0, to.0), chars: (from.1, to.1) }
    }

    /// The bytes of the text that stand at bytes of the attachment; `None` where none do.
    #[must_use]
    pub fn shown(&self, (start, end): (usize, usize)) -> Option<(usize, usize)> {
        match &self.markup {
            None => Some((self.plain.offset(&self.text, start)?, self.plain.offset(&self.text, end)?)),
            Some((decoded, runs)) => {
                let at = |stored| decoded.marks.offset(&decoded.text, stored);
                Some((markup::shown_start(runs, at(start)?)?, markup::shown_end(runs, at(end)?)?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(kind: Option<&str>, bytes: &[u8]) -> Option<Reading> {
        let mut attachment = json!({ "data": STANDARD.encode(bytes) });
        if let Some(kind) = kind {
            attachment["contentType"] = json!(kind);
        }
        attachments(&json!({ "content": [{ "attachment": attachment }] }), "http://x/fhir").pop()?.reading(None)
    }

    /// The bytes and the code points of words in a text, and back again.
    fn place(reading: &Reading, words: &str) -> Place {
        let start = reading.text.find(words).expect(words);
        let span = (start, start + words.len());
        let place = reading.place(span);
        assert_eq!(reading.shown(place.bytes), Some(span), "{words}");
        place
    }

    #[test]
    fn places_are_those_of_the_stored_bytes_in_every_charset() {
        let text = "Dupré’s 😀\r\n\u{a0}fever";
        let chars = |words: &str| (text[..text.find(words).unwrap()].chars().count(), words.chars().count());
        let of = |place: Place| (place.chars.0, place.chars.1 - place.chars.0);
        let utf8 = read(Some("text/plain; charset=utf-8"), text.as_bytes()).unwrap();
        assert_eq!(utf8.text, text);
        for words in ["Dupré’s", "😀", "fever"] {
            let found = place(&utf8, words);
            assert_eq!(&text.as_bytes()[found.bytes.0..found.bytes.1], words.as_bytes());
            assert_eq!(of(found), chars(words));
        }
        for (kind, big) in [("text/plain;charset=UTF-16LE", false), ("text/plain; charset=\"utf-16be\"", true)] {
            let units = text.encode_utf16();
            let bytes: Vec<u8> = if big { units.flat_map(u16::to_be_bytes).collect() } else { units.flat_map(u16::to_le_bytes).collect() };
            let wide = read(Some(kind), &bytes).unwrap();
            assert_eq!(wide.text, text);
            let found = place(&wide, "fever");
            assert_eq!((found.bytes, of(found)), ((bytes.len() - 10, bytes.len()), chars("fever")));
        }
        for kind in ["text/plain; charset=iso-8859-1", "text/plain; charset=windows-1252", "text/plain", "text/plain; charset=utf-8"] {
            let one = read(Some(kind), b"Dupr\xe9\x92s fever").unwrap();
            assert_eq!(one.text, "Dupré’s fever", "{kind}");
            assert_eq!(place(&one, "fever"), Place { bytes: (8, 13), chars: (8, 13) });
        }
    }

    #[test]
    fn markup_is_no_text_and_spans_are_those_of_the_attachment() {
        let html = "<!DOCTYPE html><title>x</title><style>p { cough: 1 }</style><!-- fever --><p class=\"nausea\">D&eacute;nies <b>fe</b>ver &amp; 3 &lt; 4</p>\n<ul><li>Sj&#246;gren<li>rash</ul>é<script>if (1<2) headache</script>";
        let found = read(Some("text/html; charset=utf-8"), html.as_bytes()).unwrap();
        for hidden in ["cough", "nausea", "headache", "<", "&amp;"] {
            assert!(!found.text.replace("3 < 4", "").contains(hidden), "{hidden}: {:?}", found.text);
        }
        assert!(found.text.contains("Dénies fever & 3 < 4\n"), "{:?}", found.text);
        for (words, stored) in [("Dénies", "D&eacute;nies"), ("fever", "fe</b>ver"), ("Sjögren", "Sj&#246;gren"), ("rash", "rash"), ("é", "&eacute;")] {
            let place = place(&found, words);
            assert_eq!(&html[place.bytes.0..place.bytes.1], stored);
            let chars: Vec<char> = html.chars().collect();
            assert_eq!(chars[place.chars.0..place.chars.1].iter().collect::<String>(), stored);
        }
        assert!(read(Some("application/xhtml+xml"), b"<p>fever</p>").is_some_and(|found| found.text.trim() == "fever"));
    }

    #[test]
    fn what_is_no_text_is_not_read() {
        for kind in ["application/pdf", "image/png", "text/rtf", "text/xml", "application/xml", "text/plain; charset=shift_jis"] {
            assert!(read(Some(kind), b"fever").is_none(), "{kind}");
        }
        assert!(read(None, b"fever").is_some());
        assert!(read(None, b"%PDF-1.7 \xff\xfe").is_none());
        assert!(read(None, b"a\0b").is_none());
        assert!(attachments(&json!({ "content": [{ "attachment": { "data": "%" } }, {}, 7] }), "").is_empty());
        assert!(attachments(&json!({ "content": "x" }), "").is_empty());
    }

    #[test]
    fn a_binary_of_this_server_is_named_by_its_id() {
        let of = |url: &str| attachments(&json!({ "content": [{ "attachment": { "url": url } }] }), "http://x/fhir").pop().map(|found| found.source);
        for url in ["Binary/b1", "http://x/fhir/Binary/b1"] {
            assert_eq!(of(url), Some(Source::Binary("b1".to_owned())), "{url}");
        }
        for url in ["http://y/fhir/Binary/b1", "Binary/", "Binary/b1/_history/1", "Patient/b1", "file:///etc/passwd", "http://x/fhirBinary/b1?x"] {
            assert_eq!(of(url), None, "{url}");
        }
    }

    /// A hundred thousand of anything is read in one pass, and every place leads back to itself.
    #[test]
    fn nothing_makes_reading_slow_or_places_wrong() {
        for piece in ["<", "<b", "<b>", "<!--", "&", "&#", "&#x110000;", "&amp;", "<script>", "é<", "</", "<p/>x", "😀&eacute;<td>"] {
            let html = piece.repeat(100_000);
            let found = read(Some("text/html"), html.as_bytes()).unwrap();
            for (start, letter) in found.text.char_indices().filter(|(_, letter)| !letter.is_whitespace()).step_by(997) {
                let span = (start, start + letter.len_utf8());
                assert_eq!(found.shown(found.place(span).bytes), Some(span), "{piece} {start}");
            }
        }
    }
}
