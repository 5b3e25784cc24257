//! What the patients come with, and what their doctors write and do about it. All prose is the project's own.
//!
//! In the texts `{they}`, `{their}`, `{them}` and `{name}` stand for the patient, and a capital for a capital.

/// A medication that can be prescribed.
pub struct Drug {
    pub rxnorm: &'static str,
    pub name: &'static str,
    /// What the label says.
    pub sig: &'static str,
    /// How much at once: number, unit, UCUM code.
    pub dose: (&'static str, &'static str, &'static str),
    /// So many times in so many days.
    pub times: i64,
    /// How many are handed out at once.
    pub quantity: i64,
    /// How long they last in days; 0 for as needed.
    pub days: i64,
    /// How often the prescription may be filled again.
    pub repeats: i64,
}

/// An illness, its codes, its story.
pub struct Illness {
    pub snomed: (&'static str, &'static str),
    pub icd10: (&'static str, &'static str),
    /// From which age on, and up to which.
    pub ages: (i32, i32),
    /// In how many of a hundred people of that age.
    pub share: u64,
    pub drug: Option<&'static Drug>,
    /// The panels ordered when it is followed up.
    pub panels: &'static [&'static str],
    pub complaint: &'static str,
    pub story: &'static [&'static str],
    /// What the patient says is not there.
    pub denies: &'static str,
    pub exam: &'static str,
    pub assessment: &'static str,
    /// What is not sure.
    pub unsure: &'static str,
    pub plan: &'static [&'static str],
}

const TABLET: (&str, &str, &str) = ("1", "tablet", "{tbl}");
const CAPSULE: (&str, &str, &str) = ("1", "capsule", "{capsule}");

macro_rules! drugs {
    ($($id:ident = $rxnorm:literal $name:literal, $sig:literal, $dose:expr, $times:literal / day, $quantity:literal for $days:literal, $repeats:literal;)*) => {
        $(pub static $id: Drug = Drug { rxnorm: $rxnorm, name: $name, sig: $sig, dose: $dose, times: $times, quantity: $quantity, days: $days, repeats: $repeats };)*
    };
}

drugs! {
    LISINOPRIL = "314076" "lisinopril 10 MG Oral Tablet", "Take one tablet by mouth once a day in the morning", TABLET, 1 / day, 90 for 90, 3;
    METFORMIN = "860975" "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet", "Take one tablet by mouth twice a day with meals", TABLET, 2 / day, 180 for 90, 3;
    SIMVASTATIN = "312961" "simvastatin 20 MG Oral Tablet", "Take one tablet by mouth every evening", TABLET, 1 / day, 90 for 90, 3;
    ALBUTEROL = "745679" "200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler", "Inhale two puffs every four to six hours as needed for wheezing", ("2", "puff", "{puff}"), 4 / day, 1 for 0, 2;
    NAPROXEN = "849574" "naproxen sodium 220 MG Oral Tablet", "Take one tablet by mouth twice a day with food as needed for pain", TABLET, 2 / day, 60 for 30, 1;
    SERTRALINE = "312941" "sertraline 50 MG Oral Tablet", "Take one tablet by mouth once a day", TABLET, 1 / day, 30 for 30, 5;
    LEVOTHYROXINE = "892246" "levothyroxine sodium 0.1 MG Oral Tablet", "Take one tablet by mouth once a day on an empty stomach", TABLET, 1 / day, 90 for 90, 3;
    OMEPRAZOLE = "198051" "omeprazole 20 MG Delayed Release Oral Capsule", "Take one capsule by mouth once a day before breakfast", CAPSULE, 1 / day, 30 for 30, 2;
    FEXOFENADINE = "997488" "fexofenadine hydrochloride 30 MG Oral Tablet", "Take one tablet by mouth twice a day during the pollen season", TABLET, 2 / day, 60 for 30, 2;
    METOPROLOL = "866412" "24 HR metoprolol succinate 100 MG Extended Release Oral Tablet", "Take one tablet by mouth once a day", TABLET, 1 / day, 90 for 90, 3;
    IRON = "310325" "ferrous sulfate 325 MG Oral Tablet", "Take one tablet by mouth once a day with orange juice", TABLET, 1 / day, 90 for 90, 1;
    ALENDRONATE = "904419" "alendronic acid 10 MG Oral Tablet", "Take one tablet by mouth in the morning with a full glass of water and stay upright", TABLET, 1 / day, 90 for 90, 3;
    NITROFURANTOIN = "311995" "nitrofurantoin, macrocrystals 50 MG Oral Capsule", "Take one capsule by mouth four times a day for five days", CAPSULE, 4 / day, 20 for 5, 0;
    PENICILLIN = "834102" "penicillin V potassium 500 MG Oral Tablet", "Take one tablet by mouth twice a day for ten days", TABLET, 2 / day, 20 for 10, 0;
    AMOXICILLIN = "308192" "amoxicillin 500 MG Oral Tablet", "Take one tablet by mouth three times a day for seven days", TABLET, 3 / day, 21 for 7, 0;
    IBUPROFEN = "310965" "ibuprofen 200 MG Oral Tablet", "Take two tablets by mouth every eight hours as needed for pain", ("2", "tablet", "{tbl}"), 3 / day, 60 for 10, 0;
    ACETAMINOPHEN = "313782" "acetaminophen 325 MG Oral Tablet", "Take two tablets by mouth every six hours as needed for fever", ("2", "tablet", "{tbl}"), 4 / day, 40 for 5, 0;
}

/// Those that stay; they stand on the problem list.
pub static LASTING: [Illness; 11] = [
    Illness {
        snomed: ("59621000", "Essential hypertension"),
        icd10: ("I10", "Essential (primary) hypertension"),
        ages: (38, 120),
        share: 42,
        drug: Some(&LISINOPRIL),
        panels: &["metabolic"],
        complaint: "Blood pressure check.",
        story: &[
            "Home readings over the last month run between 128/78 and 146/90.",
            "{They} takes lisinopril every morning and has missed perhaps one dose a week.",
            "{They} walks most days and is trying to eat less salt.",
        ],
        denies: "headache, chest pain, blurred vision or ankle swelling",
        exam: "Regular rhythm, no murmur. Lungs clear. No edema.",
        assessment: "Essential hypertension, reasonably controlled.",
        unsure: "White coat effect is possible.",
        plan: &["Continue lisinopril.", "Basic metabolic panel today.", "Bring the home readings to the next visit in six months."],
    },
    Illness {
        snomed: ("44054006", "Diabetes mellitus type 2"),
        icd10: ("E11.9", "Type 2 diabetes mellitus without complications"),
        ages: (40, 120),
        share: 24,
        drug: Some(&METFORMIN),
        panels: &["diabetes", "metabolic"],
        complaint: "Diabetes follow-up.",
        story: &[
            "Fasting sugars at home are mostly between 110 and 150.",
            "{They} tolerates metformin since changing to the extended release form; the nausea {they} had at first is gone.",
            "{Their} last eye examination was eleven months ago and showed no retinopathy.",
        ],
        denies: "polyuria, weight loss, numbness of the feet or hypoglycemia",
        exam: "Feet without ulcers, monofilament felt at all points, pulses palpable.",
        assessment: "Type 2 diabetes mellitus, on metformin.",
        unsure: "Early nephropathy cannot be excluded until the urine albumin is back.",
        plan: &[
            "Hemoglobin A1c and metabolic panel today.",
            "Continue metformin.",
            "Refer for the yearly eye examination.",
            "If the A1c is above 8, add a second agent.",
        ],
    },
    Illness {
        snomed: ("55822004", "Hyperlipidemia"),
        icd10: ("E78.5", "Hyperlipidemia, unspecified"),
        ages: (35, 120),
        share: 34,
        drug: Some(&SIMVASTATIN),
        panels: &["lipids"],
        complaint: "Review of cholesterol.",
        story: &["{They} has taken simvastatin for two years.", "{Their} diet is mixed; {they} has cut down on cheese."],
        denies: "muscle pain, weakness or dark urine",
        exam: "No xanthelasma. Heart sounds normal, no carotid bruit.",
        assessment: "Hyperlipidemia.",
        unsure: "Familial hypercholesterolemia is unlikely at these values.",
        plan: &["Lipid panel today.", "Continue simvastatin.", "Dietary advice given."],
    },
    Illness {
        snomed: ("195967001", "Asthma"),
        icd10: ("J45.909", "Unspecified asthma, uncomplicated"),
        ages: (5, 120),
        share: 13,
        drug: Some(&ALBUTEROL),
        panels: &[],
        complaint: "Wheezing at night.",
        story: &[
            "{They} has used the inhaler on three days of the last week, twice at night.",
            "It is worse since the furnace was turned on; there is a new cat in the house.",
            "{They} was never admitted for asthma.",
        ],
        denies: "fever, productive cough or hemoptysis",
        exam: "Scattered expiratory wheezes over both lungs, no use of accessory muscles. Oxygen saturation as recorded.",
        assessment: "Asthma, not well controlled.",
        unsure: "Allergy to animal dander is suspected.",
        plan: &[
            "Inhaler technique shown and repeated back.",
            "Albuterol as needed; come back if it is needed daily.",
            "Consider an inhaled steroid at the next visit.",
            "Go to the emergency department for breathlessness at rest.",
        ],
    },
    Illness {
        snomed: ("239873007", "Osteoarthritis of knee"),
        icd10: ("M17.9", "Osteoarthritis of knee, unspecified"),
        ages: (52, 120),
        share: 28,
        drug: Some(&NAPROXEN),
        panels: &[],
        complaint: "Knee pain.",
        story: &[
            "The right knee hurts on stairs and after sitting for long.",
            "Stiffness in the morning lasts about ten minutes.",
            "Naproxen helps on bad days.",
        ],
        denies: "locking, giving way, redness or fever",
        exam: "Right knee with crepitus and mild effusion, full extension, no warmth. Ligaments stable.",
        assessment: "Osteoarthritis of the right knee.",
        unsure: "A meniscal tear is less likely.",
        plan: &["Naproxen with food, as little as helps.", "Referral to physical therapy.", "If it locks or swells, an X-ray."],
    },
    Illness {
        snomed: ("370143000", "Major depressive disorder"),
        icd10: ("F32.9", "Major depressive disorder, single episode, unspecified"),
        ages: (16, 90),
        share: 14,
        drug: Some(&SERTRALINE),
        panels: &[],
        complaint: "Low mood, follow-up.",
        story: &[
            "{They} sleeps better since the dose was raised six weeks ago and has gone back to work part-time.",
            "{They} still has little energy in the mornings.",
            "{Their} mother had depression.",
        ],
        denies: "suicidal thoughts, hallucinations or panic attacks",
        exam: "Well kept, makes eye contact. Speech normal. Affect somewhat flat but reactive.",
        assessment: "Major depressive disorder, improving on sertraline.",
        unsure: "Hypothyroidism has been considered and will be tested.",
        plan: &["Continue sertraline.", "Continue counseling every two weeks.", "Crisis line number given again."],
    },
    Illness {
        snomed: ("40930008", "Hypothyroidism"),
        icd10: ("E03.9", "Hypothyroidism, unspecified"),
        ages: (28, 120),
        share: 12,
        drug: Some(&LEVOTHYROXINE),
        panels: &["thyroid"],
        complaint: "Thyroid check.",
        story: &["{They} feels well on levothyroxine.", "Some fatigue in winter, no more than in other years."],
        denies: "palpitations, cold intolerance, constipation or hair loss",
        exam: "Thyroid not enlarged, no nodules. Reflexes brisk.",
        assessment: "Hypothyroidism, clinically euthyroid.",
        unsure: "Anemia may contribute to the fatigue.",
        plan: &["TSH today.", "Continue levothyroxine on an empty stomach."],
    },
    Illness {
        snomed: ("235595009", "Gastroesophageal reflux disease"),
        icd10: ("K21.9", "Gastro-esophageal reflux disease without esophagitis"),
        ages: (25, 120),
        share: 18,
        drug: Some(&OMEPRAZOLE),
        panels: &[],
        complaint: "Heartburn.",
        story: &[
            "Burning behind the breastbone three evenings a week, worse after large meals.",
            "Omeprazole relieves it within two days, and it comes back when {they} stops.",
        ],
        denies: "dysphagia, weight loss, vomiting or black stools",
        exam: "Abdomen soft, slight epigastric tenderness, no guarding.",
        assessment: "Gastroesophageal reflux disease.",
        unsure: "Peptic ulcer cannot be ruled out but is unlikely.",
        plan: &["Omeprazole for eight weeks, then try without.", "Raise the head of the bed.", "Endoscopy if swallowing becomes difficult."],
    },
    Illness {
        snomed: ("367498001", "Seasonal allergic rhinitis"),
        icd10: ("J30.2", "Other seasonal allergic rhinitis"),
        ages: (6, 70),
        share: 22,
        drug: Some(&FEXOFENADINE),
        panels: &[],
        complaint: "Runny nose and itching eyes.",
        story: &["Every spring since childhood, this year since the birches flower.", "Fexofenadine makes it bearable."],
        denies: "fever, facial pain, wheezing or shortness of breath",
        exam: "Pale swollen nasal mucosa. Conjunctivae slightly red. Lungs clear.",
        assessment: "Seasonal allergic rhinitis.",
        unsure: "Possible asthma in the family; no sign of it here.",
        plan: &["Fexofenadine through the season.", "Saline rinses.", "Consider allergy testing if symptoms persist in summer."],
    },
    Illness {
        snomed: ("49436004", "Atrial fibrillation"),
        icd10: ("I48.91", "Unspecified atrial fibrillation"),
        ages: (62, 120),
        share: 18,
        drug: Some(&METOPROLOL),
        panels: &["metabolic"],
        complaint: "Follow-up of irregular heartbeat.",
        story: &[
            "{They} notices the irregular beat rarely now, mostly after coffee.",
            "{They} had a transient ischemic attack four years ago without lasting weakness.",
        ],
        denies: "syncope, chest pain, bleeding or leg swelling",
        exam: "Irregularly irregular pulse, rate controlled. No murmur. No edema.",
        assessment: "Atrial fibrillation, rate controlled on metoprolol.",
        unsure: "Sleep apnea may contribute and should be looked for.",
        plan: &["Continue metoprolol.", "Continue anticoagulation under cardiology.", "Electrocardiogram at the next visit."],
    },
    Illness {
        snomed: ("64859006", "Osteoporosis"),
        icd10: ("M81.0", "Age-related osteoporosis without current pathological fracture"),
        ages: (66, 120),
        share: 24,
        drug: Some(&ALENDRONATE),
        panels: &[],
        complaint: "Bone density follow-up.",
        story: &["{They} takes alendronate correctly and has no trouble swallowing it.", "{They} broke a wrist twelve years ago."],
        denies: "falls in the last year, back pain or loss of height",
        exam: "Slight kyphosis, no tenderness over the spine. Gait steady.",
        assessment: "Osteoporosis, no new fracture.",
        unsure: "Vitamin D deficiency is possible in winter.",
        plan: &["Continue alendronate.", "Calcium and vitamin D from food.", "Bone density again next year."],
    },
];
