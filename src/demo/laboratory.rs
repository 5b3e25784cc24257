//! What the laboratory finds: panels with their results, ranges and reports.

use serde_json::{Value, json};

use crate::chart::{Chart, Visit, id_of};
use crate::fhir::{LOINC, SNOMED, base64, code, coding, concept, decimal, hl7, meta, named, quantity, reference};

/// A test with a number: LOINC code, display, unit, UCUM code, places, low (-1 for none), high, typical low and high.
type Test = (&'static str, &'static str, &'static str, &'static str, u32, i64, i64, i64, i64);

/// A panel: name, LOINC code, display, tests.
type Panel = (&'static str, &'static str, &'static str, &'static [Test]);

const PANELS: [Panel; 5] = [
    (
        "metabolic",
        "51990-0",
        "Basic metabolic panel - Blood",
        &[
            ("2345-7", "Glucose [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 0, 70, 99, 72, 112),
            ("3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 0, 7, 20, 7, 23),
            ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 2, 60, 130, 62, 142),
            ("17861-6", "Calcium [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 1, 86, 102, 86, 103),
            ("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", "mmol/L", 0, 136, 145, 134, 145),
            ("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", "mmol/L", 1, 35, 51, 34, 51),
            ("2075-0", "Chloride [Moles/volume] in Serum or Plasma", "mmol/L", "mmol/L", 0, 98, 107, 97, 107),
            ("2028-9", "Carbon dioxide, total [Moles/volume] in Serum or Plasma", "mmol/L", "mmol/L", 0, 22, 29, 21, 29),
        ],
    ),
    (
        "lipids",
        "24331-1",
        "Lipid 1996 panel - Serum or Plasma",
        &[
            ("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 0, -1, 200, 148, 246),
            ("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 0, -1, 150, 70, 210),
            ("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 0, 40, 90, 36, 76),
            ("13457-7", "Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation", "mg/dL", "mg/dL", 0, -1, 130, 68, 168),
        ],
    ),
    (
        "blood",
        "58410-2",
        "CBC panel - Blood by Automated count",
        &[
            ("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", "10*3/uL", 1, 45, 110, 42, 112),
            ("789-8", "Erythrocytes [#/volume] in Blood by Automated count", "10*6/uL", "10*6/uL", 2, 410, 550, 400, 550),
            ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", "g/dL", 1, 120, 170, 112, 168),
            ("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", "%", "%", 1, 360, 500, 350, 496),
            ("787-2", "MCV [Entitic volume] by Automated count", "fL", "fL", 0, 80, 100, 78, 101),
            ("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", "10*3/uL", 0, 150, 400, 146, 398),
        ],
    ),
    ("diabetes", "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", &[("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", "%", 1, -1, 57, 56, 88)]),
    (
        "thyroid",
        "3016-3",
        "Thyrotropin [Units/volume] in Serum or Plasma",
        &[("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "m[IU]/L", "m[IU]/L", 2, 40, 450, 60, 560)],
    ),
];

const CATEGORY: (&str, &str) = ("laboratory", "Laboratory");

/// Draws what a panel asks for at a visit, and reports it.
pub fn panel(chart: &mut Chart<'_>, visit: &Visit, name: &str) {
    match (name, PANELS.iter().find(|panel| panel.0 == name)) {
        (_, Some(panel)) => numbers(chart, visit, panel),
        ("urine", None) => urine(chart, visit),
        (_, None) => throat(chart, visit, name == "strep"),
    }
}

fn numbers(chart: &mut Chart<'_>, visit: &Visit, panel: &Panel) {
    let specimen = specimen(chart, visit, ("119297000", "Blood specimen"), Some(("BLD", "Whole blood")));
    let mut results = Vec::new();
    let mut lines = vec![panel.2.to_owned(), String::new()];
    for test in panel.3 {
        let (loinc, display, unit, ucum, places, low, high, from, to) = *test;
        let value = chart.random.between(from, to);
        let mut made = result(chart, visit, (loinc, display), &specimen);
        made["valueQuantity"] = quantity(&decimal(value, places), unit, ucum);
        let (flag, flag_name) = if value > high {
            ("H", "High")
        } else if value < low {
            ("L", "Low")
        } else {
            ("N", "Normal")
        };
        made["interpretation"] = json!([interpretation(flag, flag_name)]);
        let mut range = json!({});
        if low >= 0 {
            range["low"] = quantity(&decimal(low, places), unit, ucum);
        }
        range["high"] = quantity(&decimal(high, places), unit, ucum);
        range["text"] = json!(if low >= 0 {
            format!("{}–{} {unit}", decimal(low, places), decimal(high, places))
        } else {
            format!("below {} {unit}", decimal(high, places))
        });
        made["referenceRange"] = json!([range]);
        lines.push(format!("{display}: {} {unit} ({flag})", decimal(value, places)));
        results.push(reference("Observation", id_of(&made)));
        chart.push(made);
    }
    report(chart, visit, (panel.1, panel.2), results, lines, &specimen);
}

fn urine(chart: &mut Chart<'_>, visit: &Visit) {
    let specimen = specimen(chart, visit, ("122575003", "Urine specimen"), Some(("UR", "Urine")));
    let mut color = result(chart, visit, ("5778-6", "Color of Urine"), &specimen);
    color["valueString"] = json!(*chart.random.pick(&["Yellow", "Pale yellow", "Amber"]));
    let mut nitrite = result(chart, visit, ("5802-4", "Nitrite [Presence] in Urine by Test strip"), &specimen);
    let positive = chart.random.chance(60);
    nitrite["valueCodeableConcept"] = presence(positive);
    nitrite["interpretation"] = json!([if positive { interpretation("A", "Abnormal") } else { interpretation("N", "Normal") }]);
    let results = vec![reference("Observation", id_of(&color)), reference("Observation", id_of(&nitrite))];
    let lines =
        vec![format!("Color: {}", color["valueString"].as_str().unwrap_or_default()), format!("Nitrite: {}", if positive { "positive" } else { "negative" })];
    chart.push(color);
    chart.push(nitrite);
    report(chart, visit, ("24357-6", "Urinalysis macro (dipstick) panel - Urine"), results, lines, &specimen);
}

fn throat(chart: &mut Chart<'_>, visit: &Visit, positive: bool) {
    let specimen = specimen(chart, visit, ("258529004", "Throat swab"), None);
    let test = ("78012-2", "Streptococcus pyogenes Ag [Presence] in Throat by Rapid immunoassay");
    let mut made = result(chart, visit, test, &specimen);
    made["valueCodeableConcept"] = presence(positive);
    let results = vec![reference("Observation", id_of(&made))];
    chart.push(made);
    report(chart, visit, test, results, vec![format!("Group A streptococcus antigen: {}", if positive { "positive" } else { "negative" })], &specimen);
}

/// A laboratory result without its value.
pub fn result(chart: &mut Chart<'_>, visit: &Visit, test: (&str, &str), specimen: &str) -> Value {
    let mut made = chart.observation("us-core-observation-lab", CATEGORY, (LOINC, test.0, test.1), &visit.at(15), Some(visit));
    made["issued"] = json!(visit.at(240));
    made["performer"] = json!([named("Organization", &chart.directory.laboratory, "Four Lakes Clinical Laboratory")]);
    made["specimen"] = reference("Specimen", specimen);
    made
}

fn presence(positive: bool) -> Value {
    if positive { concept(SNOMED, "10828004", "Positive") } else { concept(SNOMED, "260385009", "Negative") }
}

fn interpretation(flag: &str, name: &str) -> Value {
    code(&hl7("v3-ObservationInterpretation"), flag, name)
}

fn specimen(chart: &mut Chart<'_>, visit: &Visit, kind: (&str, &str), short: Option<(&str, &str)>) -> String {
    let id = chart.random.id();
    let number = chart.random.digits(5);
    let mut codings = vec![coding(SNOMED, kind.0, kind.1)];
    codings.extend(short.map(|(code, name)| coding(&hl7("v2-0487"), code, name)));
    let made = json!({
        "resourceType": "Specimen",
        "id": id,
        "meta": meta("us-core-specimen"),
        "accessionIdentifier": { "system": "https://fourlakeslab.example.org/accession", "value": format!("{}-{number}", visit.day.iso().replace('-', "")) },
        "status": "available",
        "type": { "coding": codings, "text": kind.1 },
        "subject": chart.subject(),
        "collection": { "collectedDateTime": visit.at(15) },
    });
    chart.push(made);
    id
}

fn report(chart: &mut Chart<'_>, visit: &Visit, panel: (&str, &str), results: Vec<Value>, lines: Vec<String>, specimen: &str) {
    let id = chart.random.id();
    let text = format!("FOUR LAKES CLINICAL LABORATORY\n{}\n\n{}\n", visit.day.iso(), lines.join("\n"));
    let made = json!({
        "resourceType": "DiagnosticReport",
        "id": id,
        "meta": meta("us-core-diagnosticreport-lab"),
        "identifier": [{ "system": "https://fourlakeslab.example.org/reports", "value": format!("R{}", chart.random.digits(8)) }],
        "status": "final",
        "category": [concept(&hl7("v2-0074"), "LAB", "Laboratory")],
        "code": concept(LOINC, panel.0, panel.1),
        "subject": chart.subject(),
        "encounter": reference("Encounter", &visit.id),
        "effectiveDateTime": visit.at(15),
        "issued": visit.at(240),
        "performer": [named("Organization", &chart.directory.laboratory, "Four Lakes Clinical Laboratory")],
        "resultsInterpreter": [chart.by(visit.doctor)],
        "specimen": [reference("Specimen", specimen)],
        "result": results,
        "presentedForm": [{ "contentType": "text/plain", "language": "en-US", "data": base64(text.as_bytes()), "title": panel.1, "creation": visit.at(240) }],
    });
    chart.push(made);
}
