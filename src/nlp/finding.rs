//! What reading a note gives: findings with their spans, codes, context and reasons.

/// What a finding is about; `as_str` is the value of CONTRACT's `category`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// A diagnosis.
    Disease,
    /// What a patient feels or complains of.
    Symptom,
    /// What is seen, measured or found.
    Finding,
    /// A medication that is mentioned.
    Medication,
    /// An allergy or intolerance; negated: that there is none.
    Allergy,
}

impl Category {
    /// The lower-case name used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Category::Disease => "disease",
            Category::Symptom => "symptom",
            Category::Finding => "finding",
            Category::Medication => "medication",
            Category::Allergy => "allergy",
        }
    }
}

/// Whose condition it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Experiencer {
    /// The patient whom the note is about.
    #[default]
    Patient,
    /// A blood relative.
    Family,
    /// Anyone else.
    Other,
}

impl Experiencer {
    /// The lower-case name used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Experiencer::Patient => "patient",
            Experiencer::Family => "family",
            Experiencer::Other => "other",
        }
    }
}

/// The part of the note that a finding stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Section {
    /// Chief complaint, reason for the visit.
    Complaint,
    /// History of present illness, hospital course.
    Hpi,
    /// Past medical, surgical and social history; problem list.
    History,
    /// Family history.
    Family,
    /// Review of systems.
    Ros,
    /// Physical examination.
    Exam,
    /// Laboratory, imaging, pathology.
    Results,
    /// Lists of medications.
    Medications,
    /// Allergies and intolerances.
    Allergies,
    /// Assessment, impression, diagnoses.
    Assessment,
    /// Plan, disposition, instructions.
    Plan,
    /// No heading, or one of no meaning here.
    #[default]
    Other,
}

impl Section {
    /// The lower-case name used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Section::Complaint => "complaint",
            Section::Hpi => "hpi",
            Section::History => "history",
            Section::Family => "family",
            Section::Ros => "ros",
            Section::Exam => "exam",
            Section::Results => "results",
            Section::Medications => "medications",
            Section::Allergies => "allergies",
            Section::Assessment => "assessment",
            Section::Plan => "plan",
            Section::Other => "other",
        }
    }
}

/// How a finding was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A term written by us.
    Curated,
    /// A curated term with its words in another order.
    WordOrder,
    /// A title or inclusion term of the ICD-10-CM tabular list.
    IcdTitle,
    /// An entry term of MeSH.
    MeshTerm,
    /// An abbreviation resolved by section and neighbours.
    Abbreviation,
    /// A short form that this document itself explains.
    ShortForm,
    /// A misspelled word, corrected.
    Spelling,
    /// Two conditions that share a head ("breast and ovarian cancer").
    Coordination,
    /// A name and a head such as "syndrome", unknown to the lexicon; no code.
    Pattern,
}

impl Rule {
    /// The name used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Rule::Curated => "curated-term",
            Rule::WordOrder => "word-order",
            Rule::IcdTitle => "icd-10-cm-title",
            Rule::MeshTerm => "mesh-term",
            Rule::Abbreviation => "abbreviation",
            Rule::ShortForm => "short-form",
            Rule::Spelling => "spelling",
            Rule::Coordination => "coordination",
            Rule::Pattern => "pattern",
        }
    }
}

/// A code with the FHIR URI of its system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code {
    /// FHIR URI, such as `http://snomed.info/sct`.
    pub system: &'static str,
    /// The code itself.
    pub code: &'static str,
}

/// A cue that decided a part of the context: which part, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// What it decided: `negated`, `uncertain`, `historical`, `hypothetical`, `experiencer`, `resolved`.
    pub decides: &'static str,
    /// First byte of the cue, in UTF-8 bytes of the text.
    pub start: usize,
    /// Byte after the cue.
    pub end: usize,
}

/// What the words around a mention say about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Said to be absent.
    pub negated: bool,
    /// Suspected, possible, to be ruled out.
    pub uncertain: bool,
    /// Of the past.
    pub historical: bool,
    /// Only a condition, an instruction or a risk.
    pub hypothetical: bool,
    /// Was there and is gone.
    pub resolved: bool,
    /// Whose it is.
    pub experiencer: Experiencer,
    /// The cues that decided, in the order of the fields above.
    pub triggers: Vec<Trigger>,
}

/// Severity, side and place, as written (byte spans of the text).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Modifiers {
    /// "mild", "severe", "2+".
    pub severity: Option<(usize, usize)>,
    /// "left", "bilateral".
    pub laterality: Option<(usize, usize)>,
    /// "knee" in "swelling of the left knee".
    pub body_site: Option<(usize, usize)>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// First byte of the mention, in UTF-8 bytes of the text; always a character boundary.
    pub start: usize,
    /// Byte after the mention.
    pub end: usize,
    /// What it is about.
    pub category: Category,
    /// The concept's preferred name, in our words; the mention itself when the concept is unknown.
    pub name: String,
    /// Codes, the most specific system first; empty for a pattern.
    pub codes: Vec<Code>,
    /// Negation, certainty, time and person.
    pub context: Context,
    /// The part of the note.
    pub section: Section,
    /// Probability that this mention is what the finding says (calibrated, see docs/nlp).
    pub confidence: f32,
    /// How it was recognised.
    pub rule: Rule,
    /// Severity, side, place.
    pub modifiers: Modifiers,
}

impl Finding {
    /// Whether this may stand as a fact about the patient now: not negated, uncertain,
    /// historical, hypothetical or resolved, and the patient's own.
    pub fn is_affirmed(&self) -> bool {
        let c = &self.context;
        !(c.negated || c.uncertain || c.historical || c.hypothetical || c.resolved) && c.experiencer == Experiencer::Patient
    }
}

/// What was read in one text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// In the order of the text.
    pub findings: Vec<Finding>,
    /// The text held more findings than one document may have ([`crate::MAX_FINDINGS`]).
    pub truncated: bool,
}
