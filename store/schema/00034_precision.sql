-- +goose Up
-- How exactly a member lets others see where he is.
ALTER TABLE members ADD COLUMN location TEXT NOT NULL DEFAULT 'exact';
