//! HTML and XHTML to the text that a person reads: tags, comments, scripts and styles go, character references become what they name,
//! blocks begin lines. In one pass, whatever the markup is.

/// A piece of the plain text beside the piece of markup that it came from. Of a copied piece both are equally long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// Where it begins in the plain text.
    read: usize,
    /// Bytes of plain text.
    read_length: usize,
    /// Where it begins in the markup.
    from: usize,
    /// Bytes of markup.
    length: usize,
}

impl Run {
    fn is_copy(&self) -> bool {
        self.read_length == self.length
    }
}

/// The tags that begin a line.
const BLOCKS: [&str; 34] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "title",
    "tr",
    "ul",
    "tbody",
];
/// The tags whose content nobody reads.
const UNREAD: [&str; 4] = ["script", "style", "template", "noscript"];
/// The longest character reference.
const LONGEST: usize = 12;

/// The plain text, and what each piece of it came from.
pub(super) fn plain(html: &str) -> (String, Vec<Run>) {
    let mut made = Made { html, text: String::with_capacity(html.len() / 2), runs: Vec::new(), copied: 0, lines: false };
    let (mut at, mut tags_end) = (0, true);
    while let Some(found) = html.get(at..).and_then(|rest| rest.find(['<', '&'])) {
        let start = at + found;
        let rest = html.get(start..).unwrap_or_default();
        at = start + 1;
        let (length, text) = match rest.as_bytes().first() {
            Some(b'&') => match reference(rest) {
                Some((length, letter)) => (length, letter.to_string()),
                None => continue,
            },
            Some(b'<') => {
                if let Some(comment) = rest.strip_prefix("<!--") {
                    (comment.find("-->").map_or(rest.len(), |end| end + 7), String::new())
                } else if tags_end && rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
                    let Some(end) = rest.find('>') else {
                        tags_end = false;
                        continue;
                    };
                    tag(rest, end + 1)
                } else {
                    continue;
                }
            }
            _ => continue,
        };
        made.replace(start, length, &text);
        let begins = |tag: &str| rest.get(..tag.len()).is_some_and(|own| own.eq_ignore_ascii_case(tag));
        made.lines = begins("<pre") || (made.lines && !begins("</pre"));
        at = start + length;
    }
    made.copy(html.len());
    (made.text, made.runs)
}

struct Made<'h> {
    html: &'h str,
    text: String,
    runs: Vec<Run>,
    /// The markup up to here has become text.
    copied: usize,
    /// Within `pre`, where lines of the markup are lines of the text.
    lines: bool,
}

impl Made<'_> {
    fn copy(&mut self, end: usize) {
        let piece = self.html.get(self.copied..end).unwrap_or_default();
        if !piece.is_empty() {
            self.runs.push(Run { read: self.text.len(), read_length: piece.len(), from: self.copied, length: piece.len() });
            // As long as before, so that what surrounds it stays one piece.
            self.text.extend(piece.chars().map(|c| if matches!(c, '\n' | '\r') && !self.lines { ' ' } else { c }));
        }
        self.copied = end;
    }

    fn replace(&mut self, start: usize, length: usize, text: &str) {
        self.copy(start);
        self.runs.push(Run { read: self.text.len(), read_length: text.len(), from: start, length });
        self.text.push_str(text);
        self.copied = start + length;
    }
}

/// The length of a tag, with its content where nobody reads that, and what stands in its place.
fn tag(rest: &str, end: usize) -> (usize, String) {
    let inner = rest.get(1..end).unwrap_or_default().trim_start_matches('/');
    let name: String = inner.chars().take_while(char::is_ascii_alphanumeric).take(16).collect::<String>().to_ascii_lowercase();
    if UNREAD.contains(&name.as_str()) && !rest.starts_with("</") {
        let close = format!("</{name}");
        let bytes = rest.as_bytes();
        let closed = (end..bytes.len()).find(|at| bytes.get(*at..at + close.len()).is_some_and(|own| own.eq_ignore_ascii_case(close.as_bytes())));
        return (closed.unwrap_or(rest.len()), String::new());
    }
    let text = match name.as_str() {
        "td" | "th" => "\t",
        name if BLOCKS.contains(&name) => "\n",
        _ => "",
    };
    (end, text.to_owned())
}

/// A character reference at the beginning of a text: its length and what it names
/// (<https://html.spec.whatwg.org/multipage/named-characters.html>, those that notes have).
fn reference(rest: &str) -> Option<(usize, char)> {
    let end = rest.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let name = rest.get(1..end)?;
    let letter = match name.strip_prefix('#') {
        Some(number) => {
            let hex = number.strip_prefix(['x', 'X']);
            char::from_u32(hex.map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16)).ok()?)?
        }
        None => NAMED.iter().find(|(own, _)| *own == name)?.1,
    };
    Some((end + 1, letter))
}

const NAMED: [(&str, char); 58] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("hellip", '…'),
    ("bull", '•'),
    ("middot", '·'),
    ("deg", '°'),
    ("micro", 'µ'),
    ("mu", 'μ'),
    ("plusmn", '±'),
    ("times", '×'),
    ("frac12", '½'),
    ("le", '≤'),
    ("ge", '≥'),
    ("rarr", '→'),
    ("uarr", '↑'),
    ("darr", '↓'),
    ("shy", '\u{ad}'),
    ("agrave", 'à'),
    ("aacute", 'á'),
    ("acirc", 'â'),
    ("atilde", 'ã'),
    ("auml", 'ä'),
    ("aring", 'å'),
    ("aelig", 'æ'),
    ("ccedil", 'ç'),
    ("egrave", 'è'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("euml", 'ë'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("iuml", 'ï'),
    ("ntilde", 'ñ'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("ouml", 'ö'),
    ("oslash", 'ø'),
    ("ugrave", 'ù'),
    ("uacute", 'ú'),
    ("ucirc", 'û'),
    ("uuml", 'ü'),
    ("szlig", 'ß'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("Eacute", 'É'),
    ("oelig", 'œ'),
    ("trade", '™'),
];

/// The markup at which a word of the plain text begins.
pub(super) fn start(runs: &[Run], read: usize) -> usize {
    match of(runs, |run| run.read <= read) {
        Some(run) if run.is_copy() => run.from + (read - run.read),
        Some(run) => run.from,
        None => 0,
    }
}

/// The markup at which a word of the plain text ends.
pub(super) fn end(runs: &[Run], read: usize) -> usize {
    match of(runs, |run| run.read < read) {
        Some(run) if run.is_copy() => run.from + (read - run.read),
        // Behind what stands for nothing, the word ended before it.
        Some(run) => run.from + run.length,
        None => 0,
    }
}

/// The plain text that begins at a place of the markup.
pub(super) fn shown_start(runs: &[Run], from: usize) -> Option<usize> {
    let run = of(runs, |run| run.from <= from)?;
    let within = from - run.from;
    if run.is_copy() { (within <= run.length).then_some(run.read + within) } else { (within == 0).then_some(run.read) }
}

/// The plain text that ends at a place of the markup.
pub(super) fn shown_end(runs: &[Run], from: usize) -> Option<usize> {
    let run = of(runs, |run| run.from < from)?;
    let within = from - run.from;
    if run.is_copy() { (within <= run.length).then_some(run.read + within) } else { (within == run.length).then_some(run.read + run.read_length) }
}

/// The last piece of which something holds that holds of all before it.
fn of(runs: &[Run], holds: impl Fn(&Run) -> bool) -> Option<&Run> {
    runs.partition_point(holds).checked_sub(1).and_then(|at| runs.get(at))
}
