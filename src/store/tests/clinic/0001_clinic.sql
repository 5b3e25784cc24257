CREATE TABLE doctors (
    id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16)))),
    active INTEGER CHECK (active IN (0, 1)), family TEXT, license TEXT UNIQUE
) STRICT;
CREATE TABLE patients (
    id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16)))),
    gender TEXT, birth_date TEXT, doctor_id INTEGER REFERENCES doctors (id), chart TEXT UNIQUE, desk_note TEXT
) STRICT;
CREATE TABLE patient_names (
    id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0, family TEXT, given TEXT
) STRICT;
CREATE INDEX patient_names__patient_id ON patient_names (patient_id, position);
CREATE TABLE patient_identifiers (
    id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0, system TEXT, value TEXT CHECK (value GLOB 'hg1.*')
) STRICT;
CREATE INDEX patient_identifiers__patient_id ON patient_identifiers (patient_id, position);
CREATE TABLE patient_contacts (
    id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0, family TEXT
) STRICT;
CREATE INDEX patient_contacts__patient_id ON patient_contacts (patient_id, position);
CREATE TABLE contact_telecoms (
    id INTEGER PRIMARY KEY, contact_id INTEGER NOT NULL REFERENCES patient_contacts (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0, system TEXT, value TEXT
) STRICT;
CREATE INDEX contact_telecoms__contact_id ON contact_telecoms (contact_id, position);
CREATE TABLE prescriptions (
    id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16)))),
    patient_id INTEGER REFERENCES patients (id), doctor_id INTEGER REFERENCES doctors (id),
    status TEXT NOT NULL DEFAULT 'active', drug TEXT, instructions TEXT CHECK (instructions GLOB 'hg1.*'), written_at TEXT
) STRICT;
CREATE INDEX prescriptions__patient_id ON prescriptions (patient_id);
CREATE INDEX prescriptions__doctor_id ON prescriptions (doctor_id);
CREATE TABLE notes (
    id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16)))),
    patient_id INTEGER REFERENCES patients (id), status TEXT NOT NULL DEFAULT 'current', content_type TEXT, body TEXT CHECK (body GLOB 'hg1.*')
) STRICT;
CREATE TABLE results (
    id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16)))), kind TEXT NOT NULL CHECK (kind IN ('vital', 'lab')),
    patient_id INTEGER REFERENCES patients (id), code TEXT, value TEXT, unit TEXT, taken_at TEXT, status TEXT NOT NULL DEFAULT 'final'
) STRICT;
CREATE TABLE care_relations (
    id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    doctor_id INTEGER NOT NULL REFERENCES doctors (id), active INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX care_relations__patient_id ON care_relations (patient_id);
CREATE TABLE reminders (id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE, text TEXT) STRICT;
CREATE TABLE bookings (
    id INTEGER PRIMARY KEY, doctor_id INTEGER NOT NULL, hour INTEGER NOT NULL
) STRICT;
CREATE TRIGGER bookings_no_overlap BEFORE INSERT ON bookings BEGIN
    SELECT RAISE(ABORT, 'bookings_no_overlap') WHERE EXISTS (SELECT 1 FROM bookings b WHERE b.doctor_id = NEW.doctor_id AND b.hour = NEW.hour);
END;
