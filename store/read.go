package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// ListGroups implements [roster.Store].
func (s *sqlite) ListGroups(ctx context.Context) ([]string, error) {
	var names []string
	err := scanAll(ctx, s.reads.groups, nil, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", s.reading(err))
	}
	return names, nil
}

// GetGroup implements [roster.Store] with four queries, whatever the size.
func (s *sqlite) GetGroup(ctx context.Context, name string) (*roster.GroupRecord, error) {
	// One transaction, so that the four see the same state.
	tx, err := s.readDB.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("get group %s: %w", name, s.reading(err))
	}
	rec, err := s.getGroup(ctx, tx, name)
	if err = errors.Join(err, tx.Rollback()); err != nil {
		return nil, fmt.Errorf("get group %s: %w", name, err)
	}
	return rec, nil
}

func (s *sqlite) getGroup(ctx context.Context, tx *sql.Tx, name string) (*roster.GroupRecord, error) {
	rec := &roster.GroupRecord{Name: name}
	var id int64
	var attributes, payload string
	set := &rec.Settings
	err := tx.StmtContext(ctx, s.reads.group).QueryRowContext(ctx, name).Scan(&id, &set.Title, &set.Description,
		&set.Language, &attributes, &set.Listed, &payload)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, roster.ErrNoGroup
	}
	if err != nil {
		return nil, err
	}
	if set.Attributes, err = decode[roster.Attribute](attributes); err != nil {
		return nil, err
	}
	if set.Payload, err = roster.ParsePayload(payload); err != nil {
		return nil, err
	}
	err = scanAll(ctx, tx.StmtContext(ctx, s.reads.members), id, func(rows *sql.Rows) error {
		m, err := scanMember(rows)
		rec.Members = append(rec.Members, m)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = scanAll(ctx, tx.StmtContext(ctx, s.reads.subscriptions), id, func(rows *sql.Rows) error {
		var sub roster.SubscriptionRecord
		err := rows.Scan(&sub.ID, &sub.Node, &sub.JID, &sub.Owner)
		rec.Subscriptions = append(rec.Subscriptions, sub)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rec, scanAll(ctx, tx.StmtContext(ctx, s.reads.contacts), id, func(rows *sql.Rows) error {
		var jid string
		err := rows.Scan(&jid)
		rec.Contacts = append(rec.Contacts, jid)
		return err
	})
}

func scanMember(rows *sql.Rows) (m roster.MemberRecord, err error) {
	var affiliation, roles, attributes, ask string
	if err := rows.Scan(&m.JID, &m.Nick, &affiliation, &roles, &attributes, &ask); err != nil {
		return m, err
	}
	if m.Affiliation, err = roster.ParseAffiliation(affiliation); err != nil {
		return m, err
	}
	if m.Ask, err = roster.ParseAsk(ask); err != nil {
		return m, err
	}
	if m.Roles, err = decode[string](roles); err != nil {
		return m, err
	}
	m.Attributes, err = decode[roster.Attribute](attributes)
	return m, err
}

// scanAll calls scan for each row of q; a nil arg is none.
func scanAll(ctx context.Context, q *sql.Stmt, arg any, scan func(*sql.Rows) error) error {
	var args []any
	if arg != nil {
		args = append(args, arg)
	}
	rows, err := q.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// reading gives a read of a closed store the same error as a write.
func (s *sqlite) reading(err error) error {
	if s.batch.isClosed() {
		return ErrClosed
	}
	return err
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
