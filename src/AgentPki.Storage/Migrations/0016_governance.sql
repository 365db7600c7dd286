-- Administrators. roles: words, one a line; owners: one a line. likeness: what names that look alike have in common.
CREATE TABLE administrators (
    number   INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    likeness TEXT NOT NULL UNIQUE,
    roles    TEXT NOT NULL,
    owners   TEXT NOT NULL,
    state    INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    changed  INTEGER NOT NULL
) STRICT;

-- A key is one administrator's for ever. fingerprint: SHA-256 of the SubjectPublicKeyInfo, hexadecimal.
CREATE TABLE administrator_keys (
    number        INTEGER PRIMARY KEY,
    fingerprint   TEXT NOT NULL UNIQUE,
    administrator INTEGER NOT NULL REFERENCES administrators (number),
    added         INTEGER NOT NULL
) STRICT;

CREATE INDEX administrator_keys_of ON administrator_keys (administrator);

-- What waits, or waited, for a second person: method, target and body are run as they were asked for.
CREATE TABLE admin_requests (
    number              INTEGER PRIMARY KEY,
    id                  TEXT NOT NULL UNIQUE,
    operation           TEXT NOT NULL,
    method              TEXT NOT NULL,
    target              TEXT NOT NULL,
    body                BLOB NOT NULL,
    requester           TEXT NOT NULL,
    requester_key       TEXT,
    requester_authority TEXT,
    requester_serial    TEXT,
    comment             TEXT,
    state               INTEGER NOT NULL,
    created             INTEGER NOT NULL,
    not_after           INTEGER NOT NULL,
    decider             TEXT,
    decider_key         TEXT,
    decider_authority   TEXT,
    decider_serial      TEXT,
    decided             INTEGER,
    decision_comment    TEXT,
    finished            INTEGER,
    outcome             TEXT
) STRICT;

CREATE INDEX admin_requests_open ON admin_requests (state) WHERE state IN (0, 1, 5);

-- Files of the home that serve only as they were approved.
CREATE TABLE approved_files (
    name     TEXT NOT NULL PRIMARY KEY,
    text     BLOB NOT NULL,
    approved INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
