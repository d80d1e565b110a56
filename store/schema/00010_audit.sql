-- +goose Up
-- Who changed what, in words. Groups and people are named, not referred to,
-- because an entry outlives them.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL, -- ms since 1970
    actor      TEXT NOT NULL,
    action     TEXT NOT NULL,
    group_name TEXT NOT NULL,
    subject    TEXT NOT NULL,    -- whom it concerns, '' = the group
    detail     TEXT NOT NULL
) STRICT;

CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_subject ON audit (subject, group_name);
CREATE INDEX audit_actor ON audit (actor);
CREATE INDEX members_jid ON members (jid);

-- What was done stays what was done. Only people may be forgotten, and old
-- entries deleted.
-- +goose StatementBegin
CREATE TRIGGER audit_is_appended BEFORE UPDATE OF id, at, action, group_name ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;
-- +goose StatementEnd
