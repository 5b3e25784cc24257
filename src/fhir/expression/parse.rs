//! From the text of an expression to its steps, not yet resolved against any type.

/// The steps of one branch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct RawPath {
    pub(super) steps: Vec<RawStep>,
    pub(super) test: Option<super::Test>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RawStep {
    Name(String),
    Cast(String),
    Index(usize),
    Extension(String),
    WhereEquals(Vec<RawStep>, String),
    WhereRefersTo(String),
}

/// Nesting deeper than this is no search parameter, but an attack on the stack.
const DEPTH: usize = 16;

pub(super) fn parse(text: &str) -> Result<Vec<RawPath>, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
    let found = parser.union()?;
    match parser.peek() {
        None => Ok(found),
        Some(token) => Err(format!("`{token}` is not understood here")),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    Number(usize),
    Sign(&'static str),
}

impl std::fmt::Display for Token {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => out.write_str(name),
            Self::Text(text) => write!(out, "'{text}'"),
            Self::Number(number) => write!(out, "{number}"),
            Self::Sign(sign) => out.write_str(sign),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    const SIGNS: [&str; 8] = ["!=", "=", "|", ".", "(", ")", "[", "]"];
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else if first == '\'' {
            let inner = rest.get(1..).unwrap_or_default();
            let end = inner.find('\'').ok_or("a text is not closed")?;
            let inner = inner.get(..end).unwrap_or_default();
            if inner.contains('\\') {
                return Err("escapes in texts are not supported".to_owned());
            }
            (Token::Text(inner.to_owned()), end + 2)
        } else {
            let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '%');
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let word = rest.get(..end).unwrap_or_default();
            match word.parse() {
                Ok(number) => (Token::Number(number), end),
                Err(_) if word.is_empty() => return Err(format!("`{first}` is not supported")),
                Err(_) => (Token::Name(word.to_owned()), end),
            }
        };
        found.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(found)
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(is_next);
        is_next
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Name(found)) if found == word);
        self.at += usize::from(is_next);
        is_next
    }

    fn sign(&mut self, sign: &str) -> Result<(), String> {
        if self.takes_sign(sign) { Ok(()) } else { Err(self.expected(&format!("`{sign}`"))) }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.tokens.get(self.at) {
            Some(Token::Name(name)) => {
                self.at += 1;
                Ok(name.clone())
            }
            _ => Err(self.expected("a name")),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        match self.tokens.get(self.at) {
            Some(Token::Text(text)) => {
                self.at += 1;
                Ok(text.clone())
            }
            _ => Err(self.expected("a quoted text")),
        }
    }

    fn expected(&self, what: &str) -> String {
        match self.peek() {
            Some(token) => format!("expected {what}, found `{token}`"),
            None => format!("expected {what} at the end"),
        }
    }

    fn union(&mut self) -> Result<Vec<RawPath>, String> {
        let mut found = self.term()?;
        while self.takes_sign("|") {
            found.extend(self.term()?);
        }
        Ok(found)
    }

    /// A path or a union in brackets, what follows it, and a cast.
    fn term(&mut self) -> Result<Vec<RawPath>, String> {
        let mut paths = if self.takes_sign("(") {
            self.deeper()?;
            let inner = self.union()?;
            self.sign(")")?;
            self.depth -= 1;
            inner
        } else {
            let name = RawStep::Name(self.name()?);
            vec![RawPath { steps: vec![name], test: None }]
        };
        loop {
            if self.takes_sign("[") {
                let Some(Token::Number(index)) = self.peek() else {
                    return Err(self.expected("an index"));
                };
                let step = RawStep::Index(*index);
                self.at += 1;
                self.sign("]")?;
                push(&mut paths, step)?;
            } else if self.takes_sign(".") {
                self.postfix(&mut paths)?;
            } else if self.takes_word("as") {
                let step = RawStep::Cast(self.name()?);
                push(&mut paths, step)?;
            } else {
                return Ok(paths);
            }
        }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH { Err("it is nested too deeply".to_owned()) } else { Ok(()) }
    }

    fn postfix(&mut self, paths: &mut [RawPath]) -> Result<(), String> {
        let name = self.name()?;
        if !self.takes_sign("(") {
            return push(paths, RawStep::Name(name));
        }
        let step = match name.as_str() {
            "as" | "ofType" => RawStep::Cast(self.name()?),
            "extension" => RawStep::Extension(self.text()?),
            "where" => self.condition()?,
            "exists" => {
                self.sign(")")?;
                return self.exists(paths);
            }
            other => return Err(format!("the function `{other}` is not supported")),
        };
        self.sign(")")?;
        push(paths, step)
    }

    fn condition(&mut self) -> Result<RawStep, String> {
        if self.takes_word("resolve") {
            self.sign("(")?;
            self.sign(")")?;
            if !self.takes_word("is") {
                return Err(self.expected("`is`"));
            }
            return Ok(RawStep::WhereRefersTo(self.name()?));
        }
        let mut path = vec![RawStep::Name(self.name()?)];
        while self.takes_sign(".") {
            path.push(RawStep::Name(self.name()?));
        }
        self.sign("=")?;
        Ok(RawStep::WhereEquals(path, self.text()?))
    }

    /// What may follow `X.exists()`: nothing, or `and X != false` with the same X.
    fn exists(&mut self, paths: &mut [RawPath]) -> Result<(), String> {
        let [path] = paths else {
            return Err("`exists()` of a union is not supported".to_owned());
        };
        path.test = Some(super::Test::Exists);
        if self.takes_word("and") {
            self.deeper()?;
            let same = self.term()?;
            self.depth -= 1;
            if same.first().map(|other| &other.steps) != Some(&path.steps) || same.len() != 1 {
                return Err("`and` of two different paths is not supported".to_owned());
            }
            self.sign("!=")?;
            if !self.takes_word("false") {
                return Err(self.expected("`false`"));
            }
            path.test = Some(super::Test::ExistsAndIsNotFalse);
        }
        Ok(())
    }
}

fn push(paths: &mut [RawPath], step: RawStep) -> Result<(), String> {
    for path in paths {
        if path.test.is_some() {
            return Err("nothing can follow `exists()`".to_owned());
        }
        path.steps.push(step.clone());
    }
    Ok(())
}
