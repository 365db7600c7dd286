-- Grants by which agents have children (docs/delegation.md). digest: SHA-256 of the token. used: its child's first certificate is there.
CREATE TABLE grants (
    number      INTEGER PRIMARY KEY,
    digest      BLOB NOT NULL UNIQUE,
    parent      INTEGER NOT NULL REFERENCES agents (id),
    child       INTEGER NOT NULL REFERENCES agents (id),
    text        TEXT NOT NULL,
    authority   TEXT NOT NULL,
    serial      BLOB NOT NULL,
    made        INTEGER NOT NULL,
    leaf        INTEGER NOT NULL,
    used        INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX grants_of ON grants (parent, made);
