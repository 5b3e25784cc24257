-- What apps keep for themselves (https://hl7.org/fhir/smart-app-launch/STU2.2/app-state.html): which state it is, and about whom; about
-- nobody: the same for everyone who uses the app. What is kept stands beside the row, sealed.
CREATE TABLE app_states (
    id          INTEGER PRIMARY KEY,
    public_id   TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                CHECK (length(public_id) BETWEEN 1 AND 64 AND public_id NOT GLOB '*[^A-Za-z0-9.-]*'),
    code_system TEXT NOT NULL,
    code        TEXT NOT NULL,
    subject     TEXT CHECK (subject GLOB '[PR]*/?*')
) STRICT;
CREATE INDEX app_states__code ON app_states (code_system, code, subject);
CREATE INDEX app_states__subject ON app_states (subject);
