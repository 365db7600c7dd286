-- A CA and the one that takes its place; of a root also each key certified by the other.
CREATE TABLE successions (
    predecessor  INTEGER PRIMARY KEY REFERENCES authorities (id),
    successor    INTEGER NOT NULL UNIQUE REFERENCES authorities (id),
    state        INTEGER NOT NULL,
    new_with_old BLOB,
    old_with_new BLOB,
    created      INTEGER NOT NULL,
    switch_at    INTEGER,
    served_until INTEGER NOT NULL
) STRICT;
