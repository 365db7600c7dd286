-- What a hold suspended, its end makes active again; what was suspended otherwise, or before this script, stays so until somebody activates it.
ALTER TABLE agents ADD COLUMN held INTEGER NOT NULL DEFAULT 0;

-- The second key of a certificate (X.509 (2019) section 9.8), by which it is found, revoked and blocked as by the first.
ALTER TABLE certificates ADD COLUMN alternative_key INTEGER REFERENCES keys (id);
CREATE INDEX certificates_alternative_key ON certificates (alternative_key) WHERE alternative_key IS NOT NULL;
