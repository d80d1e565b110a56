package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// The bounds of the record of changes.
const (
	AuditAge  = 365 * 24 * time.Hour // older entries are deleted
	AuditOwn  = 10                   // entries kept of what one user sets himself in one group, and of one bot's reports of him
	maxDetail = 512                  // bytes

	auditTidy  = time.Hour // how often old entries are looked for
	auditLimit = 100
)

// note records what the change around it does.
func (s *sqlite) note(ctx context.Context, action, group, subject, detail string) error {
	now, actor := s.now(), audit.Actor(ctx)
	if len(detail) > maxDetail {
		detail = strings.ToValidUTF8(detail[:maxDetail], "") + "…"
	}
	if _, err := s.writes.note.Exec(now.UnixMilli(), actor, action, group, subject, detail); err != nil {
		return err
	}
	switch {
	case actor == subject:
		if _, err := s.writes.tidyOwn.Exec(subject, group, AuditOwn); err != nil {
			return err
		}
	case action == audit.Report:
		if _, err := s.writes.tidyReports.Exec(subject, actor, group, AuditOwn); err != nil {
			return err
		}
	}
	if d := now.Sub(s.tidied); d >= 0 && d < auditTidy {
		return nil
	}
	s.tidied = now
	// A clock that is set forwards takes nothing away: a year has to pass.
	if by := s.begun.Add(s.passed()); by.Before(now) {
		now = by
	}
	_, err := s.writes.tidyOld.Exec(now.Add(-AuditAge).UnixMilli())
	return err
}

// noteGroup records a new group with all its members.
func (s *sqlite) noteGroup(ctx context.Context, rec *roster.GroupRecord) error {
	if err := s.note(ctx, audit.GroupCreate, rec.Name, "", ""); err != nil {
		return err
	}
	for _, m := range rec.Members {
		if err := s.note(ctx, audit.MemberAdd, rec.Name, m.JID, standing(m)); err != nil {
			return err
		}
	}
	return nil
}

// noteSettings records which settings are about to change.
func (s *sqlite) noteSettings(ctx context.Context, group string, set roster.Settings) error {
	rows, err := s.writes.group.Query(group)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		return cmp.Or(rows.Err(), roster.ErrNoGroup)
	}
	rec := &roster.GroupRecord{}
	if _, err := scanGroup(rows, rec); err != nil {
		return err
	}
	if err := rows.Close(); err != nil {
		return err
	}
	changed := changedSettings(rec.Settings, set)
	if len(changed) == 0 {
		return nil
	}
	return s.note(ctx, audit.GroupSettings, group, "", strings.Join(changed, " "))
}

func changedSettings(old, set roster.Settings) (changed []string) {
	for _, f := range []struct {
		name string
		is   bool
	}{
		{"title", old.Title != set.Title}, {"description", old.Description != set.Description},
		{"language", old.Language != set.Language}, {"attributes", !slices.Equal(old.Attributes, set.Attributes)},
		{"listed", old.Listed != set.Listed}, {"payload", old.Payload != set.Payload}, {"policy", old.Policy != set.Policy},
		{"join", old.Join != set.Join}, {"aggregate", old.Aggregate != set.Aggregate}, {"delivery", old.Delivery != set.Delivery},
		{"avatar", old.Avatar != set.Avatar},
	} {
		if f.is {
			changed = append(changed, f.name)
		}
	}
	return changed
}

// noteMember records what is about to be stored of m, unless it concerns only
// the state of our request for his presence.
func (s *sqlite) noteMember(ctx context.Context, id int64, group string, m roster.MemberRecord) error {
	rows, err := s.writes.member.Query(id, m.JID)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return s.note(ctx, audit.MemberAdd, group, m.JID, standing(m))
	}
	old, err := scanMember(rows)
	if err != nil {
		return err
	}
	if err := rows.Close(); err != nil {
		return err
	}
	if err := s.noteWords(ctx, group, old, m); err != nil {
		return err
	}
	var changed []string
	if old.Affiliation != m.Affiliation || !slices.Equal(old.Roles, m.Roles) {
		changed = append(changed, standing(m))
	}
	if old.Nick != m.Nick {
		changed = append(changed, "nick")
	}
	if !slices.Equal(old.Attributes, m.Attributes) {
		changed = append(changed, "attributes")
	}
	if old.Precision != m.Precision {
		changed = append(changed, "location="+m.Precision.String())
	}
	if len(changed) == 0 {
		return nil
	}
	return s.note(ctx, audit.MemberChange, group, m.JID, strings.Join(changed, " "))
}

// noteWords records whom a member lets say something for him, and that
// somebody did. What is said, by him or by others, is not recorded.
func (s *sqlite) noteWords(ctx context.Context, group string, old, m roster.MemberRecord) error {
	if old.Trusts != m.Trusts {
		detail := strings.ReplaceAll(strings.TrimSpace(m.Trusts), "\n", "; ")
		if err := s.note(ctx, audit.TrustSet, group, m.JID, detail); err != nil {
			return err
		}
	}
	actor := audit.Actor(ctx)
	if kinds, changed := roster.Reported(old.Said, m.Said, actor); changed {
		return s.note(ctx, audit.Report, group, m.JID, kinds.String())
	}
	return nil
}

// standing is what m may and does in the group.
func standing(m roster.MemberRecord) string {
	words := []string{"affiliation=" + m.Affiliation.String()}
	for _, role := range m.Roles {
		words = append(words, "role="+role)
	}
	return strings.Join(words, " ")
}

// notePolicy records another policy of a member.
func (s *sqlite) notePolicy(ctx context.Context, id int64, action, group, jid, rules string) error {
	var one int
	if err := s.writes.isMember.QueryRow(id, jid).Scan(&one); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	}
	return s.note(ctx, action, group, jid, strings.TrimSpace(rules))
}

// Audit implements [audit.Reader].
func (s *sqlite) Audit(ctx context.Context, q audit.Query) ([]audit.Entry, error) {
	where, args := []string{"1"}, []any{}
	also := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	if q.Group != "" {
		also("group_name = ?", q.Group)
	}
	if q.Member != "" {
		also(`id IN (SELECT id FROM audit WHERE subject = ? UNION SELECT id FROM audit WHERE actor = ?
			UNION SELECT a.id FROM audit a JOIN groups g ON g.name = a.group_name JOIN members m ON m.group_id = g.id
			WHERE a.subject = '' AND m.jid = ?)`, q.Member, q.Member, q.Member)
	}
	if q.Before > 0 {
		also("id < ?", q.Before)
	}
	if q.Limit <= 0 {
		q.Limit = auditLimit
	}
	args = append(args, q.Limit)
	rows, err := s.readDB.QueryContext(ctx, `SELECT id, at, actor, action, group_name, subject, detail FROM audit
		WHERE `+strings.Join(where, " AND ")+` ORDER BY id DESC LIMIT ?`, args...)
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", s.reading(err))
	}
	defer rows.Close()
	list := []audit.Entry{}
	for rows.Next() {
		var e audit.Entry
		var at int64
		if err := rows.Scan(&e.ID, &at, &e.Actor, &e.Action, &e.Group, &e.Subject, &e.Detail); err != nil {
			return nil, fmt.Errorf("read audit log: %w", err)
		}
		e.At = time.UnixMilli(at).UTC()
		list = append(list, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read audit log: %w", s.reading(err))
	}
	return list, nil
}

// Pseudonymise implements [audit.Forgetter]. What was deleted before is wiped
// from the -wal file as well.
func (s *sqlite) Pseudonymise(ctx context.Context, jid string) (n int, err error) {
	if jid == "" || !utf8.ValidString(jid) {
		return 0, fmt.Errorf("forget %q: %w", jid, roster.ErrNoMember)
	}
	name := audit.Forgotten + strings.ToLower(rand.Text()[:12])
	err = s.do(ctx, "forget", "a person", func() error {
		res, err := s.writes.pseudonymise.Exec(sql.Named("jid", jid), sql.Named("name", name))
		if err != nil {
			return err
		}
		rows, err := res.RowsAffected()
		n = int(rows)
		if err != nil {
			return err
		}
		return s.note(ctx, audit.Forget, "", name, "")
	})
	if err != nil {
		return 0, err
	}
	return n, s.batch.wipe(ctx)
}
