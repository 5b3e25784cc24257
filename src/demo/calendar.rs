//! A year of appointments before today and what is booked after it. No doctor is ever at two places at once.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::directory::{Directory, Doctor};
use crate::episodes::{CHECKUP, PASSING, WELL_CHILD};
use crate::fhir::{NUCC, SNOMED, concept, hl7, named, reference};
use crate::illnesses::Illness;
use crate::people::{DECEASED, Patient, SHOWCASE};
use crate::random::Random;
use crate::time::{Day, ZONE};

/// An appointment as planned.
pub struct Meeting {
    pub id: String,
    pub patient: usize,
    pub doctor: usize,
    pub day: Day,
    /// Minutes after midnight.
    pub minute: i32,
    pub length: i32,
    pub status: &'static str,
    pub reason: &'static Illness,
    pub slot: Option<String>,
}

/// Why an appointment is called off: code and display, and what the front desk notes.
const CANCELLED: [(&str, &str, &str); 4] = [
    ("pat", "Patient", "Rang to cancel; will call again."),
    ("pat", "Patient", "Feels better and does not need to come."),
    ("prov", "Provider", "Doctor away; offered another day."),
    ("other", "Other", "No transport today."),
];

/// The half hours of a day's work.
const CELLS: usize = 14;

fn minute(cell: usize) -> i32 {
    if cell < 7 { 510 + 30 * cell as i32 } else { 780 + 30 * (cell as i32 - 7) }
}

/// Which half hours of which doctor are taken.
struct Book {
    taken: HashSet<(usize, Day, usize)>,
}

impl Book {
    /// The first free half hour of a doctor from a day on, beginning the search at a cell.
    fn take(&mut self, doctor: usize, day: Day, cell: usize) -> (Day, i32) {
        let mut day = day.workday();
        loop {
            if let Some(cell) = (0..CELLS).map(|step| (cell + step) % CELLS).find(|cell| self.taken.insert((doctor, day, *cell))) {
                return (day, minute(cell));
            }
            day = day.plus(1).workday();
        }
    }
}

/// What every calendar has at least one of: a status, days from today, and whether it keeps to that very day.
const ALWAYS: [(&str, i64); 10] = [
    ("fulfilled", -21),
    ("noshow", -34),
    ("cancelled", -13),
    ("entered-in-error", -55),
    ("arrived", 0),
    ("checked-in", 0),
    ("booked", 3),
    ("pending", 6),
    ("proposed", 9),
    ("waitlist", 16),
];

/// Plans everyone's appointments, in order of time.
pub fn plan(seed: u64, people: &[Patient], today: Day) -> Vec<Meeting> {
    let mut random = Random::new(seed, 3);
    let mut book = Book { taken: HashSet::new() };
    let mut meetings = Vec::new();
    let alive: Vec<&Patient> = people.iter().filter(|person| person.died.is_none()).collect();
    for (index, (status, offset)) in ALWAYS.into_iter().enumerate() {
        // The patient to be shown has one of most; the visits of today are spread.
        let person = if index % 2 == 0 { &people[SHOWCASE] } else { alive[index % alive.len()] };
        meetings.push(meeting(&mut random, &mut book, person, status, today.plus(offset)));
    }
    for person in people {
        let born_days = i64::from(today.0 - person.birth.0);
        for _ in 0..random.between(3, 7) {
            let back = random.between(4, 364).min(born_days - 20);
            let status = match random.below(100) {
                0..80 => "fulfilled",
                80..87 => "noshow",
                87..98 => "cancelled",
                _ => "entered-in-error",
            };
            let day = today.plus(-back.max(1) - if person.index == DECEASED { 62 } else { 3 });
            meetings.push(meeting(&mut random, &mut book, person, status, day));
        }
        if person.died.is_some() {
            continue;
        }
        for _ in 0..random.between(1, 3) {
            let status = match random.below(100) {
                0..62 => "booked",
                62..76 => "pending",
                76..86 => "proposed",
                86..91 => "waitlist",
                _ => "cancelled",
            };
            let ahead = if random.chance(40) { random.between(1, 12) } else { random.between(13, 364) };
            meetings.push(meeting(&mut random, &mut book, person, status, today.plus(ahead)));
        }
    }
    meetings.sort_by_key(|meeting| (meeting.day, meeting.minute, meeting.doctor));
    meetings
}

fn meeting(random: &mut Random, book: &mut Book, person: &Patient, status: &'static str, day: Day) -> Meeting {
    let doctor = if random.chance(75) { person.doctors[0] } else { *random.pick(&person.doctors) };
    let (day, minute) = book.take(doctor, day, random.below(CELLS));
    let reason = reason(random, person, day);
    Meeting { id: random.id(), patient: person.index, doctor, day, minute, length: if random.chance(60) { 20 } else { 30 }, status, reason, slot: None }
}

fn reason(random: &mut Random, person: &Patient, day: Day) -> &'static Illness {
    let age = person.age(day);
    if !person.problems.is_empty() && random.chance(55) {
        return random.pick(&person.problems).illness;
    }
    let well = if age < 17 { &WELL_CHILD } else { &CHECKUP };
    let fitting: Vec<&'static Illness> = PASSING.iter().filter(|illness| (illness.ages.0..=illness.ages.1).contains(&age)).collect();
    if fitting.is_empty() || random.chance(30) { well } else { fitting[random.below(fitting.len())] }
}

/// An appointment as a resource.
pub fn appointment(meeting: &Meeting, person: &Patient, directory: &Directory, random: &mut Random) -> Value {
    let doctor: &Doctor = &directory.doctors[meeting.doctor];
    let place = &directory.places[doctor.place];
    let (patient_says, doctor_says) = match meeting.status {
        "proposed" | "pending" => ("accepted", "needs-action"),
        "waitlist" => ("tentative", "needs-action"),
        "cancelled" => ("declined", "accepted"),
        _ => ("accepted", "accepted"),
    };
    let (kind, kind_name) = match meeting.reason.share {
        0 => ("CHECKUP", "A routine check-up, such as an annual physical"),
        _ if meeting.reason.panels.is_empty() => ("WALKIN", "A previously unscheduled walk-in visit"),
        _ => ("FOLLOWUP", "A follow up visit from a previous appointment"),
    };
    let mut made = json!({
        "resourceType": "Appointment",
        "id": meeting.id,
        "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": ZONE }],
        "status": meeting.status,
        "serviceCategory": [concept(&hl7("service-category"), "17", "General Practice")],
        "specialty": [concept(NUCC, doctor.specialty.nucc, doctor.specialty.name)],
        "appointmentType": { "coding": [{ "system": hl7("v2-0276"), "code": kind, "display": kind_name }] },
        "reasonCode": [concept(SNOMED, meeting.reason.snomed.0, meeting.reason.snomed.1)],
        "description": meeting.reason.complaint.trim_end_matches('.'),
    });
    let timed = !(meeting.status == "waitlist" || meeting.status == "proposed" && meeting.minute % 60 == 0);
    if timed {
        made["start"] = json!(meeting.day.at(meeting.minute));
        made["end"] = json!(meeting.day.at(meeting.minute + meeting.length));
        made["minutesDuration"] = json!(meeting.length);
    }
    if let Some(slot) = meeting.slot.as_ref().filter(|_| timed) {
        made["slot"] = json!([reference("Slot", slot)]);
    }
    made["created"] = json!(meeting.day.plus(-random.between(2, 40)).at(600 + random.between(0, 300) as i32));
    if meeting.status == "cancelled" {
        let (code, name, comment) = *random.pick(&CANCELLED);
        made["cancelationReason"] = concept(&hl7("appointment-cancellation-reason"), code, name);
        made["comment"] = json!(comment);
    } else if random.chance(15) {
        made["comment"] = json!(random.pick(&["Interpreter requested.", "Prefers the afternoon.", "Comes with a relative."]));
    }
    if timed && meeting.reason.panels.contains(&"lipids") {
        made["patientInstruction"] = json!("Please come fasting: nothing but water after midnight. Take your usual medicines.");
    }
    made["participant"] = json!([
        { "actor": named("Patient", &person.id, &person.full_name()), "required": "required", "status": patient_says },
        {
            "type": [concept(&hl7("v3-ParticipationType"), "PPRF", "primary performer")],
            "actor": named("Practitioner", &doctor.id, &doctor.display),
            "required": "required",
            "status": doctor_says,
        },
        { "actor": named("Location", &place.0, place.1), "required": "required", "status": "accepted" },
    ]);
    if !timed {
        made["requestedPeriod"] = json!([{ "start": meeting.day.iso(), "end": meeting.day.plus(14).iso() }]);
    }
    made
}

/// Every doctor's calendar and the slots of the next five days of work; appointments in them learn their slot.
pub fn slots(seed: u64, meetings: &mut [Meeting], directory: &Directory, today: Day, out: &mut Vec<Value>) {
    let mut random = Random::new(seed, 4);
    let mut days = vec![today.workday()];
    while let Some(last) = days.last().filter(|_| days.len() < 5) {
        days.push(last.plus(1).workday());
    }
    for (index, doctor) in directory.doctors.iter().enumerate() {
        out.push(json!({
            "resourceType": "Schedule",
            "id": doctor.schedule,
            "active": true,
            "serviceCategory": [concept(&hl7("service-category"), "17", "General Practice")],
            "specialty": [concept(SNOMED, doctor.specialty.snomed.0, doctor.specialty.snomed.1)],
            "actor": [named("Practitioner", &doctor.id, &doctor.display), reference("PractitionerRole", &doctor.role)],
            "planningHorizon": { "start": today.plus(-365).iso(), "end": today.plus(365).iso() },
            "comment": "Half hours from Monday to Friday",
        }));
        for day in &days {
            for cell in 0..CELLS {
                let id = random.id();
                let taken = meetings.iter_mut().find(|meeting| (meeting.doctor, meeting.day, meeting.minute) == (index, *day, minute(cell)));
                let status = match taken {
                    Some(meeting) => {
                        meeting.slot = Some(id.clone());
                        match meeting.status {
                            "cancelled" | "waitlist" | "noshow" | "entered-in-error" => "free",
                            "proposed" | "pending" => "busy-tentative",
                            _ => "busy",
                        }
                    }
                    None if cell == CELLS - 1 => "busy-unavailable",
                    None => "free",
                };
                out.push(json!({
                    "resourceType": "Slot",
                    "id": id,
                    "specialty": [concept(SNOMED, doctor.specialty.snomed.0, doctor.specialty.snomed.1)],
                    "schedule": reference("Schedule", &doctor.schedule),
                    "status": status,
                    "start": day.at(minute(cell)),
                    "end": day.at(minute(cell) + 30),
                }));
            }
        }
    }
}
