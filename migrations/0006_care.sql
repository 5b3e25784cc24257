-- Care: who looks after whom, the teams, the plans, what is implanted, where records came from, what patients allow and what people are told.
-- Free text about a patient is sealed.

-- Which doctor has which patient in care: what every doctor's access rests on, read from both sides.
-- A relation that ended stays, with active = 0, because a record of access must be explicable later.
CREATE TABLE care_relations (
    id         INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patients (id),
    doctor_id  INTEGER NOT NULL REFERENCES doctors (id),
    kind       TEXT NOT NULL DEFAULT 'treating' CHECK (kind IN ('primary', 'treating', 'consulting', 'covering')),
    since      TEXT CHECK (since GLOB '[0-9][0-9][0-9][0-9]*'),
    until      TEXT CHECK (until GLOB '[0-9][0-9][0-9][0-9]*'),
    active     INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1))
) STRICT;
CREATE INDEX care_relations__doctor_id_patient_id ON care_relations (doctor_id, patient_id, active);
CREATE UNIQUE INDEX care_relations__patient_id_doctor_id_kind ON care_relations (patient_id, doctor_id, kind) WHERE active = 1;
CREATE INDEX care_relations__patient_id ON care_relations (patient_id, active, doctor_id);

-- A team around a patient, as others or the clinic name it.
CREATE TABLE care_teams (
    id                INTEGER PRIMARY KEY,
    public_id         TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                      CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles          TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-careteam"]' CHECK (profiles GLOB '[[]*]'),
    status            TEXT CHECK (status IN ('proposed', 'active', 'suspended', 'inactive', 'entered-in-error')),
    name              TEXT,
    patient_id        INTEGER REFERENCES patients (id),
    patient_display   TEXT,
    encounter_id      INTEGER REFERENCES visits (id),
    encounter_display TEXT,
    period_start      TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end        TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX care_teams__patient_id ON care_teams (patient_id);
CREATE INDEX care_teams__encounter_id ON care_teams (encounter_id);

-- Numbers by which a team is known; sealed.
CREATE TABLE care_team_identifiers (
    id               INTEGER PRIMARY KEY,
    team_id          INTEGER NOT NULL REFERENCES care_teams (id) ON DELETE CASCADE,
    position         INTEGER NOT NULL DEFAULT 0,
    use              TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system      TEXT,
    type_code        TEXT,
    type_display     TEXT,
    type_text        TEXT,
    system           TEXT,
    value            TEXT CHECK (value GLOB 'hg1.*'),
    period_start     TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end       TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    assigner_display TEXT
) STRICT;
CREATE INDEX care_team_identifiers__team_id_position ON care_team_identifiers (team_id, position);

-- What kind of team it is.
CREATE TABLE care_team_categories (
    id       INTEGER PRIMARY KEY,
    team_id  INTEGER NOT NULL REFERENCES care_teams (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system   TEXT,
    code     TEXT,
    display  TEXT,
    text     TEXT
) STRICT;
CREATE INDEX care_team_categories__team_id_position ON care_team_categories (team_id, position);

-- Who is in a team: doctors, organisations, relatives, the patient.
CREATE TABLE care_team_members (
    id                   INTEGER PRIMARY KEY,
    team_id              INTEGER NOT NULL REFERENCES care_teams (id) ON DELETE CASCADE,
    position             INTEGER NOT NULL DEFAULT 0,
    member_ref           TEXT,
    member_display       TEXT,
    organization_id      INTEGER REFERENCES organizations (id),
    organization_display TEXT,
    period_start         TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end           TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX care_team_members__team_id_position ON care_team_members (team_id, position);
CREATE INDEX care_team_members__organization_id ON care_team_members (organization_id);

-- What a member does in the team.
CREATE TABLE care_team_member_roles (
    id        INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES care_team_members (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL DEFAULT 0,
    system    TEXT,
    version   TEXT,
    code      TEXT,
    display   TEXT,
    text      TEXT
) STRICT;
CREATE INDEX care_team_member_roles__member_id_position ON care_team_member_roles (member_id, position);

-- Why there is a team; the words are sealed.
CREATE TABLE care_team_reasons (
    id       INTEGER PRIMARY KEY,
    team_id  INTEGER NOT NULL REFERENCES care_teams (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system   TEXT,
    code     TEXT,
    display  TEXT,
    text     TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX care_team_reasons__team_id_position ON care_team_reasons (team_id, position);

-- The organisations that answer for a team.
CREATE TABLE care_team_organizations (
    id                   INTEGER PRIMARY KEY,
    team_id              INTEGER NOT NULL REFERENCES care_teams (id) ON DELETE CASCADE,
    position             INTEGER NOT NULL DEFAULT 0,
    organization_id      INTEGER REFERENCES organizations (id),
    organization_display TEXT
) STRICT;
CREATE INDEX care_team_organizations__team_id_position ON care_team_organizations (team_id, position);
CREATE INDEX care_team_organizations__organization_id ON care_team_organizations (organization_id);

-- Remarks about a team; sealed.
CREATE TABLE care_team_notes (
    id             INTEGER PRIMARY KEY,
    team_id        INTEGER NOT NULL REFERENCES care_teams (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    author_ref     TEXT,
    author_display TEXT,
    author_text    TEXT,
    written_at     TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    text           TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX care_team_notes__team_id_position ON care_team_notes (team_id, position);

-- A plan of treatment: assessment, what is to be done, by whom. One row is one FHIR CarePlan; the status in the clinic's own words.
CREATE TABLE treatment_plans (
    id                INTEGER PRIMARY KEY,
    public_id         TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                      CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles          TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-careplan"]' CHECK (profiles GLOB '[[]*]'),
    narrative_status  TEXT CHECK (narrative_status IN ('generated', 'extensions', 'additional', 'empty')),
    narrative         TEXT CHECK (narrative GLOB 'hg1.*'),
    status            TEXT NOT NULL DEFAULT 'running'
                      CHECK (status IN ('draft', 'running', 'paused', 'stopped', 'done', 'mistaken', 'unknown')),
    intent            TEXT NOT NULL DEFAULT 'plan' CHECK (intent IN ('proposal', 'plan', 'order', 'option')),
    title             TEXT CHECK (title GLOB 'hg1.*'),
    description       TEXT CHECK (description GLOB 'hg1.*'),
    patient_id        INTEGER REFERENCES patients (id),
    patient_display   TEXT,
    encounter_id      INTEGER REFERENCES visits (id),
    encounter_display TEXT,
    period_start      TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end        TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    created_at        TEXT CHECK (created_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref        TEXT,
    author_display    TEXT
) STRICT;
CREATE INDEX treatment_plans__patient_id ON treatment_plans (patient_id);
CREATE INDEX treatment_plans__encounter_id ON treatment_plans (encounter_id);

-- Numbers by which a plan is known; sealed.
CREATE TABLE treatment_plan_identifiers (
    id               INTEGER PRIMARY KEY,
    plan_id          INTEGER NOT NULL REFERENCES treatment_plans (id) ON DELETE CASCADE,
    position         INTEGER NOT NULL DEFAULT 0,
    use              TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system      TEXT,
    type_code        TEXT,
    type_display     TEXT,
    type_text        TEXT,
    system           TEXT,
    value            TEXT CHECK (value GLOB 'hg1.*'),
    period_start     TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end       TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    assigner_display TEXT
) STRICT;
CREATE INDEX treatment_plan_identifiers__plan_id_position ON treatment_plan_identifiers (plan_id, position);

-- What kind of plan it is; US Core asks for assess-plan.
CREATE TABLE treatment_plan_categories (
    id       INTEGER PRIMARY KEY,
    plan_id  INTEGER NOT NULL REFERENCES treatment_plans (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system   TEXT DEFAULT 'http://hl7.org/fhir/us/core/CodeSystem/careplan-category',
    code     TEXT,
    display  TEXT,
    text     TEXT
) STRICT;
CREATE INDEX treatment_plan_categories__plan_id_position ON treatment_plan_categories (plan_id, position);

-- The plans a plan is based on, replaces or is part of.
CREATE TABLE treatment_plan_relations (
    id            INTEGER PRIMARY KEY,
    plan_id       INTEGER NOT NULL REFERENCES treatment_plans (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL DEFAULT 0,
    kind          TEXT NOT NULL CHECK (kind IN ('basedOn', 'replaces', 'partOf')),
    other_id      INTEGER REFERENCES treatment_plans (id),
    other_display TEXT
) STRICT;
CREATE INDEX treatment_plan_relations__plan_id_kind_position ON treatment_plan_relations (plan_id, kind, position);
CREATE INDEX treatment_plan_relations__other_id ON treatment_plan_relations (other_id);

-- Who had a part in writing a plan.
CREATE TABLE treatment_plan_contributors (
    id                  INTEGER PRIMARY KEY,
    plan_id             INTEGER NOT NULL REFERENCES treatment_plans (id) ON DELETE CASCADE,
    position            INTEGER NOT NULL DEFAULT 0,
    contributor_ref     TEXT,
    contributor_display TEXT
) STRICT;
CREATE INDEX treatment_plan_contributors__plan_id_position ON treatment_plan_contributors (plan_id, position);

-- The teams that carry a plan out.
CREATE TABLE treatment_plan_teams (
    id           INTEGER PRIMARY KEY,
    plan_id      INTEGER NOT NULL REFERENCES treatment_plans (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    team_ref     TEXT,
    team_display TEXT
) STRICT;
CREATE INDEX treatment_plan_teams__plan_id_position ON treatment_plan_teams (plan_id, position);

-- The diagnoses a plan is about.
CREATE TABLE treatment_plan_diagnoses (
    id                INTEGER PRIMARY KEY,
    plan_id           INTEGER NOT NULL REFERENCES treatment_plans (id) ON DELETE CASCADE,
    position          INTEGER NOT NULL DEFAULT 0,
    diagnosis_id      INTEGER REFERENCES diagnoses (id),
    diagnosis_display TEXT
) STRICT;
CREATE INDEX treatment_plan_diagnoses__plan_id_position ON treatment_plan_diagnoses (plan_id, position);
CREATE INDEX treatment_plan_diagnoses__diagnosis_id ON treatment_plan_diagnoses (diagnosis_id);

-- The goals of a plan.
CREATE TABLE treatment_plan_goals (
    id           INTEGER PRIMARY KEY,
    plan_id      INTEGER NOT NULL REFERENCES treatment_plans (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    goal_ref     TEXT,
    goal_display TEXT
) STRICT;
CREATE INDEX treatment_plan_goals__plan_id_position ON treatment_plan_goals (plan_id, position);

-- What else a plan rests on.
CREATE TABLE treatment_plan_supporting_information (
    id                  INTEGER PRIMARY KEY,
    plan_id             INTEGER NOT NULL REFERENCES treatment_plans (id) ON DELETE CASCADE,
    position            INTEGER NOT NULL DEFAULT 0,
    information_ref     TEXT,
    information_display TEXT
) STRICT;
CREATE INDEX treatment_plan_supporting_information__plan_id_position ON treatment_plan_supporting_information (plan_id, position);

-- What is to be done under a plan; the words are sealed.
CREATE TABLE treatment_plan_activities (
    id                    INTEGER PRIMARY KEY,
    plan_id               INTEGER NOT NULL REFERENCES treatment_plans (id) ON DELETE CASCADE,
    position              INTEGER NOT NULL DEFAULT 0,
    reference_ref         TEXT,
    reference_display     TEXT,
    kind                  TEXT
                          CHECK (kind IN ('Appointment', 'CommunicationRequest', 'DeviceRequest', 'MedicationRequest', 'NutritionOrder', 'Task', 'ServiceRequest', 'VisionPrescription')),
    code_system           TEXT,
    code_code             TEXT,
    code_display          TEXT,
    code_text             TEXT CHECK (code_text GLOB 'hg1.*'),
    status                TEXT
                          CHECK (status IN ('not-started', 'scheduled', 'in-progress', 'on-hold', 'completed', 'cancelled', 'stopped', 'unknown', 'entered-in-error')),
    status_reason_system  TEXT,
    status_reason_code    TEXT,
    status_reason_display TEXT,
    status_reason_text    TEXT CHECK (status_reason_text GLOB 'hg1.*'),
    do_not_perform        INTEGER CHECK (do_not_perform IN (0, 1)),
    scheduled_text        TEXT CHECK (scheduled_text GLOB 'hg1.*'),
    scheduled_start       TEXT CHECK (scheduled_start GLOB '[0-9][0-9][0-9][0-9]*'),
    scheduled_end         TEXT CHECK (scheduled_end GLOB '[0-9][0-9][0-9][0-9]*'),
    location_id           INTEGER REFERENCES locations (id),
    location_display      TEXT,
    description           TEXT CHECK (description GLOB 'hg1.*')
) STRICT;
CREATE INDEX treatment_plan_activities__plan_id_position ON treatment_plan_activities (plan_id, position);
CREATE INDEX treatment_plan_activities__location_id ON treatment_plan_activities (location_id);

-- Who is to do it.
CREATE TABLE treatment_plan_activity_performers (
    id                INTEGER PRIMARY KEY,
    activity_id       INTEGER NOT NULL REFERENCES treatment_plan_activities (id) ON DELETE CASCADE,
    position          INTEGER NOT NULL DEFAULT 0,
    performer_ref     TEXT,
    performer_display TEXT
) STRICT;
CREATE INDEX treatment_plan_activity_performers__activity_id_position ON treatment_plan_activity_performers (activity_id, position);

-- What came of it; the words are sealed.
CREATE TABLE treatment_plan_activity_outcomes (
    id          INTEGER PRIMARY KEY,
    activity_id INTEGER NOT NULL REFERENCES treatment_plan_activities (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL DEFAULT 0,
    system      TEXT,
    code        TEXT,
    display     TEXT,
    text        TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX treatment_plan_activity_outcomes__activity_id_position ON treatment_plan_activity_outcomes (activity_id, position);

-- How it goes; sealed.
CREATE TABLE treatment_plan_activity_progress (
    id             INTEGER PRIMARY KEY,
    activity_id    INTEGER NOT NULL REFERENCES treatment_plan_activities (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    author_ref     TEXT,
    author_display TEXT,
    author_text    TEXT,
    written_at     TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    text           TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX treatment_plan_activity_progress__activity_id_position ON treatment_plan_activity_progress (activity_id, position);

-- Remarks about a plan; sealed.
CREATE TABLE treatment_plan_notes (
    id             INTEGER PRIMARY KEY,
    plan_id        INTEGER NOT NULL REFERENCES treatment_plans (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    author_ref     TEXT,
    author_display TEXT,
    author_text    TEXT,
    written_at     TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    text           TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX treatment_plan_notes__plan_id_position ON treatment_plan_notes (plan_id, position);

-- A device in or on a patient: implants first of all, with what their unique device identification says.
CREATE TABLE devices (
    id                  INTEGER PRIMARY KEY,
    public_id           TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles            TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-implantable-device"]'
                        CHECK (profiles GLOB '[[]*]'),
    definition_ref      TEXT,
    status              TEXT CHECK (status IN ('active', 'inactive', 'entered-in-error', 'unknown')),
    distinct_identifier TEXT,
    manufacturer        TEXT,
    manufacture_date    TEXT CHECK (manufacture_date GLOB '[0-9][0-9][0-9][0-9]*'),
    expiration_date     TEXT CHECK (expiration_date GLOB '[0-9][0-9][0-9][0-9]*'),
    lot_number          TEXT,
    serial_number       TEXT,
    model_number        TEXT,
    part_number         TEXT,
    type_system         TEXT,
    type_version        TEXT,
    type_code           TEXT,
    type_display        TEXT,
    type_text           TEXT,
    patient_id          INTEGER REFERENCES patients (id),
    patient_display     TEXT,
    owner_id            INTEGER REFERENCES organizations (id),
    owner_display       TEXT,
    location_id         INTEGER REFERENCES locations (id),
    location_display    TEXT,
    url                 TEXT,
    parent_id           INTEGER REFERENCES devices (id),
    parent_display      TEXT,
    CHECK (parent_id <> id)
) STRICT;
CREATE INDEX devices__patient_id ON devices (patient_id);
CREATE INDEX devices__owner_id ON devices (owner_id);
CREATE INDEX devices__location_id ON devices (location_id);
CREATE INDEX devices__parent_id ON devices (parent_id);

-- Numbers by which a device is known, besides its unique device identification.
CREATE TABLE device_identifiers (
    id               INTEGER PRIMARY KEY,
    device_id        INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    position         INTEGER NOT NULL DEFAULT 0,
    use              TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system      TEXT,
    type_code        TEXT,
    type_display     TEXT,
    type_text        TEXT,
    system           TEXT,
    value            TEXT CHECK (value GLOB 'hg1.*'),
    period_start     TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end       TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    assigner_display TEXT
) STRICT;
CREATE INDEX device_identifiers__device_id_position ON device_identifiers (device_id, position);

-- The unique device identification, as printed and as read by a machine (AIDC, kept as base64 text).
CREATE TABLE device_udi_carriers (
    id                INTEGER PRIMARY KEY,
    device_id         INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    position          INTEGER NOT NULL DEFAULT 0,
    device_identifier TEXT,
    issuer            TEXT,
    jurisdiction      TEXT,
    carrier_aidc      TEXT,
    carrier_hrf       TEXT,
    entry_type        TEXT CHECK (entry_type IN ('barcode', 'rfid', 'manual', 'card', 'self-reported', 'unknown'))
) STRICT;
CREATE INDEX device_udi_carriers__device_id_position ON device_udi_carriers (device_id, position);

-- Why a device is on or off.
CREATE TABLE device_status_reasons (
    id        INTEGER PRIMARY KEY,
    device_id INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL DEFAULT 0,
    system    TEXT,
    code      TEXT,
    display   TEXT,
    text      TEXT
) STRICT;
CREATE INDEX device_status_reasons__device_id_position ON device_status_reasons (device_id, position);

-- What a device is called, and by whom.
CREATE TABLE device_names (
    id        INTEGER PRIMARY KEY,
    device_id INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL DEFAULT 0,
    name      TEXT NOT NULL,
    type      TEXT NOT NULL
              CHECK (type IN ('udi-label-name', 'user-friendly-name', 'patient-reported-name', 'manufacturer-name', 'model-name', 'other'))
) STRICT;
CREATE INDEX device_names__device_id_position ON device_names (device_id, position);

-- Versions of the device and its software.
CREATE TABLE device_versions (
    id           INTEGER PRIMARY KEY,
    device_id    INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    type_system  TEXT,
    type_code    TEXT,
    type_display TEXT,
    type_text    TEXT,
    value        TEXT NOT NULL
) STRICT;
CREATE INDEX device_versions__device_id_position ON device_versions (device_id, position);

-- What to be careful of, near a magnet for one.
CREATE TABLE device_safety (
    id        INTEGER PRIMARY KEY,
    device_id INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL DEFAULT 0,
    system    TEXT,
    code      TEXT,
    display   TEXT,
    text      TEXT
) STRICT;
CREATE INDEX device_safety__device_id_position ON device_safety (device_id, position);

-- Remarks about a device; sealed.
CREATE TABLE device_notes (
    id             INTEGER PRIMARY KEY,
    device_id      INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    author_ref     TEXT,
    author_display TEXT,
    author_text    TEXT,
    written_at     TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    text           TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX device_notes__device_id_position ON device_notes (device_id, position);

-- Where a record came from: who wrote or sent it, for whom, when.
CREATE TABLE provenances (
    id               INTEGER PRIMARY KEY,
    public_id        TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                     CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles         TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-provenance"]' CHECK (profiles GLOB '[[]*]'),
    occurred_at      TEXT CHECK (occurred_at GLOB '[0-9][0-9][0-9][0-9]*'),
    occurred_start   TEXT CHECK (occurred_start GLOB '[0-9][0-9][0-9][0-9]*'),
    occurred_end     TEXT CHECK (occurred_end GLOB '[0-9][0-9][0-9][0-9]*'),
    recorded_at      TEXT NOT NULL
                     CHECK (recorded_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*'
                         AND (recorded_at GLOB '*Z' OR recorded_at GLOB '*[+-][0-1][0-9]:[0-5][0-9]')),
    policies         TEXT CHECK (policies GLOB '[[]*]'),
    location_id      INTEGER REFERENCES locations (id),
    location_display TEXT,
    activity_system  TEXT,
    activity_code    TEXT,
    activity_display TEXT,
    activity_text    TEXT,
    CHECK (occurred_at IS NULL OR (occurred_start IS NULL AND occurred_end IS NULL))
) STRICT;
CREATE INDEX provenances__location_id ON provenances (location_id);

-- The records it speaks of: a patient by foreign key, anything else by type and id.
-- patient_id places the provenance in a compartment; for a record of care a trigger below looks up whose it is.
CREATE TABLE provenance_targets (
    id             INTEGER PRIMARY KEY,
    provenance_id  INTEGER NOT NULL REFERENCES provenances (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    kind           TEXT NOT NULL DEFAULT 'record' CHECK (kind IN ('patient', 'record')),
    patient_id     INTEGER REFERENCES patients (id),
    target_ref     TEXT,
    display        TEXT,
    target_element TEXT,
    CHECK (kind = 'record' OR target_ref IS NULL)
) STRICT;
CREATE INDEX provenance_targets__provenance_id_kind_position ON provenance_targets (provenance_id, kind, position);
CREATE INDEX provenance_targets__patient_id ON provenance_targets (patient_id);

-- Who had which part in it, and on whose behalf.
CREATE TABLE provenance_agents (
    id                             INTEGER PRIMARY KEY,
    provenance_id                  INTEGER NOT NULL REFERENCES provenances (id) ON DELETE CASCADE,
    position                       INTEGER NOT NULL DEFAULT 0,
    type_system                    TEXT,
    type_code                      TEXT,
    type_display                   TEXT,
    type_text                      TEXT,
    who_ref                        TEXT,
    who_identifier_system          TEXT,
    who_identifier_value           TEXT,
    who_display                    TEXT,
    on_behalf_of_ref               TEXT,
    on_behalf_of_identifier_system TEXT,
    on_behalf_of_identifier_value  TEXT,
    on_behalf_of_display           TEXT
) STRICT;
CREATE INDEX provenance_agents__provenance_id_position ON provenance_agents (provenance_id, position);

-- The rights and duties of an agent.
CREATE TABLE provenance_agent_roles (
    id       INTEGER PRIMARY KEY,
    agent_id INTEGER NOT NULL REFERENCES provenance_agents (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system   TEXT,
    code     TEXT,
    display  TEXT,
    text     TEXT
) STRICT;
CREATE INDEX provenance_agent_roles__agent_id_position ON provenance_agent_roles (agent_id, position);

-- What it was made from.
CREATE TABLE provenance_entities (
    id                     INTEGER PRIMARY KEY,
    provenance_id          INTEGER NOT NULL REFERENCES provenances (id) ON DELETE CASCADE,
    position               INTEGER NOT NULL DEFAULT 0,
    role                   TEXT NOT NULL CHECK (role IN ('derivation', 'revision', 'quotation', 'source', 'removal')),
    what_ref               TEXT,
    what_identifier_system TEXT,
    what_identifier_value  TEXT,
    what_display           TEXT
) STRICT;
CREATE INDEX provenance_entities__provenance_id_position ON provenance_entities (provenance_id, position);

-- Why it was done.
CREATE TABLE provenance_reasons (
    id            INTEGER PRIMARY KEY,
    provenance_id INTEGER NOT NULL REFERENCES provenances (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL DEFAULT 0,
    system        TEXT,
    code          TEXT,
    display       TEXT,
    text          TEXT
) STRICT;
CREATE INDEX provenance_reasons__provenance_id_position ON provenance_reasons (provenance_id, position);

-- Whose each record is, by type and id.
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

CREATE TRIGGER provenance_targets_patient_insert AFTER INSERT ON provenance_targets
WHEN NEW.kind = 'record' AND instr(NEW.target_ref, '/') > 0
BEGIN
    UPDATE provenance_targets SET patient_id = (
        SELECT patient_id FROM patient_of_record
        WHERE type = substr(NEW.target_ref, 1, instr(NEW.target_ref, '/') - 1)
          AND public_id = substr(NEW.target_ref, instr(NEW.target_ref, '/') + 1))
    WHERE id = NEW.id;
END;

CREATE TRIGGER provenance_targets_patient_update AFTER UPDATE OF target_ref ON provenance_targets
WHEN NEW.kind = 'record' AND instr(NEW.target_ref, '/') > 0
BEGIN
    UPDATE provenance_targets SET patient_id = (
        SELECT patient_id FROM patient_of_record
        WHERE type = substr(NEW.target_ref, 1, instr(NEW.target_ref, '/') - 1)
          AND public_id = substr(NEW.target_ref, instr(NEW.target_ref, '/') + 1))
    WHERE id = NEW.id;
END;

-- A record that moves to another patient takes what is said of it along: the patient it was of sees that no more.
CREATE TRIGGER visits_provenance AFTER UPDATE OF patient_id ON visits WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'Encounter/' || NEW.public_id;
END;
CREATE TRIGGER diagnoses_provenance AFTER UPDATE OF patient_id ON diagnoses WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'Condition/' || NEW.public_id;
END;
CREATE TRIGGER prescriptions_provenance AFTER UPDATE OF patient_id ON prescriptions WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'MedicationRequest/' || NEW.public_id;
END;
CREATE TRIGGER notes_provenance AFTER UPDATE OF patient_id ON notes WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'DocumentReference/' || NEW.public_id;
END;
CREATE TRIGGER procedures_provenance AFTER UPDATE OF patient_id ON procedures WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'Procedure/' || NEW.public_id;
END;
CREATE TRIGGER immunizations_provenance AFTER UPDATE OF patient_id ON immunizations WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'Immunization/' || NEW.public_id;
END;
CREATE TRIGGER allergies_provenance AFTER UPDATE OF patient_id ON allergies WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'AllergyIntolerance/' || NEW.public_id;
END;
CREATE TRIGGER vitals_provenance AFTER UPDATE OF patient_id ON vitals WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'Observation/' || NEW.public_id;
END;
CREATE TRIGGER lab_results_provenance AFTER UPDATE OF patient_id ON lab_results WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'Observation/' || NEW.public_id;
END;
CREATE TRIGGER observations_provenance AFTER UPDATE OF patient_id ON observations WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'Observation/' || NEW.public_id;
END;
CREATE TRIGGER reports_provenance AFTER UPDATE OF patient_id ON reports WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'DiagnosticReport/' || NEW.public_id;
END;
CREATE TRIGGER binaries_provenance AFTER UPDATE OF patient_id ON binaries WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'Binary/' || NEW.public_id;
END;
CREATE TRIGGER appointments_provenance AFTER UPDATE OF patient_id ON appointments WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'Appointment/' || NEW.public_id;
END;
CREATE TRIGGER treatment_plans_provenance AFTER UPDATE OF patient_id ON treatment_plans WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'CarePlan/' || NEW.public_id;
END;
CREATE TRIGGER care_teams_provenance AFTER UPDATE OF patient_id ON care_teams WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'CareTeam/' || NEW.public_id;
END;
CREATE TRIGGER devices_provenance AFTER UPDATE OF patient_id ON devices WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    UPDATE provenance_targets SET patient_id = NEW.patient_id WHERE kind = 'record' AND target_ref = 'Device/' || NEW.public_id;
END;

-- What a patient allows or forbids: to whom, for which records, until when. The policy reads it; the words are sealed.
CREATE TABLE consents (
    id              INTEGER PRIMARY KEY,
    public_id       TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                    CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    patient_id      INTEGER NOT NULL REFERENCES patients (id),
    decision        TEXT NOT NULL CHECK (decision IN ('permit', 'deny')),
    doctor_id       INTEGER REFERENCES doctors (id),
    organization_id INTEGER REFERENCES organizations (id),
    client_id       TEXT REFERENCES gw_clients (client_id) ON DELETE CASCADE,
    resource_types  TEXT CHECK (resource_types GLOB '[[]*]'),
    security_labels TEXT CHECK (security_labels GLOB '[[]*]'),
    since           TEXT CHECK (since GLOB '[0-9][0-9][0-9][0-9]*'),
    until           TEXT CHECK (until GLOB '[0-9][0-9][0-9][0-9]*'),
    text            TEXT CHECK (text GLOB 'hg1.*'),
    created_at      TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    withdrawn_at    TEXT,
    CHECK ((doctor_id IS NOT NULL) + (organization_id IS NOT NULL) + (client_id IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX consents__patient_id ON consents (patient_id);
CREATE INDEX consents__doctor_id ON consents (doctor_id) WHERE doctor_id IS NOT NULL;
CREATE INDEX consents__organization_id ON consents (organization_id) WHERE organization_id IS NOT NULL;
CREATE INDEX consents__client_id ON consents (client_id) WHERE client_id IS NOT NULL;

-- What a person is to be told when they next look; the words are sealed.
CREATE TABLE notifications (
    id         INTEGER PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    about_ref  TEXT,
    text       TEXT CHECK (text GLOB 'hg1.*'),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    read_at    TEXT
) STRICT;
CREATE INDEX notifications__user_id_created_at ON notifications (user_id, created_at);
