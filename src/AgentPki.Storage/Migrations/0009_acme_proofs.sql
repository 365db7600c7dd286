-- Proofs that are good for one authorization (authority tokens, RFC 9447): a digest of whose and which, until they end.
CREATE TABLE acme_spent_proofs (
    id      BLOB NOT NULL PRIMARY KEY,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX acme_spent_proofs_expired ON acme_spent_proofs (expires);
