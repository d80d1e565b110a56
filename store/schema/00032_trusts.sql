-- +goose Up
-- Whom a member lets say something on his behalf: a line for each.
ALTER TABLE members ADD COLUMN trusts TEXT NOT NULL DEFAULT '';
