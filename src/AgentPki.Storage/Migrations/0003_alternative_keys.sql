-- The second key of an authority (X.509 (2019) section 9.8): all three are there, or none.
ALTER TABLE authorities ADD COLUMN alternative_provider TEXT;
ALTER TABLE authorities ADD COLUMN alternative_label TEXT;
ALTER TABLE authorities ADD COLUMN alternative_signature TEXT;
