-- What the revocation feed has said, as it was signed: rows of revocations move on (held, revoked, released), statements do not (docs/revocation-feed.md).
CREATE TABLE feed_statements (
    sequence   INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL,
    signed     INTEGER NOT NULL,
    jws        TEXT NOT NULL,
    set_octets BLOB
) STRICT;

CREATE INDEX feed_statements_signed ON feed_statements (signed);

-- chain: a certs-only message, the signer's certificate first.
CREATE TABLE feed_signers (
    thumbprint BLOB NOT NULL PRIMARY KEY,
    chain      BLOB NOT NULL,
    not_after  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
