-- What the notes say: one row a mention of a condition, symptom, finding, medication or allergy, read from the text of a note.
-- What was said in words is sealed; codes, places in the text and what is said about the mention are not.

-- The law of this table, kept by its checks whoever writes: the concept stands as a value (`value_…`) only where the note affirms it
-- for this patient, or under LOINC 111551-8 where a symptom is said to be absent. In every other case the concept is what is asked
-- about (`code_…`), and the value is "absent" (SNOMED CT 2667000) or nothing.
CREATE TABLE findings (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    -- Where it was read: the note, its version, which of its attachments (the place in `content`, from 0), the Binary that holds the
    -- attachment where it does not stand in the note, the place in the text.
    -- Findings go with their note and its text in the same statement, whoever deletes it: the triggers of history follow what cascades.
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    note_version INTEGER NOT NULL CHECK (note_version >= 1),
    part INTEGER NOT NULL DEFAULT 0 CHECK (part >= 0),
    binary_id INTEGER REFERENCES binaries (id) ON DELETE CASCADE,
    char_offset INTEGER NOT NULL CHECK (char_offset >= 0),          -- Unicode code points
    char_length INTEGER NOT NULL CHECK (char_length >= 1),
    byte_start INTEGER NOT NULL CHECK (byte_start >= char_offset),  -- bytes as stored
    byte_end INTEGER NOT NULL CHECK (byte_end - byte_start >= char_length),
    patient_id INTEGER NOT NULL REFERENCES patients (id),
    visit_id INTEGER REFERENCES visits (id),
    noted_at TEXT CHECK (noted_at GLOB '[0-9][0-9][0-9][0-9]*'),
    -- What it is.
    category TEXT NOT NULL CHECK (category IN ('disease', 'symptom', 'finding', 'medication', 'allergy')),
    negated INTEGER CHECK (negated = 1),
    uncertain INTEGER CHECK (uncertain = 1),
    historical INTEGER CHECK (historical = 1),
    hypothetical INTEGER CHECK (hypothetical = 1),
    resolved INTEGER CHECK (resolved = 1),
    experiencer TEXT CHECK (experiencer IN ('family', 'other')),    -- NULL: the patient
    section TEXT NOT NULL CHECK (section IN ('complaint', 'hpi', 'history', 'family', 'ros', 'exam', 'results', 'medications',
        'allergies', 'assessment', 'plan', 'other')),
    matched TEXT NOT NULL CHECK (matched GLOB 'hg1.*'),
    severity TEXT CHECK (severity GLOB 'hg1.*'),
    body_site TEXT CHECK (body_site GLOB 'hg1.*'),
    question TEXT CHECK (question IN ('29308-4', '75325-1', '111551-8', '29545-1', '10160-0', '48765-2')),  -- LOINC
    code_snomed TEXT, code_icd10cm TEXT, code_rxnorm TEXT, code_mesh TEXT,
    code_text TEXT NOT NULL CHECK (code_text GLOB 'hg1.*'),
    value_snomed TEXT, value_icd10cm TEXT, value_rxnorm TEXT, value_mesh TEXT,
    value_text TEXT CHECK (value_text GLOB 'hg1.*'),
    -- Why, how sure, and by what.
    confidence TEXT NOT NULL CHECK (confidence GLOB '[01]*' AND CAST(confidence AS REAL) BETWEEN 0 AND 1),
    rule TEXT NOT NULL CHECK (length(rule) BETWEEN 1 AND 64),
    cue TEXT CHECK (cue GLOB 'hg1.*'),
    device_id INTEGER NOT NULL REFERENCES devices (id),
    extracted_at TEXT NOT NULL CHECK (extracted_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*'),
    label_code TEXT NOT NULL DEFAULT 'AIAST' CHECK (label_code = 'AIAST'),
    -- A doctor's judgement. One that is in error and judged by nobody was withdrawn, because the note says so no more.
    status TEXT NOT NULL DEFAULT 'preliminary' CHECK (status IN ('preliminary', 'final', 'entered-in-error')),
    judged_by TEXT CHECK (judged_by GLOB 'Practitioner/?*'),
    judged_at TEXT CHECK (judged_at GLOB '[0-9][0-9][0-9][0-9]*'),
    CHECK ((judged_by IS NULL) = (judged_at IS NULL)),
    CHECK (CASE status WHEN 'preliminary' THEN judged_by IS NULL WHEN 'final' THEN judged_by IS NOT NULL ELSE 1 END),
    -- The concept is the value.
    CHECK (question IS NULL OR (value_text IS NOT NULL AND coalesce(code_snomed, code_icd10cm, code_rxnorm, code_mesh) IS NULL)),
    CHECK (question IS NULL OR question = '111551-8'
        OR (coalesce(negated, uncertain, historical, hypothetical, resolved) IS NULL AND experiencer IS NULL)),
    CHECK (question IS NOT '111551-8' OR (category = 'symptom' AND negated IS 1 AND experiencer IS NULL)),
    CHECK (question IS NULL OR question = CASE category WHEN 'disease' THEN '29308-4' WHEN 'finding' THEN '29545-1'
        WHEN 'medication' THEN '10160-0' WHEN 'allergy' THEN '48765-2' ELSE iif(negated IS 1, '111551-8', '75325-1') END),
    -- The concept is what is asked about.
    CHECK (question IS NOT NULL OR (coalesce(value_icd10cm, value_rxnorm, value_mesh, value_text) IS NULL
        AND value_snomed IS iif(negated IS 1, '2667000', NULL))),
    -- Only what is affirmed can be accepted.
    CHECK (status <> 'final' OR (question IN ('29308-4', '75325-1', '29545-1')))
) STRICT;
CREATE INDEX findings__note_id_byte_start ON findings (note_id, byte_start);
CREATE INDEX findings__patient_id ON findings (patient_id);
CREATE INDEX findings__visit_id ON findings (visit_id) WHERE visit_id IS NOT NULL;
CREATE INDEX findings__device_id ON findings (device_id);
CREATE INDEX findings__binary_id ON findings (binary_id) WHERE binary_id IS NOT NULL;

-- A note of another patient says nothing of this one.
CREATE TRIGGER findings_stay_with_their_patient AFTER UPDATE OF patient_id ON notes
WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    DELETE FROM findings WHERE note_id = NEW.id;
END;

CREATE TRIGGER findings_stay_with_their_patient_as_texts_do AFTER UPDATE OF patient_id ON binaries
WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    DELETE FROM findings WHERE binary_id = NEW.id;
END;

-- Nor does a row that replaces another's.
CREATE TRIGGER findings_of_a_replaced_note AFTER INSERT ON notes
BEGIN
    DELETE FROM findings WHERE note_id = NEW.id AND patient_id IS NOT NEW.patient_id;
END;

-- A note in error says nothing: its findings go, and those that a doctor accepted are marked, because diagnoses rest on them.
CREATE TRIGGER findings_of_a_note_in_error AFTER UPDATE OF status ON notes
WHEN NEW.status = 'entered-in-error' AND OLD.status <> 'entered-in-error'
BEGIN
    DELETE FROM findings WHERE note_id = NEW.id AND (status = 'preliminary' OR (status = 'entered-in-error' AND judged_by IS NOT NULL));
    UPDATE findings SET status = 'entered-in-error', judged_by = NULL, judged_at = NULL WHERE note_id = NEW.id AND status = 'final';
END;

-- Where a program that has no keys types its notes: within a second the gateway makes each row a sealed note and takes the row away,
-- its bytes overwritten. `public_id` names the note that it replaces, or that it is to be. One that cannot be taken says why.
CREATE TABLE note_intake (
    id INTEGER PRIMARY KEY,
    public_id TEXT CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    patient_id INTEGER NOT NULL REFERENCES patients (id),
    visit_id INTEGER REFERENCES visits (id),
    doctor_id INTEGER REFERENCES doctors (id),
    written_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')) CHECK (
        written_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*'
        AND (written_at GLOB '*Z' OR written_at GLOB '*[+-][0-1][0-9]:[0-5][0-9]')),
    type_code TEXT NOT NULL DEFAULT '11506-3' CHECK (type_code GLOB '[0-9]*-[0-9]'),  -- LOINC
    title TEXT,
    body TEXT NOT NULL,
    refused TEXT
) STRICT;
CREATE INDEX note_intake__patient_id ON note_intake (patient_id);
CREATE INDEX note_intake__visit_id ON note_intake (visit_id) WHERE visit_id IS NOT NULL;
CREATE INDEX note_intake__doctor_id ON note_intake (doctor_id) WHERE doctor_id IS NOT NULL;

-- Findings are records of care, too.
DROP VIEW patient_of_record;
CREATE VIEW patient_of_record AS
SELECT 'Encounter' AS type, public_id, patient_id FROM visits
UNION ALL
SELECT 'Condition' AS type, public_id, patient_id FROM diagnoses
UNION ALL
SELECT 'MedicationRequest' AS type, public_id, patient_id FROM prescriptions
UNION ALL
SELECT 'DocumentReference' AS type, public_id, patient_id FROM notes
UNION ALL
SELECT 'Procedure' AS type, public_id, patient_id FROM procedures
UNION ALL
SELECT 'Immunization' AS type, public_id, patient_id FROM immunizations
UNION ALL
SELECT 'AllergyIntolerance' AS type, public_id, patient_id FROM allergies
UNION ALL
SELECT 'Observation' AS type, public_id, patient_id FROM vitals
UNION ALL
SELECT 'Observation' AS type, public_id, patient_id FROM lab_results
UNION ALL
SELECT 'Observation' AS type, public_id, patient_id FROM observations
UNION ALL
SELECT 'Observation' AS type, public_id, patient_id FROM findings
UNION ALL
SELECT 'DiagnosticReport' AS type, public_id, patient_id FROM reports
UNION ALL
SELECT 'Binary' AS type, public_id, patient_id FROM binaries
UNION ALL
SELECT 'Appointment' AS type, public_id, patient_id FROM appointments
UNION ALL
SELECT 'CarePlan' AS type, public_id, patient_id FROM treatment_plans
UNION ALL
SELECT 'CareTeam' AS type, public_id, patient_id FROM care_teams
UNION ALL
SELECT 'Device' AS type, public_id, patient_id FROM devices;
