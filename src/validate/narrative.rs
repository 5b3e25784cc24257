//! Narrative XHTML (<https://hl7.org/fhir/R4/narrative.html#xhtml>): txt-1, only the elements and
//! attributes of plain formatting, links and images; txt-2, some content.
//!
//! What is let through is XML that every parser reads alike: no CDATA, processing instructions,
//! doctype or namespaces but XHTML's own, so that no browser finds a script that this reader did
//! not see.

mod allowed;
mod scan;
#[cfg(test)]
mod tests;

/// What is wrong with a narrative. Names in it are the document's own only where they are R4's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not XML.
    #[error("is not well-formed XML: {0} (txt-1)")]
    Xml(&'static str),
    /// The outermost element is not a div of XHTML.
    #[error("is not one <div xmlns=\"http://www.w3.org/1999/xhtml\"> (txt-1)")]
    Root,
    /// An element that a narrative may not have.
    #[error("has an element that a narrative may not have (txt-1); use plain formatting, tables, links and images")]
    Element,
    /// An attribute that its element may not have.
    #[error("has an attribute that <{0}> may not have in a narrative (txt-1); remove scripts, events and layout")]
    Attribute(&'static str),
    /// A link, image source or style that could run or load something.
    #[error("has an unsafe value in '{0}' (txt-1); use http, https, mailto, tel or '#' links and plain styles")]
    Unsafe(&'static str),
    /// Neither text nor image.
    #[error("has no content (txt-2); put text in the div or leave the narrative out")]
    Empty,
}

/// Checks the text of a `Narrative.div`.
///
/// # Errors
/// The first fault.
pub fn check(text: &str) -> Result<(), Fault> {
    let mut scan = scan::Scan::new(text);
    let mut open: Vec<&'static str> = Vec::new();
    let mut content = false;
    let mut begun = false;
    loop {
        match scan.next()? {
            scan::Token::End if open.is_empty() && begun => break,
            scan::Token::End => return Err(Fault::Xml("an element is not closed")),
            scan::Token::Comment => {}
            scan::Token::Text(text) if open.is_empty() => {
                if !text.trim().is_empty() {
                    return Err(Fault::Root);
                }
            }
            scan::Token::Text(text) => content |= has_content(text),
            scan::Token::Open { name, attributes, closed } => {
                let name = allowed::element(name).ok_or(Fault::Element)?;
                if open.is_empty() {
                    let is_xhtml = attributes.iter().any(|(key, value)| *key == "xmlns" && *value == allowed::XHTML);
                    if begun || name != "div" || !is_xhtml {
                        return Err(Fault::Root);
                    }
                }
                begun = true;
                for (key, value) in attributes {
                    allowed::check_attribute(name, key, value)?;
                }
                content |= name == "img";
                if !closed {
                    open.push(name);
                }
            }
            scan::Token::Close(name) => {
                if open.pop() != Some(name) {
                    return Err(Fault::Xml("an element is closed that is not the innermost"));
                }
            }
        }
    }
    if content { Ok(()) } else { Err(Fault::Empty) }
}

/// A reference to a character counts as content even if it is a space, as &nbsp; in a cell does.
fn has_content(text: &str) -> bool {
    text.contains(|character: char| !character.is_whitespace())
}
