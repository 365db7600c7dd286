-- Revocation by selection, hold and release, keys that are not certified again (docs/adr/0012-one-revocation-truth.md).

-- Who spawned it.
ALTER TABLE agents ADD COLUMN parent INTEGER REFERENCES agents (id);
CREATE INDEX agents_parent ON agents (parent) WHERE parent IS NOT NULL;
CREATE INDEX agents_owner ON agents (owner);

-- The reason for which it is not certified again; NULL: it may be.
ALTER TABLE keys ADD COLUMN blocked INTEGER;

-- Which of its CA's CRLs would list it; fixed when it was issued.
ALTER TABLE certificates ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;

-- What has not ended is looked through by its kind without reading certificates.
CREATE INDEX certificates_end ON certificates (not_after, profile, algorithm, authority);

-- A row is final once its reason is neither 6 (held) nor 8 (released, good again): those move on, with a new time, epoch and leaf.
ALTER TABLE revocations ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revocations ADD COLUMN invalid_since INTEGER;

-- One row for each epoch from here on, without gaps; kind 0 revoked or held, 1 released.
CREATE TABLE revocation_events (
    epoch    INTEGER PRIMARY KEY,
    kind     INTEGER NOT NULL,
    reason   INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    selector TEXT NOT NULL,
    leaf     INTEGER NOT NULL
) STRICT;

INSERT INTO revocation_events (epoch, kind, reason, time, count, selector, leaf)
SELECT epoch, 0, min(reason), min(time), count(*), '', min(leaf) FROM revocations GROUP BY epoch;
