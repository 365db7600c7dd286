-- Backups that were made: what the recovery point is reckoned from.
CREATE TABLE backups (
    number  INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    kind    INTEGER NOT NULL, -- 0 backup, 1 base of what is shipped
    created INTEGER NOT NULL,
    entries INTEGER NOT NULL, -- of the ledger, in it
    octets  INTEGER NOT NULL,
    sha256  BLOB NOT NULL
) STRICT;
