//! Whether a finding that is there is the one that was found: by what it says, whatever its id and whoever brought it.
//!
//! An import may bring findings: an export of this clinic or another's. They come as observations like any, and what they claim to be
//! proves nothing. One is taken for a finding only where this reader finds the same in the same place of the same note; then it keeps
//! the id that it came with, and its judgement.

use super::finding::{ANSWERED, ASKED};
use super::judgement;
use hearthgate_fhir::Value;
use hearthgate_mapping::{Mappings, Plan, Row, Sql, take};
use hearthgate_store::Stored;

/// What must be the same for two findings to be of one mention.
const MENTION: [&str; 10] = ["note_id", "patient_id", "category", "negated", "uncertain", "historical", "hypothetical", "resolved", "experiencer", "matched"];
/// Where in the note it stands.
const PLACE: [&str; 6] = ["part", "binary_id", "char_offset", "char_length", "byte_start", "byte_end"];
/// The extension that says so (<http://hl7.org/fhir/StructureDefinition/derivation-reference>).
const SPAN: &str = "http://hl7.org/fhir/StructureDefinition/derivation-reference";
/// What says no more of the mention than when it was read.
const READ: [&str; 1] = ["extracted_at"];

/// A finding that is there, or an observation that may be one.
#[derive(Debug)]
pub(super) struct Known {
    /// The resource.
    pub stored: Stored,
    /// Its columns, as a finding.
    pub row: Row,
    /// It came with an import and is no row of `findings` yet.
    pub is_brought: bool,
}

impl Known {
    /// A row of `findings`; of another table an observation that says what a finding says and nothing more.
    pub fn of(plan: &Plan, stored: Stored) -> Option<Self> {
        let value: Value = serde_json::from_slice(&stored.body).ok()?;
        let is_brought = stored.plan != plan.index;
        let row = if is_brought { as_finding(plan, &value)? } else { take::take(plan, &value, &|_, _| true) };
        Some(Self { stored, row, is_brought })
    }

    /// The id of the practitioner who judged it.
    pub fn judge<'k>(&'k self, plan: &Plan) -> Option<&'k str> {
        text(plan, &self.row, "judged_by")?.strip_prefix("Practitioner/")
    }
}

/// Two rows, of which one is wanted, by column.
pub(super) struct Mention<'m> {
    plan: &'m Plan,
    row: &'m Row,
}

impl<'m> Mention<'m> {
    pub fn of(plan: &'m Plan, row: &'m Row) -> Self {
        Self { plan, row }
    }

    /// What it has in common with every other finding of the same mention.
    pub fn key(&self) -> String {
        MENTION.iter().map(|name| format!("{:?}\n", value(self.plan, self.row, name))).collect()
    }

    /// Whether the concept is the same: a code in common, or no codes and the same words.
    pub fn has_concept_of(&self, other: &Row) -> bool {
        let column = |row, name| value(self.plan, row, name);
        let asked = |row| column(row, "question") == &Sql::Null;
        if asked(self.row) != asked(other) {
            return false;
        }
        let (codes, words) = if asked(self.row) { (ASKED, "code_text") } else { (ANSWERED, "value_text") };
        let coded = |row| codes.iter().any(|name| column(row, name) != &Sql::Null);
        match (coded(self.row), coded(other)) {
            (true, true) => codes.iter().any(|name| column(self.row, name) != &Sql::Null && column(self.row, name) == column(other, name)),
            (false, false) => column(self.row, words) == column(other, words),
            _ => false,
        }
    }

    /// Whether it stands in the same place.
    pub fn has_place_of(&self, other: &Row) -> bool {
        PLACE.iter().all(|name| value(self.plan, self.row, name) == value(self.plan, other, name))
    }

    /// Whether it says all the same, however often it is read.
    pub fn says_all_of(&self, other: &Row) -> bool {
        let mut columns = self.plan.table.columns.iter().enumerate().filter(|(_, own)| own.expression.is_none() && !READ.contains(&own.name.as_str()));
        columns.all(|(at, _)| self.row.values.get(at) == other.values.get(at))
    }
}

/// The columns of an observation that says what a finding can say, and nothing that would be lost if it were one.
fn as_finding(plan: &Plan, observation: &Value) -> Option<Row> {
    let row = take::take(plan, &without_path(observation), &|_, _| true);
    let is = |name: &str| value(plan, &row, name) != &Sql::Null;
    let judged = text(plan, &row, "judged_by").is_some_and(|by| by.len() > "Practitioner/".len() && by.starts_with("Practitioner/"));
    let good = match text(plan, &row, "status")? {
        "preliminary" => !is("judged_by") && !is("judged_at"),
        "final" => judged && is("judged_at") && judgement::can_be_accepted(observation),
        "entered-in-error" => judged == is("judged_by") && is("judged_by") == is("judged_at"),
        _ => false,
    };
    (good && row.unmapped.is_none()).then_some(row)
}

/// The same without the path to the text, which is made of the place and stored in no column.
fn without_path(observation: &Value) -> Value {
    let mut value = observation.clone();
    let of = |extension: &Value, url: &str| extension.get("url").and_then(Value::as_str) == Some(url);
    let extensions = value.pointer_mut("/derivedFrom/0/extension").and_then(Value::as_array_mut);
    let span = extensions.and_then(|all| all.iter_mut().find(|extension| of(extension, SPAN)));
    if let Some(parts) = span.and_then(|span| span.get_mut("extension")).and_then(Value::as_array_mut) {
        parts.retain(|part| !of(part, "path"));
    }
    value
}

/// Whether an observation that is to be written is a finding that is there already, judged in the same way: then nothing is to be done.
#[must_use]
pub fn is_there(mappings: &Mappings, stored: &Stored, new: &Value) -> bool {
    let plan = mappings.plans.get(stored.plan).filter(|plan| judgement::serves_findings(plan));
    let Some((plan, row)) = plan.and_then(|plan| Some((plan, as_finding(plan, new)?))) else { return false };
    let Some(known) = Known::of(plan, stored.clone()) else { return false };
    let mention = Mention::of(plan, &row);
    let judged_alike = ["status", "judged_by", "judged_at"].iter().all(|name| value(plan, &row, name) == value(plan, &known.row, name));
    judged_alike && mention.key() == Mention::of(plan, &known.row).key() && mention.has_concept_of(&known.row)
}

/// The note that an observation says it was found in, where it says what a finding says.
pub(super) fn note_of(plan: &Plan, observation: &Value) -> Option<String> {
    text(plan, &as_finding(plan, observation)?, "note_id").map(str::to_owned)
}

/// The value of a column.
pub(super) fn value<'r>(plan: &Plan, row: &'r Row, name: &str) -> &'r Sql {
    let at = plan.table.columns.iter().position(|column| column.name == name);
    at.and_then(|at| row.values.get(at)).unwrap_or(&Sql::Null)
}

fn text<'r>(plan: &Plan, row: &'r Row, name: &str) -> Option<&'r str> {
    match value(plan, row, name) {
        Sql::Text(text) => Some(text),
        _ => None,
    }
}
