-- +goose Up
CREATE TABLE groups (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    title       TEXT NOT NULL,
    description TEXT NOT NULL,
    language    TEXT NOT NULL,
    attributes  TEXT NOT NULL, -- JSON: [{"name": …, "value": …}, …]
    listed      INTEGER NOT NULL,
    payload     TEXT NOT NULL
) STRICT;

-- The other tables are kept in the order of their keys, so that a group's
-- rows lie together and come out sorted without a sort.
CREATE TABLE members (
    group_id    INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
    jid         TEXT NOT NULL,
    nick        TEXT NOT NULL,
    affiliation TEXT NOT NULL,
    roles       TEXT NOT NULL, -- JSON: ["lead", …]
    attributes  TEXT NOT NULL, -- as above
    ask         TEXT NOT NULL,
    PRIMARY KEY (group_id, jid)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
    group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
    id       TEXT NOT NULL,
    node     TEXT NOT NULL,
    jid      TEXT NOT NULL,
    owner    TEXT NOT NULL,
    PRIMARY KEY (group_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
    group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
    jid      TEXT NOT NULL,
    PRIMARY KEY (group_id, jid)
) STRICT, WITHOUT ROWID;
