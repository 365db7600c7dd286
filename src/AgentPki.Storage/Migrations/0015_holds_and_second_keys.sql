-- What a hold suspended, its end makes active again; what was suspended otherwise stays so.
ALTER TABLE agents ADD COLUMN held INTEGER NOT NULL DEFAULT 0;

UPDATE agents SET held = 1 WHERE state = 1
AND id IN (SELECT c.agent FROM revocations r JOIN certificates c ON c.authority = r.authority AND c.serial = r.serial WHERE r.reason = 6)
AND id NOT IN (SELECT c.agent FROM revocations r JOIN certificates c ON c.authority = r.authority AND c.serial = r.serial WHERE r.reason IN (1, 2, 9, 10) AND c.agent IS NOT NULL);

-- The second key of a certificate (X.509 (2019) section 9.8), by which it is found, revoked and blocked as by the first.
ALTER TABLE certificates ADD COLUMN alternative_key INTEGER REFERENCES keys (id);
CREATE INDEX certificates_alternative_key ON certificates (alternative_key) WHERE alternative_key IS NOT NULL;
