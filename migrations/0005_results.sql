-- What was measured and reported: vital signs, laboratory results, other observations, reports.
-- Sealed columns hold hg1.… only; dates and decimals are kept as the text that came.

-- Vital signs. Blood pressure has its two numbers in vital_components.
CREATE TABLE vitals (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-vital-signs"]' CHECK (profiles GLOB '[[]*]'),
    based_on_ref TEXT,
    status TEXT NOT NULL DEFAULT 'final'
        CHECK (status IN ('registered', 'preliminary', 'final', 'amended', 'corrected', 'cancelled',
            'entered-in-error', 'unknown')),
    category_system TEXT DEFAULT 'http://terminology.hl7.org/CodeSystem/observation-category',
    category_code TEXT DEFAULT 'vital-signs', category_display TEXT DEFAULT 'Vital Signs', category_text TEXT,
    code_system TEXT, code_version TEXT, code TEXT, code_display TEXT, code_text TEXT,
    patient_id INTEGER REFERENCES patients (id), patient_display TEXT,
    visit_id INTEGER REFERENCES visits (id), visit_display TEXT,
    effective_at TEXT CHECK (effective_at GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_start TEXT CHECK (effective_start GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_end TEXT CHECK (effective_end GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_instant TEXT CHECK (effective_instant GLOB '[0-9][0-9][0-9][0-9]*'),
    issued_at TEXT CHECK (issued_at GLOB '[0-9][0-9][0-9][0-9]*'),
    performer_ref TEXT, performer_display TEXT,
    value TEXT CHECK (value GLOB '*[0-9]*'), value_comparator TEXT CHECK (value_comparator IN ('<', '<=', '>=', '>')),
    value_unit TEXT, value_system TEXT, value_code TEXT,
    value_concept_system TEXT, value_concept_code TEXT, value_concept_display TEXT, value_concept_text TEXT,
    value_string TEXT CHECK (value_string GLOB 'hg1.*'),
    value_boolean INTEGER CHECK (value_boolean IN (0, 1)),
    value_integer INTEGER,
    value_at TEXT CHECK (value_at GLOB '[0-9][0-9][0-9][0-9]*'),
    value_time TEXT,
    value_period_start TEXT CHECK (value_period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    value_period_end TEXT CHECK (value_period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    absent_reason_system TEXT, absent_reason_code TEXT, absent_reason_display TEXT, absent_reason_text TEXT,
    interpretation_system TEXT, interpretation_code TEXT, interpretation_display TEXT, interpretation_text TEXT,
    body_site_system TEXT, body_site_code TEXT, body_site_display TEXT, body_site_text TEXT,
    method_system TEXT, method_code TEXT, method_display TEXT, method_text TEXT,
    device_id INTEGER REFERENCES devices (id), device_display TEXT,
    CHECK ((effective_at IS NOT NULL) + (coalesce(effective_start, effective_end) IS NOT NULL) +
        (effective_instant IS NOT NULL) <= 1),
    CHECK ((coalesce(value, value_comparator, value_unit, value_system, value_code) IS NOT NULL) +
        (coalesce(value_concept_system, value_concept_code, value_concept_display, value_concept_text) IS NOT NULL) +
        (value_string IS NOT NULL) + (value_boolean IS NOT NULL) + (value_integer IS NOT NULL) +
        (value_at IS NOT NULL) + (value_time IS NOT NULL) +
        (coalesce(value_period_start, value_period_end) IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX vitals__patient_id ON vitals (patient_id);
CREATE INDEX vitals__visit_id ON vitals (visit_id);
CREATE INDEX vitals__device_id ON vitals (device_id);

-- Numbers under which others know it; sealed.
CREATE TABLE vital_identifiers (
    id INTEGER PRIMARY KEY,
    vital_id INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    use TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    system TEXT, value TEXT CHECK (value GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX vital_identifiers__vital_id_position ON vital_identifiers (vital_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE vital_categories (
    id INTEGER PRIMARY KEY,
    vital_id INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, code TEXT, display TEXT, text TEXT
) STRICT;
CREATE INDEX vital_categories__vital_id_position ON vital_categories (vital_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE vital_codings (
    id INTEGER PRIMARY KEY,
    vital_id INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX vital_codings__vital_id_position ON vital_codings (vital_id, position);

-- Remarks, sealed.
CREATE TABLE vital_notes (
    id INTEGER PRIMARY KEY,
    vital_id INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    text TEXT CHECK (text GLOB 'hg1.*'),
    written_at TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref TEXT,
    author_name TEXT,
    CHECK (author_ref IS NULL OR author_name IS NULL)
) STRICT;
CREATE INDEX vital_notes__vital_id_position ON vital_notes (vital_id, position);

-- The observations that a panel gathers.
CREATE TABLE vital_members (
    id INTEGER PRIMARY KEY,
    vital_id INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    target_ref TEXT, display TEXT
) STRICT;
CREATE INDEX vital_members__vital_id_position ON vital_members (vital_id, position);

-- What it was made from: a note, an answered form, another observation.
CREATE TABLE vital_sources (
    id INTEGER PRIMARY KEY,
    vital_id INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    target_ref TEXT, display TEXT
) STRICT;
CREATE INDEX vital_sources__vital_id_position ON vital_sources (vital_id, position);

-- The parts of one measurement (systolic and diastolic, the answers of a panel).
CREATE TABLE vital_components (
    id INTEGER PRIMARY KEY,
    vital_id INTEGER NOT NULL REFERENCES vitals (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    code_system TEXT, code_version TEXT, code TEXT, code_display TEXT, code_text TEXT,
    value TEXT CHECK (value GLOB '*[0-9]*'), value_comparator TEXT CHECK (value_comparator IN ('<', '<=', '>=', '>')),
    value_unit TEXT, value_system TEXT, value_code TEXT,
    value_concept_system TEXT, value_concept_code TEXT, value_concept_display TEXT, value_concept_text TEXT,
    value_string TEXT CHECK (value_string GLOB 'hg1.*'),
    value_boolean INTEGER CHECK (value_boolean IN (0, 1)),
    value_integer INTEGER,
    value_at TEXT CHECK (value_at GLOB '[0-9][0-9][0-9][0-9]*'),
    absent_reason_system TEXT, absent_reason_code TEXT, absent_reason_display TEXT, absent_reason_text TEXT,
    interpretation_system TEXT, interpretation_code TEXT, interpretation_display TEXT, interpretation_text TEXT,
    CHECK ((coalesce(value, value_comparator, value_unit, value_system, value_code) IS NOT NULL) +
        (coalesce(value_concept_system, value_concept_code, value_concept_display, value_concept_text) IS NOT NULL) +
        (value_string IS NOT NULL) + (value_boolean IS NOT NULL) + (value_integer IS NOT NULL) +
        (value_at IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX vital_components__vital_id_position ON vital_components (vital_id, position);

-- Laboratory results.
CREATE TABLE lab_results (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab"]' CHECK (profiles GLOB '[[]*]'),
    based_on_ref TEXT,
    part_of_ref TEXT,
    status TEXT NOT NULL DEFAULT 'final'
        CHECK (status IN ('registered', 'preliminary', 'final', 'amended', 'corrected', 'cancelled',
            'entered-in-error', 'unknown')),
    category_system TEXT DEFAULT 'http://terminology.hl7.org/CodeSystem/observation-category',
    category_code TEXT DEFAULT 'laboratory', category_display TEXT DEFAULT 'Laboratory', category_text TEXT,
    code_system TEXT, code_version TEXT, code TEXT, code_display TEXT, code_text TEXT,
    patient_id INTEGER REFERENCES patients (id), patient_display TEXT,
    focus_ref TEXT,
    visit_id INTEGER REFERENCES visits (id), visit_display TEXT,
    effective_at TEXT CHECK (effective_at GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_start TEXT CHECK (effective_start GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_end TEXT CHECK (effective_end GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_instant TEXT CHECK (effective_instant GLOB '[0-9][0-9][0-9][0-9]*'),
    issued_at TEXT CHECK (issued_at GLOB '[0-9][0-9][0-9][0-9]*'),
    performer_ref TEXT, performer_display TEXT,
    value TEXT CHECK (value GLOB '*[0-9]*'), value_comparator TEXT CHECK (value_comparator IN ('<', '<=', '>=', '>')),
    value_unit TEXT, value_system TEXT, value_code TEXT,
    value_concept_system TEXT, value_concept_code TEXT, value_concept_display TEXT, value_concept_text TEXT,
    value_string TEXT CHECK (value_string GLOB 'hg1.*'),
    value_boolean INTEGER CHECK (value_boolean IN (0, 1)),
    value_integer INTEGER,
    value_at TEXT CHECK (value_at GLOB '[0-9][0-9][0-9][0-9]*'),
    value_time TEXT,
    value_period_start TEXT CHECK (value_period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    value_period_end TEXT CHECK (value_period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    value_range_low TEXT CHECK (value_range_low GLOB '*[0-9]*'), value_range_low_unit TEXT, value_range_low_system TEXT,
    value_range_low_code TEXT, value_range_high TEXT CHECK (value_range_high GLOB '*[0-9]*'), value_range_high_unit TEXT,
    value_range_high_system TEXT, value_range_high_code TEXT,
    value_ratio_numerator TEXT CHECK (value_ratio_numerator GLOB '*[0-9]*'), value_ratio_numerator_unit TEXT,
    value_ratio_numerator_system TEXT, value_ratio_numerator_code TEXT,
    value_ratio_denominator TEXT CHECK (value_ratio_denominator GLOB '*[0-9]*'), value_ratio_denominator_unit TEXT,
    value_ratio_denominator_system TEXT, value_ratio_denominator_code TEXT,
    absent_reason_system TEXT, absent_reason_code TEXT, absent_reason_display TEXT, absent_reason_text TEXT,
    interpretation_system TEXT, interpretation_code TEXT, interpretation_display TEXT, interpretation_text TEXT,
    body_site_system TEXT, body_site_code TEXT, body_site_display TEXT, body_site_text TEXT,
    method_system TEXT, method_code TEXT, method_display TEXT, method_text TEXT,
    specimen_ref TEXT, specimen_display TEXT,
    device_id INTEGER REFERENCES devices (id), device_display TEXT,
    CHECK ((effective_at IS NOT NULL) + (coalesce(effective_start, effective_end) IS NOT NULL) +
        (effective_instant IS NOT NULL) <= 1),
    CHECK ((coalesce(value, value_comparator, value_unit, value_system, value_code) IS NOT NULL) +
        (coalesce(value_concept_system, value_concept_code, value_concept_display, value_concept_text) IS NOT NULL) +
        (value_string IS NOT NULL) + (value_boolean IS NOT NULL) + (value_integer IS NOT NULL) +
        (value_at IS NOT NULL) + (value_time IS NOT NULL) +
        (coalesce(value_period_start, value_period_end) IS NOT NULL) +
        (coalesce(value_range_low, value_range_low_unit, value_range_low_system, value_range_low_code, value_range_high, value_range_high_unit, value_range_high_system, value_range_high_code) IS NOT NULL) +
        (coalesce(value_ratio_numerator, value_ratio_numerator_unit, value_ratio_numerator_system, value_ratio_numerator_code, value_ratio_denominator, value_ratio_denominator_unit, value_ratio_denominator_system, value_ratio_denominator_code) IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX lab_results__patient_id ON lab_results (patient_id);
CREATE INDEX lab_results__visit_id ON lab_results (visit_id);
CREATE INDEX lab_results__device_id ON lab_results (device_id);

-- Numbers under which others know it; sealed.
CREATE TABLE lab_result_identifiers (
    id INTEGER PRIMARY KEY,
    lab_result_id INTEGER NOT NULL REFERENCES lab_results (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    use TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    system TEXT, value TEXT CHECK (value GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX lab_result_identifiers__lab_result_id_position ON lab_result_identifiers (lab_result_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE lab_result_categories (
    id INTEGER PRIMARY KEY,
    lab_result_id INTEGER NOT NULL REFERENCES lab_results (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, code TEXT, display TEXT, text TEXT
) STRICT;
CREATE INDEX lab_result_categories__lab_result_id_position ON lab_result_categories (lab_result_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE lab_result_codings (
    id INTEGER PRIMARY KEY,
    lab_result_id INTEGER NOT NULL REFERENCES lab_results (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX lab_result_codings__lab_result_id_position ON lab_result_codings (lab_result_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE lab_result_performers (
    id INTEGER PRIMARY KEY,
    lab_result_id INTEGER NOT NULL REFERENCES lab_results (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    performer_ref TEXT, display TEXT
) STRICT;
CREATE INDEX lab_result_performers__lab_result_id_position ON lab_result_performers (lab_result_id, position);

-- Remarks, sealed.
CREATE TABLE lab_result_notes (
    id INTEGER PRIMARY KEY,
    lab_result_id INTEGER NOT NULL REFERENCES lab_results (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    text TEXT CHECK (text GLOB 'hg1.*'),
    written_at TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref TEXT,
    author_name TEXT,
    CHECK (author_ref IS NULL OR author_name IS NULL)
) STRICT;
CREATE INDEX lab_result_notes__lab_result_id_position ON lab_result_notes (lab_result_id, position);

-- The ranges a value is read against.
CREATE TABLE lab_result_reference_ranges (
    id INTEGER PRIMARY KEY,
    lab_result_id INTEGER NOT NULL REFERENCES lab_results (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    low TEXT CHECK (low GLOB '*[0-9]*'), low_unit TEXT, low_system TEXT, low_code TEXT,
    high TEXT CHECK (high GLOB '*[0-9]*'), high_unit TEXT, high_system TEXT, high_code TEXT,
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    applies_to_system TEXT, applies_to_code TEXT, applies_to_display TEXT, applies_to_text TEXT,
    age_low TEXT CHECK (age_low GLOB '*[0-9]*'), age_low_unit TEXT, age_low_system TEXT, age_low_code TEXT,
    age_high TEXT CHECK (age_high GLOB '*[0-9]*'), age_high_unit TEXT, age_high_system TEXT, age_high_code TEXT,
    text TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX lab_result_reference_ranges__lab_result_id_position ON lab_result_reference_ranges (lab_result_id, position);

-- The observations that a panel gathers.
CREATE TABLE lab_result_members (
    id INTEGER PRIMARY KEY,
    lab_result_id INTEGER NOT NULL REFERENCES lab_results (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    target_ref TEXT, display TEXT
) STRICT;
CREATE INDEX lab_result_members__lab_result_id_position ON lab_result_members (lab_result_id, position);

-- What it was made from: a note, an answered form, another observation.
CREATE TABLE lab_result_sources (
    id INTEGER PRIMARY KEY,
    lab_result_id INTEGER NOT NULL REFERENCES lab_results (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    target_ref TEXT, display TEXT
) STRICT;
CREATE INDEX lab_result_sources__lab_result_id_position ON lab_result_sources (lab_result_id, position);

-- The parts of one measurement (systolic and diastolic, the answers of a panel).
CREATE TABLE lab_result_components (
    id INTEGER PRIMARY KEY,
    lab_result_id INTEGER NOT NULL REFERENCES lab_results (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    code_system TEXT, code_version TEXT, code TEXT, code_display TEXT, code_text TEXT,
    value TEXT CHECK (value GLOB '*[0-9]*'), value_comparator TEXT CHECK (value_comparator IN ('<', '<=', '>=', '>')),
    value_unit TEXT, value_system TEXT, value_code TEXT,
    value_concept_system TEXT, value_concept_code TEXT, value_concept_display TEXT, value_concept_text TEXT,
    value_string TEXT CHECK (value_string GLOB 'hg1.*'),
    value_boolean INTEGER CHECK (value_boolean IN (0, 1)),
    value_integer INTEGER,
    value_at TEXT CHECK (value_at GLOB '[0-9][0-9][0-9][0-9]*'),
    value_range_low TEXT CHECK (value_range_low GLOB '*[0-9]*'), value_range_low_unit TEXT, value_range_low_system TEXT,
    value_range_low_code TEXT, value_range_high TEXT CHECK (value_range_high GLOB '*[0-9]*'), value_range_high_unit TEXT,
    value_range_high_system TEXT, value_range_high_code TEXT,
    value_ratio_numerator TEXT CHECK (value_ratio_numerator GLOB '*[0-9]*'), value_ratio_numerator_unit TEXT,
    value_ratio_numerator_system TEXT, value_ratio_numerator_code TEXT,
    value_ratio_denominator TEXT CHECK (value_ratio_denominator GLOB '*[0-9]*'), value_ratio_denominator_unit TEXT,
    value_ratio_denominator_system TEXT, value_ratio_denominator_code TEXT,
    absent_reason_system TEXT, absent_reason_code TEXT, absent_reason_display TEXT, absent_reason_text TEXT,
    interpretation_system TEXT, interpretation_code TEXT, interpretation_display TEXT, interpretation_text TEXT,
    CHECK ((coalesce(value, value_comparator, value_unit, value_system, value_code) IS NOT NULL) +
        (coalesce(value_concept_system, value_concept_code, value_concept_display, value_concept_text) IS NOT NULL) +
        (value_string IS NOT NULL) + (value_boolean IS NOT NULL) + (value_integer IS NOT NULL) +
        (value_at IS NOT NULL) +
        (coalesce(value_range_low, value_range_low_unit, value_range_low_system, value_range_low_code, value_range_high, value_range_high_unit, value_range_high_system, value_range_high_code) IS NOT NULL) +
        (coalesce(value_ratio_numerator, value_ratio_numerator_unit, value_ratio_numerator_system, value_ratio_numerator_code, value_ratio_denominator, value_ratio_denominator_unit, value_ratio_denominator_system, value_ratio_denominator_code) IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX lab_result_components__lab_result_id_position ON lab_result_components (lab_result_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE lab_result_component_codings (
    id INTEGER PRIMARY KEY,
    lab_result_component_id INTEGER NOT NULL REFERENCES lab_result_components (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX lab_result_component_codings__lab_result_component_id_position ON lab_result_component_codings (lab_result_component_id, position);

-- The ranges a part is read against.
CREATE TABLE lab_result_component_ranges (
    id INTEGER PRIMARY KEY,
    lab_result_component_id INTEGER NOT NULL REFERENCES lab_result_components (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    low TEXT CHECK (low GLOB '*[0-9]*'), low_unit TEXT, low_system TEXT, low_code TEXT,
    high TEXT CHECK (high GLOB '*[0-9]*'), high_unit TEXT, high_system TEXT, high_code TEXT,
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    text TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX lab_result_component_ranges__lab_result_component_id_position ON lab_result_component_ranges (lab_result_component_id, position);

-- Observations that are neither vital signs nor laboratory results: history, surveys, imaging, examination.
CREATE TABLE observations (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles TEXT CHECK (profiles GLOB '[[]*]'),
    based_on_ref TEXT,
    part_of_ref TEXT,
    status TEXT NOT NULL DEFAULT 'final'
        CHECK (status IN ('registered', 'preliminary', 'final', 'amended', 'corrected', 'cancelled',
            'entered-in-error', 'unknown')),
    category_system TEXT, category_code TEXT, category_display TEXT, category_text TEXT,
    code_system TEXT, code_version TEXT, code TEXT, code_display TEXT, code_text TEXT,
    patient_id INTEGER REFERENCES patients (id), patient_display TEXT,
    focus_ref TEXT,
    visit_id INTEGER REFERENCES visits (id), visit_display TEXT,
    effective_at TEXT CHECK (effective_at GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_start TEXT CHECK (effective_start GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_end TEXT CHECK (effective_end GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_instant TEXT CHECK (effective_instant GLOB '[0-9][0-9][0-9][0-9]*'),
    issued_at TEXT CHECK (issued_at GLOB '[0-9][0-9][0-9][0-9]*'),
    performer_ref TEXT, performer_display TEXT,
    value TEXT CHECK (value GLOB '*[0-9]*'), value_comparator TEXT CHECK (value_comparator IN ('<', '<=', '>=', '>')),
    value_unit TEXT, value_system TEXT, value_code TEXT,
    value_concept_system TEXT, value_concept_code TEXT, value_concept_display TEXT, value_concept_text TEXT,
    value_string TEXT CHECK (value_string GLOB 'hg1.*'),
    value_boolean INTEGER CHECK (value_boolean IN (0, 1)),
    value_integer INTEGER,
    value_at TEXT CHECK (value_at GLOB '[0-9][0-9][0-9][0-9]*'),
    value_time TEXT,
    value_period_start TEXT CHECK (value_period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    value_period_end TEXT CHECK (value_period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    value_range_low TEXT CHECK (value_range_low GLOB '*[0-9]*'), value_range_low_unit TEXT, value_range_low_system TEXT,
    value_range_low_code TEXT, value_range_high TEXT CHECK (value_range_high GLOB '*[0-9]*'), value_range_high_unit TEXT,
    value_range_high_system TEXT, value_range_high_code TEXT,
    value_ratio_numerator TEXT CHECK (value_ratio_numerator GLOB '*[0-9]*'), value_ratio_numerator_unit TEXT,
    value_ratio_numerator_system TEXT, value_ratio_numerator_code TEXT,
    value_ratio_denominator TEXT CHECK (value_ratio_denominator GLOB '*[0-9]*'), value_ratio_denominator_unit TEXT,
    value_ratio_denominator_system TEXT, value_ratio_denominator_code TEXT,
    absent_reason_system TEXT, absent_reason_code TEXT, absent_reason_display TEXT, absent_reason_text TEXT,
    interpretation_system TEXT, interpretation_code TEXT, interpretation_display TEXT, interpretation_text TEXT,
    body_site_system TEXT, body_site_code TEXT, body_site_display TEXT, body_site_text TEXT,
    method_system TEXT, method_code TEXT, method_display TEXT, method_text TEXT,
    specimen_ref TEXT, specimen_display TEXT,
    device_id INTEGER REFERENCES devices (id), device_display TEXT,
    CHECK ((effective_at IS NOT NULL) + (coalesce(effective_start, effective_end) IS NOT NULL) +
        (effective_instant IS NOT NULL) <= 1),
    CHECK ((coalesce(value, value_comparator, value_unit, value_system, value_code) IS NOT NULL) +
        (coalesce(value_concept_system, value_concept_code, value_concept_display, value_concept_text) IS NOT NULL) +
        (value_string IS NOT NULL) + (value_boolean IS NOT NULL) + (value_integer IS NOT NULL) +
        (value_at IS NOT NULL) + (value_time IS NOT NULL) +
        (coalesce(value_period_start, value_period_end) IS NOT NULL) +
        (coalesce(value_range_low, value_range_low_unit, value_range_low_system, value_range_low_code, value_range_high, value_range_high_unit, value_range_high_system, value_range_high_code) IS NOT NULL) +
        (coalesce(value_ratio_numerator, value_ratio_numerator_unit, value_ratio_numerator_system, value_ratio_numerator_code, value_ratio_denominator, value_ratio_denominator_unit, value_ratio_denominator_system, value_ratio_denominator_code) IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX observations__patient_id ON observations (patient_id);
CREATE INDEX observations__visit_id ON observations (visit_id);
CREATE INDEX observations__device_id ON observations (device_id);

-- Numbers under which others know it; sealed.
CREATE TABLE observation_identifiers (
    id INTEGER PRIMARY KEY,
    observation_id INTEGER NOT NULL REFERENCES observations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    use TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    system TEXT, value TEXT CHECK (value GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX observation_identifiers__observation_id_position ON observation_identifiers (observation_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE observation_categories (
    id INTEGER PRIMARY KEY,
    observation_id INTEGER NOT NULL REFERENCES observations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, code TEXT, display TEXT, text TEXT
) STRICT;
CREATE INDEX observation_categories__observation_id_position ON observation_categories (observation_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE observation_codings (
    id INTEGER PRIMARY KEY,
    observation_id INTEGER NOT NULL REFERENCES observations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX observation_codings__observation_id_position ON observation_codings (observation_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE observation_performers (
    id INTEGER PRIMARY KEY,
    observation_id INTEGER NOT NULL REFERENCES observations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    performer_ref TEXT, display TEXT
) STRICT;
CREATE INDEX observation_performers__observation_id_position ON observation_performers (observation_id, position);

-- Remarks, sealed.
CREATE TABLE observation_notes (
    id INTEGER PRIMARY KEY,
    observation_id INTEGER NOT NULL REFERENCES observations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    text TEXT CHECK (text GLOB 'hg1.*'),
    written_at TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref TEXT,
    author_name TEXT,
    CHECK (author_ref IS NULL OR author_name IS NULL)
) STRICT;
CREATE INDEX observation_notes__observation_id_position ON observation_notes (observation_id, position);

-- The ranges a value is read against.
CREATE TABLE observation_reference_ranges (
    id INTEGER PRIMARY KEY,
    observation_id INTEGER NOT NULL REFERENCES observations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    low TEXT CHECK (low GLOB '*[0-9]*'), low_unit TEXT, low_system TEXT, low_code TEXT,
    high TEXT CHECK (high GLOB '*[0-9]*'), high_unit TEXT, high_system TEXT, high_code TEXT,
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    applies_to_system TEXT, applies_to_code TEXT, applies_to_display TEXT, applies_to_text TEXT,
    age_low TEXT CHECK (age_low GLOB '*[0-9]*'), age_low_unit TEXT, age_low_system TEXT, age_low_code TEXT,
    age_high TEXT CHECK (age_high GLOB '*[0-9]*'), age_high_unit TEXT, age_high_system TEXT, age_high_code TEXT,
    text TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX observation_reference_ranges__observation_id_position ON observation_reference_ranges (observation_id, position);

-- The observations that a panel gathers.
CREATE TABLE observation_members (
    id INTEGER PRIMARY KEY,
    observation_id INTEGER NOT NULL REFERENCES observations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    target_ref TEXT, display TEXT
) STRICT;
CREATE INDEX observation_members__observation_id_position ON observation_members (observation_id, position);

-- What it was made from: a note, an answered form, another observation.
CREATE TABLE observation_sources (
    id INTEGER PRIMARY KEY,
    observation_id INTEGER NOT NULL REFERENCES observations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    target_ref TEXT, display TEXT
) STRICT;
CREATE INDEX observation_sources__observation_id_position ON observation_sources (observation_id, position);

-- The parts of one measurement (systolic and diastolic, the answers of a panel).
CREATE TABLE observation_components (
    id INTEGER PRIMARY KEY,
    observation_id INTEGER NOT NULL REFERENCES observations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    code_system TEXT, code_version TEXT, code TEXT, code_display TEXT, code_text TEXT,
    value TEXT CHECK (value GLOB '*[0-9]*'), value_comparator TEXT CHECK (value_comparator IN ('<', '<=', '>=', '>')),
    value_unit TEXT, value_system TEXT, value_code TEXT,
    value_concept_system TEXT, value_concept_code TEXT, value_concept_display TEXT, value_concept_text TEXT,
    value_string TEXT CHECK (value_string GLOB 'hg1.*'),
    value_boolean INTEGER CHECK (value_boolean IN (0, 1)),
    value_integer INTEGER,
    value_at TEXT CHECK (value_at GLOB '[0-9][0-9][0-9][0-9]*'),
    value_range_low TEXT CHECK (value_range_low GLOB '*[0-9]*'), value_range_low_unit TEXT, value_range_low_system TEXT,
    value_range_low_code TEXT, value_range_high TEXT CHECK (value_range_high GLOB '*[0-9]*'), value_range_high_unit TEXT,
    value_range_high_system TEXT, value_range_high_code TEXT,
    value_ratio_numerator TEXT CHECK (value_ratio_numerator GLOB '*[0-9]*'), value_ratio_numerator_unit TEXT,
    value_ratio_numerator_system TEXT, value_ratio_numerator_code TEXT,
    value_ratio_denominator TEXT CHECK (value_ratio_denominator GLOB '*[0-9]*'), value_ratio_denominator_unit TEXT,
    value_ratio_denominator_system TEXT, value_ratio_denominator_code TEXT,
    absent_reason_system TEXT, absent_reason_code TEXT, absent_reason_display TEXT, absent_reason_text TEXT,
    interpretation_system TEXT, interpretation_code TEXT, interpretation_display TEXT, interpretation_text TEXT,
    CHECK ((coalesce(value, value_comparator, value_unit, value_system, value_code) IS NOT NULL) +
        (coalesce(value_concept_system, value_concept_code, value_concept_display, value_concept_text) IS NOT NULL) +
        (value_string IS NOT NULL) + (value_boolean IS NOT NULL) + (value_integer IS NOT NULL) +
        (value_at IS NOT NULL) +
        (coalesce(value_range_low, value_range_low_unit, value_range_low_system, value_range_low_code, value_range_high, value_range_high_unit, value_range_high_system, value_range_high_code) IS NOT NULL) +
        (coalesce(value_ratio_numerator, value_ratio_numerator_unit, value_ratio_numerator_system, value_ratio_numerator_code, value_ratio_denominator, value_ratio_denominator_unit, value_ratio_denominator_system, value_ratio_denominator_code) IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX observation_components__observation_id_position ON observation_components (observation_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE observation_component_codings (
    id INTEGER PRIMARY KEY,
    observation_component_id INTEGER NOT NULL REFERENCES observation_components (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX observation_component_codings__observation_component_id_position ON observation_component_codings (observation_component_id, position);

-- The ranges a part is read against.
CREATE TABLE observation_component_ranges (
    id INTEGER PRIMARY KEY,
    observation_component_id INTEGER NOT NULL REFERENCES observation_components (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    low TEXT CHECK (low GLOB '*[0-9]*'), low_unit TEXT, low_system TEXT, low_code TEXT,
    high TEXT CHECK (high GLOB '*[0-9]*'), high_unit TEXT, high_system TEXT, high_code TEXT,
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    text TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX observation_component_ranges__observation_component_id_position ON observation_component_ranges (observation_component_id, position);

-- Diagnostic reports. Their forms (PDF, text) are sealed.
CREATE TABLE reports (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles TEXT CHECK (profiles GLOB '[[]*]'),
    based_on_ref TEXT,
    status TEXT NOT NULL DEFAULT 'final'
        CHECK (status IN ('registered', 'partial', 'preliminary', 'final', 'amended', 'corrected', 'appended',
            'cancelled', 'entered-in-error', 'unknown')),
    category_system TEXT DEFAULT 'http://terminology.hl7.org/CodeSystem/v2-0074', category_code TEXT DEFAULT 'LAB',
    category_display TEXT, category_text TEXT,
    code_system TEXT, code_version TEXT, code TEXT, code_display TEXT, code_text TEXT,
    patient_id INTEGER REFERENCES patients (id), patient_display TEXT,
    visit_id INTEGER REFERENCES visits (id), visit_display TEXT,
    effective_at TEXT CHECK (effective_at GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_start TEXT CHECK (effective_start GLOB '[0-9][0-9][0-9][0-9]*'),
    effective_end TEXT CHECK (effective_end GLOB '[0-9][0-9][0-9][0-9]*'),
    issued_at TEXT CHECK (issued_at GLOB '[0-9][0-9][0-9][0-9]*'),
    performer_ref TEXT, performer_display TEXT,
    interpreter_ref TEXT, interpreter_display TEXT,
    specimen_ref TEXT, specimen_display TEXT,
    imaging_study_ref TEXT,
    conclusion TEXT CHECK (conclusion GLOB 'hg1.*'),
    conclusion_system TEXT, conclusion_code TEXT, conclusion_display TEXT,
    conclusion_text TEXT CHECK (conclusion_text GLOB 'hg1.*'),
    CHECK ((effective_at IS NOT NULL) + (coalesce(effective_start, effective_end) IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX reports__patient_id ON reports (patient_id);
CREATE INDEX reports__visit_id ON reports (visit_id);

-- Numbers under which others know it; sealed.
CREATE TABLE report_identifiers (
    id INTEGER PRIMARY KEY,
    report_id INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    use TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    system TEXT, value TEXT CHECK (value GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX report_identifiers__report_id_position ON report_identifiers (report_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE report_categories (
    id INTEGER PRIMARY KEY,
    report_id INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, code TEXT, display TEXT, text TEXT
) STRICT;
CREATE INDEX report_categories__report_id_position ON report_categories (report_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE report_codings (
    id INTEGER PRIMARY KEY,
    report_id INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX report_codings__report_id_position ON report_codings (report_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE report_performers (
    id INTEGER PRIMARY KEY,
    report_id INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    performer_ref TEXT, display TEXT
) STRICT;
CREATE INDEX report_performers__report_id_position ON report_performers (report_id, position);

-- The observations of a report, in its order.
CREATE TABLE report_results (
    id INTEGER PRIMARY KEY,
    report_id INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    result_ref TEXT, display TEXT
) STRICT;
CREATE INDEX report_results__report_id_position ON report_results (report_id, position);

-- Pictures of a report.
CREATE TABLE report_media (
    id INTEGER PRIMARY KEY,
    report_id INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    comment TEXT CHECK (comment GLOB 'hg1.*'),
    media_ref TEXT, media_display TEXT
) STRICT;
CREATE INDEX report_media__report_id_position ON report_media (report_id, position);

-- The report as people read it.
CREATE TABLE report_forms (
    id INTEGER PRIMARY KEY,
    report_id INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    content_type TEXT,
    language TEXT,
    data TEXT CHECK (data GLOB 'hg1.*'),
    url TEXT,
    size INTEGER CHECK (size >= 0),
    hash TEXT,
    title TEXT CHECK (title GLOB 'hg1.*'),
    created_at TEXT CHECK (created_at GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX report_forms__report_id_position ON report_forms (report_id, position);
