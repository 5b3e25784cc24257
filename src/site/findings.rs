//! What software found in the notes of a chart, and a doctor's judgement of it (docs/findings.md): Observations like any other, asked
//! of the FHIR interface.

use super::record::Document;
use super::visit::{Visit, not_found, stop};
use crate::oauth::answer::Stop;
use crate::rest::fault::Fault;
use crate::rest::gateway::Gateway;
use crate::rest::operation;
use crate::rest::within::{ask, search};
use hearthgate_access::Caller;
use hearthgate_portal::{FindingContext, Judgement};
use serde_json::Value;

/// Our extensions begin like this.
const OWN: &str = "https://hearthgate.example/fhir/StructureDefinition/";
/// Most findings of a page's notes.
const MOST: &str = "500";

/// Questions (LOINC) that a disease, symptom or finding answers where the note affirms it.
const AFFIRMED: [&str; 3] = ["29308-4", "75325-1", "29545-1"];

/// A finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The Observation's FHIR id.
    pub id: String,
    /// In which of the note's attachments it stands.
    pub part: usize,
    /// Where it stands in the text that is shown of that, in bytes; nowhere where the two are alike.
    pub span: (usize, usize),
    /// What it is, in words.
    pub name: String,
    /// What the note says about it.
    pub context: FindingContext,
    /// Codes, as the names of their systems and themselves.
    pub codes: Vec<String>,
    /// The rule that recognised it.
    pub rule: Option<String>,
    /// The words that led to the context.
    pub cue: Option<String>,
    /// How sure, in percent.
    pub confidence: Option<u8>,
    /// Whether a Condition can be made of it.
    pub acceptable: bool,
    /// What a doctor said of it.
    pub judgement: Option<Judgement>,
}

/// The findings of each of some notes, in the order of the notes; those that the note no longer says are left out.
///
/// # Errors
/// As a search.
pub async fn of_notes(gateway: &Gateway, caller: &Caller, patient: &str, documents: &[Document]) -> Result<Vec<Vec<Finding>>, Fault> {
    if documents.is_empty() {
        return Ok(Vec::new());
    }
    let notes: Vec<_> = documents.iter().map(|document| format!("DocumentReference/{}", document.id)).collect();
    let found = search(gateway, caller, "Observation", &[("patient", patient), ("derived-from", &notes.join(",")), ("_count", MOST)]).await?;
    let mut lists = vec![Vec::new(); documents.len()];
    for observation in &found.resources {
        let origin = origin(observation).and_then(|of| of["reference"].as_str());
        let note = origin.and_then(|reference| notes.iter().position(|note| note == reference));
        if let (Some(note), Some(finding)) = (note, finding(observation)) {
            let text = documents[note].texts.iter().find(|text| text.part == finding.part);
            let span = text.and_then(|text| text.shown(finding.span)).unwrap_or_default();
            lists[note].push(Finding { span, ..finding });
        }
    }
    for list in &mut lists {
        list.sort_by_key(|finding| (finding.part, finding.span));
    }
    Ok(lists)
}

/// Accepts or rejects a finding, as over HTTP.
///
/// # Errors
/// What is no finding of the caller's, or can no longer be judged so.
pub async fn judge(visit: &Visit, finding: &str, judgement: &str) -> Result<(), Stop> {
    let operation = match judgement {
        "accept" | "reject" if hearthgate_fhir::id::is_id(finding) => operation::parse("POST", &format!("Observation/{finding}/${judgement}")),
        _ => return Err(not_found()),
    };
    let operation = operation.map_err(|_| not_found())?;
    ask(visit.gateway(), &visit.caller, operation, "", None).await.map(drop).map_err(stop)
}

fn origin(observation: &Value) -> Option<&Value> {
    observation["derivedFrom"].as_array()?.iter().find(|of| extension(of, &format!("{OWN}finding-source")).is_some())
}

fn extension<'v>(of: &'v Value, url: &str) -> Option<&'v Value> {
    of["extension"].as_array()?.iter().find(|extension| extension["url"] == url)
}

fn modified(observation: &Value, name: &str) -> Option<Value> {
    let url = format!("{OWN}{name}");
    let found = observation["modifierExtension"].as_array()?.iter().find(|extension| extension["url"] == url.as_str())?;
    found.as_object()?.iter().find(|(key, _)| key.starts_with("value")).map(|(_, value)| value.clone())
}

fn finding(observation: &Value) -> Option<Finding> {
    let own = |name: &str, value: &str| extension(observation, &format!("{OWN}{name}")).map(|extension| extension[value].clone());
    let source = extension(origin(observation)?, &format!("{OWN}finding-source"))?;
    let place = |name: &str| extension(source, name).and_then(|part| part["valueInteger"].as_u64()).and_then(|at| usize::try_from(at).ok());
    let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    // The concept is the value where the note affirms it, and the code where it does not.
    let questions = || observation["code"]["coding"].as_array().into_iter().flatten().filter(|coding| coding["system"] == "http://loinc.org");
    let asked = questions().next().is_some();
    let acceptable = questions().any(|coding| coding["code"].as_str().is_some_and(|code| AFFIRMED.contains(&code)));
    let concept = if asked { &observation["valueCodeableConcept"] } else { &observation["code"] };
    let judged = own("finding-judged", "valueDateTime").is_some();
    let judgement = match observation["status"].as_str()? {
        "final" => Some(Judgement::Accepted),
        "entered-in-error" if judged => Some(Judgement::Rejected),
        // Withdrawn: the note says so no more.
        "entered-in-error" => return None,
        _ => None,
    };
    let confidence = own("finding-confidence", "valueDecimal").and_then(|value| value.as_f64());
    Some(Finding {
        id: observation["id"].as_str()?.to_owned(),
        part: place("attachment").unwrap_or(0),
        span: (place("start")?, place("end")?),
        name: concept["text"].as_str().or_else(|| source_text(source)).unwrap_or_default().to_owned(),
        context: context(observation, own("finding-negated", "valueBoolean") == Some(Value::Bool(true))),
        codes: concept["coding"].as_array().into_iter().flatten().filter_map(code).collect(),
        rule: text(own("finding-rule", "valueCode")),
        cue: text(own("finding-cue", "valueString")),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
        confidence: confidence.map(|share| (share.clamp(0.0, 1.0) * 100.0).round() as u8),
        acceptable,
        judgement,
    })
}

fn source_text(source: &Value) -> Option<&str> {
    extension(source, "text")?["valueString"].as_str()
}

fn context(observation: &Value, negated: bool) -> FindingContext {
    let is = |name: &str| modified(observation, name).is_some_and(|value| value != Value::Bool(false));
    // "No family history of cancer" is about the family, and first of all it is no cancer.
    if negated {
        FindingContext::Negated
    } else if let Some(whose) = modified(observation, "finding-experiencer") {
        if whose == "other" { FindingContext::Other } else { FindingContext::Family }
    } else if is("finding-hypothetical") {
        FindingContext::Hypothetical
    } else if is("finding-historical") || is("finding-resolved") {
        FindingContext::Historical
    } else if is("finding-uncertain") {
        FindingContext::Uncertain
    } else {
        FindingContext::Affirmed
    }
}

fn code(coding: &Value) -> Option<String> {
    let system = match coding["system"].as_str()? {
        "http://snomed.info/sct" => "SNOMED CT",
        "http://hl7.org/fhir/sid/icd-10-cm" => "ICD-10-CM",
        "http://www.nlm.nih.gov/research/umls/rxnorm" => "RxNorm",
        "https://www.nlm.nih.gov/mesh" => "MeSH",
        other => other,
    };
    Some(format!("{system} {}", coding["code"].as_str()?))
}

/// Codes as a page takes them.
#[must_use]
pub fn codes(finding: &Finding) -> Vec<&str> {
    finding.codes.iter().map(String::as_str).collect()
}

impl Finding {
    /// As a page shows it.
    #[must_use]
    pub fn view<'a>(&'a self, codes: &'a [&'a str]) -> hearthgate_portal::Finding<'a> {
        hearthgate_portal::Finding {
            id: &self.id,
            part: self.part,
            span: self.span,
            name: &self.name,
            context: self.context,
            codes,
            rule: self.rule.as_deref(),
            cue: self.cue.as_deref(),
            confidence: self.confidence,
            acceptable: self.acceptable,
            judgement: self.judgement,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn observation(change: impl FnOnce(&mut Value)) -> Value {
        let mut value = json!({
            "resourceType": "Observation", "id": "o1", "status": "preliminary",
            "extension": [
                { "url": format!("{OWN}finding-confidence"), "valueDecimal": 0.934 },
                { "url": format!("{OWN}finding-rule"), "valueCode": "exact" },
            ],
            "code": { "coding": [{ "system": "http://loinc.org", "code": "75325-1" }], "text": "Symptom" },
            "valueCodeableConcept": { "coding": [{ "system": "http://snomed.info/sct", "code": "386661006" }], "text": "fever" },
            "derivedFrom": [{ "reference": "DocumentReference/n1", "extension": [{ "url": format!("{OWN}finding-source"), "extension": [
                { "url": "start", "valueInteger": 3 }, { "url": "end", "valueInteger": 8 }, { "url": "text", "valueString": "Fever" },
            ] }] }],
        });
        change(&mut value);
        value
    }

    #[test]
    fn an_affirmed_finding_is_its_value() {
        let found = finding(&observation(|_| {})).unwrap();
        assert_eq!((found.name.as_str(), found.span, found.context), ("fever", (3, 8), FindingContext::Affirmed));
        assert_eq!((found.codes, found.confidence, found.judgement), (vec!["SNOMED CT 386661006".to_owned()], Some(93), None));
    }

    #[test]
    fn what_is_not_affirmed_is_never_shown_as_present() {
        let modifier =
            |name: &'static str| move |value: &mut Value| value["modifierExtension"] = json!([{ "url": format!("{OWN}{name}"), "valueBoolean": true }]);
        for (name, context) in [
            ("finding-uncertain", FindingContext::Uncertain),
            ("finding-historical", FindingContext::Historical),
            ("finding-resolved", FindingContext::Historical),
            ("finding-hypothetical", FindingContext::Hypothetical),
        ] {
            assert_eq!(finding(&observation(modifier(name))).unwrap().context, context, "{name}");
        }
        let family = observation(|v| v["modifierExtension"] = json!([{ "url": format!("{OWN}finding-experiencer"), "valueCode": "family" }]));
        assert_eq!(finding(&family).unwrap().context, FindingContext::Family);
        let negated = observation(|v| v["extension"] = json!([{ "url": format!("{OWN}finding-negated"), "valueBoolean": true }]));
        assert_eq!(finding(&negated).unwrap().context, FindingContext::Negated);
        let neither = observation(|v| {
            v["extension"] = json!([{ "url": format!("{OWN}finding-negated"), "valueBoolean": true }]);
            v["modifierExtension"] = json!([{ "url": format!("{OWN}finding-experiencer"), "valueCode": "family" }]);
        });
        assert_eq!(finding(&neither).unwrap().context, FindingContext::Negated);
    }

    #[test]
    fn what_was_withdrawn_is_not_shown_and_what_was_rejected_is() {
        assert!(finding(&observation(|v| v["status"] = json!("entered-in-error"))).is_none());
        let rejected = observation(|v| {
            v["status"] = json!("entered-in-error");
            v["extension"] = json!([{ "url": format!("{OWN}finding-judged"), "valueDateTime": "2026-11-23" }]);
        });
        assert_eq!(finding(&rejected).unwrap().judgement, Some(Judgement::Rejected));
        assert!(finding(&observation(|v| v["derivedFrom"] = json!([{ "reference": "DocumentReference/n1" }]))).is_none(), "no finding of ours");
    }
}
