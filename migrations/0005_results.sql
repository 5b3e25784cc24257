-- What was measured and reported: vital signs, laboratory results, other observations, reports.
-- Sealed columns hold hg1.… only; dates and decimals are kept as the text that came.

-- Vital signs. Blood pressure has its two numbers in vital_components.
CREATE TABLE vitals (
    id                     INTEGER PRIMARY KEY,
    public_id              TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles               TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-vital-signs"]' CHECK (profiles GLOB '[[]*]'),
    based_on_ref           TEXT,
    status                 TEXT NOT NULL DEFAULT 'final'
        CHECK (status IN ('registered', 'preliminary', 'final', 'amended', 'corrected', 'cancelled',
            'entered-in-error', 'unknown')),
    category_system        TEXT NOT NULL DEFAULT 'http://terminology.hl7.org/CodeSystem/observation-category',
    category_display       TEXT DEFAULT 'Vital Signs',
    category_text          TEXT,
    code_system            TEXT,
    code                   TEXT,
    code_display           TEXT,
    code_text              TEXT,
    patient_id             INTEGER REFERENCES patients (id),
    patient_display        TEXT,
    visit_id               INTEGER REFERENCES visits (id),
    visit_display          TEXT,
    effective_at           TEXT CHECK (effective_at GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_start        TEXT CHECK (effective_start GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_end          TEXT CHECK (effective_end GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_instant      TEXT CHECK (effective_instant GLOB '[0-9][0-9][0-9][0-9]*'),
    issued_at              TEXT CHECK (issued_at GLOB '[0-9][0-9][0-9][0-9]*'),
    performer_ref          TEXT,
    performer_display      TEXT,
    value                  TEXT CHECK (value GLOB '*[0-9]*'),
    value_comparator       TEXT CHECK (value_comparator IN ('<', '<=', '>=', '>')),
    value_unit             TEXT,
    value_system           TEXT,
    value_code             TEXT,
    value_concept_system   TEXT,
    value_concept_code     TEXT,
    value_concept_display  TEXT,
    value_concept_text     TEXT,
    value_string           TEXT CHECK (value_string GLOB 'hg1.*'),
    value_boolean          INTEGER CHECK (value_boolean IN (0, 1)),
    value_integer          INTEGER,
    value_at               TEXT CHECK (value_at GLOB '[0-9][0-9][0-9][0-9]*'),
    value_time             TEXT,
    value_period_start     TEXT CHECK (value_period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    value_period_end       TEXT CHECK (value_period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    absent_reason_system   TEXT,
    absent_reason_code     TEXT,
    absent_reason_display  TEXT,
    absent_reason_text     TEXT,
    interpretation_system  TEXT,
    interpretation_code    TEXT,
    interpretation_display TEXT,
    interpretation_text    TEXT,
    body_site_system       TEXT,
    body_site_code         TEXT,
    body_site_display      TEXT,
    body_site_text         TEXT,
    method_system          TEXT,
    method_code            TEXT,
    method_display         TEXT,
    method_text            TEXT,
    device_id              INTEGER REFERENCES devices (id),
    device_display         TEXT,
    CHECK ((effective_at IS NOT NULL) + (coalesce(effective_start, effective_end) IS NOT NULL) +
        (effective_instant IS NOT NULL) <= 1),
    CHECK ((coalesce(value, value_comparator, value_unit, value_system, value_code) IS NOT NULL) +
        (coalesce(value_concept_system, value_concept_code, value_concept_display, value_concept_text) IS NOT NULL) +
        (value_string IS NOT NULL) + (value_boolean IS NOT NULL) + (value_integer IS NOT NULL) +
        (value_at IS NOT NULL) + (value_time IS NOT NULL) +
        (coalesce(value_period_start, value_period_end) IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX vitals_patient_id ON vitals (patient_id);
CREATE INDEX vitals_visit_id ON vitals (visit_id);
CREATE INDEX vitals_device_id ON vitals (device_id);

CREATE TABLE vital_identifiers (
    id           INTEGER PRIMARY KEY,
    vital_id     INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    use          TEXT
        CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system  TEXT,
    type_code    TEXT,
    type_display TEXT,
    type_text    TEXT,
    system       TEXT,
    value        TEXT CHECK (value GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end   TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX vital_identifiers_vital_id ON vital_identifiers (vital_id, position);

CREATE TABLE vital_categories (
    id       INTEGER PRIMARY KEY,
    vital_id INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system   TEXT,
    code     TEXT,
    display  TEXT,
    text     TEXT
) STRICT;
CREATE INDEX vital_categories_vital_id ON vital_categories (vital_id, position);

CREATE TABLE vital_codings (
    id       INTEGER PRIMARY KEY,
    vital_id INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system   TEXT,
    version  TEXT,
    code     TEXT,
    display  TEXT
) STRICT;
CREATE INDEX vital_codings_vital_id ON vital_codings (vital_id, position);

CREATE TABLE vital_performers (
    id            INTEGER PRIMARY KEY,
    vital_id      INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL DEFAULT 0,
    performer_ref TEXT,
    display       TEXT
) STRICT;
CREATE INDEX vital_performers_vital_id ON vital_performers (vital_id, position);

CREATE TABLE vital_notes (
    id          INTEGER PRIMARY KEY,
    vital_id    INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL DEFAULT 0,
    text        TEXT CHECK (text GLOB 'hg1.*'),
    written_at  TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref  TEXT,
    author_name TEXT,
    CHECK (author_ref IS NULL OR author_name IS NULL)
) STRICT;
CREATE INDEX vital_notes_vital_id ON vital_notes (vital_id, position);

CREATE TABLE vital_members (
    id         INTEGER PRIMARY KEY,
    vital_id   INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL DEFAULT 0,
    target_ref TEXT,
    display    TEXT
) STRICT;
CREATE INDEX vital_members_vital_id ON vital_members (vital_id, position);

CREATE TABLE vital_sources (
    id         INTEGER PRIMARY KEY,
    vital_id   INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL DEFAULT 0,
    target_ref TEXT,
    display    TEXT
) STRICT;
CREATE INDEX vital_sources_vital_id ON vital_sources (vital_id, position);

-- The parts of one measurement (systolic and diastolic, the answers of a panel).
CREATE TABLE vital_components (
    id                     INTEGER PRIMARY KEY,
    vital_id               INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position               INTEGER NOT NULL DEFAULT 0,
    code_system            TEXT,
    code                   TEXT,
    code_display           TEXT,
    code_text              TEXT,
    value                  TEXT CHECK (value GLOB '*[0-9]*'),
    value_comparator       TEXT CHECK (value_comparator IN ('<', '<=', '>=', '>')),
    value_unit             TEXT,
    value_system           TEXT,
    value_code             TEXT,
    value_concept_system   TEXT,
    value_concept_code     TEXT,
    value_concept_display  TEXT,
    value_concept_text     TEXT,
    value_string           TEXT CHECK (value_string GLOB 'hg1.*'),
    value_boolean          INTEGER CHECK (value_boolean IN (0, 1)),
    value_integer          INTEGER,
    value_at               TEXT CHECK (value_at GLOB '[0-9][0-9][0-9][0-9]*'),
    absent_reason_system   TEXT,
    absent_reason_code     TEXT,
    absent_reason_display  TEXT,
    absent_reason_text     TEXT,
    interpretation_system  TEXT,
    interpretation_code    TEXT,
    interpretation_display TEXT,
    interpretation_text    TEXT,
    CHECK ((coalesce(value, value_comparator, value_unit, value_system, value_code) IS NOT NULL) +
        (coalesce(value_concept_system, value_concept_code, value_concept_display, value_concept_text) IS NOT NULL) +
        (value_string IS NOT NULL) + (value_boolean IS NOT NULL) + (value_integer IS NOT NULL) +
        (value_at IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX vital_components_vital_id ON vital_components (vital_id, position);

CREATE TABLE vital_component_codings (
    id                 INTEGER PRIMARY KEY,
    vital_component_id INTEGER NOT NULL REFERENCES vital_components (id) ON DELETE CASCADE,
    position           INTEGER NOT NULL DEFAULT 0,
    system             TEXT,
    version            TEXT,
    code               TEXT,
    display            TEXT
) STRICT;
CREATE INDEX vital_component_codings_vital_component_id ON vital_component_codings (vital_component_id, position);
