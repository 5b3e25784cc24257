//! The patients: who they are.

use serde_json::{Value, json};

use crate::directory::{CARDIOLOGIST, Directory, GYNECOLOGIST, PEDIATRICIAN};
use crate::fhir::{coding, concept, hl7, meta, named, us_core};
use crate::illnesses::{Illness, LASTING};
use crate::names::{self, CULTURES, Culture};
use crate::random::Random;
use crate::time::Day;

/// The index of the patient with everything that US Core wants supported.
pub const SHOWCASE: usize = 0;
/// The index of a patient who shares no doctor with that one.
pub const APART: usize = 1;
/// The index of a patient who died.
pub const DECEASED: usize = 2;

/// A patient, as everything else about them needs to know.
pub struct Patient {
    pub index: usize,
    pub id: String,
    pub family: String,
    pub given: Vec<String>,
    pub woman: bool,
    pub birth: Day,
    pub died: Option<Day>,
    pub culture: &'static Culture,
    /// The doctor they see most, and the others who have them in care; indexes.
    pub doctors: Vec<usize>,
    pub height_mm: i64,
    /// In units of 100 g.
    pub weight: i64,
    /// What stands on the problem list.
    pub problems: Vec<Problem>,
}

/// A lasting illness of a patient.
pub struct Problem {
    pub illness: &'static Illness,
    /// The id of the Condition.
    pub id: String,
    pub since: Day,
}

impl Patient {
    /// Years of age on a day.
    pub fn age(&self, day: Day) -> i32 {
        self.birth.years_until(day)
    }

    /// Given names and family name.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.given.join(" "), self.family)
    }

    /// A user name.
    pub fn username(&self) -> String {
        let first = self.given.first().map(String::as_str).unwrap_or_default();
        let last = self.family.split(' ').next().unwrap_or_default();
        format!("{}.{}", names::plain(first), names::plain(last))
    }

    /// Fills in a text about the patient.
    pub fn tell(&self, text: &str) -> String {
        let forms = if self.woman { [("they", "she"), ("their", "her"), ("them", "her")] } else { [("they", "he"), ("their", "his"), ("them", "him")] };
        let mut told = text.to_owned();
        for (word, form) in forms {
            told = told.replace(&format!("{{{word}}}"), form);
            let (word, form) = (capital(word), capital(form));
            told = told.replace(&format!("{{{word}}}"), &form);
        }
        told
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Makes up the patient of an index.
pub fn patient(seed: u64, index: usize, today: Day) -> Patient {
    let mut random = Random::new(seed, 1_000 + index as u64);
    let id = random.id();
    let culture = match index {
        SHOWCASE => &CULTURES[9],
        APART => &CULTURES[2],
        _ => names::culture(&mut random),
    };
    let woman = match index {
        SHOWCASE => true,
        APART => false,
        _ => random.chance(54),
    };
    let years = match index {
        SHOWCASE => 19,
        APART => 57,
        DECEASED => 81,
        // An infant and a child of school age are always among them.
        3 => 1,
        4 => 8,
        _ if random.chance(18) => random.between(0, 16) as i32,
        _ => random.between(18, 92) as i32,
    };
    let birth = today.plus_years(-years).plus(-random.between(1, 360));
    let doctors = doctors(&mut random, index, years, woman);
    let adult_mm = if woman { random.between(1_520, 1_760) } else { random.between(1_640, 1_900) };
    let height_mm = if years >= 17 { adult_mm } else { 760 + (adult_mm - 760) * i64::from(years.max(1) - 1) / 16 };
    // A body mass index of 20 to 34 for adults, 15 to 18 for children.
    let index_tenths = if years >= 17 { random.between(200, 340) } else { random.between(150, 180) };
    let weight = index_tenths * height_mm * height_mm / 1_000_000;
    let died = (index == DECEASED).then(|| today.plus(-random.between(20, 60)));
    Patient {
        index,
        id,
        family: if index == SHOWCASE { "Decorah".to_owned() } else { names::family(&mut random, culture) },
        given: if index == SHOWCASE { vec!["Winona".to_owned(), "Claire".to_owned()] } else { names::given(&mut random, culture, woman) },
        woman,
        birth,
        died,
        culture,
        doctors,
        height_mm,
        weight,
        problems: problems(&mut random, index, years, today),
    }
}

fn problems(random: &mut Random, index: usize, years: i32, today: Day) -> Vec<Problem> {
    let mut problems = Vec::new();
    for illness in &LASTING {
        let fits = (illness.ages.0..=illness.ages.1).contains(&years);
        // Hypertension, diabetes and hyperlipidemia for one who has an account; asthma for the other.
        let always = matches!((index, illness.snomed.0), (APART, "59621000" | "44054006" | "55822004") | (SHOWCASE, "195967001"));
        if always || fits && random.chance(illness.share) {
            let ill_years = i64::from(years - illness.ages.0).clamp(1, 12);
            let since = today.plus(-random.between(200, 366 * ill_years));
            problems.push(Problem { illness, id: random.id(), since });
        }
    }
    problems
}

fn doctors(random: &mut Random, index: usize, years: i32, woman: bool) -> Vec<usize> {
    match index {
        SHOWCASE => return vec![0, CARDIOLOGIST, GYNECOLOGIST],
        APART => return vec![1],
        _ if years < 17 => return vec![PEDIATRICIAN],
        _ => {}
    }
    let mut doctors = vec![*random.pick(&[0, 0, 1, 1, 5])];
    if random.chance(if years > 60 { 45 } else { 6 }) {
        doctors.push(CARDIOLOGIST);
    }
    if woman && years < 60 && random.chance(45) {
        doctors.push(GYNECOLOGIST);
    }
    doctors
}

/// The patient as a resource.
pub fn resource(seed: u64, person: &Patient, directory: &Directory, today: Day) -> Value {
    let mut random = Random::new(seed, 2_000 + person.index as u64);
    let doctor = &directory.doctors[person.doctors[0]];
    let years = person.age(today);
    let mut made = json!({
        "resourceType": "Patient",
        "id": person.id,
        "meta": meta("us-core-patient"),
        "extension": extensions(&mut random, person),
        "identifier": [{
            "use": "usual",
            "type": concept(&hl7("v2-0203"), "MR", "Medical record number"),
            "system": "https://lindenstreet.example.org/mrn",
            "value": format!("LS{:06}", 100_200 + 37 * person.index),
            "assigner": { "display": crate::directory::CLINIC },
        }],
        "active": person.died.is_none(),
        "name": [{ "use": "official", "text": person.full_name(), "family": person.family, "given": person.given }],
        "telecom": telecom(&mut random, person, years),
        "gender": if person.woman { "female" } else { "male" },
        "birthDate": person.birth.iso(),
        "address": [address(&mut random)],
    });
    match person.died {
        Some(day) => made["deceasedDateTime"] = json!(day.at(265)),
        None => made["deceasedBoolean"] = json!(false),
    }
    if years >= 18 {
        let (state, name) =
            *random.pick(&[("M", "Married"), ("M", "Married"), ("S", "Never Married"), ("D", "Divorced"), ("W", "Widowed"), ("T", "Domestic partner")]);
        let (state, name) = match state {
            _ if years < 22 => ("S", "Never Married"),
            "W" if years < 55 => ("M", "Married"),
            _ => (state, name),
        };
        made["maritalStatus"] = concept(&hl7("v3-MaritalStatus"), state, name);
        made["contact"] = json!([{
            "relationship": [concept(&hl7("v2-0131"), "C", "Emergency Contact")],
            "name": { "family": person.family, "given": names::given(&mut random, person.culture, !person.woman) },
            "telecom": [{ "system": "phone", "value": phone(&mut random), "use": "mobile" }],
        }]);
    }
    made["communication"] = languages(person);
    made["generalPractitioner"] = json!([named("Practitioner", &doctor.id, &doctor.display)]);
    made["managingOrganization"] = named("Organization", &directory.clinic, crate::directory::CLINIC);
    if person.index == SHOWCASE {
        crate::showcase::adorn(&mut made, person, today);
    }
    made
}

fn extensions(random: &mut Random, person: &Patient) -> Value {
    let culture = person.culture;
    let mut race: Vec<Value> = culture.races.iter().map(|(code, name)| part("ombCategory", code, name)).collect();
    race.extend(culture.detailed.iter().map(|(code, name)| part("detailed", code, name)));
    let text: Vec<&str> = culture.races.iter().map(|(_, name)| *name).collect();
    race.push(json!({ "url": "text", "valueString": text.join(", ") }));
    let (code, name) = if culture.hispanic { ("2135-2", "Hispanic or Latino") } else { ("2186-5", "Not Hispanic or Latino") };
    let mut made = vec![
        json!({ "extension": race, "url": us_core("us-core-race") }),
        json!({ "extension": [part("ombCategory", code, name), { "url": "text", "valueString": name }], "url": us_core("us-core-ethnicity") }),
    ];
    if culture.races.iter().any(|(code, _)| *code == "1002-5") {
        made.push(json!({
            "extension": [
                { "url": "tribalAffiliation", "valueCodeableConcept": { "coding": [{ "system": hl7("v3-TribalEntityUS"), "code": "101" }], "text": "Ho-Chunk Nation of Wisconsin" } },
                { "url": "isEnrolled", "valueBoolean": random.chance(80) },
            ],
            "url": us_core("us-core-tribal-affiliation"),
        }));
    }
    made.push(json!({ "url": us_core("us-core-birthsex"), "valueCode": if person.woman { "F" } else { "M" } }));
    made.push(json!({ "url": us_core("us-core-sex"), "valueCode": if person.woman { "248152002" } else { "248153007" } }));
    if person.index == SHOWCASE || random.chance(60) {
        let identity = if random.chance(4) && person.index != SHOWCASE {
            concept("http://snomed.info/sct", "33791000087105", "Identifies as nonbinary gender")
        } else if person.woman {
            concept("http://snomed.info/sct", "446141000124107", "Identifies as female gender")
        } else {
            concept("http://snomed.info/sct", "446151000124109", "Identifies as male gender")
        };
        made.push(json!({ "url": us_core("us-core-genderIdentity"), "valueCodeableConcept": identity }));
    }
    Value::Array(made)
}

/// A part of the extension for race or ethnicity.
fn part(url: &str, code: &str, display: &str) -> Value {
    json!({ "url": url, "valueCoding": coding("urn:oid:2.16.840.1.113883.6.238", code, display) })
}

fn phone(random: &mut Random) -> String {
    // 555-01xx is kept free for stories; no telephone rings.
    format!("+1-{}-555-01{}", random.pick(&["608", "608", "414", "920", "715"]), random.digits(2))
}

fn telecom(random: &mut Random, person: &Patient, years: i32) -> Value {
    let mut made = vec![json!({ "system": "phone", "value": phone(random), "use": if years < 16 { "home" } else { "mobile" }, "rank": 1 })];
    if years >= 16 && (person.index <= APART || random.chance(70)) {
        made.push(json!({ "system": "email", "value": format!("{}{}@mail.example.org", person.username(), person.index), "use": "home" }));
    }
    Value::Array(made)
}

fn address(random: &mut Random) -> Value {
    let street = random.pick(&[
        "Atwood Avenue",
        "Jenifer Street",
        "Monroe Street",
        "Willow Lane",
        "Prairie Road",
        "Commonwealth Avenue",
        "Pheasant Ridge Trail",
        "Vilas Avenue",
    ]);
    let (city, postal_code) = *random.pick(&[
        ("Madison", "53703"),
        ("Madison", "53704"),
        ("Madison", "53711"),
        ("Middleton", "53562"),
        ("Sun Prairie", "53590"),
        ("Stoughton", "53589"),
        ("Fitchburg", "53575"),
    ]);
    let mut lines = vec![format!("{} {street}", random.between(10, 4_990))];
    if random.chance(30) {
        lines.push(format!("Apt {}", random.between(1, 40)));
    }
    json!({ "use": "home", "line": lines, "city": city, "state": "WI", "postalCode": postal_code, "country": "US" })
}

fn languages(person: &Patient) -> Value {
    let (tag, name) = person.culture.language;
    let mut made = vec![json!({ "language": concept("urn:ietf:bcp:47", tag, name), "preferred": true })];
    if tag != "en" {
        made.push(json!({ "language": concept("urn:ietf:bcp:47", "en", "English"), "preferred": false }));
    }
    Value::Array(made)
}
