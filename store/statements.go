package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/rollcall-xmpp/rollcall/internal/audit"
)

// writeStatements belong to the writer's connection.
type writeStatements struct {
	groupID, createGroup, deleteGroup, storeSettings *sql.Stmt
	source, storeSource                              *sql.Stmt
	storeMember, deleteMember, deleteWatcher         *sql.Stmt
	storeVisitor, deleteVisitor                      *sql.Stmt
	storeAgreed                                      *sql.Stmt
	storeSubscription, deleteSubscription            *sql.Stmt
	storeContact, deleteContact                      *sql.Stmt
	storeAuthorization, deleteAuthorization          *sql.Stmt
	storeHook, deleteHook                            *sql.Stmt

	group, member, isMember, note, tidyOwn, tidyReports, tidyOld, pseudonymise *sql.Stmt
}

// readStatements belong to the readers' pool.
type readStatements struct {
	groups, group, members, subscriptions, contacts, authorizations, visitors, hooks *sql.Stmt

	ids    *sql.Stmt
	ranges rangeStatements
}

// rangeStatements read of all groups whose ids lie between two, in their order:
// of each its name, of what belongs to it its id, first.
type rangeStatements struct {
	groups, members, subscriptions, contacts, authorizations, visitors, hooks *sql.Stmt
}

const (
	groupColumns        = `title, description, language, attributes, listed, payload, policy, delivery, admission, aggregate, avatar, source`
	memberColumns       = `jid, nick, affiliation, roles, attributes, ask, agreed, elsewhere, by_contact, said, trusts, location, combination`
	subscriptionColumns = `id, node, jid, owner, receiving, manner, pending, outpost`
	hookColumns         = `name, url, secret, format, by, ended`

	selectGroup  = `SELECT id, ` + groupColumns + ` FROM groups WHERE name = ?`
	selectMember = `SELECT ` + memberColumns + ` FROM members WHERE group_id = ?`
	between      = ` WHERE group_id BETWEEN ? AND ? ORDER BY group_id, `
)

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
		{&w.createGroup, `INSERT INTO groups (name, title, description, language, attributes, listed, payload, policy, delivery,
			admission, aggregate, avatar, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING`},
		{&w.deleteGroup, `DELETE FROM groups WHERE name = ?`},
		{&w.storeSettings, `UPDATE groups SET title = ?, description = ?, language = ?, attributes = ?,
			listed = ?, payload = ?, policy = ?, delivery = ?, admission = ?, aggregate = ?, avatar = ? WHERE name = ?`},
		{&w.source, `SELECT source FROM groups WHERE name = ?`},
		{&w.storeSource, `UPDATE groups SET source = ? WHERE name = ?`},
		{&w.storeMember, `INSERT INTO members (group_id, jid, nick, affiliation, roles, attributes, ask, agreed, elsewhere, by_contact,
			said, trusts, location, combination) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (group_id, jid) DO UPDATE
			SET nick = excluded.nick, affiliation = excluded.affiliation, roles = excluded.roles, attributes = excluded.attributes,
			ask = excluded.ask, agreed = excluded.agreed, elsewhere = excluded.elsewhere, by_contact = excluded.by_contact,
			said = excluded.said, trusts = excluded.trusts, location = excluded.location, combination = excluded.combination`},
		{&w.storeAgreed, `UPDATE members SET agreed = (SELECT value ->> 'To' FROM json_each(?1) WHERE value ->> 'From' = agreed)
			WHERE group_id = ?2 AND agreed IN (SELECT value ->> 'From' FROM json_each(?1))`},
		{&w.deleteMember, `DELETE FROM members WHERE group_id = ? AND jid = ?`},
		{&w.deleteWatcher, `DELETE FROM subscriptions WHERE group_id = ? AND owner = ?`},
		{&w.storeSubscription, `INSERT INTO subscriptions (group_id, id, node, jid, owner, receiving, manner, pending, outpost) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (group_id, id) DO UPDATE SET node = excluded.node, jid = excluded.jid, owner = excluded.owner,
			receiving = excluded.receiving, manner = excluded.manner, pending = excluded.pending, outpost = excluded.outpost`},
		{&w.deleteSubscription, `DELETE FROM subscriptions WHERE group_id = ? AND id = ?`},
		{&w.storeContact, `INSERT INTO contacts (group_id, jid) VALUES (?, ?) ON CONFLICT DO NOTHING`},
		{&w.deleteContact, `DELETE FROM contacts WHERE group_id = ? AND jid = ?`},
		{&w.storeAuthorization, `INSERT INTO authorizations (group_id, jid, rules) VALUES (?, ?, ?)
			ON CONFLICT (group_id, jid) DO UPDATE SET rules = excluded.rules`},
		{&w.deleteAuthorization, `DELETE FROM authorizations WHERE group_id = ? AND jid = ?`},
		{&w.storeVisitor, `INSERT INTO visitors (group_id, jid, state, by, contact) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (group_id, jid) DO UPDATE SET state = excluded.state, by = excluded.by, contact = excluded.contact`},
		{&w.deleteVisitor, `DELETE FROM visitors WHERE group_id = ? AND jid = ?`},
		{&w.storeHook, `INSERT INTO hooks (group_id, name, url, secret, format, by, ended) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (group_id, name) DO UPDATE SET url = excluded.url, secret = excluded.secret, format = excluded.format,
			by = excluded.by, ended = excluded.ended`},
		{&w.deleteHook, `DELETE FROM hooks WHERE group_id = ? AND name = ?`},
		{&w.group, selectGroup},
		{&w.member, selectMember + ` AND jid = ?`},
		{&w.isMember, `SELECT 1 FROM members WHERE group_id = ? AND jid = ?`},
		{&w.note, `INSERT INTO audit (at, actor, action, group_name, subject, detail) VALUES (?, ?, ?, ?, ?, ?)`},
		{&w.tidyOwn, `DELETE FROM audit WHERE subject = ?1 AND actor = ?1 AND group_name = ?2 AND id NOT IN
			(SELECT id FROM audit WHERE subject = ?1 AND actor = ?1 AND group_name = ?2 ORDER BY id DESC LIMIT ?3)`},
		{&w.tidyReports, `DELETE FROM audit WHERE subject = ?1 AND actor = ?2 AND group_name = ?3 AND action = '` + audit.Report + `' AND id NOT IN
			(SELECT id FROM audit WHERE subject = ?1 AND actor = ?2 AND group_name = ?3 AND action = '` + audit.Report + `' ORDER BY id DESC LIMIT ?4)`},
		{&w.tidyOld, `DELETE FROM audit WHERE at < ?`},
		{&w.pseudonymise, `UPDATE audit SET actor = iif(actor = :jid, :name, actor), subject = iif(subject = :jid, :name, subject),
			detail = replace(detail, :jid, :name) WHERE actor = :jid OR subject = :jid OR instr(detail, :jid)`},
	}
}

func (r *readStatements) all() []statement {
	return []statement{
		{&r.groups, `SELECT name FROM groups ORDER BY name`},
		{&r.group, selectGroup},
		{&r.members, selectMember + ` ORDER BY jid`},
		{&r.subscriptions, `SELECT ` + subscriptionColumns + ` FROM subscriptions WHERE group_id = ? ORDER BY id`},
		{&r.contacts, `SELECT jid FROM contacts WHERE group_id = ? ORDER BY jid`},
		{&r.visitors, `SELECT jid, state, by, contact FROM visitors WHERE group_id = ? ORDER BY jid`},
		{&r.authorizations, `SELECT jid, rules FROM authorizations WHERE group_id = ? ORDER BY jid`},
		{&r.hooks, `SELECT ` + hookColumns + ` FROM hooks WHERE group_id = ? ORDER BY name`},
		{&r.ids, `SELECT id FROM groups ORDER BY id`},
		{&r.ranges.groups, `SELECT name, id, ` + groupColumns + ` FROM groups WHERE id BETWEEN ? AND ? ORDER BY id`},
		{&r.ranges.members, `SELECT group_id, ` + memberColumns + ` FROM members` + between + `jid`},
		{&r.ranges.subscriptions, `SELECT group_id, ` + subscriptionColumns + ` FROM subscriptions` + between + `id`},
		{&r.ranges.contacts, `SELECT group_id, jid FROM contacts` + between + `jid`},
		{&r.ranges.visitors, `SELECT group_id, jid, state, by, contact FROM visitors` + between + `jid`},
		{&r.ranges.authorizations, `SELECT group_id, jid, rules FROM authorizations` + between + `jid`},
		{&r.ranges.hooks, `SELECT group_id, ` + hookColumns + ` FROM hooks` + between + `name`},
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
