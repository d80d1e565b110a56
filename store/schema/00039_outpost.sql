-- +goose Up
-- A subscription's node at the server's own PubSub service, '' is none.
ALTER TABLE subscriptions ADD COLUMN outpost TEXT NOT NULL DEFAULT '';
