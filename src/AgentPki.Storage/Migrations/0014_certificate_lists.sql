-- CRLs by shard, complete ones and deltas. Their octets are files now; what an earlier build kept here is not carried over: the next CRL is signed anew, under the next number.
CREATE TABLE published_lists (
    authority   INTEGER NOT NULL REFERENCES authorities (id),
    shard       INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    base        INTEGER, -- the number of the complete CRL to which it is the difference; NULL: it is a complete one
    epoch       INTEGER NOT NULL,
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    sha256      BLOB NOT NULL,
    length      INTEGER NOT NULL,
    PRIMARY KEY (authority, shard, number)
) STRICT, WITHOUT ROWID;

INSERT INTO published_lists (authority, shard, number, base, epoch, this_update, next_update, sha256, length)
SELECT authority, 0, number, NULL, epoch, this_update, next_update, zeroblob(32), 0 FROM certificate_lists;

DROP TABLE certificate_lists;

-- Every shard but 0 that a certificate was given to: its CRL goes on, whatever the configuration says later.
CREATE TABLE certificate_list_shards (
    authority INTEGER NOT NULL REFERENCES authorities (id),
    shard     INTEGER NOT NULL,
    PRIMARY KEY (authority, shard)
) STRICT, WITHOUT ROWID;

-- A shard's CRL reads that shard alone. What is in no shard (0) is read by the primary key, and costs neither of them.
CREATE INDEX revocations_shard ON revocations (authority, shard, serial) WHERE shard > 0;
CREATE INDEX revocations_shard_epoch ON revocations (authority, shard, epoch) WHERE shard > 0;
