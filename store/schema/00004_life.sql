-- +goose Up
ALTER TABLE groups ADD COLUMN admission TEXT NOT NULL DEFAULT 'invite';

ALTER TABLE groups ADD COLUMN aggregate TEXT NOT NULL DEFAULT '';

-- Whether he became a member by adding the group as a contact.
ALTER TABLE members ADD COLUMN by_contact INTEGER NOT NULL DEFAULT 0;

-- Who is no member, but has to do with the group: invited, waiting, refused,
-- banned.
CREATE TABLE visitors (
    group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
    jid      TEXT NOT NULL,
    state    TEXT NOT NULL,
    by       TEXT NOT NULL, -- who invited, rejected or banned him
    contact  INTEGER NOT NULL, -- his request to have the group as a contact waits
    PRIMARY KEY (group_id, jid)
) STRICT, WITHOUT ROWID;
