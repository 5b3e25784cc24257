//! The gateway's own tables.

/// Made where missing, in this order, before anything generated. A row is inserted into a table just made.
pub const TABLES: &[&str] = &[
    // One row, read by the triggers. own: the gateway's writer is at work, inside its transaction; claim: it raises versions
    // and numbers rows itself; tx: the number of the unit or foreign statement; base: the first sequence number it may get.
    // stamp and total recognise a foreign statement; hold: an insert or update is in flight that may replace rows.
    "CREATE TABLE gw_context (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        own INTEGER NOT NULL DEFAULT 0, claim INTEGER NOT NULL DEFAULT 0,
        tx INTEGER NOT NULL DEFAULT 0, base INTEGER NOT NULL DEFAULT 1, at INTEGER NOT NULL DEFAULT 0,
        actor TEXT, client TEXT, stamp REAL, total INTEGER, hold INTEGER NOT NULL DEFAULT 0) STRICT",
    "INSERT INTO gw_context (one) VALUES (1)",
    "CREATE TABLE gw_resources (
        rid INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, plan TEXT NOT NULL, row INTEGER NOT NULL,
        version INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, deleted INTEGER NOT NULL, tx INTEGER NOT NULL,
        UNIQUE (type, id)) STRICT",
    "CREATE INDEX gw_resources__plan_row ON gw_resources (plan, row)",
    "CREATE INDEX gw_resources__type_at ON gw_resources (type, at, rid)",
    // named: created under an id that the client chose.
    "CREATE TABLE gw_versions (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL,
        op TEXT NOT NULL CHECK (op IN ('create', 'update', 'delete')), tx INTEGER NOT NULL, outside INTEGER NOT NULL,
        actor TEXT, client TEXT, named INTEGER NOT NULL DEFAULT 0, UNIQUE (type, id, version)) STRICT",
    "CREATE INDEX gw_versions__type_seq ON gw_versions (type, seq)",
    "CREATE TABLE gw_rendered (rid INTEGER PRIMARY KEY, version INTEGER NOT NULL, digest TEXT NOT NULL, bytes BLOB NOT NULL) STRICT",
    // element: the number, within its resource, of the element that the parts of a composite parameter (`Type.code$part`) belong to.
    "CREATE TABLE gw_index (
        rid INTEGER NOT NULL, parameter TEXT NOT NULL, system TEXT, value TEXT, text TEXT, exact TEXT, kind TEXT,
        lo ANY, hi ANY, unit TEXT, sblind TEXT, element INTEGER) STRICT",
    "CREATE INDEX gw_index__value ON gw_index (parameter, value, system, rid)",
    "CREATE INDEX gw_index__sblind ON gw_index (parameter, sblind, rid) WHERE sblind IS NOT NULL",
    "CREATE INDEX gw_index__range ON gw_index (parameter, lo, hi, rid) WHERE lo IS NOT NULL",
    "CREATE INDEX gw_index__rid ON gw_index (rid)",
    // gw_from: the resource's sequence number at the insertion; NULL: not known, so that nothing of it is kept when it ends.
    "CREATE TABLE gw_compartment (rid INTEGER NOT NULL, patient INTEGER NOT NULL, gw_from INTEGER) STRICT",
    "CREATE INDEX gw_compartment__patient ON gw_compartment (patient, rid)",
    "CREATE INDEX gw_compartment__rid ON gw_compartment (rid)",
    // Whose the superseded versions were, with the sequence numbers between which that was so.
    "CREATE TABLE gw_h_gw_compartment (rid INTEGER NOT NULL, patient INTEGER NOT NULL, gw_from INTEGER NOT NULL, gw_to INTEGER NOT NULL) STRICT",
    "CREATE INDEX gw_h_gw_compartment__rid ON gw_h_gw_compartment (rid)",
    // Resources that changed by other ways than a put (a program outside, a statement, rows shared with another resource), until what
    // search finds in them beyond their columns is made anew; tx: the unit or foreign statement.
    "CREATE TABLE gw_stale (rid INTEGER PRIMARY KEY, tx INTEGER NOT NULL) STRICT",
    "CREATE INDEX gw_stale__tx ON gw_stale (tx)",
    "CREATE TABLE gw_documents (
        id INTEGER PRIMARY KEY, type TEXT NOT NULL, public_id TEXT NOT NULL,
        gw_seq INTEGER NOT NULL DEFAULT 0, gw_unmapped TEXT CHECK (gw_unmapped GLOB 'hg1.*'), UNIQUE (type, public_id)) STRICT",
    "CREATE TABLE gw_data_keys (
        key_id TEXT PRIMARY KEY, patient INTEGER UNIQUE, table_name TEXT UNIQUE, wrapped TEXT NOT NULL,
        CHECK ((patient IS NULL) <> (table_name IS NULL))) STRICT",
    "CREATE TABLE gw_unresolved (rid INTEGER NOT NULL, path TEXT NOT NULL, reference TEXT NOT NULL) STRICT",
    "CREATE INDEX gw_unresolved__rid ON gw_unresolved (rid)",
    "CREATE INDEX gw_unresolved__reference ON gw_unresolved (reference)",
    "CREATE TABLE gw_sources (type TEXT NOT NULL, id TEXT NOT NULL, system TEXT NOT NULL, PRIMARY KEY (type, id)) STRICT, WITHOUT ROWID",
    "CREATE TABLE gw_audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, tx INTEGER, event TEXT NOT NULL) STRICT",
    "CREATE INDEX gw_audit__at ON gw_audit (at)",
    "CREATE TABLE gw_folded (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT) STRICT",
    "INSERT INTO gw_folded (one) VALUES (1)",
];

/// What databases of earlier programs lack: table, column, and the rest of its definition.
pub const LATER: &[(&str, &str, &str)] =
    &[("gw_versions", "named", "INTEGER NOT NULL DEFAULT 0"), ("gw_compartment", "gw_from", "INTEGER"), ("gw_index", "element", "INTEGER")];

/// The table that says what the schema is; made first of all.
pub const META: &str = "CREATE TABLE IF NOT EXISTS gw_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID";
