-- The account's URL as its client was given it when it answered: dns-account-01 and CAA records (RFC 8657 §3) name it.
ALTER TABLE acme_authorizations ADD COLUMN account_url TEXT;

-- Why certificates are renewed before their time (RFC 9773 §4.2), and which: those issued before, of one CA, of one profile, or all.
CREATE TABLE acme_incidents (
    number    INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    authority TEXT,
    profile   TEXT,
    reason    TEXT NOT NULL,
    url       TEXT,
    begun     INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    ended     INTEGER
) STRICT;
