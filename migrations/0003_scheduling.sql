-- Scheduling: when doctors can be booked, the slots that are free, and the appointments made.
-- Instants are kept as the text that came (the offset is data) beside their milliseconds since 1970 UTC.

-- A calendar in which slots can be opened, of a doctor first of all.
CREATE TABLE schedules (
    id             INTEGER PRIMARY KEY,
    public_id      TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                   CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles       TEXT CHECK (profiles GLOB '[[]*]'),
    active         INTEGER CHECK (active IN (0, 1)),
    doctor_id      INTEGER REFERENCES doctors (id),
    doctor_display TEXT,
    horizon_start  TEXT CHECK (horizon_start GLOB '[0-9][0-9][0-9][0-9]*'),
    horizon_end    TEXT CHECK (horizon_end GLOB '[0-9][0-9][0-9][0-9]*'),
    comment        TEXT
) STRICT;
CREATE INDEX schedules__doctor_id ON schedules (doctor_id);

-- Numbers by which a schedule is known.
CREATE TABLE schedule_identifiers (
    id               INTEGER PRIMARY KEY,
    schedule_id      INTEGER NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
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
CREATE INDEX schedule_identifiers__schedule_id_position ON schedule_identifiers (schedule_id, position);

-- Who and what else a schedule is of: a room, a device, a role.
CREATE TABLE schedule_actors (
    id            INTEGER PRIMARY KEY,
    schedule_id   INTEGER NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL DEFAULT 0,
    actor_ref     TEXT,
    actor_display TEXT
) STRICT;
CREATE INDEX schedule_actors__schedule_id_position ON schedule_actors (schedule_id, position);

-- The broad kind of service offered in a schedule.
CREATE TABLE schedule_service_categories (
    id          INTEGER PRIMARY KEY,
    schedule_id INTEGER NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL DEFAULT 0,
    system      TEXT,
    code        TEXT,
    display     TEXT,
    text        TEXT
) STRICT;
CREATE INDEX schedule_service_categories__schedule_id_position ON schedule_service_categories (schedule_id, position);

-- The service offered in a schedule.
CREATE TABLE schedule_service_types (
    id          INTEGER PRIMARY KEY,
    schedule_id INTEGER NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL DEFAULT 0,
    system      TEXT,
    code        TEXT,
    display     TEXT,
    text        TEXT
) STRICT;
CREATE INDEX schedule_service_types__schedule_id_position ON schedule_service_types (schedule_id, position);

-- The specialty offered in a schedule.
CREATE TABLE schedule_specialties (
    id          INTEGER PRIMARY KEY,
    schedule_id INTEGER NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL DEFAULT 0,
    system      TEXT,
    code        TEXT,
    display     TEXT,
    text        TEXT
) STRICT;
CREATE INDEX schedule_specialties__schedule_id_position ON schedule_specialties (schedule_id, position);

-- A stretch of time in a schedule that can be booked, or cannot; the status in the clinic's own words.
CREATE TABLE slots (
    id                       INTEGER PRIMARY KEY,
    public_id                TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                             CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles                 TEXT CHECK (profiles GLOB '[[]*]'),
    schedule_id              INTEGER REFERENCES schedules (id),
    schedule_display         TEXT,
    status                   TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'taken', 'held', 'closed', 'void')),
    appointment_type_system  TEXT,
    appointment_type_code    TEXT,
    appointment_type_display TEXT,
    appointment_type_text    TEXT,
    starts_at                TEXT NOT NULL
                             CHECK (starts_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*'
                                 AND (starts_at GLOB '*Z' OR starts_at GLOB '*[+-][0-1][0-9]:[0-5][0-9]')),
    ends_at                  TEXT NOT NULL
                             CHECK (ends_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*'
                                 AND (ends_at GLOB '*Z' OR ends_at GLOB '*[+-][0-1][0-9]:[0-5][0-9]')),
    starts_utc               INTEGER GENERATED ALWAYS AS (CAST(round((julianday(starts_at) - 2440587.5) * 86400000) AS INTEGER)) VIRTUAL,
    ends_utc                 INTEGER GENERATED ALWAYS AS (CAST(round((julianday(ends_at) - 2440587.5) * 86400000) AS INTEGER)) VIRTUAL,
    overbooked               INTEGER CHECK (overbooked IN (0, 1)),
    comment                  TEXT,
    CHECK (starts_utc IS NOT NULL AND ends_utc IS NOT NULL AND ends_utc > starts_utc)
) STRICT;
CREATE INDEX slots__schedule_id_starts_utc ON slots (schedule_id, starts_utc);

-- Numbers by which a slot is known.
CREATE TABLE slot_identifiers (
    id               INTEGER PRIMARY KEY,
    slot_id          INTEGER NOT NULL REFERENCES slots (id) ON DELETE CASCADE,
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
CREATE INDEX slot_identifiers__slot_id_position ON slot_identifiers (slot_id, position);

-- The broad kind of service a slot is for.
CREATE TABLE slot_service_categories (
    id       INTEGER PRIMARY KEY,
    slot_id  INTEGER NOT NULL REFERENCES slots (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system   TEXT,
    code     TEXT,
    display  TEXT,
    text     TEXT
) STRICT;
CREATE INDEX slot_service_categories__slot_id_position ON slot_service_categories (slot_id, position);

-- The service a slot is for.
CREATE TABLE slot_service_types (
    id       INTEGER PRIMARY KEY,
    slot_id  INTEGER NOT NULL REFERENCES slots (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system   TEXT,
    code     TEXT,
    display  TEXT,
    text     TEXT
) STRICT;
CREATE INDEX slot_service_types__slot_id_position ON slot_service_types (slot_id, position);

-- The specialty a slot is for.
CREATE TABLE slot_specialties (
    id       INTEGER PRIMARY KEY,
    slot_id  INTEGER NOT NULL REFERENCES slots (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    system   TEXT,
    code     TEXT,
    display  TEXT,
    text     TEXT
) STRICT;
CREATE INDEX slot_specialties__slot_id_position ON slot_specialties (slot_id, position);

-- A meeting of a patient with a doctor, asked for, agreed, held or called off.
-- The patient, the doctor and the place are columns, since nearly every appointment has one of each; whoever else takes part is in the tables below.
-- Free text (description, comment, instructions, reasons) is sealed. time_zone is the clinic's (an IANA name), which the offset alone does not tell.
CREATE TABLE appointments (
    id                         INTEGER PRIMARY KEY,
    public_id                  TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                               CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    profiles                   TEXT CHECK (profiles GLOB '[[]*]'),
    status                     TEXT NOT NULL
                               CHECK (status IN ('proposed', 'pending', 'booked', 'arrived', 'fulfilled', 'cancelled', 'noshow', 'entered-in-error', 'checked-in', 'waitlist')),
    cancelation_reason_system  TEXT,
    cancelation_reason_code    TEXT,
    cancelation_reason_display TEXT,
    cancelation_reason_text    TEXT CHECK (cancelation_reason_text GLOB 'hg1.*'),
    appointment_type_system    TEXT,
    appointment_type_code      TEXT,
    appointment_type_display   TEXT,
    appointment_type_text      TEXT,
    priority                   INTEGER CHECK (priority >= 0),
    description                TEXT CHECK (description GLOB 'hg1.*'),
    starts_at                  TEXT
                               CHECK (starts_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*'
                                   AND (starts_at GLOB '*Z' OR starts_at GLOB '*[+-][0-1][0-9]:[0-5][0-9]')),
    ends_at                    TEXT
                               CHECK (ends_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*'
                                   AND (ends_at GLOB '*Z' OR ends_at GLOB '*[+-][0-1][0-9]:[0-5][0-9]')),
    time_zone                  TEXT CHECK (length(time_zone) BETWEEN 1 AND 64),
    minutes_duration           INTEGER CHECK (minutes_duration > 0),
    created_at                 TEXT CHECK (created_at GLOB '[0-9][0-9][0-9][0-9]*'),
    comment                    TEXT CHECK (comment GLOB 'hg1.*'),
    patient_instruction        TEXT CHECK (patient_instruction GLOB 'hg1.*'),
    patient_id                 INTEGER REFERENCES patients (id),
    patient_display            TEXT,
    patient_required           TEXT CHECK (patient_required IN ('required', 'optional', 'information-only')),
    patient_status             TEXT CHECK (patient_status IN ('accepted', 'declined', 'tentative', 'needs-action')),
    other_patient_id           INTEGER REFERENCES patients (id),
    other_patient_display      TEXT,
    other_patient_required     TEXT CHECK (other_patient_required IN ('required', 'optional', 'information-only')),
    other_patient_status       TEXT CHECK (other_patient_status IN ('accepted', 'declined', 'tentative', 'needs-action')),
    doctor_id                  INTEGER REFERENCES doctors (id),
    doctor_display             TEXT,
    doctor_required            TEXT CHECK (doctor_required IN ('required', 'optional', 'information-only')),
    doctor_status              TEXT CHECK (doctor_status IN ('accepted', 'declined', 'tentative', 'needs-action')),
    doctor_type_system         TEXT,
    doctor_type_code           TEXT,
    doctor_type_display        TEXT,
    doctor_type_text           TEXT,
    location_id                INTEGER REFERENCES locations (id),
    location_display           TEXT,
    location_required          TEXT CHECK (location_required IN ('required', 'optional', 'information-only')),
    location_status            TEXT CHECK (location_status IN ('accepted', 'declined', 'tentative', 'needs-action')),
    starts_utc                 INTEGER GENERATED ALWAYS AS (CAST(round((julianday(starts_at) - 2440587.5) * 86400000) AS INTEGER)) VIRTUAL,
    ends_utc                   INTEGER GENERATED ALWAYS AS (CAST(round((julianday(ends_at) - 2440587.5) * 86400000) AS INTEGER)) VIRTUAL,
    CHECK ((starts_at IS NULL) = (starts_utc IS NULL) AND (ends_at IS NULL) = (ends_utc IS NULL)),
    CHECK ((starts_at IS NULL) = (ends_at IS NULL)),
    CHECK (ends_utc > starts_utc),
    CHECK (starts_at IS NOT NULL OR status IN ('proposed', 'cancelled', 'waitlist')),
    CHECK (status IN ('cancelled', 'noshow') OR coalesce(cancelation_reason_system, cancelation_reason_code, cancelation_reason_display, cancelation_reason_text) IS NULL),
    CHECK (patient_id IS NULL OR patient_status IS NOT NULL),
    CHECK (other_patient_id IS NULL OR other_patient_status IS NOT NULL),
    CHECK (doctor_id IS NULL OR doctor_status IS NOT NULL),
    CHECK (location_id IS NULL OR location_status IS NOT NULL)
) STRICT;
CREATE INDEX appointments__doctor_id_starts_utc ON appointments (doctor_id, starts_utc);
CREATE INDEX appointments__patient_id_starts_utc ON appointments (patient_id, starts_utc);
CREATE INDEX appointments__other_patient_id ON appointments (other_patient_id) WHERE other_patient_id IS NOT NULL;
CREATE INDEX appointments__location_id ON appointments (location_id);

-- Numbers by which an appointment is known; sealed.
CREATE TABLE appointment_identifiers (
    id               INTEGER PRIMARY KEY,
    appointment_id   INTEGER NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
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
CREATE INDEX appointment_identifiers__appointment_id_position ON appointment_identifiers (appointment_id, position);

-- The doctors of an appointment after the first; they cannot be booked twice either.
CREATE TABLE appointment_doctors (
    id             INTEGER PRIMARY KEY,
    appointment_id INTEGER NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    doctor_id      INTEGER REFERENCES doctors (id),
    display        TEXT,
    type_system    TEXT,
    type_code      TEXT,
    type_display   TEXT,
    type_text      TEXT,
    required       TEXT CHECK (required IN ('required', 'optional', 'information-only')),
    status         TEXT NOT NULL DEFAULT 'needs-action' CHECK (status IN ('accepted', 'declined', 'tentative', 'needs-action'))
) STRICT;
CREATE INDEX appointment_doctors__appointment_id_position ON appointment_doctors (appointment_id, position);
CREATE INDEX appointment_doctors__doctor_id ON appointment_doctors (doctor_id);

-- Whoever else takes part: relatives, devices, roles, services, or a role still without a name.
CREATE TABLE appointment_participants (
    id             INTEGER PRIMARY KEY,
    appointment_id INTEGER NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    actor_ref      TEXT,
    actor_display  TEXT,
    type_system    TEXT,
    type_code      TEXT,
    type_display   TEXT,
    type_text      TEXT,
    required       TEXT CHECK (required IN ('required', 'optional', 'information-only')),
    status         TEXT NOT NULL DEFAULT 'needs-action' CHECK (status IN ('accepted', 'declined', 'tentative', 'needs-action')),
    period_start   TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end     TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX appointment_participants__appointment_id_position ON appointment_participants (appointment_id, position);

-- Why the patient comes, coded and in words; the words are sealed.
CREATE TABLE appointment_reasons (
    id             INTEGER PRIMARY KEY,
    appointment_id INTEGER NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    system         TEXT,
    code           TEXT,
    display        TEXT,
    text           TEXT CHECK (text GLOB 'hg1.*')
) STRICT;
CREATE INDEX appointment_reasons__appointment_id_position ON appointment_reasons (appointment_id, position);

-- The diagnosis, finding or procedure that is the reason.
CREATE TABLE appointment_reason_references (
    id             INTEGER PRIMARY KEY,
    appointment_id INTEGER NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    reason_ref     TEXT,
    reason_display TEXT
) STRICT;
CREATE INDEX appointment_reason_references__appointment_id_position ON appointment_reason_references (appointment_id, position);

-- The broad kind of service an appointment is for.
CREATE TABLE appointment_service_categories (
    id             INTEGER PRIMARY KEY,
    appointment_id INTEGER NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    system         TEXT,
    code           TEXT,
    display        TEXT,
    text           TEXT
) STRICT;
CREATE INDEX appointment_service_categories__appointment_id_position ON appointment_service_categories (appointment_id, position);

-- The service an appointment is for.
CREATE TABLE appointment_service_types (
    id             INTEGER PRIMARY KEY,
    appointment_id INTEGER NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    system         TEXT,
    code           TEXT,
    display        TEXT,
    text           TEXT
) STRICT;
CREATE INDEX appointment_service_types__appointment_id_position ON appointment_service_types (appointment_id, position);

-- The specialty an appointment is for.
CREATE TABLE appointment_specialties (
    id             INTEGER PRIMARY KEY,
    appointment_id INTEGER NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    system         TEXT,
    code           TEXT,
    display        TEXT,
    text           TEXT
) STRICT;
CREATE INDEX appointment_specialties__appointment_id_position ON appointment_specialties (appointment_id, position);

-- The slots an appointment takes.
CREATE TABLE appointment_slots (
    id             INTEGER PRIMARY KEY,
    appointment_id INTEGER NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    slot_id        INTEGER REFERENCES slots (id),
    slot_display   TEXT
) STRICT;
CREATE INDEX appointment_slots__appointment_id_position ON appointment_slots (appointment_id, position);
CREATE INDEX appointment_slots__slot_id ON appointment_slots (slot_id);

-- The orders an appointment carries out.
CREATE TABLE appointment_requests (
    id              INTEGER PRIMARY KEY,
    appointment_id  INTEGER NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL DEFAULT 0,
    request_ref     TEXT,
    request_display TEXT
) STRICT;
CREATE INDEX appointment_requests__appointment_id_position ON appointment_requests (appointment_id, position);

-- What else there is to read before an appointment.
CREATE TABLE appointment_supporting_information (
    id                  INTEGER PRIMARY KEY,
    appointment_id      INTEGER NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    position            INTEGER NOT NULL DEFAULT 0,
    information_ref     TEXT,
    information_display TEXT
) STRICT;
CREATE INDEX appointment_supporting_information__appointment_id_position ON appointment_supporting_information (appointment_id, position);

-- When the patient would like to come, as long as no time is agreed.
CREATE TABLE appointment_requested_periods (
    id             INTEGER PRIMARY KEY,
    appointment_id INTEGER NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL DEFAULT 0,
    period_start   TEXT CHECK (period_start GLOB '[0-9][0-9][0-9][0-9]*'),
    period_end     TEXT CHECK (period_end GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX appointment_requested_periods__appointment_id_position ON appointment_requested_periods (appointment_id, position);

-- The time each doctor has given away, as first doctor of an appointment or as a further one.
CREATE VIEW doctor_times AS
SELECT doctor_id, id AS appointment_id, starts_utc, ends_utc FROM appointments
WHERE status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist')
UNION ALL
SELECT d.doctor_id, a.id, a.starts_utc, a.ends_utc FROM appointment_doctors AS d JOIN appointments AS a ON a.id = d.appointment_id
WHERE a.status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist');

-- No two live appointments of one doctor overlap, whoever writes them. Cancelled, missed, mistaken and waiting ones hold no time.
-- Those already there do not overlap each other, so of all that began before the new one only the last can reach into it: one step in the index.
-- The triggers run after the row stands, so that a replaced row (INSERT OR REPLACE) is gone before it could count against its successor.
CREATE TRIGGER appointments_no_overlap_insert AFTER INSERT ON appointments
WHEN NEW.doctor_id IS NOT NULL AND NEW.starts_at IS NOT NULL AND NEW.status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist')
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap')
    WHERE EXISTS (SELECT 1 FROM appointments AS a
                  WHERE a.doctor_id = NEW.doctor_id AND a.starts_utc >= NEW.starts_utc AND a.starts_utc < NEW.ends_utc
                    AND a.id <> NEW.id AND a.status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist'))
       OR NEW.starts_utc < (SELECT a.ends_utc FROM appointments AS a
                 WHERE a.doctor_id = NEW.doctor_id AND a.starts_utc < NEW.starts_utc
                   AND a.id <> NEW.id AND a.status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist')
                 ORDER BY a.starts_utc DESC LIMIT 1)
       OR EXISTS (SELECT 1 FROM appointment_doctors AS d JOIN appointments AS a ON a.id = d.appointment_id
                  WHERE d.doctor_id = NEW.doctor_id AND a.starts_utc < NEW.ends_utc AND a.ends_utc > NEW.starts_utc
                    AND a.id <> NEW.id AND a.status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist'));
END;

CREATE TRIGGER appointments_no_overlap_update AFTER UPDATE OF doctor_id, status, starts_at, ends_at ON appointments
WHEN NEW.doctor_id IS NOT NULL AND NEW.starts_at IS NOT NULL AND NEW.status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist')
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap')
    WHERE EXISTS (SELECT 1 FROM appointments AS a
                  WHERE a.doctor_id = NEW.doctor_id AND a.starts_utc >= NEW.starts_utc AND a.starts_utc < NEW.ends_utc
                    AND a.id <> NEW.id AND a.status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist'))
       OR NEW.starts_utc < (SELECT a.ends_utc FROM appointments AS a
                 WHERE a.doctor_id = NEW.doctor_id AND a.starts_utc < NEW.starts_utc
                   AND a.id <> NEW.id AND a.status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist')
                 ORDER BY a.starts_utc DESC LIMIT 1)
       OR EXISTS (SELECT 1 FROM appointment_doctors AS d JOIN appointments AS a ON a.id = d.appointment_id
                  WHERE d.doctor_id = NEW.doctor_id AND a.starts_utc < NEW.ends_utc AND a.ends_utc > NEW.starts_utc
                    AND a.id <> NEW.id AND a.status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist'));
END;

CREATE TRIGGER appointments_no_overlap_update_others AFTER UPDATE OF status, starts_at, ends_at ON appointments
WHEN NEW.starts_at IS NOT NULL AND NEW.status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist')
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap')
    FROM appointment_doctors AS mine
    JOIN doctor_times AS t ON t.doctor_id = mine.doctor_id
    WHERE mine.appointment_id = NEW.id AND t.appointment_id <> NEW.id AND t.starts_utc < NEW.ends_utc AND t.ends_utc > NEW.starts_utc;
END;

CREATE TRIGGER appointment_doctors_no_overlap_insert AFTER INSERT ON appointment_doctors
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap')
    FROM appointments AS mine
    JOIN doctor_times AS t ON t.doctor_id = NEW.doctor_id
    WHERE mine.id = NEW.appointment_id AND mine.status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist')
      AND t.appointment_id <> mine.id AND t.starts_utc < mine.ends_utc AND t.ends_utc > mine.starts_utc;
END;

CREATE TRIGGER appointment_doctors_no_overlap_update AFTER UPDATE OF doctor_id, appointment_id ON appointment_doctors
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap')
    FROM appointments AS mine
    JOIN doctor_times AS t ON t.doctor_id = NEW.doctor_id
    WHERE mine.id = NEW.appointment_id AND mine.status NOT IN ('cancelled', 'noshow', 'entered-in-error', 'waitlist')
      AND t.appointment_id <> mine.id AND t.starts_utc < mine.ends_utc AND t.ends_utc > mine.starts_utc;
END;
