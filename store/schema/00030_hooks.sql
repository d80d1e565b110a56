-- +goose Up
-- Webhooks: who is told of a group over HTTP.
CREATE TABLE hooks (
    group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
    name     TEXT NOT NULL,
    url      TEXT NOT NULL,
    secret   TEXT NOT NULL, -- what is posted is signed with it
    format   TEXT NOT NULL,
    by       TEXT NOT NULL, -- who set it, '' = the command line
    ended    TEXT NOT NULL, -- why nothing is posted any more, '' = it is
    PRIMARY KEY (group_id, name)
) STRICT, WITHOUT ROWID;
