//! The record as pages show it, asked of the FHIR interface as the person who is signed in.

use super::facts;
use crate::extract::reading::{self, Reading, Source};
use crate::rest::fault::Fault;
use crate::rest::gateway::Gateway;
use crate::rest::within::{read, search};
use hearthgate_access::Caller;
use hearthgate_fhir::date::format_instant;
use hearthgate_portal::{Day, Moment, PatientChoice};
use serde_json::Value;

/// Most patients on a page.
pub const MOST_PATIENTS: usize = 50;
/// Most visits on a page.
const MOST_VISITS: &str = "50";
/// Most appointments on a page.
const MOST_APPOINTMENTS: &str = "20";
/// Most prescriptions on a page.
const MOST_PRESCRIPTIONS: &str = "30";
/// Most notes on a page.
const MOST_NOTES: &str = "10";

/// A patient.
#[derive(Clone, Debug)]
pub struct Patient {
    /// The FHIR id.
    pub id: String,
    /// The name.
    pub name: String,
    /// When born, as far as known to the day.
    pub birth_date: Option<Day>,
}

/// A patient as pages list one.
#[must_use]
pub fn choice(patient: &Patient) -> PatientChoice<'_> {
    PatientChoice { id: &patient.id, name: &patient.name, birth_date: patient.birth_date }
}

/// An appointment.
#[derive(Clone, Debug)]
pub struct Appointment {
    /// When it begins.
    pub begins: Option<Moment>,
    /// What it is about.
    pub what: String,
    /// The patient: FHIR id and name.
    pub patient: Option<(String, String)>,
    /// The doctor: FHIR id and name.
    pub doctor: Option<(String, String)>,
    /// Its status.
    pub status: String,
}

/// A visit.
#[derive(Clone, Debug)]
pub struct Visited {
    /// The FHIR id.
    pub id: String,
    /// What kind of visit it was.
    pub kind: String,
    /// When it began.
    pub began: Option<Moment>,
}

/// A prescription.
#[derive(Clone, Debug)]
pub struct Prescription {
    /// The medicine.
    pub medicine: String,
    /// How to take it.
    pub instructions: Option<String>,
    /// When it was written.
    pub written: Option<Day>,
    /// Who wrote it.
    pub by: Option<String>,
    /// Its status.
    pub status: String,
}

/// A note.
#[derive(Clone, Debug)]
pub struct Document {
    /// The FHIR id.
    pub id: String,
    /// What it is.
    pub title: String,
    /// When it was written.
    pub written: Option<Moment>,
    /// Who wrote it.
    pub by: Option<String>,
    /// Its texts, as far as it is text.
    pub texts: Vec<Reading>,
}

/// Patients whom the caller may see, by name; with words, those of whom each word is the beginning of a name, a number they are known by,
/// or the day or year they were born (`asked`). Beside them whether there are more. It is the one way in which pages find patients.
///
/// # Errors
/// As a search.
pub async fn patients(gateway: &Gateway, caller: &Caller, words: &str) -> Result<(Vec<Patient>, bool), Fault> {
    let count = MOST_PATIENTS.to_string();
    let mut parameters = vec![("_count", count.as_str()), ("_sort", "family,given"), ("_elements", "name,birthDate")];
    let asked: Vec<_> = words.split_whitespace().take(8).map(asked).collect();
    parameters.extend(asked.iter().map(|(name, value)| (*name, value.as_str())));
    let found = search(gateway, caller, "Patient", &parameters).await?;
    Ok((found.resources.iter().map(of_patient).collect(), found.more))
}

/// Visits of a patient, the newest first.
///
/// # Errors
/// As a search.
pub async fn visits(gateway: &Gateway, caller: &Caller, patient: &str) -> Result<Vec<Visited>, Fault> {
    let parameters = [("patient", patient), ("_sort", "-date"), ("_count", MOST_VISITS)];
    let found = search(gateway, caller, "Encounter", &parameters).await?;
    Ok(found.resources.iter().map(visited).collect())
}

/// A patient whom the caller may see.
///
/// # Errors
/// As a read.
pub async fn patient(gateway: &Gateway, caller: &Caller, id: &str) -> Result<Option<Patient>, Fault> {
    Ok(read(gateway, caller, "Patient", id).await?.as_ref().map(of_patient))
}

/// Appointments from now on, the next one first: of a patient or a doctor (`patient`, `practitioner`, and a FHIR id).
///
/// # Errors
/// As a search.
pub async fn coming_appointments(gateway: &Gateway, caller: &Caller, whose: (&str, &str)) -> Result<Vec<Appointment>, Fault> {
    let from = format!("ge{}", format_instant(gateway.now()));
    let parameters = [whose, ("date", from.as_str()), ("status:not", "cancelled,noshow,entered-in-error"), ("_sort", "date"), ("_count", MOST_APPOINTMENTS)];
    let found = search(gateway, caller, "Appointment", &parameters).await?;
    Ok(found.resources.iter().map(appointment).collect())
}

/// Prescriptions of a patient, the newest first.
///
/// # Errors
/// As a search.
pub async fn prescriptions(gateway: &Gateway, caller: &Caller, patient: &str) -> Result<Vec<Prescription>, Fault> {
    let parameters = [("patient", patient), ("status:not", "entered-in-error"), ("_sort", "-authoredon"), ("_count", MOST_PRESCRIPTIONS)];
    let found = search(gateway, caller, "MedicationRequest", &parameters).await?;
    Ok(found.resources.iter().map(prescription).collect())
}

/// Notes about a patient, the newest first, and whether there are more.
///
/// # Errors
/// As a search.
pub async fn notes(gateway: &Gateway, caller: &Caller, patient: &str) -> Result<(Vec<Document>, bool), Fault> {
    let parameters = [("patient", patient), ("status", "current"), ("_sort", "-date"), ("_count", MOST_NOTES)];
    let found = search(gateway, caller, "DocumentReference", &parameters).await?;
    let mut documents = Vec::with_capacity(found.resources.len());
    for resource in &found.resources {
        documents.push(Document { texts: texts(gateway, caller, resource).await?, ..document(resource) });
    }
    Ok((documents, found.more))
}

/// What a document says, where it stands in Binaries too.
async fn texts(gateway: &Gateway, caller: &Caller, document: &Value) -> Result<Vec<Reading>, Fault> {
    let mut texts = Vec::new();
    for attachment in reading::attachments(document, &gateway.settings.base) {
        let binary = match &attachment.source {
            Source::Here(_) => None,
            Source::Binary(id) => read(gateway, caller, "Binary", id).await?,
        };
        texts.extend(attachment.reading(binary.as_ref()));
    }
    Ok(texts)
}

/// What one word of a search for a patient asks: a search parameter and its value.
fn asked(word: &str) -> (&'static str, String) {
    if let Some(days) = days(word) {
        return ("birthdate", days);
    }
    let is_number = word.chars().any(|c| c.is_ascii_digit());
    (if is_number { "identifier" } else { "name" }, escaped(word))
}

/// A day as people type it, as FHIR writes it: `1980-02-29`, `29.02.1980`, `29/02/1980` (either way round where both are days), or a year.
fn days(word: &str) -> Option<String> {
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u16>().ok()).flatten();
    let day = |year: &str, month: &str, day: &str| {
        let (y, m, d) = (number(year)?, number(month)?, number(day)?);
        ((1850..2200).contains(&y) && (1..=12).contains(&m) && (1..=31).contains(&d)).then(|| format!("{y:04}-{m:02}-{d:02}"))
    };
    let parts = |mark: char| word.split(mark).collect::<Vec<_>>();
    match (parts('-').as_slice(), parts('.').as_slice(), parts('/').as_slice()) {
        ([year], [_], [_]) if year.len() == 4 => number(year).filter(|year| (1850..2200).contains(year)).map(|year| year.to_string()),
        ([y, m, d], _, _) => day(y, m, d),
        (_, [d, m, y], _) => day(y, m, d),
        (_, _, [a, b, y]) => {
            let mut both: Vec<String> = [day(y, b, a), day(y, a, b)].into_iter().flatten().collect();
            both.dedup();
            (!both.is_empty()).then(|| both.join(","))
        }
        _ => None,
    }
}

/// In a search `,`, `$`, `|` and `\` mean something (<https://hl7.org/fhir/R4/search.html#escaping>).
fn escaped(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if matches!(c, ',' | '$' | '|' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn visited(encounter: &Value) -> Visited {
    let class = || facts::coding(&encounter["class"]);
    let kind = facts::concept(&encounter["type"][0]).or_else(class).unwrap_or_default();
    Visited { id: text(&encounter["id"]), kind, began: facts::moment(&encounter["period"]["start"]) }
}

fn of_patient(patient: &Value) -> Patient {
    let id = text(&patient["id"]);
    let name = Some(facts::name(patient)).filter(|name| !name.is_empty()).unwrap_or_else(|| id.clone());
    Patient { id, name, birth_date: facts::day(&patient["birthDate"]) }
}

fn appointment(appointment: &Value) -> Appointment {
    let words =
        [appointment["description"].as_str().map(str::to_owned), facts::concept(&appointment["reasonCode"][0]), facts::concept(&appointment["serviceType"][0])];
    Appointment {
        begins: facts::moment(&appointment["start"]),
        what: words.into_iter().flatten().next().unwrap_or_default(),
        patient: facts::participant(appointment, "Patient"),
        doctor: facts::participant(appointment, "Practitioner"),
        status: text(&appointment["status"]),
    }
}

fn prescription(request: &Value) -> Prescription {
    Prescription {
        medicine: facts::concept(&request["medicationCodeableConcept"]).or_else(|| facts::display(&request["medicationReference"])).unwrap_or_default(),
        instructions: request["dosageInstruction"][0]["text"].as_str().map(str::to_owned),
        written: facts::day(&request["authoredOn"]),
        by: facts::display(&request["requester"]),
        status: text(&request["status"]),
    }
}

fn document(document: &Value) -> Document {
    let title = document["description"].as_str().map(str::to_owned).or_else(|| facts::concept(&document["type"]));
    Document {
        id: text(&document["id"]),
        title: title.unwrap_or_default(),
        written: facts::moment(&document["date"]),
        by: facts::display(&document["author"][0]),
        texts: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_the_beginning_of_a_name_a_number_or_a_birthday() {
        let of = |word: &str| asked(word);
        assert_eq!(of("O'Neil"), ("name", "O'Neil".to_owned()));
        assert_eq!(of("a,b"), ("name", "a\\,b".to_owned()));
        for (word, day) in
            [("1980-02-29", "1980-02-29"), ("29.2.1980", "1980-02-29"), ("29/02/1980", "1980-02-29"), ("2/29/1980", "1980-02-29"), ("1980", "1980")]
        {
            assert_eq!(of(word), ("birthdate", day.to_owned()), "{word}");
        }
        assert_eq!(of("03/02/1980"), ("birthdate", "1980-02-03,1980-03-02".to_owned()));
        assert_eq!(of("02/02/1980"), ("birthdate", "1980-02-02".to_owned()));
        for number in ["MRN-0042", "4711", "1980-13-01", "0001-01-01", "1/2", "29.02.1980.1", "\u{0967}1"] {
            assert_eq!(of(number), ("identifier", number.to_owned()), "{number}");
        }
    }
}
