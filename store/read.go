package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// ListGroups implements [roster.Store].
func (s *sqlite) ListGroups(ctx context.Context) ([]string, error) {
	names, err := scanAll(ctx, s.reads.groups, nil, scanText)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", s.reading(err))
	}
	return names, nil
}

// GetGroup implements [roster.Store] with seven queries, whatever the size.
func (s *sqlite) GetGroup(ctx context.Context, name string) (*roster.GroupRecord, error) {
	// One transaction, so that all see the same state.
	tx, err := s.readDB.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("get group %s: %w", name, s.reading(err))
	}
	rec, err := s.getGroup(ctx, tx, name)
	if err = errors.Join(err, tx.Rollback()); err != nil {
		return nil, fmt.Errorf("get group %s: %w", name, explain(err))
	}
	return rec, nil
}

func (s *sqlite) getGroup(ctx context.Context, tx *sql.Tx, name string) (*roster.GroupRecord, error) {
	rec := &roster.GroupRecord{Name: name}
	rows, err := tx.StmtContext(ctx, s.reads.group).QueryContext(ctx, name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, cmp.Or(rows.Err(), roster.ErrNoGroup)
	}
	id, err := scanGroup(rows, rec)
	if err != nil {
		return nil, err
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}
	return rec, s.getRows(ctx, tx, id, rec)
}

// row is one of the rows of an answer.
type row interface{ Scan(to ...any) error }

// scanGroup reads a row of selectGroup.
func scanGroup(rows row, rec *roster.GroupRecord) (id int64, err error) {
	var attributes, payload, admission string
	var avatar []byte
	set := &rec.Settings
	err = rows.Scan(&id, &set.Title, &set.Description, &set.Language, &attributes, &set.Listed, &payload, &set.Policy, &set.Delivery,
		&admission, &set.Aggregate, &avatar, &rec.Source)
	if err != nil {
		return 0, err
	}
	set.Avatar = string(avatar)
	if set.Attributes, err = decode[roster.Attribute](attributes); err != nil {
		return 0, err
	}
	if set.Payload, err = roster.ParsePayload(payload); err != nil {
		return 0, err
	}
	set.Join, err = roster.ParseJoin(admission)
	return id, err
}

// getRows reads what the group has one row of for each.
func (s *sqlite) getRows(ctx context.Context, tx *sql.Tx, id int64, rec *roster.GroupRecord) (err error) {
	if rec.Members, err = scanAll(ctx, tx.StmtContext(ctx, s.reads.members), id, scanMember); err != nil {
		return err
	}
	rec.Subscriptions, err = scanAll(ctx, tx.StmtContext(ctx, s.reads.subscriptions), id, scanSubscription)
	if err != nil {
		return err
	}
	if rec.Contacts, err = scanAll(ctx, tx.StmtContext(ctx, s.reads.contacts), id, scanText); err != nil {
		return err
	}
	if rec.Visitors, err = scanAll(ctx, tx.StmtContext(ctx, s.reads.visitors), id, scanVisitor); err != nil {
		return err
	}
	if rec.Hooks, err = scanAll(ctx, tx.StmtContext(ctx, s.reads.hooks), id, scanHook); err != nil {
		return err
	}
	rec.Authorizations, err = scanAll(ctx, tx.StmtContext(ctx, s.reads.authorizations), id, scanAuthorization)
	return err
}

func scanText(rows row) (text string, err error) {
	err = rows.Scan(&text)
	return text, err
}

func scanSubscription(rows row) (sub roster.SubscriptionRecord, err error) {
	err = rows.Scan(&sub.ID, &sub.Node, &sub.JID, &sub.Owner, &sub.Receiving, &sub.Manner, &sub.Pending, &sub.Outpost)
	return sub, err
}

func scanVisitor(rows row) (v roster.VisitorRecord, err error) {
	var state string
	if err := rows.Scan(&v.JID, &state, &v.By, &v.Contact); err != nil {
		return v, err
	}
	v.State, err = roster.ParseVisitorState(state)
	return v, err
}

func scanHook(rows row) (h roster.HookRecord, err error) {
	err = rows.Scan(&h.Name, &h.URL, &h.Secret, &h.Format, &h.By, &h.Ended)
	return h, err
}

func scanAuthorization(rows row) (a roster.AuthorizationRecord, err error) {
	err = rows.Scan(&a.JID, &a.Rules)
	return a, err
}

func scanMember(rows row) (m roster.MemberRecord, err error) {
	var affiliation, roles, attributes, ask, location, combination string
	if err := rows.Scan(&m.JID, &m.Nick, &affiliation, &roles, &attributes, &ask, &m.Agreed, &m.Elsewhere, &m.ByContact,
		&m.Said, &m.Trusts, &location, &combination); err != nil {
		return m, err
	}
	if m.Affiliation, err = roster.ParseAffiliation(affiliation); err != nil {
		return m, err
	}
	if m.Ask, err = roster.ParseAsk(ask); err != nil {
		return m, err
	}
	if m.Combination, err = roster.ParseCombination(combination); err != nil {
		return m, err
	}
	if m.Precision, err = roster.ParsePrecision(location); err != nil {
		return m, err
	}
	if m.Roles, err = decode[string](roles); err != nil {
		return m, err
	}
	m.Attributes, err = decode[roster.Attribute](attributes)
	return m, err
}

// scanAll reads all rows of q, no row as nil; a nil arg is none.
func scanAll[T any](ctx context.Context, q *sql.Stmt, arg any, scan func(row) (T, error)) (all []T, err error) {
	var args []any
	if arg != nil {
		args = append(args, arg)
	}
	rows, err := q.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// reading gives a read of a closed store the same error as a write.
func (s *sqlite) reading(err error) error {
	if s.batch.isClosed() {
		return ErrClosed
	}
	return explain(err)
}

// decode reads what encode wrote; an empty list is nil.
func decode[T string | roster.Attribute](text string) (list []T, err error) {
	if text == "[]" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("decode list: %w", err)
	}
	return list, nil
}
