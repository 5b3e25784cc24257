-- The record of care: visits, diagnoses, prescriptions, notes, allergies, procedures, immunisations.
-- Sealed columns hold hg1.… only; dates and decimals are kept as the text that came.

-- Medicines by themselves: the formulary and what other systems sent.
CREATE TABLE medications (
    id                        INTEGER PRIMARY KEY,
    public_id                 TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles                  TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-medication"]' CHECK (profiles GLOB '[[]*]'),
    code_system               TEXT,
    code                      TEXT,
    code_display              TEXT,
    code_text                 TEXT,
    status                    TEXT
        CHECK (status IN ('active', 'inactive', 'entered-in-error')),
    manufacturer_id           INTEGER REFERENCES organizations (id),
    manufacturer_display      TEXT,
    form_system               TEXT,
    form_code                 TEXT,
    form_display              TEXT,
    form_text                 TEXT,
    amount_numerator          TEXT CHECK (amount_numerator GLOB '*[0-9]*'),
    amount_numerator_unit     TEXT,
    amount_numerator_system   TEXT,
    amount_numerator_code     TEXT,
    amount_denominator        TEXT CHECK (amount_denominator GLOB '*[0-9]*'),
    amount_denominator_unit   TEXT,
    amount_denominator_system TEXT,
    amount_denominator_code   TEXT,
    lot_number                TEXT,
    expires_on                TEXT CHECK (expires_on GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX medications_manufacturer_id ON medications (manufacturer_id);

CREATE TABLE medication_identifiers (
    id            INTEGER PRIMARY KEY,
    medication_id INTEGER NOT NULL REFERENCES medications (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL DEFAULT 0,
    use           TEXT
        CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system   TEXT,
    type_code     TEXT,
    type_display  TEXT,
    type_text     TEXT,
    system        TEXT,
    value         TEXT,
    period_start  TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end    TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX medication_identifiers_medication_id ON medication_identifiers (medication_id, position);

CREATE TABLE medication_codings (
    id            INTEGER PRIMARY KEY,
    medication_id INTEGER NOT NULL REFERENCES medications (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL DEFAULT 0,
    system        TEXT,
    version       TEXT,
    code          TEXT,
    display       TEXT
) STRICT;
CREATE INDEX medication_codings_medication_id ON medication_codings (medication_id, position);

CREATE TABLE medication_ingredients (
    id                          INTEGER PRIMARY KEY,
    medication_id               INTEGER NOT NULL REFERENCES medications (id) ON DELETE CASCADE,
    position                    INTEGER NOT NULL DEFAULT 0,
    item_system                 TEXT,
    item_code                   TEXT,
    item_display                TEXT,
    item_text                   TEXT,
    item_ref                    TEXT,
    item_ref_display            TEXT,
    is_active                   INTEGER CHECK (is_active IN (0, 1)),
    strength_numerator          TEXT CHECK (strength_numerator GLOB '*[0-9]*'),
    strength_numerator_unit     TEXT,
    strength_numerator_system   TEXT,
    strength_numerator_code     TEXT,
    strength_denominator        TEXT CHECK (strength_denominator GLOB '*[0-9]*'),
    strength_denominator_unit   TEXT,
    strength_denominator_system TEXT,
    strength_denominator_code   TEXT,
    CHECK ((coalesce(item_system, item_code, item_display, item_text) IS NOT NULL) +
        (item_ref IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX medication_ingredients_medication_id ON medication_ingredients (medication_id, position);

-- Prescriptions, written here or reported by a patient or another system.
CREATE TABLE prescriptions (
    id                           INTEGER PRIMARY KEY,
    public_id                    TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles                     TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-medicationrequest"]' CHECK (profiles GLOB '[[]*]'),
    status                       TEXT NOT NULL DEFAULT 'running'
        CHECK (status IN ('running', 'renewed', 'paused', 'cancelled', 'finished', 'mistake', 'stopped',
            'draft', 'unknown')),
    status_reason_system         TEXT,
    status_reason_code           TEXT,
    status_reason_display        TEXT,
    status_reason_text           TEXT,
    intent                       TEXT NOT NULL DEFAULT 'order'
        CHECK (intent IN ('proposal', 'plan', 'order', 'original-order', 'reflex-order', 'filler-order',
            'instance-order', 'option')),
    category_system              TEXT,
    category_code                TEXT,
    category_display             TEXT,
    category_text                TEXT,
    priority                     TEXT
        CHECK (priority IN ('routine', 'urgent', 'asap', 'stat')),
    do_not_perform               INTEGER CHECK (do_not_perform IN (0, 1)),
    reported                     INTEGER CHECK (reported IN (0, 1)),
    reported_by_ref              TEXT,
    reported_by_display          TEXT,
    rxnorm_code                  TEXT,
    drug_name                    TEXT,
    drug_text                    TEXT,
    medication_id                INTEGER REFERENCES medications (id),
    medication_display           TEXT,
    patient_id                   INTEGER REFERENCES patients (id),
    patient_display              TEXT,
    visit_id                     INTEGER REFERENCES visits (id),
    visit_display                TEXT,
    authored_on                  TEXT CHECK (authored_on GLOB '[0-9][0-9][0-9][0-9]*'),
    requester_ref                TEXT,
    requester_display            TEXT,
    performer_ref                TEXT,
    performer_display            TEXT,
    performer_type_system        TEXT,
    performer_type_code          TEXT,
    performer_type_display       TEXT,
    performer_type_text          TEXT,
    recorder_ref                 TEXT,
    recorder_display             TEXT,
    reason_system                TEXT,
    reason_code                  TEXT,
    reason_display               TEXT,
    reason_text                  TEXT CHECK (reason_text GLOB 'hg1.*'),
    diagnosis_id                 INTEGER REFERENCES diagnoses (id),
    diagnosis_display            TEXT,
    based_on_ref                 TEXT,
    group_system                 TEXT,
    group_value                  TEXT CHECK (group_value GLOB 'hg1.*'),
    course_of_therapy_system     TEXT,
    course_of_therapy_code       TEXT,
    course_of_therapy_display    TEXT,
    course_of_therapy_text       TEXT,
    initial_fill                 TEXT CHECK (initial_fill GLOB '*[0-9]*'),
    initial_fill_comparator      TEXT CHECK (initial_fill_comparator IN ('<', '<=', '>=', '>')),
    initial_fill_unit            TEXT,
    initial_fill_system          TEXT,
    initial_fill_code            TEXT,
    initial_fill_duration        TEXT CHECK (initial_fill_duration GLOB '*[0-9]*'),
    initial_fill_duration_unit   TEXT,
    initial_fill_duration_system TEXT,
    initial_fill_duration_code   TEXT,
    dispense_interval            TEXT CHECK (dispense_interval GLOB '*[0-9]*'),
    dispense_interval_unit       TEXT,
    dispense_interval_system     TEXT,
    dispense_interval_code       TEXT,
    valid_from                   TEXT CHECK (valid_from GLOB '[0-9][0-9][0-9][0-9]*'),
    valid_until                  TEXT CHECK (valid_until GLOB '[0-9][0-9][0-9][0-9]*'),
    repeats_allowed              INTEGER CHECK (repeats_allowed >= 0),
    quantity                     TEXT CHECK (quantity GLOB '*[0-9]*'),
    quantity_comparator          TEXT CHECK (quantity_comparator IN ('<', '<=', '>=', '>')),
    quantity_unit                TEXT,
    quantity_system              TEXT,
    quantity_code                TEXT,
    supply                       TEXT CHECK (supply GLOB '*[0-9]*'),
    supply_unit                  TEXT,
    supply_system                TEXT,
    supply_code                  TEXT,
    pharmacy_id                  INTEGER REFERENCES organizations (id),
    pharmacy_display             TEXT,
    substitution_allowed         INTEGER CHECK (substitution_allowed IN (0, 1)),
    substitution_system          TEXT,
    substitution_code            TEXT,
    substitution_display         TEXT,
    substitution_text            TEXT,
    substitution_reason_system   TEXT,
    substitution_reason_code     TEXT,
    substitution_reason_display  TEXT,
    substitution_reason_text     TEXT,
    prior_prescription_id        INTEGER REFERENCES prescriptions (id),
    CHECK (reported IS NULL OR reported_by_ref IS NULL),
    CHECK ((coalesce(rxnorm_code, drug_name, drug_text) IS NOT NULL) + (medication_id IS NOT NULL) <= 1),
    CHECK ((substitution_allowed IS NOT NULL) +
        (coalesce(substitution_system, substitution_code, substitution_display, substitution_text) IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX prescriptions_medication_id ON prescriptions (medication_id);
CREATE INDEX prescriptions_patient_id ON prescriptions (patient_id);
CREATE INDEX prescriptions_visit_id ON prescriptions (visit_id);
CREATE INDEX prescriptions_diagnosis_id ON prescriptions (diagnosis_id);
CREATE INDEX prescriptions_pharmacy_id ON prescriptions (pharmacy_id);
CREATE INDEX prescriptions_prior_prescription_id ON prescriptions (prior_prescription_id);

CREATE TABLE prescription_identifiers (
    id              INTEGER PRIMARY KEY,
    prescription_id INTEGER NOT NULL REFERENCES prescriptions (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL DEFAULT 0,
    use             TEXT
        CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system     TEXT,
    type_code       TEXT,
    type_display    TEXT,
    type_text       TEXT,
    system          TEXT,
    value           TEXT CHECK (value GLOB 'hg1.*'),
    period_start    TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end      TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX prescription_identifiers_prescription_id ON prescription_identifiers (prescription_id, position);

CREATE TABLE prescription_categories (
    id              INTEGER PRIMARY KEY,
    prescription_id INTEGER NOT NULL REFERENCES prescriptions (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL DEFAULT 0,
    system          TEXT,
    code            TEXT,
    display         TEXT,
    text            TEXT
) STRICT;
CREATE INDEX prescription_categories_prescription_id ON prescription_categories (prescription_id, position);

CREATE TABLE prescription_drug_codings (
    id              INTEGER PRIMARY KEY,
    prescription_id INTEGER NOT NULL REFERENCES prescriptions (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL DEFAULT 0,
    system          TEXT,
    version         TEXT,
    code            TEXT,
    display         TEXT
) STRICT;
CREATE INDEX prescription_drug_codings_prescription_id ON prescription_drug_codings (prescription_id, position);

CREATE TABLE prescription_notes (
    id              INTEGER PRIMARY KEY,
    prescription_id INTEGER NOT NULL REFERENCES prescriptions (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL DEFAULT 0,
    text            TEXT CHECK (text GLOB 'hg1.*'),
    written_at      TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref      TEXT,
    author_name     TEXT,
    CHECK (author_ref IS NULL OR author_name IS NULL)
) STRICT;
CREATE INDEX prescription_notes_prescription_id ON prescription_notes (prescription_id, position);

-- How a drug is taken: one row a step. The words are sealed, the numbers are not.
CREATE TABLE prescription_dosages (
    id                            INTEGER PRIMARY KEY,
    prescription_id               INTEGER NOT NULL REFERENCES prescriptions (id) ON DELETE CASCADE,
    position                      INTEGER NOT NULL DEFAULT 0,
    sequence                      INTEGER,
    text                          TEXT CHECK (text GLOB 'hg1.*'),
    additional_system             TEXT,
    additional_code               TEXT,
    additional_display            TEXT,
    additional_text               TEXT CHECK (additional_text GLOB 'hg1.*'),
    patient_instruction           TEXT CHECK (patient_instruction GLOB 'hg1.*'),
    bounds_start                  TEXT CHECK (bounds_start GLOB '[0-9][0-9][0-9][0-9]*'),
    bounds_end                    TEXT CHECK (bounds_end GLOB '[0-9][0-9][0-9][0-9]*'),
    bounds_duration               TEXT CHECK (bounds_duration GLOB '*[0-9]*'),
    bounds_duration_unit          TEXT,
    bounds_duration_system        TEXT,
    bounds_duration_code          TEXT,
    count                         INTEGER CHECK (count > 0),
    count_max                     INTEGER CHECK (count_max > 0),
    duration                      TEXT CHECK (duration GLOB '*[0-9]*'),
    duration_unit                 TEXT
        CHECK (duration_unit IN ('s', 'min', 'h', 'd', 'wk', 'mo', 'a')),
    frequency                     INTEGER CHECK (frequency > 0),
    frequency_max                 INTEGER CHECK (frequency_max > 0),
    period                        TEXT CHECK (period GLOB '*[0-9]*'),
    period_max                    TEXT CHECK (period_max GLOB '*[0-9]*'),
    period_unit                   TEXT
        CHECK (period_unit IN ('s', 'min', 'h', 'd', 'wk', 'mo', 'a')),
    days_of_week                  TEXT CHECK (days_of_week GLOB '[[]*]'),
    times_of_day                  TEXT CHECK (times_of_day GLOB '[[]*]'),
    meal_times                    TEXT CHECK (meal_times GLOB '[[]*]'),
    meal_offset                   INTEGER CHECK (meal_offset >= 0),
    timing_system                 TEXT,
    timing_code                   TEXT,
    timing_display                TEXT,
    timing_text                   TEXT CHECK (timing_text GLOB 'hg1.*'),
    as_needed                     INTEGER CHECK (as_needed IN (0, 1)),
    as_needed_for_system          TEXT,
    as_needed_for_code            TEXT,
    as_needed_for_display         TEXT,
    as_needed_for_text            TEXT CHECK (as_needed_for_text GLOB 'hg1.*'),
    site_system                   TEXT,
    site_code                     TEXT,
    site_display                  TEXT,
    site_text                     TEXT,
    route_system                  TEXT,
    route_code                    TEXT,
    route_display                 TEXT,
    route_text                    TEXT,
    method_system                 TEXT,
    method_code                   TEXT,
    method_display                TEXT,
    method_text                   TEXT,
    dose_type_system              TEXT,
    dose_type_code                TEXT,
    dose_type_display             TEXT,
    dose_type_text                TEXT,
    dose                          TEXT CHECK (dose GLOB '*[0-9]*'),
    dose_comparator               TEXT CHECK (dose_comparator IN ('<', '<=', '>=', '>')),
    dose_unit                     TEXT,
    dose_system                   TEXT,
    dose_code                     TEXT,
    dose_range_low                TEXT CHECK (dose_range_low GLOB '*[0-9]*'),
    dose_range_low_unit           TEXT,
    dose_range_low_system         TEXT,
    dose_range_low_code           TEXT,
    dose_range_high               TEXT CHECK (dose_range_high GLOB '*[0-9]*'),
    dose_range_high_unit          TEXT,
    dose_range_high_system        TEXT,
    dose_range_high_code          TEXT,
    rate                          TEXT CHECK (rate GLOB '*[0-9]*'),
    rate_comparator               TEXT CHECK (rate_comparator IN ('<', '<=', '>=', '>')),
    rate_unit                     TEXT,
    rate_system                   TEXT,
    rate_code                     TEXT,
    rate_ratio_numerator          TEXT CHECK (rate_ratio_numerator GLOB '*[0-9]*'),
    rate_ratio_numerator_unit     TEXT,
    rate_ratio_numerator_system   TEXT,
    rate_ratio_numerator_code     TEXT,
    rate_ratio_denominator        TEXT CHECK (rate_ratio_denominator GLOB '*[0-9]*'),
    rate_ratio_denominator_unit   TEXT,
    rate_ratio_denominator_system TEXT,
    rate_ratio_denominator_code   TEXT,
    max_dose_numerator            TEXT CHECK (max_dose_numerator GLOB '*[0-9]*'),
    max_dose_numerator_unit       TEXT,
    max_dose_numerator_system     TEXT,
    max_dose_numerator_code       TEXT,
    max_dose_denominator          TEXT CHECK (max_dose_denominator GLOB '*[0-9]*'),
    max_dose_denominator_unit     TEXT,
    max_dose_denominator_system   TEXT,
    max_dose_denominator_code     TEXT,
    CHECK ((coalesce(bounds_start, bounds_end) IS NOT NULL) +
        (coalesce(bounds_duration, bounds_duration_unit, bounds_duration_system, bounds_duration_code) IS NOT NULL) <= 1),
    CHECK ((as_needed IS NOT NULL) +
        (coalesce(as_needed_for_system, as_needed_for_code, as_needed_for_display, as_needed_for_text) IS NOT NULL) <= 1),
    CHECK ((coalesce(dose, dose_comparator, dose_unit, dose_system, dose_code) IS NOT NULL) +
        (coalesce(dose_range_low, dose_range_low_unit, dose_range_low_system, dose_range_low_code, dose_range_high, dose_range_high_unit, dose_range_high_system, dose_range_high_code) IS NOT NULL) <= 1),
    CHECK ((coalesce(rate, rate_comparator, rate_unit, rate_system, rate_code) IS NOT NULL) +
        (coalesce(rate_ratio_numerator, rate_ratio_numerator_unit, rate_ratio_numerator_system, rate_ratio_numerator_code, rate_ratio_denominator, rate_ratio_denominator_unit, rate_ratio_denominator_system, rate_ratio_denominator_code) IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX prescription_dosages_prescription_id ON prescription_dosages (prescription_id, position);
