-- People: the accounts that may log in, and the clinic's patients.
-- What identifies or locates a patient (identifiers, telephone, e-mail, addresses) is sealed: text that begins with hg1.
-- Names, birth date and gender are not, because every client must search them.

-- A person under care. One row is one FHIR Patient.
CREATE TABLE patients (
    -- Never given again: what is kept of old versions names patients by this number.
    id                            INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id                     TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                                  CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles                      TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"]'
                                  CHECK (profiles GLOB '[[]*]'),
    active                        INTEGER CHECK (active IN (0, 1)),
    gender                        TEXT CHECK (gender IN ('male', 'female', 'other', 'unknown')),
    birth_date                    TEXT
                                  CHECK (birth_date GLOB '[0-9][0-9][0-9][0-9]'
                                      OR birth_date GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]'
                                      OR birth_date GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
    deceased                      INTEGER CHECK (deceased IN (0, 1)),
    deceased_at                   TEXT CHECK (deceased_at GLOB '[0-9][0-9][0-9][0-9]*'),
    marital_status_system         TEXT,
    marital_status_code           TEXT,
    marital_status_display        TEXT,
    marital_status_text           TEXT,
    multiple_birth                INTEGER CHECK (multiple_birth IN (0, 1)),
    multiple_birth_order          INTEGER,
    birth_sex                     TEXT,
    sex                           TEXT,
    race_text                     TEXT,
    ethnicity_text                TEXT,
    mothers_maiden_name           TEXT CHECK (mothers_maiden_name GLOB 'hg1.*'),
    birth_city                    TEXT CHECK (birth_city GLOB 'hg1.*'),
    birth_state                   TEXT CHECK (birth_state GLOB 'hg1.*'),
    birth_country                 TEXT CHECK (birth_country GLOB 'hg1.*'),
    managing_organization_id      INTEGER REFERENCES organizations (id),
    managing_organization_display TEXT,
    CHECK (deceased IS NULL OR deceased_at IS NULL),
    CHECK (multiple_birth IS NULL OR multiple_birth_order IS NULL)
) STRICT;
CREATE INDEX patients__managing_organization_id ON patients (managing_organization_id);

-- A patient's names: the one in use and those before it.
CREATE TABLE patient_names (
    id           INTEGER PRIMARY KEY,
    patient_id   INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    use          TEXT CHECK (use IN ('usual', 'official', 'temp', 'nickname', 'anonymous', 'old', 'maiden')),
    text         TEXT,
    family       TEXT,
    given        TEXT CHECK (given GLOB '[[]*]'),
    prefix       TEXT CHECK (prefix GLOB '[[]*]'),
    suffix       TEXT CHECK (suffix GLOB '[[]*]'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end   TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX patient_names__patient_id_position ON patient_names (patient_id, position);

-- Numbers by which others know a patient (medical record, social security, passport); sealed.
CREATE TABLE patient_identifiers (
    id               INTEGER PRIMARY KEY,
    patient_id       INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
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
CREATE INDEX patient_identifiers__patient_id_position ON patient_identifiers (patient_id, position);

-- Telephone numbers and e-mail addresses of a patient; sealed.
CREATE TABLE patient_telecoms (
    id           INTEGER PRIMARY KEY,
    patient_id   INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    system       TEXT CHECK (system IN ('phone', 'fax', 'email', 'pager', 'url', 'sms', 'other')),
    value        TEXT CHECK (value GLOB 'hg1.*'),
    use          TEXT CHECK (use IN ('home', 'work', 'temp', 'old', 'mobile')),
    rank         INTEGER CHECK (rank > 0),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end   TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX patient_telecoms__patient_id_position ON patient_telecoms (patient_id, position);

-- Where a patient lives and lived; sealed, the position on the map too.
CREATE TABLE patient_addresses (
    id           INTEGER PRIMARY KEY,
    patient_id   INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    use          TEXT CHECK (use IN ('home', 'work', 'temp', 'old', 'billing')),
    type         TEXT CHECK (type IN ('postal', 'physical', 'both')),
    text         TEXT CHECK (text GLOB 'hg1.*'),
    lines        TEXT CHECK (lines GLOB 'hg1.*'),
    city         TEXT CHECK (city GLOB 'hg1.*'),
    district     TEXT CHECK (district GLOB 'hg1.*'),
    state        TEXT CHECK (state GLOB 'hg1.*'),
    postal_code  TEXT CHECK (postal_code GLOB 'hg1.*'),
    country      TEXT CHECK (country GLOB 'hg1.*'),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end   TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    latitude     TEXT CHECK (latitude GLOB 'hg1.*'),
    longitude    TEXT CHECK (longitude GLOB 'hg1.*')
) STRICT;
CREATE INDEX patient_addresses__patient_id_position ON patient_addresses (patient_id, position);

-- Race as US Core asks: the OMB categories and the finer codes beneath them.
CREATE TABLE patient_races (
    id         INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL DEFAULT 0,
    kind       TEXT NOT NULL DEFAULT 'omb' CHECK (kind IN ('omb', 'detailed')),
    system     TEXT DEFAULT 'urn:oid:2.16.840.1.113883.6.238',
    code       TEXT,
    display    TEXT
) STRICT;
CREATE INDEX patient_races__patient_id_kind_position ON patient_races (patient_id, kind, position);

-- Ethnicity as US Core asks: the OMB category and the finer codes beneath it.
CREATE TABLE patient_ethnicities (
    id         INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL DEFAULT 0,
    kind       TEXT NOT NULL DEFAULT 'omb' CHECK (kind IN ('omb', 'detailed')),
    system     TEXT DEFAULT 'urn:oid:2.16.840.1.113883.6.238',
    code       TEXT,
    display    TEXT
) STRICT;
CREATE INDEX patient_ethnicities__patient_id_kind_position ON patient_ethnicities (patient_id, kind, position);

-- Tribes a patient belongs to, and whether enrolled.
CREATE TABLE patient_tribal_affiliations (
    id            INTEGER PRIMARY KEY,
    patient_id    INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL DEFAULT 0,
    tribe_system  TEXT,
    tribe_code    TEXT,
    tribe_display TEXT,
    tribe_text    TEXT,
    is_enrolled   INTEGER CHECK (is_enrolled IN (0, 1))
) STRICT;
CREATE INDEX patient_tribal_affiliations__patient_id_position ON patient_tribal_affiliations (patient_id, position);

-- A patient's gender identity, in the patient's own words.
CREATE TABLE patient_gender_identities (
    id         INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL DEFAULT 0,
    system     TEXT,
    code       TEXT,
    display    TEXT,
    text       TEXT
) STRICT;
CREATE INDEX patient_gender_identities__patient_id_position ON patient_gender_identities (patient_id, position);

-- Languages a patient speaks, and which one is preferred.
CREATE TABLE patient_languages (
    id         INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL DEFAULT 0,
    system     TEXT,
    code       TEXT,
    display    TEXT,
    text       TEXT,
    preferred  INTEGER CHECK (preferred IN (0, 1))
) STRICT;
CREATE INDEX patient_languages__patient_id_position ON patient_languages (patient_id, position);

-- Whom a patient names as primary care provider: a doctor, a role or an organisation.
CREATE TABLE patient_general_practitioners (
    id               INTEGER PRIMARY KEY,
    patient_id       INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position         INTEGER NOT NULL DEFAULT 0,
    provider_ref     TEXT,
    provider_display TEXT
) STRICT;
CREATE INDEX patient_general_practitioners__patient_id_position ON patient_general_practitioners (patient_id, position);

-- Other records of the same person, kept after a merge.
CREATE TABLE patient_links (
    id            INTEGER PRIMARY KEY,
    patient_id    INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL DEFAULT 0,
    other_ref     TEXT,
    other_display TEXT,
    type          TEXT NOT NULL CHECK (type IN ('replaced-by', 'replaces', 'refer', 'seealso'))
) STRICT;
CREATE INDEX patient_links__patient_id_position ON patient_links (patient_id, position);

-- Whom to call about a patient: next of kin, guardian, emergency contact.
CREATE TABLE patient_contacts (
    id                   INTEGER PRIMARY KEY,
    patient_id           INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position             INTEGER NOT NULL DEFAULT 0,
    name_use             TEXT CHECK (name_use IN ('usual', 'official', 'temp', 'nickname', 'anonymous', 'old', 'maiden')),
    name_text            TEXT,
    name_family          TEXT,
    name_given           TEXT CHECK (name_given GLOB '[[]*]'),
    gender               TEXT CHECK (gender IN ('male', 'female', 'other', 'unknown')),
    address_use          TEXT CHECK (address_use IN ('home', 'work', 'temp', 'old', 'billing')),
    address_type         TEXT CHECK (address_type IN ('postal', 'physical', 'both')),
    address_text         TEXT CHECK (address_text GLOB 'hg1.*'),
    address_lines        TEXT CHECK (address_lines GLOB 'hg1.*'),
    address_city         TEXT CHECK (address_city GLOB 'hg1.*'),
    address_district     TEXT CHECK (address_district GLOB 'hg1.*'),
    address_state        TEXT CHECK (address_state GLOB 'hg1.*'),
    address_postal_code  TEXT CHECK (address_postal_code GLOB 'hg1.*'),
    address_country      TEXT CHECK (address_country GLOB 'hg1.*'),
    address_period_start TEXT CHECK (address_period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    address_period_end   TEXT CHECK (address_period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    organization_id      INTEGER REFERENCES organizations (id),
    organization_display TEXT,
    period_start         TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end           TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX patient_contacts__patient_id_position ON patient_contacts (patient_id, position);
CREATE INDEX patient_contacts__organization_id ON patient_contacts (organization_id);

-- What a contact is to the patient.
CREATE TABLE patient_contact_relationships (
    id         INTEGER PRIMARY KEY,
    contact_id INTEGER NOT NULL REFERENCES patient_contacts (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL DEFAULT 0,
    system     TEXT,
    code       TEXT,
    display    TEXT,
    text       TEXT
) STRICT;
CREATE INDEX patient_contact_relationships__contact_id_position ON patient_contact_relationships (contact_id, position);

-- How to reach a contact; sealed.
CREATE TABLE patient_contact_telecoms (
    id           INTEGER PRIMARY KEY,
    contact_id   INTEGER NOT NULL REFERENCES patient_contacts (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    system       TEXT CHECK (system IN ('phone', 'fax', 'email', 'pager', 'url', 'sms', 'other')),
    value        TEXT CHECK (value GLOB 'hg1.*'),
    use          TEXT CHECK (use IN ('home', 'work', 'temp', 'old', 'mobile')),
    rank         INTEGER CHECK (rank > 0),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end   TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX patient_contact_telecoms__contact_id_position ON patient_contact_telecoms (contact_id, position);

-- Who may log in. A patient's account names its patient, a doctor's its doctor, an administrator's neither;
-- the password is kept as an Argon2id hash in PHC text form, never itself.
CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    public_id     TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16)))) CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    username      TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(username) BETWEEN 1 AND 128),
    password_hash TEXT CHECK (password_hash GLOB '$argon2id$*'),
    role          TEXT NOT NULL CHECK (role IN ('patient', 'doctor', 'admin')),
    patient_id    INTEGER REFERENCES patients (id),
    doctor_id     INTEGER REFERENCES doctors (id),
    person_ref    TEXT CHECK (person_ref GLOB 'Person/*' OR person_ref GLOB 'RelatedPerson/*'),
    display_name  TEXT,
    disabled      INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    created_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    CHECK ((role = 'patient') = (patient_id IS NOT NULL)),
    CHECK ((role = 'doctor') = (doctor_id IS NOT NULL))
) STRICT;
CREATE INDEX users__patient_id ON users (patient_id) WHERE patient_id IS NOT NULL;
CREATE INDEX users__doctor_id ON users (doctor_id) WHERE doctor_id IS NOT NULL;
