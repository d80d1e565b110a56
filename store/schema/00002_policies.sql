-- +goose Up
-- Policies are kept in the text form of package policy.
ALTER TABLE groups ADD COLUMN policy TEXT NOT NULL DEFAULT '';

ALTER TABLE subscriptions ADD COLUMN receiving TEXT NOT NULL DEFAULT '';

-- Apart from members, because it may be set before joining.
CREATE TABLE authorizations (
    group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
    jid      TEXT NOT NULL,
    rules    TEXT NOT NULL,
    PRIMARY KEY (group_id, jid)
) STRICT, WITHOUT ROWID;
