-- +goose Up
-- Who keeps the group: a source's name in the configuration, '' is this service.
ALTER TABLE groups ADD COLUMN source TEXT NOT NULL DEFAULT '';
