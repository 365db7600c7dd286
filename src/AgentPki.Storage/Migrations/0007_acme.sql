-- ACME (RFC 8555). Ids are time-ordered, so that their indexes grow at one end.

-- names, profiles: one a line. secret: wrapped under a key of the token.
CREATE TABLE acme_external_keys (
    id           TEXT NOT NULL PRIMARY KEY,
    secret       BLOB NOT NULL,
    owner        TEXT NOT NULL,
    names        TEXT NOT NULL,
    profiles     TEXT NOT NULL,
    max_accounts INTEGER,
    accounts     INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    not_after    INTEGER NOT NULL,
    revoked      INTEGER
) STRICT, WITHOUT ROWID;

-- contacts: one a line.
CREATE TABLE acme_accounts (
    number       INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    thumbprint   BLOB NOT NULL UNIQUE,
    jwk          BLOB NOT NULL,
    contacts     TEXT NOT NULL,
    state        INTEGER NOT NULL,
    external_key TEXT,
    owner        TEXT NOT NULL,
    terms        INTEGER NOT NULL,
    created      INTEGER NOT NULL
) STRICT;

CREATE TABLE acme_authorizations (
    number    INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    account   INTEGER NOT NULL REFERENCES acme_accounts (number),
    type      TEXT NOT NULL,
    value     TEXT NOT NULL,
    wildcard  INTEGER NOT NULL,
    state     INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    seed      BLOB NOT NULL,
    challenge TEXT,
    payload   BLOB,
    attempted INTEGER,
    validated INTEGER,
    error     TEXT,
    facts     TEXT
) STRICT;

CREATE INDEX acme_authorizations_valid ON acme_authorizations (account, type, value) WHERE state = 1;
CREATE INDEX acme_authorizations_expired ON acme_authorizations (expires);
CREATE INDEX acme_authorizations_attempted ON acme_authorizations (attempted) WHERE state = 0 AND attempted IS NOT NULL;

-- identifiers: "type value", one a line.
CREATE TABLE acme_orders (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    account     INTEGER NOT NULL REFERENCES acme_accounts (number),
    state       INTEGER NOT NULL,
    identifiers TEXT NOT NULL,
    profile     TEXT NOT NULL,
    created     INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    replaces    TEXT,
    request     BLOB,
    certificate INTEGER REFERENCES certificates (id),
    error       TEXT
) STRICT;

CREATE INDEX acme_orders_expired ON acme_orders (expires) WHERE certificate IS NULL;
CREATE INDEX acme_orders_account ON acme_orders (account);
CREATE INDEX acme_orders_certificate ON acme_orders (certificate) WHERE certificate IS NOT NULL;
CREATE UNIQUE INDEX acme_orders_replaces ON acme_orders (replaces) WHERE replaces IS NOT NULL AND state <> 4;

-- Which authorizations an order needs; "authorization" and "order" are words of SQL's own.
CREATE TABLE acme_needs (
    order_number INTEGER NOT NULL REFERENCES acme_orders (number),
    position     INTEGER NOT NULL,
    needed       INTEGER NOT NULL REFERENCES acme_authorizations (number),
    PRIMARY KEY (order_number, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX acme_needs_needed ON acme_needs (needed);
