-- +goose Up
-- What a member agreed to when he joined: '' is the group's present default.
ALTER TABLE members ADD COLUMN agreed TEXT NOT NULL DEFAULT '';

-- The policy that he keeps at his server, as it was read last; '' is none.
ALTER TABLE members ADD COLUMN elsewhere TEXT NOT NULL DEFAULT '';

-- In milliseconds; 0 is at once.
ALTER TABLE groups ADD COLUMN delivery INTEGER NOT NULL DEFAULT 0;

-- A policy that nobody set was that of a new group. It is written down, so
-- that it stays when new groups get another one.
UPDATE groups SET policy = 'watch members
basic members
collect availability connection show status devices idle capabilities mood activity tune interests language location nickname avatar timezone addresses willingness
default members: counted availability connection show status devices idle capabilities mood activity tune interests language location nickname avatar timezone addresses willingness except location addresses
' WHERE policy = '';
