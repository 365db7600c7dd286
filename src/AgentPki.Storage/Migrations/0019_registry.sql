-- The registry (docs/registry.md): what is known of agents and of their owners. Agents of before are of the lowest tier, and nothing is forbidden them that was not.
-- profiles, children: one a line. model, runtime: name, provider, version and digest, one a line each.
ALTER TABLE agents ADD COLUMN tier INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN purpose TEXT;
ALTER TABLE agents ADD COLUMN environment TEXT;
ALTER TABLE agents ADD COLUMN profiles TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN children TEXT; -- NULL: no rule
ALTER TABLE agents ADD COLUMN max_children INTEGER;
ALTER TABLE agents ADD COLUMN model TEXT;
ALTER TABLE agents ADD COLUMN runtime TEXT;
ALTER TABLE agents ADD COLUMN review_by INTEGER; -- days since 0001-01-01
ALTER TABLE agents ADD COLUMN policy BLOB; -- DER
ALTER TABLE agents ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN suspended_by INTEGER NOT NULL DEFAULT 0; -- 0 no rule, 1 its owner left, 2 its review is overdue

-- What a round of the watch looks through.
CREATE INDEX agents_review ON agents (review_by) WHERE review_by IS NOT NULL AND state = 0;
CREATE INDEX agents_unscheduled ON agents (tier) WHERE review_by IS NULL AND state = 0 AND tier > 0;

CREATE TABLE owners (
    number  INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    kind    INTEGER NOT NULL, -- 0 unstated, 1 person, 2 team
    contact TEXT,
    state   INTEGER NOT NULL, -- 0 active, 1 left
    created INTEGER NOT NULL,
    gone    INTEGER
) STRICT;

CREATE INDEX owners_left ON owners (gone) WHERE state = 1;

INSERT INTO owners (name, kind, state, created) SELECT owner, 0, 0, min(registered) FROM agents GROUP BY owner ORDER BY min(id);

-- Whoever has the role owner sees his own requests.
CREATE INDEX admin_requests_requester ON admin_requests (requester);
