//! Vital signs, of grown-ups and of children.

use serde_json::{Value, json};

use crate::chart::{Chart, Visit};
use crate::fhir::{LOINC, coding, decimal, hl7, quantity};

/// What a vital sign is: profile, LOINC code, display, unit, UCUM code.
pub type Sign = (&'static str, &'static str, &'static str, &'static str, &'static str);

pub const HEART_RATE: Sign = ("us-core-heart-rate", "8867-4", "Heart rate", "beats/minute", "/min");
pub const RESPIRATORY_RATE: Sign = ("us-core-respiratory-rate", "9279-1", "Respiratory rate", "breaths/minute", "/min");
pub const TEMPERATURE: Sign = ("us-core-body-temperature", "8310-5", "Body temperature", "°C", "Cel");
pub const HEIGHT: Sign = ("us-core-body-height", "8302-2", "Body height", "cm", "cm");
pub const WEIGHT: Sign = ("us-core-body-weight", "29463-7", "Body weight", "kg", "kg");
pub const BMI: Sign = ("us-core-bmi", "39156-5", "Body mass index (BMI) [Ratio]", "kg/m2", "kg/m2");
pub const HEAD: Sign = ("us-core-head-circumference", "9843-4", "Head Occipital-frontal circumference", "cm", "cm");
pub const HEAD_PERCENTILE: Sign = ("head-occipital-frontal-circumference-percentile", "8289-1", "Head Occipital-frontal circumference Percentile", "%", "%");
pub const BMI_PERCENTILE: Sign = ("pediatric-bmi-for-age", "59576-9", "Body mass index (BMI) [Percentile] Per age and sex", "%", "%");
pub const WEIGHT_PERCENTILE: Sign = ("pediatric-weight-for-height", "77606-2", "Weight-for-length Per age and sex", "%", "%");

/// All but blood pressure and oxygen saturation.
pub const SIGNS: [Sign; 10] = [HEART_RATE, RESPIRATORY_RATE, TEMPERATURE, HEIGHT, WEIGHT, BMI, HEAD, HEAD_PERCENTILE, BMI_PERCENTILE, WEIGHT_PERCENTILE];

const CATEGORY: (&str, &str) = ("vital-signs", "Vital Signs");

/// Measures a patient at a visit; gives what a note says of it.
pub fn measure(chart: &mut Chart<'_>, visit: &Visit) -> String {
    let age = chart.person.age(visit.day);
    let random = &mut chart.random;
    let fast = i64::from((12 - age).max(0)) * 5;
    let pulse = random.between(58, 92) + fast;
    let breaths = random.between(12, 18) + fast / 5;
    let temperature = random.between(362, 372);
    let saturation = random.between(95, 99);
    let raised = if chart.person.problems.iter().any(|problem| problem.illness.snomed.0 == "59621000") { 14 } else { 0 };
    let (systolic, diastolic) = if age < 12 {
        (88 + i64::from(age) * 2 + random.between(0, 8), 52 + i64::from(age) + random.between(0, 6))
    } else {
        (random.between(106, 134) + raised, random.between(62, 84) + raised / 2)
    };
    let weight = chart.person.weight * random.between(970, 1_020) / 1_000;
    let height = chart.person.height_mm;
    let mut told = format!("Temperature {} °C, pulse {pulse}, respirations {breaths}, ", decimal(temperature, 1));
    if age >= 3 {
        let parts = vec![part(("8480-6", "Systolic blood pressure"), systolic), part(("8462-4", "Diastolic blood pressure"), diastolic)];
        pressure(chart, visit, parts);
        told = format!("Blood pressure {systolic}/{diastolic}, {}", told.replacen('T', "t", 1));
    }
    sign(chart, visit, HEART_RATE, &decimal(pulse, 0));
    sign(chart, visit, RESPIRATORY_RATE, &decimal(breaths, 0));
    sign(chart, visit, TEMPERATURE, &decimal(temperature, 1));
    sign(chart, visit, WEIGHT, &decimal(weight, 1));
    sign(chart, visit, HEIGHT, &decimal(height, 1));
    if age >= 2 {
        let index = weight * 1_000_000 / (height * height).max(1);
        sign(chart, visit, BMI, &decimal(index, 1));
    }
    if chart.random.chance(60) {
        saturated(chart, visit, saturation, None);
        told.push_str(&format!("oxygen saturation {saturation} % on room air, "));
    }
    if age < 3 {
        infant(chart, visit);
    } else if age < 20 {
        let percent = chart.random.between(12, 88);
        sign(chart, visit, BMI_PERCENTILE, &decimal(percent, 0));
    }
    told.push_str(&format!("weight {} kg.", decimal(weight, 1)));
    told
}

/// Head and length of a small child.
pub fn infant(chart: &mut Chart<'_>, visit: &Visit) {
    let head = chart.random.between(430, 485);
    sign(chart, visit, HEAD, &decimal(head, 1));
    let percent = chart.random.between(15, 90);
    sign(chart, visit, HEAD_PERCENTILE, &decimal(percent, 0));
    let percent = chart.random.between(15, 90);
    sign(chart, visit, WEIGHT_PERCENTILE, &decimal(percent, 0));
}

/// A vital sign with its value.
pub fn sign(chart: &mut Chart<'_>, visit: &Visit, sign: Sign, value: &str) {
    let mut made = bare(chart, visit, sign);
    made["valueQuantity"] = quantity(value, sign.3, sign.4);
    chart.push(made);
}

/// A vital sign that could not be measured.
pub fn missing(chart: &mut Chart<'_>, visit: &Visit, sign: Sign) {
    let mut made = bare(chart, visit, sign);
    made["dataAbsentReason"] = absent();
    chart.push(made);
}

/// Why nothing was measured.
pub fn absent() -> Value {
    json!({ "coding": [coding(&hl7("data-absent-reason"), "not-performed", "Not Performed")], "text": "Not performed" })
}

fn bare(chart: &mut Chart<'_>, visit: &Visit, sign: Sign) -> Value {
    chart.observation(sign.0, CATEGORY, (LOINC, sign.1, sign.2), &visit.at(4), Some(visit))
}

/// One of the two pressures.
pub fn part(code: (&str, &str), value: i64) -> Value {
    json!({ "code": { "coding": [coding(LOINC, code.0, code.1)] }, "valueQuantity": quantity(&decimal(value, 0), "mmHg", "mm[Hg]") })
}

/// A blood pressure of its parts.
pub fn pressure(chart: &mut Chart<'_>, visit: &Visit, parts: Vec<Value>) {
    let code = (LOINC, "85354-9", "Blood pressure panel with all children optional");
    let mut made = chart.observation("us-core-blood-pressure", CATEGORY, code, &visit.at(4), Some(visit));
    if parts.iter().all(|part| part.get("valueQuantity").is_some()) {
        let (code, name) = *chart.random.pick(&[("368209003", "Right upper arm structure"), ("368208006", "Left upper arm structure")]);
        made["bodySite"] = crate::fhir::concept(crate::fhir::SNOMED, code, name);
    }
    made["component"] = Value::Array(parts);
    chart.push(made);
}

/// Oxygen saturation by pulse oximetry; with oxygen: liters a minute, and percent breathed in.
pub fn saturated(chart: &mut Chart<'_>, visit: &Visit, percent: i64, oxygen: Option<(i64, i64)>) {
    let made = oximetry(chart, visit);
    let mut made = made;
    made["valueQuantity"] = quantity(&decimal(percent, 0), "%", "%");
    if let Some((flow, concentration)) = oxygen {
        made["component"] = json!([
            { "code": { "coding": [coding(LOINC, "3151-8", "Inhaled oxygen flow rate")] }, "valueQuantity": quantity(&decimal(flow, 0), "L/min", "L/min") },
            { "code": { "coding": [coding(LOINC, "3150-0", "Inhaled oxygen concentration")] }, "valueQuantity": quantity(&decimal(concentration, 0), "%", "%") },
        ]);
    }
    chart.push(made);
}

/// An oxygen saturation without its value.
pub fn oximetry(chart: &mut Chart<'_>, visit: &Visit) -> Value {
    let code = (LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry");
    let mut made = chart.observation("us-core-pulse-oximetry", CATEGORY, code, &visit.at(5), Some(visit));
    made["code"] = json!({
        "coding": [coding(LOINC, code.1, code.2), coding(LOINC, "2708-6", "Oxygen saturation in Arterial blood")],
        "text": "Oxygen saturation",
    });
    made
}
