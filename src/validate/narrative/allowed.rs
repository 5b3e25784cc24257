//! The elements and attributes of R4's narrative: HTML 4's chapters 7 to 11 (without 9.4) and 15,
//! links, images and styles.

use super::{Fault, scan};

/// The one namespace.
pub(super) const XHTML: &str = "http://www.w3.org/1999/xhtml";

#[rustfmt::skip]
const ELEMENTS: &[&str] = &[
    "a", "abbr", "acronym", "address", "b", "bdo", "big", "blockquote", "br", "caption", "cite", "code", "col",
    "colgroup", "dd", "dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd",
    "li", "ol", "p", "pre", "q", "samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot",
    "th", "thead", "tr", "tt", "ul", "var",
];

/// The element's name for good, if a narrative may have it.
pub(super) fn element(name: &str) -> Option<&'static str> {
    ELEMENTS.binary_search(&name).ok().and_then(|at| ELEMENTS.get(at)).copied()
}

/// Whether an element may have an attribute with this value.
pub(super) fn check_attribute(element: &'static str, key: &str, value: &str) -> Result<(), Fault> {
    match (element, key) {
        (_, "title" | "class" | "id" | "lang" | "xml:lang" | "dir" | "accesskey" | "tabindex") => Ok(()),
        (_, "style") => safe(is_safe_style(&plain(value)), "style"),
        (_, "xmlns") => safe(value == XHTML, "xmlns"),
        ("a", "href") => safe(is_safe_link(&plain(value)), "href"),
        ("a", "name" | "rel" | "target" | "hreflang" | "charset" | "type") => Ok(()),
        ("img", "src") => safe(is_safe_link(&plain(value)) || is_inline_image(&plain(value)), "src"),
        ("img", "alt" | "width" | "height" | "border" | "hspace" | "vspace" | "align") => Ok(()),
        ("blockquote" | "q", "cite") => safe(is_safe_link(&plain(value)), "cite"),
        ("ol" | "ul" | "li", "type" | "value" | "start" | "compact") => Ok(()),
        ("br", "clear") | ("hr", "size" | "width" | "align" | "noshade") | ("pre", "xml:space" | "width") => Ok(()),
        ("p" | "div" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "caption", "align") => Ok(()),
        ("table", "summary" | "width" | "border" | "frame" | "rules" | "cellspacing" | "cellpadding" | "align" | "bgcolor") => Ok(()),
        (
            "col" | "colgroup" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th",
            "align" | "valign" | "char" | "charoff" | "width" | "height" | "span" | "bgcolor" | "abbr" | "axis" | "headers" | "scope" | "rowspan" | "colspan"
            | "nowrap",
        ) => Ok(()),
        _ => Err(Fault::Attribute(element)),
    }
}

fn safe(is_safe: bool, key: &'static str) -> Result<(), Fault> {
    if is_safe { Ok(()) } else { Err(Fault::Unsafe(key)) }
}

/// The value as a browser reads it: references replaced, lower case, without the white space and
/// control characters that browsers skip in URLs.
fn plain(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let (reference, after) = after.split_once(';').unwrap_or((after, ""));
        text.extend(scan::decoded(reference));
        rest = after;
    }
    text.push_str(rest);
    text.retain(|character| !character.is_whitespace() && !character.is_control());
    text.make_ascii_lowercase();
    text
}

/// Relative, `#…`, or of a scheme that neither runs nor embeds anything.
fn is_safe_link(link: &str) -> bool {
    let end = link.find([':', '/', '?', '#']).unwrap_or(link.len());
    match (link.get(..end), link.get(end..end + 1)) {
        (Some(scheme), Some(":")) => matches!(scheme, "http" | "https" | "mailto" | "tel" | "urn"),
        _ => true,
    }
}

fn is_inline_image(link: &str) -> bool {
    ["png", "jpeg", "gif"].iter().any(|kind| link.starts_with(&format!("data:image/{kind};base64,")))
}

/// Nothing that loads from elsewhere, imports, runs or is hidden by escapes. A `url(…)` holds an
/// inline image or the bare name of an image file, as the tables of HL7's own publisher do.
fn is_safe_style(style: &str) -> bool {
    let hidden = ["\\", "image(", "image-set(", "expression", "import", "behavior", "binding", "script", "/*", "<", "@"];
    let mut urls = style.split("url(");
    urls.next();
    hidden.iter().all(|part| !style.contains(part))
        && urls.all(|after| {
            let url = after.split_once(')').map_or("://", |(url, _)| url);
            let url = url.strip_prefix(['"', '\'']).unwrap_or(url);
            let url = url.strip_suffix(['"', '\'']).unwrap_or(url);
            is_inline_image(url) || is_image_name(url)
        })
}

fn is_image_name(url: &str) -> bool {
    [".png", ".gif", ".jpg", ".jpeg"].iter().any(|ending| url.ends_with(ending))
        && url.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
