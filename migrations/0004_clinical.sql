-- The record of care: visits, diagnoses, prescriptions, notes, allergies, procedures, immunisations.
-- Sealed columns hold hg1.… only; dates and decimals are kept as the text that came.

-- Visits to the clinic, at home or by telephone.
CREATE TABLE visits (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-encounter"]' CHECK (profiles GLOB '[[]*]'),
    status TEXT NOT NULL DEFAULT 'planned'
        CHECK (status IN ('planned', 'checked-in', 'triaged', 'in-room', 'away', 'closed', 'cancelled',
            'mistake', 'unknown')),
    class_system TEXT DEFAULT 'http://terminology.hl7.org/CodeSystem/v3-ActCode', class_code TEXT DEFAULT 'AMB',
    class_display TEXT,
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    service_system TEXT, service_code TEXT, service_display TEXT, service_text TEXT,
    priority_system TEXT, priority_code TEXT, priority_display TEXT, priority_text TEXT,
    patient_id INTEGER REFERENCES patients (id), patient_display TEXT,
    episode_ref TEXT,
    based_on_ref TEXT,
    account_ref TEXT,
    appointment_id INTEGER REFERENCES appointments (id),
    starts_at TEXT CHECK (starts_at GLOB '[0-9][0-9][0-9][0-9]*'),
    ends_at TEXT CHECK (ends_at GLOB '[0-9][0-9][0-9][0-9]*'),
    length TEXT CHECK (length GLOB '*[0-9]*'), length_unit TEXT, length_system TEXT, length_code TEXT,
    reason_system TEXT, reason_code TEXT, reason_display TEXT, reason_text TEXT CHECK (reason_text GLOB 'hg1.*'),
    admit_source_system TEXT, admit_source_code TEXT, admit_source_display TEXT, admit_source_text TEXT,
    readmission_system TEXT, readmission_code TEXT, readmission_display TEXT, readmission_text TEXT,
    special_arrangement_system TEXT, special_arrangement_code TEXT, special_arrangement_display TEXT,
    special_arrangement_text TEXT,
    origin_ref TEXT,
    destination_ref TEXT,
    discharge_system TEXT, discharge_code TEXT, discharge_display TEXT, discharge_text TEXT,
    organization_id INTEGER REFERENCES organizations (id), organization_display TEXT,
    part_of_id INTEGER REFERENCES visits (id)
) STRICT;
CREATE INDEX visits__patient_id ON visits (patient_id);
CREATE INDEX visits__appointment_id ON visits (appointment_id);
CREATE INDEX visits__organization_id ON visits (organization_id);
CREATE INDEX visits__part_of_id ON visits (part_of_id);

-- Numbers under which others know it; sealed.
CREATE TABLE visit_identifiers (
    id INTEGER PRIMARY KEY,
    visit_id INTEGER NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    use TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    system TEXT, value TEXT CHECK (value GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX visit_identifiers__visit_id_position ON visit_identifiers (visit_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE visit_types (
    id INTEGER PRIMARY KEY,
    visit_id INTEGER NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, code TEXT, display TEXT, text TEXT
) STRICT;
CREATE INDEX visit_types__visit_id_position ON visit_types (visit_id, position);

-- Who took part, in which part, when.
CREATE TABLE visit_participants (
    id INTEGER PRIMARY KEY,
    visit_id INTEGER NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    starts_at TEXT CHECK (starts_at GLOB '[0-9][0-9][0-9][0-9]*'),
    ends_at TEXT CHECK (ends_at GLOB '[0-9][0-9][0-9][0-9]*'),
    individual_ref TEXT, individual_display TEXT
) STRICT;
CREATE INDEX visit_participants__visit_id_position ON visit_participants (visit_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE visit_reasons (
    id INTEGER PRIMARY KEY,
    visit_id INTEGER NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, code TEXT, display TEXT, text TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX visit_reasons__visit_id_position ON visit_reasons (visit_id, position);

-- Diagnoses, procedures and observations that were the reason for the visit.
CREATE TABLE visit_reason_references (
    id INTEGER PRIMARY KEY,
    visit_id INTEGER NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    target_ref TEXT, display TEXT
) STRICT;
CREATE INDEX visit_reason_references__visit_id_position ON visit_reason_references (visit_id, position);

-- Diagnoses and procedures of a visit, with their part in it.
CREATE TABLE visit_diagnoses (
    id INTEGER PRIMARY KEY,
    visit_id INTEGER NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    condition_ref TEXT, condition_display TEXT,
    use_system TEXT, use_code TEXT, use_display TEXT, use_text TEXT,
    rank INTEGER CHECK (rank > 0)
) STRICT;
CREATE INDEX visit_diagnoses__visit_id_position ON visit_diagnoses (visit_id, position);

-- Where the patient was during the visit.
CREATE TABLE visit_locations (
    id INTEGER PRIMARY KEY,
    visit_id INTEGER NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    location_id INTEGER REFERENCES locations (id), location_display TEXT,
    status TEXT CHECK (status IN ('planned', 'active', 'reserved', 'completed')),
    physical_type_system TEXT, physical_type_code TEXT, physical_type_display TEXT, physical_type_text TEXT,
    starts_at TEXT CHECK (starts_at GLOB '[0-9][0-9][0-9][0-9]*'),
    ends_at TEXT CHECK (ends_at GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX visit_locations__visit_id_position ON visit_locations (visit_id, position);
CREATE INDEX visit_locations__location_id ON visit_locations (location_id);

-- Diagnoses, problems and health concerns.
CREATE TABLE diagnoses (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition-encounter-diagnosis"]' CHECK (profiles GLOB '[[]*]'),
    asserted_on TEXT CHECK (asserted_on GLOB '[0-9][0-9][0-9][0-9]*'),
    clinical_status_system TEXT, clinical_status_code TEXT, clinical_status_display TEXT, clinical_status_text TEXT,
    verification_status_system TEXT, verification_status_code TEXT, verification_status_display TEXT,
    verification_status_text TEXT,
    category_system TEXT DEFAULT 'http://terminology.hl7.org/CodeSystem/condition-category',
    category_code TEXT DEFAULT 'encounter-diagnosis', category_display TEXT, category_text TEXT,
    severity_system TEXT, severity_code TEXT, severity_display TEXT, severity_text TEXT CHECK (severity_text GLOB 'hg1.*'),
    code_system TEXT, code_version TEXT, code TEXT, code_display TEXT, code_text TEXT CHECK (code_text GLOB 'hg1.*'),
    body_site_system TEXT, body_site_code TEXT, body_site_display TEXT,
    body_site_text TEXT CHECK (body_site_text GLOB 'hg1.*'),
    patient_id INTEGER REFERENCES patients (id), patient_display TEXT,
    visit_id INTEGER REFERENCES visits (id), visit_display TEXT,
    onset_at TEXT CHECK (onset_at GLOB '[0-9][0-9][0-9][0-9]*'),
    onset_age TEXT CHECK (onset_age GLOB '*[0-9]*'), onset_age_unit TEXT, onset_age_system TEXT, onset_age_code TEXT,
    onset_start TEXT CHECK (onset_start GLOB '[0-9][0-9][0-9][0-9]*'),
    onset_end TEXT CHECK (onset_end GLOB '[0-9][0-9][0-9][0-9]*'),
    onset_range_low TEXT CHECK (onset_range_low GLOB '*[0-9]*'), onset_range_low_unit TEXT, onset_range_low_system TEXT,
    onset_range_low_code TEXT, onset_range_high TEXT CHECK (onset_range_high GLOB '*[0-9]*'), onset_range_high_unit TEXT,
    onset_range_high_system TEXT, onset_range_high_code TEXT,
    onset_text TEXT CHECK (onset_text GLOB 'hg1.*'),
    abatement_at TEXT CHECK (abatement_at GLOB '[0-9][0-9][0-9][0-9]*'),
    abatement_age TEXT CHECK (abatement_age GLOB '*[0-9]*'), abatement_age_unit TEXT, abatement_age_system TEXT,
    abatement_age_code TEXT,
    abatement_start TEXT CHECK (abatement_start GLOB '[0-9][0-9][0-9][0-9]*'),
    abatement_end TEXT CHECK (abatement_end GLOB '[0-9][0-9][0-9][0-9]*'),
    abatement_range_low TEXT CHECK (abatement_range_low GLOB '*[0-9]*'), abatement_range_low_unit TEXT,
    abatement_range_low_system TEXT, abatement_range_low_code TEXT,
    abatement_range_high TEXT CHECK (abatement_range_high GLOB '*[0-9]*'), abatement_range_high_unit TEXT,
    abatement_range_high_system TEXT, abatement_range_high_code TEXT,
    abatement_text TEXT CHECK (abatement_text GLOB 'hg1.*'),
    recorded_at TEXT CHECK (recorded_at GLOB '[0-9][0-9][0-9][0-9]*'),
    recorder_ref TEXT, recorder_display TEXT,
    asserter_ref TEXT, asserter_display TEXT,
    CHECK ((onset_at IS NOT NULL) +
        (coalesce(onset_age, onset_age_unit, onset_age_system, onset_age_code) IS NOT NULL) +
        (coalesce(onset_start, onset_end) IS NOT NULL) +
        (coalesce(onset_range_low, onset_range_low_unit, onset_range_low_system, onset_range_low_code, onset_range_high, onset_range_high_unit, onset_range_high_system, onset_range_high_code) IS NOT NULL) +
        (onset_text IS NOT NULL) <= 1),
    CHECK ((abatement_at IS NOT NULL) +
        (coalesce(abatement_age, abatement_age_unit, abatement_age_system, abatement_age_code) IS NOT NULL) +
        (coalesce(abatement_start, abatement_end) IS NOT NULL) +
        (coalesce(abatement_range_low, abatement_range_low_unit, abatement_range_low_system, abatement_range_low_code, abatement_range_high, abatement_range_high_unit, abatement_range_high_system, abatement_range_high_code) IS NOT NULL) +
        (abatement_text IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX diagnoses__patient_id ON diagnoses (patient_id);
CREATE INDEX diagnoses__visit_id ON diagnoses (visit_id);

-- Numbers under which others know it; sealed.
CREATE TABLE diagnosis_identifiers (
    id INTEGER PRIMARY KEY,
    diagnosis_id INTEGER NOT NULL REFERENCES diagnoses (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    use TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    system TEXT, value TEXT CHECK (value GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX diagnosis_identifiers__diagnosis_id_position ON diagnosis_identifiers (diagnosis_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE diagnosis_categories (
    id INTEGER PRIMARY KEY,
    diagnosis_id INTEGER NOT NULL REFERENCES diagnoses (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, code TEXT, display TEXT, text TEXT
) STRICT;
CREATE INDEX diagnosis_categories__diagnosis_id_position ON diagnosis_categories (diagnosis_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE diagnosis_codings (
    id INTEGER PRIMARY KEY,
    diagnosis_id INTEGER NOT NULL REFERENCES diagnoses (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX diagnosis_codings__diagnosis_id_position ON diagnosis_codings (diagnosis_id, position);

-- How far it has gone, and by which assessment.
CREATE TABLE diagnosis_stages (
    id INTEGER PRIMARY KEY,
    diagnosis_id INTEGER NOT NULL REFERENCES diagnoses (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    summary_system TEXT, summary_code TEXT, summary_display TEXT, summary_text TEXT CHECK (summary_text GLOB 'hg1.*'),
    assessment_ref TEXT,
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT
) STRICT;
CREATE INDEX diagnosis_stages__diagnosis_id_position ON diagnosis_stages (diagnosis_id, position);

-- What speaks for the diagnosis.
CREATE TABLE diagnosis_evidence (
    id INTEGER PRIMARY KEY,
    diagnosis_id INTEGER NOT NULL REFERENCES diagnoses (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    code_system TEXT, code_version TEXT, code TEXT, code_display TEXT, code_text TEXT CHECK (code_text GLOB 'hg1.*'),
    detail_ref TEXT, detail_display TEXT
) STRICT;
CREATE INDEX diagnosis_evidence__diagnosis_id_position ON diagnosis_evidence (diagnosis_id, position);

-- Remarks, sealed.
CREATE TABLE diagnosis_notes (
    id INTEGER PRIMARY KEY,
    diagnosis_id INTEGER NOT NULL REFERENCES diagnoses (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    text TEXT CHECK (text GLOB 'hg1.*'),
    written_at TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref TEXT,
    author_name TEXT,
    CHECK (author_ref IS NULL OR author_name IS NULL)
) STRICT;
CREATE INDEX diagnosis_notes__diagnosis_id_position ON diagnosis_notes (diagnosis_id, position);

-- Medicines by themselves: the formulary and what other systems sent.
CREATE TABLE medications (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-medication"]' CHECK (profiles GLOB '[[]*]'),
    code_system TEXT, code_version TEXT, code TEXT, code_display TEXT, code_text TEXT,
    status TEXT CHECK (status IN ('active', 'inactive', 'entered-in-error')),
    manufacturer_id INTEGER REFERENCES organizations (id), manufacturer_display TEXT,
    form_system TEXT, form_code TEXT, form_display TEXT, form_text TEXT,
    amount_numerator TEXT CHECK (amount_numerator GLOB '*[0-9]*'), amount_numerator_unit TEXT, amount_numerator_system TEXT,
    amount_numerator_code TEXT, amount_denominator TEXT CHECK (amount_denominator GLOB '*[0-9]*'),
    amount_denominator_unit TEXT, amount_denominator_system TEXT, amount_denominator_code TEXT,
    lot_number TEXT,
    expires_on TEXT CHECK (expires_on GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX medications__manufacturer_id ON medications (manufacturer_id);

-- Numbers under which others know it.
CREATE TABLE medication_identifiers (
    id INTEGER PRIMARY KEY,
    medication_id INTEGER NOT NULL REFERENCES medications (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    use TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    system TEXT, value TEXT,
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX medication_identifiers__medication_id_position ON medication_identifiers (medication_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE medication_codings (
    id INTEGER PRIMARY KEY,
    medication_id INTEGER NOT NULL REFERENCES medications (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX medication_codings__medication_id_position ON medication_codings (medication_id, position);

-- What a medicine is made of.
CREATE TABLE medication_ingredients (
    id INTEGER PRIMARY KEY,
    medication_id INTEGER NOT NULL REFERENCES medications (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    item_system TEXT, item_code TEXT, item_display TEXT, item_text TEXT,
    item_ref TEXT, item_ref_display TEXT,
    is_active INTEGER CHECK (is_active IN (0, 1)),
    strength_numerator TEXT CHECK (strength_numerator GLOB '*[0-9]*'), strength_numerator_unit TEXT,
    strength_numerator_system TEXT, strength_numerator_code TEXT,
    strength_denominator TEXT CHECK (strength_denominator GLOB '*[0-9]*'), strength_denominator_unit TEXT,
    strength_denominator_system TEXT, strength_denominator_code TEXT,
    CHECK ((coalesce(item_system, item_code, item_display, item_text) IS NOT NULL) +
        (item_ref IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX medication_ingredients__medication_id_position ON medication_ingredients (medication_id, position);

-- Prescriptions, written here or reported by a patient or another system.
CREATE TABLE prescriptions (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-medicationrequest"]' CHECK (profiles GLOB '[[]*]'),
    status TEXT NOT NULL DEFAULT 'running'
        CHECK (status IN ('running', 'renewed', 'paused', 'cancelled', 'finished', 'mistake', 'stopped',
            'draft', 'unknown')),
    status_reason_system TEXT, status_reason_code TEXT, status_reason_display TEXT, status_reason_text TEXT,
    intent TEXT NOT NULL DEFAULT 'order'
        CHECK (intent IN ('proposal', 'plan', 'order', 'original-order', 'reflex-order', 'filler-order',
            'instance-order', 'option')),
    category_system TEXT, category_code TEXT, category_display TEXT, category_text TEXT,
    priority TEXT CHECK (priority IN ('routine', 'urgent', 'asap', 'stat')),
    do_not_perform INTEGER CHECK (do_not_perform IN (0, 1)),
    reported INTEGER CHECK (reported IN (0, 1)),
    reported_by_ref TEXT, reported_by_display TEXT,
    rxnorm_code TEXT, drug_name TEXT, drug_text TEXT,
    medication_id INTEGER REFERENCES medications (id), medication_display TEXT,
    patient_id INTEGER REFERENCES patients (id), patient_display TEXT,
    visit_id INTEGER REFERENCES visits (id), visit_display TEXT,
    authored_on TEXT CHECK (authored_on GLOB '[0-9][0-9][0-9][0-9]*'),
    requester_ref TEXT, requester_display TEXT,
    performer_ref TEXT, performer_display TEXT,
    performer_type_system TEXT, performer_type_code TEXT, performer_type_display TEXT, performer_type_text TEXT,
    recorder_ref TEXT, recorder_display TEXT,
    reason_system TEXT, reason_code TEXT, reason_display TEXT, reason_text TEXT CHECK (reason_text GLOB 'hg1.*'),
    diagnosis_id INTEGER REFERENCES diagnoses (id), diagnosis_display TEXT,
    based_on_ref TEXT,
    group_system TEXT,
    group_value TEXT CHECK (group_value GLOB 'hg1.*'),
    course_of_therapy_system TEXT, course_of_therapy_code TEXT, course_of_therapy_display TEXT, course_of_therapy_text TEXT,
    initial_fill TEXT CHECK (initial_fill GLOB '*[0-9]*'),
    initial_fill_comparator TEXT CHECK (initial_fill_comparator IN ('<', '<=', '>=', '>')), initial_fill_unit TEXT,
    initial_fill_system TEXT, initial_fill_code TEXT,
    initial_fill_duration TEXT CHECK (initial_fill_duration GLOB '*[0-9]*'), initial_fill_duration_unit TEXT,
    initial_fill_duration_system TEXT, initial_fill_duration_code TEXT,
    dispense_interval TEXT CHECK (dispense_interval GLOB '*[0-9]*'), dispense_interval_unit TEXT,
    dispense_interval_system TEXT, dispense_interval_code TEXT,
    valid_from TEXT CHECK (valid_from GLOB '[0-9][0-9][0-9][0-9]*'),
    valid_until TEXT CHECK (valid_until GLOB '[0-9][0-9][0-9][0-9]*'),
    repeats_allowed INTEGER CHECK (repeats_allowed >= 0),
    quantity TEXT CHECK (quantity GLOB '*[0-9]*'),
    quantity_comparator TEXT CHECK (quantity_comparator IN ('<', '<=', '>=', '>')), quantity_unit TEXT,
    quantity_system TEXT, quantity_code TEXT,
    supply TEXT CHECK (supply GLOB '*[0-9]*'), supply_unit TEXT, supply_system TEXT, supply_code TEXT,
    pharmacy_id INTEGER REFERENCES organizations (id), pharmacy_display TEXT,
    substitution_allowed INTEGER CHECK (substitution_allowed IN (0, 1)),
    substitution_system TEXT, substitution_code TEXT, substitution_display TEXT, substitution_text TEXT,
    substitution_reason_system TEXT, substitution_reason_code TEXT, substitution_reason_display TEXT,
    substitution_reason_text TEXT,
    prior_prescription_id INTEGER REFERENCES prescriptions (id),
    CHECK (reported IS NULL OR reported_by_ref IS NULL),
    CHECK ((coalesce(rxnorm_code, drug_name, drug_text) IS NOT NULL) + (medication_id IS NOT NULL) <= 1),
    CHECK ((substitution_allowed IS NOT NULL) +
        (coalesce(substitution_system, substitution_code, substitution_display, substitution_text) IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX prescriptions__medication_id ON prescriptions (medication_id);
CREATE INDEX prescriptions__patient_id ON prescriptions (patient_id);
CREATE INDEX prescriptions__visit_id ON prescriptions (visit_id);
CREATE INDEX prescriptions__diagnosis_id ON prescriptions (diagnosis_id);
CREATE INDEX prescriptions__pharmacy_id ON prescriptions (pharmacy_id);
CREATE INDEX prescriptions__prior_prescription_id ON prescriptions (prior_prescription_id);

-- Numbers under which others know it; sealed.
CREATE TABLE prescription_identifiers (
    id INTEGER PRIMARY KEY,
    prescription_id INTEGER NOT NULL REFERENCES prescriptions (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    use TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    system TEXT, value TEXT CHECK (value GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX prescription_identifiers__prescription_id_position ON prescription_identifiers (prescription_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE prescription_categories (
    id INTEGER PRIMARY KEY,
    prescription_id INTEGER NOT NULL REFERENCES prescriptions (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, code TEXT, display TEXT, text TEXT
) STRICT;
CREATE INDEX prescription_categories__prescription_id_position ON prescription_categories (prescription_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE prescription_drug_codings (
    id INTEGER PRIMARY KEY,
    prescription_id INTEGER NOT NULL REFERENCES prescriptions (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX prescription_drug_codings__prescription_id_position ON prescription_drug_codings (prescription_id, position);

-- Remarks, sealed.
CREATE TABLE prescription_notes (
    id INTEGER PRIMARY KEY,
    prescription_id INTEGER NOT NULL REFERENCES prescriptions (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    text TEXT CHECK (text GLOB 'hg1.*'),
    written_at TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref TEXT,
    author_name TEXT,
    CHECK (author_ref IS NULL OR author_name IS NULL)
) STRICT;
CREATE INDEX prescription_notes__prescription_id_position ON prescription_notes (prescription_id, position);

-- How a drug is taken: one row a step. The words are sealed, the numbers are not.
CREATE TABLE prescription_dosages (
    id INTEGER PRIMARY KEY,
    prescription_id INTEGER NOT NULL REFERENCES prescriptions (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    sequence INTEGER,
    text TEXT CHECK (text GLOB 'hg1.*'),
    additional_system TEXT, additional_code TEXT, additional_display TEXT,
    additional_text TEXT CHECK (additional_text GLOB 'hg1.*'),
    patient_instruction TEXT CHECK (patient_instruction GLOB 'hg1.*'),
    bounds_start TEXT CHECK (bounds_start GLOB '[0-9][0-9][0-9][0-9]*'),
    bounds_end TEXT CHECK (bounds_end GLOB '[0-9][0-9][0-9][0-9]*'),
    bounds_duration TEXT CHECK (bounds_duration GLOB '*[0-9]*'), bounds_duration_unit TEXT, bounds_duration_system TEXT,
    bounds_duration_code TEXT,
    count INTEGER CHECK (count > 0),
    count_max INTEGER CHECK (count_max > 0),
    duration TEXT CHECK (duration GLOB '*[0-9]*'),
    duration_unit TEXT CHECK (duration_unit IN ('s', 'min', 'h', 'd', 'wk', 'mo', 'a')),
    frequency INTEGER CHECK (frequency > 0),
    frequency_max INTEGER CHECK (frequency_max > 0),
    period TEXT CHECK (period GLOB '*[0-9]*'),
    period_max TEXT CHECK (period_max GLOB '*[0-9]*'),
    period_unit TEXT CHECK (period_unit IN ('s', 'min', 'h', 'd', 'wk', 'mo', 'a')),
    days_of_week TEXT CHECK (days_of_week GLOB '[[]*]'),
    times_of_day TEXT CHECK (times_of_day GLOB '[[]*]'),
    meal_times TEXT CHECK (meal_times GLOB '[[]*]'),
    meal_offset INTEGER CHECK (meal_offset >= 0),
    timing_system TEXT, timing_code TEXT, timing_display TEXT, timing_text TEXT CHECK (timing_text GLOB 'hg1.*'),
    as_needed INTEGER CHECK (as_needed IN (0, 1)),
    as_needed_for_system TEXT, as_needed_for_code TEXT, as_needed_for_display TEXT,
    as_needed_for_text TEXT CHECK (as_needed_for_text GLOB 'hg1.*'),
    site_system TEXT, site_code TEXT, site_display TEXT, site_text TEXT,
    route_system TEXT, route_code TEXT, route_display TEXT, route_text TEXT,
    method_system TEXT, method_code TEXT, method_display TEXT, method_text TEXT,
    dose_type_system TEXT, dose_type_code TEXT, dose_type_display TEXT, dose_type_text TEXT,
    dose TEXT CHECK (dose GLOB '*[0-9]*'), dose_comparator TEXT CHECK (dose_comparator IN ('<', '<=', '>=', '>')),
    dose_unit TEXT, dose_system TEXT, dose_code TEXT,
    dose_range_low TEXT CHECK (dose_range_low GLOB '*[0-9]*'), dose_range_low_unit TEXT, dose_range_low_system TEXT,
    dose_range_low_code TEXT, dose_range_high TEXT CHECK (dose_range_high GLOB '*[0-9]*'), dose_range_high_unit TEXT,
    dose_range_high_system TEXT, dose_range_high_code TEXT,
    rate TEXT CHECK (rate GLOB '*[0-9]*'), rate_comparator TEXT CHECK (rate_comparator IN ('<', '<=', '>=', '>')),
    rate_unit TEXT, rate_system TEXT, rate_code TEXT,
    rate_ratio_numerator TEXT CHECK (rate_ratio_numerator GLOB '*[0-9]*'), rate_ratio_numerator_unit TEXT,
    rate_ratio_numerator_system TEXT, rate_ratio_numerator_code TEXT,
    rate_ratio_denominator TEXT CHECK (rate_ratio_denominator GLOB '*[0-9]*'), rate_ratio_denominator_unit TEXT,
    rate_ratio_denominator_system TEXT, rate_ratio_denominator_code TEXT,
    max_dose_numerator TEXT CHECK (max_dose_numerator GLOB '*[0-9]*'), max_dose_numerator_unit TEXT,
    max_dose_numerator_system TEXT, max_dose_numerator_code TEXT,
    max_dose_denominator TEXT CHECK (max_dose_denominator GLOB '*[0-9]*'), max_dose_denominator_unit TEXT,
    max_dose_denominator_system TEXT, max_dose_denominator_code TEXT,
    CHECK ((coalesce(bounds_start, bounds_end) IS NOT NULL) +
        (coalesce(bounds_duration, bounds_duration_unit, bounds_duration_system, bounds_duration_code) IS NOT NULL) <= 1),
    CHECK ((as_needed IS NOT NULL) +
        (coalesce(as_needed_for_system, as_needed_for_code, as_needed_for_display, as_needed_for_text) IS NOT NULL) <= 1),
    CHECK ((coalesce(dose, dose_comparator, dose_unit, dose_system, dose_code) IS NOT NULL) +
        (coalesce(dose_range_low, dose_range_low_unit, dose_range_low_system, dose_range_low_code, dose_range_high, dose_range_high_unit, dose_range_high_system, dose_range_high_code) IS NOT NULL) <= 1),
    CHECK ((coalesce(rate, rate_comparator, rate_unit, rate_system, rate_code) IS NOT NULL) +
        (coalesce(rate_ratio_numerator, rate_ratio_numerator_unit, rate_ratio_numerator_system, rate_ratio_numerator_code, rate_ratio_denominator, rate_ratio_denominator_unit, rate_ratio_denominator_system, rate_ratio_denominator_code) IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX prescription_dosages__prescription_id_position ON prescription_dosages (prescription_id, position);

-- The very times at which to take it, where they are named.
CREATE TABLE prescription_dosage_times (
    id INTEGER PRIMARY KEY,
    prescription_dosage_id INTEGER NOT NULL REFERENCES prescription_dosages (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    taken_at TEXT CHECK (taken_at GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX prescription_dosage_times__prescription_dosage_id_position ON prescription_dosage_times (prescription_dosage_id, position);

-- Notes and documents. body is the text (or bytes) of the first attachment, sealed; NLP reads it.
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference"]' CHECK (profiles GLOB '[[]*]'),
    master_system TEXT,
    master_value TEXT CHECK (master_value GLOB 'hg1.*'),
    status TEXT NOT NULL DEFAULT 'current' CHECK (status IN ('current', 'superseded', 'entered-in-error')),
    doc_status TEXT CHECK (doc_status IN ('preliminary', 'final', 'amended', 'entered-in-error')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    category_system TEXT DEFAULT 'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category',
    category_code TEXT DEFAULT 'clinical-note', category_display TEXT, category_text TEXT,
    patient_id INTEGER REFERENCES patients (id), patient_display TEXT,
    written_at TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref TEXT, author_display TEXT,
    authenticator_ref TEXT, authenticator_display TEXT,
    custodian_id INTEGER REFERENCES organizations (id), custodian_display TEXT,
    description TEXT CHECK (description GLOB 'hg1.*'),
    security_label_system TEXT, security_label_code TEXT, security_label_display TEXT, security_label_text TEXT,
    content_type TEXT DEFAULT 'text/plain; charset=utf-8',
    language TEXT,
    body TEXT CHECK (body GLOB 'hg1.*'),
    url TEXT,
    size INTEGER CHECK (size >= 0),
    hash TEXT,
    title TEXT CHECK (title GLOB 'hg1.*'),
    created_at TEXT CHECK (created_at GLOB '[0-9][0-9][0-9][0-9]*'),
    format_system TEXT, format_code TEXT, format_display TEXT,
    visit_id INTEGER REFERENCES visits (id), visit_display TEXT,
    event_system TEXT, event_code TEXT, event_display TEXT, event_text TEXT,
    covers_from TEXT CHECK (covers_from GLOB '[0-9][0-9][0-9][0-9]*'),
    covers_to TEXT CHECK (covers_to GLOB '[0-9][0-9][0-9][0-9]*'),
    facility_system TEXT, facility_code TEXT, facility_display TEXT, facility_text TEXT,
    setting_system TEXT, setting_code TEXT, setting_display TEXT, setting_text TEXT,
    related_ref TEXT, related_display TEXT
) STRICT;
CREATE INDEX notes__patient_id ON notes (patient_id);
CREATE INDEX notes__custodian_id ON notes (custodian_id);
CREATE INDEX notes__visit_id ON notes (visit_id);

-- Numbers under which others know it; sealed.
CREATE TABLE note_identifiers (
    id INTEGER PRIMARY KEY,
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    use TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    system TEXT, value TEXT CHECK (value GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX note_identifiers__note_id_position ON note_identifiers (note_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE note_type_codings (
    id INTEGER PRIMARY KEY,
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX note_type_codings__note_id_position ON note_type_codings (note_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE note_categories (
    id INTEGER PRIMARY KEY,
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, code TEXT, display TEXT, text TEXT
) STRICT;
CREATE INDEX note_categories__note_id_position ON note_categories (note_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE note_authors (
    id INTEGER PRIMARY KEY,
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    author_ref TEXT, display TEXT
) STRICT;
CREATE INDEX note_authors__note_id_position ON note_authors (note_id, position);

-- Which document this one replaces, amends or signs.
CREATE TABLE note_relations (
    id INTEGER PRIMARY KEY,
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    code TEXT CHECK (code IN ('replaces', 'transforms', 'signs', 'appends')),
    target_id INTEGER REFERENCES notes (id), target_display TEXT
) STRICT;
CREATE INDEX note_relations__note_id_position ON note_relations (note_id, position);
CREATE INDEX note_relations__target_id ON note_relations (target_id);

-- The further attachments of a note.
CREATE TABLE note_attachments (
    id INTEGER PRIMARY KEY,
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    content_type TEXT,
    language TEXT,
    data TEXT CHECK (data GLOB 'hg1.*'),
    url TEXT,
    size INTEGER CHECK (size >= 0),
    hash TEXT,
    title TEXT CHECK (title GLOB 'hg1.*'),
    created_at TEXT CHECK (created_at GLOB '[0-9][0-9][0-9][0-9]*'),
    format_system TEXT, format_code TEXT, format_display TEXT
) STRICT;
CREATE INDEX note_attachments__note_id_position ON note_attachments (note_id, position);

-- Bytes by themselves, sealed.
CREATE TABLE binaries (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    content_type TEXT NOT NULL,
    patient_id INTEGER REFERENCES patients (id),
    data TEXT CHECK (data GLOB 'hg1.*')
) STRICT;
CREATE INDEX binaries__patient_id ON binaries (patient_id);

-- Procedures.
CREATE TABLE procedures (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-procedure"]' CHECK (profiles GLOB '[[]*]'),
    instantiates_canonical TEXT,
    instantiates_uri TEXT,
    based_on_ref TEXT,
    part_of_ref TEXT,
    status TEXT NOT NULL DEFAULT 'completed'
        CHECK (status IN ('preparation', 'in-progress', 'not-done', 'on-hold', 'stopped', 'completed',
            'entered-in-error', 'unknown')),
    status_reason_system TEXT, status_reason_code TEXT, status_reason_display TEXT, status_reason_text TEXT,
    category_system TEXT, category_code TEXT, category_display TEXT, category_text TEXT,
    code_system TEXT, code_version TEXT, code TEXT, code_display TEXT, code_text TEXT,
    patient_id INTEGER REFERENCES patients (id), patient_display TEXT,
    visit_id INTEGER REFERENCES visits (id), visit_display TEXT,
    performed_at TEXT CHECK (performed_at GLOB '[0-9][0-9][0-9][0-9]*'),
    performed_start TEXT CHECK (performed_start GLOB '[0-9][0-9][0-9][0-9]*'),
    performed_end TEXT CHECK (performed_end GLOB '[0-9][0-9][0-9][0-9]*'),
    performed_text TEXT CHECK (performed_text GLOB 'hg1.*'),
    performed_age TEXT CHECK (performed_age GLOB '*[0-9]*'), performed_age_unit TEXT, performed_age_system TEXT,
    performed_age_code TEXT,
    performed_range_low TEXT CHECK (performed_range_low GLOB '*[0-9]*'), performed_range_low_unit TEXT,
    performed_range_low_system TEXT, performed_range_low_code TEXT,
    performed_range_high TEXT CHECK (performed_range_high GLOB '*[0-9]*'), performed_range_high_unit TEXT,
    performed_range_high_system TEXT, performed_range_high_code TEXT,
    recorder_ref TEXT, recorder_display TEXT,
    asserter_ref TEXT, asserter_display TEXT,
    location_id INTEGER REFERENCES locations (id), location_display TEXT,
    reason_system TEXT, reason_code TEXT, reason_display TEXT, reason_text TEXT CHECK (reason_text GLOB 'hg1.*'),
    diagnosis_id INTEGER REFERENCES diagnoses (id), diagnosis_display TEXT,
    body_site_system TEXT, body_site_code TEXT, body_site_display TEXT, body_site_text TEXT,
    outcome_system TEXT, outcome_code TEXT, outcome_display TEXT, outcome_text TEXT CHECK (outcome_text GLOB 'hg1.*'),
    report_ref TEXT, report_display TEXT,
    complication_system TEXT, complication_code TEXT, complication_display TEXT,
    complication_text TEXT CHECK (complication_text GLOB 'hg1.*'),
    complication_id INTEGER REFERENCES diagnoses (id),
    follow_up_system TEXT, follow_up_code TEXT, follow_up_display TEXT,
    follow_up_text TEXT CHECK (follow_up_text GLOB 'hg1.*'),
    used_system TEXT, used_code TEXT, used_display TEXT, used_text TEXT,
    CHECK ((performed_at IS NOT NULL) + (coalesce(performed_start, performed_end) IS NOT NULL) +
        (performed_text IS NOT NULL) +
        (coalesce(performed_age, performed_age_unit, performed_age_system, performed_age_code) IS NOT NULL) +
        (coalesce(performed_range_low, performed_range_low_unit, performed_range_low_system, performed_range_low_code, performed_range_high, performed_range_high_unit, performed_range_high_system, performed_range_high_code) IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX procedures__patient_id ON procedures (patient_id);
CREATE INDEX procedures__visit_id ON procedures (visit_id);
CREATE INDEX procedures__location_id ON procedures (location_id);
CREATE INDEX procedures__diagnosis_id ON procedures (diagnosis_id);
CREATE INDEX procedures__complication_id ON procedures (complication_id);

-- Numbers under which others know it; sealed.
CREATE TABLE procedure_identifiers (
    id INTEGER PRIMARY KEY,
    procedure_id INTEGER NOT NULL REFERENCES procedures (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    use TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    system TEXT, value TEXT CHECK (value GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX procedure_identifiers__procedure_id_position ON procedure_identifiers (procedure_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE procedure_codings (
    id INTEGER PRIMARY KEY,
    procedure_id INTEGER NOT NULL REFERENCES procedures (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX procedure_codings__procedure_id_position ON procedure_codings (procedure_id, position);

-- Who did it, in which part.
CREATE TABLE procedure_performers (
    id INTEGER PRIMARY KEY,
    procedure_id INTEGER NOT NULL REFERENCES procedures (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    function_system TEXT, function_code TEXT, function_display TEXT, function_text TEXT,
    actor_ref TEXT, actor_display TEXT,
    organization_id INTEGER REFERENCES organizations (id), organization_display TEXT
) STRICT;
CREATE INDEX procedure_performers__procedure_id_position ON procedure_performers (procedure_id, position);
CREATE INDEX procedure_performers__organization_id ON procedure_performers (organization_id);

-- Further ones; the first stands in the row.
CREATE TABLE procedure_reasons (
    id INTEGER PRIMARY KEY,
    procedure_id INTEGER NOT NULL REFERENCES procedures (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, code TEXT, display TEXT, text TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX procedure_reasons__procedure_id_position ON procedure_reasons (procedure_id, position);

-- Further ones; the first stands in the row.
CREATE TABLE procedure_reason_references (
    id INTEGER PRIMARY KEY,
    procedure_id INTEGER NOT NULL REFERENCES procedures (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    target_ref TEXT, display TEXT
) STRICT;
CREATE INDEX procedure_reason_references__procedure_id_position ON procedure_reason_references (procedure_id, position);

-- Remarks, sealed.
CREATE TABLE procedure_notes (
    id INTEGER PRIMARY KEY,
    procedure_id INTEGER NOT NULL REFERENCES procedures (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    text TEXT CHECK (text GLOB 'hg1.*'),
    written_at TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref TEXT,
    author_name TEXT,
    CHECK (author_ref IS NULL OR author_name IS NULL)
) STRICT;
CREATE INDEX procedure_notes__procedure_id_position ON procedure_notes (procedure_id, position);

-- Devices put in, taken out or changed.
CREATE TABLE procedure_devices (
    id INTEGER PRIMARY KEY,
    procedure_id INTEGER NOT NULL REFERENCES procedures (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    action_system TEXT, action_code TEXT, action_display TEXT, action_text TEXT,
    device_id INTEGER REFERENCES devices (id), device_display TEXT
) STRICT;
CREATE INDEX procedure_devices__procedure_id_position ON procedure_devices (procedure_id, position);
CREATE INDEX procedure_devices__device_id ON procedure_devices (device_id);

-- Vaccinations, given here or reported.
CREATE TABLE immunizations (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-immunization"]' CHECK (profiles GLOB '[[]*]'),
    status TEXT NOT NULL DEFAULT 'completed' CHECK (status IN ('completed', 'entered-in-error', 'not-done')),
    status_reason_system TEXT, status_reason_code TEXT, status_reason_display TEXT, status_reason_text TEXT,
    vaccine_system TEXT, vaccine_code TEXT, vaccine_display TEXT, vaccine_text TEXT,
    patient_id INTEGER REFERENCES patients (id), patient_display TEXT,
    visit_id INTEGER REFERENCES visits (id), visit_display TEXT,
    given_at TEXT CHECK (given_at GLOB '[0-9][0-9][0-9][0-9]*'),
    given_text TEXT CHECK (given_text GLOB 'hg1.*'),
    recorded_at TEXT CHECK (recorded_at GLOB '[0-9][0-9][0-9][0-9]*'),
    primary_source INTEGER CHECK (primary_source IN (0, 1)),
    report_origin_system TEXT, report_origin_code TEXT, report_origin_display TEXT, report_origin_text TEXT,
    location_id INTEGER REFERENCES locations (id), location_display TEXT,
    manufacturer_id INTEGER REFERENCES organizations (id), manufacturer_display TEXT,
    lot_number TEXT,
    expires_on TEXT CHECK (expires_on GLOB '[0-9][0-9][0-9][0-9]*'),
    site_system TEXT, site_code TEXT, site_display TEXT, site_text TEXT,
    route_system TEXT, route_code TEXT, route_display TEXT, route_text TEXT,
    dose TEXT CHECK (dose GLOB '*[0-9]*'), dose_comparator TEXT CHECK (dose_comparator IN ('<', '<=', '>=', '>')),
    dose_unit TEXT, dose_system TEXT, dose_code TEXT,
    reason_system TEXT, reason_code TEXT, reason_display TEXT, reason_text TEXT CHECK (reason_text GLOB 'hg1.*'),
    diagnosis_id INTEGER REFERENCES diagnoses (id), diagnosis_display TEXT,
    is_subpotent INTEGER CHECK (is_subpotent IN (0, 1)),
    subpotent_reason_system TEXT, subpotent_reason_code TEXT, subpotent_reason_display TEXT, subpotent_reason_text TEXT,
    eligibility_system TEXT, eligibility_code TEXT, eligibility_display TEXT, eligibility_text TEXT,
    funding_system TEXT, funding_code TEXT, funding_display TEXT, funding_text TEXT,
    CHECK (given_at IS NULL OR given_text IS NULL)
) STRICT;
CREATE INDEX immunizations__patient_id ON immunizations (patient_id);
CREATE INDEX immunizations__visit_id ON immunizations (visit_id);
CREATE INDEX immunizations__location_id ON immunizations (location_id);
CREATE INDEX immunizations__manufacturer_id ON immunizations (manufacturer_id);
CREATE INDEX immunizations__diagnosis_id ON immunizations (diagnosis_id);

-- Numbers under which others know it; sealed.
CREATE TABLE immunization_identifiers (
    id INTEGER PRIMARY KEY,
    immunization_id INTEGER NOT NULL REFERENCES immunizations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    use TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    system TEXT, value TEXT CHECK (value GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX immunization_identifiers__immunization_id_position ON immunization_identifiers (immunization_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE immunization_vaccine_codings (
    id INTEGER PRIMARY KEY,
    immunization_id INTEGER NOT NULL REFERENCES immunizations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX immunization_vaccine_codings__immunization_id_position ON immunization_vaccine_codings (immunization_id, position);

-- Who ordered it and who gave it.
CREATE TABLE immunization_performers (
    id INTEGER PRIMARY KEY,
    immunization_id INTEGER NOT NULL REFERENCES immunizations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    function_system TEXT, function_code TEXT, function_display TEXT, function_text TEXT,
    actor_ref TEXT, actor_display TEXT
) STRICT;
CREATE INDEX immunization_performers__immunization_id_position ON immunization_performers (immunization_id, position);

-- Remarks, sealed.
CREATE TABLE immunization_notes (
    id INTEGER PRIMARY KEY,
    immunization_id INTEGER NOT NULL REFERENCES immunizations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    text TEXT CHECK (text GLOB 'hg1.*'),
    written_at TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref TEXT,
    author_name TEXT,
    CHECK (author_ref IS NULL OR author_name IS NULL)
) STRICT;
CREATE INDEX immunization_notes__immunization_id_position ON immunization_notes (immunization_id, position);

-- What the patient was given to read.
CREATE TABLE immunization_education (
    id INTEGER PRIMARY KEY,
    immunization_id INTEGER NOT NULL REFERENCES immunizations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    document_type TEXT,
    reference TEXT,
    published_on TEXT CHECK (published_on GLOB '[0-9][0-9][0-9][0-9]*'),
    presented_on TEXT CHECK (presented_on GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX immunization_education__immunization_id_position ON immunization_education (immunization_id, position);

-- What followed the vaccination.
CREATE TABLE immunization_reactions (
    id INTEGER PRIMARY KEY,
    immunization_id INTEGER NOT NULL REFERENCES immunizations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    occurred_at TEXT CHECK (occurred_at GLOB '[0-9][0-9][0-9][0-9]*'),
    detail_ref TEXT, detail_display TEXT,
    self_reported INTEGER CHECK (self_reported IN (0, 1))
) STRICT;
CREATE INDEX immunization_reactions__immunization_id_position ON immunization_reactions (immunization_id, position);

-- Which dose of which series it was.
CREATE TABLE immunization_protocols (
    id INTEGER PRIMARY KEY,
    immunization_id INTEGER NOT NULL REFERENCES immunizations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    series TEXT,
    authority_id INTEGER REFERENCES organizations (id), authority_display TEXT,
    target_disease_system TEXT, target_disease_code TEXT, target_disease_display TEXT, target_disease_text TEXT,
    dose_number INTEGER CHECK (dose_number > 0),
    dose_number_text TEXT,
    series_doses INTEGER CHECK (series_doses > 0),
    series_doses_text TEXT,
    CHECK (dose_number IS NULL OR dose_number_text IS NULL),
    CHECK (series_doses IS NULL OR series_doses_text IS NULL)
) STRICT;
CREATE INDEX immunization_protocols__immunization_id_position ON immunization_protocols (immunization_id, position);
CREATE INDEX immunization_protocols__authority_id ON immunization_protocols (authority_id);

-- Allergies and intolerances.
CREATE TABLE allergies (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
        CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-allergyintolerance"]' CHECK (profiles GLOB '[[]*]'),
    clinical_status_system TEXT, clinical_status_code TEXT, clinical_status_display TEXT, clinical_status_text TEXT,
    verification_status_system TEXT, verification_status_code TEXT, verification_status_display TEXT,
    verification_status_text TEXT,
    type TEXT CHECK (type IN ('allergy', 'intolerance')),
    categories TEXT CHECK (categories GLOB '[[]*]'),
    criticality TEXT CHECK (criticality IN ('low', 'high', 'unable-to-assess')),
    code_system TEXT, code_version TEXT, code TEXT, code_display TEXT, code_text TEXT,
    patient_id INTEGER REFERENCES patients (id), patient_display TEXT,
    visit_id INTEGER REFERENCES visits (id), visit_display TEXT,
    onset_at TEXT CHECK (onset_at GLOB '[0-9][0-9][0-9][0-9]*'),
    onset_age TEXT CHECK (onset_age GLOB '*[0-9]*'), onset_age_unit TEXT, onset_age_system TEXT, onset_age_code TEXT,
    onset_start TEXT CHECK (onset_start GLOB '[0-9][0-9][0-9][0-9]*'),
    onset_end TEXT CHECK (onset_end GLOB '[0-9][0-9][0-9][0-9]*'),
    onset_range_low TEXT CHECK (onset_range_low GLOB '*[0-9]*'), onset_range_low_unit TEXT, onset_range_low_system TEXT,
    onset_range_low_code TEXT, onset_range_high TEXT CHECK (onset_range_high GLOB '*[0-9]*'), onset_range_high_unit TEXT,
    onset_range_high_system TEXT, onset_range_high_code TEXT,
    onset_text TEXT CHECK (onset_text GLOB 'hg1.*'),
    recorded_at TEXT CHECK (recorded_at GLOB '[0-9][0-9][0-9][0-9]*'),
    recorder_ref TEXT, recorder_display TEXT,
    asserter_ref TEXT, asserter_display TEXT,
    last_occurred_at TEXT CHECK (last_occurred_at GLOB '[0-9][0-9][0-9][0-9]*'),
    CHECK ((onset_at IS NOT NULL) +
        (coalesce(onset_age, onset_age_unit, onset_age_system, onset_age_code) IS NOT NULL) +
        (coalesce(onset_start, onset_end) IS NOT NULL) +
        (coalesce(onset_range_low, onset_range_low_unit, onset_range_low_system, onset_range_low_code, onset_range_high, onset_range_high_unit, onset_range_high_system, onset_range_high_code) IS NOT NULL) +
        (onset_text IS NOT NULL) <= 1)
) STRICT;
CREATE INDEX allergies__patient_id ON allergies (patient_id);
CREATE INDEX allergies__visit_id ON allergies (visit_id);

-- Numbers under which others know it; sealed.
CREATE TABLE allergy_identifiers (
    id INTEGER PRIMARY KEY,
    allergy_id INTEGER NOT NULL REFERENCES allergies (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    use TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system TEXT, type_code TEXT, type_display TEXT, type_text TEXT,
    system TEXT, value TEXT CHECK (value GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX allergy_identifiers__allergy_id_position ON allergy_identifiers (allergy_id, position);

-- Further codings of the same; the first stands in the row.
CREATE TABLE allergy_codings (
    id INTEGER PRIMARY KEY,
    allergy_id INTEGER NOT NULL REFERENCES allergies (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, version TEXT, code TEXT, display TEXT
) STRICT;
CREATE INDEX allergy_codings__allergy_id_position ON allergy_codings (allergy_id, position);

-- Remarks, sealed.
CREATE TABLE allergy_notes (
    id INTEGER PRIMARY KEY,
    allergy_id INTEGER NOT NULL REFERENCES allergies (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    text TEXT CHECK (text GLOB 'hg1.*'),
    written_at TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref TEXT,
    author_name TEXT,
    CHECK (author_ref IS NULL OR author_name IS NULL)
) STRICT;
CREATE INDEX allergy_notes__allergy_id_position ON allergy_notes (allergy_id, position);

-- Reactions seen.
CREATE TABLE allergy_reactions (
    id INTEGER PRIMARY KEY,
    allergy_id INTEGER NOT NULL REFERENCES allergies (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    substance_system TEXT, substance_code TEXT, substance_display TEXT, substance_text TEXT,
    description TEXT CHECK (description GLOB 'hg1.*'),
    onset_at TEXT CHECK (onset_at GLOB '[0-9][0-9][0-9][0-9]*'),
    severity TEXT CHECK (severity IN ('mild', 'moderate', 'severe')),
    route_system TEXT, route_code TEXT, route_display TEXT, route_text TEXT
) STRICT;
CREATE INDEX allergy_reactions__allergy_id_position ON allergy_reactions (allergy_id, position);

-- What a reaction looked like.
CREATE TABLE allergy_manifestations (
    id INTEGER PRIMARY KEY,
    allergy_reaction_id INTEGER NOT NULL REFERENCES allergy_reactions (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system TEXT, code TEXT, display TEXT, text TEXT
) STRICT;
CREATE INDEX allergy_manifestations__allergy_reaction_id_position ON allergy_manifestations (allergy_reaction_id, position);

-- Remarks, sealed.
CREATE TABLE allergy_reaction_notes (
    id INTEGER PRIMARY KEY,
    allergy_reaction_id INTEGER NOT NULL REFERENCES allergy_reactions (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    text TEXT CHECK (text GLOB 'hg1.*'),
    written_at TEXT CHECK (written_at GLOB '[0-9][0-9][0-9][0-9]*'),
    author_ref TEXT,
    author_name TEXT,
    CHECK (author_ref IS NULL OR author_name IS NULL)
) STRICT;
CREATE INDEX allergy_reaction_notes__allergy_reaction_id_position ON allergy_reaction_notes (allergy_reaction_id, position);
