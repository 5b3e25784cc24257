//! `hearthgate nlp`: the reading of clinical text, without a record.

use super::arguments::Nlp;
use hearthgate_nlp::{Engine, classify_spans, evaluate, html, json_line, table};
use std::io::Read;
use std::path::Path;

/// Reads the files, or standard input.
///
/// # Errors
/// A file that cannot be read, or that is not labelled as it should be.
pub fn run(arguments: &Nlp) -> Result<u8, String> {
    let engine = Engine::new().map_err(|e| e.to_string())?;
    if let Some(path) = &arguments.evaluate {
        super::put(&evaluate::evaluate(&engine, &read(path)?).map_err(|e| format!("{}: {e}", path.display()))?);
        return Ok(0);
    }
    if let Some(path) = &arguments.spans {
        super::put(&classify_spans(&engine, &read(path)?).map_err(|e| format!("{}: {e}", path.display()))?);
        return Ok(0);
    }
    let mut texts = Vec::new();
    for path in &arguments.files {
        texts.push((path.display().to_string(), read(path)?));
    }
    if arguments.files.is_empty() {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(|e| format!("standard input: {e}"))?;
        texts.push(("-".to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    for (name, text) in texts {
        let document = engine.read(&text);
        if arguments.json {
            say!("{}", json_line(&name, &text, &document));
        } else if arguments.html {
            say!("{}", html(&name, &text, &document));
        } else {
            super::put(&table(&text, &document));
        }
    }
    Ok(0)
}

/// A text; what is not UTF-8 in it is shown as such and never refused.
fn read(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
