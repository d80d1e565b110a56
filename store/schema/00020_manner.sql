-- +goose Up
-- How a subscription is delivered, in roster's text form.
ALTER TABLE subscriptions ADD COLUMN manner TEXT NOT NULL DEFAULT '';

-- Whether an admin has to say yes first.
ALTER TABLE subscriptions ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;
