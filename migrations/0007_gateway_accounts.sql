-- The gateway's own accounts: the programs that may ask for access, what people granted them, and what may be used once.
-- Times are milliseconds since 1970 UTC. Secrets stand here as hashes only.

-- A program registered with the gateway: an app (public, or with a secret) or a back-end service that signs (jwks).
CREATE TABLE gw_clients (
    client_id     TEXT PRIMARY KEY CHECK (length(client_id) BETWEEN 1 AND 128),
    kind          TEXT NOT NULL CHECK (kind IN ('public', 'secret', 'jwks')),
    secret_hash   TEXT,
    jwks          TEXT CHECK (jwks GLOB '{*}'),
    jwks_uri      TEXT CHECK (jwks_uri GLOB 'https://?*' OR jwks_uri GLOB 'http://127.0.0.1:?*'),
    redirect_uris TEXT NOT NULL DEFAULT '[]' CHECK (redirect_uris GLOB '[[]*]'),
    launch_url    TEXT,
    scope         TEXT NOT NULL DEFAULT '',
    name          TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    disabled      INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    created_at    INTEGER NOT NULL,
    CHECK ((kind = 'secret') = (secret_hash IS NOT NULL)),
    CHECK ((kind = 'jwks') = (jwks IS NOT NULL OR jwks_uri IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- What a person allowed a client, until it is withdrawn.
CREATE TABLE gw_grants (
    id         INTEGER PRIMARY KEY,
    client_id  TEXT NOT NULL REFERENCES gw_clients (client_id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scope      TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX gw_grants__user_id_client_id ON gw_grants (user_id, client_id) WHERE revoked_at IS NULL;
CREATE INDEX gw_grants__client_id ON gw_grants (client_id);
CREATE INDEX gw_grants__revoked_at ON gw_grants (revoked_at) WHERE revoked_at IS NOT NULL;

-- Identifiers of signed assertions already seen: each may be used once, and is forgotten when it would have expired anyway.
CREATE TABLE gw_used_jti (
    issuer     TEXT NOT NULL,
    jti        TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, jti)
) STRICT, WITHOUT ROWID;
CREATE INDEX gw_used_jti__expires_at ON gw_used_jti (expires_at);
