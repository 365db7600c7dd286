-- The halves of composite keys that have a certificate: neither may ever be a key of its own, or half of another composite.
CREATE TABLE key_halves (
    fingerprint BLOB PRIMARY KEY, -- SHA-256 of the half's SubjectPublicKeyInfo
    whole       BLOB NOT NULL     -- of the composite's
) STRICT, WITHOUT ROWID;
