-- +goose Up
-- What a member said of his willingness to communicate, and others for him,
-- in roster's text form.
ALTER TABLE members ADD COLUMN said TEXT NOT NULL DEFAULT '';
