-- +goose Up
-- What other services tell us of until we say that they need not.
CREATE TABLE ties (
	kind      TEXT NOT NULL, -- list, room, presence
	wanted_by TEXT NOT NULL, -- a source, or a group of a peer's; '' = a group that takes presence
	there     TEXT NOT NULL, -- who tells
	here      TEXT NOT NULL, -- the group in whose name it was asked for
	PRIMARY KEY (kind, wanted_by, there, here)
) STRICT, WITHOUT ROWID;
