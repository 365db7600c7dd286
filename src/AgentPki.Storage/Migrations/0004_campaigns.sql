-- Moving fleets to other algorithms. Times and spans are milliseconds.

-- The kind of the subject's key, by name; NULL until a start of this build has looked (SqliteStore.Backfill), '' when it cannot tell.
ALTER TABLE certificates ADD COLUMN algorithm TEXT;

-- What an agent holds now is asked for with the end of each certificate: the same index as before, a little wider.
DROP INDEX certificates_agent;
CREATE INDEX certificates_agent ON certificates (agent, not_after) WHERE agent IS NOT NULL;

-- algorithms, owners, profiles: one name a line; empty: any.
CREATE TABLE campaigns (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,
    algorithms     TEXT NOT NULL,
    owners         TEXT NOT NULL,
    profiles       TEXT NOT NULL,
    target_key     TEXT,
    target_profile TEXT,
    share          INTEGER NOT NULL,
    retirement     INTEGER NOT NULL,
    grace          INTEGER NOT NULL,
    patience       INTEGER NOT NULL,
    state          INTEGER NOT NULL,
    created_by     TEXT NOT NULL,
    created        INTEGER NOT NULL,
    ended          INTEGER
) STRICT;

CREATE TABLE campaign_members (
    campaign     INTEGER NOT NULL REFERENCES campaigns (id),
    agent        INTEGER NOT NULL REFERENCES agents (id),
    profile      TEXT NOT NULL,
    position     INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    since        INTEGER NOT NULL,
    problem      TEXT,
    problem_time INTEGER,
    PRIMARY KEY (campaign, agent, profile)
) STRICT, WITHOUT ROWID;

CREATE INDEX campaign_members_agent ON campaign_members (agent);
CREATE INDEX campaign_members_state ON campaign_members (campaign, state);
