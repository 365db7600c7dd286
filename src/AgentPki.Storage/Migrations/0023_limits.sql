-- What operators limited agents to (docs/delegation.md). limits: DER, as policy; the policy is within it.
ALTER TABLE agents ADD COLUMN limits BLOB;
