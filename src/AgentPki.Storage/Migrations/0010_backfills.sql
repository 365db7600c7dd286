-- What a start of this build has filled in of earlier builds' records, each by name, once (SqliteStore.Backfill).
CREATE TABLE backfills (
    name TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
