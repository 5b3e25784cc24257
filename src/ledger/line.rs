//! A line of a segment: `{"seq":7,"batch":5,"crc":"89abcdef","event":{…}}`.
//!
//! `batch` is the number of the first event that was flushed together with this one. By it a torn tail
//! is told from damage: what follows a bad line in the same batch was never acknowledged, while a line
//! of a later batch proves that the bad one had been flushed, and was good then.

use std::io::Write as _;

use crate::Seq;
use crate::event::Event;

/// What a line says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: Seq,
    pub(crate) batch: Seq,
}

/// A checksum of the event that the numbers are still to be added to.
pub(crate) fn begin(event: &[u8]) -> crc32fast::Hasher {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(event);
    hasher
}

fn finish(mut begun: crc32fast::Hasher, head: Head) -> u32 {
    begun.update(&head.seq.to_be_bytes());
    begun.update(&head.batch.to_be_bytes());
    begun.finalize()
}

/// Appends the line of an event that is JSON already, with its checksum begun.
pub(crate) fn write(out: &mut Vec<u8>, head: Head, begun: crc32fast::Hasher, event: &[u8]) {
    let crc = finish(begun, head);
    // Writing to a Vec does not fail.
    let _ = write!(out, r#"{{"seq":{},"batch":{},"crc":"{crc:08x}","event":"#, head.seq, head.batch);
    out.extend_from_slice(event);
    out.extend_from_slice(b"}\n");
}

/// The head and the event's JSON of a line without its newline; `None` when the line is not exactly what
/// [`write`] makes, checksum included.
pub(crate) fn read(line: &[u8]) -> Option<(Head, &[u8])> {
    let (seq, rest) = number(line.strip_prefix(br#"{"seq":"#)?)?;
    let (batch, rest) = number(rest.strip_prefix(br#","batch":"#)?)?;
    let (crc, rest) = rest.strip_prefix(br#","crc":""#)?.split_at_checked(8)?;
    let event = rest.strip_prefix(br#"","event":"#)?.strip_suffix(b"}")?;
    let head = Head { seq, batch };
    let crc = std::str::from_utf8(crc).ok().filter(|crc| !crc.bytes().any(|b| b.is_ascii_uppercase() || b == b'+'))?;
    (u32::from_str_radix(crc, 16).ok()? == finish(begin(event), head)).then_some((head, event))
}

/// The event of a line's JSON.
pub(crate) fn event(json: &[u8]) -> Option<Event> {
    serde_json::from_slice(json).ok()
}

/// When the event of a line's JSON happened: what its text begins with.
pub(crate) fn at_ms(json: &[u8]) -> Option<i64> {
    let text = json.strip_prefix(br#"{"at_ms":"#)?;
    let end = text.iter().position(|byte| *byte == b',')?;
    std::str::from_utf8(&text[..end]).ok()?.parse().ok()
}

fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(digits)?;
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, rest))
}
