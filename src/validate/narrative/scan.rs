//! XML tokens of a narrative, and nothing that XML parsers differ on.

use super::Fault;

/// More than any element may have; keeps the search for repeats short.
const MAX_ATTRIBUTES: usize = 40;

pub(super) enum Token<'t> {
    Open {
        name: &'t str,
        attributes: Vec<(&'t str, &'t str)>,
        closed: bool,
    },
    Close(&'t str),
    /// Without markup; references checked and not replaced.
    Text(&'t str),
    Comment,
    End,
}

pub(super) struct Scan<'t> {
    rest: &'t str,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text }
    }

    fn take_until(&mut self, stop: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(stop).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn space(&mut self) -> bool {
        !self.take_until(|character| !is_space(character)).is_empty()
    }

    pub(super) fn next(&mut self) -> Result<Token<'t>, Fault> {
        if self.rest.is_empty() {
            return Ok(Token::End);
        }
        if !self.rest.starts_with('<') {
            let text = self.take_until(|character| character == '<');
            if text.contains("]]>") {
                return Err(Fault::Xml("']]>' stands in the text"));
            }
            check_references(text)?;
            return Ok(Token::Text(text));
        }
        if self.take("<!--") {
            return self.comment();
        }
        if self.rest.starts_with("<!") || self.rest.starts_with("<?") {
            return Err(Fault::Xml("there is CDATA, a doctype or a processing instruction"));
        }
        if self.take("</") {
            let name = self.name()?;
            self.space();
            return if self.take(">") { Ok(Token::Close(name)) } else { Err(Fault::Xml("a closing tag is malformed")) };
        }
        self.take("<");
        self.open()
    }

    /// Comments hold no markup, so that a browser's laxer reading of them changes nothing.
    fn comment(&mut self) -> Result<Token<'t>, Fault> {
        let Some((comment, rest)) = self.rest.split_once("-->") else {
            return Err(Fault::Xml("a comment does not end"));
        };
        if comment.contains(['<', '>']) || comment.contains("--") || comment.ends_with('-') {
            return Err(Fault::Xml("a comment holds markup or '--'"));
        }
        self.rest = rest;
        Ok(Token::Comment)
    }

    fn open(&mut self) -> Result<Token<'t>, Fault> {
        let name = self.name()?;
        let mut attributes: Vec<(&str, &str)> = Vec::new();
        loop {
            let space = self.space();
            if self.take(">") {
                return Ok(Token::Open { name, attributes, closed: false });
            }
            if self.take("/>") {
                return Ok(Token::Open { name, attributes, closed: true });
            }
            if !space {
                return Err(Fault::Xml("a tag is malformed"));
            }
            let (key, value) = self.attribute()?;
            if attributes.iter().any(|(other, _)| *other == key) {
                return Err(Fault::Xml("an attribute stands twice in its tag"));
            }
            if attributes.len() == MAX_ATTRIBUTES {
                return Err(Fault::Xml("a tag has too many attributes"));
            }
            attributes.push((key, value));
        }
    }

    fn attribute(&mut self) -> Result<(&'t str, &'t str), Fault> {
        let key = self.name()?;
        self.space();
        if !self.take("=") {
            return Err(Fault::Xml("an attribute has no value"));
        }
        self.space();
        let quote = match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => quote,
            _ => return Err(Fault::Xml("the value of an attribute is not quoted")),
        };
        self.rest = self.rest.get(1..).unwrap_or_default();
        let value = self.take_until(|character| character == quote);
        if self.rest.is_empty() {
            return Err(Fault::Xml("the value of an attribute does not end"));
        }
        self.rest = self.rest.get(1..).unwrap_or_default();
        if value.contains('<') {
            return Err(Fault::Xml("'<' stands in the value of an attribute; write &lt;"));
        }
        check_references(value)?;
        Ok((key, value))
    }

    fn name(&mut self) -> Result<&'t str, Fault> {
        let name = self.take_until(|character| !(character.is_ascii_alphanumeric() || matches!(character, ':' | '-' | '_' | '.')));
        if name.is_empty() {
            return Err(Fault::Xml("a name is missing after '<'; write &lt; for the sign itself"));
        }
        Ok(name)
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// Every `&` begins `&name;`, `&#n;` or `&#xh;` of a character that XML may hold. Names are XML's
/// five and HTML's, which R4 allows.
fn check_references(text: &str) -> Result<(), Fault> {
    for (at, _) in text.match_indices('&') {
        let after = text.get(at + 1..).unwrap_or_default();
        let known = after.split_once(';').is_some_and(|(reference, _)| decoded(reference).is_some());
        if !known {
            return Err(Fault::Xml("'&' begins no reference to a character; write &amp;"));
        }
    }
    Ok(())
}

/// The character of a reference; `\u{fffd}` for one of HTML's names that is not ASCII.
pub(super) fn decoded(reference: &str) -> Option<char> {
    if let Some(number) = reference.strip_prefix('#') {
        let code = match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with('+'))?,
            None => number.parse().ok().filter(|_| !number.starts_with('+'))?,
        };
        return char::from_u32(code).filter(|character| *character >= ' ' || matches!(character, '\t' | '\n' | '\r'));
    }
    match reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        // HTML 5's names for ASCII, `&colon;` first of all, are not HTML 4's.
        name if HTML.contains(&name) => Some('\u{fffd}'),
        _ => None,
    }
}

/// The names of HTML 4 (<https://www.w3.org/TR/html401/sgml/entities.html>) without XML's own.
#[rustfmt::skip]
const HTML: &[&str] = &[
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not", "shy",
    "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm",
    "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig",
    "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
    "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN",
    "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc",
    "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
    "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml", "fnof", "Alpha", "Beta",
    "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta", "Iota", "Kappa", "Lambda", "Mu", "Nu", "Xi", "Omicron", "Pi",
    "Rho", "Sigma", "Tau", "Upsilon", "Phi", "Chi", "Psi", "Omega", "alpha", "beta", "gamma", "delta", "epsilon",
    "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigmaf", "sigma",
    "tau", "upsilon", "phi", "chi", "psi", "omega", "thetasym", "upsih", "piv", "bull", "hellip", "prime", "Prime",
    "oline", "frasl", "weierp", "image", "real", "trade", "alefsym", "larr", "uarr", "rarr", "darr", "harr", "crarr",
    "lArr", "uArr", "rArr", "dArr", "hArr", "forall", "part", "exist", "empty", "nabla", "isin", "notin", "ni", "prod",
    "sum", "minus", "lowast", "radic", "prop", "infin", "ang", "and", "or", "cap", "cup", "int", "there4", "sim",
    "cong", "asymp", "ne", "equiv", "le", "ge", "sub", "sup", "nsub", "sube", "supe", "oplus", "otimes", "perp",
    "sdot", "lceil", "rceil", "lfloor", "rfloor", "lang", "rang", "loz", "spades", "clubs", "hearts", "diams",
    "OElig", "oelig", "Scaron", "scaron", "Yuml", "circ", "tilde", "ensp", "emsp", "thinsp", "zwnj", "zwj", "lrm",
    "rlm", "ndash", "mdash", "lsquo", "rsquo", "sbquo", "ldquo", "rdquo", "bdquo", "dagger", "Dagger", "permil",
    "lsaquo", "rsaquo", "euro",
];
