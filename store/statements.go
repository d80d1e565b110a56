package store

import (
	"context"
	"database/sql"
	"fmt"
)

// writeStatements belong to the writer's connection.
type writeStatements struct {
	groupID, createGroup, deleteGroup, storeSettings *sql.Stmt
	storeMember, deleteMember, deleteWatcher         *sql.Stmt
	storeAgreed                                      *sql.Stmt
	storeSubscription, deleteSubscription            *sql.Stmt
	storeContact, deleteContact                      *sql.Stmt
	storeAuthorization, deleteAuthorization          *sql.Stmt
}

// readStatements belong to the readers' pool.
type readStatements struct {
	groups, group, members, subscriptions, contacts, authorizations *sql.Stmt
}

// preparer is a *sql.Conn or a *sql.DB.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

type statement struct {
	to    **sql.Stmt
	query string
}

func (w *writeStatements) all() []statement {
	return []statement{
		{&w.groupID, `SELECT id FROM groups WHERE name = ?`},
		{&w.createGroup, `INSERT INTO groups (name, title, description, language, attributes, listed, payload, policy, delivery)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING`},
		{&w.deleteGroup, `DELETE FROM groups WHERE name = ?`},
		{&w.storeSettings, `UPDATE groups SET title = ?, description = ?, language = ?, attributes = ?,
			listed = ?, payload = ?, policy = ?, delivery = ? WHERE name = ?`},
		{&w.storeMember, `INSERT INTO members (group_id, jid, nick, affiliation, roles, attributes, ask, agreed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (group_id, jid) DO UPDATE SET nick = excluded.nick,
			affiliation = excluded.affiliation, roles = excluded.roles, attributes = excluded.attributes, ask = excluded.ask,
			agreed = excluded.agreed`},
		{&w.storeAgreed, `UPDATE members SET agreed = (SELECT value ->> 'To' FROM json_each(?1) WHERE value ->> 'From' = agreed)
			WHERE group_id = ?2 AND agreed IN (SELECT value ->> 'From' FROM json_each(?1))`},
		{&w.deleteMember, `DELETE FROM members WHERE group_id = ? AND jid = ?`},
		{&w.deleteWatcher, `DELETE FROM subscriptions WHERE group_id = ? AND owner = ?`},
		{&w.storeSubscription, `INSERT INTO subscriptions (group_id, id, node, jid, owner, receiving) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (group_id, id) DO UPDATE SET node = excluded.node, jid = excluded.jid, owner = excluded.owner,
			receiving = excluded.receiving`},
		{&w.deleteSubscription, `DELETE FROM subscriptions WHERE group_id = ? AND id = ?`},
		{&w.storeContact, `INSERT INTO contacts (group_id, jid) VALUES (?, ?) ON CONFLICT DO NOTHING`},
		{&w.deleteContact, `DELETE FROM contacts WHERE group_id = ? AND jid = ?`},
		{&w.storeAuthorization, `INSERT INTO authorizations (group_id, jid, rules) VALUES (?, ?, ?)
			ON CONFLICT (group_id, jid) DO UPDATE SET rules = excluded.rules`},
		{&w.deleteAuthorization, `DELETE FROM authorizations WHERE group_id = ? AND jid = ?`},
	}
}

func (r *readStatements) all() []statement {
	return []statement{
		{&r.groups, `SELECT name FROM groups ORDER BY name`},
		{&r.group, `SELECT id, title, description, language, attributes, listed, payload, policy, delivery FROM groups WHERE name = ?`},
		{&r.members, `SELECT jid, nick, affiliation, roles, attributes, ask, agreed FROM members WHERE group_id = ? ORDER BY jid`},
		{&r.subscriptions, `SELECT id, node, jid, owner, receiving FROM subscriptions WHERE group_id = ? ORDER BY id`},
		{&r.contacts, `SELECT jid FROM contacts WHERE group_id = ? ORDER BY jid`},
		{&r.authorizations, `SELECT jid, rules FROM authorizations WHERE group_id = ? ORDER BY jid`},
	}
}

func (s *sqlite) prepare(ctx context.Context, p preparer, all []statement) error {
	for _, st := range all {
		prepared, err := p.PrepareContext(ctx, st.query)
		if err != nil {
			return fmt.Errorf("prepare %q: %w", st.query, err)
		}
		*st.to = prepared
		s.opened = append(s.opened, prepared)
	}
	return nil
}
