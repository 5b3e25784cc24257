-- The directory: doctors, what they do where and when, organisations and places.
-- Nothing here is about a patient, so nothing is sealed and addresses can be searched.

-- A hospital, practice, laboratory or payer.
CREATE TABLE organizations (
    id              INTEGER PRIMARY KEY,
    public_id       TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                    CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles        TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization"]' CHECK (profiles GLOB '[[]*]'),
    active          INTEGER CHECK (active IN (0, 1)),
    name            TEXT,
    aliases         TEXT CHECK (aliases GLOB '[[]*]'),
    beds            INTEGER CHECK (beds >= 0),
    part_of_id      INTEGER REFERENCES organizations (id),
    part_of_display TEXT,
    CHECK (part_of_id <> id)
) STRICT;
CREATE INDEX organizations__part_of_id ON organizations (part_of_id);

-- Numbers by which an organisation is known: NPI, CLIA, its own.
CREATE TABLE organization_identifiers (
    id               INTEGER PRIMARY KEY,
    organization_id  INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    position         INTEGER NOT NULL DEFAULT 0,
    use              TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system      TEXT,
    type_code        TEXT,
    type_display     TEXT,
    type_text        TEXT,
    system           TEXT,
    value            TEXT,
    period_start     TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end       TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    assigner_display TEXT
) STRICT;
CREATE INDEX organization_identifiers__organization_id_position ON organization_identifiers (organization_id, position);

-- What kind of organisation it is.
CREATE TABLE organization_types (
    id              INTEGER PRIMARY KEY,
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL DEFAULT 0,
    system          TEXT,
    code            TEXT,
    display         TEXT,
    text            TEXT
) STRICT;
CREATE INDEX organization_types__organization_id_position ON organization_types (organization_id, position);

-- How to reach an organisation.
CREATE TABLE organization_telecoms (
    id              INTEGER PRIMARY KEY,
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL DEFAULT 0,
    system          TEXT CHECK (system IN ('phone', 'fax', 'email', 'pager', 'url', 'sms', 'other')),
    value           TEXT,
    use             TEXT CHECK (use IN ('home', 'work', 'temp', 'old', 'mobile')),
    rank            INTEGER CHECK (rank > 0),
    period_start    TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end      TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX organization_telecoms__organization_id_position ON organization_telecoms (organization_id, position);

-- Where an organisation is.
CREATE TABLE organization_addresses (
    id              INTEGER PRIMARY KEY,
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL DEFAULT 0,
    use             TEXT CHECK (use IN ('home', 'work', 'temp', 'old', 'billing')),
    type            TEXT CHECK (type IN ('postal', 'physical', 'both')),
    text            TEXT,
    lines           TEXT CHECK (lines GLOB '[[]*]'),
    city            TEXT,
    district        TEXT,
    state           TEXT,
    postal_code     TEXT,
    country         TEXT,
    period_start    TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end      TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX organization_addresses__organization_id_position ON organization_addresses (organization_id, position);

-- Technical addresses of an organisation, for exchange with others.
CREATE TABLE organization_endpoints (
    id               INTEGER PRIMARY KEY,
    organization_id  INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    position         INTEGER NOT NULL DEFAULT 0,
    endpoint_ref     TEXT,
    endpoint_display TEXT
) STRICT;
CREATE INDEX organization_endpoints__organization_id_position ON organization_endpoints (organization_id, position);

-- A place where care is given: a building, a ward, a room, a home.
CREATE TABLE locations (
    id                                      INTEGER PRIMARY KEY,
    public_id                               TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                                            CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles                                TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-location"]'
                                            CHECK (profiles GLOB '[[]*]'),
    status                                  TEXT CHECK (status IN ('active', 'suspended', 'inactive')),
    operational_status_system               TEXT,
    operational_status_code                 TEXT,
    operational_status_display              TEXT,
    name                                    TEXT,
    aliases                                 TEXT CHECK (aliases GLOB '[[]*]'),
    description                             TEXT,
    mode                                    TEXT CHECK (mode IN ('instance', 'kind')),
    address_use                             TEXT CHECK (address_use IN ('home', 'work', 'temp', 'old', 'billing')),
    address_type                            TEXT CHECK (address_type IN ('postal', 'physical', 'both')),
    address_text                            TEXT,
    address_lines                           TEXT CHECK (address_lines GLOB '[[]*]'),
    address_city                            TEXT,
    address_district                        TEXT,
    address_state                           TEXT,
    address_postal_code                     TEXT,
    address_country                         TEXT,
    address_period_start                    TEXT CHECK (address_period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    address_period_end                      TEXT CHECK (address_period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    physical_type_system                    TEXT,
    physical_type_code                      TEXT,
    physical_type_display                   TEXT,
    physical_type_text                      TEXT,
    longitude                               TEXT,
    latitude                                TEXT,
    altitude                                TEXT,
    managing_organization_id                INTEGER REFERENCES organizations (id),
    managing_organization_identifier_system TEXT,
    managing_organization_identifier_value  TEXT,
    managing_organization_display           TEXT,
    part_of_id                              INTEGER REFERENCES locations (id),
    part_of_display                         TEXT,
    availability_exceptions                 TEXT,
    CHECK ((longitude IS NULL) = (latitude IS NULL)),
    CHECK (part_of_id <> id)
) STRICT;
CREATE INDEX locations__managing_organization_id ON locations (managing_organization_id);
CREATE INDEX locations__part_of_id ON locations (part_of_id);

-- Numbers by which a place is known.
CREATE TABLE location_identifiers (
    id               INTEGER PRIMARY KEY,
    location_id      INTEGER NOT NULL REFERENCES locations (id) ON DELETE CASCADE,
    position         INTEGER NOT NULL DEFAULT 0,
    use              TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system      TEXT,
    type_code        TEXT,
    type_display     TEXT,
    type_text        TEXT,
    system           TEXT,
    value            TEXT,
    period_start     TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end       TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    assigner_display TEXT
) STRICT;
CREATE INDEX location_identifiers__location_id_position ON location_identifiers (location_id, position);

-- What is done at a place.
CREATE TABLE location_types (
    id          INTEGER PRIMARY KEY,
    location_id INTEGER NOT NULL REFERENCES locations (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL DEFAULT 0,
    system      TEXT,
    code        TEXT,
    display     TEXT,
    text        TEXT
) STRICT;
CREATE INDEX location_types__location_id_position ON location_types (location_id, position);

-- How to reach a place.
CREATE TABLE location_telecoms (
    id           INTEGER PRIMARY KEY,
    location_id  INTEGER NOT NULL REFERENCES locations (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    system       TEXT CHECK (system IN ('phone', 'fax', 'email', 'pager', 'url', 'sms', 'other')),
    value        TEXT,
    use          TEXT CHECK (use IN ('home', 'work', 'temp', 'old', 'mobile')),
    rank         INTEGER CHECK (rank > 0),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end   TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX location_telecoms__location_id_position ON location_telecoms (location_id, position);

-- When a place is open.
CREATE TABLE location_hours (
    id           INTEGER PRIMARY KEY,
    location_id  INTEGER NOT NULL REFERENCES locations (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    days_of_week TEXT CHECK (days_of_week GLOB '[[]*]'),
    all_day      INTEGER CHECK (all_day IN (0, 1)),
    opens_at     TEXT CHECK (opens_at GLOB '[0-2][0-9]:[0-5][0-9]:[0-6][0-9]*'),
    closes_at    TEXT CHECK (closes_at GLOB '[0-2][0-9]:[0-5][0-9]:[0-6][0-9]*')
) STRICT;
CREATE INDEX location_hours__location_id_position ON location_hours (location_id, position);

-- Technical addresses of a place.
CREATE TABLE location_endpoints (
    id               INTEGER PRIMARY KEY,
    location_id      INTEGER NOT NULL REFERENCES locations (id) ON DELETE CASCADE,
    position         INTEGER NOT NULL DEFAULT 0,
    endpoint_ref     TEXT,
    endpoint_display TEXT
) STRICT;
CREATE INDEX location_endpoints__location_id_position ON location_endpoints (location_id, position);

-- A person who gives care. One row is one FHIR Practitioner.
CREATE TABLE doctors (
    -- Never given again: accounts and the care of patients name doctors by this number.
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id  TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
               CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles   TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-practitioner"]' CHECK (profiles GLOB '[[]*]'),
    active     INTEGER CHECK (active IN (0, 1)),
    gender     TEXT CHECK (gender IN ('male', 'female', 'other', 'unknown')),
    birth_date TEXT
               CHECK (birth_date GLOB '[0-9][0-9][0-9][0-9]'
                   OR birth_date GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]'
                   OR birth_date GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]')
) STRICT;

-- A doctor's names: the one in use and those before it.
CREATE TABLE doctor_names (
    id           INTEGER PRIMARY KEY,
    doctor_id    INTEGER NOT NULL REFERENCES doctors (id) ON DELETE CASCADE,
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
CREATE INDEX doctor_names__doctor_id_position ON doctor_names (doctor_id, position);

-- Numbers by which a doctor is known: NPI, licences.
CREATE TABLE doctor_identifiers (
    id                   INTEGER PRIMARY KEY,
    doctor_id            INTEGER NOT NULL REFERENCES doctors (id) ON DELETE CASCADE,
    position             INTEGER NOT NULL DEFAULT 0,
    use                  TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system          TEXT,
    type_code            TEXT,
    type_display         TEXT,
    type_text            TEXT,
    system               TEXT,
    value                TEXT,
    period_start         TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end           TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    assigner_display     TEXT,
    jurisdiction_system  TEXT,
    jurisdiction_code    TEXT,
    jurisdiction_display TEXT,
    jurisdiction_text    TEXT
) STRICT;
CREATE INDEX doctor_identifiers__doctor_id_position ON doctor_identifiers (doctor_id, position);

-- How to reach a doctor; is_direct marks an address for Direct secure messaging.
CREATE TABLE doctor_telecoms (
    id           INTEGER PRIMARY KEY,
    doctor_id    INTEGER NOT NULL REFERENCES doctors (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    system       TEXT CHECK (system IN ('phone', 'fax', 'email', 'pager', 'url', 'sms', 'other')),
    value        TEXT,
    use          TEXT CHECK (use IN ('home', 'work', 'temp', 'old', 'mobile')),
    rank         INTEGER CHECK (rank > 0),
    is_direct    INTEGER CHECK (is_direct IN (0, 1)),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end   TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX doctor_telecoms__doctor_id_position ON doctor_telecoms (doctor_id, position);

-- Where a doctor works.
CREATE TABLE doctor_addresses (
    id           INTEGER PRIMARY KEY,
    doctor_id    INTEGER NOT NULL REFERENCES doctors (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    use          TEXT CHECK (use IN ('home', 'work', 'temp', 'old', 'billing')),
    type         TEXT CHECK (type IN ('postal', 'physical', 'both')),
    text         TEXT,
    lines        TEXT CHECK (lines GLOB '[[]*]'),
    city         TEXT,
    district     TEXT,
    state        TEXT,
    postal_code  TEXT,
    country      TEXT,
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end   TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX doctor_addresses__doctor_id_position ON doctor_addresses (doctor_id, position);

-- Degrees, licences and specialisations of a doctor.
CREATE TABLE doctor_qualifications (
    id                          INTEGER PRIMARY KEY,
    doctor_id                   INTEGER NOT NULL REFERENCES doctors (id) ON DELETE CASCADE,
    position                    INTEGER NOT NULL DEFAULT 0,
    system                      TEXT,
    code                        TEXT,
    display                     TEXT,
    text                        TEXT,
    identifier_use              TEXT CHECK (identifier_use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    identifier_type_system      TEXT,
    identifier_type_code        TEXT,
    identifier_type_display     TEXT,
    identifier_type_text        TEXT,
    identifier_system           TEXT,
    identifier_value            TEXT,
    identifier_assigner_display TEXT,
    issuer_id                   INTEGER REFERENCES organizations (id),
    issuer_display              TEXT,
    period_start                TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end                  TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX doctor_qualifications__doctor_id_position ON doctor_qualifications (doctor_id, position);
CREATE INDEX doctor_qualifications__issuer_id ON doctor_qualifications (issuer_id);

-- Languages in which a doctor can treat.
CREATE TABLE doctor_languages (
    id        INTEGER PRIMARY KEY,
    doctor_id INTEGER NOT NULL REFERENCES doctors (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL DEFAULT 0,
    system    TEXT,
    code      TEXT,
    display   TEXT,
    text      TEXT
) STRICT;
CREATE INDEX doctor_languages__doctor_id_position ON doctor_languages (doctor_id, position);

-- What a doctor does for an organisation, where and when.
CREATE TABLE practitioner_roles (
    id                             INTEGER PRIMARY KEY,
    public_id                      TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                                   CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles                       TEXT DEFAULT '["http://hl7.org/fhir/us/core/StructureDefinition/us-core-practitionerrole"]'
                                   CHECK (profiles GLOB '[[]*]'),
    active                         INTEGER CHECK (active IN (0, 1)),
    period_start                   TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end                     TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    doctor_id                      INTEGER REFERENCES doctors (id),
    doctor_identifier_system       TEXT,
    doctor_identifier_value        TEXT,
    doctor_display                 TEXT,
    organization_id                INTEGER REFERENCES organizations (id),
    organization_identifier_system TEXT,
    organization_identifier_value  TEXT,
    organization_display           TEXT,
    availability_exceptions        TEXT
) STRICT;
CREATE INDEX practitioner_roles__doctor_id ON practitioner_roles (doctor_id);
CREATE INDEX practitioner_roles__organization_id ON practitioner_roles (organization_id);

-- Numbers by which a role is known.
CREATE TABLE practitioner_role_identifiers (
    id               INTEGER PRIMARY KEY,
    role_id          INTEGER NOT NULL REFERENCES practitioner_roles (id) ON DELETE CASCADE,
    position         INTEGER NOT NULL DEFAULT 0,
    use              TEXT CHECK (use IN ('usual', 'official', 'temp', 'secondary', 'old')),
    type_system      TEXT,
    type_code        TEXT,
    type_display     TEXT,
    type_text        TEXT,
    system           TEXT,
    value            TEXT,
    period_start     TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end       TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*'),
    assigner_display TEXT
) STRICT;
CREATE INDEX practitioner_role_identifiers__role_id_position ON practitioner_role_identifiers (role_id, position);

-- What the doctor is there: physician, nurse, pharmacist.
CREATE TABLE practitioner_role_codes (
    id       INTEGER PRIMARY KEY,
    role_id  INTEGER NOT NULL REFERENCES practitioner_roles (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    text     TEXT
) STRICT;
CREATE INDEX practitioner_role_codes__role_id_position ON practitioner_role_codes (role_id, position);

-- The same in each code system.
CREATE TABLE practitioner_role_code_codings (
    id       INTEGER PRIMARY KEY,
    code_id  INTEGER NOT NULL REFERENCES practitioner_role_codes (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system   TEXT,
    code     TEXT,
    display  TEXT
) STRICT;
CREATE INDEX practitioner_role_code_codings__code_id_position ON practitioner_role_code_codings (code_id, position);

-- The specialty practised there.
CREATE TABLE practitioner_role_specialties (
    id       INTEGER PRIMARY KEY,
    role_id  INTEGER NOT NULL REFERENCES practitioner_roles (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system   TEXT,
    code     TEXT,
    display  TEXT,
    text     TEXT
) STRICT;
CREATE INDEX practitioner_role_specialties__role_id_position ON practitioner_role_specialties (role_id, position);

-- The places where the role is exercised.
CREATE TABLE practitioner_role_locations (
    id                         INTEGER PRIMARY KEY,
    role_id                    INTEGER NOT NULL REFERENCES practitioner_roles (id) ON DELETE CASCADE,
    position                   INTEGER NOT NULL DEFAULT 0,
    location_id                INTEGER REFERENCES locations (id),
    location_identifier_system TEXT,
    location_identifier_value  TEXT,
    location_display           TEXT
) STRICT;
CREATE INDEX practitioner_role_locations__role_id_position ON practitioner_role_locations (role_id, position);
CREATE INDEX practitioner_role_locations__location_id ON practitioner_role_locations (location_id);

-- Services the role takes part in.
CREATE TABLE practitioner_role_services (
    id              INTEGER PRIMARY KEY,
    role_id         INTEGER NOT NULL REFERENCES practitioner_roles (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL DEFAULT 0,
    service_ref     TEXT,
    service_display TEXT
) STRICT;
CREATE INDEX practitioner_role_services__role_id_position ON practitioner_role_services (role_id, position);

-- How to reach the doctor in this role.
CREATE TABLE practitioner_role_telecoms (
    id           INTEGER PRIMARY KEY,
    role_id      INTEGER NOT NULL REFERENCES practitioner_roles (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    system       TEXT CHECK (system IN ('phone', 'fax', 'email', 'pager', 'url', 'sms', 'other')),
    value        TEXT,
    use          TEXT CHECK (use IN ('home', 'work', 'temp', 'old', 'mobile')),
    rank         INTEGER CHECK (rank > 0),
    is_direct    INTEGER CHECK (is_direct IN (0, 1)),
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end   TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX practitioner_role_telecoms__role_id_position ON practitioner_role_telecoms (role_id, position);

-- When the doctor is available each week: days, from, until.
CREATE TABLE practitioner_role_hours (
    id           INTEGER PRIMARY KEY,
    role_id      INTEGER NOT NULL REFERENCES practitioner_roles (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    days_of_week TEXT CHECK (days_of_week GLOB '[[]*]'),
    all_day      INTEGER CHECK (all_day IN (0, 1)),
    starts_at    TEXT CHECK (starts_at GLOB '[0-2][0-9]:[0-5][0-9]:[0-6][0-9]*'),
    ends_at      TEXT CHECK (ends_at GLOB '[0-2][0-9]:[0-5][0-9]:[0-6][0-9]*')
) STRICT;
CREATE INDEX practitioner_role_hours__role_id_position ON practitioner_role_hours (role_id, position);

-- When the doctor is not available: holidays, leave.
CREATE TABLE practitioner_role_absences (
    id           INTEGER PRIMARY KEY,
    role_id      INTEGER NOT NULL REFERENCES practitioner_roles (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL DEFAULT 0,
    description  TEXT NOT NULL,
    period_start TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end   TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX practitioner_role_absences__role_id_position ON practitioner_role_absences (role_id, position);

-- Technical addresses of the role.
CREATE TABLE practitioner_role_endpoints (
    id               INTEGER PRIMARY KEY,
    role_id          INTEGER NOT NULL REFERENCES practitioner_roles (id) ON DELETE CASCADE,
    position         INTEGER NOT NULL DEFAULT 0,
    endpoint_ref     TEXT,
    endpoint_display TEXT
) STRICT;
CREATE INDEX practitioner_role_endpoints__role_id_position ON practitioner_role_endpoints (role_id, position);
