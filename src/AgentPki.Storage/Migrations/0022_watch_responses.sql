-- What was done about agents by rule, and who took it back (docs/watching.md).
CREATE TABLE watch_responses (
    number       INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    agent        INTEGER NOT NULL REFERENCES agents (id),
    detector     TEXT NOT NULL,
    response     TEXT NOT NULL,
    explanation  TEXT NOT NULL,
    rules        TEXT NOT NULL,    -- SHA-256
    time         INTEGER NOT NULL,
    state        INTEGER NOT NULL, -- 0 begun, 1 done, 2 not done, 3 reverted
    problem      TEXT,
    certificates INTEGER NOT NULL DEFAULT 0,
    agents       INTEGER NOT NULL DEFAULT 0,
    epoch        INTEGER,          -- of the certificates it took; NULL: none
    adjustment   TEXT,
    reverted     INTEGER,
    reverted_by  TEXT,
    approved_by  TEXT
) STRICT;

CREATE INDEX watch_responses_agent ON watch_responses (agent, number);
CREATE INDEX watch_responses_time ON watch_responses (time);
CREATE INDEX watch_responses_epoch ON watch_responses (epoch) WHERE epoch IS NOT NULL;

-- The agents that a response changed: 0 it is nothing of the response's (any more), 1 the response alone is why, 2 somebody else has decided the same since.
CREATE TABLE watch_response_agents (
    response  INTEGER NOT NULL REFERENCES watch_responses (number),
    agent     INTEGER NOT NULL REFERENCES agents (id),
    suspended INTEGER NOT NULL,
    held      INTEGER NOT NULL,
    PRIMARY KEY (response, agent)
) STRICT, WITHOUT ROWID;

CREATE INDEX watch_response_agents_agent ON watch_response_agents (agent);
CREATE INDEX watch_response_agents_held ON watch_response_agents (agent) WHERE held > 0;
