-- Further signature lines of checkpoints: the log's own second key (its name is the origin) and witnesses' cosignatures, joined to the note when it is read.
-- A signed note itself is never rewritten.
CREATE TABLE checkpoint_signatures (
    size    INTEGER NOT NULL REFERENCES checkpoints (size) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    key_id  INTEGER NOT NULL,
    witness INTEGER NOT NULL,
    octets  BLOB NOT NULL,
    PRIMARY KEY (size, name, key_id)
) STRICT, WITHOUT ROWID;
