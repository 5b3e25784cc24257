-- The authorization server: who is signed in, what is being asked for, what was given out, and what may happen once.
-- Times are milliseconds since 1970 UTC. Whatever opens a door stands here as the base64url of its SHA-256 only (43 characters),
-- except the shared secret of a one-time password, which is needed to check one and so is sealed.

-- What a client says of itself (RFC 7591 section 2) and what the clinic says of it.
-- The kind implies the way to authenticate: public none, secret client_secret_basic or client_secret_post, jwks private_key_jwt.
ALTER TABLE gw_clients ADD COLUMN status TEXT NOT NULL DEFAULT 'approved' CHECK (status IN ('pending', 'approved', 'refused'));
ALTER TABLE gw_clients ADD COLUMN registered_by TEXT NOT NULL DEFAULT 'operator' CHECK (registered_by IN ('operator', 'itself'));
-- smart: PKCE always, and an assertion's audience is the token endpoint. openid: no SMART scopes, a nonce may stand for PKCE.
-- fapi: requests are pushed, and an assertion's audience is the issuer.
ALTER TABLE gw_clients ADD COLUMN profile TEXT NOT NULL DEFAULT 'smart' CHECK (profile IN ('smart', 'openid', 'fapi'));
-- One way to authenticate out of those of its kind; NULL: each of them.
ALTER TABLE gw_clients ADD COLUMN auth_method TEXT CHECK (auth_method IN ('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'));
-- JSON list; NULL: authorization_code and refresh_token with a redirect URI, client_credentials with a secret or keys.
ALTER TABLE gw_clients ADD COLUMN grant_types TEXT CHECK (grant_types GLOB '[[]*]');
ALTER TABLE gw_clients ADD COLUMN pushed_only INTEGER NOT NULL DEFAULT 0 CHECK (pushed_only IN (0, 1));
ALTER TABLE gw_clients ADD COLUMN dpop_bound INTEGER NOT NULL DEFAULT 0 CHECK (dpop_bound IN (0, 1));
-- May ask about tokens of others (RFC 7662): a resource server.
ALTER TABLE gw_clients ADD COLUMN introspects INTEGER NOT NULL DEFAULT 0 CHECK (introspects IN (0, 1));
ALTER TABLE gw_clients ADD COLUMN origins TEXT NOT NULL DEFAULT '[]' CHECK (origins GLOB '[[]*]');
ALTER TABLE gw_clients ADD COLUMN post_logout_redirect_uris TEXT NOT NULL DEFAULT '[]' CHECK (post_logout_redirect_uris GLOB '[[]*]');
ALTER TABLE gw_clients ADD COLUMN contacts TEXT NOT NULL DEFAULT '[]' CHECK (contacts GLOB '[[]*]');
ALTER TABLE gw_clients ADD COLUMN client_uri TEXT;
ALTER TABLE gw_clients ADD COLUMN logo_uri TEXT;
ALTER TABLE gw_clients ADD COLUMN policy_uri TEXT;
ALTER TABLE gw_clients ADD COLUMN tos_uri TEXT;
ALTER TABLE gw_clients ADD COLUMN software_id TEXT;
ALTER TABLE gw_clients ADD COLUMN software_version TEXT;
ALTER TABLE gw_clients ADD COLUMN id_token_alg TEXT NOT NULL DEFAULT 'RS256' CHECK (id_token_alg IN ('RS256', 'ES256'));
-- What opens the client's own registration (RFC 7592), hashed.
ALTER TABLE gw_clients ADD COLUMN registration_hash TEXT CHECK (length(registration_hash) = 43);
ALTER TABLE gw_clients ADD COLUMN reviewed_at INTEGER;
ALTER TABLE gw_clients ADD COLUMN reviewed_by TEXT;

-- Who is signed in: a browser that holds the secret whose hash this is. A new secret at every sign-in.
CREATE TABLE gw_sessions (
    hash         TEXT PRIMARY KEY CHECK (length(hash) = 43),
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    signed_in_at INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    -- Authentication methods (RFC 8176), separated by spaces: pwd, otp, pop (a passkey: no attestation says that it is in hardware), fed.
    methods      TEXT NOT NULL,
    -- The second factor is still to come: a session that opens nothing but its form.
    half         INTEGER NOT NULL DEFAULT 0 CHECK (half IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX gw_sessions__user_id ON gw_sessions (user_id);
CREATE INDEX gw_sessions__expires_at ON gw_sessions (expires_at);

-- A request for authorization on its way through sign-in, picker and consent, bound to the browser that brought it.
CREATE TABLE gw_authorizations (
    hash         TEXT PRIMARY KEY CHECK (length(hash) = 43),
    -- The hash of the browser's cookie.
    browser      TEXT NOT NULL CHECK (length(browser) = 43),
    client_id    TEXT NOT NULL REFERENCES gw_clients (client_id) ON DELETE CASCADE,
    -- The request, checked: JSON.
    request      TEXT NOT NULL CHECK (request GLOB '{*}'),
    -- Whoever it was shown to; nobody else may finish it.
    user_id      INTEGER REFERENCES users (id) ON DELETE CASCADE,
    patient      TEXT,
    encounter    TEXT,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    completed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX gw_authorizations__browser ON gw_authorizations (browser);
CREATE INDEX gw_authorizations__expires_at ON gw_authorizations (expires_at);
CREATE INDEX gw_authorizations__client_id ON gw_authorizations (client_id);
CREATE INDEX gw_authorizations__user_id ON gw_authorizations (user_id);

-- Requests that clients pushed (RFC 9126), by the hash of their request_uri. Used when the authorization is complete.
CREATE TABLE gw_pushed (
    hash       TEXT PRIMARY KEY CHECK (length(hash) = 43),
    client_id  TEXT NOT NULL REFERENCES gw_clients (client_id) ON DELETE CASCADE,
    -- The parameters, as a form.
    request    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX gw_pushed__expires_at ON gw_pushed (expires_at);
CREATE INDEX gw_pushed__client_id ON gw_pushed (client_id);

-- An app about to be opened from the chart: what `launch` stands for. Used when the authorization is complete.
CREATE TABLE gw_launches (
    hash       TEXT PRIMARY KEY CHECK (length(hash) = 43),
    client_id  TEXT NOT NULL REFERENCES gw_clients (client_id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    patient    TEXT NOT NULL,
    encounter  TEXT,
    intent     TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX gw_launches__expires_at ON gw_launches (expires_at);
CREATE INDEX gw_launches__client_id ON gw_launches (client_id);
CREATE INDEX gw_launches__user_id ON gw_launches (user_id);

-- A family of tokens: all that came of one authorization, or of one answer to a client alone. They fall together.
CREATE TABLE gw_families (
    id           TEXT PRIMARY KEY CHECK (length(id) BETWEEN 16 AND 64),
    client_id    TEXT NOT NULL REFERENCES gw_clients (client_id) ON DELETE CASCADE,
    user_id      INTEGER REFERENCES users (id) ON DELETE CASCADE,
    grant_id     INTEGER REFERENCES gw_grants (id) ON DELETE CASCADE,
    -- The session it ends with (online_access); NULL: with no session.
    session      TEXT REFERENCES gw_sessions (hash) ON DELETE SET NULL,
    online       INTEGER NOT NULL DEFAULT 0 CHECK (online IN (0, 1)),
    scope        TEXT NOT NULL,
    -- What the token response says beside the scope: patient, encounter, intent, …: JSON.
    context      TEXT NOT NULL DEFAULT '{}' CHECK (context GLOB '{*}'),
    signed_in_at INTEGER,
    methods      TEXT,
    -- The thumbprint of the key that its tokens are bound to (RFC 9449).
    dpop_jkt     TEXT,
    created_at   INTEGER NOT NULL,
    used_at      INTEGER,
    expires_at   INTEGER NOT NULL,
    revoked_at   INTEGER,
    reason       TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX gw_families__client_id ON gw_families (client_id);
CREATE INDEX gw_families__user_id_client_id ON gw_families (user_id, client_id);
CREATE INDEX gw_families__grant_id ON gw_families (grant_id);
CREATE INDEX gw_families__session ON gw_families (session);
CREATE INDEX gw_families__expires_at ON gw_families (expires_at);
CREATE INDEX gw_families__revoked_at ON gw_families (revoked_at) WHERE revoked_at IS NOT NULL;

-- Authorization codes. A code is spent by the first who brings it, whoever that is, and names the family that falls with a second.
CREATE TABLE gw_codes (
    hash         TEXT PRIMARY KEY CHECK (length(hash) = 43),
    client_id    TEXT NOT NULL REFERENCES gw_clients (client_id) ON DELETE CASCADE,
    -- A family not yet alive: it has no token before the code is redeemed.
    family_id    TEXT NOT NULL REFERENCES gw_families (id) ON DELETE CASCADE,
    redirect_uri TEXT NOT NULL,
    challenge    TEXT,
    nonce        TEXT,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    used_at      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX gw_codes__family_id ON gw_codes (family_id);
CREATE INDEX gw_codes__client_id ON gw_codes (client_id);
CREATE INDEX gw_codes__expires_at ON gw_codes (expires_at);

-- Access tokens by their id: whether one was used matters to its refresh token's predecessor, whether it was revoked to everyone.
CREATE TABLE gw_access (
    jti        TEXT PRIMARY KEY,
    family_id  TEXT NOT NULL REFERENCES gw_families (id) ON DELETE CASCADE,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX gw_access__family_id ON gw_access (family_id);
CREATE INDEX gw_access__expires_at ON gw_access (expires_at);

-- Refresh tokens: of a family the one that is good now, and the one whose answer may have been lost. An older one is known by what it
-- says itself, sealed: its family, which falls when it is shown again.
CREATE TABLE gw_refresh (
    hash        TEXT PRIMARY KEY CHECK (length(hash) = 43),
    family_id   TEXT NOT NULL REFERENCES gw_families (id) ON DELETE CASCADE,
    predecessor TEXT CHECK (length(predecessor) = 43),
    -- The access token that came with it.
    jti         TEXT NOT NULL,
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    used_at     INTEGER,
    reissued_at INTEGER,
    revoked_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX gw_refresh__family_id ON gw_refresh (family_id);
CREATE INDEX gw_refresh__predecessor ON gw_refresh (predecessor);
CREATE INDEX gw_refresh__expires_at ON gw_refresh (expires_at);

-- One-time passwords by the clock (RFC 6238). A step is used once.
CREATE TABLE gw_totp (
    user_id      INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret       TEXT NOT NULL CHECK (length(secret) > 40),
    created_at   INTEGER NOT NULL,
    -- On once the person has shown a code.
    confirmed_at INTEGER,
    last_step    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Codes for whoever lost the second factor; each once.
CREATE TABLE gw_recovery_codes (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL CHECK (length(hash) = 43),
    used_at INTEGER,
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;

-- Passkeys (https://www.w3.org/TR/webauthn-3/, section 4: credential records).
CREATE TABLE gw_passkeys (
    credential_id TEXT PRIMARY KEY CHECK (length(credential_id) BETWEEN 22 AND 1364),
    user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name          TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- COSE key, base64url.
    public_key    TEXT NOT NULL,
    sign_count    INTEGER NOT NULL DEFAULT 0 CHECK (sign_count BETWEEN 0 AND 4294967295),
    created_at    INTEGER NOT NULL,
    used_at       INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX gw_passkeys__user_id ON gw_passkeys (user_id);

-- Challenges given to a browser, each for one answer: sign-in elsewhere (state); and of passkeys those that were answered.
CREATE TABLE gw_challenges (
    hash       TEXT PRIMARY KEY CHECK (length(hash) = 43),
    purpose    TEXT NOT NULL CHECK (length(purpose) BETWEEN 1 AND 40),
    browser    TEXT NOT NULL CHECK (length(browser) = 43),
    -- What belongs to it (a nonce, a verifier, where to go on): JSON.
    data       TEXT NOT NULL DEFAULT '{}' CHECK (data GLOB '{*}'),
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX gw_challenges__expires_at ON gw_challenges (expires_at);

-- Who a person is at another identity provider.
CREATE TABLE gw_identities (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    linked_at  INTEGER NOT NULL,
    used_at    INTEGER,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX gw_identities__user_id ON gw_identities (user_id);

-- What is told to a person at the next look: an app disconnected because its token was used by two, and the like.
CREATE TABLE gw_notices (
    id         INTEGER PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
    client_id  TEXT,
    at         INTEGER NOT NULL,
    seen_at    INTEGER
) STRICT;
CREATE INDEX gw_notices__user_id ON gw_notices (user_id);
CREATE INDEX gw_notices__seen_at ON gw_notices (seen_at) WHERE seen_at IS NOT NULL;

-- A new password, or none, ends everything that the old one opened, whoever writes it, with whatever version of SQLite. The time is the
-- database's own: only that there is one counts.
CREATE TRIGGER gw_users__password AFTER UPDATE OF password_hash ON users WHEN NEW.password_hash IS NOT OLD.password_hash
BEGIN
    DELETE FROM gw_sessions WHERE user_id = NEW.id;
    UPDATE gw_families SET revoked_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000, reason = 'password changed' WHERE user_id = NEW.id AND revoked_at IS NULL;
END;
