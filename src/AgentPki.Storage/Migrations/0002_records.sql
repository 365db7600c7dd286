-- What the decisions in the ledger made true. Rows refer to each other by small rising numbers, so that of all indexes only three
-- take inserts at random places: serial numbers, key fingerprints and agent names.

CREATE TABLE authorities (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    issuer       TEXT NOT NULL,
    key_provider TEXT NOT NULL,
    key_label    TEXT NOT NULL,
    signature    TEXT NOT NULL,
    der          BLOB NOT NULL,
    created      INTEGER NOT NULL
) STRICT;

CREATE TABLE agents (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    owner      TEXT NOT NULL,
    profile    TEXT NOT NULL,
    state      INTEGER NOT NULL,
    registered INTEGER NOT NULL
) STRICT;

-- Every public key ever certified. agent is NULL for the appliance's own; once set it stays.
CREATE TABLE keys (
    id          INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL UNIQUE,
    agent       INTEGER REFERENCES agents (id)
) STRICT;

-- Never changed, never deleted: id counts them.
CREATE TABLE certificates (
    id         INTEGER PRIMARY KEY,
    authority  INTEGER NOT NULL REFERENCES authorities (id),
    serial     BLOB NOT NULL,
    key        INTEGER NOT NULL REFERENCES keys (id),
    agent      INTEGER REFERENCES agents (id),
    leaf       INTEGER NOT NULL,
    profile    TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after  INTEGER NOT NULL,
    issued     INTEGER NOT NULL,
    requester  TEXT NOT NULL,
    der        BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX certificates_serial ON certificates (authority, serial);
CREATE INDEX certificates_key ON certificates (key);
CREATE INDEX certificates_agent ON certificates (agent) WHERE agent IS NOT NULL;

-- The one truth about revocation, apart from the certificates: a CRL reads it in order and touches nothing else.
CREATE TABLE revocations (
    authority INTEGER NOT NULL REFERENCES authorities (id),
    serial    BLOB NOT NULL,
    time      INTEGER NOT NULL,
    reason    INTEGER NOT NULL,
    epoch     INTEGER NOT NULL,
    leaf      INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    PRIMARY KEY (authority, serial)
) STRICT, WITHOUT ROWID;

CREATE INDEX revocations_epoch ON revocations (epoch);

CREATE TABLE certificate_lists (
    id          INTEGER PRIMARY KEY,
    authority   INTEGER NOT NULL REFERENCES authorities (id),
    number      INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    der         BLOB NOT NULL,
    UNIQUE (authority, number)
) STRICT;

-- profiles: one name a line.
CREATE TABLE credentials (
    name            TEXT NOT NULL PRIMARY KEY,
    secret_hash     BLOB NOT NULL,
    owner           TEXT NOT NULL,
    profiles        TEXT NOT NULL,
    subject_pattern TEXT,
    max_uses        INTEGER,
    uses            INTEGER NOT NULL,
    created         INTEGER NOT NULL,
    not_after       INTEGER NOT NULL,
    revoked         INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE approvals (
    number       INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    request_hash BLOB NOT NULL UNIQUE,
    request      BLOB NOT NULL,
    profile      TEXT NOT NULL,
    requester    TEXT NOT NULL,
    summary      TEXT NOT NULL,
    state        INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    not_after    INTEGER NOT NULL,
    decided_by   TEXT,
    decided      INTEGER
) STRICT;

CREATE INDEX approvals_state ON approvals (state);
