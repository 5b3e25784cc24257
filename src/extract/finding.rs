//! From what was read to a row of `findings`. Where the concept stands, as what is asked or as the answer, follows the law of the
//! table, which its checks hold.

use super::note::Note;
use super::reading::{Place, Reading};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_mapping::{Plan, Row, Sql, take};
use hearthgate_nlp::{Category, Experiencer, Finding};
use hearthgate_seal::Keyring;
use std::collections::HashMap;

/// LOINC: the value is a symptom that the patient does not have.
const ABSENT_SYMPTOM: &str = "111551-8";
/// SNOMED CT: absent.
const ABSENT: &str = "2667000";

/// A finding with the id that it has while its note says it.
pub(super) struct Wanted {
    /// The FHIR id.
    pub id: String,
    /// Its columns, apart from those of a judgement.
    pub columns: Vec<(&'static str, Sql)>,
}

/// What stands where an answer is asked for: the question's LOINC code and its words. `None`: the concept itself is what is asked.
fn question(finding: &Finding) -> Option<(&'static str, &'static str)> {
    let own = finding.context.experiencer == Experiencer::Patient;
    if finding.category == Category::Symptom && finding.context.negated && own {
        return Some((ABSENT_SYMPTOM, "Symptom that the patient does not have"));
    }
    finding.is_affirmed().then_some(match finding.category {
        Category::Disease => ("29308-4", "Diagnosis"),
        Category::Symptom => ("75325-1", "Symptom"),
        Category::Finding => ("29545-1", "Physical finding"),
        Category::Medication => ("10160-0", "Medication mentioned"),
        Category::Allergy => ("48765-2", "Allergy"),
    })
}

/// The concept with what is said of it, so that the words alone cannot be read as a fact: "No history of asthma".
fn qualified(finding: &Finding) -> String {
    let said = &finding.context;
    let mut words = String::new();
    for (holds, word) in [
        (said.negated, "no "),
        (said.hypothetical, "only if it occurs: "),
        (said.experiencer == Experiencer::Family, "family history of "),
        (said.experiencer == Experiencer::Other, "in another person: "),
        (said.uncertain, "possible "),
        (said.historical && said.experiencer == Experiencer::Patient, "history of "),
        (said.resolved, "resolved "),
    ] {
        if holds {
            words.push_str(word);
        }
    }
    words.push_str(&finding.name);
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn code(finding: &Finding, system: &str) -> Sql {
    text(finding.codes.iter().find(|code| code.system == system).map(|code| code.code))
}

fn text(value: Option<impl Into<String>>) -> Sql {
    value.map_or(Sql::Null, |value| Sql::Text(value.into()))
}

fn flag(holds: bool) -> Sql {
    if holds { Sql::Integer(1) } else { Sql::Null }
}

fn number(value: usize) -> Sql {
    Sql::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

/// The systems of the columns, in their order.
const SYSTEMS: [&str; 4] =
    ["http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm", "http://www.nlm.nih.gov/research/umls/rxnorm", "https://www.nlm.nih.gov/mesh"];
pub(super) const ASKED: [&str; 4] = ["code_snomed", "code_icd10cm", "code_rxnorm", "code_mesh"];
pub(super) const ANSWERED: [&str; 4] = ["value_snomed", "value_icd10cm", "value_rxnorm", "value_mesh"];

/// The rows that what was found in each of a note's texts wants. `device` is the reader's id, `now` an instant.
pub(super) fn wanted(note: &Note, found: &[Vec<Finding>], device: &str, now: &str, keyring: &Keyring) -> Vec<Wanted> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let all = note.texts.iter().zip(found).flat_map(|(text, findings)| findings.iter().map(move |finding| (text, finding)));
    all.map(|(text, finding)| {
        let said = text.text.get(finding.start..finding.end).unwrap_or_default();
        let same = identity(note, finding, said);
        let number = seen.entry(same.clone()).or_insert(0);
        *number += 1;
        let id = id(keyring, "findings.public_id", &format!("{same}{number}"));
        Wanted { id, columns: columns(note, text, finding, device, now) }
    })
    .collect()
}

/// An id that follows from a text and tells nothing of it to whoever has no key: a UUID of version 8 (RFC 9562).
#[must_use]
pub fn id(keyring: &Keyring, field: &str, text: &str) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(keyring.blind(field, text)).unwrap_or_default();
    bytes.resize(16, 0);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// What must be the same for it to be the same finding: note, patient, concept, context, words.
fn identity(note: &Note, finding: &Finding, said: &str) -> String {
    let c = &finding.context;
    let flags = [c.negated, c.uncertain, c.historical, c.hypothetical, c.resolved].map(u8::from);
    let codes: String = finding.codes.iter().map(|code| format!("{}|{} ", code.system, code.code)).collect();
    format!("{}\n{}\n{}\n{codes}{}\n{flags:?}{}\n{said}\n", note.id, note.patient, finding.category.as_str(), finding.name, c.experiencer.as_str())
}

fn columns(note: &Note, of: &Reading, finding: &Finding, device: &str, now: &str) -> Vec<(&'static str, Sql)> {
    let said = |span: (usize, usize)| of.text.get(span.0..span.1).map(str::to_owned);
    let Place { bytes, chars } = of.place((finding.start, finding.end));
    let c = &finding.context;
    let cues: Vec<String> = c.triggers.iter().filter_map(|t| Some(format!("{}: {}", t.decides, said((t.start, t.end))?))).collect();
    let site: Vec<String> = [finding.modifiers.laterality, finding.modifiers.body_site].into_iter().flatten().filter_map(said).collect();
    let mut row = vec![
        ("note_id", Sql::Text(note.id.clone())),
        ("note_version", Sql::Integer(i64::try_from(note.version).unwrap_or(i64::MAX))),
        ("part", number(of.part)),
        ("binary_id", text(of.binary.clone())),
        ("char_offset", number(chars.0)),
        ("char_length", number(chars.1 - chars.0)),
        ("byte_start", number(bytes.0)),
        ("byte_end", number(bytes.1)),
        ("patient_id", Sql::Text(note.patient.clone())),
        ("visit_id", text(note.encounter.clone())),
        ("noted_at", text(note.date.clone())),
        ("category", Sql::Text(finding.category.as_str().to_owned())),
        ("negated", flag(c.negated)),
        ("uncertain", flag(c.uncertain)),
        ("historical", flag(c.historical)),
        ("hypothetical", flag(c.hypothetical)),
        ("resolved", flag(c.resolved)),
        ("experiencer", text((c.experiencer != Experiencer::Patient).then(|| c.experiencer.as_str()))),
        ("section", Sql::Text(finding.section.as_str().to_owned())),
        ("matched", text(said((finding.start, finding.end)))),
        ("severity", text(finding.modifiers.severity.and_then(said))),
        ("body_site", text((!site.is_empty()).then(|| site.join(" ")))),
        ("confidence", Sql::Text(finding.confidence.to_string())),
        ("rule", Sql::Text(finding.rule.as_str().to_owned())),
        ("cue", text((!cues.is_empty()).then(|| cues.join("; ")))),
        ("device_id", Sql::Text(device.to_owned())),
        ("extracted_at", Sql::Text(now.to_owned())),
        ("label_code", Sql::Text("AIAST".to_owned())),
    ];
    let question = question(finding);
    let places = if question.is_some() { ANSWERED } else { ASKED };
    row.extend(places.into_iter().zip(SYSTEMS).map(|(column, system)| (column, code(finding, system))));
    match question {
        Some((loinc, words)) => {
            row.extend([("question", text(Some(loinc))), ("code_text", text(Some(words))), ("value_text", text(Some(finding.name.clone())))]);
        }
        None => {
            row.push(("code_text", Sql::Text(qualified(finding))));
            row.push(("value_snomed", text(c.negated.then_some(ABSENT))));
        }
    }
    row
}

/// The row of a plan from columns by name; what is not named is NULL.
pub(super) fn row(plan: &Plan, columns: &[(&'static str, Sql)]) -> Row {
    let mut row = take::blank(&plan.table);
    for (at, column) in plan.table.columns.iter().enumerate() {
        if let Some((_, value)) = columns.iter().find(|(name, _)| *name == column.name) {
            row.values[at] = value.clone();
        }
    }
    row
}
