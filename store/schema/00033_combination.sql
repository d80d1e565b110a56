-- +goose Up
-- By which rule a member's devices become his one state.
ALTER TABLE members ADD COLUMN combination TEXT NOT NULL DEFAULT 'available';
