//! The clinic itself: organisations, places, doctors with what they do, and who runs it.

use serde_json::{Value, json};

use crate::fhir::{NUCC, SNOMED, coding, concept, hl7, meta, named, npi, reference, us_core};
use crate::random::Random;

/// A doctor of the clinic, and where and how to find their calendar.
pub struct Doctor {
    pub id: String,
    pub role: String,
    pub schedule: String,
    pub family: &'static str,
    /// `Dr. Odile Marchetti`.
    pub display: String,
    pub specialty: &'static Specialty,
    /// The index of the place they work at.
    pub place: usize,
}

/// What a doctor is trained for.
pub struct Specialty {
    pub nucc: &'static str,
    pub name: &'static str,
    pub snomed: (&'static str, &'static str),
}

/// Ids and names that everything else refers to.
pub struct Directory {
    pub clinic: String,
    pub hospital: String,
    pub laboratory: String,
    pub pharmacy: String,
    pub payer: String,
    pub places: Vec<(String, &'static str)>,
    pub doctors: Vec<Doctor>,
    /// The formulary: ids of Medications, in its order.
    pub medications: Vec<String>,
    /// The administrator: the id of a Person.
    pub admin: String,
}

/// What the clinic is called.
pub const CLINIC: &str = "Linden Street Family Clinic";
const HOSPITAL: &str = "Four Lakes Community Hospital";

/// An organisation: name, type (code, display), street, postal code, last digits of its telephone number.
type House = (&'static str, (&'static str, &'static str), &'static str, &'static str, &'static str);

const HOUSES: [House; 5] = [
    (CLINIC, ("prov", "Healthcare Provider"), "1200 Linden Street", "53703", "0100"),
    (HOSPITAL, ("prov", "Healthcare Provider"), "45 Lakeshore Road", "53705", "0110"),
    ("Four Lakes Clinical Laboratory", ("prov", "Healthcare Provider"), "47 Lakeshore Road", "53705", "0120"),
    ("Linden Street Pharmacy", ("prov", "Healthcare Provider"), "1204 Linden Street", "53703", "0130"),
    ("Badger State Mutual Health Plan", ("pay", "Payer"), "900 Capitol Avenue", "53702", "0140"),
];

/// A place: name, description, street, the index of its organisation.
const PLACES: [(&str, &str, &str, usize); 4] = [
    ("Linden Street, first floor", "Family medicine and paediatrics", "1200 Linden Street", 0),
    ("Linden Street, second floor", "Specialists", "1200 Linden Street", 0),
    ("Eastside branch", "Family medicine", "2750 Atwood Road", 0),
    ("Four Lakes Community Hospital", "Inpatient care", "45 Lakeshore Road", 1),
];

static SPECIALTIES: [Specialty; 5] = [
    Specialty { nucc: "207Q00000X", name: "Family Medicine", snomed: ("419772000", "Family practice") },
    Specialty { nucc: "207R00000X", name: "Internal Medicine", snomed: ("419192003", "Internal medicine") },
    Specialty { nucc: "208000000X", name: "Pediatrics", snomed: ("394537008", "Pediatric specialty") },
    Specialty { nucc: "207RC0000X", name: "Cardiovascular Disease", snomed: ("394579002", "Cardiology") },
    Specialty { nucc: "207V00000X", name: "Obstetrics & Gynecology", snomed: ("394585009", "Obstetrics and gynecology") },
];

/// The index of the paediatrician among the doctors.
pub const PEDIATRICIAN: usize = 2;
/// The index of the cardiologist.
pub const CARDIOLOGIST: usize = 3;
/// The index of the gynaecologist.
pub const GYNECOLOGIST: usize = 4;

/// A doctor: family name, given names, whether a woman, specialty, place, languages.
type Staff = (&'static str, &'static [&'static str], bool, usize, usize, &'static [(&'static str, &'static str)]);

const STAFF: [Staff; 6] = [
    ("Marchetti", &["Odile", "Renée"], true, 0, 0, &[("en", "English"), ("it", "Italian")]),
    ("Oyelaran", &["Babatunde"], false, 1, 2, &[("en", "English")]),
    ("Sjöberg", &["Astrid"], true, 2, 0, &[("en", "English"), ("sv", "Swedish")]),
    ("Raman", &["Suresh", "K."], false, 3, 1, &[("en", "English"), ("hi", "Hindi")]),
    ("Fuentes Vidal", &["Pilar"], true, 4, 1, &[("en", "English"), ("es", "Spanish")]),
    ("Whitfield", &["Jonathan"], false, 0, 2, &[("en", "English")]),
];

/// Makes the directory, and its resources in order.
pub fn directory(seed: u64, out: &mut Vec<Value>) -> Directory {
    let mut random = Random::new(seed, 1);
    let houses: Vec<String> = HOUSES.iter().enumerate().map(|(index, house)| organization(&mut random, index, house, out)).collect();
    let places = PLACES.iter().enumerate().map(|(index, place)| (location(&mut random, index, place, &houses, out), place.0)).collect::<Vec<_>>();
    let doctors = STAFF.iter().enumerate().map(|(index, staff)| doctor(&mut random, index, staff, &houses[0], &places, out)).collect();
    let medications = crate::prescriptions::formulary(seed, out);
    let admin = random.id();
    out.push(json!({
        "resourceType": "Person",
        "id": admin,
        "active": true,
        "name": [{ "use": "official", "family": "Delacroix-Hughes", "given": ["Rosalind"] }],
        "gender": "female",
        "telecom": [{ "system": "email", "value": "front.desk@lindenstreet.example.org", "use": "work" }],
        "managingOrganization": named("Organization", &houses[0], CLINIC),
    }));
    let [clinic, hospital, laboratory, pharmacy, payer] = <[String; 5]>::try_from(houses).unwrap_or_default();
    Directory { clinic, hospital, laboratory, pharmacy, payer, places, doctors, medications, admin }
}

fn address(street: &str, postal_code: &str) -> Value {
    json!({ "use": "work", "type": "both", "line": [street], "city": "Madison", "state": "WI", "postalCode": postal_code, "country": "US" })
}

fn organization(random: &mut Random, index: usize, house: &House, out: &mut Vec<Value>) -> String {
    let (name, (kind, kind_name), street, postal_code, phone) = house;
    let id = random.id();
    let mut made = json!({
        "resourceType": "Organization",
        "id": id,
        "meta": meta("us-core-organization"),
        "identifier": [
            { "use": "official", "system": "http://hl7.org/fhir/sid/us-npi", "value": npi(&format!("19999{:04}", index + 1)) },
        ],
        "active": true,
        "type": [concept(&hl7("organization-type"), kind, kind_name)],
        "name": name,
        "telecom": [
            { "system": "phone", "value": format!("+1-608-555-{phone}"), "use": "work" },
            { "system": "url", "value": "https://lindenstreet.example.org", "use": "work" },
        ],
        "address": [address(street, postal_code)],
    });
    if index == 2 {
        made["identifier"] = json!([
            { "use": "official", "system": "http://hl7.org/fhir/sid/us-npi", "value": npi("199990003") },
            { "use": "official", "system": "urn:oid:2.16.840.1.113883.4.7", "value": "52D0999999", "assigner": { "display": "CLIA" } },
        ]);
    }
    out.push(made);
    id
}

fn location(random: &mut Random, index: usize, place: &(&str, &str, &str, usize), houses: &[String], out: &mut Vec<Value>) -> String {
    let (name, description, street, house) = *place;
    let id = random.id();
    let (latitude, longitude) = [("43.0772", "-89.3793"), ("43.0772", "-89.3793"), ("43.0938", "-89.3517"), ("43.0766", "-89.4301")][index % 4];
    out.push(json!({
        "resourceType": "Location",
        "id": id,
        "meta": meta("us-core-location"),
        "identifier": [{ "use": "usual", "system": "https://lindenstreet.example.org/places", "value": format!("P{:02}", index + 1) }],
        "status": "active",
        "name": name,
        "description": description,
        "mode": "instance",
        "type": [concept(&hl7("v3-RoleCode"), if house == 1 { "HOSP" } else { "OF" }, if house == 1 { "Hospital" } else { "Outpatient facility" })],
        "telecom": [{ "system": "phone", "value": format!("+1-608-555-01{:02}", 50 + index), "use": "work" }],
        "address": address(street, if house == 1 { "53705" } else { "53703" }),
        "position": { "longitude": crate::fhir::number(longitude), "latitude": crate::fhir::number(latitude) },
        "managingOrganization": named("Organization", &houses[house], HOUSES[house].0),
    }));
    id
}

fn doctor(random: &mut Random, index: usize, staff: &Staff, clinic: &str, places: &[(String, &'static str)], out: &mut Vec<Value>) -> Doctor {
    let (family, given, woman, specialty, place, languages) = *staff;
    let specialty = &SPECIALTIES[specialty];
    let (id, endpoint, role, schedule) = (random.id(), random.id(), random.id(), random.id());
    let display = format!("Dr. {} {family}", given[0]);
    let number = npi(&format!("1888800{:02}", index + 11));
    let mail = format!("{}@lindenstreet.example.org", crate::names::plain(family));
    let phone = json!({ "system": "phone", "value": format!("+1-608-555-01{:02}", 60 + index), "use": "work", "rank": 1 });
    out.push(json!({
        "resourceType": "Practitioner",
        "id": id,
        "meta": meta("us-core-practitioner"),
        "identifier": [
            { "use": "official", "system": "http://hl7.org/fhir/sid/us-npi", "value": number },
            { "use": "secondary", "system": "https://lindenstreet.example.org/staff", "value": format!("S{:03}", index + 101) },
        ],
        "active": true,
        "name": [{ "use": "official", "text": display, "family": family, "given": given, "prefix": ["Dr."], "suffix": ["MD"] }],
        "telecom": [
            phone,
            { "extension": [{ "url": us_core("us-core-direct"), "valueBoolean": true }], "system": "email", "value": mail, "use": "work" },
        ],
        "address": [address(PLACES[place].2, "53703")],
        "gender": if woman { "female" } else { "male" },
        "qualification": [{
            "code": concept(&hl7("v2-0360"), "MD", "Doctor of Medicine"),
            "period": { "start": (1992 + 3 * index).to_string() },
        }],
        "communication": languages.iter().map(|(tag, name)| concept("urn:ietf:bcp:47", tag, name)).collect::<Vec<_>>(),
    }));
    out.push(json!({
        "resourceType": "Endpoint",
        "id": endpoint,
        "status": "active",
        "connectionType": coding(&hl7("endpoint-connection-type"), "direct-project", "Direct Project"),
        "name": format!("Direct address of {display}"),
        "managingOrganization": named("Organization", clinic, CLINIC),
        "payloadType": [{ "text": "Any document" }],
        "address": format!("mailto:{mail}"),
    }));
    out.push(json!({
        "resourceType": "PractitionerRole",
        "id": role,
        "meta": meta("us-core-practitionerrole"),
        "active": true,
        "period": { "start": format!("{}-09-01", 2008 + 2 * index) },
        "practitioner": named("Practitioner", &id, &display),
        "organization": named("Organization", clinic, CLINIC),
        "code": [concept(SNOMED, "309343006", "Physician")],
        "specialty": [concept(NUCC, specialty.nucc, &format!("{} Physician", specialty.name))],
        "location": [named("Location", &places[place].0, places[place].1)],
        "telecom": [{ "system": "phone", "value": format!("+1-608-555-01{:02}", 60 + index), "use": "work" }],
        "availableTime": [
            { "daysOfWeek": ["mon", "tue", "wed", "thu", "fri"], "availableStartTime": "08:30:00", "availableEndTime": "12:00:00" },
            { "daysOfWeek": ["mon", "tue", "wed", "thu", "fri"], "availableStartTime": "13:00:00", "availableEndTime": "16:30:00" },
        ],
        "availabilityExceptions": "Closed on federal holidays",
        "endpoint": [reference("Endpoint", &endpoint)],
    }));
    Doctor { id, role, schedule, family, display, specialty, place }
}

/// The name of the hospital, for references.
pub fn hospital_name() -> &'static str {
    HOSPITAL
}
