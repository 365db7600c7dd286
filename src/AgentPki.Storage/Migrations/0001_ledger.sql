-- The log. Times are milliseconds since 1970-01-01 UTC everywhere.

-- "AgPk": tells this application's databases from others.
PRAGMA application_id = 1097289835;

-- One row: which log this is.
CREATE TABLE log (
    id      BLOB NOT NULL CHECK (length(id) = 16),
    created INTEGER NOT NULL
) STRICT;

-- Append-only, its key is the leaf's index. salt and details become NULL when they are erased; nothing else ever changes.
CREATE TABLE ledger (
    leaf       INTEGER PRIMARY KEY,
    epoch      INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    commitment BLOB NOT NULL,
    salt       BLOB,
    details    BLOB
) STRICT;

-- Heads of complete subtrees at levels 8, 16, 24, …: one row for 256 rows below it.
CREATE TABLE merkle_nodes (
    level    INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash     BLOB NOT NULL,
    PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

-- Signed notes (C2SP tlog-checkpoint), by the size they sign.
CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY,
    note TEXT NOT NULL
) STRICT;
