//! Findings for people and programs: JSON lines, a table, a page.

use serde_json::{Value, json};

use crate::finding::{Document, Finding};

/// One JSON object in a line, as the contract of `hearthgate nlp --json` has it; `file` is `-`
/// for standard input. Ends without a line end.
pub fn json_line(file: &str, text: &str, document: &Document) -> String {
    let findings: Vec<Value> = document.findings.iter().map(|f| finding(text, f)).collect();
    let mut line = json!({ "file": file, "findings": findings });
    if document.truncated {
        line["truncated"] = json!(true);
    }
    line.to_string()
}

fn finding(text: &str, f: &Finding) -> Value {
    let span = |s: Option<(usize, usize)>| s.and_then(|(a, b)| text.get(a..b));
    json!({
        "start": f.start,
        "end": f.end,
        "text": text.get(f.start..f.end).unwrap_or(""),
        "category": f.category.as_str(),
        "name": f.name,
        "codes": f.codes.iter().map(|c| json!({ "system": c.system, "code": c.code })).collect::<Vec<_>>(),
        "negated": f.context.negated,
        "uncertain": f.context.uncertain,
        "historical": f.context.historical,
        "hypothetical": f.context.hypothetical,
        "resolved": f.context.resolved,
        "experiencer": f.context.experiencer.as_str(),
        "section": f.section.as_str(),
        "confidence": (f64::from(f.confidence) * 1000.0).round() / 1000.0,
        "rule": f.rule.as_str(),
        "triggers": f.context.triggers.iter().map(|t| json!({ "decides": t.decides, "start": t.start, "end": t.end, "text": text.get(t.start..t.end).unwrap_or("") })).collect::<Vec<_>>(),
        "severity": span(f.modifiers.severity),
        "laterality": span(f.modifiers.laterality),
        "body_site": span(f.modifiers.body_site),
    })
}

/// The words that tell a finding's context: `present`, or what it is instead.
fn status(f: &Finding) -> String {
    let c = &f.context;
    let mut words: Vec<&str> = Vec::new();
    for (so, word) in [(c.negated, "absent"), (c.uncertain, "possible"), (c.historical, "history"), (c.hypothetical, "hypothetical"), (c.resolved, "resolved")]
    {
        if so {
            words.push(word);
        }
    }
    if c.experiencer != crate::Experiencer::Patient {
        words.push(c.experiencer.as_str());
    }
    if words.is_empty() { "present".to_owned() } else { words.join(", ") }
}

/// A table for a terminal: one finding a line, columns aligned, a header line.
pub fn table(text: &str, document: &Document) -> String {
    let mut rows = vec![[
        "bytes".to_owned(),
        "text".to_owned(),
        "category".to_owned(),
        "status".to_owned(),
        "codes".to_owned(),
        "section".to_owned(),
        "conf.".to_owned(),
        "rule".to_owned(),
    ]];
    for f in &document.findings {
        let mention: String = text.get(f.start..f.end).unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ");
        let codes: Vec<&str> = f.codes.iter().map(|c| c.code).collect();
        rows.push([
            format!("{}-{}", f.start, f.end),
            printable(&mention, 40),
            f.category.as_str().to_owned(),
            status(f),
            codes.join(" "),
            f.section.as_str().to_owned(),
            format!("{:.2}", f.confidence),
            f.rule.as_str().to_owned(),
        ]);
    }
    let widths: Vec<usize> = (0..8).map(|c| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count()))).collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// Text without control characters (they steer terminals), cut to `most` characters.
fn printable(text: &str, most: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most + 1).collect();
    if clean.chars().count() > most { clean.chars().take(most - 1).chain(['…']).collect() } else { clean }
}

/// A page that stands alone (no script, no outside file): the text with its findings marked.
pub fn html(title: &str, text: &str, document: &Document) -> String {
    let mut out = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>",
    );
    out.push_str(&escaped(title));
    out.push_str("</title>\n<style>");
    out.push_str(STYLE);
    out.push_str("</style></head>\n<body><h1>");
    out.push_str(&escaped(title));
    out.push_str("</h1>\n<p class=\"legend\"><mark class=\"present\">present</mark> <mark class=\"absent\">absent</mark> <mark class=\"possible\">possible</mark> <mark class=\"history\">history</mark> <mark class=\"family\">another person</mark> <mark class=\"hypothetical\">hypothetical</mark></p>\n<pre>");
    let mut at = 0;
    for f in &document.findings {
        if f.start < at {
            continue;
        }
        out.push_str(&escaped(text.get(at..f.start).unwrap_or("")));
        out.push_str(&format!(
            "<mark class=\"{}\" title=\"{}\">{}</mark>",
            class(f),
            escaped(&reason(text, f)),
            escaped(text.get(f.start..f.end).unwrap_or(""))
        ));
        at = f.end;
    }
    out.push_str(&escaped(text.get(at..).unwrap_or("")));
    out.push_str("</pre>\n<table><thead><tr><th>Text</th><th>Category</th><th>Status</th><th>Codes</th><th>Section</th><th>Confidence</th><th>Why</th></tr></thead><tbody>\n");
    for f in &document.findings {
        let codes: Vec<String> = f.codes.iter().map(|c| format!("<span title=\"{}\">{}</span>", escaped(c.system), escaped(c.code))).collect();
        out.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td class=\"{}\">{}</td><td>{}</td><td>{}</td><td>{:.2}</td><td>{}</td></tr>\n",
            escaped(text.get(f.start..f.end).unwrap_or("")),
            f.category.as_str(),
            class(f),
            status(f),
            codes.join(" "),
            f.section.as_str(),
            f.confidence,
            escaped(&reason(text, f)),
        ));
    }
    out.push_str("</tbody></table></body></html>\n");
    out
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
pre{white-space:pre-wrap;font:inherit;border:1px solid #ccc;border-radius:6px;padding:1rem}\
mark{padding:0 .2em;border-radius:3px;color:inherit;background:#cfe8cf;border-bottom:3px solid #2e7d32}\
mark.absent{background:#eee;border-bottom:3px double #616161;text-decoration:line-through}\
mark.possible{background:#fff3c4;border-bottom:3px dashed #b26a00}\
mark.history{background:#dbe7fb;border-bottom:3px dotted #1a56b0}\
mark.family{background:#eadcf7;border-bottom:3px groove #6a1b9a}\
mark.hypothetical{background:#fde0d9;border-bottom:1px dashed #b23c17}\
table{border-collapse:collapse;width:100%;font-size:.875rem}td,th{border-bottom:1px solid #ddd;padding:.3rem .5rem;text-align:left;vertical-align:top}";

/// The class by which a finding is coloured and shaped: the strongest reason not to believe it first.
fn class(f: &Finding) -> &'static str {
    let c = &f.context;
    if c.experiencer != crate::Experiencer::Patient {
        "family"
    } else if c.negated {
        "absent"
    } else if c.hypothetical {
        "hypothetical"
    } else if c.uncertain {
        "possible"
    } else if c.historical || c.resolved {
        "history"
    } else {
        "present"
    }
}

/// Why a finding is what it is: its name, the rule, the cues.
fn reason(text: &str, f: &Finding) -> String {
    let mut out = format!("{} ({}", f.name, f.rule.as_str());
    for t in &f.context.triggers {
        out.push_str(&format!("; {}: “{}”", t.decides, text.get(t.start..t.end).unwrap_or("")));
    }
    out.push(')');
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}
