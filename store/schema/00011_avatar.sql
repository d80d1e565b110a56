-- +goose Up
-- The bytes of a picture; empty = the generated one.
ALTER TABLE groups ADD COLUMN avatar BLOB NOT NULL DEFAULT x'';
