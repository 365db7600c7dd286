-- What agents are narrowed to, or given, for a time.
CREATE TABLE adjustments (
    number     INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    kind       INTEGER NOT NULL, -- 0 narrowing, 1 elevation
    agent      INTEGER NOT NULL REFERENCES agents (id),
    scopes     TEXT NOT NULL,    -- separated by spaces
    not_before INTEGER NOT NULL,
    not_after  INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    made_by    TEXT NOT NULL,
    ended      INTEGER           -- before its time; NULL: it was not
) STRICT;

CREATE INDEX adjustments_by_end ON adjustments (not_after);

-- What agents used up, of what their certificates' budgets count.
CREATE TABLE spending (
    agent INTEGER NOT NULL REFERENCES agents (id),
    unit  TEXT NOT NULL,
    spent INTEGER NOT NULL,
    PRIMARY KEY (agent, unit)
) STRICT, WITHOUT ROWID;
